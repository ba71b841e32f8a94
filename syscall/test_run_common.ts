/**
 * What the test runs of all program types share: repeating a run, the caller's
 * context structure and packet, the results (`bpf_test_run`, `bpf_ctx_init`,
 * `bpf_test_finish`, `bpf_ctx_finish` of net/bpf/test_run.c).
 */
import type { Work } from '../base/work.ts';
import { EFAULT, EINTR, ENOMEM, ENOSPC } from '../uapi/errno.ts';
import { SKB_HEADROOM, SKB_TAILROOM, type Skb } from '../vm/contexts/skb.ts';
import type { BpfProg } from '../vm/prog.ts';
import { fireTracepoint } from '../vm/trampoline.ts';
import { pointerBits, type Vm } from '../vm/vm.ts';
import type { Attr } from './attr.ts';
import { TEST } from './attr_table.ts';
import type { Caller } from './caller.ts';
import type { Kernel } from './kernel.ts';
import { checkTailZero } from './user_struct.ts';

const AT = TEST.at;

/**
 * Milliseconds all repetitions of one test run may take for a caller that nobody can
 * interrupt. The kernel goes on until a signal comes, and so do we for the others.
 */
const RUN_BUDGET_MS = 20_000;
/** Runs between two looks at the clock, and at others who wait: more and more while they are short. */
const BATCH_MIN = 1;
const BATCH_MAX = 65536;
const BATCH_MS = 1;
const U32_MAX = 0xffffffff;

/** One call of the command, as the runners see it. */
export interface TestRun {
  readonly kernel: Kernel;
  readonly vm: Vm;
  readonly prog: BpfProg;
  readonly attr: Attr;
  readonly caller: Caller;
}

/** Runs programs of one type: 0 or a negative errno. */
export type TestRunner = (run: TestRun) => number | Work;

/** Whether flags other than those allowed, a CPU or a batch size were given. */
export function refusesOptions(run: TestRun, allowedFlags: number): boolean {
  const { attr } = run;
  return (attr.get(AT.flags) & ~allowedFlags) !== 0 || attr.get(AT.cpu) !== 0 || attr.get(AT.batch_size) !== 0;
}

/** What repeated runs gave. */
export interface RunResult {
  /** 0, or -EINTR for a signal, or when the time was up. */
  readonly errno: number;
  /** r0 of the last run, its low half. */
  readonly retval: number;
  /** Average nanoseconds a run. */
  readonly duration: number;
}

/**
 * Runs a program `repeat` times (0 means once) on a context (`bpf_test_run`). `result`
 * makes r0 of a run into the result; default: r0 itself.
 */
export function* runRepeated(
  run: TestRun,
  ctx: number,
  result?: (r0: number) => number,
  before?: () => void,
): Work<RunResult> {
  const { prog, vm } = run;
  const repeat = Math.max(run.attr.get(AT.repeat), 1);
  const patience = run.caller.mayWait === true ? Number.POSITIVE_INFINITY : RUN_BUDGET_MS;
  let batch = BATCH_MIN;
  let done = 0;
  let retval = 0;
  let spent = 0;
  // The storage of cgroups that these runs find; others find theirs at every pause.
  const theirs = vm.localStorage;
  const ours: Vm['localStorage'] = new Map();
  // Compiled before the clock starts: a kernel has done that when the program was loaded.
  prog.makeReady();
  try {
    for (;;) {
      vm.localStorage = ours;
      const start = vm.now();
      const until = Math.min(done + batch, repeat);
      if (result === undefined && before === undefined) {
        retval = prog.runRepeat(ctx, until - done);
        done = until;
      }
      for (; done < until; done++) {
        before?.();
        const r0 = prog.run(ctx);
        retval = result === undefined ? r0 : result(r0);
      }
      const took = vm.now() - start;
      spent += took;
      if (done >= repeat) break;
      if (spent > patience) return { errno: -EINTR, retval, duration: 0 };
      if (took < BATCH_MS) batch = Math.min(batch * 2, BATCH_MAX);
      else if (took > BATCH_MS * 4) batch = Math.max(batch >> 1, 1);
      vm.localStorage = theirs;
      if (yield) return { errno: -EINTR, retval, duration: 0 };
    }
  } finally {
    vm.localStorage = theirs;
    for (const value of ours.values()) vm.env.arena.free(value.addr, value.size);
  }
  const duration = Math.floor((spent * 1e6) / done);
  return { errno: 0, retval, duration: Math.min(Math.max(duration, 0), U32_MAX) };
}

/**
 * The caller's context structure, zero-filled to `size` bytes (`bpf_ctx_init`): undefined
 * when it gave none and wants none; a negative errno.
 */
