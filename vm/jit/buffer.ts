/**
 * A growable byte buffer with the number encodings of WebAssembly (core spec 5.2).
 *
 * The first programs of a process are compiled by a compiler that the engine still
 * interprets itself, where calls cost more than bytes: so each writer makes room, and
 * writes the common short form of a number, without calling another.
 */

/** Bytes there is room for whenever a writer begins. */
const ROOM = 64;

export class ByteBuffer {
  bytes: Uint8Array;
  length = 0;
  /** A writer that begins beyond this length has the buffer grow first. */
  limit: number;

  constructor(capacity = 4096) {
    this.bytes = new Uint8Array(capacity + ROOM);
    this.limit = capacity;
  }

  /** Makes room for `count` more bytes and {@link ROOM}. */
  grow(count = 0): void {
    const capacity = Math.max(this.limit * 2, this.length + count) + ROOM;
    const grown = new Uint8Array(capacity);
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.limit = capacity - ROOM;
  }

  byte(value: number): void {
    if (this.length > this.limit) this.grow();
    this.bytes[this.length++] = value;
  }

  append(other: Uint8Array): void {
    if (this.length + other.length > this.limit) this.grow(other.length);
    this.bytes.set(other, this.length);
    this.length += other.length;
  }

  /** Unsigned LEB128 of 32 bits. */
  uleb(value: number): void {
    if (this.length > this.limit) this.grow();
    this.length = putUleb(this.bytes, this.length, value);
  }

  /** A name: its length and its (ASCII) characters. */
  name(text: string): void {
    this.uleb(text.length);
    if (this.length + text.length > this.limit) this.grow(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[this.length++] = text.charCodeAt(i);
  }

  /** What has been written. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}

/** Writes an unsigned LEB128 of 32 bits at `at`: where it ends. */
export function putUleb(bytes: Uint8Array, at: number, value: number): number {
  value >>>= 0;
  while (value >= 128) {
    bytes[at++] = (value & 127) | 128;
    value >>>= 7;
  }
  bytes[at++] = value;
  return at;
}

/** As {@link putUleb}: a signed LEB128 of an int32. */
export function putSleb(bytes: Uint8Array, at: number, value: number): number {
  while (value < -64 || value > 63) {
    bytes[at++] = (value & 127) | 128;
    value >>= 7;
  }
  bytes[at++] = value & 127;
  return at;
}

/** As {@link putSleb}, of 64 bits given as int32 halves. */
export function putSleb64(bytes: Uint8Array, at: number, lo: number, hi: number): number {
  while (hi !== lo >> 31) {
    bytes[at++] = (lo & 127) | 128;
    lo = (lo >>> 7) | (hi << 25);
    hi >>= 7;
  }
  return putSleb(bytes, at, lo);
}
