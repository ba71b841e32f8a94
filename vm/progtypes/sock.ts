/**
 * Socket objects as programs see them: struct bpf_sock behind the socket pointers,
 * struct bpf_tcp_sock, struct bpf_xdp_sock, and the contexts that are sockets
 * (include/uapi/linux/bpf.h; `bpf_sock_is_valid_access`, `bpf_sock_common_is_valid_access`,
 * `bpf_tcp_sock_is_valid_access`, `sock_filter_is_valid_access`).
 */
import { BPF_ATTACH_TYPE as AT } from '../../uapi/bpf.ts';
import { baseType, PTR_TO_SOCK_COMMON, PTR_TO_SOCKET, PTR_TO_TCP_SOCK, PTR_TO_XDP_SOCK } from '../verifier/flags.ts';
import type { CtxAccess, ProgContext } from '../verifier/types.ts';
import { type CtxField, type CtxTable, ctxAccess, ctxTable, variant, words, words4 } from './ctx_table.ts';

/** Size of struct bpf_sock, and of the block a socket pointer points at. */
export const BPF_SOCK_SIZE = 80;

/** Byte offsets in struct bpf_sock. */
export const BPF_SOCK = {
  boundDevIf: 0,
  family: 4,
  type: 8,
  protocol: 12,
  mark: 16,
  priority: 20,
  srcIp4: 24,
  srcIp6: 28,
  srcPort: 44,
  dstPort: 48,
  dstIp4: 52,
  dstIp6: 56,
  state: 72,
  rxQueueMapping: 76,
} as const;

/** The fields of struct bpf_sock. */
export const SOCK_FIELDS: readonly CtxField[] = [
  { name: 'bound_dev_if', off: 0, size: 4, read: 'exact' },
  ...words(['family', 'type', 'protocol'], 4, { read: 'start' }),
  ...words(['mark', 'priority'], 16, { read: 'exact' }),
  { name: 'src_ip4', off: 24, size: 4 },
  ...words4('src_ip6', 28),
  { name: 'src_port', off: 44, size: 4, read: 'start' },
  { name: 'dst_port', off: 48, size: 2 },
  { name: 'dst_port_pad', off: 50, size: 2, read: 'none' },
  { name: 'dst_ip4', off: 52, size: 4 },
  ...words4('dst_ip6', 56),
  { name: 'state', off: 72, size: 4, read: 'start' },
  // No queue is -1 of 64 bits.
  { name: 'rx_queue_mapping', off: 76, size: 4, read: 'start', signed: true },
];

/** dst_port was 4 bytes wide once: a load of 4 bytes is still allowed (include/uapi/linux/bpf.h). */
function sockAccessOf(table: CtxTable, off: number, size: number, write: boolean, prog: ProgContext) {
  if (!write && off === BPF_SOCK.dstPort && size === 4 && table.at[off] !== undefined)
    return ctxAccess(DST_PORT_WORD, off, size, write, prog);
  return ctxAccess(table, off, size, write, prog);
}

const DST_PORT_WORD = ctxTable([{ name: 'dst_port', off: 48, size: 4 }]);

const SOCK = ctxTable(SOCK_FIELDS);
const SOCK_COMMON = variant(SOCK_FIELDS, {
  bound_dev_if: { read: 'exact' },
  type: { read: 'none' },
  protocol: { read: 'none' },
  mark: { read: 'none' },
  priority: { read: 'none' },
});

/** Fields of a TCP connection that stand in a row in struct bpf_tcp_sock and in struct bpf_sock_ops. */
export const TCP_COUNTERS: readonly string[] = [
  'rtt_min',
  'snd_ssthresh',
  'rcv_nxt',
  'snd_nxt',
  'snd_una',
  'mss_cache',
  'ecn_flags',
  'rate_delivered',
  'rate_interval_us',
  'packets_out',
  'retrans_out',
  'total_retrans',
  'segs_in',
  'data_segs_in',
  'segs_out',
  'data_segs_out',
  'lost_out',
  'sacked_out',
];

const TCP_SOCK = ctxTable([
  ...words(['snd_cwnd', 'srtt_us', ...TCP_COUNTERS], 0, { read: 'exact' }),
  { name: 'bytes_received', off: 80, size: 8, read: 'exact' },
  { name: 'bytes_acked', off: 88, size: 8, read: 'exact' },
  // The kernel takes a load of any other word for one of a 4-byte field, and then has no conversion for it.
  { name: 'bytes_received_hi', off: 84, size: 4, read: 'exact', unconvertible: true },
  { name: 'bytes_acked_hi', off: 92, size: 4, read: 'exact', unconvertible: true },
  ...words(['dsack_dups', 'delivered', 'delivered_ce', 'icsk_retransmits'], 96, { read: 'exact' }),
]);

const XDP_SOCK = ctxTable([{ name: 'queue_id', off: 0, size: 4, read: 'exact' }]);

/**
 * Read of a socket object through a pointer of register type `regType` (`check_sock_access`):
 * undefined when it is refused. Writes are never allowed.
 */
export function sockAccess(regType: number, off: number, size: number, prog: ProgContext): CtxAccess | undefined {
  switch (baseType(regType)) {
    case PTR_TO_SOCKET:
      return sockAccessOf(SOCK, off, size, false, prog);
    case PTR_TO_SOCK_COMMON:
      return sockAccessOf(SOCK_COMMON, off, size, false, prog);
    case PTR_TO_TCP_SOCK:
      return ctxAccess(TCP_SOCK, off, size, false, prog);
    case PTR_TO_XDP_SOCK:
      return ctxAccess(XDP_SOCK, off, size, false, prog);
    default:
      return undefined;
  }
}

const CREATE = [AT.CGROUP_INET_SOCK_CREATE, AT.CGROUP_INET_SOCK_RELEASE] as const;
const POST_BIND4 = [AT.CGROUP_INET4_POST_BIND] as const;
const POST_BIND6 = [AT.CGROUP_INET6_POST_BIND] as const;
const POST_BIND = [...POST_BIND4, ...POST_BIND6] as const;

/** The context of cgroup_sock programs is a struct bpf_sock whose fields depend on the hook. */
const CGROUP_SOCK = variant(SOCK_FIELDS, {
  bound_dev_if: { attach: CREATE, write: 'exact' },
  mark: { attach: CREATE, write: 'exact' },
  priority: { attach: CREATE, write: 'exact' },
  src_ip4: { attach: POST_BIND4 },
  src_ip6: { attach: POST_BIND6 },
  src_port: { attach: POST_BIND },
});

/** `sock_filter_is_valid_access`. */
export function cgroupSockAccess(off: number, size: number, write: boolean, prog: ProgContext): CtxAccess | undefined {
  return sockAccessOf(CGROUP_SOCK, off, size, write, prog);
}
