/**
 * Contexts of the network hooks that are not given a struct __sk_buff: XDP, socket
 * messages, socket lookup, reuseport groups, netfilter (include/uapi/linux/bpf.h;
 * `xdp_is_valid_access`, `sk_msg_is_valid_access`, `sk_lookup_is_valid_access`,
 * `sk_reuseport_is_valid_access`, `nf_is_valid_access`).
 */
import { BPF_ATTACH_TYPE as AT } from '../../uapi/bpf.ts';
import {
  PTR_TO_BTF_ID,
  PTR_TO_PACKET,
  PTR_TO_PACKET_END,
  PTR_TO_PACKET_META,
  PTR_TO_SOCK_COMMON_OR_NULL,
  PTR_TO_SOCKET,
  PTR_TO_SOCKET_OR_NULL,
  PTR_TRUSTED,
} from '../verifier/flags.ts';
import { ctxTable, words, words4 } from './ctx_table.ts';

/** sizeof(struct xdp_md). */
export const XDP_CTX_SIZE = 24;

/** Byte offsets in struct xdp_md. */
export const XDP_MD = {
  data: 0,
  dataEnd: 4,
  dataMeta: 8,
  ingressIfindex: 12,
  rxQueueIndex: 16,
  egressIfindex: 20,
} as const;

/** Offsets in the extension area of an XDP context. */
export const XDP_EXT = { data: 0, dataEnd: 8, dataMeta: 16 } as const;

/** struct xdp_md. */
export const XDP_CTX = ctxTable([
  { name: 'data', off: 0, size: 4, read: 'exact', reg: PTR_TO_PACKET, ptrOff: XDP_EXT.data },
  { name: 'data_end', off: 4, size: 4, read: 'exact', reg: PTR_TO_PACKET_END, ptrOff: XDP_EXT.dataEnd },
  { name: 'data_meta', off: 8, size: 4, read: 'exact', reg: PTR_TO_PACKET_META, ptrOff: XDP_EXT.dataMeta },
  ...words(['ingress_ifindex', 'rx_queue_index'], 12, { read: 'exact' }),
  { name: 'egress_ifindex', off: 20, size: 4, read: 'exact', attach: [AT.XDP_DEVMAP] },
]);

/** sizeof(struct sk_msg_md). */
export const SK_MSG_CTX_SIZE = 80;

/** Byte offsets in struct sk_msg_md. */
export const SK_MSG = { data: 0, dataEnd: 8, size: 68, sk: 72 } as const;

/** struct sk_msg_md. */
export const SK_MSG_CTX = ctxTable([
  { name: 'data', off: 0, size: 8, read: 'exact', reg: PTR_TO_PACKET },
  { name: 'data_end', off: 8, size: 8, read: 'exact', reg: PTR_TO_PACKET_END },
  ...words(['family', 'remote_ip4', 'local_ip4'], 16, { read: 'exact' }),
  ...words4('remote_ip6', 28, { read: 'exact' }),
  ...words4('local_ip6', 44, { read: 'exact' }),
  ...words(['remote_port', 'local_port', 'size'], 60, { read: 'exact' }),
  { name: 'sk', off: 72, size: 8, read: 'exact', reg: PTR_TO_SOCKET },
]);

/** sizeof(struct bpf_sk_lookup), as test runs take it. */
export const SK_LOOKUP_CTX_SIZE = 72;

/** Byte offsets in struct bpf_sk_lookup. */
export const SK_LOOKUP = {
  cookie: 0,
  family: 8,
  protocol: 12,
  remoteIp4: 16,
  remoteIp6: 20,
  remotePort: 36,
  localIp4: 40,
  localIp6: 44,
  localPort: 60,
  ingressIfindex: 64,
} as const;

/** struct bpf_sk_lookup. */
export const SK_LOOKUP_CTX = ctxTable([
  { name: 'sk', off: 0, size: 8, read: 'exact', reg: PTR_TO_SOCKET_OR_NULL },
  ...words(['family', 'protocol'], 8, { kernelSize: 2 }),
  { name: 'remote_ip4', off: 16, size: 4 },
  ...words4('remote_ip6', 20),
  { name: 'remote_port', off: 36, size: 2 },
  { name: 'remote_port_pad', off: 38, size: 2 },
  { name: 'local_ip4', off: 40, size: 4 },
  ...words4('local_ip6', 44),
  { name: 'local_port', off: 60, size: 4, kernelSize: 2 },
  { name: 'ingress_ifindex', off: 64, size: 4 },
]);

/** remote_port was 4 bytes wide once: a load of 4 bytes is still allowed. */
export const SK_LOOKUP_PORT_WORD = ctxTable([{ name: 'remote_port', off: 36, size: 4, read: 'exact' }]);

/** sizeof(struct sk_reuseport_md). */
export const SK_REUSEPORT_CTX_SIZE = 56;

/** struct sk_reuseport_md. */
export const SK_REUSEPORT_CTX = ctxTable([
  { name: 'data', off: 0, size: 8, read: 'exact', reg: PTR_TO_PACKET },
  { name: 'data_end', off: 8, size: 8, read: 'exact', reg: PTR_TO_PACKET_END },
  { name: 'len', off: 16, size: 4 },
  { name: 'eth_protocol', off: 20, size: 4, minSize: 2 },
  ...words(['ip_protocol', 'bind_inany'], 24),
  { name: 'hash', off: 32, size: 4, read: 'exact' },
  { name: 'sk', off: 40, size: 8, read: 'exact', reg: PTR_TO_SOCKET },
  { name: 'migrating_sk', off: 48, size: 8, read: 'exact', reg: PTR_TO_SOCK_COMMON_OR_NULL },
]);

/** sizeof(struct bpf_nf_ctx). */
export const NF_CTX_SIZE = 16;

/** struct bpf_nf_ctx: two kernel pointers, known by BTF. */
export const NF_CTX = ctxTable([
  { name: 'state', off: 0, size: 8, read: 'exact', reg: PTR_TO_BTF_ID | PTR_TRUSTED, btfName: 'nf_hook_state' },
  { name: 'skb', off: 8, size: 8, read: 'exact', reg: PTR_TO_BTF_ID | PTR_TRUSTED, btfName: 'sk_buff' },
]);
