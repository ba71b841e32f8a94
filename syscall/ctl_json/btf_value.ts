/**
 * Values of a BTF type as plain JSON, both ways: integers as numbers (as text beyond
 * 2^53), enums by name, structs and unions as objects, arrays as arrays, characters
 * in an array as text, pointers as numbers.
 */
import { BTF_KIND, type Btf, type BtfMember, type BtfType } from '../../btf/btf.ts';
import { FieldError, textOf, utf8 } from './text.ts';

/** Deepest nesting of a type that is followed, and most values in all: types of size 0 can nest without end. */
const DEPTH_MAX = 32;
const NODES_MAX = 1_000_000;

/** How deep and how far a conversion has come. */
class Walk {
  depth = 0;
  nodes = 0;

  /** Whether one more value may be converted; if so, {@link leave} must follow. */
  enter(): boolean {
    if (this.depth >= DEPTH_MAX || this.nodes >= NODES_MAX) return false;
    this.depth++;
    this.nodes++;
    return true;
  }

  leave(): void {
    this.depth--;
  }
}

const BTF_INT_SIGNED = 1;
const BTF_INT_BOOL = 4;

/** The type without qualifiers and typedefs. */
function plain(btf: Btf, id: number): BtfType | undefined {
  return btf.type(btf.skipModifiers(id));
}

