/**
 * BPF_MAP_TYPE_ARENA (source: behaviour of kernel/bpf/arena.c): a range of up to
 * 4 GiB that a program and a client share. Creation and its checks; pages are only
 * given out by a kernel function that no program type here can call yet, so that
 * the range stays empty.
 */
import { PAGE_SIZE } from '../mm/arena.ts';
import { BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EINVAL, ENOMEM, ENOTSUP, ERANGE } from '../uapi/errno.ts';
import { BpfMap, type MapOps } from './map.ts';
import { mapMetaEqual } from './map_in_map.ts';

const ARENA_FLAGS = BPF_F_MAP.MMAPABLE | BPF_F_MAP.SEGV_ON_FAULT | BPF_F_MAP.NO_USER_CONV;

class ArenaMap extends BpfMap {
  readonly ops: MapOps = arenaMapOps;
}

/** BPF_MAP_TYPE_ARENA. */
export const arenaMapOps: MapOps = {
  type: BPF_MAP_TYPE.ARENA,
  alloc(attr, env) {
    if (attr.keySize !== 0 || attr.valueSize !== 0 || attr.maxEntries === 0) return -EINVAL;
    if ((attr.mapFlags & BPF_F_MAP.MMAPABLE) === 0 || (attr.mapFlags & ~ARENA_FLAGS) !== 0) return -EINVAL;
    if (attr.mapExtra % BigInt(PAGE_SIZE) !== 0n) return -EINVAL;
    const range = BigInt(attr.maxEntries) * BigInt(PAGE_SIZE);
    if (range > 2n ** 32n) return -E2BIG;
    if (attr.mapExtra >> 32n !== (attr.mapExtra + range - 1n) >> 32n) return -ERANGE;
    const map = new ArenaMap(env, attr);
    return map.addr === 0 ? -ENOMEM : map;
  },
  free: () => {},
  sysLookup: () => -EINVAL,
  update: () => -ENOTSUP,
  remove: () => -ENOTSUP,
  nextKey: () => -ENOTSUP,
  metaEqual: mapMetaEqual,
  memUsage: () => 0,
};
