/**
 * The hash table behind the hash types (source: behaviour of kernel/bpf/hashtab.c,
 * recorded; the hash is {@link jhash}). It lives in the arena, so that a runtime
 * written in WebAssembly can walk it too:
 *
 * - `map.addr` + 4·word: {@link HTAB_HEADER}: where the table is and its constants.
 * - The table: one 32-bit address of the first element a bucket, 0 for none;
 *   the bucket of a key is `hash & mask`.
 * - An element: `next` in its bucket (0 at the end), `hash`; for LRU types three
 *   more words (see bpf_lru_list.ts) and a spare one; the key, padded with zeros to
 *   8 bytes; the value, padded to 8 bytes; for per-CPU types one such value a CPU.
 * - The state: {@link HTAB_STATE}, then the head of each CPU's list of free elements,
 *   then each CPU's spare element (`extra_elems`).
 *
 * Elements are never given back before the map goes away, and only ever reused as
 * elements of the same map: a program that kept a pointer to a deleted value
 * reaches a value of this map and nothing else. Preallocated elements are one
 * block; BPF_F_NO_PREALLOC takes chunks as the map grows.
 */
import type { KernelEnv } from '../base/env.ts';
import { BPF_ELEM, BPF_F_MAP } from '../uapi/bpf.ts';
import { E2BIG, EEXIST, EINVAL, ENOENT, ENOMEM } from '../uapi/errno.ts';
import { roundUpPow2 } from './alloc_check.ts';
import { htabFind1, htabFind2, htabFind4 } from './htab_find.ts';
import { ELEM_HASH, ELEM_NEXT, type HtabTable, unlinkElement } from './htab_layout.ts';
import { jhash, jhash1, jhash2, jhash4 } from './jhash.ts';
import { BpfMap, MAP_HEADER_SIZE, type MapCreateAttr, type MapOps } from './map.ts';
import { PercpuFreelist } from './percpu_freelist.ts';
import { checkAndInitMapValue, copyMapValue, copyValueOut, freeSpecialFields, hasSpinLock, roundUp8 } from './value.ts';

/** Words of the map's header that say where things are (see the top of the file). */
const HTAB_HEADER = { table: 4, mask: 5, seed: 6, keyOffset: 7, valueOffset: 8, percpuStride: 9 } as const;

/** Words of a table's state: elements in the table; free ones; the first of the heads of the free lists, one a CPU. */
export const HTAB_STATE = { count: 0, free: 1, heads: 2 } as const;

const ELEM_HEADER = 8;
/** Values up to this size are copied word by word on the spot. */
const COPY_INLINE_MAX = 64;
/** Visits beyond the number of elements that an iteration does which its visitor keeps supplying. */
const FOR_EACH_EXTRA = 1 << 20;
const CHUNK_MIN = 4096;
const CHUNK_MAX = 65536;

/** sizeof(struct bucket) in the kernel: the largest table has 2^32 / 16 buckets. */
const MAX_BUCKETS = Math.floor(0xffffffff / 16);

/** Bytes of a table's state. */
function stateBytes(env: KernelEnv): number {
  return (HTAB_STATE.heads + 2 * env.nrCpus) * 4;
}

/** What tells the kinds of tables apart. */
export interface HtabShape {
  readonly percpu: boolean;
  /** Bytes of an element before its key. */
  readonly elemHeader?: number;
  /** Size of the value where it is not the map's (maps of maps hold a pointer). */
  readonly storedValueSize?: number;
}

/** A map that is a hash table. */
export class HtabMap extends BpfMap implements HtabTable {
  readonly ops: MapOps;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly percpu: boolean;
  readonly prealloc: boolean;
  readonly seed: number;
  readonly mask: number;
  readonly nrBuckets: number;
  /** Word index of the table, its address / 4. */
  readonly table: number;
  readonly keyOffset: number;
  /** Bytes of the key after its last whole word. */
  readonly keyTail: number;
  readonly valueOffset: number;
  /** Bytes of one CPU's value, rounded up to 8. */
  readonly valueStride: number;
  readonly elemSize: number;
  /** Word index of the state. */
  readonly state: number;
  readonly freelist: PercpuFreelist;
  /** Word index of one element a CPU that takes over when an existing key is written (`extra_elems`). */
  readonly extra: number;
  /** Blocks the elements are in: address, bytes. */
  readonly blocks: { readonly addr: number; readonly size: number }[] = [];
  /** Where a key that is not 4-byte aligned is put to be compared. */
  readonly scratch: number;

