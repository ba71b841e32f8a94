/**
 * What must not go while a program runs (the grace periods of RCU): a program keeps pointers to
 * maps, elements and programs it found, and others may drop the last reference meanwhile.
 */

/** Frees things when no program runs. */
export class Grace {
  readonly #isRunning: () => boolean;
  #waiting: (() => void)[] = [];

  /** `isRunning`: whether a program runs just now. */
  constructor(isRunning: () => boolean) {
    this.#isRunning = isRunning;
  }

  /** Something waits for {@link end}. */
  get isPending(): boolean {
    return this.#waiting.length > 0;
  }

  /** Frees now, or when the program that runs has ended (`call_rcu`). */
  free(free: () => void): void {
    if (this.#isRunning()) this.#waiting.push(free);
    else free();
  }

  /** The program has ended: frees what waited, and what that leaves without references. */
  end(): void {
    while (this.#waiting.length > 0) for (const free of this.#waiting.splice(0)) free();
  }
}
