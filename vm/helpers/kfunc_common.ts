/**
 * Kernel functions every program type may call: iterators over numbers, RCU and
 * preemption sections, exceptions, casts, strings (Documentation/bpf/kfuncs.rst).
 */
import { BASE_HI } from '../../mm/arena.ts';
import { E2BIG, EFAULT, EINVAL, ENOENT } from '../../uapi/errno.ts';
import { kernelContext } from '../contexts/kernel_image.ts';
import type { HelperImpl, RetKind } from '../helper.ts';
import { BpfException, type Vm } from '../vm.ts';
import { releaseLock, takeLock } from './sync.ts';

/** The most turns an iterator over numbers may take (`BPF_MAX_LOOPS`). */
const MAX_LOOPS = 8 * 1024 * 1024;

/** struct bpf_iter_num: s32 cur, s32 end. */
function iterNumNew(vm: Vm, it = 0, start = 0, end = 0): number {
  const view = vm.env.arena.view;
  const error = start > end ? -EINVAL : end - start > MAX_LOOPS ? -E2BIG : 0;
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

/** struct bpf_iter_bits, 8 bytes of state each: bits (or pointer), { nr_bits:31, allocated:1, bit }. */
const MAX_WORDS = 511;

function iterBitsNew(vm: Vm, it = 0, memory = 0, memoryHi = 0, words = 0): number {
  const { u8, view } = vm.env.arena;
  u8.fill(0, it, it + 16);
  if ((memory === 0 && memoryHi === 0) || words === 0) return -EINVAL;
  if (words >>> 0 > MAX_WORDS) return -E2BIG;
  if (memoryHi !== (BASE_HI | 0) || !vm.env.arena.contains(memory, words * 8)) return -EFAULT;
  // The bits are looked at where they lie: memory, its words, the bit that is next.
  view.setInt32(it, memory, true);
  view.setInt32(it + 4, words, true);
  view.setInt32(it + 12, 0, true);
  return 0;
}

/** The number of the bit is kept in the iterator, whose address is what the program reads. */
function iterBitsNext(vm: Vm, it = 0): number {
  vm.loopTurn();
  const { u8, view } = vm.env.arena;
  const memory = view.getInt32(it, true);
  const bits = view.getInt32(it + 4, true) * 64;
  for (let bit = view.getInt32(it + 12, true); memory !== 0 && bit < bits; bit++) {
    if (((u8[memory + (bit >> 3)]! >> (bit & 7)) & 1) === 0) continue;
    view.setInt32(it + 8, bit, true);
    view.setInt32(it + 12, bit + 1, true);
    return it + 8;
  }
  view.setInt32(it + 12, bits, true);
  return 0;
}

function iterBitsDestroy(vm: Vm, it = 0): number {
  vm.env.arena.u8.fill(0, it, it + 16);
  return 0;
}

function bpfThrow(vm: Vm, lo = 0, hi = 0): never {
  vm.exception = new BpfException(lo, hi);
  throw vm.exception;
}

/** Length of a string that may not be there: at most XATTR_SIZE_MAX, or -E2BIG, or -EFAULT. */
const STR_MAX = 65536;

function charAt(vm: Vm, at: number): number {
  return vm.env.arena.contains(at, 1) ? vm.env.arena.u8[at]! : -EFAULT;
}

/** Calls back with each character and its position until it returns a number; -E2BIG for a string without end. */
function scan(vm: Vm, at: number, max: number, visit: (char: number, i: number) => number | undefined): number {
  for (let i = 0; i < max; i++) {
    const char = charAt(vm, at + i);
    if (char < 0) return char;
    const result = visit(char, i);
    if (result !== undefined) return result;
  }
  return max === STR_MAX ? -E2BIG : max;
}

const lower = (char: number): number => (char >= 0x41 && char <= 0x5a ? char + 32 : char);

function compare(fold: (char: number) => number) {
  return (vm: Vm, a = 0, b = 0): number => {
    let result = -E2BIG;
    const stop = scan(vm, a, STR_MAX, (charA, i) => {
      const charB = charAt(vm, b + i);
      if (charB < 0) return charB;
      if (fold(charA) !== fold(charB)) result = fold(charA) < fold(charB) ? -1 : 1;
      else if (charA === 0) result = 0;
      else return undefined;
      return 1;
    });
    return stop === 1 ? result : stop;
  };
}

function strnlen(vm: Vm, at = 0, max = 0): number {
  const limit = Math.min(max >>> 0, STR_MAX);
  const result = scan(vm, at, limit, (char, i) => (char === 0 ? i : undefined));
  return result;
}

function strchr(vm: Vm, at: number, wanted: number, toEnd: boolean): number {
  return scan(vm, at, STR_MAX, (char, i) => {
    if (char === (wanted & 255)) return i;
    if (char === 0) return toEnd ? i : -ENOENT;
    return undefined;
  });
}

/** The character is an int here: what is no byte is not found. */
function strrchr(vm: Vm, at = 0, wanted = 0): number {
  let last = -ENOENT;
  const stop = scan(vm, at, STR_MAX, (char, i) => {
    if (char === (wanted | 0)) last = i;
    return char === 0 ? 0 : undefined;
  });
  return stop < 0 ? stop : last;
}

/** Characters of a set, as a string read from memory; or -errno. */
function readSet(vm: Vm, at: number): Set<number> | number {
  const set = new Set<number>();
  const stop = scan(vm, at, STR_MAX, (char) => {
    if (char === 0) return 0;
    set.add(char);
    return undefined;
  });
  return stop < 0 ? stop : set;
}

function span(accept: boolean) {
  return (vm: Vm, at = 0, setAt = 0): number => {
    const set = readSet(vm, setAt);
    if (typeof set === 'number') return set;
    return scan(vm, at, STR_MAX, (char, i) => (char === 0 || set.has(char) !== accept ? i : undefined));
  };
}

/** bpf_strnstr: position of the second string in the first `max` characters of the first. */
function strnstr(vm: Vm, at = 0, needle = 0, max = 0): number {
  const limit = Math.min(max >>> 0, STR_MAX);
  for (let i = 0; i <= limit; i++) {
    for (let j = 0; ; j++) {
      const wanted = charAt(vm, needle + j);
      if (wanted < 0) return wanted;
      if (wanted === 0) return i;
      if (i + j >= limit) return limit === STR_MAX ? -E2BIG : -ENOENT;
      const char = charAt(vm, at + i + j);
      if (char < 0) return char;
      if (char === 0) return -ENOENT;
      if (char !== wanted) break;
      if (j >= STR_MAX) return -E2BIG;
    }
  }
  return -ENOENT;
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
const text = (name: string, doc: string, args: string, fn: HelperImpl['fn'], ret: RetKind = 'int'): HelperImpl => ({
  name,
  doc,
  args,
  ret,
  fn,
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
    doc: 'Takes a lock: never contended.',
    args: 'i',
    ret: 'int',
    fn: takeLock,
  },
  {
    name: 'bpf_res_spin_unlock',
    doc: 'Releases a lock.',
    args: 'i',
    ret: 'void',
    fn: releaseLock,
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
  text(
    'bpf_strcmp',
    'Compares two strings.',
    'ii',
    compare((char) => char),
  ),
  text('bpf_strcasecmp', 'Compares two strings, letters of either case alike.', 'ii', compare(lower)),
  text('bpf_strlen', 'Length of a string.', 'i', (vm, at = 0) => strnlen(vm, at, STR_MAX)),
  text('bpf_strnlen', 'Length of a string, up to a limit.', 'ii', strnlen),
  text('bpf_strchr', 'Position of a character.', 'ii', (vm, at = 0, char = 0) => strchr(vm, at, char, false)),
  text('bpf_strchrnul', 'Position of a character, or of the end.', 'ii', (vm, at = 0, char = 0) =>
    strchr(vm, at, char, true),
  ),
  text('bpf_strrchr', 'Last position of a character.', 'ii', strrchr),
  text('bpf_strnchr', 'Position of a character in the first bytes.', 'iii', (vm, at = 0, max = 0, wanted = 0) => {
    const limit = Math.min(max >>> 0, STR_MAX);
    const found = scan(vm, at, limit, (char, i) => (char === (wanted & 255) ? i : char === 0 ? -ENOENT : undefined));
    return found === limit && limit < STR_MAX ? -ENOENT : found;
  }),
  text('bpf_strspn', 'Length of the part made of a set.', 'ii', span(true)),
  text('bpf_strcspn', 'Length of the part free of a set.', 'ii', span(false)),
  text('bpf_strstr', 'Position of a string in another.', 'ii', (vm, at = 0, needle = 0) =>
    strnstr(vm, at, needle, STR_MAX),
  ),
  text('bpf_strnstr', 'Position of a string in the first bytes of another.', 'iii', strnstr),
];
