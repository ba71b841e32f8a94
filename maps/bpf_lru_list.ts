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
 * Layout: the list links are not in the elements but in an array of nodes of 16
 * bytes, so that a step over many elements touches little memory. An element's word
 * {@link LRU_NODE} has the address of its node; the words of a node are next and
 * previous of its list (a list's head is a node, too), `type | cpu << 8`, and the
 * reference bit alone, so that compiled code can set it with one store. Node i,
 * counted from the first one after the heads, belongs to element i.
 */
import type { Arena } from '../mm/arena.ts';
import { type HtabTable, unlinkElement } from './htab_layout.ts';

/** Word of an element that has the address of its node. */
export const LRU_NODE = 2;
/** Bytes of an element before its key: bucket link, hash, node, and a spare word. */
export const LRU_ELEM_HEADER = 16;

/** Words of a node. */
export const NODE_NEXT = 0;
export const NODE_PREV = 1;
export const NODE_TYPE = 2;
export const NODE_REF = 3;
export const NODE_SIZE = 16;

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
  /** Head of the free elements; they are taken from its end. */
  readonly free: number;
  /** Head of those that were put into the table since, the newest first. */
  readonly pending: number;
  /** The CPU it will try to steal from first. */
  nextSteal: number;
}

/** The table the elements are in. */
export interface LruTable extends HtabTable {
  /** Elements in the table. */
  count: number;
  /** Frees what the value of an element holds that leaves the table. */
  freeFields(element: number): void;
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
  readonly #table: LruTable;
  /** Block of all nodes, 0 when there was no memory; its size. */
  readonly #block: number;
  readonly #bytes: number;
  /** The node of the first element; the others follow. */
  readonly firstNode: number;
  /** The first element; the others follow. */
  elements = 0;
  #elemSize = 0;

  /** Lists for `count` elements. Check {@link ok} after it. */
  constructor(arena: Arena, nrCpus: number, percpu: boolean, count: number, table: LruTable) {
    this.#i32 = arena.i32;
    this.#table = table;
    this.percpu = percpu;
    this.nrCpus = nrCpus;
    this.nrScans = percpu ? PERCPU_FREE_TARGET : LOCAL_FREE_TARGET;
    const nrHeads = percpu ? 3 * nrCpus : 3 + 2 * nrCpus;
    this.#bytes = (nrHeads + count) * NODE_SIZE;
    this.#block = this.#bytes > arena.available ? 0 : arena.alloc(this.#bytes);
    this.firstNode = this.#block + nrHeads * NODE_SIZE;
    const lists: LruList[] = [];
    const locals: LruLocalList[] = [];
    this.lists = lists;
    this.locals = locals;
    if (!this.ok) return;
    let next = this.#block;
    const head = (): number => {
      const at = next;
      next += NODE_SIZE;
      this.#i32[(at >> 2) + NODE_NEXT] = at;
      this.#i32[(at >> 2) + NODE_PREV] = at;
      return at;
    };
    for (let i = 0; i < (percpu ? nrCpus : 1); i++) {
      const heads = Int32Array.of(head(), head(), head());
      lists.push({ heads, counts: new Int32Array(3), nextInactiveRotation: heads[INACTIVE]! });
    }
    for (let cpu = 0; cpu < (percpu ? 0 : nrCpus); cpu++) {
      locals.push({ free: head(), pending: head(), nextSteal: cpu });
    }
  }

  get ok(): boolean {
    return this.#block !== 0;
  }

