/**
 * The engine side of a helper or kernel function: how a program's registers reach
 * the TypeScript that implements it.
 *
 * A 64-bit value never crosses between WebAssembly and JavaScript (it would become
 * a BigInt): an argument is passed as its low half, or as two halves where the high
 * one matters. The verifier has checked pointers and sizes before; what it cannot
 * know (an address for bpf_probe_read) is a two-halves argument.
 */
import type { Vm } from './vm.ts';

/**
 * One letter an argument:
 * - `i`: the low half as an int32: a pointer (an arena offset; NULL is 0), a size, flags, an int;
 * - `l`: 64 bits as two int32 numbers, low half first.
 */
export type ArgLetters = string;

/**
 * What the returned number becomes in r0:
 * - `ptr`: an arena offset, or 0 for NULL;
 * - `int`: an int32, sign-extended (0, a count, -errno);
 * - `uint`: 32 bits, zero-extended;
 * - `long`: the low half; the high one was left with {@link Vm.ret64};
 * - `void`: nothing, r0 is 0.
 */
export type RetKind = 'ptr' | 'int' | 'uint' | 'long' | 'void';

/** Implementation of a helper or kernel function. */
export interface HelperImpl {
  /** Without the `bpf_` of helpers; kernel functions by their whole name. */
  readonly name: string;
  /** What it does here, for docs/COVERAGE. */
  readonly doc: string;
  readonly args: ArgLetters;
  readonly ret: RetKind;
  /** May call back into the program or run another one: the engine leaves the stack pointer where they go on. */
  readonly callsBack?: boolean;
  /** Ends the main program it is called in, with its first argument as the result. */
  readonly throws?: boolean;
  readonly fn: (vm: Vm, ...args: number[]) => number;
}

/** Number of JavaScript arguments an implementation takes after the Vm. */
export function argCount(impl: HelperImpl): number {
  let count = 0;
  for (const letter of impl.args) count += letter === 'l' ? 2 : 1;
  return count;
}

/** Turns of a loop that a call which may take long counts for. */
export const SLOW_TURNS = 16;

/** What takes some tens of nanoseconds whatever it is given, and what counts its turns itself. */
const QUICK = new RegExp(
  `^(${[
    'map_(lookup|delete).*|for_each_map_elem|loop|user_ringbuf_drain|bpf_iter_.*_(next|destroy)|bpf_iter_(num|bits)_.*',
    'ktime_.*|jiffies64|get_(prandom_u32|smp_processor_id|numa_node_id|current_(pid_tgid|uid_gid|task|task_btf))',
    '(per|this)_cpu_ptr|(get|set)_retval|get_(attach_cookie|func_.*)|kptr_xchg|(bpf_res_)?spin_.*|ringbuf_.*(reserve|submit|discard|query)',
    'redirect(_map)?|xdp_adjust_.*|bpf_(rcu|preempt|local_irq|refcount|list|rbtree|cpumask|rdonly|cast)_.*|(bpf_)?throw',
    'bpf_dynptr_(slice|slice_rdwr|size|adjust|clone|is_.*)|dynptr_(data|from_mem)',
  ].join('|')})$`,
);

/**
 * Whether calls count as turns of loops. A loop the verifier has a bound for is short, but
 * not when each turn copies a megabyte.
 */
export function isSlow(impl: HelperImpl): boolean {
  return !QUICK.test(impl.name);
}

/** A helper of bpf(2) programs: its number in `enum bpf_func_id`, and its implementation. */
export interface HelperRecord extends HelperImpl {
  readonly id: number;
}
