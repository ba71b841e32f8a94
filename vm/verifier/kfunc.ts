/**
 * Calls of kernel functions (`check_kfunc_call`).
 */
import { BTF_KIND, type BtfField, type BtfType } from '../../btf/btf.ts';
import { EACCES, EFAULT, EINVAL } from '../../uapi/errno.ts';
import { inRcuCs, inSleepable } from './btfaccess.ts';
import { isAnyEnum, isStruct, kindStr, skipMods } from './btfwalk.ts';
import { unmarkStackDynptr } from './dynptr.ts';
import type { Env } from './env.ts';
import * as F from './flags.ts';
import {
  type CallbackSetup,
  clearCallerSaved,
  clearPktPointers,
  pushAsyncCallback,
  pushCallback,
  taskWorkCallback,
  timerCallback,
} from './frames.ts';
import { processIterNext } from './iter.ts';
import { checkKfuncArgs, dynptrFlag, isScalarStruct, KfuncMeta } from './kfuncargs.ts';
import { type KfuncFacts, kfuncFacts } from './kfuncfacts.ts';
import { typeSize } from './ldimm64.ts';
import { inRbtreeCallback, regRecord } from './locks.ts';
import { mayAccessPacket } from './mem.ts';
import { pushStack, TOO_COMPLEX } from './paths.ts';
import { refine, ZERO } from './range.ts';
import { acquireReference, releaseReference } from './refs.ts';
import { curRegs, markUnknown } from './regs.ts';
import { checkReturnCode } from './retcode.ts';
import { forEachReg, type Reg, STACK_ITER } from './state.ts';
import { KF_ACQUIRE, KF_DESTRUCTIVE, KF_RCU_PROTECTED, KF_RET_NULL } from './types.ts';

const MAX_ERRNO = 4095;
const PERCPU_OBJ_MAX = 512;

const GRAPH_API = new Set([
  'bpf_list_push_front_impl',
  'bpf_list_push_back_impl',
  'bpf_list_pop_front',
  'bpf_list_pop_back',
  'bpf_list_front',
  'bpf_list_back',
  'bpf_rbtree_add_impl',
  'bpf_rbtree_remove',
  'bpf_rbtree_first',
  'bpf_rbtree_root',
  'bpf_rbtree_left',
  'bpf_rbtree_right',
  'bpf_refcount_acquire_impl',
  'bpf_iter_num_new',
  'bpf_iter_num_next',
  'bpf_iter_num_destroy',
  'bpf_res_spin_lock',
  'bpf_res_spin_unlock',
  'bpf_res_spin_lock_irqsave',
  'bpf_res_spin_unlock_irqrestore',
  'bpf_arena_alloc_pages',
  'bpf_arena_free_pages',
  'bpf_arena_reserve_pages',
]);

/** Adding to a list or tree gives the node away. */
const INSERTS = new Set(['bpf_list_push_front_impl', 'bpf_list_push_back_impl', 'bpf_rbtree_add_impl']);
const TASK_WORK = new Set(['bpf_task_work_schedule_signal_impl', 'bpf_task_work_schedule_resume_impl']);

export function isThrow(env: Env, i: number): boolean {
  return kfuncFacts(env, i)?.name === 'bpf_throw';
}

/** Kernel functions that may be called with a lock held (`kfunc_spin_allowed`). */
export function kfuncSpinAllowed(env: Env, i: number): boolean {
  return GRAPH_API.has(kfuncFacts(env, i)?.name ?? '');
}

/** A node found in a list or tree. */
function markGraphNode(reg: Reg, root: BtfField): void {
  reg.reset();
  reg.range = ZERO;
  reg.type = F.PTR_TO_BTF_ID | F.MEM_ALLOC;
  reg.btf = root.btf;
  reg.btfId = root.typeId ?? 0;
  reg.off = root.nodeOffset ?? 0;
}

