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
import { execute } from './execute.ts';
import { dropMain, leaveSpecial, RUN, startClock } from './frames.ts';
import { IOP, WORDS } from './ops.ts';
import { type HashSite, predecode } from './predecode.ts';
import { BOTTOM, FIRST_FRAME, FRAME_TOP, FRAMES, MAX_FRAMES, MAY_GOTO_LEFT, REGS_HI, REGS_LO } from './registers.ts';

/** Registers a run within a run saves. */
const NR_REGS = 11;
/** {@link Interpreter.call} rather than {@link Interpreter.run}. */
const FROM_SCRATCH = -1;

/** Saves the registers above the frames in use; returns where the frames of the new run begin. */
function saveRegs(top: number): number {
  for (let i = 0; i < NR_REGS; i++) {
    FRAMES[top + i] = REGS_LO[i]!;
    FRAMES[top + NR_REGS + i] = REGS_HI[i]!;
  }
  FRAMES[top + 2 * NR_REGS] = FRAMES[MAY_GOTO_LEFT]!;
  return top + 2 * NR_REGS + 1;
}

function restoreRegs(top: number): void {
  for (let i = 0; i < NR_REGS; i++) {
    REGS_LO[i] = FRAMES[top + i]!;
    REGS_HI[i] = FRAMES[top + NR_REGS + i]!;
  }
  FRAMES[MAY_GOTO_LEFT] = FRAMES[top + 2 * NR_REGS]!;
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
      REGS_LO[1 + i] = i32[at + 2 * i]!;
      REGS_HI[1 + i] = i32[at + 2 * i + 1]!;
    }
  }

  /** Runs from a word of the code on, with a context or {@link FROM_SCRATCH}; as often as `count` says. */
  #runs(at: number, ctx: number, count: number): number {
    const vm = this.#vm;
    const stack = vm.sp;
    const top = FRAMES[FRAME_TOP]!;
    if (top > MAX_FRAMES) throw new ProgramAborted('Too many programs within each other');
    const bottom = top === FIRST_FRAME ? top : saveRegs(top);
    const { base, mayGoto, count: special } = RUN;
    FRAMES[bottom] = BOTTOM;
    try {
      let result = 0;
      for (let i = 0; i < count; i++) {
        if (ctx === FROM_SCRATCH) this.#loadArgs();
        else {
          REGS_LO[1] = ctx;
          REGS_HI[1] = ctx === 0 ? 0 : BASE_HI;
        }
        REGS_LO[10] = stack;
        REGS_HI[10] = BASE_HI;
        FRAMES[FRAME_TOP] = bottom + 1;
        RUN.base = bottom + 1;
        startClock(this);
        if (i > 0) vm.tailCalls = 0;
        result = this.#once(at, bottom + 1);
      }
      return result;
    } finally {
      vm.sp = stack;
      FRAMES[FRAME_TOP] = top;
      RUN.base = base;
      RUN.mayGoto = mayGoto;
      RUN.count = special;
      if (top !== FIRST_FRAME) restoreRegs(top);
    }
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
    while (thrown instanceof BpfException && RUN.base > own) {
      vm.exception = undefined;
      dropMain();
      const engine = leaveSpecial().engine!;
      REGS_LO[0] = thrown.lo;
      REGS_HI[0] = thrown.hi;
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