  free(arena: Arena): void {
    arena.free(this.#block, this.#bytes);
  }

  /** `bpf_lru_populate`: `count` elements of `size` bytes from `base` on become free. */
  populate(base: number, size: number, count: number): void {
    const i32 = this.#i32;
    this.elements = base;
    this.#elemSize = size;
    this.targetFree = Math.min(Math.max(Math.floor(count / this.nrCpus / 2), 1), LOCAL_FREE_TARGET);
    const share = this.percpu ? Math.floor(count / this.nrCpus) : count;
    for (let i = 0, element = base, node = this.firstNode; i < count; i++, element += size, node += NODE_SIZE) {
      const cpu = this.percpu ? Math.floor(i / share) : 0;
      const list = this.lists[cpu]!;
      i32[(element >> 2) + LRU_NODE] = node;
      i32[(node >> 2) + NODE_TYPE] = FREE | (cpu << 8);
      i32[(node >> 2) + NODE_REF] = 0;
      insert(i32, node, list.heads[FREE]!);
      list.counts[FREE]!++;
    }
  }

  /** The element a node belongs to. */
  elementOf(node: number): number {
    return this.elements + ((node - this.firstNode) >> 4) * this.#elemSize;
  }

  /** `bpf_lru_pop_free`: an element for the CPU, evicted if need be, or 0. It counts as used by a key. */
  popFree(cpu: number): number {
    const node = this.percpu ? this.#popFreePercpu(cpu) : this.#popFreeCommon(cpu);
    return node === 0 ? 0 : this.elementOf(node);
  }

  /** `bpf_lru_push_free`: an element whose key is gone from the table becomes free. */
  pushFree(element: number): void {
    const i32 = this.#i32;
    const node = i32[(element >> 2) + LRU_NODE]!;
    const typeAt = (node >> 2) + NODE_TYPE;
    const type = i32[typeAt]! & 0xff;
    const cpu = i32[typeAt]! >> 8;
    if (type === FREE || type === LOCAL_FREE) return;
    if (this.percpu) {
      move(i32, this.lists[cpu]!, node, FREE);
    } else if (type === LOCAL_PENDING) {
      i32[typeAt] = LOCAL_FREE | (cpu << 8);
      i32[(node >> 2) + NODE_REF] = 0;
      unlink(i32, node);
      // Behind the last one, which is the next to be taken.
      insert(i32, node, i32[(this.locals[cpu]!.free >> 2) + NODE_PREV]!);
    } else {
      move(i32, this.lists[0]!, node, FREE);
    }
  }

  /** `htab_lru_map_delete_node`: takes a victim out of the table; false when it is not in it. */
  #evict(node: number): boolean {
    const element = this.elementOf(node);
    const table = this.#table;
    if (!unlinkElement(table, element)) return false;
    table.count--;
    table.freeFields(element);
    return true;
  }

