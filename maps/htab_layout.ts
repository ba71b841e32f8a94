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
