/**
 * Helpers of socket messages, socket maps and lightweight tunnels (man bpf-helpers;
 * net/core/filter.c, net/core/sock_map.c, net/core/lwt_bpf.c).
 */
import { EBADMSG, EINVAL, ENOENT, ENOMEM, ENOTSUP } from '../../uapi/errno.ts';
import { MessageContext } from '../contexts/record.ts';
import { ETH_P_IP, ETH_P_IPV6, IPV4_HLEN, IPV6_HLEN, skbAt } from '../contexts/skb.ts';
import type { HelperRecord } from '../helper.ts';
import { SK_MSG } from '../progtypes/net.ts';
import type { Vm } from '../vm.ts';

/** Largest message a program may make of one. */
const MESSAGE_MAX = 1 << 20;

function messageAt(vm: Vm, ctx: number): MessageContext | undefined {
  const object = vm.contexts.get(ctx);
  return object instanceof MessageContext ? object : undefined;
}

/** Shows the program bytes `start` to `end` of the message. */
function show(message: MessageContext, start: number, end: number): void {
  message.data = message.buffer + start;
  message.dataEnd = message.buffer + end;
  message.setPtr(SK_MSG.data, message.data);
  message.setPtr(SK_MSG.dataEnd, message.dataEnd);
}

function applyBytes(vm: Vm, ctx = 0, count = 0): number {
  const message = messageAt(vm, ctx);
  if (message !== undefined) message.applyBytes = count >>> 0;
  return 0;
}

function corkBytes(vm: Vm, ctx = 0, count = 0): number {
  const message = messageAt(vm, ctx);
  if (message !== undefined) message.corkBytes = count >>> 0;
  return 0;
}

/** bpf_msg_pull_data: bytes `start` to `end` become what data and data_end point at. */
function pullData(vm: Vm, ctx = 0, start = 0, end = 0, lo = 0, hi = 0): number {
  const message = messageAt(vm, ctx);
  if (message === undefined || lo !== 0 || hi !== 0) return -EINVAL;
  const from = start >>> 0;
  const to = end >>> 0;
  if (to <= from || to > message.get32(SK_MSG.size)) return -EINVAL;
  show(message, from, to);
  return 0;
}

/** The bytes of the whole message. */
function bytesOf(message: MessageContext): Uint8Array {
  return message.vm.env.arena.u8.slice(message.buffer, message.buffer + message.get32(SK_MSG.size));
}

function replace(message: MessageContext, bytes: Uint8Array): void {
  message.fill(bytes, 0);
  message.set32(SK_MSG.size, bytes.length);
  show(message, 0, bytes.length);
}

/** bpf_msg_push_data: zeroes at `start`. */
function pushData(vm: Vm, ctx = 0, start = 0, count = 0, lo = 0, hi = 0): number {
  const message = messageAt(vm, ctx);
  if (message === undefined || lo !== 0 || hi !== 0) return -EINVAL;
  const length = count >>> 0;
  if (length === 0) return 0;
  const bytes = bytesOf(message);
  const at = start >>> 0;
  if (at > bytes.length) return -EINVAL;
  if (bytes.length + length > MESSAGE_MAX) return -ENOMEM;
  const grown = new Uint8Array(bytes.length + length);
  grown.set(bytes.subarray(0, at));
  grown.set(bytes.subarray(at), at + length);
  replace(message, grown);
  return 0;
}

/** bpf_msg_pop_data: takes bytes out at `start`. */
function popData(vm: Vm, ctx = 0, start = 0, count = 0, lo = 0, hi = 0): number {
  const message = messageAt(vm, ctx);
  if (message === undefined || lo !== 0 || hi !== 0) return -EINVAL;
  const length = count >>> 0;
  const bytes = bytesOf(message);
  const at = start >>> 0;
  if (length === 0) return 0;
  if (at >= bytes.length || at + length > bytes.length) return -EINVAL;
  const shrunk = new Uint8Array(bytes.length - length);
  shrunk.set(bytes.subarray(0, at));
  shrunk.set(bytes.subarray(at + length), at);
  replace(message, shrunk);
  return 0;
}

