/**
 * Memory operations of the interpreter that are not plain loads and stores: atomics,
 * loads that may fault, and pointers of a BPF arena.
 */
import type { ArenaMap } from '../../maps/arena_map.ts';
import { type Arena, BASE_HI, PAGE_SHIFT, PAGE_SIZE } from '../../mm/arena.ts';
import {
  BPF_ADD,
  BPF_AND,
  BPF_CMPXCHG,
  BPF_FETCH,
  BPF_LOAD_ACQ,
  BPF_OR,
  BPF_STORE_REL,
  BPF_XCHG,
  BPF_XOR,
} from '../insn.ts';

/** Loads `size` bytes into the register at word `d`, sign- or zero-extended. */
export function load(
  view: DataView,
  regs: Int32Array,
  d: number,
  address: number,
  size: number,
  signed: boolean,
): void {
  let lo: number;
  let hi = 0;
  if (size === 1) lo = signed ? view.getInt8(address) : view.getUint8(address);
  else if (size === 2) lo = signed ? view.getInt16(address, true) : view.getUint16(address, true);
  else lo = view.getInt32(address, true);
  if (size === 8) hi = view.getInt32(address + 4, true);
  else if (signed) hi = lo >> 31;
  regs[d] = lo;
  regs[d + 1] = hi;
}

/** Stores the low `size` bytes of the register at word `s`. */
export function store(view: DataView, regs: Int32Array, s: number, address: number, size: number): void {
  if (size === 1) view.setInt8(address, regs[s]!);
  else if (size === 2) view.setInt16(address, regs[s]!, true);
  else view.setInt32(address, regs[s]!, true);
  if (size === 8) view.setInt32(address + 4, regs[s + 1]!, true);
}

/** Bytes an opcode accesses, by its size bits. */
const SIZE = [4, 2, 1, 8] as const;

export function accessSize(opcode: number): number {
  return SIZE[(opcode >> 3) & 3]!;
}

/** One atomic operation (RFC 9669 section 5.3); memory is only touched by one thread. `d`, `s`: words of the registers. */
export function atomic(
  view: DataView,
  regs: Int32Array,
  d: number,
  s: number,
  address: number,
  size: number,
  op: number,
): void {
  if (op === BPF_LOAD_ACQ) {
    load(view, regs, d, address, size, false);
    return;
  }
  if (op === BPF_STORE_REL) {
    store(view, regs, s, address, size);
    return;
  }
  const wide = size === 8;
  const oldLo = view.getInt32(address, true);
  const oldHi = wide ? view.getInt32(address + 4, true) : 0;
  const lo = regs[s]!;
  const hi = regs[s + 1]!;
  let newLo = lo;
  let newHi = hi;
  switch (op & ~BPF_FETCH) {
    case BPF_ADD:
      newLo = (oldLo + lo) | 0;
      newHi = (oldHi + hi + (newLo >>> 0 < oldLo >>> 0 ? 1 : 0)) | 0;
      break;
    case BPF_OR:
      newLo = oldLo | lo;
      newHi = oldHi | hi;
      break;
    case BPF_AND:
      newLo = oldLo & lo;
      newHi = oldHi & hi;
      break;
    case BPF_XOR:
      newLo = oldLo ^ lo;
      newHi = oldHi ^ hi;
      break;
  }
  if (op === BPF_CMPXCHG) {
    const equal = oldLo === regs[0] && (!wide || oldHi === regs[1]);
    regs[0] = oldLo;
    regs[1] = oldHi;
    if (!equal) return;
  }
  view.setInt32(address, newLo, true);
  if (wide) view.setInt32(address + 4, newHi, true);
  if ((op & BPF_FETCH) !== 0 && op !== BPF_CMPXCHG) {
    regs[s] = oldLo;
    regs[s + 1] = oldHi;
  }
}

/** Whether a load of `size` bytes through this 64-bit pointer would not fault. */
export function probeOk(arena: Arena, lo: number, hi: number, off: number, size: number): boolean {
  return hi === (BASE_HI | 0) && lo >= 0 && arena.contains(lo + off, size);
}

/**
 * The bytes behind a pointer of a BPF arena, whose low half counts; 0 when there is no
 * page (such a load reads 0 and such a store is dropped).
 */
export function arenaAddress(map: ArenaMap | undefined, lo: number, off: number, size: number): number {
  if (map === undefined) return 0;
  const at = (lo + off - Number(BigInt.asIntN(32, map.userVmStart))) >>> 0;
  if (at + size > map.nrPages * PAGE_SIZE) return 0;
  return map.env.arena.u8[map.inUse + (at >>> PAGE_SHIFT)] === 0 ? 0 : map.pages + at;
}

/** An access through an arena pointer; `what`: opcode, with the atomic operation above it. */
export function arenaAccess(
  view: DataView,
  regs: Int32Array,
  what: number,
  d: number,
  s: number,
  address: number,
): void {
  const opcode = what & 255;
  const size = accessSize(opcode);
  const mode = opcode & 0xe0;
  if ((opcode & 7) === 1) {
    if (address !== 0) load(view, regs, d, address, size, mode === 0x80);
    else {
      regs[d] = 0;
      regs[d + 1] = 0;
    }
  } else if (address !== 0) {
    if (mode === 0xc0) atomic(view, regs, d, s, address, size, what >> 8);
    else store(view, regs, s, address, size);
  } else if (mode === 0xc0 && what >> 8 === BPF_LOAD_ACQ) {
    regs[d] = 0;
    regs[d + 1] = 0;
  } else if (mode === 0xc0 && what >> 8 === BPF_XCHG) {
    regs[s] = 0;
    regs[s + 1] = 0;
  }
}
