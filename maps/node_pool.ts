/**
 * Nodes of one size that belong to one map: taken from chunks that grow, given
 * back to the map's own list, and all freed with the map. Memory of a deleted node
 * is only ever reused as a node of the same map (`bpf_mem_alloc` works so, too).
 */
import type { Arena } from '../mm/arena.ts';

const CHUNK_MIN = 4096;
const CHUNK_MAX = 65536;

/** A pool of nodes; the first word of a free one is the link to the next. */
export class NodePool {
  readonly nodeSize: number;
  readonly #arena: Arena;
  readonly #chunks: { readonly addr: number; readonly size: number }[] = [];
  #free = 0;
  /** Nodes handed out. */
  used = 0;

  constructor(arena: Arena, nodeSize: number) {
    this.#arena = arena;
    this.nodeSize = nodeSize;
  }

  /** A node with whatever it last contained, or 0 when memory is short. */
  take(): number {
    if (this.#free === 0 && !this.#grow()) return 0;
    const node = this.#free;
    this.#free = this.#arena.i32[node >> 2]!;
    this.used++;
    return node;
  }

  /** Its lists, for `Saves`. */
  saveState(): () => void {
    const free = this.#free;
    const chunks = this.#chunks.slice();
    return () => {
      this.#free = free;
      this.#chunks.splice(0, this.#chunks.length, ...chunks);
    };
  }

  give(node: number): void {
    this.#arena.i32[node >> 2] = this.#free;
    this.#free = node;
    this.used--;
  }

  freeAll(): void {
    for (const chunk of this.#chunks) this.#arena.free(chunk.addr, chunk.size);
    this.#chunks.length = 0;
    this.#free = 0;
  }

  #grow(): boolean {
    const wanted = Math.min(CHUNK_MIN * 2 ** this.#chunks.length, CHUNK_MAX);
    const count = Math.max(1, Math.floor(wanted / this.nodeSize));
    const size = Math.max(count * this.nodeSize, CHUNK_MIN);
    const addr = this.#arena.alloc(size);
    if (addr === 0) return false;
    this.#chunks.push({ addr, size });
    for (let i = count - 1; i >= 0; i--) {
      const node = addr + i * this.nodeSize;
      this.#arena.i32[node >> 2] = this.#free;
      this.#free = node;
    }
    return true;
  }
}
