/**
 * What the name of a program's section says of it: type, attach type, and the rest
 * after the slash (source: Documentation/bpf/libbpf/program_types.rst).
 *
 * A name is matched in order. `kprobe` alone or `kprobe/…` match a pattern `kprobe+`,
 * `kprobe/…` only a pattern `kprobe/`, a whole name a pattern without either.
 */
import { BPF_ATTACH_TYPE, BPF_PROG_TYPE } from '../uapi/bpf.ts';

const T = BPF_PROG_TYPE;
const A = BPF_ATTACH_TYPE;

/** What a program attaches to by a BTF id of the kernel: how its name is made from the section's. */
export type AttachBtf = 'func' | 'lsm' | 'iter' | 'tp_btf';

/** One row. */
export interface SecDef {
  readonly pattern: string;
  readonly type: number;
  readonly attachType: number;
  readonly sleepable: boolean;
  readonly attachBtf?: AttachBtf | undefined;
  /** Loaded with BPF_F_XDP_HAS_FRAGS. */
  readonly frags?: boolean | undefined;
}

function row(pattern: string, type: number, attachType = 0, more: Partial<SecDef> = {}): SecDef {
  return { pattern, type, attachType, sleepable: false, ...more };
}

const SLEEP: Partial<SecDef> = { sleepable: true };

/** Sleepable variants: the same with `.s` before the slash. */
function withSleepable(pattern: string, type: number, attachType: number, attachBtf?: AttachBtf): SecDef[] {
  const name = pattern.slice(0, -1);
  return [
    row(pattern, type, attachType, { attachBtf }),
    row(`${name}.s${pattern.slice(-1)}`, type, attachType, { ...SLEEP, attachBtf }),
  ];
}

