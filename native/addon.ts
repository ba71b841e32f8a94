/**
 * The compiled addon, with types: build/Release/bpf_emu.node, made from native/*.cc by
 * node-gyp. Functions are described where they are written, in the .cc files.
 */
import { createRequire } from 'node:module';
import { EIO, Errno } from '../uapi/errno.ts';

/** One connection to the kernel's FUSE client (native/session.cc). */
export interface Session {
  /** Answers what waits while a request is still being handled, with other buffers: how many. */
  serve(request: Uint8Array, reply: Uint8Array, onRequest: (length: number) => number): number;
  /** Answers a request that was put aside: 0 or -errno. */
  reply(message: Uint8Array, length: number): number;
  /** Queues a notification for the helper thread. */
  notify(message: Uint8Array): void;
  /** Writes a notification at once: 0 or -errno. */
  notifyNow(message: Uint8Array): number;
  /** Starts the watchdog: `seconds` without progress end the connection; 0 for none. */
  watch(seconds: number, abortFile: string, mountPoint: string): void;
  /** Stops serving; the connection ends. */
  close(): void;
  /** The watchdog has ended the connection. */
  readonly aborted: boolean;
}

/** The credentials of a thread that decide on files, as /proc/TID/status has them. */
export interface Credentials {
  readonly tgid: number;
  /** File-system user and group id. */
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly umask: number;
  /** Effective capabilities; 0 for a thread in another user namespace than ours. */
  readonly caps: bigint;
}

/** What the walk along a path found. */
export interface PathAnswer {
  /** 0, or the (positive) error of the walk. */
  readonly errno: number;
  /** The file; when a name is to be created, the directory it goes into. */
  readonly dev: number;
  readonly ino: number;
  readonly mode: number;
  /** The mount or its file system is read-only. */
  readonly readonly: boolean;
  /** Last component of a name to be created. */
  readonly name: Uint8Array;
  /** Who walked. */
  readonly caller: Credentials;
}

/** Resolves a path as thread `tid` sees it, and calls back later; never in the same turn. */
export type ResolvePath = (
  tid: number,
  dirfd: number,
  path: Uint8Array,
  create: boolean,
  done: (answer: PathAnswer) => void,
) => void;

/** What is asked of another process. Numbers returned are 0 or -errno. */
export interface ProcessAccess {
  readMemory(tid: number, addr: number, dst: Uint8Array): number;
  writeMemory(tid: number, addr: number, src: Uint8Array): number;
  /** Effective capabilities (8 bytes, little-endian) as they count for the emulator. */
  capabilities(tid: number, out: Uint8Array): number;
  /** A descriptor of the process itself, without asking the file system it is on. */
  descriptor(tid: number, fd: number): { dev: number; ino: number; mode: number; link: string } | undefined;
}

export interface Addon extends ProcessAccess {
  readonly Session: new (
    fd: number,
    request: Uint8Array,
    reply: Uint8Array,
    onRequest: (length: number) => number,
    onEnd: (errno: number) => void,
    spinMicros: number,
  ) => Session;
  /** A descriptor of /dev/fuse; throws with errno and advice. */
  openFuse(): number;
  mount(source: string, target: string, type: string, flags: number, data: string): number;
  umount(target: string, flags: number): number;
  closeFd(fd: number): void;
  /** Mounts through fusermount3: the descriptor of /dev/fuse; throws with errno and advice. */
  fusermount(target: string, options: string): number;
  fuserumount(target: string): number;
  /** Whether a directory is there, without asking a FUSE server: 0 or -errno (-ENOTCONN: its server is gone). */
  probe(path: string): number;
  credentials(tid: number): Credentials | undefined;
  readonly resolvePath: ResolvePath;
  /** Calls back with the paths that were resolved, without the event loop: how many. */
  deliverPaths(): number;
  /** Waits until one of the descriptors is readable, for some microseconds at the most. */
  waitReadable(fds: readonly number[], micros: number): void;
}

let loaded: Addon | undefined;

/**
 * Loads the addon (once); `More` are functions of it that another folder describes. Throws
 * an {@link Errno} that says how to build it when it is missing.
 */
export function loadAddon<More = unknown>(): Addon & More {
  // From dist/native/ two levels up; BPF_EMU_ADDON names another build, such as one for AddressSanitizer.
  const file = process.env['BPF_EMU_ADDON'] ?? '../../build/Release/bpf_emu.node';
  try {
    loaded ??= createRequire(import.meta.url)(file) as Addon;
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new Errno(EIO, `Cannot load the native addon (${why}); build it with "npm ci" or "npm run native"`);
  }
  return loaded as Addon & More;
}
