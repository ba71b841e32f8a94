/**
 * Instructions that often follow each other, made one: fewer turns of the loop. The
 * second stays where it is, for jumps to it.
 */
import { BPF_ADD, BPF_JEQ, BPF_JNE, BPF_MOV } from '../insn.ts';
import { ALU, GROUP, IOP, WORDS } from './ops.ts';

const MOV64 = GROUP.ALU64_X + (BPF_MOV >> 4);
const MOV32 = GROUP.ALU32_X + (BPF_MOV >> 4);
const ADD_X = GROUP.ALU64_X + (BPF_ADD >> 4);
const ADD_K = GROUP.ALU64_K + (BPF_ADD >> 4);
const LSH_K = GROUP.ALU64_K + ALU.LSH_32;
const JEQ_K = GROUP.JMP64_K + (BPF_JEQ >> 4);
const JNE_K = GROUP.JMP64_K + (BPF_JNE >> 4);

/** What an instruction is made of. */
const opOf = (word: number): number => word & 255;
const dstOf = (word: number): number => (word >> 8) & 15;
const srcOf = (word: number): number => (word >> 12) & 15;

/** Numbers within the ALU groups (`BPF_ADD >> 4` and so on) that have a form with three operands. */
const FUSED64_X: readonly number[] = [0, 1, 2, 4, 5, 6, 7, 10, 12];
const FUSED64_K: readonly number[] = [0, 2, 4, 5, 6, 7, 10, 12, ALU.LSH_32, ALU.RSH_32, ALU.ARSH_32];
const FUSED32_K: readonly number[] = [0, 2, 4, 5, 6, 7, 10, 12];

/** By group of the second instruction: the group it becomes, and which numbers of it. */
const AFTER_MOVE: ReadonlyMap<number, { readonly group: number; readonly numbers: readonly number[] }> = new Map([
  [GROUP.ALU64_X, { group: GROUP.FUSED64_X, numbers: FUSED64_X }],
  [GROUP.ALU32_X, { group: GROUP.FUSED32_X, numbers: FUSED64_X }],
  [GROUP.ALU64_K, { group: GROUP.FUSED64_K, numbers: FUSED64_K }],
  [GROUP.ALU32_K, { group: GROUP.FUSED32_K, numbers: FUSED32_K }],
]);

/** `r1 = r2; r1 += r3`: one instruction of three operands. */
function fuseMove(code: Int32Array, at: number): void {
  const word = code[at]!;
  const next = code[at + WORDS]!;
  const group = next & 0xf0;
  const fused = AFTER_MOVE.get(group);
  const dst = dstOf(word);
  if (fused === undefined || !fused.numbers.includes(next & 15) || dstOf(next) !== dst) return;
  // A 32-bit move clears the high half, which an operation of 64 bits would see.
  if (opOf(word) === MOV32 && (group === GROUP.ALU64_X || group === GROUP.ALU64_K)) return;
  const from = srcOf(word);
  const src = srcOf(next) === dst ? from : srcOf(next);
  code[at] = (fused.group + (next & 15)) | (dst << 8) | (src << 12) | (from << 16);
}

/** Loads that are joined with the sum of their address. */
const INDEXED: ReadonlyMap<number, number> = new Map([
  [GROUP.LDX, IOP.INDEX_LDXW],
  [GROUP.LDX + 1, IOP.INDEX_LDXH],
  [GROUP.LDX + 2, IOP.INDEX_LDXB],
]);

/** `r1 = r2; r1 += r3; r4 = *(r1 + off)`: an element of an array. */
function fuseIndex(code: Int32Array, at: number): boolean {
  const move = code[at]!;
  const add = code[at + WORDS]!;
  const load = code[at + 2 * WORDS]!;
  const op = INDEXED.get(opOf(load));
  const dst = dstOf(move);
  if (opOf(move) !== MOV64 || opOf(add) !== ADD_X || op === undefined) return false;
  if (dstOf(add) !== dst || srcOf(load) !== dst) return false;
  const from = srcOf(move);
  const addend = srcOf(add) === dst ? from : srcOf(add);
  code[at] = op | (dst << 8) | (from << 12) | (addend << 16) | (dstOf(load) << 20);
  return true;
}

/** `r2 = r10; r2 += -8; r1 = map ll`: what most calls on a map begin with. */
function fuseMapArgs(code: Int32Array, at: number): boolean {
  const move = code[at]!;
  const add = code[at + WORDS]!;
  const lddw = code[at + 2 * WORDS]!;
  if (opOf(move) !== MOV64 || opOf(add) !== ADD_K || opOf(lddw) !== IOP.LDDW || dstOf(add) !== dstOf(move))
    return false;
  code[at] = IOP.ADD_LDDW | (dstOf(move) << 8) | (srcOf(move) << 12) | (dstOf(lddw) << 16);
  return true;
}

/** `r1 += 1; if r1 != 64 goto`: the end of a loop. */
function fuseLoopEnd(code: Int32Array, at: number): void {
  const add = code[at]!;
  const jump = code[at + WORDS]!;
  if (dstOf(add) !== dstOf(jump) || (opOf(jump) !== JEQ_K && opOf(jump) !== JNE_K)) return;
  code[at] = (opOf(jump) === JEQ_K ? IOP.ADD_JEQ : IOP.ADD_JNE) | (dstOf(add) << 8) | (jump & ~0xffff);
}

/** `r1 <<= 32; r1 >>= 32`, by which compilers extend 32 bits to 64. */
function fuseExtension(code: Int32Array, at: number): void {
  const word = code[at]!;
  const next = code[at + WORDS]!;
  if (code[at + 1] !== 32 || code[at + WORDS + 1] !== 32 || dstOf(next) !== dstOf(word)) return;
  const signed = opOf(next) === GROUP.ALU64_K + ALU.ARSH_32;
  if (!signed && opOf(next) !== GROUP.ALU64_K + ALU.RSH_32) return;
  code[at] = (signed ? IOP.SEXT_PAIR : IOP.ZEXT_PAIR) | (dstOf(word) << 8);
}

/** Joins what can be joined of the instructions in the first `end` words; more than two go first. */
export function fuse(code: Int32Array, end: number): void {
  // What follows the instructions is no part of any of these.
  for (let at = 0; at + WORDS < end; at += WORDS) {
    const op = opOf(code[at]!);
    if (op === MOV64 || op === MOV32) {
      if (!fuseIndex(code, at) && !fuseMapArgs(code, at)) fuseMove(code, at);
    } else if (op === ADD_K) fuseLoopEnd(code, at);
    else if (op === LSH_K) fuseExtension(code, at);
  }
}
