/**
 * BPF_MAP_TYPE_ARENA (source: behaviour of kernel/bpf/arena.c): a range of up to
 * 4 GiB of pages that a program takes and gives back, at addresses of user space.
 *
 * The pages lie in a row in the emulated kernel's memory, from the first use of the
 * map on: as many as the map may have, at most {@link WINDOW_PAGES}; a byte a page
 * says whether it is in use. A program's access to a page that is not reads 0 or has
 * no effect.
 */
import type { KernelEnv } from '../base/env.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../mm/arena.ts';
import { BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EBUSY, EINVAL, ENOMEM, ENOTSUP, ERANGE } from '../uapi/errno.ts';
import { BpfMap, type MapCreateAttr, type MapOps } from './map.ts';
import { mapMetaEqual } from './map_in_map.ts';

const ARENA_FLAGS = BPF_F_MAP.MMAPABLE | BPF_F_MAP.SEGV_ON_FAULT | BPF_F_MAP.NO_USER_CONV;

/** Pages an arena can really have here: a quarter of the memory there is, and at least 64 MiB. */
const WINDOW_PAGES = 16384;

/** What the byte of a page says: a program has taken it; a client has touched it, so programs may use it too. */
const TAKEN = 1;
const MAPPED = 2;

/** The memory of a client that has mapped an arena. */
export interface ArenaClient {
  /** Stores 1 for each page that has ever been touched, by anyone. */
  touched(pages: Uint8Array): void;
  /** Takes `count` pages out of it: whoever touches them again finds zeros. */
  drop(page: number, count: number): void;
}

/** An arena. */
export class ArenaMap extends BpfMap {
  readonly ops: MapOps = arenaMapOps;
  #userVmStart: bigint;
  /** Bytes of the mapping (`user_vm_end - user_vm_start`); 0 until there is one or an address was given at creation. */
  userVmSize: number;
  /** Finds where a client has mapped it, when the address is not known. */
  locate: (() => bigint) | undefined = undefined;
  /** Address of the first page and of the byte a page; 0 before the first use. */
  pages = 0;
  inUse = 0;
  /** Pages there are. */
  nrPages = 0;
  /** A client has it in its memory. */
  userMapped = false;
  /** The pages as a client sees them, while one can map them. */
  client: ArenaClient | undefined = undefined;
  /** Pages that are not to be given out, though they are not in use (`bpf_arena_reserve_pages`). */
  readonly reserved = new Set<number>();

  constructor(env: KernelEnv, attr: MapCreateAttr) {
    super(env, attr);
    this.#userVmStart = attr.mapExtra;
    this.userVmSize = attr.mapExtra === 0n ? 0 : attr.maxEntries * PAGE_SIZE;
  }

