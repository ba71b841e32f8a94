/** The iterator over cgroups (kernel/bpf/cgroup_iter.c). Its whole output must fit one read. */
import { BpfFile } from '../../base/object.ts';
import { EBADF, EINVAL, ENOENT, ENOTSUP } from '../../uapi/errno.ts';
import { ancestors, descendants, type MachineCgroup } from '../../vm/machine.ts';
import { cgroupImage } from '../../vm/task_images.ts';
import type { Caller } from '../caller.ts';
import type { Kernel } from '../kernel.ts';
import type { IterAux, IterObjects, IterRequest, IterRun, IterTarget } from './target.ts';

/** `enum bpf_cgroup_iter_order`. */
const CGROUP_ORDER = { SELF_ONLY: 1, DESCENDANTS_PRE: 2, DESCENDANTS_POST: 3, ANCESTORS_UP: 4 } as const;
const ORDER_NAMES: Readonly<Record<number, string>> = {
  1: 'self_only',
  2: 'descendants_pre',
  3: 'descendants_post',
  4: 'ancestors_up',
};

/** What stands for the root where the machine has no unified hierarchy. */
const ROOT: MachineCgroup = { path: '/', id: 1, dev: 0 };

function rootOf(kernel: Kernel): MachineCgroup {
  return kernel.machine?.cgroupRoot() ?? ROOT;
}

/** `bpf_iter_attach_cgroup`. */
function attachCgroup(kernel: Kernel, caller: Caller, request: IterRequest): IterAux | number {
  const [order, fd, low, high] = request.words as unknown as readonly [number, number, number, number];
  if (ORDER_NAMES[order] === undefined) return -EINVAL;
  const id = high * 2 ** 32 + low;
  if (fd !== 0 && id !== 0) return -EINVAL;
  if (fd !== 0) {
    const file = caller.fdget(fd);
    if (file === undefined || file instanceof BpfFile || file.what !== 'cgroup') return -EBADF;
    return { cgroup: { start: { path: file.path, id: file.ino, dev: file.dev }, order } };
  }
  const start = id === 0 ? rootOf(kernel) : id === ROOT.id ? rootOf(kernel) : kernel.machine?.cgroup(id);
  return start === undefined ? -ENOENT : { cgroup: { start, order } };
}

class Cgroups implements IterObjects {
  readonly #kernel: Kernel;
  readonly #start: MachineCgroup;
  readonly #order: number;
  #list: MachineCgroup[] = [];
  #at = 0;
  #started = false;
  #terminate = false;
  #visitedAll = false;

  constructor(kernel: Kernel, start: MachineCgroup, order: number) {
    this.#kernel = kernel;
    this.#start = start;
    this.#order = order;
  }

  start(): number {
    // One read must do; a second one finds that all was said, or that it cannot go on.
    if (this.#started) return this.#visitedAll ? 0 : -ENOTSUP;
    this.#started = true;
    this.#at = 0;
    const { machine } = this.#kernel;
    const { DESCENDANTS_PRE, DESCENDANTS_POST, ANCESTORS_UP } = CGROUP_ORDER;
    if (this.#order === DESCENDANTS_PRE || this.#order === DESCENDANTS_POST)
      this.#list = descendants(machine, this.#start, this.#order === DESCENDANTS_PRE);
    else
      this.#list = this.#order === ANCESTORS_UP ? ancestors(machine, this.#start, rootOf(this.#kernel)) : [this.#start];
    return 1;
  }

  next(): number {
    this.#at++;
    return !this.#terminate && this.#at < this.#list.length ? 1 : 0;
  }

  show(run: IterRun, end: boolean): number {
    const cgroup = end ? undefined : this.#list[this.#at];
    const root = rootOf(this.#kernel).path;
    run.ptr(0, cgroup === undefined ? 0 : cgroupImage(this.#kernel.vm, run.images, cgroup, root));
    // A program that returns 1 ends the walk after this one.
    if (run.call() !== 0) this.#terminate = true;
    if (end) this.#visitedAll = true;
    return 0;
  }
}

/** Cgroups below one, or above it. */
export const CGROUP_TARGET: IterTarget = {
  name: 'cgroup',
  resched: true,
  attach: attachCgroup,
  open(kernel, aux) {
    const { start, order } = aux.cgroup ?? { start: rootOf(kernel), order: CGROUP_ORDER.SELF_ONLY };
    return new Cgroups(kernel, start, order);
  },
  fdinfo(aux) {
    const path = aux.cgroup?.start.path ?? '/';
    const below = path.replace(/^\/sys\/fs\/cgroup(?:\/unified)?(?=\/|$)/, '');
    return `cgroup_path:\t${below === '' ? '/' : below}\norder: ${ORDER_NAMES[aux.cgroup?.order ?? 0] ?? 'self_only'}\n`;
  },
};
