/**
 * The two fixed buffers a FUSE session works with: the request as the kernel wrote it,
 * and the reply under construction. Reading checks bounds once, by the opcode table;
 * nothing here allocates.
 */
import { EINVAL } from '../uapi/errno.ts';
import {
  IN,
  IN_HEADER_SIZE,
  OUT,
  OUT_BODY,
  OUT_HEADER_SIZE,
  REPLY_BUFFER_SIZE,
  REQUEST_BUFFER_SIZE,
} from './protocol.ts';

const TWO_32 = 2 ** 32;
/** Where the data of an IOCTL starts: after the header and `struct fuse_ioctl_in`. */
const IOCTL_DATA = IN_HEADER_SIZE + 32;

/** A request that is answered later, by its unique number. */
export interface Waiting {
  readonly low: number;
  readonly high: number;
}

/** Whether both are the same request. */
export function isSame(a: Waiting, b: Waiting): boolean {
  return a.low === b.low && a.high === b.high;
}

/** One request. The words beyond {@link length} are left over from earlier requests: never read them. */
export class FuseRequest {
  readonly bytes: Buffer;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  /** Bytes of the request. */
  length = 0;
  /** Views of the data of an ioctl, by size: it always starts at the same place. */
  readonly #ioctlData: (Uint8Array | undefined)[] = [];

  constructor() {
    const buffer = new ArrayBuffer(REQUEST_BUFFER_SIZE);
    this.bytes = Buffer.from(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
  }

  get opcode(): number {
    return this.u32[IN.opcode] as number;
  }

  /** Its unique number, for answering it later. */
  get waiting(): Waiting {
    return { low: this.u32[IN.unique] as number, high: this.u32[IN.unique + 1] as number };
  }

  /** Node the request is about; -1 for a number that no node has. */
  get nodeid(): number {
    return this.u32[IN.nodeid + 1] === 0 ? (this.u32[IN.nodeid] as number) : -1;
  }

  get uid(): number {
    return this.u32[IN.uid] as number;
  }

  get gid(): number {
    return this.u32[IN.gid] as number;
  }

  /** Thread id of the caller. */
  get tid(): number {
    return this.u32[IN.pid] as number;
  }

  /** Word of the body as an unsigned number; `word` counts from the start of the message. */
  get(word: number): number {
    return this.u32[word] as number;
  }

  /** 64-bit field as a number (exact below 2^53). */
  get64(word: number): number {
    return (this.u32[word + 1] as number) * TWO_32 + (this.u32[word] as number);
  }

  /** The data of an IOCTL request, after its `fuse_ioctl_in`. */
  ioctlData(size: number): Uint8Array {
    let view = this.#ioctlData[size];
    if (view === undefined) {
      view = new Uint8Array(this.u32.buffer, IOCTL_DATA, size);
      this.#ioctlData[size] = view;
    }
    return view;
  }

  /**
   * The NUL-terminated name at a byte offset, one character a byte; undefined when it is
   * not ended within the request.
   */
  name(offset: number): string | undefined {
    const end = this.bytes.indexOf(0, offset);
    return end === -1 || end >= this.length ? undefined : this.bytes.toString('latin1', offset, end);
  }
}

/** One reply. Handlers fill the body and return its size, or a negative errno. */
export class FuseReply {
  readonly bytes: Buffer;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;

  constructor() {
    const buffer = new ArrayBuffer(REPLY_BUFFER_SIZE);
    this.bytes = Buffer.from(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
  }

  /** Room for the body, in bytes. */
  get room(): number {
    return REPLY_BUFFER_SIZE - OUT_HEADER_SIZE;
  }

  /** Stores a 64-bit field from a number below 2^53. */
  put64(word: number, value: number): void {
    this.u32[word] = value >>> 0;
    this.u32[word + 1] = Math.floor(value / TWO_32);
  }

  /** Zeroes words of the body. */
  clear(words: number): void {
    this.u32.fill(0, OUT_BODY, OUT_BODY + words);
  }

  /** Writes the header of a reply with `size` body bytes, or with an error when negative. Returns the length. */
  finish(request: FuseRequest, size: number): number {
    return this.finishFor(request.u32[IN.unique] as number, request.u32[IN.unique + 1] as number, size);
  }

  /** As {@link finish}, for a request that was put aside. */
  finishFor(uniqueLow: number, uniqueHigh: number, size: number): number {
    const length = size < 0 ? OUT_HEADER_SIZE : OUT_HEADER_SIZE + size;
    this.u32[OUT.len] = length;
    this.i32[OUT.error] = size < 0 ? (size > -1000 ? size : -EINVAL) : 0;
    this.u32[OUT.unique] = uniqueLow;
    this.u32[OUT.unique + 1] = uniqueHigh;
    return length;
  }
}

/** Whether a request of `length` bytes can be one: a whole header, and the length it claims. */
export function headerIsWhole(request: FuseRequest, length: number): boolean {
  request.length = length;
  return length >= IN_HEADER_SIZE && length <= REQUEST_BUFFER_SIZE && request.u32[IN.len] === length;
}