/** Sockets of TCP events cannot be put into maps: they are descriptions only. */
function notSupported(): number {
  return -ENOTSUP;
}

/** bpf_sk_select_reuseport: the group's map holds no socket. */
function selectReuseport(): number {
  return -ENOENT;
}

const LWT_ENCAP_IP = 2;

/** bpf_lwt_push_encap with an IP header of the program's own (`bpf_lwt_push_ip_encap`); SRv6 headers are refused. */
function lwtPushEncap(vm: Vm, ctx = 0, type = 0, header = 0, size = 0): number {
  const skb = skbAt(vm, ctx);
  if (skb === undefined || type !== LWT_ENCAP_IP || size < IPV4_HLEN || size > 255) return -EINVAL;
  const { u8 } = vm.env.arena;
  const version = u8[header]! >>> 4;
  if (version === 4) {
    if ((u8[header]! & 0xf) < 5 || (u8[header]! & 0xf) * 4 > size) return -EINVAL;
  } else if (version !== 6 || size < IPV6_HLEN) return -EINVAL;
  if (skb.reserve(size, 0) < 0) return -ENOMEM;
  skb.push(size);
  skb.resetNetworkHeader();
  u8.copyWithin(skb.data, header, header + size);
  skb.protocol = version === 4 ? ETH_P_IP : ETH_P_IPV6;
  skb.clearHash();
  skb.sync();
  return 0;
}

function noSrh(): number {
  return -EINVAL;
}

function noValidSrh(): number {
  return -EBADMSG;
}

export const SK_MSG_HELPERS: readonly HelperRecord[] = [
  { id: 53, name: 'sock_map_update', doc: 'No real sockets: -EOPNOTSUPP.', args: 'iiil', ret: 'int', fn: notSupported },
  {
    id: 61,
    name: 'msg_apply_bytes',
    doc: 'How many bytes the verdict is good for.',
    args: 'ii',
    ret: 'int',
    fn: applyBytes,
  },
  { id: 62, name: 'msg_cork_bytes', doc: 'How many bytes to wait for.', args: 'ii', ret: 'int', fn: corkBytes },
  {
    id: 63,
    name: 'msg_pull_data',
    doc: 'Makes a part of the message accessible.',
    args: 'iiil',
    ret: 'int',
    fn: pullData,
  },
  {
    id: 70,
    name: 'sock_hash_update',
    doc: 'No real sockets: -EOPNOTSUPP.',
    args: 'iiil',
    ret: 'int',
    fn: notSupported,
  },
  {
    id: 73,
    name: 'lwt_push_encap',
    doc: 'Puts an IP header before the packet; SRv6: -EINVAL.',
    args: 'iiii',
    ret: 'int',
    fn: lwtPushEncap,
  },
  { id: 74, name: 'lwt_seg6_store_bytes', doc: 'No SRv6 header: -EINVAL.', args: 'iiii', ret: 'int', fn: noSrh },
  { id: 75, name: 'lwt_seg6_adjust_srh', doc: 'No SRv6 header: -EINVAL.', args: 'iii', ret: 'int', fn: noSrh },
  { id: 76, name: 'lwt_seg6_action', doc: 'No SRv6 header: -EBADMSG.', args: 'iiii', ret: 'int', fn: noValidSrh },
  {
    id: 82,
    name: 'sk_select_reuseport',
    doc: 'No real sockets: -ENOENT.',
    args: 'iiil',
    ret: 'int',
    fn: selectReuseport,
  },
  { id: 90, name: 'msg_push_data', doc: 'Inserts zeroes into the message.', args: 'iiil', ret: 'int', fn: pushData },
  { id: 91, name: 'msg_pop_data', doc: 'Takes bytes out of the message.', args: 'iiil', ret: 'int', fn: popData },
];
