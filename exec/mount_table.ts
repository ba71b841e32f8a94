/**
 * The mount table as programs under exec read it: our file systems are bpffs there, so
 * that those who look for one (`bpftool -f`, libbpf's users) find it.
 */
import { readFileSync } from 'node:fs';
import { makedev } from '../native/mountinfo.ts';

/** What is known of our mounts. */
export interface MountOptions {
  /** Options of the mount with this device number, as a bpffs shows them. */
  optionsOf(dev: number): string;
}

const TYPE = ' fuse.bpf-emu ';
const KERNEL_TYPE = ' - bpf ';
/** The second place of the mount that a command starts with: what is pinned there would be listed twice. */
const SECOND_PLACE = ' /sys/fs/bpf-emu ';
/** Options that only FUSE shows (Documentation/filesystems/fuse). */
const FUSE_OPTIONS = /,(?:user_id=\d+|group_id=\d+|default_permissions|allow_other|max_read=\d+)/g;

/** /proc/PID/mounts or /proc/PID/mountinfo with our lines rewritten; undefined when there is nothing to rewrite. */
export function mountTable(pid: number, mountinfo: boolean, mounts: MountOptions): string | undefined {
  let info: string;
  let table: string;
  try {
    info = readFileSync(`/proc/${pid}/mountinfo`, 'latin1');
    if (!info.includes(TYPE)) return undefined;
    table = mountinfo ? info : readFileSync(`/proc/${pid}/mounts`, 'latin1');
  } catch {
    return undefined;
  }
  return rewrite(table, info, mounts);
}

/** Rewrites the lines of a mount table, of either form; `info` has the device numbers, line by line. */
export function rewrite(table: string, info: string, mounts: MountOptions): string {
  const infos = info.split('\n');
  const devices = infos.map(deviceOf);
  const ours = new Map(infos.flatMap((line, index) => (line.includes(TYPE) ? [[mountPointOf(line), index]] : [])));
  const lines = table.split('\n').flatMap((line, index) => {
    // The kernel's own bpffs below ours: nobody sees its files, but bpftool would name ours twice.
    const own = infos[index] ?? '';
    if (own.includes(KERNEL_TYPE) && (ours.get(mountPointOf(own)) ?? -1) > index) return [];
    if (!line.includes(TYPE) || line.includes(SECOND_PLACE)) return line;
    const options = mounts.optionsOf(devices[index] ?? 0);
    const plain = line.replace(TYPE, ' bpf ').replace(FUSE_OPTIONS, '');
    // The options are the last field of mountinfo, and the last but two of mounts.
    return options === '' ? plain : plain.replace(/( 0 0)?$/, `,${options}$1`);
  });
  return lines.join('\n');
}

/** `ST_*` bits of statfs(2) by the words of a mount table (include/linux/statfs.h). */
const MOUNT_WORDS: Readonly<Record<string, number>> = {
  ro: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  noatime: 0x400,
  nodiratime: 0x800,
  relatime: 0x1000,
};
const SUPER_WORDS: Readonly<Record<string, number>> = { ro: 1, sync: 0x10 };
const ST_VALID = 0x20;

/** What a mount of a file system is like, as process `pid` sees it: `ST_*` flags, and whether the file system itself is read-only. */
export function mountFlags(pid: number, dev: number): { readonly flags: number; readonly readonly: boolean } {
  let line: string | undefined;
  try {
    const lines = readFileSync(`/proc/${pid}/mountinfo`, 'latin1').split('\n');
    line = lines.reverse().find((candidate) => deviceOf(candidate) === dev);
  } catch {
    // The process is gone.
  }
  const fields = line?.split(' ') ?? [];
  const bits = (words: string | undefined, table: Readonly<Record<string, number>>): number =>
    (words ?? '').split(',').reduce((sum, word) => sum | (table[word] ?? 0), 0);
  const superFlags = bits(fields.at(-1), SUPER_WORDS);
  return { flags: ST_VALID | bits(fields[5], MOUNT_WORDS) | superFlags, readonly: (superFlags & 1) !== 0 };
}

/** Where a line of mountinfo is mounted: its fifth field. */
function mountPointOf(line: string): string {
  return line.split(' ')[4] ?? '';
}

/** st_dev of a line of mountinfo: its third field, MAJOR:MINOR. */
function deviceOf(line: string): number {
  const [major, minor] = (line.split(' ')[2] ?? '').split(':').map(Number);
  return major === undefined || minor === undefined ? 0 : makedev(major, minor);
}
