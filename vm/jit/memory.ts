/** Loads, stores and atomics of the compiler (RFC 9669 section 5). */
import { BASE_HI, PAGE_SHIFT } from '../../mm/arena.ts';
import {
  BPF_ADD,
  BPF_AND,
  BPF_CMPXCHG,
  BPF_FETCH,
  BPF_LOAD_ACQ,
  BPF_OR,
  BPF_STORE_REL,
  BPF_XCHG,
  BPF_XOR,
} from '../insn.ts';
import { type Code, LOCAL } from './code.ts';
import { I32, I64, VOID, W } from './wasm.ts';

/** Loads into an i64 by size. */
const LOAD: Readonly<Record<number, number>> = {
  1: W.i64_load8_u,
  2: W.i64_load16_u,
  4: W.i64_load32_u,
  8: W.i64_load,
};
const LOAD_SIGNED: Readonly<Record<number, number>> = { 1: W.i64_load8_s, 2: W.i64_load16_s, 4: W.i64_load32_s };
const STORE: Readonly<Record<number, number>> = { 1: W.i64_store8, 2: W.i64_store16, 4: W.i64_store32, 8: W.i64_store };

/** The part of an arena that loads may touch, and where a BPF arena lies. */
export interface MemoryLimits {
  /** First and one past the last byte that is mapped. */
  readonly start: number;
  readonly end: number;
}

/** Where the pages of the program's BPF arena are. */
export interface ArenaWindow {
  readonly offset: number;
  readonly length: number;
  /** Address of a byte a page: whether it is in use. */
  readonly inUse: number;
  /** Low half of its user address. */
  readonly userLo: number;
  /** High half of its user address. */
  readonly userHi: number;
  /** Function `(i32 pointer, i32 offset, i32 is a write)` that is told of accesses outside. */
  readonly fault: number;
}

export function emitLoad(code: Code, dst: number, src: number, off: number, size: number, signed: boolean): void {
  code.load(signed ? LOAD_SIGNED[size]! : LOAD[size]!, dst, src, off);
}

/** A load through a pointer that may be anything: 0 where it would fault. */
export function emitProbe(
  code: Code,
  limits: MemoryLimits,
  dst: number,
  src: number,
  off: number,
  size: number,
  signed: boolean,
): void {
  code.getHi(src);
  code.i32(BASE_HI | 0);
  code.op(W.i32_eq);
  code.get32(src);
  code.i32(off);
  code.op(W.i32_add);
  code.local(W.local_tee, LOCAL.T32);
  code.i32(limits.start);
  code.op(W.i32_sub);
  code.i32(limits.end - limits.start - size);
  code.op(W.i32_le_u);
  code.op(W.i32_and);
  code.local(W.if, I64);
  code.local(W.local_get, LOCAL.T32);
  code.memory(signed ? LOAD_SIGNED[size]! : LOAD[size]!, 0);
  code.op(W.else);
  code.i64(0, 0);
  code.op(W.end);
  code.set(dst);
}

/** Stores a register, or an immediate when `src` is -1. */
export function emitStore(code: Code, dst: number, src: number, imm: number, off: number, size: number): void {
  code.store(STORE[size]!, dst, src, imm, off);
}

/** A store to a context field that keeps `size` bytes, and with `below` only values below it. */
export function emitCtxStore(
  code: Code,
  dst: number,
  src: number,
  imm: number,
  off: number,
  size: number,
  below: number,
): void {
  if (below === 0 || src < 0) {
    if (below === 0 || imm < below) emitStore(code, dst, src, imm, off, size);
    return;
  }
  code.get(src);
  code.i64(below, 0);
  code.op(W.i64_lt_u);
  code.local(W.if, VOID);
  emitStore(code, dst, src, imm, off, size);
  code.op(W.end);
}

/** Opens `if` there is a page at the address through an arena pointer; T32 is its offset in the arena's pages. */
function openArena(code: Code, window: ArenaWindow, reg: number, off: number, size: number, result: number): void {
  code.get32(reg);
  code.i32((off - window.userLo) | 0);
  code.op(W.i32_add);
  code.local(W.local_tee, LOCAL.T32);
  code.i32(window.length - size);
  code.op(W.i32_le_u);
  code.local(W.if, I32);
  code.local(W.local_get, LOCAL.T32);
  code.i32(PAGE_SHIFT);
  code.op(W.i32_shr_u);
  code.memory(W.i32_load8_u, window.inUse);
  code.op(W.else);
  code.i32(0);
  code.op(W.end);
  code.local(W.if, result);
}

