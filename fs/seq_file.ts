/**
 * Reading a sequence of records as text (`seq_read_iter`, `traverse` in fs/seq_file.c):
 * whole records are gathered into a buffer of one page, which is a snapshot; a record
 * larger than the buffer doubles it; what a read does not take is kept for the next.
 */
import type { ShowSink } from '../maps/map.ts';

const PAGE_SIZE = 4096;
/** Largest buffer (`KMALLOC_MAX_SIZE`): a record larger than this cannot be read. */
const BUFFER_MAX = 4 << 20;

/** A source of records. Positions start at 0 and grow by one a record. */
export interface SeqRecords {
  /** Goes to the record at `index`; false when there is none. */
  start(index: number): boolean;
  /** Goes to the record after the current one; false at the end. */
  next(): boolean;
  /** Writes the current record's text. */
  show(out: ShowSink): void;
}

/** The buffer records are written to. Bytes beyond its size are only counted. */
class SeqBuffer {
  bytes = new Uint8Array(0);
  count = 0;

  grow(size: number): void {
    this.bytes = new Uint8Array(size);
    this.count = 0;
  }

  text(text: string): void {
    const { bytes } = this;
    let at = this.count;
    for (let i = 0; i < text.length; i++, at++) bytes[at] = text.charCodeAt(i);
    this.count = at;
  }

  put(added: Uint8Array): void {
    if (this.count + added.length <= this.bytes.length) this.bytes.set(added, this.count);
    this.count += added.length;
  }

  /** A full buffer counts as overflown (`seq_has_overflowed`). */
  get overflowed(): boolean {
    return this.count >= this.bytes.length;
  }
}

/** The state of one open file. */
export class SeqReader {
  readonly #records: SeqRecords;
  readonly #buffer = new SeqBuffer();
  readonly #sink: ShowSink;
  /** Record the next `start` goes to. */
  #index = 0;
  /** Unread bytes: `count` of them from `from` on. */
  #from = 0;
  #count = 0;
  /** File position the state belongs to. */
  #readPos = 0;

  constructor(records: SeqRecords) {
    this.#records = records;
    const buffer = this.#buffer;
    this.#sink = { text: (text) => buffer.text(text), bytes: (bytes) => buffer.put(bytes) };
  }

  /** Reads at a file position into `out`: how many bytes, or -errno. */
  read(position: number, out: Uint8Array): number {
    if (out.length === 0) return 0;
    if (position === 0) {
      this.#index = 0;
      this.#count = 0;
    }
    if (position !== this.#readPos && !this.#traverse(position)) {
      this.#readPos = 0;
      this.#index = 0;
      this.#count = 0;
      return 0;
    }
    this.#readPos = position;
    if (this.#buffer.bytes.length === 0) this.#buffer.grow(PAGE_SIZE);
    let copied = this.#take(out, 0);
    if (this.#count === 0) {
      this.#from = 0;
      if (this.#fill(out.length - copied)) copied += this.#take(out, copied);
      else this.#count = 0;
    }
    this.#readPos += copied;
    return copied;
  }

  /** Gives out what is buffered. */
  #take(out: Uint8Array, at: number): number {
    const length = Math.min(this.#count, out.length - at);
    out.set(this.#buffer.bytes.subarray(this.#from, this.#from + length), at);
    this.#from += length;
    this.#count -= length;
    return length;
  }

  /** Gathers records, at least one, and more while they fit and the reader wants more. */
  #fill(wanted: number): boolean {
    const records = this.#records;
    const buffer = this.#buffer;
    buffer.count = 0;
    let found = records.start(this.#index);
    for (;;) {
      if (!found) return false;
      records.show(this.#sink);
      if (buffer.count === 0) {
        found = this.#next();
        continue;
      }
      if (!buffer.overflowed) break;
      if (buffer.bytes.length >= BUFFER_MAX) return false;
      buffer.grow(buffer.bytes.length * 2);
      found = records.start(this.#index);
    }
    for (;;) {
      const before = buffer.count;
      if (!this.#next() || before >= wanted) break;
      records.show(this.#sink);
      if (buffer.overflowed) {
        buffer.count = before;
        break;
      }
    }
    this.#count = buffer.count;
    return true;
  }

  #next(): boolean {
    this.#index++;
    return this.#records.next();
  }

  /** Goes to a position by showing everything before it (`traverse`); false when a record is too large. */
  #traverse(position: number): boolean {
    const records = this.#records;
    const buffer = this.#buffer;
    if (buffer.bytes.length === 0) buffer.grow(PAGE_SIZE);
    again: for (;;) {
      this.#index = 0;
      this.#from = 0;
      this.#count = 0;
      buffer.count = 0;
      if (position === 0) return true;
      let passed = 0;
      for (let found = records.start(0); found; ) {
        records.show(this.#sink);
        if (buffer.overflowed) {
          if (buffer.bytes.length >= BUFFER_MAX) return false;
          buffer.grow(buffer.bytes.length * 2);
          continue again;
        }
        found = this.#next();
        if (passed + buffer.count > position) {
          this.#from = position - passed;
          this.#count = buffer.count - this.#from;
          return true;
        }
        passed += buffer.count;
        buffer.count = 0;
        if (passed === position) return true;
      }
      return true;
    }
  }
}
