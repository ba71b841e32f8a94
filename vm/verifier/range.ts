/**
 * What is known of a 64-bit number: its bits (tnum) and four ranges, each of which
 * tightens the others (`reg_bounds_sync`). Immutable, so that copies of a register
 * share it and equal ones are often the same object.
 *
 * 64-bit bounds are bigints (unsigned ones non-negative), 32-bit bounds numbers.
 */
import {
  TNUM_UNKNOWN,
  type Tnum,
  tnumCast,
  tnumClearSubreg,
  tnumConst,
  tnumConstSubreg,
  tnumIntersect,
  tnumOr,
  tnumRange,
  tnumStep,
  tnumSubreg,
  U64_MAX,
} from './tnum.ts';

export const S64_MIN = -(1n << 63n);
export const S64_MAX = (1n << 63n) - 1n;
export const S32_MIN = -2147483648;
export const S32_MAX = 2147483647;
export const U32_MAX = 4294967295;
const S32_MIN_BIG = BigInt(S32_MIN);
const S32_MAX_BIG = BigInt(S32_MAX);
const LOW = 0xffffffffn;

export function s64(x: bigint): bigint {
  return BigInt.asIntN(64, x);
}

export function u64(x: bigint): bigint {
  return x & U64_MAX;
}

/** Math.min and Math.max do not take bigints. */
export function minBig(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

export function maxBig(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

/** Low half, unsigned and signed. */
function low32(x: bigint): number {
  return Number(x & LOW);
}

/** The bounds while they are worked on; {@link Bounds.freeze} gives the value. */
export class Bounds {
  bits: Tnum;
  umin: bigint;
  umax: bigint;
  smin: bigint;
  smax: bigint;
  u32min: number;
  u32max: number;
  s32min: number;
  s32max: number;

  constructor(from: Range) {
    this.bits = from.bits;
    this.umin = from.umin;
    this.umax = from.umax;
    this.smin = from.smin;
    this.smax = from.smax;
    this.u32min = from.u32min;
    this.u32max = from.u32max;
    this.s32min = from.s32min;
    this.s32max = from.s32max;
  }

  unbound64(): void {
    this.umin = 0n;
    this.umax = U64_MAX;
    this.smin = S64_MIN;
    this.smax = S64_MAX;
  }

  unbound32(): void {
    this.u32min = 0;
    this.u32max = U32_MAX;
    this.s32min = S32_MIN;
    this.s32max = S32_MAX;
  }

  /** Narrows the 32-bit ranges by the bits (`__update_reg32_bounds`). */
  fromBits32(): void {
    const { value, mask } = this.bits;
    const value32 = low32(value) | 0;
    const mask32 = low32(mask) | 0;
    const s32low = value32 | (mask32 & S32_MIN);
    const s32high = value32 | (mask32 & S32_MAX);
    if (s32low > this.s32min) this.s32min = s32low;
    if (s32high < this.s32max) this.s32max = s32high;
    const high32 = (value32 | mask32) >>> 0;
    if (value32 >>> 0 > this.u32min) this.u32min = value32 >>> 0;
    if (high32 < this.u32max) this.u32max = high32;
  }

  /** The low half zero-extended (`zext_32_to_64`). */
  zeroExtend(): void {
    this.bits = tnumSubreg(this.bits);
    this.umin = BigInt(this.u32min);
    this.umax = BigInt(this.u32max);
    const positive = this.s32min >= 0 && this.s32max >= 0;
    this.smin = positive ? BigInt(this.s32min) : 0n;
    this.smax = positive ? BigInt(this.s32max) : LOW;
  }

  /** Narrows the four ranges by the bits (`__update_reg_bounds`). */
  fromBits(): void {
    const { value, mask } = this.bits;
    if (mask === U64_MAX) return;
    this.fromBits32();
    const signUnknown = mask >> 63n === 1n;
    const sbase = s64(value);
    const smin = signUnknown ? s64(value | (1n << 63n)) : sbase;
    const smax = signUnknown ? s64((value | mask) & S64_MAX) : s64(value | mask);
    if (smin > this.smin) this.smin = smin;
    if (smax < this.smax) this.smax = smax;
    if (value > this.umin) this.umin = value;
    const umax = value | mask;
    if (umax < this.umax) this.umax = umax;
    this.fromSingle();
  }

  /** One value of the bits alone is within the unsigned range: it is the value. */
  private fromSingle(): void {
    const { bits, umin, umax } = this;
    if (bits.isConst && umin === bits.value && umax === umin) return;
    const next = tnumStep(bits, umin);
    let first: bigint;
    if ((umin & ~bits.mask) === bits.value) {
      if (next <= umax) return;
      first = umin;
    } else {
      if (next !== (bits.value | bits.mask) && (next > umax || tnumStep(bits, next) <= umax)) return;
      first = next;
    }
    const one = constRange(first);
    this.bits = one.bits;
    this.umin = one.umin;
    this.umax = one.umax;
    this.smin = one.smin;
    this.smax = one.smax;
    this.u32min = one.u32min;
    this.u32max = one.u32max;
    this.s32min = one.s32min;
    this.s32max = one.s32max;
  }

  private raiseS32(min: number, max: number): void {
    if (min > this.s32min) this.s32min = min;
    if (max < this.s32max) this.s32max = max;
  }

  private raiseU32(min: number, max: number): void {
    if (min > this.u32min) this.u32min = min;
    if (max < this.u32max) this.u32max = max;
  }

  /** 32-bit ranges from the 64-bit ones and from each other. */
  private deduce32(): void {
    const uHighMin = Number(this.umin >> 32n);
    const uHighMax = Number(this.umax >> 32n);
    const uLowMin = low32(this.umin);
    const uLowMax = low32(this.umax);
    if (uHighMin === uHighMax) {
      this.raiseU32(uLowMin, uLowMax);
      if ((uLowMin | 0) <= (uLowMax | 0)) this.raiseS32(uLowMin | 0, uLowMax | 0);
    }
    const sHighMin = Number(this.smin >> 32n) | 0;
    const sHighMax = Number(this.smax >> 32n) | 0;
    const sLowMin = low32(this.smin);
    const sLowMax = low32(this.smax);
    if (sHighMin === sHighMax) {
      if (sLowMin <= sLowMax) this.raiseU32(sLowMin, sLowMax);
      if ((sLowMin | 0) <= (sLowMax | 0)) this.raiseS32(sLowMin | 0, sLowMax | 0);
    }
    // Two neighbouring upper halves: the low halves run from negative through zero.
    if ((uHighMin + 1) >>> 0 === uHighMax && (uLowMin | 0) < 0 && (uLowMax | 0) >= 0) {
      this.raiseS32(uLowMin | 0, uLowMax | 0);
    }
    if (((sHighMin + 1) | 0) === sHighMax && (sLowMin | 0) < 0 && (sLowMax | 0) >= 0) {
      this.raiseS32(sLowMin | 0, sLowMax | 0);
    }
    if ((this.u32min | 0) <= (this.u32max | 0)) this.raiseS32(this.u32min | 0, this.u32max | 0);
    const low = this.s32min >>> 0;
    const high = this.s32max >>> 0;
    if (low <= high) this.raiseU32(low, high);
    else if (this.u32max < low) {
      // As in 64 bits: the signed range covers both ends of the unsigned one, which touches only one end.
      this.s32min = this.u32min | 0;
      if (high < this.u32max) this.u32max = high;
    } else if (high < this.u32min) {
      this.s32max = this.u32max | 0;
      if (low > this.u32min) this.u32min = low;
    }
  }

  /** The signed and the unsigned 64-bit range from each other. */
  private deduce64(): void {
    const su = s64(this.umin);
    const sx = s64(this.umax);
    if (su <= sx) {
      if (su > this.smin) this.smin = su;
      if (sx < this.smax) this.smax = sx;
    }
    const us = u64(this.smin);
    const ux = u64(this.smax);
    if (us <= ux) {
      if (us > this.umin) this.umin = us;
      if (ux < this.umax) this.umax = ux;
    } else if (this.umax < us) {
      // The signed range covers both ends of the unsigned one, which touches only one end.
      this.smin = s64(this.umin);
      if (ux < this.umax) this.umax = ux;
    } else if (ux < this.umin) {
      this.smax = s64(this.umax);
      if (us > this.umin) this.umin = us;
    }
  }

  /** 64-bit ranges from the 32-bit ones: the low halves cannot leave theirs. */
  private deduceMixed(): void {
    if (this.u32min !== 0 || this.u32max !== U32_MAX) {
      const low = BigInt(this.u32min);
      const high = BigInt(this.u32max);
      const umin = (this.umin & ~LOW) | low;
      const umax = (this.umax & ~LOW) | high;
      if (umin > this.umin) this.umin = umin;
      if (umax < this.umax) this.umax = umax;
      const smin = (this.smin & ~LOW) | low;
      const smax = (this.smax & ~LOW) | high;
      if (smin > this.smin) this.smin = smin;
      if (smax < this.smax) this.smax = smax;
    }
    if (this.s32min >= 0 && this.smin >= S32_MIN_BIG && this.smax <= S32_MAX_BIG) {
      // Sign extension of a value whose low half is not negative.
      this.smin = BigInt(this.s32min);
      this.smax = BigInt(this.s32max);
      this.umin = this.smin;
      this.umax = u64(this.smax);
      this.bits = tnumIntersect(this.bits, tnumRange(this.umin, this.umax));
    }
  }

  /** Whether it changed anything: what changes nothing will not the next time either. */
  private deduce(): boolean {
    const { bits, umin, umax, smin, smax, u32min, u32max, s32min, s32max } = this;
    this.deduce32();
    this.deduce64();
    this.deduceMixed();
    return (
      this.u32min !== u32min ||
      this.u32max !== u32max ||
      this.s32min !== s32min ||
      this.s32max !== s32max ||
      this.umin !== umin ||
      this.umax !== umax ||
      this.smin !== smin ||
      this.smax !== smax ||
      this.bits.mask !== bits.mask ||
      this.bits.value !== bits.value
    );
  }

  private toBits(): void {
    const bits64 = tnumIntersect(this.bits, tnumRange(this.umin, this.umax));
    const bits32 = tnumIntersect(tnumSubreg(bits64), tnumRange(BigInt(this.u32min), BigInt(this.u32max)));
    this.bits = tnumOr(tnumClearSubreg(bits64), bits32);
  }

  /** Tightens everything by everything else, as far as the kernel does (`reg_bounds_sync`). */
  sync(): this {
    this.fromBits();
    if (this.deduce() && this.deduce()) this.deduce();
    this.toBits();
    this.fromBits();
    return this;
  }

  /** The value: an object that there was before, when it is one of the last few thousand. */
  freeze(): Range {
    const { bits, umin, umax, smin, smax, u32min, u32max, s32min, s32max } = this;
    let hash = Math.imul(u32min, 0x9e3779b1) ^ Math.imul(u32max, 0x85ebca6b) ^ Math.imul(s32min, 0xc2b2ae35) ^ s32max;
    hash ^= Math.imul(low32(umin) ^ low32(smax), 0x27d4eb2f) ^ Math.imul(low32(bits.mask), 0x165667b1);
    const slot = (hash ^ (hash >>> 15)) & (INTERNED - 1);
    const known = interned[slot];
    if (
      known !== undefined &&
      known.u32min === u32min &&
      known.u32max === u32max &&
      known.s32min === s32min &&
      known.s32max === s32max &&
      known.umin === umin &&
      known.umax === umax &&
      known.smin === smin &&
      known.smax === smax &&
      known.bits.value === bits.value &&
      known.bits.mask === bits.mask
    ) {
      return known;
    }
    const range = new Range(bits, umin, umax, smin, smax, u32min, u32max, s32min, s32max);
    interned[slot] = range;
    return range;
  }
}

/** Values made by {@link Bounds.freeze}, so that equal ones are mostly the same object; one a slot. */
const INTERNED = 4096;
const interned: (Range | undefined)[] = Array.from({ length: INTERNED });

let lastSerial = 0;

/** What is known of a 64-bit number; immutable. */
export class Range {
  readonly bits: Tnum;
  readonly umin: bigint;
  readonly umax: bigint;
  readonly smin: bigint;
  readonly smax: bigint;
  readonly u32min: number;
  readonly u32max: number;
  readonly s32min: number;
  readonly s32max: number;
  /** Tells objects apart, for {@link Memo}. */
  readonly serial: number;

  constructor(
    bits: Tnum,
    umin: bigint,
    umax: bigint,
    smin: bigint,
    smax: bigint,
    u32min: number,
    u32max: number,
    s32min: number,
    s32max: number,
  ) {
    this.bits = bits;
    this.umin = umin;
    this.umax = umax;
    this.smin = smin;
    this.smax = smax;
    this.u32min = u32min;
    this.u32max = u32max;
    this.s32min = s32min;
    this.s32max = s32max;
    lastSerial = (lastSerial + 1) | 0;
    this.serial = lastSerial;
  }

  /** One value. */
  get isConst(): boolean {
    return this.bits.mask === 0n;
  }

  get isUnknown(): boolean {
    return this === UNKNOWN || (this.isUnbounded && this.bits.isUnknown);
  }

  /** None of the ranges says anything (`__is_scalar_unbounded` without the bits). */
  get isUnbounded(): boolean {
    return (
      this.smin === S64_MIN &&
      this.smax === S64_MAX &&
      this.umin === 0n &&
      this.umax === U64_MAX &&
      this.s32min === S32_MIN &&
      this.s32max === S32_MAX &&
      this.u32min === 0 &&
      this.u32max === U32_MAX
    );
  }

  /** The low half is one value. */
  get subregConst(): boolean {
    return (this.bits.mask & LOW) === 0n;
  }

  /** All nine the same. */
  equals(other: Range): boolean {
    return (
      this === other ||
      (this.bits.value === other.bits.value &&
        this.bits.mask === other.bits.mask &&
        this.umin === other.umin &&
        this.umax === other.umax &&
        this.smin === other.smin &&
        this.smax === other.smax &&
        this.u32min === other.u32min &&
        this.u32max === other.u32max &&
        this.s32min === other.s32min &&
        this.s32max === other.s32max)
    );
  }

  /** Every value of `other` is within this one's ranges and bits (`range_within` and `tnum_in`). */
  contains(other: Range): boolean {
    if (this === other || this === UNKNOWN) return true;
    return (
      this.umin <= other.umin &&
      this.umax >= other.umax &&
      this.smin <= other.smin &&
      this.smax >= other.smax &&
      this.u32min <= other.u32min &&
      this.u32max >= other.u32max &&
      this.s32min <= other.s32min &&
      this.s32max >= other.s32max
    );
  }
}

/** Nothing is known. */
export const UNKNOWN = new Range(TNUM_UNKNOWN, 0n, U64_MAX, S64_MIN, S64_MAX, 0, U32_MAX, S32_MIN, S32_MAX);

const CACHED = 256;
const constCache: Range[] = [];

function makeConst(value: bigint): Range {
  const signed = s64(value);
  const low = low32(value);
  return new Range(tnumConst(value), value, value, signed, signed, low, low, low | 0, low | 0);
}

for (let i = 0; i < CACHED; i++) constCache.push(makeConst(BigInt(i)));

/** The one value; taken modulo 2^64. */
export function constRange(value: bigint): Range {
  value = u64(value);
  if (value < 256n) return constCache[Number(value)]!;
  return makeConst(value);
}

/** The one value of a number, sign-extended to 64 bits. */
export function constRangeNumber(value: number): Range {
  if (value >= 0 && value < CACHED) return constCache[value]!;
  return makeConst(BigInt.asUintN(64, BigInt(value)));
}

export const ZERO = constCache[0]!;

/** The low half is a number, the upper stays what it was; nothing else is tightened (`__mark_reg32_known`). */
export function knownLow(from: Range, value: number): Range {
  const bits = tnumConstSubreg(from.bits, value);
  const { umin, umax, smin, smax } = from;
  return new Range(bits, umin, umax, smin, smax, value >>> 0, value >>> 0, value | 0, value | 0);
}

/** Range with bounds changed by `edit`, then tightened. */
export function refine(from: Range, edit: (b: Bounds) => void): Range {
  const b = new Bounds(from);
  edit(b);
  return b.sync().freeze();
}

/** Signed and unsigned 64-bit range from nothing but the bits. */
export function rangeFromBits(bits: Tnum): Range {
  if (bits.isUnknown) return UNKNOWN;
  if (bits.isConst) return constRange(bits.value);
  return refine(UNKNOWN, (b) => {
    b.bits = bits;
  });
}

/**
 * Results of the last few thousand operations, by the operands themselves: programs do the same
 * things to the same values again and again. `how` is a small number that names the operation.
 */
export class Memo {
  readonly #a: (Range | undefined)[] = Array.from({ length: MEMO_SLOTS });
  readonly #b: (Range | undefined)[] = Array.from({ length: MEMO_SLOTS });
  readonly #out: (Range | undefined)[] = Array.from({ length: MEMO_SLOTS });
  readonly #how = new Int32Array(MEMO_SLOTS);

  #slot(how: number, a: Range, b: Range): number {
    const hash = Math.imul(a.serial, 0x9e3779b1) ^ Math.imul(b.serial, 0x85ebca6b) ^ Math.imul(how, 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) & (MEMO_SLOTS - 1);
  }

  /** The result remembered. */
  get(how: number, a: Range, b: Range): Range | undefined {
    const slot = this.#slot(how, a, b);
    return this.#a[slot] === a && this.#b[slot] === b && this.#how[slot] === how ? this.#out[slot] : undefined;
  }

  /** Remembers a result, and gives it back. */
  set(how: number, a: Range, b: Range, out: Range): Range {
    const slot = this.#slot(how, a, b);
    this.#a[slot] = a;
    this.#b[slot] = b;
    this.#how[slot] = how;
    this.#out[slot] = out;
    return out;
  }
}

const MEMO_SLOTS = 4096;
const extensions = new Memo();

/** The low half zero-extended (`zext_32_to_64`). */
export function zext32(r: Range): Range {
  if (r.isConst) return constRange(r.bits.value & LOW);
  return (
    extensions.get(0, r, r) ??
    extensions.set(
      0,
      r,
      r,
      refine(r, (b) => b.zeroExtend()),
    )
  );
}

/** `coerce_reg_to_size`: the low `size` bytes, zero-extended. */
export function zextRange(r: Range, size: number): Range {
  if (size >= 8) return r;
  return extensions.get(size, r, r) ?? extensions.set(size, r, r, coerce(r, size));
}

function coerce(r: Range, size: number): Range {
  const keep = (1n << BigInt(size * 8)) - 1n;
  if (r.isConst) return constRange(r.bits.value & keep);
  const b = new Bounds(r);
  if ((b.umin & ~keep) === (b.umax & ~keep)) {
    b.umin &= keep;
    b.umax &= keep;
  } else {
    b.umin = 0n;
    b.umax = keep;
  }
  b.bits = tnumCast(b.bits, size);
  b.smin = s64(b.umin);
  b.smax = s64(b.umax);
  if (size < 4) b.unbound32();
  return b.sync().freeze();
}
