/**
 * Who waits for what happens in the emulated kernel by way of a perf event: programs on
 * tracepoints (their records) and on kprobes (registers).
 */
import { Arguments } from '../vm/contexts/arguments.ts';
import { BpfProg } from '../vm/prog.ts';
import { ProgramAborted, type Vm } from '../vm/vm.ts';
import type { PerfProbe, ProbeEvent } from './perf_link.ts';

/** Kinds of events that happen here. */
export type ProbeKind = Extract<PerfProbe['kind'], 'tracepoint' | 'kprobe' | 'kretprobe'>;

/** Open events that have a program, by what they wait for. */
export class Probes {
  readonly #waiting = new Map<string, Set<ProbeEvent>>();
  /** Number of events that wait. */
  size = 0;

  /** An event has got its program, or lost it. */
  settle(event: ProbeEvent): void {
    const { kind, name, offset } = event.probe;
    // In the middle of a function nothing is known.
    if (offset !== 0n) return;
    const key = `${kind} ${name}`;
    const set = this.#waiting.get(key) ?? new Set();
    this.size -= set.size;
    if (event.prog === undefined) set.delete(event);
    else set.add(event);
    this.size += set.size;
    if (set.size === 0) this.#waiting.delete(key);
    else this.#waiting.set(key, set);
  }

  /** Whether anybody waits for this. */
  has(kind: ProbeKind, name: string): boolean {
    return this.size > 0 && this.#waiting.has(`${kind} ${name}`);
  }

  /** It happens: `fill` writes the context of `size` bytes, which is zeroed before. */
  fire(vm: Vm, kind: ProbeKind, name: string, size: number, fill: (at: number) => void): void {
    const events = this.#waiting.get(`${kind} ${name}`);
    if (events === undefined) return;
    const { arena } = vm.env;
    const ctx = arena.alloc(size);
    if (ctx === 0) return;
    const known = new Arguments([]);
    vm.contexts.set(ctx, known);
    try {
      for (const { prog, cookie } of [...events]) {
        if (!(prog instanceof BpfProg)) continue;
        arena.zero(ctx, size);
        fill(ctx);
        known.cookie = cookie;
        prog.runTraced(ctx);
      }
    } catch (error) {
      if (!(error instanceof ProgramAborted)) throw error;
    } finally {
      vm.contexts.delete(ctx);
      arena.free(ctx, size);
    }
  }
}
