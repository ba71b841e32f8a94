/**
 * Helpers that send a packet somewhere else (man bpf-helpers; net/core/filter.c). There
 * is no network behind them: the choice is remembered in the context for whoever ran
 * the program, and the value is the one the program must return.
 */
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { EAFNOSUPPORT, EINVAL, ENODEV } from '../../uapi/errno.ts';
import { ContextObject } from '../contexts/block.ts';
import { netDevice } from '../contexts/netdev.ts';
import { skbAt } from '../contexts/skb.ts';
import { xdpAt } from '../contexts/xdp.ts';
import type { HelperRecord } from '../helper.ts';
import type { Vm } from '../vm.ts';

const TC_ACT_SHOT = 2;
const TC_ACT_REDIRECT = 7;
const XDP_ABORTED = 0;
const XDP_REDIRECT = 4;
const F_INGRESS = 1;
/** sizeof(struct bpf_redir_neigh). */
const REDIR_NEIGH_SIZE = 20;
/** Verdict of XDP redirects to an empty slot: the low bits of the flags. */
const ACTION_MASK = 3;
const F_BROADCAST = 8;
const F_EXCLUDE_INGRESS = 16;
/** SK_DROP: socket maps hold no socket that could be redirected to. */
const SK_DROP = 0;

function remember(vm: Vm, ifindex: number, flags: number, map?: number, index?: number): void {
  const context = vm.contexts.get(vm.currentCtx);
  if (context instanceof ContextObject) {
    context.redirect = map === undefined ? { ifindex, flags } : { ifindex, flags, map, index: index ?? 0 };
  }
}

/** bpf_redirect: TC_ACT_REDIRECT of classifiers, XDP_REDIRECT of XDP programs. */
function redirect(vm: Vm, ifindex = 0, lo = 0, hi = 0): number {
  if (xdpAt(vm, vm.currentCtx) !== undefined) {
    if (lo !== 0 || hi !== 0) return XDP_ABORTED;
    remember(vm, ifindex, 0);
    return XDP_REDIRECT;
  }
  if (hi !== 0 || (lo & ~F_INGRESS) !== 0) return TC_ACT_SHOT;
  remember(vm, ifindex, lo);
  return TC_ACT_REDIRECT;
}

/** bpf_redirect_peer. */
function redirectPeer(vm: Vm, ifindex = 0, lo = 0, hi = 0): number {
  if (lo !== 0 || hi !== 0) return TC_ACT_SHOT;
  remember(vm, ifindex, 0);
  return TC_ACT_REDIRECT;
}

/** bpf_redirect_neigh. */
function redirectNeigh(vm: Vm, ifindex = 0, params = 0, size = 0, lo = 0, hi = 0): number {
  if ((size !== 0 && size < REDIR_NEIGH_SIZE) || lo !== 0 || hi !== 0) return TC_ACT_SHOT;
  remember(vm, ifindex, params === 0 ? 0 : 1);
  return TC_ACT_REDIRECT;
}

/** bpf_clone_redirect: the copy goes to a device, which forgets it; -EINVAL when there is no such device. */
function cloneRedirect(_vm: Vm, _ctx = 0, ifindex = 0, lo = 0, hi = 0): number {
  if (hi !== 0 || (lo & ~F_INGRESS) !== 0) return -EINVAL;
  return netDevice(ifindex >>> 0) === undefined ? -EINVAL : 0;
}

/** bpf_redirect_map (`__bpf_xdp_redirect_map`): the verdict in the flags when the slot is empty. */
function redirectMap(vm: Vm, mapAddr = 0, index = 0, _indexHi = 0, lo = 0, hi = 0): number {
  const map = vm.mapAt(mapAddr);
  if (map === undefined) return XDP_ABORTED;
  const { mapType } = map;
  const isDevmap = mapType === BPF_MAP_TYPE.DEVMAP || mapType === BPF_MAP_TYPE.DEVMAP_HASH;
  const known = ACTION_MASK | (isDevmap ? F_BROADCAST | F_EXCLUDE_INGRESS : 0);
  if (hi !== 0 || (lo & ~known) !== 0) return XDP_ABORTED;
  const key = vm.env.arena.alloc(8);
  if (key === 0) return XDP_ABORTED;
  vm.env.arena.i32[key >> 2] = index;
  const slot = map.ops.lookup?.(map, key) ?? 0;
  vm.env.arena.free(key, 8);
  if (slot === 0 && (lo & F_BROADCAST) === 0) return lo & ACTION_MASK;
  remember(vm, 0, lo, map.id, index);
  return XDP_REDIRECT;
}