export function takeCtx(run: TestRun, size: number): Uint8Array | undefined | number {
  const { attr, caller } = run;
  const ctxIn = attr.addr(AT.ctx_in);
  if (ctxIn === 0 && attr.addr(AT.ctx_out) === 0) return undefined;
  const ctx = new Uint8Array(size);
  if (ctxIn === 0) return ctx;
  const given = attr.get(AT.ctx_size_in);
  const tail = checkTailZero(caller, ctxIn, size, given);
  if (tail < 0) return tail;
  if (caller.read(ctxIn, ctx.subarray(0, Math.min(size, given))) < 0) return -EFAULT;
  return ctx;
}

/** Whether bytes from `from` up to `to` are zero (`range_is_zero`). */
export function rangeIsZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** A piece of the packet that goes to the caller. */
export interface OutPart {
  readonly addr: number;
  readonly length: number;
}

/**
 * Hands the packet and the results to the caller (`bpf_test_finish`): 0, -ENOSPC (what
 * fits was copied, and the results too) or -EFAULT. `parts` are the linear data and its fragments.
 */
export function finish(run: TestRun, parts: readonly OutPart[], result: RunResult): number {
  return testFinished(run.vm, handOver(run, parts, result));
}

/** A test run ends with this result: programs on the tracepoint see it, and may change it. */
export function testFinished(vm: Vm, errno: number): number {
  if (!vm.tracepoints.has('bpf_test_finish')) return errno;
  const { arena } = vm.env;
  const at = arena.alloc(4);
  if (at === 0) return errno;
  arena.view.setInt32(at, errno, true);
  try {
    fireTracepoint(vm, 'bpf_test_finish', [pointerBits(at)]);
    return arena.view.getInt32(at, true);
  } finally {
    arena.free(at, 4);
  }
}

function handOver(run: TestRun, parts: readonly OutPart[], result: RunResult): number {
  const { attr, caller, kernel } = run;
  const dataOut = attr.addr(AT.data_out);
  const room = attr.get(AT.data_size_out);
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  let errno = 0;
  let copySize = size;
  if (room !== 0 && copySize > room) {
    copySize = room;
    errno = -ENOSPC;
  }
  // What cannot be written is only told where everything had room.
  const fault = errno === 0 ? -EFAULT : errno;
  if (dataOut !== 0) {
    const linear = parts[0]?.length ?? 0;
    // What does not fit is taken from the linear part first: with fragments there may be nothing of it left.
    if (copySize - (size - linear) < 0) return -ENOSPC;
    let offset = 0;
    for (const [index, part] of parts.entries()) {
      if (index > 0 && offset >= copySize) break;
      const length = index === 0 ? copySize - (size - linear) : Math.min(part.length, copySize - offset);
      if (caller.write(dataOut + offset, kernel.arena.u8.subarray(part.addr, part.addr + length)) < 0) return fault;
      offset += length;
    }
  }
  if (attr.put(caller, AT.data_size_out, size) < 0) return fault;
  if (attr.put(caller, AT.retval, result.retval) < 0) return fault;
  if (attr.put(caller, AT.duration, result.duration) < 0) return fault;
  return errno;
}

/** Hands the context to the caller, when it wants one (`bpf_ctx_finish`): 0, -ENOSPC, -EFAULT. */
export function finishCtx(run: TestRun, ctx: Uint8Array | undefined): number {
  const { attr, caller } = run;
  const ctxOut = attr.addr(AT.ctx_out);
  if (ctx === undefined || ctxOut === 0) return 0;
  const room = attr.get(AT.ctx_size_out);
  const copySize = Math.min(ctx.length, room);
  const fault = copySize < ctx.length ? -ENOSPC : -EFAULT;
  if (caller.write(ctxOut, ctx.subarray(0, copySize)) < 0) return fault;
  if (attr.put(caller, AT.ctx_size_out, ctx.length) < 0) return fault;
  return copySize < ctx.length ? -ENOSPC : 0;
}

/** Copies `length` bytes of data_in to the arena: 0 or -EFAULT. */
export function takeData(run: TestRun, addr: number, offset: number, length: number): number {
  const { kernel, caller, attr } = run;
  return caller.read(attr.addr(AT.data_in) + offset, kernel.arena.u8.subarray(addr, addr + length)) < 0 ? -EFAULT : 0;
}

/**
 * The packet of a run as a socket buffer, `size` bytes of data_in, and the caller's context of
 * `ctxSize` bytes (undefined: it gave none and wants none); or -errno.
 */
export function takePacket(
  run: TestRun,
  skb: Skb,
  size: number,
  ctxSize: number,
): { readonly ctx: Uint8Array | undefined } | number {
  const data = skb.init(size, SKB_HEADROOM, SKB_TAILROOM);
  if (data < 0) return -ENOMEM;
  const copied = takeData(run, data, 0, size);
  if (copied < 0) return copied;
  const ctx = takeCtx(run, ctxSize);
  return typeof ctx === 'number' ? ctx : { ctx };
}

/** Attr offsets, for the runners. */
export const TEST_AT = AT;
