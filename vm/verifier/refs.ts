/**
 * References and regions a program must leave in order: acquired objects, locks, RCU,
 * disabled preemption and interrupts (`acquire_reference`, `check_resource_leak`).
 */
import { BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { EINVAL } from '../../uapi/errno.ts';
import type { Env } from './env.ts';
import { typeIsNonOwningRef } from './print.ts';
import { markRegInvalid } from './regs.ts';
import { forEachReg, REF_IRQ, REF_PTR, type VState } from './state.ts';

/** Takes a reference; its id. */
export function acquireReference(env: Env, insnIdx: number): number {
  const id = env.nextId();
  env.cur!.refs.push({ kind: REF_PTR, id, insnIdx, ptr: undefined });
  return id;
}

export function acquireIrq(env: Env, insnIdx: number): number {
  const id = env.nextId();
  env.cur!.refs.push({ kind: REF_IRQ, id, insnIdx, ptr: undefined });
  env.cur!.activeIrqId = id;
  return id;
}

/** Interrupts are restored in the reverse order of saving: 0, -EINVAL unknown, -EACCES out of order. */
export function releaseIrq(state: VState, id: number): number {
  const EACCES_NEG = -13;
  let previous = 0;
  if (id !== state.activeIrqId) return EACCES_NEG;
  for (let i = 0; i < state.refs.length; i++) {
    const ref = state.refs[i]!;
    if (ref.kind !== REF_IRQ) continue;
    if (ref.id === id) {
      state.refs.splice(i, 1);
      state.activeIrqId = previous;
      return 0;
    }
    previous = ref.id;
  }
  return -EINVAL;
}

export function acquireLock(env: Env, kind: number, id: number, ptr: unknown, insnIdx: number): void {
  const state = env.cur!;
  state.refs.push({ kind, id, insnIdx, ptr });
  state.activeLocks++;
  state.activeLockId = id;
  state.activeLockPtr = ptr;
}

/** The lock held with this id on this object; undefined: none. */
export function findLock(state: VState, kinds: number, id: number, ptr: unknown): number {
  return state.refs.findIndex((r) => (r.kind & kinds) !== 0 && r.id === id && r.ptr === ptr);
}

export function releaseLock(state: VState, kind: number, id: number, ptr: unknown): number {
  const LOCKS = 4 | 8 | 16;
  let prevId = 0;
  let prevPtr: unknown;
  for (let i = 0; i < state.refs.length; i++) {
    const ref = state.refs[i]!;
    if (ref.kind === kind && ref.id === id && ref.ptr === ptr) {
      state.refs.splice(i, 1);
      state.activeLocks--;
      state.activeLockId = prevId;
      state.activeLockPtr = prevPtr;
      return 0;
    }
    if ((ref.kind & LOCKS) !== 0) {
      prevId = ref.id;
      prevPtr = ref.ptr;
    }
  }
  return -EINVAL;
}

/** Whether this reference is held. */
export function holdsReference(state: VState, id: number): boolean {
  return state.refs.some((r) => r.kind === REF_PTR && r.id === id);
}

/** Drops the reference alone (`release_reference_nomark`). */
export function releaseReferenceNomark(state: VState, id: number): number {
  const at = state.refs.findIndex((r) => r.kind === REF_PTR && r.id === id);
  if (at < 0) return -EINVAL;
  state.refs.splice(at, 1);
  return 0;
}

/** Drops the reference and every register that stands for it. */
export function releaseReference(env: Env, id: number): number {
  const state = env.cur!;
  const err = releaseReferenceNomark(state, id);
  if (err < 0) return err;
  forEachReg(state, (reg) => {
    if (reg.refObjId === id) markRegInvalid(env, reg);
  });
  return 0;
}

/** Non-owning references end with the critical section. */
export function invalidateNonOwning(env: Env): void {
  forEachReg(env.cur!, (reg) => {
    if (typeIsNonOwningRef(reg.type)) markRegInvalid(env, reg);
  });
}

function referenceLeak(env: Env, exception: boolean): number {
  const state = env.cur!;
  if (!exception && state.curframe > 0) return 0;
  const r0 = state.regs[0]!;
  let lingering = false;
  for (const ref of state.refs) {
    if (ref.kind !== REF_PTR) continue;
    if (env.progType === BPF_PROG_TYPE.STRUCT_OPS && !exception && r0.refObjId === ref.id) continue;
    env.verbose(`Unreleased reference id=${ref.id} alloc_insn=${ref.insnIdx}\n`);
    lingering = true;
  }
  return lingering ? -EINVAL : 0;
}

/** What must not be held at this point (`check_resource_leak`). */
export function checkResourceLeak(env: Env, exception: boolean, checkLock: boolean, what: string): number {
  const state = env.cur!;
  const err = referenceLeak(env, exception);
  if (err < 0) {
    env.verbose(`${what} would lead to reference leak\n`);
    return err;
  }
  if (!checkLock) return 0;
  let region = '';
  if (state.activeLocks > 0) region = 'bpf_spin_lock';
  else if (state.activeIrqId !== 0) region = 'bpf_local_irq_save';
  else if (state.activeRcuLock > 0) region = 'bpf_rcu_read_lock';
  else if (state.activePreemptLocks > 0) region = 'bpf_preempt_disable';
  if (region === '') return 0;
  env.verbose(`${what} cannot be used inside ${region}-ed region\n`);
  return -EINVAL;
}
