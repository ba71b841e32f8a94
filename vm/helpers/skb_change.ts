/**
 * Helpers that change the shape of a socket buffer: its ends, its headers, VLAN tags
 * (man bpf-helpers; net/core/filter.c, net/core/skbuff.c).
 */
import { EALREADY, EFAULT, EINVAL, ENOMEM, ENOTSUPP } from '../../uapi/errno.ts';
import {
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  ETH_HLEN,
  ETH_P_8021AD,
  ETH_P_8021Q,
  ETH_P_IP,
  ETH_P_IPV6,
  HEADER_UNSET,
  htons,
  IPV4_HLEN,
  IPV6_HLEN,
  type Skb,
  skbAt,
} from '../contexts/skb.ts';
import type { HelperRecord } from '../helper.ts';
import { SK_BUFF } from '../progtypes/skb.ts';
import type { Vm } from '../vm.ts';
import { resetCsumUnnecessary } from './csum.ts';

/** `BPF_SKB_MAX_LEN`: four pages less the kernel's own part. */
const SKB_MAX_LEN = 16384 - 320;
/** Bytes of a VLAN tag, and where it stands in the Ethernet header. */
const VLAN_HLEN = 4;
const VLAN_AT = 12;
const PACKET_TYPE_MAX = 3;
/** A difference of more than this is refused by bpf_skb_adjust_room. */
const ADJ_ROOM_MAX = 0xfff;

/** Shorter than this the packet cannot be made (`__bpf_skb_min_len`): its headers stay. */
function minLength(skb: Skb): number {
  const transport = skb.transportHeader === HEADER_UNSET ? -1 : skb.head + skb.transportHeader - skb.data;
  if (transport > 0) return transport;
  return Math.max(skb.networkOffset, 0);
}

/** bpf_skb_change_tail: cuts the packet, or adds zeroes. */
function changeTail(vm: Vm, ctx = 0, length = 0, lo = 0, hi = 0): number {
  const skb = skbAt(vm, ctx);
  const newLen = length >>> 0;
  if (skb === undefined || lo !== 0 || hi !== 0 || newLen > SKB_MAX_LEN || newLen < minLength(skb)) return -EINVAL;
  if (skb.encapsulation) return -ENOTSUPP;
  if (newLen > skb.len) {
    if (skb.reserve(0, newLen - skb.len) < 0) return -ENOMEM;
    vm.env.arena.u8.fill(0, skb.tail, skb.data + newLen);
  }
  if (newLen !== skb.len && skb.ipSummed === CHECKSUM_COMPLETE) skb.ipSummed = CHECKSUM_NONE;
  skb.len = newLen;
  skb.sync();
  return 0;
}

/** bpf_skb_change_head: zeroes before the packet, for a link-layer header. */
function changeHead(vm: Vm, ctx = 0, room = 0, lo = 0, hi = 0): number {
  const skb = skbAt(vm, ctx);
  const count = room >>> 0;
  if (skb === undefined || lo !== 0 || hi !== 0 || skb.len + count > SKB_MAX_LEN) return -EINVAL;
  if (skb.reserve(count, 0) < 0) return -ENOMEM;
  skb.push(count);
  vm.env.arena.u8.fill(0, skb.data, skb.data + count);
  skb.macHeader = skb.data - skb.head;
  skb.resetMacLen();
  skb.sync();
  return 0;
}

/** Opens a gap of zeroes behind the first `off` bytes; the headers before it move (`bpf_skb_net_hdr_push`). */
function pushHeader(skb: Skb, off: number, count: number): number {
  if (skb.reserve(count, 0) < 0) return -ENOMEM;
  const { u8 } = skb.vm.env.arena;
  const same = skb.transportHeader === skb.networkHeader;
  skb.push(count);
  u8.copyWithin(skb.data, skb.data + count, skb.data + count + off);
  u8.fill(0, skb.data + off, skb.data + off + count);
  moveHeaders(skb, -count, same);
  return 0;
}

