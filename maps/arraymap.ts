/**
 * BPF_MAP_TYPE_ARRAY and BPF_MAP_TYPE_PERCPU_ARRAY (source: behaviour of
 * kernel/bpf/arraymap.c, recorded).
 *
 * The values lie one after the other, each rounded up to 8 bytes, at word
 * {@link ARRAY_HEADER}.values of the map's header; per-CPU arrays have one such
 * value a CPU at each index. A BPF_F_MMAPABLE array starts on a page and is whole
 * pages long, since a client maps it.
 */
import type { KernelEnv } from '../base/env.ts';
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf.ts';
import { PAGE_SIZE } from '../mm/arena.ts';
import { BPF_ELEM, BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EEXIST, EINVAL, ENOENT, ENOMEM } from '../uapi/errno.ts';
import { ACCESS_FLAGS, flagsOk, NUMA_NO_NODE, PCPU_MIN_UNIT_SIZE, roundUpPow2 } from './alloc_check.ts';
import { checkRegularInt } from './btf_check.ts';
import { copyPercpuOut } from './hashtab.ts';
import { percpuUserValueSize } from './htab_map.ts';
import { BpfMap, MAP_HEADER_SIZE, type MapCreateAttr, type MapOps } from './map.ts';
import { arrayMetaEqual, mapMetaEqual } from './map_in_map.ts';
import { arrayMemUsage } from './mem_usage.ts';
import { arrayShowElem, percpuArrayShowElem } from './show.ts';
import { copyMapValue, copyValueOut, freeSpecialFields, hasSpinLock, roundUp8 } from './value.ts';

/** Words of the map's header: where the values are, their size, the mask for indices. */
const ARRAY_HEADER = { values: 4, elemSize: 5, indexMask: 6 } as const;

const ARRAY_FLAGS =
  BPF_F_MAP.NUMA_NODE | BPF_F_MAP.MMAPABLE | ACCESS_FLAGS | BPF_F_MAP.PRESERVE_ELEMS | BPF_F_MAP.INNER_MAP;

/** A map that is an array of values. */
export class ArrayMap extends BpfMap {
  readonly ops: MapOps;
  readonly i32: Int32Array;
  /** Address of the first value. */
  readonly values: number;
  /** Bytes of one value (of one CPU), rounded up to 8. */
  readonly valueStride: number;
  /** Bytes from one index to the next. */
  readonly elemSize: number;
  readonly indexMask: number;
  /** Bytes of the block of values. */
  readonly bytes: number;

  constructor(ops: MapOps, env: KernelEnv, attr: MapCreateAttr, percpu: boolean, bytes: number) {
    super(env, attr);
    this.ops = ops;
    this.i32 = env.arena.i32;
    this.valueStride = roundUp8(attr.valueSize);
    this.elemSize = this.valueStride * (percpu ? env.nrCpus : 1);
    this.indexMask = (roundUpPow2(attr.maxEntries) - 1) | 0;
    this.bytes = bytes;
    this.values = env.arena.alloc(bytes);
    if (this.addr === 0) return;
    this.i32[(this.addr >> 2) + ARRAY_HEADER.values] = this.values;
    this.i32[(this.addr >> 2) + ARRAY_HEADER.elemSize] = this.elemSize;
    this.i32[(this.addr >> 2) + ARRAY_HEADER.indexMask] = this.indexMask;
  }
}

/** The 32-bit index at an address of any alignment, unsigned. */
export function readIndex(map: BpfMap, key: number): number {
  const arena = map.env.arena;
  return (key & 3) === 0 ? arena.u32[key >> 2]! : arena.view.getUint32(key, true);
}

