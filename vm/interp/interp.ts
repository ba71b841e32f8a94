/**
 * The reference engine: an interpreter over int32 pairs (a BigInt register file is
 * six times slower). One loop; single step and trace replace the operations by traps
 * in a copy of the code, so that they cost nothing while they are off.
 */
import type { ArrayMap } from '../../maps/arraymap.ts';
import { BASE_HI } from '../../mm/arena.ts';
import type { Engine } from '../engine.ts';
import { argCount, type HelperImpl, isSlow } from '../helper.ts';
import { MAX_CALL_FRAMES, MAX_TAIL_CALL_CNT } from '../insn.ts';
import { arenaUserHi, type CallSite, type LinkedProgram, type MapSite, type TailSite } from '../link.ts';
import type { BpfProg } from '../prog.ts';
import { BpfException, ProgramAborted, SCRATCH, SLOW_VALUE, type Vm } from '../vm.ts';
import { div64, mod64, mul64, sdiv64, smod64, swap32 } from './arith.ts';
import { accessSize, arenaAccess, arenaAddress, atomic, load, probeOk } from './memory.ts';
import { BIG_CONST_WORD, type BigConst, IOP, predecode, WORDS } from './predecode.ts';

/** Words of a saved frame: return address, frame pointer, which registers are saved, r6 to r9, may_goto's counter, and where the main program began. */
const FRAME_WORDS = 13;
/** bpf_loop goes round this often at most (`BPF_MAX_LOOPS`). */
const MAX_LOOPS = 8 * 1024 * 1024;
const E2BIG = 7;

/** A helper call made ready: the word of each argument in the register file. */
interface ReadyCall {
  readonly impl: HelperImpl;
  readonly words: readonly number[];
  readonly slow: boolean;
}

/** The words a helper's arguments come from. */
function argWords(impl: HelperImpl): number[] {
  const words: number[] = [];
  let reg = 2;
  for (const letter of impl.args) {
    words.push(reg);
    if (letter === 'l') words.push(reg + 1);
    reg += 2;
  }
  if (words.length !== argCount(impl)) throw new Error(`Helper ${impl.name}: argument letters '${impl.args}'`);
  return words;
}

/** Frames of one run: what a function's caller needs when it goes on. */
class RunState {
  depth = 0;
  /** {@link FRAME_WORDS} words a frame; grows when tail calls of functions leave more callers behind than one program has. */
  frames = new Int32Array(FRAME_WORDS * MAX_CALL_FRAMES);
  /** The program and register file of each caller: a tail call changes them. */
  readonly engines: Interpreter[] = [];
  readonly files: Int32Array[] = [];
  readonly mayGotoStarts: number[] = [];
  /** may_goto of the function that runs: turns until it asks, and its state ({@link Vm.mayGoto}). */
  mayGotoLeft = 0;
  mayGotoStart = 0;
  /** Frames below the main program that runs: those of the functions whose tail calls began it. */
  base = 0;
}

/** Room for twice as many frames: each tail call that a function makes may leave those of its program behind. */
function growFrames(state: RunState): void {
  if (state.depth >= MAX_CALL_FRAMES * (MAX_TAIL_CALL_CNT + 1)) throw new ProgramAborted('Too many call frames');
  const grown = new Int32Array(state.frames.length * 2);
  grown.set(state.frames);
  state.frames = grown;
}

/** Saves the caller's frame; `p` is where it goes on, `saved` which of r6 to r9 the function writes. */
function pushFrame(state: RunState, self: Interpreter, R: Int32Array, p: number, saved: number): void {
  const { depth } = state;
  const f = depth * FRAME_WORDS;
  if (f === state.frames.length) growFrames(state);
  const { frames } = state;
  frames[f] = p;
  frames[f + 1] = R[20]!;
  frames[f + 2] = saved;
  if (saved !== 0) saveRegs(frames, f, R, saved);
  frames[f + 11] = state.mayGotoLeft;
  frames[f + 12] = state.base;
  if (state.files[depth] !== R) {
    state.engines[depth] = self;
    state.files[depth] = R;
  }
  state.mayGotoStarts[depth] = state.mayGotoStart;
  state.mayGotoLeft = self.firstTurns;
  state.mayGotoStart = self.turnsLog;
  state.depth = depth + 1;
}

function saveRegs(frames: Int32Array, f: number, R: Int32Array, saved: number): void {
  if ((saved & 1) !== 0) {
    frames[f + 3] = R[12]!;
    frames[f + 4] = R[13]!;
  }
  if ((saved & 2) !== 0) {
    frames[f + 5] = R[14]!;
    frames[f + 6] = R[15]!;
  }
  if ((saved & 4) !== 0) {
    frames[f + 7] = R[16]!;
    frames[f + 8] = R[17]!;
  }
  if ((saved & 8) !== 0) {
    frames[f + 9] = R[18]!;
    frames[f + 10] = R[19]!;
  }
}

