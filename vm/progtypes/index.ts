/** The program types of Linux 6.18, as the verifier and the test runs look at them. */
import { BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { helperProto } from '../helpers/protos_access.ts';
import type { CtxAccess, ProgContext, ProgTypeRules } from '../verifier/types.ts';
import {
  CGROUP_DEV_CTX,
  CGROUP_DEV_CTX_SIZE,
  SOCK_ADDR_CTX,
  SOCK_ADDR_CTX_SIZE,
  SOCK_OPS_CTX,
  SOCK_OPS_CTX_SIZE,
  SOCKOPT_CTX,
  SOCKOPT_CTX_SIZE,
  SYSCTL_CTX,
  SYSCTL_CTX_SIZE,
} from './cgroup.ts';
import { type CtxTable, ctxAccess } from './ctx_table.ts';
import {
  NF_CTX,
  NF_CTX_SIZE,
  SK_LOOKUP,
  SK_LOOKUP_CTX,
  SK_LOOKUP_CTX_SIZE,
  SK_LOOKUP_PORT_WORD,
  SK_MSG_CTX,
  SK_MSG_CTX_SIZE,
  SK_REUSEPORT_CTX,
  SK_REUSEPORT_CTX_SIZE,
  XDP_CTX,
  XDP_CTX_SIZE,
} from './net.ts';
import { returnRange } from './returns.ts';
import {
  CG_SKB_CTX,
  FLOW_DISSECTOR_CTX,
  LWT_CTX,
  SK_FILTER_CTX,
  SK_SKB_CTX,
  SKB_CTX_SIZE,
  TC_CLS_ACT_CTX,
} from './skb.ts';
import { BPF_SOCK_SIZE, cgroupSockAccess } from './sock.ts';
import {
  kprobeAccess,
  PERF_EVENT_CTX_SIZE,
  PERF_MAX_TRACE_SIZE,
  PT_REGS_SIZE,
  perfEventAccess,
  RAW_TP_CTX_SIZE,
  rawTpAccess,
  rawTpWritableAccess,
  SYSCALL_CTX_MAX,
  syscallAccess,
  tracepointAccess,
} from './trace.ts';

type Access = (off: number, size: number, write: boolean, prog: ProgContext) => CtxAccess | undefined;

/** Direct access to packet data (`may_access_direct_pkt_data`): read and write, read only, or none. */
type Packet = 'rw' | 'r' | 'none';

interface TypeInit {
  readonly type: number;
  readonly name: string;
  readonly ctxSize: number;
  readonly access: CtxTable | Access;
  readonly kind?: ProgTypeRules['ctxKind'];
  /** uapi and kernel names of the context (include/linux/bpf_types.h). */
  readonly uapi: string;
  readonly kernel: string;
  readonly packet?: Packet;
  readonly ldAbs?: boolean;
}

const NONE: Access = () => undefined;
const SKB = { ctxSize: SKB_CTX_SIZE, uapi: '__sk_buff', kernel: 'sk_buff' } as const;
const REGS = { ctxSize: PT_REGS_SIZE, uapi: 'bpf_user_pt_regs_t', kernel: 'pt_regs' } as const;

/** `sk_lookup_is_valid_access`: the remote port as two bytes, and as the four it was once. */
const skLookupAccess: Access = (off, size, write, prog) =>
  off === SK_LOOKUP.remotePort && size === 4
    ? ctxAccess(SK_LOOKUP_PORT_WORD, off, size, write, prog)
    : ctxAccess(SK_LOOKUP_CTX, off, size, write, prog);

const TYPES: readonly TypeInit[] = [
  { type: PT.SOCKET_FILTER, name: 'socket_filter', ...SKB, access: SK_FILTER_CTX, ldAbs: true },
  { type: PT.KPROBE, name: 'kprobe', ...REGS, access: kprobeAccess },
  { type: PT.SCHED_CLS, name: 'sched_cls', ...SKB, access: TC_CLS_ACT_CTX, packet: 'rw', ldAbs: true },
  { type: PT.SCHED_ACT, name: 'sched_act', ...SKB, access: TC_CLS_ACT_CTX, packet: 'rw', ldAbs: true },
  {
    type: PT.TRACEPOINT,
    name: 'tracepoint',
    ctxSize: PERF_MAX_TRACE_SIZE,
    access: tracepointAccess,
    uapi: '__u64',
    kernel: 'u64',
  },
  {
    type: PT.XDP,
    name: 'xdp',
    ctxSize: XDP_CTX_SIZE,
    access: XDP_CTX,
    uapi: 'xdp_md',
    kernel: 'xdp_buff',
    packet: 'rw',
  },
  {
    type: PT.PERF_EVENT,
    name: 'perf_event',
    ctxSize: PERF_EVENT_CTX_SIZE,
    access: perfEventAccess,
    uapi: 'bpf_perf_event_data',
    kernel: 'bpf_perf_event_data_kern',
  },
  { type: PT.CGROUP_SKB, name: 'cgroup_skb', ...SKB, access: CG_SKB_CTX, packet: 'r' },
  {
    type: PT.CGROUP_SOCK,
    name: 'cgroup_sock',
    ctxSize: BPF_SOCK_SIZE,
    access: cgroupSockAccess,
    uapi: 'bpf_sock',
    kernel: 'sock',
  },
  { type: PT.LWT_IN, name: 'lwt_in', ...SKB, access: LWT_CTX, packet: 'r' },
  { type: PT.LWT_OUT, name: 'lwt_out', ...SKB, access: LWT_CTX, packet: 'r' },
  { type: PT.LWT_XMIT, name: 'lwt_xmit', ...SKB, access: LWT_CTX, packet: 'rw' },
  {
    type: PT.SOCK_OPS,
    name: 'sock_ops',
    ctxSize: SOCK_OPS_CTX_SIZE,
    access: SOCK_OPS_CTX,
    uapi: 'bpf_sock_ops',
    kernel: 'bpf_sock_ops_kern',
  },
  { type: PT.SK_SKB, name: 'sk_skb', ...SKB, access: SK_SKB_CTX, packet: 'rw' },
  {
    type: PT.CGROUP_DEVICE,
    name: 'cgroup_device',
    ctxSize: CGROUP_DEV_CTX_SIZE,
    access: CGROUP_DEV_CTX,
    uapi: 'bpf_cgroup_dev_ctx',
    kernel: 'bpf_cgroup_dev_ctx',
  },
  {
    type: PT.SK_MSG,
    name: 'sk_msg',
    ctxSize: SK_MSG_CTX_SIZE,
    access: SK_MSG_CTX,
    uapi: 'sk_msg_md',
    kernel: 'sk_msg',
    packet: 'rw',
  },
  {
    type: PT.RAW_TRACEPOINT,
    name: 'raw_tracepoint',
    ctxSize: RAW_TP_CTX_SIZE,
    access: rawTpAccess,
    kind: 'raw_tp',
    uapi: 'bpf_raw_tracepoint_args',
    kernel: 'u64',
  },
  {
    type: PT.CGROUP_SOCK_ADDR,
    name: 'cgroup_sock_addr',
    ctxSize: SOCK_ADDR_CTX_SIZE,
    access: SOCK_ADDR_CTX,
    uapi: 'bpf_sock_addr',
    kernel: 'bpf_sock_addr_kern',
  },
  { type: PT.LWT_SEG6LOCAL, name: 'lwt_seg6local', ...SKB, access: LWT_CTX, packet: 'r' },
  /** Infrared remotes: known by name; the kernel we follow is built without them, loading is EINVAL. */
  {
    type: PT.SK_REUSEPORT,
    name: 'sk_reuseport',
    ctxSize: SK_REUSEPORT_CTX_SIZE,
    access: SK_REUSEPORT_CTX,
    uapi: 'sk_reuseport_md',
    kernel: 'sk_reuseport_kern',
    packet: 'r',
  },
  {
    type: PT.FLOW_DISSECTOR,
    name: 'flow_dissector',
    ctxSize: SKB_CTX_SIZE,
    access: FLOW_DISSECTOR_CTX,
    uapi: '__sk_buff',
    kernel: 'bpf_flow_dissector',
    packet: 'r',
  },
  {
    type: PT.CGROUP_SYSCTL,
    name: 'cgroup_sysctl',
    ctxSize: SYSCTL_CTX_SIZE,
    access: SYSCTL_CTX,
    uapi: 'bpf_sysctl',
    kernel: 'bpf_sysctl_kern',
  },
  {
    type: PT.RAW_TRACEPOINT_WRITABLE,
    name: 'raw_tracepoint_writable',
    ctxSize: RAW_TP_CTX_SIZE,
    access: rawTpWritableAccess,
    kind: 'raw_tp',
    uapi: 'bpf_raw_tracepoint_args',
    kernel: 'u64',
  },
  {
    type: PT.CGROUP_SOCKOPT,
    name: 'cgroup_sockopt',
    ctxSize: SOCKOPT_CTX_SIZE,
    access: SOCKOPT_CTX,
    uapi: 'bpf_sockopt',
    kernel: 'bpf_sockopt_kern',
    packet: 'rw',
  },
  { type: PT.TRACING, name: 'tracing', ctxSize: -1, access: NONE, kind: 'btf', uapi: 'void *', kernel: 'void *' },
  { type: PT.STRUCT_OPS, name: 'struct_ops', ctxSize: -1, access: NONE, kind: 'btf', uapi: 'void *', kernel: 'void *' },
  { type: PT.EXT, name: 'ext', ctxSize: -1, access: NONE, kind: 'none', uapi: 'void *', kernel: 'void *' },
  { type: PT.LSM, name: 'lsm', ctxSize: -1, access: NONE, kind: 'btf', uapi: 'void *', kernel: 'void *' },
  {
    type: PT.SK_LOOKUP,
    name: 'sk_lookup',
    ctxSize: SK_LOOKUP_CTX_SIZE,
    access: skLookupAccess,
    uapi: 'bpf_sk_lookup',
    kernel: 'bpf_sk_lookup_kern',
  },
  {
    type: PT.SYSCALL,
    name: 'syscall',
    ctxSize: SYSCALL_CTX_MAX,
    access: syscallAccess,
    uapi: 'void *',
    kernel: 'void *',
  },
  {
    type: PT.NETFILTER,
    name: 'netfilter',
    ctxSize: NF_CTX_SIZE,
    access: NF_CTX,
    uapi: 'bpf_nf_ctx',
    kernel: 'bpf_nf_ctx',
  },
];

/** Program types by name and number, for those that the kernel cannot load too. */
export const PROG_TYPE_NAMES: readonly string[] = Object.entries(PT)
  .sort((a, b) => a[1] - b[1])
  .map(([name]) => name.toLowerCase());

function rulesOf(init: TypeInit): ProgTypeRules {
  const { access, packet = 'none' } = init;
  const check: Access =
    typeof access === 'function' ? access : (off, size, write, prog) => ctxAccess(access, off, size, write, prog);
  return {
    type: init.type,
    name: init.name,
    ctxSize: init.ctxSize,
    ctxKind: init.kind ?? 'table',
    ctxUapiName: init.uapi,
    ctxKernelName: init.kernel,
    ctxAccess: check,
    helper: helperProto,
    directPktAccess: (write) => packet === 'rw' || (packet === 'r' && !write),
    returnRange,
    mayLdAbs: init.ldAbs === true,
  };
}

const RULES: ReadonlyMap<number, ProgTypeRules> = new Map(TYPES.map((init) => [init.type, rulesOf(init)]));

/** The rules of a program type; undefined: no such type, or one this kernel is built without (EINVAL at load). */
export function progType(type: number): ProgTypeRules | undefined {
  return RULES.get(type);
}