function noSocket(): number {
  return SK_DROP;
}

const FIB_LOOKUP_SIZE = 64;
const FIB_FLAGS = 0x3f;
const FIB_FAMILY = 0;
const FIB_IFINDEX = 8;
/** `BPF_FIB_LKUP_RET_FWD_DISABLED`: the devices here do not forward. */
const FIB_FWD_DISABLED = 5;

/** bpf_fib_lookup: there are no routes; the answer is that of a machine that does not forward. */
function fibLookup(vm: Vm, _ctx = 0, params = 0, size = 0, flags = 0): number {
  if (size < FIB_LOOKUP_SIZE || (flags & ~FIB_FLAGS) !== 0) return -EINVAL;
  const { u8, u32 } = vm.env.arena;
  const family = u8[params + FIB_FAMILY]!;
  if (family !== 2 && family !== 10) return -EAFNOSUPPORT;
  return netDevice(u32[(params + FIB_IFINDEX) >> 2]!) === undefined ? -ENODEV : FIB_FWD_DISABLED;
}

const MTU_CHK_SEGS = 1;
const MTU_CHK_FRAG_NEEDED = 1;

/** bpf_check_mtu: whether the packet, `difference` bytes longer, fits the device; its MTU goes to `mtuLen`. */
function checkMtu(vm: Vm, ctx = 0, ifindex = 0, mtuLen = 0, difference = 0, lo = 0, hi = 0): number {
  const skb = skbAt(vm, ctx);
  const xdp = xdpAt(vm, ctx);
  const { u32 } = vm.env.arena;
  const given = u32[mtuLen >> 2]!;
  if (hi !== 0 || (lo & ~(skb === undefined ? 0 : MTU_CHK_SEGS)) !== 0) return -EINVAL;
  if ((lo & MTU_CHK_SEGS) !== 0 && (difference !== 0 || given !== 0)) return -EINVAL;
  const own = skb?.ifindex ?? xdp?.ifindex ?? 1;
  const device = netDevice(ifindex === 0 ? own : ifindex >>> 0);
  if (device === undefined) return -ENODEV;
  const length = given !== 0 ? given + device.hardHeaderLen : (skb?.len ?? xdp?.length ?? 0);
  u32[mtuLen >> 2] = device.mtu;
  return length + difference <= device.mtu + device.hardHeaderLen ? 0 : MTU_CHK_FRAG_NEEDED;
}

export const REDIRECT_HELPERS: readonly HelperRecord[] = [
  {
    id: 13,
    name: 'clone_redirect',
    doc: 'Sends a copy to a device; it ends there.',
    args: 'iil',
    ret: 'int',
    fn: cloneRedirect,
  },
  { id: 23, name: 'redirect', doc: 'Verdict: to another device.', args: 'il', ret: 'int', fn: redirect },
  { id: 51, name: 'redirect_map', doc: 'Verdict: where a map says.', args: 'ill', ret: 'int', fn: redirectMap },
  {
    id: 52,
    name: 'sk_redirect_map',
    doc: 'Verdict: to a socket; there are none, SK_DROP.',
    args: 'iiil',
    ret: 'int',
    fn: noSocket,
  },
  {
    id: 60,
    name: 'msg_redirect_map',
    doc: 'Verdict: to a socket; there are none, SK_DROP.',
    args: 'iiil',
    ret: 'int',
    fn: noSocket,
  },
  { id: 69, name: 'fib_lookup', doc: 'Route lookup; nothing is forwarded.', args: 'iiii', ret: 'int', fn: fibLookup },
  {
    id: 71,
    name: 'msg_redirect_hash',
    doc: 'Verdict: to a socket; there are none, SK_DROP.',
    args: 'iiil',
    ret: 'int',
    fn: noSocket,
  },
  {
    id: 72,
    name: 'sk_redirect_hash',
    doc: 'Verdict: to a socket; there are none, SK_DROP.',
    args: 'iiil',
    ret: 'int',
    fn: noSocket,
  },
  {
    id: 152,
    name: 'redirect_neigh',
    doc: 'Verdict: to a device, by a neighbour.',
    args: 'iiil',
    ret: 'int',
    fn: redirectNeigh,
  },
  { id: 155, name: 'redirect_peer', doc: 'Verdict: to the peer device.', args: 'il', ret: 'int', fn: redirectPeer },
  {
    id: 163,
    name: 'check_mtu',
    doc: 'Whether the packet fits the MTU of a device.',
    args: 'iiiil',
    ret: 'int',
    fn: checkMtu,
  },
];
