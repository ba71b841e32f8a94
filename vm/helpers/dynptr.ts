/**
 * Dynptrs (`struct bpf_dynptr`, 16 bytes on the program's stack):
 *
 *     u64 data | u32 size, type << 28, read-only << 31 | u32 offset
 *
 * `data` is a pointer to memory, or for packets the context; 0: no dynptr.
 */
import { BASE_HI } from '../../mm/arena.ts';
import { E2BIG, EINVAL, ENOTSUP, ERANGE } from '../../uapi/errno.ts';
import type { HelperImpl, HelperRecord } from '../helper.ts';
import type { Vm } from '../vm.ts';

/** `enum bpf_dynptr_type`. */
export const DYNPTR = { LOCAL: 1, RINGBUF: 2, SKB: 3, XDP: 4, SKB_META: 5 } as const;

const TYPE_SHIFT = 28;
const RDONLY = 1 << 31;
const SIZE_MASK = 0xffffff;
/** The largest dynptr (`DYNPTR_MAX_SIZE`). */
const MAX_SIZE = (1 << 24) - 1;

/** Fields of a dynptr in the arena. */
export function dynptrData(vm: Vm, ptr: number): number {
  return vm.env.arena.view.getInt32(ptr, true);
}
function dynptrSize(vm: Vm, ptr: number): number {
  return vm.env.arena.view.getInt32(ptr + 8, true) & SIZE_MASK;
}
function offsetOf(vm: Vm, ptr: number): number {
  return vm.env.arena.view.getUint32(ptr + 12, true);
}
function dynptrType(vm: Vm, ptr: number): number {
  return (vm.env.arena.view.getInt32(ptr + 8, true) >>> TYPE_SHIFT) & 7;
}
function isRdonly(vm: Vm, ptr: number): boolean {
  return vm.env.arena.view.getInt32(ptr + 8, true) < 0;
}

function setSize(vm: Vm, ptr: number, size: number): void {
  const view = vm.env.arena.view;
  view.setInt32(ptr + 8, (view.getInt32(ptr + 8, true) & ~SIZE_MASK) | size, true);
}

/** Makes a dynptr (`bpf_dynptr_init`). */
export function dynptrInit(
  vm: Vm,
  ptr: number,
  data: number,
  type: number,
  offset: number,
  size: number,
  rdonly = false,
): void {
  const view = vm.env.arena.view;
  view.setInt32(ptr, data, true);
  view.setInt32(ptr + 4, data === 0 ? 0 : BASE_HI, true);
  view.setInt32(ptr + 8, size | (type << TYPE_SHIFT) | (rdonly ? RDONLY : 0), true);
  view.setUint32(ptr + 12, offset, true);
}

/** Makes it none (`bpf_dynptr_set_null`). */
export function dynptrSetNull(vm: Vm, ptr: number): void {
  vm.env.arena.u8.fill(0, ptr, ptr + 16);
}

/** `bpf_dynptr_check_off_len`: -E2BIG beyond the end. */
function checkRange(vm: Vm, ptr: number, offset: number, length: number): number {
  const size = dynptrSize(vm, ptr);
  return length > size || offset > size - length ? -E2BIG : 0;
}

/** Whether `length` bytes at `offset` may be written: 0, -EINVAL or -E2BIG. */
export function dynptrCheck(vm: Vm, ptr: number, offset: number, length: number): number {
  if (dynptrData(vm, ptr) === 0 || isRdonly(vm, ptr)) return -EINVAL;
  return checkRange(vm, ptr, offset >>> 0, length >>> 0);
}

const isPacket = (type: number): boolean => type === DYNPTR.SKB || type === DYNPTR.XDP;

function fromMem(vm: Vm, data = 0, size = 0, lo = 0, hi = 0, ptr = 0): number {
  if (size >>> 0 > MAX_SIZE) {
    dynptrSetNull(vm, ptr);
    return -E2BIG;
  }
  if (lo !== 0 || hi !== 0) {
    dynptrSetNull(vm, ptr);
    return -EINVAL;
  }
  dynptrInit(vm, ptr, data, DYNPTR.LOCAL, 0, size);
  return 0;
}

/** bpf_dynptr_read: (dst, len, src, offset, flags). */
function read(vm: Vm, to = 0, length = 0, ptr = 0, offset = 0, lo = 0, hi = 0): number {
  const data = dynptrData(vm, ptr);
  if (data === 0 || lo !== 0 || hi !== 0) return -EINVAL;
  const error = checkRange(vm, ptr, offset >>> 0, length >>> 0);
  if (error !== 0) return error;
  const at = offsetOf(vm, ptr) + (offset >>> 0);
  if (isPacket(dynptrType(vm, ptr))) return vm.packet?.load(data, at, to, length) ?? -EINVAL;
  vm.env.arena.u8.copyWithin(to, data + at, data + at + length);
  return 0;
}

