/**
 * The map types this kernel knows: `mapOps(BPF_MAP_TYPE.HASH)` is the record of
 * functions of a type (the kernel's `bpf_map_types[]`).
 */
import { arenaMapOps } from './arena_map.ts';
import { arrayOfMapsMapOps, cgroupArrayMapOps, perfEventArrayMapOps, progArrayMapOps } from './array_fd.ts';
import { arrayMapOps, percpuArrayMapOps } from './arraymap.ts';
import { bloomFilterMapOps } from './bloom_filter.ts';
import { cgrpStorageMapOps, inodeStorageMapOps, skStorageMapOps, taskStorageMapOps } from './bpf_local_storage.ts';
import { cpuMapOps } from './cpumap.ts';
import { devMapHashOps, devMapOps } from './devmap.ts';
import { htabLruMapOps, htabLruPercpuMapOps } from './htab_lru_map.ts';
import { htabMapOps, htabPercpuMapOps } from './htab_map.ts';
import { htabOfMapsMapOps } from './htab_of_maps.ts';
import { cgroupStorageMapOps, percpuCgroupStorageMapOps } from './local_storage.ts';
import { trieMapOps } from './lpm_trie.ts';
import type { MapOps } from './map.ts';
import { queueMapOps, stackMapOps } from './queue_stack_maps.ts';
import { reuseportArrayOps } from './reuseport_array.ts';
import { ringbufMapOps, userRingbufMapOps } from './ringbuf.ts';
import { sockHashOps, sockMapOps } from './sock_map.ts';
import { stackTraceMapOps } from './stackmap.ts';
import { structOpsMapOps } from './struct_ops.ts';
import { xskMapOps } from './xskmap.ts';

/** In the order of their numbers, from BPF_MAP_TYPE_HASH (1) to BPF_MAP_TYPE_ARENA (33). */
const TYPES: readonly MapOps[] = [
  htabMapOps,
  arrayMapOps,
  progArrayMapOps,
  perfEventArrayMapOps,
  htabPercpuMapOps,
  percpuArrayMapOps,
  stackTraceMapOps,
  cgroupArrayMapOps,
  htabLruMapOps,
  htabLruPercpuMapOps,
  trieMapOps,
  arrayOfMapsMapOps,
  htabOfMapsMapOps,
  devMapOps,
  sockMapOps,
  cpuMapOps,
  xskMapOps,
  sockHashOps,
  cgroupStorageMapOps,
  reuseportArrayOps,
  percpuCgroupStorageMapOps,
  queueMapOps,
  stackMapOps,
  skStorageMapOps,
  devMapHashOps,
  structOpsMapOps,
  ringbufMapOps,
  inodeStorageMapOps,
  taskStorageMapOps,
  bloomFilterMapOps,
  userRingbufMapOps,
  cgrpStorageMapOps,
  arenaMapOps,
];

const BY_NUMBER: (MapOps | undefined)[] = [];
for (const ops of TYPES) BY_NUMBER[ops.type] = ops;

/** The functions of a map type, or undefined for a number that is none. */
export function mapOps(type: number): MapOps | undefined {
  return BY_NUMBER[type];
}