function restoreRegs(frames: Int32Array, f: number, R: Int32Array, saved: number): void {
  if ((saved & 1) !== 0) {
    R[12] = frames[f + 3]!;
    R[13] = frames[f + 4]!;
  }
  if ((saved & 2) !== 0) {
    R[14] = frames[f + 5]!;
    R[15] = frames[f + 6]!;
  }
  if ((saved & 4) !== 0) {
    R[16] = frames[f + 7]!;
    R[17] = frames[f + 8]!;
  }
  if ((saved & 8) !== 0) {
    R[18] = frames[f + 9]!;
    R[19] = frames[f + 10]!;
  }
}

/** Back to the caller's frame: where it goes on. */
function popFrame(state: RunState, R: Int32Array): number {
  const depth = --state.depth;
  const { frames } = state;
  const f = depth * FRAME_WORDS;
  const saved = frames[f + 2]!;
  if (saved !== 0) restoreRegs(frames, f, R, saved);
  R[20] = frames[f + 1]!;
  state.mayGotoLeft = frames[f + 11]!;
  state.base = frames[f + 12]!;
  state.mayGotoStart = state.mayGotoStarts[depth]!;
  return frames[f]!;
}

/** One program in the interpreter. */
export class Interpreter implements Engine {
  readonly name = 'interp';
  readonly prog: BpfProg;
  readonly linked: LinkedProgram;
  /** {@link LinkedProgram.turnsLog}, and the turns that it stands for. */
  readonly turnsLog: number;
  readonly firstTurns: number;
  readonly #vm: Vm;
  readonly code: Int32Array;
  /** The code with every operation replaced by a trap; made when a hook is first used. */
  #trapped: Int32Array | undefined;
  #plain: Int32Array | undefined;
  readonly regs: Int32Array;
  readonly entries: readonly number[];
  readonly big: ReadonlyMap<number, BigConst>;
  /** Frames of the run that has {@link regs}. */
  readonly frames = new RunState();
  readonly sites: (CallSite | undefined)[] = [];
  readonly ready: (ReadyCall | undefined)[] = [];
  /** The outermost run in which the register file is in use, 0 when it is free. */
  #busyIn = 0;

  constructor(vm: Vm, prog: BpfProg, linked: LinkedProgram) {
    this.#vm = vm;
    this.prog = prog;
    this.linked = linked;
    this.turnsLog = linked.turnsLog;
    this.firstTurns = 1 << linked.turnsLog;
    const { code, regs, entries, big } = predecode(linked);
    this.big = big;
    this.code = code;
    this.regs = regs;
    this.entries = entries;
    for (const [insn, site] of linked.calls) {
      this.sites[insn] = site;
      if (site.kind === 'helper')
        this.ready[insn] = { impl: site.impl, words: argWords(site.impl), slow: isSlow(site.impl) };
    }
  }

  run(ctx: number): number {
    const regs = this.#acquire();
    regs[2] = ctx;
    regs[3] = ctx === 0 ? 0 : BASE_HI;
    return this.#runFrom(regs, 0);
  }

  repeat(ctx: number, count: number): number {
    let result = 0;
    for (let i = 0; i < count; i++) {
      this.#vm.tailCalls = 0;
      result = this.run(ctx);
    }
    return result;
  }

