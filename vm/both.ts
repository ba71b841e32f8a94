/**
 * Both engines at once, to check one against the other: each run is made by the
 * interpreter first; its result and what it changed are kept, everything is put back as
 * it was, and the compiler makes the run that counts. What differs is told to
 * {@link Vm.onMismatch}: the return value, how the run ended, what was printed or sent,
 * and every byte of memory (context, packet, map values) but the stack.
 *
 * The second run sees the clock, the random numbers and the times of the first.
 */
import type { Clock, Random } from '../base/env.ts';
import { BpfObject } from '../base/object.ts';
import { type Saves, saveState } from '../base/saved_state.ts';
import { Btf } from '../btf/btf.ts';
import { BpfMap } from '../maps/map.ts';
import { Arena } from '../mm/arena.ts';
import { BPF_PROG_TYPE } from '../uapi/bpf.ts';
import type { Engine } from './engine.ts';
import type { BpfProg } from './prog.ts';
import { BpfException, ProgramAborted, SCRATCH, Vm } from './vm.ts';

/** Engines that ran the same program from the same state and did not agree. */
class EngineMismatch extends Error {
  constructor(prog: string, what: string) {
    super(`Program '${prog}': the interpreter and the compiler do not agree: ${what}`);
    this.name = 'EngineMismatch';
  }
}

/** What a run gave. */
interface Outcome {
  readonly lo: number;
  readonly hi: number;
  /** What it ended with, when not with a value. */
  readonly thrown: unknown;
  /** Lines printed and records sent. */
  readonly sent: readonly string[];
  readonly memory: Uint8Array;
}

/** Answers of the outside world: given anew, or as they were given the first time. */
class Tape {
  readonly #answers: unknown[] = [];
  #at = -1;

  rewind(): void {
    this.#at = 0;
  }

