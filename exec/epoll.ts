/**
 * Ring buffers in epoll(7).
 *
 * A memfd cannot be waited for, so an eventfd of ours stands for the map: the caller's
 * epoll_ctl(2) is carried out on the caller's own epoll instance with the eventfd and
 * the caller's event. The eventfd is readable as long as the map has data. The reader
 * moves its position in shared memory without telling anybody, so while a map is ready
 * it is looked at again at short intervals.
 */
import { BpfMap } from '../maps/map.ts';
import { ENOENT, EPERM } from '../uapi/errno.ts';
import type { ExecCaller } from './caller.ts';
import type { ExecNative } from './native.ts';
import type { Held, HeldObjects } from './objects.ts';

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;

/** How often a ready map is looked at for having been read, in milliseconds. */
const RECHECK_MS = 1;

/** One registration: which eventfd stands for which map. */
interface Entry {
  readonly held: Held;
  readonly event: number;
  ready: boolean;
}

/** All registrations of the programs under exec. */
export class EpollBridge {
  readonly #native: ExecNative;
  readonly #objects: HeldObjects;
  /** By process, epoll descriptor and descriptor. */
  readonly #entries = new Map<string, Entry>();
  #timer: NodeJS.Timeout | undefined;

  constructor(native: ExecNative, objects: HeldObjects) {
    this.#native = native;
    this.#objects = objects;
  }

  /** epoll_ctl(2) of one of our objects: 0 or -errno. */
  control(held: Held, caller: ExecCaller, epoll: number, op: number, fd: number, event: number): number {
    const map = held.object;
    // Files without a poll function cannot be waited for (`ep_insert`: file_can_poll).
    if (!(map instanceof BpfMap)) return -EPERM;
    const key = `${caller.process} ${epoll} ${fd}`;
    let entry = this.#entries.get(key);
    if (entry !== undefined && this.#objects.byIno(entry.held.ino) !== entry.held) {
      this.#entries.delete(key);
      entry = undefined;
    }
    if (entry === undefined) {
      if (op !== EPOLL_CTL_ADD) return -ENOENT;
      const eventFd = this.#native.supEventFd();
      if (eventFd < 0) return eventFd;
      entry = { held, event: eventFd, ready: false };
    }
    const result = this.#native.supEpollCtl(epoll, op, entry.event, event);
    const known = this.#entries.has(key);
    if (!known && result < 0) this.#native.supCloseFd(entry.event);
    else if (!known) {
      held.events.push(entry.event);
      this.#entries.set(key, entry);
    } else if (op === EPOLL_CTL_DEL && result === 0) {
      this.#entries.delete(key);
      const at = held.events.indexOf(entry.event);
      if (at >= 0) held.events.splice(at, 1);
      this.#native.supCloseFd(entry.event);
    }
    if (result === 0) this.check();
    return result;
  }

  /** Makes every eventfd tell what its map has now. To be called when maps may have got data. */
  check(): void {
    if (this.#entries.size === 0) return;
    let anyReady = false;
    for (const [key, entry] of this.#entries) {
      if (this.#objects.byIno(entry.held.ino) !== entry.held) {
        this.#entries.delete(key);
        continue;
      }
      const map = entry.held.object as BpfMap;
      const ready = map.ops.poll?.(map) === true;
      if (ready !== entry.ready) {
        entry.ready = ready;
        this.#native.supEventSet(entry.event, ready);
      }
      anyReady ||= ready;
    }
    if (anyReady && this.#timer === undefined) this.#timer = setInterval(() => this.check(), RECHECK_MS);
    else if (!anyReady) this.#stopTimer();
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  close(): void {
    this.#stopTimer();
    this.#entries.clear();
  }
}
