/**
 * Which program type an attach type is for, and which of them are cgroup hooks
 * (`attach_type_to_prog_type`, `to_cgroup_bpf_attach_type`,
 * `bpf_prog_attach_check_attach_type`).
 */
import type { BpfProgBase } from '../base/prog.ts';
import { BPF_ATTACH_TYPE as AT, BPF_PROG_TYPE as PT } from '../uapi/bpf.ts';
import { EINVAL, EPERM } from '../uapi/errno.ts';
import { SOCK_ADDR_ATTACH_TYPES } from '../vm/progtypes/load_rules.ts';

const ROWS: readonly (readonly [progType: number, attachTypes: readonly number[]])[] = [
  [PT.CGROUP_SKB, [AT.CGROUP_INET_INGRESS, AT.CGROUP_INET_EGRESS]],
  [
    PT.CGROUP_SOCK,
    [AT.CGROUP_INET_SOCK_CREATE, AT.CGROUP_INET_SOCK_RELEASE, AT.CGROUP_INET4_POST_BIND, AT.CGROUP_INET6_POST_BIND],
  ],
  [PT.CGROUP_SOCK_ADDR, SOCK_ADDR_ATTACH_TYPES],
  [PT.SOCK_OPS, [AT.CGROUP_SOCK_OPS]],
  [PT.CGROUP_DEVICE, [AT.CGROUP_DEVICE]],
  [PT.CGROUP_SYSCTL, [AT.CGROUP_SYSCTL]],
  [PT.CGROUP_SOCKOPT, [AT.CGROUP_GETSOCKOPT, AT.CGROUP_SETSOCKOPT]],
  [PT.SK_MSG, [AT.SK_MSG_VERDICT]],
  [PT.SK_SKB, [AT.SK_SKB_STREAM_PARSER, AT.SK_SKB_STREAM_VERDICT, AT.SK_SKB_VERDICT]],
  [PT.LIRC_MODE2, [AT.LIRC_MODE2]],
  [PT.FLOW_DISSECTOR, [AT.FLOW_DISSECTOR]],
  [PT.SK_LOOKUP, [AT.SK_LOOKUP]],
  [PT.XDP, [AT.XDP]],
  [PT.TRACING, [AT.TRACE_ITER, AT.TRACE_RAW_TP, AT.TRACE_FENTRY, AT.TRACE_FEXIT, AT.MODIFY_RETURN]],
  [PT.LSM, [AT.LSM_MAC, AT.LSM_CGROUP]],
  [PT.SCHED_CLS, [AT.TCX_INGRESS, AT.TCX_EGRESS, AT.NETKIT_PRIMARY, AT.NETKIT_PEER]],
];

const PROG_TYPE_OF: ReadonlyMap<number, number> = new Map(
  ROWS.flatMap(([progType, attachTypes]) => attachTypes.map((attachType) => [attachType, progType] as const)),
);

/** The program type of an attach type; `BPF_PROG_TYPE_UNSPEC` when there is none. */
export function progTypeOfAttach(attachType: number): number {
  return PROG_TYPE_OF.get(attachType) ?? PT.UNSPEC;
}

/** Program types whose programs sit on cgroups. */
const CGROUP_PROG_TYPES: ReadonlySet<number> = new Set([
  PT.CGROUP_DEVICE,
  PT.CGROUP_SKB,
  PT.CGROUP_SOCK,
  PT.CGROUP_SOCK_ADDR,
  PT.CGROUP_SOCKOPT,
  PT.CGROUP_SYSCTL,
  PT.SOCK_OPS,
]);

/** Whether programs of the type sit on cgroups (`is_cgroup_prog_type`); an LSM program does by its attach type. */
export function isCgroupProgType(progType: number, attachType: number): boolean {
  return CGROUP_PROG_TYPES.has(progType) || (progType === PT.LSM && attachType === AT.LSM_CGROUP);
}

/** Whether an attach type is a list of programs of a cgroup. */
export function isCgroupAttach(attachType: number): boolean {
  return isCgroupProgType(progTypeOfAttach(attachType), attachType);
}

const EXACT: ReadonlySet<number> = new Set([PT.CGROUP_SOCK, PT.CGROUP_SOCK_ADDR, PT.CGROUP_SOCKOPT, PT.SK_LOOKUP]);
const PROBES: readonly number[] = [
  AT.PERF_EVENT,
  AT.TRACE_KPROBE_MULTI,
  AT.TRACE_KPROBE_SESSION,
  AT.TRACE_UPROBE_MULTI,
  AT.TRACE_UPROBE_SESSION,
];
const EXACT_PROBES: readonly number[] = PROBES.slice(1);

/** Whether a program may be attached there: 0, -EINVAL, or -EPERM for a packet filter without CAP_NET_ADMIN. */
export function checkAttachType(prog: BpfProgBase, attachType: number, netAdmin: boolean): number {
  const verdict = (ok: boolean): number => (ok ? 0 : -EINVAL);
  if (EXACT.has(prog.type)) return verdict(attachType === prog.expectedAttachType);
  switch (prog.type) {
    case PT.CGROUP_SKB:
      if (!netAdmin) return -EPERM;
      return verdict(progTypeOfAttach(attachType) === prog.type);
    case PT.EXT:
      return 0;
    case PT.NETFILTER:
      return verdict(attachType === AT.NETFILTER);
    case PT.PERF_EVENT:
    case PT.TRACEPOINT:
      return verdict(attachType === AT.PERF_EVENT);
    case PT.KPROBE:
      if (EXACT_PROBES.includes(prog.expectedAttachType)) return verdict(attachType === prog.expectedAttachType);
      return verdict(PROBES.includes(attachType));
    case PT.SCHED_CLS:
      return verdict(progTypeOfAttach(attachType) === PT.SCHED_CLS);
    default:
      return verdict(progTypeOfAttach(attachType) === prog.type);
  }
}
