/**
 * Ring buffers in epoll(7).
 *
 * A memfd cannot be waited for, so an eventfd of ours stands for the map: the caller's
 * epoll_ctl(2) is carried out on the caller's own epoll instance with the eventfd and
 * the caller's event. The eventfd is ready (readable for a RINGBUF, writable for a
 * USER_RINGBUF) from a wake-up of the map until the other side has been found to have
 * taken what there was: it moves its position in shared memory without telling
 * anybody, so a ready map is looked at again at short intervals that grow.
 */
import type { BpfObject } from '../base/object.ts';
import { BpfMap } from '../maps/map.ts';
import { BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { ENOENT, EPERM } from '../uapi/errno.ts';
import type { ExecCaller } from './caller.ts';
import type { ExecNative } from './native.ts';
import type { Held, HeldObjects } from './objects.ts';
import { PerfEvent } from './perf.ts';

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;

/** When a ready map is looked at again, in milliseconds: soon after a wake-up, then ever more seldom. */
const RECHECK_MIN_MS = 1;
const RECHECK_MAX_MS = 100;

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
  readonly #onWake = (object: BpfObject): void => this.#wake(object);
  #timer: NodeJS.Timeout | undefined;
  #interval = RECHECK_MIN_MS;

  constructor(native: ExecNative, objects: HeldObjects) {
    this.#native = native;
    this.#objects = objects;
  }

  /** epoll_ctl(2) of one of our objects: 0 or -errno. */
  control(held: Held, caller: ExecCaller, epoll: number, op: number, fd: number, event: number): number {
    const { object } = held;
    // Files without a poll function cannot be waited for (`ep_insert`: file_can_poll).
    if (!(object instanceof BpfMap || object instanceof PerfEvent)) return -EPERM;
    const key = `${caller.process} ${epoll} ${fd}`;
    const known = this.#known(key, held);
    if (known === undefined && op !== EPOLL_CTL_ADD) return -ENOENT;
    const eventFd = known?.event ?? this.#native.supEventFd();
    if (eventFd < 0) return eventFd;
    const entry = known ?? { held, event: eventFd, ready: false };
    if (known === undefined) this.#set(entry, false);
    // A perf event tells of each wake-up once (`perf_poll`).
    const result = this.#native.supEpollCtl(epoll, op, eventFd, event, object instanceof PerfEvent);
    if (known === undefined) {
      if (result < 0) this.#native.supCloseFd(eventFd);
      else this.#add(key, entry);
    } else if (op === EPOLL_CTL_DEL && result === 0) this.#remove(key, entry);
    if (result === 0 && op !== EPOLL_CTL_DEL && isReady(object)) this.#raise(entry);
    return result;
  }

  /** The registration of a key, when it is still that object's. */
  #known(key: string, held: Held): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.held === held) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  #add(key: string, entry: Entry): void {
    entry.held.events.push(entry.event);
    this.#entries.set(key, entry);
    if (hasWaiters(entry.held.object)) entry.held.object.waiters.add(this.#onWake);
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.delete(key);
    const { events } = entry.held;
    events.splice(events.indexOf(entry.event), 1);
    this.#native.supCloseFd(entry.event);
  }

  /** An object has woken its waiters. */
  #wake(object: BpfObject): void {
    if (!isReady(object)) return;
    for (const entry of this.#entries.values()) if (entry.held.object === object) this.#raise(entry);
  }

  /** Makes an eventfd ready; again when it is, since an edge may be waited for. */
  #raise(entry: Entry): void {
    this.#set(entry, true);
    this.#interval = RECHECK_MIN_MS;
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#recheck(), this.#interval);
  }

  /** Lowers the eventfds whose maps have been read; forgets those whose objects are gone. */
  #recheck(): void {
    let any = false;
    for (const [key, entry] of this.#entries) {
      if (this.#objects.byIno(entry.held.ino) !== entry.held) this.#entries.delete(key);
      else if (entry.ready && !isReady(entry.held.object)) this.#set(entry, false);
      any ||= entry.ready;
    }
    this.#interval = Math.min(2 * this.#interval, RECHECK_MAX_MS);
    if (any) this.#schedule();
  }

  #set(entry: Entry, ready: boolean): void {
    entry.ready = ready;
    const { object } = entry.held;
    const out = object instanceof BpfMap && object.mapType === BPF_MAP_TYPE.USER_RINGBUF;
    this.#native.supEventSet(entry.event, ready, out);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#entries.clear();
  }
}

/** An object that wakes those who wait for it. */
interface Waking {
  readonly waiters: Set<(object: BpfObject) => void>;
}

function hasWaiters(object: BpfObject): object is BpfObject & Waking {
  return 'waiters' in object;
}

function isReady(object: BpfObject): boolean {
  if (object instanceof PerfEvent) return object.hasData;
  return object instanceof BpfMap && object.ops.poll?.(object) === true;
}
