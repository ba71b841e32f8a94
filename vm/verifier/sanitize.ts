/**
 * Rules that only matter without CAP_PERFMON: what speculative execution could reach
 * with pointer arithmetic (`sanitize_ptr_alu`, `sanitize_check_bounds`).
 */
import { EACCES, ENOMEM, ENOTSUPP } from '../../uapi/errno.ts';
import { BPF_ADD, BPF_SUB, BPF_X, MAX_BPF_STACK } from '../insn.ts';
import { ACCESS_HELPER, checkMapAccess } from './access.ts';
import type { Env } from './env.ts';
import { PTR_TO_MAP_VALUE, PTR_TO_STACK } from './flags.ts';
import { pushStack } from './paths.ts';
import { curRegs, markUnknown } from './regs.ts';
import type { Reg } from './state.ts';

const REASON_BOUNDS = -1;
const REASON_TYPE = -2;
const REASON_PATHS = -3;
const REASON_LIMIT = -4;
const REASON_STACK = -5;

const ALU_SANITIZE_SRC = 1;
const ALU_SANITIZE_DST = 2;
const ALU_NEG_VALUE = 4;
const ALU_NON_POINTER = 8;
const ALU_IMMEDIATE = 16;

/** What the first half of the check leaves for the second. */
export class SanitizeInfo {
  aluState = 0;
  aluLimit = 0;
  maskToLeft = false;
}

interface AluMark {
  aluState: number;
  aluLimit: number;
}

function canSkip(env: Env, i: number): boolean {
  return env.bypassSpecV1 || (env.insns.op[i]! & BPF_X) === 0 || env.aux[i]!.nospec;
}

function updateMark(mark: AluMark, state: number, limit: number): number {
  if (mark.aluState !== 0 && (mark.aluState !== state || mark.aluLimit !== limit)) return REASON_PATHS;
  mark.aluState = state;
  mark.aluLimit = limit;
  return 0;
}

export function sanitizeValAlu(env: Env, i: number): number {
  if (canSkip(env, i)) return 0;
  return updateMark(env.aux[i]!, ALU_NON_POINTER, 0);
}

/** The most a pointer may move in its direction, or a negative reason. */
function ptrLimit(ptr: Reg, left: boolean): number {
  let max = 0;
  let limit = 0;
  if (ptr.type === PTR_TO_STACK) {
    max = MAX_BPF_STACK + (left ? 1 : 0);
    limit = -(Number(BigInt.asIntN(32, ptr.range.bits.value)) + ptr.off);
  } else if (ptr.type === PTR_TO_MAP_VALUE) {
    max = ptr.map?.valueSize ?? 0;
    limit = Number(BigInt.asIntN(32, left ? ptr.range.smin : ptr.range.umax)) + ptr.off;
  } else {
    return REASON_TYPE;
  }
  limit >>>= 0;
  return limit >= max ? REASON_LIMIT : limit;
}

/** Queues the path the processor might take although it is not taken. */
export function sanitizeSpeculativePath(env: Env, i: number | undefined, next: number, cur: number): number {
  const branch = pushStack(env, next, cur, true);
  if (branch === undefined) return -ENOMEM;
  if (i !== undefined) {
    const regs = branch.regs;
    markUnknown(env, regs[env.insns.dst[i]!]!);
    if ((env.insns.op[i]! & BPF_X) !== 0) markUnknown(env, regs[env.insns.src[i]!]!);
  }
  return 0;
}

