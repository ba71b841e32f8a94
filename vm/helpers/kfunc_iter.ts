/**
 * Iterators over kernel objects (Documentation/bpf/bpf_iterators.rst): the machine's tasks,
 * their mappings and its cgroups, where a door tells of them, else the one task that runs;
 * there are no caches or buffers to visit. An iterator is known by its address on the
 * program's stack.
 */
import { EFAULT, EINVAL, ENOENT } from '../../uapi/errno.ts';
import type { HelperImpl } from '../helper.ts';
import { Images } from '../images.ts';
import { ancestors, descendants, type MachineTask } from '../machine.ts';
import { cgroupImage, taskImage, vmaImage } from '../task_images.ts';
import type { Vm } from '../vm.ts';
import { readUser } from './probe.ts';
import { releaseResLock, takeResLock } from './sync.ts';
import { taskAddress } from './task.ts';

/** Flags of bpf_iter_task_new: all processes, all threads, threads of one process. */
const TASK_FLAGS_MAX = 2;

function begin(vm: Vm, it = 0): number {
  vm.env.arena.u64[it >> 3] = 0n;
  return 0;
}

/** Structures of what was visited last stay readable until so many more were visited. */
const KEPT = 256;

/** One iteration that goes on: what is to be visited, as makers of structures. */
interface Walk {
  readonly visits: readonly ((images: Images) => number)[];
  next: number;
  readonly made: { readonly images: Images; readonly addr: number }[];
}

/** Name of the walks, by the iterator's address, in {@link Vm.helperState}. */
const WALKS = 'walks';

function walksOf(vm: Vm): Map<number, Walk> {
  let all = vm.helperState.get(WALKS) as Map<number, Walk> | undefined;
  if (all === undefined) {
    all = new Map();
    vm.helperState.set(WALKS, all);
  }
  return all;
}

/** Begins a walk for the iterator at this address; a program that was ended may have left one there. */
function start(vm: Vm, it: number, visits: Walk['visits']): number {
  destroy(vm, it);
  walksOf(vm).set(it, { visits, next: 0, made: [] });
  return 0;
}

/** The next structure, or NULL. */
function next(vm: Vm, it = 0): number {
  vm.loopTurn();
  const walk = walksOf(vm).get(it);
  const visit = walk?.visits[walk.next++];
  if (walk === undefined || visit === undefined) return 0;
  const images = new Images(vm.env);
  const addr = visit(images);
  walk.made.push({ images, addr });
  if (walk.made.length > KEPT) drop(vm, walk.made.shift());
  return addr;
}

function drop(vm: Vm, made: Walk['made'][number] | undefined): void {
  if (made === undefined) return;
  vm.kernelObjects.delete(made.addr);
  made.images.free();
}

function destroy(vm: Vm, it = 0): number {
  for (const made of walksOf(vm).get(it)?.made ?? []) drop(vm, made);
  walksOf(vm).delete(it);
  return 0;
}

/** The idle task, which the kernel's list of tasks begins with. */
const IDLE: MachineTask = {
  pid: 0,
  tgid: 0,
  ppid: 0,
  comm: 'swapper/0',
  uid: 0,
  gid: 0,
  isKernelThread: true,
  startTime: 0n,
};
const ALL_PROCS = 0;
const PROC_THREADS = 2;

/** Process id of the task at an address: one that was given, or the current one. */
function tgidAt(vm: Vm, address: number): number {
  return vm.kernelObjects.get(address)?.task?.tgid ?? vm.task.tgid;
}

function taskNew(vm: Vm, it = 0, task = 0, flags = 0): number {
  begin(vm, it);
  if (flags >>> 0 > TASK_FLAGS_MAX || (flags === PROC_THREADS && task === 0)) {
    destroy(vm, it);
    return -EINVAL;
  }
  const { machine } = vm.env;
  if (machine === undefined) return start(vm, it, [() => taskAddress(vm)]);
  const tgid = flags === PROC_THREADS ? tgidAt(vm, task) : -1;
  const meant = [IDLE, ...machine.tasks()].filter((found) =>
    flags === ALL_PROCS ? found.pid === found.tgid : tgid < 0 || found.tgid === tgid,
  );
  return start(
    vm,
    it,
    meant.map((found) => (images) => (found.pid === vm.task.pid ? taskAddress(vm) : taskImage(vm, images, found))),
  );
}

function vmaNew(vm: Vm, it = 0, task = 0, lo = 0, hi = 0): number {
  begin(vm, it);
  destroy(vm, it);
  const { machine } = vm.env;
  const found = vm.kernelObjects.get(task)?.task;
  if (machine === undefined || found?.isKernelThread === true) return -ENOENT;
  const from = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
  const vmas = machine.vmas(tgidAt(vm, task)).filter(({ end }) => end > from);
  return start(
    vm,
    it,
    vmas.map((vma) => (images) => vmaImage(vm, images, vma)),
  );
}

/** Orders of bpf_iter_css_new (`enum bpf_cgroup_iter_order`). */
const ORDER = { pre: 2, post: 3, up: 4 } as const;

