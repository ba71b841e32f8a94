/** What looks at the calls of a run: fault injection, tracing, counting, and where their reports go. */
import { type Fault, FaultInjector } from './fault.ts';
import type { Observer } from './observer.ts';
import { CallStats } from './stats.ts';
import { CallTracer } from './trace.ts';

/** What is asked for. */
export interface WatchOptions {
  readonly faults?: readonly Fault[];
  /** One line a call. */
  readonly trace?: 'text' | 'json';
  /** A table of calls at the end. */
  readonly stats?: boolean;
}

const now = (): number => Number(process.hrtime.bigint());

/** The observers of one run. */
export class Watch {
  readonly observers: readonly Observer[];
  readonly #stats: CallStats | undefined;

  /** `trace` gets each traced line, without a line end. */
  constructor(options: WatchOptions, trace: (line: string) => void, extra: readonly Observer[] = []) {
    const observers: Observer[] = [];
    if (options.stats === true) {
      this.#stats = new CallStats(now);
      observers.push(this.#stats);
    }
    if (options.trace !== undefined) observers.push(new CallTracer(trace, now, options.trace === 'json'));
    if (options.faults !== undefined && options.faults.length > 0) observers.push(new FaultInjector(options.faults));
    this.observers = [...observers, ...extra];
  }

  /** What is reported at the end; empty when nothing was asked for. */
  report(): string {
    return this.#stats?.report() ?? '';
  }
}
