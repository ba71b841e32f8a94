/**
 * Arrays of descriptors: prog array, perf event array, cgroup array, array of maps
 * (source: behaviour of `bpf_fd_array_map_*`, kernel/bpf/arraymap.c). User space
 * puts descriptors in and, where there is an id, gets ids out.
 *
 * The slots are an array of 8-byte words in the arena (as other arrays, see
 * arraymap.ts): a program's id (and in the upper half its slot in the table of
 * compiled programs), an inner map's address, else 1; 0 is empty. The objects
 * themselves are in `slots`.
 */
import type { KernelEnv } from '../base/env.ts';
import { type BpfFile, BpfObject, type ForeignFile } from '../base/object.ts';
import { BpfProgBase } from '../base/prog.ts';
import { BPF_ELEM, BPF_F_MAP, BPF_MAP_TYPE, BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EBUSY, EINVAL, ENOENT, ENOTSUPP } from '../uapi/errno.ts';
import { ArrayMap, arrayAlloc, arrayAllocCheck, arrayNextKey, readIndex } from './arraymap.ts';
import { fileOfFd, mapOfFd, progOfFd } from './fd_object.ts';
import type { BpfMap, MapCreateAttr, MapOps, MapSyscall } from './map.ts';
import { fitsInner, mapMetaAlloc, mapMetaEqual } from './map_in_map.ts';
import { arrayMemUsage } from './mem_usage.ts';
import { mapCheckNoBtf } from './no_btf.ts';
import { progMapCompatible } from './prog_compatible.ts';
import { progArrayShowElem } from './show.ts';

type Slot = BpfObject | ForeignFile;

/** An array of objects. */
export class FdArrayMap extends ArrayMap {
  /** The object of each index that has one. */
  readonly slots: (Slot | undefined)[] = [];
  /** Perf events: the open description of the map each was put in through. */
  readonly owners: (BpfFile | undefined)[] = [];
}

/** What tells the kinds apart (`map_fd_get_ptr` and its like). */
interface FdKind {
  /** The object of a descriptor, without a reference; or -errno. */
  get(map: BpfMap, sys: MapSyscall, fd: number): Slot | number;
  /** What user space reads back; missing: lookups are -ENOTSUPP. */
  id?(slot: Slot): number;
  /** The word in the arena. */
  word(slot: Slot): number;
}

function fdArrayAllocCheck(attr: MapCreateAttr): number {
  if (attr.valueSize !== 4) return -EINVAL;
  if ((attr.mapFlags & (BPF_F_MAP.RDONLY_PROG | BPF_F_MAP.WRONLY_PROG)) !== 0) return -EINVAL;
  return arrayAllocCheck(attr);
}

function alloc(ops: MapOps, attr: MapCreateAttr, env: KernelEnv): BpfMap | number {
  return arrayAlloc(env, attr, false, (bytes) => new FdArrayMap(ops, env, attr, false, bytes));
}

function dropSlot(slot: Slot | undefined): void {
  if (slot instanceof BpfProgBase) slot.progArrayMembers--;
  if (slot instanceof BpfObject) slot.put();
}

function setSlot(array: FdArrayMap, index: number, slot: Slot | undefined, word: number): Slot | undefined {
  const old = array.slots[index];
  array.slots[index] = slot;
  const at = (array.values + index * array.elemSize) >> 2;
  array.i32[at] = word;
  array.i32[at + 1] = slot instanceof BpfProgBase ? slot.tailSlot : 0;
  return old;
}

/** `bpf_fd_array_map_clear`: empties the array. */
function fdArrayClear(map: BpfMap): void {
  const array = map as FdArrayMap;
  array.slots.forEach((slot, index) => {
    if (slot !== undefined) dropSlot(setSlot(array, index, undefined, 0));
  });
}

function free(map: BpfMap): void {
  fdArrayClear(map);
  map.env.arena.free((map as FdArrayMap).values, (map as FdArrayMap).bytes);
}

function remove(map: BpfMap, key: number): number {
  const array = map as FdArrayMap;
  const index = readIndex(map, key);
  if (index >= map.maxEntries) return -E2BIG;
  const old = setSlot(array, index, undefined, 0);
  if (old === undefined) return -ENOENT;
  dropSlot(old);
  return 0;
}

/** The operations all kinds share. */
function fdArrayOps(kind: FdKind) {
  return {
    allocCheck: fdArrayAllocCheck,
    free,
    remove,
    nextKey: arrayNextKey,
    sysLookup(map: BpfMap, key: number, value: number): number {
      if (kind.id === undefined) return -ENOTSUPP;
      const index = readIndex(map, key);
      const slot = index < map.maxEntries ? (map as FdArrayMap).slots[index] : undefined;
      if (slot === undefined) return -ENOENT;
      map.env.arena.view.setUint32(value, kind.id(slot), true);
      return 0;
    },
    sysUpdate(map: BpfMap, key: number, value: number, flags: number, sys: MapSyscall): number {
      if (flags !== BPF_ELEM.ANY) return -EINVAL;
      const index = readIndex(map, key);
      if (index >= map.maxEntries) return -E2BIG;
      const slot = kind.get(map, sys, map.env.arena.view.getInt32(value, true));
      if (typeof slot === 'number') return slot;
      if (slot instanceof BpfObject) slot.get();
      if (slot instanceof BpfProgBase) slot.progArrayMembers++;
      dropSlot(setSlot(map as FdArrayMap, index, slot, kind.word(slot)));
      return 0;
    },
    memUsage: arrayMemUsage,
  };
}

