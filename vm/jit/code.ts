/**
 * The code of one function while it is written: locals, registers, constants.
 *
 * A program's function is `(i64 r1, …, i64 r5, i32 fp) -> i64`: fp is the arena offset
 * of its stack frame's upper end. r10 is `BASE_HI << 32 | fp`. Stack accesses go
 * through `fb`, the frame's lower end, since the offset of a WebAssembly access is
 * unsigned.
 */
import { BASE_HI } from '../../mm/arena.ts';
import { BPF_REG_FP } from '../insn.ts';
import { ByteBuffer } from './buffer.ts';
import { F64, I32, I64, W } from './wasm.ts';

/** Parameter types of a program's function. */
export const FUNC_PARAMS = [I64, I64, I64, I64, I64, I32] as const;

/** Local variables: parameters r1 to r5 and fp come first. */
export const LOCAL = {
  FP: 5,
  R0: 6,
  /** r6 to r9 are 7 to 10. */
  T64: 11,
  U64: 12,
  T32: 13,
  U32: 14,
  /** The next block of the dispatcher. */
  PC: 15,
  /** Turns of may_goto before the clock is looked at, and when its loops began. */
  MAY_GOTO_LEFT: 16,
  /** The frame's lower end. */
  FB: 17,
  MAY_GOTO_START: 18,
  TF64: 19,
} as const;

/** Locals after the parameters that every function has. */
const LOCALS = [
  [7, I64],
  [5, I32],
  [2, F64],
] as const;

/** Number of the first local beyond those. */
const FIRST_EXTRA = 20;

const REG_LOCAL: readonly number[] = [LOCAL.R0, 0, 1, 2, 3, 4, 7, 8, 9, 10];

/** Where the registers and the stack of a function are: its own, or those of a function written in place. */
export interface Frame {
  /** Locals of r0 to r9. */
  readonly regs: readonly number[];
  readonly fp: number;
  readonly fb: number;
  /** Bytes of stack below fp. */
  readonly depth: number;
}

/** A writer of one function. */
export class Code {
  readonly out: ByteBuffer;
  /** The function whose instructions are written just now. */
  frame: Frame;
  /** Types of the locals beyond the ones every function has. */
  readonly #extra: number[] = [];
  /** The function is not the main one. */
  isSubprog = false;
  /** Instructions of other functions written in place so far. */
  inlined = 0;

  constructor(depth: number, capacity: number) {
    this.frame = { regs: REG_LOCAL, fp: LOCAL.FP, fb: LOCAL.FB, depth };
    this.out = new ByteBuffer(capacity);
  }

  /** One more local. */
  newLocal(type: number): number {
    return FIRST_EXTRA + this.#extra.push(type) - 1;
  }

  /** Locals after the parameters, as (count, type). */
  get locals(): (readonly [number, number])[] {
    const groups: (readonly [number, number])[] = [...LOCALS];
    for (const type of this.#extra) {
      const last = groups[groups.length - 1]!;
      if (groups.length > LOCALS.length && last[1] === type) groups[groups.length - 1] = [last[0] + 1, type];
      else groups.push([1, type]);
    }
    return groups;
  }

  op(opcode: number): void {
    this.out.byte(opcode);
  }

  local(opcode: number, index: number): void {
    this.out.byte(opcode);
    this.out.uleb(index);
  }

  i32(value: number): void {
    this.out.byte(W.i32_const);
    this.out.sleb(value);
  }

  i64(lo: number, hi: number): void {
    this.out.byte(W.i64_const);
    this.out.sleb64(lo, hi);
  }

  /** Pushes a 64-bit register. */
  get(reg: number): void {
    if (reg !== BPF_REG_FP) {
      this.local(W.local_get, this.frame.regs[reg]!);
      return;
    }
    this.local(W.local_get, this.frame.fp);
    this.op(W.i64_extend_i32_u);
    this.i64(0, BASE_HI | 0);
    this.op(W.i64_or);
  }

  /** Pushes the low half of a register. */
  get32(reg: number): void {
    if (reg === BPF_REG_FP) {
      this.local(W.local_get, this.frame.fp);
      return;
    }
    this.local(W.local_get, this.frame.regs[reg]!);
    this.op(W.i32_wrap_i64);
  }

  /** Pushes the high half of a register. */
  getHi(reg: number): void {
    this.get(reg);
    this.i64(32, 0);
    this.op(W.i64_shr_u);
    this.op(W.i32_wrap_i64);
  }

  /** Pops a 64-bit register. */
  set(reg: number): void {
    this.local(W.local_set, this.frame.regs[reg]!);
  }

  /** Pops an i32, zero-extended. */
  set32(reg: number): void {
    this.op(W.i64_extend_i32_u);
    this.set(reg);
  }

  /** A load or store; the address is on the stack. No alignment is promised. */
  memory(opcode: number, offset: number): void {
    this.out.byte(opcode);
    this.out.byte(0);
    this.out.uleb(offset);
  }

  /**
   * Pushes the arena offset of `reg + off` as far as needed, and returns the rest: the
   * offset for the access itself.
   */
  address(reg: number, off: number): number {
    if (reg === BPF_REG_FP && off < 0 && off >= -this.frame.depth) {
      this.local(W.local_get, this.frame.fb);
      return this.frame.depth + off;
    }
    this.get32(reg);
    if (off >= 0) return off;
    this.i32(off);
    this.op(W.i32_add);
    return 0;
  }

  /** An i32 on the stack (an arena offset or 0) becomes a pointer or NULL in `reg`. */
  setPointer(reg: number): void {
    this.local(W.local_tee, LOCAL.T32);
    this.op(W.i64_extend_i32_u);
    this.i64(0, BASE_HI | 0);
    this.op(W.i64_or);
    this.i64(0, 0);
    this.local(W.local_get, LOCAL.T32);
    this.op(W.select);
    this.set(reg);
  }

  call(func: number): void {
    this.op(W.call);
    this.out.uleb(func);
  }

  branch(opcode: number, label: number): void {
    this.op(opcode);
    this.out.uleb(label);
  }
}
