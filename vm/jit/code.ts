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
import { ByteBuffer, putSleb, putSleb64, putUleb } from './buffer.ts';
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

/** In place of a local for r10, which has none: what is written in one go below leaves it to the longer way. */
export const NO_LOCAL = 0xffff;

const REG_LOCAL: readonly number[] = [LOCAL.R0, 0, 1, 2, 3, 4, 7, 8, 9, 10, NO_LOCAL];

/** Where the registers and the stack of a function are: its own, or those of a function written in place. */
export interface Frame {
  /** Locals of r0 to r9, and {@link NO_LOCAL}. */
  readonly regs: readonly number[];
  readonly fp: number;
  readonly fb: number;
  /** Bytes of stack below fp. */
  readonly depth: number;
}

const {
  local_get: GET,
  local_set: SET,
  i32_wrap_i64: WRAP,
  i64_extend_i32_u: EXTEND,
  i32_const: I32_CONST,
  i64_const: I64_CONST,
} = W;

/** The upper half of every pointer: `i64.const`, `i64.or`. */
const BASE = new Uint8Array(16);
const BASE_LENGTH = putSleb64(BASE, 1, 0, BASE_HI | 0) + 1;
BASE[0] = W.i64_const;
BASE[BASE_LENGTH - 1] = W.i64_or;

/** A writer of one function. */
export class Code extends ByteBuffer {
  /** The function whose instructions are written just now. */
  frame: Frame;
  /** Types of the locals beyond the ones every function has. */
  readonly #extra: number[] = [];
  /** The function is not the main one. */
  isSubprog = false;
  /** Instructions of other functions written in place so far. */
  inlined = 0;

  constructor(depth: number, capacity: number) {
    super(capacity);
    this.frame = { regs: REG_LOCAL, fp: LOCAL.FP, fb: LOCAL.FB, depth };
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
    if (this.length > this.limit) this.grow();
    this.bytes[this.length++] = opcode;
  }

  /** An opcode and an index: of a local, a label, a function, or a block type. */
  local(opcode: number, index: number): void {
    if (this.length > this.limit) this.grow();
    const bytes = this.bytes;
    let at = this.length;
    bytes[at++] = opcode;
    if (index < 128) bytes[at++] = index;
    else at = putUleb(bytes, at, index);
    this.length = at;
  }

  i32(value: number): void {
    if (this.length > this.limit) this.grow();
    const bytes = this.bytes;
    let at = this.length;
    bytes[at++] = W.i32_const;
    if (value >= -64 && value < 64) bytes[at++] = value & 127;
    else at = putSleb(bytes, at, value);
    this.length = at;
  }

  i64(lo: number, hi: number): void {
    if (this.length > this.limit) this.grow();
    const bytes = this.bytes;
    let at = this.length;
    bytes[at++] = W.i64_const;
    if (lo >= -64 && lo < 64 && hi === lo >> 31) bytes[at++] = lo & 127;
    else at = putSleb64(bytes, at, lo, hi);
    this.length = at;
  }

  /** Pushes a 64-bit register. */
  get(reg: number): void {
    if (reg !== BPF_REG_FP) {
      this.local(W.local_get, this.frame.regs[reg]!);
      return;
    }
    this.local(W.local_get, this.frame.fp);
    this.op(W.i64_extend_i32_u);
    this.base();
  }

  /** An arena offset on the stack, as an i64, becomes a pointer. */
  base(): void {
    if (this.length > this.limit) this.grow();
    const bytes = this.bytes;
    let at = this.length;
    for (let i = 0; i < BASE_LENGTH; i++) bytes[at++] = BASE[i]!;
    this.length = at;
  }

  /** Pushes the low half of a register. */
  get32(reg: number): void {
    if (reg === BPF_REG_FP) {
      this.local(W.local_get, this.frame.fp);
      return;
    }
    this.local(W.local_get, this.frame.regs[reg]!);
    this.bytes[this.length++] = W.i32_wrap_i64;
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
    this.local(W.local_set, this.frame.regs[reg]!);
  }

  /** A load or store; the address is on the stack. No alignment is promised. */
  memory(opcode: number, offset: number): void {
    if (this.length > this.limit) this.grow();
    const bytes = this.bytes;
    let at = this.length;
    bytes[at++] = opcode;
    bytes[at++] = 0;
    if (offset >= 0 && offset < 128) bytes[at++] = offset;
    else at = putUleb(bytes, at, offset);
    this.length = at;
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
    this.base();
    this.i64(0, 0);
    this.local(W.local_get, LOCAL.T32);
    this.op(W.select);
    this.set(reg);
  }

  /** Destination, source and length are on the stack (they may overlap). */
  memoryCopy(): void {
    this.local(W.prefix_fc, W.fc_memory_copy);
    this.local(0, 0);
  }

  call(func: number): void {
    this.local(W.call, func);
  }

  branch(opcode: number, label: number): void {
    this.local(opcode, label);
  }

  // What most of a program consists of, each in one go where the locals' numbers are one byte.

  /** dst = dst op src in 64 bits; `src` -1: the immediate, sign-extended. */
  alu64(opcode: number, dst: number, src: number, imm: number): void {
    if (this.length > this.limit) this.grow();
    const { bytes } = this;
    const { regs } = this.frame;
    const d = regs[dst]!;
    const s = src < 0 ? 0 : regs[src]!;
    if (d > 127 || s > 127) {
      this.get(dst);
      this.second64(src, imm);
      this.op(opcode);
      this.set(dst);
      return;
    }
    let at = this.length;
    bytes[at++] = GET;
    bytes[at++] = d;
    if (src >= 0) {
      bytes[at++] = GET;
      bytes[at++] = s;
    } else {
      bytes[at++] = I64_CONST;
      if (imm >= -64 && imm < 64) bytes[at++] = imm & 127;
      else at = putSleb(bytes, at, imm);
    }
    bytes[at++] = opcode;
    bytes[at++] = SET;
    bytes[at++] = d;
    this.length = at;
  }

