/**
 * What is known of a kernel function from its call instruction: name, flags, prototype
 * (`fetch_kfunc_meta`).
 */
import { BTF_KIND, type Btf, type BtfType } from '../../btf/btf.ts';
import { BPF_PSEUDO_KFUNC_CALL, OP_CALL } from '../insn.ts';
import type { Env } from './env.ts';
import { KF_ITER_DESTROY, KF_ITER_NEW, KF_ITER_NEXT, KF_SLEEPABLE } from './types.ts';

/** One kernel function, as called. */
export interface KfuncFacts {
  readonly btf: Btf;
  readonly id: number;
  readonly name: string;
  readonly flags: number;
  readonly proto: BtfType;
  readonly syncCallback: boolean;
  readonly asyncCallback: boolean;
  readonly iterNew: boolean;
  readonly iterNext: boolean;
  readonly iterDestroy: boolean;
  readonly sleepable: boolean;
  readonly changesPkt: boolean;
  /** False: the program type may not call it. */
  readonly allowed: boolean;
}

const SYNC_CALLBACK = new Set(['bpf_rbtree_add_impl']);
const ASYNC_CALLBACK = new Set([
  'bpf_wq_set_callback_impl',
  'bpf_task_work_schedule_signal_impl',
  'bpf_task_work_schedule_resume_impl',
]);
const CHANGES_PKT = new Set(['bpf_xdp_pull_data']);

/** Facts about the kfunc called at `i`; undefined when it is not one. */
export function kfuncFacts(env: Env, i: number): KfuncFacts | undefined {
  const { insns } = env;
  if (insns.op[i] !== OP_CALL || insns.src[i] !== BPF_PSEUDO_KFUNC_CALL || insns.imm[i] === 0) return undefined;
  const key = insns.off[i]! * 0x100000000 + insns.imm[i]!;
  const cached = env.kfuncs.get(key);
  if (cached !== undefined) return cached;
  const btf = env.kfuncBtf(insns.off[i]!);
  const func = btf?.type(insns.imm[i]!);
  const proto = func === undefined ? undefined : btf?.type(func.type);
  if (btf === undefined || func === undefined || proto === undefined || func.kind !== BTF_KIND.FUNC) return undefined;
  const entry = env.input.tables.kfunc(func.name, env.progType);
  const allowed = entry !== undefined && (entry.allowed === undefined || entry.allowed(env.prog));
  const flags = allowed ? entry.flags : 0;
  const facts: KfuncFacts = {
    btf,
    id: func.id,
    name: func.name,
    flags,
    proto,
    syncCallback: SYNC_CALLBACK.has(func.name),
    asyncCallback: ASYNC_CALLBACK.has(func.name),
    iterNew: (flags & KF_ITER_NEW) !== 0,
    iterNext: (flags & KF_ITER_NEXT) !== 0,
    iterDestroy: (flags & KF_ITER_DESTROY) !== 0,
    sleepable: (flags & KF_SLEEPABLE) !== 0,
    changesPkt: CHANGES_PKT.has(func.name),
    allowed,
  };
  env.kfuncs.set(key, facts);
  return facts;
}
