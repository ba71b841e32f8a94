/**
 * Dynptrs and other objects that live in stack slots: where they are, making and
 * destroying them.
 */
import { EINVAL, ERANGE } from '../../uapi/errno.ts';
import type { Env } from './env.ts';
import {
  CONST_PTR_TO_DYNPTR,
  DYNPTR_TYPE_LOCAL,
  DYNPTR_TYPE_RINGBUF,
  DYNPTR_TYPE_SKB,
  DYNPTR_TYPE_SKB_META,
  DYNPTR_TYPE_XDP,
  PTR_MAYBE_NULL,
  PTR_TO_MEM,
} from './flags.ts';
import { markStackWrite } from './liveness.ts';
import { ZERO } from './range.ts';
import { acquireReference, releaseReference } from './refs.ts';
import { frameOf, markRegInvalid } from './regs.ts';
import {
  DYNPTR_INVALID,
  DYNPTR_LOCAL,
  DYNPTR_RINGBUF,
  DYNPTR_SKB,
  DYNPTR_SKB_META,
  DYNPTR_XDP,
  type FuncState,
  forEachReg,
  NO_REG,
  Reg,
  STACK_DYNPTR,
  STACK_INVALID,
} from './state.ts';

/** Slot of an object of `nr` slots that the stack pointer points at, or -EINVAL, -ERANGE (`stack_slot_obj_get_spi`). */
export function stackObjectSpi(env: Env, reg: Reg, what: string, nr: number): number {
  const { bits } = reg.range;
  if (!bits.isConst) {
    env.verbose(`${what} has to be at a constant offset\n`);
    return -EINVAL;
  }
  const off = reg.off + Number(BigInt.asIntN(64, bits.value));
  const spi = (-off - 1) >> 3;
  if (off % 8 !== 0 || spi + 1 < nr) {
    env.verbose(`cannot pass in ${what} at an offset=${off}\n`);
    return -EINVAL;
  }
  const slots = frameOf(env, reg).stack.length;
  return spi - nr + 1 >= 0 && spi < slots ? spi : -ERANGE;
}

export function dynptrSpi(env: Env, reg: Reg): number {
  return stackObjectSpi(env, reg, 'dynptr', 2);
}

/** Kind of dynptr an argument type asks for. */
export function argDynptrType(argType: number): number {
  if ((argType & DYNPTR_TYPE_LOCAL) !== 0) return DYNPTR_LOCAL;
  if ((argType & DYNPTR_TYPE_RINGBUF) !== 0) return DYNPTR_RINGBUF;
  if ((argType & DYNPTR_TYPE_SKB) !== 0) return DYNPTR_SKB;
  if ((argType & DYNPTR_TYPE_XDP) !== 0) return DYNPTR_XDP;
  if ((argType & DYNPTR_TYPE_SKB_META) !== 0) return DYNPTR_SKB_META;
  return DYNPTR_INVALID;
}

function slotReg(type: number, first: boolean, id: number): Reg {
  const reg = new Reg();
  reg.setScalar(ZERO);
  reg.type = CONST_PTR_TO_DYNPTR;
  reg.id = id;
  reg.num = type;
  reg.firstSlot = first;
  return reg;
}

/** A register that is a constant dynptr: what callbacks get. */
export function markDynptrReg(env: Env, reg: Reg, type: number): void {
  reg.copyFrom(slotReg(type, true, env.nextId()));
}

function invalidate(env: Env, frame: FuncState, spi: number): void {
  for (const s of [spi, spi - 1]) {
    frame.stack[s]!.setAll(STACK_INVALID);
    frame.stack[s]!.reg = NO_REG;
    markStackWrite(env, frame.frameno, s);
  }
}

