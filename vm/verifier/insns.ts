/**
 * Instructions that are not ALU or jumps: loads, stores, atomics, lddw, packet loads
 * (`check_load_mem`, `check_store_reg`, `check_atomic`, `check_ld_imm`, `check_ld_abs`).
 */
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { EACCES, EINVAL } from '../../uapi/errno.ts';
import {
  ATOMIC_OPS,
  BPF_ABS,
  BPF_CMPXCHG,
  BPF_DW,
  BPF_FETCH,
  BPF_IND,
  BPF_LOAD_ACQ,
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_MAP_IDX_VALUE,
  BPF_PSEUDO_MAP_VALUE,
  BPF_STORE_REL,
  BPF_W,
  SIZE_BYTES,
} from '../insn.ts';
import { checkPtrOff } from './access.ts';
import type { Env } from './env.ts';
import {
  baseType,
  CONST_PTR_TO_MAP,
  PTR_TO_ARENA,
  PTR_TO_BTF_ID,
  PTR_TO_CTX,
  PTR_TO_FLOW_KEYS,
  PTR_TO_FUNC,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
} from './flags.ts';
import { clearCallerSaved, prepareFuncExit } from './frames.ts';
import { resetLiveCallchain } from './liveness.ts';
import { checkMemAccess, isSockPointer, saveAuxPtrType } from './mem.ts';
import { pushStack, TOO_COMPLEX } from './paths.ts';
import { regTypeStr } from './print.ts';
import { constRange, ZERO } from './range.ts';
import { checkResourceLeak } from './refs.ts';
import {
  boundsSanity,
  checkRegArg,
  curRegs,
  DST_OP,
  DST_OP_NO_MARK,
  isPktPointer,
  isPointerValue,
  markUnknown,
  SRC_OP,
} from './regs.ts';

function sizeOf(op: number): number {
  return SIZE_BYTES[op & 0x18]!;
}

/** `dst = *(src + off)`. */
export function checkLoad(
  env: Env,
  i: number,
  strict: boolean,
  signed: boolean,
  trustMismatch: boolean,
  what: string,
): number {
  const { insns } = env;
  const src = insns.src[i]!;
  const dst = insns.dst[i]!;
  let err = checkRegArg(env, src, SRC_OP);
  if (err < 0) return err;
  err = checkRegArg(env, dst, DST_OP_NO_MARK);
  if (err < 0) return err;
  const type = curRegs(env)[src]!.type;
  err = checkMemAccess(env, i, src, insns.off[i]!, sizeOf(insns.op[i]!), false, dst, strict, signed);
  if (err < 0) return err;
  err = saveAuxPtrType(env, i, type, trustMismatch);
  if (err < 0) return err;
  boundsSanity(env, curRegs(env)[dst]!, what);
  return 0;
}

/** `*(dst + off) = src`. */
export function checkStore(env: Env, i: number, strict: boolean): number {
  const { insns } = env;
  let err = checkRegArg(env, insns.src[i]!, SRC_OP);
  if (err < 0) return err;
  err = checkRegArg(env, insns.dst[i]!, SRC_OP);
  if (err < 0) return err;
  const type = curRegs(env)[insns.dst[i]!]!.type;
  err = checkMemAccess(env, i, insns.dst[i]!, insns.off[i]!, sizeOf(insns.op[i]!), true, insns.src[i]!, strict, false);
  return err < 0 ? err : saveAuxPtrType(env, i, type, false);
}

/** `*(dst + off) = imm`. */
export function checkStoreImm(env: Env, i: number): number {
  const { insns } = env;
  const dst = insns.dst[i]!;
  let err = checkRegArg(env, dst, SRC_OP);
  if (err < 0) return err;
  const type = curRegs(env)[dst]!.type;
  err = checkMemAccess(env, i, dst, insns.off[i]!, sizeOf(insns.op[i]!), true, -1, false, false);
  return err < 0 ? err : saveAuxPtrType(env, i, type, false);
}

