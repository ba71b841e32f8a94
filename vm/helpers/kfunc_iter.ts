/**
 * Iterators over kernel objects (Documentation/bpf/bpf_iterators.rst). The one task is
 * visited once; there are no memory areas, caches or buffers to visit. The state is
 * the first word of the iterator on the program's stack.
 */
import { EFAULT, EINVAL } from '../../uapi/errno.ts';
import type { HelperImpl } from '../helper.ts';
import type { Vm } from '../vm.ts';
import { readUser } from './probe.ts';
import { taskAddress } from './task.ts';

/** Flags of bpf_iter_task_new: all processes, all threads, threads of one process. */
const TASK_FLAGS_MAX = 2;

function begin(vm: Vm, it = 0): number {
  vm.env.arena.u64[it >> 3] = 0n;
  return 0;
}

function taskNew(vm: Vm, it = 0, _task = 0, flags = 0): number {
  vm.env.arena.i32[it >> 2] = flags >>> 0 > TASK_FLAGS_MAX ? 0 : 1;
  return flags >>> 0 > TASK_FLAGS_MAX ? -EINVAL : 0;
}

function taskNext(vm: Vm, it = 0): number {
  vm.loopTurn();
  if (vm.env.arena.i32[it >> 2] === 0) return 0;
  vm.env.arena.i32[it >> 2] = 0;
  return taskAddress(vm);
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
  { name: 'bpf_iter_task_next', doc: 'The one task, then NULL.', args: 'i', ret: 'ptr', fn: taskNext },
  { name: 'bpf_iter_task_destroy', doc: 'Ends the iteration.', args: 'i', ret: 'void', fn: nothing },
  ...empty('css', 'iii', 'cgroup states'),
  ...empty('css_task', 'iii', 'tasks of a cgroup'),
  ...empty('task_vma', 'iil', 'memory areas'),
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
    doc: 'Takes a lock: never contended.',
    args: 'ii',
    ret: 'int',
    fn: (vm, lock = 0, flags = 0) => {
      vm.env.arena.view.setInt32(lock, 1, true);
      vm.env.arena.view.setBigUint64(flags, 0x200n, true);
      return 0;
    },
  },
  {
    name: 'bpf_res_spin_unlock_irqrestore',
    doc: 'Releases a lock.',
    args: 'ii',
    ret: 'void',
    fn: (vm, lock = 0) => {
      vm.env.arena.view.setInt32(lock, 0, true);
      return 0;
    },
  },
];