function setNonOwning(env: Env, reg: Reg): number {
  if (env.cur!.activeLocks === 0) {
    env.verbose('verifier bug: trying to set non-owning ref without active lock\n');
    return -EFAULT;
  }
  reg.type |= F.NON_OWN_REF;
  if ((regRecord(reg)?.refcountOff ?? -1) >= 0) reg.type |= F.MEM_RCU;
  return 0;
}

/** `less(a, b)` of bpf_rbtree_add: two nodes, not owned. */
function lessCallback(root: BtfField): CallbackSetup {
  return (env, _caller, callee) => {
    for (const r of [1, 2]) {
      markGraphNode(callee.regs[r]!, root);
      const err = setNonOwning(env, callee.regs[r]!);
      if (err < 0) return err;
    }
    callee.inCallback = true;
    callee.callbackRet = { min: 0, max: 1 };
    return 0;
  };
}

/** RCU, preemption: regions opened and closed by calls, and what may not be called inside. */
function checkRegions(env: Env, facts: KfuncFacts): number {
  const state = env.cur!;
  const { name } = facts;
  const lock = name === 'bpf_rcu_read_lock';
  const unlock = name === 'bpf_rcu_read_unlock';
  const refuse = (text: string, errno: number): number => {
    env.verbose(`${text}\n`);
    return errno;
  };
  if (state.activeRcuLock > 0) {
    if (inRbtreeCallback(env) && (lock || unlock)) {
      return refuse('Calling bpf_rcu_read_{lock,unlock} in unnecessary rbtree callback', -EACCES);
    }
    if (lock) return refuse(`nested rcu read lock (kernel function ${name})`, -EINVAL);
    if (unlock) {
      const drop = (reg: Reg): void => {
        if ((reg.type & F.MEM_RCU) === 0) return;
        reg.type = (reg.type & ~(F.MEM_RCU | F.PTR_MAYBE_NULL)) | F.PTR_UNTRUSTED;
      };
      forEachReg(state, drop);
      for (const frame of state.frames) for (const slot of frame.stack) if (slot.kind(7) === STACK_ITER) drop(slot.reg);
      state.activeRcuLock = 0;
    } else if (facts.sleepable) {
      return refuse(`kernel func ${name} is sleepable within rcu_read_lock region`, -EACCES);
    }
  } else if (lock) {
    state.activeRcuLock = 1;
  } else if (unlock) {
    return refuse(`unmatched rcu read unlock (kernel function ${name})`, -EINVAL);
  }
  if (name === 'bpf_preempt_disable') {
    state.activePreemptLocks++;
  } else if (name === 'bpf_preempt_enable') {
    if (state.activePreemptLocks === 0) {
      return refuse(`unmatched attempt to enable preemption (kernel function ${name})`, -EINVAL);
    }
    state.activePreemptLocks--;
  } else if (state.activePreemptLocks > 0 && facts.sleepable) {
    return refuse(`kernel func ${name} is sleepable within non-preemptible region`, -EACCES);
  }
  if (state.activeIrqId !== 0 && facts.sleepable) {
    return refuse(`kernel func ${name} is sleepable within IRQ-disabled region`, -EACCES);
  }
  if ((facts.flags & KF_RCU_PROTECTED) !== 0 && !inRcuCs(env)) {
    return refuse(`kernel func ${name} requires RCU critical section protection`, -EACCES);
  }
  return 0;
}

/** Owned objects given to a list or tree are seen without being owned from then on. */
function convertInserted(env: Env, facts: KfuncFacts): number {
  const id = curRegs(env)[2]!.refObjId;
  let err = 0;
  forEachReg(env.cur!, (reg) => {
    if (id === 0 || reg.refObjId !== id) return;
    reg.refObjId = 0;
    if (setNonOwning(env, reg) < 0) err = -EFAULT;
  });
  if (err < 0) return err;
  err = releaseReference(env, id);
  if (err < 0) env.verbose(`kfunc ${facts.name}#${facts.id} reference has not been acquired before\n`);
  return err;
}