const idOf = (slot: Slot): number => (slot as BpfObject).id;

/** The program at an index of a prog array, for tail calls. */
export function progArrayGet(map: BpfMap, index: number): BpfProgBase | undefined {
  return (map as FdArrayMap).slots[index] as BpfProgBase | undefined;
}

/** BPF_MAP_TYPE_PROG_ARRAY. */
export const progArrayMapOps: MapOps = {
  ...fdArrayOps({
    get(map, sys, fd) {
      const prog = progOfFd(sys, fd);
      if (typeof prog === 'number') return prog;
      if (prog.type === BPF_PROG_TYPE.EXT || !progMapCompatible(map, prog)) return -EINVAL;
      // A program with an extension could call itself through it for ever.
      return prog.isExtended ? -EBUSY : prog;
    },
    id: idOf,
    word: idOf,
  }),
  type: BPF_MAP_TYPE.PROG_ARRAY,
  alloc: (attr, env) => alloc(progArrayMapOps, attr, env),
  releaseUser: fdArrayClear,
  showElem(map, key, out) {
    const slot = (map as FdArrayMap).slots[readIndex(map, key)];
    progArrayShowElem(map, key, slot === undefined ? 0 : idOf(slot), out);
  },
};

const perfEventOps = fdArrayOps({ get: (_map, sys, fd) => fileOfFd(sys, fd, 'perf_event'), word: () => 1 });

/**
 * BPF_MAP_TYPE_PERF_EVENT_ARRAY: events go with the description they were put in
 * through, unless BPF_F_PRESERVE_ELEMS (`perf_event_fd_array_release`).
 */
export const perfEventArrayMapOps: MapOps = {
  ...perfEventOps,
  type: BPF_MAP_TYPE.PERF_EVENT_ARRAY,
  alloc: (attr, env) => alloc(perfEventArrayMapOps, attr, env),
  sysUpdate(map, key, value, flags, sys) {
    const error = perfEventOps.sysUpdate(map, key, value, flags, sys);
    if (error === 0) (map as FdArrayMap).owners[readIndex(map, key)] = map.writer;
    return error;
  },
  releaseFile(map, file) {
    if ((map.mapFlags & BPF_F_MAP.PRESERVE_ELEMS) !== 0) return;
    const array = map as FdArrayMap;
    array.owners.forEach((owner, index) => {
      if (owner !== file) return;
      array.owners[index] = undefined;
      dropSlot(setSlot(array, index, undefined, 0));
    });
  },
  metaEqual: mapMetaEqual,
  checkBtf: mapCheckNoBtf,
};

/** The perf event at an index, for bpf_perf_event_output. */
export function perfEventGet(map: BpfMap, index: number): ForeignFile | undefined {
  return (map as FdArrayMap).slots[index] as ForeignFile | undefined;
}

/** BPF_MAP_TYPE_CGROUP_ARRAY. */
export const cgroupArrayMapOps: MapOps = {
  ...fdArrayOps({ get: (_map, sys, fd) => fileOfFd(sys, fd, 'cgroup'), word: () => 1 }),
  type: BPF_MAP_TYPE.CGROUP_ARRAY,
  alloc: (attr, env) => alloc(cgroupArrayMapOps, attr, env),
  metaEqual: mapMetaEqual,
  checkBtf: mapCheckNoBtf,
};

/** The cgroup at an index, for bpf_current_task_under_cgroup and its like. */
export function cgroupArrayGet(map: BpfMap, index: number): ForeignFile | undefined {
  return (map as FdArrayMap).slots[index] as ForeignFile | undefined;
}

/** BPF_MAP_TYPE_ARRAY_OF_MAPS: a program's lookup gives the address of the inner map. */
export const arrayOfMapsMapOps: MapOps = {
  ...fdArrayOps({
    get(map, sys, fd) {
      const inner = mapOfFd(sys, fd);
      if (typeof inner === 'number') return inner;
      return fitsInner(map, inner) || inner;
    },
    id: idOf,
    word: (slot) => (slot as BpfMap).addr,
  }),
  type: BPF_MAP_TYPE.ARRAY_OF_MAPS,
  alloc(attr, env) {
    const meta = mapMetaAlloc(attr);
    if (typeof meta === 'number') return meta;
    const map = alloc(arrayOfMapsMapOps, attr, env);
    if (typeof map !== 'number') map.innerMapMeta = meta;
    return map;
  },
  lookup(map, key) {
    const array = map as FdArrayMap;
    const index = readIndex(map, key);
    return index < map.maxEntries ? array.i32[(array.values + index * array.elemSize) >> 2]! : 0;
  },
  checkBtf: mapCheckNoBtf,
  batch: 'generic',
};
