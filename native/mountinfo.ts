/** The mount table of this process (/proc/self/mountinfo, proc(5)), which can be read without asking any file system. */
import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

export interface MountEntry {
  readonly id: number;
  readonly parent: number;
  /** Device number as in `st_dev`. */
  readonly dev: number;
  readonly root: string;
  readonly mountPoint: string;
  /** Options of the mount, and `shared:N` and the like. */
  readonly options: string;
  readonly propagation: string;
  readonly type: string;
  readonly source: string;
  readonly superOptions: string;
}

/** /proc writes blanks and backslashes in paths as \ooo (octal). */
function unescapePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** `makedev(3)` as glibc and the kernel's stat(2) number it. */
export function makedev(major: number, minor: number): number {
  return (minor & 0xff) + ((major & 0xfff) << 8) + (minor >>> 8) * 2 ** 20;
}

/** Parses the text of mountinfo; lines that are none are left out. */
export function parseMountinfo(text: string): MountEntry[] {
  const entries: MountEntry[] = [];
  for (const line of text.split('\n')) {
    const [before, after] = line.split(' - ');
    const left = before?.split(' ') ?? [];
    const right = after?.split(' ') ?? [];
    const [major, minor] = (left[2] ?? '').split(':').map(Number);
    if (left.length < 6 || right.length < 3 || major === undefined || minor === undefined) continue;
    entries.push({
      id: Number(left[0]),
      parent: Number(left[1]),
      dev: makedev(major, minor),
      root: unescapePath(left[3] as string),
      mountPoint: unescapePath(left[4] as string),
      options: left[5] as string,
      propagation: left.slice(6).join(' '),
      type: right[0] as string,
      source: unescapePath(right[1] as string),
      superOptions: right[2] as string,
    });
  }
  return entries;
}

/** The mounts, in the order they were made (a later one at the same place covers an earlier one). */
function readMountinfo(): MountEntry[] {
  return parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/**
 * A directory as the mount table names it. The directory itself is not looked at: its server
 * may be dead, or be us. A symbolic link is followed, which asks nobody else.
 */
export function placeOf(dir: string): string {
  const full = resolve(dir);
  return isLink(full) ? realpathSync(full) : join(realpathSync(dirname(full)), basename(full));
}

/** Whether a path is a symbolic link. No file system is asked about what it leads to. */
export function isLink(path: string): boolean {
  try {
    readlinkSync(path);
    return true;
  } catch {
    return false;
  }
}

/** The mount one sees at a directory: the last one made there. */
export function mountAt(dir: string, entries: readonly MountEntry[] = readMountinfo()): MountEntry | undefined {
  return entries.findLast((entry) => entry.mountPoint === dir);
}