  constructor(ops: MapOps, env: KernelEnv, attr: MapCreateAttr, shape: HtabShape, nrBuckets: number) {
    super(env, attr);
    const arena = env.arena;
    this.ops = ops;
    this.i32 = arena.i32;
    this.u8 = arena.u8;
    this.percpu = shape.percpu;
    this.prealloc = (attr.mapFlags & BPF_F_MAP.NO_PREALLOC) === 0;
    this.seed = (attr.mapFlags & BPF_F_MAP.ZERO_SEED) !== 0 ? 0 : env.random.u32() | 0;
    this.nrBuckets = nrBuckets;
    this.mask = nrBuckets - 1;
    this.keyOffset = shape.elemHeader ?? ELEM_HEADER;
    this.keyTail = attr.keySize & 3;
    this.valueOffset = this.keyOffset + roundUp8(attr.keySize);
    this.valueStride = roundUp8(shape.storedValueSize ?? attr.valueSize);
    this.elemSize = this.valueOffset + this.valueStride * (shape.percpu ? env.nrCpus : 1);
    this.table = arena.alloc(nrBuckets * 4) >> 2;
    this.state = arena.alloc(stateBytes(env)) >> 2;
    this.freelist = new PercpuFreelist(arena.i32, env.nrCpus, this.state + HTAB_STATE.free);
    this.extra = this.state + HTAB_STATE.heads + env.nrCpus;
    this.scratch = arena.alloc(roundUp8(attr.keySize));
    if (this.addr === 0) return;
    const header = this.addr >> 2;
    this.i32[header + HTAB_HEADER.table] = this.table << 2;
    this.i32[header + HTAB_HEADER.mask] = this.mask;
    this.i32[header + HTAB_HEADER.seed] = this.seed;
    this.i32[header + HTAB_HEADER.keyOffset] = this.keyOffset;
    this.i32[header + HTAB_HEADER.valueOffset] = this.valueOffset;
    this.i32[header + HTAB_HEADER.percpuStride] = shape.percpu ? this.valueStride : 0;
  }

  /** Elements in the table. */
  get count(): number {
    return this.i32[this.state + HTAB_STATE.count]!;
  }
  set count(count: number) {
    this.i32[this.state + HTAB_STATE.count] = count;
  }

  /** A block of `count` elements in a row, remembered to be freed with the map; 0 when memory is short. */
  allocBlock(count: number): number {
    const size = Math.max(count * this.elemSize, CHUNK_MIN);
    const addr = this.env.arena.alloc(size);
    if (addr !== 0) this.blocks.push({ addr, size });
    return addr;
  }

  freeAll(): void {
    const arena = this.env.arena;
    for (const block of this.blocks) arena.free(block.addr, block.size);
    this.blocks.length = 0;
    arena.free(this.table << 2, this.nrBuckets * 4);
    arena.free(this.state << 2, stateBytes(this.env));
    arena.free(this.scratch, roundUp8(this.keySize));
  }
}

/**
 * Makes a table for a map with this many entries: the map, or -E2BIG, -ENOMEM.
 * `make` builds the object for a number of buckets; `fill` provides the elements.
 */
export function htabAlloc(
  env: KernelEnv,
  attr: MapCreateAttr,
  shape: HtabShape,
  make: (nrBuckets: number) => HtabMap,
  fill: (map: HtabMap) => boolean = fillFreelist,
): HtabMap | number {
  if (attr.maxEntries > 2 ** 31) return -E2BIG;
  const nrBuckets = roundUpPow2(attr.maxEntries);
  if (nrBuckets > MAX_BUCKETS) return -E2BIG;
  if (!worthTrying(env, attr, shape, nrBuckets)) return -ENOMEM;
  const map = make(nrBuckets);
  if (map.addr !== 0 && map.table !== 0 && map.state !== 0 && map.scratch !== 0 && (!map.prealloc || fill(map)))
    return map;
  map.freeAll();
  env.arena.free(map.addr, MAP_HEADER_SIZE);
  return -ENOMEM;
}

