/**
 * Values as `cat` of a pinned map prints them: the kernel's compact form without
 * names, zeros shown (`btf_type_seq_show`; recorded in the golden area `cat`).
 *
 * The form has quirks that readers of it know, and they all come from state that is
 * carried along while a value is walked:
 * - Inside an array the opening bracket of an element is left out, and the state
 *   "inside an array" ends with the first inner array that ends.
 * - The separator after a value is `|` where the last type that began was a union,
 *   which only happens when nothing in it counted as a beginning: `{}|`.
 * - Arrays of one-byte integers show printable characters and stop at NUL.
 * - A member's opening bracket depends on its declared type: a qualified struct has none.
 * - An enum is read as 4 bytes, whatever its size.
 */
import type { Btf } from './btf.ts';
import { MEMBER_WORDS, VSI_WORDS } from './check_log.ts';
import { BTF_INT_CHAR, BTF_INT_SIGNED, BTF_KIND, inSet, kindSet, MODIFIERS, SIZED, STRUCTS } from './kinds.ts';
import { isPrint } from './names.ts';
import { skipModifiers } from './sizes.ts';
import type { BtfTable } from './table.ts';

/** Where the text goes; a map's `ShowSink` is one. */
export interface TextSink {
  text(text: string): void;
  bytes(bytes: Uint8Array): void;
}

/** Longest text of one value: an array of 4 billion empty structs is legal. */
const TEXT_MAX = 8 << 20;
/** Deepest nesting that is shown; BTF_LOAD sets no bound to it. */
const MAX_NESTING = 400;
/** Typedefs, arrays and pointers that a member's bracket is looked for behind (`BTF_SHOW_MAX_ITER`). */
const BRACKET_DEPTH = 10;

const QUALIFIERS = kindSet(BTF_KIND.CONST, BTF_KIND.VOLATILE, BTF_KIND.RESTRICT, BTF_KIND.TYPE_TAG);

/** How pointers are shown: the 32 bits that `%p` prints of one. */
export type PointerHash = (pointer: bigint) => number;

/** A hash of pointers that differs from one key to the next, as `%p` differs from one boot to the next. */
export function pointerHash(key: number): PointerHash {
  return (pointer) => {
    let hash = Math.imul(Number(pointer & 0xffffffffn) ^ key, 0x9e3779b1);
    hash = Math.imul((hash ^ (hash >>> 15) ^ Number(pointer >> 32n)) | 0, 0x85ebca77);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae3d);
    return (hash ^ (hash >>> 16)) >>> 0;
  };
}

const DEFAULT_HASH = pointerHash(0x5bd1e995);

/**
 * Prints the value of type `typeId` that lies at `offset` of `data`. Bytes beyond
 * the data read as 0. The type must be of a BTF object that was checked.
 */
export function showValue(
  btf: Btf,
  typeId: number,
  data: Uint8Array,
  offset: number,
  sink: TextSink,
  hash: PointerHash = DEFAULT_HASH,
): void {
  const show = new Show(btf, data, hash);
  show.value(typeId, offset, 0);
  emit(show.text, sink);
}

/** As {@link showValue}, to a Latin-1 string. */
export function showToString(btf: Btf, typeId: number, data: Uint8Array, offset = 0): string {
  const show = new Show(btf, data, DEFAULT_HASH);
  show.value(typeId, offset, 0);
  return show.text;
}

/** Flags of bpf_snprintf_btf (`BTF_F_*`, include/uapi/linux/bpf.h). */
export const BTF_F_COMPACT = 1;
export const BTF_F_NONAME = 2;
const BTF_F_PTR_RAW = 4;
export const BTF_F_ZERO = 8;
export const BTF_F_ALL = 15;

/** What `cat` of a map shows: no names, no lines, zeros. */
const CAT = BTF_F_COMPACT | BTF_F_NONAME | BTF_F_ZERO;

/**
 * A value as bpf_snprintf_btf and bpf_seq_printf_btf write it (`btf_type_snprintf_show`):
 * with names, one member a line and without zeros, unless the `BTF_F_*` flags say
 * otherwise. Latin-1.
 */
