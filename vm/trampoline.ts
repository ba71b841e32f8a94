/**
 * What runs when a function that programs are attached to is called (`struct bpf_trampoline`,
 * kernel/bpf/trampoline.c): programs before it, programs that may stand in for it, programs
 * after it. Functions are those of the emulated kernel (the test functions of test runs) and
 * those of BPF programs.
 *
 * The context of such programs is the list of arguments, 8 bytes each, and the result.
 */
import { E2BIG, EBUSY } from '../uapi/errno.ts';
import { Arguments } from './contexts/arguments.ts';
import type { BpfProg } from './prog.ts';
import type { Vm } from './vm.ts';

/** Most programs on one function (`BPF_MAX_TRAMP_LINKS`). */
const LINKS_MAX = 38;
const WORD = 8;

/** A program that is attached, by a link that may have a cookie. */
export interface Attached {
  readonly prog: BpfProg;
  readonly cookie: bigint;
}

/** Where on a function a program is attached. */
export type TrampKind = 'fentry' | 'fmodRet' | 'fexit' | 'replace';

/** The programs on one function. */
export class Trampoline {
  readonly #progs: Record<TrampKind, Attached[]> = { fentry: [], fmodRet: [], fexit: [], replace: [] };
  /** Arguments the function takes, where that is not known by the call. */
  args = 0;
  /** Told when the first program came or the last one went. */
  readonly onChange: (() => void) | undefined;

  constructor(onChange?: () => void) {
    this.onChange = onChange;
  }

  /** Number of programs, those that replace the function not counted. */
  get count(): number {
    const { fentry, fmodRet, fexit } = this.#progs;
    return fentry.length + fmodRet.length + fexit.length;
  }

  /** Whether anything is attached. */
  get inUse(): boolean {
    return this.count > 0 || this.extension !== undefined;
  }

  /** The program that stands in for the function (freplace). */
  get extension(): BpfProg | undefined {
    return this.#progs.replace[0]?.prog;
  }

  /** Attaches a program: 0, -EBUSY, -E2BIG (`__bpf_trampoline_link_prog`). */
  link(kind: TrampKind, attached: Attached): number {
    if (this.extension !== undefined) return -EBUSY;
    const list = this.#progs[kind];
    if (kind === 'replace' && this.count > 0) return -EBUSY;
    if (this.count >= LINKS_MAX) return -E2BIG;
    if (list.some((one) => one.prog === attached.prog)) return -EBUSY;
    // The one that came last runs first.
    const before = this.inUse;
    list.unshift(attached);
    if (!before) this.onChange?.();
    return 0;
  }

  /** Takes it off again. */
  unlink(kind: TrampKind, attached: Attached): void {
    const list = this.#progs[kind];
    const index = list.indexOf(attached);
    if (index < 0) return;
    list.splice(index, 1);
    if (!this.inUse) this.onChange?.();
  }

  /**
   * Calls the function: `args` are its arguments as 64-bit values, `target` is the function
   * itself. The result is what its caller sees.
   */
  call(vm: Vm, args: readonly bigint[], target: () => bigint): bigint {
    return this.#around(vm, args, target) ?? 0n;
  }

  /**
   * The function is called, and carried out where its result is not seen: undefined, unless
   * a program stands in for it. Programs after it run only then.
   */
  pass(vm: Vm, args: readonly bigint[]): bigint | undefined {
    return this.#around(vm, args, () => undefined);
  }

  #around(vm: Vm, args: readonly bigint[], target: () => bigint | undefined): bigint | undefined {
    if (this.count === 0) return target();
    const { arena } = vm.env;
    const size = (args.length + 1) * WORD;
    const ctx = arena.alloc(size);
    // Without memory for the list nobody can be told of the call.
    if (ctx === 0) return target();
    const event = new Arguments(args);
    const fill = (): void => {
      args.forEach((arg, i) => {
        arena.view.setBigUint64(ctx + i * WORD, BigInt.asUintN(64, arg), true);
      });
      arena.view.setBigUint64(ctx + args.length * WORD, BigInt.asUintN(64, event.result ?? 0n), true);
    };
    const run = (attached: Attached): bigint => {
      event.cookie = attached.cookie;
      return attached.prog.runTraced(ctx);
    };
    vm.contexts.set(ctx, event);
    try {
      fill();
      for (const one of this.#progs.fentry) run(one);
      event.result = 0n;
      for (const one of this.#progs.fmodRet) {
        fill();
        event.result = run(one);
        if (event.result !== 0n) break;
      }
      if (event.result === 0n) {
        const result = target();
        if (result === undefined) return undefined;
        event.result = result;
      }
      fill();
      for (const one of this.#progs.fexit) run(one);
      return event.result;
    } finally {
      vm.contexts.delete(ctx);
      arena.free(ctx, size);
    }
  }
}

/** Runs the programs on a tracepoint of the emulated kernel, in the order they came (`bpf_trace_runN`). */
export function fireTracepoint(vm: Vm, name: string, args: readonly bigint[]): void {
  const attached = vm.tracepoints.get(name);
  if (attached === undefined) return;
  const { arena } = vm.env;
  const size = args.length * WORD;
  const ctx = arena.alloc(size);
  if (ctx === 0) return;
  args.forEach((arg, i) => {
    arena.view.setBigUint64(ctx + i * WORD, BigInt.asUintN(64, arg), true);
  });
  const event = new Arguments(args);
  vm.contexts.set(ctx, event);
  try {
    for (const one of [...attached]) {
      event.cookie = one.cookie;
      one.prog.runTraced(ctx);
    }
  } finally {
    vm.contexts.delete(ctx);
    arena.free(ctx, size);
  }
}
