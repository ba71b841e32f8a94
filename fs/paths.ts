/**
 * OBJ_PIN and OBJ_GET by path, for every door (control file, exec).
 *
 * The path must be resolved as the caller sees it, but it may lead through our own mount,
 * which only the event loop can answer for: so the loop must not wait for it. A call that
 * needs a path is therefore run twice: the first time it finds out which path it needs and
 * ends with -ERESTARTSYS before it has changed anything; the path is resolved elsewhere;
 * the second time the answer is there. {@link callWithPaths} does both.
 */

import { type BpfObject, type FdTarget, FMODE_READ, FMODE_WRITE, isBpfFile } from '../base/object.ts';
import type { PathAnswer, ResolvePath } from '../native/addon.ts';
import type { PathResolver } from '../syscall/caller.ts';
import { perKernel } from '../syscall/per_kernel.ts';
import { EACCES, EFAULT, ENAMETOOLONG, ENOENT, ENOTDIR, EPERM, ERESTARTSYS, EROFS } from '../uapi/errno.ts';
import { inodePermission, MAY_EXEC, MAY_READ, MAY_WRITE } from './perm.ts';
import { PATH_MAX } from './protocol.ts';
import type { Superblock } from './superblock.ts';

const SLASH = 0x2f;
/** Bytes of a path that are read at a time. */
const CHUNK = 256;

/** The mounts of one emulated kernel by device number, so that a path can be told to be ours. */
export class MountTable {
  readonly #mounts = new Map<number, Superblock>();

  add(sb: Superblock): void {
    this.#mounts.set(sb.dev, sb);
  }

  remove(sb: Superblock): void {
    this.#mounts.delete(sb.dev);
  }

  find(dev: number): Superblock | undefined {
    return this.#mounts.get(dev);
  }

  values(): Superblock[] {
    return [...this.#mounts.values()];
  }
}

/** The mounts of an emulated kernel. */
export const mountsOf = perKernel(() => new MountTable());

/**
 * OBJ_PIN where a walk with `create` led (`bpf_obj_do_pin`, `vfs_mkobj`): 0 or -errno. The
 * pin takes a user reference of its own.
 */
export function pinAt(mounts: MountTable, answer: PathAnswer, object: BpfObject): number {
  if (answer.errno !== 0) return -answer.errno;
  if (answer.readonly) return -EROFS;
  const sb = mounts.find(answer.dev);
  const dir = sb?.tree.find(answer.ino);
  if (sb === undefined || dir === undefined) return -EPERM;
  if (dir.nlink === 0) return -ENOENT;
  const denied = inodePermission(dir, answer.caller, MAY_WRITE | MAY_EXEC);
  if (denied < 0) return denied;
  const inode = sb.tree.pin(dir, Buffer.from(answer.name).toString('latin1'), object, answer.caller);
  return typeof inode === 'number' ? inode : 0;
}

/**
 * OBJ_GET where a walk led (`bpf_obj_do_get`): the object with a user reference taken, or
 * -errno. `access` is FMODE_READ | FMODE_WRITE.
 */
export function getAt(mounts: MountTable, answer: PathAnswer, access: number): BpfObject | number {
  if (answer.errno !== 0) return -answer.errno;
  const writing = (access & FMODE_WRITE) !== 0;
  const sb = mounts.find(answer.dev);
  const inode = sb?.tree.find(answer.ino);
  if (sb === undefined || inode === undefined) return writing && answer.readonly ? -EROFS : -EACCES;
  if (writing && sb.readonly) return -EROFS;
  const mask = ((access & FMODE_READ) !== 0 ? MAY_READ : 0) | (writing ? MAY_WRITE : 0);
  const denied = inodePermission(inode, answer.caller, mask);
  if (denied < 0) return denied;
  // The kernel's own lists are pins of links, but there are no such links here.
  if (inode.debug !== undefined) return -ENOENT;
  if (inode.object === undefined) return -EACCES;
  inode.object.getUser();
  if (sb.accessed(inode)) sb.notifier.attributes(inode.ino);
  return inode.object;
}

/** What {@link CallPaths} needs of the caller. */
export interface PathCaller {
  readonly tid: number;
  read(addr: number, dst: Uint8Array): number;
  fdget(fd: number): FdTarget;
}

interface Question {
  readonly dirfd: number;
  readonly path: Uint8Array;
  readonly create: boolean;
}

/** The {@link PathResolver} of one caller. */
export class CallPaths implements PathResolver {
  readonly #mounts: MountTable;
  readonly #resolve: ResolvePath;
  #caller: PathCaller | undefined;
  #question: Question | undefined;
  #answer: PathAnswer | undefined;
  #chunk: Uint8Array | undefined;

