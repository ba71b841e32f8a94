/**
 * Tristate numbers: what is known of each bit of a 64-bit value (`struct tnum`).
 * A bit is 1 where `value` has it, unknown where `mask` has it, else 0.
 * 64-bit words are non-negative bigints. Source: the arithmetic described in
 * Vishwanathan et al., "Sound, Precise, and Fast Abstract Interpretation with
 * Tristate Numbers", as the kernel's verifier prints its results.
 */

export const U64_MAX = 0xffffffffffffffffn;
const U32_MASK = 0xffffffffn;

/** One tristate number; immutable. */
export class Tnum {
  readonly value: bigint;
  readonly mask: bigint;

  constructor(value: bigint, mask: bigint) {
    this.value = value;
    this.mask = mask;
  }

  get isConst(): boolean {
    return this.mask === 0n;
  }

  get isUnknown(): boolean {
    return this.mask === U64_MAX;
  }

  /** As the log prints it. */
  toString(): string {
    if (this.mask === 0n) return this.value <= 65535n ? `${this.value}` : `0x${this.value.toString(16)}`;
    return `(0x${this.value.toString(16)}; 0x${this.mask.toString(16)})`;
  }
}

export const TNUM_UNKNOWN = new Tnum(0n, U64_MAX);
const TNUM_ZERO = new Tnum(0n, 0n);

function u64(x: bigint): bigint {
  return x & U64_MAX;
}

export function tnumConst(value: bigint): Tnum {
  return value === 0n ? TNUM_ZERO : new Tnum(value, 0n);
}

/** The smallest tnum that holds every value from min to max. */
export function tnumRange(min: bigint, max: bigint): Tnum {
  const bits = bitLength(min ^ max);
  if (bits > 63) return TNUM_UNKNOWN;
  const delta = (1n << BigInt(bits)) - 1n;
  return new Tnum(min & ~delta, delta);
}

/** Position of the highest bit set, plus one. */
function bitLength(x: bigint): number {
  const high = Number(x >> 32n);
  return high !== 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(Number(x & U32_MASK));
}

export function tnumLshift(a: Tnum, shift: number): Tnum {
  const by = BigInt(shift);
  return new Tnum(u64(a.value << by), u64(a.mask << by));
}

export function tnumRshift(a: Tnum, shift: number): Tnum {
  const by = BigInt(shift);
  return new Tnum(a.value >> by, a.mask >> by);
}

/** Arithmetic shift; of the low half alone when `width` is 32. */
export function tnumArshift(a: Tnum, shift: number, width: 32 | 64): Tnum {
  const by = BigInt(shift);
  const keep = width === 32 ? U32_MASK : U64_MAX;
  return new Tnum((BigInt.asIntN(width, a.value) >> by) & keep, (BigInt.asIntN(width, a.mask) >> by) & keep);
}

export function tnumAdd(a: Tnum, b: Tnum): Tnum {
  const sm = u64(a.mask + b.mask);
  const sv = u64(a.value + b.value);
  const mu = (u64(sm + sv) ^ sv) | a.mask | b.mask;
  return new Tnum(sv & ~mu, mu);
}

export function tnumSub(a: Tnum, b: Tnum): Tnum {
  const dv = u64(a.value - b.value);
  const mu = (u64(dv + a.mask) ^ u64(dv - b.mask)) | a.mask | b.mask;
  return new Tnum(dv & ~mu, mu);
}

export function tnumNeg(a: Tnum): Tnum {
  return tnumSub(TNUM_ZERO, a);
}

export function tnumAnd(a: Tnum, b: Tnum): Tnum {
  const alpha = a.value | a.mask;
  const beta = b.value | b.mask;
  const v = a.value & b.value;
  return new Tnum(v, alpha & beta & ~v);
}

export function tnumOr(a: Tnum, b: Tnum): Tnum {
  const v = a.value | b.value;
  return new Tnum(v, (a.mask | b.mask) & ~v);
}

