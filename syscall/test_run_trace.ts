/** Test runs of raw_tracepoint, tracing and syscall programs (`bpf_prog_test_run_raw_tp`, `_tracing`, `_syscall`). */
import { BPF_ATTACH_TYPE as AT, BPF_F_TEST } from '../uapi/bpf.ts';
import { EFAULT, EINVAL, ENOMEM, ENXIO } from '../uapi/errno.ts';
import { RAW_TP_CTX_SIZE, SYSCALL_CTX_MAX } from '../vm/progtypes/trace.ts';
import { LoadedProg } from './loaded_prog.ts';
import { TEST_AT, type TestRun } from './test_run_common.ts';

/** Input and options these types have no use for must be absent. */
function refusesData(run: TestRun): boolean {
  const { attr } = run;
  return (
    attr.addr(TEST_AT.data_in) !== 0 ||
    attr.addr(TEST_AT.data_out) !== 0 ||
    attr.addr(TEST_AT.ctx_out) !== 0 ||
    attr.get(TEST_AT.duration) !== 0 ||
    attr.get(TEST_AT.repeat) !== 0 ||
    attr.get(TEST_AT.batch_size) !== 0
  );
}

/** How far into the context the program reaches. */
function maxCtxOffset(run: TestRun): number {
  return run.prog instanceof LoadedProg ? run.prog.facts.maxCtxOffset : 0;
}

/** Copies the caller's context to a block of the arena, runs `body` on it (0: no context), frees it. */
function withCtx(run: TestRun, body: (ctx: number, size: number) => number): number {
  const { arena } = run.kernel;
  const size = run.attr.get(TEST_AT.ctx_size_in);
  if (size === 0) return body(0, 0);
  const ctx = arena.alloc(size);
  if (ctx === 0) return -ENOMEM;
  try {
    if (run.caller.read(run.attr.addr(TEST_AT.ctx_in), arena.u8.subarray(ctx, ctx + size)) < 0) return -EFAULT;
    return body(ctx, size);
  } finally {
    arena.free(ctx, size);
  }
}

/** Runs a raw tracepoint program on given arguments, on a given CPU. */
export function testRunRawTp(run: TestRun): number {
  const { attr, prog, kernel } = run;
  if (refusesData(run)) return -EINVAL;
  const size = attr.get(TEST_AT.ctx_size_in);
  if (size < maxCtxOffset(run) || size > RAW_TP_CTX_SIZE) return -EINVAL;
  const onCpu = (attr.get(TEST_AT.flags) & BPF_F_TEST.RUN_ON_CPU) !== 0;
  const cpu = attr.get(TEST_AT.cpu);
  if (!onCpu && cpu !== 0) return -EINVAL;
  return withCtx(run, (ctx) => {
    if (onCpu && cpu >= kernel.nrCpus) return -ENXIO;
    const before = kernel.cpu;
    if (onCpu) kernel.cpu = cpu;
    try {
      return attr.put(run.caller, TEST_AT.retval, prog.run(ctx));
    } finally {
      kernel.cpu = before;
    }
  });
}

/** Runs a syscall program; its context goes back to the caller. */
export function testRunSyscall(run: TestRun): number {
  const { attr, prog, caller, kernel } = run;
  if (refusesData(run) || attr.get(TEST_AT.flags) !== 0) return -EINVAL;
  const given = attr.get(TEST_AT.ctx_size_in);
  if (given < maxCtxOffset(run) || given > SYSCALL_CTX_MAX) return -EINVAL;
  const ctxIn = attr.addr(TEST_AT.ctx_in);
  return withCtx(run, (ctx, size) => {
    const retval = prog.run(ctx);
    if (attr.put(caller, TEST_AT.retval, retval) < 0) return -EFAULT;
    if (size !== 0 && caller.write(ctxIn, kernel.arena.u8.subarray(ctx, ctx + size)) < 0) return -EFAULT;
    return 0;
  });
}

/** What `bpf_modify_return_test` and its sibling return, and how often they had a side effect, with nothing attached. */
const MODIFY_RETURN_RESULT = (2 << 16) | (4 + 29);

/**
 * The kernel calls its test functions, and what is attached to them runs. Nothing can
 * be attached to functions here, so only their own result is seen.
 */
export function testRunTracing(run: TestRun): number {
  const { attr, prog } = run;
  if (attr.get(TEST_AT.flags) !== 0 || attr.get(TEST_AT.cpu) !== 0 || attr.get(TEST_AT.batch_size) !== 0)
    return -EINVAL;
  switch (prog.expectedAttachType) {
    case AT.TRACE_FENTRY:
    case AT.TRACE_FEXIT:
      return attr.put(run.caller, TEST_AT.retval, 0);
    case AT.MODIFY_RETURN:
      return attr.put(run.caller, TEST_AT.retval, MODIFY_RETURN_RESULT);
    default:
      return -EFAULT;
  }
}
