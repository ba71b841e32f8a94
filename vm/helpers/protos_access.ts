/**
 * Which program may call which helper (the `get_func_proto` of each program type in
 * Linux 6.18): three tiers that every type has, by the caller's capabilities, and
 * what each type adds to them.
 */
import { BPF_ATTACH_TYPE as AT, BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { iterTarget } from '../progtypes/iter_targets.ts';
import { lsmMaySockopt } from '../progtypes/lsm_hooks.ts';
import { structOpsRules } from '../progtypes/struct_ops.ts';
import type { HelperProto, ProgContext } from '../verifier/types.ts';
import { helperById, HELPER_VARIANTS as V } from './protos.ts';

/** For everybody (`bpf_base_func_proto` before its capability checks). */
const BASE = [
  1, 2, 3, 5, 7, 8, 12, 14, 15, 42, 87, 88, 89, 105, 106, 120, 125, 130, 131, 132, 133, 134, 182, 195, 208,
] as const;

/** With CAP_BPF. */
const BASE_BPF = [
  17, 37, 80, 93, 94, 118, 123, 153, 154, 156, 157, 164, 169, 170, 171, 172, 181, 194, 197, 198, 199, 200, 201, 202,
  203, 209, 210, 211,
] as const;

/** With CAP_BPF and CAP_PERFMON. */
const BASE_PERFMON = [
  6, 16, 22, 35, 55, 109, 112, 113, 114, 115, 117, 141, 148, 149, 158, 165, 175, 176, 177, 180, 191,
] as const;

/** Casts of socket pointers, with CAP_PERFMON in the networking types (`bpf_sk_base_func_proto`). */
const SOCK_CASTS = [136, 137, 138, 139, 140, 178, 196] as const;

/** Tracing with a kernel function or tracepoint behind it (`bpf_tracing_func_proto`): the probe_read pair and the like. */
const TRACING = [4, 25, 27, 45, 67, 173] as const;

/** What tracing by BTF adds (`tracing_prog_func_proto`). */
const TRACING_BTF = [...TRACING, 46, 107, 108, 111, 121, 136, 137, 138, 139, 140, 147, 162, 178, 188, 196] as const;

/** Attach types with a trampoline: arguments and cookies are reachable. */
const TRAMPOLINE = [AT.TRACE_FENTRY, AT.TRACE_FEXIT, AT.MODIFY_RETURN, AT.LSM_MAC] as const;

/** bpf_setsockopt, bpf_getsockopt. */
const SOCKOPT = [49, 57] as const;

const CLS_ACT = [
  9, 10, 11, 13, 17, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29, 30, 31, 32, 33, 34, 38, 39, 40, 41, 43, 46, 47, 48, 50, 66,
  68, 69, 79, 83, 84, 85, 86, 95, 96, 97, 98, 99, 100, 107, 108, 110, 122, 124, 135, 151, 152, 155, 160, 163, 192, 204,
  205, 206, 207,
] as const;

const LWT = [17, 24, 25, 26, 28, 33, 34, 39, 160] as const;

/** Hooks of sock_addr programs that may change the return value of the call. */
const SOCK_ADDR_RETVAL = [
  AT.CGROUP_INET4_BIND,
  AT.CGROUP_INET6_BIND,
  AT.CGROUP_INET4_CONNECT,
  AT.CGROUP_INET6_CONNECT,
  AT.CGROUP_UNIX_CONNECT,
  AT.CGROUP_UDP4_SENDMSG,
  AT.CGROUP_UDP6_SENDMSG,
  AT.CGROUP_UNIX_SENDMSG,
] as const;

/** What a program type has beyond the base tiers. */
interface TypeHelpers {
  readonly type: number;
  readonly ids: readonly number[];
  /** Also {@link SOCK_CASTS}. */
  readonly sockCasts?: boolean;
  /** Helpers that only some attach types have. */
  readonly byAttach?: readonly { readonly attach: readonly number[]; readonly ids: readonly number[] }[];
  /** Helpers that need CAP_PERFMON. */
  readonly perfmon?: readonly number[];
  /** Prototypes that differ from the common one. */
  readonly variants?: readonly HelperProto[];
}

const skStorageTracing = [V.socket_ptr_cookie, V.sk_storage_get_tracing, V.sk_storage_delete_tracing];

const TYPES: readonly TypeHelpers[] = [
  { type: PT.SOCKET_FILTER, ids: [25, 26, 46, 47, 68, 122, 160], sockCasts: true },
  { type: PT.KPROBE, ids: [...TRACING, 174], variants: [V.smp_processor_id_fastcall] },
  {
    type: PT.SCHED_CLS,
    ids: CLS_ACT,
    sockCasts: true,
    variants: [V.smp_processor_id_fastcall, V.cgroup_classid_skb],
  },
  {
    type: PT.SCHED_ACT,
    ids: CLS_ACT,
    sockCasts: true,
    variants: [V.smp_processor_id_fastcall, V.cgroup_classid_skb],
  },
  { type: PT.TRACEPOINT, ids: [...TRACING, 174], variants: [V.smp_processor_id_fastcall] },
  {
    type: PT.XDP,
    ids: [23, 25, 28, 44, 51, 54, 65, 69, 84, 85, 86, 99, 100, 110, 160, 163, 188, 189, 190, 204, 205, 206, 207],
    sockCasts: true,
    variants: [V.smp_processor_id_fastcall],
  },
  {
    type: PT.PERF_EVENT,
    ids: [...TRACING, 56, 119, 174],
    variants: [V.smp_processor_id_fastcall, V.stackid_pe],
  },
  {
    type: PT.CGROUP_SKB,
    ids: [25, 26, 46, 47, 68, 79, 81, 83, 84, 85, 86, 95, 96, 97, 98, 99, 107, 108, 122, 128, 129, 160],
    sockCasts: true,
  },
  {
    type: PT.CGROUP_SOCK,
    ids: [25, 46, 81, 107, 122, 160, 186, 187],
    variants: [V.sk_storage_get_cg_sock],
  },
  {
    type: PT.LWT_IN,
    ids: [...LWT, 73],
    sockCasts: true,
    variants: [V.smp_processor_id_fastcall, V.cgroup_classid_skb],
  },
  { type: PT.LWT_OUT, ids: LWT, sockCasts: true, variants: [V.smp_processor_id_fastcall, V.cgroup_classid_skb] },
  {
    type: PT.LWT_XMIT,
    ids: [...LWT, 9, 10, 11, 13, 20, 21, 23, 29, 30, 38, 40, 41, 43, 73, 135],
    sockCasts: true,
    variants: [V.smp_processor_id_fastcall, V.cgroup_classid_skb],
  },
  {
    type: PT.SOCK_OPS,
    ids: [25, 46, 49, 53, 57, 59, 70, 81, 96, 107, 108, 122, 142, 143, 144, 160],
    sockCasts: true,
  },
  { type: PT.SK_SKB, ids: [9, 25, 26, 38, 39, 43, 46, 47, 50, 52, 72, 84, 85, 86, 99, 160], sockCasts: true },
  { type: PT.CGROUP_DEVICE, ids: [25, 81, 186, 187] },
  { type: PT.SK_MSG, ids: [25, 60, 61, 62, 63, 71, 90, 91, 107, 108, 122, 160], sockCasts: true },
  { type: PT.RAW_TRACEPOINT, ids: [...TRACING, 174], variants: [V.smp_processor_id_fastcall] },
  {
    type: PT.CGROUP_SOCK_ADDR,
    ids: [25, 46, 49, 57, 81, 84, 85, 86, 99, 107, 108, 122, 160],
    sockCasts: true,
    byAttach: [
      { attach: [AT.CGROUP_INET4_CONNECT, AT.CGROUP_INET6_CONNECT], ids: [64] },
      { attach: SOCK_ADDR_RETVAL, ids: [186, 187] },
    ],
    variants: [V.sock_addr_sk_lookup_tcp, V.sock_addr_sk_lookup_udp, V.sock_addr_skc_lookup_tcp],
  },
  {
    type: PT.LWT_SEG6LOCAL,
    ids: [...LWT, 74, 75, 76],
    sockCasts: true,
    variants: [V.smp_processor_id_fastcall, V.cgroup_classid_skb],
  },
  { type: PT.SK_REUSEPORT, ids: [26, 46, 68, 82, 160], variants: [V.socket_ptr_cookie] },
  { type: PT.FLOW_DISSECTOR, ids: [26, 160], sockCasts: true },
  { type: PT.CGROUP_SYSCTL, ids: [25, 81, 101, 102, 103, 104, 160, 186, 187] },
  { type: PT.RAW_TRACEPOINT_WRITABLE, ids: [...TRACING, 174], variants: [V.smp_processor_id_fastcall] },
  {
    type: PT.CGROUP_SOCKOPT,
    ids: [25, 81, 96, 107, 108, 122, 186, 187],
    byAttach: [{ attach: [AT.CGROUP_SETSOCKOPT], ids: [49, 57] }],
    variants: [V.sk_setsockopt, V.sk_getsockopt],
  },
  {
    type: PT.TRACING,
    ids: TRACING_BTF,
    byAttach: [
      { attach: [AT.TRACE_RAW_TP, ...TRAMPOLINE], ids: [174] },
      { attach: TRAMPOLINE, ids: [183, 184, 185] },
      { attach: [AT.TRACE_ITER], ids: [...SOCKOPT, 126, 127, 150] },
    ],
    variants: [
      V.smp_processor_id_fastcall,
      V.xdp_get_buff_len_trace,
      V.sk_setsockopt,
      V.sk_getsockopt,
      ...skStorageTracing,
    ],
  },
  /** tcp_congestion_ops: the struct_ops of this kernel that adds helpers. */
  {
    type: PT.STRUCT_OPS,
    ids: [49, 57, 107, 108, 116, 160],
    variants: [V.sk_setsockopt, V.sk_getsockopt],
  },
  {
    type: PT.LSM,
    ids: [...TRACING_BTF, 145, 146, 159, 161, 193],
    byAttach: [
      { attach: [AT.LSM_MAC], ids: [174, 183, 184, 185] },
      { attach: [AT.LSM_CGROUP], ids: [49, 57, 81, 186, 187] },
    ],
    variants: [
      V.smp_processor_id_fastcall,
      V.xdp_get_buff_len_trace,
      V.socket_ptr_cookie,
      V.sk_setsockopt,
      V.sk_getsockopt,
    ],
  },
  { type: PT.SK_LOOKUP, ids: [25, 86, 124, 160], sockCasts: true, variants: [V.sk_lookup_assign] },
  {
    type: PT.SYSCALL,
    ids: [...TRACING_BTF, 167, 168, 179],
    perfmon: [166],
    variants: [V.smp_processor_id_fastcall, V.xdp_get_buff_len_trace, ...skStorageTracing],
  },
  { type: PT.NETFILTER, ids: [] },
];

/** Attach types of kprobe programs on many functions at once: bpf_get_func_ip needs no GPL there. */
const MULTI: ReadonlySet<number> = new Set([
  AT.TRACE_KPROBE_MULTI,
  AT.TRACE_KPROBE_SESSION,
  AT.TRACE_UPROBE_MULTI,
  AT.TRACE_UPROBE_SESSION,
]);

/** What one helper asks of a program of one type. */
interface Access {
  readonly proto: HelperProto;
  /** 0: nothing; 1: CAP_BPF; 2: CAP_BPF and CAP_PERFMON; 3: CAP_PERFMON. */
  readonly caps: number;
  /** Attach types that have it; undefined: all. */
  readonly attach: ReadonlySet<number> | undefined;
}

function accessOf(type: TypeHelpers): ReadonlyMap<number, Access> {
  const access = new Map<number, Access>();
  const add = (ids: readonly number[], caps: number, attach?: readonly number[]): void => {
    for (const id of ids) {
      const variant = type.variants?.find((v) => v.id === id);
      const proto = variant ?? helperById(id);
      if (proto === undefined) throw new Error(`Helper ${id} of program type ${type.type} has no prototype`);
      access.set(id, { proto, caps, attach: attach === undefined ? undefined : new Set(attach) });
    }
  };
  add(BASE, 0);
  add(BASE_BPF, 1);
  add(BASE_PERFMON, 2);
  if (type.sockCasts === true) add(SOCK_CASTS, 3);
  add(type.ids, 0);
  add(type.perfmon ?? [], 3);
  for (const part of type.byAttach ?? []) {
    for (const id of part.ids) {
      const attach = access.get(id)?.attach;
      add([id], 0, attach === undefined ? part.attach : [...attach, ...part.attach]);
    }
  }
  return access;
}

const ACCESS: ReadonlyMap<number, ReadonlyMap<number, Access>> = new Map(TYPES.map((t) => [t.type, accessOf(t)]));

/** Whether the hook or iterator a program is for has bpf_setsockopt, where its type has it. */
function maySockopt(prog: ProgContext): boolean {
  switch (prog.type) {
    case PT.LSM:
      return lsmMaySockopt(prog.attachFuncName);
    case PT.TRACING:
      return iterTarget(prog.attachFuncName)?.sockopt === true;
    case PT.STRUCT_OPS:
      return prog.attachFuncName !== 'release';
    default:
      return true;
  }
}

/**
 * The prototype of helper `id` for this program, or undefined: "program of this type
 * cannot use helper" (`get_func_proto`). bpf_probe_write_user, bpf_override_return and
 * the infrared helpers are known by name but given to nobody: the kernel we follow is
 * built or locked down without them.
 */
export function helperProto(id: number, prog: ProgContext): HelperProto | undefined {
  const access = ACCESS.get(prog.type)?.get(id);
  if (access === undefined) return undefined;
  if ((access.caps === 1 || access.caps === 2) && !prog.caps.bpf) return undefined;
  if (access.caps >= 2 && !prog.caps.perfmon) return undefined;
  if (access.attach !== undefined && !access.attach.has(prog.expectedAttachType)) return undefined;
  if (prog.type === PT.STRUCT_OPS && structOpsRules(prog.attachStruct ?? '')?.noHelpers === true) return undefined;
  if ((id === 49 || id === 57) && !maySockopt(prog)) return undefined;
  if (id === 173 && prog.type === PT.KPROBE && MULTI.has(prog.expectedAttachType)) return V.func_ip_multi;
  return access.proto;
}