  #popFreePercpu(cpu: number): number {
    const i32 = this.#i32;
    const list = this.lists[cpu]!;
    this.#rotate(list);
    const freeHead = list.heads[FREE]!;
    if (i32[(freeHead >> 2) + NODE_NEXT] === freeHead) this.#shrink(list, PERCPU_FREE_TARGET, freeHead, FREE);
    const node = i32[(freeHead >> 2) + NODE_NEXT]!;
    if (node === freeHead) return 0;
    move(i32, list, node, INACTIVE);
    return node;
  }

  #popFreeCommon(cpu: number): number {
    const i32 = this.#i32;
    const local = this.locals[cpu]!;
    let node = popLast(i32, local.free);
    if (node === 0) {
      this.#popFreeToLocal(local);
      node = popLast(i32, local.free);
      if (node === 0) node = this.#steal(local);
      if (node === 0) return 0;
    }
    i32[(node >> 2) + NODE_TYPE] = LOCAL_PENDING | (cpu << 8);
    i32[(node >> 2) + NODE_REF] = 0;
    insert(i32, node, local.pending);
    return node;
  }

  /** Takes from the local lists of all CPUs in turn: something free, else something pending. */
  #steal(local: LruLocalList): number {
    const first = local.nextSteal;
    let victim = first;
    let node = 0;
    do {
      const other = this.locals[victim]!;
      node = popLast(this.#i32, other.free);
      if (node === 0) node = this.#popLocalPending(other, false) || this.#popLocalPending(other, true);
      victim = victim + 1 === this.nrCpus ? 0 : victim + 1;
    } while (node === 0 && victim !== first);
    local.nextSteal = victim;
    return node;
  }

  /** The oldest pending element that is not referenced (or any with `force`), evicted; 0 for none. */
  #popLocalPending(local: LruLocalList, force: boolean): number {
    const i32 = this.#i32;
    let node = i32[(local.pending >> 2) + NODE_PREV]!;
    while (node !== local.pending) {
      const previous = i32[(node >> 2) + NODE_PREV]!;
      if ((force || i32[(node >> 2) + NODE_REF] === 0) && this.#evict(node)) {
        unlink(i32, node);
        return node;
      }
      node = previous;
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
    let node = i32[(freeHead >> 2) + NODE_NEXT]!;
    while (node !== freeHead && taken < this.targetFree) {
      const next = i32[(node >> 2) + NODE_NEXT]!;
      moveToFree(i32, list, node, local.free, LOCAL_FREE);
      taken++;
      node = next;
    }
    if (taken < this.targetFree) this.#shrink(list, this.targetFree - taken, local.free, LOCAL_FREE);
  }

  /** Referenced ones go to ACTIVE one by one; what is left goes to the front of INACTIVE as a whole. */
  #flushPending(list: LruList, local: LruLocalList): void {
    const i32 = this.#i32;
    let rest = 0;
    let node = i32[(local.pending >> 2) + NODE_PREV]!;
    while (node !== local.pending) {
      const word = node >> 2;
      const previous = i32[word + NODE_PREV]!;
      if (i32[word + NODE_REF] !== 0) {
        list.counts[ACTIVE]!++;
        i32[word + NODE_TYPE] = (i32[word + NODE_TYPE]! & ~0xff) | ACTIVE;
        i32[word + NODE_REF] = 0;
        unlink(i32, node);
        insert(i32, node, list.heads[ACTIVE]!);
      } else {
        i32[word + NODE_TYPE] = (i32[word + NODE_TYPE]! & ~0xff) | INACTIVE;
        rest++;
      }
      node = previous;
    }
    if (rest === 0) return;
    list.counts[INACTIVE]! += rest;
    const first = i32[(local.pending >> 2) + NODE_NEXT]!;
    const last = i32[(local.pending >> 2) + NODE_PREV]!;
    splice(i32, first, last, list.heads[INACTIVE]!);
  }

  #rotate(list: LruList): void {
    if (list.counts[INACTIVE]! < list.counts[ACTIVE]!) this.#rotateActive(list);
    this.#rotateInactive(list);
  }

  /** From the end of ACTIVE: what was referenced goes to its front, the rest to INACTIVE. */
  #rotateActive(list: LruList): void {
    const i32 = this.#i32;
    const head = list.heads[ACTIVE]!;
    const first = i32[(head >> 2) + NODE_NEXT]!;
    let node = i32[(head >> 2) + NODE_PREV]!;
    for (let scanned = 1; node !== head; scanned++) {
      const previous = i32[(node >> 2) + NODE_PREV]!;
      move(i32, list, node, i32[(node >> 2) + NODE_REF] !== 0 ? ACTIVE : INACTIVE);
      if (scanned === this.nrScans || node === first) return;
      node = previous;
    }
  }

  /** Goes on backwards through INACTIVE where it stopped last: what was referenced goes to ACTIVE. */
  #rotateInactive(list: LruList): void {
    const i32 = this.#i32;
    const head = list.heads[INACTIVE]!;
    if (i32[(head >> 2) + NODE_NEXT] === head) return;
    let last = i32[(list.nextInactiveRotation >> 2) + NODE_NEXT]!;
    if (last === head) last = i32[(last >> 2) + NODE_NEXT]!;
    let current = list.nextInactiveRotation;
    let next = head;
    for (let scanned = 0; scanned < this.nrScans; ) {
      if (current === head) {
        current = i32[(current >> 2) + NODE_PREV]!;
        continue;
      }
      next = i32[(current >> 2) + NODE_PREV]!;
      if (i32[(current >> 2) + NODE_REF] !== 0) move(i32, list, current, ACTIVE);
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
    const head = i32[(inactive >> 2) + NODE_NEXT] !== inactive ? inactive : list.heads[ACTIVE]!;
    let node = i32[(head >> 2) + NODE_PREV]!;
    while (node !== head) {
      const previous = i32[(node >> 2) + NODE_PREV]!;
      if (this.#evict(node)) {
        moveToFree(i32, list, node, freeHead, freeType);
        return;
      }
      node = previous;
    }
  }

  /** Victims that follow each other are moved together: from `first` up to `last`, the end of the run. */
  #shrinkInactive(list: LruList, wanted: number, freeHead: number, freeType: number): number {
    const i32 = this.#i32;
    const head = list.heads[INACTIVE]!;
    let shrunk = 0;
    let first = 0;
    let last = 0;
    let node = i32[(head >> 2) + NODE_PREV]!;
    for (let scanned = 1; node !== head; scanned++) {
      const word = node >> 2;
      const previous = i32[word + NODE_PREV]!;
      if (i32[word + NODE_REF] === 0 && this.#evict(node)) {
        if (node === list.nextInactiveRotation) list.nextInactiveRotation = previous;
        i32[word + NODE_TYPE] = (i32[word + NODE_TYPE]! & ~0xff) | freeType;
        first = node;
        if (last === 0) last = node;
        if (++shrunk === wanted) break;
      } else {
        if (last !== 0) splice(i32, first, last, freeHead);
        last = 0;
        if (i32[word + NODE_REF] !== 0) move(i32, list, node, ACTIVE);
      }
      if (scanned === this.nrScans) break;
      node = previous;
    }
    if (last !== 0) splice(i32, first, last, freeHead);
    list.counts[INACTIVE]! -= shrunk;
    if (freeType === FREE) list.counts[FREE]! += shrunk;
    return shrunk;
  }
}