function atomicTypeOk(env: Env, regno: number): boolean {
  const { type } = curRegs(env)[regno]!;
  return !(type === PTR_TO_CTX || isPktPointer(type) || type === PTR_TO_FLOW_KEYS || isSockPointer(type));
}

function checkRmw(env: Env, i: number): number {
  const { insns } = env;
  const op = insns.op[i]!;
  const src = insns.src[i]!;
  const dst = insns.dst[i]!;
  const imm = insns.imm[i]!;
  const bits = op & 0x18;
  if (bits !== BPF_W && bits !== BPF_DW) {
    env.verbose('invalid atomic operand size\n');
    return -EINVAL;
  }
  let err = checkRegArg(env, src, SRC_OP);
  if (err < 0) return err;
  err = checkRegArg(env, dst, SRC_OP);
  if (err < 0) return err;
  const regs = curRegs(env);
  if (imm === BPF_CMPXCHG) {
    err = checkRegArg(env, 0, SRC_OP);
    if (err < 0) return err;
    if (isPointerValue(env, regs[0]!)) {
      env.verbose('R0 leaks addr into mem\n');
      return -EACCES;
    }
  }
  if (isPointerValue(env, regs[src]!)) {
    env.verbose(`R${src} leaks addr into mem\n`);
    return -EACCES;
  }
  if (!atomicTypeOk(env, dst)) {
    env.verbose(`BPF_ATOMIC stores into R${dst} ${regTypeStr(regs[dst]!.type)} is not allowed\n`);
    return -EACCES;
  }
  let load = -1;
  if ((imm & BPF_FETCH) !== 0) {
    load = imm === BPF_CMPXCHG ? 0 : src;
    err = checkRegArg(env, load, DST_OP);
    if (err < 0) return err;
  }
  const size = sizeOf(op);
  const off = insns.off[i]!;
  err = checkMemAccess(env, i, dst, off, size, false, -1, true, false);
  if (err === 0 && load >= 0) err = checkMemAccess(env, i, dst, off, size, false, load, true, false);
  if (err < 0) return err;
  if (regs[dst]!.type === PTR_TO_ARENA) {
    err = saveAuxPtrType(env, i, PTR_TO_ARENA, false);
    if (err < 0) return err;
  }
  return checkMemAccess(env, i, dst, off, size, true, -1, true, false);
}

/** `check_atomic`. */
export function checkAtomic(env: Env, i: number): number {
  const { insns } = env;
  const imm = insns.imm[i]!;
  if (imm === BPF_LOAD_ACQ) {
    const src = insns.src[i]!;
    const err = checkLoad(env, i, true, false, false, 'atomic_load');
    if (err < 0 || atomicTypeOk(env, src)) return err;
    env.verbose(`BPF_ATOMIC loads from R${src} ${regTypeStr(curRegs(env)[src]!.type)} is not allowed\n`);
    return -EACCES;
  }
  if (imm === BPF_STORE_REL) {
    const dst = insns.dst[i]!;
    const err = checkStore(env, i, true);
    if (err < 0 || atomicTypeOk(env, dst)) return err;
    env.verbose(`BPF_ATOMIC stores into R${dst} ${regTypeStr(curRegs(env)[dst]!.type)} is not allowed\n`);
    return -EACCES;
  }
  if (!ATOMIC_OPS.has(imm)) {
    env.verbose(`BPF_ATOMIC uses invalid atomic opcode ${(imm >>> 0).toString(16).padStart(2, '0')}\n`);
    return -EINVAL;
  }
  return checkRmw(env, i);
}

