/**
 * The inode tree of one bpffs instance: directories, pins and symbolic links, with the
 * rules of kernel/bpf/inode.c and the libfs functions it uses (simple_link,
 * simple_unlink, simple_rmdir, simple_rename).
 *
 * Names are byte strings, kept as JavaScript strings of one character a byte. A directory
 * keeps its entries oldest first in a Map; readers go through them newest first, and an
 * entry that is moved is new again (`d_move` puts a dentry at the head of its parent).
 *
 * Permissions are not looked at here: the kernel's FUSE client does it for requests
 * (`default_permissions`), perm.ts for paths that come through bpf(2).
 */
import type { Clock } from '../base/env.ts';
import type { BpfObject } from '../base/object.ts';
import { EEXIST, EINVAL, ENAMETOOLONG, ENOENT, ENOTEMPTY, EPERM } from '../uapi/errno.ts';
import { type DebugName, isDebugName } from './debug_name.ts';
import { NAME_MAX, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, S_ISGID, S_ISVTX } from './protocol.ts';
import { now, type Timestamp } from './time.ts';

/** The control file of a mount: the only name with a dot that is listed. */
export const CTL_NAME = 'bpf.ctl';
/** What programs print; not listed, so that a mount shows what is pinned. */
const TRACE_NAME = 'bpf.trace_pipe';

const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;

/** Who makes an inode. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
  readonly umask: number;
}

/** An open reading of a directory, which is told when a name leaves it. */
export interface DirectoryReader {
  leaves(name: string): void;
}

/** Of everything that is no directory. */
const NO_READERS: Set<DirectoryReader> = new Set();

/** One inode. `object` is what a pin stands for; `target` what a symbolic link says. */
export class Inode {
  readonly ino: number;
  mode: number;
  uid: number;
  gid: number;
  nlink = 1;
  /** Cosmetic: truncate(2) sets it, reading ignores it. */
  size = 0;
  readonly atime: Timestamp;
  readonly mtime: Timestamp;
  readonly ctime: Timestamp;
  /** Entries of a directory, oldest first; undefined for everything else. */
  readonly children: Map<string, Inode> | undefined;
  /** The directory a directory is in (itself for the root). */
  parent: Inode | undefined;
  readonly object: BpfObject | undefined;
  /** Bytes of a symbolic link. */
  readonly target: string | undefined;
  /** The control file, or another that is the emulator's own: it cannot be moved or removed. */
  readonly ctl: boolean;
  /** What programs print. */
  readonly trace: boolean;
  /** One of the lists of objects that every bpffs has. */
  readonly debug: DebugName | undefined;
  #names: readonly string[] | undefined;
  /** Open readings of a directory. */
  readonly readers: Set<DirectoryReader>;
  /** References the kernel's FUSE client holds (LOOKUP count), and open files. */
  nlookup = 0;
  opens = 0;

  constructor(ino: number, mode: number, uid: number, gid: number, at: Timestamp, extra: InodeExtra = {}) {
    this.ino = ino;
    this.mode = mode;
    this.uid = uid;
    this.gid = gid;
    this.children = (mode & S_IFMT) === S_IFDIR ? new Map() : undefined;
    this.readers = this.children === undefined ? NO_READERS : new Set();
    this.object = extra.object;
    this.target = extra.target;
    this.trace = extra.trace === true;
    this.debug = extra.debug;
    this.ctl = extra.ctl === true || this.trace || this.debug !== undefined;
    this.atime = { ...at };
    this.mtime = { ...at };
    this.ctime = { ...at };
  }

  get isDir(): boolean {
    return this.children !== undefined;
  }

  /** Names in a directory, newest first; the same array until the directory changes. */
  names(): readonly string[] {
    this.#names ??= this.children === undefined ? [] : [...this.children.keys()].reverse();
    return this.#names;
  }

  /** The names are about to change; `gone` is one that goes, or moves. */
  changing(gone: string | undefined): void {
    this.#names = undefined;
    if (gone !== undefined) for (const reader of this.readers) reader.leaves(gone);
  }

  /** File type as getdents(2) gives it (`DT_*`). */
  get type(): number {
    return this.mode >>> 12;
  }
}

interface InodeExtra {
  readonly object?: BpfObject | undefined;
  readonly target?: string;
  readonly ctl?: boolean;
  readonly trace?: boolean;
  readonly debug?: DebugName;
}

/** One instance of the file system. */
export class Tree {
  readonly root: Inode;
  readonly inodes = new Map<number, Inode>();
  readonly clock: Clock;
  #nextIno = 1;
  /** What programs print, from the first time it is asked for. */
  #trace: Inode | undefined;
  readonly #debug = new Map<string, Inode>();
  /** The server itself changed a directory: its cached attributes are out of date. */
  onChange: (inode: Inode) => void = () => {};

