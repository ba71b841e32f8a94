/**
 * What the kernel would account for a map (`map_mem_usage`, shown as memlock in
 * fdinfo): the sizes of its structures on x86_64, not of ours. Constants measured
 * on Linux 6.18 (test/golden/memlock.json has the answers they were taken from).
 */
import { PAGE_SIZE } from '../mm/arena.ts';
import { BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import type { BloomFilterMap } from './bloom_filter.ts';
import type { HtabMap } from './hashtab.ts';
import type { LpmTrieMap } from './lpm_trie.ts';
import type { BpfMap } from './map.ts';
import { roundUp8 } from './value.ts';

/** Sizes of the kernel's structures. */
const SIZEOF_HTAB = 896;
const SIZEOF_BUCKET = 16;
const SIZEOF_HTAB_ELEM = 48;
const SIZEOF_ARRAY = 312;
const SIZEOF_LPM_NODE = 40;
const SIZEOF_QUEUE_STACK = 320;
const SIZEOF_BLOOM = 320;
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
  const extras = !map.percpu && !lru ? nrCpus : 0;
  return fixed + (map.maxEntries + extras) * (elem + percpuValues) + extras * POINTER;
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
export function trieMemUsage(map: LpmTrieMap): number {
  return map.count * (SIZEOF_LPM_NODE + map.dataSize + map.valueSize);
}

/** `queue_stack_map_mem_usage`. */
export function queueStackMemUsage(map: BpfMap): number {
  return SIZEOF_QUEUE_STACK + (map.maxEntries + 1) * map.valueSize;
}

/** `bloom_map_mem_usage`. */
export function bloomMemUsage(map: BloomFilterMap): number {
  return SIZEOF_BLOOM + map.bytes;
}
