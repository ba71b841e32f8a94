/** Helpers on checksums (man bpf-helpers; net/core/filter.c, net/core/utils.c). */
import { EACCES, EFAULT, EINVAL, ENOTSUPP } from '../../uapi/errno.ts';
import { csum32to16, csumAdd, csumPartial, csumReplace, csumReplaceByDiff, csumSub } from '../contexts/checksum.ts';
import {
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  CHECKSUM_UNNECESSARY,
  type Skb,
  skbAt,
} from '../contexts/skb.ts';
import type { HelperRecord } from '../helper.ts';
import type { Vm } from '../vm.ts';
import { flags64 } from './map.ts';
import { makeWritable } from './skb_bytes.ts';

const F_HDR_FIELD_MASK = 0xf;
const F_PSEUDO_HDR = 0x10;
const F_MARK_MANGLED_0 = 0x20;
const F_MARK_ENFORCE = 0x40;
const F_IPV6 = 0x80;
const CSUM_MANGLED_0 = 0xffff;

/** `SKB_MAX_CSUM_LEVEL`. */
const CSUM_LEVEL_MAX = 3;
const LEVEL_QUERY = 0;
const LEVEL_INC = 1;
const LEVEL_DEC = 2;
const LEVEL_RESET = 3;

/** Address of a 16-bit checksum field at an offset of the packet, or -EFAULT. */
function fieldAt(skb: Skb | undefined, offset: number): number {
  const at = offset >>> 0;
  if (skb === undefined || at > 0xffff || (at & 1) !== 0 || makeWritable(skb, at + 2) < 0) return -EFAULT;
  return skb.data + at;
}

function readField(vm: Vm, addr: number): number {
  const { u8 } = vm.env.arena;
  return u8[addr]! | (u8[addr + 1]! << 8);
}

function writeField(vm: Vm, addr: number, value: number): void {
  const { u8 } = vm.env.arena;
  u8[addr] = value & 0xff;
  u8[addr + 1] = value >>> 8;
}

/** bpf_l3_csum_replace: `from` and `to` are 0, 2 or 4 bytes wide; 0: `to` is a difference. */
function l3CsumReplace(vm: Vm, ctx = 0, offset = 0, from = 0, fromHi = 0, to = 0, _toHi = 0, lo = 0, hi = 0): number {
  const flags = flags64(lo, hi);
  if ((flags & ~F_HDR_FIELD_MASK) !== 0) return -EINVAL;
  const addr = fieldAt(skbAt(vm, ctx), offset);
  if (addr < 0) return addr;
  const field = readField(vm, addr);
  switch (flags & F_HDR_FIELD_MASK) {
    case 0:
      if (from !== 0 || fromHi !== 0) return -EINVAL;
      writeField(vm, addr, csumReplaceByDiff(field, to));
      return 0;
    case 2:
      writeField(vm, addr, csumReplace(field, from & 0xffff, to & 0xffff));
      return 0;
    case 4:
      writeField(vm, addr, csumReplace(field, from, to));
      return 0;
    default:
      return -EINVAL;
  }
}

/** bpf_l4_csum_replace: the field of TCP or UDP, and what follows from the kind of checksum the packet has. */
function l4CsumReplace(vm: Vm, ctx = 0, offset = 0, from = 0, fromHi = 0, to = 0, _toHi = 0, lo = 0, hi = 0): number {
  const flags = flags64(lo, hi);
  const known = F_MARK_MANGLED_0 | F_MARK_ENFORCE | F_PSEUDO_HDR | F_HDR_FIELD_MASK | F_IPV6;
  if ((flags & ~known) !== 0) return -EINVAL;
  const skb = skbAt(vm, ctx);
  const addr = fieldAt(skb, offset);
  if (skb === undefined || addr < 0) return addr;
  const pseudo = (flags & F_PSEUDO_HDR) !== 0;
  const markZero = (flags & F_MARK_MANGLED_0) !== 0;
  const field = readField(vm, addr);
  if (markZero && (flags & F_MARK_ENFORCE) === 0 && field === 0) return 0;
  let next = field;
  switch (flags & F_HDR_FIELD_MASK) {
    case 0:
      if (from !== 0 || fromHi !== 0) return -EINVAL;
      next = replaceByDiff(skb, field, to, pseudo, (flags & F_IPV6) !== 0);
      break;
    case 2:
      next = protoReplace(skb, field, from & 0xffff, to & 0xffff, pseudo);
      break;
    case 4:
      next = protoReplace(skb, field, from, to, pseudo);
      break;
    default:
      return -EINVAL;
  }
  if (markZero && next === 0) next = CSUM_MANGLED_0;
  writeField(vm, addr, next);
  return 0;
}