/** A first look at the sizes, so that a map far too large touches nothing. */
function worthTrying(env: KernelEnv, attr: MapCreateAttr, shape: HtabShape, nrBuckets: number): boolean {
  const value = roundUp8(shape.storedValueSize ?? attr.valueSize) * (shape.percpu ? env.nrCpus : 1);
  const elements = (attr.mapFlags & BPF_F_MAP.NO_PREALLOC) === 0 ? attr.maxEntries : 0;
  const bytes = nrBuckets * 4 + elements * ((shape.elemHeader ?? ELEM_HEADER) + roundUp8(attr.keySize) + value);
  return bytes <= env.arena.available;
}

function fillFreelist(map: HtabMap): boolean {
  const nrCpus = map.env.nrCpus;
  const extras = map.percpu ? 0 : nrCpus;
  const base = map.allocBlock(map.maxEntries + extras);
  if (base === 0) return false;
  map.freelist.populate(base, map.elemSize, map.maxEntries + extras);
  for (let cpu = 0; cpu < extras; cpu++) map.i32[map.extra + cpu] = map.freelist.pop(map.env.cpu);
  return true;
}

/** The key at an address that can be read by words: itself, or its copy in the map's scratch space. */
export function alignedKey(map: HtabMap, key: number): number {
  if ((key & 3) === 0) return key;
  map.env.arena.copy(map.scratch, key, map.keySize);
  return map.scratch;
}

/**
 * Word that holds the address of the element with this key (4-byte aligned): its
 * bucket, or the link of the element before it; 0 when there is none.
 */
function htabFindLink(map: HtabMap, key: number, hash: number): number {
  const i32 = map.i32;
  const keyWord = key >> 2;
  const keyAt = map.keyOffset >> 2;
  const words = map.keySize >> 2;
  let link = map.table + (hash & map.mask);
  let element = i32[link]!;
  while (element !== 0) {
    const word = element >> 2;
    if (i32[word + ELEM_HASH] === hash) {
      let same = 0;
      while (same < words && i32[word + keyAt + same] === i32[keyWord + same]) same++;
      if (same === words && (map.keyTail === 0 || tailEquals(map, element + map.keyOffset, key))) return link;
    }
    link = word + ELEM_NEXT;
    element = i32[link]!;
  }
  return 0;
}

/** Compares the last 1 to 3 bytes of two keys. */
function tailEquals(map: HtabMap, a: number, b: number): boolean {
  for (let i = map.keySize - map.keyTail; i < map.keySize; i++) if (map.u8[a + i] !== map.u8[b + i]) return false;
  return true;
}

/** Address of the element with this key (4-byte aligned), or 0. */
export function htabFind(map: HtabMap, key: number, hash: number): number {
  const link = htabFindLink(map, key, hash);
  return link === 0 ? 0 : map.i32[link]!;
}

/** Hash of a 4-byte aligned key. */
export function htabHash(map: HtabMap, key: number): number {
  const i32 = map.i32;
  switch (map.keySize) {
    case 4:
      return jhash1(i32, key >> 2, map.seed);
    case 8:
      return jhash2(i32, key >> 2, map.seed);
    case 16:
      return jhash4(i32, key >> 2, map.seed);
    default:
      return jhash(i32, map.u8, key, map.keySize, map.seed);
  }
}

/** Address of the element with the key at `key` (any alignment), or 0. */
export function htabLookupElem(map: HtabMap, key: number): number {
  if ((key & 3) === 0) {
    const size = map.keySize;
    if (size === 16) return htabFind4(map, key >> 2);
    if (size === 8) return htabFind2(map, key >> 2);
    if (size === 4) return htabFind1(map, key >> 2);
  }
  const aligned = alignedKey(map, key);
  return htabFind(map, aligned, htabHash(map, aligned));
}

/** Puts an element, its hash and key in place, at the head of its bucket. */
export function htabInsert(map: HtabMap, element: number): void {
  const i32 = map.i32;
  const bucket = map.table + (i32[(element >> 2) + ELEM_HASH]! & map.mask);
  i32[(element >> 2) + ELEM_NEXT] = i32[bucket]!;
  i32[bucket] = element;
}

