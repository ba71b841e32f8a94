/**
 * BPF_MAP_TYPE_DEVMAP and BPF_MAP_TYPE_DEVMAP_HASH (source: behaviour of
 * kernel/bpf/devmap.c, recorded). A value is `u32 ifindex` and, with 8 bytes, the
 * descriptor of an XDP program in and its id out. The emulated network has the
 * loopback device only ({@link LOOPBACK_IFINDEX}).
 */
import type { KernelEnv } from '../base/env.ts';
import type { BpfProgBase } from '../base/prog.ts';
import { BPF_ATTACH_TYPE, BPF_ELEM, BPF_F_MAP, BPF_MAP_TYPE, BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EEXIST, EINVAL, ENOENT, ENOMEM } from '../uapi/errno.ts';
import { roundUpPow2 } from './alloc_check.ts';
import { arrayNextKey, readIndex } from './arraymap.ts';
import { progOfFd } from './fd_object.ts';
import { BpfMap, type MapCreateAttr, type MapOps, type MapSyscall } from './map.ts';
import { mapMetaEqual } from './map_in_map.ts';
import { devMapMemUsage } from './mem_usage.ts';
import { mapCheckNoBtf } from './no_btf.ts';
import { NodePool } from './node_pool.ts';
import { progMapCompatible } from './prog_compatible.ts';

/** The only net device there is: lo. */
const LOOPBACK_IFINDEX = 1;

const DEV_FLAGS = BPF_F_MAP.NUMA_NODE | BPF_F_MAP.RDONLY | BPF_F_MAP.WRONLY;

interface Entry {
  readonly index: number;
  /** Address of the 8-byte value: ifindex, program id. */
  readonly value: number;
  readonly prog: BpfProgBase | undefined;
}

/** A map of net devices. */
class DevMap extends BpfMap {
  readonly ops: MapOps;
  readonly entries = new Map<number, Entry>();
  readonly pool: NodePool;
  /** DEVMAP_HASH: buckets that are not empty, newest entry first. */
  readonly buckets = new Map<number, number[]>();
  readonly mask: number;

  constructor(ops: MapOps, env: KernelEnv, attr: MapCreateAttr) {
    super(env, attr);
    this.ops = ops;
    this.pool = new NodePool(env.arena, 8);
    this.mask = roundUpPow2(attr.maxEntries) - 1;
  }
}

function allocCheck(attr: MapCreateAttr): number {
  if (attr.maxEntries === 0 || attr.keySize !== 4 || (attr.valueSize !== 4 && attr.valueSize !== 8)) return -EINVAL;
  if ((attr.mapFlags & ~DEV_FLAGS) !== 0) return -EINVAL;
  return 0;
}

function alloc(ops: MapOps, attr: MapCreateAttr, env: KernelEnv): BpfMap | number {
  if (attr.mapType === BPF_MAP_TYPE.DEVMAP_HASH && attr.maxEntries > 2 ** 31) return -EINVAL;
  if (attr.maxEntries * 8 > env.arena.available) return -ENOMEM;
  // A program's lookup gives the value itself: it must not write there.
  const map = new DevMap(ops, env, { ...attr, mapFlags: attr.mapFlags | BPF_F_MAP.RDONLY_PROG });
  return map.addr === 0 ? -ENOMEM : map;
}

function free(map: BpfMap): void {
  const dev = map as DevMap;
  for (const entry of dev.entries.values()) entry.prog?.put();
  dev.pool.freeAll();
}

/** `__dev_map_alloc_node`: the entry for a value, or -EINVAL, -ENOMEM. */
function newEntry(map: DevMap, index: number, value: number, sys: MapSyscall): Entry | number {
  const { view, i32 } = map.env.arena;
  const ifindex = view.getUint32(value, true);
  if (ifindex !== LOOPBACK_IFINDEX) return -EINVAL;
  const fd = map.valueSize === 8 ? view.getInt32(value + 4, true) : 0;
  let prog: BpfProgBase | undefined;
  if (fd > 0) {
    const found = progOfFd(sys, fd);
    if (typeof found === 'number' || found.type !== BPF_PROG_TYPE.XDP) return -EINVAL;
    if (found.expectedAttachType !== BPF_ATTACH_TYPE.XDP_DEVMAP || !progMapCompatible(map, found)) return -EINVAL;
    prog = found;
  }
  const at = map.pool.take();
  if (at === 0) return -ENOMEM;
  prog?.get();
  i32[at >> 2] = ifindex;
  i32[(at >> 2) + 1] = prog?.id ?? 0;
  return { index, value: at, prog };
}

