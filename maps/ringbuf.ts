/**
 * BPF_MAP_TYPE_RINGBUF and BPF_MAP_TYPE_USER_RINGBUF (source:
 * Documentation/bpf/ringbuf.rst, behaviour of kernel/bpf/ringbuf.c).
 *
 * Storage in the arena, in this order, which is also what a client maps:
 *
 *   consumer page   u64 consumer position
 *   producer page   u64 producer position
 *   data            maxEntries bytes
 *   mirror          maxEntries bytes: where a record that passes the end goes on,
 *                   so that records are always contiguous for both sides
 *
 * A record is an 8-byte header (u32 length with the bits {@link BUSY} and
 * {@link DISCARD}, u32 page offset) and the data, rounded up to 8 bytes. Positions
 * only ever grow; the place of a position in the data is `position & (maxEntries - 1)`.
 *
 * A client may scribble over everything it maps. What the emulator wrote (its own
 * position, lengths of records in flight) it keeps to itself and never reads back;
 * what the other side writes is checked on every read.
 */
import type { KernelEnv } from '../base/env.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../mm/arena.ts';
import { BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EAGAIN, EBUSY, EINVAL, ENODATA, ENOMEM, ENOTSUPP } from '../uapi/errno.ts';
import { BpfMap, MAP_HEADER_SIZE, type MapCreateAttr, type MapOps } from './map.ts';
import { mapMetaEqual } from './map_in_map.ts';
import { ringbufMemUsage } from './mem_usage.ts';

/** Bits of a record's length word, and the size of its header (include/uapi/linux/bpf.h). */
export const BUSY = 0x80000000;
export const DISCARD = 0x40000000;
const RINGBUF_HDR_SIZE = 8;

/** Flags of submit, discard, output and drain. */
const BPF_RB_NO_WAKEUP = 1;
const BPF_RB_FORCE_WAKEUP = 2;

/** What bpf_ringbuf_query answers. */
const BPF_RB = { AVAIL_DATA: 0, RING_SIZE: 1, CONS_POS: 2, PROD_POS: 3 } as const;

/** Page number of the first data page as records have it: the kernel's own page and the two of positions come first. */
const RECORD_PAGE_OFFSET = 3;

const MAX_RECORD_SIZE = Math.floor(0xffffffff / 4);
/** Samples one drain looks at at most. */
const MAX_USER_SAMPLES = 128 * 1024;
/** Largest memory a dynptr can point at (`DYNPTR_MAX_SIZE`). */
const DYNPTR_MAX_SIZE = 2 ** 24 - 1;

/** A record that was reserved and that not all records before it have been submitted with. */
interface Flight {
  /** Address of its data. */
  readonly sample: number;
  readonly position: number;
  readonly length: number;
  busy: boolean;
}

/** A ring buffer of either direction. */
export class RingbufMap extends BpfMap {
  readonly ops: MapOps;
  /** Address of the consumer page, 0 when there was no memory. */
  readonly pages: number;
  readonly data: number;
  readonly bytes: number;
  /** RINGBUF: where the next record goes. Never read back from the page. */
  producer = 0;
  /** USER_RINGBUF: the next sample. Never read back from the page. */
  consumer = 0;
  /** RINGBUF: records from the oldest busy one on. */
  readonly flights: Flight[] = [];
  /** USER_RINGBUF: a drain is going on. */
  draining = false;
  /** Called when the other side should be woken (poll, epoll). */
  readonly waiters = new Set<(map: RingbufMap) => void>();

  constructor(ops: MapOps, env: KernelEnv, attr: MapCreateAttr) {
    super(env, attr);
    this.ops = ops;
    this.bytes = 2 * PAGE_SIZE + 2 * attr.maxEntries;
    this.pages = env.arena.allocPages(this.bytes / PAGE_SIZE);
    this.data = this.pages + 2 * PAGE_SIZE;
    if (this.pages !== 0) ringsOf(env).push(this);
  }

  /** The 64-bit position at the start of a page; larger than 2^53 loses its low bits (it is nonsense then). */
  readPosition(page: number): number {
    const u32 = this.env.arena.u32;
    const word = (this.pages + page * PAGE_SIZE) >> 2;
    return u32[word + 1]! * 2 ** 32 + u32[word]!;
  }

  writePosition(page: number, position: number): void {
    const u32 = this.env.arena.u32;
    const word = (this.pages + page * PAGE_SIZE) >> 2;
    u32[word + 1] = Math.floor(position / 2 ** 32);
    u32[word] = position >>> 0;
  }

  /** Address of a position's byte. */
  at(position: number): number {
    return this.data + (position % this.maxEntries);
  }

  wake(): void {
    for (const waiter of this.waiters) waiter(this);
  }
}

const CONSUMER_PAGE = 0;
const PRODUCER_PAGE = 1;

