/**
 * The value a program ends with (`check_return_code`).
 */
import { BTF_KIND, type BtfType } from '../../btf/btf.ts';
import { BPF_ATTACH_TYPE, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { EACCES, EINVAL } from '../../uapi/errno.ts';
import { checkPtrOff } from './access.ts';
import { skipMods } from './btfwalk.ts';
import type { Env } from './env.ts';
import { SCALAR_VALUE } from './flags.ts';
import { invalidScalar, rangeWithin } from './frames.ts';
import { markChainPrecision } from './precision.ts';
import { regTypeStr } from './print.ts';
import { checkRegArg, curRegs, isPointerValue, SRC_OP } from './regs.ts';

/** LSM hooks and struct_ops functions without a result leave r0 alone. */
function voidTarget(env: Env): boolean {
  const type = env.progType;
  if (type !== BPF_PROG_TYPE.LSM && type !== BPF_PROG_TYPE.STRUCT_OPS) return false;
  if (type === BPF_PROG_TYPE.LSM && env.prog.expectedAttachType === BPF_ATTACH_TYPE.LSM_CGROUP) return false;
  return isVoid(env);
}

function isVoid(env: Env): boolean {
  const target = env.attachFuncProto;
  return target !== undefined && target.protoId !== 0 && target.btf.type(target.protoId)?.type === 0;
}

/** The struct that a struct_ops function returns a pointer to; undefined: it returns something else. */
function returnedStruct(env: Env): BtfType | undefined {
  const target = env.attachFuncProto;
  if (target === undefined) return undefined;
  const ret = skipMods(target.btf, target.btf.type(target.protoId)?.type ?? 0);
  return ret.kind === BTF_KIND.PTR ? skipMods(target.btf, ret.type) : undefined;
}

/** Register `regno` (`name` in messages) is what the program returns. */
export function checkReturnCode(env: Env, regno: number, name: string): number {
  const frame = env.cur!.frames[0]!;
  const isSubprog = frame.subprogno !== 0;
  if ((!isSubprog || frame.inException) && voidTarget(env)) return 0;
  const reg = curRegs(env)[regno]!;
  const inMain = !isSubprog && !frame.inException;
  const returned = inMain && env.progType === BPF_PROG_TYPE.STRUCT_OPS ? returnedStruct(env) : undefined;
  // A reference of the type asked for may be handed on, unchanged.
  if (returned !== undefined && reg.btf === env.attachFuncProto?.btf && reg.btfId === returned.id && reg.refObjId !== 0)
    return checkPtrOff(env, reg, regno, false);
  let err = checkRegArg(env, regno, SRC_OP);
  if (err < 0) return err;
  if (isPointerValue(env, reg)) {
    env.verbose(`R${regno} leaks addr as return value\n`);
    return -EACCES;
  }
  let when = 'At program exit';
  let range = env.rules.returnRange(env.prog);
  if (frame.inAsyncCallback) {
    when = 'At async callback return';
    range = frame.callbackRet;
  } else if (isSubprog && !frame.inException) {
    if (reg.type === SCALAR_VALUE) return 0;
    env.verbose(`At subprogram exit the register R${regno} is not a scalar value (${regTypeStr(reg.type)})\n`);
    return -EINVAL;
  }
  const isLsm = env.progType === BPF_PROG_TYPE.LSM;
  const cgroupHook = isLsm && env.prog.expectedAttachType === BPF_ATTACH_TYPE.LSM_CGROUP;
  const voidHook = cgroupHook && isVoid(env);
  // Programs on hooks without a result cannot change it.
  if (voidHook) range = { min: 1, max: 1 };
  if (returned !== undefined) range = { min: 0, max: 0 };
  if (range === undefined) return 0;
  if (reg.type !== SCALAR_VALUE) {
    env.verbose(`${when} the register R${regno} is not a known value (${regTypeStr(reg.type)})\n`);
    return -EINVAL;
  }
  err = markChainPrecision(env, regno);
  if (err < 0) return err;
  if (!rangeWithin(reg, range, isLsm && !cgroupHook)) {
    invalidScalar(env, reg, range, when, name);
    if (voidHook && !isSubprog)
      env.verbose("Note, BPF_LSM_CGROUP that attach to void LSM hooks can't modify return value!\n");
    return -EINVAL;
  }
  return 0;
}
