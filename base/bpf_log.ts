/**
 * The log that BPF_PROG_LOAD and BTF_LOAD write for their caller, with the kernel's
 * rules (source: `struct bpf_verifier_log` and bpf_vlog_* of kernel/bpf/log.c;
 * recorded in the golden file `misc`, sequences btf/header and prog/log).
 *
 * The caller gives a level, a buffer and its size. By default the buffer is a ring
 * that keeps the tail of the text; with BPF_LOG_FIXED it keeps the head. Either way
 * the text ends in NUL, and a text that does not fit makes the command answer
 * -ENOSPC. The log here collects in its own memory what the kernel would have
 * stored in the caller's, as much as was really written; {@link BpfLog.finish} puts
 * it in order and says what the command answers.
 *
 * Text is Latin-1: one character of a string is one byte of the log, so that names
 * from a client pass through as they are.
 */
import { EINVAL, ENOSPC } from '../uapi/errno.ts';

/** Bits of a log level (`BPF_LOG_*`, include/linux/bpf_verifier.h). */
export const BPF_LOG_LEVEL1 = 1;
export const BPF_LOG_LEVEL2 = 2;
export const BPF_LOG_STATS = 4;
export const BPF_LOG_FIXED = 8;
const BPF_LOG_MASK = BPF_LOG_LEVEL1 | BPF_LOG_LEVEL2 | BPF_LOG_STATS | BPF_LOG_FIXED;

/** Largest buffer a caller may name (`UINT_MAX >> 2`). */
const LOG_SIZE_MAX = 0x3fffffff;

/** The most one print may add, NUL included (`BPF_VERIFIER_TMP_LOG_SIZE`). */
const PRINT_MAX = 1024;

/** What the command answers and what goes to the caller. */
export interface BpfLogResult {
  /**
   * 0, or -ENOSPC when the text did not fit. It replaces the command's own result, and
   * so does -EFAULT when the bytes cannot be stored to the caller.
   */
  readonly err: number;
  /** `log_true_size`: bytes a buffer must have to hold the whole text, NUL included. */
  readonly trueSize: number;
  /** Bytes to store at the start of the caller's buffer; the rest of it stays as it was. */
  readonly bytes: Uint8Array;
}

/** One log. Level 0: everything written is dropped. */
export class BpfLog {
  readonly level: number;
  /** Size of the caller's buffer (`len_total`); 0 when there is none. */
  readonly size: number;
  /** What is stored so far; grows to `size` at the most. */
  #buffer = new Uint8Array(0);
  /** Bytes of the buffer that were ever stored to. */
  #touched = 0;
  /** First position still in the ring, and the end of the text: positions in the whole text. */
  #start = 0;
  #end = 0;
  #lenMax = 0;

  /** A log for attributes that {@link BpfLog.valid} accepted. */
  constructor(level: number, size: number) {
    this.level = level;
    this.size = size;
  }

  /** A log that keeps all of its text, for tests, the command line and the explanation of a failure. */
  static unbounded(level: number): BpfLog {
    return new BpfLog(level, LOG_SIZE_MAX);
  }

  /** A log nobody reads. */
  static none(): BpfLog {
    return new BpfLog(0, 0);
  }

  /** Whether level, buffer and size go together (`bpf_verifier_log_attr_valid`); else -EINVAL. */
  static valid(level: number, hasBuffer: boolean, size: number): boolean {
    if (hasBuffer !== size > 0) return false;
    if (hasBuffer && level === 0) return false;
    return (level & ~BPF_LOG_MASK) === 0 && size <= LOG_SIZE_MAX;
  }

  /** The log for these attributes, or -EINVAL (`bpf_vlog_init`). */
  static open(level: number, hasBuffer: boolean, size: number): BpfLog | number {
    return BpfLog.valid(level, hasBuffer, size) ? new BpfLog(level, size) : -EINVAL;
  }

  /** Whether anybody wants text (`bpf_verifier_log_needed`): ask before making it. */
  get needed(): boolean {
    return this.level !== 0;
  }

  /** Where the text ends; a later {@link reset} to it drops what came after. */
  get position(): number {
    return this.#end;
  }