/** `check_ld_imm`. */
export function checkLdImm(env: Env, i: number): number {
  const { insns } = env;
  if ((insns.op[i]! & 0x18) !== BPF_DW) {
    env.verbose('invalid BPF_LD_IMM insn\n');
    return -EINVAL;
  }
  if (insns.off[i] !== 0) {
    env.verbose('BPF_LD_IMM64 uses reserved fields\n');
    return -EINVAL;
  }
  const dst = insns.dst[i]!;
  const err = checkRegArg(env, dst, DST_OP);
  if (err < 0) return err;
  const reg = curRegs(env)[dst]!;
  const src = insns.src[i]!;
  if (src === 0) {
    const high = BigInt(insns.imm[i + 1]! >>> 0);
    reg.range = constRange((high << 32n) | BigInt(insns.imm[i]! >>> 0));
    return 0;
  }
  reg.reset();
  reg.range = ZERO;
  const aux = env.aux[i]!;
  if (src === BPF_PSEUDO_BTF_ID) {
    const target = aux.btfVar!;
    reg.type = target.type;
    if (baseType(target.type) === PTR_TO_MEM) reg.num = target.memSize;
    else if (baseType(target.type) === PTR_TO_BTF_ID) {
      reg.btf = target.btf;
      reg.btfId = target.btfId;
    }
    return 0;
  }
  if (src === BPF_PSEUDO_FUNC) {
    const subprog = env.findSubprog(i + insns.imm[i]! + 1);
    if (env.funcInfo.length === 0) {
      env.verbose('missing btf func_info\n');
      return -EINVAL;
    }
    if (env.input.btf?.type(env.subprogs[subprog]!.funcId)?.linkage !== 0) {
      env.verbose('callback function not static\n');
      return -EINVAL;
    }
    reg.type = PTR_TO_FUNC;
    reg.num = subprog;
    aux.subprog = subprog;
    return 0;
  }
  reg.map = aux.map;
  if (src === BPF_PSEUDO_MAP_VALUE || src === BPF_PSEUDO_MAP_IDX_VALUE) {
    if (aux.map!.mapType === BPF_MAP_TYPE.ARENA) {
      markUnknown(env, reg);
      return 0;
    }
    reg.type = PTR_TO_MAP_VALUE;
    reg.off = aux.mapValueOff;
    return 0;
  }
  reg.type = CONST_PTR_TO_MAP;
  return 0;
}

/** `check_ld_abs`. */
export function checkLdAbs(env: Env, i: number): number {
  const { insns } = env;
  const op = insns.op[i]!;
  const mode = op & 0xe0;
  if (!env.rules.mayLdAbs) {
    env.verbose('BPF_LD_[ABS|IND] instructions not allowed for this program type\n');
    return -EINVAL;
  }
  if (insns.dst[i] !== 0 || insns.off[i] !== 0 || (op & 0x18) === BPF_DW || (mode === BPF_ABS && insns.src[i] !== 0)) {
    env.verbose('BPF_LD_[ABS|IND] uses reserved fields\n');
    return -EINVAL;
  }
  let err = checkRegArg(env, 6, SRC_OP);
  if (err < 0) return err;
  err = checkResourceLeak(env, false, true, 'BPF_LD_[ABS|IND]');
  if (err < 0) return err;
  const regs = curRegs(env);
  if (regs[6]!.type !== PTR_TO_CTX) {
    env.verbose('at the time of BPF_LD_ABS|IND R6 != pointer to skb\n');
    return -EINVAL;
  }
  if (mode === BPF_IND) {
    err = checkRegArg(env, insns.src[i]!, SRC_OP);
    if (err < 0) return err;
  }
  err = checkPtrOff(env, regs[6]!, 6, false);
  if (err < 0) return err;
  clearCallerSaved(env, regs);
  markUnknown(env, regs[0]!);
  if (env.cur!.curframe === 0) return 0;
  // A load that fails leaves the function with r0 = 0: that way is explored first.
  if (pushStack(env, i + 1, i, false) === undefined) return TOO_COMPLEX;
  regs[0]!.setScalar(ZERO);
  err = prepareFuncExit(env);
  if (err < 0) return err;
  resetLiveCallchain(env);
  env.insnIdx--;
  return 0;
}
