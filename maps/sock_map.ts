/**
 * BPF_MAP_TYPE_SOCKMAP and BPF_MAP_TYPE_SOCKHASH (source: behaviour of
 * net/core/sock_map.c, recorded). The sockets are the caller's: the map keeps which
 * one is where, and answers with its cookie where values have 8 bytes.
 */
import type { KernelEnv } from '../base/env.ts';
import type { ForeignFile } from '../base/object.ts';
import { BPF_ELEM, BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EEXIST, EINVAL, ENOENT, ENOMEM, ENOSPC, ENOTSUP } from '../uapi/errno.ts';
import { MAX_BPF_STACK, roundUpPow2 } from './alloc_check.ts';
import { arrayNextKey, readIndex } from './arraymap.ts';
import { socketOfFd } from './fd_object.ts';
import { jhash } from './jhash.ts';
import { BpfMap, MAP_HEADER_SIZE, type MapCreateAttr, type MapOps, type MapSyscall } from './map.ts';
import { mapMetaEqual } from './map_in_map.ts';
import { sockHashMemUsage, sockMapMemUsage } from './mem_usage.ts';
import { mapCheckNoBtf } from './no_btf.ts';
import { socketCookie, sockMapSuitable } from './socket.ts';

const SOCK_FLAGS = BPF_F_MAP.NUMA_NODE | BPF_F_MAP.RDONLY | BPF_F_MAP.WRONLY;

function sockAllocCheck(attr: MapCreateAttr): number {
  if (attr.maxEntries === 0 || attr.keySize === 0) return -EINVAL;
  if (attr.valueSize !== 4 && attr.valueSize !== 8) return -EINVAL;
  return (attr.mapFlags & ~SOCK_FLAGS) !== 0 ? -EINVAL : 0;
}

/** The socket a value names, if it may be in such a map; or -errno (`sock_map_update_elem_sys`). */
function socketOfValue(map: BpfMap, value: number, sys: MapSyscall): ForeignFile | number {
  const { view } = map.env.arena;
  const high = map.valueSize === 8 ? view.getUint32(value + 4, true) : 0;
  const fd = view.getUint32(value, true);
  if (high !== 0 || fd > 0x7fffffff) return -EINVAL;
  const socket = socketOfFd(sys, fd);
  if (typeof socket === 'number') return socket;
  return sockMapSuitable(socket) ? socket : -ENOTSUP;
}

function checkFlags(exists: boolean, flags: number): number {
  if (exists && flags === BPF_ELEM.NOEXIST) return -EEXIST;
  return !exists && flags === BPF_ELEM.EXIST ? -ENOENT : 0;
}

function cookieTo(map: BpfMap, value: number, socket: ForeignFile | undefined): number {
  if (map.valueSize !== 8) return -ENOSPC;
  if (socket === undefined) return -ENOENT;
  map.env.arena.view.setBigUint64(value, socketCookie(socket), true);
  return 0;
}

class SockMap extends BpfMap {
  readonly ops: MapOps = sockMapOps;
  readonly slots = new Map<number, ForeignFile>();
}

/** The socket at an index, for redirection. */
export function sockMapGet(map: BpfMap, index: number): ForeignFile | undefined {
  return (map as SockMap).slots.get(index);
}

/** BPF_MAP_TYPE_SOCKMAP. */
export const sockMapOps: MapOps = {
  type: BPF_MAP_TYPE.SOCKMAP,
  alloc(attr, env) {
    if (attr.keySize !== 4) return -EINVAL;
    const error = sockAllocCheck(attr);
    if (error !== 0) return error;
    if (attr.maxEntries * 8 > env.arena.available) return -ENOMEM;
    const map = new SockMap(env, attr);
    return map.addr === 0 ? -ENOMEM : map;
  },
  free: (map) => (map as SockMap).slots.clear(),
  lookup: () => 0,
  sysLookup: (map, key, value) => cookieTo(map, value, (map as SockMap).slots.get(readIndex(map, key))),
  sysUpdate(map, key, value, flags, sys) {
    const socket = socketOfValue(map, value, sys);
    if (typeof socket === 'number') return socket;
    const index = readIndex(map, key);
    const { slots } = map as SockMap;
    if (flags >>> 0 > BPF_ELEM.EXIST) return -EINVAL;
    if (index >= map.maxEntries) return -E2BIG;
    const error = checkFlags(slots.has(index), flags);
    if (error === 0) slots.set(index, socket);
    return error;
  },
  remove: (map, key) => ((map as SockMap).slots.delete(readIndex(map, key)) ? 0 : -EINVAL),
  nextKey: arrayNextKey,
  metaEqual: mapMetaEqual,
  memUsage: sockMapMemUsage,
  checkBtf: mapCheckNoBtf,
};

