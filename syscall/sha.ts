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

/** SHA-1 of some bytes: 20 bytes (FIPS 180-4, 6.1). */
export function sha1(bytes: Uint8Array): Uint8Array {
  const message = padded(bytes);
  const h = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const w = new Int32Array(80);
  for (let at = 0; at < message.byteLength; at += BLOCK) {
    for (let t = 0; t < 16; t++) w[t] = message.getInt32(at + t * 4);
    for (let t = 16; t < 80; t++) w[t] = rotl(w[t - 3]! ^ w[t - 8]! ^ w[t - 14]! ^ w[t - 16]!, 1);
    let [a, b, c, d, e] = h as unknown as [number, number, number, number, number];
    for (let t = 0; t < 80; t++) {
      const [f, k] =
        t < 20
          ? [(b & c) | (~b & d), 0x5a827999]
          : t < 40
            ? [b ^ c ^ d, 0x6ed9eba1]
            : t < 60
              ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
              : [b ^ c ^ d, 0xca62c1d6];
      const next = (rotl(a, 5) + f + e + k + w[t]!) | 0;
      e = d;
      d = c;
      c = rotl(b, 30);
      b = a;
      a = next;
    }
    h[0]! += a;
    h[1]! += b;
    h[2]! += c;
    h[3]! += d;
    h[4]! += e;
  }
  return bigEndian(h);
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
