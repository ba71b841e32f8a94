/**
 * SHA-1 and SHA-256 (FIPS 180-4): the tag of a program is a SHA-1, the hash of a
 * map's contents and of a program that owns maps exclusively a SHA-256. The core
 * uses nothing from Node, so they are here.
 */

const BLOCK = 64;

/** The message with its padding: 0x80, zeros, length in bits, whole blocks of 64 bytes. */
function padded(bytes: Uint8Array): DataView {
  const length = Math.ceil((bytes.length + 9) / BLOCK) * BLOCK;
  const block = new Uint8Array(length);
  block.set(bytes);
  block[bytes.length] = 0x80;
  const view = new DataView(block.buffer);
  view.setUint32(length - 8, Math.floor((bytes.length * 8) / 2 ** 32));
  view.setUint32(length - 4, (bytes.length * 8) >>> 0);
  return view;
}

function rotl(x: number, n: number): number {
  return (x << n) | (x >>> (32 - n));
}

function bigEndian(words: Int32Array): Uint8Array {
  const out = new Uint8Array(words.length * 4);
  const view = new DataView(out.buffer);
  words.forEach((word, i) => {
    view.setInt32(i * 4, word);
  });
  return out;
}

/** The first 32 bits of the fractional parts of a root of the first primes. */
function primeFractions(count: number, root: (prime: number) => number): Int32Array {
  const out = new Int32Array(count);
  for (let found = 0, n = 2; found < count; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    out[found++] = Math.floor((root(n) % 1) * 2 ** 32) | 0;
  }
  return out;
}

const SHA256_K = primeFractions(64, Math.cbrt);
const SHA256_H = primeFractions(8, Math.sqrt);

/** SHA-256 of some bytes: 32 bytes (FIPS 180-4, 6.2). */
export function sha256(bytes: Uint8Array): Uint8Array {
  const message = padded(bytes);
  const h = Int32Array.from(SHA256_H);
  const w = new Int32Array(64);
  for (let at = 0; at < message.byteLength; at += BLOCK) {
    for (let t = 0; t < 16; t++) w[t] = message.getInt32(at + t * 4);
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15]!;
      const y = w[t - 2]!;
      const s0 = rotl(x, 25) ^ rotl(x, 14) ^ (x >>> 3);
      const s1 = rotl(y, 15) ^ rotl(y, 13) ^ (y >>> 10);
      w[t] = w[t - 16]! + s0 + w[t - 7]! + s1;
    }
    sha256Block(h, w);
  }
  return bigEndian(h);
}

/** The 64 rounds of one block. */
function sha256Block(state: Int32Array, w: Int32Array): void {
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let t = 0; t < 64; t++) {
    const t1 = (h + (rotl(e, 26) ^ rotl(e, 21) ^ rotl(e, 7)) + ((e & f) ^ (~e & g)) + SHA256_K[t]! + w[t]!) | 0;
    const t2 = ((rotl(a, 30) ^ rotl(a, 19) ^ rotl(a, 10)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = state[0]! + a;
  state[1] = state[1]! + b;
  state[2] = state[2]! + c;
  state[3] = state[3]! + d;
  state[4] = state[4]! + e;
  state[5] = state[5]! + f;
  state[6] = state[6]! + g;
  state[7] = state[7]! + h;
}
