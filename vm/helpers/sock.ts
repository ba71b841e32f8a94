/**
 * Helpers on sockets (man bpf-helpers; net/core/filter.c). The only sockets are those
 * that test runs and callers describe: a lookup in the network finds none.
 */

import { BPF_LOCAL_STORAGE_GET_F_CREATE, localStorageDelete, localStorageGet } from '../../maps/bpf_local_storage.ts';
import { EACCES, EAFNOSUPPORT, EEXIST, EINVAL, ENOTSUP, EPROTOTYPE, ESOCKTNOSUPPORT } from '../../uapi/errno.ts';
import { SkLookup } from '../contexts/sk_lookup.ts';
import { skbAt } from '../contexts/skb.ts';
import { sockAt } from '../contexts/sock.ts';
import type { HelperRecord } from '../helper.ts';
import { SK_LOOKUP } from '../progtypes/net.ts';
import { BPF_SOCK } from '../progtypes/sock.ts';
import type { Vm } from '../vm.ts';

const IPPROTO_TCP = 6;
const TCP_LISTEN = 10;
const TCP_HLEN = 20;
/** Cookie of the one network namespace. */
const NETNS_COOKIE = 1;
/** `overflowuid`: the owner of a packet without a socket. */
const OVERFLOW_UID = 65534;

function none(): number {
  return 0;
}

/** bpf_get_socket_cookie, of the packet's socket or of a socket. */
function socketCookie(vm: Vm, ctx = 0): number {
  const sock = skbAt(vm, ctx)?.sock ?? sockAt(vm, ctx);
  return vm.retBig(sock?.cookie() ?? 0n);
}

/** bpf_get_socket_uid: test runs have a socket of root. */
function socketUid(vm: Vm, ctx = 0): number {
  return skbAt(vm, ctx) === undefined ? OVERFLOW_UID : 0;
}

function netnsCookie(vm: Vm): number {
  return vm.ret64(NETNS_COOKIE, 0);
}

/** bpf_sk_fullsock: sockets here are never requests or in time-wait. */
function fullSock(_vm: Vm, sock = 0): number {
  return sock;
}

/** bpf_tcp_sock: no socket here has a TCP connection behind it. */
function tcpSock(): number {
  return 0;
}

/** bpf_get_listener_sock. */
function listenerSock(vm: Vm, sock = 0): number {
  return sockAt(vm, sock)?.get(BPF_SOCK.state) === TCP_LISTEN ? sock : 0;
}

/** bpf_tcp_check_syncookie, bpf_tcp_gen_syncookie: the socket is no TCP listener. */
function syncookie(_vm: Vm): number {
  return -EINVAL;
}

const F_REPLACE = 1;
const F_NO_REUSEPORT = 2;

/** bpf_sk_assign, of socket lookups and of classifiers (which are not at ingress in a test run). */
function skAssign(vm: Vm, ctx = 0, sockAddr = 0, lo = 0, hi = 0): number {
  const lookup = vm.contexts.get(ctx);
  if (!(lookup instanceof SkLookup)) return sockAddr === 0 || lo !== 0 || hi !== 0 ? -EINVAL : -ENOTSUP;
  if (hi !== 0 || (lo & ~(F_REPLACE | F_NO_REUSEPORT)) !== 0) return -EINVAL;
  const sock = sockAt(vm, sockAddr);
  if (sock !== undefined) {
    const protocol = sock.get(BPF_SOCK.protocol);
    const state = sock.get(BPF_SOCK.state);
    if (protocol === IPPROTO_TCP && state !== TCP_LISTEN) return -ESOCKTNOSUPPORT;
    if (protocol !== lookup.get32(SK_LOOKUP.protocol)) return -EPROTOTYPE;
    if (sock.get(BPF_SOCK.family) !== lookup.get32(SK_LOOKUP.family)) return -EAFNOSUPPORT;
  }
  if (lookup.selected !== undefined && (lo & F_REPLACE) === 0) return -EEXIST;
  lookup.select(sock);
  lookup.noReuseport = (lo & F_NO_REUSEPORT) !== 0;
  return 0;
}

/** Segment sizes a SYN cookie can stand for (`msstab` of net/ipv4/syncookies.c). */
const MSS_V4: readonly number[] = [536, 1300, 1440, 1460];
const MSS_V6: readonly number[] = [1220, 1420, 1460, 8940];
const MSS_DEFAULT = 536;
const TCPOPT_EOL = 0;
const TCPOPT_NOP = 1;
const TCPOPT_MSS = 2;

