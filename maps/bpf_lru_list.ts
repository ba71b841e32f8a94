/**
 * Which element an LRU map gives up (source: the behaviour of
 * kernel/bpf/bpf_lru_list.c, recorded; names are the kernel's).
 *
 * An element is on one of these lists:
 *
 * - ACTIVE, INACTIVE and FREE: one set for the map, or with BPF_F_NO_COMMON_LRU one
 *   set a CPU, never mixed.
 * - LOCAL_FREE and LOCAL_PENDING, a pair a CPU (common LRU only): a CPU takes up to
 *   `targetFree` free elements at once, and what it has put into the map waits in
 *   PENDING until it needs more; then all of it moves to the big lists.
 *
 * A use of an element sets its reference bit; nothing moves. The bit is looked at
 * when elements are wanted: a referenced one goes (back) to ACTIVE, another one
 * from ACTIVE to INACTIVE, and the end of INACTIVE is evicted. Each step looks at
 * `nrScans` elements at most. When nothing is free, a CPU takes from the local
 * lists of the others.
 *
 * Layout: three words of an element from {@link LRU_LINK} on: next and previous of
 * its list (addresses; a list's head is a node too), kind of list and CPU
 * (`type | cpu << 8`), and one word that is the reference bit alone, so that
 * compiled code can set it with one store.
 */
import type { Arena } from '../mm/arena.ts';

/** Words of an element that belong to the lists. */
export const LRU_NEXT = 2;
export const LRU_PREV = 3;
export const LRU_TYPE = 4;
export const LRU_REF = 5;
/** Bytes of an element before its key: bucket link, hash, and the words above. */
export const LRU_ELEM_HEADER = 24;

/** Kinds of lists. */
export const LRU_LIST = { ACTIVE: 0, INACTIVE: 1, FREE: 2, LOCAL_FREE: 3, LOCAL_PENDING: 4 } as const;
const { ACTIVE, INACTIVE, FREE, LOCAL_FREE, LOCAL_PENDING } = LRU_LIST;

/** Most free elements a CPU takes at once, and most it looks at in one step (`LOCAL_FREE_TARGET`). */
const LOCAL_FREE_TARGET = 128;
/** The same where each CPU has lists of its own (`PERCPU_FREE_TARGET`). */
const PERCPU_FREE_TARGET = 4;

/** One set of ACTIVE, INACTIVE and FREE (`struct bpf_lru_list`). */
export interface LruList {
  /** Heads of the three lists. */
  readonly heads: Int32Array;
  /** How many elements are on ACTIVE, INACTIVE and FREE. */
  readonly counts: Int32Array;
  /** Where the next rotation of INACTIVE starts: an element or the head. */
  nextInactiveRotation: number;
}

/** What a CPU keeps for itself (`struct bpf_lru_locallist`). */
export interface LruLocalList {
  readonly free: number;
  readonly pending: number;
  /** The CPU it will try to steal from first. */
  nextSteal: number;
}

/** The lists of one LRU map. */
export class BpfLru {
  readonly percpu: boolean;
  /** The set of the map, or one a CPU. */
  readonly lists: readonly LruList[];
  /** One a CPU; empty with BPF_F_NO_COMMON_LRU. */
  readonly locals: readonly LruLocalList[];
  readonly nrCpus: number;
  readonly nrScans: number;
  targetFree = 0;
  readonly #i32: Int32Array;
  /** Takes an element out of the map's table; false when it is not in it. */
  readonly #evict: (element: number) => boolean;
  /** Block of the list heads and its size. */
  readonly #heads: number;
  readonly #headBytes: number;

