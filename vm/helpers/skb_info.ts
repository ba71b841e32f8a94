/**
 * Helpers that tell or set something about a socket buffer: hash, cgroup, tunnel,
 * time stamps, congestion marks (man bpf-helpers; net/core/filter.c).
 */
import { E2BIG, EAGAIN, EINVAL, ENOENT, ENOTSUP } from '../../uapi/errno.ts';
import { csumAdd, csumSub } from '../contexts/checksum.ts';
import {
  CHECKSUM_COMPLETE,
  ETH_HLEN,
  ETH_P_8021AD,
  ETH_P_8021Q,
  ETH_P_IP,
  ETH_P_IPV6,
  htons,
  IPV4_HLEN,
  IPV6_HLEN,
  type Skb,
  skbAt,
} from '../contexts/skb.ts';
import type { HelperRecord } from '../helper.ts';
import { SK_BUFF } from '../progtypes/skb.ts';
import type { Vm } from '../vm.ts';

/** Id of the root of the cgroup tree, which the sockets of test runs belong to. */
const ROOT_CGROUP_ID = 1;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;

const VLAN_HLEN = 4;
/** `VLAN_MAX_DEPTH`. */
const VLAN_DEPTH_MAX = 8;

/** `ECN` bits of the IP header. */
const ECN_CE = 3;

/** Mixes a word into a hash (Murmur3 finalizer of a sum). */
function mix(hash: number, word: number): number {
  let h = Math.imul(hash ^ word, 0xcc9e2d51);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  return h ^ (h >>> 13);
}

/** A hash of the flow a packet belongs to: addresses, ports of TCP and UDP, never 0 (`skb_get_hash`). */
function flowHash(skb: Skb): number {
  const { u8 } = skb.vm.env.arena;
  const ip = skb.head + skb.networkHeader;
  const ipv4 = skb.protocol === ETH_P_IP;
  let hash = mix(skb.vm.hashSeed, skb.protocol);
  if (ipv4 || skb.protocol === ETH_P_IPV6) {
    const headerLen = ipv4 ? (u8[ip]! & 0xf) * 4 : IPV6_HLEN;
    const addresses = ipv4 ? [12, 20] : [8, 40];
    for (let i = addresses[0]!; i < addresses[1]! && ip + i < skb.tail; i++) hash = mix(hash, u8[ip + i]!);
    const proto = u8[ip + (ipv4 ? 9 : 6)]!;
    hash = mix(hash, proto);
    const ports = ip + headerLen;
    if ((proto === IPPROTO_TCP || proto === IPPROTO_UDP) && ports + 4 <= skb.tail) {
      for (let i = 0; i < 4; i++) hash = mix(hash, u8[ports + i]!);
    }
  }
  return hash >>> 0 || 1;
}

/** bpf_get_hash_recalc. */
function getHashRecalc(vm: Vm, ctx = 0): number {
  const skb = skbAt(vm, ctx);
  if (skb === undefined) return 0;
  if (!skb.hashValid) {
    skb.set32(SK_BUFF.hash, flowHash(skb));
    skb.hashValid = true;
  }
  return skb.get32(SK_BUFF.hash) | 0;
}

/** bpf_set_hash. */
function setHash(vm: Vm, ctx = 0, hash = 0): number {
  const skb = skbAt(vm, ctx);
  if (skb === undefined) return -EINVAL;
  skb.set32(SK_BUFF.hash, hash);
  skb.hashValid = true;
  return 0;
}

/** bpf_set_hash_invalid. */
function setHashInvalid(vm: Vm, ctx = 0): number {
  skbAt(vm, ctx)?.clearHash();
  return 0;
}

/** Nothing is known of routes and traffic classes: their ids are 0. */
function zero(): number {
  return 0;
}

/** Cgroup of the packet's socket. */
function cgroupId(vm: Vm): number {
  return vm.ret64(ROOT_CGROUP_ID, 0);
}

