/**
 * Timers and work queues of programs (`struct bpf_timer`, `struct bpf_wq`). The
 * machine keeps them in order of time; whoever owns the event loop asks for
 * {@link Timers.nextDue} and calls {@link Timers.run}. With a controlled clock the
 * test does the same.
 */
import { HtabMap } from '../maps/hashtab.ts';
import type { BpfMap } from '../maps/map.ts';
import { EINVAL, ENOENT } from '../uapi/errno.ts';
import type { BpfProg } from './prog.ts';
import type { Vm } from './vm.ts';

/** The special fields of map values that are kept here. */
export type TimerKind = 'bpf_timer' | 'bpf_wq' | 'bpf_task_work';

/** One timer or work item, in a map value at `address`. */
interface Timer {
  readonly map: BpfMap;
  readonly address: number;
  readonly kind: TimerKind;
  /** Start of the value it lies in. */
  value: number;
  prog: BpfProg | undefined;
  subprog: number;
  /** When it is due, nanoseconds of CLOCK_MONOTONIC; undefined: not started. */
  due: bigint | undefined;
  /** Order of starting, for those due at the same time. */
  order: number;
  /** CPU it was started on, where its callback runs. */
  cpu: number;
  /** Its callback runs. */
  running: boolean;
}

/** All timers of a machine. */
export class Timers {
  readonly #vm: Vm;
  readonly #byAddress = new Map<number, Timer>();
  #order = 0;
  /** The next one, unless {@link #stale}. */
  #first: Timer | undefined;
  #stale = false;
  /** Runs what has become due, where a host's clock drives them: before somebody looks at what they do. */
  catchUp: (() => void) | undefined = undefined;
  /** Called when {@link nextDue} has changed. */
  onChange: (() => void) | undefined = undefined;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** Whether the memory at `address` is an initialised timer. */
  has(address: number): boolean {
    return this.#byAddress.has(address);
  }

  /** Address of the map value a timer lies in: its offset in the value is the record's. */
  valueAt(address: number): number {
    const timer = this.#byAddress.get(address);
    if (timer === undefined) return address;
    const field = timer.map.record?.fields.find((field) => field.kind === timer.kind);
    return address - (field?.offset ?? 0);
  }

  init(address: number, map: BpfMap, kind: TimerKind): void {
    this.#byAddress.set(address, {
      map,
      address,
      kind,
      value: 0,
      prog: undefined,
      subprog: 0,
      due: undefined,
      order: 0,
      cpu: 0,
      running: false,
    });
  }

  /** Gives a timer its callback: 0, or -EINVAL when it was not initialised. */
  setCallback(address: number, value: number, prog: BpfProg, subprog: number): number {
    const timer = this.#byAddress.get(address);
    if (timer === undefined) return -EINVAL;
    prog.get();
    timer.prog?.put();
    timer.prog = prog;
    timer.subprog = subprog;
    timer.value = value;
    return 0;
  }

  /** Starts it to be due at `due`: 0, or -EINVAL without callback. */
  start(address: number, due: bigint): number {
    const timer = this.#byAddress.get(address);
    if (timer?.prog === undefined) return -EINVAL;
    if (timer === this.#first) this.#stale = true;
    timer.due = due;
    timer.order = this.#order++;
    timer.cpu = this.#vm.env.cpu;
    if (!this.#stale && (this.#first?.due === undefined || due < this.#first.due)) this.#first = timer;
    this.onChange?.();
    return 0;
  }

  /** Stops it: 1 when it was started, 0 when not, -EINVAL when it is none. */
  cancel(address: number): number {
    const timer = this.#byAddress.get(address);
    if (timer === undefined) return -EINVAL;
    const wasStarted = timer.due !== undefined;
    this.#stop(timer);
    timer.prog?.put();
    timer.prog = undefined;
    return wasStarted ? 1 : 0;
  }

  /** It is started, or its callback runs. */
  isBusy(address: number): boolean {
    const timer = this.#byAddress.get(address);
    return timer?.due !== undefined || timer?.running === true;
  }

  /** The callback of a timer runs just now (`hrtimer_callback_running`). */
  isRunning(address: number): boolean {
    return this.#byAddress.get(address)?.running === true;
  }

  /** Its map value goes away. */
  free(address: number): void {
    if (this.cancel(address) !== -EINVAL) this.#byAddress.delete(address);
  }

  /** When the next timer is due, or undefined. */
  get nextDue(): bigint | undefined {
    return this.#next()?.due;
  }

  #stop(timer: Timer): void {
    timer.due = undefined;
    if (timer === this.#first) this.#stale = true;
  }

  #next(): Timer | undefined {
    if (this.#stale) {
      this.#stale = false;
      this.#first = this.#findFirst();
    }
    return this.#first;
  }

  #findFirst(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#byAddress.values()) {
      if (timer.due === undefined) continue;
      const earlier =
        first?.due === undefined || timer.due < first.due || (timer.due === first.due && timer.order < first.order);
      if (earlier) first = timer;
    }
    return first;
  }

  /**
   * Runs what is due at `now`; how many callbacks ran. A timer that starts itself
   * again for a time that has come already waits for the next call.
   */
  run(now: bigint): number {
    const begun = this.#order;
    let count = 0;
    for (
      let timer = this.#next();
      timer?.due !== undefined && timer.due <= now && timer.order < begun;
      timer = this.#next()
    ) {
      this.#stop(timer);
      this.#fire(timer);
      count++;
    }
    return count;
  }

  /** The callback's arguments: the map, the key, the value (`bpf_timer_cb`). */
  #fire(timer: Timer): void {
    const { map, prog, value } = timer;
    if (prog === undefined) return;
    const vm = this.#vm;
    const { env } = vm;
    const { arena } = env;
    // A hash has the key before the value; of other maps it is a copy.
    const isHash = map instanceof HtabMap;
    const keySize = Math.max(map.keySize, 8);
    const copy = isHash ? 0 : arena.alloc(keySize);
    if (copy === 0 && !isHash) return;
    const key = isHash ? value - map.valueOffset + map.keyOffset : copy;
    const before = env.cpu;
    timer.running = true;
    env.cpu = timer.cpu;
    prog.get();
    try {
      if (!isHash) keyOfValue(map, value, copy);
      vm.setArgPtr(0, map.addr);
      vm.setArgPtr(1, key);
      vm.setArgPtr(2, value);
      prog.callFunc(timer.subprog);
    } finally {
      timer.running = false;
      env.cpu = before;
      prog.put();
      if (copy !== 0) arena.free(copy, keySize);
    }
  }
}

