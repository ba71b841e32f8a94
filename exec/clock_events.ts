/**
 * Perf events that a program waits for and that happen: the clocks of PERF_TYPE_SOFTWARE
 * (PERF_COUNT_SW_CPU_CLOCK, _TASK_CLOCK), driven by timers of this process. An event of a
 * CPU happens each period; one of a task each time the task has run for a period. The other
 * software events are taken too and never happen. Source: man perf_event_open(2),
 * `perf_swevent_init_hrtimer` and `bpf_overflow_handler` of kernel/events/core.c.
 */
import { readFileSync } from 'node:fs';
import type { Kernel } from '../syscall/kernel.ts';
import type { ProbeEvent } from '../syscall/perf_link.ts';
import { BpfProg } from '../vm/prog.ts';
import { PERF_EVENT_CTX_SIZE, PT_REGS_SIZE } from '../vm/progtypes/trace.ts';
import type { CurrentTask } from '../vm/task.ts';
import { runForEvent } from './event_run.ts';
import { OnCpu } from './on_cpu.ts';
import { PERF_TYPE_SOFTWARE } from './perf.ts';
import { readText } from './proc.ts';

/** `enum perf_sw_ids`: the clocks, the one that programs write to, and how many there are. */
const PERF_COUNT_SW_TASK_CLOCK = 1n;
const PERF_COUNT_SW_BPF_OUTPUT = 10n;
const PERF_COUNT_SW_MAX = 12n;
/** Number of the CPU clock among the kinds of events, given at boot; the task clock's is the next. */
const PERF_TYPE_MAX = 6;
/** Offsets in struct perf_event_attr, and bits of its flags. */
const AT = { type: 0, config: 8, period: 16, sampleType: 24, flags: 40 } as const;
const DISABLED = 1;
const FREQ = 1 << 10;
/** PERF_SAMPLE_IP, _TID: who asks for these reads the samples itself. */
const SAMPLES = 3;
/** Periods below count as this many nanoseconds. */
const PERIOD_MIN = 10_000;
/** No task and a CPU that runs nothing else are looked at more often than this, in nanoseconds; timers are no finer. */
const TICK = 1e6;
/** Most runs of one event in one turn: what the kernel allows in a millisecond. The others are lost, as there. */
const BURST = 100;

/** What an attr asks of a software event that only programs can be waiting for. */
export interface ClockSpec {
  /** What becomes of the attr's `type`: each clock has a number of its own (`perf_swevent_init`). */
  readonly type: number;
  readonly config: bigint;
  /** Nanoseconds of a clock; without meaning for others. */
  readonly period: number;
  /** Samples a second were asked for. */
  readonly freq: number;
  readonly enabled: boolean;
}

/**
 * Reads an attr; undefined when it asks for something else: events that are counted, and those
 * whose samples are read by the caller, are the machine's.
 */
export function clockSpec(attr: Uint8Array): ClockSpec | undefined {
  const view = new DataView(attr.buffer, attr.byteOffset);
  const config = view.getBigUint64(AT.config, true);
  const given = Number(view.getBigUint64(AT.period, true));
  const flags = view.getUint32(AT.flags, true);
  if (view.getUint32(AT.type, true) !== PERF_TYPE_SOFTWARE || config >= PERF_COUNT_SW_MAX || given === 0)
    return undefined;
  if (config === PERF_COUNT_SW_BPF_OUTPUT || (view.getUint32(AT.sampleType, true) & SAMPLES) !== 0) return undefined;
  const freq = (flags & FREQ) !== 0 ? given : 0;
  const period = freq > 0 ? Math.floor(1e9 / freq) : given;
  const type = config > PERF_COUNT_SW_TASK_CLOCK ? PERF_TYPE_SOFTWARE : PERF_TYPE_MAX + Number(config);
  return { type, config, period: Math.max(period, PERIOD_MIN), freq, enabled: (flags & DISABLED) === 0 };
}

/** Most samples a second that may be asked for (sysctl kernel.perf_event_max_sample_rate). */
export function maxSampleRate(): number {
  try {
    return Number(readFileSync('/proc/sys/kernel/perf_event_max_sample_rate', 'latin1'));
  } catch {
    return 100_000;
  }
}

/** One event that is open. Positions are nanoseconds: of time, or of what its task has run. */
interface Clock {
  readonly event: ProbeEvent;
  readonly period: number;
  readonly cpu: number;
  /** Thread it belongs to; 0: all of its CPU. */
  readonly tid: number;
  enabled: boolean;
  /** When it happens next, when it is on and has a program. */
  next: number | undefined;
}