/** Takes bytes out behind the first `off` (`bpf_skb_net_hdr_pop`). */
function popHeader(skb: Skb, off: number, count: number): number {
  if (off + count > skb.len) return -ENOMEM;
  const { u8 } = skb.vm.env.arena;
  const same = skb.transportHeader === skb.networkHeader;
  skb.postPullCsum(off, count);
  u8.copyWithin(skb.data + count, skb.data, skb.data + off);
  skb.pull(count);
  moveHeaders(skb, count, same);
  return 0;
}

function moveHeaders(skb: Skb, by: number, transportToo: boolean): void {
  skb.macHeader += by;
  skb.networkHeader += by;
  if (transportToo) skb.transportHeader = skb.networkHeader;
}

/** bpf_skb_change_proto: IPv4 to IPv6 or back; the new header's bytes are the program's to write. */
function changeProto(vm: Vm, ctx = 0, proto = 0, lo = 0, hi = 0): number {
  const skb = skbAt(vm, ctx);
  if (skb === undefined || lo !== 0 || hi !== 0) return -EINVAL;
  const from = skb.protocol;
  const to = htons(proto & 0xffff);
  const difference = IPV6_HLEN - IPV4_HLEN;
  let errno = -ENOTSUPP;
  if (from === ETH_P_IP && to === ETH_P_IPV6) errno = pushHeader(skb, skb.macHeaderLen, difference);
  else if (from === ETH_P_IPV6 && to === ETH_P_IP) errno = popHeader(skb, skb.macHeaderLen, difference);
  if (errno === 0) {
    skb.protocol = to;
    skb.clearHash();
  }
  skb.sync();
  return errno;
}

/** bpf_skb_change_type: between host, broadcast, multicast and other host. */
function changeType(vm: Vm, ctx = 0, type = 0): number {
  const skb = skbAt(vm, ctx);
  if (skb === undefined || type >>> 0 > PACKET_TYPE_MAX || skb.get32(SK_BUFF.pktType) > PACKET_TYPE_MAX) return -EINVAL;
  skb.set32(SK_BUFF.pktType, type);
  return 0;
}

const ADJ_ROOM_NET = 0;
const ADJ_ROOM_MAC = 1;
const ENCAP_L3_IPV4 = 1 << 1;
const ENCAP_L3_IPV6 = 1 << 2;
const ENCAP_L4_GRE = 1 << 3;
const ENCAP_L4_UDP = 1 << 4;
const FIXED_GSO = 1 << 0;
const NO_CSUM_RESET = 1 << 5;
const ENCAP_L2_ETH = 1 << 6;
const DECAP_L3_IPV4 = 1 << 7;
const DECAP_L3_IPV6 = 1 << 8;
const ENCAP_L3 = ENCAP_L3_IPV4 | ENCAP_L3_IPV6;
const DECAP_L3 = DECAP_L3_IPV4 | DECAP_L3_IPV6;
const ROOM_FLAGS = FIXED_GSO | ENCAP_L3 | ENCAP_L4_GRE | ENCAP_L4_UDP | NO_CSUM_RESET | ENCAP_L2_ETH | DECAP_L3;
/** Length of an inner link-layer header, in the top byte of the flags. */
const ENCAP_L2_SHIFT = 24;

/** bpf_skb_adjust_room: room for encapsulation behind the link-layer or network header, or its removal. */
function adjustRoom(vm: Vm, ctx = 0, difference = 0, mode = 0, lo = 0, hi = 0): number {
  const skb = skbAt(vm, ctx);
  if (skb === undefined || (lo & ~ROOM_FLAGS) !== 0 || (hi & 0xffffff) !== 0) return -EINVAL;
  const count = Math.abs(difference);
  if (count > ADJ_ROOM_MAX) return -EFAULT;
  const { protocol } = skb;
  if (protocol !== ETH_P_IP && protocol !== ETH_P_IPV6) return -ENOTSUPP;
  let off = skb.macHeaderLen;
  const base = protocol === ETH_P_IP ? IPV4_HLEN : IPV6_HLEN;
  if (mode === ADJ_ROOM_NET) off += base;
  else if (mode !== ADJ_ROOM_MAC) return -ENOTSUPP;
  const shrink = difference < 0;
  let minLen = base;
  if ((lo & DECAP_L3) !== 0) {
    if (!shrink || (lo & DECAP_L3) === DECAP_L3) return -EINVAL;
    minLen = (lo & DECAP_L3_IPV4) !== 0 ? IPV4_HLEN : IPV6_HLEN;
  }
  // Unsigned: a packet cut off before its network header passes here.
  const current = (skb.len - skb.networkOffset) >>> 0;
  if (shrink && (count >= current || current - count < minLen)) return -ENOTSUPP;
  if (!shrink && skb.len + count > SKB_MAX_LEN) return -ENOTSUPP;
  const innerMac = hi >>> ENCAP_L2_SHIFT;
  const errno = shrink ? shrinkRoom(skb, off, count, lo, innerMac) : growRoom(skb, off, count, lo, innerMac);
  if (errno === 0 && (lo & NO_CSUM_RESET) === 0) resetCsumUnnecessary(skb);
  skb.sync();
  return errno;
}