/** The MSS option of a TCP header, or 0 (`tcp_parse_mss_option`). */
function mssOption(vm: Vm, th: number, length: number): number {
  const { u8 } = vm.env.arena;
  for (let at = th + TCP_HLEN; at < th + length; ) {
    const kind = u8[at]!;
    if (kind === TCPOPT_EOL) return 0;
    if (kind === TCPOPT_NOP) {
      at++;
      continue;
    }
    const size = at + 1 < th + length ? u8[at + 1]! : 0;
    if (size < 2 || at + size > th + length) return 0;
    if (kind === TCPOPT_MSS && size === 4) return (u8[at + 2]! << 8) | u8[at + 3]!;
    at += size;
  }
  return 0;
}

/** A keyed hash of the connection a TCP header belongs to; its low two bits are free. */
function connectionHash(vm: Vm, ip: number, addressBytes: number, th: number): number {
  const { u8 } = vm.env.arena;
  const addresses = ip + (addressBytes === 8 ? 12 : 8);
  let hash = vm.hashSeed ^ 0x5c0051e;
  for (let i = 0; i < addressBytes; i++) hash = Math.imul(hash ^ u8[addresses + i]!, 0x01000193);
  for (let i = 0; i < 4; i++) hash = Math.imul(hash ^ u8[th + i]!, 0x01000193);
  return (hash ^ (hash >>> 15)) & ~3;
}

function be32(vm: Vm, addr: number): number {
  const { u8 } = vm.env.arena;
  return (u8[addr]! << 24) | (u8[addr + 1]! << 16) | (u8[addr + 2]! << 8) | u8[addr + 3]!;
}

/** bpf_tcp_raw_gen_syncookie_ipv4/6: the cookie in the low half, the segment size in the high one. */
function rawGenSyncookie(vm: Vm, ip: number, th: number, length: number, ipv6: boolean): number {
  const { u8 } = vm.env.arena;
  if (length < TCP_HLEN || length !== (u8[th + 12]! >>> 4) * 4) return vm.ret64(-EINVAL, -1);
  const table = ipv6 ? MSS_V6 : MSS_V4;
  const asked = mssOption(vm, th, length) || MSS_DEFAULT;
  let index = table.length - 1;
  while (index > 0 && asked < table[index]!) index--;
  const cookie = (connectionHash(vm, ip, ipv6 ? 32 : 8, th) + be32(vm, th + 4)) | 0;
  return vm.ret64((cookie & ~3) | index, table[index]!);
}

/** bpf_tcp_raw_check_syncookie_ipv4/6: 0 when the acknowledged number is a cookie given out before. */
function rawCheckSyncookie(vm: Vm, ip: number, th: number, ipv6: boolean): number {
  const cookie = (be32(vm, th + 8) - 1) | 0;
  const sequence = (be32(vm, th + 4) - 1) | 0;
  const expected = (connectionHash(vm, ip, ipv6 ? 32 : 8, th) + sequence) | 0;
  return (cookie & ~3) === (expected & ~3) ? 0 : -EACCES;
}

/** What the lookup helpers of all families do. */
const LOOKUP = { args: 'iiill', ret: 'ptr', fn: none } as const;
const CAST = { args: 'i', ret: 'ptr', fn: none } as const;

/** The name of a socket's storage: its own, or the address of the context that stands for one. */
function storageKey(vm: Vm, sock: number): string {
  const cookie = sockAt(vm, sock)?.cookie();
  return cookie === undefined ? `sock@${sock}` : `sock:${cookie}`;
}

/** bpf_sk_storage_get: the socket's value, made when flags say so. */
function skStorageGet(vm: Vm, mapAddr = 0, sock = 0, value = 0, lo = 0, hi = 0): number {
  const map = vm.mapAt(mapAddr);
  if (map === undefined || sock === 0 || hi !== 0 || (lo & ~BPF_LOCAL_STORAGE_GET_F_CREATE) !== 0) return 0;
  const key = storageKey(vm, sock);
  const address = localStorageGet(map, key, value, lo);
  if (address !== 0) sockAt(vm, sock)?.onRelease.set(map.id, () => localStorageDelete(map, key));
  return address;
}

/** bpf_sk_storage_delete. */
function skStorageDelete(vm: Vm, mapAddr = 0, sock = 0): number {
  const map = vm.mapAt(mapAddr);
  if (map === undefined || sock === 0) return -EINVAL;
  return localStorageDelete(map, storageKey(vm, sock));
}

