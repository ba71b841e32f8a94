/**
 * BPF_PROG_TEST_RUN: runs a program on input the caller gives (net/bpf/test_run.c is
 * where the kernel does it; orders of checks and results were recorded from 6.18).
 * Here: the command; `test_run_*.ts` are the runners.
 */
import { isWork, type Work } from '../base/work.ts';
import { BPF_PROG_TYPE as PT } from '../uapi/bpf.ts';
import { EINTR, EINVAL, ENOMEM, ENOTSUPP } from '../uapi/errno.ts';
import { isNoMemory } from '../vm/contexts/skb.ts';
import { BpfProg } from '../vm/prog.ts';
import { ProgramAborted } from '../vm/vm.ts';
import type { Attr } from './attr.ts';
import { TEST } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { progOf } from './fd.ts';
import type { Kernel } from './kernel.ts';
import { asCaller, workAsCaller } from './run_context.ts';
import type { TestRunner } from './test_run_common.ts';
import { testRunFlowDissector } from './test_run_flow.ts';
import { testRunNetfilter, testRunSkLookup } from './test_run_net.ts';
import { testRunSkb } from './test_run_skb.ts';
import { testRunStructOps } from './test_run_struct_ops.ts';
import { testRunRawTp, testRunSyscall, testRunTracing } from './test_run_trace.ts';
import { testRunXdp } from './test_run_xdp.ts';

const AT = TEST.at;

/** The types that can be run; the others answer -ENOTSUPP. */
const RUNNERS: ReadonlyMap<number, TestRunner> = new Map<number, TestRunner>([
  [PT.SOCKET_FILTER, testRunSkb],
  [PT.SCHED_CLS, testRunSkb],
  [PT.SCHED_ACT, testRunSkb],
  [PT.CGROUP_SKB, testRunSkb],
  [PT.LWT_IN, testRunSkb],
  [PT.LWT_OUT, testRunSkb],
  [PT.LWT_XMIT, testRunSkb],
  [PT.XDP, testRunXdp],
  [PT.FLOW_DISSECTOR, testRunFlowDissector],
  [PT.SK_LOOKUP, testRunSkLookup],
  [PT.NETFILTER, testRunNetfilter],
  [PT.RAW_TRACEPOINT, testRunRawTp],
  [PT.SYSCALL, testRunSyscall],
  [PT.TRACING, testRunTracing],
  [PT.STRUCT_OPS, testRunStructOps],
]);

/** BPF_PROG_TEST_RUN (`bpf_prog_test_run`). -EINTR when a signal came between two repetitions. */
export function* progTestRun(kernel: Kernel, attr: Attr, caller: Caller): Work {
  if ((attr.get(AT.ctx_size_in) === 0) !== (attr.addr(AT.ctx_in) === 0)) return -EINVAL;
  if ((attr.get(AT.ctx_size_out) === 0) !== (attr.addr(AT.ctx_out) === 0)) return -EINVAL;
  const prog = progOf(caller, attr.getSigned(AT.prog_fd));
  if (typeof prog === 'number') return prog;
  const runner = RUNNERS.get(prog.type);
  if (runner === undefined || !(prog instanceof BpfProg)) return -ENOTSUPP;
  const { vm } = prog;
  prog.get();
  try {
    const result = asCaller(kernel, vm, caller, () => runner({ kernel, vm, prog, attr, caller }));
    return isWork(result) ? yield* workAsCaller(kernel, vm, caller, result) : result;
  } catch (error) {
    if (isNoMemory(error)) return -ENOMEM;
    if (error instanceof ProgramAborted) {
      vm.ended = error.message;
      return -EINTR;
    }
    throw error;
  } finally {
    prog.put();
  }
}
