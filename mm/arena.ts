/**
 * The arena: the memory of the emulated kernel.
 *
 * One WebAssembly.Memory, reserved up front and never grown, holds everything an
 * address of the emulated kernel can point at: map keys and values, stacks,
 * contexts, packets, ring buffers. TypeScript, the interpreter and compiled
 * programs use the same bytes.
 *
 * An address inside TypeScript is an offset into the arena (a non-negative int32);
 * the pointer a program sees is `BASE_HI << 32 | offset`, so `i32.wrap_i64` turns
 * the one into the other. Offset 0 is never handed out: it is NULL.
 *
 * Two allocators share it, as in a kernel: pages (a bitmap with a next-fit hand,
 * for blocks of a page and more) and slabs (power-of-two and 3·2^n size classes
 * carved from pages, for everything smaller).
 */
import { EINVAL } from '../uapi/errno.ts';

export const PAGE_SIZE = 4096;
export const PAGE_SHIFT = 12;

/** High half of every kernel address a program sees (x86_64 direct map, low 32 bits zero). */
export const BASE_HI = 0xffff8880;

/** Smallest and largest arena, in bytes; 2 GiB keeps every offset a non-negative int32. */
export const ARENA_MIN = 16 << 20;
export const ARENA_MAX = 2 ** 31 - 65536;

/** The first page handed out: a NULL pointer plus a small offset stays unmapped. */
const FIRST_PAGE = 16;

/** Byte that freed memory is filled with when poisoning is on (`POISON_FREE`, include/linux/poison.h). */
const POISON_FREE = 0x6b;

/** Sizes of the small classes, in bytes; larger blocks are whole pages. */
const CLASS_SIZES = [8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1360, 2048] as const;
const SMALL_MAX = 2048;

/** Up to this many bytes a loop over words beats a call of copyWithin (measured on Node 20). */
const COPY_LOOP_MAX = 128;

/** How an {@link Arena} is made. */
export interface ArenaOptions {
  /** Size in bytes; rounded up to whole 64 KiB WebAssembly pages. */
  readonly size: number;
  /** Fill freed memory with 0x6b, to make a use after free visible in tests. */
  readonly poison?: boolean;
}