/** Writing to a slot of a dynptr destroys the whole; a referenced one may not be (`destroy_if_dynptr_stack_slot`). */
export function destroyDynptrSlot(env: Env, frame: FuncState, spi: number): number {
  if (frame.stack[spi]!.kind(0) !== STACK_DYNPTR) return 0;
  if (!frame.stack[spi]!.reg.firstSlot) spi++;
  const reg = frame.stack[spi]!.reg;
  if (reg.num === DYNPTR_RINGBUF) {
    env.verbose('cannot overwrite referenced dynptr\n');
    return -EINVAL;
  }
  env.scratchSlot(spi);
  env.scratchSlot(spi - 1);
  const id = reg.id;
  forEachReg(env.cur!, (other) => {
    if (other.type !== (PTR_TO_MEM | PTR_MAYBE_NULL) && other.type !== PTR_TO_MEM) return;
    if (other.dynptrId === id) markRegInvalid(env, other);
  });
  invalidate(env, frame, spi);
  return 0;
}

/** Makes a dynptr where the register points (`mark_stack_slots_dynptr`). */
export function markStackDynptr(env: Env, reg: Reg, type: number, insnIdx: number, cloneRef: number): number {
  const spi = dynptrSpi(env, reg);
  if (spi < 0) return spi;
  const frame = frameOf(env, reg);
  let err = destroyDynptrSlot(env, frame, spi);
  if (err < 0) return err;
  err = destroyDynptrSlot(env, frame, spi - 1);
  if (err < 0) return err;
  if (type === DYNPTR_INVALID) return -EINVAL;
  const id = env.nextId();
  let ref = 0;
  if (type === DYNPTR_RINGBUF) ref = cloneRef !== 0 ? cloneRef : acquireReference(env, insnIdx);
  for (const s of [spi, spi - 1]) {
    const slot = frame.stack[s]!;
    slot.setAll(STACK_DYNPTR);
    slot.reg = slotReg(type, s === spi, id);
    slot.reg.refObjId = ref;
    markStackWrite(env, frame.frameno, s);
    env.scratchSlot(s);
  }
  return 0;
}

/** Releases a dynptr with everything made from it (`unmark_stack_slots_dynptr`). */
export function unmarkStackDynptr(env: Env, reg: Reg): number {
  const spi = dynptrSpi(env, reg);
  if (spi < 0) return spi;
  const frame = frameOf(env, reg);
  const own = frame.stack[spi]!.reg;
  if (own.num !== DYNPTR_RINGBUF) {
    invalidate(env, frame, spi);
    return 0;
  }
  const ref = own.refObjId;
  const err = releaseReference(env, ref);
  if (err < 0) return err;
  for (let s = 1; s < frame.stack.length; s++) {
    const slot = frame.stack[s]!;
    if (slot.kind(0) === STACK_DYNPTR && slot.reg.refObjId === ref && slot.reg.firstSlot) invalidate(env, frame, s);
  }
  return 0;
}

/** A place where a dynptr may be made. */
export function dynptrUninitOk(env: Env, reg: Reg): boolean {
  if (reg.type === CONST_PTR_TO_DYNPTR) return false;
  const spi = dynptrSpi(env, reg);
  return spi >= 0 || spi === -ERANGE;
}

/** A dynptr that was made and not destroyed. */
export function dynptrInitOk(env: Env, reg: Reg): boolean {
  if (reg.type === CONST_PTR_TO_DYNPTR) return true;
  const spi = dynptrSpi(env, reg);
  if (spi < 0) return false;
  const { stack } = frameOf(env, reg);
  return stack[spi]!.reg.firstSlot && stack[spi]!.isAll(STACK_DYNPTR) && stack[spi - 1]!.isAll(STACK_DYNPTR);
}

/** The register that describes the dynptr an argument points to. */
export function dynptrReg(env: Env, reg: Reg): Reg {
  if (reg.type === CONST_PTR_TO_DYNPTR) return reg;
  const spi = dynptrSpi(env, reg);
  return spi < 0 ? reg : frameOf(env, reg).stack[spi]!.reg;
}
