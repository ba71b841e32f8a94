/** Helpers that read memory which may not be there (man bpf-helpers): never a fault, -EFAULT and a zeroed buffer instead. */
import { BASE_HI, PAGE_SIZE } from '../../mm/arena.ts';
import { EFAULT, EINVAL, ENOMEM, EPERM, ERANGE } from '../../uapi/errno.ts';
import type { HelperImpl, HelperRecord } from '../helper.ts';
import type { Vm } from '../vm.ts';
import { dynptrCheck, dynptrWrite } from './dynptr.ts';

/** Where user addresses end (`TASK_SIZE_MAX`: 47 bits, less a page). */
const USER_END = 2 ** 47 - PAGE_SIZE;

/** A user address, or their end, given as halves, as a number; -1 when it is none. */
function userAddress(lo: number, hi: number): number {
  const address = hi * 2 ** 32 + (lo >>> 0);
  return hi >= 0 && address <= USER_END ? address : -1;
}

/** Reads user memory into the arena: 0 or -EFAULT. */
export function readUser(vm: Vm, to: number, size: number, lo: number, hi: number): number {
  const address = userAddress(lo, hi);
  if (address >= 0 && size === 0) return 0;
  if (address < 0 || vm.userMemory === undefined) return -EFAULT;
  return vm.userMemory.read(address, vm.env.arena.u8.subarray(to, to + size));
}

/** Number of the page at 0xffffffffff600000 (`VSYSCALL_ADDR`), its low bits: user space's, though in the kernel's half. */
const VSYSCALL_PAGE = 0xff600;

/**
 * Whether an address is of the kernel's half, and so can be read
 * (`copy_from_kernel_nofault_allowed`): not user space's, not the page after that, canonical.
 */
export function isKernelHalf(lo: number, hi: number): boolean {
  return hi >>> 15 === 0x1ffff && !(hi === -1 && lo >>> 12 === VSYSCALL_PAGE);
}

/** Whether there is memory of the emulated kernel. */
export function isMapped(vm: Vm, lo: number, hi: number, size: number): boolean {
  return hi === (BASE_HI | 0) && lo >= 0 && vm.env.arena.contains(lo, size);
}

/** Reads the emulated kernel's memory: 0, -ERANGE for an address that is none of a kernel, -EFAULT where nothing is mapped. */
export function readKernel(vm: Vm, to: number, size: number, lo: number, hi: number): number {
  if (!isKernelHalf(lo, hi)) return -ERANGE;
  if (size === 0) return 0;
  if (!isMapped(vm, lo, hi, size)) return -EFAULT;
  vm.env.arena.u8.copyWithin(to, lo, lo + size);
  return 0;
}

type Reader = (vm: Vm, to: number, size: number, lo: number, hi: number) => number;

/** As the address says: the old helpers read either. */
function readAny(vm: Vm, to: number, size: number, lo: number, hi: number): number {
  const address = userAddress(lo, hi);
  return (address >= 0 && address < USER_END ? readUser : readKernel)(vm, to, size, lo, hi);
}

function probe(reader: Reader) {
  return (vm: Vm, to = 0, size = 0, lo = 0, hi = 0): number => {
    const result = reader(vm, to, size, lo, hi);
    if (result !== 0) vm.env.arena.u8.fill(0, to, to + size);
    return result;
  };
}

/** Copies a string with its NUL, cut to `size` with a NUL at the end: bytes written, or what the reader says (`strncpy_from_kernel_nofault`). */
function probeStr(reader: Reader) {
  return (vm: Vm, to = 0, size = 0, lo = 0, hi = 0): number => {
    const u8 = vm.env.arena.u8;
    for (let i = 0; i < size; i++) {
      const at = lo + i;
      const carry = at > 0x7fffffff && lo <= 0x7fffffff ? 0 : lo < 0 && at >= 0 ? 1 : 0;
      const error = reader(vm, to + i, 1, at | 0, hi + carry);
      if (error !== 0) {
        u8.fill(0, to, to + size);
        return error;
      }
      if (u8[to + i] === 0) return i + 1;
    }
    if (size > 0) u8[to + size - 1] = 0;
    return size;
  };
}

function copyFromUser(vm: Vm, to = 0, size = 0, lo = 0, hi = 0): number {
  return probe(readUser)(vm, to, size, lo, hi);
}

/** bpf_copy_from_user_task: the current task's memory is the only other there is. */
function copyFromUserTask(vm: Vm, to = 0, size = 0, lo = 0, hi = 0, _task = 0, flagsLo = 0, flagsHi = 0): number {
  if (flagsLo !== 0 || flagsHi !== 0) return -EINVAL;
  return copyFromUser(vm, to, size, lo, hi);
}

/** bpf_probe_write_user. */
function probeWriteUser(vm: Vm, lo = 0, hi = 0, from = 0, size = 0): number {
  const address = userAddress(lo, hi);
  if (vm.userMemory === undefined || address < 0) return -EPERM;
  return vm.userMemory.write(address, vm.env.arena.u8.subarray(from, from + size));
}

