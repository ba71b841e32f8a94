/**
 * Permission checks of the VFS, for paths that reach the tree through bpf(2) rather than
 * through a FUSE request (`generic_permission`, `may_create`).
 */
import type { Credentials } from '../native/addon.ts';
import { CAP, hasCap } from '../uapi/capability.ts';
import { EACCES } from '../uapi/errno.ts';
import type { Inode } from './inode.ts';

export const MAY_EXEC = 1;
export const MAY_WRITE = 2;
export const MAY_READ = 4;

/** `inode_permission`: 0 or -EACCES. */
export function inodePermission(inode: Inode, who: Credentials, mask: number): number {
  const isOwner = who.uid === inode.uid;
  const inGroup = who.gid === inode.gid || who.groups.includes(inode.gid);
  const bits = isOwner ? inode.mode >> 6 : inGroup ? inode.mode >> 3 : inode.mode;
  if ((mask & ~bits) === 0) return 0;
  const reading = inode.isDir ? (mask & MAY_WRITE) === 0 : mask === MAY_READ;
  if (reading && hasCap(who.caps, CAP.DAC_READ_SEARCH)) return 0;
  const executable = inode.isDir || (mask & MAY_EXEC) === 0 || (inode.mode & 0o111) !== 0;
  return executable && hasCap(who.caps, CAP.DAC_OVERRIDE) ? 0 : -EACCES;
}