/** Writes the key of the element whose value is at `value`. */
function keyOfValue(map: BpfMap, value: number, key: number): number {
  let found = -ENOENT;
  map.ops.forEach?.(map, (elementKey, elementValue) => {
    if (elementValue !== value) return 0;
    map.env.arena.u8.copyWithin(key, elementKey, elementKey + map.keySize);
    found = 0;
    return 1;
  });
  return found;
}

/** Starts a host timer: calls back once after some milliseconds; the result stops it. */
export type HostTimer = (milliseconds: number, callback: () => void) => () => void;

/** Longest delay of a host timer, in milliseconds. */
const MAX_DELAY = 2 ** 31 - 1;
/** Turns of timers that start themselves again and again, before others go on; how long they may take together. */
const TURNS_MAX = 64;
const CATCH_UP_NS = 1_000_000n;
/** What is due in so many nanoseconds is waited for: the timers of a host are no finer than milliseconds. */
const NEAR_NS = 20_000n;

/**
 * Lets a host's event loop drive the timers of a machine by its clock. `onError` is
 * told when a callback had to be ended.
 */
export function driveTimers(vm: Vm, start: HostTimer, onError: (error: unknown) => void): void {
  let stop: (() => void) | undefined;
  const schedule = (): void => {
    stop?.();
    stop = undefined;
    const due = vm.timers.nextDue;
    if (due === undefined) return;
    const wait = due - vm.env.clock.monotonic();
    const milliseconds = wait <= 0n ? 0 : Math.min(Math.ceil(Number(wait) / 1e6), MAX_DELAY);
    stop = start(milliseconds, () => {
      stop = undefined;
      run();
      schedule();
    });
  };
  const run = (): void => {
    try {
      vm.timers.run(vm.env.clock.monotonic());
    } catch (error) {
      onError(error);
    }
  };
  vm.timers.onChange = schedule;
  vm.timers.catchUp = () => {
    const begin = vm.timers.nextDue === undefined ? 0n : vm.env.clock.monotonic();
    for (let now = begin, turns = 0; turns < TURNS_MAX; turns++, now = vm.env.clock.monotonic()) {
      const due = vm.timers.nextDue;
      if (due === undefined || due > now + NEAR_NS || now - begin > CATCH_UP_NS) return;
      while (due > vm.env.clock.monotonic());
      run();
    }
  };
}