/** Little-endian integer of up to 16 bytes. */
function readInt(bytes: Uint8Array, bitOffset: number, bits: number, signed: boolean): bigint {
  let value = 0n;
  const last = Math.ceil((bitOffset + bits) / 8);
  for (let i = last - 1; i >= bitOffset >> 3; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  value = BigInt.asUintN(bits, value >> BigInt(bitOffset & 7));
  return signed ? BigInt.asIntN(bits, value) : value;
}

function writeInt(bytes: Uint8Array, bitOffset: number, bits: number, value: bigint): void {
  for (let i = 0; i < bits; i++) {
    const at = bitOffset + i;
    const bit = Number((value >> BigInt(i)) & 1n);
    const index = at >> 3;
    if (index < bytes.length) bytes[index] = ((bytes[index] as number) & ~(1 << (at & 7))) | (bit << (at & 7));
  }
}

function jsonInt(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function isChar(btf: Btf, id: number): boolean {
  const type = plain(btf, id);
  return type?.kind === BTF_KIND.INT && type.size === 1 && (type.name === 'char' || (type.encoding & 2) !== 0);
}

/** The JSON of a value; bytes that no type describes read as 0. */
export function btfToJson(btf: Btf, id: number, bytes: Uint8Array, walk = new Walk()): unknown {
  const type = plain(btf, id);
  if (type === undefined || !walk.enter()) return null;
  const value = typeToJson(btf, type, bytes, walk);
  walk.leave();
  return value;
}

function typeToJson(btf: Btf, type: BtfType, bytes: Uint8Array, walk: Walk): unknown {
  switch (type.kind) {
    case BTF_KIND.INT:
      return intToJson(type, bytes, type.bitOffset, type.bits);
    case BTF_KIND.PTR:
      return jsonInt(readInt(bytes, 0, 64, false));
    case BTF_KIND.ENUM:
    case BTF_KIND.ENUM64:
      return enumToJson(type, readInt(bytes, 0, type.size * 8, type.kindFlag));
    case BTF_KIND.FLOAT: {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      if (type.size === 4 && bytes.length >= 4) return finite(view.getFloat32(0, true));
      return type.size === 8 && bytes.length >= 8 ? finite(view.getFloat64(0, true)) : null;
    }
    case BTF_KIND.ARRAY:
      return arrayToJson(btf, type, bytes, walk);
    case BTF_KIND.STRUCT:
    case BTF_KIND.UNION:
      return structToJson(btf, type, bytes, walk);
    case BTF_KIND.DATASEC:
      return Object.fromEntries(
        type.vars.map((variable) => [
          btf.type(variable.type)?.name ?? '',
          btfToJson(
            btf,
            btf.type(variable.type)?.type ?? 0,
            bytes.subarray(variable.offset, variable.offset + variable.size),
            walk,
          ),
        ]),
      );
    default:
      return null;
  }
}

/** JSON has no NaN and no infinity: they are text. */
function finite(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function intToJson(type: BtfType, bytes: Uint8Array, bitOffset: number, bits: number): unknown {
  const value = readInt(bytes, bitOffset, bits, (type.encoding & BTF_INT_SIGNED) !== 0);
  return (type.encoding & BTF_INT_BOOL) !== 0 ? value !== 0n : jsonInt(value);
}

function enumToJson(type: BtfType, value: bigint): unknown {
  return type.enumerators.find((enumerator) => enumerator.value === value)?.name ?? jsonInt(value);
}

function arrayToJson(btf: Btf, type: BtfType, bytes: Uint8Array, walk: Walk): unknown {
  if (isChar(btf, type.type)) {
    const text = textOf(bytes);
    // Text only when it gives the same bytes back.
    const back = utf8(text);
    const rest = bytes.subarray(back.length);
    if (back.length <= bytes.length && back.every((byte, i) => byte === bytes[i]) && rest.every((byte) => byte === 0))
      return text;
  }
  const size = btf.typeIdSize(type.type)?.size ?? 0;
  const count = size === 0 ? 0 : Math.min(type.nelems, Math.ceil(bytes.length / size));
  return Array.from({ length: count }, (_, i) =>
    btfToJson(btf, type.type, bytes.subarray(i * size, (i + 1) * size), walk),
  );
}

function structToJson(btf: Btf, type: BtfType, bytes: Uint8Array, walk: Walk): unknown {
  const out: [string, unknown][] = [];
  for (const member of type.members) {
    const value = memberToJson(btf, member, bytes, walk);
    if (member.name !== '') out.push([member.name, value]);
    else if (typeof value === 'object' && value !== null) out.push(...Object.entries(value));
  }
  return Object.fromEntries(out);
}

function memberToJson(btf: Btf, member: BtfMember, bytes: Uint8Array, walk: Walk): unknown {
  if (member.bitfieldSize > 0) {
    const type = plain(btf, member.type);
    if (type === undefined) return null;
    if (type.kind === BTF_KIND.INT) return intToJson(type, bytes, member.bitOffset, member.bitfieldSize);
    return enumToJson(type, readInt(bytes, member.bitOffset, member.bitfieldSize, type.kindFlag));
  }
  const at = member.bitOffset >> 3;
  const size = btf.typeIdSize(member.type)?.size ?? 0;
  return btfToJson(btf, member.type, bytes.subarray(at, at + size), walk);
}

/** Writes a JSON value into zeroed bytes of the type's size; a FieldError says which part does not fit. */
export function jsonToBtf(
  btf: Btf,
  id: number,
  value: unknown,
  bytes: Uint8Array,
  path: string,
  walk = new Walk(),
): void {
  const type = plain(btf, id);
  if (type === undefined || !walk.enter()) throw new FieldError(path, value, 'a value of a type that BTF has');
  jsonToType(btf, type, value, bytes, path, walk);
  walk.leave();
}

function jsonToType(btf: Btf, type: BtfType, value: unknown, bytes: Uint8Array, path: string, walk: Walk): void {
  switch (type.kind) {
    case BTF_KIND.INT:
      writeInt(bytes, type.bitOffset, type.bits, intOf(type, value, type.bits, path));
      return;
    case BTF_KIND.PTR:
      writeInt(bytes, 0, 64, integer(value, 64, false, path));
      return;
    case BTF_KIND.ENUM:
    case BTF_KIND.ENUM64:
      writeInt(bytes, 0, type.size * 8, enumOf(type, value, path));
      return;
    case BTF_KIND.FLOAT: {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      if (typeof value !== 'number') throw new FieldError(path, value, 'a number');
      if (type.size === 4) view.setFloat32(0, value, true);
      else if (type.size === 8) view.setFloat64(0, value, true);
      return;
    }
    case BTF_KIND.ARRAY:
      jsonToArray(btf, type, value, bytes, path, walk);
      return;
    case BTF_KIND.STRUCT:
    case BTF_KIND.UNION:
      jsonToStruct(btf, type, value, bytes, path, walk);
      return;
    default:
      throw new FieldError(path, value, 'bytes as hex: the type has no JSON form');
  }
}

function integer(value: unknown, bits: number, signed: boolean, path: string): bigint {
  const min = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const max = signed ? (1n << BigInt(bits - 1)) - 1n : (1n << BigInt(bits)) - 1n;
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text === 'string' && /^(-?[0-9]{1,40}|0[xX][0-9a-fA-F]{1,32})$/.test(text)) {
    const number = BigInt(text);
    if (number >= min && number <= max) return number;
  }
  throw new FieldError(path, value, `a number from ${min} to ${max}`);
}

function intOf(type: BtfType, value: unknown, bits: number, path: string): bigint {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  return integer(value, bits, (type.encoding & BTF_INT_SIGNED) !== 0, path);
}

function enumOf(type: BtfType, value: unknown, path: string): bigint {
  const found = type.enumerators.find((enumerator) => enumerator.name === value);
  if (found !== undefined) return found.value;
  if (typeof value === 'string' && !/^-?[0-9]/.test(value)) {
    const names = type.enumerators.slice(0, 4).map((enumerator) => enumerator.name);
    throw new FieldError(path, value, `one of ${names.join(', ')}${type.enumerators.length > 4 ? ', …' : ''}`);
  }
  return integer(value, type.size * 8, type.kindFlag, path);
}

function jsonToArray(btf: Btf, type: BtfType, value: unknown, bytes: Uint8Array, path: string, walk: Walk): void {
  if (typeof value === 'string' && isChar(btf, type.type)) {
    const text = utf8(value);
    if (text.length > type.nelems) throw new FieldError(path, value, `text of at most ${type.nelems} bytes`);
    bytes.set(text);
    return;
  }
  if (!Array.isArray(value) || value.length > type.nelems)
    throw new FieldError(path, value, `a list of at most ${type.nelems} values`);
  const size = btf.typeIdSize(type.type)?.size ?? 0;
  value.forEach((element, i) => {
    jsonToBtf(btf, type.type, element, bytes.subarray(i * size, (i + 1) * size), `${path}[${i}]`, walk);
  });
}

/** The member of this name, also inside members that have none, with its offset in bits from the start. */
function findMember(btf: Btf, type: BtfType, name: string, base = 0, depth = 0): BtfMember | undefined {
  if (depth > DEPTH_MAX) return undefined;
  for (const member of type.members) {
    const at = { ...member, bitOffset: base + member.bitOffset };
    if (member.name === name) return at;
    if (member.name !== '') continue;
    const inner = plain(btf, member.type);
    const found = inner === undefined ? undefined : findMember(btf, inner, name, at.bitOffset, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function jsonToStruct(btf: Btf, type: BtfType, value: unknown, bytes: Uint8Array, path: string, walk: Walk): void {
  const names = type.members.slice(0, 6).map((member) => member.name);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FieldError(path, value, `an object with ${names.join(', ')}`);
  for (const [name, part] of Object.entries(value)) {
    const member = name === '' ? undefined : findMember(btf, type, name);
    const where = `${path}.${name}`;
    if (member === undefined) throw new FieldError(where, part, `only members of the type: ${names.join(', ')}`);
    if (member.bitfieldSize > 0) {
      const of = plain(btf, member.type);
      const number =
        of?.kind === BTF_KIND.INT
          ? intOf(of, part, member.bitfieldSize, where)
          : of === undefined
            ? 0n
            : enumOf(of, part, where);
      writeInt(bytes, member.bitOffset, member.bitfieldSize, number);
      continue;
    }
    const at = member.bitOffset >> 3;
    const size = btf.typeIdSize(member.type)?.size ?? 0;
    jsonToBtf(btf, member.type, part, bytes.subarray(at, at + size), where, walk);
  }
}