/** The rows, in the order they are tried. */
const SEC_TABLE: readonly SecDef[] = [
  row('socket', T.SOCKET_FILTER),
  row('sk_reuseport/migrate', T.SK_REUSEPORT, A.SK_REUSEPORT_SELECT_OR_MIGRATE),
  row('sk_reuseport', T.SK_REUSEPORT, A.SK_REUSEPORT_SELECT),
  row('kprobe+', T.KPROBE),
  row('uprobe+', T.KPROBE),
  row('uprobe.s+', T.KPROBE, 0, SLEEP),
  row('kretprobe+', T.KPROBE),
  row('uretprobe+', T.KPROBE),
  row('uretprobe.s+', T.KPROBE, 0, SLEEP),
  row('kprobe.multi+', T.KPROBE, A.TRACE_KPROBE_MULTI),
  row('kretprobe.multi+', T.KPROBE, A.TRACE_KPROBE_MULTI),
  row('kprobe.session+', T.KPROBE, A.TRACE_KPROBE_SESSION),
  row('uprobe.multi+', T.KPROBE, A.TRACE_UPROBE_MULTI),
  row('uretprobe.multi+', T.KPROBE, A.TRACE_UPROBE_MULTI),
  row('uprobe.session+', T.KPROBE, A.TRACE_UPROBE_SESSION),
  row('uprobe.multi.s+', T.KPROBE, A.TRACE_UPROBE_MULTI, SLEEP),
  row('uretprobe.multi.s+', T.KPROBE, A.TRACE_UPROBE_MULTI, SLEEP),
  row('uprobe.session.s+', T.KPROBE, A.TRACE_UPROBE_SESSION, SLEEP),
  row('ksyscall+', T.KPROBE),
  row('kretsyscall+', T.KPROBE),
  row('usdt+', T.KPROBE),
  row('usdt.s+', T.KPROBE, 0, SLEEP),
  row('tc/ingress', T.SCHED_CLS, A.TCX_INGRESS),
  row('tc/egress', T.SCHED_CLS, A.TCX_EGRESS),
  row('tcx/ingress', T.SCHED_CLS, A.TCX_INGRESS),
  row('tcx/egress', T.SCHED_CLS, A.TCX_EGRESS),
  row('tc', T.SCHED_CLS),
  row('classifier', T.SCHED_CLS),
  row('action', T.SCHED_ACT),
  row('netkit/primary', T.SCHED_CLS, A.NETKIT_PRIMARY),
  row('netkit/peer', T.SCHED_CLS, A.NETKIT_PEER),
  row('tracepoint+', T.TRACEPOINT),
  row('tp+', T.TRACEPOINT),
  row('raw_tracepoint+', T.RAW_TRACEPOINT),
  row('raw_tp+', T.RAW_TRACEPOINT),
  row('raw_tracepoint.w+', T.RAW_TRACEPOINT_WRITABLE),
  row('raw_tp.w+', T.RAW_TRACEPOINT_WRITABLE),
  row('tp_btf+', T.TRACING, A.TRACE_RAW_TP, { attachBtf: 'tp_btf' }),
  ...withSleepable('fentry+', T.TRACING, A.TRACE_FENTRY, 'func'),
  ...withSleepable('fmod_ret+', T.TRACING, A.MODIFY_RETURN, 'func'),
  ...withSleepable('fexit+', T.TRACING, A.TRACE_FEXIT, 'func'),
  row('freplace+', T.EXT, 0),
  ...withSleepable('lsm+', T.LSM, A.LSM_MAC, 'lsm'),
  row('lsm_cgroup+', T.LSM, A.LSM_CGROUP, { attachBtf: 'lsm' }),
  ...withSleepable('iter+', T.TRACING, A.TRACE_ITER, 'iter'),
  row('syscall', T.SYSCALL, 0, SLEEP),
  row('xdp.frags/devmap', T.XDP, A.XDP_DEVMAP, { frags: true }),
  row('xdp/devmap', T.XDP, A.XDP_DEVMAP),
  row('xdp.frags/cpumap', T.XDP, A.XDP_CPUMAP, { frags: true }),
  row('xdp/cpumap', T.XDP, A.XDP_CPUMAP),
  row('xdp.frags', T.XDP, A.XDP, { frags: true }),
  row('xdp', T.XDP, A.XDP),
  row('perf_event', T.PERF_EVENT),
  row('lwt_in', T.LWT_IN),
  row('lwt_out', T.LWT_OUT),
  row('lwt_xmit', T.LWT_XMIT),
  row('lwt_seg6local', T.LWT_SEG6LOCAL),
  row('sockops', T.SOCK_OPS, A.CGROUP_SOCK_OPS),
  row('sk_skb/stream_parser', T.SK_SKB, A.SK_SKB_STREAM_PARSER),
  row('sk_skb/stream_verdict', T.SK_SKB, A.SK_SKB_STREAM_VERDICT),
  row('sk_skb/verdict', T.SK_SKB, A.SK_SKB_VERDICT),
  row('sk_skb', T.SK_SKB),
  row('sk_msg', T.SK_MSG, A.SK_MSG_VERDICT),
  row('lirc_mode2', T.LIRC_MODE2, A.LIRC_MODE2),
  row('flow_dissector', T.FLOW_DISSECTOR, A.FLOW_DISSECTOR),
  row('cgroup_skb/ingress', T.CGROUP_SKB, A.CGROUP_INET_INGRESS),
  row('cgroup_skb/egress', T.CGROUP_SKB, A.CGROUP_INET_EGRESS),
  row('cgroup/skb', T.CGROUP_SKB),
  row('cgroup/sock_create', T.CGROUP_SOCK, A.CGROUP_INET_SOCK_CREATE),
  row('cgroup/sock_release', T.CGROUP_SOCK, A.CGROUP_INET_SOCK_RELEASE),
  row('cgroup/sock', T.CGROUP_SOCK, A.CGROUP_INET_SOCK_CREATE),
  row('cgroup/post_bind4', T.CGROUP_SOCK, A.CGROUP_INET4_POST_BIND),
  row('cgroup/post_bind6', T.CGROUP_SOCK, A.CGROUP_INET6_POST_BIND),
  row('cgroup/bind4', T.CGROUP_SOCK_ADDR, A.CGROUP_INET4_BIND),
  row('cgroup/bind6', T.CGROUP_SOCK_ADDR, A.CGROUP_INET6_BIND),
  row('cgroup/connect4', T.CGROUP_SOCK_ADDR, A.CGROUP_INET4_CONNECT),
  row('cgroup/connect6', T.CGROUP_SOCK_ADDR, A.CGROUP_INET6_CONNECT),
  row('cgroup/connect_unix', T.CGROUP_SOCK_ADDR, A.CGROUP_UNIX_CONNECT),
  row('cgroup/sendmsg4', T.CGROUP_SOCK_ADDR, A.CGROUP_UDP4_SENDMSG),
  row('cgroup/sendmsg6', T.CGROUP_SOCK_ADDR, A.CGROUP_UDP6_SENDMSG),
  row('cgroup/sendmsg_unix', T.CGROUP_SOCK_ADDR, A.CGROUP_UNIX_SENDMSG),
  row('cgroup/recvmsg4', T.CGROUP_SOCK_ADDR, A.CGROUP_UDP4_RECVMSG),
  row('cgroup/recvmsg6', T.CGROUP_SOCK_ADDR, A.CGROUP_UDP6_RECVMSG),
  row('cgroup/recvmsg_unix', T.CGROUP_SOCK_ADDR, A.CGROUP_UNIX_RECVMSG),
  row('cgroup/getpeername4', T.CGROUP_SOCK_ADDR, A.CGROUP_INET4_GETPEERNAME),
  row('cgroup/getpeername6', T.CGROUP_SOCK_ADDR, A.CGROUP_INET6_GETPEERNAME),
  row('cgroup/getpeername_unix', T.CGROUP_SOCK_ADDR, A.CGROUP_UNIX_GETPEERNAME),
  row('cgroup/getsockname4', T.CGROUP_SOCK_ADDR, A.CGROUP_INET4_GETSOCKNAME),
  row('cgroup/getsockname6', T.CGROUP_SOCK_ADDR, A.CGROUP_INET6_GETSOCKNAME),
  row('cgroup/getsockname_unix', T.CGROUP_SOCK_ADDR, A.CGROUP_UNIX_GETSOCKNAME),
  row('cgroup/sysctl', T.CGROUP_SYSCTL, A.CGROUP_SYSCTL),
  row('cgroup/getsockopt', T.CGROUP_SOCKOPT, A.CGROUP_GETSOCKOPT),
  row('cgroup/setsockopt', T.CGROUP_SOCKOPT, A.CGROUP_SETSOCKOPT),
  row('cgroup/dev', T.CGROUP_DEVICE, A.CGROUP_DEVICE),
  row('struct_ops+', T.STRUCT_OPS),
  row('struct_ops.s+', T.STRUCT_OPS, 0, SLEEP),
  row('sk_lookup', T.SK_LOOKUP, A.SK_LOOKUP),
  row('netfilter', T.NETFILTER, A.NETFILTER),
];

/** What a section is, and what follows the slash. A leading `?` (load only when asked) is passed over. */
export function findSection(name: string): { readonly def: SecDef; readonly target: string } | undefined {
  const wanted = name.startsWith('?') ? name.slice(1) : name;
  for (const def of SEC_TABLE) {
    if (!def.pattern.endsWith('+')) {
      if (wanted === def.pattern) return { def, target: '' };
      continue;
    }
    const prefix = def.pattern.slice(0, -1);
    if (wanted === prefix) return { def, target: '' };
    if (wanted.startsWith(`${prefix}/`)) return { def, target: wanted.slice(prefix.length + 1) };
  }
  return undefined;
}