/** `bpf_skb_net_grow`. */
function growRoom(skb: Skb, off: number, count: number, flags: number, innerMac: number): number {
  const encap = (flags & ENCAP_L3) !== 0;
  if (encap) {
    if ((flags & ENCAP_L3) === ENCAP_L3) return -EINVAL;
    if ((flags & ENCAP_L4_GRE) !== 0 && (flags & ENCAP_L4_UDP) !== 0) return -EINVAL;
    if ((flags & ENCAP_L2_ETH) !== 0 && innerMac < ETH_HLEN) return -EINVAL;
    if (skb.encapsulation) return -EALREADY;
    if (innerMac > count) return -EINVAL;
  }
  const macLen = skb.macHeaderLen;
  const errno = pushHeader(skb, off, count);
  if (errno < 0 || !encap) return errno;
  skb.encapsulation = true;
  skb.networkHeader = skb.data + macLen - skb.head;
  const transport = skb.networkHeader + ((flags & ENCAP_L3_IPV4) !== 0 ? IPV4_HLEN : IPV6_HLEN);
  if ((flags & (ENCAP_L4_GRE | ENCAP_L4_UDP)) !== 0) skb.transportHeader = transport;
  skb.protocol = (flags & ENCAP_L3_IPV6) !== 0 ? ETH_P_IPV6 : ETH_P_IP;
  return 0;
}

/** `bpf_skb_net_shrink`. */
function shrinkRoom(skb: Skb, off: number, count: number, flags: number, innerMac: number): number {
  if ((flags & ~(FIXED_GSO | DECAP_L3 | NO_CSUM_RESET)) !== 0 || innerMac !== 0) return -EINVAL;
  const errno = popHeader(skb, off, count);
  if (errno < 0) return errno;
  if ((flags & DECAP_L3_IPV6) !== 0) skb.protocol = ETH_P_IPV6;
  else if ((flags & DECAP_L3_IPV4) !== 0) skb.protocol = ETH_P_IP;
  return 0;
}

function isVlan(proto: number): boolean {
  return proto === ETH_P_8021Q || proto === ETH_P_8021AD;
}

/** Puts a tag beside the packet, where the network card would (`__vlan_hwaccel_put_tag`); protocol 0: none. */
function setTag(skb: Skb, proto: number, tci: number): void {
  skb.set32(SK_BUFF.vlanPresent, proto === 0 ? 0 : 1);
  skb.set32(SK_BUFF.vlanProto, htons(proto));
  skb.set32(SK_BUFF.vlanTci, tci);
}

