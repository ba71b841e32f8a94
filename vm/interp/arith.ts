/** 64-bit division of the interpreter where the loop's 32 bits are not enough, on registers by number. */
import { REGS_HI, REGS_LO } from './registers.ts';

function unsigned(reg: number): bigint {
  return (BigInt(REGS_HI[reg]! >>> 0) << 32n) | BigInt(REGS_LO[reg]! >>> 0);
}

function signed(reg: number): bigint {
  return (BigInt(REGS_HI[reg]!) << 32n) | BigInt(REGS_LO[reg]! >>> 0);
}

function set(reg: number, value: bigint): void {
  REGS_LO[reg] = Number(BigInt.asIntN(32, value));
  REGS_HI[reg] = Number(BigInt.asIntN(32, value >> 32n));
}

/** Unsigned dst /= src; division by zero gives 0 (RFC 9669 section 4.1). */
export function div64(d: number, s: number): void {
  const divisor = unsigned(s);
  set(d, divisor === 0n ? 0n : unsigned(d) / divisor);
}

/** Unsigned dst %= src; modulo zero leaves dst. */
export function mod64(d: number, s: number): void {
  const divisor = unsigned(s);
  if (divisor !== 0n) set(d, unsigned(d) % divisor);
}

/** Signed dst /= src, truncating; the smallest number divided by -1 stays itself. */
export function sdiv64(d: number, s: number): void {
  const divisor = signed(s);
  set(d, divisor === 0n ? 0n : signed(d) / divisor);
}

/** Signed dst %= src; the result has the sign of dst. */
export function smod64(d: number, s: number): void {
  const divisor = signed(s);
  if (divisor !== 0n) set(d, signed(d) % divisor);
}
