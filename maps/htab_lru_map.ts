/**
 * BPF_MAP_TYPE_LRU_HASH and BPF_MAP_TYPE_LRU_PERCPU_HASH: the table of hashtab.ts
 * with the lists of bpf_lru_list.ts (source: behaviour of `htab_lru_map_ops` and
 * `htab_lru_percpu_map_ops`).
 *
 * A program that looks a key up marks it as used; the system call does not.
 */
import type { KernelEnv } from '../base/env.ts';
import { BPF_ELEM, BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { EINVAL, ENOENT, ENOMEM } from '../uapi/errno.ts';
import { BpfLru, LRU_ELEM_HEADER, LRU_NODE, type LruTable, NODE_REF } from './bpf_lru_list.ts';
import {
  alignedKey,
  checkElemFlags,
  freeElemFields,
  HtabMap,
  htabAlloc,
  htabFind,
  htabForEach,
  htabHash,
  htabInsert,
  htabLookupElem,
  htabNextKey,
  htabSetKey,
  htabSetValue,
} from './hashtab.ts';
import { unlinkElement } from './htab_layout.ts';
import {
  htabAllocCheck,
  htabBuckets,
  htabFree,
  htabShowElem,
  htabSysLookup,
  percpuSetValue,
  percpuUserValueSize,
} from './htab_map.ts';
import type { BpfMap, MapCreateAttr, MapOps } from './map.ts';
import { mapMetaEqual } from './map_in_map.ts';
import { htabMemUsage } from './mem_usage.ts';

/** A table whose elements are on LRU lists. */
export class HtabLruMap extends HtabMap implements LruTable {
  readonly lru: BpfLru;

  constructor(ops: MapOps, env: KernelEnv, attr: MapCreateAttr, percpu: boolean, nrBuckets: number) {
    super(ops, env, attr, { percpu, elemHeader: LRU_ELEM_HEADER }, nrBuckets);
    const noCommon = (attr.mapFlags & BPF_F_MAP.NO_COMMON_LRU) !== 0;
    this.lru = new BpfLru(env.arena, env.nrCpus, noCommon, attr.maxEntries, this);
  }

  freeFields(element: number): void {
    if (this.record !== undefined) freeElemFields(this, element);
  }

  override freeAll(): void {
    super.freeAll();
    this.lru.free(this.env.arena);
  }
}

/** `bpf_lru_node_set_ref`: the element was used. */
function setRef(map: HtabLruMap, element: number): void {
  const i32 = map.i32;
  i32[(i32[(element >> 2) + LRU_NODE]! >> 2) + NODE_REF] = 1;
}

function alloc(ops: MapOps, attr: MapCreateAttr, env: KernelEnv, percpu: boolean): HtabMap | number {
  if ((attr.mapFlags & BPF_F_MAP.NO_COMMON_LRU) !== 0) {
    const nrCpus = env.nrCpus;
    let maxEntries = Math.ceil(attr.maxEntries / nrCpus) * nrCpus;
    if (maxEntries > 0xffffffff) maxEntries = Math.floor(attr.maxEntries / nrCpus) * nrCpus;
    attr = { ...attr, maxEntries };
  }
  return htabAlloc(
    env,
    attr,
    { percpu, elemHeader: LRU_ELEM_HEADER },
    (nrBuckets) => new HtabLruMap(ops, env, attr, percpu, nrBuckets),
    fillLists,
  );
}

function fillLists(map: HtabMap): boolean {
  const { lru } = map as HtabLruMap;
  if (!lru.ok) return false;
  const base = map.allocBlock(map.maxEntries);
  if (base === 0) return false;
  lru.populate(base, map.elemSize, map.maxEntries);
  return true;
}

/** Puts a fresh element with its key into the table. */
function insert(map: HtabLruMap, element: number): void {
  htabInsert(map, element);
  map.count++;
}

/** Takes an element out of the table and frees it. */
function removeElem(map: HtabMap, element: number): void {
  const htab = map as HtabLruMap;
  if (unlinkElement(htab, element)) htab.count--;
  htab.freeFields(element);
  htab.lru.pushFree(element);
}

/** `htab_lru_map_update_elem`: always takes a new element first, which may evict another key. */
function update(map: BpfMap, key: number, value: number, flags: number): number {
  if (flags >>> 0 > BPF_ELEM.EXIST) return -EINVAL;
  const htab = map as HtabLruMap;
  key = alignedKey(htab, key);
  const hash = htabHash(htab, key);
  const element = htab.lru.popFree(htab.env.cpu);
  if (element === 0) return -ENOMEM;
  htabSetKey(htab, element, key, hash);
  htabSetValue(htab, element, value);
  const old = htabFind(htab, key, hash);
  const error = flags === BPF_ELEM.ANY ? 0 : checkElemFlags(old !== 0, flags);
  if (error !== 0) {
    htab.lru.pushFree(element);
    return error;
  }
  insert(htab, element);
  if (old !== 0) {
    setRef(htab, element);
    removeElem(htab, old);
  }
  return 0;
}

function remove(map: BpfMap, key: number): number {
  const htab = map as HtabLruMap;
  const element = htabLookupElem(htab, key);
  if (element === 0) return -ENOENT;
  removeElem(htab, element);
  return 0;
}

/** A program's lookup: the element counts as used. */
function lookupCpu(map: BpfMap, key: number, cpu: number): number {
  const htab = map as HtabLruMap;
  const element = htabLookupElem(htab, key);
  if (element === 0) return 0;
  setRef(htab, element);
  return element + htab.valueOffset + cpu * htab.valueStride;
}

const shared = {
  allocCheck: htabAllocCheck,
  free: htabFree,
  remove,
  nextKey: (map: BpfMap, key: number, next: number) => htabNextKey(map as HtabMap, key, next),
  sysLookup: (map: BpfMap, key: number, value: number) => htabSysLookup(map, key, value),
  sysLookupAndDelete: (map: BpfMap, key: number, value: number) => htabSysLookup(map, key, value, removeElem),
  batch: 'htab',
  buckets: htabBuckets(removeElem),
  forEach: (map: BpfMap, visit: (key: number, value: number) => number) => htabForEach(map as HtabMap, visit),
  metaEqual: mapMetaEqual,
  showElem: htabShowElem,
  memUsage: (map: BpfMap) => htabMemUsage(map as HtabMap),
} as const;

/** BPF_MAP_TYPE_LRU_HASH. */
export const htabLruMapOps: MapOps = {
  ...shared,
  type: BPF_MAP_TYPE.LRU_HASH,
  alloc: (attr, env) => alloc(htabLruMapOps, attr, env, false),
  lookup: (map, key) => lookupCpu(map, key, 0),
  update,
};

/** `__htab_lru_percpu_map_update_elem`: a key that exists is written in place, and marked as used. */
function percpuUpdate(map: BpfMap, key: number, value: number, flags: number, allCpus: boolean): number {
  if (flags >>> 0 > BPF_ELEM.EXIST) return -EINVAL;
  const htab = map as HtabLruMap;
  key = alignedKey(htab, key);
  const hash = htabHash(htab, key);
  let element = 0;
  if (flags !== BPF_ELEM.EXIST) {
    element = htab.lru.popFree(htab.env.cpu);
    if (element === 0) return -ENOMEM;
    htabSetKey(htab, element, key, hash);
  }
  const old = htabFind(htab, key, hash);
  const error = checkElemFlags(old !== 0, flags);
  if (error === 0 && old === 0) {
    percpuSetValue(htab, element, value, allCpus, true);
    insert(htab, element);
    return 0;
  }
  if (error === 0) {
    setRef(htab, old);
    percpuSetValue(htab, old, value, allCpus, false);
  }
  if (element !== 0) htab.lru.pushFree(element);
  return error;
}

/** BPF_MAP_TYPE_LRU_PERCPU_HASH. */
export const htabLruPercpuMapOps: MapOps = {
  ...shared,
  type: BPF_MAP_TYPE.LRU_PERCPU_HASH,
  alloc: (attr, env) => alloc(htabLruPercpuMapOps, attr, env, true),
  lookup: (map, key) => lookupCpu(map, key, map.env.cpu),
  lookupPercpu: (map, key, cpu) => (cpu >= 0 && cpu < map.env.nrCpus ? lookupCpu(map, key, cpu) : 0),
  update: (map, key, value, flags) => percpuUpdate(map, key, value, flags, false),
  userValueSize: percpuUserValueSize,
  sysUpdate: (map, key, value, flags) => percpuUpdate(map, key, value, flags, true),
};
