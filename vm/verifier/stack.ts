/**
 * The stack: spills and fills of registers, plain bytes, variable offsets
 * (`check_stack_read`, `check_stack_write`, `check_stack_range_initialized`).
 */

import { EACCES, EFAULT, EINVAL } from '../../uapi/errno.ts';
import { BPF_ST, MAX_BPF_STACK } from '../insn.ts';
import { destroyDynptrSlot } from './dynptr.ts';
import type { Env } from './env.ts';
import { checkFastcallContract } from './fastcall.ts';
import { baseType, CONST_PTR_TO_DYNPTR, NOT_INIT, PTR_TO_STACK, PTR_TO_TP_BUFFER, SCALAR_VALUE } from './flags.ts';
import { markStackRead, markStackWrite } from './liveness.ts';
import { markChainPrecision } from './precision.ts';
import { constRangeNumber, ZERO } from './range.ts';
import { assignScalarId, curRegs, frameOf, markUnknown, pushHistory } from './regs.ts';
import {
  type FuncState,
  INSN_F_SPI_SHIFT,
  INSN_F_STACK_ACCESS,
  Reg,
  STACK_DYNPTR,
  STACK_INVALID,
  STACK_IRQ_FLAG,
  STACK_ITER,
  STACK_MISC,
  STACK_SPILL,
  STACK_ZERO,
  StackSlot,
} from './state.ts';

const BPF_MAX_VAR_OFF = 1n << 29n;

function accessFlags(frame: FuncState, spi: number): number {
  return INSN_F_STACK_ACCESS | (spi << INSN_F_SPI_SHIFT) | frame.frameno;
}

/** Bits a scalar takes (`get_reg_width`). */
function fitsBytes(reg: Reg, size: number): boolean {
  return size >= 8 || reg.range.umax < 1n << BigInt(size * 8);
}

/** Makes the frame's stack at least `size` bytes, and remembers the function's depth (`grow_stack_state`). */
function growStack(env: Env, frame: FuncState, size: number): void {
  const slots = (size + 7) >> 3;
  while (frame.stack.length < slots) frame.stack.push(new StackSlot());
  const info = env.subprogs[frame.subprogno]!;
  if (info.stackDepth < slots * 8 && size > 0) info.stackDepth = Math.max(info.stackDepth, slots * 8);
}

/** `check_stack_access_within_bounds`. */
export function checkStackBounds(env: Env, regno: number, off: number, size: number, write: boolean): number {
  const reg = curRegs(env)[regno]!;
  const frame = frameOf(env, reg);
  const what = write ? ' write to' : ' read from';
  const r = reg.range;
  let min: bigint;
  let max: bigint;
  if (r.isConst) {
    min = BigInt.asIntN(64, r.bits.value) + BigInt(off);
    max = min + BigInt(size);
  } else {
    if (r.smax >= BPF_MAX_VAR_OFF || r.smin <= -BPF_MAX_VAR_OFF) {
      env.verbose(`invalid unbounded variable-offset${what} stack R${regno}\n`);
      return -EACCES;
    }
    min = r.smin + BigInt(off);
    max = r.smax + BigInt(off + size);
  }
  const lowest = write || env.allowUninitStack ? -MAX_BPF_STACK : -frame.stack.length * 8;
  let err = 0;
  if (min < BigInt(lowest) || min > -1n) err = -EACCES;
  else if (max > 0n) err = -EINVAL;
  else if (size < 0) err = -EFAULT;
  if (err < 0) {
    if (r.isConst) env.verbose(`invalid${what} stack R${regno} off=${min} size=${size}\n`);
    else env.verbose(`invalid variable-offset${what} stack R${regno} var_off=${r.bits} off=${off} size=${size}\n`);
    return err;
  }
  growStack(env, frame, Number(-min));
  return 0;
}

/** A byte beside the ones that are written: what is zero or was never written stays so, also without CAP_PERFMON. */
function miscKind(kind: number): number {
  return kind === STACK_ZERO || kind === STACK_INVALID ? kind : STACK_MISC;
}

function saveRegister(slot: StackSlot, src: Reg, size: number): void {
  const reg = new Reg();
  reg.copyFrom(src);
  slot.reg = reg;
  for (let i = 7; i >= 0; i--) slot.setKind(i, i >= 8 - size ? STACK_SPILL : miscKind(slot.kind(i)));
}

function isSpecial(slot: StackSlot): boolean {
  const kind = slot.kind(7);
  return kind === STACK_SPILL || kind === STACK_DYNPTR || kind === STACK_ITER || kind === STACK_IRQ_FLAG;
}

function isSpillable(type: number): boolean {
  const base = baseType(type);
  return base !== NOT_INIT && base !== SCALAR_VALUE && base !== PTR_TO_TP_BUFFER && base !== CONST_PTR_TO_DYNPTR;
}