  constructor(mounts: MountTable, resolve: ResolvePath) {
    this.#mounts = mounts;
    this.#resolve = resolve;
  }

  /** Starts a call of this caller. */
  begin(caller: PathCaller): void {
    this.#caller = caller;
    this.#question = undefined;
    this.#answer = undefined;
  }

  /** Whether a file is the root of one of the mounts. */
  isRoot(dev: number, ino: number): boolean {
    return this.#mounts.find(dev)?.tree.root.ino === ino;
  }

  /** Whether the call just made ended because a path must be resolved first. */
  get isWaiting(): boolean {
    return this.#question !== undefined && this.#answer === undefined;
  }

  /** Resolves the path the call asked for, then calls back; the call can then be made again. */
  resolve(done: () => void): void {
    const question = this.#question as Question;
    this.#resolve((this.#caller as PathCaller).tid, question.dirfd, question.path, question.create, (answer) => {
      this.#answer = answer;
      done();
    });
  }

  pin(pathFd: number, pathname: number, object: BpfObject): number {
    const answer = this.#ask(pathFd, pathname, true);
    return typeof answer === 'number' ? answer : pinAt(this.#mounts, answer, object);
  }

  get(pathFd: number, pathname: number, access: number): BpfObject | number {
    const answer = this.#ask(pathFd, pathname, false);
    return typeof answer === 'number' ? answer : getAt(this.#mounts, answer, access);
  }

  /** The answer for a path, or -errno: -ERESTARTSYS when it has to be resolved first. */
  #ask(dirfd: number, pathname: number, create: boolean): PathAnswer | number {
    if (this.#answer !== undefined) return this.#answer;
    const path = this.#read(pathname);
    if (typeof path === 'number') return path;
    if (path.length === 0) return -ENOENT;
    // A descriptor of an emulated object is no directory, which only we know.
    const relative = dirfd >= 0 && path[0] !== SLASH;
    if (relative && isBpfFile((this.#caller as PathCaller).fdget(dirfd))) return -ENOTDIR;
    this.#question = { dirfd, path, create };
    return -ERESTARTSYS;
  }

  /** `getname`: the bytes of a path without its NUL, or -EFAULT, -ENAMETOOLONG. */
  #read(addr: number): Uint8Array | number {
    const caller = this.#caller as PathCaller;
    const path = new Uint8Array(PATH_MAX);
    this.#chunk ??= new Uint8Array(CHUNK);
    const chunk = this.#chunk;
    for (let length = 0; length < PATH_MAX; ) {
      // Up to the end of a block, so that a string that ends before an unmapped page can be read.
      const size = Math.min(chunk.length - ((addr + length) % chunk.length), PATH_MAX - length);
      const part = chunk.subarray(0, size);
      if (caller.read(addr + length, part) < 0) return this.#readBytes(addr, path, length);
      const end = part.indexOf(0);
      path.set(end < 0 ? part : part.subarray(0, end), length);
      if (end >= 0) return path.slice(0, length + end);
      length += size;
    }
    return -ENAMETOOLONG;
  }

  /** The rest of a path byte by byte, for memory that ends within a block. */
  #readBytes(addr: number, path: Uint8Array, start: number): Uint8Array | number {
    const byte = new Uint8Array(1);
    for (let length = start; length < PATH_MAX; length++) {
      if ((this.#caller as PathCaller).read(addr + length, byte) < 0) return -EFAULT;
      if (byte[0] === 0) return path.slice(0, length);
      path[length] = byte[0] as number;
    }
    return -ENAMETOOLONG;
  }
}

/**
 * Makes a call that may need a path. When it does not, its result is returned and `done` is
 * never called; when it does, undefined is returned and `done` is called later with it.
 */
export function callWithPaths<T>(
  paths: CallPaths,
  caller: PathCaller,
  call: () => T,
  done: (result: T) => void,
): T | undefined {
  paths.begin(caller);
  const result = call();
  if (!paths.isWaiting) return result;
  paths.resolve(() => done(call()));
  return undefined;
}
