/**
 * Types by name: a hash table over the bytes of the names, without a string for
 * each, since the kernel has more than a hundred thousand.
 */
import type { BtfTable } from './table.ts';

/** FNV-1a over Latin-1 text and over bytes up to NUL. */
const FNV_START = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The index of one BTF object. */
export class NameIndex {
  readonly #table: BtfTable;
  readonly #mask: number;
  /** First type of each bucket, and the next of each type: ids ascend, 0 ends. */
  readonly #heads: Uint32Array;
  readonly #next: Uint32Array;

  constructor(table: BtfTable) {
    this.#table = table;
    this.#mask = 2 ** Math.ceil(Math.log2(table.count + 1)) - 1;
    this.#heads = new Uint32Array(this.#mask + 1);
    this.#next = new Uint32Array(table.count);
    const { bytes, strings } = table;
    for (let id = table.count - 1; id > 0; id--) {
      const offset = table.nameOffset(id);
      if (offset === 0) continue;
      let hash = FNV_START;
      for (let at = strings + offset; at < bytes.length && bytes[at] !== 0; at++)
        hash = Math.imul(hash ^ bytes[at]!, FNV_PRIME);
      const bucket = hash & this.#mask;
      this.#next[id] = this.#heads[bucket]!;
      this.#heads[bucket] = id;
    }
  }

  /** The first type of this name and kind, or 0. */
  find(name: string, kind: number): number {
    for (let id = this.#first(name); id !== 0; id = this.#next[id]!) {
      if (this.#table.kind(id) === kind && this.#table.nameIs(id, name)) return id;
    }
    return 0;
  }

  /** All types of this name, in order of their ids. */
  all(name: string): number[] {
    const ids: number[] = [];
    for (let id = this.#first(name); id !== 0; id = this.#next[id]!) if (this.#table.nameIs(id, name)) ids.push(id);
    return ids;
  }

  #first(name: string): number {
    let hash = FNV_START;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), FNV_PRIME);
    return this.#heads[hash & this.#mask]!;
  }
}
