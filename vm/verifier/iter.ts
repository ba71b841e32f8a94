/**
 * Objects that kernel functions keep in stack slots: open-coded iterators and saved
 * interrupt flags (`process_iter_arg`, `process_iter_next_call`, `process_irq_flag`).
 */
import { BTF_KIND, type Btf } from '../../btf/btf.ts';
import { EACCES, EFAULT, EINVAL, EPROTO, ERANGE } from '../../uapi/errno.ts';
import { inRcuCs } from './btfaccess.ts';
import { skipMods } from './btfwalk.ts';
import { stackObjectSpi } from './dynptr.ts';
import type { Env } from './env.ts';
import { widenImprecise } from './equal.ts';
import { MEM_RCU, PTR_TO_STACK, PTR_UNTRUSTED } from './flags.ts';
import { markNotNull } from './jumps.ts';
import type { KfuncFacts } from './kfuncfacts.ts';
import { markStackRead, markStackWrite } from './liveness.ts';
import { checkMemAccess } from './mem.ts';
import { pushStack, TOO_COMPLEX } from './paths.ts';
import { findPrevEntry } from './prune.ts';
import { ZERO } from './range.ts';
import { acquireIrq, acquireReference, releaseIrq, releaseReference } from './refs.ts';
import { curRegs, frameOf } from './regs.ts';
import { ITER_ACTIVE, ITER_DRAINED, NO_REG, Reg, STACK_INVALID, STACK_IRQ_FLAG, STACK_ITER } from './state.ts';
import { KF_RCU_PROTECTED } from './types.ts';

/** Where the iterator of a call is. */
export interface IterPlace {
  frame: number;
  spi: number;
  /** Reference of the iterator. */
  refObjId: number;
}

/** The iterator's struct behind a pointer argument, or undefined. */
function iterStruct(btf: Btf, ptrId: number): { id: number; name: string; slots: number } | undefined {
  const ptr = skipMods(btf, ptrId);
  if (ptr.kind !== BTF_KIND.PTR) return undefined;
  const type = skipMods(btf, ptr.type);
  if (type.kind !== BTF_KIND.STRUCT || !type.name.startsWith('bpf_iter_')) return undefined;
  return { id: type.id, name: type.name.slice('bpf_iter_'.length), slots: type.size >> 3 };
}

function initFault(env: Env, reg: Reg, btf: Btf, id: number, slots: number): number {
  const spi = stackObjectSpi(env, reg, 'iter', slots);
  if (spi < 0) return -EINVAL;
  const { stack } = frameOf(env, reg);
  for (let i = 0; i < slots; i++) {
    const slot = stack[spi - i]!;
    const st = slot.reg;
    if ((st.type & PTR_UNTRUSTED) !== 0) return -EPROTO;
    if ((i === 0) !== (st.refObjId !== 0)) return -EINVAL;
    if (st.btf !== btf || st.btfId !== id || !slot.isAll(STACK_ITER)) return -EINVAL;
  }
  return 0;
}

function markNew(env: Env, reg: Reg, facts: KfuncFacts, id: number, slots: number, insnIdx: number): number {
  const spi = stackObjectSpi(env, reg, 'iter', slots);
  if (spi < 0) return spi;
  const frame = frameOf(env, reg);
  const ref = acquireReference(env, insnIdx);
  for (let i = 0; i < slots; i++) {
    const slot = frame.stack[spi - i]!;
    const st = new Reg();
    st.setScalar(ZERO);
    st.type = PTR_TO_STACK;
    if ((facts.flags & KF_RCU_PROTECTED) !== 0) st.type |= inRcuCs(env) ? MEM_RCU : PTR_UNTRUSTED;
    st.refObjId = i === 0 ? ref : 0;
    st.btf = facts.btf;
    st.btfId = id;
    st.iterState = ITER_ACTIVE;
    slot.reg = st;
    slot.setAll(STACK_ITER);
    markStackWrite(env, frame.frameno, spi - i);
    env.scratchSlot(spi - i);
  }
  return 0;
}

function unmark(env: Env, reg: Reg, slots: number): number {
  const spi = stackObjectSpi(env, reg, 'iter', slots);
  if (spi < 0) return spi;
  const frame = frameOf(env, reg);
  for (let i = 0; i < slots; i++) {
    const slot = frame.stack[spi - i]!;
    if (i === 0) releaseReference(env, slot.reg.refObjId);
    slot.reg = NO_REG;
    slot.setAll(STACK_INVALID);
    markStackWrite(env, frame.frameno, spi - i);
    env.scratchSlot(spi - i);
  }
  return 0;
}

