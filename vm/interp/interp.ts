/**
 * The reference engine: an interpreter over int32 pairs (a BigInt register file is
 * six times slower). dispatch.ts has the loop, execute.ts what it leaves. Single step and
 * trace replace the operations by traps in a copy of the code, so that they cost nothing
 * while they are off.
 */
import { BASE_HI } from '../../mm/arena.ts';
import type { Engine } from '../engine.ts';
import type { CallSite, LinkedProgram } from '../link.ts';
import type { BpfProg } from '../prog.ts';
import { BpfException, ProgramAborted, SCRATCH, type Vm } from '../vm.ts';
import { type ReadyCall, readyCall } from './calls.ts';
import { dispatch } from './dispatch.ts';
import { execute } from './execute.ts';
import { dropMain, leaveSpecial, RUN, startClock } from './frames.ts';
import { IOP, WORDS } from './ops.ts';
import { type HashSite, predecode } from './predecode.ts';
import { BOTTOM, FIRST_FRAME, FRAME_TOP, FRAMES, MAX_FRAMES, MAY_GOTO_LEFT, REGS_HI, REGS_LO } from './registers.ts';

// Constants of this module are constants for V8's compiler; what is imported is not.
const RL = REGS_LO;
const RH = REGS_HI;
const F = FRAMES;
const TOP = FRAME_TOP;
const LEFT = MAY_GOTO_LEFT;
const FIRST = FIRST_FRAME;
const MAX = MAX_FRAMES;
const END = BOTTOM;
const HI = BASE_HI | 0;
const run = RUN;

/** {@link Interpreter.call} rather than {@link Interpreter.run}. */
const FROM_SCRATCH = -1;

/** A run in so many (a power of two) begins with {@link Interpreter.#leaveLoop}. */
const LEAVE_EVERY = 64;

/** Words {@link saveRegs} takes. */
const SAVED_WORDS = 11;

/** Saves what the caller of a run within a run keeps, r6 to r10, above the frames in use. */
function saveRegs(top: number): void {
  F[top + 0] = RL[6]!;
  F[top + 1] = RH[6]!;
  F[top + 2] = RL[7]!;
  F[top + 3] = RH[7]!;
  F[top + 4] = RL[8]!;
  F[top + 5] = RH[8]!;
  F[top + 6] = RL[9]!;
  F[top + 7] = RH[9]!;
  F[top + 8] = RL[10]!;
  F[top + 9] = RH[10]!;
  F[top + 10] = F[LEFT]!;
}

function restoreRegs(top: number): void {
  RL[6] = F[top + 0]!;
  RH[6] = F[top + 1]!;
  RL[7] = F[top + 2]!;
  RH[7] = F[top + 3]!;
  RL[8] = F[top + 4]!;
  RH[8] = F[top + 5]!;
  RL[9] = F[top + 6]!;
  RH[9] = F[top + 7]!;
  RL[10] = F[top + 8]!;
  RH[10] = F[top + 9]!;
  F[LEFT] = F[top + 10]!;
}

/** One program in the interpreter. */
export class Interpreter implements Engine {
  readonly name = 'interp';
  readonly prog: BpfProg;
  readonly linked: LinkedProgram;
  readonly #vm: Vm;
  readonly code: Int32Array;
  /** The code with every operation replaced by a trap; made when a hook is first used. */
  #trapped: Int32Array | undefined;
  #plain: Int32Array | undefined;
  readonly entries: readonly number[];
  /** It has loops that are guarded by may_goto. */
  readonly timed: boolean;
  /** {@link LinkedProgram.turnsLog}, and the turns that it stands for. */
  readonly turnsLog: number;
  readonly firstTurns: number;
  readonly hashes: readonly (HashSite | undefined)[];
  readonly sites: (CallSite | undefined)[] = [];
  readonly ready: (ReadyCall | undefined)[] = [];
  /** Runs until {@link #leaveLoop} is next. */
  #untilLeave = 0;

  constructor(vm: Vm, prog: BpfProg, linked: LinkedProgram) {
    this.#vm = vm;
    this.prog = prog;
    this.linked = linked;
    this.turnsLog = linked.turnsLog;
    this.firstTurns = 1 << linked.turnsLog;
    const { code, entries, hashes, timed } = predecode(linked);
    this.hashes = hashes;
    this.code = code;
    this.entries = entries;
    this.timed = timed;
    for (const [insn, site] of linked.calls) {
      this.sites[insn] = site;
      if (site.kind === 'helper') this.ready[insn] = readyCall(site.impl);
    }
  }