  constructor(clock: Clock, mode: number, uid: number, gid: number) {
    this.clock = clock;
    this.root = this.#add(S_IFDIR | S_ISVTX | (mode & 0o7777), uid, gid);
    this.root.nlink = 2;
    this.root.parent = this.root;
    this.root.nlookup = 1;
    const ctl = this.#add(S_IFREG | 0o666, uid, gid, { ctl: true });
    this.root.children?.set(CTL_NAME, ctl);
  }

  /** The inode of a FUSE node id. */
  find(ino: number): Inode | undefined {
    return this.inodes.get(ino);
  }

  /**
   * An entry of a directory, or -errno. The kernel keeps what is there in its dentry cache;
   * only for a name that is not, `bpf_lookup` is asked, which refuses names with a dot
   * unless the directory's mode is all zero.
   */
  lookup(dir: Inode, name: string): Inode | number {
    const { children } = dir;
    if (children === undefined) return -ENOENT;
    const found = children.get(name);
    if (found !== undefined) return found;
    if (name === TRACE_NAME && dir === this.root) {
      this.#trace ??= this.#add(S_IFREG | 0o440, dir.uid, dir.gid, { trace: true });
      return this.#trace;
    }
    if (dir === this.root && isDebugName(name)) return this.#debugList(name);
    if (name.includes('.') && (dir.mode & 0o7777) !== 0) return -EPERM;
    return name.length > NAME_MAX ? -ENAMETOOLONG : -ENOENT;
  }