function objNew(env: Env, facts: KfuncFacts, meta: KfuncMeta, r0: Reg): number {
  const percpu = facts.name === 'bpf_percpu_obj_new_impl';
  if (meta.constant > 0xffffffffn) {
    env.verbose('local type ID argument must be in range [0, U32_MAX]\n');
    return -EINVAL;
  }
  const btf = env.input.btf;
  if (btf === undefined) {
    env.verbose('bpf_obj_new/bpf_percpu_obj_new requires prog BTF\n');
    return -EINVAL;
  }
  const id = Number(meta.constant);
  const type = btf.type(id);
  if (type?.kind !== BTF_KIND.STRUCT) {
    env.verbose('bpf_obj_new/bpf_percpu_obj_new type ID argument must be of a struct\n');
    return -EINVAL;
  }
  if (percpu && type.size > PERCPU_OBJ_MAX) {
    env.verbose(`bpf_percpu_obj_new type size (${type.size}) is greater than ${PERCPU_OBJ_MAX}\n`);
    return -EINVAL;
  }
  if (percpu && !isScalarStruct(env, btf, type, 0)) {
    env.verbose('bpf_percpu_obj_new type ID argument must be of a struct of scalars\n');
    return -EINVAL;
  }
  if (percpu && btf.structMetas.has(id)) {
    env.verbose('bpf_percpu_obj_new type ID argument must not contain special fields\n');
    return -EINVAL;
  }
  r0.type = F.PTR_TO_BTF_ID | F.MEM_ALLOC | (percpu ? F.MEM_PERCPU : 0);
  r0.btf = btf;
  r0.btfId = id;
  return 1;
}

/** Functions whose result BTF does not tell (`check_special_kfunc`): 1 when r0 is set, 0 when it is not, -errno. */
function special(env: Env, facts: KfuncFacts, meta: KfuncMeta, r0: Reg, pointee: BtfType): number {
  switch (facts.name) {
    case 'bpf_obj_new_impl':
    case 'bpf_percpu_obj_new_impl':
      return objNew(env, facts, meta, r0);
    case 'bpf_refcount_acquire_impl':
      r0.type = F.PTR_TO_BTF_ID | F.MEM_ALLOC;
      r0.btf = meta.argBtf;
      r0.btfId = meta.argBtfId;
      return 1;
    case 'bpf_cast_to_kern_ctx':
      r0.type = F.PTR_TO_BTF_ID | F.PTR_TRUSTED;
      r0.btf = facts.btf;
      r0.btfId = meta.retBtfId;
      return 1;
    case 'bpf_rdonly_cast': {
      const id = Number(meta.constant & 0xffffffffn);
      const type = facts.btf.type(id);
      if (type === undefined) {
        env.verbose(`Unknown type ID ${BigInt.asIntN(64, meta.constant)} passed to kfunc bpf_rdonly_cast\n`);
        return -EINVAL;
      }
      if (isStruct(type)) {
        r0.type = F.PTR_TO_BTF_ID | F.PTR_UNTRUSTED;
        r0.btf = facts.btf;
        r0.btfId = id;
      } else if (type.kind === BTF_KIND.UNKN) {
        r0.type = F.PTR_TO_MEM | F.MEM_RDONLY | F.PTR_UNTRUSTED;
      } else {
        env.verbose('kfunc bpf_rdonly_cast type ID argument must be of a struct or void\n');
        return -EINVAL;
      }
      return 1;
    }
    case 'bpf_dynptr_slice':
    case 'bpf_dynptr_slice_rdwr':
      r0.num = Number(meta.constant & 0xffffffffn);
      r0.type = F.PTR_TO_MEM | dynptrFlag(meta.dynptrType);
      if (facts.name === 'bpf_dynptr_slice') r0.type |= F.MEM_RDONLY;
      else if (!mayAccessPacket(env, true)) {
        env.verbose('the prog does not allow writes to packet data\n');
        return -EINVAL;
      }
      r0.dynptrId = meta.dynptrId;
      return 1;
  }
  if (pointee.name === 'bpf_list_node' || pointee.name === 'bpf_rb_node') {
    if (meta.rootField === undefined) return -EFAULT;
    markGraphNode(r0, meta.rootField);
    return 1;
  }
  return 0;
}