/** bpf_dynptr_write: (dst, offset, src, len, flags). */
export function dynptrWrite(vm: Vm, ptr = 0, offset = 0, from = 0, length = 0, lo = 0, hi = 0): number {
  const data = dynptrData(vm, ptr);
  if (data === 0 || isRdonly(vm, ptr)) return -EINVAL;
  const error = checkRange(vm, ptr, offset >>> 0, length >>> 0);
  if (error !== 0) return error;
  const at = offsetOf(vm, ptr) + (offset >>> 0);
  const packet = isPacket(dynptrType(vm, ptr));
  if ((lo !== 0 || hi !== 0) && dynptrType(vm, ptr) !== DYNPTR.SKB) return -EINVAL;
  if (packet) return vm.packet?.store(data, at, from, length) ?? -EINVAL;
  vm.env.arena.u8.copyWithin(data + at, from, from + length);
  return 0;
}

/** bpf_dynptr_data: address of the bytes, or NULL; packets have their own way. */
function data(vm: Vm, ptr = 0, offset = 0, length = 0): number {
  const base = dynptrData(vm, ptr);
  if (base === 0 || isRdonly(vm, ptr) || isPacket(dynptrType(vm, ptr))) return 0;
  if (checkRange(vm, ptr, offset >>> 0, length >>> 0) !== 0) return 0;
  return base + offsetOf(vm, ptr) + (offset >>> 0);
}

/** bpf_dynptr_slice: as data, for packets the bytes in place or a copy in the buffer. */
function slice(vm: Vm, ptr = 0, offset = 0, buffer = 0, size = 0): number {
  const base = dynptrData(vm, ptr);
  if (base === 0 || checkRange(vm, ptr, offset >>> 0, size >>> 0) !== 0) return 0;
  const at = offsetOf(vm, ptr) + (offset >>> 0);
  if (!isPacket(dynptrType(vm, ptr))) return base + at;
  const inPlace = vm.packet?.slice(base, at, size) ?? 0;
  if (inPlace !== 0 || buffer === 0) return inPlace;
  return vm.packet?.load(base, at, buffer, size) === 0 ? buffer : 0;
}

function sliceRdwr(vm: Vm, ptr = 0, offset = 0, buffer = 0, size = 0): number {
  return dynptrData(vm, ptr) === 0 || isRdonly(vm, ptr) ? 0 : slice(vm, ptr, offset, buffer, size);
}

/** bpf_dynptr_adjust: narrows to [start, end). */
function adjust(vm: Vm, ptr = 0, start = 0, end = 0): number {
  if (dynptrData(vm, ptr) === 0 || start >>> 0 > end >>> 0) return -EINVAL;
  const size = dynptrSize(vm, ptr);
  if (start >>> 0 > size || end >>> 0 > size) return -ERANGE;
  vm.env.arena.view.setUint32(ptr + 12, offsetOf(vm, ptr) + start, true);
  setSize(vm, ptr, end - start);
  return 0;
}

function clone(vm: Vm, ptr = 0, copy = 0): number {
  if (dynptrData(vm, ptr) === 0) {
    dynptrSetNull(vm, copy);
    return -EINVAL;
  }
  vm.env.arena.u8.copyWithin(copy, ptr, ptr + 16);
  return 0;
}

/** bpf_dynptr_copy: (dst, dst_off, src, src_off, size): at once where both lie in a row, else in pieces. */
function copy(vm: Vm, to = 0, toOff = 0, from = 0, fromOff = 0, size = 0): number {
  const source = slice(vm, from, fromOff, 0, size);
  const target = sliceRdwr(vm, to, toOff, 0, size);
  if (source !== 0 && target !== 0) {
    vm.env.arena.u8.copyWithin(target, source, source + size);
    return 0;
  }
  if (source !== 0) return dynptrWrite(vm, to, toOff, source, size);
  if (target !== 0) return read(vm, target, size, from, fromOff);
  const block = vm.env.arena.alloc(256);
  if (block === 0) return -E2BIG;
  let error = checkRange(vm, to, toOff >>> 0, size >>> 0) || checkRange(vm, from, fromOff >>> 0, size >>> 0);
  if (error === 0 && size !== 0 && isRdonly(vm, to)) error = -EINVAL;
  for (let done = 0; error === 0 && done < size; ) {
    const part = Math.min(256, size - done);
    error = read(vm, block, part, from, fromOff + done) || dynptrWrite(vm, to, toOff + done, block, part);
    done += part;
  }
  vm.env.arena.free(block, 256);
  return error;
}

