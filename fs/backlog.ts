/**
 * Requests that take long, for all doors of a kernel: they go on in slices between the
 * requests of others, a few of them in turn; the rest wait until one is done. So a long
 * verification delays nobody by more than a slice, and many of them take no more memory
 * than a few.
 */

import { getHeapStatistics } from 'node:v8';
import { monotonicMs } from '../base/work.ts';
import { perKernel } from '../syscall/per_kernel.ts';

/** A request that goes on. */
export interface Job {
  /** Whose it is: users share the turns. */
  readonly uid: number;
  /** Goes on until about `deadline` ({@link monotonicMs}); true when it is done. Does not throw. */
  run(deadline: number): boolean;
  /** Asked now and then while it waits for a turn: whether it will end at once when it gets one. */
  isOver(): boolean;
}

/** Milliseconds of a slice: what a request of another client has to wait at the most, for each that is ahead of it. */
const SLICE_MS = 2;
/** Milliseconds of a turn from which on it counts as more than a slice. */
const OVERRUN_MS = 5 * SLICE_MS;
/** Jobs that have turns at the same time; each may need as much memory as a verification can. */
export const ACTIVE_MAX = 4;
/** Jobs that wait for that, in all and for each user. */
const WAITING_MAX = 1024;
const WAITING_MAX_USER = 512;
/** Milliseconds between two looks at those that wait, and at the memory. */
const LOOK_MS = 100;
/** From this part of the heap on, only the oldest job goes on: its end frees what it holds. */
const HEAP_SHARE = 0.5;

/** Whether memory is short. */
function heapIsFull(): boolean {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used > limit * HEAP_SHARE;
}

/** The long requests of one kernel. */
export class Backlog {
  readonly #active: Job[] = [];
  readonly #waiting: Job[] = [];
  #next = 0;
  #scheduled = false;
  #looked = 0;
  readonly #isFull: () => boolean;
  #oneByOne = false;
  /** Milliseconds that jobs had beyond their slices. */
  readonly #debts = new Map<Job, number>();

  /** `isFull`: whether memory is short. */
  constructor(isFull: () => boolean = heapIsFull) {
    this.#isFull = isFull;
  }

  /** Jobs that are not done. */
  get size(): number {
    return this.#active.length + this.#waiting.length;
  }

  /** Takes on a job; false when there are too many. */
  add(job: Job): boolean {
    if (this.#active.length < ACTIVE_MAX) this.#active.push(job);
    else {
      const ofUser = this.#waiting.filter((other) => other.uid === job.uid).length;
      if (this.#waiting.length >= WAITING_MAX || ofUser >= WAITING_MAX_USER) return false;
      this.#waiting.push(job);
    }
    this.#schedule();
    return true;
  }

  /** Forgets a job that was ended in another way. */
  remove(job: Job): void {
    const waiting = this.#waiting.indexOf(job);
    if (waiting >= 0) this.#waiting.splice(waiting, 1);
    const active = this.#active.indexOf(job);
    if (active >= 0) this.#drop(active);
  }

  /** A job will end soon: it gets a turn although others were first. */
  hurry(job: Job): void {
    const at = this.#waiting.indexOf(job);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.#active.push(job);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    const now = monotonicMs();
    if (now - this.#looked >= LOOK_MS) {
      this.#looked = now;
      for (const job of this.#waiting.filter((one) => one.isOver())) this.hurry(job);
      this.#oneByOne = this.#active.length > 1 && this.#isFull();
      // One that ends at once frees what it holds: before the oldest.
      const over = this.#oneByOne ? this.#active.findIndex((one) => one.isOver()) : 0;
      if (over > 0) this.#active.unshift(...this.#active.splice(over, 1));
    }
    if (this.#oneByOne) this.#next = 0;
    else this.#skipDebtors();
    const job = this.#active[this.#next];
    const start = monotonicMs();
    const isDone = job?.run(now + SLICE_MS);
    if (job !== undefined) this.#charge(job, monotonicMs() - start);
    if (job !== undefined && isDone === true) this.remove(job);
    else this.#next++;
    if (this.size > 0) this.#schedule();
  }

  /** Goes to the next of the jobs that owe least. */
  #skipDebtors(): void {
    const { length } = this.#active;
    if (this.#next >= length) this.#next = 0;
    if (this.#debts.size === 0) return;
    const debtOf = (at: number): number => this.#debts.get(this.#active[at] as Job) ?? 0;
    let best = this.#next;
    for (let i = 1; i < length; i++) {
      const at = (this.#next + i) % length;
      if (debtOf(at) < debtOf(best)) best = at;
    }
    this.#next = best;
  }

  /** A single run of a program may take a hundred slices: the others have as much before its next. */
  #charge(job: Job, took: number): void {
    for (const [other, debt] of this.#debts) {
      if (other === job || debt <= took) this.#debts.delete(other);
      else this.#debts.set(other, debt - took);
    }
    if (took > OVERRUN_MS) this.#debts.set(job, took);
  }

  /** An active job leaves; the user with the fewest of them is next, in the order of arrival. */
  #drop(at: number): void {
    for (const job of this.#active.splice(at, 1)) this.#debts.delete(job);
    if (at < this.#next) this.#next--;
    if (this.#active.length >= ACTIVE_MAX || this.#waiting.length === 0) return;
    const ofUser = (uid: number): number => this.#active.filter((job) => job.uid === uid).length;
    let best = 0;
    for (let i = 1; i < this.#waiting.length; i++) {
      if (ofUser((this.#waiting[i] as Job).uid) < ofUser((this.#waiting[best] as Job).uid)) best = i;
    }
    this.#active.push(...this.#waiting.splice(best, 1));
  }
}

/** The long requests of a kernel. */
export const backlogOf = perKernel(() => new Backlog());
