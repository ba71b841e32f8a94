/**
 * Arithmetic on ranges: what an ALU operation makes of what is known of its operands
 * (`scalar_min_max_*`, `scalar32_min_max_*`).
 */
import { BPF_ADD, BPF_AND, BPF_ARSH, BPF_LSH, BPF_MUL, BPF_NEG, BPF_OR, BPF_RSH, BPF_SUB, BPF_XOR } from '../insn.ts';
import {
  Bounds,
  constRange,
  Memo,
  maxBig,
  minBig,
  type Range,
  rangeFromBits,
  refine,
  S32_MAX,
  S32_MIN,
  S64_MAX,
  S64_MIN,
  s64,
  U32_MAX,
  u64,
  ZERO,
  zextRange,
} from './range.ts';
import {
  TNUM_UNKNOWN,
  Tnum,
  tnumAdd,
  tnumAnd,
  tnumArshift,
  tnumConstSubreg,
  tnumLshift,
  tnumMul,
  tnumNeg,
  tnumOr,
  tnumRange,
  tnumRshift,
  tnumSub,
  tnumSubreg,
  tnumXor,
  U64_MAX,
} from './tnum.ts';

const LOW = 0xffffffffn;

function fitsS64(x: bigint): boolean {
  return x >= S64_MIN && x <= S64_MAX;
}

function fitsS32(x: number): boolean {
  return x >= S32_MIN && x <= S32_MAX;
}

function addBounds32(b: Bounds, src: Range): void {
  const smin = b.s32min + src.s32min;
  const smax = b.s32max + src.s32max;
  const signed = fitsS32(smin) && fitsS32(smax);
  b.s32min = signed ? smin : S32_MIN;
  b.s32max = signed ? smax : S32_MAX;
  const umin = b.u32min + src.u32min;
  const umax = b.u32max + src.u32max;
  // When all sums wrap or none does, the wrapped bounds still order them.
  const known = umin > U32_MAX || umax <= U32_MAX;
  b.u32min = known ? umin >>> 0 : 0;
  b.u32max = known ? umax >>> 0 : U32_MAX;
}

function addBounds64(b: Bounds, src: Range): void {
  const smin = b.smin + src.smin;
  const smax = b.smax + src.smax;
  const signed = fitsS64(smin) && fitsS64(smax);
  b.smin = signed ? smin : S64_MIN;
  b.smax = signed ? smax : S64_MAX;
  const umin = b.umin + src.umin;
  const umax = b.umax + src.umax;
  const known = umin > U64_MAX || umax <= U64_MAX;
  b.umin = known ? u64(umin) : 0n;
  b.umax = known ? u64(umax) : U64_MAX;
}

function subBounds32(b: Bounds, src: Range): void {
  const smin = b.s32min - src.s32max;
  const smax = b.s32max - src.s32min;
  const signed = fitsS32(smin) && fitsS32(smax);
  b.s32min = signed ? smin : S32_MIN;
  b.s32max = signed ? smax : S32_MAX;
  const umin = b.u32min - src.u32max;
  const umax = b.u32max - src.u32min;
  const known = umin >= 0 || umax < 0;
  b.u32min = known ? umin >>> 0 : 0;
  b.u32max = known ? umax >>> 0 : U32_MAX;
}

function subBounds64(b: Bounds, src: Range): void {
  const smin = b.smin - src.smax;
  const smax = b.smax - src.smin;
  const signed = fitsS64(smin) && fitsS64(smax);
  b.smin = signed ? smin : S64_MIN;
  b.smax = signed ? smax : S64_MAX;
  const umin = b.umin - src.umax;
  const umax = b.umax - src.umin;
  const known = umin >= 0n || umax < 0n;
  b.umin = known ? u64(umin) : 0n;
  b.umax = known ? u64(umax) : U64_MAX;
}

function mulBounds(b: Bounds, src: Range): void {
  const u32max = b.u32max * src.u32max;
  if (u32max > U32_MAX) {
    b.u32min = 0;
    b.u32max = U32_MAX;
  } else {
    b.u32min *= src.u32min;
    b.u32max = u32max;
  }
  const products = [b.s32min * src.s32min, b.s32min * src.s32max, b.s32max * src.s32min, b.s32max * src.s32max];
  if (products.every(fitsS32)) {
    b.s32min = Math.min(...products) + 0;
    b.s32max = Math.max(...products) + 0;
  } else {
    b.s32min = S32_MIN;
    b.s32max = S32_MAX;
  }
  const umax = b.umax * src.umax;
  if (umax > U64_MAX) {
    b.umin = 0n;
    b.umax = U64_MAX;
  } else {
    b.umin *= src.umin;
    b.umax = umax;
  }
  const wide = [b.smin * src.smin, b.smin * src.smax, b.smax * src.smin, b.smax * src.smax];
  if (wide.every(fitsS64)) {
    let min = wide[0]!;
    let max = wide[0]!;
    for (const p of wide) {
      if (p < min) min = p;
      if (p > max) max = p;
    }
    b.smin = min;
    b.smax = max;
  } else {
    b.smin = S64_MIN;
    b.smax = S64_MAX;
  }
}