function memset(vm: Vm, ptr = 0, offset = 0, size = 0, value = 0): number {
  if (isRdonly(vm, ptr)) return -EINVAL;
  // One that is none has no bytes: all but nothing is beyond its end.
  const error = checkRange(vm, ptr, offset >>> 0, size >>> 0);
  if (error !== 0) return error;
  const block = vm.env.arena.alloc(256);
  if (block === 0) return -E2BIG;
  vm.env.arena.u8.fill(value & 255, block, block + 256);
  let result = 0;
  for (let done = 0; result === 0 && done < size; done += 256) {
    result = dynptrWrite(vm, ptr, offset + done, block, Math.min(256, size - done));
  }
  vm.env.arena.free(block, 256);
  return result;
}

/** bpf_dynptr_from_skb and from_xdp: (ctx, flags, ptr). */
function fromPacket(type: number) {
  return (vm: Vm, ctx = 0, lo = 0, hi = 0, ptr = 0): number => {
    if (vm.packet === undefined || lo !== 0 || hi !== 0) {
      dynptrSetNull(vm, ptr);
      return vm.packet === undefined ? -ENOTSUP : -EINVAL;
    }
    dynptrInit(vm, ptr, ctx, type, 0, vm.packet.length(ctx), !vm.packet.writable(ctx));
    return 0;
  };
}

export const DYNPTR_HELPERS: readonly HelperRecord[] = [
  { id: 197, name: 'dynptr_from_mem', doc: 'A dynptr to memory.', args: 'iili', ret: 'int', fn: fromMem },
  { id: 201, name: 'dynptr_read', doc: 'Copies out of a dynptr.', args: 'iiiil', ret: 'int', fn: read },
  { id: 202, name: 'dynptr_write', doc: 'Copies into a dynptr.', args: 'iiiil', ret: 'int', fn: dynptrWrite },
  {
    id: 203,
    name: 'dynptr_data',
    doc: 'Address of the bytes of a dynptr, or NULL.',
    args: 'iii',
    ret: 'ptr',
    fn: data,
  },
];

export const DYNPTR_KFUNCS: readonly HelperImpl[] = [
  { name: 'bpf_dynptr_from_skb', doc: 'A dynptr to the packet.', args: 'ili', ret: 'int', fn: fromPacket(DYNPTR.SKB) },
  { name: 'bpf_dynptr_from_xdp', doc: 'A dynptr to the packet.', args: 'ili', ret: 'int', fn: fromPacket(DYNPTR.XDP) },
  {
    name: 'bpf_dynptr_slice',
    doc: 'The bytes, in place or copied to the buffer.',
    args: 'iiii',
    ret: 'ptr',
    fn: slice,
  },
  { name: 'bpf_dynptr_slice_rdwr', doc: 'The bytes to write to.', args: 'iiii', ret: 'ptr', fn: sliceRdwr },
  { name: 'bpf_dynptr_adjust', doc: 'Narrows to a part.', args: 'iii', ret: 'int', fn: adjust },
  {
    name: 'bpf_dynptr_is_null',
    doc: 'Whether it is none.',
    args: 'i',
    ret: 'uint',
    fn: (vm, ptr = 0) => (dynptrData(vm, ptr) === 0 ? 1 : 0),
  },
  {
    name: 'bpf_dynptr_is_rdonly',
    doc: 'Whether it may not be written to.',
    args: 'i',
    ret: 'uint',
    fn: (vm, ptr = 0) => (dynptrData(vm, ptr) !== 0 && isRdonly(vm, ptr) ? 1 : 0),
  },
  {
    name: 'bpf_dynptr_size',
    doc: 'Bytes of it, or -EINVAL.',
    args: 'i',
    ret: 'uint',
    fn: (vm, ptr = 0) => (dynptrData(vm, ptr) === 0 ? -EINVAL : dynptrSize(vm, ptr)),
  },
  { name: 'bpf_dynptr_clone', doc: 'A second dynptr to the same bytes.', args: 'ii', ret: 'int', fn: clone },
  { name: 'bpf_dynptr_copy', doc: 'Copies between dynptrs.', args: 'iiiii', ret: 'int', fn: copy },
  { name: 'bpf_dynptr_memset', doc: 'Fills a part with a byte.', args: 'iiii', ret: 'int', fn: memset },
];
