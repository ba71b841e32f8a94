/**
 * struct __sk_buff (include/uapi/linux/bpf.h) as each program type that is given a
 * packet sees it (`bpf_skb_is_valid_access` and the functions that narrow it).
 */
import {
  PTR_TO_FLOW_KEYS,
  PTR_TO_PACKET,
  PTR_TO_PACKET_END,
  PTR_TO_PACKET_META,
  PTR_TO_SOCK_COMMON_OR_NULL,
} from '../verifier/flags.ts';
import { type CtxField, ctxTable, variant, words, words4 } from './ctx_table.ts';

/** sizeof(struct __sk_buff). */
export const SKB_CTX_SIZE = 192;

/** Offsets in the extension area of a packet context. */
export const SKB_EXT = { data: 0, dataEnd: 8, dataMeta: 16 } as const;

/** Byte offsets of the fields, for those who fill or read a context. */
export const SK_BUFF = {
  len: 0,
  pktType: 4,
  mark: 8,
  queueMapping: 12,
  protocol: 16,
  vlanPresent: 20,
  vlanTci: 24,
  vlanProto: 28,
  priority: 32,
  ingressIfindex: 36,
  ifindex: 40,
  tcIndex: 44,
  cb: 48,
  hash: 68,
  tcClassid: 72,
  data: 76,
  dataEnd: 80,
  napiId: 84,
  family: 88,
  remoteIp4: 92,
  localIp4: 96,
  remoteIp6: 100,
  localIp6: 116,
  remotePort: 132,
  localPort: 136,
  dataMeta: 140,
  flowKeys: 144,
  tstamp: 152,
  wireLen: 160,
  gsoSegs: 164,
  sk: 168,
  gsoSize: 176,
  tstampType: 180,
  hwtstamp: 184,
} as const;

const UAPI_FIELDS: readonly CtxField[] = [
  ...words(
    [
      'len',
      'pkt_type',
      'mark',
      'queue_mapping',
      'protocol',
      'vlan_present',
      'vlan_tci',
      'vlan_proto',
      'priority',
      'ingress_ifindex',
      'ifindex',
      'tc_index',
    ],
    0,
  ),
  ...words(['cb[0]', 'cb[1]', 'cb[2]', 'cb[3]', 'cb[4]'], SK_BUFF.cb, { read: 'bytes', write: 'bytes' }),
  ...words(['hash', 'tc_classid'], SK_BUFF.hash),
  { name: 'data', off: SK_BUFF.data, size: 4, read: 'exact', reg: PTR_TO_PACKET, ptrOff: SKB_EXT.data },
  { name: 'data_end', off: SK_BUFF.dataEnd, size: 4, read: 'exact', reg: PTR_TO_PACKET_END, ptrOff: SKB_EXT.dataEnd },
  ...words(['napi_id', 'family'], SK_BUFF.napiId),
  ...words(['remote_ip4', 'local_ip4'], SK_BUFF.remoteIp4, { read: 'exact' }),
  ...words4('remote_ip6', SK_BUFF.remoteIp6, { read: 'exact' }),
  ...words4('local_ip6', SK_BUFF.localIp6, { read: 'exact' }),
  ...words(['remote_port', 'local_port'], SK_BUFF.remotePort),
  {
    name: 'data_meta',
    off: SK_BUFF.dataMeta,
    size: 4,
    read: 'exact',
    reg: PTR_TO_PACKET_META,
    ptrOff: SKB_EXT.dataMeta,
  },
  { name: 'flow_keys', off: SK_BUFF.flowKeys, size: 8, read: 'none' },
  { name: 'tstamp', off: SK_BUFF.tstamp, size: 8, read: 'exact' },
  ...words(['wire_len', 'gso_segs'], SK_BUFF.wireLen),
  { name: 'sk', off: SK_BUFF.sk, size: 8, read: 'exact', reg: PTR_TO_SOCK_COMMON_OR_NULL },
  { name: 'gso_size', off: SK_BUFF.gsoSize, size: 4 },
  { name: 'tstamp_type', off: SK_BUFF.tstampType, size: 1, read: 'exact' },
  { name: 'hwtstamp', off: SK_BUFF.hwtstamp, size: 8, read: 'exact' },
];

