/**
 * Frames that the loop does not know how to leave: of callers that go on in another
 * program (a function made a tail call), or whose may_goto has a clock.
 */
import { E2BIG } from '../../uapi/errno.ts';
import { BPF_MAX_LOOPS } from '../insn.ts';
import { ProgramAborted } from '../vm.ts';
import type { Interpreter } from './interp.ts';
import { FRAME_TOP, FRAMES, MAX_FRAMES, MAY_GOTO_LEFT, REGS_HI, REGS_LO, SPECIAL } from './registers.ts';

// Constants of this module are constants for V8's compiler; what is imported is not.
const RL = REGS_LO;
const RH = REGS_HI;
const F = FRAMES;
const TOP = FRAME_TOP;
const LEFT = MAY_GOTO_LEFT;
const MARK = SPECIAL;

/** One frame whose index in the frames is {@link SPECIAL}. */
class SpecialFrame {
  engine: Interpreter | undefined = undefined;
  /** The call instruction. */
  at = 0;
  /** First word of the frames above it. */
  top = 0;
  /** {@link RunState.base} before. */
  base = 0;
  mayGotoLeft = 0;
  mayGoto = 0;
  /** bpf_loop calls the function: its turns all in all, those that are over, and the callback's context and entry. 0: it is not. */
  turns = 0;
  done = 0;
  ctxLo = 0;
  ctxHi = 0;
  entry = 0;
  /** A tail call put another program in the place of the function called: r6 to r9 as the function left them. */
  crossed = false;
  readonly saved = new Int32Array(8);

  /** r6 to r9 as they are now, to be had back. */
  saveRegs(): void {
    this.crossed = true;
    for (let i = 0; i < 4; i++) {
      this.saved[i] = RL[6 + i]!;
      this.saved[4 + i] = RH[6 + i]!;
    }
  }
}

/** What the runs under way have besides registers and frames: saved and put back like them. */
class RunState {
  /** Frames up to here belong to the functions whose tail calls began the main program that runs. */
  base = 0;
  /** State of the may_goto loops of the function that runs (`Vm.mayGoto`). */
  mayGoto = 0;
  /** Special frames in use. */
  count = 0;
  readonly special: SpecialFrame[] = [];
}

/** Of all machines: one run at a time is the innermost. */
export const RUN = new RunState();
const run = RUN;

/** Makes the topmost frame a special one. */
function push(engine: Interpreter, at: number): SpecialFrame {
  const top = F[TOP]!;
  let frame = run.special[run.count];
  if (frame === undefined) {
    frame = new SpecialFrame();
    run.special.push(frame);
  }
  run.count++;
  frame.engine = engine;
  frame.at = at;
  frame.top = top;
  frame.base = run.base;
  frame.mayGotoLeft = F[LEFT]!;
  frame.mayGoto = run.mayGoto;
  frame.crossed = false;
  frame.turns = 0;
  F[top - 1] = MARK;
  return frame;
}

/** A call as the loop makes it, in a program with may_goto: the caller's clock waits, the function has its own. */
export function timedCall(engine: Interpreter, at: number, word: number): void {
  let top = F[TOP]!;
  for (let i = 0; i < 4; i++) {
    if (((word >> (8 + i)) & 1) === 0) continue;
    F[top++] = RL[6 + i]!;
    F[top++] = RH[6 + i]!;
  }
  F[TOP] = top + 1;
  RL[10] = RL[10]! - (word >> 16);
  push(engine, at);
  startClock(engine);
}

/** A clock for the loops of a function that begins. */
export function startClock(engine: Interpreter): void {
  F[LEFT] = engine.firstTurns;
  run.mayGoto = engine.turnsLog;
}

/**
 * A main program begins by a tail call of `engine`. When a function makes it, its caller keeps what the
 * function had not saved because it does not write it.
 */
export function enterMain(engine: Interpreter, next: Interpreter): void {
  const top = F[TOP]!;
  if (top > run.base) {
    if (top > MAX_FRAMES) throw new ProgramAborted('Too many call frames');
    const at = F[top - 1]!;
    const frame = at === MARK ? run.special[run.count - 1]! : push(engine, at);
    frame.saveRegs();
    run.base = top;
  }
  startClock(next);
}

/**
 * Begins a call of bpf_loop where it is written as a loop (`inline_bpf_loop`): the callback in
 * a new frame, until it returns non-zero or there were enough turns. False: there is no turn,
 * r0 is set; -E2BIG is only 32 bits there. `at`, `word`: the call instruction.
 */
export function beginLoop(engine: Interpreter, at: number, word: number, entry: number): boolean {
  const turns = RL[1]! >>> 0;
  const isTooMany = RH[1] !== 0 || turns > BPF_MAX_LOOPS;
  if (isTooMany || turns === 0) {
    RL[0] = isTooMany ? -E2BIG : 0;
    RH[0] = 0;
    return false;
  }
  F[TOP]!++;
  const frame = push(engine, at);
  frame.saveRegs();
  frame.turns = turns;
  frame.done = 0;
  frame.ctxLo = RL[3]!;
  frame.ctxHi = RH[3]!;
  frame.entry = entry;
  RL[10] = RL[10]! - (word >> 16);
  beginTurn(frame, engine);
  return true;
}

function beginTurn(frame: SpecialFrame, engine: Interpreter): void {
  RL[1] = frame.done;
  RH[1] = 0;
  RL[2] = frame.ctxLo;
  RH[2] = frame.ctxHi;
  if (engine.timed) startClock(engine);
}

/** A function that bpf_loop called ends: whether it is called again, in the frame it has; else r0 are the turns. */
export function nextTurn(frame: SpecialFrame): boolean {
  frame.done++;
  if ((RL[0]! | RH[0]!) === 0 && frame.done < frame.turns) {
    // A tail call of the callback ends with it.
    run.base = frame.base;
    beginTurn(frame, frame.engine!);
    return true;
  }
  RL[0] = frame.done;
  RH[0] = 0;
  return false;
}

/** The special frame that is the topmost frame. */
export function topSpecial(): SpecialFrame {
  return run.special[run.count - 1]!;
}

/** Leaves the topmost frame, a special one, but for the registers in it: whose it is. */
export function leaveSpecial(): SpecialFrame {
  const frame = run.special[--run.count]!;
  F[TOP] = frame.top;
  F[LEFT] = frame.mayGotoLeft;
  F[frame.top - 1] = frame.at;
  run.base = frame.base;
  run.mayGoto = frame.mayGoto;
  if (frame.crossed) {
    for (let i = 0; i < 4; i++) {
      RL[6 + i] = frame.saved[i]!;
      RH[6 + i] = frame.saved[4 + i]!;
    }
  }
  return frame;
}

/** Drops the frames of the main program that runs: down to those of the function whose tail call began it. */
export function dropMain(): void {
  while (run.special[run.count - 1]!.top > run.base) run.count--;
  F[TOP] = run.base;
}
