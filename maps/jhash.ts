/**
 * Bob Jenkins' lookup3 hash (public domain, https://burtleburtle.net/bob/c/lookup3.c)
 * over arena memory, with the start value the kernel uses (`jhash`, `jhash2` of
 * include/linux/jhash.h). Over whole little-endian words both give the same result,
 * so one function serves: a length that is no multiple of 4 ends in a byte tail.
 */

const JHASH_INITVAL = 0xdeadbeef;

/**
 * Hash of `length` bytes at `addr`, as a signed 32-bit number.
 * `i32` and `u8` are views of the same memory; `addr` is 4-byte aligned.
 */
export function jhash(i32: Int32Array, u8: Uint8Array, addr: number, length: number, seed: number): number {
  let a = (JHASH_INITVAL + length + seed) | 0;
  let b = a;
  let c = a;
  let word = addr >> 2;
  let left = length;
  while (left > 12) {
    a = (a + i32[word]!) | 0;
    b = (b + i32[word + 1]!) | 0;
    c = (c + i32[word + 2]!) | 0;
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
    left -= 12;
    word += 3;
  }
  if (left === 0) return c;
  if (left >= 4) {
    a = (a + i32[word]!) | 0;
    if (left >= 8) {
      b = (b + i32[word + 1]!) | 0;
      c = (c + (left === 12 ? i32[word + 2]! : tail(u8, (word + 2) << 2, left - 8))) | 0;
    } else {
      b = (b + tail(u8, (word + 1) << 2, left - 4)) | 0;
    }
  } else {
    a = (a + tail(u8, word << 2, left)) | 0;
  }
  return final(a, b, c);
}

/** {@link jhash} of one word. */
export function jhash1(i32: Int32Array, word: number, seed: number): number {
  const start = (JHASH_INITVAL + 4 + seed) | 0;
  return final((start + i32[word]!) | 0, start, start);
}

/** {@link jhash} of two words. */
export function jhash2(i32: Int32Array, word: number, seed: number): number {
  const start = (JHASH_INITVAL + 8 + seed) | 0;
  return final((start + i32[word]!) | 0, (start + i32[word + 1]!) | 0, start);
}

/** {@link jhash} of four words. */
export function jhash4(i32: Int32Array, word: number, seed: number): number {
  const start = (JHASH_INITVAL + 16 + seed) | 0;
  let a = (start + i32[word]!) | 0;
  let b = (start + i32[word + 1]!) | 0;
  let c = (start + i32[word + 2]!) | 0;
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
  return final((a + i32[word + 3]!) | 0, b, c);
}

function final(a: number, b: number, c: number): number {
  c = ((c ^ b) - ((b << 14) | (b >>> 18))) | 0;
  a = ((a ^ c) - ((c << 11) | (c >>> 21))) | 0;
  b = ((b ^ a) - ((a << 25) | (a >>> 7))) | 0;
  c = ((c ^ b) - ((b << 16) | (b >>> 16))) | 0;
  a = ((a ^ c) - ((c << 4) | (c >>> 28))) | 0;
  b = ((b ^ a) - ((a << 14) | (a >>> 18))) | 0;
  return ((c ^ b) - ((b << 24) | (b >>> 8))) | 0;
}

/** The last 0 to 3 bytes as a little-endian number. */
function tail(u8: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = 0; i < count; i++) value |= u8[at + i]! << (8 * i);
  return value;
}
