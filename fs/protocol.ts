/**
 * The FUSE wire protocol as far as the server speaks it: numbers and layouts
 * (source: include/uapi/linux/fuse.h, protocol 7.31 to 7.45).
 *
 * Every request starts with `fuse_in_header` (40 bytes), every reply with
 * `fuse_out_header` (16 bytes). All fields are little-endian here and aligned to four
 * bytes, so both buffers are looked at as arrays of 32-bit words: a constant that names
 * a field is the index of its (low) word from the start of the message.
 */

export const FUSE_KERNEL_VERSION = 7;
/** Newest minor version the layouts below were checked against, and the oldest that works. */
export const FUSE_MINOR_MAX = 45;
export const FUSE_MINOR_MIN = 31;

/** Bytes of the headers. */
export const IN_HEADER_SIZE = 40;
export const OUT_HEADER_SIZE = 16;

/** Largest data part of a WRITE; the request buffer holds it, its headers, and any other request. */
export const MAX_WRITE = 128 * 1024;
export const REQUEST_BUFFER_SIZE = MAX_WRITE + 4096;
/** Largest data part of a reply: a READ of the most pages a request may have. */
export const MAX_READ = 128 * 1024;
export const REPLY_BUFFER_SIZE = MAX_READ + 4096;

/** Words of `struct fuse_in_header`. */
export const IN = { len: 0, opcode: 1, unique: 2, nodeid: 4, uid: 6, gid: 7, pid: 8 } as const;
/** Words of `struct fuse_out_header`. */
export const OUT = { len: 0, error: 1, unique: 2 } as const;
/** First word after each header. */
export const IN_BODY = IN_HEADER_SIZE / 4;
export const OUT_BODY = OUT_HEADER_SIZE / 4;

/** Opcodes (`enum fuse_opcode`). */
export const OP = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  READLINK: 5,
  SYMLINK: 6,
  MKNOD: 8,
  MKDIR: 9,
  UNLINK: 10,
  RMDIR: 11,
  RENAME: 12,
  LINK: 13,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FSYNC: 20,
  SETXATTR: 21,
  GETXATTR: 22,
  LISTXATTR: 23,
  REMOVEXATTR: 24,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  FSYNCDIR: 30,
  GETLK: 31,
  SETLK: 32,
  SETLKW: 33,
  ACCESS: 34,
  CREATE: 35,
  INTERRUPT: 36,
  BMAP: 37,
  DESTROY: 38,
  IOCTL: 39,
  POLL: 40,
  NOTIFY_REPLY: 41,
  BATCH_FORGET: 42,
  FALLOCATE: 43,
  READDIRPLUS: 44,
  RENAME2: 45,
  LSEEK: 46,
  COPY_FILE_RANGE: 47,
  SETUPMAPPING: 48,
  REMOVEMAPPING: 49,
  SYNCFS: 50,
  TMPFILE: 51,
  STATX: 52,
  COPY_FILE_RANGE_64: 53,
} as const;

/** Codes of messages the server sends on its own (`enum fuse_notify_code`). */
export const NOTIFY = { POLL: 1, INVAL_INODE: 2, INVAL_ENTRY: 3, DELETE: 6 } as const;

/** Capability bits of INIT's `flags`. */
export const INIT = {
  ATOMIC_O_TRUNC: 2 ** 3,
  BIG_WRITES: 2 ** 5,
  DONT_MASK: 2 ** 6,
  HAS_IOCTL_DIR: 2 ** 11,
  DO_READDIRPLUS: 2 ** 13,
  READDIRPLUS_AUTO: 2 ** 14,
  PARALLEL_DIROPS: 2 ** 18,
  MAX_PAGES: 2 ** 22,
  INIT_EXT: 2 ** 30,
} as const;

/** Capability bits of INIT's `flags2`, counted from 0. */
export const INIT_2 = { NO_EXPORT_SUPPORT: 2 ** 6 } as const;

/** Bits of `open_flags` in the reply to OPEN. */
export const FOPEN = { DIRECT_IO: 1, KEEP_CACHE: 2, NONSEEKABLE: 4, CACHE_DIR: 8, STREAM: 16, NOFLUSH: 32 } as const;

/** Bits of `valid` in SETATTR. */
export const FATTR = {
  MODE: 1,
  UID: 2,
  GID: 4,
  SIZE: 8,
  ATIME: 16,
  MTIME: 32,
  FH: 64,
  ATIME_NOW: 128,
  MTIME_NOW: 256,
  LOCKOWNER: 512,
  CTIME: 1024,
  KILL_SUIDGID: 2048,
} as const;

/** `poll_flags`: the kernel wants a NOTIFY_POLL when the file becomes ready. */
export const POLL_SCHEDULE_NOTIFY = 1;

/** File types in `st_mode` (inode(7)). */
export const S_IFMT = 0o170000;
export const S_IFDIR = 0o040000;
export const S_IFREG = 0o100000;
export const S_IFLNK = 0o120000;
export const S_ISGID = 0o2000;
export const S_ISVTX = 0o1000;

/** Longest name (`NAME_MAX`) and path (`PATH_MAX`, with its NUL). */
export const NAME_MAX = 255;
export const PATH_MAX = 4096;