/** Forgets the register in a slot, leaving its bytes' kinds. */
function dropReg(slot: StackSlot): void {
  if (slot.reg.type !== NOT_INIT) {
    const reg = new Reg();
    reg.copyFrom(slot.reg);
    reg.type = NOT_INIT;
    slot.reg = reg;
  }
}

const immReg = new Reg();

function isStMem(env: Env): boolean {
  return (env.insns.op[env.insnIdx]! & 7) === BPF_ST;
}

function writeFixed(
  env: Env,
  frame: FuncState,
  off: number,
  size: number,
  valueRegno: number,
  insnIdx: number,
): number {
  const byte = -off - 1;
  const spi = byte >> 3;
  const slot = frame.stack[spi]!;
  if (!env.allowPtrLeaks && slot.isSpilled && slot.reg.type !== SCALAR_VALUE && size !== 8) {
    env.verbose('attempt to corrupt spilled pointer on stack\n');
    return -EACCES;
  }
  const reg = valueRegno >= 0 ? curRegs(env)[valueRegno]! : undefined;
  if (!env.bypassSpecV4) {
    let sanitize = reg !== undefined && isSpillable(reg.type);
    for (let i = 0; i < size && !sanitize; i++) {
      const kind = slot.kind((byte - i) & 7);
      sanitize = kind !== STACK_MISC && kind !== STACK_ZERO;
    }
    if (sanitize) env.aux[insnIdx]!.nospecResult = true;
  }
  let err = destroyDynptrSlot(env, frame, spi);
  if (err < 0) return err;
  env.scratchSlot(spi);
  checkFastcallContract(env, frame.subprogno, insnIdx, off);
  const aligned = off % 8 === 0;
  if (aligned && size === 8) markStackWrite(env, frame.frameno, spi);
  let flags = accessFlags(frame, spi);
  if (reg !== undefined && aligned && reg.type === SCALAR_VALUE && env.bpfCapable) {
    const fits = fitsBytes(reg, size);
    if (fits) assignScalarId(env, reg);
    saveRegister(slot, reg, size);
    if (!fits) slot.reg.id = 0;
  } else if (reg === undefined && aligned && isStMem(env) && env.bpfCapable) {
    immReg.setScalar(constRangeNumber(env.insns.imm[insnIdx]!));
    saveRegister(slot, immReg, size);
  } else if (reg !== undefined && isSpillable(reg.type)) {
    if (size !== 8) {
      env.verboseLine(insnIdx, '; ');
      env.verbose('invalid size of register spill\n');
      return -EACCES;
    }
    if (frame !== env.cur!.cur && reg.type === PTR_TO_STACK) {
      env.verbose('cannot spill pointers to stack into stack frame of the caller\n');
      return -EINVAL;
    }
    saveRegister(slot, reg, size);
  } else {
    if (isSpecial(slot)) {
      for (let i = 0; i < 8; i++) if (slot.kind(i) !== STACK_INVALID) slot.setKind(i, STACK_MISC);
    }
    dropReg(slot);
    let kind = STACK_MISC;
    const zero = reg !== undefined ? isNull(reg) : isStMem(env) && env.insns.imm[insnIdx] === 0;
    if (zero) {
      if (valueRegno >= 0) {
        err = markChainPrecision(env, valueRegno);
        if (err < 0) return err;
      }
      kind = STACK_ZERO;
    }
    for (let i = 0; i < size; i++) slot.setKind((byte - i) & 7, kind);
    flags = 0;
  }
  if (flags !== 0) pushHistory(env, env.cur!, flags, undefined);
  return 0;
}

/** The known number zero (`register_is_null`). */
export function isNull(reg: Reg): boolean {
  return reg.type === SCALAR_VALUE && reg.range.isConst && reg.range.bits.value === 0n;
}

