/** Who waits for something to read from a file of ours: read(2) that blocks, and poll(2). */
import { EINTR } from '../uapi/errno.ts';
import { isSame, type Waiting } from './message.ts';
import type { Superblock } from './superblock.ts';

/** A read(2) that waits. */
export interface WaitingRead {
  readonly waiting: Waiting;
  readonly size: number;
}

/** The waiters of one open file. */
export class Waiters {
  readonly #sb: Superblock;
  readonly #readers: WaitingRead[] = [];
  readonly #pollers: Waiting[] = [];

  constructor(sb: Superblock) {
    this.#sb = sb;
  }

  addReader(waiting: Waiting, size: number): void {
    this.#readers.push({ waiting, size });
  }

  /** The read that has waited longest, which waits no more. */
  nextReader(): WaitingRead | undefined {
    return this.#readers.shift();
  }

  /** Remembers a poll handle, once. */
  addPoller(notify: Waiting | undefined): void {
    if (notify === undefined || this.#pollers.some((one) => isSame(one, notify))) return;
    this.#pollers.push(notify);
  }

  /** Tells all poll handles to ask again. */
  wakePollers(): void {
    for (const { low, high } of this.#pollers.splice(0)) this.#sb.notifier.wake(low, high);
  }

  /** Ends a read that a signal has interrupted: whether it was one of these. */
  interrupt(request: Waiting): boolean {
    const index = this.#readers.findIndex(({ waiting }) => isSame(waiting, request));
    if (index < 0) return false;
    this.#readers.splice(index, 1);
    this.#sb.answer(request, () => -EINTR);
    return true;
  }
}
