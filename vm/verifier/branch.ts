/**
 * Comparisons: whether their outcome is known, and what either outcome says about the
 * operands (`is_branch_taken`, `regs_refine_cond_op`).
 */
import {
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JLE,
  BPF_JLT,
  BPF_JNE,
  BPF_JSET,
  BPF_JSGE,
  BPF_JSGT,
  BPF_JSLE,
  BPF_JSLT,
} from '../insn.ts';
import { PTR_TO_PACKET_END, SCALAR_VALUE } from './flags.ts';
import { Bounds, Memo, maxBig, minBig, type Range, u64 } from './range.ts';
import { isPktPointerAny, isRegConst, regNotNull } from './regs.ts';
import { AT_PKT_END, BEYOND_PKT_END, type Reg } from './state.ts';
import { tnumAnd, tnumConst, tnumIntersect, tnumOr, tnumOverlap, tnumSubreg, tnumWithSubreg, U64_MAX } from './tnum.ts';

/** `BPF_JSET` not taken, as an operation of its own. */
const JNSET = BPF_JSET | 1;

/** The comparison with its operands exchanged. */
const FLIP: ReadonlyMap<number, number> = new Map([
  [BPF_JGE, BPF_JLE],
  [BPF_JGT, BPF_JLT],
  [BPF_JLE, BPF_JGE],
  [BPF_JLT, BPF_JGT],
  [BPF_JSGE, BPF_JSLE],
  [BPF_JSGT, BPF_JSLT],
  [BPF_JSLE, BPF_JSGE],
  [BPF_JSLT, BPF_JSGT],
]);

/** The opposite comparison. */
const REVERSE: ReadonlyMap<number, number> = new Map([
  [BPF_JEQ, BPF_JNE],
  [BPF_JNE, BPF_JEQ],
  [BPF_JGE, BPF_JLT],
  [BPF_JLT, BPF_JGE],
  [BPF_JGT, BPF_JLE],
  [BPF_JLE, BPF_JGT],
  [BPF_JSGE, BPF_JSLT],
  [BPF_JSLT, BPF_JSGE],
  [BPF_JSGT, BPF_JSLE],
  [BPF_JSLE, BPF_JSGT],
  [BPF_JSET, JNSET],
]);

export function flipOp(op: number): number {
  return FLIP.get(op) ?? op;
}

export function reverseOp(op: number): number {
  return REVERSE.get(op) ?? op;
}

/** A packet pointer against the end of the packet. */
function packetTaken(a: Reg, b: Reg, op: number): number {
  let pkt = a;
  if (b.type !== PTR_TO_PACKET_END) {
    if (a.type !== PTR_TO_PACKET_END) return -1;
    pkt = b;
    op = flipOp(op);
  }
  if (pkt.num >= 0) return -1;
  if (op === BPF_JLE || op === BPF_JGT) {
    if (pkt.num === BEYOND_PKT_END) return op === BPF_JGT ? 1 : 0;
  } else if (op === BPF_JLT || op === BPF_JGE) {
    if (pkt.num === BEYOND_PKT_END || pkt.num === AT_PKT_END) return op === BPF_JGE ? 1 : 0;
  }
  return -1;
}

function rangesApart(a: Range, b: Range, is32: boolean): boolean {
  if (a.u32min > b.u32max || a.u32max < b.u32min || a.s32min > b.s32max || a.s32max < b.s32min) return true;
  if (is32) return false;
  return a.umin > b.umax || a.umax < b.umin || a.smin > b.smax || a.smax < b.smin;
}

/** 1 always equal, 0 never, -1 not known. */
function equalTaken(a: Range, b: Range, is32: boolean): number {
  const x = is32 ? tnumSubreg(a.bits) : a.bits;
  const y = is32 ? tnumSubreg(b.bits) : b.bits;
  if (x.isConst && y.isConst) return x.value === y.value ? 1 : 0;
  if (!tnumOverlap(x, y)) return 0;
  return rangesApart(a, b, is32) ? 0 : -1;
}

function setTaken(a: Reg, b: Reg, is32: boolean): number {
  if (!isRegConst(b, is32)) [a, b] = [b, a];
  if (!isRegConst(b, is32)) return -1;
  const x = is32 ? tnumSubreg(a.range.bits) : a.range.bits;
  const y = is32 ? tnumSubreg(b.range.bits) : b.range.bits;
  if ((x.value & ~x.mask & y.value) !== 0n) return 1;
  if (((x.value | x.mask) & y.value) === 0n) return 0;
  return -1;
}

