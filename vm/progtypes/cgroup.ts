/**
 * Contexts of the cgroup hooks other than packets and sockets: socket addresses,
 * socket options, sysctls, devices, TCP events (include/uapi/linux/bpf.h;
 * `sock_addr_is_valid_access`, `cg_sockopt_is_valid_access`, `sysctl_is_valid_access`,
 * `cgroup_dev_is_valid_access`, `sock_ops_is_valid_access`).
 */
import { BPF_ATTACH_TYPE as AT } from '../../uapi/bpf.ts';
import { PTR_TO_PACKET, PTR_TO_PACKET_END, PTR_TO_SOCKET, PTR_TO_SOCKET_OR_NULL } from '../verifier/flags.ts';
import { ctxTable, words, words4 } from './ctx_table.ts';
import { TCP_COUNTERS } from './sock.ts';

const INET4 = [
  AT.CGROUP_INET4_BIND,
  AT.CGROUP_INET4_CONNECT,
  AT.CGROUP_INET4_GETPEERNAME,
  AT.CGROUP_INET4_GETSOCKNAME,
  AT.CGROUP_UDP4_SENDMSG,
  AT.CGROUP_UDP4_RECVMSG,
] as const;

const INET6 = [
  AT.CGROUP_INET6_BIND,
  AT.CGROUP_INET6_CONNECT,
  AT.CGROUP_INET6_GETPEERNAME,
  AT.CGROUP_INET6_GETSOCKNAME,
  AT.CGROUP_UDP6_SENDMSG,
  AT.CGROUP_UDP6_RECVMSG,
] as const;

/** sizeof(struct bpf_sock_addr). */
export const SOCK_ADDR_CTX_SIZE = 72;

/** struct bpf_sock_addr. */
export const SOCK_ADDR_CTX = ctxTable([
  { name: 'user_family', off: 0, size: 4, read: 'exact' },
  { name: 'user_ip4', off: 4, size: 4, write: 'exact', attach: INET4 },
  ...words4('user_ip6', 8, { read: 'wide', write: 'wide', attach: INET6 }),
  { name: 'user_port', off: 24, size: 4, write: 'exact' },
  ...words(['family', 'type', 'protocol'], 28, { read: 'exact' }),
  { name: 'msg_src_ip4', off: 40, size: 4, write: 'exact', attach: [AT.CGROUP_UDP4_SENDMSG] },
  ...words4('msg_src_ip6', 44, { read: 'wide', write: 'wide', attach: [AT.CGROUP_UDP6_SENDMSG] }),
  { name: 'sk', off: 64, size: 8, read: 'exact', reg: PTR_TO_SOCKET },
]);

/** sizeof(struct bpf_sockopt). */
export const SOCKOPT_CTX_SIZE = 40;

/** struct bpf_sockopt: what may be written depends on the direction. */
export const SOCKOPT_CTX = ctxTable([
  { name: 'sk', off: 0, size: 8, read: 'exact', reg: PTR_TO_SOCKET },
  { name: 'optval', off: 8, size: 8, read: 'exact', reg: PTR_TO_PACKET },
  { name: 'optval_end', off: 16, size: 8, read: 'exact', reg: PTR_TO_PACKET_END },
  ...words(['level', 'optname'], 24, { read: 'exact', write: 'exact', writeAttach: [AT.CGROUP_SETSOCKOPT] }),
  { name: 'optlen', off: 32, size: 4, read: 'exact', write: 'exact' },
  { name: 'retval', off: 36, size: 4, read: 'exact', write: 'exact', attach: [AT.CGROUP_GETSOCKOPT] },
]);

/** sizeof(struct bpf_sysctl). */
export const SYSCTL_CTX_SIZE = 8;

/** Offset of `write` in struct bpf_sysctl. */
export const SYSCTL_WRITE = 0;

/** struct bpf_sysctl. */
export const SYSCTL_CTX = ctxTable([
  { name: 'write', off: 0, size: 4 },
  { name: 'file_pos', off: 4, size: 4, write: 'exact' },
]);

/** sizeof(struct bpf_cgroup_dev_ctx). */
export const CGROUP_DEV_CTX_SIZE = 12;

/** struct bpf_cgroup_dev_ctx. */
export const CGROUP_DEV_CTX = ctxTable([
  { name: 'access_type', off: 0, size: 4 },
  ...words(['major', 'minor'], 4, { read: 'exact' }),
]);

/** sizeof(struct bpf_sock_ops). */
export const SOCK_OPS_CTX_SIZE = 224;

/** struct bpf_sock_ops. */
export const SOCK_OPS_CTX = ctxTable([
  { name: 'op', off: 0, size: 4, read: 'exact' },
  { name: 'reply', off: 4, size: 4, read: 'exact', write: 'exact' },
  ...words(['args[1]', 'args[2]', 'args[3]'], 8, { read: 'exact' }),
  ...words(['family', 'remote_ip4', 'local_ip4'], 20, { read: 'exact' }),
  ...words4('remote_ip6', 32, { read: 'exact' }),
  ...words4('local_ip6', 48, { read: 'exact' }),
  ...words(
    [
      'remote_port',
      'local_port',
      'is_fullsock',
      'snd_cwnd',
      'srtt_us',
      'bpf_sock_ops_cb_flags',
      'state',
      ...TCP_COUNTERS,
    ],
    64,
    { read: 'exact' },
  ),
  { name: 'sk_txhash', off: 164, size: 4, read: 'exact', write: 'exact' },
  { name: 'bytes_received', off: 168, size: 8, read: 'exact' },
  { name: 'bytes_acked', off: 176, size: 8, read: 'exact' },
  { name: 'sk', off: 184, size: 8, read: 'exact', reg: PTR_TO_SOCKET_OR_NULL },
  { name: 'skb_data', off: 192, size: 8, read: 'exact', reg: PTR_TO_PACKET },
  { name: 'skb_data_end', off: 200, size: 8, read: 'exact', reg: PTR_TO_PACKET_END },
  { name: 'skb_len', off: 208, size: 4, read: 'exact' },
  { name: 'skb_tcp_flags', off: 212, size: 4, read: 'start' },
  { name: 'skb_hwtstamp', off: 216, size: 8, read: 'exact' },
]);
