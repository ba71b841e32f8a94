/**
 * Storage that belongs to an object: BPF_MAP_TYPE_SK_STORAGE, INODE_STORAGE,
 * TASK_STORAGE and CGRP_STORAGE (source: behaviour of
 * kernel/bpf/bpf_local_storage.c and its users). User space names the object by a
 * descriptor (socket, any file, pidfd, cgroup); programs by the object itself.
 */
import type { KernelEnv } from '../base/env.ts';
import { type FdTarget, type ForeignFile, isBpfFile } from '../base/object.ts';
import type { Btf } from '../btf/btf.ts';
import { BPF_ELEM, BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EBADF, EEXIST, EINVAL, ENOENT, ENOMEM, ENOTSUPP } from '../uapi/errno.ts';
import { LOCAL_STORAGE_MAX_VALUE_SIZE } from './alloc_check.ts';
import { checkRegularInt } from './btf_check.ts';
import { fileOfFd, objectKey, socketOfFd } from './fd_object.ts';
import { BpfMap, type MapCreateAttr, type MapOps, type MapSyscall } from './map.ts';
import { mapMetaEqual } from './map_in_map.ts';
import { localStorageMemUsage } from './mem_usage.ts';
import { NodePool } from './node_pool.ts';
import { copyMapValue, copyValueOut, freeSpecialFields, roundUp8 } from './value.ts';

/** Flag of bpf_sk_storage_get and its like: make a value when there is none. */
export const BPF_LOCAL_STORAGE_GET_F_CREATE = 1;

const STORAGE_FLAGS = BPF_F_MAP.NO_PREALLOC | BPF_F_MAP.CLONE;

/** A map of values by object. */
export class LocalStorageMap extends BpfMap {
  readonly ops: MapOps;
  /** Address of the value of each object that has one, by the object's name. */
  readonly values = new Map<string, number>();
  /** The sockets among them, for those who go through the values. */
  readonly sockets = new Map<string, ForeignFile>();
  readonly pool: NodePool;

  constructor(ops: MapOps, env: KernelEnv, attr: MapCreateAttr) {
    super(env, attr);
    this.ops = ops;
    this.pool = new NodePool(env.arena, roundUp8(attr.valueSize));
  }
}

function allocCheck(attr: MapCreateAttr): number {
  if ((attr.mapFlags & ~STORAGE_FLAGS) !== 0 || (attr.mapFlags & BPF_F_MAP.NO_PREALLOC) === 0) return -EINVAL;
  if (attr.maxEntries !== 0 || attr.keySize !== 4 || attr.valueSize === 0) return -EINVAL;
  if ((attr.btfKeyTypeId ?? 0) === 0 || (attr.btfValueTypeId ?? 0) === 0) return -EINVAL;
  return attr.valueSize > LOCAL_STORAGE_MAX_VALUE_SIZE ? -E2BIG : 0;
}

/** `bpf_local_storage_update`: the address of the value, or -errno. */
function localStorageUpdate(map: BpfMap, object: string, value: number, flags: number): number {
  const storage = map as LocalStorageMap;
  if (flags >>> 0 > 7 || (flags & 3) === 3) return -EINVAL;
  const old = storage.values.get(object) ?? 0;
  if (old !== 0 && (flags & BPF_ELEM.NOEXIST) !== 0) return -EEXIST;
  if (old === 0 && (flags & BPF_ELEM.EXIST) !== 0) return -ENOENT;
  if (old !== 0 && (flags & BPF_ELEM.F_LOCK) !== 0) {
    copyMapValue(map, old, value);
    return old;
  }
  const at = storage.pool.take();
  if (at === 0) return -ENOMEM;
  map.env.arena.zero(at, storage.pool.nodeSize);
  if (value !== 0) copyMapValue(map, at, value);
  storage.values.set(object, at);
  if (old !== 0) release(storage, old);
  return at;
}

/** Address of an object's value for a program (bpf_task_storage_get and its like), 0 for none; see the flag above. */
export function localStorageGet(map: BpfMap, object: string, value: number, flags: number): number {
  const at = (map as LocalStorageMap).values.get(object) ?? 0;
  if (at !== 0 || (flags & BPF_LOCAL_STORAGE_GET_F_CREATE) === 0) return at;
  return Math.max(localStorageUpdate(map, object, value, BPF_ELEM.NOEXIST), 0);
}