function returnPointer(env: Env, facts: KfuncFacts, meta: KfuncMeta, i: number, type: BtfType): number {
  const r0 = curRegs(env)[0]!;
  const pointee = skipMods(facts.btf, type.type);
  const rcu = (facts.flags & KF_RCU_PROTECTED) !== 0;
  r0.reset();
  r0.range = ZERO;
  const done = special(env, facts, meta, r0, pointee);
  if (done < 0) return done;
  if (done === 0) {
    if (pointee.kind === BTF_KIND.UNKN) {
      markUnknown(env, r0);
    } else if (!isStruct(pointee)) {
      if (meta.r0Size === 0) {
        const size = typeSize(facts.btf, type.type);
        if (size > 0) {
          meta.r0Size = size;
          meta.r0Readonly = true;
        }
      }
      if (meta.r0Size === 0) {
        env.verbose(
          `kernel function ${facts.name} returns pointer type ${kindStr(pointee)} ${pointee.name} is not supported\n`,
        );
        return -EINVAL;
      }
      r0.type = F.PTR_TO_MEM | (meta.r0Readonly ? F.MEM_RDONLY : 0) | (rcu ? F.MEM_RCU : 0);
      r0.num = meta.r0Size;
      if (meta.refObjId !== 0) r0.refObjId = meta.refObjId;
    } else {
      r0.type = F.PTR_TO_BTF_ID;
      if (facts.name === 'bpf_get_kmem_cache') r0.type |= F.PTR_UNTRUSTED;
      else if (rcu) r0.type |= F.MEM_RCU;
      r0.btf = facts.btf;
      r0.btfId = pointee.id;
      if (facts.iterNext) {
        const iter = env.cur!.frames[meta.frame]!.stack[meta.spi]!.reg;
        r0.type |= (iter.type & F.MEM_RCU) !== 0 ? F.MEM_RCU : F.PTR_TRUSTED;
      }
    }
  }
  const retNull = (facts.flags & KF_RET_NULL) !== 0 && !(facts.name === 'bpf_refcount_acquire_impl' && meta.owningRef);
  if (retNull) {
    r0.type |= F.PTR_MAYBE_NULL;
    r0.id = env.nextId();
  }
  if ((facts.flags & KF_ACQUIRE) !== 0) {
    const id = acquireReference(env, i);
    if (retNull) r0.id = id;
    r0.refObjId = id;
  } else if (pointee.name === 'bpf_rb_node' || pointee.name === 'bpf_list_node') {
    const err = setNonOwning(env, r0);
    if (err < 0) return err;
  }
  const locks = regRecord(r0)?.fields.some((f) => f.kind === 'bpf_spin_lock' || f.kind === 'bpf_res_spin_lock');
  if (locks === true && r0.id === 0) r0.id = env.nextId();
  return 0;
}

function setReturn(env: Env, facts: KfuncFacts, meta: KfuncMeta, i: number): number {
  const type = skipMods(facts.btf, facts.proto.type);
  const r0 = curRegs(env)[0]!;
  if (type.kind === BTF_KIND.INT || isAnyEnum(type)) {
    markUnknown(env, r0);
    if (facts.name === 'bpf_res_spin_lock' || facts.name === 'bpf_res_spin_lock_irqsave') {
      r0.setScalar(ZERO);
      r0.precise = !env.bpfCapable;
    }
    return 0;
  }
  return type.kind === BTF_KIND.PTR ? returnPointer(env, facts, meta, i, type) : 0;
}

