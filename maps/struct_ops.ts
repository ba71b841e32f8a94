/**
 * BPF_MAP_TYPE_STRUCT_OPS (source: behaviour of kernel/bpf/bpf_struct_ops.c). The
 * emulated kernel registers no structure of operations, so after the checks of
 * the attributes every type is unknown: -ENOTSUPP, as the kernel answers for a type
 * of its BTF that is none.
 */
import { BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { EINVAL, ENOTSUPP } from '../uapi/errno.ts';
import type { MapOps } from './map.ts';

/** BPF_MAP_TYPE_STRUCT_OPS. */
export const structOpsMapOps: MapOps = {
  type: BPF_MAP_TYPE.STRUCT_OPS,
  allocCheck(attr) {
    const flags = BPF_F_MAP.LINK | BPF_F_MAP.VTYPE_BTF_OBJ_FD;
    const wrong = attr.keySize !== 4 || attr.maxEntries !== 1 || (attr.mapFlags & ~flags) !== 0;
    return wrong || (attr.btfVmlinuxValueTypeId ?? 0) === 0 ? -EINVAL : 0;
  },
  alloc: () => -ENOTSUPP,
  free: () => {},
  memUsage: () => 0,
};