export function showNamed(
  btf: Btf,
  typeId: number,
  data: Uint8Array,
  offset: number,
  flags: number,
  hash: PointerHash = DEFAULT_HASH,
): string {
  const show = new Show(btf, data, hash, flags);
  show.value(typeId, offset, 0);
  return show.text;
}

/** Text with bytes above 0x7f goes out as bytes, so that no sink encodes it as UTF-8. */
function emit(text: string, sink: TextSink): void {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) {
      sink.bytes(Uint8Array.from(text, (c) => c.charCodeAt(0)));
      return;
    }
  }
  sink.text(text);
}

/** One walk over a value: the text so far and the state of `struct btf_show`. */
class Show {
  text = '';
  readonly #table: BtfTable;
  readonly #btf: Btf;
  readonly #data: Uint8Array;
  readonly #hash: PointerHash;
  readonly #flags: number;
  #depth = 0;
  /** Not 0: a first pass, which only finds out whether anything at this depth and deeper is to be shown. */
  #depthCheck = 0;
  #depthToShow = 0;
  /** Type that began last and did not end, 0 none; the id under which it began. */
  #type = 0;
  #typeId = 0;
  /** Declared type and name of the member being shown; type -1 when none is. */
  #memberType = -1;
  #memberName = '';
  #inArray = false;
  #arrayEncoding = 0;
  #arrayTerminated = false;

  constructor(btf: Btf, data: Uint8Array, hash: PointerHash, flags = CAT) {
    this.#flags = flags;
    this.#btf = btf;
    this.#table = btf.table;
    this.#data = data;
    this.#hash = hash;
  }

  /** Shows the value of a type; `bit` is where it starts in its first byte. */
  value(id: number, at: number, bit: number): void {
    const kind = this.#table.kind(id);
    if (inSet(MODIFIERS, kind)) {
      const target = this.#resolve(id);
      // The kernel's own BTF keeps the id it started from, a loaded one does not.
      this.#typed(target, this.#btf.isKernel ? id : target, at, bit);
    } else if (kind === BTF_KIND.VAR) {
      const target = this.#resolve(this.#table.sizeOrType(id));
      this.#typed(target, target, at, bit);
    } else this.#typed(id, id, at, bit);
  }

  #resolve(id: number): number {
    return skipModifiers(this.#table, id);
  }

  #typed(type: number, typeId: number, at: number, bit: number): void {
    if (this.text.length > TEXT_MAX || this.#depth > MAX_NESTING) return;
    const kind = this.#table.kind(type);
    const show = SHOW[kind];
    if (show === undefined) this.#put(`<unsupported kind:${kind}>`);
    else show(this, type, typeId, at, bit);
  }