export const SOCK_HELPERS: readonly HelperRecord[] = [
  {
    id: 107,
    name: 'sk_storage_get',
    doc: "The socket's value, or NULL.",
    args: 'iiil',
    ret: 'ptr',
    fn: skStorageGet,
  },
  { id: 108, name: 'sk_storage_delete', doc: "Drops the socket's value.", args: 'ii', ret: 'int', fn: skStorageDelete },
  {
    id: 46,
    name: 'get_socket_cookie',
    doc: 'Number that names the socket.',
    args: 'i',
    ret: 'long',
    fn: socketCookie,
  },
  { id: 47, name: 'get_socket_uid', doc: 'Owner of the socket.', args: 'i', ret: 'uint', fn: socketUid },
  { id: 84, name: 'sk_lookup_tcp', doc: 'TCP socket of a connection: none is found.', ...LOOKUP },
  { id: 85, name: 'sk_lookup_udp', doc: 'UDP socket of a connection: none is found.', ...LOOKUP },
  { id: 86, name: 'sk_release', doc: 'Gives a socket back.', args: 'i', ret: 'int', fn: none },
  {
    id: 95,
    name: 'sk_fullsock',
    doc: 'The socket itself, when it is a full one.',
    args: 'i',
    ret: 'ptr',
    fn: fullSock,
  },
  { id: 96, name: 'tcp_sock', doc: 'TCP part of a socket: none has one.', args: 'i', ret: 'ptr', fn: tcpSock },
  { id: 98, name: 'get_listener_sock', doc: 'The listening socket.', args: 'i', ret: 'ptr', fn: listenerSock },
  { id: 99, name: 'skc_lookup_tcp', doc: 'TCP socket or request: none is found.', ...LOOKUP },
  {
    id: 100,
    name: 'tcp_check_syncookie',
    doc: 'The socket is no listener: -EINVAL.',
    args: 'iiiii',
    ret: 'int',
    fn: syncookie,
  },
  {
    id: 110,
    name: 'tcp_gen_syncookie',
    doc: 'The socket is no listener: -EINVAL.',
    args: 'iiiii',
    ret: 'int',
    fn: syncookie,
  },
  {
    id: 122,
    name: 'get_netns_cookie',
    doc: 'Number of the network namespace.',
    args: 'i',
    ret: 'long',
    fn: netnsCookie,
  },
  { id: 124, name: 'sk_assign', doc: 'Chooses the socket of a lookup.', args: 'iil', ret: 'int', fn: skAssign },
  { id: 136, name: 'skc_to_tcp6_sock', doc: 'Cast: NULL, no socket is one.', ...CAST },
  { id: 137, name: 'skc_to_tcp_sock', doc: 'Cast: NULL, no socket is one.', ...CAST },
  { id: 138, name: 'skc_to_tcp_timewait_sock', doc: 'Cast: NULL, no socket is one.', ...CAST },
  { id: 139, name: 'skc_to_tcp_request_sock', doc: 'Cast: NULL, no socket is one.', ...CAST },
  { id: 140, name: 'skc_to_udp6_sock', doc: 'Cast: NULL, no socket is one.', ...CAST },
  { id: 162, name: 'sock_from_file', doc: 'Socket of a file: NULL, none is one.', ...CAST },
  { id: 178, name: 'skc_to_unix_sock', doc: 'Cast: NULL, no socket is one.', ...CAST },
  { id: 196, name: 'skc_to_mptcp_sock', doc: 'Cast: NULL, no socket is one.', ...CAST },
  {
    id: 204,
    name: 'tcp_raw_gen_syncookie_ipv4',
    doc: 'SYN cookie for a header.',
    args: 'iii',
    ret: 'long',
    fn: (vm, ip = 0, th = 0, length = 0) => rawGenSyncookie(vm, ip, th, length, false),
  },
  {
    id: 205,
    name: 'tcp_raw_gen_syncookie_ipv6',
    doc: 'SYN cookie for a header.',
    args: 'iii',
    ret: 'long',
    fn: (vm, ip = 0, th = 0, length = 0) => rawGenSyncookie(vm, ip, th, length, true),
  },
  {
    id: 206,
    name: 'tcp_raw_check_syncookie_ipv4',
    doc: 'Whether a header acknowledges a cookie.',
    args: 'ii',
    ret: 'int',
    fn: (vm, ip = 0, th = 0) => rawCheckSyncookie(vm, ip, th, false),
  },
  {
    id: 207,
    name: 'tcp_raw_check_syncookie_ipv6',
    doc: 'Whether a header acknowledges a cookie.',
    args: 'ii',
    ret: 'int',
    fn: (vm, ip = 0, th = 0) => rawCheckSyncookie(vm, ip, th, true),
  },
];
