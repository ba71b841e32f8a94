/**
 * The element commands: lookup, update, delete, next key, lookup and delete, freeze
 * (`map_lookup_elem` … of kernel/bpf/syscall.c). Keys and values are copied once,
 * through buffers that exist already: no allocation on the way.
 */
import { type BpfFile, FMODE_READ, FMODE_WRITE } from '../base/object.ts';
import type { BpfMap, MapOps } from '../maps/map.ts';
import { copyValueOut, hasSpinLock } from '../maps/value.ts';
import { BPF_ELEM, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { EBUSY, EFAULT, EINVAL, ENOENT, ENOMEM, ENOTSUPP, EPERM } from '../uapi/errno.ts';
import type { Attr } from './attr.ts';
import { ELEM } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { mapFile, mapPerms } from './fd.ts';
import type { Kernel } from './kernel.ts';
import type { Scratch } from './scratch.ts';

const { map_fd: MAP_FD, key: KEY, value: VALUE, next_key: NEXT_KEY, flags: FLAGS } = ELEM.at;
const F_LOCK = BPF_ELEM.F_LOCK;
const T = BPF_MAP_TYPE;

/** Whether the flags of an attr fit in 32 bits; the rest of the 64 is refused by every command. */
function flagsOf(attr: Attr): number {
  return attr.get(FLAGS + 4) === 0 ? attr.get(FLAGS) : -1;
}

/** Bytes of a value as the system call exchanges it (`bpf_map_value_size`). */
export function userValueSize(map: BpfMap): number {
  const { ops } = map;
  return ops.userValueSize === undefined ? map.valueSize : ops.userValueSize(map);
}

/**
 * Copies a key of the caller into the kernel (`___bpf_copy_key`): its address; 0 for the
 * empty key of a map without keys; or -EFAULT, -EINVAL, -ENOMEM. Give it back with `scratch.release`.
 */
function copyKey(scratch: Scratch, caller: Caller, map: BpfMap, ukey: number): number {
  const size = map.keySize;
  if (size === 0) return ukey === 0 ? 0 : -EINVAL;
  const key = scratch.take(size);
  if (key === 0) return -ENOMEM;
  if (caller.read(ukey, scratch.view(key, size)) === 0) return key;
  scratch.release(key, size);
  return -EFAULT;
}

/** The value of a key, as the system call returns it, to `value` (`bpf_map_copy_value`). */
export function copyValue(map: BpfMap, key: number, value: number, flags: number, caller: Caller): number {
  const { ops } = map;
  if (ops.sysLookup !== undefined) return ops.sysLookup(map, key, value, flags, caller);
  if (ops.peek !== undefined) return ops.peek(map, value);
  if (ops.lookup === undefined) return -ENOTSUPP;
  const found = ops.lookup(map, key);
  if (found <= 0) return found === 0 ? -ENOENT : found;
  copyValueOut(map, value, found);
  return 0;
}

/** Stores a value (`bpf_map_update_value`). */
export function updateValue(map: BpfMap, key: number, value: number, flags: number, caller: Caller): number {
  const { ops } = map;
  if (ops.sysUpdate !== undefined) return ops.sysUpdate(map, key, value, flags, caller);
  if (ops.push !== undefined) return ops.push(map, value, flags);
  return ops.update === undefined ? -ENOTSUPP : ops.update(map, key, value, flags);
}

/** Removes an element. */
export function deleteElem(map: BpfMap, key: number, caller: Caller): number {
  const { ops } = map;
  if (ops.sysRemove !== undefined) return ops.sysRemove(map, key, caller);
  return ops.remove === undefined ? -ENOTSUPP : ops.remove(map, key);
}

/** MAP_LOOKUP_ELEM. */
export function mapLookupElem(kernel: Kernel, attr: Attr, caller: Caller): number {
  const flags = flagsOf(attr);
  if ((flags & ~F_LOCK) !== 0) return -EINVAL;
  const file = mapFile(caller, attr.get(MAP_FD));
  if (typeof file === 'number') return file;
  const map = file.object as BpfMap;
  if ((mapPerms(file, map) & FMODE_READ) === 0) return -EPERM;
  if ((flags & F_LOCK) !== 0 && !hasSpinLock(map)) return -EINVAL;
  const scratch = kernel.scratch;
  const key = copyKey(scratch.key, caller, map, attr.addr(KEY));
  if (key < 0) return key;
  const result = lookupTo(kernel, map, key, attr.addr(VALUE), flags, caller);
  scratch.key.release(key, map.keySize);
  return result;
}

function lookupTo(kernel: Kernel, map: BpfMap, key: number, uvalue: number, flags: number, caller: Caller): number {
  const size = userValueSize(map);
  const buffer = kernel.scratch.value;
  const value = buffer.take(size);
  if (value === 0) return -ENOMEM;
  const bytes = buffer.view(value, size);
  let result = 0;
  // A bloom filter is asked about a value: it comes from the caller.
  if (map.mapType === T.BLOOM_FILTER && caller.read(uvalue, bytes) < 0) result = -EFAULT;
  if (result === 0) result = copyValue(map, key, value, flags, caller);
  if (result === 0 && caller.write(uvalue, bytes) < 0) result = -EFAULT;
  buffer.release(value, size);
  return result;
}

/** MAP_UPDATE_ELEM. */
export function mapUpdateElem(kernel: Kernel, attr: Attr, caller: Caller): number {
  const flags = flagsOf(attr);
  const file = mapFile(caller, attr.get(MAP_FD));
  if (typeof file === 'number') return file;
  const map = file.object as BpfMap;
  if ((mapPerms(file, map) & FMODE_WRITE) === 0) return -EPERM;
  if ((attr.get(FLAGS) & F_LOCK) !== 0 && !hasSpinLock(map)) return -EINVAL;
  const scratch = kernel.scratch;
  const key = copyKey(scratch.key, caller, map, attr.addr(KEY));
  if (key < 0) return key;
  map.writer = file;
  const result = updateFrom(kernel, map, key, attr.addr(VALUE), flags, caller);
  map.writer = undefined;
  scratch.key.release(key, map.keySize);
  return result;
}

function updateFrom(kernel: Kernel, map: BpfMap, key: number, uvalue: number, flags: number, caller: Caller): number {
  const size = userValueSize(map);
  const buffer = kernel.scratch.value;
  const value = buffer.take(size);
  if (value === 0) return -ENOMEM;
  let result = -EFAULT;
  if (caller.read(uvalue, buffer.view(value, size)) === 0) {
    // Flags above 32 bits are as wrong as the first unknown one; the type says how.
    result = updateValue(map, key, value, flags < 0 ? UNKNOWN_FLAGS : flags, caller);
  }
  buffer.release(value, size);
  return result;
}

/** Stands for flags no type knows: it is refused where the type checks its flags. */
const UNKNOWN_FLAGS = 1 << 30;

/** MAP_DELETE_ELEM. */
export function mapDeleteElem(kernel: Kernel, attr: Attr, caller: Caller): number {
  const file = mapFile(caller, attr.get(MAP_FD));
  if (typeof file === 'number') return file;
  const map = file.object as BpfMap;
  if ((mapPerms(file, map) & FMODE_WRITE) === 0) return -EPERM;
  const scratch = kernel.scratch.key;
  const key = copyKey(scratch, caller, map, attr.addr(KEY));
  if (key < 0) return key;
  const result = deleteElem(map, key, caller);
  scratch.release(key, map.keySize);
  return result;
}

/** MAP_GET_NEXT_KEY. A NULL key asks for the first. */
export function mapGetNextKey(kernel: Kernel, attr: Attr, caller: Caller): number {
  const file = mapFile(caller, attr.get(MAP_FD));
  if (typeof file === 'number') return file;
  const map = file.object as BpfMap;
  if ((mapPerms(file, map) & FMODE_READ) === 0) return -EPERM;
  const scratch = kernel.scratch;
  const ukey = attr.addr(KEY);
  let key = 0;
  if (ukey !== 0) {
    key = copyKey(scratch.key, caller, map, ukey);
    if (key < 0) return key;
  }
  const result = nextKeyTo(kernel, map, key, attr.addr(NEXT_KEY), caller);
  scratch.key.release(key, map.keySize);
  return result;
}

function nextKeyTo(kernel: Kernel, map: BpfMap, key: number, unext: number, caller: Caller): number {
  const size = map.keySize;
  const buffer = kernel.scratch.nextKey;
  const next = buffer.take(size);
  if (next === 0) return -ENOMEM;
  let result = nextKey(map.ops, map, key, next);
  if (result === 0 && caller.write(unext, buffer.view(next, size)) < 0) result = -EFAULT;
  buffer.release(next, size);
  return result;
}

/** The key after `key` (0: the first) to `next`. */
export function nextKey(ops: MapOps, map: BpfMap, key: number, next: number): number {
  return ops.nextKey === undefined ? -ENOTSUPP : ops.nextKey(map, key, next);
}

/** Types that can give an element and remove it in one. */
const POP_TYPES: ReadonlySet<number> = new Set([T.QUEUE, T.STACK]);

/** MAP_LOOKUP_AND_DELETE_ELEM. */
export function mapLookupAndDeleteElem(kernel: Kernel, attr: Attr, caller: Caller): number {
  const flags = flagsOf(attr);
  if ((flags & ~F_LOCK) !== 0) return -EINVAL;
  const file = mapFile(caller, attr.get(MAP_FD));
  if (typeof file === 'number') return file;
  const map = file.object as BpfMap;
  const perms = mapPerms(file, map);
  if ((perms & FMODE_READ) === 0 || (perms & FMODE_WRITE) === 0) return -EPERM;
  if (flags !== 0 && POP_TYPES.has(map.mapType)) return -EINVAL;
  if ((flags & F_LOCK) !== 0 && !hasSpinLock(map)) return -EINVAL;
  const scratch = kernel.scratch;
  const key = copyKey(scratch.key, caller, map, attr.addr(KEY));
  if (key < 0) return key;
  const size = userValueSize(map);
  const value = scratch.value.take(size);
  let result = -ENOMEM;
  if (value !== 0) {
    result = takeElem(map, key, value, flags, caller);
    if (result === 0 && caller.write(attr.addr(VALUE), scratch.value.view(value, size)) < 0) result = -EFAULT;
    scratch.value.release(value, size);
  }
  scratch.key.release(key, map.keySize);
  return result;
}

function takeElem(map: BpfMap, key: number, value: number, flags: number, caller: Caller): number {
  const { ops } = map;
  if (POP_TYPES.has(map.mapType)) return ops.pop === undefined ? -ENOTSUPP : ops.pop(map, value);
  if (ops.sysLookupAndDelete === undefined) return -ENOTSUPP;
  return ops.sysLookupAndDelete(map, key, value, flags, caller);
}

/** MAP_FREEZE: no more writes from user space. */
export function mapFreeze(_kernel: Kernel, attr: Attr, caller: Caller): number {
  const file = mapFile(caller, attr.get(MAP_FD));
  if (typeof file === 'number') return file;
  const map = file.object as BpfMap;
  if (map.mapType === T.STRUCT_OPS || map.record !== undefined) return -ENOTSUPP;
  if (!mayWrite(file, map)) return -EPERM;
  if (map.frozen || map.writeActive?.() === true) return -EBUSY;
  map.frozen = true;
  return 0;
}

function mayWrite(file: BpfFile, map: BpfMap): boolean {
  return (mapPerms(file, map) & FMODE_WRITE) !== 0;
}
