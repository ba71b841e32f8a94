/**
 * Memory of the emulated kernel that commands copy keys and values through
 * (`kvmalloc` of a command): taken from the arena once, so that element commands
 * do not allocate.
 */
import type { Arena } from '../mm/arena.ts';

/** Views of sizes up to here are kept. */
const CACHED_VIEWS = 1024;

/** One buffer in the arena; requests larger than it are served by the allocator. */
export class Scratch {
  readonly #arena: Arena;
  readonly #size: number;
  #addr = 0;
  readonly #views: (Uint8Array | undefined)[] = new Array(CACHED_VIEWS + 1);

  constructor(arena: Arena, size: number) {
    this.#arena = arena;
    this.#size = size;
  }

  /** Address of `size` bytes (contents undefined), 0 when memory is short. Give it back with {@link release}. */
  take(size: number): number {
    if (size > this.#size) return this.#arena.alloc(size);
    if (this.#addr === 0) this.#addr = this.#arena.alloc(this.#size);
    return this.#addr;
  }

  /** Gives back what {@link take} gave. */
  release(addr: number, size: number): void {
    if (size > this.#size) this.#arena.free(addr, size);
  }

  /** The bytes at an address of {@link take}. */
  view(addr: number, size: number): Uint8Array {
    if (addr !== this.#addr || size > CACHED_VIEWS) return this.#arena.u8.subarray(addr, addr + size);
    let view = this.#views[size];
    if (view === undefined) {
      view = this.#arena.u8.subarray(addr, addr + size);
      this.#views[size] = view;
    }
    return view;
  }
}

/** The buffers of one kernel. */
export class Scratches {
  readonly key: Scratch;
  readonly nextKey: Scratch;
  readonly value: Scratch;

  constructor(arena: Arena) {
    this.key = new Scratch(arena, 4096);
    this.nextKey = new Scratch(arena, 4096);
    this.value = new Scratch(arena, 65536);
  }
}
