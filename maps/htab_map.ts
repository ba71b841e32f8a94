/**
 * BPF_MAP_TYPE_HASH and BPF_MAP_TYPE_PERCPU_HASH over the table of hashtab.ts
 * (source: behaviour of `htab_map_ops` and `htab_percpu_map_ops`).
 */
import type { KernelEnv } from '../base/env.ts';
import { BPF_ELEM, BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { CAP } from '../uapi/capability.ts';
import { E2BIG, EINVAL, ENOENT, ENOMEM, ENOTSUPP, EPERM } from '../uapi/errno.ts';
import { ACCESS_FLAGS, flagsOk, KMALLOC_MAX_SIZE, NUMA_NO_NODE, PCPU_MIN_UNIT_SIZE } from './alloc_check.ts';
import {
  alignedKey,
  checkElemFlags,
  HtabMap,
  type HtabShape,
  htabAlloc,
  htabAllocElem,
  htabCopyOut,
  htabFind,
  htabForEach,
  htabHash,
  htabInsert,
  htabLookupElem,
  htabNextKey,
  htabRemove,
  htabRemoveElem,
  htabSetKey,
  htabUpdate,
} from './hashtab.ts';
import { ELEM_NEXT } from './htab_layout.ts';
import type { BpfMap, MapBuckets, MapCreateAttr, MapCreator, MapOps, ShowSink } from './map.ts';
import { mapMetaEqual } from './map_in_map.ts';
import { htabMemUsage } from './mem_usage.ts';
import { showKeyed } from './show.ts';
import { checkAndInitMapValue, copyMapValue, freeSpecialFields, roundUp8 } from './value.ts';

const HTAB_FLAGS = BPF_F_MAP.NO_PREALLOC | BPF_F_MAP.NO_COMMON_LRU | BPF_F_MAP.NUMA_NODE | ACCESS_FLAGS;

/** sizeof(struct htab_elem): the key and value must fit one kmalloc block with it. */
const SIZEOF_HTAB_ELEM = 48;

/** `htab_map_alloc_check`, for every type that is a hash table. */
export function htabAllocCheck(attr: MapCreateAttr, _env: KernelEnv, caller: MapCreator): number {
  const type = attr.mapType;
  const percpu = type === BPF_MAP_TYPE.PERCPU_HASH || type === BPF_MAP_TYPE.LRU_PERCPU_HASH;
  const lru = type === BPF_MAP_TYPE.LRU_HASH || type === BPF_MAP_TYPE.LRU_PERCPU_HASH;
  const flags = attr.mapFlags;
  const percpuLru = (flags & BPF_F_MAP.NO_COMMON_LRU) !== 0;
  if ((flags & BPF_F_MAP.ZERO_SEED) !== 0 && !caller.hasCap(CAP.SYS_ADMIN)) return -EPERM;
  if (!flagsOk(flags, HTAB_FLAGS | BPF_F_MAP.ZERO_SEED)) return -EINVAL;
  if (!lru && percpuLru) return -EINVAL;
  if (lru && (flags & BPF_F_MAP.NO_PREALLOC) !== 0) return -ENOTSUPP;
  if (attr.numaNode !== NUMA_NO_NODE && (percpu || percpuLru)) return -EINVAL;
  if (attr.maxEntries === 0 || attr.keySize === 0 || attr.valueSize === 0) return -EINVAL;
  if (attr.keySize + attr.valueSize >= KMALLOC_MAX_SIZE - SIZEOF_HTAB_ELEM) return -E2BIG;
  if (percpu && roundUp8(attr.valueSize) > PCPU_MIN_UNIT_SIZE) return -E2BIG;
  return 0;
}

function alloc(ops: MapOps, attr: MapCreateAttr, env: KernelEnv, shape: HtabShape): HtabMap | number {
  return htabAlloc(env, attr, shape, (nrBuckets) => new HtabMap(ops, env, attr, shape, nrBuckets));
}

/** `htab_map_free`. */
export function htabFree(map: BpfMap): void {
  const htab = map as HtabMap;
  if (htab.record !== undefined) htabForEach(htab, (_key, value) => freeVisited(htab, value));
  htab.freeAll();
}

function freeVisited(htab: HtabMap, value: number): number {
  if (!htab.percpu) freeSpecialFields(htab, value);
  else {
    const first = value - htab.env.cpu * htab.valueStride;
    for (let cpu = 0; cpu < htab.env.nrCpus; cpu++) freeSpecialFields(htab, first + cpu * htab.valueStride);
  }
  return 0;
}

/** The table as batches walk it; `remove` and `copyOut` are the type's own ways to free an element and to read it. */
export function htabBuckets(
  remove: (map: HtabMap, element: number) => void,
  copyOut: (map: HtabMap, element: number, value: number) => void = htabCopyOut,
): MapBuckets {
  return {
    count: (map) => (map as HtabMap).nrBuckets,
    length(map, bucket) {
      const htab = map as HtabMap;
      let length = 0;
      for (let at = htab.i32[htab.table + bucket]!; at !== 0; at = htab.i32[(at >> 2) + ELEM_NEXT]!) length++;
      return length;
    },
    copy(map, bucket, keys, values, removeThem) {
      const htab = map as HtabMap;
      const rowSize = htab.ops.userValueSize?.(htab) ?? htab.valueSize;
      let element = htab.i32[htab.table + bucket]!;
      while (element !== 0) {
        const next = htab.i32[(element >> 2) + ELEM_NEXT]!;
        htab.env.arena.copy(keys, element + htab.keyOffset, htab.keySize);
        copyOut(htab, element, values);
        keys += htab.keySize;
        values += rowSize;
        if (removeThem) remove(htab, element);
        element = next;
      }
    },
  };
}

/** Bytes user space exchanges for the values of all CPUs. */
export function percpuUserValueSize(map: BpfMap): number {
  return roundUp8(map.valueSize) * map.env.nrCpus;
}

function lookup(map: BpfMap, key: number): number {
  const htab = map as HtabMap;
  const element = htabLookupElem(htab, key);
  return element === 0 ? 0 : element + htab.valueOffset;
}

/** Copies an element's value out for user space; and removes the element when `remove` is given. */
export function htabSysLookup(
  map: BpfMap,
  key: number,
  value: number,
  remove?: (htab: HtabMap, element: number) => void,
): number {
  const htab = map as HtabMap;
  const element = htabLookupElem(htab, key);
  if (element === 0) return -ENOENT;
  htabCopyOut(htab, element, value);
  remove?.(htab, element);
  return 0;
}

/** `htab_map_seq_show_elem`, `htab_percpu_map_seq_show_elem`. */
export function htabShowElem(map: BpfMap, key: number, out: ShowSink): void {
  const htab = map as HtabMap;
  const element = htabLookupElem(htab, key);
  if (element !== 0) showKeyed(map, key, element + htab.valueOffset, htab.percpu, out);
}

/** BPF_MAP_TYPE_HASH. */
export const htabMapOps: MapOps = {
  type: BPF_MAP_TYPE.HASH,
  allocCheck: htabAllocCheck,
  alloc: (attr, env) => alloc(htabMapOps, attr, env, { percpu: false }),
  free: htabFree,
  lookup,
  update: (map, key, value, flags) => htabUpdate(map as HtabMap, key, value, flags),
  remove: (map, key) => htabRemove(map as HtabMap, key),
  nextKey: (map, key, next) => htabNextKey(map as HtabMap, key, next),
  sysLookup: (map, key, value) => htabSysLookup(map, key, value),
  sysLookupAndDelete: (map, key, value) => htabSysLookup(map, key, value, htabRemoveElem),
  batch: 'htab',
  buckets: htabBuckets(htabRemoveElem),
  forEach: (map, visit) => htabForEach(map as HtabMap, visit),
  metaEqual: mapMetaEqual,
  showElem: htabShowElem,
  memUsage: (map) => htabMemUsage(map as HtabMap),
};

/** A program's value of an element: its CPU's. */
function percpuLookup(map: BpfMap, key: number): number {
  return percpuLookupCpu(map, key, map.env.cpu);
}

function percpuLookupCpu(map: BpfMap, key: number, cpu: number): number {
  if (!(cpu >= 0 && cpu < map.env.nrCpus)) return 0;
  const htab = map as HtabMap;
  const element = htabLookupElem(htab, key);
  return element === 0 ? 0 : element + htab.valueOffset + cpu * htab.valueStride;
}

/** `pcpu_copy_value`, `pcpu_init_value`: this CPU's value from a program, or all CPUs' from user space. */
export function percpuSetValue(htab: HtabMap, element: number, value: number, allCpus: boolean, fresh: boolean): void {
  const values = element + htab.valueOffset;
  const { arena, cpu, nrCpus } = htab.env;
  if (!allCpus) {
    if (fresh) arena.zero(values, htab.valueStride * nrCpus);
    copyMapValue(htab, values + cpu * htab.valueStride, value);
    freeSpecialFields(htab, values + cpu * htab.valueStride);
    return;
  }
  if (htab.record === undefined) {
    arena.copy(values, value, htab.valueStride * nrCpus);
    return;
  }
  for (let each = 0; each < nrCpus; each++) {
    const at = values + each * htab.valueStride;
    if (fresh) checkAndInitMapValue(htab, at);
    copyMapValue(htab, at, value + each * htab.valueStride);
    freeSpecialFields(htab, at);
  }
}

/** `__htab_percpu_map_update_elem`: a key that exists is written in place. */
function percpuUpdate(map: BpfMap, key: number, value: number, flags: number, allCpus: boolean): number {
  if (flags >>> 0 > BPF_ELEM.EXIST) return -EINVAL;
  const htab = map as HtabMap;
  key = alignedKey(htab, key);
  const hash = htabHash(htab, key);
  const old = htabFind(htab, key, hash);
  const error = checkElemFlags(old !== 0, flags);
  if (error !== 0) return error;
  if (old !== 0) {
    percpuSetValue(htab, old, value, allCpus, false);
    return 0;
  }
  if (htab.count >= htab.maxEntries) return -E2BIG;
  const element = htabAllocElem(htab);
  if (element === 0) return -ENOMEM;
  htab.count++;
  htabSetKey(htab, element, key, hash);
  percpuSetValue(htab, element, value, allCpus, true);
  htabInsert(htab, element);
  return 0;
}

/** BPF_MAP_TYPE_PERCPU_HASH. */
export const htabPercpuMapOps: MapOps = {
  type: BPF_MAP_TYPE.PERCPU_HASH,
  allocCheck: htabAllocCheck,
  alloc: (attr, env) => alloc(htabPercpuMapOps, attr, env, { percpu: true }),
  free: htabFree,
  lookup: percpuLookup,
  lookupPercpu: percpuLookupCpu,
  update: (map, key, value, flags) => percpuUpdate(map, key, value, flags, false),
  remove: (map, key) => htabRemove(map as HtabMap, key),
  nextKey: (map, key, next) => htabNextKey(map as HtabMap, key, next),
  userValueSize: percpuUserValueSize,
  sysLookup: (map, key, value) => htabSysLookup(map, key, value),
  sysUpdate: (map, key, value, flags) => percpuUpdate(map, key, value, flags, true),
  sysLookupAndDelete: (map, key, value) => htabSysLookup(map, key, value, htabRemoveElem),
  batch: 'htab',
  buckets: htabBuckets(htabRemoveElem),
  forEach: (map, visit) => htabForEach(map as HtabMap, visit),
  metaEqual: mapMetaEqual,
  showElem: htabShowElem,
  memUsage: (map) => htabMemUsage(map as HtabMap),
};