/** Sets the 32-bit bounds from unsigned ones; the signed ones follow when they do not cross zero. */
function setU32(b: Bounds, min: number, max: number): void {
  b.u32min = min;
  b.u32max = max;
  const cross = (min | 0) > (max | 0);
  b.s32min = cross ? S32_MIN : min | 0;
  b.s32max = cross ? S32_MAX : max | 0;
}

function setU64(b: Bounds, min: bigint, max: bigint): void {
  b.umin = min;
  b.umax = max;
  const smin = s64(min);
  const smax = s64(max);
  const cross = smin > smax;
  b.smin = cross ? S64_MIN : smin;
  b.smax = cross ? S64_MAX : smax;
}

/** AND, OR, XOR: bits first, then bounds from them; both operands known decides the half at once. */
function bitwise(b: Bounds, dst: Range, src: Range, op: number): void {
  const combine = op === BPF_AND ? tnumAnd : op === BPF_OR ? tnumOr : tnumXor;
  b.bits = combine(dst.bits, src.bits);
  const low = tnumSubreg(b.bits);
  const lowValue = Number(low.value);
  const lowAll = Number(low.value | low.mask);
  if (dst.subregConst && src.subregConst) {
    b.bits = tnumConstSubreg(b.bits, lowValue);
    b.u32min = lowValue;
    b.u32max = lowValue;
    b.s32min = lowValue | 0;
    b.s32max = lowValue | 0;
  } else if (op === BPF_AND) setU32(b, lowValue, Math.min(b.u32max, src.u32max));
  else if (op === BPF_OR) setU32(b, Math.max(b.u32min, src.u32min), lowAll);
  else setU32(b, lowValue, lowAll);
  const { value, mask } = b.bits;
  const all = value | mask;
  if (op === BPF_AND) setU64(b, value, minBig(b.umax, src.umax));
  else if (op === BPF_OR) setU64(b, maxBig(b.umin, src.umin), all);
  else setU64(b, value, all);
  b.fromBits();
}

function shiftLeft32Bounds(b: Bounds, min: number, max: number): void {
  b.s32min = S32_MIN;
  b.s32max = S32_MAX;
  if (max > 31 || b.u32max > 2 ** (31 - max)) {
    b.u32min = 0;
    b.u32max = U32_MAX;
  } else {
    b.u32min = (b.u32min << min) >>> 0;
    b.u32max = (b.u32max << max) >>> 0;
  }
}

function shiftLeft(b: Bounds, src: Range, is64: boolean): void {
  if (!is64) {
    const by = src.u32min;
    const low = tnumSubreg(b.bits);
    shiftLeft32Bounds(b, by, src.u32max);
    b.bits = tnumSubreg(tnumLshift(low, by));
    b.unbound64();
    return;
  }
  const min = Number(src.umin);
  const max = Number(src.umax);
  if (min === 32 && max === 32) {
    // A sign extension of the low half begins like this.
    b.smax = BigInt(b.s32max) << 32n;
    b.smin = BigInt(b.s32min) << 32n;
  } else {
    b.smax = S64_MAX;
    b.smin = S64_MIN;
  }
  if (b.umax > 1n << BigInt(63 - max)) {
    b.umin = 0n;
    b.umax = U64_MAX;
  } else {
    b.umin <<= BigInt(min);
    b.umax <<= BigInt(max);
  }
  shiftLeft32Bounds(b, min, max);
  b.bits = tnumLshift(b.bits, min);
}

function shiftRight(b: Bounds, src: Range, is64: boolean): void {
  if (!is64) {
    b.s32min = S32_MIN;
    b.s32max = S32_MAX;
    b.bits = tnumRshift(tnumSubreg(b.bits), src.u32min);
    b.u32min = b.u32min >>> src.u32max;
    b.u32max = b.u32max >>> src.u32min;
    b.unbound64();
    return;
  }
  b.smin = S64_MIN;
  b.smax = S64_MAX;
  b.bits = tnumRshift(b.bits, Number(src.umin));
  b.umin >>= src.umax;
  b.umax >>= src.umin;
  b.unbound32();
}