interface HashEntry {
  readonly key: Uint8Array;
  readonly hash: number;
  socket: ForeignFile;
}

/** A hash of sockets: buckets by number, the newest entry first. */
export class SockHash extends BpfMap {
  readonly ops: MapOps = sockHashOps;
  readonly nrBuckets: number;
  readonly buckets = new Map<number, HashEntry[]>();
  count = 0;
  readonly scratch: number;

  constructor(env: KernelEnv, attr: MapCreateAttr, nrBuckets: number) {
    super(env, attr);
    this.nrBuckets = nrBuckets;
    this.scratch = env.arena.alloc(attr.keySize);
  }

  hashOf(key: number): number {
    const { arena } = this.env;
    arena.copy(this.scratch, key, this.keySize);
    return jhash(arena.i32, arena.u8, this.scratch, this.keySize, 0);
  }

  bucketOf(hash: number): HashEntry[] {
    return this.buckets.get(hash & (this.nrBuckets - 1)) ?? [];
  }

  find(key: number): HashEntry | undefined {
    const { u8 } = this.env.arena;
    return this.bucketOf(this.hashOf(key)).find((entry) => entry.key.every((byte, i) => byte === u8[key + i]));
  }

  firstFrom(bucket: number): HashEntry | undefined {
    let best = Infinity;
    for (const number of this.buckets.keys()) if (number >= bucket && number < best) best = number;
    return this.buckets.get(best)?.[0];
  }
}

/** BPF_MAP_TYPE_SOCKHASH. */
export const sockHashOps: MapOps = {
  type: BPF_MAP_TYPE.SOCKHASH,
  alloc(attr, env) {
    const error = sockAllocCheck(attr);
    if (error !== 0) return error;
    if (attr.keySize > MAX_BPF_STACK) return -E2BIG;
    const nrBuckets = roundUpPow2(attr.maxEntries);
    if (nrBuckets > Math.floor(0xffffffff / 16)) return -EINVAL;
    if (nrBuckets * 16 > env.arena.available) return -ENOMEM;
    const map = new SockHash(env, attr, nrBuckets);
    if (map.addr !== 0 && map.scratch !== 0) return map;
    env.arena.free(map.scratch, attr.keySize);
    env.arena.free(map.addr, MAP_HEADER_SIZE);
    return -ENOMEM;
  },
  free: (map) => map.env.arena.free((map as SockHash).scratch, map.keySize),
  lookup: () => 0,
  sysLookup: (map, key, value) => cookieTo(map, value, (map as SockHash).find(key)?.socket),
  sysUpdate(map, key, value, flags, sys) {
    const socket = socketOfValue(map, value, sys);
    if (typeof socket === 'number') return socket;
    const hash = map as SockHash;
    if (flags >>> 0 > BPF_ELEM.EXIST) return -EINVAL;
    const old = hash.find(key);
    const error = checkFlags(old !== undefined, flags);
    if (error !== 0) return error;
    if (old === undefined && hash.count >= map.maxEntries) return -E2BIG;
    const code = hash.hashOf(key);
    const bytes = map.env.arena.u8.slice(key, key + map.keySize);
    const others = hash.bucketOf(code).filter((entry) => entry !== old);
    hash.buckets.set(code & (hash.nrBuckets - 1), [{ key: bytes, hash: code, socket }, ...others]);
    if (old === undefined) hash.count++;
    return 0;
  },
  remove(map, key) {
    const hash = map as SockHash;
    const entry = hash.find(key);
    if (entry === undefined) return -ENOENT;
    const rest = hash.bucketOf(entry.hash).filter((other) => other !== entry);
    if (rest.length === 0) hash.buckets.delete(entry.hash & (hash.nrBuckets - 1));
    else hash.buckets.set(entry.hash & (hash.nrBuckets - 1), rest);
    hash.count--;
    return 0;
  },
  nextKey(map, key, next) {
    const hash = map as SockHash;
    const entry = key === 0 ? undefined : hash.find(key);
    let found = entry;
    if (entry === undefined) found = hash.firstFrom(0);
    else {
      const bucket = hash.bucketOf(entry.hash);
      found = bucket[bucket.indexOf(entry) + 1] ?? hash.firstFrom((entry.hash & (hash.nrBuckets - 1)) + 1);
    }
    if (found === undefined) return -ENOENT;
    map.env.arena.u8.set(found.key, next);
    return 0;
  },
  metaEqual: mapMetaEqual,
  memUsage: (map) => sockHashMemUsage(map as SockHash),
  checkBtf: mapCheckNoBtf,
};