/** `array_map_alloc_check`, for the types that build on it. */
export function arrayAllocCheck(attr: MapCreateAttr): number {
  const percpu = attr.mapType === BPF_MAP_TYPE.PERCPU_ARRAY;
  const flags = attr.mapFlags;
  if (attr.maxEntries === 0 || attr.keySize !== 4 || attr.valueSize === 0) return -EINVAL;
  if (!flagsOk(flags, ARRAY_FLAGS)) return -EINVAL;
  if (percpu && attr.numaNode !== NUMA_NO_NODE) return -EINVAL;
  if (attr.mapType !== BPF_MAP_TYPE.ARRAY && (flags & (BPF_F_MAP.MMAPABLE | BPF_F_MAP.INNER_MAP)) !== 0) return -EINVAL;
  if (attr.mapType !== BPF_MAP_TYPE.PERF_EVENT_ARRAY && (flags & BPF_F_MAP.PRESERVE_ELEMS) !== 0) return -EINVAL;
  if (attr.valueSize > 0x7fffffff) return -E2BIG;
  if (percpu && roundUp8(attr.valueSize) > PCPU_MIN_UNIT_SIZE) return -E2BIG;
  return 0;
}

/** Makes a map over an array of values: the map, or -ENOMEM. `make` builds the object over a block of so many bytes. */
export function arrayAlloc(
  env: KernelEnv,
  attr: MapCreateAttr,
  percpu: boolean,
  make: (bytes: number) => ArrayMap,
): ArrayMap | number {
  let bytes = roundUp8(attr.valueSize) * attr.maxEntries * (percpu ? env.nrCpus : 1);
  if ((attr.mapFlags & BPF_F_MAP.MMAPABLE) !== 0) bytes = Math.ceil(bytes / PAGE_SIZE) * PAGE_SIZE;
  if (bytes > env.arena.available) return -ENOMEM;
  const map = make(bytes);
  if (map.addr !== 0 && map.values !== 0) return map;
  env.arena.free(map.values, bytes);
  env.arena.free(map.addr, MAP_HEADER_SIZE);
  return -ENOMEM;
}

function alloc(ops: MapOps, attr: MapCreateAttr, env: KernelEnv, percpu: boolean): ArrayMap | number {
  return arrayAlloc(env, attr, percpu, (bytes) => new ArrayMap(ops, env, attr, percpu, bytes));
}

function free(map: BpfMap): void {
  const array = map as ArrayMap;
  if (array.record !== undefined) {
    for (let at = 0; at < array.bytes; at += array.valueStride) freeSpecialFields(array, array.values + at);
  }
  array.env.arena.free(array.values, array.bytes);
}

function lookup(map: BpfMap, key: number): number {
  const array = map as ArrayMap;
  const index = (key & 3) === 0 ? array.i32[key >> 2]! >>> 0 : readIndex(map, key);
  return index < array.maxEntries ? array.values + (index & array.indexMask) * array.elemSize : 0;
}

/** Checks of flags and index that all array updates share: 0 or -errno. */
function arrayUpdateCheck(map: BpfMap, index: number, flags: number): number {
  if (flags >>> 0 > 7 || (flags & 3) === 3) return -EINVAL;
  if (index >= map.maxEntries) return -E2BIG;
  if ((flags & BPF_ELEM.NOEXIST) !== 0) return -EEXIST;
  return (flags & BPF_ELEM.F_LOCK) !== 0 && !hasSpinLock(map) ? -EINVAL : 0;
}

function update(map: BpfMap, key: number, value: number, flags: number): number {
  const array = map as ArrayMap;
  const index = readIndex(map, key);
  const error = arrayUpdateCheck(map, index, flags);
  if (error !== 0) return error;
  const at = array.values + (index & array.indexMask) * array.elemSize;
  copyMapValue(array, at, value);
  freeSpecialFields(array, at);
  return 0;
}

/** `array_map_get_next_key`: an index out of range, or no key, starts at 0. */
export function arrayNextKey(map: BpfMap, key: number, next: number): number {
  const index = key === 0 ? 0xffffffff : readIndex(map, key);
  let following = 0;
  if (index < map.maxEntries) {
    if (index === map.maxEntries - 1) return -ENOENT;
    following = index + 1;
  }
  map.env.arena.view.setUint32(next, following, true);
  return 0;
}

function forEach(map: BpfMap, visit: (key: number, value: number) => number, cpuOffset: number): number {
  const array = map as ArrayMap;
  const arena = array.env.arena;
  const key = arena.alloc(4);
  if (key === 0) return -ENOMEM;
  let index = 0;
  while (index < array.maxEntries) {
    arena.u32[key >> 2] = index;
    const stop = visit(key, array.values + index * array.elemSize + cpuOffset);
    index++;
    if (stop !== 0) break;
  }
  arena.free(key, 4);
  return index;
}