/** Bytes that are copied at a time. */
const PIECE = 256;

/** A function (dynptr, offset, size, address, …) that copies memory into a dynptr: 0 or -errno. */
function intoDynptr(reader: Reader) {
  return (vm: Vm, ptr = 0, offset = 0, size = 0, lo = 0, hi = 0): number => {
    const block = vm.env.arena.alloc(PIECE);
    if (block === 0) return -ENOMEM;
    const from = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
    let error = dynptrCheck(vm, ptr, offset, size);
    for (let done = 0; error === 0 && done < size; done += PIECE) {
      const part = Math.min(PIECE, size - done);
      const at = from + BigInt(done);
      error =
        reader(vm, block, part, Number(BigInt.asIntN(32, at)), Number(BigInt.asIntN(32, at >> 32n))) ||
        dynptrWrite(vm, ptr, offset + done, block, part);
    }
    vm.env.arena.free(block, PIECE);
    return error;
  };
}

/** As {@link intoDynptr} for a string: bytes copied with the NUL, or -errno. */
function strIntoDynptr(reader: Reader) {
  return (vm: Vm, ptr = 0, offset = 0, size = 0, lo = 0, hi = 0): number => {
    const error = dynptrCheck(vm, ptr, offset, size);
    if (error !== 0 || size === 0) return error;
    const block = vm.env.arena.alloc(size);
    if (block === 0) return -ENOMEM;
    const length = probeStr(reader)(vm, block, size, lo, hi);
    const written = length > 0 ? dynptrWrite(vm, ptr, offset, block, length) : 0;
    vm.env.arena.free(block, size);
    return written < 0 ? written : length;
  };
}

const READ = 'Copies memory; -EFAULT and zeros where there is none.';
const READ_STR = 'Copies a string; its length with the NUL, or -EFAULT and zeros.';

export const PROBE_HELPERS: readonly HelperRecord[] = [
  { id: 4, name: 'probe_read', doc: READ, args: 'iil', ret: 'int', fn: probe(readAny) },
  { id: 45, name: 'probe_read_str', doc: READ_STR, args: 'iil', ret: 'int', fn: probeStr(readAny) },
  { id: 112, name: 'probe_read_user', doc: READ, args: 'iil', ret: 'int', fn: probe(readUser) },
  { id: 113, name: 'probe_read_kernel', doc: READ, args: 'iil', ret: 'int', fn: probe(readKernel) },
  { id: 114, name: 'probe_read_user_str', doc: READ_STR, args: 'iil', ret: 'int', fn: probeStr(readUser) },
  { id: 115, name: 'probe_read_kernel_str', doc: READ_STR, args: 'iil', ret: 'int', fn: probeStr(readKernel) },
  {
    id: 36,
    name: 'probe_write_user',
    doc: 'Writes to the memory of the process.',
    args: 'lii',
    ret: 'int',
    fn: probeWriteUser,
  },
  { id: 148, name: 'copy_from_user', doc: READ, args: 'iil', ret: 'int', fn: copyFromUser },
  { id: 191, name: 'copy_from_user_task', doc: READ, args: 'iilil', ret: 'int', fn: copyFromUserTask },
];

const DYNPTR_READ = 'Copies memory into a dynptr.';
const DYNPTR_READ_STR = 'Copies a string into a dynptr: its length with the NUL.';

export const PROBE_KFUNCS: readonly HelperImpl[] = [
  { name: 'bpf_probe_read_kernel_dynptr', doc: DYNPTR_READ, args: 'iiil', ret: 'int', fn: intoDynptr(readKernel) },
  { name: 'bpf_probe_read_user_dynptr', doc: DYNPTR_READ, args: 'iiil', ret: 'int', fn: intoDynptr(readUser) },
  { name: 'bpf_copy_from_user_dynptr', doc: DYNPTR_READ, args: 'iiil', ret: 'int', fn: intoDynptr(readUser) },
  { name: 'bpf_copy_from_user_task_dynptr', doc: DYNPTR_READ, args: 'iiil', ret: 'int', fn: intoDynptr(readUser) },
  {
    name: 'bpf_probe_read_kernel_str_dynptr',
    doc: DYNPTR_READ_STR,
    args: 'iiil',
    ret: 'int',
    fn: strIntoDynptr(readKernel),
  },
  {
    name: 'bpf_probe_read_user_str_dynptr',
    doc: DYNPTR_READ_STR,
    args: 'iiil',
    ret: 'int',
    fn: strIntoDynptr(readUser),
  },
  {
    name: 'bpf_copy_from_user_str_dynptr',
    doc: DYNPTR_READ_STR,
    args: 'iiil',
    ret: 'int',
    fn: strIntoDynptr(readUser),
  },
  {
    name: 'bpf_copy_from_user_task_str_dynptr',
    doc: DYNPTR_READ_STR,
    args: 'iiil',
    ret: 'int',
    fn: strIntoDynptr(readUser),
  },
];
