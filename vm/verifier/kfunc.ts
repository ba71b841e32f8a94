/**
 * Calls of kernel functions (`check_kfunc_call`).
 */
import { EACCES } from '../../uapi/errno.ts';
import { BPF_PSEUDO_KFUNC_CALL, OP_CALL } from '../insn.ts';
import type { Env } from './env.ts';
import { kfuncFacts } from './kfuncfacts.ts';

export function isThrow(env: Env, i: number): boolean {
  return (
    env.insns.op[i] === OP_CALL &&
    env.insns.src[i] === BPF_PSEUDO_KFUNC_CALL &&
    kfuncFacts(env, i)?.name === 'bpf_throw'
  );
}

/** Kernel functions that may be called with a lock held. */
export function kfuncSpinAllowed(_env: Env, _i: number): boolean {
  return false;
}

export function checkKfuncCall(env: Env, i: number): number {
  if (env.insns.imm[i] === 0) return 0;
  const facts = kfuncFacts(env, i);
  env.verbose(`calling kernel function ${facts?.name} is not allowed\n`);
  return -EACCES;
}