/** What is done of an access outside: it is reported. */
function elseFault(code: Code, window: ArenaWindow, reg: number, off: number, isWrite: boolean): void {
  code.op(W.else);
  code.get32(reg);
  code.i32(off);
  code.i32(isWrite ? 1 : 0);
  code.call(window.fault);
}

/** A load through an arena pointer: 0 outside. */
export function emitArenaLoad(
  code: Code,
  window: ArenaWindow,
  dst: number,
  src: number,
  off: number,
  size: number,
  signed: boolean,
): void {
  openArena(code, window, src, off, size, I64);
  code.local(W.local_get, LOCAL.T32);
  code.memory(signed ? LOAD_SIGNED[size]! : LOAD[size]!, window.offset);
  elseFault(code, window, src, off, false);
  code.i64(0, 0);
  code.op(W.end);
  code.set(dst);
}

/** A store through an arena pointer: dropped outside. */
export function emitArenaStore(
  code: Code,
  window: ArenaWindow,
  dst: number,
  src: number,
  imm: number,
  off: number,
  size: number,
): void {
  openArena(code, window, dst, off, size, VOID);
  code.local(W.local_get, LOCAL.T32);
  code.second64(src, imm);
  code.memory(STORE[size]!, window.offset);
  elseFault(code, window, dst, off, true);
  code.op(W.end);
}

/** An atomic through an arena pointer: no effect outside, where a load-acquire or exchange reads 0. */
export function emitArenaAtomic(
  code: Code,
  window: ArenaWindow,
  op: number,
  dst: number,
  src: number,
  off: number,
  size: number,
): void {
  const pointer = op === BPF_LOAD_ACQ ? src : dst;
  const reads = op === BPF_LOAD_ACQ || op === BPF_XCHG;
  openArena(code, window, pointer, off, size, VOID);
  atomicAtT32(code, op, dst, src, size, window.offset);
  elseFault(code, window, pointer, off, !reads);
  if (reads) {
    code.i64(0, 0);
    code.set(op === BPF_LOAD_ACQ ? dst : src);
  }
  code.op(W.end);
}

/** One thread touches the memory, so an atomic is a load, an operation and a store (WebAssembly's own trap when misaligned). */
export function emitAtomic(code: Code, op: number, dst: number, src: number, off: number, size: number): void {
  code.get32(op === BPF_LOAD_ACQ ? src : dst);
  if (off !== 0) {
    code.i32(off);
    code.op(W.i32_add);
  }
  code.local(W.local_set, LOCAL.T32);
  atomicAtT32(code, op, dst, src, size, 0);
}

const ATOMIC_ALU: Readonly<Record<number, number>> = {
  [BPF_ADD]: W.i64_add,
  [BPF_OR]: W.i64_or,
  [BPF_AND]: W.i64_and,
  [BPF_XOR]: W.i64_xor,
};

function atomicAtT32(code: Code, op: number, dst: number, src: number, size: number, offset: number): void {
  const load = LOAD[size]!;
  const store = STORE[size]!;
  code.local(W.local_get, LOCAL.T32);
  if (op === BPF_LOAD_ACQ) {
    code.memory(load, offset);
    code.set(dst);
    return;
  }
  if (op === BPF_STORE_REL) {
    code.get(src);
    code.memory(store, offset);
    return;
  }
  code.local(W.local_get, LOCAL.T32);
  code.memory(load, offset);
  code.local(W.local_set, LOCAL.T64);
  if (op === BPF_CMPXCHG) {
    code.get(src);
    code.local(W.local_get, LOCAL.T64);
    code.local(W.local_get, LOCAL.T64);
    code.get(0);
    if (size === 4) {
      code.op(W.i32_wrap_i64);
      code.op(W.i64_extend_i32_u);
    }
    code.op(W.i64_eq);
    code.op(W.select);
    code.memory(store, offset);
    code.local(W.local_get, LOCAL.T64);
    code.set(0);
    return;
  }
  if (op === BPF_XCHG) code.get(src);
  else {
    code.local(W.local_get, LOCAL.T64);
    code.get(src);
    code.op(ATOMIC_ALU[op & ~BPF_FETCH]!);
  }
  code.memory(store, offset);
  if ((op & BPF_FETCH) === 0) return;
  code.local(W.local_get, LOCAL.T64);
  code.set(src);
}
