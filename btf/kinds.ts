/** Kinds of BTF types and sets of them (source: include/uapi/linux/btf.h, Documentation/bpf/btf.rst). */

/** `BTF_KIND_*`. */
export const BTF_KIND = {
  UNKN: 0,
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;

/** Largest kind there is (`BTF_KIND_MAX`). */
export const BTF_KIND_MAX = 19;

/** The kinds by number, as logs and dumps name them. */
export const BTF_KIND_NAME: readonly string[] = [
  'UNKNOWN',
  'INT',
  'PTR',
  'ARRAY',
  'STRUCT',
  'UNION',
  'ENUM',
  'FWD',
  'TYPEDEF',
  'VOLATILE',
  'CONST',
  'RESTRICT',
  'FUNC',
  'FUNC_PROTO',
  'VAR',
  'DATASEC',
  'FLOAT',
  'DECL_TAG',
  'TYPE_TAG',
  'ENUM64',
];

/** Encoding of an INT (`BTF_INT_*`). */
export const BTF_INT_SIGNED = 1;
export const BTF_INT_CHAR = 2;
export const BTF_INT_BOOL = 4;

/** A set of kinds: one bit each. */
export function kindSet(...kinds: readonly number[]): number {
  return kinds.reduce((set, kind) => set | (1 << kind), 0);
}

/** Whether a set has a kind. */
export function inSet(set: number, kind: number): boolean {
  return ((set >>> kind) & 1) !== 0;
}

const { INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT } = BTF_KIND;
const { FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64 } = BTF_KIND;

/** Kinds that only qualify or rename another type (`btf_type_is_modifier`). */
export const MODIFIERS = kindSet(TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG);
/** `struct` and `union`. */
export const STRUCTS = kindSet(STRUCT, UNION);
/** Kinds whose record says their size (`btf_type_has_size`). */
export const SIZED = kindSet(INT, STRUCT, UNION, ENUM, DATASEC, FLOAT, ENUM64);
/** Kinds no value can have (`btf_type_nosize`): void, forward, functions. */
export const UNSIZED = kindSet(0, FWD, FUNC, FUNC_PROTO, DECL_TAG);
/** Kinds that no other type but their own users may refer to (`btf_type_is_resolve_source_only`). */
export const SOURCE_ONLY = kindSet(VAR, DECL_TAG, DATASEC);
/** Kinds that refer to others, which must be followed (`btf_type_needs_resolve`). */
export const NEEDS_RESOLVE = MODIFIERS | STRUCTS | kindSet(PTR, ARRAY, VAR, FUNC, DECL_TAG, DATASEC);
/** What a declaration tag may stand at (`btf_type_is_decl_tag_target`). */
export const DECL_TAG_TARGETS = STRUCTS | kindSet(FUNC, VAR, TYPEDEF);
