/**
 * BTF as the rest of the program sees it: the object, its types, the special
 * fields of a map value (source: Documentation/bpf/btf.rst, include/uapi/linux/btf.h).
 */
import { BpfObject } from '../base/object.ts';

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

/** Kinds of special fields in a map value (`enum btf_field_type`). */
export type BtfFieldKind =
  | 'bpf_spin_lock'
  | 'bpf_res_spin_lock'
  | 'bpf_timer'
  | 'bpf_wq'
  | 'bpf_task_work'
  | 'kptr_unref'
  | 'kptr_ref'
  | 'kptr_percpu'
  | 'uptr'
  | 'bpf_list_head'
  | 'bpf_list_node'
  | 'bpf_rb_root'
  | 'bpf_rb_node'
  | 'bpf_refcount';

/** One special field: where it is, and what it points to or contains. */
export interface BtfField {
  readonly kind: BtfFieldKind;
  readonly offset: number;
  readonly size: number;
  /** kptrs: BTF and type id pointed to. List heads and trees: the node's struct, and the offset of the node in it. */
  readonly btf?: Btf;
  readonly typeId?: number;
  readonly nodeOffset?: number;
  readonly valueRecord?: BtfRecord;
}

/** The special fields of a type, in order of offset (`struct btf_record`). */
export interface BtfRecord {
  readonly fields: readonly BtfField[];
  /** Offsets of the fields there can be one of, or -1. */
  readonly spinLockOff: number;
  readonly timerOff: number;
  readonly refcountOff: number;
}

/** A BTF object: its bytes and its types by id. Type 0 is void. */
export class Btf extends BpfObject {
  readonly kind = 'btf';
  /** The raw bytes as loaded. */
  readonly bytes: Uint8Array;
  /** Types by id; index 0 is void. */
  readonly types: readonly BtfType[];
  /** `vmlinux`, a module's name, or empty for a user's. */
  readonly name: string;
  /** The kernel's own (`kernel_btf` of struct bpf_btf_info). */
  readonly isKernel: boolean;
  #byName: Map<string, number[]> | undefined;

  constructor(bytes: Uint8Array, types: readonly BtfType[], name = '', isKernel = false) {
    super();
    this.bytes = bytes;
    this.types = types;
    this.name = name;
    this.isKernel = isKernel;
  }

  /** The type with this id, or undefined when there is none. */
  type(id: number): BtfType | undefined {
    return this.types[id];
  }

  /** Id of the first type of this name and kind, or 0. */
  find(name: string, kind: number): number {
    if (this.#byName === undefined) {
      this.#byName = new Map();
      for (const type of this.types) {
        if (type.name === '') continue;
        const ids = this.#byName.get(type.name);
        if (ids === undefined) this.#byName.set(type.name, [type.id]);
        else ids.push(type.id);
      }
    }
    return this.#byName.get(name)?.find((id) => this.types[id]?.kind === kind) ?? 0;
  }

  protected override release(): void {}
}
