/**
 * BPF_MAP_TYPE_CPUMAP (source: behaviour of kernel/bpf/cpumap.c, recorded). A value
 * is `u32 qsize` and, with 8 bytes, the descriptor of an XDP program in and its id
 * out; qsize 0 empties the slot.
 */
import type { KernelEnv } from '../base/env.ts';
import type { BpfProgBase } from '../base/prog.ts';
import { BPF_ATTACH_TYPE, BPF_ELEM, BPF_F_MAP, BPF_MAP_TYPE, BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EEXIST, EINVAL, ENODEV, ENOMEM, EOVERFLOW } from '../uapi/errno.ts';
import { arrayNextKey, readIndex } from './arraymap.ts';
import { progOfFd } from './fd_object.ts';
import { BpfMap, MAP_HEADER_SIZE, type MapCreateAttr, type MapOps } from './map.ts';
import { mapMetaEqual } from './map_in_map.ts';
import { cpuMapMemUsage } from './mem_usage.ts';
import { mapCheckNoBtf } from './no_btf.ts';
import { progMapCompatible } from './prog_compatible.ts';

/** CONFIG_NR_CPUS of the recorded kernel. */
const NR_CPUS = 256;
const MAX_QSIZE = 16384;

/** A map of CPUs; the 8-byte values of all possible ones are one block. */
class CpuMap extends BpfMap {
  readonly ops: MapOps = cpuMapOps;
  readonly values: number;
  readonly progs = new Map<number, BpfProgBase>();

  constructor(env: KernelEnv, attr: MapCreateAttr) {
    super(env, attr);
    this.values = env.arena.alloc(env.nrCpus * 8);
  }
}

function alloc(attr: MapCreateAttr, env: KernelEnv): BpfMap | number {
  if (attr.maxEntries === 0 || attr.keySize !== 4 || (attr.valueSize !== 4 && attr.valueSize !== 8)) return -EINVAL;
  if ((attr.mapFlags & ~BPF_F_MAP.NUMA_NODE) !== 0) return -EINVAL;
  if (attr.maxEntries > NR_CPUS) return -E2BIG;
  const map = new CpuMap(env, attr);
  if (map.addr !== 0 && map.values !== 0) return map;
  env.arena.free(map.values, env.nrCpus * 8);
  env.arena.free(map.addr, MAP_HEADER_SIZE);
  return -ENOMEM;
}

function setEntry(map: CpuMap, cpu: number, qsize: number, prog: BpfProgBase | undefined): void {
  if (cpu >= map.env.nrCpus) return;
  const { i32 } = map.env.arena;
  prog?.get();
  map.progs.get(cpu)?.put();
  map.progs.delete(cpu);
  if (prog !== undefined) map.progs.set(cpu, prog);
  i32[(map.values + cpu * 8) >> 2] = qsize;
  i32[(map.values + cpu * 8 + 4) >> 2] = prog?.id ?? 0;
}

/** BPF_MAP_TYPE_CPUMAP. */
export const cpuMapOps: MapOps = {
  type: BPF_MAP_TYPE.CPUMAP,
  alloc,
  free(map) {
    const cpus = map as CpuMap;
    for (const prog of cpus.progs.values()) prog.put();
    map.env.arena.free(cpus.values, map.env.nrCpus * 8);
  },
  lookup(map, key) {
    const cpus = map as CpuMap;
    const cpu = readIndex(map, key);
    if (cpu >= map.maxEntries || cpu >= map.env.nrCpus) return 0;
    const at = cpus.values + cpu * 8;
    return map.env.arena.i32[at >> 2] === 0 ? 0 : at;
  },
  sysUpdate(map, key, value, flags, sys) {
    const cpu = readIndex(map, key);
    const view = map.env.arena.view;
    const qsize = view.getUint32(value, true);
    if (flags >>> 0 > BPF_ELEM.EXIST) return -EINVAL;
    if (cpu >= map.maxEntries) return -E2BIG;
    if (flags === BPF_ELEM.NOEXIST) return -EEXIST;
    if (qsize > MAX_QSIZE) return -EOVERFLOW;
    if (cpu >= map.env.nrCpus) return -ENODEV;
    const fd = map.valueSize === 8 ? view.getInt32(value + 4, true) : 0;
    let prog: BpfProgBase | undefined;
    if (qsize !== 0 && fd > 0) {
      const found = progOfFd(sys, fd);
      // The entry is made before its program is looked at: any failure is that of making it.
      if (typeof found === 'number' || found.type !== BPF_PROG_TYPE.XDP) return -ENOMEM;
      if (found.expectedAttachType !== BPF_ATTACH_TYPE.XDP_CPUMAP || !progMapCompatible(map, found)) return -ENOMEM;
      prog = found;
    }
    setEntry(map as CpuMap, cpu, qsize, prog);
    return 0;
  },
  remove(map, key) {
    const cpu = readIndex(map, key);
    if (cpu >= map.maxEntries) return -EINVAL;
    setEntry(map as CpuMap, cpu, 0, undefined);
    return 0;
  },
  nextKey: arrayNextKey,
  metaEqual: mapMetaEqual,
  memUsage: cpuMapMemUsage,
  checkBtf: mapCheckNoBtf,
};
