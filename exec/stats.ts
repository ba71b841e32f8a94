/** `--stats`: how often each command was called, how often it failed, how long it took. */
import { commandName } from './fault.ts';
import type { ObservedCall, Observer } from './observer.ts';

interface Row {
  calls: number;
  errors: number;
  /** Nanoseconds in the command. */
  total: number;
  longest: number;
}

/** Counts calls by command. */
export class CallStats implements Observer {
  readonly #rows = new Map<number, Row>();
  readonly #now: () => number;
  readonly #starts = new WeakMap<ObservedCall, number>();

  /** `now`: a clock in nanoseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  enter(call: ObservedCall): number {
    this.#starts.set(call, this.#now());
    return 0;
  }

  exit(call: ObservedCall, result: number): void {
    const took = this.#now() - (this.#starts.get(call) ?? 0);
    let row = this.#rows.get(call.cmd);
    if (row === undefined) {
      row = { calls: 0, errors: 0, total: 0, longest: 0 };
      this.#rows.set(call.cmd, row);
    }
    row.calls++;
    if (result < 0) row.errors++;
    row.total += took;
    if (took > row.longest) row.longest = took;
  }

  /** All calls so far. */
  get calls(): number {
    let sum = 0;
    for (const row of this.#rows.values()) sum += row.calls;
    return sum;
  }

  /** A table, most expensive command first. */
  report(): string {
    const head = `${'calls'.padStart(9)} ${'errors'.padStart(8)} ${'total ms'.padStart(10)} ${'mean us'.padStart(9)} ${'max us'.padStart(9)}  command`;
    const rows = [...this.#rows].sort(([, a], [, b]) => b.total - a.total);
    const lines = rows.map(([cmd, row]) =>
      [
        String(row.calls).padStart(9),
        String(row.errors).padStart(8),
        (row.total / 1e6).toFixed(3).padStart(10),
        (row.total / row.calls / 1e3).toFixed(2).padStart(9),
        (row.longest / 1e3).toFixed(2).padStart(9),
        ` ${commandName(cmd)}`,
      ].join(' '),
    );
    return `${[head, ...lines].join('\n')}\n`;
  }
}
