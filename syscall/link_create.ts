/**
 * LINK_CREATE (`link_create`, kernel/bpf/syscall.c): the kinds of links by program type.
 */
import type { BpfProgBase } from '../base/prog.ts';
import { BPF_ATTACH_TYPE, BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { CAP } from '../uapi/capability.ts';
import { EINVAL, ENOTSUP } from '../uapi/errno.ts';
import { cgroupLinkAttach } from './attach.ts';
import { checkAttachType, isCgroupProgType } from './attach_types.ts';
import type { Attr } from './attr.ts';
import { LINK_CREATE } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { capable, progOf } from './fd.ts';
import { iterLinkCreate } from './iter/link.ts';
import type { Kernel } from './kernel.ts';
import { tcxLinkCreate, xdpLinkCreate } from './netdev.ts';
import { netfilterLinkCreate } from './netfilter.ts';
import { netnsLinkCreate } from './netns.ts';
import { perfLinkCreate } from './perf_link.ts';
import { rawTpLinkCreate } from './raw_tracepoint.ts';
import { sockMapLinkCreate } from './sockmap_progs.ts';
import { structOpsLinkCreate } from './struct_ops_link.ts';
import { tracingAttach } from './tracing_link.ts';
import { uprobeMultiLinkCreate } from './uprobe_multi.ts';

const AT = LINK_CREATE.at;
const PT = BPF_PROG_TYPE;
const T = BPF_ATTACH_TYPE;

/** Makes a link of one kind: the descriptor, or -errno. */
type LinkMaker = (kernel: Kernel, attr: Attr, caller: Caller, prog: BpfProgBase) => number;

/** Probes in kernel functions: a perf event for one, and this kernel has no fprobe for many. */
const kprobeLink: LinkMaker = (kernel, attr, caller, prog) => {
  switch (attr.get(AT.attach_type)) {
    case T.PERF_EVENT:
      return perfLinkCreate(kernel, attr, caller, prog);
    case T.TRACE_KPROBE_MULTI:
    case T.TRACE_KPROBE_SESSION:
      return -ENOTSUP;
    case T.TRACE_UPROBE_MULTI:
    case T.TRACE_UPROBE_SESSION:
      return uprobeMultiLinkCreate(kernel, attr, caller, prog);
    default:
      return -EINVAL;
  }
};

const tracingLink: LinkMaker = (kernel, attr, caller, prog) => {
  const attachType = attr.get(AT.attach_type);
  if (attachType !== prog.expectedAttachType) return -EINVAL;
  if (attachType === T.LSM_CGROUP) return cgroupLinkAttach(kernel, attr, caller, prog);
  if (attachType === T.TRACE_ITER) return iterLinkCreate(kernel, attr, caller, prog);
  const cookie = attr.getBig(AT['tracing.cookie']);
  if (attachType === T.TRACE_RAW_TP) return rawTpLinkCreate(kernel, caller, prog, cookie);
  const target = { fd: attr.get(AT.target_fd), btfId: attr.get(AT['tracing.target_btf_id']) };
  return tracingAttach(kernel, caller, prog, target, cookie);
};

/** There is no netkit. */
const schedClsLink: LinkMaker = (kernel, attr, caller, prog) => {
  const attachType = attr.get(AT.attach_type);
  return attachType === T.TCX_INGRESS || attachType === T.TCX_EGRESS
    ? tcxLinkCreate(kernel, attr, caller, prog)
    : -EINVAL;
};

/** The makers by program type; cgroup types have theirs below, others answer -EINVAL. */
const MAKERS: ReadonlyMap<number, LinkMaker> = new Map<number, LinkMaker>([
  [PT.EXT, tracingLink],
  [PT.LSM, tracingLink],
  [PT.TRACING, tracingLink],
  [PT.FLOW_DISSECTOR, netnsLinkCreate],
  [PT.SK_LOOKUP, netnsLinkCreate],
  [PT.SK_MSG, sockMapLinkCreate],
  [PT.SK_SKB, sockMapLinkCreate],
  [PT.SCHED_CLS, schedClsLink],
  [PT.XDP, xdpLinkCreate],
  [PT.NETFILTER, netfilterLinkCreate],
  [PT.PERF_EVENT, perfLinkCreate],
  [PT.TRACEPOINT, perfLinkCreate],
  [PT.KPROBE, kprobeLink],
]);

/** Runs the command. */
export function linkCreate(kernel: Kernel, attr: Attr, caller: Caller): number {
  const attachType = attr.get(AT.attach_type);
  if (attachType === T.STRUCT_OPS) return structOpsLinkCreate(kernel, attr, caller);
  const prog = progOf(caller, attr.get(AT.prog_fd));
  if (typeof prog === 'number') return prog;
  const allowed = checkAttachType(prog, attachType, capable(caller, CAP.NET_ADMIN));
  if (allowed < 0) return allowed;
  if (isCgroupProgType(prog.type, 0)) return cgroupLinkAttach(kernel, attr, caller, prog);
  return MAKERS.get(prog.type)?.(kernel, attr, caller, prog) ?? -EINVAL;
}