export function tnumXor(a: Tnum, b: Tnum): Tnum {
  const mu = a.mask | b.mask;
  return new Tnum((a.value ^ b.value) & ~mu, mu);
}

/** Product by shift and add; an unknown bit of `a` contributes either nothing or `b` (6.18: `tnum_mul` joins both). */
export function tnumMul(a: Tnum, b: Tnum): Tnum {
  let acc: Tnum = TNUM_ZERO;
  while (a.value !== 0n || a.mask !== 0n) {
    if ((a.value & 1n) !== 0n) acc = tnumAdd(acc, b);
    else if ((a.mask & 1n) !== 0n) acc = tnumUnion(acc, tnumAdd(acc, b));
    a = new Tnum(a.value >> 1n, a.mask >> 1n);
    b = tnumLshift(b, 1);
  }
  return acc;
}

/** The smallest tnum that holds both. */
function tnumUnion(a: Tnum, b: Tnum): Tnum {
  const v = a.value & b.value;
  const mu = (a.value ^ b.value) | a.mask | b.mask;
  return new Tnum(v & ~mu, mu);
}

/** What both agree on; when they contradict each other the result means nothing. */
export function tnumIntersect(a: Tnum, b: Tnum): Tnum {
  const v = a.value | b.value;
  const mu = a.mask & b.mask;
  return new Tnum(v & ~mu, mu);
}

/** Whether the two have a value in common. */
export function tnumOverlap(a: Tnum, b: Tnum): boolean {
  return ((a.value ^ b.value) & ~a.mask & ~b.mask) === 0n;
}

/** The smallest value of `a` above `x`; its highest when there is none (`tnum_step`). */
export function tnumStep(a: Tnum, x: bigint): bigint {
  const { value, mask } = a;
  const most = value | mask;
  if (x >= most) return most;
  if (x < value) return value;
  // Below the highest bit where x contradicts the known bits, x does not matter.
  const wrong = (x ^ value) & ~mask;
  if (wrong === 0n) return (((x | ~mask) + 1n) & mask) | value;
  const low = (1n << BigInt(bitLength(wrong))) - 1n;
  const high = x & ~low & mask;
  // The known bit is 1 where x has 0: the smallest with the same bits above will do.
  if (((value >> BigInt(bitLength(wrong) - 1)) & 1n) === 1n) return high | value;
  return (((high | ~mask | low) + 1n) & mask & ~low) | value;
}

/** The low `size` bytes, the rest zero. */
export function tnumCast(a: Tnum, size: number): Tnum {
  const keep = (1n << BigInt(size * 8)) - 1n;
  return new Tnum(a.value & keep, a.mask & keep);
}

export function tnumSubreg(a: Tnum): Tnum {
  return tnumCast(a, 4);
}

/** `a` with its low 32 bits zero. */
export function tnumClearSubreg(a: Tnum): Tnum {
  return new Tnum(a.value & ~U32_MASK, a.mask & ~U32_MASK);
}

/** The upper half of `a` with the low half of `sub`. */
export function tnumWithSubreg(a: Tnum, sub: Tnum): Tnum {
  return tnumOr(tnumClearSubreg(a), tnumSubreg(sub));
}

export function tnumConstSubreg(a: Tnum, value: number): Tnum {
  return tnumWithSubreg(a, tnumConst(BigInt(value >>> 0)));
}

/** Whether every value of `b` is one of `a` (`tnum_in`). */
export function tnumIn(a: Tnum, b: Tnum): boolean {
  if ((b.mask & ~a.mask) !== 0n) return false;
  return a.value === (b.value & ~a.mask);
}

/** Whether every value is a multiple of `size`, a power of two. */
export function tnumIsAligned(a: Tnum, size: number): boolean {
  return ((a.value | a.mask) & BigInt(size - 1)) === 0n;
}