/** Ancestor of that cgroup: the root is its own at level 0 and has no other. */
function ancestorCgroupId(vm: Vm, _ctx = 0, level = 0): number {
  return vm.ret64(level === 0 ? ROOT_CGROUP_ID : 0, 0);
}

/** bpf_skb_under_cgroup: -E2BIG beyond the array, -EAGAIN for an empty slot; no cgroup but the root has sockets. */
function underCgroup(vm: Vm, ctx = 0, mapAddr = 0, index = 0): number {
  const map = vm.mapAt(mapAddr);
  if (skbAt(vm, ctx) === undefined || map === undefined) return -ENOENT;
  if (index >>> 0 >= map.maxEntries) return -E2BIG;
  const key = vm.scratch;
  const saved = vm.env.arena.i32[key >> 2]!;
  vm.env.arena.i32[key >> 2] = index;
  const slot = map.ops.lookup?.(map, key) ?? 0;
  vm.env.arena.i32[key >> 2] = saved;
  return slot === 0 ? -EAGAIN : 0;
}

/** bpf_skb_get_xfrm_state: packets have passed no IPsec transformation. */
function getXfrmState(vm: Vm, _ctx = 0, _index = 0, to = 0, size = 0): number {
  vm.env.arena.u8.fill(0, to, to + size);
  return -EINVAL;
}

const TSTAMP_REALTIME = 0;
const TSTAMP_MONOTONIC = 1;
const TSTAMP_TAI = 2;

/** bpf_skb_set_tstamp: a delivery time with its clock, or none. */
function setTstamp(vm: Vm, ctx = 0, lo = 0, hi = 0, type = 0): number {
  const skb = skbAt(vm, ctx);
  if (skb === undefined || (skb.protocol !== ETH_P_IP && skb.protocol !== ETH_P_IPV6)) return -ENOTSUP;
  const given = lo !== 0 || hi !== 0;
  if (type === TSTAMP_MONOTONIC || type === TSTAMP_TAI) {
    if (!given) return -EINVAL;
  } else if (type !== TSTAMP_REALTIME) return -EINVAL;
  skb.set32(SK_BUFF.tstamp, lo);
  skb.set32(SK_BUFF.tstamp + 4, hi);
  vm.env.arena.u8[ctx + SK_BUFF.tstampType] = type;
  return 0;
}

/**
 * The protocol of the packet behind its VLAN tags (`skb_protocol`, `__vlan_get_protocol`),
 * read from where the kernel looks for them: the length of the link-layer header when
 * that is known, else 14 bytes into the data.
 */
function innerProtocol(skb: Skb): number {
  let proto = skb.protocol;
  let at = skb.macLen > 0 ? skb.macLen - VLAN_HLEN : ETH_HLEN;
  for (let depth = 0; proto === ETH_P_8021Q || proto === ETH_P_8021AD; depth++) {
    if (depth === VLAN_DEPTH_MAX || at + VLAN_HLEN > skb.len) return 0;
    proto = skb.be16(skb.data + at + 2);
    at += VLAN_HLEN;
  }
  return proto;
}

/** bpf_skb_ecn_set_ce: 1 when the packet is marked (now or before), 0 when it cannot be. */
function ecnSetCe(vm: Vm, ctx = 0): number {
  const skb = skbAt(vm, ctx);
  if (skb === undefined) return 0;
  const protocol = innerProtocol(skb);
  const ip = skb.head + skb.networkHeader;
  if (protocol === ETH_P_IP && skb.len >= IPV4_HLEN && ip + IPV4_HLEN <= skb.tail) return markIpv4(vm, ip);
  if (protocol === ETH_P_IPV6 && skb.len >= IPV6_HLEN && ip + IPV6_HLEN <= skb.tail) return markIpv6(vm, skb, ip);
  return 0;
}

