/** One type of a BTF object, decoded (source: Documentation/bpf/btf.rst). */

/** A member of a struct or union; offsets in bits. */
export interface BtfMember {
  readonly name: string;
  readonly type: number;
  readonly bitOffset: number;
  /** Width of a bitfield in bits, 0 for an ordinary member. */
  readonly bitfieldSize: number;
}

/** One type, decoded. Fields that a kind does not have are 0 or empty. */
export interface BtfType {
  readonly id: number;
  readonly kind: number;
  readonly name: string;
  /** `kind_flag` of the info word. */
  readonly kindFlag: boolean;
  /** `vlen` of the info word. */
  readonly vlen: number;
  /** Size in bytes (INT, STRUCT, UNION, ENUM, ENUM64, DATASEC, FLOAT). */
  readonly size: number;
  /** Referenced type (PTR, TYPEDEF, …, FUNC, VAR, DECL_TAG), an array's element, a prototype's return type. */
  readonly type: number;
  /** INT: encoding bits (1 signed, 2 char, 4 bool), bit offset and width. */
  readonly encoding: number;
  readonly bitOffset: number;
  readonly bits: number;
  /** ARRAY: index type and number of elements. */
  readonly indexType: number;
  readonly nelems: number;
  readonly members: readonly BtfMember[];
  /** ENUM and ENUM64 values. */
  readonly enumerators: readonly { readonly name: string; readonly value: bigint }[];
  /** FUNC_PROTO parameters; a type of 0 with no name at the end: variadic. */
  readonly params: readonly { readonly name: string; readonly type: number }[];
  /** DATASEC variables. */
  readonly vars: readonly { readonly type: number; readonly offset: number; readonly size: number }[];
  /** FUNC linkage, VAR linkage; DECL_TAG component index. */
  readonly linkage: number;
  readonly componentIdx: number;
}