function writeVariable(
  env: Env,
  frame: FuncState,
  ptr: Reg,
  off: number,
  size: number,
  valueRegno: number,
  insnIdx: number,
): number {
  const min = Number(ptr.range.smin) + off;
  const max = Number(ptr.range.smax) + off + size;
  const value = valueRegno >= 0 ? curRegs(env)[valueRegno]! : undefined;
  const zero = value !== undefined ? isNull(value) : isStMem(env) && env.insns.imm[insnIdx] === 0;
  for (let i = min; i < max; i++) {
    const err = destroyDynptrSlot(env, frame, (-i - 1) >> 3);
    if (err < 0) return err;
  }
  checkFastcallContract(env, frame.subprogno, insnIdx, min);
  let zeroUsed = false;
  for (let i = min; i < max; i++) {
    const byte = -i - 1;
    const spi = byte >> 3;
    const slot = frame.stack[spi]!;
    const kind = slot.kind(byte & 7);
    env.scratchSlot(spi);
    if (!env.allowPtrLeaks && kind !== STACK_MISC && kind !== STACK_ZERO) {
      env.verbose(`spilled ptr in range of var-offset stack write; insn ${insnIdx}, ptr off: ${i}`);
      return -EINVAL;
    }
    if (zero && kind === STACK_SPILL && slot.isSpilledScalar) {
      const { bits } = slot.reg.range;
      if (bits.isConst && bits.value === 0n) {
        zeroUsed = true;
        continue;
      }
    }
    const special = isSpecial(slot);
    dropReg(slot);
    if (special) for (let b = 0; b < 8; b++) if (slot.kind(b) !== STACK_INVALID) slot.setKind(b, STACK_MISC);
    let newKind = STACK_MISC;
    if (zero && kind === STACK_ZERO) {
      newKind = STACK_ZERO;
      zeroUsed = true;
    }
    if (kind === STACK_INVALID && !env.allowUninitStack) {
      env.verbose(`uninit stack in range of var-offset write prohibited for !root; insn ${insnIdx}, off: ${i}`);
      return -EINVAL;
    }
    slot.setKind(byte & 7, newKind);
  }
  if (zeroUsed && valueRegno >= 0) return markChainPrecision(env, valueRegno);
  return 0;
}

/** A store to the stack. */
export function checkStackWrite(
  env: Env,
  regno: number,
  off: number,
  size: number,
  valueRegno: number,
  insnIdx: number,
): number {
  const reg = curRegs(env)[regno]!;
  const frame = frameOf(env, reg);
  const { bits } = reg.range;
  if (bits.isConst) {
    return writeFixed(env, frame, off + Number(BigInt.asIntN(64, bits.value)), size, valueRegno, insnIdx);
  }
  return writeVariable(env, frame, reg, off, size, valueRegno, insnIdx);
}

function markConstZero(env: Env, reg: Reg): void {
  reg.setScalar(ZERO);
  reg.precise = !env.bpfCapable;
}

/** The destination of a read of bytes: zero when all of them are. */
function markStackReadReg(env: Env, frame: FuncState, min: number, max: number, dst: number): void {
  let zeros = 0;
  for (let i = min; i < max; i++) {
    const byte = -i - 1;
    const spi = byte >> 3;
    env.scratchSlot(spi);
    if (frame.stack[spi]!.kind(byte & 7) !== STACK_ZERO) break;
    zeros++;
  }
  const reg = curRegs(env)[dst]!;
  if (zeros === max - min) markConstZero(env, reg);
  else markUnknown(env, reg);
}

function readFixed(env: Env, frame: FuncState, off: number, size: number, dst: number): number {
  const byte = -off - 1;
  const spi = byte >> 3;
  const slot = frame.stack[spi]!;
  const reg = slot.reg;
  env.scratchSlot(spi);
  checkFastcallContract(env, frame.subprogno, env.insnIdx, off);
  markStackRead(env, frame.frameno, spi);
  let flags = accessFlags(frame, spi);
  const regs = curRegs(env);
  if (!slot.isSpilled) {
    for (let i = 0; i < size; i++) {
      const kind = slot.kind((byte - i) & 7);
      if (kind === STACK_MISC || kind === STACK_ZERO || (kind === STACK_INVALID && env.allowUninitStack)) continue;
      env.verbose(`invalid read from stack off ${off}+${i} size ${size}\n`);
      return -EACCES;
    }
    if (dst >= 0) markStackReadReg(env, frame, off, off + size, dst);
    return 0;
  }
  let spillSize = 1;
  for (let i = 7; i > 0 && slot.kind(i - 1) === STACK_SPILL; i--) spillSize++;
  if (size !== 8 || spillSize !== 8) {
    if (reg.type !== SCALAR_VALUE) {
      env.verboseLine(env.insnIdx, '; ');
      env.verbose('invalid size of register fill\n');
      return -EACCES;
    }
    if (dst < 0) return 0;
    if (size <= spillSize && off % 8 === 0) {
      regs[dst]!.copyFrom(reg);
      if (!fitsBytes(reg, size)) {
        regs[dst]!.id = 0;
        regs[dst]!.off = 0;
      }
    } else {
      let spills = 0;
      let zeros = 0;
      for (let i = 0; i < size; i++) {
        const kind = slot.kind((byte - i) & 7);
        if (kind === STACK_SPILL) spills++;
        else if (kind === STACK_ZERO) zeros++;
        else if (kind !== STACK_MISC && !(kind === STACK_INVALID && env.allowUninitStack)) {
          env.verbose(`invalid read from stack off ${off}+${i} size ${size}\n`);
          return -EACCES;
        }
      }
      if (spills === size && isNull(reg)) {
        markConstZero(env, regs[dst]!);
      } else if (zeros === size) {
        markConstZero(env, regs[dst]!);
        flags = 0;
      } else {
        markUnknown(env, regs[dst]!);
        flags = 0;
      }
    }
  } else if (dst >= 0) {
    regs[dst]!.copyFrom(reg);
  } else if (!env.allowPtrLeaks && reg.type !== SCALAR_VALUE) {
    env.verbose(`leaking pointer from stack off ${off}\n`);
    return -EACCES;
  }
  if (flags !== 0) pushHistory(env, env.cur!, flags, undefined);
  return 0;
}

