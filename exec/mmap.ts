/**
 * mmap(2) of an object's descriptor: the checks of `bpf_map_mmap` and of the map
 * types' own (`array_map_mmap`, `ringbuf_map_mmap_user`). What passes is carried out
 * by the kernel, on the memfd whose pages the arena holds too.
 */
import { ArenaMap } from '../maps/arena_map.ts';
import { BpfMap } from '../maps/map.ts';
import { PAGE_SIZE } from '../mm/arena.ts';
import { BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EACCES, EINVAL, ENODEV, ENOMEM, ENOTSUPP, EPERM } from '../uapi/errno.ts';
import { CONTINUE } from './native.ts';
import type { Held } from './objects.ts';
import { PerfEvent } from './perf.ts';

const PROT_WRITE = 2;

/** The answer to mmap(address, length, prot, offset) of a shared mapping: CONTINUE or -errno. `writable`: the descriptor is. */
export function mmapAnswer(
  held: Held,
  writable: boolean,
  address: number,
  length: number,
  prot: number,
  offset: number,
): number {
  const map = held.object;
  if (map instanceof PerfEvent) return writable ? map.map(held.fd, length, offset) : -EINVAL;
  // Programs, links and BTF have no mmap function at all.
  if (!(map instanceof BpfMap)) return -ENODEV;
  const array = map.mapType === BPF_MAP_TYPE.ARRAY;
  const check = array || map instanceof ArenaMap ? arrayRange : RING_RANGE[map.mapType];
  if (check === undefined || map.record !== undefined) return -ENOTSUPP;
  const write = (prot & PROT_WRITE) !== 0;
  if (write && !writable) return -EACCES;
  // A shared mapping of a descriptor that cannot be written to is a private one to the kernel (do_mmap).
  if (!writable) return -EINVAL;
  if (write && map.frozen) return -EPERM;
  if (write && (map.mapFlags & BPF_F_MAP.RDONLY_PROG) !== 0) return -EACCES;
  if (map instanceof ArenaMap) return arenaAnswer(held, map, address, length, offset);
  return check(held, Math.ceil(length / PAGE_SIZE) * PAGE_SIZE, write, offset);
}

/** Bytes an arena may span. */
const ARENA_MAX = 2 ** 32;

/** An arena is mapped once, where and as long as it was made for (`arena_get_unmapped_area`, `arena_map_mmap`). */
function arenaAnswer(held: Held, map: ArenaMap, address: number, given: number, offset: number): number {
  const length = Math.ceil(given / PAGE_SIZE) * PAGE_SIZE;
  if (offset !== 0) return -EINVAL;
  if (length > ARENA_MAX) return -E2BIG;
  const start = Number(map.userVmStart);
  if (start !== 0) {
    if (length > map.userVmSize) return -E2BIG;
    if (length !== map.userVmSize || address !== start) return -EINVAL;
  }
  if (held.pages === undefined) return -ENOMEM;
  map.mapped(length);
  return CONTINUE;
}

type RangeCheck = (held: Held, length: number, write: boolean, offset: number) => number;

function arrayRange(held: Held, length: number, _write: boolean, offset: number): number {
  if (held.pages === undefined) return -EINVAL;
  return offset + length > held.pages.length ? -EINVAL : CONTINUE;
}

/** A ring buffer's reader may write its own position, which is the first page. */
function ringbufRange(held: Held, length: number, write: boolean, offset: number): number {
  if (write && (offset !== 0 || length !== PAGE_SIZE)) return -EPERM;
  return arrayRange(held, length, write, offset);
}

/** A user ring buffer's writer may write all but the first page, which is the kernel's position. */
function userRingbufRange(held: Held, length: number, write: boolean, offset: number): number {
  if (write && offset === 0) return -EPERM;
  return arrayRange(held, length, write, offset);
}

const RING_RANGE: Readonly<Record<number, RangeCheck>> = {
  [BPF_MAP_TYPE.RINGBUF]: ringbufRange,
  [BPF_MAP_TYPE.USER_RINGBUF]: userRingbufRange,
};
