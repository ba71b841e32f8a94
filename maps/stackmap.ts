/**
 * BPF_MAP_TYPE_STACK_TRACE (source: behaviour of kernel/bpf/stackmap.c): stack
 * traces by the hash of their addresses. Programs add them (bpf_get_stackid), user
 * space reads and deletes them.
 */
import type { KernelEnv } from '../base/env.ts';
import { BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EEXIST, EINVAL, ENOENT, ENOMEM } from '../uapi/errno.ts';
import { roundUpPow2 } from './alloc_check.ts';
import { readIndex } from './arraymap.ts';
import { jhash } from './jhash.ts';
import { BpfMap, type MapCreateAttr, type MapOps } from './map.ts';
import { mapMetaEqual } from './map_in_map.ts';
import { stackMapMemUsage } from './mem_usage.ts';
import { mapCheckNoBtf } from './no_btf.ts';
import { NodePool } from './node_pool.ts';

const STACK_FLAGS = BPF_F_MAP.NUMA_NODE | BPF_F_MAP.RDONLY | BPF_F_MAP.WRONLY | BPF_F_MAP.STACK_BUILD_ID;
/** `sysctl kernel.perf_event_max_stack`. */
const MAX_STACK_DEPTH = 127;
/** sizeof(struct bpf_stack_build_id). */
const BUILD_ID_SIZE = 32;
/** Flags of bpf_get_stackid. */
const BPF_F_FAST_STACK_CMP = 1 << 9;
const BPF_F_REUSE_STACKID = 1 << 10;

/** Words of a trace's node: link of the pool, hash, bytes of the trace; then the trace. */
const HASH = 1;
const LENGTH = 2;
const TRACE = 16;

/** A map of stack traces. */
class StackMap extends BpfMap {
  readonly ops: MapOps = stackTraceMapOps;
  readonly nrBuckets: number;
  /** The node of each id that has one. */
  readonly buckets = new Map<number, number>();
  readonly pool: NodePool;

  constructor(env: KernelEnv, attr: MapCreateAttr) {
    super(env, attr);
    this.nrBuckets = roundUpPow2(attr.maxEntries);
    this.pool = new NodePool(env.arena, TRACE + attr.valueSize);
  }
}

function alloc(attr: MapCreateAttr, env: KernelEnv): BpfMap | number {
  if ((attr.mapFlags & ~STACK_FLAGS) !== 0) return -EINVAL;
  if (attr.maxEntries === 0 || attr.keySize !== 4 || attr.valueSize < 8 || attr.valueSize % 8 !== 0) return -EINVAL;
  const entry = (attr.mapFlags & BPF_F_MAP.STACK_BUILD_ID) !== 0 ? BUILD_ID_SIZE : 8;
  if (attr.valueSize % entry !== 0 || attr.valueSize / entry > MAX_STACK_DEPTH) return -EINVAL;
  if (attr.maxEntries > 2 ** 31) return -E2BIG;
  if (attr.maxEntries * (attr.valueSize + TRACE) > env.arena.available) return -ENOMEM;
  const map = new StackMap(env, attr);
  return map.addr === 0 ? -ENOMEM : map;
}

/**
 * Stores a trace of `length` bytes at `trace` (4-byte aligned) and gives its id;
 * -EEXIST when another trace has the id, -ENOMEM when the map is full (`__bpf_get_stackid`).
 */
export function stackMapStore(map: BpfMap, trace: number, length: number, flags: number): number {
  const stacks = map as StackMap;
  const { i32, u8 } = map.env.arena;
  const size = Math.min(length, map.valueSize);
  const hash = jhash(i32, u8, trace, size, 0);
  const id = hash & (stacks.nrBuckets - 1);
  const old = stacks.buckets.get(id);
  if (old !== undefined) {
    const sameHash = i32[(old >> 2) + HASH] === hash;
    if (sameHash && (flags & BPF_F_FAST_STACK_CMP) !== 0) return id;
    if (sameHash && i32[(old >> 2) + LENGTH] === size && equal(u8, old + TRACE, trace, size)) return id;
    if ((flags & BPF_F_REUSE_STACKID) === 0) return -EEXIST;
  }
  if (stacks.pool.used >= map.maxEntries) return -ENOMEM;
  const node = stacks.pool.take();
  if (node === 0) return -ENOMEM;
  i32[(node >> 2) + HASH] = hash;
  i32[(node >> 2) + LENGTH] = size;
  map.env.arena.copy(node + TRACE, trace, size);
  stacks.buckets.set(id, node);
  if (old !== undefined) stacks.pool.give(old);
  return id;
}

function equal(u8: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (u8[a + i] !== u8[b + i]) return false;
  return true;
}

function drop(stacks: StackMap, id: number): boolean {
  const node = stacks.buckets.get(id);
  if (node === undefined) return false;
  stacks.buckets.delete(id);
  stacks.pool.give(node);
  return true;
}

/** `bpf_stackmap_extract`: the trace, zeros behind it. */
function copyOut(stacks: StackMap, id: number, value: number): number {
  const node = stacks.buckets.get(id);
  if (node === undefined) return -ENOENT;
  const arena = stacks.env.arena;
  const length = arena.i32[(node >> 2) + LENGTH]!;
  arena.copy(value, node + TRACE, length);
  arena.zero(value + length, stacks.valueSize - length);
  return 0;
}

/** BPF_MAP_TYPE_STACK_TRACE. */
export const stackTraceMapOps: MapOps = {
  type: BPF_MAP_TYPE.STACK_TRACE,
  alloc,
  free: (map) => (map as StackMap).pool.freeAll(),
  update: () => -EINVAL,
  remove(map, key) {
    const stacks = map as StackMap;
    const id = readIndex(map, key);
    if (id >= stacks.nrBuckets) return -E2BIG;
    return drop(stacks, id) ? 0 : -ENOENT;
  },
  nextKey(map, key, next) {
    const stacks = map as StackMap;
    let after = -1;
    if (key !== 0) {
      const id = readIndex(map, key);
      if (stacks.buckets.has(id)) after = id;
    }
    let found = Infinity;
    for (const id of stacks.buckets.keys()) if (id > after && id < found) found = id;
    if (found === Infinity) return -ENOENT;
    map.env.arena.view.setUint32(next, found, true);
    return 0;
  },
  sysLookup: (map, key, value) => copyOut(map as StackMap, readIndex(map, key), value),
  sysLookupAndDelete(map, key, value) {
    const stacks = map as StackMap;
    const id = readIndex(map, key);
    const error = copyOut(stacks, id, value);
    if (error === 0) drop(stacks, id);
    return error;
  },
  metaEqual: mapMetaEqual,
  memUsage: (map) => stackMapMemUsage(map as StackMap),
  checkBtf: mapCheckNoBtf,
};