/** Fields that are 8 or 16 bits wide in struct sk_buff and its kin. */
const KERNEL_SIZES: ReadonlyMap<string, number> = new Map([
  ['pkt_type', 1],
  ['queue_mapping', 2],
  ['protocol', 2],
  ['vlan_tci', 2],
  ['vlan_proto', 2],
  ['tc_index', 2],
  ['tc_classid', 2],
  ['family', 2],
  ['local_port', 2],
  ['gso_segs', 2],
  ['gso_size', 2],
]);

const FIELDS: readonly CtxField[] = UAPI_FIELDS.map((field) => {
  const kernelSize = KERNEL_SIZES.get(field.name);
  return kernelSize === undefined ? field : { ...field, kernelSize };
});

const HIDDEN = { read: 'none' } as const;
/** What only the socket-aware types see of the connection. */
const NO_SOCK = {
  family: HIDDEN,
  remote_ip4: HIDDEN,
  local_ip4: HIDDEN,
  remote_ip6: HIDDEN,
  local_ip6: HIDDEN,
  remote_port: HIDDEN,
  local_port: HIDDEN,
};
const NO_TIME = { tstamp: HIDDEN, tstamp_type: HIDDEN, hwtstamp: HIDDEN };
const WORD = { write: 'exact' } as const;
/** The kernel keeps 16 bits of it. */
const HALF = { write: 'exact', storeSize: 2 } as const;
/** `NO_QUEUE_MAPPING`: stores of it and of anything above do nothing. */
const NO_QUEUE_MAPPING = 0xffff;

/** Socket filters (`sk_filter_is_valid_access`): no packet pointers. */
export const SK_FILTER_CTX = variant(FIELDS, {
  ...NO_SOCK,
  ...NO_TIME,
  tc_classid: HIDDEN,
  data: HIDDEN,
  data_end: HIDDEN,
  data_meta: HIDDEN,
  wire_len: HIDDEN,
});

/** Classifiers and actions (`tc_cls_act_is_valid_access`). */
export const TC_CLS_ACT_CTX = variant(FIELDS, {
  ...NO_SOCK,
  mark: WORD,
  queue_mapping: { ...HALF, storeBelow: NO_QUEUE_MAPPING },
  priority: WORD,
  tc_index: HALF,
  tc_classid: HALF,
  tstamp: WORD,
});

/** cgroup_skb (`cg_skb_is_valid_access`). */
export const CG_SKB_CTX = variant(FIELDS, {
  tc_classid: HIDDEN,
  data_meta: HIDDEN,
  wire_len: HIDDEN,
  tstamp_type: HIDDEN,
  data: { readNeedsBpf: true },
  data_end: { readNeedsBpf: true },
  mark: WORD,
  priority: WORD,
  tstamp: { write: 'exact', writeNeedsBpf: true },
});

/** Lightweight tunnels (`lwt_is_valid_access`). */
export const LWT_CTX = variant(FIELDS, {
  ...NO_SOCK,
  ...NO_TIME,
  tc_classid: HIDDEN,
  data_meta: HIDDEN,
  wire_len: HIDDEN,
  mark: WORD,
  priority: WORD,
});

/** Stream parsers and verdicts (`sk_skb_is_valid_access`). */
export const SK_SKB_CTX = variant(FIELDS, {
  ...NO_TIME,
  mark: HIDDEN,
  tc_classid: HIDDEN,
  data_meta: HIDDEN,
  wire_len: HIDDEN,
  cb: { write: 'none' },
  priority: WORD,
  tc_index: HALF,
});

/** Flow dissectors (`flow_dissector_is_valid_access`): the packet and the keys, nothing else. */
export const FLOW_DISSECTOR_CTX = ctxTable([
  ...FIELDS.filter((f) => f.name === 'data' || f.name === 'data_end'),
  { name: 'flow_keys', off: SK_BUFF.flowKeys, size: 8, read: 'exact', reg: PTR_TO_FLOW_KEYS },
]);
