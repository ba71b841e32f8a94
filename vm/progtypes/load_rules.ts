/**
 * What BPF_PROG_LOAD asks of a program type before the verifier sees the program:
 * capabilities, attach types, sleepable programs (`bpf_prog_load`,
 * `bpf_prog_load_check_attach`, `can_be_sleepable`; kernel/bpf/syscall.c, verifier.c).
 */
import { BPF_ATTACH_TYPE as AT, BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { EINVAL } from '../../uapi/errno.ts';

/** Largest type id a BTF can have (`BTF_MAX_TYPE`). */
const BTF_MAX_TYPE = 0x000fffff;

const NET_ADMIN: ReadonlySet<number> = new Set([
  PT.SCHED_CLS,
  PT.SCHED_ACT,
  PT.XDP,
  PT.LWT_IN,
  PT.LWT_OUT,
  PT.LWT_XMIT,
  PT.LWT_SEG6LOCAL,
  PT.SK_SKB,
  PT.SK_MSG,
  PT.FLOW_DISSECTOR,
  PT.CGROUP_DEVICE,
  PT.CGROUP_SOCK,
  PT.CGROUP_SOCK_ADDR,
  PT.CGROUP_SOCKOPT,
  PT.CGROUP_SYSCTL,
  PT.SOCK_OPS,
  PT.EXT,
  PT.NETFILTER,
]);

const PERFMON: ReadonlySet<number> = new Set([
  PT.KPROBE,
  PT.TRACEPOINT,
  PT.PERF_EVENT,
  PT.RAW_TRACEPOINT,
  PT.RAW_TRACEPOINT_WRITABLE,
  PT.TRACING,
  PT.LSM,
  PT.STRUCT_OPS,
  PT.EXT,
]);

/** Types an unprivileged user may load where `unprivileged_bpf_disabled` is 0. */
const UNPRIVILEGED: ReadonlySet<number> = new Set([PT.SOCKET_FILTER, PT.CGROUP_SKB]);

/** Whether programs of the type need CAP_NET_ADMIN (`is_net_admin_prog_type`). */
export function needsNetAdmin(type: number): boolean {
  return NET_ADMIN.has(type);
}

/** Whether programs of the type need CAP_PERFMON (`is_perfmon_prog_type`). */
export function needsPerfmon(type: number): boolean {
  return PERFMON.has(type);
}

/** Whether programs of the type may be loaded without CAP_BPF, when the sysctl lets anybody. */
export function isUnprivilegedType(type: number): boolean {
  return UNPRIVILEGED.has(type);
}

/** The attach types of BPF_PROG_TYPE_CGROUP_SOCK_ADDR. */
export const SOCK_ADDR_ATTACH_TYPES: readonly number[] = [
  AT.CGROUP_INET4_BIND,
  AT.CGROUP_INET6_BIND,
  AT.CGROUP_INET4_CONNECT,
  AT.CGROUP_INET6_CONNECT,
  AT.CGROUP_UNIX_CONNECT,
  AT.CGROUP_INET4_GETPEERNAME,
  AT.CGROUP_INET6_GETPEERNAME,
  AT.CGROUP_UNIX_GETPEERNAME,
  AT.CGROUP_INET4_GETSOCKNAME,
  AT.CGROUP_INET6_GETSOCKNAME,
  AT.CGROUP_UNIX_GETSOCKNAME,
  AT.CGROUP_UDP4_SENDMSG,
  AT.CGROUP_UDP6_SENDMSG,
  AT.CGROUP_UNIX_SENDMSG,
  AT.CGROUP_UDP4_RECVMSG,
  AT.CGROUP_UDP6_RECVMSG,
  AT.CGROUP_UNIX_RECVMSG,
];

/** Attach types a program type must be loaded for; types that are not here take any. */
const EXPECTED: ReadonlyMap<number, ReadonlySet<number>> = new Map<number, ReadonlySet<number>>([
  [
    PT.CGROUP_SOCK,
    new Set<number>([
      AT.CGROUP_INET_SOCK_CREATE,
      AT.CGROUP_INET_SOCK_RELEASE,
      AT.CGROUP_INET4_POST_BIND,
      AT.CGROUP_INET6_POST_BIND,
    ]),
  ],
  [PT.CGROUP_SOCK_ADDR, new Set<number>(SOCK_ADDR_ATTACH_TYPES)],
  [PT.CGROUP_SKB, new Set<number>([AT.CGROUP_INET_INGRESS, AT.CGROUP_INET_EGRESS])],
  [PT.CGROUP_SOCKOPT, new Set<number>([AT.CGROUP_SETSOCKOPT, AT.CGROUP_GETSOCKOPT])],
  [PT.SK_LOOKUP, new Set<number>([AT.SK_LOOKUP])],
  [PT.SK_REUSEPORT, new Set<number>([AT.SK_REUSEPORT_SELECT, AT.SK_REUSEPORT_SELECT_OR_MIGRATE])],
  [PT.NETFILTER, new Set<number>([AT.NETFILTER])],
  [PT.SYSCALL, new Set<number>([0])],
  [PT.EXT, new Set<number>([0])],
]);

/** Types that may name a BTF function to attach to. */
const WITH_ATTACH_BTF: ReadonlySet<number> = new Set([PT.TRACING, PT.LSM, PT.STRUCT_OPS, PT.EXT]);

/** An attach type of 0 means the type's oldest hook for two types (`bpf_prog_load_fixup_attach_type`). */
export function fixupAttachType(type: number, expectedAttachType: number): number {
  if (expectedAttachType !== 0) return expectedAttachType;
  if (type === PT.CGROUP_SOCK) return AT.CGROUP_INET_SOCK_CREATE;
  if (type === PT.SK_REUSEPORT) return AT.SK_REUSEPORT_SELECT;
  return 0;
}

/** What the attach rules look at. */
export interface AttachAttr {
  readonly type: number;
  /** After {@link fixupAttachType}. */
  readonly expectedAttachType: number;
  readonly attachBtfId: number;
  /** A BTF to look the id up in was found (vmlinux's, or one given by descriptor). */
  readonly hasAttachBtf: boolean;
  /** `attach_prog_fd` named a program. */
  readonly hasDstProg: boolean;
}

/** The attach rules of PROG_LOAD: 0 or -EINVAL (`bpf_prog_load_check_attach`). */
export function checkLoadAttach(attr: AttachAttr): number {
  if (attr.attachBtfId !== 0) {
    if (attr.attachBtfId > BTF_MAX_TYPE) return -EINVAL;
    if (!attr.hasAttachBtf && !attr.hasDstProg) return -EINVAL;
    if (!WITH_ATTACH_BTF.has(attr.type)) return -EINVAL;
  }
  if (attr.hasAttachBtf && (attr.attachBtfId === 0 || attr.hasDstProg)) return -EINVAL;
  if (attr.hasDstProg && attr.type !== PT.TRACING && attr.type !== PT.EXT) return -EINVAL;
  const expected = EXPECTED.get(attr.type);
  return expected === undefined || expected.has(attr.expectedAttachType) ? 0 : -EINVAL;
}

/** Attach types of TRACING programs that may sleep. */
const SLEEPABLE_TRACING: ReadonlySet<number> = new Set([
  AT.TRACE_FENTRY,
  AT.TRACE_FEXIT,
  AT.MODIFY_RETURN,
  AT.TRACE_ITER,
]);

/**
 * Whether BPF_F_SLEEPABLE is possible for the type at all (`can_be_sleepable`; else "Only
 * fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable").
 * Syscall programs are always sleepable and have a rule of their own.
 */
export function canBeSleepable(type: number, expectedAttachType: number): boolean {
  if (type === PT.TRACING) return SLEEPABLE_TRACING.has(expectedAttachType);
  if (type === PT.LSM) return expectedAttachType !== AT.LSM_CGROUP;
  return type === PT.KPROBE || type === PT.STRUCT_OPS || type === PT.SYSCALL;
}