  #begin(type: number, typeId: number): void {
    this.#type = type;
    this.#typeId = typeId;
  }

  #end(): void {
    this.#type = 0;
    this.#typeId = 0;
  }

  #put(text: string): void {
    if (this.#depthCheck === 0) this.text += text;
  }

  #has(flag: number): boolean {
    return (this.#flags & flag) !== 0;
  }

  /** Spaces before a line, one a level, and its end; nothing in the compact form. */
  #indent(): string {
    return this.#has(BTF_F_COMPACT) ? '' : ' '.repeat(Math.min(this.#depth, 32));
  }

  #newline(): string {
    return this.#has(BTF_F_COMPACT) ? '' : '\n';
  }

  /** What follows a value. */
  #delimiter(): string {
    if (this.#depth === 0) return '';
    if (!this.#has(BTF_F_COMPACT)) return ',';
    return this.#type !== 0 && this.#table.kind(this.#type) === BTF_KIND.UNION ? '|' : ',';
  }

  /** A scalar: its name and bracket (there is one where a declared type lies), its text, the separator. */
  #scalar(text: string, isZero = false): void {
    if (isZero && !this.#has(BTF_F_ZERO) && this.#depth > 0) return;
    this.#put(`${this.#indent()}${this.#label()}${text}${this.#delimiter()}${this.#newline()}`);
    if (this.#depth > this.#depthToShow) this.#depthToShow = this.#depth;
  }

  /** What stands before a value: member, type and bracket, or the bracket alone. */
  #label(): string {
    return this.#has(BTF_F_NONAME) ? this.#bracket() : this.#name();
  }

  /** `.member = (struct type *[])` and the bracket (`btf_show_name`). */
  #name(): string {
    if (this.#inArray) return '';
    const table = this.#table;
    let id = this.#memberType >= 0 ? this.#memberType : this.#typeId;
    const member = this.#memberName === '' ? '' : `.${this.#memberName} = `;
    let name = '';
    let pointers = '';
    let arrays = '';
    let isTypedef = false;
    for (let i = 0; ; i++) {
      if (i === BRACKET_DEPTH || !table.has(id)) return '';
      const kind = table.kind(id);
      let next = 0;
      if (kind === BTF_KIND.TYPEDEF) {
        name ||= table.name(id);
        isTypedef = true;
        next = table.sizeOrType(id);
      } else if (kind === BTF_KIND.PTR) {
        pointers += '*';
        next = table.sizeOrType(id);
      } else if (kind === BTF_KIND.ARRAY) {
        arrays += '[]';
        next = table.word(id, 0);
      }
      if (next === 0) break;
      id = this.#skipQualifiers(next);
    }
    name ||= table.name(id);
    const prefix = isTypedef ? '' : (PREFIX[table.kind(id)] ?? '');
    const space = prefix !== '' && name !== '' ? ' ' : '';
    const stars = pointers === '' ? '' : ` ${pointers}`;
    const text = `${member}(${prefix}${space}${name}${stars}${arrays})${this.#bracket()}`;
    return text.slice(0, NAME_MAX);
  }

  /**
   * A struct or array inside another is walked twice when zeros are left out: first to
   * see whether it has anything to show.
   */
  #twice(walk: () => void): void {
    if (this.#depth === 0 || this.#has(BTF_F_ZERO)) {
      walk();
      return;
    }
    const { depth, memberType, memberName } = {
      depth: this.#depth,
      memberType: this.#memberType,
      memberName: this.#memberName,
    };
    if (this.#depthCheck === 0) {
      this.#depthCheck = depth + 1;
      this.#depthToShow = 0;
    }
    walk();
    this.#memberType = memberType;
    this.#memberName = memberName;
    if (this.#depthCheck !== depth + 1) return;
    this.#depthCheck = 0;
    if (this.#depthToShow <= depth) return;
    walk();
  }

  /** The opening bracket, as the declared type of what is shown has it (`btf_show_name` without names). */
  #bracket(): string {
    if (this.#inArray) return '';
    const table = this.#table;
    let id = this.#memberType >= 0 ? this.#memberType : this.#typeId;
    let parens = '';
    let isPointer = false;
    for (let i = 0; i < BRACKET_DEPTH; i++) {
      if (!table.has(id)) return '';
      const kind = table.kind(id);
      let next = 0;
      if (kind === BTF_KIND.TYPEDEF) next = table.sizeOrType(id);
      else if (kind === BTF_KIND.PTR) {
        isPointer = true;
        next = table.sizeOrType(id);
      } else if (kind === BTF_KIND.ARRAY) {
        parens = '[';
        next = table.word(id, 0);
      }
      if (next === 0) {
        if (isPointer) return '';
        return inSet(STRUCTS, kind) && parens === '' ? '{' : parens;
      }
      id = this.#skipQualifiers(next);
    }
    return '';
  }

  #skipQualifiers(id: number): number {
    for (let i = 0; i < 64 && inSet(QUALIFIERS, this.#table.kind(id)); i++) id = this.#table.sizeOrType(id);
    return id;
  }

  int(type: number, typeId: number, at: number, bit: number): void {
    const word = this.#table.word(type, 0);
    const bits = word & 0xff;
    const intOffset = (word >>> 16) & 0xff;
    this.#begin(type, typeId);
    if (bit !== 0 || intOffset !== 0 || bits % 8 !== 0 || !PLAIN_BITS.includes(bits)) {
      const total = bit + intOffset;
      this.#bits(at + (total >> 3), total & 7, bits);
    } else if (bits === 8 && this.#arrayEncoding === BTF_INT_CHAR && this.#char(at)) {
      // Shown as a character, or not at all.
    } else if (bits === 128) this.#hex(this.#read(at, 16));
    else {
      const signed = ((word >>> 24) & BTF_INT_SIGNED) !== 0;
      if (bits === 64) {
        const value = this.#read(at, 8);
        this.#scalar(String(signed ? BigInt.asIntN(64, value) : value), value === 0n);
      } else {
        const value = this.#read32(at, bits >> 3);
        this.#scalar(String(signed ? (value << (32 - bits)) >> (32 - bits) : value), value === 0);
      }
    }
    this.#end();
  }

  /** An element of a character array: whether that settles it. */
  #char(at: number): boolean {
    if (this.#arrayTerminated) return true;
    const c = this.#data[at] ?? 0;
    if (c === 0) this.#arrayTerminated = true;
    else if (isPrint(c)) this.#scalar(`'${String.fromCharCode(c)}'`);
    else return false;
    return true;
  }

  /** `bits` bits from bit `bit` of a byte on (`btf_bitfield_show`): always unsigned hex. */
  #bits(at: number, bit: number, bits: number): void {
    if (bits === 0) {
      // No bits at all: the kernel's shifts leave those before them, at the top of 64.
      this.#hex(BigInt.asUintN(bit, this.#read(at, 1)) << BigInt(64 - bit));
      return;
    }
    let value = this.#read(at, (bits + bit + 7) >> 3);
    if (bits + bit === 128) {
      // Its shifts by 64 of a 64-bit half shift nothing: one half is or-ed into the other.
      value |= (value & MASK64) << 64n;
      if (bits === 128) value |= value >> 64n;
    }
    this.#hex((value >> BigInt(bit)) & ((1n << BigInt(bits)) - 1n));
  }

  #hex(value: bigint): void {
    this.#scalar(`0x${value.toString(16)}`, value === 0n);
  }

  pointer(type: number, typeId: number, at: number): void {
    this.#begin(type, typeId);
    const pointer = this.#read(at, 8);
    const raw = this.#has(BTF_F_PTR_RAW) || pointer === 0n || pointer >= 0xfffffffffffff001n;
    const shown = raw ? pointer : BigInt(this.#hash(pointer));
    this.#scalar(`0x${shown.toString(16).padStart(16, '0')}`, pointer === 0n);
    this.#end();
  }

  /** ENUM and ENUM64: the name of the first equal value, or the number. */
  enum(type: number, typeId: number, at: number, words: 2 | 3): void {
    const table = this.#table;
    this.#begin(type, typeId);
    const value = this.#read(at, words === 2 ? 4 : 8);
    const low = Number(value & 0xffffffffn);
    const high = Number(value >> 32n);
    let text: string | undefined;
    for (let i = 0, count = table.vlen(type); i < count && text === undefined; i++) {
      if (table.word(type, i * words + 1) !== low) continue;
      if (words === 3 && table.word(type, i * words + 2) !== high) continue;
      text = table.string(table.word(type, i * words)) ?? '';
    }
    const isNumber = text === undefined;
    text ??= String(table.kindFlag(type) ? BigInt.asIntN(words === 2 ? 32 : 64, value) : value);
    // A name is text, never zero.
    this.#scalar(text, isNumber && value === 0n);
    this.#end();
  }

  array(type: number, typeId: number, at: number, bit: number): void {
    this.#twice(() => this.#array(type, typeId, at, bit));
  }

  #array(type: number, typeId: number, at: number, bit: number): void {
    const table = this.#table;
    const element = this.#resolve(table.word(type, 0));
    const kind = table.kind(element);
    const size = inSet(SIZED, kind) ? table.sizeOrType(element) : 0;
    const isInt = kind === BTF_KIND.INT;
    this.#arrayEncoding = !isInt ? 0 : size === 1 ? BTF_INT_CHAR : (table.word(element, 0) >>> 24) & 0xf;
    this.#arrayTerminated = false;
    this.#open(type, typeId);
    for (let i = 0, count = table.word(type, 2); i < count && this.text.length <= TEXT_MAX; i++) {
      this.#inArray = true;
      this.#member(-1, '');
      this.#typed(element, table.word(type, 0), at + i * size, bit);
      this.#inArray = false;
      this.#member(-1, '');
      if (this.#arrayTerminated) break;
    }
    this.#arrayEncoding = 0;
    this.#arrayTerminated = false;
    this.#close(']');
  }

  struct(type: number, typeId: number, at: number): void {
    this.#twice(() => this.#struct(type, typeId, at));
  }

  #struct(type: number, typeId: number, at: number): void {
    const table = this.#table;
    const flag = table.kindFlag(type);
    this.#open(type, typeId);
    for (let i = 0, count = table.vlen(type); i < count; i++) {
      const member = table.word(type, i * MEMBER_WORDS + 1);
      const word = table.word(type, i * MEMBER_WORDS + 2);
      const bitOffset = flag ? word & 0xffffff : word;
      const byte = at + Math.floor(bitOffset / 8);
      this.#member(member, this.#has(BTF_F_NONAME) ? '' : (table.string(table.word(type, i * MEMBER_WORDS)) ?? ''));
      if (flag && word >>> 24 !== 0) {
        this.#begin(member, member);
        this.#bits(byte, bitOffset & 7, word >>> 24);
        this.#end();
      } else this.value(member, byte, bitOffset & 7);
      this.#member(-1, '');
    }
    this.#close('}');
  }

  section(type: number, typeId: number, at: number, bit: number): void {
    const table = this.#table;
    this.#begin(type, typeId);
    this.#scalar(`section ("${table.name(type)}") = {`);
    for (let i = 0, count = table.vlen(type); i < count; i++) {
      if (i > 0) this.#put(',');
      this.value(table.word(type, i * VSI_WORDS), at + table.word(type, i * VSI_WORDS + 1), bit);
    }
    this.#end();
  }

  #member(type: number, name: string): void {
    this.#memberType = type;
    this.#memberName = name;
  }

  #open(type: number, typeId: number): void {
    this.#begin(type, typeId);
    this.#put(`${this.#indent()}${this.#label()}${this.#newline()}`);
    this.#depth++;
  }

  #close(bracket: string): void {
    this.#depth--;
    this.#put(`${this.#indent()}${bracket}${this.#delimiter()}${this.#newline()}`);
    this.#end();
  }

  /** Up to 4 bytes, little endian. */
  #read32(at: number, size: number): number {
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = (value << 8) | (this.#data[at + i] ?? 0);
    return value >>> 0;
  }

  /** `size` bytes, little endian. */
  #read(at: number, size: number): bigint {
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#data[at + i] ?? 0);
    return value;
  }
}

