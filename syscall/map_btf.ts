/**
 * The key and value types of a new map, and the special fields of its value
 * (`map_check_btf`, kernel/bpf/syscall.c).
 */
import type { Btf, BtfFieldKind } from '../btf/btf.ts';
import { MAP_VALUE_FIELDS } from '../btf/fields.ts';
import { checkFields, parseFields } from '../btf/record.ts';
import type { BpfMap } from '../maps/map.ts';
import { BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { CAP } from '../uapi/capability.ts';
import { EACCES, EINVAL, ENOTSUP, EPERM } from '../uapi/errno.ts';
import type { Caller } from './caller.ts';
import { capable } from './fd.ts';

const T = BPF_MAP_TYPE;
const STORAGE = [T.SK_STORAGE, T.INODE_STORAGE, T.TASK_STORAGE, T.CGRP_STORAGE] as const;
const LOCK_TYPES: readonly number[] = [T.HASH, T.ARRAY, T.CGROUP_STORAGE, ...STORAGE];
const TIMER_TYPES: readonly number[] = [T.HASH, T.LRU_HASH, T.ARRAY];
const KPTR_TYPES: readonly number[] = [
  T.HASH,
  T.PERCPU_HASH,
  T.LRU_HASH,
  T.LRU_PERCPU_HASH,
  T.ARRAY,
  T.PERCPU_ARRAY,
  ...STORAGE,
];

/** Map types whose values may have each kind of special field. */
const FIELD_TYPES: Readonly<Record<BtfFieldKind, readonly number[]>> = {
  bpf_spin_lock: LOCK_TYPES,
  bpf_res_spin_lock: LOCK_TYPES,
  bpf_timer: TIMER_TYPES,
  bpf_wq: TIMER_TYPES,
  bpf_task_work: TIMER_TYPES,
  kptr_unref: KPTR_TYPES,
  kptr_ref: KPTR_TYPES,
  kptr_percpu: KPTR_TYPES,
  bpf_refcount: KPTR_TYPES,
  uptr: [T.TASK_STORAGE],
  bpf_list_head: TIMER_TYPES,
  bpf_rb_root: TIMER_TYPES,
  bpf_list_node: [],
  bpf_rb_node: [],
};

/** Checks the types and keeps the record of special fields in the map: 0 or -errno. */
export function mapCheckBtf(
  map: BpfMap,
  btf: Btf,
  keyTypeId: number,
  valueTypeId: number,
  caller: Caller,
  vmlinux: Btf | undefined,
): number {
  if (keyTypeId !== 0) {
    if (btf.typeIdSize(keyTypeId)?.size !== map.keySize) return -EINVAL;
  } else if (map.ops.checkBtf === undefined) return -EINVAL;
  const value = btf.typeIdSize(valueTypeId);
  if (value?.size !== map.valueSize) return -EINVAL;
  const record = parseFields(btf, value.id, MAP_VALUE_FIELDS, map.valueSize, vmlinux);
  // Fields that cannot be used (an errno) do not keep the map from being made.
  if (typeof record !== 'number' && record !== undefined) {
    map.record = record;
    if (!capable(caller, CAP.BPF)) return -EPERM;
    if ((map.mapFlags & (BPF_F_MAP.RDONLY_PROG | BPF_F_MAP.WRONLY_PROG)) !== 0) return -EACCES;
    for (const field of record.fields) if (!FIELD_TYPES[field.kind].includes(map.mapType)) return -ENOTSUP;
    const err = checkFields(btf, record);
    if (err < 0) return err;
  }
  return map.ops.checkBtf?.(map, btf, keyTypeId, valueTypeId) ?? 0;
}