/** `IP_ECN_set_ce`: the header checksum follows. */
function markIpv4(vm: Vm, ip: number): number {
  const { u8 } = vm.env.arena;
  const ecn = u8[ip + 1]! & ECN_CE;
  if (ecn === 0) return 0;
  if (ecn === ECN_CE) return 1;
  u8[ip + 1] = u8[ip + 1]! | ECN_CE;
  let check = (u8[ip + 10]! | (u8[ip + 11]! << 8)) + htons(0xffff - (ECN_CE - ecn));
  if (check >= 0xffff) check++;
  u8[ip + 10] = check;
  u8[ip + 11] = check >>> 8;
  return 1;
}

/** `IP6_ECN_set_ce`: there is no header checksum; the sum of the whole packet follows. */
function markIpv6(vm: Vm, skb: Skb, ip: number): number {
  const { u8 } = vm.env.arena;
  if ((u8[ip + 1]! & (ECN_CE << 4)) === 0) return 0;
  const word = (): number => u8[ip]! | (u8[ip + 1]! << 8) | (u8[ip + 2]! << 16) | (u8[ip + 3]! << 24);
  const from = word();
  u8[ip + 1] = u8[ip + 1]! | (ECN_CE << 4);
  if (skb.ipSummed === CHECKSUM_COMPLETE) skb.csum = csumAdd(csumSub(skb.csum, from), word());
  return 1;
}

export const SKB_INFO_HELPERS: readonly HelperRecord[] = [
  {
    id: 24,
    name: 'get_route_realm',
    doc: 'Realm of the route: there are no routes, 0.',
    args: 'i',
    ret: 'uint',
    fn: zero,
  },
  {
    id: 33,
    name: 'skb_under_cgroup',
    doc: 'Whether the packet is of a cgroup of the map.',
    args: 'iii',
    ret: 'int',
    fn: underCgroup,
  },
  { id: 34, name: 'get_hash_recalc', doc: 'Hash of the flow.', args: 'i', ret: 'uint', fn: getHashRecalc },
  { id: 41, name: 'set_hash_invalid', doc: 'Forgets the hash.', args: 'i', ret: 'int', fn: setHashInvalid },
  { id: 48, name: 'set_hash', doc: 'Sets the hash.', args: 'ii', ret: 'int', fn: setHash },
  {
    id: 66,
    name: 'skb_get_xfrm_state',
    doc: 'IPsec state: there is none, -EINVAL.',
    args: 'iiiil',
    ret: 'int',
    fn: getXfrmState,
  },
  {
    id: 79,
    name: 'skb_cgroup_id',
    doc: "Cgroup of the packet's socket: the root.",
    args: 'i',
    ret: 'long',
    fn: cgroupId,
  },
  {
    id: 83,
    name: 'skb_ancestor_cgroup_id',
    doc: 'Its ancestor at a level.',
    args: 'ii',
    ret: 'long',
    fn: ancestorCgroupId,
  },
  { id: 97, name: 'skb_ecn_set_ce', doc: 'Marks congestion in the IP header.', args: 'i', ret: 'int', fn: ecnSetCe },
  { id: 128, name: 'sk_cgroup_id', doc: 'Cgroup of a socket: the root.', args: 'i', ret: 'long', fn: cgroupId },
  {
    id: 129,
    name: 'sk_ancestor_cgroup_id',
    doc: 'Its ancestor at a level.',
    args: 'ii',
    ret: 'long',
    fn: ancestorCgroupId,
  },
  { id: 151, name: 'skb_cgroup_classid', doc: 'net_cls class: there are none, 0.', args: 'i', ret: 'uint', fn: zero },
  { id: 17, name: 'get_cgroup_classid', doc: 'net_cls class: there are none, 0.', args: '', ret: 'uint', fn: zero },
  {
    id: 192,
    name: 'skb_set_tstamp',
    doc: 'Sets the delivery time and its clock.',
    args: 'ili',
    ret: 'int',
    fn: setTstamp,
  },
];
