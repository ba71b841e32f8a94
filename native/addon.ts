/**
 * The compiled addon, with types: build/Release/bpf_emu.node, made from native/*.cc by
 * node-gyp. Functions are described where they are written, in the .cc files.
 */
import { createRequire } from 'node:module';
import type { ExecNative } from '../exec/native.ts';
import type { ProcessAccess } from '../fs/ctl_caller.ts';
import type { ResolvePath } from '../fs/paths.ts';
import { EIO, Errno } from '../uapi/errno.ts';

/** One connection to the kernel's FUSE client (native/session.cc). */
export interface Session {
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

/** A thread's credentials, as /proc/TID/status has them. */
export interface ThreadCredentials {
  readonly tgid: number;
  readonly uid: number;
  readonly gid: number;
  readonly groups: number[];
  readonly umask: number;
  readonly caps: bigint;
}

export interface Addon extends ProcessAccess, ExecNative {
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
  credentials(tid: number): ThreadCredentials | undefined;
  readonly resolvePath: ResolvePath;
}

let loaded: Addon | undefined;

/** Loads the addon (once). Throws an {@link Errno} that says how to build it when it is missing. */
export function loadAddon(): Addon {
  // From dist/native/ two levels up; BPF_EMU_ADDON names another build, such as one for AddressSanitizer.
  const file = process.env['BPF_EMU_ADDON'] ?? '../../build/Release/bpf_emu.node';
  try {
    loaded ??= createRequire(import.meta.url)(file) as Addon;
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new Errno(EIO, `Cannot load the native addon (${why}); build it with "npm ci" or "npm run native"`);
  }
  return loaded;
}
