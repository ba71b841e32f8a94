/**
 * OBJ_PIN and OBJ_GET (`bpf_obj_pin`, `bpf_obj_get` of kernel/bpf/syscall.c and
 * inode.c). The walk along the path is the caller's own ({@link Caller.paths}).
 */
import { BpfFile, FMODE_READ, FMODE_WRITE, type ObjectKind } from '../base/object.ts';
import { BPF_F_MAP } from '../uapi/bpf.ts';
import { EINVAL } from '../uapi/errno.ts';
import type { Attr } from './attr.ts';
import { OBJ } from './attr_table.ts';
import { AT_FDCWD, type Caller } from './caller.ts';
import { fileMode } from './fd.ts';
import type { Kernel } from './kernel.ts';
import { newObjectFd } from './new_fd.ts';

const AT = OBJ.at;
const PATH_FD = BPF_F_MAP.PATH_FD;
const PINNABLE: ReadonlySet<ObjectKind> = new Set<ObjectKind>(['map', 'prog', 'link']);

/** Where relative paths start, or undefined when path_fd is given without its flag. */
function pathFd(attr: Attr, flags: number): number | undefined {
  const fd = attr.getSigned(AT.path_fd);
  if ((flags & PATH_FD) !== 0) return fd;
  return fd === 0 ? AT_FDCWD : undefined;
}

/** OBJ_PIN. */
export function objPin(_kernel: Kernel, attr: Attr, caller: Caller): number {
  const flags = attr.get(AT.file_flags);
  if ((flags & ~PATH_FD) !== 0) return -EINVAL;
  const at = pathFd(attr, flags);
  if (at === undefined) return -EINVAL;
  const file = caller.fdget(attr.get(AT.bpf_fd));
  // A closed descriptor is no pinnable object either (bpf_fd_probe_obj).
  if (!(file instanceof BpfFile) || !PINNABLE.has(file.object.kind)) return -EINVAL;
  return caller.paths.pin(at, attr.addr(AT.pathname), file.object);
}

/** OBJ_GET. */
export function objGet(kernel: Kernel, attr: Attr, caller: Caller): number {
  const flags = attr.get(AT.file_flags);
  const known = BPF_F_MAP.RDONLY | BPF_F_MAP.WRONLY | PATH_FD;
  if (attr.get(AT.bpf_fd) !== 0 || (flags & ~known) !== 0) return -EINVAL;
  const at = pathFd(attr, flags);
  if (at === undefined) return -EINVAL;
  const mode = fileMode(flags);
  if (mode < 0) return mode;
  const object = caller.paths.get(at, attr.addr(AT.pathname), mode);
  if (typeof object === 'number') return object;
  // Links have no descriptors for reading or writing alone; programs take the flags and ignore them.
  if (object.kind === 'link' && mode !== (FMODE_READ | FMODE_WRITE)) {
    object.putUser();
    return -EINVAL;
  }
  return newObjectFd(kernel, caller, object, object.kind === 'map' ? mode : undefined);
}
