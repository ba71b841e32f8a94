/** Iterators over the objects of the emulated kernel by id: maps, programs, links (map_iter.c, prog_iter.c, link_iter.c). */
import type { Idr } from '../../base/idr.ts';
import type { BpfObject } from '../../base/object.ts';
import type { BpfProgBase } from '../../base/prog.ts';
import type { Images } from '../../vm/images.ts';
import type { Kernel } from '../kernel.ts';
import type { BpfLink } from '../link.ts';
import { linkImage, mapImage, progImage } from './images.ts';
import type { IterObjects, IterRun, IterTarget } from './target.ts';

/** Walks over ids: one that has gone is passed over, new ones at the end are found by a later read. */
class ById<T extends BpfObject> implements IterObjects {
  readonly #table: Idr<T>;
  readonly #image: (images: Images, object: T) => number;
  /** Where to look next. */
  #id = 0;
  #current: T | undefined;

  constructor(table: Idr<T>, image: (images: Images, object: T) => number) {
    this.#table = table;
    this.#image = image;
  }

  /** The object at the position or the first after it (`bpf_map_get_curr_or_next`); held until the next step. */
  start(): number {
    const id = this.#table.find(this.#id) === undefined ? this.#table.nextAfter(this.#id) : this.#id;
    const object = id === 0 ? undefined : this.#table.find(id);
    if (object === undefined) return 0;
    this.#id = id;
    object.get();
    this.#current = object;
    return 1;
  }

  next(): number {
    this.#drop();
    this.#id++;
    return this.start();
  }

  show(run: IterRun, end: boolean): number {
    run.ptr(0, end || this.#current === undefined ? 0 : this.#image(run.images, this.#current));
    return run.call();
  }

  stop(): void {
    this.#drop();
  }

  #drop(): void {
    this.#current?.put();
    this.#current = undefined;
  }
}

/** All maps. */
export const MAP_TARGET: IterTarget = {
  name: 'bpf_map',
  resched: false,
  open: (kernel: Kernel) => new ById(kernel.maps, (_images, map) => mapImage(kernel, map)),
};

/** All programs. */
export const PROG_TARGET: IterTarget = {
  name: 'bpf_prog',
  resched: false,
  open: (kernel: Kernel) => new ById(kernel.progs, (images, prog) => progImage(images, prog as BpfProgBase)),
};

/** All links. */
export const LINK_TARGET: IterTarget = {
  name: 'bpf_link',
  resched: false,
  open: (kernel: Kernel) => new ById(kernel.links, (images, link) => linkImage(images, link as BpfLink)),
};
