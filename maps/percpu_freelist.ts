/**
 * Free elements of a preallocated table, one list a CPU (`pcpu_freelist`): an
 * element freed on a CPU is the next one handed out there; a CPU whose list is
 * empty takes from the others.
 *
 * The link is the element's second word, so that the first one (the chain of its
 * bucket) survives: an iteration that stands on an element being deleted goes on.
 */

/** Word of a free element that holds the next free one. */
const LINK = 1;

/** Lists of free elements by CPU. */
export class PercpuFreelist {
  readonly #i32: Int32Array;
  readonly #heads: Int32Array;
  /** Free elements in all lists. */
  size = 0;

  constructor(i32: Int32Array, nrCpus: number) {
    this.#i32 = i32;
    this.#heads = new Int32Array(nrCpus);
  }

  /** Fills the lists with `count` elements of `size` bytes each from `base` on, split evenly in CPU order. */
  populate(base: number, size: number, count: number): void {
    const nrCpus = this.#heads.length;
    const share = Math.floor(count / nrCpus);
    const rest = count % nrCpus;
    let element = base;
    for (let cpu = 0; cpu < nrCpus; cpu++) {
      let head = this.#heads[cpu]!;
      for (let left = share + (cpu < rest ? 1 : 0); left > 0; left--) {
        this.#i32[(element >> 2) + LINK] = head;
        head = element;
        element += size;
      }
      this.#heads[cpu] = head;
    }
    this.size += count;
  }

  /** Its heads, for {@link Saves}. */
  saveState(): () => void {
    const heads = this.#heads.slice();
    return () => this.#heads.set(heads);
  }

  push(element: number, cpu: number): void {
    this.#i32[(element >> 2) + LINK] = this.#heads[cpu]!;
    this.#heads[cpu] = element;
    this.size++;
  }

  /** An element for this CPU, or 0 when all lists are empty. */
  pop(cpu: number): number {
    if (this.size === 0) return 0;
    const heads = this.#heads;
    while (heads[cpu] === 0) cpu = cpu + 1 === heads.length ? 0 : cpu + 1;
    const element = heads[cpu]!;
    heads[cpu] = this.#i32[(element >> 2) + LINK]!;
    this.size--;
    return element;
  }
}