function removeEntry(map: DevMap, index: number): boolean {
  const entry = map.entries.get(index);
  if (entry === undefined) return false;
  map.entries.delete(index);
  const bucket = map.buckets.get(index & map.mask);
  if (bucket !== undefined) {
    bucket.splice(bucket.indexOf(index), 1);
    if (bucket.length === 0) map.buckets.delete(index & map.mask);
  }
  entry.prog?.put();
  map.pool.give(entry.value);
  return true;
}

const shared = {
  allocCheck,
  free,
  lookup: (map: BpfMap, key: number) => (map as DevMap).entries.get(readIndex(map, key))?.value ?? 0,
  metaEqual: mapMetaEqual,
  memUsage: (map: BpfMap) => devMapMemUsage(map as DevMap),
  checkBtf: mapCheckNoBtf,
};

/** BPF_MAP_TYPE_DEVMAP: an array; writing ifindex 0 empties the slot. */
export const devMapOps: MapOps = {
  ...shared,
  type: BPF_MAP_TYPE.DEVMAP,
  alloc: (attr, env) => alloc(devMapOps, attr, env),
  sysUpdate(map, key, value, flags, sys) {
    const dev = map as DevMap;
    const index = readIndex(map, key);
    if (flags >>> 0 > BPF_ELEM.EXIST) return -EINVAL;
    if (index >= map.maxEntries) return -E2BIG;
    if (flags === BPF_ELEM.NOEXIST) return -EEXIST;
    const view = map.env.arena.view;
    if (view.getUint32(value, true) === 0) {
      if (map.valueSize === 8 && view.getInt32(value + 4, true) > 0) return -EINVAL;
      removeEntry(dev, index);
      return 0;
    }
    const entry = newEntry(dev, index, value, sys);
    if (typeof entry === 'number') return entry;
    removeEntry(dev, index);
    dev.entries.set(index, entry);
    return 0;
  },
  remove(map, key) {
    const index = readIndex(map, key);
    if (index >= map.maxEntries) return -EINVAL;
    removeEntry(map as DevMap, index);
    return 0;
  },
  nextKey: arrayNextKey,
};

/** The first index in a bucket from `from` on, or -1. */
function firstFrom(map: DevMap, from: number): number {
  let best = Infinity;
  for (const bucket of map.buckets.keys()) if (bucket >= from && bucket < best) best = bucket;
  return map.buckets.get(best)?.[0] ?? -1;
}

/** BPF_MAP_TYPE_DEVMAP_HASH: any index; its bucket is the index's low bits, the newest first. */
export const devMapHashOps: MapOps = {
  ...shared,
  type: BPF_MAP_TYPE.DEVMAP_HASH,
  alloc: (attr, env) => alloc(devMapHashOps, attr, env),
  sysUpdate(map, key, value, flags, sys) {
    const dev = map as DevMap;
    const index = readIndex(map, key);
    if (flags >>> 0 > BPF_ELEM.EXIST || map.env.arena.view.getUint32(value, true) === 0) return -EINVAL;
    const exists = dev.entries.has(index);
    if (exists && flags === BPF_ELEM.NOEXIST) return -EEXIST;
    const entry = newEntry(dev, index, value, sys);
    if (typeof entry === 'number') return entry;
    if (!exists && dev.entries.size >= map.maxEntries) {
      entry.prog?.put();
      dev.pool.give(entry.value);
      return -E2BIG;
    }
    removeEntry(dev, index);
    dev.entries.set(index, entry);
    const bucket = dev.buckets.get(index & dev.mask);
    if (bucket === undefined) dev.buckets.set(index & dev.mask, [index]);
    else bucket.unshift(index);
    return 0;
  },
  remove: (map, key) => (removeEntry(map as DevMap, readIndex(map, key)) ? 0 : -ENOENT),
  nextKey(map, key, next) {
    const dev = map as DevMap;
    let found = -1;
    const index = key === 0 ? -1 : readIndex(map, key);
    if (index >= 0 && dev.entries.has(index)) {
      const bucket = dev.buckets.get(index & dev.mask) ?? [];
      found = bucket[bucket.indexOf(index) + 1] ?? firstFrom(dev, (index & dev.mask) + 1);
    } else {
      found = firstFrom(dev, 0);
    }
    if (found < 0) return -ENOENT;
    map.env.arena.view.setUint32(next, found, true);
    return 0;
  },
};
