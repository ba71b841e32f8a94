/**
 * Free elements of a preallocated table, one list a CPU (`pcpu_freelist`): an
 * element freed on a CPU is the next one handed out there; a CPU whose list is
 * empty takes from the others.
 *
 * The link is the element's second word, so that the first one (the chain of its
 * bucket) survives: an iteration that stands on an element being deleted goes on.
 * Heads are kept in the arena, for programs that put and take elements themselves.
 */

/** Word of a free element that holds the next free one. */
export const FREE_LINK = 1;

/** Lists of free elements by CPU. */
export class PercpuFreelist {
  readonly #i32: Int32Array;
  readonly #nrCpus: number;
  /** Word of the number of free elements in all lists; the head of each CPU's list follows. */
  readonly #size: number;
  readonly #heads: number;

  /** Lists in `1 + nrCpus` words of the arena from the word `state` on, which are 0. */
  constructor(i32: Int32Array, nrCpus: number, state: number) {
    this.#i32 = i32;
    this.#nrCpus = nrCpus;
    this.#size = state;
    this.#heads = state + 1;
  }

  /** Fills the lists with `count` elements of `size` bytes each from `base` on, split evenly in CPU order. */
  populate(base: number, size: number, count: number): void {
    const i32 = this.#i32;
    const nrCpus = this.#nrCpus;
    const share = Math.floor(count / nrCpus);
    const rest = count % nrCpus;
    let element = base;
    for (let cpu = 0; cpu < nrCpus; cpu++) {
      let head = i32[this.#heads + cpu]!;
      for (let left = share + (cpu < rest ? 1 : 0); left > 0; left--) {
        i32[(element >> 2) + FREE_LINK] = head;
        head = element;
        element += size;
      }
      i32[this.#heads + cpu] = head;
    }
    i32[this.#size]! += count;
  }

  push(element: number, cpu: number): void {
    const i32 = this.#i32;
    i32[(element >> 2) + FREE_LINK] = i32[this.#heads + cpu]!;
    i32[this.#heads + cpu] = element;
    i32[this.#size]!++;
  }

  /** An element for this CPU, or 0 when all lists are empty. */
  pop(cpu: number): number {
    const i32 = this.#i32;
    if (i32[this.#size] === 0) return 0;
    const heads = this.#heads;
    while (i32[heads + cpu] === 0) cpu = cpu + 1 === this.#nrCpus ? 0 : cpu + 1;
    const element = i32[heads + cpu]!;
    i32[heads + cpu] = i32[(element >> 2) + FREE_LINK]!;
    i32[this.#size]!--;
    return element;
  }
}