  /** A list of objects (`populate_bpffs`); it is there for whoever asks for it, and not listed. */
  #debugList(name: DebugName): Inode {
    let inode = this.#debug.get(name);
    if (inode === undefined) {
      inode = this.#add(S_IFREG | 0o400, this.root.uid, this.root.gid, { debug: name });
      this.#debug.set(name, inode);
    }
    return inode;
  }

  /** `bpf_mkdir`. */
  mkdir(dir: Inode, name: string, mode: number, owner: Owner): Inode | number {
    const free = this.#free(dir, name);
    if (free < 0) return free;
    const inode = this.#add(S_IFDIR | (mode & ~owner.umask & 0o1777), owner.uid, owner.gid);
    if ((dir.mode & S_ISGID) !== 0) {
      inode.gid = dir.gid;
      inode.mode |= S_ISGID;
    }
    inode.nlink = 2;
    inode.parent = dir;
    dir.nlink++;
    this.#link(dir, name, inode);
    return inode;
  }

  /** `bpf_symlink`: mode 0777, size 0 whatever the target. */
  symlink(dir: Inode, name: string, target: string, owner: Owner): Inode | number {
    const free = this.#free(dir, name);
    if (free < 0) return free;
    const gid = (dir.mode & S_ISGID) !== 0 ? dir.gid : owner.gid;
    const inode = this.#add(S_IFLNK | 0o777, owner.uid, gid, { target });
    this.#link(dir, name, inode);
    return inode;
  }

  /** `bpf_mkobj_ops`: a pin. Takes a user reference of its own on the object. */
  pin(dir: Inode, name: string, object: BpfObject, owner: Owner): Inode | number {
    const free = this.#free(dir, name);
    if (free < 0) return free;
    const gid = (dir.mode & S_ISGID) !== 0 ? dir.gid : owner.gid;
    object.getUser();
    const inode = this.#add(S_IFREG | (0o600 & ~owner.umask), owner.uid, gid, { object });
    this.#link(dir, name, inode);
    return inode;
  }

  /** An inode without a name, of an object whose user reference it takes over: it goes with its last opener. */
  nameless(object: BpfObject, owner: Owner): Inode {
    const inode = this.#add(S_IFREG | 0o600, owner.uid, owner.gid, { object });
    inode.nlink = 0;
    return inode;
  }

  /** `simple_link`. The VFS refuses directories with EPERM. */
  link(inode: Inode, dir: Inode, name: string): number {
    if (inode.isDir || inode.ctl) return -EPERM;
    const free = this.#free(dir, name);
    if (free < 0) return free;
    inode.nlink++;
    this.touch(inode.ctime);
    this.#link(dir, name, inode);
    return 0;
  }

  /** `simple_unlink`. */
  unlink(dir: Inode, name: string): number {
    const inode = this.lookup(dir, name);
    if (typeof inode === 'number') return inode;
    if (inode.ctl) return -EPERM;
    this.#unlink(dir, name, inode);
    return 0;
  }

  /** `simple_rmdir`. */
  rmdir(dir: Inode, name: string): number {
    const inode = this.lookup(dir, name);
    if (typeof inode === 'number') return inode;
    if (inode.children === undefined) return -EPERM;
    if (inode.children.size > 0) return -ENOTEMPTY;
    inode.nlink--;
    dir.nlink--;
    this.#unlink(dir, name, inode);
    return 0;
  }

  /** `simple_rename`. What the VFS checks (types, ancestors, sticky bits) has been checked. */
  rename(from: Inode, name: string, to: Inode, newName: string, flags: number): number {
    if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) !== 0 || flags === 3) return -EINVAL;
    const inode = this.lookup(from, name);
    if (typeof inode === 'number') return inode;
    const victim = this.lookup(to, newName);
    if (typeof victim === 'number' && victim !== -ENOENT) return victim;
    const other = typeof victim === 'number' ? undefined : victim;
    if (inode.ctl || other?.ctl === true) return -EPERM;
    if ((flags & RENAME_EXCHANGE) !== 0) return this.#exchange(from, name, inode, to, newName, other);
    if (other === inode) return 0;
    if (other !== undefined) {
      if ((flags & RENAME_NOREPLACE) !== 0) return -EEXIST;
      if (other.children !== undefined && other.children.size > 0) return -ENOTEMPTY;
      this.#drop(to, newName, other, inode.isDir, from);
    } else if (inode.isDir) {
      from.nlink--;
      to.nlink++;
    }
    from.changing(name);
    to.changing(undefined);
    from.children?.delete(name);
    to.children?.set(newName, inode);
    if (inode.isDir) inode.parent = to;
    this.touch(from.mtime, from.ctime, to.mtime, to.ctime, inode.ctime);
    return 0;
  }

  /** Sets times of inodes to the current one. */
  touch(...times: Timestamp[]): void {
    const at = now(this.clock);
    for (const time of times) Object.assign(time, at);
  }

  /** Drops what the kernel no longer knows and nothing here refers to. */
  release(inode: Inode): void {
    if (inode.nlink > 0 || inode.nlookup > 0 || inode.opens > 0 || inode === this.root) return;
    this.inodes.delete(inode.ino);
    inode.object?.putUser();
  }

  /** Drops everything (umount): objects that nothing else refers to go away. */
  destroy(): void {
    const all = [...this.inodes.values()];
    this.inodes.clear();
    for (const inode of all) inode.object?.putUser();
  }

  #free(dir: Inode, name: string): number {
    const found = this.lookup(dir, name);
    if (typeof found !== 'number') return -EEXIST;
    return found === -ENOENT && dir.nlink > 0 ? 0 : found;
  }

  #add(mode: number, uid: number, gid: number, extra: InodeExtra = {}): Inode {
    const inode = new Inode(this.#nextIno++, mode, uid, gid, now(this.clock), extra);
    this.inodes.set(inode.ino, inode);
    return inode;
  }

  #link(dir: Inode, name: string, inode: Inode): void {
    dir.changing(undefined);
    dir.children?.set(name, inode);
    this.touch(dir.mtime, dir.ctime);
    this.onChange(dir);
  }

  #unlink(dir: Inode, name: string, inode: Inode): void {
    dir.changing(name);
    dir.children?.delete(name);
    inode.nlink--;
    this.touch(dir.mtime, dir.ctime, inode.ctime);
    this.release(inode);
  }

  /** The target of a rename goes away (`simple_rename`). */
  #drop(dir: Inode, name: string, victim: Inode, dirs: boolean, from: Inode): void {
    dir.changing(name);
    dir.children?.delete(name);
    victim.nlink--;
    if (dirs) {
      victim.nlink--;
      from.nlink--;
    }
    this.touch(victim.ctime);
    this.release(victim);
  }

  #exchange(from: Inode, name: string, inode: Inode, to: Inode, newName: string, other: Inode | undefined): number {
    if (other === undefined) return -ENOENT;
    if (from !== to && inode.isDir !== other.isDir) {
      const step = inode.isDir ? 1 : -1;
      from.nlink -= step;
      to.nlink += step;
    }
    from.changing(name);
    to.changing(newName);
    // Both entries become new, the destination's name first.
    from.children?.delete(name);
    to.children?.delete(newName);
    from.children?.set(name, other);
    to.children?.set(newName, inode);
    if (inode.isDir) inode.parent = to;
    if (other.isDir) other.parent = from;
    this.touch(from.mtime, from.ctime, to.mtime, to.ctime, inode.ctime, other.ctime);
    return 0;
  }
}