  /** As {@link alu64} in 32 bits: the result is zero-extended. */
  alu32(opcode: number, dst: number, src: number, imm: number): void {
    if (this.length > this.limit) this.grow();
    const { bytes } = this;
    const { regs } = this.frame;
    const d = regs[dst]!;
    const s = src < 0 ? 0 : regs[src]!;
    if (d > 127 || s > 127) {
      this.get32(dst);
      this.second32(src, imm);
      this.op(opcode);
      this.set32(dst);
      return;
    }
    let at = this.length;
    bytes[at++] = GET;
    bytes[at++] = d;
    bytes[at++] = WRAP;
    if (src >= 0) {
      bytes[at++] = GET;
      bytes[at++] = s;
      bytes[at++] = WRAP;
    } else {
      bytes[at++] = I32_CONST;
      if (imm >= -64 && imm < 64) bytes[at++] = imm & 127;
      else at = putSleb(bytes, at, imm);
    }
    bytes[at++] = opcode;
    bytes[at++] = EXTEND;
    bytes[at++] = SET;
    bytes[at++] = d;
    this.length = at;
  }

  /** Pushes dst op src in 64 bits, as {@link alu64} takes them. */
  compare64(opcode: number, dst: number, src: number, imm: number): void {
    if (this.length > this.limit) this.grow();
    const { bytes } = this;
    const { regs } = this.frame;
    const d = regs[dst]!;
    const s = src < 0 ? 0 : regs[src]!;
    if (d > 127 || s > 127) {
      this.get(dst);
      this.second64(src, imm);
      this.op(opcode);
      return;
    }
    let at = this.length;
    bytes[at++] = GET;
    bytes[at++] = d;
    if (src >= 0) {
      bytes[at++] = GET;
      bytes[at++] = s;
    } else {
      bytes[at++] = I64_CONST;
      if (imm >= -64 && imm < 64) bytes[at++] = imm & 127;
      else at = putSleb(bytes, at, imm);
    }
    bytes[at++] = opcode;
    this.length = at;
  }

  /** dst = src. */
  move(dst: number, src: number): void {
    if (this.length > this.limit) this.grow();
    const { bytes } = this;
    const { regs } = this.frame;
    const d = regs[dst]!;
    const s = regs[src]!;
    if (d > 127 || s > 127) {
      this.get(src);
      this.set(dst);
      return;
    }
    const at = this.length;
    bytes[at] = GET;
    bytes[at + 1] = s;
    bytes[at + 2] = SET;
    bytes[at + 3] = d;
    this.length = at + 4;
  }

  /** dst = what is at src + off, by an opcode that leaves an i64. */
  load(opcode: number, dst: number, src: number, off: number): void {
    if (this.length > this.limit) this.grow();
    const { bytes, frame } = this;
    const onStack = src === BPF_REG_FP && off < 0 && off >= -frame.depth;
    const base = onStack ? frame.fb : frame.regs[src]!;
    const rest = onStack ? frame.depth + off : off;
    const d = frame.regs[dst]!;
    if (d > 127 || base > 127 || rest < 0 || rest > 127) {
      this.memory(opcode, this.address(src, off));
      this.set(dst);
      return;
    }
    let at = this.length;
    bytes[at++] = GET;
    bytes[at++] = base;
    if (!onStack) bytes[at++] = WRAP;
    bytes[at++] = opcode;
    bytes[at++] = 0;
    bytes[at++] = rest;
    bytes[at++] = SET;
    bytes[at++] = d;
    this.length = at;
  }

  /** Stores src (-1: the immediate, sign-extended) at dst + off, by an opcode that takes an i64. */
  store(opcode: number, dst: number, src: number, imm: number, off: number): void {
    if (this.length > this.limit) this.grow();
    const { bytes, frame } = this;
    const onStack = dst === BPF_REG_FP && off < 0 && off >= -frame.depth;
    const base = onStack ? frame.fb : frame.regs[dst]!;
    const rest = onStack ? frame.depth + off : off;
    const s = src < 0 ? 0 : frame.regs[src]!;
    if (s > 127 || base > 127 || rest < 0 || rest > 127) {
      const offset = this.address(dst, off);
      this.second64(src, imm);
      this.memory(opcode, offset);
      return;
    }
    let at = this.length;
    bytes[at++] = GET;
    bytes[at++] = base;
    if (!onStack) bytes[at++] = WRAP;
    if (src >= 0) {
      bytes[at++] = GET;
      bytes[at++] = s;
    } else {
      bytes[at++] = I64_CONST;
      if (imm >= -64 && imm < 64) bytes[at++] = imm & 127;
      else at = putSleb(bytes, at, imm);
    }
    bytes[at++] = opcode;
    bytes[at++] = 0;
    bytes[at++] = rest;
    this.length = at;
  }

  /** Pushes the second operand of an instruction in 64 bits: a register, or (-1) the immediate. */
  second64(src: number, imm: number): void {
    if (src >= 0) this.get(src);
    else this.i64(imm, imm >> 31);
  }

  /** As {@link second64} in 32 bits. */
  second32(src: number, imm: number): void {
    if (src >= 0) this.get32(src);
    else this.i32(imm);
  }
}
