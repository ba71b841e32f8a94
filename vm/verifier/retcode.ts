/**
 * The value a program ends with (`check_return_code`).
 */
import { BPF_ATTACH_TYPE, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { EACCES, EINVAL } from '../../uapi/errno.ts';
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
  const target = env.attachFuncProto;
  return target !== undefined && target.btf.type(target.protoId)?.type === 0;
}

/** Register `regno` (`name` in messages) is what the program returns. */
export function checkReturnCode(env: Env, regno: number, name: string): number {
  const frame = env.cur!.frames[0]!;
  const isSubprog = frame.subprogno !== 0;
  if ((!isSubprog || frame.inException) && voidTarget(env)) return 0;
  let err = checkRegArg(env, regno, SRC_OP);
  if (err < 0) return err;
  const reg = curRegs(env)[regno]!;
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
  if (range === undefined) return 0;
  if (reg.type !== SCALAR_VALUE) {
    env.verbose(`${when} the register R${regno} is not a known value (${regTypeStr(reg.type)})\n`);
    return -EINVAL;
  }
  err = markChainPrecision(env, regno);
  if (err < 0) return err;
  if (!rangeWithin(reg, range)) {
    invalidScalar(env, reg, range, when, name);
    return -EINVAL;
  }
  return 0;
}
