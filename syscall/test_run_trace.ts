/** Test runs of raw_tracepoint, tracing and syscall programs (`bpf_prog_test_run_raw_tp`, `_tracing`, `_syscall`). */
import { BPF_ATTACH_TYPE as AT, BPF_F_TEST } from '../uapi/bpf.ts';
import { EFAULT, EINVAL, ENOMEM, ENXIO } from '../uapi/errno.ts';
import { RAW_TP_CTX_SIZE, SYSCALL_CTX_MAX } from '../vm/progtypes/trace.ts';
import { pointerBits, type Vm } from '../vm/vm.ts';
import { LoadedProg } from './loaded_prog.ts';
import { TEST_AT, type TestRun, testFinished } from './test_run_common.ts';

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

/** A test function of the kernel: its name, arguments, result. `a` and `b` stand for the addresses given. */
interface TestFunction {
  readonly name: string;
  readonly args: readonly bigint[];
  readonly result: bigint;
}

/** Calls a function of the emulated kernel: what is attached to it runs. */
function callFunction(vm: Vm, name: string, args: readonly bigint[], body: () => bigint): bigint {
  return vm.functions.get(name)?.call(vm, args, body) ?? body();
}

/** `bpf_fentry_test1` to `10` as test runs call them (net/bpf/test_run.c); two are given addresses of zeros. */
function fentryTests(zeros: bigint): readonly TestFunction[] {
  const count = (from: number, to: number): bigint[] =>
    Array.from({ length: to - from + 1 }, (_, i) => BigInt(from + i));
  const of = (number: number, args: readonly bigint[], result: bigint): TestFunction => ({
    name: `bpf_fentry_test${number}`,
    args,
    result,
  });
  return [
    of(1, [1n], 2n),
    of(2, count(2, 3), 5n),
    of(3, count(4, 6), 15n),
    of(4, count(7, 10), 34n),
    of(5, count(11, 15), 65n),
    of(6, count(16, 21), 111n),
    of(7, [0n], 0n),
    of(8, [zeros], 0n),
    of(9, [zeros], 0n),
    of(10, [0n], 0n),
  ];
}

/** The result of functions that return int, as their caller sees it. */
const asInt = (value: bigint): bigint => BigInt.asIntN(32, value);

/** Whether all of them returned what they return by themselves; the first that does not ends it. */
function callFentryTests(vm: Vm, zeros: bigint): boolean {
  return fentryTests(zeros).every(({ name, args, result }) => {
    return asInt(callFunction(vm, name, args, () => result)) === result;
  });
}

/** Calls the two functions whose result programs may change: how often they had their side effect, and the sum of the results. */
function callModifyReturnTests(vm: Vm, address: number): number {
  const { view } = vm.env.arena;
  let sideEffects = 0;
  let sum = 0n;
  for (const [name, more] of [
    ['bpf_modify_return_test', []],
    ['bpf_modify_return_test2', [3n, 4n, 5n, 6n, 7n]],
  ] as const) {
    view.setInt32(address, 2, true);
    const args = [1n, pointerBits(address), ...more];
    sum += callFunction(vm, name, args, () => {
      view.setInt32(address, view.getInt32(address, true) + 1, true);
      return 1n + BigInt(view.getInt32(address, true)) + more.reduce((a: bigint, b) => a + b, 0n);
    });
    if (view.getInt32(address, true) !== 2) sideEffects++;
  }
  return ((sideEffects << 16) | Number(BigInt.asUintN(16, sum))) >>> 0;
}

/** The kernel calls its test functions, and what is attached to them runs (`bpf_prog_test_run_tracing`). */
export function testRunTracing(run: TestRun): number {
  const { attr, prog, vm } = run;
  if (attr.get(TEST_AT.flags) !== 0 || attr.get(TEST_AT.cpu) !== 0 || attr.get(TEST_AT.batch_size) !== 0)
    return -EINVAL;
  const block = vm.env.arena.alloc(8);
  if (block === 0) return -ENOMEM;
  let errno = -EFAULT;
  let retval = 0;
  try {
    vm.env.arena.zero(block, 8);
    switch (prog.expectedAttachType) {
      case AT.TRACE_FENTRY:
      case AT.TRACE_FEXIT:
        if (callFentryTests(vm, pointerBits(block))) errno = 0;
        break;
      case AT.MODIFY_RETURN:
        retval = callModifyReturnTests(vm, block);
        errno = 0;
        break;
    }
    if (errno === 0) errno = attr.put(run.caller, TEST_AT.retval, retval);
  } finally {
    vm.env.arena.free(block, 8);
  }
  return testFinished(vm, errno);
}
