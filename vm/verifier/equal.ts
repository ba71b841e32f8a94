/**
 * Whether an old state covers the current one, so that what was safe then is safe now
 * (`states_equal`, `regsafe`, `stacksafe`, `refsafe`).
 */
import type { Env } from './env.ts';
import {
  baseType,
  NOT_INIT,
  PTR_TO_ARENA,
  PTR_TO_BUF,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_PACKET,
  PTR_TO_PACKET_META,
  PTR_TO_STACK,
  PTR_TO_TP_BUFFER,
  SCALAR_VALUE,
} from './flags.ts';
import type { IdMap } from './idmap.ts';
import { UNKNOWN } from './range.ts';
import { frameInsnIdx } from './scc.ts';
import {
  BPF_ADD_CONST,
  type FuncState,
  ITER_ACTIVE,
  REF_LOCK_MASK,
  Reg,
  STACK_DYNPTR,
  STACK_INVALID,
  STACK_IRQ_FLAG,
  STACK_ITER,
  STACK_MISC,
  STACK_SPILL,
  STACK_ZERO,
  type StackSlot,
  type VState,
} from './state.ts';
import { tnumIn } from './tnum.ts';

/** How strict the comparison is (`enum exact_level`). */
export const NOT_EXACT = 0;
export const EXACT = 1;
export const RANGE_WITHIN = 2;

/** What the kernel keeps in the first part of a register: everything but ranges and ids. */
function sameHead(a: Reg, b: Reg): boolean {
  return (
    a.type === b.type &&
    a.off === b.off &&
    a.num === b.num &&
    a.map === b.map &&
    a.mapUid === b.mapUid &&
    a.btf === b.btf &&
    a.btfId === b.btfId &&
    a.dynptrId === b.dynptrId &&
    a.firstSlot === b.firstSlot
  );
}

/** The same in everything, ids up to renaming. */
function regsExact(old: Reg, cur: Reg, ids: IdMap): boolean {
  return (
    sameHead(old, cur) &&
    old.range.equals(cur.range) &&
    ids.check(old.id, cur.id) &&
    ids.check(old.refObjId, cur.refObjId)
  );
}

function within(old: Reg, cur: Reg): boolean {
  return old.range === cur.range || (old.range.contains(cur.range) && tnumIn(old.range.bits, cur.range.bits));
}

function regSafe(env: Env, old: Reg, cur: Reg, exact: number): boolean {
  const ids = env.idMap;
  if (exact === EXACT) return regsExact(old, cur, ids);
  if (old.type === NOT_INIT && (exact === NOT_EXACT || cur.type === NOT_INIT)) return true;
  if (old.type !== cur.type) return false;
  switch (baseType(old.type)) {
    case SCALAR_VALUE:
      if (env.exploreAluLimits) {
        return sameHead(old, cur) && old.range.equals(cur.range) && ids.checkScalar(old.id, cur.id);
      }
      if (!old.precise && exact === NOT_EXACT) return true;
      if (!within(old, cur)) return false;
      // Linked to nothing before: links of the new one only add to what is known.
      if (old.id === 0) return true;
      if ((old.id & BPF_ADD_CONST) !== (cur.id & BPF_ADD_CONST)) return false;
      if ((old.id & BPF_ADD_CONST) !== 0 && old.off !== cur.off) return false;
      // Those that are a constant apart share an id: they must be linked in both states.
      return ids.checkScalar(old.id & ~BPF_ADD_CONST, cur.id & ~BPF_ADD_CONST);
    case PTR_TO_MAP_KEY:
    case PTR_TO_MAP_VALUE:
    case PTR_TO_MEM:
    case PTR_TO_BUF:
    case PTR_TO_TP_BUFFER:
      return (
        sameHead(old, cur) && within(old, cur) && ids.check(old.id, cur.id) && ids.check(old.refObjId, cur.refObjId)
      );
    case PTR_TO_PACKET_META:
    case PTR_TO_PACKET:
      if (old.num < 0 || cur.num < 0 ? old.num !== cur.num : old.num > cur.num) return false;
      return old.off === cur.off && ids.check(old.id, cur.id) && within(old, cur);
    case PTR_TO_STACK:
      return regsExact(old, cur, ids) && old.frameno === cur.frameno;
    case PTR_TO_ARENA:
      return true;
    default:
      return regsExact(old, cur, ids);
  }
}

const unboundReg = new Reg();
unboundReg.type = SCALAR_VALUE;
unboundReg.range = UNKNOWN;
unboundReg.precise = true;

/** The scalar a whole slot reads as, when it does (`scalar_reg_for_stack`). */
function scalarOf(env: Env, slot: StackSlot): Reg | undefined {
  if (slot.isSpilledScalar64) return slot.reg;
  for (let i = 0; i < 8; i++) {
    const kind = slot.kind(i);
    if (kind !== STACK_MISC && !(kind === STACK_INVALID && env.allowUninitStack)) return undefined;
  }
  return unboundReg;
}

function slotRegsSafe(env: Env, kind: number, old: Reg, cur: Reg, exact: number): boolean {
  const ids = env.idMap;
  switch (kind) {
    case STACK_SPILL:
      return regSafe(env, old, cur, exact);
    case STACK_DYNPTR:
      return old.num === cur.num && old.firstSlot === cur.firstSlot && ids.check(old.refObjId, cur.refObjId);
    case STACK_ITER:
      return (
        old.btf === cur.btf &&
        old.btfId === cur.btfId &&
        old.iterState === cur.iterState &&
        ids.check(old.refObjId, cur.refObjId)
      );
    case STACK_IRQ_FLAG:
      return ids.check(old.refObjId, cur.refObjId) && old.num === cur.num;
    default:
      return true;
  }
}