  /** Check {@link ok} after it: false when there was no memory for the heads. */
  constructor(arena: Arena, nrCpus: number, percpu: boolean, evict: (element: number) => boolean) {
    this.#i32 = arena.i32;
    this.#evict = evict;
    this.percpu = percpu;
    this.nrCpus = nrCpus;
    this.nrScans = percpu ? PERCPU_FREE_TARGET : LOCAL_FREE_TARGET;
    const nrLists = percpu ? 3 * nrCpus : 3 + 2 * nrCpus;
    this.#headBytes = nrLists * LRU_ELEM_HEADER;
    this.#heads = arena.alloc(this.#headBytes);
    let next = this.#heads;
    const head = (): number => {
      const at = next;
      next += LRU_ELEM_HEADER;
      this.#i32[(at >> 2) + LRU_NEXT] = at;
      this.#i32[(at >> 2) + LRU_PREV] = at;
      return at;
    };
    const lists: LruList[] = [];
    const locals: LruLocalList[] = [];
    this.lists = lists;
    this.locals = locals;
    if (!this.ok) return;
    for (let i = 0; i < (percpu ? nrCpus : 1); i++) {
      const heads = Int32Array.of(head(), head(), head());
      lists.push({ heads, counts: new Int32Array(3), nextInactiveRotation: heads[INACTIVE]! });
    }
    for (let cpu = 0; cpu < (percpu ? 0 : nrCpus); cpu++) {
      locals.push({ free: head(), pending: head(), nextSteal: cpu });
    }
  }

  get ok(): boolean {
    return this.#heads !== 0;
  }

  free(arena: Arena): void {
    arena.free(this.#heads, this.#headBytes);
  }

  /** `bpf_lru_populate`: `count` elements of `size` bytes from `base` on become free. */
  populate(base: number, size: number, count: number): void {
    this.targetFree = Math.min(Math.max(Math.floor(count / this.nrCpus / 2), 1), LOCAL_FREE_TARGET);
    const share = this.percpu ? Math.floor(count / this.nrCpus) : count;
    for (let i = 0, element = base; i < count; i++, element += size) {
      const cpu = this.percpu ? Math.floor(i / share) : 0;
      const list = this.lists[cpu]!;
      this.#i32[(element >> 2) + LRU_TYPE] = FREE | (cpu << 8);
      this.#i32[(element >> 2) + LRU_REF] = 0;
      this.#insert(element, list.heads[FREE]!);
      list.counts[FREE]!++;
    }
  }

  /** `bpf_lru_pop_free`: an element for the CPU, evicted if need be, or 0. It counts as used by a key. */
  popFree(cpu: number): number {
    return this.percpu ? this.#popFreePercpu(cpu) : this.#popFreeCommon(cpu);
  }

  /** `bpf_lru_push_free`: an element whose key is gone from the table becomes free. */
  pushFree(element: number): void {
    const i32 = this.#i32;
    const typeAt = (element >> 2) + LRU_TYPE;
    const type = i32[typeAt]! & 0xff;
    const cpu = i32[typeAt]! >> 8;
    if (type === FREE || type === LOCAL_FREE) return;
    if (this.percpu) {
      this.#move(this.lists[cpu]!, element, FREE);
    } else if (type === LOCAL_PENDING) {
      i32[typeAt] = LOCAL_FREE | (cpu << 8);
      i32[(element >> 2) + LRU_REF] = 0;
      this.#unlink(element);
      this.#insert(element, this.locals[cpu]!.free);
    } else {
      this.#move(this.lists[0]!, element, FREE);
    }
  }

  #popFreePercpu(cpu: number): number {
    const list = this.lists[cpu]!;
    this.#rotate(list);
    const freeHead = list.heads[FREE]!;
    if (this.#i32[(freeHead >> 2) + LRU_NEXT] === freeHead) this.#shrink(list, PERCPU_FREE_TARGET, freeHead, FREE);
    const element = this.#i32[(freeHead >> 2) + LRU_NEXT]!;
    if (element === freeHead) return 0;
    this.#move(list, element, INACTIVE);
    return element;
  }

  #popFreeCommon(cpu: number): number {
    const local = this.locals[cpu]!;
    let element = this.#popLocalFree(local);
    if (element === 0) {
      this.#popFreeToLocal(local);
      element = this.#popLocalFree(local);
    }
    if (element === 0) element = this.#steal(local);
    if (element === 0) return 0;
    this.#i32[(element >> 2) + LRU_TYPE] = LOCAL_PENDING | (cpu << 8);
    this.#i32[(element >> 2) + LRU_REF] = 0;
    this.#insert(element, local.pending);
    return element;
  }

