/** The time of a run. */
import { ManualClock } from '../native/host.ts';
import type { Kernel } from '../syscall/kernel.ts';
import type { Packet } from './pcap/read.ts';
import type { RunFlags } from './run_flags.ts';
import { advanceClock } from './server.ts';

/**
 * The time programs see, and the work they leave for later: task work and work items run after
 * the program, timers when the clock has come to them.
 */
export class RunClock {
  readonly #kernel: Kernel;
  readonly #manual: ManualClock | undefined;
  readonly #packets: boolean;
  /** Time of the first packet: the boot of a kernel whose clock is the packets'. */
  #first: bigint | undefined;

  constructor(kernel: Kernel, flags: RunFlags) {
    this.#kernel = kernel;
    this.#manual = kernel.clock instanceof ManualClock ? kernel.clock : undefined;
    this.#packets = flags.clock?.packets === true;
  }

  /** The results are to be the same each time: no times of the machine in them. */
  get isFixed(): boolean {
    return this.#manual !== undefined;
  }

  /** A packet comes, at the time it was captured. */
  packet(packet: Packet): void {
    if (!this.#packets || this.#manual === undefined) return;
    const { time } = packet;
    if (this.#first === undefined) {
      this.#first = time;
      this.#manual.boot(time);
    }
    const ahead = time - this.#first - this.#manual.monotonic();
    if (ahead > 0n) advanceClock(this.#kernel, this.#manual, ahead);
    else this.ran();
  }

  /** A program has run. */
  ran(): void {
    const { timers } = this.#kernel.vm;
    if (timers.nextDue !== undefined) timers.run(this.#kernel.clock.monotonic());
  }
}
