/**
 * The thread that made the current call, as a {@link Caller} of bpf(2): its memory,
 * its descriptors, its rights. Everything is looked up when a command asks for it.
 *
 * There is one for each listener; {@link ExecCaller.begin} points it to the next call.
 */
import { readFileSync, readlinkSync, statfsSync } from 'node:fs';
import {
  ANON_INODE_NAME,
  type BpfFile,
  type BpfObject,
  type FdTarget,
  FMODE_WRITE,
  type ForeignFile,
  type ObjectKind,
} from '../base/object.ts';
import { netDeviceKey } from '../native/netdev.ts';
import type { Caller, PathResolver, ProbedFile } from '../syscall/caller.ts';
import { BPF_CMD } from '../uapi/bpf.ts';
import { EACCES, EBADF, EIO, ENOENT, EPERM, EROFS } from '../uapi/errno.ts';
import type { CgroupWatch } from './cgroups.ts';
import { cgroupsOfThread } from './machine.ts';
import { mountFlags } from './mount_table.ts';
import { BOX, type ExecNative } from './native.ts';
import type { HeldObjects } from './objects.ts';
import { commOf } from './proc.ts';
import { socketInfo } from './socket_info.ts';

/** What a path of the caller led to (the resolver of native/resolver.cc). */
export interface PathAnswer {
  readonly errno: number;
  readonly dev: number;
  readonly ino: number;
  /** The mount is read-only. */
  readonly readonly: boolean;
  readonly mode: number;
  /** Last component of a name to be created. */
  readonly name: Uint8Array;
  /** Whose rights decide. */
  readonly caller: {
    readonly uid: number;
    readonly gid: number;
    readonly groups: readonly number[];
    readonly umask: number;
    readonly caps: bigint;
  };
}

/** The pins of a mount, as bpf(2) sees them. */
export interface PinStore {
  /** Device number of the mount's file system; 0 while unknown. */
  readonly dev: number;
  /** Inode number of its control file. */
  readonly ctlIno: number;
  /** Whether a device number is that of any of the kernel's mounts. */
  has(dev: number): boolean;
  /** Options of such a mount, as a bpffs shows them. */
  optionsOf(dev: number): string;
  /** Walks a path as thread `tid` sees it, off this thread; `create`: up to the last component, which must not exist. */
  resolve(tid: number, dirfd: number, path: Uint8Array, create: boolean, done: (answer: PathAnswer) => void): void;
  /** Pins at what was found: 0 or -errno. */
  pin(answer: PathAnswer, object: BpfObject): number;
  /** The object pinned there with a user reference taken, or -errno; `access` is FMODE_*. */
  get(answer: PathAnswer, access: number): BpfObject | number;
}

/**
 * Where a caller's rights count: the inode number of the user namespace that is the emulated
 * kernel's initial one; 'any': every caller has all rights.
 */
export type UserNamespace = number | 'any';

/** `S_IFMT` values and file-system magics that tell what a foreign descriptor is. */
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const CGROUP2_SUPER_MAGIC = 0x63677270;

/** Inode number of the root of a bpffs. */
const ROOT_INO = 1;

/** How the link of a memfd of ours begins. */
const OBJECT_LINK = '/memfd:anon_inode:';

/** Most supplementary groups that are looked at. */
const GROUPS_MAX = 1024;

/** Kinds of files that are known by the text of their link in /proc. */
const LINK_KINDS: readonly (readonly [string, ForeignFile['what']])[] = [
  ['socket:[', 'socket'],
  ['anon_inode:[pidfd]', 'pidfd'],
  ['anon_inode:[perf_event]', 'perf_event'],
  ['net:[', 'netns'],
];

/** What a caller is made of. */
export interface CallerParts {
  readonly native: ExecNative;
  readonly mailbox: ArrayBuffer;
  readonly objects: HeldObjects;
  readonly pins: PinStore | undefined;
  readonly cgroups: CgroupWatch;
  readonly userNs: UserNamespace;
  readonly nrCpus: number;
}