/** `__bpf_lru_node_move`: to the front of another (or the same) list of the set. */
function move(i32: Int32Array, list: LruList, node: number, target: number): void {
  const typeAt = (node >> 2) + NODE_TYPE;
  const type = i32[typeAt]! & 0xff;
  if (type !== target) {
    list.counts[type]!--;
    list.counts[target]!++;
    i32[typeAt] = (i32[typeAt]! & ~0xff) | target;
  }
  i32[(node >> 2) + NODE_REF] = 0;
  if (node === list.nextInactiveRotation) list.nextInactiveRotation = i32[(node >> 2) + NODE_PREV]!;
  unlink(i32, node);
  insert(i32, node, list.heads[target]!);
}

/** `__bpf_lru_node_move_to_free`: out of the set, to a free list. */
function moveToFree(i32: Int32Array, list: LruList, node: number, freeHead: number, freeType: number): void {
  const typeAt = (node >> 2) + NODE_TYPE;
  if (node === list.nextInactiveRotation) list.nextInactiveRotation = i32[(node >> 2) + NODE_PREV]!;
  list.counts[i32[typeAt]! & 0xff]!--;
  if (freeType === FREE) list.counts[FREE]!++;
  i32[typeAt] = (i32[typeAt]! & ~0xff) | freeType;
  unlink(i32, node);
  insert(i32, node, freeHead);
}

/** Takes the last node off a list, 0 when it is empty. The oldest free node is used first, as in the kernel. */
function popLast(i32: Int32Array, head: number): number {
  const node = i32[(head >> 2) + NODE_PREV]!;
  if (node === head) return 0;
  const previous = i32[(node >> 2) + NODE_PREV]!;
  i32[(head >> 2) + NODE_PREV] = previous;
  i32[(previous >> 2) + NODE_NEXT] = head;
  return node;
}

function unlink(i32: Int32Array, node: number): void {
  const next = i32[(node >> 2) + NODE_NEXT]!;
  const previous = i32[(node >> 2) + NODE_PREV]!;
  i32[(previous >> 2) + NODE_NEXT] = next;
  i32[(next >> 2) + NODE_PREV] = previous;
}

/** Puts a node right behind a list's head. */
function insert(i32: Int32Array, node: number, head: number): void {
  const first = i32[(head >> 2) + NODE_NEXT]!;
  i32[(node >> 2) + NODE_NEXT] = first;
  i32[(node >> 2) + NODE_PREV] = head;
  i32[(first >> 2) + NODE_PREV] = node;
  i32[(head >> 2) + NODE_NEXT] = node;
}

/** Moves the nodes from `first` to `last`, which follow each other, right behind another list's head. */
function splice(i32: Int32Array, first: number, last: number, head: number): void {
  const before = i32[(first >> 2) + NODE_PREV]!;
  const after = i32[(last >> 2) + NODE_NEXT]!;
  i32[(before >> 2) + NODE_NEXT] = after;
  i32[(after >> 2) + NODE_PREV] = before;
  const next = i32[(head >> 2) + NODE_NEXT]!;
  i32[(first >> 2) + NODE_PREV] = head;
  i32[(head >> 2) + NODE_NEXT] = first;
  i32[(last >> 2) + NODE_NEXT] = next;
  i32[(next >> 2) + NODE_PREV] = last;
}
