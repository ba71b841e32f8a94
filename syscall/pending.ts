/**
 * Commands that take long: a verification, the repetitions of a test run, a batch over a
 * large map. A command may return {@link Work} in place of a result. Callers that can be
 * answered later ({@link Caller.mayWait}) get PENDING after the first few milliseconds, and
 * their door goes on with the {@link PendingCall} between the requests of others; for all
 * others it is run to its end at once.
 */
import type { BpfObject } from '../base/object.ts';
import { PENDING, runUntil, type Work } from '../base/work.ts';
import { EINTR } from '../uapi/errno.ts';
import type { Caller } from './caller.ts';
import type { Kernel } from './kernel.ts';

/** Milliseconds a command runs before its caller has to wait for its turn. */
export const FIRST_SLICE_MS = 5;

/** A command that goes on. Whoever has it runs it to its end: it holds references. */
export class PendingCall {
  readonly #kernel: Kernel;
  readonly #work: Work;
  readonly #caller: Caller;
  #isBegun: boolean;

  /** `isBegun`: the first piece of the work was done. */
  constructor(kernel: Kernel, work: Work, caller: Caller, isBegun = true) {
    this.#kernel = kernel;
    this.#work = work;
    this.#caller = caller;
    this.#isBegun = isBegun;
  }

  /**
   * Goes on until about `deadline` ({@link monotonicMs}): the result of bpf(2), or PENDING. With
   * `signal` it ends soon, with the errno of a command that a signal broke off.
   */
  run(deadline: number, signal: boolean): number {
    if (!this.#isBegun && signal) return -EINTR;
    this.#isBegun = true;
    const kernel = this.#kernel;
    const { cpu } = kernel;
    kernel.cpu = this.#caller.cpu;
    try {
      const step = runUntil(this.#work, deadline, signal);
      return step.done === true ? step.value : PENDING;
    } finally {
      kernel.cpu = cpu;
    }
  }
}

/**
 * References that a command takes when it makes its first pause: before, nobody can close
 * what it works on.
 */
export class Held {
  readonly #objects: BpfObject[] = [];
  #taken = 0;

  /** An object that the command uses, from the next pause on. */
  use(object: BpfObject | undefined): void {
    if (object !== undefined && !this.#objects.includes(object)) this.#objects.push(object);
  }

  /** The command pauses. */
  take(): void {
    for (; this.#taken < this.#objects.length; this.#taken++) this.#objects[this.#taken]?.get();
  }

  /** The command has ended. */
  release(): void {
    while (this.#taken > 0) this.#objects[--this.#taken]?.put();
  }
}