  /** User address of the first page (`user_vm_start`): given at creation, or where its owner mapped it; 0: not known. */
  get userVmStart(): bigint {
    if (this.#userVmStart === 0n && this.locate !== undefined) this.#userVmStart = this.locate();
    return this.#userVmStart;
  }

  /** A client maps it. */
  mapped(size: number): void {
    this.userVmSize = size;
    if ((this.mapFlags & BPF_F_MAP.SEGV_ON_FAULT) === 0 && this.prepare()) this.userMapped = true;
  }

  /** Finds the pages that a client has taken by touching them (`arena_vm_fault`): to be asked before programs run. */
  noticeTouches(): void {
    if (!this.userMapped || this.client === undefined) return;
    const { u8 } = this.env.arena;
    const touched = new Uint8Array(this.nrPages);
    this.client.touched(touched);
    for (let page = 0; page < this.nrPages; page++) if (touched[page] === 1) u8[this.inUse + page]! |= MAPPED;
  }

  /** Takes the memory of the pages; false when there is not enough. */
  prepare(): boolean {
    if (this.pages !== 0) return true;
    const { arena } = this.env;
    const share = Math.floor(arena.available / PAGE_SIZE / 4);
    const count = Math.min(this.maxEntries, Math.max(share, WINDOW_PAGES));
    if (count * PAGE_SIZE > arena.available) return false;
    this.pages = arena.allocPages(count);
    this.inUse = this.pages === 0 ? 0 : arena.alloc(count);
    if (this.inUse !== 0) {
      this.nrPages = count;
      return true;
    }
    arena.freePages(this.pages, count);
    this.pages = 0;
    return false;
  }

  /** Index of the page at a user address, by its low half. */
  pageIndex(lo: number): number {
    return ((lo - Number(BigInt.asIntN(32, this.userVmStart))) >>> 0) >>> PAGE_SHIFT;
  }

  /** User address of a page: the high half of the arena's, the low half counted on. */
  userAddress(page: number): bigint {
    const lo = BigInt.asUintN(32, this.userVmStart + BigInt(page) * BigInt(PAGE_SIZE));
    return ((this.userVmStart >> 32n) << 32n) | lo;
  }
}

/** Whether a page is free to be given out: nobody took it, and no client has touched it. */
function isFreePage(map: ArenaMap, page: number): boolean {
  return map.env.arena.u8[map.inUse + page] === 0 && !map.reserved.has(page);
}

/** Start of the smallest run of free pages that holds `count`, the first of equals; -1: there is none (`range_tree_find`). */
function findFree(map: ArenaMap, count: number): number {
  let best = -1;
  let bestLength = Number.POSITIVE_INFINITY;
  for (let page = 0; page < map.nrPages; page++) {
    if (!isFreePage(map, page)) continue;
    const start = page;
    while (page < map.nrPages && isFreePage(map, page)) page++;
    // What lies beyond the window is free as far as the map's own limit goes.
    const length = page === map.nrPages ? map.maxEntries - start : page - start;
    if (page - start >= count && length < bestLength) {
      best = start;
      bestLength = length;
    }
  }
  return best;
}

/** Whether all of `count` pages are neither in use nor reserved. */
function isFree(map: ArenaMap, page: number, count: number): boolean {
  for (let at = page; at < page + count; at++) if (!isFreePage(map, at)) return false;
  return true;
}

/** `arena_reserve_pages`: keeps pages from being given out: 0, -EINVAL beyond the end, -EBUSY when one is taken. */
export function arenaReservePages(map: ArenaMap, lo: number, count: number): number {
  if (count === 0) return 0;
  const page = map.pageIndex(lo);
  if (page + count > map.maxEntries) return -EINVAL;
  if (!map.prepare()) return -ENOMEM;
  const end = Math.min(page + count, map.nrPages);
  if (!isFree(map, page, end - page)) return -EBUSY;
  for (let at = page; at < end; at++) map.reserved.add(at);
  return 0;
}

/** `arena_alloc_pages`: user address of `count` zeroed pages in a row, at `address` when that is not 0; 0: not to be had. */
export function arenaAllocPages(map: ArenaMap, address: bigint, count: number): bigint {
  if (count === 0 || count > map.maxEntries || !map.prepare()) return 0n;
  const { u8 } = map.env.arena;
  let page: number;
  if (address !== 0n) {
    if (address % BigInt(PAGE_SIZE) !== 0n) return 0n;
    page = map.pageIndex(Number(BigInt.asIntN(32, address)));
    if (page > map.maxEntries - count || page + count > map.nrPages) return 0n;
    if (!isFree(map, page, count)) return 0n;
  } else {
    page = findFree(map, count);
    if (page < 0) return 0n;
  }
  for (let at = page; at < page + count; at++) u8[map.inUse + at]! |= TAKEN;
  const start = map.pages + page * PAGE_SIZE;
  u8.fill(0, start, start + count * PAGE_SIZE);
  return map.userAddress(page);
}

/** `arena_free_pages`: gives pages back; those beyond the end are left out. */
export function arenaFreePages(map: ArenaMap, lo: number, count: number): void {
  if (map.pages === 0) return;
  const page = map.pageIndex(lo & ~(PAGE_SIZE - 1));
  if (page >= map.maxEntries) return;
  const end = Math.min(page + count, map.nrPages);
  const { u8 } = map.env.arena;
  for (let at = page; at < end; at++) {
    u8[map.inUse + at] = 0;
    map.reserved.delete(at);
  }
  if (end > page) map.client?.drop(page, end - page);
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
  free(map) {
    const { pages, inUse, nrPages, env } = map as ArenaMap;
    if (pages === 0) return;
    env.arena.freePages(pages, nrPages);
    env.arena.free(inUse, nrPages);
  },
  sysLookup: () => -EINVAL,
  update: () => -ENOTSUP,
  remove: () => -ENOTSUP,
  nextKey: () => -ENOTSUP,
  mmapRange(map) {
    const arena = map as ArenaMap;
    return arena.prepare() ? { offset: arena.pages, length: arena.nrPages * PAGE_SIZE } : { offset: 0, length: 0 };
  },
  metaEqual: mapMetaEqual,
  memUsage: () => 0,
};
