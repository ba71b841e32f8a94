/**
 * From a descriptor number of a command to the object it means
 * (`__bpf_map_get`, `bpf_prog_get`, `bpf_link_get_from_fd`, `btf_get_by_fd`).
 */
import { BpfFile, type BpfObject, FMODE_READ, FMODE_WRITE, type ObjectKind } from '../base/object.ts';
import type { BpfProgBase } from '../base/prog.ts';
import type { Btf } from '../btf/btf.ts';
import type { BpfMap } from '../maps/map.ts';
import { BPF_F_MAP } from '../uapi/bpf.ts';
import { CAP } from '../uapi/capability.ts';
import { EBADF, EINVAL } from '../uapi/errno.ts';
import type { Caller } from './caller.ts';

/** The open file of a map: -EBADF for a closed descriptor, -EINVAL for one of something else. */
export function mapFile(caller: Caller, fd: number): BpfFile | number {
  const file = caller.fdget(fd);
  if (file === undefined) return -EBADF;
  if (!(file instanceof BpfFile) || file.object.kind !== 'map') return -EINVAL;
  return file;
}

/** The object of one kind behind a descriptor, without a reference taken; -EBADF or -EINVAL. */
function objectOf(caller: Caller, fd: number, kind: ObjectKind): BpfObject | number {
  const file = caller.fdget(fd);
  if (file === undefined) return -EBADF;
  if (!(file instanceof BpfFile) || file.object.kind !== kind) return -EINVAL;
  return file.object;
}

/** The map behind a descriptor. */
export function mapOf(caller: Caller, fd: number): BpfMap | number {
  return objectOf(caller, fd, 'map') as BpfMap | number;
}

/** The program behind a descriptor. */
export function progOf(caller: Caller, fd: number): BpfProgBase | number {
  return objectOf(caller, fd, 'prog') as BpfProgBase | number;
}

/** The BTF object behind a descriptor. */
export function btfOf(caller: Caller, fd: number): Btf | number {
  return objectOf(caller, fd, 'btf') as Btf | number;
}

/** The link behind a descriptor. */
export function linkOf(caller: Caller, fd: number): BpfObject | number {
  return objectOf(caller, fd, 'link');
}

/** A token: there are none, so every descriptor is a wrong one (`bpf_token_get_from_fd`). */
export function tokenOf(caller: Caller, fd: number): number {
  return caller.fdget(fd) === undefined ? -EBADF : -EINVAL;
}

/** What a map's descriptor may do: its own mode, and no writing once frozen (`map_get_sys_perms`). */
export function mapPerms(file: BpfFile, map: BpfMap): number {
  return map.frozen ? file.mode & ~FMODE_WRITE : file.mode;
}

/** Mode of a new descriptor from BPF_F_RDONLY and BPF_F_WRONLY (`bpf_get_file_flag`); -EINVAL for both. */
export function fileMode(flags: number): number {
  const readOnly = (flags & BPF_F_MAP.RDONLY) !== 0;
  const writeOnly = (flags & BPF_F_MAP.WRONLY) !== 0;
  if (readOnly && writeOnly) return -EINVAL;
  return readOnly ? FMODE_READ : writeOnly ? FMODE_WRITE : FMODE_READ | FMODE_WRITE;
}

/** Gives the caller a descriptor of an object whose user reference it takes over. */
export function newFd(caller: Caller, object: BpfObject, mode: number = FMODE_READ | FMODE_WRITE): number {
  return caller.fdInstall(new BpfFile(object, mode));
}

/** `bpf_token_capable` without a token: the capability, or CAP_SYS_ADMIN. */
export function capable(caller: Caller, cap: number): boolean {
  return caller.hasCap(cap) || (cap !== CAP.SYS_ADMIN && caller.hasCap(CAP.SYS_ADMIN));
}