/** `array_map_check_btf`: the key is a plain 32-bit integer; no key and a data section is a global data map. */
function arrayCheckBtf(map: BpfMap, btf: Btf, keyTypeId: number, valueTypeId: number): number {
  if (keyTypeId === 0) {
    const isData = btf.type(valueTypeId)?.kind === BTF_KIND.DATASEC;
    return map.mapType === BPF_MAP_TYPE.ARRAY && map.maxEntries === 1 && isData ? 0 : -EINVAL;
  }
  return checkRegularInt(btf, keyTypeId, 4) ? 0 : -EINVAL;
}

/** BPF_MAP_TYPE_ARRAY. */
export const arrayMapOps: MapOps = {
  type: BPF_MAP_TYPE.ARRAY,
  allocCheck: arrayAllocCheck,
  alloc: (attr, env) => alloc(arrayMapOps, attr, env, false),
  free,
  lookup,
  update,
  remove: () => -EINVAL,
  nextKey: arrayNextKey,
  sysLookup(map, key, value) {
    const from = lookup(map, key);
    if (from === 0) return -ENOENT;
    copyValueOut(map, value, from);
    return 0;
  },
  batch: 'generic',
  forEach: (map, visit) => forEach(map, visit, 0),
  memUsage: arrayMemUsage,
  checkBtf: arrayCheckBtf,
  showElem: arrayShowElem,
  metaEqual: arrayMetaEqual,
  mmapRange(map) {
    const array = map as ArrayMap;
    return { offset: array.values, length: array.bytes };
  },
};

function percpuLookupCpu(map: BpfMap, key: number, cpu: number): number {
  const array = map as ArrayMap;
  const index = readIndex(map, key);
  if (index >= array.maxEntries || !(cpu >= 0 && cpu < array.env.nrCpus)) return 0;
  return array.values + (index & array.indexMask) * array.elemSize + cpu * array.valueStride;
}

/** BPF_MAP_TYPE_PERCPU_ARRAY. */
export const percpuArrayMapOps: MapOps = {
  type: BPF_MAP_TYPE.PERCPU_ARRAY,
  allocCheck: arrayAllocCheck,
  alloc: (attr, env) => alloc(percpuArrayMapOps, attr, env, true),
  free,
  lookup: (map, key) => percpuLookupCpu(map, key, map.env.cpu),
  lookupPercpu: percpuLookupCpu,
  update(map, key, value, flags) {
    const error = arrayUpdateCheck(map, readIndex(map, key), flags);
    if (error !== 0) return error;
    const at = percpuLookupCpu(map, key, map.env.cpu);
    copyMapValue(map, at, value);
    freeSpecialFields(map, at);
    return 0;
  },
  remove: () => -EINVAL,
  nextKey: arrayNextKey,
  userValueSize: percpuUserValueSize,
  sysLookup(map, key, value) {
    const from = percpuLookupCpu(map, key, 0);
    if (from === 0) return -ENOENT;
    copyPercpuOut(map, value, from, (map as ArrayMap).valueStride);
    return 0;
  },
  sysUpdate(map, key, value, flags) {
    if (flags >>> 0 > BPF_ELEM.EXIST) return -EINVAL;
    const error = arrayUpdateCheck(map, readIndex(map, key), flags);
    if (error !== 0) return error;
    const array = map as ArrayMap;
    const to = percpuLookupCpu(map, key, 0);
    if (array.record === undefined) {
      array.env.arena.copy(to, value, array.elemSize);
      return 0;
    }
    for (let at = 0; at < array.elemSize; at += array.valueStride) {
      copyMapValue(array, to + at, value + at);
      freeSpecialFields(array, to + at);
    }
    return 0;
  },
  batch: 'generic',
  forEach: (map, visit) => forEach(map, visit, map.env.cpu * (map as ArrayMap).valueStride),
  memUsage: arrayMemUsage,
  checkBtf: arrayCheckBtf,
  showElem: percpuArrayShowElem,
  metaEqual: mapMetaEqual,
};