function stackSafe(env: Env, old: FuncState, cur: FuncState, exact: number): boolean {
  for (let spi = 0; spi < old.stack.length; spi++) {
    const oldSlot = old.stack[spi]!;
    const curSlot = cur.stack[spi];
    if (exact !== NOT_EXACT) {
      if (curSlot === undefined || oldSlot.kinds !== curSlot.kinds) return false;
    }
    if (oldSlot.kinds === 0) continue;
    for (let i = 0; i < 8; i++) {
      const kind = oldSlot.kind(i);
      if (kind === STACK_INVALID || (env.allowUninitStack && kind === STACK_MISC)) continue;
      if (curSlot === undefined) return false;
      const oldReg = scalarOf(env, oldSlot);
      const curReg = oldReg === undefined ? undefined : scalarOf(env, curSlot);
      if (oldReg !== undefined && curReg !== undefined) {
        if (!regSafe(env, oldReg, curReg, exact)) return false;
        break;
      }
      const curKind = curSlot.kind(i);
      if (kind === STACK_MISC && curKind === STACK_ZERO) continue;
      if (kind !== curKind) return false;
      if (i === 7 && !slotRegsSafe(env, kind, oldSlot.reg, curSlot.reg, exact)) return false;
    }
  }
  return true;
}

function refSafe(env: Env, old: VState, cur: VState): boolean {
  const ids = env.idMap;
  if (old.refs.length !== cur.refs.length) return false;
  if (old.activeLocks !== cur.activeLocks || old.activePreemptLocks !== cur.activePreemptLocks) return false;
  if (old.activeRcuLock !== cur.activeRcuLock) return false;
  if (!ids.check(old.activeIrqId, cur.activeIrqId)) return false;
  if (!ids.check(old.activeLockId, cur.activeLockId) || old.activeLockPtr !== cur.activeLockPtr) return false;
  for (let i = 0; i < old.refs.length; i++) {
    const a = old.refs[i]!;
    const b = cur.refs[i]!;
    if (!ids.check(a.id, b.id) || a.kind !== b.kind) return false;
    if ((a.kind & REF_LOCK_MASK) !== 0 && a.ptr !== b.ptr) return false;
  }
  return true;
}

/** Whether `old` covers `cur`. */
export function statesEqual(env: Env, old: VState, cur: VState, exact: number): boolean {
  if (old.curframe !== cur.curframe) return false;
  env.idMap.reset(env.idGen);
  if (old.speculative && !cur.speculative) return false;
  if (old.inSleepable !== cur.inSleepable) return false;
  if (!refSafe(env, old, cur)) return false;
  for (let f = 0; f <= old.curframe; f++) {
    const a = old.frames[f]!;
    const b = cur.frames[f]!;
    if (a.callsite !== b.callsite || a.callbackDepth > b.callbackDepth) return false;
    const live = env.aux[frameInsnIdx(old, f)]!.liveRegs;
    for (let r = 0; r < 11; r++) {
      if (((live >>> r) & 1) !== 0 && !regSafe(env, a.regs[r]!, b.regs[r]!, exact)) return false;
    }
    if (!stackSafe(env, a, b, exact)) return false;
  }
  return true;
}

/** All registers of the current frame the same, ids and all: worth a closer look (`states_maybe_looping`). */
export function maybeLooping(old: VState, cur: VState): boolean {
  if (old.curframe !== cur.curframe) return false;
  const a = old.cur.regs;
  const b = cur.cur.regs;
  for (let r = 0; r < 11; r++) {
    const x = a[r]!;
    const y = b[r]!;
    if (!sameHead(x, y) || x.id !== y.id || x.refObjId !== y.refObjId || !x.range.equals(y.range)) return false;
  }
  return true;
}

/** Some active iterator has moved on between the two (`iter_active_depths_differ`). */
export function iterDepthsDiffer(old: VState, cur: VState): boolean {
  for (let f = old.curframe; f >= 0; f--) {
    const a = old.frames[f]!;
    for (let s = 0; s < a.stack.length; s++) {
      const slot = a.stack[s]!;
      if (slot.kind(0) !== STACK_ITER || slot.reg.iterState !== ITER_ACTIVE) continue;
      if (cur.frames[f]!.stack[s]?.reg.iterDepth !== slot.reg.iterDepth) return true;
    }
  }
  return false;
}

/** Forgets the values of scalars that did not matter so far: loops converge (`widen_imprecise_scalars`). */
export function widenImprecise(env: Env, old: VState, cur: VState): void {
  env.idMap.reset(env.idGen);
  const widen = (a: Reg, b: Reg): void => {
    if (a.type !== SCALAR_VALUE || b.type !== SCALAR_VALUE || a.precise || b.precise) return;
    if (regsExact(a, b, env.idMap)) return;
    b.setUnknown();
    b.precise = !env.bpfCapable;
  };
  for (let f = old.curframe; f >= 0; f--) {
    const a = old.frames[f]!;
    const b = cur.frames[f]!;
    for (let r = 0; r < 11; r++) widen(a.regs[r]!, b.regs[r]!);
    for (let s = 0; s < a.stack.length && s < b.stack.length; s++) {
      if (a.stack[s]!.isSpilled && b.stack[s]!.isSpilled) widen(a.stack[s]!.reg, b.stack[s]!.reg);
    }
  }
}
