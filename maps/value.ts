/**
 * Values with special fields: what a copy leaves out, what a reader never sees,
 * what is freed with a value (`copy_map_value`, `check_and_init_map_value` and
 * `bpf_obj_free_fields` of include/linux/bpf.h).
 *
 * The special fields of a value (bpf_spin_lock, bpf_timer, kptrs, …) come from its
 * BTF and are kept in {@link BpfMap.record}; a map without them has none, and a
 * copy is a plain copy.
 */
import type { BtfFieldKind } from '../btf/btf.ts';
import type { BpfMap } from './map.ts';

/** Locks are neither freed nor reset when a value is replaced. */
const LOCKS: readonly BtfFieldKind[] = ['bpf_spin_lock', 'bpf_res_spin_lock'];

/** Whether values have a bpf_spin_lock, which BPF_F_LOCK is for. */
export function hasSpinLock(map: BpfMap): boolean {
  return map.record !== undefined && map.record.spinLockOff >= 0;
}

/** `round_up(size, 8)`, for sizes up to 2^32. */
export function roundUp8(size: number): number {
  return Math.ceil(size / 8) * 8;
}

/** Copies a value of `map.valueSize` bytes, leaving the special fields of `to` as they are. */
export function copyMapValue(map: BpfMap, to: number, from: number): void {
  const record = map.record;
  if (record === undefined) {
    map.env.arena.copy(to, from, map.valueSize);
    return;
  }
  let at = 0;
  for (const field of record.fields) {
    map.env.arena.copy(to + at, from + at, field.offset - at);
    at = field.offset + field.size;
  }
  map.env.arena.copy(to + at, from + at, map.valueSize - at);
}

/** Zeroes the special fields of a value that is new, or that is about to leave the kernel. */
export function checkAndInitMapValue(map: BpfMap, value: number): void {
  const record = map.record;
  if (record === undefined) return;
  for (const field of record.fields) map.env.arena.zero(value + field.offset, field.size);
}

/** Copies a value for user space: special fields read as zero. */
export function copyValueOut(map: BpfMap, to: number, from: number): void {
  if (map.record === undefined) {
    map.env.arena.copy(to, from, map.valueSize);
    return;
  }
  copyMapValue(map, to, from);
  checkAndInitMapValue(map, to);
}

/**
 * Frees what the special fields of a value hold (timers, kptrs, list nodes) and
 * zeroes them; the locks stay. `map.freeField` does the freeing when an engine
 * that can fill such fields has set it.
 */
export function freeSpecialFields(map: BpfMap, value: number): void {
  const record = map.record;
  if (record === undefined) return;
  for (const field of record.fields) {
    if (LOCKS.includes(field.kind)) continue;
    map.freeField?.(map, field, value + field.offset);
    map.env.arena.zero(value + field.offset, field.size);
  }
}
