/** Words of a hash table's elements, and what a walk over a table needs of it (see hashtab.ts for the layout). */

/** Address of the next element in the bucket, 0 at the end. */
export const ELEM_NEXT = 0;
/** Hash of the key. */
export const ELEM_HASH = 1;

/** A table, as far as finding a key in it goes. */
export interface HtabTable {
  readonly i32: Int32Array;
  /** Word index of the table, its address / 4. */
  readonly table: number;
  readonly mask: number;
  readonly seed: number;
  /** Bytes of an element before its key. */
  readonly keyOffset: number;
}

/** Takes an element out of its bucket; false when it is not in it. Its own link stays, for iterations that stand on it. */
export function unlinkElement(map: HtabTable, element: number): boolean {
  const i32 = map.i32;
  const word = element >> 2;
  let link = map.table + (i32[word + ELEM_HASH]! & map.mask);
  let at = i32[link]!;
  while (at !== element) {
    if (at === 0) return false;
    link = (at >> 2) + ELEM_NEXT;
    at = i32[link]!;
  }
  i32[link] = i32[word + ELEM_NEXT]!;
  return true;
}
