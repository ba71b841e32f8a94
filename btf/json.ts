/**
 * Values of a BTF type as plain JSON, both ways: what a person writes for a key or
 * value, and what is shown to one.
 *
 * | BTF | JSON |
 * | --- | --- |
 * | integer | number; a string of digits or `0x…` where a number is not exact |
 * | bool | `true`, `false` (0 and 1 are taken too) |
 * | enum | the name, or the number |
 * | char array | string (UTF-8, NUL at the end when there is room), or numbers |
 * | array | array; what is left out at the end is 0 |
 * | struct | object; members left out are 0, those of nameless members stand with the others |
 * | union | object; of several members the last one counts |
 * | pointer | number or `"0x…"` |
 * | float, double | number |
 * | section | object of its variables |
 */
import type { Btf, BtfType } from './btf.ts';
import { BTF_INT_BOOL, BTF_INT_CHAR, BTF_INT_SIGNED, BTF_KIND } from './kinds.ts';

/** Plain JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Why a JSON value does not fit: where, what was found and what is wanted. */
export interface JsonProblem {
  /** Path from the value on: `pos.x`, `names[2]`; empty for the value itself. */
  readonly path: string;
  readonly found: string;
  readonly wanted: string;
}

/** Deepest nesting that is followed. */
const MAX_DEPTH = 64;
/** Longest text of a found value in a message. */
const FOUND_MAX = 60;

/**
 * Writes a JSON value as type `typeId` to `out` at `offset`: undefined, or why not.
 * The bytes of the value must be there (`typeIdSize`) and are overwritten whole.
 */
export function encodeJson(
  btf: Btf,
  typeId: number,
  json: unknown,
  out: Uint8Array,
  offset = 0,
): JsonProblem | undefined {
  const size = btf.typeIdSize(typeId)?.size;
  if (size === undefined || offset + size > out.length)
    return { path: '', found: describe(json), wanted: `a type of at most ${out.length - offset} bytes` };
  out.fill(0, offset, offset + size);
  return new Codec(btf, out).encode(typeId, json, offset, '', 0);
}

/** Reads the value of type `typeId` at `offset` of `bytes`, which must be all there; undefined when it is not. */
export function decodeJson(btf: Btf, typeId: number, bytes: Uint8Array, offset = 0): Json | undefined {
  const size = btf.typeIdSize(typeId)?.size;
  if (size === undefined || offset + size > bytes.length) return undefined;
  return new Codec(btf, bytes).decode(typeId, offset, 0);
}

/** A problem as one line. */
export function problemText(problem: JsonProblem): string {
  const at = problem.path === '' ? 'value' : problem.path;
  return `${at}: found ${problem.found}, wanted ${problem.wanted}`;
}

/** What was found, short enough for a message. */
function describe(json: unknown): string {
  if (json === undefined) return 'nothing';
  const text = typeof json === 'bigint' ? String(json) : (JSON.stringify(json) ?? typeof json);
  return text.length > FOUND_MAX ? `${text.slice(0, FOUND_MAX - 3)}...` : text;
}

function problem(path: string, json: unknown, wanted: string): JsonProblem {
  return { path, found: describe(json), wanted };
}

/** An exact integer from JSON: a whole number, digits, or hex; undefined when it is none. */
function toInteger(json: unknown): bigint | undefined {
  if (typeof json === 'bigint') return json;
  if (typeof json === 'boolean') return json ? 1n : 0n;
  if (typeof json === 'number') return Number.isSafeInteger(json) ? BigInt(json) : undefined;
  if (typeof json !== 'string' || json.length > 64) return undefined;
  const match = /^(-?)(0x[0-9a-f]+|[0-9]+)$/i.exec(json.trim());
  if (match === null) return undefined;
  const value = BigInt(match[2] as string);
  return match[1] === '-' ? -value : value;
}

