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
  BPF_LDX,
  BPF_LOAD_ACQ,
  BPF_OR,
  BPF_STORE_REL,
  BPF_XCHG,
  BPF_XOR,
} from '../insn.ts';
import { REGS_HI, REGS_LO } from './registers.ts';

/** Loads `size` bytes into register `d`, sign- or zero-extended. */
export function load(view: DataView, d: number, address: number, size: number, signed: boolean): void {
  let lo: number;
  let hi = 0;
  if (size === 1) lo = signed ? view.getInt8(address) : view.getUint8(address);
  else if (size === 2) lo = signed ? view.getInt16(address, true) : view.getUint16(address, true);
  else lo = view.getInt32(address, true);
  if (size === 8) hi = view.getInt32(address + 4, true);
  else if (signed) hi = lo >> 31;
  REGS_LO[d] = lo;
  REGS_HI[d] = hi;
}

/** Stores the low `size` bytes of a value given as halves. */
export function store(view: DataView, lo: number, hi: number, address: number, size: number): void {
  if (size === 1) view.setInt8(address, lo);
  else if (size === 2) view.setInt16(address, lo, true);
  else view.setInt32(address, lo, true);
  if (size === 8) view.setInt32(address + 4, hi, true);
}

/** Bytes an opcode accesses, by its size bits. */
const SIZE = [4, 2, 1, 8] as const;

export function accessSize(opcode: number): number {
  return SIZE[(opcode >> 3) & 3]!;
}

/** One atomic operation (RFC 9669 section 5.3); memory is only touched by one thread. `d`, `s`: registers. */
export function atomic(view: DataView, d: number, s: number, address: number, size: number, op: number): void {
  if (op === BPF_LOAD_ACQ) {
    load(view, d, address, size, false);
    return;
  }
  if (op === BPF_STORE_REL) {
    store(view, REGS_LO[s]!, REGS_HI[s]!, address, size);
    return;
  }
  const wide = size === 8;
  const oldLo = view.getInt32(address, true);
  const oldHi = wide ? view.getInt32(address + 4, true) : 0;
  const lo = REGS_LO[s]!;
  const hi = REGS_HI[s]!;
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
    const equal = oldLo === REGS_LO[0] && (!wide || oldHi === REGS_HI[0]);
    REGS_LO[0] = oldLo;
    REGS_HI[0] = oldHi;
    if (!equal) return;
  }
  view.setInt32(address, newLo, true);
  if (wide) view.setInt32(address + 4, newHi, true);
  if ((op & BPF_FETCH) !== 0 && op !== BPF_CMPXCHG) {
    REGS_LO[s] = oldLo;
    REGS_HI[s] = oldHi;
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
export function arenaAccess(view: DataView, what: number, d: number, s: number, address: number): void {
  const opcode = what & 255;
  const size = accessSize(opcode);
  const mode = opcode & 0xe0;
  if ((opcode & 7) === 1) {
    if (address !== 0) load(view, d, address, size, mode === 0x80);
    else {
      REGS_LO[d] = 0;
      REGS_HI[d] = 0;
    }
  } else if (address !== 0) {
    if (mode === 0xc0) atomic(view, d, s, address, size, what >> 8);
    else store(view, REGS_LO[s]!, REGS_HI[s]!, address, size);
  } else if (mode === 0xc0 && what >> 8 === BPF_LOAD_ACQ) {
    REGS_LO[d] = 0;
    REGS_HI[d] = 0;
  } else if (mode === 0xc0 && what >> 8 === BPF_XCHG) {
    REGS_LO[s] = 0;
    REGS_HI[s] = 0;
  }
}

/** Whether an arena access is a write to those who are told of a fault: it sets no register to 0. */
export function arenaWrites(what: number): boolean {
  const op = what >> 8;
  return (what & 7) !== BPF_LDX && !((what & 0xe0) === 0xc0 && (op === BPF_LOAD_ACQ || op === BPF_XCHG));
}

/** Whether an arena access goes through its source register: a load, or a load-acquire. */
export function arenaPointerInSource(what: number): boolean {
  return (what & 7) === BPF_LDX || what >> 8 === BPF_LOAD_ACQ;
}
