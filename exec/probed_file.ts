/**
 * Files that probes are put into, as a caller sees them. Only other threads touch them: a
 * path of a caller's may lead to a file system that this process serves.
 */
import { constants, type Stats } from 'node:fs';
import { open, readlink, statfs } from 'node:fs/promises';
import type { ProbedFile } from '../syscall/caller.ts';
import { EBADF, EINVAL, EIO } from '../uapi/errno.ts';

/** open(2) without rights to the contents; node:fs has no name for it. */
const O_PATH = 0o10000000;
/** statfs(2) of /proc, whose files have no pages. */
const PROC_SUPER_MAGIC = 0x9fa0;

/** Where this process finds what thread `tid` calls `path`. */
export function seenPath(tid: number, path: string): string {
  if (!path.startsWith('/')) return `/proc/${tid}/cwd/${path}`;
  return `/proc/${tid}/root${path.replace(/^\/+proc\/(?:thread-)?self(?=\/|$)/, `/proc/${tid}`)}`;
}

/** What a path of thread `tid` leads to, or -errno. */
export async function probedFile(tid: number, path: string): Promise<ProbedFile | number> {
  try {
    const file = await open(seenPath(tid, path), constants.O_RDONLY | O_PATH);
    try {
      const stat: Stats = await file.stat();
      if (!stat.isFile()) return -EBADF;
      const link = `/proc/self/fd/${file.fd}`;
      if ((await statfs(link)).type === PROC_SUPER_MAGIC) return -EIO;
      return { key: `${stat.dev}:${stat.ino}`, path: await readlink(link, 'latin1'), size: stat.size };
    } finally {
      await file.close();
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).errno ?? -EINVAL;
  }
}
