/**
 * The map types this kernel knows: `mapOps(BPF_MAP_TYPE.HASH)` is the record of
 * functions of a type (the kernel's `bpf_map_types[]`).
 */
import { arrayMapOps, percpuArrayMapOps } from './arraymap.ts';
import { htabMapOps, htabPercpuMapOps } from './htab_map.ts';
import type { MapOps } from './map.ts';

const TYPES: readonly MapOps[] = [htabMapOps, arrayMapOps, htabPercpuMapOps, percpuArrayMapOps];

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