/** Writes hash and key (4-byte aligned; padded with zeros to 8 bytes) of a fresh element. */
export function htabSetKey(map: HtabMap, element: number, key: number, hash: number): void {
  const i32 = map.i32;
  const length = map.keySize;
  const to = (element + map.keyOffset) >> 2;
  const from = key >> 2;
  const words = length >> 2;
  i32[(element >> 2) + ELEM_HASH] = hash;
  if ((length & 7) !== 0) {
    const end = (element + map.valueOffset) >> 2;
    i32[end - 2] = 0;
    i32[end - 1] = 0;
    for (let i = words << 2; i < length; i++) map.u8[element + map.keyOffset + i] = map.u8[key + i]!;
  }
  for (let i = 0; i < words; i++) i32[to + i] = i32[from + i]!;
}

/** `check_flags`: 0, -EEXIST or -ENOENT for BPF_NOEXIST and BPF_EXIST; F_LOCK is looked through. */
export function checkElemFlags(exists: boolean, flags: number): number {
  const wanted = flags & ~BPF_ELEM.F_LOCK;
  if (exists && wanted === BPF_ELEM.NOEXIST) return -EEXIST;
  if (!exists && wanted === BPF_ELEM.EXIST) return -ENOENT;
  return 0;
}

/** An element for a new key: from the free list, or a new chunk; 0 when there is no memory. */
export function htabAllocElem(map: HtabMap): number {
  const element = map.freelist.pop(map.env.cpu);
  if (element !== 0 || map.prealloc) return element;
  const grown = CHUNK_MIN * 2 ** map.blocks.length;
  const count = Math.max(1, Math.floor(Math.min(grown, CHUNK_MAX) / map.elemSize));
  const base = map.allocBlock(count);
  if (base === 0) return 0;
  for (let i = count - 1; i >= 0; i--) map.freelist.push(base + i * map.elemSize, map.env.cpu);
  return map.freelist.pop(map.env.cpu);
}

/** `htab_map_update_elem`: the plain hash. A key that exists moves to the head of its bucket in a new element. */
export function htabUpdate(map: HtabMap, key: number, value: number, flags: number): number {
  if (flags >>> 0 > 7 || (flags & 3) === 3) return -EINVAL;
  key = alignedKey(map, key);
  const hash = htabHash(map, key);
  const link = htabFindLink(map, key, hash);
  if (flags !== BPF_ELEM.ANY) {
    if ((flags & BPF_ELEM.F_LOCK) !== 0 && !hasSpinLock(map)) return -EINVAL;
    const error = checkElemFlags(link !== 0, flags);
    if (error !== 0) return error;
    if (link !== 0 && (flags & BPF_ELEM.F_LOCK) !== 0) {
      copyMapValue(map, map.i32[link]! + map.valueOffset, value);
      return 0;
    }
  }
  return link === 0 ? insertNew(map, key, hash, value) : replace(map, link, key, hash, value);
}

function insertNew(map: HtabMap, key: number, hash: number, value: number): number {
  if (map.count >= map.maxEntries) return -E2BIG;
  const element = htabAllocElem(map);
  if (element === 0) return -ENOMEM;
  map.count++;
  fill(map, element, key, hash, value);
  return 0;
}

/** A key that exists gets a new element, so that what programs hold of the old one stays as it is. */
function replace(map: HtabMap, link: number, key: number, hash: number, value: number): number {
  const i32 = map.i32;
  const cpu = map.env.cpu;
  const old = i32[link]!;
  let element: number;
  if (map.prealloc) {
    element = i32[map.extra + cpu]!;
    i32[map.extra + cpu] = old;
  } else {
    element = htabAllocElem(map);
    if (element === 0) return -ENOMEM;
  }
  i32[link] = i32[(old >> 2) + ELEM_NEXT]!;
  fill(map, element, key, hash, value);
  if (map.record !== undefined) freeSpecialFields(map, old + map.valueOffset);
  if (!map.prealloc) map.freelist.push(old, cpu);
  return 0;
}