  /** What `ask` answers, or answered before. */
  play<T>(ask: () => T): T {
    if (this.#at >= 0 && this.#at < this.#answers.length) return this.#answers[this.#at++] as T;
    const answer = ask();
    if (this.#at < 0) this.#answers.push(answer);
    return answer;
  }
}

/** Fields of the machine's surroundings that the tape stands before. */
interface Surroundings {
  clock: Clock;
  random: Random;
}

/** What a kernel has of maps and programs; a machine by itself may have none to list. */
interface Registries {
  readonly maps: { values?(): readonly object[] };
  readonly progs?: { values?(): readonly object[] };
}

/** Runs every program twice. */
export class BothEngines implements Engine {
  readonly name = 'both';
  readonly #vm: Vm;
  readonly #prog: BpfProg;
  readonly #first: Engine;
  readonly #second: Engine;
  /** The engine that runs now, for callbacks. */
  #running: Engine | undefined;

  constructor(vm: Vm, prog: BpfProg, first: Engine, second: Engine) {
    this.#vm = vm;
    this.#prog = prog;
    this.#first = first;
    this.#second = second;
  }

  run(ctx: number): number {
    // Nested in a run of this program, or one that cannot be taken back: bpf(2) and timers work outside of the machine.
    if (this.#running !== undefined || this.#prog.type === BPF_PROG_TYPE.SYSCALL || this.#usesTimers()) {
      return (this.#running ?? this.#second).run(ctx);
    }
    const vm = this.#vm;
    const tape = new Tape();
    const restore = this.#save();
    const first = this.#outcome(this.#first, ctx, tape, true);
    restore();
    tape.rewind();
    const second = this.#outcome(this.#second, ctx, tape, false);
    const what = this.#difference(first, second, ctx);
    if (what !== undefined) vm.onMismatch?.(new EngineMismatch(this.#prog.name, what));
    if (second.thrown !== undefined) throw second.thrown;
    vm.r0Hi = second.hi;
    return second.lo;
  }

  repeat(ctx: number, count: number): number {
    let result = 0;
    for (let i = 0; i < count; i++) {
      this.#vm.tailCalls = 0;
      result = this.run(ctx);
    }
    return result;
  }

  call(subprog: number): number {
    return (this.#running ?? this.#second).call(subprog);
  }

  release(): void {}

  #usesTimers(): boolean {
    for (const site of this.#prog.linked.calls.values()) {
      if (site.kind === 'helper' && /timer|wq|task_work/.test(site.impl.name)) return true;
    }
    return false;
  }

  /** Maps, contexts and the machine's own fields; not what is shared with the world outside. */
  #save(): () => void {
    const vm = this.#vm;
    const { arena } = vm.env;
    const registries = vm.env as unknown as Registries;
    const maps = registries.maps.values?.() ?? [];
    const roots: object[] = [...maps, ...this.#prog.usedMaps, vm.contexts, vm.localStorage, vm.objects, vm.seqFiles];
    roots.push(vm.kernelObjects, vm.helperState);
    // Programs that this one is traced by, or calls, run as often as it does.
    const progs = new Set<object>([this.#prog, ...(registries.progs?.values?.() ?? [])]);
    const restoreOwn = [vm, ...progs].map((object) => (object as Partial<Saves>).saveState?.());
    const restoreArena = arena.saveState();
    const restoreObjects = saveState(roots, (object) => {
      if (object instanceof Arena || object instanceof Vm || object === vm.env || object instanceof Btf) return true;
      if (object instanceof WebAssembly.Memory || typeof object === 'function' || Object.isFrozen(object)) return true;
      if (ArrayBuffer.isView(object) || object instanceof ArrayBuffer) {
        return object instanceof ArrayBuffer || object.buffer === arena.buffer;
      }
      return object instanceof BpfObject && !(object instanceof BpfMap);
    });
    return () => {
      restoreArena();
      restoreObjects();
      for (const step of restoreOwn) step?.();
    };
  }

  #outcome(engine: Engine, ctx: number, tape: Tape, isTrial: boolean): Outcome {
    const vm = this.#vm;
    const { onTrace, onPerfEvent, now } = vm;
    const around = vm.env as unknown as Surroundings;
    const { clock, random } = around;
    const sent: string[] = [];
    vm.onTrace = (line) => {
      sent.push(JSON.stringify(line, plain));
      if (!isTrial) onTrace?.(line);
    };
    vm.onPerfEvent = (record) => {
      sent.push(JSON.stringify(record, plain));
      if (!isTrial) onPerfEvent?.(record);
    };
    vm.now = () => tape.play(now);
    around.random = { u32: () => tape.play(() => random.u32()) };
    around.clock = {
      monotonic: () => tape.play(() => clock.monotonic()),
      boottime: () => tape.play(() => clock.boottime()),
      realtime: () => tape.play(() => clock.realtime()),
    };
    const { sp } = vm;
    const { doors } = vm.env;
    this.#running = engine;
    // What others change meanwhile would be taken back with the first run, or be seen by one of the two alone.
    if (doors !== undefined) doors.closed++;
    let lo = 0;
    let thrown: unknown;
    try {
      lo = engine.run(ctx);
    } catch (error) {
      thrown = error;
    } finally {
      this.#running = undefined;
      if (doors !== undefined) doors.closed--;
      vm.onTrace = onTrace;
      vm.onPerfEvent = onPerfEvent;
      vm.now = now;
      around.clock = clock;
      around.random = random;
      vm.sp = sp;
    }
    const { arena } = vm.env;
    return { lo, hi: vm.r0Hi, thrown, sent, memory: isTrial ? arena.u8.slice(0, arena.highWater) : arena.u8 };
  }

  #difference(first: Outcome, second: Outcome, ctx: number): string | undefined {
    const ends = [ending(first), ending(second)];
    if (ends[0] !== ends[1]) return `${ends[0]} and ${ends[1]}`;
    const at = first.sent.findIndex((text, i) => text !== second.sent[i]);
    if (at >= 0 || first.sent.length !== second.sent.length) {
      const n = Math.max(at, 0);
      return `output ${n} is ${first.sent[n] ?? 'missing'} and ${second.sent[n] ?? 'missing'}`;
    }
    if (first.thrown instanceof ProgramAborted) return undefined;
    return this.#memoryDifference(first.memory, ctx);
  }

  /** The first byte that differs, outside of the stack and the machine's scratch block. */
  #memoryDifference(before: Uint8Array, ctx: number): string | undefined {
    const vm = this.#vm;
    const now = vm.env.arena.u8;
    const own = [
      [vm.stackBottom, vm.stackTop],
      [vm.scratch, vm.scratch + SCRATCH.SIZE],
    ] as const;
    for (let at = 0; at < before.length; at++) {
      if (before[at] === now[at]) continue;
      const skip = own.find(([from, to]) => at >= from && at < to);
      if (skip !== undefined) {
        at = skip[1] - 1;
        continue;
      }
      const where = at >= ctx && at < ctx + CONTEXT ? `byte ${at - ctx} of the context` : this.#placeOf(at);
      return `${where} is ${before[at]} and ${now[at]}`;
    }
    return undefined;
  }

  #placeOf(address: number): string {
    for (const map of this.#prog.usedMaps) {
      const { values } = map as { values?: unknown };
      if (typeof values !== 'number' || address < values) continue;
      if (address < values + map.maxEntries * map.valueSize) return `byte ${address - values} of map '${map.name}'`;
    }
    return `memory at 0x${address.toString(16)} (a packet, or a map)`;
  }
}

/** Bytes of a context that are called so. */
const CONTEXT = 1024;

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint'
    ? value.toString()
    : ArrayBuffer.isView(value)
      ? Array.from(value as Uint8Array)
      : value;
}

/** How a run ended, in words. */
function ending({ lo, hi, thrown }: Outcome): string {
  if (thrown instanceof BpfException) return `exception ${thrown.hi}:${thrown.lo}`;
  if (thrown instanceof ProgramAborted) return 'an end by force';
  if (thrown !== undefined) return `a fault`;
  return `r0 = 0x${((BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)).toString(16)}`;
}