/** A number where it is exact, else its digits. */
function fromInteger(value: bigint): Json {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** Where the bits of an integer lie. */
interface BitPlace {
  readonly at: number;
  readonly bit: number;
  readonly bits: number;
}

/** A member of a struct that can be named, those of nameless members included. */
interface Named {
  readonly name: string;
  readonly type: number;
  /** Bits from the start of the outermost struct. */
  readonly bitOffset: number;
  readonly bitfieldSize: number;
}

class Codec {
  readonly #btf: Btf;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(btf: Btf, bytes: Uint8Array) {
    this.#btf = btf;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #plain(id: number): BtfType | undefined {
    const type = this.#btf.type(this.#btf.skipModifiers(id));
    return type?.kind === BTF_KIND.VAR ? this.#plain(type.type) : type;
  }

  encode(id: number, json: unknown, at: number, path: string, depth: number): JsonProblem | undefined {
    const type = this.#plain(id);
    if (type === undefined || depth > MAX_DEPTH) return problem(path, json, 'a type that has values');
    if (type.kind === BTF_KIND.INT)
      return this.#encodeInt(type, json, { at, bit: type.bitOffset, bits: type.bits }, path);
    if (type.kind === BTF_KIND.ENUM || type.kind === BTF_KIND.ENUM64)
      return this.#encodeEnum(type, json, { at, bit: 0, bits: type.size * 8 }, path);
    if (type.kind === BTF_KIND.PTR) return this.#encodeBits({ at, bit: 0, bits: 64 }, false, json, path);
    if (type.kind === BTF_KIND.ARRAY) return this.#encodeArray(type, json, at, path, depth);
    if (type.kind === BTF_KIND.STRUCT || type.kind === BTF_KIND.UNION)
      return this.#encodeStruct(type, json, at, path, depth);
    if (type.kind === BTF_KIND.FLOAT) return this.#encodeFloat(type, json, at, path);
    if (type.kind === BTF_KIND.DATASEC) return this.#encodeSection(type, json, at, path, depth);
    return problem(path, json, 'a type that has values');
  }

  #encodeInt(type: BtfType, json: unknown, place: BitPlace, path: string): JsonProblem | undefined {
    if ((type.encoding & BTF_INT_BOOL) !== 0) {
      const value = toInteger(json);
      if (value !== 0n && value !== 1n) return problem(path, json, 'true or false');
      this.#write(place, value);
      return undefined;
    }
    if (isChar(type) && typeof json === 'string' && json.length === 1 && !/[0-9]/.test(json)) {
      if (json.charCodeAt(0) > 0x7f) return problem(path, json, 'an ASCII character or a number');
      this.#write(place, BigInt(json.charCodeAt(0)));
      return undefined;
    }
    return this.#encodeBits(place, (type.encoding & BTF_INT_SIGNED) !== 0, json, path);
  }

  #encodeBits(place: BitPlace, signed: boolean, json: unknown, path: string): JsonProblem | undefined {
    const value = typeof json === 'boolean' ? undefined : toInteger(json);
    const bits = BigInt(place.bits);
    const low = signed ? -(1n << (bits - 1n)) : 0n;
    const high = (1n << (signed ? bits - 1n : bits)) - 1n;
    if (place.bits === 0 || value === undefined || value < low || value > high)
      return problem(path, json, `a whole number from ${low} to ${high}`);
    this.#write(place, value);
    return undefined;
  }

  #encodeEnum(type: BtfType, json: unknown, place: BitPlace, path: string): JsonProblem | undefined {
    const named = type.enumerators.find((one) => one.name === json);
    if (named !== undefined) {
      this.#write(place, named.value);
      return undefined;
    }
    if (typeof json !== 'string' || toInteger(json) !== undefined)
      return this.#encodeBits(place, type.kindFlag, json, path);
    const names = type.enumerators.slice(0, 8).map((one) => one.name);
    return problem(path, json, `one of ${names.join(', ')}${type.enumerators.length > 8 ? ', ...' : ''}`);
  }

  #encodeFloat(type: BtfType, json: unknown, at: number, path: string): JsonProblem | undefined {
    if (type.size !== 4 && type.size !== 8)
      return this.#encodeBits({ at, bit: 0, bits: type.size * 8 }, false, json, path);
    if (typeof json !== 'number') return problem(path, json, 'a number');
    if (type.size === 4) this.#view.setFloat32(at, json, true);
    else this.#view.setFloat64(at, json, true);
    return undefined;
  }

  #encodeArray(type: BtfType, json: unknown, at: number, path: string, depth: number): JsonProblem | undefined {
    const element = this.#plain(type.type);
    const size = this.#btf.typeIdSize(type.type)?.size ?? 0;
    if (element?.kind === BTF_KIND.INT && element.size === 1 && typeof json === 'string') {
      const text = new TextEncoder().encode(json);
      if (text.length > type.nelems) return problem(path, json, `a string of at most ${type.nelems} bytes`);
      this.#bytes.set(text, at);
      return undefined;
    }
    if (!Array.isArray(json)) return problem(path, json, `an array of at most ${type.nelems}`);
    if (json.length > type.nelems) return problem(path, json, `at most ${type.nelems} elements, not ${json.length}`);
    for (let i = 0; i < json.length; i++) {
      const err = this.encode(type.type, json[i], at + i * size, `${path}[${i}]`, depth + 1);
      if (err !== undefined) return err;
    }
    return undefined;
  }

  #encodeStruct(type: BtfType, json: unknown, at: number, path: string, depth: number): JsonProblem | undefined {
    const members = this.#members(type, 0, 0);
    const names = () => members.map((member) => member.name).join(', ');
    if (!isObject(json)) return problem(path, json, `an object with ${members.length === 0 ? 'nothing' : names()}`);
    for (const [name, value] of Object.entries(json)) {
      const member = members.find((one) => one.name === name);
      const inner = path === '' ? name : `${path}.${name}`;
      if (member === undefined) return problem(inner, value, `one of the members ${names()}`);
      const err = this.#encodeMember(member, value, at, inner, depth);
      if (err !== undefined) return err;
    }
    return undefined;
  }

  #encodeMember(member: Named, json: unknown, at: number, path: string, depth: number): JsonProblem | undefined {
    const byte = at + Math.floor(member.bitOffset / 8);
    const bit = member.bitOffset % 8;
    const type = this.#plain(member.type);
    if (member.bitfieldSize !== 0 && type !== undefined) {
      const place = { at: byte, bit, bits: member.bitfieldSize };
      return type.kind === BTF_KIND.INT
        ? this.#encodeInt(type, json, place, path)
        : this.#encodeEnum(type, json, place, path);
    }
    if (bit !== 0 && type?.kind === BTF_KIND.INT)
      return this.#encodeInt(type, json, { at: byte, bit: bit + type.bitOffset, bits: type.bits }, path);
    return this.encode(member.type, json, byte, path, depth + 1);
  }

  #encodeSection(type: BtfType, json: unknown, at: number, path: string, depth: number): JsonProblem | undefined {
    if (!isObject(json)) return problem(path, json, 'an object with the variables of the section');
    for (const [name, value] of Object.entries(json)) {
      const variable = type.vars.find((one) => this.#btf.type(one.type)?.name === name);
      const inner = path === '' ? name : `${path}.${name}`;
      if (variable === undefined) return problem(inner, value, `a variable of ${type.name}`);
      const err = this.encode(variable.type, value, at + variable.offset, inner, depth + 1);
      if (err !== undefined) return err;
    }
    return undefined;
  }

  decode(id: number, at: number, depth: number): Json {
    const type = this.#plain(id);
    if (type === undefined || depth > MAX_DEPTH) return null;
    if (type.kind === BTF_KIND.INT) return this.#decodeInt(type, { at, bit: type.bitOffset, bits: type.bits });
    if (type.kind === BTF_KIND.ENUM || type.kind === BTF_KIND.ENUM64)
      return this.#decodeEnum(type, { at, bit: 0, bits: type.size * 8 });
    if (type.kind === BTF_KIND.PTR) return `0x${this.#read({ at, bit: 0, bits: 64 }, false).toString(16)}`;
    if (type.kind === BTF_KIND.ARRAY) return this.#decodeArray(type, at, depth);
    if (type.kind === BTF_KIND.STRUCT || type.kind === BTF_KIND.UNION) return this.#decodeStruct(type, at, depth);
    if (type.kind === BTF_KIND.FLOAT) return this.#decodeFloat(type, at);
    if (type.kind !== BTF_KIND.DATASEC) return null;
    return toObject(
      type.vars.map((one) => [this.#btf.type(one.type)?.name ?? '', this.decode(one.type, at + one.offset, depth + 1)]),
    );
  }

  #decodeInt(type: BtfType, place: BitPlace): Json {
    const value = this.#read(place, (type.encoding & BTF_INT_SIGNED) !== 0);
    const isBool = (type.encoding & BTF_INT_BOOL) !== 0 && (value === 0n || value === 1n);
    return isBool ? value === 1n : fromInteger(value);
  }

  #decodeEnum(type: BtfType, place: BitPlace): Json {
    const value = this.#read(place, type.kindFlag);
    const bits = place.bits;
    const named = type.enumerators.find((one) => BigInt.asIntN(bits, one.value) === BigInt.asIntN(bits, value));
    return named?.name ?? fromInteger(value);
  }

  #decodeFloat(type: BtfType, at: number): Json {
    if (type.size !== 4 && type.size !== 8)
      return `0x${this.#read({ at, bit: 0, bits: type.size * 8 }, false).toString(16)}`;
    const value = type.size === 4 ? this.#view.getFloat32(at, true) : this.#view.getFloat64(at, true);
    // JSON has no infinities and no NaN.
    return Number.isFinite(value) ? value : String(value);
  }

  #decodeArray(type: BtfType, at: number, depth: number): Json {
    const element = this.#plain(type.type);
    const size = this.#btf.typeIdSize(type.type)?.size ?? 0;
    if (element?.kind === BTF_KIND.INT && isChar(element)) {
      const text = this.#text(at, type.nelems);
      if (text !== undefined) return text;
    }
    if (size === 0) return [];
    return Array.from({ length: type.nelems }, (_, i) => this.decode(type.type, at + i * size, depth + 1));
  }

  /** A char array as a string: UTF-8 without control characters, and nothing but NUL after the first NUL. */
  #text(at: number, length: number): string | undefined {
    const bytes = this.#bytes.subarray(at, at + length);
    const nul = bytes.indexOf(0);
    const end = nul === -1 ? length : nul;
    if (nul !== -1 && bytes.subarray(nul).some((byte) => byte !== 0)) return undefined;
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, end));
      return hasControl(text) ? undefined : text;
    } catch {
      return undefined;
    }
  }

  #decodeStruct(type: BtfType, at: number, depth: number): Json {
    return toObject(
      this.#members(type, 0, 0).map((member) => [member.name, this.#decodeMember(member, at, depth)] as const),
    );
  }

  #decodeMember(member: Named, at: number, depth: number): Json {
    const byte = at + Math.floor(member.bitOffset / 8);
    const bit = member.bitOffset % 8;
    const type = this.#plain(member.type);
    if (type === undefined) return null;
    if (member.bitfieldSize !== 0) {
      const place = { at: byte, bit, bits: member.bitfieldSize };
      return type.kind === BTF_KIND.INT ? this.#decodeInt(type, place) : this.#decodeEnum(type, place);
    }
    if (bit !== 0 && type.kind === BTF_KIND.INT)
      return this.#decodeInt(type, { at: byte, bit: bit + type.bitOffset, bits: type.bits });
    return this.decode(member.type, byte, depth + 1);
  }

  /** The members that have names, at their bit offsets from the struct's start. */
  #members(type: BtfType, base: number, depth: number): Named[] {
    const named: Named[] = [];
    for (const member of type.members) {
      const bitOffset = base + member.bitOffset;
      if (member.name !== '') named.push({ ...member, bitOffset });
      else {
        const inner = this.#plain(member.type);
        const nested = inner?.kind === BTF_KIND.STRUCT || inner?.kind === BTF_KIND.UNION;
        if (inner !== undefined && nested && depth < MAX_DEPTH)
          named.push(...this.#members(inner, bitOffset, depth + 1));
      }
    }
    return named;
  }

  #read(place: BitPlace, signed: boolean): bigint {
    const from = place.at + (place.bit >> 3);
    const shift = BigInt(place.bit & 7);
    let value = 0n;
    for (let i = ((place.bit & 7) + place.bits + 7) >> 3; i > 0; i--)
      value = (value << 8n) | BigInt(this.#bytes[from + i - 1] ?? 0);
    value = BigInt.asUintN(place.bits, value >> shift);
    return signed ? BigInt.asIntN(place.bits, value) : value;
  }

  #write(place: BitPlace, value: bigint): void {
    let left = BigInt.asUintN(place.bits, value);
    for (let i = 0; i < place.bits; ) {
      const bit = place.bit + i;
      const count = Math.min(8 - (bit & 7), place.bits - i);
      const mask = ((1 << count) - 1) << (bit & 7);
      const at = place.at + (bit >> 3);
      const part = Number(left & BigInt((1 << count) - 1)) << (bit & 7);
      this.#bytes[at] = (this.#bytes[at]! & ~mask) | part;
      left >>= BigInt(count);
      i += count;
    }
  }
}

/** A `char`, as opposed to a byte: compilers give it the name, seldom the encoding. */
function isChar(type: BtfType): boolean {
  return type.size === 1 && (type.name === 'char' || (type.encoding & BTF_INT_CHAR) !== 0);
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++)
    if (text.charCodeAt(i) < 0x20 && text[i] !== '\n' && text[i] !== '\t') return true;
  return false;
}

/** An object whose keys may be anything, `__proto__` too. */
function toObject(entries: readonly (readonly [string, Json])[]): Json {
  return Object.fromEntries(entries);
}
