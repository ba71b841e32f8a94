/**
 * 64-bit arithmetic of the interpreter that is more than a line: on register files
 * of int32 words, a register at word index `d` (low half) and `d + 1` (high half).
 */

/** dst *= src (64 bits), from 16-bit partial products. */
export function mul64(regs: Int32Array, d: number, s: number): void {
  const al = regs[d]!;
  const bl = regs[s]!;
  const a0 = al & 0xffff;
  const a1 = al >>> 16;
  const b0 = bl & 0xffff;
  const b1 = bl >>> 16;
  const low = Math.imul(a0, b0);
  const middle = (Math.imul(a1, b0) + (low >>> 16)) | 0;
  const middle2 = (Math.imul(a0, b1) + (middle & 0xffff)) | 0;
  const high = (Math.imul(a1, b1) + (middle >>> 16) + (middle2 >>> 16)) | 0;
  regs[d + 1] = (high + Math.imul(al, regs[s + 1]!) + Math.imul(regs[d + 1]!, bl)) | 0;
  regs[d] = Math.imul(al, bl);
}

/** Unsigned dst /= src; division by zero gives 0 (RFC 9669 section 4.1). */
export function div64(regs: Int32Array, d: number, s: number): void {
  if (regs[d + 1] === 0 && regs[s + 1] === 0) {
    const divisor = regs[s]! >>> 0;
    regs[d] = divisor === 0 ? 0 : (regs[d]! >>> 0) / divisor;
    return;
  }
  const wide = new BigUint64Array(regs.buffer);
  const divisor = wide[s >> 1]!;
  wide[d >> 1] = divisor === 0n ? 0n : wide[d >> 1]! / divisor;
}

/** Unsigned dst %= src; modulo zero leaves dst. */
export function mod64(regs: Int32Array, d: number, s: number): void {
  if (regs[d + 1] === 0 && regs[s + 1] === 0) {
    const divisor = regs[s]! >>> 0;
    if (divisor !== 0) regs[d] = (regs[d]! >>> 0) % divisor;
    return;
  }
  const wide = new BigUint64Array(regs.buffer);
  const divisor = wide[s >> 1]!;
  if (divisor !== 0n) wide[d >> 1] = wide[d >> 1]! % divisor;
}

/** Signed dst /= src, truncating; the smallest number divided by -1 stays itself. */
export function sdiv64(regs: Int32Array, d: number, s: number): void {
  const wide = new BigInt64Array(regs.buffer);
  const divisor = wide[s >> 1]!;
  wide[d >> 1] = divisor === 0n ? 0n : BigInt.asIntN(64, wide[d >> 1]! / divisor);
}

/** Signed dst %= src; the result has the sign of dst. */
export function smod64(regs: Int32Array, d: number, s: number): void {
  const wide = new BigInt64Array(regs.buffer);
  const divisor = wide[s >> 1]!;
  if (divisor !== 0n) wide[d >> 1] = wide[d >> 1]! % divisor;
}

/** Bytes of a 32-bit word in the other order. */
export function swap32(value: number): number {
  return (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
}
