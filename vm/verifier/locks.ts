/**
 * Arguments that point at special fields: locks, timers, kptrs
 * (`process_spin_lock`, `process_timer_func`, `process_kptr_func`).
 */
import type { BtfRecord } from '../../btf/btf.ts';
import { EACCES, EINVAL } from '../../uapi/errno.ts';
import type { CallMeta } from './args.ts';
import type { Env } from './env.ts';
import { baseType, MEM_ALLOC, PTR_TO_BTF_ID, PTR_TO_MAP_VALUE } from './flags.ts';
import { acquireLock, findLock, invalidateNonOwning, releaseLock } from './refs.ts';
import { curRegs } from './regs.ts';
import { REF_LOCK, REF_RES_LOCK, REF_RES_LOCK_IRQ, type Reg } from './state.ts';

/** Special fields of what the register points at (`reg_btf_record`). */
export function regRecord(reg: Reg): BtfRecord | undefined {
  if (baseType(reg.type) === PTR_TO_MAP_VALUE) return reg.map?.record;
  if (baseType(reg.type) === PTR_TO_BTF_ID && (reg.type & MEM_ALLOC) !== 0) return reg.btf?.structMetas.get(reg.btfId);
  return undefined;
}

/** Comparison function of a tree runs with the tree's lock held: locks are taboo there. */
export function inRbtreeCallback(env: Env): boolean {
  const frame = env.cur!.cur;
  if (!frame.inCallback) return false;
  return env.aux[frame.callsite]?.kfunc === 'bpf_rbtree_add_impl';
}

/** A lock is taken or released. */
export function processSpinLock(env: Env, regno: number, lock: boolean, res: boolean, irq: boolean): number {
  if (!res && inRbtreeCallback(env)) {
    env.verbose("can't spin_{lock,unlock} in rbtree cb\n");
    return -EACCES;
  }
  const reg = curRegs(env)[regno]!;
  const state = env.cur!;
  const name = res ? 'bpf_res_spin' : 'bpf_spin';
  const { bits } = reg.range;
  if (!bits.isConst) {
    env.verbose(`R${regno} doesn't have constant offset. ${name}_lock has to be at the constant offset\n`);
    return -EINVAL;
  }
  const inMap = baseType(reg.type) === PTR_TO_MAP_VALUE;
  if (inMap && reg.map!.btf === undefined) {
    env.verbose(`map '${reg.map!.name}' has to have BTF in order to use ${name}_lock\n`);
    return -EINVAL;
  }
  const field = regRecord(reg)?.fields.find((f) => f.kind === (res ? 'bpf_res_spin_lock' : 'bpf_spin_lock'));
  if (field === undefined) {
    const where = inMap ? `map '${reg.map!.name}'` : "local 'kptr'";
    env.verbose(`${where} has no valid ${name}_lock\n`);
    return -EINVAL;
  }
  const off = BigInt.asIntN(64, bits.value) + BigInt(reg.off);
  if (off !== BigInt(field.offset)) {
    env.verbose(`off ${off} doesn't point to 'struct ${name}_lock' that is at ${field.offset}\n`);
    return -EINVAL;
  }
  const ptr: unknown = inMap ? reg.map : reg.btf;
  const kind = res ? (irq ? REF_RES_LOCK_IRQ : REF_RES_LOCK) : REF_LOCK;
  if (lock) {
    if (!res && state.activeLocks > 0 && state.refs.some((r) => r.kind === REF_LOCK)) {
      env.verbose('Locking two bpf_spin_locks are not allowed\n');
      return -EINVAL;
    }
    if (res && state.activeLocks > 0 && findLock(state, REF_RES_LOCK | REF_RES_LOCK_IRQ, reg.id, ptr) >= 0) {
      env.verbose('Acquiring the same lock again, AA deadlock detected\n');
      return -EINVAL;
    }
    acquireLock(env, kind, reg.id, ptr, env.insnIdx);
    return 0;
  }
  if (state.activeLocks === 0) {
    env.verbose(`${name}_unlock without taking a lock\n`);
    return -EINVAL;
  }
  if (findLock(state, kind, reg.id, ptr) < 0) {
    env.verbose(`${name}_unlock of different lock\n`);
    return -EINVAL;
  }
  if (reg.id !== state.activeLockId || ptr !== state.activeLockPtr) {
    env.verbose(`${name}_unlock cannot be out of order\n`);
    return -EINVAL;
  }
  releaseLock(state, kind, reg.id, ptr);
  invalidateNonOwning(env);
  return 0;
}

/** A timer, work queue or task work in a map value. */
export function processMapField(env: Env, regno: number, kind: 'bpf_timer' | 'bpf_wq' | 'bpf_task_work'): number {
  const reg = curRegs(env)[regno]!;
  const { bits } = reg.range;
  if (!bits.isConst) {
    env.verbose(`R${regno} doesn't have constant offset. ${kind} has to be at the constant offset\n`);
    return -EINVAL;
  }
  const map = reg.map!;
  if (map.btf === undefined) {
    env.verbose(`map '${map.name}' has to have BTF in order to use ${kind}\n`);
    return -EINVAL;
  }
  const field = map.record?.fields.find((f) => f.kind === kind);
  if (field === undefined) {
    env.verbose(`map '${map.name}' has no valid ${kind}\n`);
    return -EINVAL;
  }
  const off = BigInt.asIntN(64, bits.value) + BigInt(reg.off);
  if (off !== BigInt(field.offset)) {
    env.verbose(`off ${off} doesn't point to 'struct ${kind}' that is at ${field.offset}\n`);
    return -EINVAL;
  }
  return 0;
}

export function processTimer(env: Env, regno: number, meta: CallMeta): number {
  const err = processMapField(env, regno, 'bpf_timer');
  if (err < 0) return err;
  const reg = curRegs(env)[regno]!;
  meta.mapUid = reg.mapUid;
  meta.map = reg.map;
  return 0;
}

/** The destination of bpf_kptr_xchg. */
export function processKptr(env: Env, regno: number, meta: CallMeta): number {
  const reg = curRegs(env)[regno]!;
  const inMap = baseType(reg.type) === PTR_TO_MAP_VALUE;
  if (inMap) {
    if (reg.map!.btf === undefined) {
      env.verbose(`map '${reg.map!.name}' has to have BTF in order to use bpf_kptr_xchg\n`);
      return -EINVAL;
    }
    meta.map = reg.map;
  }
  const record = regRecord(reg);
  const { bits } = reg.range;
  if (!bits.isConst) {
    env.verbose(`R${regno} doesn't have constant offset. kptr has to be at the constant offset\n`);
    return -EINVAL;
  }
  if (!record?.fields.some((f) => f.kind.startsWith('kptr'))) {
    env.verbose(`R${regno} has no valid kptr\n`);
    return -EINVAL;
  }
  const off = reg.off + Number(BigInt.asIntN(64, bits.value));
  const field = record.fields.find((f) => f.offset === off && f.kind.startsWith('kptr'));
  if (field === undefined) {
    env.verbose(`off=${off} doesn't point to kptr\n`);
    return -EACCES;
  }
  if (field.kind !== 'kptr_ref' && field.kind !== 'kptr_percpu') {
    env.verbose(`off=${off} kptr isn't referenced kptr\n`);
    return -EACCES;
  }
  meta.kptrField = field;
  return 0;
}