  /** Takes from the local lists of all CPUs in turn: something free, else something pending. */
  #steal(local: LruLocalList): number {
    const first = local.nextSteal;
    let victim = first;
    let element = 0;
    do {
      const other = this.locals[victim]!;
      element = this.#popLocalFree(other);
      if (element === 0) element = this.#popLocalPending(other, false) || this.#popLocalPending(other, true);
      victim = victim + 1 === this.nrCpus ? 0 : victim + 1;
    } while (element === 0 && victim !== first);
    local.nextSteal = victim;
    return element;
  }

  #popLocalFree(local: LruLocalList): number {
    const element = this.#i32[(local.free >> 2) + LRU_NEXT]!;
    if (element === local.free) return 0;
    this.#unlink(element);
    return element;
  }

  /** The oldest pending element that is not referenced (or any with `force`), evicted; 0 for none. */
  #popLocalPending(local: LruLocalList, force: boolean): number {
    const i32 = this.#i32;
    let element = i32[(local.pending >> 2) + LRU_PREV]!;
    while (element !== local.pending) {
      const previous = i32[(element >> 2) + LRU_PREV]!;
      if ((force || i32[(element >> 2) + LRU_REF] === 0) && this.#evict(element)) {
        this.#unlink(element);
        return element;
      }
      element = previous;
    }
    return 0;
  }

  /** `bpf_lru_list_pop_free_to_local`: gives up what is pending, and fetches up to targetFree elements. */
  #popFreeToLocal(local: LruLocalList): void {
    const list = this.lists[0]!;
    const i32 = this.#i32;
    this.#flushPending(list, local);
    this.#rotate(list);
    const freeHead = list.heads[FREE]!;
    let taken = 0;
    let element = i32[(freeHead >> 2) + LRU_NEXT]!;
    while (element !== freeHead && taken < this.targetFree) {
      const next = i32[(element >> 2) + LRU_NEXT]!;
      this.#moveToFree(list, element, local.free, LOCAL_FREE);
      taken++;
      element = next;
    }
    if (taken < this.targetFree) this.#shrink(list, this.targetFree - taken, local.free, LOCAL_FREE);
  }

  #flushPending(list: LruList, local: LruLocalList): void {
    const i32 = this.#i32;
    let element = i32[(local.pending >> 2) + LRU_PREV]!;
    while (element !== local.pending) {
      const previous = i32[(element >> 2) + LRU_PREV]!;
      const word = element >> 2;
      const target = i32[word + LRU_REF] !== 0 ? ACTIVE : INACTIVE;
      list.counts[target]!++;
      i32[word + LRU_TYPE] = (i32[word + LRU_TYPE]! & ~0xff) | target;
      i32[word + LRU_REF] = 0;
      this.#unlink(element);
      this.#insert(element, list.heads[target]!);
      element = previous;
    }
  }

  #rotate(list: LruList): void {
    if (list.counts[INACTIVE]! < list.counts[ACTIVE]!) this.#rotateActive(list);
    this.#rotateInactive(list);
  }

  /** From the end of ACTIVE: what was referenced goes to its front, the rest to INACTIVE. */
  #rotateActive(list: LruList): void {
    const i32 = this.#i32;
    const head = list.heads[ACTIVE]!;
    const first = i32[(head >> 2) + LRU_NEXT]!;
    let element = i32[(head >> 2) + LRU_PREV]!;
    for (let scanned = 1; element !== head; scanned++) {
      const previous = i32[(element >> 2) + LRU_PREV]!;
      this.#move(list, element, i32[(element >> 2) + LRU_REF] !== 0 ? ACTIVE : INACTIVE);
      if (scanned === this.nrScans || element === first) return;
      element = previous;
    }
  }

  /** Goes on backwards through INACTIVE where it stopped last: what was referenced goes to ACTIVE. */
  #rotateInactive(list: LruList): void {
    const i32 = this.#i32;
    const head = list.heads[INACTIVE]!;
    if (i32[(head >> 2) + LRU_NEXT] === head) return;
    let last = i32[(list.nextInactiveRotation >> 2) + LRU_NEXT]!;
    if (last === head) last = i32[(last >> 2) + LRU_NEXT]!;
    let current = list.nextInactiveRotation;
    let next = head;
    for (let scanned = 0; scanned < this.nrScans; ) {
      if (current === head) {
        current = i32[(current >> 2) + LRU_PREV]!;
        continue;
      }
      next = i32[(current >> 2) + LRU_PREV]!;
      if (i32[(current >> 2) + LRU_REF] !== 0) this.#move(list, current, ACTIVE);
      if (current === last) break;
      current = next;
      scanned++;
    }
    list.nextInactiveRotation = next;
  }

  /** Evicts up to `wanted` elements from the end of INACTIVE; by force one when all are referenced. */
  #shrink(list: LruList, wanted: number, freeHead: number, freeType: number): void {
    if (this.#shrinkInactive(list, wanted, freeHead, freeType) > 0) return;
    const i32 = this.#i32;
    const inactive = list.heads[INACTIVE]!;
    const head = i32[(inactive >> 2) + LRU_NEXT] !== inactive ? inactive : list.heads[ACTIVE]!;
    let element = i32[(head >> 2) + LRU_PREV]!;
    while (element !== head) {
      const previous = i32[(element >> 2) + LRU_PREV]!;
      if (this.#evict(element)) {
        this.#moveToFree(list, element, freeHead, freeType);
        return;
      }
      element = previous;
    }
  }

  #shrinkInactive(list: LruList, wanted: number, freeHead: number, freeType: number): number {
    const i32 = this.#i32;
    const head = list.heads[INACTIVE]!;
    let shrunk = 0;
    let element = i32[(head >> 2) + LRU_PREV]!;
    for (let scanned = 1; element !== head; scanned++) {
      const previous = i32[(element >> 2) + LRU_PREV]!;
      if (i32[(element >> 2) + LRU_REF] !== 0) {
        this.#move(list, element, ACTIVE);
      } else if (this.#evict(element)) {
        this.#moveToFree(list, element, freeHead, freeType);
        if (++shrunk === wanted) break;
      }
      if (scanned === this.nrScans) break;
      element = previous;
    }
    return shrunk;
  }

  /** `__bpf_lru_node_move`: to the front of another (or the same) list of the set. */
  #move(list: LruList, element: number, target: number): void {
    const i32 = this.#i32;
    const typeAt = (element >> 2) + LRU_TYPE;
    const type = i32[typeAt]! & 0xff;
    if (type !== target) {
      list.counts[type]!--;
      list.counts[target]!++;
      i32[typeAt] = (i32[typeAt]! & ~0xff) | target;
    }
    i32[(element >> 2) + LRU_REF] = 0;
    if (element === list.nextInactiveRotation) list.nextInactiveRotation = i32[(element >> 2) + LRU_PREV]!;
    this.#unlink(element);
    this.#insert(element, list.heads[target]!);
  }

  /** `__bpf_lru_node_move_to_free`: out of the set, to a free list. */
  #moveToFree(list: LruList, element: number, freeHead: number, freeType: number): void {
    const i32 = this.#i32;
    const typeAt = (element >> 2) + LRU_TYPE;
    if (element === list.nextInactiveRotation) list.nextInactiveRotation = i32[(element >> 2) + LRU_PREV]!;
    list.counts[i32[typeAt]! & 0xff]!--;
    if (freeType === FREE) list.counts[FREE]!++;
    i32[typeAt] = (i32[typeAt]! & ~0xff) | freeType;
    this.#unlink(element);
    this.#insert(element, freeHead);
  }

  #unlink(element: number): void {
    const i32 = this.#i32;
    const next = i32[(element >> 2) + LRU_NEXT]!;
    const previous = i32[(element >> 2) + LRU_PREV]!;
    i32[(previous >> 2) + LRU_NEXT] = next;
    i32[(next >> 2) + LRU_PREV] = previous;
  }

  /** Puts an element right behind a list's head. */
  #insert(element: number, head: number): void {
    const i32 = this.#i32;
    const first = i32[(head >> 2) + LRU_NEXT]!;
    i32[(element >> 2) + LRU_NEXT] = first;
    i32[(element >> 2) + LRU_PREV] = head;
    i32[(first >> 2) + LRU_PREV] = element;
    i32[(head >> 2) + LRU_NEXT] = element;
  }
}
