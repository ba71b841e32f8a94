/** Operations on attributes, and on the file system as a whole. */
import { EINVAL, ENOENT, ENOTSUP, EPROTO, EROFS } from '../uapi/errno.ts';
import type { Inode } from './inode.ts';
import type { FuseReply, FuseRequest } from './message.ts';
import {
  FATTR,
  FUSE_KERNEL_VERSION,
  FUSE_MINOR_MAX,
  FUSE_MINOR_MIN,
  IN_BODY,
  IN_HEADER_SIZE,
  INIT,
  INIT_2,
  MAX_WRITE,
  NAME_MAX,
  OUT_BODY,
  S_IFMT,
} from './protocol.ts';
import { attrReply } from './reply.ts';
import type { Superblock } from './superblock.ts';
import type { Timestamp } from './time.ts';

/** What is asked of the kernel at INIT. No writeback cache; O_TRUNC comes with OPEN, since it sets times that truncate(2) does not. */
const WANTED =
  INIT.INIT_EXT |
  INIT.ATOMIC_O_TRUNC |
  INIT.BIG_WRITES |
  INIT.DONT_MASK |
  INIT.HAS_IOCTL_DIR |
  INIT.DO_READDIRPLUS |
  INIT.READDIRPLUS_AUTO |
  INIT.PARALLEL_DIROPS |
  INIT.MAX_PAGES;

/** The same in the second word of flags. Without export support name_to_handle_at(2) fails, as on bpffs. */
const WANTED_2 = INIT_2.NO_EXPORT_SUPPORT;

const INIT_OUT_SIZE = 64;

export function init(_sb: Superblock, request: FuseRequest, reply: FuseReply): number {
  const major = request.get(IN_BODY);
  const minor = request.get(IN_BODY + 1);
  if (major < FUSE_KERNEL_VERSION || (major === FUSE_KERNEL_VERSION && minor < FUSE_MINOR_MIN)) return -EPROTO;
  const { u32 } = reply;
  reply.clear(INIT_OUT_SIZE / 4);
  u32[OUT_BODY] = FUSE_KERNEL_VERSION;
  u32[OUT_BODY + 1] = Math.min(minor, FUSE_MINOR_MAX);
  // A newer major version first learns ours, and asks again.
  if (major > FUSE_KERNEL_VERSION) return INIT_OUT_SIZE;
  u32[OUT_BODY + 2] = request.get(IN_BODY + 2); // max_readahead
  u32[OUT_BODY + 3] = request.get(IN_BODY + 3) & WANTED;
  u32[OUT_BODY + 4] = 64 | (48 << 16); // max_background, congestion_threshold
  u32[OUT_BODY + 5] = MAX_WRITE;
  u32[OUT_BODY + 6] = 1; // time_gran
  u32[OUT_BODY + 7] = MAX_WRITE / 4096; // max_pages
  const extended = (request.get(IN_BODY + 3) & INIT.INIT_EXT) !== 0 && request.length >= IN_HEADER_SIZE + 20;
  u32[OUT_BODY + 8] = extended ? request.get(IN_BODY + 4) & WANTED_2 : 0; // flags2
  return INIT_OUT_SIZE;
}

export function getattr(sb: Superblock, request: FuseRequest, reply: FuseReply): number {
  const inode = sb.tree.find(request.nodeid);
  return inode === undefined ? -ENOENT : attrReply(reply, inode);
}

/** Seconds and nanoseconds of a SETATTR as they came. */
function takeTime(request: FuseRequest, word: number, nsecWord: number, time: Timestamp): void {
  time.low = request.get(word);
  time.high = request.i32[word + 1] as number;
  time.nsec = request.get(nsecWord) % 1_000_000_000;
}

/** `simple_setattr` with the times that notify_change() adds. */
export function setattr(sb: Superblock, request: FuseRequest, reply: FuseReply): number {
  const inode = sb.tree.find(request.nodeid);
  if (inode === undefined) return -ENOENT;
  if (sb.readonly) return -EROFS;
  const valid = request.get(IN_BODY);
  if ((valid & FATTR.SIZE) !== 0 && inode.isDir) return -EINVAL;
  if ((valid & FATTR.MODE) !== 0) inode.mode = (inode.mode & S_IFMT) | (request.get(IN_BODY + 17) & 0o7777);
  if ((valid & FATTR.UID) !== 0) inode.uid = request.get(IN_BODY + 19);
  if ((valid & FATTR.GID) !== 0) inode.gid = request.get(IN_BODY + 20);
  if ((valid & FATTR.SIZE) !== 0 && !inode.ctl) inode.size = request.get64(IN_BODY + 4);
  setTimes(sb, request, inode, valid);
  return attrReply(reply, inode);
}

/**
 * Times a SETATTR changes. Truncation through a descriptor sets mtime and ctime, by
 * path neither; everything else sets ctime.
 */
function setTimes(sb: Superblock, request: FuseRequest, inode: Inode, valid: number): void {
  if ((valid & FATTR.ATIME_NOW) !== 0) sb.tree.touch(inode.atime);
  else if ((valid & FATTR.ATIME) !== 0) takeTime(request, IN_BODY + 8, IN_BODY + 14, inode.atime);
  const truncated = (valid & FATTR.SIZE) !== 0;
  const byFile = truncated && (valid & FATTR.FH) !== 0;
  if ((valid & FATTR.MTIME_NOW) !== 0 || byFile) sb.tree.touch(inode.mtime);
  else if ((valid & FATTR.MTIME) !== 0) takeTime(request, IN_BODY + 10, IN_BODY + 15, inode.mtime);
  const only = valid & ~(FATTR.SIZE | FATTR.FH | FATTR.LOCKOWNER | FATTR.KILL_SUIDGID);
  if (!truncated || byFile || only !== 0) sb.tree.touch(inode.ctime);
}

/** statfs(2): everything 0 as bpffs has it (`simple_statfs`); the kernel puts its own f_type. */
export function statfs(_sb: Superblock, _request: FuseRequest, reply: FuseReply): number {
  reply.clear(20);
  reply.u32[OUT_BODY + 10] = 4096; // bsize
  reply.u32[OUT_BODY + 11] = NAME_MAX; // namelen
  reply.u32[OUT_BODY + 12] = 4096; // frsize
  return 80;
}

/** There are no extended attributes: the list is empty. (Getting and setting fails.) */
export const noXattr = (): number => -ENOTSUP;

export function listxattr(_sb: Superblock, request: FuseRequest, reply: FuseReply): number {
  if (request.get(IN_BODY) !== 0) return 0;
  reply.clear(2);
  return 8;
}
