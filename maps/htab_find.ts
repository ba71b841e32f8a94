/**
 * Lookup in a table for the common sizes of keys, each in one function: hash and
 * comparison in one go cost a third less than through the general path, because
 * the engine does not inline that deep (measured, bench/maps.ts).
 */
import { ELEM_HASH, ELEM_NEXT, type HtabTable } from './htab_layout.ts';

const JHASH_INITVAL = 0xdeadbeef;

/** Address of the element whose 4-byte key is at a word of the arena, or 0. */
export function htabFind1(map: HtabTable, word: number): number {
  const i32 = map.i32;
  const k0 = i32[word]!;
  let c = (JHASH_INITVAL + 4 + map.seed) | 0;
  let a = (c + k0) | 0;
  let b = c;
  c = ((c ^ b) - ((b << 14) | (b >>> 18))) | 0;
  a = ((a ^ c) - ((c << 11) | (c >>> 21))) | 0;
  b = ((b ^ a) - ((a << 25) | (a >>> 7))) | 0;
  c = ((c ^ b) - ((b << 16) | (b >>> 16))) | 0;
  a = ((a ^ c) - ((c << 4) | (c >>> 28))) | 0;
  b = ((b ^ a) - ((a << 14) | (a >>> 18))) | 0;
  const hash = ((c ^ b) - ((b << 24) | (b >>> 8))) | 0;
  const key = map.keyOffset >> 2;
  let element = i32[map.table + (hash & map.mask)]!;
  while (element !== 0) {
    const at = element >> 2;
    if (i32[at + ELEM_HASH] === hash && i32[at + key] === k0) return element;
    element = i32[at + ELEM_NEXT]!;
  }
  return 0;
}

/** As {@link htabFind1} for 8-byte keys. */
export function htabFind2(map: HtabTable, word: number): number {
  const i32 = map.i32;
  const k0 = i32[word]!;
  const k1 = i32[word + 1]!;
  let c = (JHASH_INITVAL + 8 + map.seed) | 0;
  let a = (c + k0) | 0;
  let b = (c + k1) | 0;
  c = ((c ^ b) - ((b << 14) | (b >>> 18))) | 0;
  a = ((a ^ c) - ((c << 11) | (c >>> 21))) | 0;
  b = ((b ^ a) - ((a << 25) | (a >>> 7))) | 0;
  c = ((c ^ b) - ((b << 16) | (b >>> 16))) | 0;
  a = ((a ^ c) - ((c << 4) | (c >>> 28))) | 0;
  b = ((b ^ a) - ((a << 14) | (a >>> 18))) | 0;
  const hash = ((c ^ b) - ((b << 24) | (b >>> 8))) | 0;
  const key = map.keyOffset >> 2;
  let element = i32[map.table + (hash & map.mask)]!;
  while (element !== 0) {
    const at = element >> 2;
    if (i32[at + ELEM_HASH] === hash && i32[at + key] === k0 && i32[at + key + 1] === k1) return element;
    element = i32[at + ELEM_NEXT]!;
  }
  return 0;
}

/** As {@link htabFind1} for 16-byte keys. */
export function htabFind4(map: HtabTable, word: number): number {
  const i32 = map.i32;
  const k0 = i32[word]!;
  const k1 = i32[word + 1]!;
  const k2 = i32[word + 2]!;
  const k3 = i32[word + 3]!;
  const start = (JHASH_INITVAL + 16 + map.seed) | 0;
  let a = (start + k0) | 0;
  let b = (start + k1) | 0;
  let c = (start + k2) | 0;
  a = (a - c) ^ ((c << 4) | (c >>> 28));
  c = (c + b) | 0;
  b = (b - a) ^ ((a << 6) | (a >>> 26));
  a = (a + c) | 0;
  c = (c - b) ^ ((b << 8) | (b >>> 24));
  b = (b + a) | 0;
  a = (a - c) ^ ((c << 16) | (c >>> 16));
  c = (c + b) | 0;
  b = (b - a) ^ ((a << 19) | (a >>> 13));
  a = (a + c) | 0;
  c = (c - b) ^ ((b << 4) | (b >>> 28));
  b = (b + a) | 0;
  a = (a + k3) | 0;
  c = ((c ^ b) - ((b << 14) | (b >>> 18))) | 0;
  a = ((a ^ c) - ((c << 11) | (c >>> 21))) | 0;
  b = ((b ^ a) - ((a << 25) | (a >>> 7))) | 0;
  c = ((c ^ b) - ((b << 16) | (b >>> 16))) | 0;
  a = ((a ^ c) - ((c << 4) | (c >>> 28))) | 0;
  b = ((b ^ a) - ((a << 14) | (a >>> 18))) | 0;
  const hash = ((c ^ b) - ((b << 24) | (b >>> 8))) | 0;
  const key = map.keyOffset >> 2;
  let element = i32[map.table + (hash & map.mask)]!;
  while (element !== 0) {
    const at = element >> 2;
    if (
      i32[at + ELEM_HASH] === hash &&
      i32[at + key] === k0 &&
      i32[at + key + 1] === k1 &&
      i32[at + key + 2] === k2 &&
      i32[at + key + 3] === k3
    ) {
      return element;
    }
    element = i32[at + ELEM_NEXT]!;
  }
  return 0;
}
