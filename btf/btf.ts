/**
 * BTF as the rest of the program sees it: the object, its types, the special
 * fields of a map value (source: Documentation/bpf/btf.rst, include/uapi/linux/btf.h).
 */
import { BpfObject } from '../base/object.ts';
import { decodeType } from './decode.ts';
import { BTF_KIND } from './kinds.ts';
import { NameIndex } from './name_index.ts';
import { type BtfSizes, lazySize, skipModifiers } from './sizes.ts';
import type { BtfTable } from './table.ts';
import type { BtfType } from './types.ts';

export { BTF_KIND } from './kinds.ts';
export type { BtfMember, BtfType } from './types.ts';

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
  /** The kinds there are, one bit each (`FIELD` of fields.ts). */
  readonly mask: number;
  /** Offsets of the fields there can be one of, or -1. */
  readonly spinLockOff: number;
  readonly resSpinLockOff: number;
  readonly timerOff: number;
  readonly wqOff: number;
  readonly taskWorkOff: number;
  readonly refcountOff: number;
}

/** A BTF object: its bytes and its types by id. Type 0 is void. Types are decoded when first asked for. */
export class Btf extends BpfObject {
  readonly kind = 'btf';
  /** The records, for readers that want no objects. */
  readonly table: BtfTable;
  /** `vmlinux`, a module's name, or empty for a user's. */
  readonly name: string;
  /** The kernel's own (`kernel_btf` of struct bpf_btf_info). */
  readonly isKernel: boolean;
  /** Records of the structs with special fields, by type id (`struct_meta_tab`). */
  structMetas: ReadonlyMap<number, BtfRecord> = new Map();
  readonly #sizes: BtfSizes | undefined;
  readonly #decoded: (BtfType | undefined)[] = [];
  #names: NameIndex | undefined;
  #declTags: Map<number, number[]> | undefined;

  /** `sizes` are what BTF_LOAD found out; without them (the kernel's own) sizes are looked up as needed. */
  constructor(table: BtfTable, sizes?: BtfSizes, name = '', isKernel = false) {
    super();
    this.table = table;
    this.#sizes = sizes;
    this.name = name;
    this.isKernel = isKernel;
  }

  /** The raw bytes as loaded. */
  get bytes(): Uint8Array {
    return this.table.bytes;
  }

  /** Number of types, void among them: ids are below it (`btf_nr_types`). */
  get nrTypes(): number {
    return this.table.count;
  }

  /** All types by id; index 0 is void. Decodes every one of them. */
  get types(): readonly BtfType[] {
    return Array.from({ length: this.nrTypes }, (_, id) => this.type(id) as BtfType);
  }

  /** The type with this id, or undefined when there is none (`btf_type_by_id`). */
  type(id: number): BtfType | undefined {
    const decoded = this.#decoded[id];
    if (decoded !== undefined || id >= this.table.count || !(id >= 0)) return decoded;
    const type = decodeType(this.table, id);
    this.#decoded[id] = type;
    return type;
  }

  /** Id of the first type of this name and kind, or 0 (`btf_find_by_name_kind`). */
  find(name: string, kind: number): number {
    this.#names ??= new NameIndex(this.table);
    return this.#names.find(name, kind);
  }

  /** All types of this name, in order of their ids. */
  findAll(name: string): number[] {
    this.#names ??= new NameIndex(this.table);
    return this.#names.all(name);
  }

  /** The declaration tags that stand at a type, in order of their ids. */
  declTags(id: number): readonly number[] {
    this.#declTags ??= collectDeclTags(this.table);
    return this.#declTags.get(id) ?? [];
  }

  /** The type behind typedefs, qualifiers and type tags (`btf_type_skip_modifiers`). */
  skipModifiers(id: number): number {
    return skipModifiers(this.table, id);
  }

  /**
   * The id and size in bytes of the type with a size that a type stands for
   * (`btf_type_id_size`), or undefined for void, functions, forwards and unknown ids.
   */
  typeIdSize(id: number): { readonly id: number; readonly size: number } | undefined {
    if (this.#sizes !== undefined)
      return this.#sizes.find(id) ? { id: this.#sizes.foundId, size: this.#sizes.foundSize } : undefined;
    return lazySize(this.table, id);
  }

  protected override release(): void {}
}

function collectDeclTags(table: BtfTable): Map<number, number[]> {
  const tags = new Map<number, number[]>();
  for (let id = 1; id < table.count; id++) {
    if (table.kind(id) !== BTF_KIND.DECL_TAG) continue;
    const target = table.sizeOrType(id);
    const ids = tags.get(target);
    if (ids === undefined) tags.set(target, [id]);
    else ids.push(id);
  }
  return tags;
}
