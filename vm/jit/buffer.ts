/** A growable byte buffer with the number encodings of WebAssembly (core spec 5.2). */
export class ByteBuffer {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 4096) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = value;
  }

  byte2(first: number, second: number): void {
    this.byte(first);
    this.byte(second);
  }

  append(other: Uint8Array): void {
    this.reserve(other.length);
    this.bytes.set(other, this.length);
    this.length += other.length;
  }

  /** Unsigned LEB128 of 32 bits. */
  uleb(value: number): void {
    value >>>= 0;
    while (value >= 128) {
      this.byte((value & 127) | 128);
      value >>>= 7;
    }
    this.byte(value);
  }

  /** Signed LEB128 of an int32. */
  sleb(value: number): void {
    for (;;) {
      const low = value & 127;
      value >>= 7;
      if ((value === 0 && (low & 64) === 0) || (value === -1 && (low & 64) !== 0)) {
        this.byte(low);
        return;
      }
      this.byte(low | 128);
    }
  }

  /** Signed LEB128 of 64 bits given as int32 halves. */
  sleb64(lo: number, hi: number): void {
    for (;;) {
      const low = lo & 127;
      lo = (lo >>> 7) | (hi << 25);
      hi >>= 7;
      const last = (low & 64) === 0 ? lo === 0 && hi === 0 : lo === -1 && hi === -1;
      if (last) {
        this.byte(low);
        return;
      }
      this.byte(low | 128);
    }
  }

  /** A name: its length and its (ASCII) characters. */
  name(text: string): void {
    this.uleb(text.length);
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }

  /** What has been written. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}
