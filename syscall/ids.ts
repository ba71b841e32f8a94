/**
 * Objects by id: GET_NEXT_ID and GET_FD_BY_ID of maps, programs, links and BTF.
 */
import type { Idr } from '../base/idr.ts';
import type { BpfObject } from '../base/object.ts';
import { BPF_F_MAP } from '../uapi/bpf.ts';
import { CAP } from '../uapi/capability.ts';
import { EINVAL, ENOENT, EPERM } from '../uapi/errno.ts';
import type { Attr } from './attr.ts';
import { ID } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { fileMode, tokenOf } from './fd.ts';
import type { Kernel } from './kernel.ts';
import { newObjectFd } from './new_fd.ts';

const AT = ID.at;
const INT_MAX = 0x7fffffff;

type IdTable = 'maps' | 'progs' | 'links' | 'btfs';

function tableOf(kernel: Kernel, table: IdTable): Idr<BpfObject> {
  return kernel[table] as unknown as Idr<BpfObject>;
}

/** `bpf_obj_get_next_id`: the smallest id above start_id goes to next_id. */
export function getNextId(table: IdTable) {
  return (kernel: Kernel, attr: Attr, caller: Caller): number => {
    const start = attr.get(AT.start_id);
    if (start >= INT_MAX) return -EINVAL;
    if (!caller.hasCap(CAP.SYS_ADMIN)) return -EPERM;
    const next = tableOf(kernel, table).nextAfter(start);
    return next === 0 ? -ENOENT : attr.put(caller, AT.next_id, next);
  };
}

/** A new descriptor of the object with this id; `mode` as it shall be opened. */
function openById(kernel: Kernel, table: IdTable, id: number, caller: Caller, mode?: number): number {
  const object = tableOf(kernel, table).find(id);
  if (object === undefined) return -ENOENT;
  object.getUser();
  return newObjectFd(kernel, caller, object, mode);
}

/** PROG_GET_FD_BY_ID. */
export function progGetFdById(kernel: Kernel, attr: Attr, caller: Caller): number {
  if (!caller.hasCap(CAP.SYS_ADMIN)) return -EPERM;
  return openById(kernel, 'progs', attr.get(AT.prog_id), caller);
}

/** LINK_GET_FD_BY_ID. */
export function linkGetFdById(kernel: Kernel, attr: Attr, caller: Caller): number {
  if (!caller.hasCap(CAP.SYS_ADMIN)) return -EPERM;
  return openById(kernel, 'links', attr.get(AT.link_id), caller);
}

/** MAP_GET_FD_BY_ID. */
export function mapGetFdById(kernel: Kernel, attr: Attr, caller: Caller): number {
  const flags = attr.get(AT.open_flags);
  if ((flags & ~(BPF_F_MAP.RDONLY | BPF_F_MAP.WRONLY)) !== 0) return -EINVAL;
  const mode = fileMode(flags);
  if (mode < 0) return mode;
  if (!caller.hasCap(CAP.SYS_ADMIN)) return -EPERM;
  return openById(kernel, 'maps', attr.get(AT.map_id), caller, mode);
}

/** BTF_GET_FD_BY_ID. */
export function btfGetFdById(kernel: Kernel, attr: Attr, caller: Caller): number {
  const flags = attr.get(AT.open_flags);
  if ((flags & ~BPF_F_MAP.TOKEN_FD) !== 0) return -EINVAL;
  if (flags !== 0) return tokenOf(caller, attr.getSigned(AT.fd_by_id_token_fd));
  if (!caller.hasCap(CAP.SYS_ADMIN)) return -EPERM;
  return openById(kernel, 'btfs', attr.get(AT.btf_id), caller);
}
