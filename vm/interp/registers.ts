/**
 * The registers of the interpreter, as a CPU has them: one set, whoever runs. A run
 * within a run (a callback, a program run by a helper) saves them first and puts them
 * back ({@link Interpreter}).
 *
 * A register is two int32 words, one in each of two arrays of the same length: both
 * halves have the same index, so the loop checks it once. Arrays that never change
 * are constants for the compiler of the loop, with no check of their type or size.
 */
import { MAX_BPF_REG, MAX_CALL_FRAMES, MAX_TAIL_CALL_CNT } from '../insn.ts';

/** Low and high halves of r0 to r10; {@link TEMP} is for the interpreter. Arrays this long lie outside of V8's heap. */
export const REGS_LO = new Int32Array(32);
export const REGS_HI = new Int32Array(32);

/** A register no program can name: constants of rare instructions. */
export const TEMP = MAX_BPF_REG;

/**
 * Frames of the runs under way, and what passes between the loop and the slow operations:
 *
 * - {@link FRAME_TOP}: index of the first free word;
 * - {@link FRAME_WORD}: the word of the instruction the loop left at;
 * - {@link MAY_GOTO_LEFT}: turns of may_goto until the clock is looked at, in the function that runs;
 * - from {@link FIRST_FRAME} on: frames. One frame: the halves of those of r6 to r9 that the function
 *   called writes, then the index of the call instruction, or {@link BOTTOM} or {@link SPECIAL}.
 */
export const FRAMES = new Int32Array(1 << 15);
export const FRAME_TOP = 0;
export const FRAME_WORD = 1;
export const MAY_GOTO_LEFT = 2;
export const FIRST_FRAME = 4;

/** Ends a run: nothing called the function. */
export const BOTTOM = -1;
/** Where the caller goes on is in a {@link SpecialFrame}. */
export const SPECIAL = -2;

/** Words the frames of one program may take, and the registers saved by a run within a run. */
const PROGRAM_FRAMES = MAX_CALL_FRAMES * 9 + 2 * MAX_BPF_REG + 2;
/** Frames that a chain of tail calls leaves behind always have room for a few runs within runs. */
export const MAX_FRAMES = FRAMES.length - PROGRAM_FRAMES * (MAX_TAIL_CALL_CNT + 1);

FRAMES[FRAME_TOP] = FIRST_FRAME;
