/**
 * Makes BTF: a list of types and their names to the bytes that BTF_LOAD takes. Used
 * for the built-in kernel types, for ELF objects that bring none, and by tests.
 * It checks nothing: a test can make bad BTF with it.
 */
import { BTF_KIND } from './kinds.ts';

const MAGIC = 0xeb9f;
const HEADER_SIZE = 24;

/** A member to add: name, type id, offset in bits; a bitfield has its width too. */
export type NewMember = readonly [name: string, type: number, bitOffset: number, bits?: number];

/** Collects types; each method returns the new type's id, from 1. */
export class BtfBuilder {
  readonly #words: number[] = [];
  readonly #offsets = new Map<string, number>([['', 0]]);
  #strings = '\0';
  #count = 0;

  /** Offset of a name in the string section; added when it is new. Latin-1, without NUL. */
  string(text: string): number {
    let offset = this.#offsets.get(text);
    if (offset === undefined) {
      offset = this.#strings.length;
      this.#offsets.set(text, offset);
      this.#strings += `${text}\0`;
    }
    return offset;
  }

  /** Any type: the third word is the size or the type referred to; `tail` are the words that follow. */
  add(
    kind: number,
    name: string,
    sizeOrType: number,
    tail: readonly number[] = [],
    vlen = 0,
    kindFlag = false,
  ): number {
    const info = ((kindFlag ? 0x80000000 : 0) | (kind << 24) | vlen) >>> 0;
    this.#words.push(this.string(name), info, sizeOrType, ...tail);
    return ++this.#count;
  }

  int(name: string, size: number, encoding = 0, bits = size * 8, bitOffset = 0): number {
    return this.add(BTF_KIND.INT, name, size, [((encoding << 24) | (bitOffset << 16) | bits) >>> 0]);
  }

  ptr(type: number): number {
    return this.add(BTF_KIND.PTR, '', type);
  }

  array(type: number, indexType: number, nelems: number): number {
    return this.add(BTF_KIND.ARRAY, '', 0, [type, indexType, nelems]);
  }

  struct(name: string, size: number, members: readonly NewMember[], kind: number = BTF_KIND.STRUCT): number {
    const flag = members.some((member) => member[3] !== undefined);
    const tail = members.flatMap(([memberName, type, bitOffset, bits]) => [
      this.string(memberName),
      type,
      ((bits ?? 0) * 2 ** 24 + bitOffset) >>> 0,
    ]);
    return this.add(kind, name, size, tail, members.length, flag);
  }

  union(name: string, size: number, members: readonly NewMember[]): number {
    return this.struct(name, size, members, BTF_KIND.UNION);
  }

  enum(name: string, size: number, values: readonly (readonly [string, number])[], signed = false): number {
    const tail = values.flatMap(([valueName, value]) => [this.string(valueName), value >>> 0]);
    return this.add(BTF_KIND.ENUM, name, size, tail, values.length, signed);
  }

  enum64(name: string, size: number, values: readonly (readonly [string, bigint])[], signed = false): number {
    const tail = values.flatMap(([valueName, value]) => [
      this.string(valueName),
      Number(BigInt.asUintN(32, value)),
      Number(BigInt.asUintN(32, value >> 32n)),
    ]);
    return this.add(BTF_KIND.ENUM64, name, size, tail, values.length, signed);
  }

  typedef(name: string, type: number): number {
    return this.add(BTF_KIND.TYPEDEF, name, type);
  }

  /** CONST, VOLATILE or RESTRICT. */
  modifier(kind: number, type: number): number {
    return this.add(kind, '', type);
  }

  typeTag(text: string, type: number): number {
    return this.add(BTF_KIND.TYPE_TAG, text, type);
  }

  declTag(text: string, type: number, component = -1): number {
    return this.add(BTF_KIND.DECL_TAG, text, type, [component >>> 0]);
  }

  proto(returns: number, params: readonly (readonly [string, number])[]): number {
    const tail = params.flatMap(([name, type]) => [this.string(name), type]);
    return this.add(BTF_KIND.FUNC_PROTO, '', returns, tail, params.length);
  }

  /** `linkage`: 0 static, 1 global. */
  func(name: string, proto: number, linkage = 1): number {
    return this.add(BTF_KIND.FUNC, name, proto, [], linkage);
  }

  variable(name: string, type: number, linkage = 1): number {
    return this.add(BTF_KIND.VAR, name, type, [linkage]);
  }

  datasec(
    name: string,
    size: number,
    vars: readonly (readonly [type: number, offset: number, size: number])[],
  ): number {
    return this.add(BTF_KIND.DATASEC, name, size, vars.flat(), vars.length);
  }

  /** The BTF object's bytes. */
  bytes(): Uint8Array {
    const typesLength = this.#words.length * 4;
    const bytes = new Uint8Array(HEADER_SIZE + typesLength + this.#strings.length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, MAGIC, true);
    bytes[2] = 1;
    view.setUint32(4, HEADER_SIZE, true);
    view.setUint32(12, typesLength, true);
    view.setUint32(16, typesLength, true);
    view.setUint32(20, this.#strings.length, true);
    this.#words.forEach((word, index) => {
      view.setUint32(HEADER_SIZE + index * 4, word, true);
    });
    for (let i = 0; i < this.#strings.length; i++) bytes[HEADER_SIZE + typesLength + i] = this.#strings.charCodeAt(i);
    return bytes;
  }
}
