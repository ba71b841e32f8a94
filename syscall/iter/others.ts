/**
 * Iterators over what the emulated kernel has none of (sockets, routes, slabs, DMA
 * buffers), and over its symbols.
 */
import type { LoadedProg } from '../loaded_prog.ts';
import type { IterObjects, IterRun, IterTarget } from './target.ts';

/** Nothing; where the kernel's list has a head that is no object (`SEQ_START_TOKEN`), it is passed. */
class Nothing implements IterObjects {
  /** Members of the context behind `meta`. */
  readonly #members: number;
  readonly #tellsEnd: boolean;

  constructor(members: number, tellsEnd: boolean) {
    this.#members = members;
    this.#tellsEnd = tellsEnd;
  }

  start(): number {
    return 0;
  }

  next(): number {
    return 0;
  }

  show(run: IterRun): number {
    if (!this.#tellsEnd) return 0;
    for (let i = 0; i < this.#members; i++) run.ptr(i, 0);
    return run.call();
  }
}

function empty(name: string, members: number, resched = false, tellsEnd = true): IterTarget {
  return { name, resched, open: () => new Nothing(members, tellsEnd) };
}

/** A net namespace without sockets and routes; a kernel without caches and buffers. */
export const EMPTY_TARGETS: readonly IterTarget[] = [
  empty('tcp', 2),
  empty('udp', 3),
  empty('unix', 2),
  empty('netlink', 1),
  empty('ipv6_route', 1),
  empty('kmem_cache', 1, true),
  empty('dmabuf', 1, true, false),
];

/** Symbols of programs, the only code the emulated kernel names (`bpf_prog_TAG_NAME`). */
class Symbols implements IterObjects {
  readonly #progs: readonly LoadedProg[];
  #at = 0;

  constructor(progs: readonly LoadedProg[]) {
    this.#progs = progs;
    for (const prog of progs) prog.get();
  }

  start(): number {
    return this.#at < this.#progs.length ? 1 : 0;
  }

  next(): number {
    this.#at++;
    return this.start();
  }

  show(run: IterRun, end: boolean): number {
    const prog = end ? undefined : this.#progs[this.#at];
    let address = 0;
    if (prog !== undefined) {
      address = run.images
        .make('kallsym_iter')
        .set('pos', this.#at)
        .set('type', 0x74)
        .text('name', prog.symbol)
        .text('module_name', 'bpf')
        .set('show_value', 0).addr;
    }
    run.ptr(0, address);
    return run.call();
  }

  close(): void {
    for (const prog of this.#progs) prog.put();
  }
}

/** Kernel symbols. */
export const KSYM_TARGET: IterTarget = {
  name: 'ksym',
  resched: true,
  open: (kernel) => new Symbols(kernel.progs.values() as LoadedProg[]),
};
