/**
 * Which helpers go with which map types (`check_map_func_compatibility`), as a table of
 * both directions.
 */
import { BPF_MAP_TYPE as M } from '../../uapi/bpf.ts';
import { EINVAL } from '../../uapi/errno.ts';
import type { Env } from './env.ts';
import type { MapDesc } from './types.ts';

const KPTR_XCHG = 194;

/** Map types that only some helpers take. */
const BY_MAP: ReadonlyMap<number, readonly number[]> = new Map<number, readonly number[]>([
  [M.PROG_ARRAY, [12]],
  [M.PERF_EVENT_ARRAY, [22, 25, 111, 55, 121]],
  [M.RINGBUF, [130, 131, 134, 198, 199, 200]],
  [M.USER_RINGBUF, [209]],
  [M.STACK_TRACE, [27]],
  [M.CGROUP_ARRAY, [33, 37]],
  [M.CGROUP_STORAGE, [81]],
  [M.PERCPU_CGROUP_STORAGE, [81]],
  [M.DEVMAP, [51, 1]],
  [M.DEVMAP_HASH, [51, 1]],
  [M.CPUMAP, [51]],
  [M.XSKMAP, [51, 1]],
  [M.ARRAY_OF_MAPS, [1]],
  [M.HASH_OF_MAPS, [1]],
  [M.SOCKMAP, [52, 53, 60, 82, 1]],
  [M.SOCKHASH, [72, 70, 71, 82, 1]],
  [M.REUSEPORT_SOCKARRAY, [82]],
  [M.QUEUE, [89, 88, 87]],
  [M.STACK, [89, 88, 87]],
  [M.SK_STORAGE, [107, 108, KPTR_XCHG]],
  [M.INODE_STORAGE, [145, 146, KPTR_XCHG]],
  [M.TASK_STORAGE, [156, 157, KPTR_XCHG]],
  [M.CGRP_STORAGE, [210, 211, KPTR_XCHG]],
  [M.BLOOM_FILTER, [89, 87]],
]);

const PERCPU = [M.PERCPU_ARRAY, M.PERCPU_HASH, M.LRU_PERCPU_HASH] as const;
const STORAGE = [M.CGROUP_STORAGE, M.PERCPU_CGROUP_STORAGE] as const;

/** Helpers that only take some map types. */
const BY_HELPER: ReadonlyMap<number, readonly number[]> = new Map<number, readonly number[]>([
  [12, [M.PROG_ARRAY]],
  [22, [M.PERF_EVENT_ARRAY]],
  [25, [M.PERF_EVENT_ARRAY]],
  [55, [M.PERF_EVENT_ARRAY]],
  [111, [M.PERF_EVENT_ARRAY]],
  [121, [M.PERF_EVENT_ARRAY]],
  [130, [M.RINGBUF]],
  [131, [M.RINGBUF]],
  [134, [M.RINGBUF]],
  [198, [M.RINGBUF]],
  [199, [M.RINGBUF]],
  [200, [M.RINGBUF]],
  [209, [M.USER_RINGBUF]],
  [27, [M.STACK_TRACE]],
  [33, [M.CGROUP_ARRAY]],
  [37, [M.CGROUP_ARRAY]],
  [51, [M.DEVMAP, M.DEVMAP_HASH, M.CPUMAP, M.XSKMAP]],
  [52, [M.SOCKMAP]],
  [53, [M.SOCKMAP]],
  [60, [M.SOCKMAP]],
  [70, [M.SOCKHASH]],
  [71, [M.SOCKHASH]],
  [72, [M.SOCKHASH]],
  [81, STORAGE],
  [82, [M.REUSEPORT_SOCKARRAY, M.SOCKMAP, M.SOCKHASH]],
  [88, [M.QUEUE, M.STACK]],
  [89, [M.QUEUE, M.STACK, M.BLOOM_FILTER]],
  [87, [M.QUEUE, M.STACK, M.BLOOM_FILTER]],
  [195, PERCPU],
  [107, [M.SK_STORAGE]],
  [108, [M.SK_STORAGE]],
  [145, [M.INODE_STORAGE]],
  [146, [M.INODE_STORAGE]],
  [156, [M.TASK_STORAGE]],
  [157, [M.TASK_STORAGE]],
  [210, [M.CGRP_STORAGE]],
  [211, [M.CGRP_STORAGE]],
]);

/** Program types that may change a sockmap with the element helpers (`may_update_sockmap`): types and attach types. */
const SOCKMAP_UPDATERS = new Set([1, 3, 4, 6, 21, 22, 30]);
const PROG_TRACING = 26;
const PROG_SOCK_OPS = 13;
const ATTACH_ITER = 28;

function mayUpdateSockmap(env: Env, helper: number): boolean {
  if (helper !== 2 && helper !== 3) return false;
  const type = env.progType;
  const iter = type === PROG_TRACING && env.prog.expectedAttachType === ATTACH_ITER;
  if (iter || SOCKMAP_UPDATERS.has(type) || (type === PROG_SOCK_OPS && helper === 3)) return true;
  env.verbose('cannot update sockmap in this context\n');
  return false;
}

/** 0, or -EINVAL with a message. */
export function checkMapFunc(env: Env, map: MapDesc | undefined, helper: number): number {
  if (map === undefined) return 0;
  const refuse = (): number => {
    env.verbose(`cannot pass map_type ${map.mapType} into func bpf_${env.input.tables.helperName(helper)}#${helper}\n`);
    return -EINVAL;
  };
  const helpers = BY_MAP.get(map.mapType);
  if (helpers !== undefined && !helpers.includes(helper)) {
    const sock = map.mapType === M.SOCKMAP || map.mapType === M.SOCKHASH;
    if (!sock || !mayUpdateSockmap(env, helper)) return refuse();
  }
  const maps = BY_HELPER.get(helper);
  if (maps !== undefined && !maps.includes(map.mapType)) return refuse();
  return 0;
}