/** The ring buffers of each kernel, to find the one a record belongs to. */
const RINGS = new WeakMap<KernelEnv, RingbufMap[]>();

function ringsOf(env: KernelEnv): RingbufMap[] {
  let rings = RINGS.get(env);
  if (rings === undefined) {
    rings = [];
    RINGS.set(env, rings);
  }
  return rings;
}

function recordSize(length: number): number {
  return Math.ceil((length + RINGBUF_HDR_SIZE) / 8) * 8;
}

/** `__bpf_ringbuf_reserve`: address of `size` bytes of a new record, or 0 when it does not fit. */
export function ringbufReserve(map: BpfMap, size: number): number {
  const ring = map as RingbufMap;
  if (!(size >= 0) || size > MAX_RECORD_SIZE) return 0;
  const length = recordSize(size);
  if (length > ring.maxEntries) return 0;
  const consumer = ring.readPosition(CONSUMER_PAGE);
  const position = ring.producer;
  const next = position + length;
  const pending = ring.flights[0]?.position ?? position;
  // A consumer ahead of the producer is nonsense: unsigned, the difference is huge, too.
  if (next < consumer || next - consumer >= ring.maxEntries || next - pending >= ring.maxEntries) return 0;
  const header = ring.at(position);
  const arena = ring.env.arena;
  arena.u32[header >> 2] = (size | BUSY) >>> 0;
  arena.u32[(header >> 2) + 1] = RECORD_PAGE_OFFSET + ((header - ring.data) >>> PAGE_SHIFT);
  ring.producer = next;
  ring.writePosition(PRODUCER_PAGE, next);
  const sample = header + RINGBUF_HDR_SIZE;
  const past = sample + size - (ring.data + ring.maxEntries);
  // Both are one memory in the kernel: what a record does not write stays as it was.
  if (past > 0) arena.copy(ring.data + ring.maxEntries, ring.data, past);
  ring.flights.push({ sample, position, length: size, busy: true });
  return sample;
}

/** `bpf_ringbuf_commit`: submits or discards a record of any ring buffer of this kernel. */
export function ringbufCommit(env: KernelEnv, sample: number, flags: number, discard: boolean): void {
  for (const ring of ringsOf(env)) {
    if (sample < ring.data || sample >= ring.data + ring.maxEntries + RINGBUF_HDR_SIZE) continue;
    commit(ring, sample, flags, discard);
    return;
  }
}

function commit(ring: RingbufMap, sample: number, flags: number, discard: boolean): void {
  const { flights, env } = ring;
  let index = flights.length - 1;
  while (index >= 0 && (flights[index]!.sample !== sample || !flights[index]!.busy)) index--;
  if (index < 0) return;
  const flight = flights[index]!;
  flight.busy = false;
  const header = sample - RINGBUF_HDR_SIZE;
  const past = sample + flight.length - (ring.data + ring.maxEntries);
  if (past > 0) env.arena.copy(ring.data, ring.data + ring.maxEntries, past);
  env.arena.u32[header >> 2] = (flight.length | (discard ? DISCARD : 0)) >>> 0;
  while (flights.length > 0 && !flights[0]!.busy) flights.shift();
  if ((flags & BPF_RB_FORCE_WAKEUP) !== 0) ring.wake();
  else if ((flags & BPF_RB_NO_WAKEUP) === 0) {
    const consumer = ring.readPosition(CONSUMER_PAGE);
    if (consumer % ring.maxEntries === flight.position % ring.maxEntries) ring.wake();
  }
}

/** `bpf_ringbuf_output`: copies data into a record of its own: 0, -EINVAL or -EAGAIN. */
export function ringbufOutput(map: BpfMap, data: number, size: number, flags: number): number {
  if ((flags & ~(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP)) !== 0) return -EINVAL;
  const sample = ringbufReserve(map, size);
  if (sample === 0) return -EAGAIN;
  map.env.arena.copy(sample, data, size);
  commit(map as RingbufMap, sample, flags, false);
  return 0;
}

/** `bpf_ringbuf_query`; unknown questions give 0. */
export function ringbufQuery(map: BpfMap, what: number): number {
  const ring = map as RingbufMap;
  switch (what) {
    case BPF_RB.AVAIL_DATA:
      return available(ring);
    case BPF_RB.RING_SIZE:
      return ring.maxEntries;
    case BPF_RB.CONS_POS:
      return ring.readPosition(CONSUMER_PAGE);
    case BPF_RB.PROD_POS:
      return ring.producer;
    default:
      return 0;
  }
}

function available(ring: RingbufMap): number {
  return ring.producer - ring.readPosition(CONSUMER_PAGE);
}

/** One sample of a user ring buffer: its address and size, or an errno (`__bpf_user_ringbuf_peek`). */
export interface Peek {
  sample: number;
  size: number;
}

