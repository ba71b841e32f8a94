/**
 * Kernel functions on strings that may not be there (Documentation/bpf/kfuncs.rst): an
 * argument is any number, each character is read by itself. -ERANGE for an address that is
 * none of a kernel, -EFAULT where nothing is mapped, -E2BIG for a string without end.
 */
import { E2BIG, EFAULT, ENOENT, ERANGE } from '../../uapi/errno.ts';
import type { HelperImpl } from '../helper.ts';
import type { Vm } from '../vm.ts';
import { isKernelHalf, isMapped } from './probe.ts';

/** The longest string (`XATTR_SIZE_MAX`). */
const STR_MAX = 65536;

/** A string: its address as halves. */
class Text {
  readonly #vm: Vm;
  readonly #lo: number;
  readonly #hi: number;

  constructor(vm: Vm, lo: number, hi: number) {
    this.#vm = vm;
    this.#lo = lo;
    this.#hi = hi;
  }

  /** Whether it can be read at all (`copy_from_kernel_nofault_allowed`). */
  get isKernel(): boolean {
    return isKernelHalf(this.#lo, this.#hi);
  }

  /** A character, or -EFAULT. */
  at(i: number): number {
    const at = this.#lo + i;
    return isMapped(this.#vm, at, this.#hi, 1) ? this.#vm.env.arena.u8[at]! : -EFAULT;
  }
}

/** A size_t given as halves, no more than the longest string. */
const limitOf = (lo: number, hi: number): number => (hi !== 0 ? STR_MAX : Math.min(lo >>> 0, STR_MAX));

/** Calls back with each of `max` characters and its position until it returns a number; else `none`, or -E2BIG after the longest string. */
function scan(
  text: Text,
  max: number,
  none: (count: number) => number,
  visit: (char: number, i: number) => number | undefined,
): number {
  if (!text.isKernel) return -ERANGE;
  for (let i = 0; i < max; i++) {
    const char = text.at(i);
    if (char < 0) return char;
    const result = visit(char, i);
    if (result !== undefined) return result;
  }
  return max === STR_MAX ? -E2BIG : none(max);
}

const notFound = (): number => -ENOENT;

/** The kernel's tolower() knows the letters of Latin-1; 0xd7, a sign, lies among them. */
const lower = (char: number): number =>
  (char >= 0x41 && char <= 0x5a) || (char >= 0xc0 && char <= 0xde && char !== 0xd7) ? char + 32 : char;

function compare(fold: (char: number) => number) {
  return (vm: Vm, aLo = 0, aHi = 0, bLo = 0, bHi = 0): number => {
    const other = new Text(vm, bLo, bHi);
    if (!other.isKernel) return -ERANGE;
    return scan(new Text(vm, aLo, aHi), STR_MAX, notFound, (charA, i) => {
      const charB = other.at(i);
      if (charB < 0) return charB;
      if (fold(charA) !== fold(charB)) return fold(charA) < fold(charB) ? -1 : 1;
      return charA === 0 ? 0 : undefined;
    });
  };
}

function strnlen(vm: Vm, lo = 0, hi = 0, maxLo = 0, maxHi = 0): number {
  return scan(
    new Text(vm, lo, hi),
    limitOf(maxLo, maxHi),
    (count) => count,
    (char, i) => (char === 0 ? i : undefined),
  );
}

function strnchr(vm: Vm, lo = 0, hi = 0, maxLo = 0, maxHi = 0, wanted = 0): number {
  return scan(new Text(vm, lo, hi), limitOf(maxLo, maxHi), notFound, (char, i) => {
    if (char === (wanted & 255)) return i;
    return char === 0 ? -ENOENT : undefined;
  });
}

const strchr = (vm: Vm, lo = 0, hi = 0, wanted = 0): number => strnchr(vm, lo, hi, STR_MAX, 0, wanted);

function strchrnul(vm: Vm, lo = 0, hi = 0, wanted = 0): number {
  return scan(new Text(vm, lo, hi), STR_MAX, notFound, (char, i) =>
    char === 0 || char === (wanted & 255) ? i : undefined,
  );
}

/** The character is an int here: what is no byte is not found. */
function strrchr(vm: Vm, lo = 0, hi = 0, wanted = 0): number {
  let last = -ENOENT;
  return scan(new Text(vm, lo, hi), STR_MAX, notFound, (char, i) => {
    if (char === (wanted | 0)) last = i;
    return char === 0 ? last : undefined;
  });
}

/** Where a character is in a set (or the set's end, when it is not there): the character found, 0, or -errno. */
function inSet(set: Text, char: number): number {
  for (let j = 0; j < STR_MAX; j++) {
    const member = set.at(j);
    if (member <= 0 || member === char) return member;
  }
  return -E2BIG;
}

function span(accept: boolean) {
  return (vm: Vm, lo = 0, hi = 0, setLo = 0, setHi = 0): number => {
    const set = new Text(vm, setLo, setHi);
    if (!set.isKernel) return -ERANGE;
    return scan(new Text(vm, lo, hi), STR_MAX, notFound, (char, i) => {
      if (char === 0) return i;
      const found = inSet(set, char);
      if (found < 0) return found;
      return (found !== 0) === accept ? undefined : i;
    });
  };
}

/** Position of the second string in the first `max` characters of the first. */
function strnstr(vm: Vm, lo = 0, hi = 0, needleLo = 0, needleHi = 0, maxLo = 0, maxHi = 0): number {
  const text = new Text(vm, lo, hi);
  const needle = new Text(vm, needleLo, needleHi);
  if (!text.isKernel || !needle.isKernel) return -ERANGE;
  const max = maxHi !== 0 ? 2 ** 32 : maxLo >>> 0;
  for (let i = 0; i < STR_MAX; i++) {
    let j = 0;
    for (; i + j <= max && j < STR_MAX; j++) {
      const wanted = needle.at(j);
      if (wanted <= 0) return wanted < 0 ? wanted : i;
      if (i + j === max) break;
      const char = text.at(i + j);
      if (char <= 0) return char < 0 ? char : -ENOENT;
      if (char !== wanted) break;
    }
    if (j === STR_MAX) return -E2BIG;
    if (i + j === max) return -ENOENT;
  }
  return -E2BIG;
}

const strstr = (vm: Vm, lo = 0, hi = 0, needleLo = 0, needleHi = 0): number =>
  strnstr(vm, lo, hi, needleLo, needleHi, STR_MAX, 0);

const text = (name: string, doc: string, args: string, fn: HelperImpl['fn']): HelperImpl => ({
  name,
  doc,
  args,
  ret: 'int',
  fn,
});

export const STRING_KFUNCS: readonly HelperImpl[] = [
  text(
    'bpf_strcmp',
    'Compares two strings.',
    'll',
    compare((char) => char),
  ),
  text('bpf_strcasecmp', 'Compares two strings, letters of either case alike.', 'll', compare(lower)),
  text('bpf_strlen', 'Length of a string.', 'l', (vm, lo = 0, hi = 0) => strnlen(vm, lo, hi, STR_MAX)),
  text('bpf_strnlen', 'Length of a string, up to a limit.', 'll', strnlen),
  text('bpf_strchr', 'Position of a character.', 'li', strchr),
  text('bpf_strchrnul', 'Position of a character, or of the end.', 'li', strchrnul),
  text('bpf_strrchr', 'Last position of a character.', 'li', strrchr),
  text('bpf_strnchr', 'Position of a character in the first bytes.', 'lli', strnchr),
  text('bpf_strspn', 'Length of the part made of a set.', 'll', span(true)),
  text('bpf_strcspn', 'Length of the part free of a set.', 'll', span(false)),
  text('bpf_strstr', 'Position of a string in another.', 'll', strstr),
  text('bpf_strnstr', 'Position of a string in the first bytes of another.', 'lll', strnstr),
];
