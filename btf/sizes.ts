/**
 * What a type comes down to without its modifiers, and how large it is: filled in by
 * the second pass of BTF_LOAD (`btf->resolved_ids`, `btf->resolved_sizes`).
 */
import { BTF_KIND, inSet, MODIFIERS, SIZED, UNSIZED } from './kinds.ts';
import type { BtfTable } from './table.ts';

/** Resolved ids and sizes of one BTF object. */
export class BtfSizes {
  readonly table: BtfTable;
  /** Of a modifier, a pointer or a variable: the type it stands for; of an array: its element. */
  readonly ids: Uint32Array;
  /** Of an array: its size in bytes. */
  readonly sizes: Uint32Array;
  /** Results of the last {@link find} that found something. */
  foundId = 0;
  foundSize = 0;

  constructor(table: BtfTable) {
    this.table = table;
    this.ids = new Uint32Array(table.count);
    this.sizes = new Uint32Array(table.count);
  }

  /**
   * Looks up the type with a size that a type stands for (`btf_type_id_size`):
   * {@link foundId} and {@link foundSize}. False when there is none: void, a forward,
   * a function, an unknown id.
   */
  find(id: number): boolean {
    if (!this.table.has(id)) return false;
    const kind = this.table.kind(id);
    if (inSet(UNSIZED, kind)) return false;
    if (this.#sized(id, kind)) return true;
    const resolved = this.ids[id]!;
    return this.#sized(resolved, this.table.kind(resolved));
  }

  #sized(id: number, kind: number): boolean {
    if (inSet(SIZED, kind)) this.foundSize = this.table.sizeOrType(id);
    else if (kind === BTF_KIND.ARRAY) this.foundSize = this.sizes[id]!;
    else if (kind === BTF_KIND.PTR) this.foundSize = 8;
    else return false;
    this.foundId = id;
    return true;
  }
}

/** Longest chain that is followed in a BTF object whose chains nobody checked. */
const MAX_CHAIN = 64;

/** The type behind typedefs, qualifiers and type tags (`btf_type_skip_modifiers`); void when the chain is too long. */
export function skipModifiers(table: BtfTable, id: number): number {
  for (let i = 0; i < MAX_CHAIN; i++) {
    if (!table.has(id)) return 0;
    if (!inSet(MODIFIERS, table.kind(id))) return id;
    id = table.sizeOrType(id);
  }
  return 0;
}

/** As {@link BtfSizes.find} where BTF_LOAD did not resolve the types (`btf_resolve_size`). */
export function lazySize(table: BtfTable, id: number): { readonly id: number; readonly size: number } | undefined {
  let count = 1;
  let outer = 0;
  for (let i = 0; i < MAX_CHAIN && table.has(id); i++) {
    const kind = table.kind(id);
    if (kind === BTF_KIND.ARRAY) {
      outer ||= id;
      count *= table.word(id, 2);
      id = table.word(id, 0);
    } else if (kind === BTF_KIND.PTR || inSet(SIZED, kind)) {
      const size = count * (kind === BTF_KIND.PTR ? 8 : table.sizeOrType(id));
      return size > 0xffffffff ? undefined : { id: outer || id, size };
    } else if (inSet(MODIFIERS, kind) || kind === BTF_KIND.VAR) {
      id = table.sizeOrType(id);
    } else return undefined;
  }
  return undefined;
}
