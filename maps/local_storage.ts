/**
 * BPF_MAP_TYPE_CGROUP_STORAGE and its per-CPU form (source: behaviour of
 * kernel/bpf/local_storage.c): one value for each cgroup (and attach type) a program
 * that uses the map is or was attached to. Attaching makes the values, which stay until
 * the cgroup is removed; user space can only read and overwrite them.
 *
 * The key is `u64 cgroup inode id`, shared by all attach types, or
 * `struct bpf_cgroup_storage_key` with the attach type.
 */
import type { KernelEnv } from '../base/env.ts';
import { BTF_KIND, type Btf } from '../btf/btf.ts';
import { BPF_ELEM, BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EINVAL, ENOENT, ENOMEM } from '../uapi/errno.ts';
import { ACCESS_FLAGS, flagsOk, LOCAL_STORAGE_MAX_VALUE_SIZE, PCPU_MIN_UNIT_SIZE } from './alloc_check.ts';
import { checkRegularInt } from './btf_check.ts';
import { copyPercpuOut } from './hashtab.ts';
import { percpuUserValueSize } from './htab_map.ts';
import { BpfMap, type MapCreateAttr, type MapOps, type ShowSink } from './map.ts';
import { cgroupStorageMemUsage } from './mem_usage.ts';
import { NodePool } from './node_pool.ts';
import { showKeyed } from './show.ts';
import { checkAndInitMapValue, copyMapValue, copyValueOut, freeSpecialFields, roundUp8 } from './value.ts';

/** sizeof(struct bpf_cgroup_storage_key), and of the key that is the cgroup alone. */
const KEY_WITH_TYPE = 16;
const KEY_SHARED = 8;

interface Storage {
  readonly cgroupId: bigint;
  readonly attachType: number;
  readonly value: number;
}

/** A map of cgroup storages, newest first. */
export class CgroupStorageMap extends BpfMap {
  readonly ops: MapOps;
  readonly percpu: boolean;
  readonly valueStride: number;
  readonly pool: NodePool;
  storages: Storage[] = [];

  constructor(ops: MapOps, env: KernelEnv, attr: MapCreateAttr, percpu: boolean) {
    super(env, attr);
    this.ops = ops;
    this.percpu = percpu;
    this.valueStride = roundUp8(attr.valueSize);
    this.pool = new NodePool(env.arena, this.valueStride * (percpu ? env.nrCpus : 1));
  }

  get shared(): boolean {
    return this.keySize === KEY_SHARED;
  }

  find(cgroupId: bigint, attachType: number): Storage | undefined {
    return this.storages.find(
      (storage) => storage.cgroupId === cgroupId && (this.shared || storage.attachType === attachType),
    );
  }

  /** The storage of the key in the arena. */
  at(key: number): Storage | undefined {
    const { view } = this.env.arena;
    return this.find(view.getBigUint64(key, true), this.shared ? 0 : view.getUint32(key + 8, true));
  }
}

function alloc(ops: MapOps, attr: MapCreateAttr, env: KernelEnv, percpu: boolean): BpfMap | number {
  const maxValue = percpu ? PCPU_MIN_UNIT_SIZE : LOCAL_STORAGE_MAX_VALUE_SIZE;
  if (attr.keySize !== KEY_WITH_TYPE && attr.keySize !== KEY_SHARED) return -EINVAL;
  if (attr.valueSize === 0) return -EINVAL;
  if (attr.valueSize > maxValue) return -E2BIG;
  if (!flagsOk(attr.mapFlags, BPF_F_MAP.NUMA_NODE | ACCESS_FLAGS) || attr.maxEntries !== 0) return -EINVAL;
  const map = new CgroupStorageMap(ops, env, attr, percpu);
  return map.addr === 0 ? -ENOMEM : map;
}

/** A program is attached: makes its value for this cgroup when there is none; the address, or 0 without memory. */
export function cgroupStorageLink(map: BpfMap, cgroupId: bigint, attachType: number): number {
  const storages = map as CgroupStorageMap;
  const known = storages.find(cgroupId, attachType);
  if (known !== undefined) return known.value;
  const value = storages.pool.take();
  if (value === 0) return 0;
  map.env.arena.zero(value, storages.pool.nodeSize);
  storages.storages.unshift({ cgroupId, attachType, value });
  return value;
}