const MASK64 = (1n << 64n) - 1n;
/** Longest name before a value (`BTF_SHOW_NAME_SIZE`, NUL apart). */
const NAME_MAX = 79;
const PREFIX: Readonly<Record<number, string>> = {
  [BTF_KIND.STRUCT]: 'struct',
  [BTF_KIND.UNION]: 'union',
  [BTF_KIND.ENUM]: 'enum',
  [BTF_KIND.ENUM64]: 'enum',
};
/** Widths an INT may have to be shown in decimal (128: in hex). */
const PLAIN_BITS = [8, 16, 32, 64, 128];

/** The printers by kind; the others are `<unsupported kind:N>`. */
const SHOW: Readonly<Record<number, (show: Show, type: number, typeId: number, at: number, bit: number) => void>> = {
  [BTF_KIND.INT]: (show, type, typeId, at, bit) => show.int(type, typeId, at, bit),
  [BTF_KIND.PTR]: (show, type, typeId, at) => show.pointer(type, typeId, at),
  [BTF_KIND.ARRAY]: (show, type, typeId, at, bit) => show.array(type, typeId, at, bit),
  [BTF_KIND.STRUCT]: (show, type, typeId, at) => show.struct(type, typeId, at),
  [BTF_KIND.UNION]: (show, type, typeId, at) => show.struct(type, typeId, at),
  [BTF_KIND.ENUM]: (show, type, typeId, at) => show.enum(type, typeId, at, 2),
  [BTF_KIND.ENUM64]: (show, type, typeId, at) => show.enum(type, typeId, at, 3),
  [BTF_KIND.DATASEC]: (show, type, typeId, at, bit) => show.section(type, typeId, at, bit),
};
