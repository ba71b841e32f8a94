/**
 * The object behind a descriptor that a caller stores in a map: a program, a map,
 * a socket, a cgroup, … with the errno the kernel gives for a wrong one.
 */
import { BpfFile, type ForeignFile, isBpfFile } from '../base/object.ts';
import { BpfProgBase } from '../base/prog.ts';
import { EBADF, EINVAL, ENOTSOCK } from '../uapi/errno.ts';
import { BpfMap, type MapSyscall } from './map.ts';

/** `bpf_prog_get`: the program, -EBADF or -EINVAL. Takes no reference. */
export function progOfFd(sys: MapSyscall, fd: number): BpfProgBase | number {
  const target = sys.fdget(fd);
  if (target === undefined) return -EBADF;
  return isBpfFile(target) && target.object instanceof BpfProgBase ? target.object : -EINVAL;
}

/** `__bpf_map_get`: the map, -EBADF or -EINVAL. Takes no reference. */
export function mapOfFd(sys: MapSyscall, fd: number): BpfMap | number {
  const target = sys.fdget(fd);
  if (target === undefined) return -EBADF;
  return isBpfFile(target) && target.object instanceof BpfMap ? target.object : -EINVAL;
}

/** `sockfd_lookup`: the socket, -EBADF or -ENOTSOCK. */
export function socketOfFd(sys: MapSyscall, fd: number): ForeignFile | number {
  const target = sys.fdget(fd);
  if (target === undefined) return -EBADF;
  return !isBpfFile(target) && target.what === 'socket' ? target : -ENOTSOCK;
}

/** A file of the wanted kind; anything else is as bad as a closed descriptor: -EBADF. */
export function fileOfFd(sys: MapSyscall, fd: number, what: ForeignFile['what']): ForeignFile | number {
  const target = sys.fdget(fd);
  return target !== undefined && !(target instanceof BpfFile) && target.what === what ? target : -EBADF;
}

/** Names a foreign object: equal for two descriptors of the same one. */
export function objectKey(file: ForeignFile): string {
  return file.what === 'pidfd' ? `pid:${file.pid ?? 0}` : `${file.dev}:${file.ino}`;
}
