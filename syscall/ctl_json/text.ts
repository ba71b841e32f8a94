/**
 * Scalars and bytes as JSON writes them: numbers, symbolic names, flags, hex.
 */
import type { AttrField, Symbols } from '../attr_layout.ts';

/** What is wrong with one field of a request: one clear line. */
export class FieldError extends Error {
  readonly field: string;

  constructor(field: string, found: unknown, wanted: string) {
    super(`field "${field}": found ${show(found)}, wanted ${wanted}`);
    this.name = 'FieldError';
    this.field = field;
  }
}

/** A {@link FieldError} whose found value is text for people already. */
export function foundError(field: string, found: string, wanted: string): FieldError {
  const error = new FieldError(field, 0, wanted);
  error.message = `field "${field}": found ${found}, wanted ${wanted}`;
  return error;
}

const SHOWN_MAX = 60;

/** A value of a request for a message, cut short. */
export function show(value: unknown): string {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}… (${text.length} characters)`;
}

/** The name without its C prefix, in capitals. */
function bare(symbols: Symbols, name: string): string {
  const upper = name.toUpperCase();
  if (upper.startsWith(symbols.prefix)) return upper.slice(symbols.prefix.length);
  return upper;
}

/** The number a symbolic name stands for: `hash`, `HASH` and `BPF_MAP_TYPE_HASH` are one. */
function symbolValue(symbols: Symbols, name: string): number | undefined {
  const key = bare(symbols, name);
  return Object.hasOwn(symbols.values, key) ? symbols.values[key] : undefined;
}

/** The C name of a value, or the number. */
export function symbolName(symbols: Symbols, value: number): string {
  for (const [name, number] of Object.entries(symbols.values)) if (number === value) return symbols.prefix + name;
  return String(value);
}

/** Flags as C writes them: `BPF_F_RDONLY|0x1000`; `0` for none. */
export function flagNames(flags: Symbols, value: number): string {
  if (value === 0) return '0';
  const names: string[] = [];
  let rest = value >>> 0;
  for (const [name, bit] of Object.entries(flags.values)) {
    if (bit === 0 || (bit & (bit - 1)) !== 0 || (rest & bit) === 0) continue;
    names.push(flags.prefix + name);
    rest = (rest & ~bit) >>> 0;
  }
  if (rest !== 0) names.push(`0x${rest.toString(16)}`);
  return names.join('|');
}

/** A number given as one, or as decimal or 0x text. */
function numberOf(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (typeof value !== 'string' || !/^-?(0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20})$/.test(value)) return undefined;
  return value.startsWith('-') ? -BigInt(value.slice(1)) : BigInt(value);
}

const RANGES = {
  u32: [0n, 0xffffffffn, 'a number from 0 to 4294967295'],
  s32: [-0x80000000n, 0x7fffffffn, 'a number from -2147483648 to 2147483647'],
  u64: [0n, 0xffffffffffffffffn, 'a number from 0 to 18446744073709551615'],
} as const;

/** What a numeric field wants, for messages and for the schema. */
export function wantedOf(field: AttrField): string {
  const kind = field.kind === 'u32' || field.kind === 's32' ? field.kind : 'u64';
  const words: string[] = [RANGES[kind][2]];
  if (field.symbols !== undefined) words.unshift(`a name such as "${example(field.symbols)}"`);
  if (field.flags !== undefined) words.unshift(`flags such as "${example(field.flags)}"`);
  if (field.fd !== undefined) words.unshift('a descriptor such as "$name"');
  else if (field.id !== undefined) words.unshift('an object such as "$name"');
  return words.join(', or ');
}

function example(symbols: Symbols): string {
  const names = Object.keys(symbols.values);
  return (names[1] ?? names[0] ?? '').toLowerCase();
}

/** The value of a numeric field. Descriptor names are resolved by the caller before. */
export function scalar(field: AttrField, value: unknown): bigint {
  const kind = field.kind === 'u32' || field.kind === 's32' ? field.kind : 'u64';
  const [min, max] = RANGES[kind];
  const plain = numberOf(value);
  const given = plain ?? named(field, value);
  if (given === undefined || given < min || given > max) throw new FieldError(field.name, value, wantedOf(field));
  return given;
}

/** A value by name: one symbol, or flags joined by `|` or in a list. */
function named(field: AttrField, value: unknown): bigint | undefined {
  if (field.symbols !== undefined) {
    const number = typeof value === 'string' ? symbolValue(field.symbols, value) : undefined;
    return number === undefined ? undefined : BigInt(number);
  }
  if (field.flags === undefined) return undefined;
  const words = typeof value === 'string' ? value.split('|') : Array.isArray(value) ? value : undefined;
  let flags = 0n;
  for (const word of words ?? [undefined]) {
    const text: unknown = typeof word === 'string' ? word.trim() : word;
    const number = numberOf(text) ?? (typeof text === 'string' ? symbolValue(field.flags, text) : undefined);
    if (number === undefined || BigInt(number) < 0n) return undefined;
    flags |= BigInt(number);
  }
  return flags;
}

/** Bytes given as hex text (blanks and 0x allowed) or as numbers from 0 to 255; undefined when it is neither. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value === 'string') return hexBytes(value);
  if (!Array.isArray(value)) return undefined;
  const bytes = new Uint8Array(value.length);
  for (let i = 0; i < value.length; i++) {
    const byte: unknown = value[i];
    if (typeof byte !== 'number' || !Number.isInteger(byte) || byte < 0 || byte > 255) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}

function hexBytes(text: string): Uint8Array | undefined {
  const digits = text.replace(/^0[xX]/, '').replace(/\s+/g, '');
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) return undefined;
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Bytes as lower-case hex. */
export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** Bytes of a text in UTF-8. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The text up to the first NUL. */
export function textOf(bytes: Uint8Array): string {
  const nul = bytes.indexOf(0);
  return new TextDecoder().decode(nul === -1 ? bytes : bytes.subarray(0, nul));
}