/** A load from the stack; `dst` below 0: the value goes nowhere. */
export function checkStackRead(env: Env, regno: number, off: number, size: number, dst: number): number {
  const reg = curRegs(env)[regno]!;
  const frame = frameOf(env, reg);
  const r = reg.range;
  if (r.isConst) return readFixed(env, frame, off + Number(BigInt.asIntN(64, r.bits.value)), size, dst);
  if (dst < 0) {
    env.verbose(
      `variable offset stack pointer cannot be passed into helper function; var_off=${r.bits} off=${off} size=${size}\n`,
    );
    return -EACCES;
  }
  const err = checkStackRange(env, regno, off, size, false, false, undefined);
  if (err < 0) return err;
  checkFastcallContract(env, frame.subprogno, env.insnIdx, Number(r.smin) + off);
  markStackReadReg(env, frame, Number(r.smin) + off, Number(r.smax) + off + size, dst);
  return 0;
}

/** Memory a helper fills, when it need not be initialised (`raw_mode`): where and how much. */
export interface RawMem {
  raw: boolean;
  regno: number;
  size: number;
}

/** Bytes of the stack that a helper or a variable offset reads are initialised (`check_stack_range_initialized`). */
export function checkStackRange(
  env: Env,
  regno: number,
  off: number,
  size: number,
  zeroOk: boolean,
  write: boolean,
  meta: RawMem | undefined,
): number {
  const reg = curRegs(env)[regno]!;
  const frame = frameOf(env, reg);
  const r = reg.range;
  if (size === 0 && !zeroOk) {
    env.verbose('invalid zero-sized read\n');
    return -EACCES;
  }
  const err = checkStackBounds(env, regno, off, size, write);
  if (err < 0) return err;
  let raw = meta;
  let min: number;
  let max: number;
  if (r.isConst) {
    min = Number(BigInt.asIntN(64, r.bits.value)) + off;
    max = min;
  } else {
    if (!env.bypassSpecV1) {
      env.verbose(`R${regno} variable offset stack access prohibited for !root, var_off=${r.bits}\n`);
      return -EACCES;
    }
    // Only a fixed place can be taken as filled.
    if (raw?.raw) raw = undefined;
    min = Number(r.smin) + off;
    max = Number(r.smax) + off;
  }
  if (raw?.raw) {
    for (let i = min; i < max + size; i++) {
      const byte = -i - 1;
      const slot = frame.stack[byte >> 3]!;
      const kind = slot.kind(byte & 7);
      if (kind === STACK_DYNPTR) {
        env.verbose(`potential write to dynptr at off=${i} disallowed\n`);
        return -EACCES;
      }
    }
    raw.size = size;
    raw.regno = regno;
    return 0;
  }
  for (let i = min; i < max + size; i++) {
    const byte = -i - 1;
    const spi = byte >> 3;
    const slot = frame.stack[spi];
    if (slot === undefined) {
      env.verbose('allocated_stack too small\n');
      return -EFAULT;
    }
    const kind = slot.kind(byte & 7);
    let ok = kind === STACK_MISC;
    if (kind === STACK_ZERO || (kind === STACK_INVALID && env.allowUninitStack)) {
      if (write) slot.setKind(byte & 7, STACK_MISC);
      ok = true;
    } else if (slot.isSpilled && (slot.reg.type === SCALAR_VALUE || env.allowPtrLeaks)) {
      if (write) {
        const known = new Reg();
        known.setUnknown();
        known.precise = !env.bpfCapable;
        slot.reg = known;
        for (let j = 0; j < 8; j++) if (slot.kind(j) !== STACK_INVALID) slot.setKind(j, STACK_MISC);
      }
      ok = true;
    }
    if (!ok) {
      if (r.isConst) env.verbose(`invalid read from stack R${regno} off ${min}+${i - min} size ${size}\n`);
      else env.verbose(`invalid read from stack R${regno} var_off ${r.bits}+${i - min} size ${size}\n`);
      return -EACCES;
    }
    markStackRead(env, frame.frameno, spi);
  }
  return 0;
}
