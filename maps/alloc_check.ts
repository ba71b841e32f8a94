/**
 * What the checks of attributes at creation share (`bpf_map_flags_access_ok`,
 * the limits of allocations on x86_64).
 */
import { BPF_F_MAP } from '../uapi/bpf.ts';

/** Largest block kmalloc hands out (`KMALLOC_MAX_SIZE`, 4 MiB). */
export const KMALLOC_MAX_SIZE = 1 << 22;
/** Largest per-CPU block that can be relied on (`PCPU_MIN_UNIT_SIZE`, 32 KiB). */
export const PCPU_MIN_UNIT_SIZE = 32768;
/** Largest value of a storage map (`BPF_LOCAL_STORAGE_MAX_VALUE_SIZE`): 16 bits less the element it is part of. */
export const LOCAL_STORAGE_MAX_VALUE_SIZE = 0xffff - 128;
/** Stack of a program (`MAX_BPF_STACK`). */
export const MAX_BPF_STACK = 512;

/** `numa_node` of a map that asks for none. */
export const NUMA_NO_NODE = -1;

/** Access flags every plain type takes (`BPF_F_ACCESS_MASK`). */
export const ACCESS_FLAGS = BPF_F_MAP.RDONLY | BPF_F_MAP.WRONLY | BPF_F_MAP.RDONLY_PROG | BPF_F_MAP.WRONLY_PROG;

const PROG_ACCESS = BPF_F_MAP.RDONLY_PROG | BPF_F_MAP.WRONLY_PROG;

/** Whether `flags` has only bits of `allowed`, and not both of the program access flags. */
export function flagsOk(flags: number, allowed: number): boolean {
  return (flags & ~allowed) === 0 && (flags & PROG_ACCESS) !== PROG_ACCESS;
}

/** `roundup_pow_of_two` for 1 to 2^32. */
export function roundUpPow2(n: number): number {
  return n <= 1 ? 1 : 2 ** (32 - Math.clz32(n - 1));
}