/** Gives an element its key and value and puts it into the table. */
function fill(map: HtabMap, element: number, key: number, hash: number, value: number): void {
  htabSetKey(map, element, key, hash);
  htabSetValue(map, element, value);
  htabInsert(map, element);
}

/** Writes the value of a fresh element. */
export function htabSetValue(map: HtabMap, element: number, value: number): void {
  const to = element + map.valueOffset;
  const length = map.valueSize;
  if (map.record !== undefined) {
    checkAndInitMapValue(map, to);
    copyMapValue(map, to, value);
  } else if (length > COPY_INLINE_MAX || ((length | value) & 3) !== 0) {
    map.env.arena.copy(to, value, length);
  } else {
    const i32 = map.i32;
    const words = length >> 2;
    const toWord = to >> 2;
    const fromWord = value >> 2;
    for (let i = 0; i < words; i++) i32[toWord + i] = i32[fromWord + i]!;
  }
}

/** Unlinks and frees an element that is in the table. */
export function htabRemoveElem(map: HtabMap, element: number): void {
  unlinkElement(map, element);
  freeElemFields(map, element);
  map.count--;
  map.freelist.push(element, map.env.cpu);
}

/** Frees the special fields of an element's value, or of all CPUs' values. */
export function freeElemFields(map: HtabMap, element: number): void {
  if (map.record === undefined) return;
  const copies = map.percpu ? map.env.nrCpus : 1;
  for (let i = 0; i < copies; i++) freeSpecialFields(map, element + map.valueOffset + i * map.valueStride);
}

/** `htab_map_delete_elem`. */
export function htabRemove(map: HtabMap, key: number): number {
  const element = htabLookupElem(map, key);
  if (element === 0) return -ENOENT;
  htabRemoveElem(map, element);
  return 0;
}

/** `htab_map_get_next_key`: a key that is not there, or 0, starts at the first. */
export function htabNextKey(map: HtabMap, key: number, next: number): number {
  const i32 = map.i32;
  let bucket = 0;
  let found = 0;
  const element = key === 0 ? 0 : htabLookupElem(map, key);
  if (element !== 0) {
    found = i32[(element >> 2) + ELEM_NEXT]!;
    bucket = (i32[(element >> 2) + ELEM_HASH]! & map.mask) + 1;
  }
  if (found === 0 && map.count > 0) {
    const end = map.table + map.nrBuckets;
    for (let at = map.table + bucket; at < end; at++) {
      found = i32[at]!;
      if (found !== 0) break;
    }
  }
  if (found === 0) return -ENOENT;
  map.env.arena.copy(next, found + map.keyOffset, map.keySize);
  return 0;
}

/** Copies what user space gets of an element: the value, or the rounded values of all CPUs. */
export function htabCopyOut(map: HtabMap, element: number, value: number): void {
  if (map.percpu) copyPercpuOut(map, value, element + map.valueOffset, map.valueStride);
  else copyValueOut(map, value, element + map.valueOffset);
}

/** Copies the values of all CPUs with their padding, special fields as zeros. */
export function copyPercpuOut(map: BpfMap, to: number, from: number, stride: number): void {
  const nrCpus = map.env.nrCpus;
  map.env.arena.copy(to, from, stride * nrCpus);
  if (map.record === undefined) return;
  for (let cpu = 0; cpu < nrCpus; cpu++) checkAndInitMapValue(map, to + cpu * stride);
}

/** `bpf_for_each_hash_elem`. The visitor may delete and insert; the walk is bounded all the same. */
export function htabForEach(map: HtabMap, visit: (key: number, value: number) => number): number {
  const i32 = map.i32;
  const limit = map.maxEntries + FOR_EACH_EXTRA;
  let visited = 0;
  for (let bucket = 0; bucket < map.nrBuckets && visited < limit; bucket++) {
    let element = i32[map.table + bucket]!;
    while (element !== 0 && visited < limit) {
      const next = i32[(element >> 2) + ELEM_NEXT]!;
      const value = element + map.valueOffset + (map.percpu ? map.env.cpu * map.valueStride : 0);
      visited++;
      if (visit(element + map.keyOffset, value) !== 0) return visited;
      element = next;
    }
  }
  return visited;
}