/** `inet_proto_csum_replace4`: new field, the packet's own sum follows for pseudo header fields. */
function protoReplace(skb: Skb, field: number, from: number, to: number, pseudo: boolean): number {
  if (skb.ipSummed !== CHECKSUM_PARTIAL) {
    if (skb.ipSummed === CHECKSUM_COMPLETE && pseudo) skb.csum = ~csumAdd(csumSub(~skb.csum, from), to) >>> 0;
    return csumReplace(field, from, to);
  }
  return pseudo ? ~csum32to16(csumAdd(csumSub(field, from), to)) & 0xffff : field;
}

/** `inet_proto_csum_replace_by_diff`; for IPv6 the sum of the packet does not change. */
function replaceByDiff(skb: Skb, field: number, diff: number, pseudo: boolean, ipv6: boolean): number {
  if (skb.ipSummed !== CHECKSUM_PARTIAL) {
    const next = csumReplaceByDiff(field, diff);
    if (skb.ipSummed === CHECKSUM_COMPLETE && pseudo && !ipv6) skb.csum = ~csumAdd(diff, ~skb.csum) >>> 0;
    return next;
  }
  return pseudo ? csum32to16(csumAdd(diff, field)) : field;
}

/** bpf_csum_diff: sum of `to` less that of `from`, folded to 16 bits. */
function csumDiff(vm: Vm, from = 0, fromSize = 0, to = 0, toSize = 0, seed = 0): number {
  const { u8 } = vm.env.arena;
  let sum = seed >>> 0;
  if (fromSize > 0 && toSize > 0) sum = csumSub(csumPartial(u8, to, toSize, seed), csumPartial(u8, from, fromSize, 0));
  else if (toSize > 0) sum = csumPartial(u8, to, toSize, seed);
  else if (fromSize > 0) sum = ~csumPartial(u8, from, fromSize, ~seed);
  return vm.ret64(csum32to16(sum), 0);
}

/** bpf_csum_update: only packets whose whole checksum is known have one to update. */
function csumUpdate(vm: Vm, ctx = 0, csum = 0): number {
  const skb = skbAt(vm, ctx);
  if (skb === undefined || skb.ipSummed !== CHECKSUM_COMPLETE) return vm.ret64(-ENOTSUPP, -1);
  skb.csum = csumAdd(skb.csum, csum);
  return vm.ret64(skb.csum | 0, 0);
}

/** Forgets that checksums were verified (`__skb_reset_checksum_unnecessary`). */
export function resetCsumUnnecessary(skb: Skb): void {
  if (skb.ipSummed !== CHECKSUM_UNNECESSARY) return;
  skb.ipSummed = CHECKSUM_NONE;
  skb.csumLevel = 0;
}

/** bpf_csum_level: how many nested checksums have been verified. */
function csumLevel(vm: Vm, ctx = 0, level = 0, levelHi = 0): number {
  const skb = skbAt(vm, ctx);
  if (skb === undefined || levelHi !== 0) return -EINVAL;
  const verified = skb.ipSummed === CHECKSUM_UNNECESSARY;
  switch (level) {
    case LEVEL_INC:
      if (verified) skb.csumLevel = Math.min(skb.csumLevel + 1, CSUM_LEVEL_MAX);
      else if (skb.ipSummed === CHECKSUM_NONE) {
        skb.ipSummed = CHECKSUM_UNNECESSARY;
        skb.csumLevel = 0;
      }
      return 0;
    case LEVEL_DEC:
      if (verified && skb.csumLevel === 0) skb.ipSummed = CHECKSUM_NONE;
      else if (verified) skb.csumLevel--;
      return 0;
    case LEVEL_RESET:
      resetCsumUnnecessary(skb);
      return 0;
    case LEVEL_QUERY:
      return verified ? skb.csumLevel : -EACCES;
    default:
      return -EINVAL;
  }
}

export const CSUM_HELPERS: readonly HelperRecord[] = [
  {
    id: 10,
    name: 'l3_csum_replace',
    doc: 'Updates the checksum of an IP header after a field changed.',
    args: 'iilll',
    ret: 'int',
    fn: l3CsumReplace,
  },
  {
    id: 11,
    name: 'l4_csum_replace',
    doc: 'Updates the checksum of TCP or UDP after a field or address changed.',
    args: 'iilll',
    ret: 'int',
    fn: l4CsumReplace,
  },
  { id: 28, name: 'csum_diff', doc: 'Checksum difference of two buffers.', args: 'iiiii', ret: 'long', fn: csumDiff },
  {
    id: 40,
    name: 'csum_update',
    doc: 'Adds to the checksum of the whole packet, when that is known.',
    args: 'ii',
    ret: 'long',
    fn: csumUpdate,
  },
  {
    id: 135,
    name: 'csum_level',
    doc: 'Reads or changes how many nested checksums count as verified.',
    args: 'il',
    ret: 'int',
    fn: csumLevel,
  },
];