  run(ctx: number): number {
    return this.#runs(0, ctx, 1);
  }

  repeat(ctx: number, count: number): number {
    return this.#runs(0, ctx, count);
  }

  call(subprog: number): number {
    return this.#runs(this.entries[subprog]!, FROM_SCRATCH, 1);
  }

  release(): void {}

  /** The code with every instruction by itself, for single steps. */
  get plain(): Int32Array {
    this.#plain ??= predecode(this.linked, false).code;
    return this.#plain;
  }

  /** Code with a trap at every instruction. */
  get trapped(): Int32Array {
    if (this.#trapped === undefined) {
      this.#trapped = this.plain.slice();
      const end = this.linked.insns.count * WORDS;
      for (let at = 0; at < end; at += WORDS) this.#trapped[at] = (this.#trapped[at]! & ~255) | IOP.TRAP;
    }
    return this.#trapped;
  }

  /** The arguments of a function, from the scratch block. */
  #loadArgs(): void {
    const { i32 } = this.#vm.env.arena;
    const at = (this.#vm.scratch + SCRATCH.ARGS) >> 2;
    for (let i = 0; i < 5; i++) {
      RL[1 + i] = i32[at + 2 * i]!;
      RH[1 + i] = i32[at + 2 * i + 1]!;
    }
  }

  /** Runs from a word of the code on, with a context or {@link FROM_SCRATCH}; as often as `count` says. */
  #runs(at: number, ctx: number, count: number): number {
    const vm = this.#vm;
    const stack = vm.sp;
    const top = F[TOP]!;
    if (top > MAX) throw new ProgramAborted('Too many programs within each other');
    const isNested = top !== FIRST;
    const bottom = isNested ? top + SAVED_WORDS : top;
    if (isNested) saveRegs(top);
    const { base, mayGoto, count: special } = RUN;
    F[bottom] = END;
    try {
      let result = 0;
      for (let i = 0; i < count; i++) {
        if (ctx === FROM_SCRATCH) this.#loadArgs();
        else {
          RL[1] = ctx;
          RH[1] = ctx === 0 ? 0 : HI;
        }
        RL[10] = stack;
        RH[10] = HI;
        F[TOP] = bottom + 1;
        run.base = bottom + 1;
        if (this.timed) startClock(this);
        if (i > 0) vm.tailCalls = 0;
        this.#untilLeave = (this.#untilLeave - 1) & (LEAVE_EVERY - 1);
        if (this.#untilLeave === 0) this.#leaveLoop();
        result = this.#once(at, bottom + 1);
      }
      return result;
    } finally {
      vm.sp = stack;
      F[TOP] = top;
      run.base = base;
      run.mayGoto = mayGoto;
      run.count = special;
      if (isNested) restoreRegs(top);
    }
  }

  /**
   * Enters the loop and leaves it at once. V8 counts what a function that it has not compiled
   * does at its returns and at the turns of its loops, but not at a turn from which it goes on in
   * code compiled for that place (on-stack replacement). Where such code is all there is, after an
   * operation not seen before, each call of the loop would go on in it for ever, three to five times slower
   * than code for the whole function, which only what is counted asks for: this return.
   */
  #leaveLoop(): void {
    const { i32, u16, u8, view } = this.#vm.env.arena;
    // Behind the code there is an operation that the loop does not do.
    dispatch(this.linked.insns.count * WORDS, -1, this.code, i32, u16, u8, view);
  }

  #once(at: number, own: number): number {
    try {
      return execute(this.#vm, this, at);
    } catch (error) {
      return this.#caught(error, own);
    }
  }

  /**
   * An exception ends the main program it is thrown in. When a function's tail call began
   * that, its caller goes on, with the exception's result in r0. `own`: where the frames of the run begin.
   */
  #caught(error: unknown, own: number): number {
    const vm = this.#vm;
    let thrown = error;
    while (thrown instanceof BpfException && run.base > own) {
      vm.exception = undefined;
      dropMain();
      const engine = leaveSpecial().engine!;
      RL[0] = thrown.lo;
      RH[0] = thrown.hi;
      try {
        return execute(vm, engine, engine.exitWord);
      } catch (next) {
        thrown = next;
      }
    }
    throw thrown;
  }

  /** Where there is an exit, behind the code: for a function that is left by other means. */
  get exitWord(): number {
    return (this.linked.insns.count + 1) * WORDS;
  }
}