function cssNew(vm: Vm, it = 0, css = 0, flags = 0): number {
  begin(vm, it);
  destroy(vm, it);
  if (flags < ORDER.pre || flags > ORDER.up) return -EINVAL;
  const { machine } = vm.env;
  const cgroup = vm.kernelObjects.get(css)?.cgroup;
  const root = machine?.cgroupRoot();
  // A cgroup that stands for itself alone.
  if (cgroup === undefined || root === undefined) return start(vm, it, [() => css]);
  const found =
    flags === ORDER.up ? ancestors(machine, cgroup, root) : descendants(machine, cgroup, flags === ORDER.pre);
  return start(
    vm,
    it,
    found.map((each) => (images) => cgroupImage(vm, images, each, root.path)),
  );
}

function nothing(): number {
  return 0;
}

/** An iterator that finds nothing. */
function empty(name: string, args: string, what: string): HelperImpl[] {
  return [
    { name: `bpf_iter_${name}_new`, doc: `Begins an iteration over ${what}.`, args, ret: 'int', fn: begin },
    { name: `bpf_iter_${name}_next`, doc: 'NULL: there are none.', args: 'i', ret: 'ptr', fn: nothing },
    { name: `bpf_iter_${name}_destroy`, doc: 'Ends the iteration.', args: 'i', ret: 'void', fn: nothing },
  ];
}

const F_PAD_ZEROS = 1;

/** bpf_copy_from_user_str: a string with its NUL, the rest zeroed when asked: bytes with the NUL, or -EFAULT. */
function copyFromUserStr(vm: Vm, to = 0, size = 0, lo = 0, hi = 0, flagsLo = 0, flagsHi = 0): number {
  if (flagsHi !== 0 || (flagsLo & ~F_PAD_ZEROS) !== 0) return -EINVAL;
  if (size === 0) return 0;
  const { u8 } = vm.env.arena;
  for (let i = 0; i < size - 1; i++) {
    const low = (lo + i) | 0;
    const carry = lo < 0 && low >= 0 ? 1 : 0;
    if (readUser(vm, to + i, 1, low, hi + carry) !== 0) {
      u8.fill(0, to, to + size);
      return -EFAULT;
    }
    if (u8[to + i] === 0) {
      if ((flagsLo & F_PAD_ZEROS) !== 0) u8.fill(0, to + i, to + size);
      return i + 1;
    }
  }
  u8[to + size - 1] = 0;
  return size;
}

export const ITER_KFUNCS: readonly HelperImpl[] = [
  { name: 'bpf_iter_task_new', doc: 'Begins an iteration over tasks.', args: 'iii', ret: 'int', fn: taskNew },
  { name: 'bpf_iter_task_next', doc: 'The next task, or NULL.', args: 'i', ret: 'ptr', fn: next },
  { name: 'bpf_iter_task_destroy', doc: 'Ends the iteration.', args: 'i', ret: 'void', fn: destroy },
  { name: 'bpf_iter_task_vma_new', doc: 'Begins an iteration over mappings.', args: 'iil', ret: 'int', fn: vmaNew },
  { name: 'bpf_iter_task_vma_next', doc: 'The next mapping, or NULL.', args: 'i', ret: 'ptr', fn: next },
  { name: 'bpf_iter_task_vma_destroy', doc: 'Ends the iteration.', args: 'i', ret: 'void', fn: destroy },
  { name: 'bpf_iter_css_new', doc: 'Begins an iteration over cgroups.', args: 'iii', ret: 'int', fn: cssNew },
  { name: 'bpf_iter_css_next', doc: 'The next cgroup’s state, or NULL.', args: 'i', ret: 'ptr', fn: next },
  { name: 'bpf_iter_css_destroy', doc: 'Ends the iteration.', args: 'i', ret: 'void', fn: destroy },
  ...empty('css_task', 'iii', 'tasks of a cgroup'),
  ...empty('kmem_cache', 'i', 'memory caches'),
  ...empty('dmabuf', 'i', 'shared buffers'),
  { name: 'bpf_get_kmem_cache', doc: 'No memory caches: NULL.', args: 'l', ret: 'ptr', fn: nothing },
  {
    name: 'bpf_copy_from_user_str',
    doc: 'Copies a string of the process.',
    args: 'iill',
    ret: 'int',
    fn: copyFromUserStr,
  },
  {
    name: 'bpf_copy_from_user_task_str',
    doc: 'Copies a string of the process.',
    args: 'iilil',
    ret: 'int',
    fn: (vm, to = 0, size = 0, lo = 0, hi = 0, _task = 0, flagsLo = 0, flagsHi = 0) =>
      copyFromUserStr(vm, to, size, lo, hi, flagsLo, flagsHi),
  },
  {
    name: 'bpf_res_spin_lock_irqsave',
    doc: 'Takes a lock: -EDEADLK when the program has it.',
    args: 'ii',
    ret: 'int',
    fn: (vm, lock = 0, flags = 0) => {
      vm.env.arena.view.setBigUint64(flags, 0x200n, true);
      return takeResLock(vm, lock, true);
    },
  },
  {
    name: 'bpf_res_spin_unlock_irqrestore',
    doc: 'Releases a lock.',
    args: 'ii',
    ret: 'void',
    fn: releaseResLock,
  },
];
