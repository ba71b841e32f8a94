/**
 * Ids of one kind of object: allocated cyclically from 1, never reused at once
 * (source: idr_alloc_cyclic as bpf(2) uses it; recorded in the golden file `ids`).
 */
import type { Grace } from './grace.ts';
import type { BpfObject } from './object.ts';

const ID_MAX = 0x7fffffff;

/** Table of the objects of one kind by id. */
export class Idr<T extends BpfObject> {
  readonly #objects = new Map<number, T>();
  /** Ids in use, ascending. */
  readonly #ids: number[] = [];
  #next = 1;
  readonly #grace: Grace | undefined;

  /** `grace`: when objects may be freed after their last reference; undefined: at once. */
  constructor(grace?: Grace) {
    this.#grace = grace;
  }

  /** Gives the object the next free id; it is forgotten when the object goes away. */
  add(object: T): void {
    while (this.#objects.has(this.#next)) this.#advance();
    object.id = this.#next;
    this.#objects.set(object.id, object);
    this.#ids.splice(this.#firstAbove(object.id), 0, object.id);
    object.onRelease = () => this.#remove(object.id);
    object.grace = this.#grace;
    this.#advance();
  }

  /** The object with this id, or undefined. Takes no reference. */
  find(id: number): T | undefined {
    return this.#objects.get(id);
  }

  /** The smallest id in use above `id`, or 0 when there is none. */
  nextAfter(id: number): number {
    return this.#ids[this.#firstAbove(id)] ?? 0;
  }

  /** How many objects there are. */
  get size(): number {
    return this.#objects.size;
  }

  /** The objects in order of their ids. */
  values(): T[] {
    return this.#ids.map((id) => this.#objects.get(id) as T);
  }

  #advance(): void {
    this.#next = this.#next === ID_MAX ? 1 : this.#next + 1;
  }

  #remove(id: number): void {
    this.#objects.delete(id);
    this.#ids.splice(this.#firstAbove(id) - 1, 1);
  }

  /** Index of the first id above `id` (binary search). */
  #firstAbove(id: number): number {
    let low = 0;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] as number) <= id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
