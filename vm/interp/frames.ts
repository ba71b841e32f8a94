/**
 * Frames that the loop does not know how to leave: of callers that go on in another
 * program (a function made a tail call), or whose may_goto has a clock.
 */
import { ProgramAborted } from '../vm.ts';
import type { Interpreter } from './interp.ts';
import { FRAME_TOP, FRAMES, MAX_FRAMES, MAY_GOTO_LEFT, REGS_HI, REGS_LO, SPECIAL } from './registers.ts';

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
  /** A tail call put another program in the place of the function called: r6 to r9 as the function left them. */
  crossed = false;
  readonly saved = new Int32Array(8);
}

/** What the runs under way have besides registers and frames: saved and put back like them. */
export class RunState {
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

/** Makes the topmost frame a special one. */
function push(engine: Interpreter, at: number): SpecialFrame {
  const top = FRAMES[FRAME_TOP]!;
  let frame = RUN.special[RUN.count];
  if (frame === undefined) {
    frame = new SpecialFrame();
    RUN.special.push(frame);
  }
  RUN.count++;
  frame.engine = engine;
  frame.at = at;
  frame.top = top;
  frame.base = RUN.base;
  frame.mayGotoLeft = FRAMES[MAY_GOTO_LEFT]!;
  frame.mayGoto = RUN.mayGoto;
  frame.crossed = false;
  FRAMES[top - 1] = SPECIAL;
  return frame;
}

/** A call as the loop makes it, in a program with may_goto: the caller's clock waits, the function has its own. */
export function timedCall(engine: Interpreter, at: number, word: number): void {
  let top = FRAMES[FRAME_TOP]!;
  for (let i = 0; i < 4; i++) {
    if (((word >> (8 + i)) & 1) === 0) continue;
    FRAMES[top++] = REGS_LO[6 + i]!;
    FRAMES[top++] = REGS_HI[6 + i]!;
  }
  FRAMES[FRAME_TOP] = top + 1;
  REGS_LO[10] = REGS_LO[10]! - (word >> 16);
  push(engine, at);
  startClock(engine);
}

/** A clock for the loops of a function that begins. */
export function startClock(engine: Interpreter): void {
  FRAMES[MAY_GOTO_LEFT] = engine.firstTurns;
  RUN.mayGoto = engine.turnsLog;
}

/**
 * A main program begins by a tail call of `engine`. When a function makes it, its caller keeps what the
 * function had not saved because it does not write it.
 */
export function enterMain(engine: Interpreter, next: Interpreter): void {
  const top = FRAMES[FRAME_TOP]!;
  if (top > RUN.base) {
    if (top > MAX_FRAMES) throw new ProgramAborted('Too many call frames');
    const at = FRAMES[top - 1]!;
    const frame = at === SPECIAL ? RUN.special[RUN.count - 1]! : push(engine, at);
    frame.crossed = true;
    for (let i = 0; i < 4; i++) {
      frame.saved[i] = REGS_LO[6 + i]!;
      frame.saved[4 + i] = REGS_HI[6 + i]!;
    }
    RUN.base = top;
  }
  startClock(next);
}

/** Leaves the topmost frame, a special one, but for the registers in it: whose it is. */
export function leaveSpecial(): SpecialFrame {
  const frame = RUN.special[--RUN.count]!;
  FRAMES[FRAME_TOP] = frame.top;
  FRAMES[MAY_GOTO_LEFT] = frame.mayGotoLeft;
  FRAMES[frame.top - 1] = frame.at;
  RUN.base = frame.base;
  RUN.mayGoto = frame.mayGoto;
  if (frame.crossed) {
    for (let i = 0; i < 4; i++) {
      REGS_LO[6 + i] = frame.saved[i]!;
      REGS_HI[6 + i] = frame.saved[4 + i]!;
    }
  }
  return frame;
}

/** Drops the frames of the main program that runs: down to those of the function whose tail call began it. */
export function dropMain(): void {
  while (RUN.special[RUN.count - 1]!.top > RUN.base) RUN.count--;
  FRAMES[FRAME_TOP] = RUN.base;
}