/** A cgroup is removed: drops its values (`cgroup_bpf_release`). */
export function cgroupStorageUnlink(map: BpfMap, cgroupId: bigint): void {
  const storages = map as CgroupStorageMap;
  for (const storage of storages.storages) {
    if (storage.cgroupId !== cgroupId) continue;
    freeSpecialFields(map, storage.value);
    storages.pool.give(storage.value);
  }
  storages.storages = storages.storages.filter((storage) => storage.cgroupId !== cgroupId);
}

const shared = {
  free(map: BpfMap): void {
    (map as CgroupStorageMap).storages = [];
    (map as CgroupStorageMap).pool.freeAll();
  },
  lookup: (map: BpfMap, key: number) => (map as CgroupStorageMap).at(key)?.value ?? 0,
  remove: () => -EINVAL,
  nextKey(map: BpfMap, key: number, next: number): number {
    const storages = map as CgroupStorageMap;
    let index = 0;
    if (key !== 0) {
      const storage = storages.at(key);
      if (storage === undefined) return -ENOENT;
      index = storages.storages.indexOf(storage) + 1;
    }
    const found = storages.storages[index];
    if (found === undefined) return -ENOENT;
    const { view } = map.env.arena;
    view.setBigUint64(next, found.cgroupId, true);
    if (storages.shared) return 0;
    view.setUint32(next + 8, found.attachType, true);
    view.setUint32(next + 12, 0, true);
    return 0;
  },
  memUsage: cgroupStorageMemUsage,
  showElem(map: BpfMap, key: number, out: ShowSink): void {
    const storages = map as CgroupStorageMap;
    showKeyed(map, key, storages.at(key)?.value ?? 0, storages.percpu, out);
  },
  /** `cgroup_storage_map_check_btf`. */
  checkBtf(map: BpfMap, btf: Btf, keyTypeId: number): number {
    if ((map as CgroupStorageMap).shared) return checkRegularInt(btf, keyTypeId, 8) ? 0 : -EINVAL;
    const type = btf.type(btf.typeIdSize(keyTypeId)?.id ?? 0);
    const [cgroup, attach] = type?.members ?? [];
    if (type?.kind !== BTF_KIND.STRUCT || type.vlen !== 2 || cgroup === undefined || attach === undefined)
      return -EINVAL;
    if (cgroup.bitfieldSize !== 0 || attach.bitfieldSize !== 0) return -EINVAL;
    const placed = cgroup.bitOffset === 0 && attach.bitOffset === 64;
    return placed && checkRegularInt(btf, cgroup.type, 8) && checkRegularInt(btf, attach.type, 4) ? 0 : -EINVAL;
  },
};

/** BPF_MAP_TYPE_CGROUP_STORAGE. */
export const cgroupStorageMapOps: MapOps = {
  ...shared,
  type: BPF_MAP_TYPE.CGROUP_STORAGE,
  alloc: (attr, env) => alloc(cgroupStorageMapOps, attr, env, false),
  sysLookup(map, key, value) {
    const storage = (map as CgroupStorageMap).at(key);
    if (storage === undefined) return -ENOENT;
    copyValueOut(map, value, storage.value);
    return 0;
  },
  update(map, key, value, flags) {
    if ((flags & ~(BPF_ELEM.F_LOCK | BPF_ELEM.EXIST)) !== 0) return -EINVAL;
    const storage = (map as CgroupStorageMap).at(key);
    if (storage === undefined) return -ENOENT;
    if ((flags & BPF_ELEM.F_LOCK) === 0) checkAndInitMapValue(map, storage.value);
    copyMapValue(map, storage.value, value);
    return 0;
  },
};

/** BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE. */
export const percpuCgroupStorageMapOps: MapOps = {
  ...shared,
  type: BPF_MAP_TYPE.PERCPU_CGROUP_STORAGE,
  alloc: (attr, env) => alloc(percpuCgroupStorageMapOps, attr, env, true),
  userValueSize: percpuUserValueSize,
  sysLookup(map, key, value) {
    const storages = map as CgroupStorageMap;
    const storage = storages.at(key);
    if (storage === undefined) return -ENOENT;
    copyPercpuOut(map, value, storage.value, storages.valueStride);
    return 0;
  },
  sysUpdate(map, key, value, flags) {
    if (flags !== BPF_ELEM.ANY && flags !== BPF_ELEM.EXIST) return -EINVAL;
    const storages = map as CgroupStorageMap;
    const storage = storages.at(key);
    if (storage === undefined) return -ENOENT;
    map.env.arena.copy(storage.value, value, storages.valueStride * map.env.nrCpus);
    return 0;
  },
};