/** bpf_skb_vlan_push: the tag is kept beside the packet; one that was there goes into it. */
function vlanPush(vm: Vm, ctx = 0, proto = 0, tci = 0): number {
  const skb = skbAt(vm, ctx);
  if (skb === undefined) return -EINVAL;
  const wanted = htons(proto & 0xffff);
  if (skb.get32(SK_BUFF.vlanPresent) !== 0) {
    if (skb.data !== skb.head + skb.macHeader) return -EINVAL;
    // The addresses are moved whether or not the packet has them all.
    if (skb.reserve(VLAN_HLEN, Math.max(0, VLAN_AT - skb.len)) < 0) return -ENOMEM;
    const { u8 } = vm.env.arena;
    const outer = htons(skb.get32(SK_BUFF.vlanProto));
    const outerTci = skb.get32(SK_BUFF.vlanTci);
    skb.push(VLAN_HLEN);
    u8.copyWithin(skb.data, skb.data + VLAN_HLEN, skb.data + VLAN_HLEN + VLAN_AT);
    skb.macHeader -= VLAN_HLEN;
    skb.networkHeader -= VLAN_HLEN;
    const at = skb.data + VLAN_AT;
    u8[at] = outer >>> 8;
    u8[at + 1] = outer;
    u8[at + 2] = outerTci >>> 8;
    u8[at + 3] = outerTci;
    skb.protocol = outer;
    skb.postPushCsum(VLAN_AT, VLAN_HLEN);
  }
  setTag(skb, isVlan(wanted) ? wanted : ETH_P_8021Q, tci & 0xffff);
  skb.resetMacLen();
  skb.sync();
  return 0;
}

/** Takes the first tag out of the packet (`__skb_vlan_pop`): its TCI, or -errno. */
function popTag(skb: Skb): number {
  if (skb.data !== skb.head + skb.macHeader) return -EINVAL;
  if (skb.len < ETH_HLEN + VLAN_HLEN) return -ENOMEM;
  const { u8 } = skb.vm.env.arena;
  const tci = skb.be16(skb.data + VLAN_AT + 2);
  skb.postPullCsum(VLAN_AT, VLAN_HLEN);
  u8.copyWithin(skb.data + VLAN_HLEN, skb.data, skb.data + VLAN_AT);
  skb.pull(VLAN_HLEN);
  skb.macHeader += VLAN_HLEN;
  skb.protocol = skb.etherProtocol(skb.be16(skb.data + VLAN_AT), skb.data + ETH_HLEN);
  if (skb.networkOffset < ETH_HLEN) skb.networkHeader = skb.data + ETH_HLEN - skb.head;
  return tci;
}

/** bpf_skb_vlan_pop: the tag beside the packet goes; the next one in the packet takes its place. */
function vlanPop(vm: Vm, ctx = 0): number {
  const skb = skbAt(vm, ctx);
  if (skb === undefined) return -EINVAL;
  const errno = popVlan(skb);
  skb.resetMacLen();
  skb.sync();
  return errno;
}

/** `skb_vlan_pop`. */
function popVlan(skb: Skb): number {
  if (skb.get32(SK_BUFF.vlanPresent) !== 0) setTag(skb, 0, 0);
  else {
    if (!isVlan(skb.protocol)) return 0;
    const tci = popTag(skb);
    if (tci < 0) return tci;
  }
  const proto = skb.protocol;
  if (isVlan(proto)) {
    const tci = popTag(skb);
    if (tci < 0) return tci;
    setTag(skb, proto, tci);
  }
  return 0;
}

export const SKB_CHANGE_HELPERS: readonly HelperRecord[] = [
  { id: 18, name: 'skb_vlan_push', doc: 'Adds a VLAN tag.', args: 'iii', ret: 'int', fn: vlanPush },
  { id: 19, name: 'skb_vlan_pop', doc: 'Removes a VLAN tag.', args: 'i', ret: 'int', fn: vlanPop },
  {
    id: 31,
    name: 'skb_change_proto',
    doc: 'Makes room for the other IP version and changes the protocol.',
    args: 'iil',
    ret: 'int',
    fn: changeProto,
  },
  { id: 32, name: 'skb_change_type', doc: 'Changes the packet type.', args: 'ii', ret: 'int', fn: changeType },
  { id: 38, name: 'skb_change_tail', doc: 'Cuts or lengthens the packet.', args: 'iil', ret: 'int', fn: changeTail },
  { id: 43, name: 'skb_change_head', doc: 'Adds room before the packet.', args: 'iil', ret: 'int', fn: changeHead },
  {
    id: 50,
    name: 'skb_adjust_room',
    doc: 'Adds or removes room behind the link-layer or network header.',
    args: 'iiil',
    ret: 'int',
    fn: adjustRoom,
  },
];