function shiftRightArith(b: Bounds, src: Range, is64: boolean): void {
  if (!is64) {
    const by = src.u32min;
    b.s32min >>= by;
    b.s32max >>= by;
    b.bits = tnumArshift(tnumSubreg(b.bits), by, 32);
    b.u32min = 0;
    b.u32max = U32_MAX;
    b.unbound64();
    return;
  }
  b.smin >>= src.umin;
  b.smax >>= src.umin;
  b.bits = tnumArshift(b.bits, Number(src.umin), 64);
  b.umin = 0n;
  b.umax = U64_MAX;
  b.unbound32();
}

/** Two known numbers: computed exactly. */
function constantResult(op: number, a: bigint, c: bigint, is64: boolean): Range | undefined {
  const keep = is64 ? U64_MAX : LOW;
  switch (op) {
    case BPF_ADD:
      return constRange((a + c) & keep);
    case BPF_SUB:
      return constRange((a - c) & keep);
    case BPF_AND:
      return constRange(a & c & keep);
    case BPF_OR:
      return constRange((a | c) & keep);
    case BPF_XOR:
      return constRange((a ^ c) & keep);
    default:
      return undefined;
  }
}

/** Whether a result can be computed at all: shifts only by a known amount in range (`is_safe_to_compute_dst_reg_range`). */
function computable(op: number, src: Range, is64: boolean): boolean {
  switch (op) {
    case BPF_ADD:
    case BPF_SUB:
    case BPF_NEG:
    case BPF_AND:
    case BPF_XOR:
    case BPF_OR:
    case BPF_MUL:
      return true;
    case BPF_LSH:
    case BPF_RSH:
    case BPF_ARSH: {
      const known = is64
        ? src.isConst && src.smin === src.smax && src.umin === src.umax
        : src.subregConst && src.s32min === src.s32max && src.u32min === src.u32max;
      return known && src.umax < (is64 ? 64n : 32n);
    }
    default:
      return false;
  }
}

/** The result of `dst op= src`, or undefined when nothing can be said (`adjust_scalar_min_max_vals`). */
export function scalarOp(op: number, dst: Range, src: Range, is64: boolean): Range | undefined {
  if (!computable(op, src, is64)) return undefined;
  if (dst.isConst && src.isConst) {
    const exact = constantResult(op, dst.bits.value, src.bits.value, is64);
    if (exact !== undefined) return exact;
  }
  const how = is64 ? op | 1 : op;
  return memo.get(how, dst, src) ?? memo.set(how, dst, src, compute(op, dst, src, is64));
}

const memo = new Memo();

function compute(op: number, dst: Range, src: Range, is64: boolean): Range {
  const b = new Bounds(op === BPF_NEG ? ZERO : dst);
  switch (op) {
    case BPF_ADD:
      addBounds32(b, src);
      addBounds64(b, src);
      b.bits = tnumAdd(b.bits, src.bits);
      break;
    case BPF_SUB:
      subBounds32(b, src);
      subBounds64(b, src);
      b.bits = tnumSub(b.bits, src.bits);
      break;
    case BPF_NEG:
      subBounds32(b, dst);
      subBounds64(b, dst);
      b.bits = tnumNeg(dst.bits);
      break;
    case BPF_MUL:
      b.bits = tnumMul(b.bits, src.bits);
      mulBounds(b, src);
      break;
    case BPF_LSH:
      shiftLeft(b, src, is64);
      break;
    case BPF_RSH:
      shiftRight(b, src, is64);
      break;
    case BPF_ARSH:
      shiftRightArith(b, src, is64);
      break;
    default:
      bitwise(b, dst, src, op);
  }
  if (!is64) {
    b.fromBits32();
    b.zeroExtend();
  }
  return b.sync().freeze();
}

/** `known + delta` for linked scalars, in 64 bits or in 32 (`sync_linked_regs`). */
export function addConst(known: Range, delta: bigint, is32: boolean): Range {
  const src = constRange(delta);
  const b = new Bounds(known);
  addBounds32(b, src);
  addBounds64(b, src);
  b.bits = tnumAdd(b.bits, src.bits);
  if (is32) b.zeroExtend();
  return b.sync().freeze();
}