/** All clock events of one kernel. */
export class ClockEvents {
  readonly #kernel: Kernel;
  readonly #clocks = new Map<ProbeEvent, Clock>();
  readonly #onCpu = new OnCpu();
  #timer: NodeJS.Timeout | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Takes an event that was opened for a thread (`tid` 0: none) or a CPU. */
  add(event: ProbeEvent, spec: ClockSpec, cpu: number, tid: number): void {
    if (spec.config > PERF_COUNT_SW_TASK_CLOCK) return;
    const clock: Clock = { event, period: spec.period, cpu, tid, enabled: spec.enabled, next: undefined };
    this.#clocks.set(event, clock);
    event.onProg = () => this.#settle(clock);
    event.onRelease = () => this.#clocks.delete(event);
  }

  /** PERF_EVENT_IOC_ENABLE and _DISABLE. */
  enable(event: ProbeEvent, enabled: boolean): void {
    const clock = this.#clocks.get(event);
    if (clock === undefined || clock.enabled === enabled) return;
    clock.enabled = enabled;
    this.#settle(clock);
  }

  /** It may have begun or ceased to happen. */
  #settle(clock: Clock): void {
    const runs = clock.enabled && clock.event.prog !== undefined;
    if (!runs) clock.next = undefined;
    else clock.next ??= this.#position(clock, now()) + clock.period;
    this.#schedule(0);
  }

  /** How far a clock is; NaN when its task has gone. */
  #position({ tid }: Clock, time: number): number {
    return tid === 0 ? time : runTime(tid);
  }

  /** Sets the timer for the next event, not before `pause` nanoseconds have passed. */
  #schedule(pause: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const time = now();
    let wait = Number.POSITIVE_INFINITY;
    for (const clock of this.#clocks.values())
      if (clock.next !== undefined) wait = Math.min(wait, clock.next - this.#position(clock, time));
    if (Number.isNaN(wait) || wait === Number.POSITIVE_INFINITY) return;
    const delay = Math.ceil(Math.max(wait, pause, TICK) / 1e6);
    this.#timer = setTimeout(() => this.#tick(), delay);
    this.#timer.unref();
  }

  #tick(): void {
    const begin = now();
    for (const clock of [...this.#clocks.values()]) {
      if (clock.next === undefined) continue;
      const position = this.#position(clock, begin);
      if (Number.isNaN(position)) clock.next = undefined;
      else this.#happen(clock, position);
    }
    // Programs get at most half of the time.
    this.#schedule(now() - begin);
  }

  /** Lets the event happen as often as it has become due. */
  #happen(clock: Clock, position: number): void {
    const due = Math.floor((position - clock.next!) / clock.period) + 1;
    if (due <= 0) return;
    clock.next! += due * clock.period;
    const { cpu, task } = clock.tid === 0 ? this.#onCpu.task(clock.cpu) : this.#onCpu.thread(clock.tid);
    for (let i = Math.min(due, BURST); i > 0 && clock.next !== undefined; i--) this.#run(clock, cpu, task);
  }

  /** One run of the program (`bpf_overflow_handler`). */
  #run(clock: Clock, cpu: number, current: Partial<CurrentTask>): void {
    const { prog, cookie } = clock.event;
    if (!(prog instanceof BpfProg)) return;
    const { arena } = this.#kernel;
    const aborted = runForEvent(this.#kernel, prog, {
      cookie,
      cpu,
      task: { ...prog.vm.task, ...current },
      memory: undefined,
      size: PERF_EVENT_CTX_SIZE,
      fill: (ctx) => arena.view.setBigUint64(ctx + PT_REGS_SIZE, BigInt(clock.period), true),
    });
    if (aborted === undefined) return;
    prog.vm.onNote?.(`The perf event of program '${prog.name}' happens no more: ${aborted.message}`);
    clock.next = undefined;
  }

  /** Nothing happens any more (the server ends). */
  close(): void {
    clearTimeout(this.#timer);
    this.#clocks.clear();
  }
}

function now(): number {
  return performance.now() * 1e6;
}

/** Nanoseconds that a thread has run; NaN when there is none. */
function runTime(tid: number): number {
  return Number.parseInt(readText(`/proc/${tid}/schedstat`), 10);
}
