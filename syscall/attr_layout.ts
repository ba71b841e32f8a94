/**
 * The vocabulary of the attr table: how one arm of `union bpf_attr` is written
 * down, and how the offsets follow from it by the C rules (natural alignment).
 * No byte is counted by hand.
 */

/** How a field is stored. `ptr` is a u64 that holds a user address. */
export type FieldKind = 'u32' | 's32' | 'u64' | 'ptr' | 'char';

/** Who writes a field: the caller (`in`), the kernel (`out`), or both. */
export type Direction = 'in' | 'out' | 'inout';

/** Names for the values of an enumeration or for flag bits; `prefix` is the part the C name has in front. */
export interface Symbols {
  readonly prefix: string;
  readonly values: Readonly<Record<string, number>>;
}

/**
 * How many bytes a pointer leads to:
 * - `field`: the value of that field, times `each` bytes (a number, or the field that has it);
 * - `map`: a key, a value as the system call exchanges it, or a batch token of the map of the call, times `count`;
 * - `string`: up to a NUL, at most this many bytes with it;
 * - `fixed`: always so many.
 */
export type PointeeLength =
  | { readonly field: string; readonly each?: number | string }
  | { readonly map: 'key' | 'value' | 'token'; readonly count?: string }
  | { readonly string: number }
  | { readonly fixed: number };

/** What a pointer field points to. */
export interface Pointee {
  readonly dir: Direction;
  /** What the bytes are, for people: `instructions`, `the key`, … */
  readonly what: string;
  readonly length: PointeeLength;
}

/** What the author of the table says of a field besides its name and kind. */
export interface FieldNotes {
  readonly doc: string;
  readonly dir?: Direction;
  /** A file descriptor; the word says of what. */
  readonly fd?: 'map' | 'prog' | 'link' | 'btf' | 'token' | 'any';
  /** An id of that kind. */
  readonly id?: 'map' | 'prog' | 'link' | 'btf' | 'any';
  readonly symbols?: Symbols;
  /** Same, the value being an or of bits. */
  readonly flags?: Symbols;
  readonly to?: Pointee;
  /** Length of a `char` array. */
  readonly length?: number;
  /** Member of a C union: starts where this earlier field starts. */
  readonly unionWith?: string;
}

/** A field before it has an offset. */
export interface FieldDecl<N extends string> extends FieldNotes {
  readonly name: N;
  readonly kind: FieldKind;
}

/** One field of an arm: name, place and meaning. */
export interface AttrField extends FieldNotes {
  readonly name: string;
  readonly kind: FieldKind;
  readonly dir: Direction;
  readonly offset: number;
  readonly size: number;
}

/** One arm of the union: its fields in order, and their offsets by name. */
export interface AttrArm<N extends string = string> {
  /** Name of the arm as the header has it, or of its purpose where it has none. */
  readonly name: string;
  readonly fields: readonly AttrField[];
  /** Byte offset of each field. */
  readonly at: Readonly<Record<N, number>>;
  /** Bytes up to the end of the last field. */
  readonly size: number;
}

const SIZE_OF: Readonly<Record<Exclude<FieldKind, 'char'>, number>> = { u32: 4, s32: 4, u64: 8, ptr: 8 };

/** An unsigned 32-bit field. */
export function u32<const N extends string>(name: N, doc: string, notes: Omit<FieldNotes, 'doc'> = {}): FieldDecl<N> {
  return { name, kind: 'u32', doc, ...notes };
}

/** A signed 32-bit field. */
export function s32<const N extends string>(name: N, doc: string, notes: Omit<FieldNotes, 'doc'> = {}): FieldDecl<N> {
  return { name, kind: 's32', doc, ...notes };
}

/** An unsigned 64-bit field. */
export function u64<const N extends string>(name: N, doc: string, notes: Omit<FieldNotes, 'doc'> = {}): FieldDecl<N> {
  return { name, kind: 'u64', doc, ...notes };
}

/** A pointer into the caller's memory. */
export function ptr<const N extends string>(
  name: N,
  to: Pointee,
  notes: Omit<FieldNotes, 'doc' | 'to'> = {},
): FieldDecl<N> {
  return { name, kind: 'ptr', doc: to.what, to, ...notes };
}

/** A character array inside the attr. */
export function char<const N extends string>(name: N, length: number, doc: string): FieldDecl<N> {
  return { name, kind: 'char', doc, length };
}

/** Lays out an arm: offsets by natural alignment, union members where their fellow starts. */
export function arm<const N extends string>(name: string, decls: readonly FieldDecl<N>[]): AttrArm<N> {
  const at: Record<string, number> = {};
  let cursor = 0;
  let end = 0;
  const fields = decls.map((decl): AttrField => {
    const size = decl.kind === 'char' ? (decl.length ?? 0) : SIZE_OF[decl.kind];
    if (decl.unionWith !== undefined) cursor = at[decl.unionWith] as number;
    const align = decl.kind === 'char' ? 1 : size;
    const offset = Math.ceil(cursor / align) * align;
    at[decl.name] = offset;
    cursor = offset + size;
    end = Math.max(end, cursor);
    return { ...decl, dir: decl.dir ?? 'in', offset, size };
  });
  return { name, fields, at: at as Record<N, number>, size: end };
}
