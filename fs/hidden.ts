/**
 * Files without a place in the tree: open iterators (ITER_CREATE), which `exec` hands out
 * as descriptors of the mount, so that each read(2) reaches the iterator as it was made.
 *
 * A server opens such a file once, by a name that nobody can guess, on a thread of its own.
 */

import type { BpfObject } from '../base/object.ts';
import { perKernel } from '../syscall/per_kernel.ts';

/** How the names begin; the native part knows descriptors of them by it. */
export const HIDDEN_PREFIX = '.bpf_iter-';

/** What waits to be opened, by name. */
class HiddenFiles {
  readonly #objects = new Map<string, BpfObject>();

  /** A name for an object, of which a user reference is taken. */
  add(object: BpfObject): string {
    const words = crypto.getRandomValues(new Uint32Array(4));
    const name = HIDDEN_PREFIX + [...words].map((word) => word.toString(16).padStart(8, '0')).join('');
    object.getUser();
    this.#objects.set(name, object);
    return name;
  }

  /** The object of a name, once; its reference passes to the caller. */
  take(name: string): BpfObject | undefined {
    const object = this.#objects.get(name);
    this.#objects.delete(name);
    return object;
  }

  /** Drops an object that was not opened after all. */
  drop(name: string): void {
    this.take(name)?.putUser();
  }
}

/** Those of an emulated kernel. */
export const hiddenOf = perKernel(() => new HiddenFiles());
