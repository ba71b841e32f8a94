/**
 * The format strings of bpf_trace_printk, bpf_snprintf and bpf_seq_printf
 * (`bpf_bprintf_prepare`): what they may hold, and their text.
 */
import { E2BIG, EFAULT, EINVAL } from '../../uapi/errno.ts';
import type { Vm } from '../vm.ts';
import { isMapped, readUser } from './probe.ts';

/** Arguments a format may have (`MAX_BPRINTF_VARARGS`). */
export const MAX_ARGS = 12;
/** Characters of a string argument that are looked at (`MAX_BPRINTF_BUF` bounds them all). */
const MAX_STRING = 1024;

/** One conversion of a format. */
interface Conversion {
  /** Flags and width as printf writes them. */
  readonly flags: string;
  readonly width: number;
  /** `d`, `u`, `x`, `X`, `c`, `s`, `p`, `sym` (an address as a symbol), `pi4`, `pI4`, `pi6`, `pI6`. */
  readonly kind: string;
  /** Bytes of the value: 4 or 8. */
  readonly size: number;
  /** For `s`: from user memory. */
  readonly user: boolean;
}

type Piece = string | Conversion;

/** Letters and digits, white space and punctuation as the kernel sorts Latin-1 (`lib/ctype.c`). */
const ALNUM = /[0-9A-Za-z\xc0-\xd6\xd8-\xf6\xf8-\xff]/;
const SPACE_OR_PUNCT = /[\s!-/:-@[-`{-~\xa0-\xbf\xd7\xf7]/;

const DIGITS = '0123456789abcdef';

/** Splits a format (bytes up to its NUL as Latin-1) into text and conversions, or -EINVAL. */
export function parseFormat(format: string): readonly Piece[] | number {
  const pieces: Piece[] = [];
  let text = '';
  for (let i = 0; i < format.length; i++) {
    const char = format[i]!;
    const code = char.charCodeAt(0);
    // Of ASCII only printable characters and white space may stand in a format.
    if ((code < 0x20 && !(code >= 9 && code <= 13)) || code === 0x7f) return -EINVAL;
    if (char !== '%') {
      text += char;
      continue;
    }
    if (format[i + 1] === '%') {
      text += '%';
      i++;
      continue;
    }
    const found = conversion(format, i + 1);
    if (found === undefined) return -EINVAL;
    if (text !== '') pieces.push(text);
    text = '';
    pieces.push(found.conversion);
    i = found.end - 1;
    // Letters and digits after a conversion of %p belong to it, whatever they are.
    if (found.pointer) while (ALNUM.test(format[i + 1] ?? '')) i++;
  }
  if (text !== '') pieces.push(text);
  return pieces;
}

/** The conversion that begins after the percent sign at `i - 1`. */
function conversion(format: string, i: number): { conversion: Conversion; end: number; pointer: boolean } | undefined {
  const start = i;
  while ('0+- '.includes(format[i] ?? '?')) i++;
  const flags = format.slice(start, i);
  let width = 0;
  if (/[1-9]/.test(format[i] ?? '')) {
    while (/[0-9]/.test(format[i] ?? '')) width = (Math.imul(width, 10) + Number(format[i++])) | 0;
    // A width is kept in 24 bits; a negative one has no effect.
    width = Math.max((width << 8) >> 8, 0);
  }
  const base = { flags, width, user: false };
  const done = (kind: string, size: number, length: number, user = false) => ({
    conversion: { ...base, kind, size, user },
    end: i + length,
    pointer: format[i] === 'p',
  });
  const next = format[i + 1] ?? '';
  switch (format[i]) {
    case 'p': {
      const rest = format.slice(i + 1);
      if (/^[ku]s/.test(rest)) {
        return endsWord(format, i + 3) ? done('s', 8, 3, rest[0] === 'u') : undefined;
      }
      const ip = /^[iI][46]/.exec(rest);
      if (ip !== null) return done(`p${ip[0]}`, 8, 3);
      if (next === '' || endsWord(format, i + 1)) return done('p', 8, 1);
      if ('Kx'.includes(next)) return done('p', 8, 2);
      if ('sSB'.includes(next)) return done('sym', 8, 2);
      return undefined;
    }
    case 's':
      return endsWord(format, i + 1) ? done('s', 8, 1) : undefined;
    case 'c':
      return done('c', 1, 1);
    case 'l': {
      const long = next === 'l' ? 2 : 1;
      const kind = format[i + long] ?? '';
      return 'diuxX'.includes(kind) && kind !== '' ? done(kind, 8, long + 1) : undefined;
    }
    default: {
      const kind = format[i] ?? '';
      return kind !== '' && 'diuxX'.includes(kind) ? done(kind, 4, 1) : undefined;
    }
  }
}

/** Whether a plain `%p` or `%s` ends here: at the end, before white space, punctuation or another conversion. */
function endsWord(format: string, i: number): boolean {
  const char = format[i];
  return char === undefined || SPACE_OR_PUNCT.test(char);
}

function pad(text: string, { flags, width }: Conversion, numeric: boolean): string {
  if (text.length >= width) return text;
  if (flags.includes('-')) return text.padEnd(width);
  if (!numeric || !flags.includes('0')) return text.padStart(width);
  const sign = /^[-+ ]/.test(text) ? text[0]! : '';
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}

function integer(value: bigint, spec: Conversion): string {
  const bits = spec.size * 8;
  if (spec.kind === 'd' || spec.kind === 'i') {
    const signed = BigInt.asIntN(bits, value);
    const sign = signed < 0n ? '' : spec.flags.includes('+') ? '+' : spec.flags.includes(' ') ? ' ' : '';
    return pad(sign + signed.toString(), spec, true);
  }
  const unsigned = BigInt.asUintN(bits, value);
  const text = spec.kind === 'u' ? unsigned.toString() : unsigned.toString(16);
  return pad(spec.kind === 'X' ? text.toUpperCase() : text, spec, true);
}

/** Bytes an address argument points at; undefined: they cannot be read. */
function bytesAt(vm: Vm, value: bigint, size: number): Uint8Array | undefined {
  const lo = Number(BigInt.asIntN(32, value));
  const hi = Number(BigInt.asIntN(32, value >> 32n));
  return isMapped(vm, lo, hi, size) ? vm.env.arena.u8.subarray(lo, lo + size) : undefined;
}

function stringAt(vm: Vm, value: bigint, user: boolean): string {
  let text = '';
  const block = user ? vm.env.arena.alloc(8) : 0;
  for (let i = 0n; i < BigInt(MAX_STRING); i++) {
    const at = value + i;
    let byte: number | undefined;
    if (user) {
      const lo = Number(BigInt.asIntN(32, at));
      byte =
        readUser(vm, block, 1, lo, Number(BigInt.asIntN(32, at >> 32n))) === 0 ? vm.env.arena.u8[block] : undefined;
    } else byte = bytesAt(vm, at, 1)?.[0];
    if (byte === undefined || byte === 0) break;
    text += String.fromCharCode(byte);
  }
  vm.env.arena.free(block, 8);
  return text;
}

function ip4(bytes: Uint8Array, kind: string): string {
  return [...bytes].map((byte) => (kind === 'pi4' ? String(byte).padStart(3, '0') : String(byte))).join('.');
}

/** IPv6: `pi6` all digits without colons; `pI6` with colons. */
function ip6(bytes: Uint8Array, kind: string): string {
  const hex = [...bytes].map((byte) => DIGITS[byte >> 4]! + DIGITS[byte & 15]!).join('');
  return kind === 'pi6' ? hex : (hex.match(/..../g) ?? []).join(':');
}

/** The text of a format with its arguments, Latin-1 characters as bytes; or -errno. Arguments that are left over do not matter. */
export function formatText(vm: Vm, format: string, args: readonly bigint[]): string | number {
  const pieces = parseFormat(format);
  if (typeof pieces === 'number') return pieces;
  let used = 0;
  let out = '';
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      out += piece;
      continue;
    }
    if (used >= MAX_ARGS) return -E2BIG;
    if (used >= args.length) return -EINVAL;
    const value = args[used++]!;
    if (piece.kind === 's') out += pad(stringAt(vm, value, piece.user), piece, false);
    else if (piece.kind === 'c') out += pad(String.fromCharCode(Number(value & 0xffn)), piece, false);
    else if (piece.kind === 'sym') out += pad(`0x${BigInt.asUintN(64, value).toString(16)}`, piece, false);
    else if (piece.kind === 'p') out += pad(BigInt.asUintN(64, value).toString(16).padStart(16, '0'), piece, false);
    else if (piece.kind.startsWith('p')) {
      const bytes =
        bytesAt(vm, value, piece.kind.endsWith('4') ? 4 : 16) ?? new Uint8Array(piece.kind.endsWith('4') ? 4 : 16);
      out += pad(piece.kind.endsWith('4') ? ip4(bytes, piece.kind) : ip6(bytes, piece.kind), piece, false);
    } else out += integer(value, piece);
  }
  return out;
}

/** Reads the arguments of the helpers that take an array of 64-bit words; or -errno. */
export function readArgs(vm: Vm, data: number, length: number): bigint[] | number {
  if (length % 8 !== 0 || length > MAX_ARGS * 8 || (length > 0 && data === 0)) return -EINVAL;
  const args: bigint[] = [];
  for (let at = 0; at < length; at += 8) args.push(vm.env.arena.view.getBigUint64(data + at, true));
  return args;
}

/** A string in the arena up to its NUL, or -EFAULT when it does not end within `size`. */
export function readFormat(vm: Vm, at: number, size: number): string | number {
  const u8 = vm.env.arena.u8;
  const end = u8.indexOf(0, at);
  if (end < 0 || end - at > size) return -EFAULT;
  let text = '';
  for (let i = at; i < end; i++) text += String.fromCharCode(u8[i]!);
  return text;
}
