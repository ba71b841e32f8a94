/** Helpers on strings (man bpf-helpers). */
import { EINVAL, ERANGE } from '../../uapi/errno.ts';
import type { HelperRecord } from '../helper.ts';
import type { Vm } from '../vm.ts';

/** `BPF_STRTOX_BASE_MASK`. */
const BASE_MASK = 0x1f;
/** A number is read from this many characters at most. */
const MAX_DIGITS = 63;
const U64_MAX = (1n << 64n) - 1n;

const SPACE = new Set([0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0xa0]);

/** Value of a digit character in any base up to 16, else 99. */
function digit(char: number): number {
  if (char >= 0x30 && char <= 0x39) return char - 0x30;
  const lower = char | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : 99;
}

interface Parsed {
  /** Characters read, or -errno. */
  readonly consumed: number;
  readonly value: bigint;
  readonly negative: boolean;
}

const failed = (errno: number): Parsed => ({ consumed: -errno, value: 0n, negative: false });

/** Reads an unsigned number with an optional sign (`__bpf_strtoull`). */
function parse(vm: Vm, buffer: number, length: number, flagsLo: number, flagsHi: number): Parsed {
  const u8 = vm.env.arena.u8;
  let base = flagsLo & BASE_MASK;
  if (length === 0 || (base !== 0 && base !== 8 && base !== 10 && base !== 16)) return failed(EINVAL);
  if (flagsHi !== 0 || (flagsLo & ~BASE_MASK) !== 0) return failed(EINVAL);
  const end = buffer + length;
  let at = buffer;
  while (at < end && SPACE.has(u8[at]!)) at++;
  const negative = at < end && u8[at] === 0x2d;
  if (negative) at++;
  if (at === end) return failed(EINVAL);
  const stop = Math.min(end, at + MAX_DIGITS);
  const char = (i: number): number => (i < stop ? u8[i]! : 0);
  const isHex = char(at) === 0x30 && (char(at + 1) | 0x20) === 0x78;
  if (base === 0) base = isHex && digit(char(at + 2)) < 16 ? 16 : char(at) === 0x30 ? 8 : 10;
  if (base === 16 && isHex) at += 2;
  const first = at;
  let value = 0n;
  let overflow = false;
  for (; at < stop && digit(u8[at]!) < base; at++) {
    value = value * BigInt(base) + BigInt(digit(u8[at]!));
    if (value > U64_MAX) overflow = true;
  }
  if (overflow) return failed(ERANGE);
  if (at === first) return failed(EINVAL);
  return { consumed: at - buffer, value, negative };
}

function strtol(vm: Vm, buffer = 0, length = 0, flagsLo = 0, flagsHi = 0, result = 0): number {
  const view = vm.env.arena.view;
  view.setBigInt64(result, 0n, true);
  const { consumed, value, negative } = parse(vm, buffer, length, flagsLo, flagsHi);
  if (consumed < 0) return consumed;
  if (negative ? value > 1n << 63n : value >= 1n << 63n) return -ERANGE;
  view.setBigInt64(result, negative ? -value : value, true);
  return consumed;
}

function strtoul(vm: Vm, buffer = 0, length = 0, flagsLo = 0, flagsHi = 0, result = 0): number {
  const view = vm.env.arena.view;
  view.setBigInt64(result, 0n, true);
  const { consumed, value, negative } = parse(vm, buffer, length, flagsLo, flagsHi);
  if (consumed < 0) return consumed;
  if (negative) return -EINVAL;
  view.setBigUint64(result, value, true);
  return consumed;
}

function strncmp(vm: Vm, a = 0, size = 0, b = 0): number {
  const u8 = vm.env.arena.u8;
  for (let i = 0; i < size; i++) {
    const x = u8[a + i]!;
    const y = u8[b + i]!;
    if (x !== y) return x < y ? -1 : 1;
    if (x === 0) return 0;
  }
  return 0;
}

export const STRING_HELPERS: readonly HelperRecord[] = [
  { id: 105, name: 'strtol', doc: 'Reads a signed number: characters used.', args: 'iili', ret: 'int', fn: strtol },
  {
    id: 106,
    name: 'strtoul',
    doc: 'Reads an unsigned number: characters used.',
    args: 'iili',
    ret: 'int',
    fn: strtoul,
  },
  { id: 182, name: 'strncmp', doc: 'Compares two strings: -1, 0 or 1.', args: 'iii', ret: 'int', fn: strncmp },
];
