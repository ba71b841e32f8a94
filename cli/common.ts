/**
 * What every command of the command line shares: the default mount point, sizes,
 * and how an error leaves the program.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { InvalidArgumentError } from 'commander';
import { fileError } from '../native/file_error.ts';
import { EFBIG, Errno } from '../uapi/errno.ts';

/** Exit codes. 125 to 127 are those of env(1), for `exec`; 141 is that of a program ended by SIGPIPE. */
export const EXIT = { ok: 0, failure: 1, usage: 2, cannotRun: 125, brokenPipe: 141 } as const;

/** Most bytes of an object file, or of the types of a kernel. */
export const OBJECT_MAX = 256 << 20;

/** Where root mounts when no directory is given. */
const ROOT_MOUNT_POINT = '/sys/fs/bpf-emu';

/** The mount point used when none is given: /sys/fs/bpf-emu for root, `$XDG_RUNTIME_DIR/bpf-emu` for a user. */
export function defaultMountPoint(): string {
  const usual = usualMountPoint();
  if (usual === undefined)
    throw new Errno(2, 'XDG_RUNTIME_DIR is not set: name a directory to mount on, such as "bpf-emu mount ~/bpf"');
  return usual;
}

/** As {@link defaultMountPoint}; undefined for a user without XDG_RUNTIME_DIR. */
function usualMountPoint(): string | undefined {
  if (process.getuid?.() === 0) return ROOT_MOUNT_POINT;
  const runtime = process.env['XDG_RUNTIME_DIR'] ?? '';
  return runtime === '' ? undefined : join(runtime, 'bpf-emu');
}

/** The mount at the usual place, when there is one. */
export function usualMount(mounts: readonly string[] = mountedDirectories()): string | undefined {
  const usual = usualMountPoint();
  return usual !== undefined && mounts.includes(usual) ? usual : undefined;
}

/** Mount points of running emulators, newest first, as /proc/self/mountinfo shows them to this process. */
export function mountedDirectories(): string[] {
  const found: string[] = [];
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [before, after] = line.split(' - ');
    // Under exec our mount is shown as a bpffs.
    if (after?.startsWith('fuse.bpf-emu ') !== true && after?.startsWith('bpf bpf-emu ') !== true) continue;
    const dir = before?.split(' ')[4];
    if (dir !== undefined) found.push(unescapeMountPath(dir));
  }
  return found.reverse();
}

/**
 * The mount a command talks to: the one named, else the default one when it is
 * mounted, else the only one there is. `naming` is how the command wants it named.
 */
export function chooseMount(named: string | undefined, naming = '--mount DIR'): string {
  if (named !== undefined) return named;
  const mounts = mountedDirectories();
  const usual = usualMount(mounts);
  if (usual !== undefined) return usual;
  if (mounts.length === 1) return mounts[0] as string;
  if (mounts.length === 0) throw new Errno(2, 'nothing is mounted: start with "bpf-emu mount"');
  throw new Errno(22, `several mounts exist (${mounts.join(', ')}): name one with ${naming}`);
}

/** /proc writes blanks and backslashes in paths as \ooo (octal). */
function unescapeMountPath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Most bytes of an input: what one buffer holds. */
const INPUT_MAX = 2 ** 31 - 1;
/** What is read at once of an input whose length nobody knows. */
const CHUNK = 1 << 20;

/** All of a file, or of standard input for `-`; an {@link Errno} where it has more than `max` bytes. */
export function readInput(path: string, max = INPUT_MAX): Buffer {
  const name = path === '-' ? 'standard input' : path;
  try {
    const fd = path === '-' ? 0 : openSync(path, 'r');
    try {
      const file = fstatSync(fd);
      const bytes = !file.isFile() ? readUpTo(fd, max) : file.size > max ? undefined : readFileSync(fd);
      if (bytes === undefined) throw new Errno(EFBIG, `cannot read ${name}: it is larger than ${formatBytes(max)}`);
      return bytes;
    } finally {
      if (fd !== 0) closeSync(fd);
    }
  } catch (error) {
    throw fileError(`read ${name}`, error);
  }
}

/** All of a pipe or a device, which may have no end; undefined: it has more than `max` bytes. */
function readUpTo(fd: number, max: number): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let length = 0; length <= max; ) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const read = readSync(fd, chunk);
    if (read === 0) return Buffer.concat(chunks, length);
    chunks.push(read < CHUNK ? Buffer.from(chunk.subarray(0, read)) : chunk);
    length += read;
  }
  return undefined;
}

/** Parses `64M`, `1G`, `4096` into bytes, for commander. */
export function parseSize(text: string): number {
  const match = /^(\d+)([KMG]?)(?:i?B)?$/i.exec(text);
  if (match === null) throw new InvalidArgumentError('a size is a number with K, M or G behind it, such as 512M.');
  const unit = { '': 0, K: 10, M: 20, G: 30 }[(match[2] ?? '').toUpperCase()] ?? 0;
  return Number(match[1]) * 2 ** unit;
}

/** Parses a whole number of at least `min`, for commander. */
export function parseCount(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < min)
      throw new InvalidArgumentError(`a whole number from ${min} on is wanted.`);
    return value;
  };
}

/** Bytes for people: `12.3 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB'];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** Prints an error as one line on standard error: what failed, why, and its errno where there is one. */
export function reportError(error: unknown): void {
  console.error(errorText(error));
}

/** What is said of an error. */
export function errorText(error: unknown): string {
  if (error instanceof Errno) return `bpf-emu: ${error.message} (${error.code})`;
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return `bpf-emu: ${error.message}`;
  return `bpf-emu: internal error, please report it: ${inspect(error)}`;
}