  call(subprog: number): number {
    const regs = this.#acquire();
    const at = (this.#vm.scratch + SCRATCH.ARGS) >> 2;
    regs.set(this.#vm.env.arena.i32.subarray(at, at + 10), 2);
    return this.#runFrom(regs, this.entries[subprog]!);
  }

  release(): void {}

  /** Whether the register file is in use; a run that was unwound does not count once the next has begun. */
  get busy(): boolean {
    return this.#busyIn === this.#vm.runId;
  }
  set busy(busy: boolean) {
    this.#busyIn = busy ? this.#vm.runId : 0;
  }

  /** The code with every instruction by itself, for single steps. */
  get plain(): Int32Array {
    this.#plain ??= predecode(this.linked, false).code;
    return this.#plain;
  }

  /** Code with a trap at every instruction. */
  get trapped(): Int32Array {
    if (this.#trapped === undefined) {
      this.#trapped = this.plain.slice();
      for (let at = 0; at < this.#trapped.length; at += WORDS)
        this.#trapped[at] = (this.#trapped[at]! & ~511) | IOP.TRAP;
    }
    return this.#trapped;
  }

  /** A register file nobody uses: the program's own, or a copy when the program is entered again. */
  #acquire(): Int32Array {
    return this.busy ? this.regs.slice() : this.regs;
  }

  /**
   * An exception ends the main program it is thrown in. When a function's tail call began
   * that, its caller goes on, with the exception's result in r0.
   */
  #caught(regs: Int32Array, state: RunState, error: unknown): number {
    let thrown = error;
    while (thrown instanceof BpfException && state.base > 0) {
      this.#vm.exception = undefined;
      state.depth = state.base;
      const file = state.files[state.depth - 1]!;
      const engine = state.engines[state.depth - 1]!;
      file[0] = thrown.lo;
      file[1] = thrown.hi;
      try {
        return execute(this.#vm, regs, state, engine, file, popFrame(state, file));
      } catch (next) {
        thrown = next;
      }
    }
    throw thrown;
  }

  #runFrom(regs: Int32Array, at: number): number {
    const vm = this.#vm;
    const own = regs === this.regs;
    if (own) this.busy = true;
    const stack = vm.sp;
    regs[20] = stack;
    regs[21] = BASE_HI;
    // A nested use of the register file has frames of its own, too.
    const state = own ? this.frames : new RunState();
    state.depth = 0;
    state.base = 0;
    state.mayGotoLeft = this.firstTurns;
    state.mayGotoStart = this.turnsLog;
    try {
      return execute(vm, regs, state, this, regs, at);
    } catch (error) {
      return this.#caught(regs, state, error);
    } finally {
      vm.sp = stack;
      if (own) this.busy = false;
    }
  }
}

/**
 * bpf_loop where it is written as a loop (`inline_bpf_loop`): the callback in a new frame,
 * until it returns non-zero. Leaves r0; -E2BIG is only 32 bits there.
 */
function loopHelper(vm: Vm, engine: Interpreter, regs: Int32Array, subprog: number): void {
  const turns = regs[2]! >>> 0;
  const ctxLo = regs[6]!;
  const ctxHi = regs[7]!;
  let done = 0;
  if (regs[3] !== 0 || turns > MAX_LOOPS) done = -E2BIG;
  else {
    while (done < turns) {
      vm.loopTurn();
      vm.setArg(0, done, 0);
      vm.setArg(1, ctxLo, ctxHi);
      const lo = engine.call(subprog);
      done++;
      if (lo !== 0 || vm.r0Hi !== 0) break;
    }
  }
  regs[0] = done;
  regs[1] = 0;
}

/** Calls a helper with its words of the register file; leaves r0. */
function callHelper(vm: Vm, regs: Int32Array, call: ReadyCall): void {
  const w = call.words;
  const fn = call.impl.fn;
  if (call.slow) vm.slowTurn();
  let lo: number;
  switch (w.length) {
    case 0:
      lo = fn(vm);
      break;
    case 1:
      lo = fn(vm, regs[w[0]!]!);
      break;
    case 2:
      lo = fn(vm, regs[w[0]!]!, regs[w[1]!]!);
      break;
    case 3:
      lo = fn(vm, regs[w[0]!]!, regs[w[1]!]!, regs[w[2]!]!);
      break;
    case 4:
      lo = fn(vm, regs[w[0]!]!, regs[w[1]!]!, regs[w[2]!]!, regs[w[3]!]!);
      break;
    case 5:
      lo = fn(vm, regs[w[0]!]!, regs[w[1]!]!, regs[w[2]!]!, regs[w[3]!]!, regs[w[4]!]!);
      break;
    default:
      lo = fn(vm, ...w.map((word) => regs[word]!));
  }
  setResult(vm, regs, call.impl.ret, lo);
}

/** r0 from what an implementation returned. */
function setResult(vm: Vm, regs: Int32Array, ret: HelperImpl['ret'], lo: number): void {
  regs[0] = lo;
  if (ret === 'int') regs[1] = lo >> 31;
  else if (ret === 'ptr') regs[1] = lo === 0 ? 0 : BASE_HI;
  else if (ret === 'long') regs[1] = vm.r0Hi;
  else {
    regs[1] = 0;
    if (ret === 'void') regs[0] = 0;
  }
}

/** Whether a caller's registers are in this file. */
function isCallers(state: RunState, file: Int32Array): boolean {
  for (let i = 0; i < state.depth; i++) if (state.files[i] === file) return true;
  return false;
}

/** The slot's program of a tail call, or undefined: the call falls through. */
function tailTarget(vm: Vm, regs: Int32Array, site: TailSite): BpfProg | undefined {
  const map = site.map ?? vm.mapAt(regs[4]!);
  if (map === undefined || vm.tailCalls >= MAX_TAIL_CALL_CNT) return undefined;
  return vm.tailProgram(map, regs[6]!);
}

/**
 * The loop, from the word `at` of a program (`first`) with its register file on. `regs`:
 * the file the run began with, `state` its frames.
 * Returns r0's low half, its high half is left in the scratch block.
 *
 * Case labels are literals: a switch over anything else is a chain of comparisons.
 */
function execute(vm: Vm, regs: Int32Array, state: RunState, first: Interpreter, file: Int32Array, at: number): number {
  const arena = vm.env.arena;
  const view = arena.view;
  const u8 = arena.u8;
  const hooked = vm.hook !== undefined;
  let self = first;
  let R = file;
  let C = hooked ? self.trapped : self.code;
  let p = at;
  for (;;) {
    const word = C[p]!;
    let op = word & 511;
    const d = (word >> 9) & 31;
    let s = word >>> 14;
    p += 3;
    redo: for (;;) {
      switch (op) {
        // --- moves
        case 0xbf:
          R[d] = R[s]!;
          R[d + 1] = R[s + 1]!;
          break;
        case 0xbc:
          R[d] = R[s]!;
          R[d + 1] = 0;
          break;
        case 0x18: // lddw
          R[d] = R[s]!;
          R[d + 1] = R[s + 1]!;
          p += 3;
          break;
        case 270: {
          // movsx to 64 bits
          const bits = C[p - 2]!;
          const v = bits === 8 ? (R[s]! << 24) >> 24 : bits === 16 ? (R[s]! << 16) >> 16 : R[s]!;
          R[d] = v;
          R[d + 1] = v >> 31;
          break;
        }
        case 271: // movsx to 32 bits
          R[d] = C[p - 2] === 8 ? (R[s]! << 24) >> 24 : (R[s]! << 16) >> 16;
          R[d + 1] = 0;
          break;
        case 269: {
          // addr_space_cast to the user's address
          const lo = R[s]!;
          R[d] = lo;
          R[d + 1] = lo === 0 || C[p - 2] === 0 ? 0 : arenaUserHi(self.linked.arena!);
          break;
        }
        // --- arithmetic, 64 bits
        case 0x0f: {
          const a = R[d]!;
          const r = (a + R[s]!) | 0;
          R[d + 1] = R[d + 1]! + R[s + 1]! + (r >>> 0 < a >>> 0 ? 1 : 0);
          R[d] = r;
          break;
        }
        case 0x1f: {
          const a = R[d]!;
          const b = R[s]!;
          R[d + 1] = R[d + 1]! - R[s + 1]! - (a >>> 0 < b >>> 0 ? 1 : 0);
          R[d] = a - b;
          break;
        }
        case 0x2f:
          mul64(R, d, s);
          break;
        case 0x3f:
          div64(R, d, s);
          break;
        case 0x9f:
          mod64(R, d, s);
          break;
        case 272:
          sdiv64(R, d, s);
          break;
        case 274:
          smod64(R, d, s);
          break;
        case 0x4f:
          R[d] = R[d]! | R[s]!;
          R[d + 1] = R[d + 1]! | R[s + 1]!;
          break;
        case 0x5f:
          R[d] = R[d]! & R[s]!;
          R[d + 1] = R[d + 1]! & R[s + 1]!;
          break;
        case 0xaf:
          R[d] = R[d]! ^ R[s]!;
          R[d + 1] = R[d + 1]! ^ R[s + 1]!;
          break;
        case 0x6f: {
          const k = R[s]! & 63;
          if (k >= 32) {
            R[d + 1] = R[d]! << (k - 32);
            R[d] = 0;
          } else if (k !== 0) {
            R[d + 1] = (R[d + 1]! << k) | (R[d]! >>> (32 - k));
            R[d] = R[d]! << k;
          }
          break;
        }
        case 0x7f: {
          const k = R[s]! & 63;
          if (k >= 32) {
            R[d] = R[d + 1]! >>> (k - 32);
            R[d + 1] = 0;
          } else if (k !== 0) {
            R[d] = (R[d]! >>> k) | (R[d + 1]! << (32 - k));
            R[d + 1] = R[d + 1]! >>> k;
          }
          break;
        }
        case 0xcf: {
          const k = R[s]! & 63;
          if (k >= 32) {
            R[d] = R[d + 1]! >> (k - 32);
            R[d + 1] = R[d + 1]! >> 31;
          } else if (k !== 0) {
            R[d] = (R[d]! >>> k) | (R[d + 1]! << (32 - k));
            R[d + 1] = R[d + 1]! >> k;
          }
          break;
        }
        case 0x87: {
          const a = R[d]!;
          R[d] = -a;
          R[d + 1] = ~R[d + 1]! + (a === 0 ? 1 : 0);
          break;
        }
        // --- arithmetic, 32 bits: the upper half becomes 0
        case 0x0c:
          R[d] = R[d]! + R[s]!;
          R[d + 1] = 0;
          break;
        case 0x1c:
          R[d] = R[d]! - R[s]!;
          R[d + 1] = 0;
          break;
        case 0x2c:
          R[d] = Math.imul(R[d]!, R[s]!);
          R[d + 1] = 0;
          break;
        case 0x3c:
          R[d] = R[s] === 0 ? 0 : (R[d]! >>> 0) / (R[s]! >>> 0);
          R[d + 1] = 0;
          break;
        case 0x9c:
          if (R[s] !== 0) R[d] = (R[d]! >>> 0) % (R[s]! >>> 0);
          R[d + 1] = 0;
          break;
        case 273:
          R[d] = R[s] === 0 ? 0 : (R[d]! / R[s]!) | 0;
          R[d + 1] = 0;
          break;
        case 275:
          if (R[s] !== 0) R[d] = (R[d]! % R[s]!) | 0;
          R[d + 1] = 0;
          break;
        case 0x4c:
          R[d] = R[d]! | R[s]!;
          R[d + 1] = 0;
          break;
        case 0x5c:
          R[d] = R[d]! & R[s]!;
          R[d + 1] = 0;
          break;
        case 0xac:
          R[d] = R[d]! ^ R[s]!;
          R[d + 1] = 0;
          break;
        case 0x6c:
          R[d] = R[d]! << R[s]!;
          R[d + 1] = 0;
          break;
        case 0x7c:
          R[d] = R[d]! >>> R[s]!;
          R[d + 1] = 0;
          break;
        case 0xcc:
          R[d] = R[d]! >> R[s]!;
          R[d + 1] = 0;
          break;
        case 0x84:
          R[d] = -R[d]!;
          R[d + 1] = 0;
          break;
        // --- a move and an operation on its target; the instruction after it is passed over
        case 282: {
          const x = C[p - 2]!;
          const a = R[x]!;
          const r = (a + R[s]!) | 0;
          R[d + 1] = R[x + 1]! + R[s + 1]! + (r >>> 0 < a >>> 0 ? 1 : 0);
          R[d] = r;
          p += 3;
          break;
        }
        case 283: {
          const x = C[p - 2]!;
          const a = R[x]!;
          const b = R[s]!;
          R[d + 1] = R[x + 1]! - R[s + 1]! - (a >>> 0 < b >>> 0 ? 1 : 0);
          R[d] = a - b;
          p += 3;
          break;
        }
        case 284: {
          const x = C[p - 2]!;
          const lo = R[x]! & R[s]!;
          R[d + 1] = R[x + 1]! & R[s + 1]!;
          R[d] = lo;
          p += 3;
          break;
        }
        case 285: {
          const x = C[p - 2]!;
          const lo = R[x]! | R[s]!;
          R[d + 1] = R[x + 1]! | R[s + 1]!;
          R[d] = lo;
          p += 3;
          break;
        }
        case 286: {
          const x = C[p - 2]!;
          const lo = R[x]! ^ R[s]!;
          R[d + 1] = R[x + 1]! ^ R[s + 1]!;
          R[d] = lo;
          p += 3;
          break;
        }
        case 287: {
          const x = C[p - 2]!;
          const k = R[s]! & 63;
          const lo = R[x]!;
          if (k >= 32) {
            R[d + 1] = lo << (k - 32);
            R[d] = 0;
          } else {
            R[d + 1] = k === 0 ? R[x + 1]! : (R[x + 1]! << k) | (lo >>> (32 - k));
            R[d] = lo << k;
          }
          p += 3;
          break;
        }
        case 288: {
          const x = C[p - 2]!;
          const k = R[s]! & 63;
          const hi = R[x + 1]!;
          if (k >= 32) {
            R[d] = hi >>> (k - 32);
            R[d + 1] = 0;
          } else {
            R[d] = k === 0 ? R[x]! : (R[x]! >>> k) | (hi << (32 - k));
            R[d + 1] = hi >>> k;
          }
          p += 3;
          break;
        }
        case 289: {
          const x = C[p - 2]!;
          const k = R[s]! & 63;
          const hi = R[x + 1]!;
          if (k >= 32) {
            R[d] = hi >> (k - 32);
            R[d + 1] = hi >> 31;
          } else {
            R[d] = k === 0 ? R[x]! : (R[x]! >>> k) | (hi << (32 - k));
            R[d + 1] = hi >> k;
          }
          p += 3;
          break;
        }
        case 290:
          R[d] = R[C[p - 2]!]! + R[s]!;
          R[d + 1] = 0;
          p += 3;
          break;
        case 291:
          R[d] = R[C[p - 2]!]! - R[s]!;
          R[d + 1] = 0;
          p += 3;
          break;
        case 292:
          R[d] = Math.imul(R[C[p - 2]!]!, R[s]!);
          R[d + 1] = 0;
          p += 3;
          break;
        case 293:
          R[d] = R[C[p - 2]!]! & R[s]!;
          R[d + 1] = 0;
          p += 3;
          break;
        case 294:
          R[d] = R[C[p - 2]!]! | R[s]!;
          R[d + 1] = 0;
          p += 3;
          break;
        case 295:
          R[d] = R[C[p - 2]!]! ^ R[s]!;
          R[d + 1] = 0;
          p += 3;
          break;
        case 296:
          R[d] = R[C[p - 2]!]! << R[s]!;
          R[d + 1] = 0;
          p += 3;
          break;
        case 297:
          R[d] = R[C[p - 2]!]! >>> R[s]!;
          R[d + 1] = 0;
          p += 3;
          break;
        // --- byte order
        case 0xd4: // le
          if (C[p - 1] !== 64) {
            if (C[p - 1] === 16) R[d] = R[d]! & 0xffff;
            R[d + 1] = 0;
          }
          break;
        case 0xdc: // be
        case 0xd7: {
          const width = C[p - 1];
          const lo = R[d]!;
          if (width === 64) {
            R[d] = swap32(R[d + 1]!);
            R[d + 1] = swap32(lo);
          } else {
            R[d] = width === 16 ? ((lo & 255) << 8) | ((lo >>> 8) & 255) : swap32(lo);
            R[d + 1] = 0;
          }
          break;
        }
        // --- loads
        case 0x71:
          R[d] = u8[R[s]! + C[p - 2]!]!;
          R[d + 1] = 0;
          break;
        case 0x69:
          R[d] = view.getUint16(R[s]! + C[p - 2]!, true);
          R[d + 1] = 0;
          break;
        case 0x61:
          R[d] = view.getInt32(R[s]! + C[p - 2]!, true);
          R[d + 1] = 0;
          break;
        case 0x79:
        case 256: {
          const a = R[s]! + C[p - 2]!;
          R[d] = view.getInt32(a, true);
          R[d + 1] = view.getInt32(a + 4, true);
          break;
        }
        case 0x91: {
          const v = view.getInt8(R[s]! + C[p - 2]!);
          R[d] = v;
          R[d + 1] = v >> 31;
          break;
        }
        case 0x89: {
          const v = view.getInt16(R[s]! + C[p - 2]!, true);
          R[d] = v;
          R[d + 1] = v >> 31;
          break;
        }
        case 0x81: {
          const v = view.getInt32(R[s]! + C[p - 2]!, true);
          R[d] = v;
          R[d + 1] = v >> 31;
          break;
        }
        case 257: {
          // a load that reads 0 where it would fault
          const opcode = C[p - 1]!;
          const size = accessSize(opcode);
          const off = C[p - 2]!;
          if (probeOk(arena, R[s]!, R[s + 1]!, off, size))
            load(view, R, d, R[s]! + off, size, (opcode & 0xe0) === 0x80);
          else {
            R[d] = 0;
            R[d + 1] = 0;
          }
          break;
        }
        case 258: {
          // through an arena pointer
          const what = C[p - 1]!;
          const pointer = (what & 7) === 1 || what >> 8 === 0x100 ? R[s]! : R[d]!;
          const address = arenaAddress(self.linked.arena, pointer, C[p - 2]!, accessSize(what & 255));
          arenaAccess(view, R, what, d, s, address);
          break;
        }
        // --- stores
        case 0x73:
          u8[R[d]! + C[p - 2]!] = R[s]!;
          break;
        case 0x6b:
          view.setInt16(R[d]! + C[p - 2]!, R[s]!, true);
          break;
        case 279:
          // a context field that takes no values from a limit on
          if (R[s + 1] === 0 && R[s]! >>> 0 < C[p - 1]!) view.setInt16(R[d]! + C[p - 2]!, R[s]!, true);
          break;
        case 0x63:
          view.setInt32(R[d]! + C[p - 2]!, R[s]!, true);
          break;
        case 0x7b: {
          const a = R[d]! + C[p - 2]!;
          view.setInt32(a, R[s]!, true);
          view.setInt32(a + 4, R[s + 1]!, true);
          break;
        }
        case 0xdb:
        case 0xc3:
        case 0xcb:
        case 0xd3: {
          const what = C[p - 1]!;
          const base = what === 0x100 ? R[s]! : R[d]!;
          atomic(view, R, d, s, base + C[p - 2]!, accessSize(op), what);
          break;
        }
        // --- jumps
        case 0x05:
          p = C[p - 1]!;
          break;
        case 0x1d:
          if (R[d] === R[s] && R[d + 1] === R[s + 1]) p = C[p - 1]!;
          break;
        case 0x5d:
          if (R[d] !== R[s] || R[d + 1] !== R[s + 1]) p = C[p - 1]!;
          break;
        case 0x2d: {
          const a = R[d + 1]!;
          const b = R[s + 1]!;
          if (a === b ? R[d]! >>> 0 > R[s]! >>> 0 : a >>> 0 > b >>> 0) p = C[p - 1]!;
          break;
        }
        case 0x3d: {
          const a = R[d + 1]!;
          const b = R[s + 1]!;
          if (a === b ? R[d]! >>> 0 >= R[s]! >>> 0 : a >>> 0 > b >>> 0) p = C[p - 1]!;
          break;
        }
        case 0xad: {
          const a = R[d + 1]!;
          const b = R[s + 1]!;
          if (a === b ? R[d]! >>> 0 < R[s]! >>> 0 : a >>> 0 < b >>> 0) p = C[p - 1]!;
          break;
        }
        case 0xbd: {
          const a = R[d + 1]!;
          const b = R[s + 1]!;
          if (a === b ? R[d]! >>> 0 <= R[s]! >>> 0 : a >>> 0 < b >>> 0) p = C[p - 1]!;
          break;
        }
        case 0x6d: {
          const a = R[d + 1]!;
          const b = R[s + 1]!;
          if (a === b ? R[d]! >>> 0 > R[s]! >>> 0 : a > b) p = C[p - 1]!;
          break;
        }
        case 0x7d: {
          const a = R[d + 1]!;
          const b = R[s + 1]!;
          if (a === b ? R[d]! >>> 0 >= R[s]! >>> 0 : a > b) p = C[p - 1]!;
          break;
        }
        case 0xcd: {
          const a = R[d + 1]!;
          const b = R[s + 1]!;
          if (a === b ? R[d]! >>> 0 < R[s]! >>> 0 : a < b) p = C[p - 1]!;
          break;
        }
        case 0xdd: {
          const a = R[d + 1]!;
          const b = R[s + 1]!;
          if (a === b ? R[d]! >>> 0 <= R[s]! >>> 0 : a < b) p = C[p - 1]!;
          break;
        }
        case 0x4d:
          if (((R[d]! & R[s]!) | (R[d + 1]! & R[s + 1]!)) !== 0) p = C[p - 1]!;
          break;
        case 0x1e:
          if (R[d] === R[s]) p = C[p - 1]!;
          break;
        case 0x5e:
          if (R[d] !== R[s]) p = C[p - 1]!;
          break;
        case 0x2e:
          if (R[d]! >>> 0 > R[s]! >>> 0) p = C[p - 1]!;
          break;
        case 0x3e:
          if (R[d]! >>> 0 >= R[s]! >>> 0) p = C[p - 1]!;
          break;
        case 0xae:
          if (R[d]! >>> 0 < R[s]! >>> 0) p = C[p - 1]!;
          break;
        case 0xbe:
          if (R[d]! >>> 0 <= R[s]! >>> 0) p = C[p - 1]!;
          break;
        case 0x6e:
          if (R[d]! > R[s]!) p = C[p - 1]!;
          break;
        case 0x7e:
          if (R[d]! >= R[s]!) p = C[p - 1]!;
          break;
        case 0xce:
          if (R[d]! < R[s]!) p = C[p - 1]!;
          break;
        case 0xde:
          if (R[d]! <= R[s]!) p = C[p - 1]!;
          break;
        case 0x4e:
          if ((R[d]! & R[s]!) !== 0) p = C[p - 1]!;
          break;
        case 268: // may_goto
          if (state.mayGotoLeft === 0) p = C[p - 1]!;
          else if (--state.mayGotoLeft === 0) {
            state.mayGotoStart = vm.mayGoto(state.mayGotoStart);
            if (state.mayGotoStart >= 0) state.mayGotoLeft = vm.mayGotoTurns;
          }
          break;
        // --- calls
        case 280: // call of a global function
          vm.loopTurn();
          pushFrame(state, self, R, p, C[p - 2]! >> 24);
          R[20] = R[20]! - (C[p - 2]! & 0xffffff);
          p = C[p - 1]!;
          break;
        case 265: // call of a function
          pushFrame(state, self, R, p, C[p - 2]! >> 24);
          R[20] = R[20]! - (C[p - 2]! & 0xffffff);
          p = C[p - 1]!;
          break;
        case 0x95: {
          if (state.depth === 0) {
            if (R !== regs && R === self.regs) self.busy = false;
            vm.r0Hi = R[1]!;
            return R[0]!;
          }
          const caller = state.files[state.depth - 1]!;
          if (R !== caller) {
            caller[0] = R[0]!;
            caller[1] = R[1]!;
            if (R === self.regs) self.busy = false;
            R = caller;
            self = state.engines[state.depth - 1]!;
            C = hooked ? self.trapped : self.code;
          }
          p = popFrame(state, R);
          break;
        }
        case 259: {
          const call = self.ready[C[p - 1]!]!;
          if (call.impl.callsBack === true) vm.sp = R[20]! - C[p - 2]!;
          callHelper(vm, R, call);
          break;
        }
        case 260: {
          const site = self.sites[C[p - 1]!] as MapSite;
          const value = site.ops.lookup(site.map, R[4]!);
          R[0] = value;
          R[1] = value === 0 ? 0 : -30592;
          break;
        }
        case 281: {
          const { map } = self.sites[C[p - 1]!] as unknown as { map: ArrayMap };
          const index = view.getUint32(R[4]!, true);
          if (index < map.maxEntries) {
            R[0] = map.values + index * map.elemSize;
            R[1] = -30592;
          } else {
            R[0] = 0;
            R[1] = 0;
          }
          break;
        }
        case 261: {
          const site = self.sites[C[p - 1]!] as MapSite;
          // Flags are 64 bits; a set upper half is invalid like any unknown flag.
          if (site.map.valueSize >= SLOW_VALUE) vm.slowTurn();
          const r = site.ops.update(site.map, R[4]!, R[6]!, R[9] === 0 ? R[8]! : -1);
          R[0] = r;
          R[1] = r >> 31;
          break;
        }
        case 262: {
          const site = self.sites[C[p - 1]!] as MapSite;
          const r = site.ops.remove(site.map, R[4]!);
          R[0] = r;
          R[1] = r >> 31;
          break;
        }
        case 263: {
          const target = tailTarget(vm, R, self.sites[C[p - 1]!] as TailSite);
          if (target === undefined) break;
          vm.countTailCall();
          const next = target.interp;
          // Callers of this program keep their register file: a function that is left this way saved only what it writes.
          if (next !== self || R !== self.regs || state.depth > 0) {
            const file = next.busy ? next.regs.slice() : next.regs;
            if (file === next.regs) next.busy = true;
            file[2] = R[2]!;
            file[3] = R[3]!;
            file[20] = R[20]!;
            file[21] = BASE_HI;
            if (R === self.regs && R !== regs && !isCallers(state, R)) self.busy = false;
            R = file;
            self = next;
            C = hooked ? self.trapped : self.code;
          }
          state.mayGotoLeft = self.firstTurns;
          state.mayGotoStart = self.turnsLog;
          state.base = state.depth;
          p = 0;
          break;
        }
        case 264: {
          vm.sp = R[20]! - C[p - 2]!;
          const site = self.sites[C[p - 1]!] as { subprog: number };
          loopHelper(vm, self, R, site.subprog);
          break;
        }
        // --- packet loads of classic BPF: r6 is the context; out of bounds ends the function with 0
        case 266:
        case 267: {
          const offset = op === 266 ? C[p - 1]! : (R[s]! + C[p - 1]!) | 0;
          const value = vm.loadAbs(vm, R[12]!, offset, C[p - 2]!);
          R[1] = 0;
          if (value < 0) {
            R[0] = 0;
            op = 0x95;
            continue redo;
          }
          R[0] = value;
          break;
        }
        case 278: {
          // a constant beyond the pool
          const constant = self.big.get(p - 3)!;
          s = BIG_CONST_WORD;
          R[s] = constant.lo;
          R[s + 1] = constant.hi;
          op = constant.op;
          continue redo;
        }
        case 277: // a hook is on
          vm.hook?.(self.prog, p / 3 - 1, R);
          op = self.plain[p - 3]! & 511;
          continue redo;
        default:
          throw new ProgramAborted(`Instruction ${p / 3 - 1} cannot be executed: the verifier never reached it`);
      }
      break;
    }
  }
}
