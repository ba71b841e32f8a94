/**
 * Kernel functions every program type may call: iterators over numbers, RCU and
 * preemption sections, exceptions, casts (Documentation/bpf/kfuncs.rst).
 */
import { E2BIG, EFAULT, EINVAL, ENOMEM } from '../../uapi/errno.ts';
import { kernelContext } from '../contexts/kernel_image.ts';
import type { HelperImpl } from '../helper.ts';
import { BPF_MAX_LOOPS } from '../insn.ts';
import { BpfException, type Vm } from '../vm.ts';
import { readKernel } from './probe.ts';
import { releaseResLock, takeResLock } from './sync.ts';

/** struct bpf_iter_num: s32 cur, s32 end. */
function iterNumNew(vm: Vm, it = 0, start = 0, end = 0): number {
  const view = vm.env.arena.view;
  const error = start > end ? -EINVAL : end - start > BPF_MAX_LOOPS ? -E2BIG : 0;
  // cur is the number before the next one.
  view.setInt32(it, error === 0 ? start - 1 : 0, true);
  view.setInt32(it + 4, error === 0 ? end : 0, true);
  return error;
}

/** Address of the number, or NULL at the end. */
function iterNumNext(vm: Vm, it = 0): number {
  vm.loopTurn();
  const view = vm.env.arena.view;
  const next = (view.getInt32(it, true) + 1) | 0;
  if (next >= view.getInt32(it + 4, true)) {
    view.setInt32(it, 0, true);
    view.setInt32(it + 4, 0, true);
    return 0;
  }
  view.setInt32(it, next, true);
  return it;
}

function iterNumDestroy(vm: Vm, it = 0): number {
  vm.env.arena.u8.fill(0, it, it + 8);
  return 0;
}

/**
 * struct bpf_iter_bits (`struct bpf_iter_bits_kern`): a copy of the word or where the copy of
 * the words is, the number of bits at 8, the bit that was given last at 12.
 */
const BITS = { copy: 0, count: 8, bit: 12, size: 16 } as const;
const MAX_WORDS = 511;
const WORD_BITS = 64;

function iterBitsNew(vm: Vm, it = 0, lo = 0, hi = 0, words = 0): number {
  const { arena } = vm.env;
  arena.u8.fill(0, it, it + BITS.size);
  arena.view.setInt32(it + BITS.bit, -1, true);
  if ((lo === 0 && hi === 0) || words === 0) return -EINVAL;
  if (words >>> 0 > MAX_WORDS) return -E2BIG;
  if (words === 1) {
    if (readKernel(vm, it + BITS.copy, 8, lo, hi) !== 0) return -EFAULT;
  } else {
    const block = arena.alloc(words * 8);
    if (block === 0) return -ENOMEM;
    const error = readKernel(vm, block, words * 8, lo, hi);
    if (error !== 0) {
      arena.free(block, words * 8);
      return error;
    }
    arena.view.setInt32(it + BITS.copy, block, true);
  }
  arena.view.setInt32(it + BITS.count, words * WORD_BITS, true);
  return 0;
}

/** Address of the bit's number, or NULL. */
function iterBitsNext(vm: Vm, it = 0): number {
  vm.loopTurn();
  const { u8, view } = vm.env.arena;
  const count = view.getInt32(it + BITS.count, true);
  const last = view.getInt32(it + BITS.bit, true);
  if (last >= count) return 0;
  const bits = count === WORD_BITS ? it + BITS.copy : view.getInt32(it + BITS.copy, true);
  let bit = last < -1 ? count : last + 1;
  while (bit < count && ((u8[bits + (bit >> 3)]! >> (bit & 7)) & 1) === 0) bit++;
  view.setInt32(it + BITS.bit, bit, true);
  return bit < count ? it + BITS.bit : 0;
}

function iterBitsDestroy(vm: Vm, it = 0): number {
  const { arena } = vm.env;
  const count = arena.view.getInt32(it + BITS.count, true);
  if (count > WORD_BITS) arena.free(arena.view.getInt32(it + BITS.copy, true), count / 8);
  return 0;
}

function bpfThrow(vm: Vm, lo = 0, hi = 0): never {
  vm.exception = new BpfException(lo, hi);
  throw vm.exception;
}

const nothing = (): number => 0;
const section = (name: string, doc: string): HelperImpl => ({ name, doc, args: '', ret: 'void', fn: nothing });
const same = (name: string, doc: string): HelperImpl => ({
  name,
  doc,
  args: 'l',
  ret: 'long',
  fn: (vm, lo = 0, hi = 0) => vm.ret64(lo, hi),
});
export const COMMON_KFUNCS: readonly HelperImpl[] = [
  { name: 'bpf_iter_num_new', doc: 'Begins an iteration over [start, end).', args: 'iii', ret: 'int', fn: iterNumNew },
  { name: 'bpf_iter_num_next', doc: 'The next number, or NULL.', args: 'i', ret: 'ptr', fn: iterNumNext },
  { name: 'bpf_iter_num_destroy', doc: 'Ends the iteration.', args: 'i', ret: 'void', fn: iterNumDestroy },
  { name: 'bpf_iter_bits_new', doc: 'Begins an iteration over set bits.', args: 'ili', ret: 'int', fn: iterBitsNew },
  { name: 'bpf_iter_bits_next', doc: 'The next bit’s number, or NULL.', args: 'i', ret: 'ptr', fn: iterBitsNext },
  { name: 'bpf_iter_bits_destroy', doc: 'Ends the iteration.', args: 'i', ret: 'void', fn: iterBitsDestroy },
  section('bpf_rcu_read_lock', 'Begins a read-side section.'),
  section('bpf_rcu_read_unlock', 'Ends a read-side section.'),
  section('bpf_preempt_disable', 'One thread runs programs: nothing to do.'),
  section('bpf_preempt_enable', 'One thread runs programs: nothing to do.'),
  {
    name: 'bpf_local_irq_save',
    doc: 'Interrupts do not happen: keeps a flag.',
    args: 'i',
    ret: 'void',
    fn: (vm, flags = 0) => {
      vm.env.arena.u64[flags >> 3] = 0x200n;
      return 0;
    },
  },
  { name: 'bpf_local_irq_restore', doc: 'Interrupts do not happen.', args: 'i', ret: 'void', fn: nothing },
  {
    name: 'bpf_res_spin_lock',
    doc: 'Takes a lock: -EDEADLK when the program has it.',
    args: 'i',
    ret: 'int',
    fn: (vm, lock = 0) => takeResLock(vm, lock, false),
  },
  {
    name: 'bpf_res_spin_unlock',
    doc: 'Releases a lock.',
    args: 'i',
    ret: 'void',
    fn: releaseResLock,
  },
  { name: 'bpf_throw', doc: 'Throws: unwinds the program.', args: 'l', ret: 'void', throws: true, fn: bpfThrow },
  {
    name: 'bpf_cast_to_kern_ctx',
    doc: 'The context as the kernel’s own structure.',
    args: 'i',
    ret: 'ptr',
    fn: (vm, ctx = 0) => kernelContext(vm, ctx),
  },
  same('bpf_rdonly_cast', 'A pointer of another type, to read.'),
];
