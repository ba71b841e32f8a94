/**
 * BPF_MAP_TYPE_BLOOM_FILTER (source: behaviour of kernel/bpf/bloom_filter.c,
 * recorded): push adds a value, peek tells whether it may have been added (0) or
 * never was (-ENOENT). `map_extra` is the number of hash functions, 5 when 0.
 */
import type { KernelEnv } from '../base/env.ts';
import type { Btf } from '../btf/btf.ts';
import { BPF_ELEM, BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EINVAL, ENOENT, ENOMEM, ENOTSUP } from '../uapi/errno.ts';
import { ACCESS_FLAGS, flagsOk, KMALLOC_MAX_SIZE, roundUpPow2 } from './alloc_check.ts';
import { jhash } from './jhash.ts';
import { BpfMap, MAP_HEADER_SIZE, type MapCreateAttr, type MapOps } from './map.ts';
import { mapMetaEqual } from './map_in_map.ts';
import { bloomMemUsage } from './mem_usage.ts';

const BLOOM_FLAGS = BPF_F_MAP.NUMA_NODE | BPF_F_MAP.ZERO_SEED | ACCESS_FLAGS;
const DEFAULT_HASHES = 5;

/** A Bloom filter. */
class BloomFilterMap extends BpfMap {
  readonly ops: MapOps = bloomFilterMapOps;
  readonly nrHashes: number;
  readonly seed: number;
  readonly mask: number;
  readonly bits: number;
  readonly bytes: number;
  /** Where a value that is not 4-byte aligned is put to be hashed. */
  readonly scratch: number;

  constructor(env: KernelEnv, attr: MapCreateAttr, nrHashes: number, nrBits: number) {
    super(env, attr);
    this.nrHashes = nrHashes;
    this.seed = (attr.mapFlags & BPF_F_MAP.ZERO_SEED) !== 0 ? 0 : env.random.u32() | 0;
    this.mask = (nrBits - 1) | 0;
    this.bytes = nrBits / 8;
    this.bits = env.arena.alloc(this.bytes);
    this.scratch = env.arena.alloc(attr.valueSize);
  }
}

/** Bits of the filter: 7/5 of entries × hashes, a power of two from 64 to 2^32. */
function bitsFor(maxEntries: number, nrHashes: number): number {
  const product = maxEntries * nrHashes;
  const bits = Math.floor(product / 5) * 7;
  if (product > 0xffffffff || bits > 2 ** 31) return 2 ** 32;
  return Math.max(roundUpPow2(bits), 64);
}

function alloc(attr: MapCreateAttr, env: KernelEnv): BpfMap | number {
  if (attr.keySize !== 0 || attr.valueSize === 0 || attr.maxEntries === 0) return -EINVAL;
  if (!flagsOk(attr.mapFlags, BLOOM_FLAGS) || (attr.mapExtra & ~15n) !== 0n) return -EINVAL;
  const nrHashes = Number(attr.mapExtra) || DEFAULT_HASHES;
  const nrBits = bitsFor(attr.maxEntries, nrHashes);
  if (nrBits / 8 > env.arena.available) return -ENOMEM;
  const map = new BloomFilterMap(env, attr, nrHashes, nrBits);
  if (map.addr !== 0 && map.bits !== 0 && map.scratch !== 0) return map;
  free(map);
  env.arena.free(map.addr, MAP_HEADER_SIZE);
  return -ENOMEM;
}

function free(map: BpfMap): void {
  const bloom = map as BloomFilterMap;
  bloom.env.arena.free(bloom.bits, bloom.bytes);
  bloom.env.arena.free(bloom.scratch, bloom.valueSize);
}

/** Number of the bit that hash function `index` gives the value (4-byte aligned). */
function bitOf(bloom: BloomFilterMap, value: number, index: number): number {
  const { i32, u8 } = bloom.env.arena;
  return (jhash(i32, u8, value, bloom.valueSize, (bloom.seed + index) | 0) & bloom.mask) >>> 0;
}

function aligned(bloom: BloomFilterMap, value: number): number {
  if ((value & 3) === 0) return value;
  bloom.env.arena.copy(bloom.scratch, value, bloom.valueSize);
  return bloom.scratch;
}

/** BPF_MAP_TYPE_BLOOM_FILTER. */
export const bloomFilterMapOps: MapOps = {
  type: BPF_MAP_TYPE.BLOOM_FILTER,
  allocCheck: (attr) => (attr.valueSize > KMALLOC_MAX_SIZE ? -E2BIG : 0),
  alloc,
  free,
  push(map, value, flags) {
    if (flags !== BPF_ELEM.ANY) return -EINVAL;
    const bloom = map as BloomFilterMap;
    const u8 = bloom.env.arena.u8;
    value = aligned(bloom, value);
    for (let i = 0; i < bloom.nrHashes; i++) {
      const bit = bitOf(bloom, value, i);
      u8[bloom.bits + (bit >>> 3)]! |= 1 << (bit & 7);
    }
    return 0;
  },
  peek(map, value) {
    const bloom = map as BloomFilterMap;
    const u8 = bloom.env.arena.u8;
    value = aligned(bloom, value);
    for (let i = 0; i < bloom.nrHashes; i++) {
      const bit = bitOf(bloom, value, i);
      if ((u8[bloom.bits + (bit >>> 3)]! & (1 << (bit & 7))) === 0) return -ENOENT;
    }
    return 0;
  },
  pop: () => -ENOTSUP,
  lookup: () => 0,
  update: () => -EINVAL,
  remove: () => -ENOTSUP,
  nextKey: () => -ENOTSUP,
  metaEqual: mapMetaEqual,
  memUsage: (map) => bloomMemUsage(map as BloomFilterMap),
  checkBtf: (_map: BpfMap, _btf: Btf, keyTypeId: number) => (keyTypeId === 0 ? 0 : -EINVAL),
};
