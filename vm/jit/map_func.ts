/** What functions that are written for one map are made of: how they begin and end, and how elements are filled. */
import { HTAB_STATE, type HtabMap } from '../../maps/hashtab.ts';
import { ELEM_HASH, ELEM_NEXT } from '../../maps/htab_layout.ts';
import type { Code } from './code.ts';
import { type KeyLocals, pushBucket } from './hash.ts';
import { VOID, W } from './wasm.ts';

/** What the writer of a map's function needs: the address of the CPU's number, and the import that does all of it. */
export interface MapFuncInput {
  readonly code: Code;
  readonly cpuAt: number;
  readonly fallback: number;
}

/** A function for one map: i32 parameters, i32 result, so many i32 locals. */
export interface MapFunc {
  readonly params: number;
  readonly locals: number;
  /** It leaves rare cases to the import. */
  readonly fallback?: boolean;
  write(input: MapFuncInput): void;
}

/** Keys and values up to this size are copied without a call of the engine. */
const COPY_INLINE_MAX = 64;

/** Parameters of an update, and locals of a hash's: the element that takes over, and the one that was there. */
export const KEY = 0;
export const VALUE = 1;
export const FLAGS = 2;
export const NEW = 8;
export const OLD = 9;

export const UPDATE_PARAMS: readonly number[] = [KEY, VALUE, FLAGS];

/** Returns what the import does. */
export function returnFallback({ code, fallback }: MapFuncInput, params = UPDATE_PARAMS): void {
  for (const param of params) code.local(W.local_get, param);
  code.call(fallback);
  code.op(W.return);
}

/** As {@link returnFallback}, when the i32 on the stack is not 0. */
export function fallbackIf(input: MapFuncInput, params = UPDATE_PARAMS): void {
  const { code } = input;
  code.local(W.if, VOID);
  returnFallback(input, params);
  code.op(W.end);
}

export function returnValue(code: Code, value: number): void {
  code.i32(value);
  code.op(W.return);
}

/** Copies bytes between the addresses in two locals plus offsets; all is read before any is written, as they may overlap. */
export function emitCopy(code: Code, to: number, toOff: number, from: number, fromOff: number, size: number): void {
  if (size > COPY_INLINE_MAX) {
    for (const [local, off] of [
      [to, toOff],
      [from, fromOff],
    ] as const) {
      code.local(W.local_get, local);
      code.i32(off);
      code.op(W.i32_add);
    }
    code.i32(size);
    code.memoryCopy();
    return;
  }
  const pieces: [store: number, off: number][] = [];
  for (let off = 0; off < size; ) {
    const left = size - off;
    const [bytes, load, store] =
      left >= 8
        ? [8, W.i64_load, W.i64_store]
        : left >= 4
          ? [4, W.i32_load, W.i32_store]
          : left >= 2
            ? [2, W.i32_load16_u, W.i32_store16]
            : [1, W.i32_load8_u, W.i32_store8];
    code.local(W.local_get, to);
    code.local(W.local_get, from);
    code.memory(load, fromOff + off);
    pieces.push([store, toOff + off]);
    off += bytes;
  }
  for (const [store, off] of pieces.reverse()) code.memory(store, off);
}

/** Adds to a word of the map's state. */
export function count(code: Code, map: HtabMap, word: keyof typeof HTAB_STATE, change: number): void {
  const address = (map.state + HTAB_STATE[word]) << 2;
  code.i32(0);
  code.i32(0);
  code.memory(W.i32_load, address);
  code.i32(change);
  code.op(W.i32_add);
  code.memory(W.i32_store, address);
}

/** Takes `elem` out of its bucket; its own link stays, for iterations that stand on it. */
export function unlink(code: Code, at: KeyLocals): void {
  code.local(W.local_get, at.link);
  code.local(W.local_get, at.elem);
  code.memory(W.i32_load, ELEM_NEXT * 4);
  code.memory(W.i32_store, 0);
}

/** Gives NEW its hash, key (padded with zeros) and value, and puts it at the head of its bucket. */
export function fillNew(code: Code, at: KeyLocals, map: HtabMap): void {
  const { keySize, keyOffset } = map;
  code.local(W.local_get, NEW);
  code.local(W.local_get, at.c);
  code.memory(W.i32_store, ELEM_HASH * 4);
  if ((keySize & 7) !== 0) {
    code.local(W.local_get, NEW);
    code.i64(0, 0);
    code.memory(W.i64_store, keyOffset + (keySize & ~7));
  }
  emitCopy(code, NEW, keyOffset, KEY, 0, keySize);
  emitCopy(code, NEW, map.valueOffset, VALUE, 0, map.valueSize);
  pushBucket(code, at, map);
  code.local(W.local_set, at.link);
  code.local(W.local_get, NEW);
  code.local(W.local_get, at.link);
  code.memory(W.i32_load, 0);
  code.memory(W.i32_store, ELEM_NEXT * 4);
  code.local(W.local_get, at.link);
  code.local(W.local_get, NEW);
  code.memory(W.i32_store, 0);
}
