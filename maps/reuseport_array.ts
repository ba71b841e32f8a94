/**
 * BPF_MAP_TYPE_REUSEPORT_SOCKARRAY (source: behaviour of
 * kernel/bpf/reuseport_array.c): sockets of a reuseport group by index.
 */
import type { ForeignFile } from '../base/object.ts';
import { BPF_ELEM, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EBUSY, EEXIST, EINVAL, ENOENT, ENOMEM, ENOSPC, ENOTSUPP } from '../uapi/errno.ts';
import { arrayAllocCheck, arrayNextKey, readIndex } from './arraymap.ts';
import { objectKey, socketOfFd } from './fd_object.ts';
import { BpfMap, type MapOps } from './map.ts';
import { mapMetaEqual } from './map_in_map.ts';
import { slotMemUsage } from './mem_usage.ts';
import { reuseportFamily, socketCookie } from './socket.ts';

class ReuseportArray extends BpfMap {
  readonly ops: MapOps = reuseportArrayOps;
  readonly slots = new Map<number, ForeignFile>();
}

/** BPF_MAP_TYPE_REUSEPORT_SOCKARRAY. */
export const reuseportArrayOps: MapOps = {
  type: BPF_MAP_TYPE.REUSEPORT_SOCKARRAY,
  allocCheck: (attr) => (attr.valueSize !== 4 && attr.valueSize !== 8 ? -EINVAL : arrayAllocCheck(attr)),
  alloc(attr, env) {
    if (attr.maxEntries * 8 > env.arena.available) return -ENOMEM;
    const map = new ReuseportArray(env, attr);
    return map.addr === 0 ? -ENOMEM : map;
  },
  free: (map) => (map as ReuseportArray).slots.clear(),
  lookup: () => 0,
  sysLookup(map, key, value) {
    if (map.valueSize !== 8) return -ENOSPC;
    const socket = (map as ReuseportArray).slots.get(readIndex(map, key));
    if (socket === undefined) return -ENOENT;
    map.env.arena.view.setBigUint64(value, socketCookie(socket), true);
    return 0;
  },
  sysUpdate(map, key, value, flags, sys) {
    const { slots } = map as ReuseportArray;
    const { view } = map.env.arena;
    const index = readIndex(map, key);
    if (flags >>> 0 > BPF_ELEM.EXIST) return -EINVAL;
    if (index >= map.maxEntries) return -E2BIG;
    const high = map.valueSize === 8 ? view.getUint32(value + 4, true) : 0;
    const fd = view.getUint32(value, true);
    if (map.valueSize === 8 && (high !== 0 || fd > 0x7fffffff)) return -EINVAL;
    const socket = socketOfFd(sys, fd);
    if (typeof socket === 'number') return socket;
    const old = slots.get(index);
    if (old !== undefined && flags === BPF_ELEM.NOEXIST) return -EEXIST;
    if (old === undefined && flags === BPF_ELEM.EXIST) return -ENOENT;
    if (!reuseportFamily(socket)) return -ENOTSUPP;
    // It must be bound with SO_REUSEPORT and in no other slot.
    if (socket.socket?.reuseport !== true) return -EINVAL;
    const name = objectKey(socket);
    for (const other of slots.values()) if (objectKey(other) === name) return -EBUSY;
    slots.set(index, socket);
    return 0;
  },
  remove(map, key) {
    const index = readIndex(map, key);
    if (index >= map.maxEntries) return -E2BIG;
    return (map as ReuseportArray).slots.delete(index) ? 0 : -ENOENT;
  },
  nextKey: arrayNextKey,
  metaEqual: mapMetaEqual,
  memUsage: slotMemUsage,
};