/** The low `size` bytes sign-extended to 64 bits (`coerce_reg_to_size_sx`). */
export function signExtend(r: Range, size: number): Range {
  const bits = size * 8;
  if (r.isConst) return constRange(BigInt.asUintN(64, BigInt.asIntN(bits, r.bits.value)));
  const shift = BigInt(bits);
  const b = new Bounds(r);
  if (u64(r.smax) >> shift === u64(r.smin) >> shift) {
    const x = BigInt.asIntN(bits, r.smax);
    const y = BigInt.asIntN(bits, r.smin);
    const max = maxBig(x, y);
    const min = minBig(x, y);
    if (max >= 0n === min >= 0n) {
      b.smin = min;
      b.smax = max;
      b.umin = u64(min);
      b.umax = u64(max);
      b.s32min = Number(BigInt.asIntN(32, min));
      b.s32max = Number(BigInt.asIntN(32, max));
      b.u32min = Number(min & LOW);
      b.u32max = Number(max & LOW);
      b.bits = tnumRange(u64(min), u64(max));
      return b.freeze();
    }
  }
  const limit = 1n << (shift - 1n);
  b.smin = -limit;
  b.smax = limit - 1n;
  b.s32min = Number(-limit);
  b.s32max = Number(limit - 1n);
  b.umin = 0n;
  b.umax = U64_MAX;
  b.u32min = 0;
  b.u32max = U32_MAX;
  b.bits = TNUM_UNKNOWN;
  return b.freeze();
}

/** The low `size` bytes sign-extended to 32 bits, then zero-extended (`coerce_subreg_to_size_sx`). */
export function signExtend32(r: Range, size: number): Range {
  const bits = size * 8;
  const b = new Bounds(r);
  const narrow = (n: number): number => (n << (32 - bits)) >> (32 - bits);
  if (r.isConst) {
    return constRange(BigInt(narrow(Number(r.bits.value & LOW)) >>> 0));
  }
  let done = false;
  if (r.s32max >>> bits === r.s32min >>> bits) {
    const x = narrow(r.s32max);
    const y = narrow(r.s32min);
    const max = Math.max(x, y);
    const min = Math.min(x, y);
    if (max >= 0 === min >= 0) {
      b.s32min = min;
      b.s32max = max;
      b.u32min = min >>> 0;
      b.u32max = max >>> 0;
      b.bits = tnumSubreg(tnumRange(u64(BigInt(min)), u64(BigInt(max))));
      done = true;
    }
  }
  if (!done) {
    b.s32min = -(2 ** (bits - 1));
    b.s32max = 2 ** (bits - 1) - 1;
    b.u32min = 0;
    b.u32max = U32_MAX;
    b.bits = tnumSubreg(TNUM_UNKNOWN);
  }
  b.zeroExtend();
  return b.sync().freeze();
}

function swapBytes(x: bigint, size: number): bigint {
  let out = 0n;
  for (let i = 0; i < size; i++) out = (out << 8n) | ((x >> BigInt(i * 8)) & 0xffn);
  return out;
}

/** The low `size` bytes, turned round when `swap`; the rest zero (`scalar_byte_swap`). */
export function byteSwap(r: Range, size: number, swap: boolean): Range {
  if (!swap) return zextRange(r, size);
  const { value, mask } = r.bits;
  const swapped = rangeFromBits(new Tnum(swapBytes(value, size), swapBytes(mask, size)));
  return zextRange(swapped, size);
}

/** Variable offset of a pointer after adding or subtracting a number; no 32-bit bounds are kept. */
export function pointerOffset(ptr: Range, off: Range, subtract: boolean): Range {
  const how = subtract ? POINTER_SUB : POINTER_ADD;
  return memo.get(how, ptr, off) ?? memo.set(how, ptr, off, movePointer(ptr, off, subtract));
}

/** Names of these operations in the memo, beside the opcodes. */
const POINTER_ADD = 0x100;
const POINTER_SUB = 0x101;

function movePointer(ptr: Range, off: Range, subtract: boolean): Range {
  return refine(ptr, (b) => {
    b.unbound32();
    if (!subtract) {
      const smin = ptr.smin + off.smin;
      const smax = ptr.smax + off.smax;
      const signed = fitsS64(smin) && fitsS64(smax);
      b.smin = signed ? smin : S64_MIN;
      b.smax = signed ? smax : S64_MAX;
      const umin = ptr.umin + off.umin;
      const umax = ptr.umax + off.umax;
      const fits = umin <= U64_MAX && umax <= U64_MAX;
      b.umin = fits ? umin : 0n;
      b.umax = fits ? umax : U64_MAX;
      b.bits = tnumAdd(ptr.bits, off.bits);
      return;
    }
    const smin = ptr.smin - off.smax;
    const smax = ptr.smax - off.smin;
    const signed = fitsS64(smin) && fitsS64(smax);
    b.smin = signed ? smin : S64_MIN;
    b.smax = signed ? smax : S64_MAX;
    if (ptr.umin < off.umax) {
      b.umin = 0n;
      b.umax = U64_MAX;
    } else {
      b.umin = ptr.umin - off.umax;
      b.umax = ptr.umax - off.umin;
    }
    b.bits = tnumSub(ptr.bits, off.bits);
  });
}
