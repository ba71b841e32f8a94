/**
 * The lines of bpf_trace_printk until somebody reads them: the trace buffer of a
 * kernel. Lines have numbers, so that each reader goes on where it was, and sees when
 * it was too slow and lines are lost.
 */
import { formatTraceLine, type TraceLine } from './task.ts';

/** Characters that are kept; the oldest lines go first. */
const CAPACITY = 1 << 20;

/** Bytes one reading of `trace_pipe` gives at most (`TRACE_SEQ_BUFFER_SIZE`). */
const CHUNK = 8156;

/** What a reader gets. */
export interface TraceRead {
  /** Lines as `trace_pipe` shows them. */
  readonly lines: readonly string[];
  /** Number of the line after the last one given: where the reader goes on. */
  readonly next: number;
  /** Lines that were gone before they were read. */
  readonly lost: number;
}

/** The buffer. */
export class TraceBuffer {
  readonly #lines: string[] = [];
  /** Number of the first line that is kept. */
  #first = 0;
  #size = 0;
  /** Number of the line that {@link take} gives next. */
  #taken = 0;
  /** Called when a line was added. */
  readonly listeners = new Set<() => void>();

  /** Adds a line; a function to set as {@link Vm.onTrace}. */
  readonly push = (line: TraceLine): void => {
    const text = formatTraceLine(line);
    this.#lines.push(text);
    this.#size += text.length;
    while (this.#size > CAPACITY) {
      this.#size -= (this.#lines.shift() as string).length;
      this.#first++;
    }
    for (const listener of [...this.listeners]) listener();
  };

  /** Whether there is something for {@link take}. */
  get unread(): boolean {
    return this.#taken < this.end;
  }

  /**
   * Text for a reader that takes what it reads, as `trace_pipe` gives it: whole lines, until
   * there are `wanted` bytes or more, but no more than {@link CHUNK}; empty when there is none.
   * What was lost before is told in a line of its own.
   */
  take(wanted: number): string {
    if (!this.unread) return '';
    const lost = Math.max(this.#first - this.#taken, 0);
    this.#taken += lost;
    let text = lost > 0 ? `CPU:0 [LOST ${lost} EVENTS]\n` : '';
    for (; this.unread && text.length < wanted; this.#taken++) {
      const line = `${this.#lines[this.#taken - this.#first] as string}\n`;
      if (text.length + line.length > CHUNK) break;
      text += line;
    }
    return text;
  }

  /** Number of the line that comes next. */
  get end(): number {
    return this.#first + this.#lines.length;
  }

  /** Up to `count` lines from number `since` on. */
  read(since: number, count: number): TraceRead {
    const from = Math.min(Math.max(since, this.#first), this.end);
    const lines = this.#lines.slice(from - this.#first, from - this.#first + count);
    return { lines, next: from + lines.length, lost: Math.max(from - since, 0) };
  }
}
