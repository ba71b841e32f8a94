/**
 * BPF_MAP_TYPE_QUEUE and BPF_MAP_TYPE_STACK (source: behaviour of
 * kernel/bpf/queue_stack_maps.c, recorded): a ring of maxEntries + 1 values
 * without keys; head is where the next value goes, tail the oldest one.
 */
import type { KernelEnv } from '../base/env.ts';
import { BPF_ELEM, BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EINVAL, ENOENT, ENOMEM } from '../uapi/errno.ts';
import { ACCESS_FLAGS, flagsOk, KMALLOC_MAX_SIZE } from './alloc_check.ts';
import { BpfMap, MAP_HEADER_SIZE, type MapCreateAttr, type MapOps } from './map.ts';
import { mapMetaEqual } from './map_in_map.ts';
import { queueStackMemUsage } from './mem_usage.ts';

/** A queue or a stack. */
class QueueStackMap extends BpfMap {
  readonly ops: MapOps;
  readonly values: number;
  /** Slots of the ring. */
  readonly slots: number;
  head = 0;
  tail = 0;

  constructor(ops: MapOps, env: KernelEnv, attr: MapCreateAttr) {
    super(env, attr);
    this.ops = ops;
    this.slots = attr.maxEntries + 1;
    this.values = env.arena.alloc(this.slots * attr.valueSize);
  }

  get bytes(): number {
    return this.slots * this.valueSize;
  }

  at(slot: number): number {
    return this.values + slot * this.valueSize;
  }

  after(slot: number): number {
    return slot + 1 === this.slots ? 0 : slot + 1;
  }
}

function allocCheck(attr: MapCreateAttr): number {
  if (attr.maxEntries === 0 || attr.keySize !== 0 || attr.valueSize === 0) return -EINVAL;
  if (!flagsOk(attr.mapFlags, BPF_F_MAP.NUMA_NODE | ACCESS_FLAGS)) return -EINVAL;
  return attr.valueSize > KMALLOC_MAX_SIZE ? -E2BIG : 0;
}

function alloc(ops: MapOps, attr: MapCreateAttr, env: KernelEnv): BpfMap | number {
  const bytes = (attr.maxEntries + 1) * attr.valueSize;
  if (bytes > env.arena.available) return -ENOMEM;
  const map = new QueueStackMap(ops, env, attr);
  if (map.addr !== 0 && map.values !== 0) return map;
  env.arena.free(map.values, bytes);
  env.arena.free(map.addr, MAP_HEADER_SIZE);
  return -ENOMEM;
}

/** `queue_stack_map_push_elem`: BPF_EXIST on a full one overwrites the oldest value. */
function push(map: BpfMap, value: number, flags: number): number {
  const ring = map as QueueStackMap;
  if ((flags & BPF_ELEM.NOEXIST) !== 0 || flags >>> 0 > BPF_ELEM.EXIST) return -EINVAL;
  if (ring.after(ring.head) === ring.tail) {
    if (flags !== BPF_ELEM.EXIST) return -E2BIG;
    ring.tail = ring.after(ring.tail);
  }
  map.env.arena.copy(ring.at(ring.head), value, map.valueSize);
  ring.head = ring.after(ring.head);
  return 0;
}

/** Copies the value of a slot out; an empty ring gives zeros and -ENOENT. */
function get(ring: QueueStackMap, slot: number, value: number): number {
  const { arena } = ring.env;
  if (ring.head === ring.tail) {
    arena.zero(value, ring.valueSize);
    return -ENOENT;
  }
  arena.copy(value, ring.at(slot), ring.valueSize);
  return 0;
}

/** The oldest value. */
function queueGet(map: BpfMap, value: number, remove: boolean): number {
  const ring = map as QueueStackMap;
  const error = get(ring, ring.tail, value);
  if (error === 0 && remove) ring.tail = ring.after(ring.tail);
  return error;
}

/** The newest value. */
function stackGet(map: BpfMap, value: number, remove: boolean): number {
  const ring = map as QueueStackMap;
  const last = ring.head === 0 ? ring.slots - 1 : ring.head - 1;
  const error = get(ring, last, value);
  if (error === 0 && remove) ring.head = last;
  return error;
}

const shared = {
  allocCheck,
  free(map: BpfMap): void {
    map.env.arena.free((map as QueueStackMap).values, (map as QueueStackMap).bytes);
  },
  lookup: () => 0,
  update: () => -EINVAL,
  remove: () => -EINVAL,
  nextKey: () => -EINVAL,
  push,
  metaEqual: mapMetaEqual,
  memUsage: queueStackMemUsage,
};

/** BPF_MAP_TYPE_QUEUE. */
export const queueMapOps: MapOps = {
  ...shared,
  type: BPF_MAP_TYPE.QUEUE,
  alloc: (attr, env) => alloc(queueMapOps, attr, env),
  peek: (map, value) => queueGet(map, value, false),
  pop: (map, value) => queueGet(map, value, true),
};

/** BPF_MAP_TYPE_STACK. */
export const stackMapOps: MapOps = {
  ...shared,
  type: BPF_MAP_TYPE.STACK,
  alloc: (attr, env) => alloc(stackMapOps, attr, env),
  peek: (map, value) => stackGet(map, value, false),
  pop: (map, value) => stackGet(map, value, true),
};
