/** Values a program may return, by type and hook (`check_return_code`, kernel/bpf/verifier.c). */
import { BPF_ATTACH_TYPE as AT, BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import type { ProgContext, ReturnRange } from '../verifier/types.ts';
import { lsmReturnsBool } from './lsm_hooks.ts';

const BOOL: ReturnRange = { min: 0, max: 1 };
const ZERO: ReturnRange = { min: 0, max: 0 };
const ONE: ReturnRange = { min: 1, max: 1 };
const TWO_BITS: ReturnRange = { min: 0, max: 3 };
/** 0 or a negative errno: -MAX_ERRNO to 0. */
const ERRNO: ReturnRange = { min: -4095, max: 0 };

/** Hooks that can only observe: they must let the call pass. */
const OBSERVERS: ReadonlySet<number> = new Set([
  AT.CGROUP_UDP4_RECVMSG,
  AT.CGROUP_UDP6_RECVMSG,
  AT.CGROUP_UNIX_RECVMSG,
  AT.CGROUP_INET4_GETPEERNAME,
  AT.CGROUP_INET6_GETPEERNAME,
  AT.CGROUP_UNIX_GETPEERNAME,
  AT.CGROUP_INET4_GETSOCKNAME,
  AT.CGROUP_INET6_GETSOCKNAME,
  AT.CGROUP_UNIX_GETSOCKNAME,
]);

function sockAddrRange(attach: number): ReturnRange {
  if (OBSERVERS.has(attach)) return ONE;
  return attach === AT.CGROUP_INET4_BIND || attach === AT.CGROUP_INET6_BIND ? TWO_BITS : BOOL;
}

/** Range r0 must be in at exit, or undefined: anything goes. A void hook of LSM programs is the caller's to know. */
export function returnRange(prog: ProgContext): ReturnRange | undefined {
  const attach = prog.expectedAttachType;
  switch (prog.type) {
    case PT.CGROUP_SOCK_ADDR:
      return sockAddrRange(attach);
    case PT.CGROUP_SKB:
      return attach === AT.CGROUP_INET_EGRESS ? TWO_BITS : BOOL;
    case PT.CGROUP_SOCK:
    case PT.SOCK_OPS:
    case PT.CGROUP_DEVICE:
    case PT.CGROUP_SYSCTL:
    case PT.CGROUP_SOCKOPT:
    case PT.SK_LOOKUP:
    case PT.NETFILTER:
      return BOOL;
    case PT.RAW_TRACEPOINT:
      return prog.attachFuncName === '' ? undefined : ZERO;
    case PT.TRACING:
      if (attach === AT.TRACE_FENTRY || attach === AT.TRACE_FEXIT) return ZERO;
      return attach === AT.TRACE_ITER ? BOOL : undefined;
    case PT.KPROBE:
      return attach === AT.TRACE_KPROBE_SESSION || attach === AT.TRACE_UPROBE_SESSION ? BOOL : undefined;
    case PT.LSM:
      if (attach === AT.LSM_CGROUP) return BOOL;
      return lsmReturnsBool(prog.attachFuncName) ? BOOL : ERRNO;
    default:
      return undefined;
  }
}
