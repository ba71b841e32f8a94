/** Operations on open files and directories. */
import { IterLink, IterObject } from '../syscall/iter/link.ts';
import { EBADF, EINVAL, EIO, EISDIR, ENOENT, ENOSYS, ENOTDIR, ENOTSUP, ENOTTY, EROFS, ESPIPE } from '../uapi/errno.ts';
import { CtlFile } from './ctl.ts';
import { DebugFile } from './debug_file.ts';
import { DirStream } from './dir.ts';
import { DEFAULT_POLLMASK, NO_REPLY, type OpenFile } from './file.ts';
import type { Inode } from './inode.ts';
import { IterFile } from './iter_file.ts';
import type { FuseReply, FuseRequest } from './message.ts';
import { IN_BODY, IN_HEADER_SIZE, MAX_READ, OUT_BODY, POLL_SCHEDULE_NOTIFY } from './protocol.ts';
import { openReply } from './reply.ts';
import { openSeqFile } from './seq_map.ts';
import type { Superblock } from './superblock.ts';
import { TraceFile } from './trace_file.ts';

const O_TRUNC = 0o1000;
const O_DIRECT = 0o40000;

/** The open file a request names, by the `fh` at the start of its body. */
function fileOf(sb: Superblock, request: FuseRequest): OpenFile | undefined {
  return request.get(IN_BODY + 1) === 0 ? sb.files.get(request.get(IN_BODY)) : undefined;
}

function openInode(sb: Superblock, inode: Inode, flags: number): OpenFile | number {
  if (inode.trace) return new TraceFile(inode, sb, sb.ctl.printed);
  if (inode.debug !== undefined) return new DebugFile(inode, sb.kernel, inode.debug);
  if (inode.ctl) return new CtlFile(inode, sb, flags);
  if (inode.object === undefined) return -EIO;
  if (inode.object instanceof IterLink) return IterFile.ofLink(inode, inode.object, flags);
  if (inode.object instanceof IterObject) return IterFile.ofIterator(inode, inode.object);
  return openSeqFile(inode, inode.object, flags);
}

export function open(sb: Superblock, request: FuseRequest, reply: FuseReply): number {
  const inode = sb.tree.find(request.nodeid);
  if (inode === undefined) return -ENOENT;
  if (inode.isDir) return -EISDIR;
  const flags = request.get(IN_BODY);
  const file = openInode(sb, inode, flags);
  if (typeof file === 'number') return file;
  if (!inode.ctl) {
    // do_dentry_open: a file that is there but has no direct I/O; then do_truncate.
    if ((flags & O_DIRECT) !== 0) return abandon(sb, file, -EINVAL);
    if ((flags & O_TRUNC) !== 0) {
      if (sb.readonly) return abandon(sb, file, -EROFS);
      inode.size = 0;
      sb.tree.touch(inode.mtime, inode.ctime);
    }
  }
  return openReply(reply, sb.files.add(file), file.openFlags);
}

/** An open that fails after all. */
function abandon(sb: Superblock, file: OpenFile, error: number): number {
  file.release();
  sb.tree.release(file.inode);
  return error;
}

export function opendir(sb: Superblock, request: FuseRequest, reply: FuseReply): number {
  const inode = sb.tree.find(request.nodeid);
  if (inode === undefined) return -ENOENT;
  if (!inode.isDir) return -ENOTDIR;
  const stream = new DirStream(inode);
  return openReply(reply, sb.files.add(stream), stream.openFlags);
}

/** RELEASE and RELEASEDIR: exactly one for each open, after its last descriptor. */
export function release(sb: Superblock, request: FuseRequest): number {
  const file = request.get(IN_BODY + 1) === 0 ? sb.files.remove(request.get(IN_BODY)) : undefined;
  if (file === undefined) return 0;
  file.release();
  sb.tree.release(file.inode);
  return 0;
}

export function read(sb: Superblock, request: FuseRequest, reply: FuseReply): number {
  const file = fileOf(sb, request);
  if (file === undefined) return -EBADF;
  return file.read(request, reply, request.get64(IN_BODY + 2), Math.min(request.get(IN_BODY + 4), MAX_READ));
}

/** Bytes of `struct fuse_write_in`: the data follows it. */
const WRITE_IN_SIZE = 40;

export function write(sb: Superblock, request: FuseRequest, reply: FuseReply): number {
  const file = fileOf(sb, request);
  if (file === undefined) return -EBADF;
  const size = request.get(IN_BODY + 4);
  const start = IN_HEADER_SIZE + WRITE_IN_SIZE;
  if (size > request.length - start) return -EINVAL;
  const written = file.write(request, reply, start, size);
  return written < 0 ? written : writeReply(reply, written);
}

/** Body of WRITE: how much was taken. */
export function writeReply(reply: FuseReply, written: number): number {
  reply.u32[OUT_BODY] = written;
  reply.u32[OUT_BODY + 1] = 0;
  return 8;
}

function readDirectory(sb: Superblock, request: FuseRequest, reply: FuseReply, plus: boolean): number {
  const file = fileOf(sb, request);
  if (!(file instanceof DirStream)) return -EBADF;
  sb.accessed(file.inode);
  return file.list(reply, request.get64(IN_BODY + 2), Math.min(request.get(IN_BODY + 4), MAX_READ), plus);
}

export function readdir(sb: Superblock, request: FuseRequest, reply: FuseReply): number {
  return readDirectory(sb, request, reply, false);
}

export function readdirplus(sb: Superblock, request: FuseRequest, reply: FuseReply): number {
  return readDirectory(sb, request, reply, true);
}

/** `struct fuse_ioctl_in`: fh, flags, cmd, arg, in_size, out_size; the data follows. */
export function ioctl(sb: Superblock, request: FuseRequest, reply: FuseReply): number {
  const file = fileOf(sb, request);
  if (file === undefined) return -ENOTTY;
  if (request.get(IN_BODY + 6) > request.length - IN_HEADER_SIZE - 32) return -EINVAL;
  return file.ioctl(request, reply);
}

export function poll(sb: Superblock, request: FuseRequest, reply: FuseReply): number {
  const file = fileOf(sb, request);
  const wanted = (request.get(IN_BODY + 4) & POLL_SCHEDULE_NOTIFY) !== 0;
  const handle = wanted ? { low: request.get(IN_BODY + 2), high: request.get(IN_BODY + 3) } : undefined;
  reply.u32[OUT_BODY] = file === undefined ? DEFAULT_POLLMASK : file.poll(handle);
  reply.u32[OUT_BODY + 1] = 0;
  return 8;
}

/** A signal reached the caller of a request: if that one waits here, it ends with EINTR. No reply of its own. */
export function interrupt(sb: Superblock, request: FuseRequest): number {
  const low = request.get(IN_BODY);
  const high = request.get(IN_BODY + 1);
  for (const file of sb.files.values()) if (file.interrupt(low, high)) break;
  return NO_REPLY;
}

/** Seq files have no llseek of their own, and nothing to sync, allocate or copy. */
export const lseek = (): number => -ESPIPE;
export const fsync = (): number => -EINVAL;
export const noOperation = (): number => 0;
export const fallocate = (): number => -ENOTSUP;
export const unsupported = (): number => -ENOSYS;
