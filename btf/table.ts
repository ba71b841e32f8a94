/**
 * The types of a BTF object as they lie in its bytes: where each record starts, and
 * its words by type id (source: Documentation/bpf/btf.rst, include/uapi/linux/btf.h).
 * Nothing is decoded ahead, so that the kernel's 150,000 types cost one pass.
 *
 * Every reader here takes a valid id; {@link BtfTable.add} is told only of records
 * that lie inside the type section.
 */
import { latin1 } from '../base/bpf_log.ts';
import { BTF_KIND } from './kinds.ts';

/** Bytes of `struct btf_type`, before what follows it. */
export const BTF_TYPE_SIZE = 12;

/** Bytes that follow `struct btf_type`: once, and for each of `vlen`. */
const TAIL_SIZE: Readonly<Record<number, readonly [fixed: number, each: number]>> = {
  [BTF_KIND.INT]: [4, 0],
  [BTF_KIND.ARRAY]: [12, 0],
  [BTF_KIND.STRUCT]: [0, 12],
  [BTF_KIND.UNION]: [0, 12],
  [BTF_KIND.ENUM]: [0, 8],
  [BTF_KIND.FUNC_PROTO]: [0, 8],
  [BTF_KIND.VAR]: [4, 0],
  [BTF_KIND.DATASEC]: [0, 12],
  [BTF_KIND.DECL_TAG]: [4, 0],
  [BTF_KIND.ENUM64]: [0, 12],
};

/** Bytes that follow a record with this info word. */
export function tailSize(info: number): number {
  const tail = TAIL_SIZE[(info >>> 24) & 0x1f];
  return tail === undefined ? 0 : tail[0] + tail[1] * (info & 0xffff);
}

/** The records of one BTF object by type id; id 0 is void. */
export class BtfTable {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where the string section starts in `bytes`, and its length. */
  readonly strings: number;
  readonly stringsLength: number;
  /** Number of types with void: the first id there is not. */
  count = 1;
  #offsets: Uint32Array;

  /** A table without types yet; `expected` of them are likely. */
  constructor(bytes: Uint8Array, strings: number, stringsLength: number, expected = 16) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.strings = strings;
    this.stringsLength = stringsLength;
    this.#offsets = new Uint32Array(Math.max(expected, 2));
  }

  /** Adds the record at `offset` of the bytes as the next type. */
  add(offset: number): void {
    if (this.count === this.#offsets.length) {
      const grown = new Uint32Array(this.#offsets.length * 2);
      grown.set(this.#offsets);
      this.#offsets = grown;
    }
    this.#offsets[this.count++] = offset;
  }

  /** Whether there is a type with this id. */
  has(id: number): boolean {
    return id < this.count;
  }

  /** Offset of a type's record in the bytes; not for void. */
  offset(id: number): number {
    return this.#offsets[id]!;
  }

  /** The info word: kind_flag in bit 31, kind in bits 24 to 28, vlen in bits 0 to 15. */
  info(id: number): number {
    return id === 0 ? 0 : this.view.getUint32(this.#offsets[id]! + 4, true);
  }

  kind(id: number): number {
    return id === 0 ? 0 : this.bytes[this.#offsets[id]! + 7]! & 0x1f;
  }

  kindFlag(id: number): boolean {
    return id !== 0 && this.bytes[this.#offsets[id]! + 7]! >= 0x80;
  }

  vlen(id: number): number {
    return id === 0 ? 0 : this.view.getUint16(this.#offsets[id]! + 4, true);
  }

  /** The third word of the record: a size or a type id, as the kind has it. */
  sizeOrType(id: number): number {
    return id === 0 ? 0 : this.view.getUint32(this.#offsets[id]! + 8, true);
  }

  /** Word `index` of what follows the record (`struct btf_array`, members, …). */
  word(id: number, index: number): number {
    return this.view.getUint32(this.#offsets[id]! + BTF_TYPE_SIZE + index * 4, true);
  }

  nameOffset(id: number): number {
    return id === 0 ? 0 : this.view.getUint32(this.#offsets[id]!, true);
  }

  /** The string at an offset of the string section, or undefined when it lies outside. */
  string(offset: number): string | undefined {
    if (offset >= this.stringsLength) return undefined;
    const start = this.strings + offset;
    const end = this.bytes.indexOf(0, start);
    return latin1(this.bytes.subarray(start, end === -1 ? this.strings + this.stringsLength : end));
  }

  /** A type's name, empty when it has none. */
  name(id: number): string {
    const offset = this.nameOffset(id);
    return offset === 0 ? '' : (this.string(offset) ?? '');
  }

  /** Whether a type's name is exactly this (Latin-1) text, without making a string of it. */
  nameIs(id: number, text: string): boolean {
    const offset = this.nameOffset(id);
    if (offset >= this.stringsLength) return false;
    const start = this.strings + offset;
    for (let i = 0; i < text.length; i++) if (this.bytes[start + i] !== text.charCodeAt(i)) return false;
    return this.bytes[start + text.length] === 0;
  }
}