  /** Appends text, as one print: what is beyond 1023 bytes is cut (`bpf_verifier_vlog`). */
  write(text: string): void {
    if (this.level === 0) return;
    const length = Math.min(text.length, PRINT_MAX - 1);
    const withNul = length + 1;
    this.#lenMax = Math.min(Math.max(this.#lenMax, this.#end + withNul), 0xffffffff);
    if ((this.level & BPF_LOG_FIXED) !== 0) this.#storeHead(text, length);
    else this.#storeTail(text, length);
  }

  /** Goes back to an earlier {@link position} (`bpf_vlog_reset`). */
  reset(position: number): void {
    if (this.level === 0 || position > this.#end) return;
    this.#end = position;
    if (this.#end < this.#start) this.#start = this.#end;
    if (this.size === 0) return;
    // The kernel stores its NUL one further in a fixed log; kept, since a reader can see it.
    const nul = (this.level & BPF_LOG_FIXED) !== 0 ? position + 1 : position % this.size;
    if (nul < this.size) {
      this.#reserve(nul + 1);
      this.#buffer[nul] = 0;
      this.#touched = Math.max(this.#touched, nul + 1);
    }
  }

  /** Ends the log (`bpf_vlog_finalize`). */
  finish(): BpfLogResult {
    if (this.level === 0) return { err: 0, trueSize: 0, bytes: new Uint8Array(0) };
    const bytes = this.#start === 0 ? this.#buffer.subarray(0, this.#touched) : this.#rotated();
    return { err: this.size > 0 && this.#lenMax > this.size ? -ENOSPC : 0, trueSize: this.#lenMax, bytes };
  }

  /** The text that is kept, without its NUL (Latin-1). */
  text(): string {
    const { bytes } = this.finish();
    const nul = bytes.indexOf(0);
    return latin1(nul === -1 ? bytes : bytes.subarray(0, nul));
  }

  /** BPF_LOG_FIXED: the head of the text, always ended by NUL. */
  #storeHead(text: string, length: number): void {
    const at = this.#end;
    this.#end += length;
    if (at >= this.size) return;
    const stored = Math.min(this.size - at, length + 1);
    this.#reserve(at + stored);
    putText(this.#buffer, at, text, 0, stored - 1);
    this.#buffer[at + stored - 1] = 0;
    this.#touched = Math.max(this.#touched, at + stored);
  }

  /** The ring: position p of the text is byte p modulo size. */
  #storeTail(text: string, length: number): void {
    const newEnd = this.#end + length + 1;
    this.#start = Math.max(this.#start, newEnd - this.size);
    this.#end = newEnd - 1;
    if (this.size === 0) return;
    const stored = Math.min(length + 1, this.size);
    const at = (newEnd - stored) % this.size;
    const last = newEnd - 1;
    const nul = last % this.size;
    this.#reserve(Math.min(at + stored, this.size));
    const buffer = this.#buffer;
    const first = length + 1 - stored;
    // The text wraps around at most once; the NUL is the byte behind it.
    const room = Math.min(this.size - at, stored - 1);
    putText(buffer, at, text, first, room);
    putText(buffer, 0, text, first + room, stored - 1 - room);
    buffer[nul] = 0;
    const end = Math.min(at + stored, this.size);
    if (end > this.#touched) this.#touched = end;
  }

  /** The ring's bytes in order of the text; its NUL comes last. */
  #rotated(): Uint8Array {
    const bytes = new Uint8Array(this.size);
    const first = this.#start % this.size;
    bytes.set(this.#buffer.subarray(first, this.size));
    bytes.set(this.#buffer.subarray(0, first), this.size - first);
    return bytes;
  }

  #reserve(length: number): void {
    if (length <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.min(Math.max(length, this.#buffer.length * 2, 256), this.size));
    grown.set(this.#buffer.subarray(0, this.#touched));
    this.#buffer = grown;
  }
}

/** Stores characters `from` to `from + count` of a text at a position. */
function putText(buffer: Uint8Array, at: number, text: string, from: number, count: number): void {
  for (let i = 0; i < count; i++) buffer[at + i] = text.charCodeAt(from + i);
}

/** Bytes as a Latin-1 string: one character a byte. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return text;
}
