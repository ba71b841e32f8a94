/**
 * The two streams of text a program has (`struct bpf_stream`, kernel/bpf/stream.c): written
 * with bpf_stream_vprintk (and by the kernel itself, see reports.ts), read with BPF_PROG_STREAM_READ_BY_FD, each byte once.
 */
import { ENOSPC } from '../uapi/errno.ts';

/** Bytes a stream holds unread (`BPF_STREAM_MAX_CAPACITY`). */
const CAPACITY = 100_000;

/** One stream. */
export class Stream {
  readonly #parts: Uint8Array[] = [];
  #size = 0;
  /** Something found no room since it was read last. */
  isFull = false;

  /** Appends text: 0, or -ENOSPC when there is too much unread. */
  push(text: Uint8Array): number {
    if (this.#size + text.length >= CAPACITY) {
      this.isFull = true;
      return -ENOSPC;
    }
    if (text.length > 0) this.#parts.push(text);
    this.#size += text.length;
    return 0;
  }

  /** The unread text, for `Saves`. */
  saveState(): () => void {
    const parts = this.#parts.slice();
    const size = this.#size;
    const { isFull } = this;
    return () => {
      this.isFull = isFull;
      this.#parts.splice(0, this.#parts.length, ...parts);
      this.#size = size;
    };
  }

  /**
   * Hands the first `count` bytes, or as many as there are, to `write`, which returns 0 or
   * -errno: how many went, or that errno. What went is gone.
   */
  read(count: number, write: (bytes: Uint8Array, offset: number) => number): number {
    let done = 0;
    this.isFull = false;
    while (done < count && this.#parts.length > 0) {
      const part = this.#parts[0] as Uint8Array;
      const bytes = part.subarray(0, count - done);
      const err = write(bytes, done);
      if (err < 0) return err;
      if (bytes.length === part.length) this.#parts.shift();
      else this.#parts[0] = part.subarray(bytes.length);
      this.#size -= bytes.length;
      done += bytes.length;
    }
    return done;
  }
}