function orderTaken<T extends number | bigint>(op: number, amin: T, amax: T, bmin: T, bmax: T): number {
  switch (op) {
    case BPF_JGT:
    case BPF_JSGT:
      return amin > bmax ? 1 : amax <= bmin ? 0 : -1;
    case BPF_JLT:
    case BPF_JSLT:
      return amax < bmin ? 1 : amin >= bmax ? 0 : -1;
    case BPF_JGE:
    case BPF_JSGE:
      return amin >= bmax ? 1 : amax < bmin ? 0 : -1;
    default:
      return amax <= bmin ? 1 : amin > bmax ? 0 : -1;
  }
}

function scalarTaken(a: Reg, b: Reg, op: number, is32: boolean): number {
  const x = a.range;
  const y = b.range;
  switch (op) {
    case BPF_JEQ:
      return equalTaken(x, y, is32);
    case BPF_JNE: {
      const equal = equalTaken(x, y, is32);
      return equal < 0 ? -1 : 1 - equal;
    }
    case BPF_JSET:
      return setTaken(a, b, is32);
    case BPF_JSGT:
    case BPF_JSGE:
    case BPF_JSLT:
    case BPF_JSLE:
      if (is32) return orderTaken(op, x.s32min, x.s32max, y.s32min, y.s32max);
      return orderTaken(op, x.smin, x.smax, y.smin, y.smax);
    default:
      if (is32) return orderTaken(op, x.u32min, x.u32max, y.u32min, y.u32max);
      return orderTaken(op, x.umin, x.umax, y.umin, y.umax);
  }
}

/** 1: the jump is always taken, 0: never, -1: either. */
export function branchTaken(a: Reg, b: Reg, op: number, is32: boolean): number {
  if (isPktPointerAny(a) && isPktPointerAny(b) && !is32) return packetTaken(a, b, op);
  if (a.type !== SCALAR_VALUE || b.type !== SCALAR_VALUE) {
    if (!isRegConst(b, is32)) {
      op = flipOp(op);
      [a, b] = [b, a];
    }
    if (!isRegConst(b, is32)) return -1;
    if (!regNotNull(a)) return -1;
    const value = is32 ? tnumSubreg(b.range.bits).value : b.range.bits.value;
    if (value !== 0n) return -1;
    return op === BPF_JEQ ? 0 : op === BPF_JNE ? 1 : -1;
  }
  return scalarTaken(a, b, op, is32);
}

function refineEqual(a: Bounds, b: Bounds, is32: boolean): void {
  if (is32) {
    a.u32min = b.u32min = Math.max(a.u32min, b.u32min);
    a.u32max = b.u32max = Math.min(a.u32max, b.u32max);
    a.s32min = b.s32min = Math.max(a.s32min, b.s32min);
    a.s32max = b.s32max = Math.min(a.s32max, b.s32max);
    const low = tnumIntersect(tnumSubreg(a.bits), tnumSubreg(b.bits));
    a.bits = tnumWithSubreg(a.bits, low);
    b.bits = tnumWithSubreg(b.bits, low);
    return;
  }
  a.umin = b.umin = maxBig(a.umin, b.umin);
  a.umax = b.umax = minBig(a.umax, b.umax);
  a.smin = b.smin = maxBig(a.smin, b.smin);
  a.smax = b.smax = minBig(a.smax, b.smax);
  a.bits = b.bits = tnumIntersect(a.bits, b.bits);
}

function known(b: Bounds, is32: boolean): boolean {
  return (is32 ? tnumSubreg(b.bits) : b.bits).mask === 0n;
}

