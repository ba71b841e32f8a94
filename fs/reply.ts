/** The parts of replies that several operations share: attributes, entries, directory entries. */
import type { Inode } from './inode.ts';
import type { FuseReply } from './message.ts';
import { OUT_BODY } from './protocol.ts';
import type { Timestamp } from './time.ts';

/**
 * How long the kernel may keep names and attributes, in seconds. Nothing changes without
 * its knowledge but what the server announces (see notify.ts), so: long.
 */
const CACHE_SECONDS = 86400;

/** Bytes of `fuse_attr`, `fuse_attr_out`, `fuse_entry_out` and of a directory entry's head. */
const ATTR_SIZE = 88;
const ATTR_OUT_SIZE = 16 + ATTR_SIZE;
export const ENTRY_OUT_SIZE = 40 + ATTR_SIZE;
export const DIRENT_SIZE = 24;

function putTime(reply: FuseReply, word: number, nsecWord: number, time: Timestamp): void {
  reply.u32[word] = time.low;
  reply.i32[word + 1] = time.high;
  reply.u32[nsecWord] = time.nsec;
}

/** `struct fuse_attr` at a word of the reply. */
function putAttr(reply: FuseReply, word: number, inode: Inode): void {
  const { u32 } = reply;
  u32[word] = inode.ino;
  u32[word + 1] = 0;
  reply.put64(word + 2, inode.size);
  u32[word + 4] = 0; // blocks
  u32[word + 5] = 0;
  putTime(reply, word + 6, word + 12, inode.atime);
  putTime(reply, word + 8, word + 13, inode.mtime);
  putTime(reply, word + 10, word + 14, inode.ctime);
  u32[word + 15] = inode.mode;
  u32[word + 16] = inode.nlink;
  u32[word + 17] = inode.uid;
  u32[word + 18] = inode.gid;
  u32[word + 19] = 0; // rdev
  u32[word + 20] = 4096; // blksize
  u32[word + 21] = 0; // flags
}

/** Body of GETATTR and SETATTR. Returns its size. */
export function attrReply(reply: FuseReply, inode: Inode): number {
  const { u32 } = reply;
  u32[OUT_BODY] = CACHE_SECONDS;
  u32[OUT_BODY + 1] = 0;
  u32[OUT_BODY + 2] = 0;
  u32[OUT_BODY + 3] = 0;
  putAttr(reply, OUT_BODY + 4, inode);
  return ATTR_OUT_SIZE;
}

/** `struct fuse_entry_out` at a word. The kernel then holds one more reference to the node. */
export function putEntry(reply: FuseReply, word: number, inode: Inode): void {
  const { u32 } = reply;
  u32[word] = inode.ino;
  u32[word + 1] = 0;
  u32[word + 2] = 1; // generation
  u32[word + 3] = 0;
  u32[word + 4] = CACHE_SECONDS; // entry_valid
  u32[word + 5] = 0;
  u32[word + 6] = CACHE_SECONDS; // attr_valid
  u32[word + 7] = 0;
  u32[word + 8] = 0;
  u32[word + 9] = 0;
  putAttr(reply, word + 10, inode);
  inode.nlookup++;
}

/** Body of LOOKUP, MKDIR, SYMLINK and LINK. Returns its size. */
export function entryReply(reply: FuseReply, inode: Inode): number {
  putEntry(reply, OUT_BODY, inode);
  return ENTRY_OUT_SIZE;
}

/** Body of OPEN and OPENDIR. Returns its size. */
export function openReply(reply: FuseReply, handle: number, flags: number): number {
  const { u32 } = reply;
  u32[OUT_BODY] = handle;
  u32[OUT_BODY + 1] = 0;
  u32[OUT_BODY + 2] = flags;
  u32[OUT_BODY + 3] = 0;
  return 16;
}