/** The iterator argument of a call: made, used or destroyed. */
export function processIter(env: Env, regno: number, insnIdx: number, facts: KfuncFacts, place: IterPlace): number {
  const reg = curRegs(env)[regno]!;
  const arg = regno - 1;
  if (reg.type !== PTR_TO_STACK) {
    env.verbose(`arg#${arg} expected pointer to an iterator on stack\n`);
    return -EINVAL;
  }
  const struct = iterStruct(facts.btf, facts.proto.params[arg]!.type);
  if (struct === undefined) {
    env.verbose(`expected valid iter pointer as arg #${arg}\n`);
    return -EINVAL;
  }
  const { id, name, slots } = struct;
  if (facts.iterNew) {
    const spi = stackObjectSpi(env, reg, 'iter', slots);
    const { stack } = frameOf(env, reg);
    let ok = spi >= 0 || spi === -ERANGE;
    for (let i = 0; ok && spi >= 0 && i < slots; i++) {
      for (let j = 0; j < 8; j++) if (stack[spi - i]!.kind(j) === STACK_ITER) ok = false;
    }
    if (!ok) {
      env.verbose(`expected uninitialized iter_${name} as arg #${arg}\n`);
      return -EINVAL;
    }
    for (let i = 0; i < slots * 8; i += 8) {
      const err = checkMemAccess(env, insnIdx, regno, i, 8, true, -1, false, false);
      if (err < 0) return err;
    }
    return markNew(env, reg, facts, id, slots, insnIdx);
  }
  const err = initFault(env, reg, facts.btf, id, slots);
  if (err === -EINVAL) {
    env.verbose(`expected an initialized iter_${name} as arg #${arg}\n`);
    return err;
  }
  if (err === -EPROTO) {
    env.verbose(`expected an RCU CS when using ${facts.name}\n`);
    return err;
  }
  const spi = stackObjectSpi(env, reg, 'iter', slots);
  for (let i = 0; i < slots; i++) {
    markStackRead(env, reg.frameno, spi - i);
    env.scratchSlot(spi - i);
  }
  place.frame = reg.frameno;
  place.spi = spi;
  place.refObjId = frameOf(env, reg).stack[spi]!.reg.refObjId;
  return facts.iterDestroy ? unmark(env, reg, slots) : 0;
}

/** Either there is a next element, or the iterator is drained: two paths. */
export function processIterNext(env: Env, i: number, place: IterPlace): number {
  const state = env.cur!;
  const iter = state.frames[place.frame]!.stack[place.spi]!.reg;
  if (iter.iterState === ITER_ACTIVE) {
    if (state.parent === undefined || state.parent.insnIdx !== i) {
      env.verbose('verifier bug: bad parent state for iter next call\n');
      return -EFAULT;
    }
    const prev = findPrevEntry(env, state.parent, i);
    const queued = pushStack(env, i + 1, i, false);
    if (queued === undefined) return TOO_COMPLEX;
    const queuedIter = queued.frames[place.frame]!.stack[place.spi]!.reg;
    queuedIter.iterDepth++;
    if (prev !== undefined) widenImprecise(env, prev, queued);
    markNotNull(queued.regs[0]!);
  }
  iter.iterState = ITER_DRAINED;
  const r0 = state.regs[0]!;
  r0.setScalar(ZERO);
  r0.precise = !env.bpfCapable;
  return 0;
}

const NATIVE_IRQ = 1;
const LOCK_IRQ = 2;

/** Interrupt flags saved to, or restored from, a stack slot. */
export function processIrqFlag(env: Env, regno: number, save: boolean, lock: boolean): number {
  const reg = curRegs(env)[regno]!;
  const arg = regno - 1;
  const kind = lock ? LOCK_IRQ : NATIVE_IRQ;
  const frame = frameOf(env, reg);
  const spi = stackObjectSpi(env, reg, 'irq_flag', 1);
  if (save) {
    let ok = spi >= 0 || spi === -ERANGE;
    if (spi >= 0) for (let j = 0; j < 8; j++) if (frame.stack[spi]!.kind(j) === STACK_IRQ_FLAG) ok = false;
    if (!ok) {
      env.verbose(`expected uninitialized irq flag as arg#${arg}\n`);
      return -EINVAL;
    }
    const err = checkMemAccess(env, env.insnIdx, regno, 0, 8, true, -1, false, false);
    if (err < 0) return err;
    const at = stackObjectSpi(env, reg, 'irq_flag', 1);
    const slot = frame.stack[at]!;
    const st = new Reg();
    st.setScalar(ZERO);
    st.type = PTR_TO_STACK;
    st.refObjId = acquireIrq(env, env.insnIdx);
    st.num = kind;
    slot.reg = st;
    slot.setAll(STACK_IRQ_FLAG);
    markStackWrite(env, frame.frameno, at);
    env.scratchSlot(at);
    return 0;
  }
  const slot = spi < 0 ? undefined : frame.stack[spi]!;
  if (slot === undefined || slot.reg.refObjId === 0 || !slot.isAll(STACK_IRQ_FLAG)) {
    env.verbose(`expected an initialized irq flag as arg#${arg}\n`);
    return -EINVAL;
  }
  markStackRead(env, frame.frameno, spi);
  env.scratchSlot(spi);
  if (slot.reg.num !== kind) {
    const names = ['', 'native', 'lock'];
    env.verbose(`irq flag acquired by ${names[slot.reg.num]} kfuncs cannot be restored with ${names[kind]} kfuncs\n`);
    return -EINVAL;
  }
  const state = env.cur!;
  const err = releaseIrq(state, slot.reg.refObjId);
  if (err < 0) {
    const at = state.refs.find((r) => r.id === state.activeIrqId)?.insnIdx ?? 0;
    env.verbose(`cannot restore irq state out of order, expected id=${state.activeIrqId} acquired at insn_idx=${at}\n`);
    return -EACCES;
  }
  slot.reg = NO_REG;
  slot.setAll(STACK_INVALID);
  markStackWrite(env, frame.frameno, spi);
  env.scratchSlot(spi);
  return 0;
}