/** The caller of the current notification. */
export class ExecCaller implements Caller, PathResolver {
  tid = 0;
  readonly mayWait = true;
  readonly paths: PathResolver = this;
  /** What fdInstall was given: it becomes a descriptor when the call is answered. */
  pending: BpfFile | undefined = undefined;
  /** What the pathname of an OBJ_PIN or OBJ_GET led to, -errno when it could not be read; undefined when there is no mount. */
  path: PathAnswer | number | undefined = undefined;
  /** What the path of a LINK_CREATE of probes led to. */
  probed: ProbedFile | number = -ENOENT;

  readonly #native: ExecNative;
  readonly #objects: HeldObjects;
  readonly #pins: PinStore | undefined;
  readonly #cgroups: CgroupWatch;
  readonly #userNs: UserNamespace;
  readonly #u32: Uint32Array;
  readonly #f64: Float64Array;
  readonly #nrCpus: number;
  readonly #groups = new Uint32Array(GROUPS_MAX);
  /** Inode number of what is in the place of closed descriptors ({@link close}). */
  #hollowIno = -1;
  readonly #groupBytes = new Uint8Array(this.#groups.buffer);
  #atOnce = false;
  #haveIds = false;
  #cgroupIds: readonly bigint[] | undefined;
  #haveCaps = false;
  #capLow = 0;
  #capHigh = 0;

  constructor(parts: CallerParts) {
    this.#native = parts.native;
    this.#objects = parts.objects;
    this.#pins = parts.pins;
    this.#cgroups = parts.cgroups;
    this.#userNs = parts.userNs;
    this.#u32 = new Uint32Array(parts.mailbox, 0, BOX.ATTR / 4);
    this.#f64 = new Float64Array(parts.mailbox, 0, BOX.ATTR / 8);
    this.#nrCpus = parts.nrCpus;
  }

  /** The next call begins: nothing is known of its thread yet. */
  begin(tid: number): void {
    this.tid = tid;
    this.#haveIds = false;
    this.#haveCaps = false;
    this.#cgroupIds = undefined;
    this.pending = undefined;
    this.path = undefined;
  }

  /** Other calls come in the middle of this one: what is returned goes back to it. */
  suspend(): () => void {
    const { tid, pending, path, probed } = this;
    const atOnce = this.#atOnce;
    this.#atOnce = false;
    return () => {
      this.begin(tid);
      this.pending = pending;
      this.path = path;
      this.probed = probed;
      this.#atOnce = atOnce;
    };
  }