/** Looks at the next sample: 0, -ENODATA, -EAGAIN (discarded, go on), -EINVAL or -E2BIG. */
function peek(ring: RingbufMap, result: Peek): number {
  const producer = ring.readPosition(PRODUCER_PAGE);
  if (producer % 8 !== 0) return -EINVAL;
  const consumer = ring.consumer;
  if (consumer >= producer) return -ENODATA;
  const header = ring.at(consumer);
  const word = ring.env.arena.u32[header >> 2]!;
  const size = (word & ~(BUSY | DISCARD)) >>> 0;
  const length = recordSize(size);
  if (length > producer - consumer) return -EINVAL;
  if (length > ring.maxEntries) return -E2BIG;
  if (size > DYNPTR_MAX_SIZE) return -E2BIG;
  if ((word & DISCARD) !== 0) {
    consume(ring, length);
    return -EAGAIN;
  }
  if ((word & BUSY) !== 0) return -ENODATA;
  result.sample = header + RINGBUF_HDR_SIZE;
  result.size = size;
  return 0;
}

function consume(ring: RingbufMap, length: number): void {
  ring.consumer += length;
  ring.writePosition(CONSUMER_PAGE, ring.consumer);
}

/**
 * `bpf_user_ringbuf_drain`: calls `callback` with each sample until it returns other
 * than 0; the number of samples, or -EINVAL, -EBUSY, -E2BIG.
 */
export function userRingbufDrain(
  map: BpfMap,
  flags: number,
  callback: (sample: number, size: number) => number,
): number {
  const ring = map as RingbufMap;
  if ((flags & ~(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP)) !== 0) return -EINVAL;
  if (ring.draining) return -EBUSY;
  ring.draining = true;
  const found: Peek = { sample: 0, size: 0 };
  let samples = 0;
  let looked = 0;
  let error = 0;
  try {
    for (let stop = 0; looked < MAX_USER_SAMPLES && stop === 0; looked++) {
      error = peek(ring, found);
      if (error === -EAGAIN) continue;
      if (error !== 0) break;
      stop = callback(found.sample, found.size);
      consume(ring, recordSize(found.size));
      samples++;
    }
  } finally {
    ring.draining = false;
  }
  if ((flags & BPF_RB_FORCE_WAKEUP) !== 0 || ((flags & BPF_RB_NO_WAKEUP) === 0 && looked > 0)) ring.wake();
  return error === 0 || error === -ENODATA || error === -EAGAIN ? samples : error;
}

function alloc(ops: MapOps, attr: MapCreateAttr, env: KernelEnv): BpfMap | number {
  const size = attr.maxEntries;
  if ((attr.mapFlags & ~BPF_F_MAP.NUMA_NODE) !== 0) return -EINVAL;
  if (attr.keySize !== 0 || attr.valueSize !== 0) return -EINVAL;
  if (size === 0 || (size & (size - 1)) !== 0 || size % PAGE_SIZE !== 0) return -EINVAL;
  if (2 * PAGE_SIZE + 2 * size > env.arena.available) return -ENOMEM;
  const map = new RingbufMap(ops, env, attr);
  if (map.addr !== 0 && map.pages !== 0) return map;
  free(map);
  env.arena.free(map.addr, MAP_HEADER_SIZE);
  return -ENOMEM;
}

function free(map: BpfMap): void {
  const ring = map as RingbufMap;
  const rings = ringsOf(map.env);
  const index = rings.indexOf(ring);
  if (index >= 0) rings.splice(index, 1);
  map.env.arena.freePages(ring.pages, ring.bytes / PAGE_SIZE);
}

const shared = {
  free,
  sysLookup: () => -ENOTSUPP,
  update: () => -ENOTSUPP,
  remove: () => -ENOTSUPP,
  nextKey: () => -ENOTSUPP,
  memUsage: ringbufMemUsage,
  mmapRange: (map: BpfMap) => ({ offset: (map as RingbufMap).pages, length: (map as RingbufMap).bytes }),
};

/** BPF_MAP_TYPE_RINGBUF: readable while there is data. */
export const ringbufMapOps: MapOps = {
  ...shared,
  type: BPF_MAP_TYPE.RINGBUF,
  alloc: (attr, env) => alloc(ringbufMapOps, attr, env),
  metaEqual: mapMetaEqual,
  poll: (map) => available(map as RingbufMap) !== 0,
};

/** BPF_MAP_TYPE_USER_RINGBUF: writable while there is room. */
export const userRingbufMapOps: MapOps = {
  ...shared,
  type: BPF_MAP_TYPE.USER_RINGBUF,
  alloc: (attr, env) => alloc(userRingbufMapOps, attr, env),
  metaEqual: mapMetaEqual,
  poll(map) {
    const ring = map as RingbufMap;
    return ring.readPosition(PRODUCER_PAGE) - ring.consumer < ring.maxEntries;
  },
};
