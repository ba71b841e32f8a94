/**
 * Helpers on tunnel metadata (man bpf-helpers; net/core/filter.c). A key that was set
 * is kept with the packet and can be read back; there is no tunnel to send it by.
 */
import { EINVAL, ENOENT, ENOMEM, EPROTO } from '../../uapi/errno.ts';
import { skbAt, type TunnelInfo } from '../contexts/skb.ts';
import type { HelperRecord } from '../helper.ts';
import type { Vm } from '../vm.ts';

/** Byte offsets in struct bpf_tunnel_key, and its size. */
const KEY = { id: 0, remote: 4, tos: 20, ttl: 21, ext: 22, label: 24, local: 28 } as const;
const KEY_SIZE = 44;
/** Sizes the structure had before; shorter keys are filled up with zeroes. */
const OLD_SIZES: readonly number[] = [KEY.local, KEY.label, KEY.ext, 8];
const IPV4_ONLY_SIZE = 8;

const F_IPV6 = 1 << 0;
const F_ZERO_CSUM = 1 << 1;
const F_DONT_FRAGMENT = 1 << 2;
const F_SEQ_NUMBER = 1 << 3;
const F_NO_KEY = 1 << 4;
const SET_FLAGS = F_IPV6 | F_ZERO_CSUM | F_DONT_FRAGMENT | F_SEQ_NUMBER | F_NO_KEY;
const F_FLAGS = 1 << 4;
const GET_FLAGS = F_IPV6 | F_FLAGS;

/** Bits of the tunnel's flags (`IP_TUNNEL_*_BIT`), as they read in the key. */
const TUNNEL = { CSUM: 1 << 0, KEY: 1 << 2, SEQ: 1 << 3, DONT_FRAGMENT: 1 << 8, NOCACHE: 1 << 13 } as const;
const LABEL_MASK = 0x000fffff;
const OPTIONS_MAX = 255;

/** bpf_skb_set_tunnel_key. */
function setTunnelKey(vm: Vm, ctx = 0, from = 0, size = 0, lo = 0, hi = 0): number {
  const skb = skbAt(vm, ctx);
  if (skb === undefined || hi !== 0 || (lo & ~SET_FLAGS) !== 0) return -EINVAL;
  if (size !== KEY_SIZE && !OLD_SIZES.includes(size)) return -EINVAL;
  const key = new Uint8Array(KEY_SIZE);
  key.set(vm.env.arena.u8.subarray(from, from + size));
  const view = new DataView(key.buffer);
  const label = view.getUint32(KEY.label, true);
  const ipv6 = (lo & F_IPV6) !== 0;
  if ((!ipv6 && label !== 0) || view.getUint16(KEY.ext, true) !== 0) return -EINVAL;
  const length = ipv6 ? 16 : 4;
  skb.tunnel = {
    ipv6,
    id: view.getUint32(KEY.id, true),
    tos: key[KEY.tos]!,
    ttl: key[KEY.ttl]!,
    flags:
      TUNNEL.NOCACHE |
      ((lo & F_DONT_FRAGMENT) !== 0 ? TUNNEL.DONT_FRAGMENT : 0) |
      ((lo & F_ZERO_CSUM) === 0 ? TUNNEL.CSUM : 0) |
      ((lo & F_SEQ_NUMBER) !== 0 ? TUNNEL.SEQ : 0) |
      ((lo & F_NO_KEY) === 0 ? TUNNEL.KEY : 0),
    remote: key.slice(KEY.remote, KEY.remote + length),
    local: key.slice(KEY.local, KEY.local + length),
    label: ipv6 ? label & LABEL_MASK : 0,
    options: undefined,
  };
  return 0;
}

/** bpf_skb_get_tunnel_key: what was set, seen from the other end: remote and local change places. */
function getTunnelKey(vm: Vm, ctx = 0, to = 0, size = 0, lo = 0, hi = 0): number {
  const { u8 } = vm.env.arena;
  const tunnel = skbAt(vm, ctx)?.tunnel;
  const errno = tunnel === undefined ? -EINVAL : refusal(tunnel, size, lo, hi);
  u8.fill(0, to, to + size);
  if (tunnel === undefined || errno < 0) return errno;
  const key = new Uint8Array(KEY_SIZE);
  const view = new DataView(key.buffer);
  view.setUint32(KEY.id, tunnel.id, true);
  key[KEY.tos] = tunnel.tos;
  key[KEY.ttl] = tunnel.ttl;
  if ((lo & F_FLAGS) !== 0) view.setUint16(KEY.ext, tunnel.flags, false);
  key.set(tunnel.local, KEY.remote);
  key.set(tunnel.remote, KEY.local);
  view.setUint32(KEY.label, tunnel.label, true);
  u8.set(key.subarray(0, size), to);
  return 0;
}

function refusal(tunnel: TunnelInfo, size: number, lo: number, hi: number): number {
  if (hi !== 0 || (lo & ~GET_FLAGS) !== 0) return -EINVAL;
  if (tunnel.ipv6 !== ((lo & F_IPV6) !== 0)) return -EPROTO;
  if (size !== KEY_SIZE && !OLD_SIZES.includes(size)) return -EINVAL;
  return size === IPV4_ONLY_SIZE && tunnel.ipv6 ? -EINVAL : 0;
}

/** bpf_skb_get_tunnel_opt: the number of bytes, the rest of the buffer zeroed. */
function getTunnelOpt(vm: Vm, ctx = 0, to = 0, size = 0): number {
  const { u8 } = vm.env.arena;
  const options = skbAt(vm, ctx)?.tunnel?.options;
  u8.fill(0, to, to + size);
  if (options === undefined) return -ENOENT;
  if (size < options.length) return -ENOMEM;
  u8.set(options, to);
  return options.length;
}

/** bpf_skb_set_tunnel_opt: after a key was set. */
function setTunnelOpt(vm: Vm, ctx = 0, from = 0, size = 0): number {
  const tunnel = skbAt(vm, ctx)?.tunnel;
  if (tunnel === undefined || (size & 3) !== 0) return -EINVAL;
  if (size > OPTIONS_MAX) return -ENOMEM;
  tunnel.options = vm.env.arena.u8.slice(from, from + size);
  return 0;
}

export const TUNNEL_HELPERS: readonly HelperRecord[] = [
  {
    id: 20,
    name: 'skb_get_tunnel_key',
    doc: 'The tunnel key that was set.',
    args: 'iiil',
    ret: 'int',
    fn: getTunnelKey,
  },
  { id: 21, name: 'skb_set_tunnel_key', doc: 'Sets a tunnel key.', args: 'iiil', ret: 'int', fn: setTunnelKey },
  {
    id: 29,
    name: 'skb_get_tunnel_opt',
    doc: 'The tunnel options that were set.',
    args: 'iii',
    ret: 'int',
    fn: getTunnelOpt,
  },
  { id: 30, name: 'skb_set_tunnel_opt', doc: 'Sets tunnel options.', args: 'iii', ret: 'int', fn: setTunnelOpt },
];
