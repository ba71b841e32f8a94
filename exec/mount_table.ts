/**
 * The mount table as programs under exec read it: our file system is a bpffs there, so
 * that those who look for one (`bpftool -f`, libbpf's users) find it.
 */
import { readFileSync } from 'node:fs';

/** Options that only FUSE shows (Documentation/filesystems/fuse). */
const FUSE_OPTIONS = /,(?:user_id=\d+|group_id=\d+|default_permissions|allow_other|max_read=\d+)/g;

/** /proc/PID/mounts or /proc/PID/mountinfo with our lines rewritten; undefined when there is nothing to rewrite. */
export function mountTable(pid: number, mountinfo: boolean): string | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/${mountinfo ? 'mountinfo' : 'mounts'}`, 'latin1');
  } catch {
    return undefined;
  }
  return text.includes(' fuse.bpf-emu ') ? rewrite(text) : undefined;
}

/** Rewrites the lines of a mount table, of either form. */
export function rewrite(text: string): string {
  const lines = text.split('\n').map((line) => {
    // The second place it is bound to stays what it is: pins are listed once.
    if (!line.includes(' fuse.bpf-emu ') || !line.includes(' /sys/fs/bpf ')) return line;
    return line.replace(' fuse.bpf-emu ', ' bpf ').replace(FUSE_OPTIONS, '');
  });
  return lines.join('\n');
}
