/** Arithmetic of the compiler (RFC 9669 sections 4.1 and 4.2). Everything leaves its result in the destination register. */
import {
  BPF_ADD,
  BPF_AND,
  BPF_ARSH,
  BPF_DIV,
  BPF_LSH,
  BPF_MOD,
  BPF_MUL,
  BPF_OR,
  BPF_RSH,
  BPF_SUB,
  BPF_XOR,
  type InsnDef,
} from '../insn.ts';
import { type Code, LOCAL } from './code.ts';
import { VOID, W } from './wasm.ts';

/** The plain operations by the upper four bits of the opcode: for 64 and for 32 bits. WebAssembly masks shift counts as BPF does. */
const PLAIN64 = new Uint8Array(16);
const PLAIN32 = new Uint8Array(16);
for (const [op, wide, narrow] of [
  [BPF_ADD, W.i64_add, W.i32_add],
  [BPF_SUB, W.i64_sub, W.i32_sub],
  [BPF_MUL, W.i64_mul, W.i32_mul],
  [BPF_OR, W.i64_or, W.i32_or],
  [BPF_AND, W.i64_and, W.i32_and],
  [BPF_XOR, W.i64_xor, W.i32_xor],
  [BPF_LSH, W.i64_shl, W.i32_shl],
  [BPF_RSH, W.i64_shr_u, W.i32_shr_u],
  [BPF_ARSH, W.i64_shr_s, W.i32_shr_s],
] as const) {
  PLAIN64[op >> 4] = wide;
  PLAIN32[op >> 4] = narrow;
}

function pushDst(code: Code, dst: number, is64: boolean): void {
  if (is64) code.get(dst);
  else code.get32(dst);
}

function popDst(code: Code, dst: number, is64: boolean): void {
  if (is64) code.set(dst);
  else code.set32(dst);
}

/** dst op= src, or the immediate when `src` is -1. `signed`: the signed division or modulo. */
export function emitAlu(code: Code, def: InsnDef, dst: number, src: number, imm: number, signed: boolean): void {
  const { op } = def;
  if (op === BPF_DIV || op === BPF_MOD) emitDivision(code, def, dst, src, imm, signed);
  else if (def.is64) code.alu64(PLAIN64[op >> 4]!, dst, src, imm);
  else code.alu32(PLAIN32[op >> 4]!, dst, src, imm);
}

function pushSecond(code: Code, src: number, imm: number, is64: boolean): void {
  if (is64) code.second64(src, imm);
  else code.second32(src, imm);
}

/** Opcodes of division and modulo: [signed, unsigned] by width. */
const DIV_OPS = {
  div64: [W.i64_div_s, W.i64_div_u],
  mod64: [W.i64_rem_s, W.i64_rem_u],
  div32: [W.i32_div_s, W.i32_div_u],
  mod32: [W.i32_rem_s, W.i32_rem_u],
} as const;

/**
 * Division by zero gives 0, modulo zero leaves dst; the smallest number divided by
 * -1 stays itself. WebAssembly traps on all but the last kind of these, so they are
 * taken out first where the divisor is not known.
 */
function emitDivision(code: Code, def: InsnDef, dst: number, src: number, imm: number, signed: boolean): void {
  const { is64 } = def;
  const div = def.op === BPF_DIV;
  const key = `${div ? 'div' : 'mod'}${is64 ? 64 : 32}` as keyof typeof DIV_OPS;
  const opcode = DIV_OPS[key][signed ? 0 : 1];
  const safe = src < 0 && imm !== 0 && !(signed && imm === -1);
  if (!safe) {
    pushSecond(code, src, imm, is64);
    code.op(is64 ? W.i64_eqz : W.i32_eqz);
    code.local(W.if, VOID);
    if (div) {
      code.i64(0, 0);
      code.set(dst);
    } else if (!is64) {
      code.get32(dst);
      code.set32(dst);
    }
    code.op(W.else);
    if (div && signed) {
      pushSecond(code, src, imm, is64);
      if (is64) code.i64(-1, -1);
      else code.i32(-1);
      code.op(is64 ? W.i64_eq : W.i32_eq);
      code.local(W.if, VOID);
      emitNeg(code, is64, dst);
      code.op(W.else);
    }
  }
  pushDst(code, dst, is64);
  pushSecond(code, src, imm, is64);
  code.op(opcode);
  popDst(code, dst, is64);
  if (safe) return;
  code.op(W.end);
  if (div && signed) code.op(W.end);
}

/** dst = -dst. */
export function emitNeg(code: Code, is64: boolean, dst: number): void {
  if (is64) code.i64(0, 0);
  else code.i32(0);
  pushDst(code, dst, is64);
  code.op(is64 ? W.i64_sub : W.i32_sub);
  popDst(code, dst, is64);
}

const EXTEND64: Readonly<Record<number, number>> = { 8: W.i64_extend8_s, 16: W.i64_extend16_s, 32: W.i64_extend32_s };
const EXTEND32: Readonly<Record<number, number>> = { 8: W.i32_extend8_s, 16: W.i32_extend16_s };

/** dst = src, or the immediate when `src` is -1, sign-extended from `bits` unless that is 0. */
export function emitMov(code: Code, is64: boolean, dst: number, src: number, imm: number, bits: number): void {
  if (src < 0) {
    code.i64(imm, is64 ? imm >> 31 : 0);
    code.set(dst);
  } else if (!is64) {
    code.get32(src);
    if (bits !== 0) code.op(EXTEND32[bits]!);
    code.set32(dst);
  } else if (bits === 0) code.move(dst, src);
  else {
    code.get(src);
    code.op(EXTEND64[bits]!);
    code.set(dst);
  }
}

/** An i32 on the stack, its bytes in the other order. */
function swap32(code: Code): void {
  code.local(W.local_tee, LOCAL.T32);
  code.i32(8);
  code.op(W.i32_rotl);
  code.i32(0x00ff00ff);
  code.op(W.i32_and);
  code.local(W.local_get, LOCAL.T32);
  code.i32(8);
  code.op(W.i32_rotr);
  code.i32(0xff00ff00 | 0);
  code.op(W.i32_and);
  code.op(W.i32_or);
}

/** Byte order: `swap` false truncates to the width (to-little on a little-endian machine). */
export function emitEnd(code: Code, swap: boolean, width: number, dst: number): void {
  if (!swap) {
    if (width === 64) return;
    code.get(dst);
    code.i64(width === 16 ? 0xffff : -1, 0);
    code.op(W.i64_and);
    code.set(dst);
    return;
  }
  code.get32(dst);
  swap32(code);
  if (width === 16) {
    code.i32(16);
    code.op(W.i32_shr_u);
  }
  if (width !== 64) {
    code.set32(dst);
    return;
  }
  code.op(W.i64_extend_i32_u);
  code.i64(32, 0);
  code.op(W.i64_shl);
  code.getHi(dst);
  swap32(code);
  code.op(W.i64_extend_i32_u);
  code.op(W.i64_or);
  code.set(dst);
}