  #ids(): void {
    if (this.#haveIds) return;
    this.#haveIds = true;
    if (this.#native.supIds(this.#groupBytes) < 0) this.#u32[BOX.UID] = this.#u32[BOX.GID] = 65534;
  }

  get uid(): number {
    this.#ids();
    return this.#u32[BOX.UID]!;
  }

  get gid(): number {
    this.#ids();
    return this.#u32[BOX.GID]!;
  }

  /** Process id of the thread. */
  get process(): number {
    this.#ids();
    return this.#u32[BOX.TGID]!;
  }

  get tgid(): number {
    return this.process;
  }

  get cgroups(): readonly bigint[] {
    this.#cgroupIds ??= cgroupsOfThread(this.tid);
    return this.#cgroupIds;
  }

  /** Name of the thread. */
  get comm(): string {
    return commOf(this.tid);
  }

  get cpu(): number {
    const cpu = this.#native.supCpu();
    return cpu < this.#nrCpus ? cpu : 0;
  }

  /** Capabilities count only in the user namespace that stands for the initial one. */
  hasCap(cap: number): boolean {
    if (!this.#haveCaps) {
      this.#haveCaps = true;
      if (this.#userNs === 'any') {
        this.#capLow = -1;
        this.#capHigh = -1;
        return true;
      }
      const valid = this.#native.supCaps() === this.#userNs;
      this.#capLow = valid ? this.#u32[BOX.CAP_LOW]! : 0;
      this.#capHigh = valid ? this.#u32[BOX.CAP_HIGH]! : 0;
    }
    return (((cap < 32 ? this.#capLow : this.#capHigh) >>> (cap & 31)) & 1) === 1;
  }

  // Copying nothing does not look at the address.
  read(addr: number, dst: Uint8Array): number {
    return dst.length === 0 ? 0 : this.#native.supRead(addr, dst);
  }

  write(addr: number, src: Uint8Array): number {
    return src.length === 0 ? 0 : this.#native.supWrite(addr, src);
  }

  fdget(fd: number): FdTarget {
    const ino = this.#native.supFdStat(fd);
    if (ino >= 0) {
      if (ino === this.#hollowIno) return undefined;
      const held = this.#objects.byIno(ino);
      // A memfd of somebody else.
      if (held === undefined) return foreign('file', 0, ino, '');
      if (held.object.kind === 'perf_event') return { ...foreign('perf_event', 0, ino, ''), object: held.object };
      return this.#objects.file(held, fd);
    }
    if (ino === -EBADF) return undefined;
    return this.#foreign(fd);
  }

  /** By the link and the fdinfo of the descriptor: what they lead to is not touched. */
  fdgetOf(pid: number, fd: number): FdTarget | null {
    if (pid === this.tid) return this.fdget(fd);
    let link: string;
    let info: string;
    try {
      readFileSync(`/proc/${pid}/comm`);
    } catch {
      return null;
    }
    try {
      link = readlinkSync(`/proc/${pid}/fd/${fd}`);
      info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1');
    } catch {
      return undefined;
    }
    const ino = Number(/^ino:\t(\d+)/m.exec(info)?.[1] ?? 0);
    const held = link.startsWith(OBJECT_LINK) ? this.#objects.byIno(ino) : undefined;
    if (held?.object.kind === 'perf_event') return { ...foreign('perf_event', 0, ino, ''), object: held.object };
    if (held !== undefined) return this.#objects.file(held, fd);
    const known = LINK_KINDS.find(([text]) => link.startsWith(text))?.[1];
    return foreign(known ?? 'other', 0, ino, '');
  }

  #foreign(fd: number): ForeignFile {
    const dev = this.#f64[BOX.DEV]!;
    const ino = this.#f64[BOX.INO]!;
    const type = this.#u32[BOX.MODE]! & S_IFMT;
    // A bpffs is named by its root (`bpf_token_create`); what is in it is a file like others.
    if (this.#pins?.has(dev) === true) {
      if (ino === ROOT_INO) return foreign('bpffs', dev, ino, '');
      return foreign(type === S_IFDIR ? 'dir' : 'file', dev, ino, '');
    }
    const link = this.#native.supFdLink(fd);
    for (const [text, what] of LINK_KINDS) {
      if (!link.startsWith(text)) continue;
      if (what === 'pidfd') return { ...foreign(what, dev, ino, ''), pid: this.#pidOf(fd) };
      return what === 'socket' ? foreignSocket(this.tid, dev, ino) : foreign(what, dev, ino, '');
    }
    if (type === S_IFDIR && isCgroup(this.tid, fd)) {
      const cgroup = foreign('cgroup', dev, ino, link);
      this.#cgroups.seen(this.tid, fd, cgroup);
      return cgroup;
    }
    if (type === S_IFDIR) return foreign('dir', dev, ino, link);
    return foreign(type === S_IFREG ? 'file' : 'other', dev, ino, link);
  }

  /** The process a pidfd names, as its fdinfo says (`Pid:`). */
  #pidOf(fd: number): number {
    return this.#native.supPidfdPid(fd);
  }

  netDevice(ifindex: number): string | undefined {
    return netDeviceKey(this.tid, ifindex);
  }

  probedFile(): ProbedFile | number {
    return this.probed;
  }

  /** The number stays taken, by a file that is as good as closed to bpf(2). */
  close(fd: number): number {
    if (this.fdget(fd) === undefined) return -EBADF;
    const error = this.#native.supHollow(fd);
    if (error === 0) this.#hollowIno = this.#f64[BOX.INO]!;
    return error;
  }

  /** Kept until the answer: the descriptor and the result reach the caller in one step. */
  fdInstall(file: BpfFile): number {
    if (this.#atOnce) return this.fdInstallNow(file);
    if (this.pending !== undefined) {
      file.put();
      return -EIO;
    }
    this.pending = file;
    return 0;
  }

  installAtOnce(on: boolean): void {
    this.#atOnce = on;
  }

  /** In the middle of a call that goes on: a program the caller runs makes an object (`bpf_sys_bpf`). */
  fdInstallNow(file: BpfFile): number {
    return this.install(file, 0, true, false);
  }

  /**
   * Answers command `cmd` with a descriptor of the pending file: its number, or -errno, unanswered.
   * `ino` of the mailbox is read right after the memfd is made.
   */
  install(file: BpfFile, cmd: number, cloexec = true, send = true): number {
    const held = this.#objects.hold(file.object, inodeName(file.object.kind, cmd), () => this.#f64[BOX.INO]!);
    if (typeof held === 'number') {
      file.put();
      return held;
    }
    const fd = this.#objects.inject(held, file.mode, cloexec, send);
    // The held object has references of its own; when the caller is gone, the close of
    // our side of the descriptor reports it.
    file.put();
    if (fd < 0) this.#native.supPollCloses();
    return fd;
  }

  pin(_pathFd: number, _pathname: number, object: BpfObject): number {
    if (typeof this.path === 'number') return this.path;
    // Without a mount there is no bpffs that a path could lead to.
    if (this.path === undefined || this.#pins === undefined) return -EPERM;
    return this.#pins.pin(this.path, object);
  }

  get(_pathFd: number, _pathname: number, access: number): BpfObject | number {
    if (typeof this.path === 'number') return this.path;
    if (this.path === undefined || this.#pins === undefined) return -EACCES;
    // A read-only file system forbids writing; a read-only mount of it does not (`bpf_obj_do_get` asks the inode alone).
    const { readonly, dev } = this.path;
    if (readonly && (access & FMODE_WRITE) !== 0 && this.#pins.has(dev) && mountFlags(this.tid, dev).readonly)
      return -EROFS;
    return this.#pins.get(this.path, access);
  }
}

/** A link is `bpf_link` to who made it (`bpf_link_prime`) and `bpf-link` to who fetches it (`bpf_link_new_fd`). */
function inodeName(kind: ObjectKind, cmd: number): string {
  const fetched = cmd === BPF_CMD.OBJ_GET || cmd === BPF_CMD.LINK_GET_FD_BY_ID;
  return kind === 'link' && fetched ? 'bpf-link' : ANON_INODE_NAME[kind];
}

function foreign(what: ForeignFile['what'], dev: number, ino: number, path: string): ForeignFile {
  return { kind: 'foreign', what, dev, ino, path };
}

/** A socket; what kind it is is only looked up when somebody wants to know. */
function foreignSocket(tid: number, dev: number, ino: number): ForeignFile {
  return {
    ...foreign('socket', dev, ino, ''),
    get socket() {
      return socketInfo(tid, ino);
    },
  };
}

/** Directories on cgroup2; the link is followed by the kernel, into the caller's mount namespace. */
function isCgroup(tid: number, fd: number): boolean {
  try {
    return statfsSync(`/proc/${tid}/fd/${fd}`).type === CGROUP2_SUPER_MAGIC;
  } catch {
    return false;
  }
}
