/**
 * Others are served while a program runs. A kernel has other CPUs for that; here there is one
 * thread, so a run that takes long stops now and then between two instructions
 * (`Vm.budgetSpent`) and lets the doors answer the requests that wait: stat, open, element
 * commands. What would itself run a program, and what takes long, is only taken on meanwhile
 * and done after the run ({@link Doors.isServing} tells who has to put it off).
 */

/** A door of a kernel: a mount, the programs under exec. */
export interface Door {
  /** What is readable while a request waits; -1: nothing to wait for. */
  readonly fd: number;
  /** Answers the requests that wait, a few at most, without waiting for any: how many. Does not throw. */
  serve(): number;
  /** Keeps what the request in progress needs, before any door serves. */
  save?(): void;
  /** Puts it back, after all of them have. */
  restore?(): void;
}

/** Microseconds to wait for the next request of somebody who just had an answer: most come in rows. */
const NEXT_US = 150;

/** The doors of one kernel. */
export class Doors {
  readonly #doors = new Set<Door>();
  #serving = false;
  /** Above 0: a run that is not to be seen or changed from outside before its end. */
  closed = 0;
  /** Waits until one of the descriptors is readable, for some microseconds. Without: nobody is waited for. */
  wait: ((fds: readonly number[], micros: number) => void) | undefined = undefined;

  /** Opens a door; what is returned closes it. */
  add(door: Door): () => void {
    this.#doors.add(door);
    return () => this.#doors.delete(door);
  }

  /** Requests are being answered in the middle of a run: no program may be started. */
  get isServing(): boolean {
    return this.#serving;
  }

  /** Whether there is anybody to serve now. */
  get isOpen(): boolean {
    return this.#doors.size > 0 && !this.#serving && this.closed === 0;
  }

  /** Answers what waits, and what follows at once, until `isLate` says that it is enough. */
  serve(isLate: () => boolean): void {
    if (!this.isOpen) return;
    const doors = [...this.#doors];
    const fds = doors.map((door) => door.fd).filter((fd) => fd >= 0);
    this.#serving = true;
    try {
      for (const door of doors) door.save?.();
      while (round(doors) > 0 && !isLate()) this.wait?.(fds, NEXT_US);
    } finally {
      for (const door of doors) door.restore?.();
      this.#serving = false;
    }
  }
}

function round(doors: readonly Door[]): number {
  let served = 0;
  for (const door of doors) served += door.serve();
  return served;
}