/** The emulated kernel's memory and its allocators. */
export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly size: number;
  readonly buffer: ArrayBuffer;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly u64: BigUint64Array;
  readonly view: DataView;

  /** Bytes handed out at present, in whole blocks (what `status` shows). */
  used = 0;
  /** The most {@link used} has been. */
  peak = 0;

  readonly #poison: boolean;
  readonly #nrPages: number;
  /** One byte a page: 0 free, 1 in use. */
  readonly #pageUsed: Uint8Array;
  /** Where the search for free pages goes on. */
  #hand = FIRST_PAGE;
  #freePages: number;
  /** First page that was never handed out: it and all above are still zero, and cost no memory. */
  #virgin = FIRST_PAGE;
  /** Head of the free list of each size class; a free block's first word is the next. */
  readonly #classFree = new Int32Array(CLASS_SIZES.length);
  /** Size class of `(bytes + 7) >> 3`. */
  readonly #classOf = new Uint8Array((SMALL_MAX >> 3) + 1);

  constructor(options: ArenaOptions) {
    const bytes = Math.min(Math.max(options.size, ARENA_MIN), ARENA_MAX);
    const wasmPages = Math.ceil(bytes / 65536);
    this.memory = new WebAssembly.Memory({ initial: wasmPages, maximum: wasmPages });
    this.size = wasmPages * 65536;
    this.buffer = this.memory.buffer as ArrayBuffer;
    this.u8 = new Uint8Array(this.buffer);
    this.u16 = new Uint16Array(this.buffer);
    this.i32 = new Int32Array(this.buffer);
    this.u32 = new Uint32Array(this.buffer);
    this.u64 = new BigUint64Array(this.buffer);
    this.view = new DataView(this.buffer);
    this.#poison = options.poison === true;
    this.#nrPages = this.size >>> PAGE_SHIFT;
    this.#pageUsed = new Uint8Array(this.#nrPages);
    this.#pageUsed.fill(1, 0, FIRST_PAGE);
    this.#freePages = this.#nrPages - FIRST_PAGE;
    let sizeClass = 0;
    for (let words = 0; words < this.#classOf.length; words++) {
      while ((CLASS_SIZES[sizeClass] as number) < words << 3) sizeClass++;
      this.#classOf[words] = sizeClass;
    }
  }

  /** Bytes that are still free, in whole pages. */
  get available(): number {
    return this.#freePages << PAGE_SHIFT;
  }

  /**
   * What a block of `size` bytes really takes: its size class, or whole pages.
   * The accounting of maps (`memlock` in fdinfo) is made of it.
   */
  blockSize(size: number): number {
    if (size <= SMALL_MAX) return CLASS_SIZES[this.#classOf[(size + 7) >> 3] as number] as number;
    return Math.ceil(size / PAGE_SIZE) * PAGE_SIZE;
  }

  /**
   * Hands out a zeroed block of at least `size` bytes, 8-byte aligned (16-byte
   * from 16 bytes of a power-of-two size on; page-aligned when larger than 2048).
   * Returns 0 when memory is short (the caller answers -ENOMEM).
   */
  alloc(size: number): number {
    if (!(size >= 0) || size > this.size) return 0;
    if (size > SMALL_MAX) return this.allocPages(Math.ceil(size / PAGE_SIZE));
    const sizeClass = this.#classOf[(size + 7) >> 3] as number;
    let block = this.#classFree[sizeClass] as number;
    if (block === 0) {
      block = this.#refill(sizeClass);
      if (block === 0) return 0;
    }
    this.#classFree[sizeClass] = this.i32[block >> 2] as number;
    const blockSize = CLASS_SIZES[sizeClass] as number;
    this.u8.fill(0, block, block + blockSize);
    this.#account(blockSize);
    return block;
  }

  /** Gives back a block of {@link alloc}; `size` is what was asked for. 0 is ignored. */
  free(block: number, size: number): void {
    if (block === 0) return;
    if (size > SMALL_MAX) {
      this.freePages(block, Math.ceil(size / PAGE_SIZE));
      return;
    }
    const sizeClass = this.#classOf[(size + 7) >> 3] as number;
    const blockSize = CLASS_SIZES[sizeClass] as number;
    if (this.#poison) this.u8.fill(POISON_FREE, block, block + blockSize);
    this.i32[block >> 2] = this.#classFree[sizeClass] as number;
    this.#classFree[sizeClass] = block;
    this.used -= blockSize;
  }

  /** Hands out `count` zeroed pages in a row, page-aligned; 0 when there is no such run. */
  allocPages(count: number): number {
    const page = this.#findRun(count);
    if (page === 0) return 0;
    this.#pageUsed.fill(1, page, page + count);
    this.#freePages -= count;
    this.#hand = page + count;
    const block = page << PAGE_SHIFT;
    const bytes = count * PAGE_SIZE;
    if (page < this.#virgin) this.u8.fill(0, block, Math.min(page + count, this.#virgin) << PAGE_SHIFT);
    if (page + count > this.#virgin) this.#virgin = page + count;
    this.#account(bytes);
    return block;
  }

  /** Gives back `count` pages of {@link allocPages}. */
  freePages(block: number, count: number): void {
    if (block === 0) return;
    if ((block & (PAGE_SIZE - 1)) !== 0)
      throw new RangeError(`Cannot free pages at ${block}: not page-aligned (${EINVAL})`);
    if (this.#poison) this.u8.fill(POISON_FREE, block, block + count * PAGE_SIZE);
    const page = block >>> PAGE_SHIFT;
    this.#pageUsed.fill(0, page, page + count);
    this.#freePages += count;
    if (page < this.#hand) this.#hand = page;
    this.used -= count * PAGE_SIZE;
  }

  /** Whether `[offset, offset + length)` lies inside the arena and off its first pages. */
  contains(offset: number, length: number): boolean {
    return offset >= FIRST_PAGE * PAGE_SIZE && length >= 0 && offset + length <= this.size;
  }

  /** Copies `length` bytes from `from` to `to`; the two may overlap. */
  copy(to: number, from: number, length: number): void {
    if (length > COPY_LOOP_MAX || ((to | from) & 3) !== 0) {
      this.u8.copyWithin(to, from, from + length);
      return;
    }
    const i32 = this.i32;
    const words = length >> 2;
    const toWord = to >> 2;
    const fromWord = from >> 2;
    if (to <= from || to >= from + length) {
      for (let i = 0; i < words; i++) i32[toWord + i] = i32[fromWord + i]!;
      for (let i = words << 2; i < length; i++) this.u8[to + i] = this.u8[from + i]!;
    } else {
      this.u8.copyWithin(to, from, from + length);
    }
  }

  /** Zeroes `length` bytes. */
  zero(at: number, length: number): void {
    this.u8.fill(0, at, at + length);
  }

  /** End of the memory that was ever handed out; what is above is zero. */
  get highWater(): number {
    return this.#virgin << PAGE_SHIFT;
  }

  /**
   * Copies the memory that was ever handed out and the allocators: what puts them back
   * (`Saves` of base/saved_state.ts). For tests: it takes time for every byte in use.
   */
  saveState(): () => void {
    const { used, peak, highWater } = this;
    const bytes = this.u8.slice(0, highWater);
    const pages = this.#pageUsed.slice();
    const classes = this.#classFree.slice();
    const [hand, free, virgin] = [this.#hand, this.#freePages, this.#virgin];
    return () => {
      this.u8.fill(0, highWater, this.highWater);
      this.u8.set(bytes);
      this.#pageUsed.set(pages);
      this.#classFree.set(classes);
      this.#hand = hand;
      this.#freePages = free;
      this.#virgin = virgin;
      this.used = used;
      this.peak = peak;
    };
  }

  #account(bytes: number): void {
    this.used += bytes;
    if (this.used > this.peak) this.peak = this.used;
  }

  #findRun(count: number): number {
    if (count <= 0 || count > this.#freePages) return 0;
    return this.#scan(this.#hand, this.#nrPages, count) || this.#scan(FIRST_PAGE, this.#nrPages, count);
  }

  #scan(from: number, end: number, count: number): number {
    const used = this.#pageUsed;
    let start = used.indexOf(0, from);
    while (start !== -1 && start + count <= end) {
      const stop = used.indexOf(1, start);
      if (stop === -1 || stop - start >= count) return start;
      start = used.indexOf(0, stop);
    }
    return 0;
  }

  #refill(sizeClass: number): number {
    const pages = (CLASS_SIZES[sizeClass] as number) > 1024 ? 2 : 1;
    const page = this.#findRun(pages);
    if (page === 0) return 0;
    this.#pageUsed.fill(1, page, page + pages);
    this.#freePages -= pages;
    this.#hand = page + pages;
    if (page + pages > this.#virgin) this.#virgin = page + pages;
    const blockSize = CLASS_SIZES[sizeClass] as number;
    const base = page << PAGE_SHIFT;
    let next = 0;
    for (let at = base + Math.floor((pages * PAGE_SIZE) / blockSize - 1) * blockSize; at >= base; at -= blockSize) {
      this.i32[at >> 2] = next;
      next = at;
    }
    this.#classFree[sizeClass] = base;
    return base;
  }
}