/** Not equal to a number at the edge of a range: the range is one shorter. */
function refineNotEqual(a: Bounds, b: Bounds, is32: boolean): void {
  if (!known(b, is32)) [a, b] = [b, a];
  if (!known(b, is32)) return;
  if (is32) {
    const value = Number(tnumSubreg(b.bits).value);
    if (a.u32min === value) a.u32min = (a.u32min + 1) >>> 0;
    if (a.u32max === value) a.u32max = (a.u32max - 1) >>> 0;
    if (a.s32min === (value | 0)) a.s32min = (a.s32min + 1) | 0;
    if (a.s32max === (value | 0)) a.s32max = (a.s32max - 1) | 0;
    return;
  }
  const { value } = b.bits;
  const signed = BigInt.asIntN(64, value);
  if (a.umin === value) a.umin = u64(a.umin + 1n);
  if (a.umax === value) a.umax = u64(a.umax - 1n);
  if (a.smin === signed) a.smin = BigInt.asIntN(64, a.smin + 1n);
  if (a.smax === signed) a.smax = BigInt.asIntN(64, a.smax - 1n);
}

function refineSet(a: Bounds, b: Bounds, is32: boolean, set: boolean): void {
  if (!known(b, is32)) [a, b] = [b, a];
  if (!known(b, is32)) return;
  const value = is32 ? tnumSubreg(b.bits).value : b.bits.value;
  if (set) {
    // Only a single bit says something when it is set.
    if (value === 0n || (value & (value - 1n)) !== 0n) return;
    if (is32) a.bits = tnumWithSubreg(a.bits, tnumOr(tnumSubreg(a.bits), tnumConst(value)));
    else a.bits = tnumOr(a.bits, tnumConst(value));
    return;
  }
  // Ranges are forgotten before the bits narrow: on a dead branch they would contradict them.
  a.unbound64();
  a.unbound32();
  const clear = tnumConst(U64_MAX & ~value);
  if (is32) a.bits = tnumWithSubreg(a.bits, tnumAnd(tnumSubreg(a.bits), clear));
  else a.bits = tnumAnd(a.bits, clear);
}

/** `a < b` or `a <= b`: the upper bound of one and the lower bound of the other. */
function refineLess(a: Bounds, b: Bounds, op: number, is32: boolean): void {
  const strict = op === BPF_JLT || op === BPF_JSLT ? 1 : 0;
  const signed = op === BPF_JSLT || op === BPF_JSLE;
  if (is32) {
    if (signed) {
      a.s32max = Math.min(a.s32max, wrapS32(b.s32max - strict));
      b.s32min = Math.max(wrapS32(a.s32min + strict), b.s32min);
    } else {
      a.u32max = Math.min(a.u32max, (b.u32max - strict) >>> 0);
      b.u32min = Math.max((a.u32min + strict) >>> 0, b.u32min);
    }
    return;
  }
  const one = BigInt(strict);
  if (signed) {
    const max = BigInt.asIntN(64, b.smax - one);
    if (max < a.smax) a.smax = max;
    const min = BigInt.asIntN(64, a.smin + one);
    if (min > b.smin) b.smin = min;
    return;
  }
  const max = u64(b.umax - one);
  if (max < a.umax) a.umax = max;
  const min = u64(a.umin + one);
  if (min > b.umin) b.umin = min;
}

function wrapS32(n: number): number {
  return n | 0;
}

function refine(a: Bounds, b: Bounds, op: number, is32: boolean): void {
  switch (op) {
    case BPF_JEQ:
      refineEqual(a, b, is32);
      break;
    case BPF_JNE:
      refineNotEqual(a, b, is32);
      break;
    case BPF_JSET:
    case JNSET:
      refineSet(a, b, is32, op === BPF_JSET);
      break;
    case BPF_JLE:
    case BPF_JLT:
    case BPF_JSLE:
    case BPF_JSLT:
      refineLess(a, b, op, is32);
      break;
    default:
      refineLess(b, a, flipOp(op), is32);
  }
}

/** Sets both scalars to what `a op b` being true says. */
export function refineCond(a: Reg, b: Reg, op: number, is32: boolean): void {
  const { range: before } = a;
  const { range: other } = b;
  const how = (op << 2) | (is32 ? 2 : 0) | (a === b ? 1 : 0);
  const first = firsts.get(how, before, other);
  const second = seconds.get(how, before, other);
  if (first !== undefined && second !== undefined) {
    a.range = first;
    b.range = second;
    return;
  }
  const x = new Bounds(before);
  // A register compared with itself is narrowed as one.
  const y = a === b ? x : new Bounds(other);
  refine(x, y, op, is32);
  a.range = firsts.set(how, before, other, x.sync().freeze());
  b.range = seconds.set(how, before, other, y.sync().freeze());
}

const firsts = new Memo();
const seconds = new Memo();
