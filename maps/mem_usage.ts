/**
 * What the kernel would account for a map (`map_mem_usage`, shown as memlock in
 * fdinfo): the sizes of its structures on x86_64, not of ours. Constants measured
 * on Linux 6.18 (test/golden/memlock.json has the answers they were taken from).
 */
import { PAGE_SIZE } from '../mm/arena.ts';
import { BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { roundUpPow2 } from './alloc_check.ts';
import type { HtabMap } from './hashtab.ts';
import type { BpfMap } from './map.ts';
import { roundUp8 } from './value.ts';

/** Sizes of the kernel's structures: fixed part by map type, and of what is counted by the piece. */
const FIXED: Readonly<Record<number, number>> = {
  [BPF_MAP_TYPE.XSKMAP]: 304,
  [BPF_MAP_TYPE.REUSEPORT_SOCKARRAY]: 296,
};
const SIZEOF_HTAB = 896;
const SIZEOF_BUCKET = 16;
const SIZEOF_HTAB_ELEM = 48;
const SIZEOF_ARRAY = 312;
const SIZEOF_LPM_NODE = 24;
const SIZEOF_QUEUE_STACK = 312;
const SIZEOF_BLOOM = 312;
const SIZEOF_RINGBUF_MAP = 304;
const SIZEOF_STACK_MAP = 320;
const SIZEOF_STACK_BUCKET = 16;
const SIZEOF_DTAB = 344;
const SIZEOF_DTAB_NETDEV = 64;
const SIZEOF_CPU_MAP = 304;
const SIZEOF_SOCK_MAP = 376;
const SIZEOF_SOCK_HASH = 384;
const SIZEOF_SOCK_HASH_ELEM = 40;
const SIZEOF_CGROUP_STORAGE_MAP = 328;
const SIZEOF_LOCAL_STORAGE_MAP = 448;
const SIZEOF_STORAGE_BUCKET = 16;
/** Pages of a ring buffer before its data: the kernel's own, consumer, producer. */
const RINGBUF_META_PAGES = 3;
const POINTER = 8;

function pageAlign(size: number): number {
  return Math.ceil(size / PAGE_SIZE) * PAGE_SIZE;
}

/** `htab_map_mem_usage`. */
export function htabMemUsage(map: HtabMap): number {
  const nrCpus = map.env.nrCpus;
  const lru = map.mapType === BPF_MAP_TYPE.LRU_HASH || map.mapType === BPF_MAP_TYPE.LRU_PERCPU_HASH;
  const value = map.percpu || map.mapType === BPF_MAP_TYPE.HASH_OF_MAPS ? POINTER : roundUp8(map.valueSize);
  const elem = SIZEOF_HTAB_ELEM + roundUp8(map.keySize) + value;
  const percpuValues = map.percpu ? roundUp8(map.valueSize) * nrCpus : 0;
  const fixed = SIZEOF_HTAB + SIZEOF_BUCKET * map.nrBuckets;
  if (!map.prealloc) {
    const overhead = map.percpu ? 2 * POINTER + POINTER : POINTER;
    return fixed + map.count * (elem + overhead + percpuValues);
  }
  const pointers = !map.percpu && !lru ? nrCpus : 0;
  const extras = map.mapType === BPF_MAP_TYPE.HASH_OF_MAPS ? 0 : pointers;
  return fixed + (map.maxEntries + extras) * (elem + percpuValues) + pointers * POINTER;
}

/** `array_map_mem_usage`, for arrays of values. */
export function arrayMemUsage(map: BpfMap): number {
  const elem = roundUp8(map.valueSize);
  if (map.mapType === BPF_MAP_TYPE.PERCPU_ARRAY) {
    return SIZEOF_ARRAY + map.maxEntries * (POINTER + elem * map.env.nrCpus);
  }
  const values = map.maxEntries * elem;
  return (map.mapFlags & BPF_F_MAP.MMAPABLE) !== 0
    ? pageAlign(SIZEOF_ARRAY) + pageAlign(values)
    : SIZEOF_ARRAY + values;
}

/** `trie_mem_usage`. */
export function trieMemUsage(map: BpfMap & { readonly count: number; readonly dataSize: number }): number {
  return map.count * (SIZEOF_LPM_NODE + map.dataSize + map.valueSize);
}

/** `queue_stack_map_mem_usage`. */
export function queueStackMemUsage(map: BpfMap): number {
  return SIZEOF_QUEUE_STACK + (map.maxEntries + 1) * map.valueSize;
}

/** `bloom_map_mem_usage`. */
export function bloomMemUsage(map: { readonly bytes: number }): number {
  return SIZEOF_BLOOM + map.bytes;
}

/** `ringbuf_map_mem_usage`: the pages, and the array of pointers to them (data twice). */
export function ringbufMemUsage(map: BpfMap): number {
  const data = map.maxEntries / PAGE_SIZE;
  return SIZEOF_RINGBUF_MAP + (RINGBUF_META_PAGES + data) * PAGE_SIZE + (RINGBUF_META_PAGES + 2 * data) * POINTER;
}

/** `stack_map_mem_usage`. */
export function stackMapMemUsage(map: BpfMap & { readonly nrBuckets: number }): number {
  return SIZEOF_STACK_MAP + map.nrBuckets * POINTER + map.maxEntries * (SIZEOF_STACK_BUCKET + map.valueSize);
}

/** `dev_map_mem_usage`. */
export function devMapMemUsage(
  map: BpfMap & { readonly mask: number; readonly entries: { readonly size: number } },
): number {
  const slots = map.mapType === BPF_MAP_TYPE.DEVMAP_HASH ? map.mask + 1 : map.maxEntries;
  const items = map.mapType === BPF_MAP_TYPE.DEVMAP_HASH ? map.entries.size : 0;
  return SIZEOF_DTAB + slots * POINTER + items * SIZEOF_DTAB_NETDEV;
}

/** `cpu_map_mem_usage`. */
export function cpuMapMemUsage(map: BpfMap): number {
  return SIZEOF_CPU_MAP + map.maxEntries * POINTER;
}

/** Maps that are a plain array of pointers (`xsk_map_mem_usage`, `reuseport_array_mem_usage`). */
export function slotMemUsage(map: BpfMap): number {
  return (FIXED[map.mapType] ?? 0) + map.maxEntries * POINTER;
}

/** `sock_map_mem_usage`. */
export function sockMapMemUsage(map: BpfMap): number {
  return SIZEOF_SOCK_MAP + map.maxEntries * POINTER;
}

/** `sock_hash_mem_usage`. */
export function sockHashMemUsage(map: BpfMap & { readonly nrBuckets: number; readonly count: number }): number {
  return SIZEOF_SOCK_HASH + map.nrBuckets * SIZEOF_BUCKET + map.count * (SIZEOF_SOCK_HASH_ELEM + map.keySize);
}

/** `cgroup_storage_map_usage`. */
export function cgroupStorageMemUsage(): number {
  return SIZEOF_CGROUP_STORAGE_MAP;
}

/** `bpf_local_storage_map_mem_usage`: the map and its buckets, two for every possible CPU rounded up. */
export function localStorageMemUsage(map: BpfMap): number {
  return SIZEOF_LOCAL_STORAGE_MAP + SIZEOF_STORAGE_BUCKET * Math.max(2, roundUpPow2(map.env.nrCpus));
}
