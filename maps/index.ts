/**
 * The map types this kernel knows: `mapOps(BPF_MAP_TYPE.HASH)` is the record of
 * functions of a type (the kernel's `bpf_map_types[]`).
 */
import { arrayOfMapsMapOps, cgroupArrayMapOps, perfEventArrayMapOps, progArrayMapOps } from './array_fd.ts';
import { arrayMapOps, percpuArrayMapOps } from './arraymap.ts';
import { bloomFilterMapOps } from './bloom_filter.ts';
import { htabLruMapOps, htabLruPercpuMapOps } from './htab_lru_map.ts';
import { htabMapOps, htabPercpuMapOps } from './htab_map.ts';
import { htabOfMapsMapOps } from './htab_of_maps.ts';
import { trieMapOps } from './lpm_trie.ts';
import type { MapOps } from './map.ts';
import { queueMapOps, stackMapOps } from './queue_stack_maps.ts';

const TYPES: readonly MapOps[] = [
  htabMapOps,
  arrayMapOps,
  progArrayMapOps,
  perfEventArrayMapOps,
  htabPercpuMapOps,
  percpuArrayMapOps,
  cgroupArrayMapOps,
  htabLruMapOps,
  htabLruPercpuMapOps,
  trieMapOps,
  arrayOfMapsMapOps,
  htabOfMapsMapOps,
  queueMapOps,
  stackMapOps,
  bloomFilterMapOps,
];

const BY_NUMBER: (MapOps | undefined)[] = [];
for (const ops of TYPES) BY_NUMBER[ops.type] = ops;

/** The functions of a map type, or undefined for a number that is none. */
export function mapOps(type: number): MapOps | undefined {
  return BY_NUMBER[type];
}

/** Numbers of all types there are. */
export function mapTypes(): number[] {
  return TYPES.map((ops) => ops.type).sort((a, b) => a - b);
}