/** Taking a resilient lock may fail: that path is explored too. */
function pushLockFailure(env: Env, i: number): number {
  const branch = pushStack(env, i + 1, i, false);
  if (branch === undefined) return TOO_COMPLEX;
  const { regs } = branch;
  for (let r = 0; r <= 5; r++) regs[r]!.reset();
  markUnknown(env, regs[0]!);
  regs[0]!.range = refine(regs[0]!.range, (b) => {
    b.smin = BigInt(-MAX_ERRNO);
    b.smax = -1n;
    b.s32min = -MAX_ERRNO;
    b.s32max = -1;
  });
  return 0;
}

/** `check_kfunc_call`. */
export function checkKfuncCall(env: Env, i: number): number {
  if (env.insns.imm[i] === 0) return 0;
  const facts = kfuncFacts(env, i);
  if (facts === undefined || !facts.allowed) {
    env.verbose(`calling kernel function ${facts?.name ?? ''} is not allowed\n`);
    return -EACCES;
  }
  const { name } = facts;
  env.aux[i]!.kfunc = name;
  env.aux[i]!.isIterNext = facts.iterNext;
  let err: number;
  if (name === 'bpf_res_spin_lock' || name === 'bpf_res_spin_lock_irqsave') {
    err = pushLockFailure(env, i);
    if (err < 0) return err;
  } else if (name === '__bpf_trap') {
    env.verbose('unexpected __bpf_trap() due to uninitialized variable?\n');
    return -EFAULT;
  }
  if ((facts.flags & KF_DESTRUCTIVE) !== 0 && !env.input.caps.sysAdmin) {
    env.verbose('destructive kfunc calls require CAP_SYS_BOOT capability\n');
    return -EACCES;
  }
  if (facts.sleepable && !inSleepable(env)) {
    env.verbose(`program must be sleepable to call sleepable kfunc ${name}\n`);
    return -EACCES;
  }
  const meta = new KfuncMeta();
  err = checkKfuncArgs(env, facts, i, meta);
  if (err < 0) return err;
  if (name === 'bpf_rbtree_add_impl') {
    err = pushCallback(env, i, meta.subprog, lessCallback(meta.rootField!));
    if (err < 0) {
      env.verbose(`kfunc ${name}#${facts.id} failed callback verification\n`);
      return err;
    }
  }
  if (name === 'bpf_session_cookie') {
    meta.r0Size = 8;
    meta.r0Readonly = false;
  }
  if (name === 'bpf_wq_set_callback_impl' || TASK_WORK.has(name)) {
    err = pushAsyncCallback(env, i, meta.subprog, true, TASK_WORK.has(name) ? taskWorkCallback : timerCallback);
    if (err < 0) return err;
  }
  err = checkRegions(env, facts);
  if (err < 0) return err;
  if (meta.releaseRegno !== 0) {
    const reg = curRegs(env)[meta.releaseRegno]!;
    err = meta.dynptrRef !== 0 ? unmarkStackDynptr(env, reg) : releaseReference(env, reg.refObjId);
    if (err < 0) {
      env.verbose(`kfunc ${name}#${facts.id} reference has not been acquired before\n`);
      return err;
    }
  }
  if (INSERTS.has(name)) {
    err = convertInserted(env, facts);
    if (err < 0) return err;
  }
  if (name === 'bpf_throw') {
    env.seenException = true;
    if (env.exceptionCallbackSubprog === 0) {
      err = checkReturnCode(env, 1, 'R1');
      if (err < 0) return err;
    }
  }
  clearCallerSaved(env, curRegs(env));
  err = setReturn(env, facts, meta, i);
  if (err < 0) return err;
  if (facts.changesPkt) clearPktPointers(env);
  return facts.iterNext ? processIterNext(env, i, meta) : 0;
}
