/**
 * A caller that lives in this process: memory that is a plain array, descriptors of
 * its own, capabilities as given. The JSON side of the control file, tests and the
 * replay of recorded sequences call bpf(2) through it.
 */
import { BpfFile, type BpfObject, type FdTarget, type ForeignFile } from '../base/object.ts';
import { CAP_FULL_SET, hasCap } from '../uapi/capability.ts';
import { EFAULT, ENOENT } from '../uapi/errno.ts';
import type { Caller, PathResolver } from './caller.ts';
import { FdTable } from './fd_table.ts';

/** Where the memory of a local caller starts: no valid address is near NULL. */
export const LOCAL_BASE = 0x10000;

/** How a {@link LocalCaller} is made; the default is root. */
export interface LocalCallerOptions {
  readonly uid?: number;
  readonly gid?: number;
  readonly tid?: number;
  readonly cpu?: number;
  /** Effective capabilities, as a bit mask. */
  readonly caps?: bigint;
  /** Most bytes of memory; default 64 MiB. */
  readonly memory?: number;
  /** Its door can answer later ({@link Caller.mayWait}). */
  readonly mayWait?: boolean;
  /** Its descriptors, when they are shared with somebody; default: a table of its own. */
  readonly fds?: FdTable;
  /** Its view of the file system; paths are in the memory of the caller given. */
  readonly paths?: (caller: Caller) => PathResolver;
}

/** Paths of a caller that has no file system. */
const NO_PATHS: PathResolver = {
  pin: () => -ENOENT,
  get: () => -ENOENT,
};

/** A caller over a plain array. */
export class LocalCaller implements Caller {
  uid: number;
  gid: number;
  tid: number;
  cpu: number;
  caps: bigint;
  paths: PathResolver;
  readonly mayWait: boolean;
  readonly #memoryMax: number;
  readonly fds: FdTable;
  #memory = new Uint8Array(1 << 16);
  #used = 0;

  constructor(options: LocalCallerOptions = {}) {
    this.uid = options.uid ?? 0;
    this.gid = options.gid ?? 0;
    this.tid = options.tid ?? 1;
    this.cpu = options.cpu ?? 0;
    this.caps = options.caps ?? CAP_FULL_SET;
    this.mayWait = options.mayWait === true;
    this.#memoryMax = options.memory ?? 64 << 20;
    this.fds = options.fds ?? new FdTable();
    this.paths = options.paths?.(this) ?? NO_PATHS;
  }

  hasCap(cap: number): boolean {
    return hasCap(this.caps, cap);
  }

  read(addr: number, dst: Uint8Array): number {
    if (dst.length === 0) return 0;
    const at = addr - LOCAL_BASE;
    if (!(at >= 0 && at + dst.length <= this.#used)) return -EFAULT;
    dst.set(this.#memory.subarray(at, at + dst.length));
    return 0;
  }

  write(addr: number, src: Uint8Array): number {
    if (src.length === 0) return 0;
    const at = addr - LOCAL_BASE;
    if (!(at >= 0 && at + src.length <= this.#used)) return -EFAULT;
    this.#memory.set(src, at);
    return 0;
  }

  /** Room for `length` more bytes, zeroed, 8-byte aligned: its address, or 0 when the limit is reached. */
  alloc(length: number): number {
    const start = Math.ceil(this.#used / 8) * 8;
    const end = start + length;
    if (end > this.#memoryMax) return 0;
    if (end > this.#memory.length) {
      const grown = new Uint8Array(Math.min(Math.max(end, this.#memory.length * 2), this.#memoryMax));
      grown.set(this.#memory.subarray(0, this.#used));
      this.#memory = grown;
    } else this.#memory.fill(0, start, end);
    this.#used = end;
    return LOCAL_BASE + start;
  }

  /** Puts bytes into new memory: their address, or 0 when the limit is reached. */
  put(bytes: Uint8Array): number {
    const addr = this.alloc(bytes.length);
    if (addr !== 0) this.#memory.set(bytes, addr - LOCAL_BASE);
    return addr;
  }

  /** A copy of the bytes at an address of {@link alloc}. */
  bytes(addr: number, length: number): Uint8Array {
    const at = addr - LOCAL_BASE;
    return this.#memory.slice(at, at + length);
  }

  /** Forgets all memory handed out. */
  reset(): void {
    this.#used = 0;
    if (this.#memory.length > 1 << 20) this.#memory = new Uint8Array(1 << 16);
  }

  fdget(fd: number): FdTarget {
    return this.fds.get(fd);
  }

  fdInstall(file: BpfFile): number {
    return this.fds.install(file);
  }

  /** Gives a descriptor to a file that is not one of the emulator's. */
  installForeign(file: ForeignFile): number {
    return this.fds.install(file);
  }

  /** close(2): 0 or -EBADF. */
  close(fd: number): number {
    return this.fds.close(fd);
  }

  /** The object behind a descriptor, or undefined. */
  objectOf(fd: number): BpfObject | undefined {
    const file = this.fds.get(fd);
    return file instanceof BpfFile ? file.object : undefined;
  }

  /** Closes everything, as at the end of a process. */
  exit(): void {
    this.fds.closeAll();
    this.reset();
  }
}
