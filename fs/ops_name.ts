/** Operations on names: lookup, create, remove, rename. */
import { EACCES, EINVAL, ENOENT, ENOTSUP, EPERM, EROFS } from '../uapi/errno.ts';
import { NO_REPLY } from './file.ts';
import { HIDDEN_PREFIX, hiddenOf } from './hidden.ts';
import type { Inode, Owner } from './inode.ts';
import type { FuseReply, FuseRequest } from './message.ts';
import { IN_BODY, IN_HEADER_SIZE, OUT_HEADER_SIZE, S_IFLNK, S_IFMT, S_IFREG } from './protocol.ts';
import { entryReply } from './reply.ts';
import type { Superblock } from './superblock.ts';

/** Runs `make` for a new name in the request's directory and answers with its entry. */
function create(sb: Superblock, request: FuseRequest, reply: FuseReply, make: (dir: Inode) => Inode | number): number {
  const dir = sb.tree.find(request.nodeid);
  if (dir === undefined) return -ENOENT;
  if (sb.readonly) return -EROFS;
  const inode = make(dir);
  return typeof inode === 'number' ? inode : entryReply(reply, inode);
}

function owner(request: FuseRequest, umask: number): Owner {
  return { uid: request.uid, gid: request.gid, umask };
}

export function lookup(sb: Superblock, request: FuseRequest, reply: FuseReply): number {
  const dir = sb.tree.find(request.nodeid);
  const name = request.name(IN_HEADER_SIZE);
  if (dir === undefined) return -ENOENT;
  if (name === undefined) return -EINVAL;
  if (name.startsWith(HIDDEN_PREFIX)) {
    const object = hiddenOf(sb.kernel).take(name);
    if (object !== undefined) return entryReply(reply, sb.tree.nameless(object, owner(request, 0)));
  }
  const inode = sb.tree.lookup(dir, name);
  return typeof inode === 'number' ? inode : entryReply(reply, inode);
}

/** The kernel dropped references to nodes it had looked up. */
function drop(sb: Superblock, nodeid: number, count: number): void {
  const inode = sb.tree.find(nodeid);
  if (inode === undefined) return;
  inode.nlookup = Math.max(0, inode.nlookup - count);
  sb.tree.release(inode);
}

export function forget(sb: Superblock, request: FuseRequest): number {
  drop(sb, request.nodeid, request.get64(IN_BODY));
  return NO_REPLY;
}

export function batchForget(sb: Superblock, request: FuseRequest): number {
  const count = Math.min(request.get(IN_BODY), (request.length - IN_HEADER_SIZE - 8) >>> 4);
  for (let i = 0; i < count; i++) {
    const word = IN_BODY + 2 + i * 4;
    if (request.get(word + 1) === 0) drop(sb, request.get(word), request.get64(word + 2));
  }
  return NO_REPLY;
}

export function mkdir(sb: Superblock, request: FuseRequest, reply: FuseReply): number {
  const name = request.name(IN_HEADER_SIZE + 8);
  if (name === undefined) return -EINVAL;
  const mode = request.get(IN_BODY);
  return create(sb, request, reply, (dir) => sb.tree.mkdir(dir, name, mode, owner(request, request.get(IN_BODY + 1))));
}

export function symlink(sb: Superblock, request: FuseRequest, reply: FuseReply): number {
  const name = request.name(IN_HEADER_SIZE);
  const target = name === undefined ? undefined : request.name(IN_HEADER_SIZE + name.length + 1);
  if (name === undefined || target === undefined) return -EINVAL;
  return create(sb, request, reply, (dir) => sb.tree.symlink(dir, name, target, owner(request, 0)));
}

/** No file is made by mknod(2): regular ones need i_op->create (EACCES), others i_op->mknod (EPERM). */
export function mknod(_sb: Superblock, request: FuseRequest): number {
  const type = request.get(IN_BODY) & S_IFMT;
  return type === S_IFREG || type === 0 ? -EACCES : -EPERM;
}

/** O_CREAT of an absent name: there is no i_op->create. */
export function createFile(): number {
  return -EACCES;
}

export function tmpfile(): number {
  return -ENOTSUP;
}

export function link(sb: Superblock, request: FuseRequest, reply: FuseReply): number {
  const name = request.name(IN_HEADER_SIZE + 8);
  if (name === undefined) return -EINVAL;
  const old = request.get(IN_BODY + 1) === 0 ? sb.tree.find(request.get(IN_BODY)) : undefined;
  if (old === undefined) return -ENOENT;
  return create(sb, request, reply, (dir) => {
    const result = sb.tree.link(old, dir, name);
    return result < 0 ? result : old;
  });
}

function remove(sb: Superblock, request: FuseRequest, operation: 'unlink' | 'rmdir'): number {
  const name = request.name(IN_HEADER_SIZE);
  const dir = sb.tree.find(request.nodeid);
  if (name === undefined) return -EINVAL;
  if (dir === undefined) return -ENOENT;
  if (sb.readonly) return -EROFS;
  return sb.tree[operation](dir, name);
}

export function unlink(sb: Superblock, request: FuseRequest): number {
  return remove(sb, request, 'unlink');
}

export function rmdir(sb: Superblock, request: FuseRequest): number {
  return remove(sb, request, 'rmdir');
}

/** RENAME (newdir) and RENAME2 (newdir, flags): two names follow. */
function moveName(sb: Superblock, request: FuseRequest, start: number, flags: number): number {
  const name = request.name(start);
  const newName = name === undefined ? undefined : request.name(start + name.length + 1);
  if (name === undefined || newName === undefined) return -EINVAL;
  const from = sb.tree.find(request.nodeid);
  const to = request.get(IN_BODY + 1) === 0 ? sb.tree.find(request.get(IN_BODY)) : undefined;
  if (from === undefined || to === undefined) return -ENOENT;
  if (sb.readonly) return -EROFS;
  return sb.tree.rename(from, name, to, newName, flags);
}

export function rename(sb: Superblock, request: FuseRequest): number {
  return moveName(sb, request, IN_HEADER_SIZE + 8, 0);
}

export function rename2(sb: Superblock, request: FuseRequest): number {
  return moveName(sb, request, IN_HEADER_SIZE + 16, request.get(IN_BODY + 2));
}

export function readlink(sb: Superblock, request: FuseRequest, reply: FuseReply): number {
  const inode = sb.tree.find(request.nodeid);
  if (inode === undefined) return -ENOENT;
  if (inode.target === undefined || (inode.mode & S_IFMT) !== S_IFLNK) return -EINVAL;
  sb.accessed(inode);
  return reply.bytes.write(inode.target, OUT_HEADER_SIZE, 'latin1');
}
