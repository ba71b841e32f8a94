/**
 * Helpers that read and write the bytes of a socket buffer (man bpf-helpers,
 * net/core/filter.c), and the packet loads of BPF_LD_ABS and BPF_LD_IND.
 */
import { EFAULT, EINVAL, ENOMEM } from '../../uapi/errno.ts';
import { type Skb, skbAt } from '../contexts/skb.ts';
import type { HelperRecord } from '../helper.ts';
import type { Vm } from '../vm.ts';
import { flags64 } from './map.ts';

const INT_MAX = 0x7fffffff;
const F_RECOMPUTE_CSUM = 1;
const F_INVALIDATE_HASH = 2;
const HDR_START_MAC = 0;
const HDR_START_NET = 1;

/** Offsets of BPF_LD_ABS that count from a header (include/uapi/linux/filter.h: SKF_NET_OFF, SKF_LL_OFF). */
const SKF_NET_OFF = -0x100000;
const SKF_LL_OFF = -0x200000;

/** Makes the first `length` bytes writable (`bpf_try_make_writable`): 0, or -ENOMEM when there are not so many. */
export function makeWritable(skb: Skb, length: number): number {
  return length > skb.len ? -ENOMEM : 0;
}

/** bpf_skb_load_bytes: what cannot be read leaves zeroes. */
function loadBytes(vm: Vm, ctx = 0, offset = 0, to = 0, length = 0): number {
  const { u8 } = vm.env.arena;
  const skb = skbAt(vm, ctx);
  const at = offset >>> 0;
  if (skb === undefined || at > INT_MAX || at + length > skb.len) {
    u8.fill(0, to, to + length);
    return -EFAULT;
  }
  u8.copyWithin(to, skb.data + at, skb.data + at + length);
  return 0;
}

/** bpf_skb_load_bytes_relative: from the link-layer or network header, which may lie before the data. */
function loadBytesRelative(vm: Vm, ctx = 0, offset = 0, to = 0, length = 0, start = 0): number {
  const { u8 } = vm.env.arena;
  const skb = skbAt(vm, ctx);
  const at = offset >>> 0;
  let header = -1;
  if (skb !== undefined && at <= 0xffff) {
    if (start === HDR_START_MAC) header = skb.macHeader;
    else if (start === HDR_START_NET) header = skb.networkHeader;
  }
  if (skb === undefined || header < 0 || skb.head + header + at + length > skb.tail) {
    u8.fill(0, to, to + length);
    return -EFAULT;
  }
  u8.copyWithin(to, skb.head + header + at, skb.head + header + at + length);
  return 0;
}

/** bpf_skb_store_bytes, with the checksum of the packet and its hash kept right when asked to. */
function storeBytes(vm: Vm, ctx = 0, offset = 0, from = 0, length = 0, lo = 0, hi = 0): number {
  const flags = flags64(lo, hi);
  if ((flags & ~(F_RECOMPUTE_CSUM | F_INVALIDATE_HASH)) !== 0) return -EINVAL;
  const skb = skbAt(vm, ctx);
  const at = offset >>> 0;
  if (skb === undefined || at > INT_MAX || makeWritable(skb, at + length) < 0) return -EFAULT;
  if ((flags & F_RECOMPUTE_CSUM) !== 0) skb.postPullCsum(at, length);
  vm.env.arena.u8.copyWithin(skb.data + at, from, from + length);
  if ((flags & F_RECOMPUTE_CSUM) !== 0) skb.postPushCsum(at, length);
  if ((flags & F_INVALIDATE_HASH) !== 0) skb.clearHash();
  return 0;
}

/** bpf_skb_pull_data: packets here are linear, so this only tells whether there are as many bytes. */
function pullData(vm: Vm, ctx = 0, length = 0): number {
  const skb = skbAt(vm, ctx);
  if (skb === undefined) return -EINVAL;
  return makeWritable(skb, length === 0 ? skb.len : length >>> 0);
}

/**
 * BPF_LD_ABS, BPF_LD_IND: 1, 2 or 4 bytes in network order as an unsigned number, or -1
 * beyond the packet, which ends the program with 0 (`bpf_skb_load_helper_*`).
 */
export function loadAbs(vm: Vm, ctx: number, offset: number, size: number): number {
  const skb = skbAt(vm, ctx);
  if (skb === undefined) return -1;
  let at: number;
  if (offset >= 0) {
    if (offset + size > skb.len) return -1;
    at = skb.data + offset;
  } else {
    if (offset >= SKF_NET_OFF) at = skb.head + skb.networkHeader + offset - SKF_NET_OFF;
    else if (offset >= SKF_LL_OFF && skb.macHeader >= 0) at = skb.head + skb.macHeader + offset - SKF_LL_OFF;
    else return -1;
    if (at < skb.head || at + size > skb.tail) return -1;
  }
  const { u8 } = vm.env.arena;
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + u8[at + i]!;
  return value;
}

export const SKB_BYTES_HELPERS: readonly HelperRecord[] = [
  {
    id: 9,
    name: 'skb_store_bytes',
    doc: 'Writes bytes to the packet; may update its checksum and forget its hash.',
    args: 'iiiil',
    ret: 'int',
    fn: storeBytes,
  },
  { id: 26, name: 'skb_load_bytes', doc: 'Copies bytes of the packet.', args: 'iiii', ret: 'int', fn: loadBytes },
  {
    id: 39,
    name: 'skb_pull_data',
    doc: 'Makes bytes accessible directly: packets here always are.',
    args: 'ii',
    ret: 'int',
    fn: pullData,
  },
  {
    id: 68,
    name: 'skb_load_bytes_relative',
    doc: 'Copies bytes from the link-layer or network header on.',
    args: 'iiiii',
    ret: 'int',
    fn: loadBytesRelative,
  },
];