/** `sanitize_ptr_alu`, before (`commit` false) and after the operation. */
export function sanitizePtrAlu(
  env: Env,
  i: number,
  ptr: Reg,
  off: Reg,
  dst: Reg,
  ptrIsDst: boolean,
  info: SanitizeInfo,
  commit: boolean,
): number {
  if (canSkip(env, i)) return 0;
  const code = env.insns.op[i]! & 0xf0;
  const imm = off.range.isConst;
  const negative = off.range.smin < 0n;
  if (!env.cur!.speculative) {
    if (!commit) {
      if (!imm && off.range.smin < 0n !== off.range.smax < 0n) return REASON_BOUNDS;
      info.maskToLeft = (code === BPF_ADD && negative) || (code === BPF_SUB && !negative);
    }
    let limit = ptrLimit(ptr, info.maskToLeft);
    if (limit < 0) return limit;
    let state: number;
    if (commit) {
      state = info.aluState;
      limit = Math.abs(info.aluLimit - limit);
    } else {
      state = negative ? ALU_NEG_VALUE : 0;
      if (imm) state |= ALU_IMMEDIATE;
      state |= ptrIsDst ? ALU_SANITIZE_SRC : ALU_SANITIZE_DST;
      if (!imm) env.exploreAluLimits = true;
    }
    const err = updateMark(commit ? env.aux[i]! : info, state, limit);
    if (err < 0) return err;
  }
  if (commit || imm) return 0;
  const saved = ptrIsDst ? undefined : dst.clone();
  if (saved !== undefined) dst.copyFrom(ptr);
  const err = sanitizeSpeculativePath(env, undefined, env.insnIdx + 1, env.insnIdx);
  if (saved !== undefined) dst.copyFrom(saved);
  return err < 0 ? REASON_STACK : 0;
}

/** The reason in words. */
export function sanitizeErr(env: Env, i: number, reason: number, offIsDst: boolean): number {
  const what = 'pointer arithmetic with it prohibited for !root';
  const dst = env.insns.dst[i]!;
  const src = env.insns.src[i]!;
  const op = (env.insns.op[i]! & 0xf0) === BPF_ADD ? 'add' : 'sub';
  switch (reason) {
    case REASON_BOUNDS:
      env.verbose(`R${offIsDst ? dst : src} has unknown scalar with mixed signed bounds, ${what}\n`);
      break;
    case REASON_TYPE:
      env.verbose(`R${offIsDst ? src : dst} has pointer with unsupported alu operation, ${what}\n`);
      break;
    case REASON_PATHS:
      env.verbose(`R${dst} tried to ${op} from different maps, paths or scalars, ${what}\n`);
      break;
    case REASON_LIMIT:
      env.verbose(`R${dst} tried to ${op} beyond pointer bounds, ${what}\n`);
      break;
    case REASON_STACK:
      env.verbose(`R${dst} could not be pushed for speculative verification, ${what}\n`);
      return -ENOMEM;
  }
  return -EACCES;
}

/** The stack pointer of an unprivileged program stays in its frame (`check_stack_access_for_ptr_arithmetic`). */
function checkStackForArithmetic(env: Env, regno: number, reg: Reg, off: number): number {
  if (!reg.range.isConst) {
    env.verbose(`R${regno} variable stack access prohibited for !root, var_off=${reg.range.bits} off=${off}\n`);
    return -EACCES;
  }
  if (off >= 0 || off < -MAX_BPF_STACK) {
    env.verbose(`R${regno} stack pointer arithmetic goes out of range, prohibited for !root; off=${off}\n`);
    return -EACCES;
  }
  return 0;
}

export function sanitizeCheckBounds(env: Env, i: number, dst: Reg): number {
  if (env.bypassSpecV1) return 0;
  const regno = env.insns.dst[i]!;
  if (dst.type === PTR_TO_STACK) {
    const off = dst.off + Number(BigInt.asIntN(64, dst.range.bits.value));
    return checkStackForArithmetic(env, regno, curRegs(env)[regno]!, off) < 0 ? -EACCES : 0;
  }
  if (dst.type === PTR_TO_MAP_VALUE) {
    if (checkMapAccess(env, regno, dst.off, 1, false, ACCESS_HELPER) < 0) {
      env.verbose(`R${regno} pointer arithmetic of map value goes out of range, prohibited for !root\n`);
      return -EACCES;
    }
    return 0;
  }
  return -ENOTSUPP;
}