/** Removes an object's value: 0 or -ENOENT. */
export function localStorageDelete(map: BpfMap, object: string): number {
  const storage = map as LocalStorageMap;
  const at = storage.values.get(object);
  if (at === undefined) return -ENOENT;
  storage.values.delete(object);
  storage.sockets.delete(object);
  release(storage, at);
  return 0;
}

/** Names and values' addresses of the objects that have one. */
export function localStorageEntries(map: LocalStorageMap): readonly (readonly [string, number])[] {
  return [...map.values];
}

function release(storage: LocalStorageMap, at: number): void {
  freeSpecialFields(storage, at);
  storage.pool.give(at);
}

/** Names the object behind a descriptor, or gives -errno. */
type ObjectOfFd = (sys: MapSyscall, fd: number) => string | number;

function storageOps(type: number, objectOf: ObjectOfFd): MapOps {
  const objectAt = (map: BpfMap, key: number, sys: MapSyscall): string | number =>
    objectOf(sys, map.env.arena.view.getInt32(key, true));
  const ops: MapOps = {
    type,
    allocCheck,
    alloc(attr, env) {
      const map = new LocalStorageMap(ops, env, attr);
      return map.addr === 0 ? -ENOMEM : map;
    },
    free(map) {
      const storage = map as LocalStorageMap;
      for (const at of storage.values.values()) freeSpecialFields(map, at);
      storage.pool.freeAll();
    },
    sysLookup(map, key, value, _flags, sys) {
      const object = objectAt(map, key, sys);
      if (typeof object === 'number') return object;
      const at = (map as LocalStorageMap).values.get(object);
      if (at === undefined) return -ENOENT;
      copyValueOut(map, value, at);
      return 0;
    },
    sysUpdate(map, key, value, flags, sys) {
      const object = objectAt(map, key, sys);
      if (typeof object === 'number') return object;
      const result = Math.min(localStorageUpdate(map, object, value, flags), 0);
      const file = sys.fdget(map.env.arena.view.getInt32(key, true));
      if (result === 0 && file !== undefined && !isBpfFile(file) && file.what === 'socket')
        (map as LocalStorageMap).sockets.set(object, file);
      return result;
    },
    sysRemove(map, key, sys) {
      const object = objectAt(map, key, sys);
      return typeof object === 'number' ? object : localStorageDelete(map, object);
    },
    nextKey: () => -ENOTSUPP,
    metaEqual: mapMetaEqual,
    memUsage: localStorageMemUsage,
    checkBtf: (_map: BpfMap, btf: Btf, keyTypeId: number) => (checkRegularInt(btf, keyTypeId, 4) ? 0 : -EINVAL),
  };
  return ops;
}

/** Every file of ours has the one anonymous inode. */
function inodeName(target: FdTarget): string | number {
  if (target === undefined) return -EBADF;
  return isBpfFile(target) ? 'anon_inode' : `${target.dev}:${target.ino}`;
}

/** BPF_MAP_TYPE_SK_STORAGE: the key is a socket. */
export const skStorageMapOps = storageOps(BPF_MAP_TYPE.SK_STORAGE, (sys, fd) => {
  const socket = socketOfFd(sys, fd);
  return typeof socket === 'number' ? socket : objectKey(socket);
});

/** BPF_MAP_TYPE_INODE_STORAGE: the key is any open file. */
export const inodeStorageMapOps = storageOps(BPF_MAP_TYPE.INODE_STORAGE, (sys, fd) => inodeName(sys.fdget(fd)));

/** BPF_MAP_TYPE_TASK_STORAGE: the key is a pidfd. */
export const taskStorageMapOps = storageOps(BPF_MAP_TYPE.TASK_STORAGE, (sys, fd) => {
  const task = fileOfFd(sys, fd, 'pidfd');
  return typeof task === 'number' ? task : objectKey(task);
});

/** BPF_MAP_TYPE_CGRP_STORAGE: the key is a cgroup. */
export const cgrpStorageMapOps = storageOps(BPF_MAP_TYPE.CGRP_STORAGE, (sys, fd) => {
  const cgroup = fileOfFd(sys, fd, 'cgroup');
  return typeof cgroup === 'number' ? cgroup : objectKey(cgroup);
});
