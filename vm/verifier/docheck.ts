/**
 * The walk over all paths, one instruction after the other (`do_check`), for the main
 * program and for each global function.
 */

import type { Work } from '../../base/work.ts';
import { BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { E2BIG, EACCES, EAGAIN, EFAULT, EINVAL, ENOENT, EPERM } from '../../uapi/errno.ts';
import {
  BPF_ABS,
  BPF_ALU,
  BPF_ALU64,
  BPF_ATOMIC,
  BPF_CALL,
  BPF_EXIT,
  BPF_IMM,
  BPF_IND,
  BPF_JA,
  BPF_JMP,
  BPF_JMP32,
  BPF_LD,
  BPF_LDX,
  BPF_MEM,
  BPF_MEMSX,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_ST,
  BPF_STX,
  BPF_X,
} from '../insn.ts';
import { checkAluOp } from './alu.ts';
import { markDynptrReg } from './dynptr.ts';
import type { Env } from './env.ts';
import * as F from './flags.ts';
import { baseType } from './flags.ts';
import { BPF_MAIN_FUNC, checkFuncCall, newFrame, prepareFuncExit } from './frames.ts';
import { prepareFuncArgs } from './globals.ts';
import { checkHelperCall } from './helpers.ts';
import { checkAtomic, checkLdAbs, checkLdImm, checkLoad, checkStore, checkStoreImm } from './insns.ts';
import { checkCondJmp } from './jumps.ts';
import { checkKfuncCall, isThrow, kfuncSpinAllowed } from './kfunc.ts';
import { commitStackWrites, Liveness, resetLiveCallchain, resetStackWrites, updateLiveStack } from './liveness.ts';
import { popStack, updateBranchCounts } from './paths.ts';
import { isStateVisited } from './prune.ts';
import { ZERO } from './range.ts';
import { acquireReference, checkResourceLeak } from './refs.ts';
import { markUnknown, pushHistory } from './regs.ts';
import { checkReturnCode } from './retcode.ts';
import { DYNPTR_LOCAL, VState } from './state.ts';

/** An instruction ended its path. */
const PATH_ENDS = 1;

const HELPER_SPIN_UNLOCK = 94;

/** Instructions between two pauses: about half a millisecond. */
const YIELD_INSNS = 128;

/** The end of a function: back to the caller, or the end of the path. */
function exit(env: Env, exception: boolean): number {
  const state = env.cur!;
  let err = checkResourceLeak(
    env,
    exception,
    exception || state.curframe === 0,
    exception ? 'bpf_throw' : 'BPF_EXIT instruction in main prog',
  );
  if (err < 0) return err;
  if (exception) return PATH_ENDS;
  if (state.curframe > 0) {
    updateLiveStack(env);
    err = prepareFuncExit(env);
    if (err < 0) return err;
    env.doPrintState = true;
    return 0;
  }
  err = checkReturnCode(env, 0, 'R0');
  return err < 0 ? err : PATH_ENDS;
}

function checkCall(env: Env, i: number): number {
  const { insns } = env;
  const op = insns.op[i]!;
  const src = insns.src[i]!;
  if (
    (op & BPF_X) !== 0 ||
    (src !== BPF_PSEUDO_KFUNC_CALL && insns.off[i] !== 0) ||
    src > BPF_PSEUDO_KFUNC_CALL ||
    insns.dst[i] !== 0 ||
    (op & 7) === BPF_JMP32
  ) {
    env.verbose('BPF_CALL uses reserved fields\n');
    return -EINVAL;
  }
  if (env.cur!.activeLocks > 0) {
    const helper = src === 0 && insns.imm[i] !== HELPER_SPIN_UNLOCK;
    const kfunc = src === BPF_PSEUDO_KFUNC_CALL && (insns.off[i] !== 0 || !kfuncSpinAllowed(env, i));
    if (helper || kfunc) {
      env.verbose('function calls are not allowed while holding a lock\n');
      return -EINVAL;
    }
  }
  let err: number;
  if (src === BPF_PSEUDO_CALL) {
    err = checkFuncCall(env, i);
  } else if (src === BPF_PSEUDO_KFUNC_CALL) {
    err = checkKfuncCall(env, i);
    if (err === 0 && isThrow(env, i)) return exit(env, true);
  } else {
    err = checkHelperCall(env, i);
  }
  if (err < 0) return err;
  env.scratchReg(0);
  env.insnIdx++;
  return 0;
}

function checkJump(env: Env, i: number): number {
  const { insns } = env;
  const op = insns.op[i]!;
  const cls = op & 7;
  env.jmpsProcessed++;
  const x = (op & BPF_X) !== 0;
  const regs = insns.src[i] !== 0 || insns.dst[i] !== 0;
  switch (op & 0xf0) {
    case BPF_CALL:
      return checkCall(env, i);
    case BPF_JA:
      if (x || regs || (cls === BPF_JMP && insns.imm[i] !== 0) || (cls === BPF_JMP32 && insns.off[i] !== 0)) {
        env.verbose('BPF_JA uses reserved fields\n');
        return -EINVAL;
      }
      env.insnIdx += (cls === BPF_JMP ? insns.off[i]! : insns.imm[i]!) + 1;
      return 0;
    case BPF_EXIT:
      if (x || insns.imm[i] !== 0 || regs || cls === BPF_JMP32) {
        env.verbose('BPF_EXIT uses reserved fields\n');
        return -EINVAL;
      }
      return exit(env, false);
    default: {
      const err = checkCondJmp(env, i);
      if (err < 0) return err;
      env.insnIdx++;
      return 0;
    }
  }
}

function checkInsn(env: Env, i: number): number {
  const { insns } = env;
  const op = insns.op[i]!;
  const mode = op & 0xe0;
  let err: number;
  switch (op & 7) {
    case BPF_ALU:
    case BPF_ALU64:
      err = checkAluOp(env, i);
      break;
    case BPF_LDX:
      err = checkLoad(env, i, false, mode === BPF_MEMSX, true, 'ldx');
      break;
    case BPF_STX:
      if (mode === BPF_ATOMIC) {
        err = checkAtomic(env, i);
      } else if (mode !== BPF_MEM || insns.imm[i] !== 0) {
        env.verbose('BPF_STX uses reserved fields\n');
        return -EINVAL;
      } else {
        err = checkStore(env, i, false);
      }
      break;
    case BPF_ST:
      if (mode !== BPF_MEM || insns.src[i] !== 0) {
        env.verbose('BPF_ST uses reserved fields\n');
        return -EINVAL;
      }
      err = checkStoreImm(env, i);
      break;
    case BPF_JMP:
    case BPF_JMP32:
      return checkJump(env, i);
    case BPF_LD:
      if (mode === BPF_ABS || mode === BPF_IND) {
        err = checkLdAbs(env, i);
      } else if (mode === BPF_IMM) {
        err = checkLdImm(env, i);
        env.insnIdx++;
      } else {
        env.verbose('invalid BPF_LD mode\n');
        return -EINVAL;
      }
      break;
    default:
      env.verbose(`unknown insn class ${op & 7}\n`);
      return -EINVAL;
  }
  if (err < 0) return err;
  env.insnIdx++;
  return 0;
}

/** Text of the state and the instruction, as the log's level asks. */
function logInsn(env: Env, state: VState, i: number): void {
  if (env.logLevel2 && env.doPrintState) {
    env.verbose(`\nfrom ${env.prevInsnIdx} to ${i}${state.speculative ? ' (speculative execution)' : ''}:`);
    env.printState(state, state.curframe, true);
    env.doPrintState = false;
  }
  if (!env.logging) return;
  if (env.scratched) env.printInsnState(state, state.curframe);
  env.verboseLine(i, '; ');
  env.prevLogPos = env.log.position;
  env.verbose(`${i}: ${env.insnText(i)}\n`);
  env.prevInsnPrintPos = env.log.position - env.prevLogPos;
  env.prevLogPos = env.log.position;
}

/** An unsafe instruction on a path the processor would only guess: the guess is stopped there. */
function recoverable(err: number): boolean {
  return err === -EPERM || err === -EACCES || err === -EINVAL;
}

/** Whether the path goes on; the errno of the whole otherwise. Returns PATH_ENDS, 0 or -errno. */
function step(env: Env): number {
  const state = env.cur!;
  const i = env.insnIdx;
  env.curHist = undefined;
  env.prevInsnIdx = env.lastIdx;
  if (i < 0 || i >= env.insns.count) {
    env.verbose(`invalid insn idx ${i} insn_cnt ${env.insns.count}\n`);
    return -EFAULT;
  }
  if (++env.insnProcessed > env.input.profile.maxProcessedInsns) {
    env.verbose(`BPF program is too large. Processed ${env.insnProcessed} insn\n`);
    return -E2BIG;
  }
  const aux = env.aux[i]!;
  state.lastInsnIdx = env.prevInsnIdx;
  state.insnIdx = i;
  if (aux.prunePoint) {
    const visited = isStateVisited(env, i);
    if (visited < 0) return visited;
    if (visited === 1) {
      if (env.logging) {
        if (env.doPrintState) {
          env.verbose(
            `\nfrom ${env.prevInsnIdx} to ${i}${state.speculative ? ' (speculative execution)' : ''}: safe\n`,
          );
        } else {
          env.verbose(`${i}: safe\n`);
        }
      }
      return PATH_ENDS;
    }
  }
  if (aux.jmpPoint) pushHistory(env, state, 0, undefined);
  logInsn(env, state, i);
  aux.seen = true;
  env.lastIdx = i;
  if (!state.speculative) env.input.observe?.(state, i, aux.liveRegs);
  if (state.speculative && aux.nospec) return PATH_ENDS;
  resetStackWrites(env, i);
  const err = checkInsn(env, i);
  if (err >= 0 || recoverable(err)) commitStackWrites(env);
  if (recoverable(err) && state.speculative) {
    aux.nospec = true;
    aux.aluState = 0;
    return PATH_ENDS;
  }
  if (err !== 0) return err;
  if (state.speculative && aux.nospecResult) return PATH_ENDS;
  return 0;
}

function* walk(env: Env, popLog: boolean): Work {
  env.doPrintState = false;
  env.lastIdx = -1;
  for (let left = YIELD_INSNS; ; left--) {
    if (left === 0) {
      if (yield) return -EAGAIN;
      left = YIELD_INSNS;
    }
    const result = step(env);
    if (result < 0) return result;
    if (result === 0) continue;
    env.scratchAll();
    let err = updateBranchCounts(env, env.cur!);
    if (err < 0) return err;
    updateLiveStack(env);
    err = popStack(env, popLog);
    if (err === -ENOENT) return 0;
    if (err < 0) return err;
    env.doPrintState = true;
  }
}

/** Registers of a function that is checked on its own, from its description. */
function setupArgs(env: Env, subprog: number, state: VState): number {
  env.verbose(`Validating ${env.subprogName(subprog)}() func#${subprog}...\n`);
  const err = prepareFuncArgs(env, subprog);
  if (err < 0) return err;
  const info = env.subprogs[subprog]!;
  if (info.isExceptionCb) {
    state.frames[0]!.inException = true;
    if (info.args.length !== 1 || info.args[0]!.type !== F.ARG_ANYTHING) {
      env.verbose('exception cb only supports single integer argument\n');
      return -EINVAL;
    }
  }
  info.args.forEach((arg, index) => {
    const reg = state.regs[index + 1]!;
    const base = baseType(arg.type);
    if (arg.type === F.ARG_ANYTHING || base === F.ARG_PTR_TO_ARENA) {
      markUnknown(env, reg);
      return;
    }
    if (arg.type === (F.ARG_PTR_TO_DYNPTR | F.MEM_RDONLY)) {
      markDynptrReg(env, reg, DYNPTR_LOCAL);
      return;
    }
    reg.range = ZERO;
    if (arg.type === F.ARG_PTR_TO_CTX) {
      reg.type = F.PTR_TO_CTX;
    } else if (base === F.ARG_PTR_TO_MEM) {
      reg.type = F.PTR_TO_MEM | (arg.type & (F.PTR_MAYBE_NULL | F.PTR_UNTRUSTED | F.MEM_RDONLY));
      reg.num = arg.memSize;
      if ((arg.type & F.PTR_MAYBE_NULL) !== 0) reg.id = env.nextId();
    } else {
      reg.type = F.PTR_TO_BTF_ID | (arg.type & (F.PTR_MAYBE_NULL | F.PTR_UNTRUSTED | F.PTR_TRUSTED));
      reg.btf = arg.btf;
      reg.btfId = arg.btfId ?? 0;
      reg.id = env.nextId();
    }
  });
  return 0;
}

/** One function from its beginning (`do_check_common`). */
function* checkFrom(env: Env, subprog: number): Work {
  env.prevLine = undefined;
  const state = new VState();
  state.branches = 1;
  state.inSleepable = env.sleepable;
  state.frames.push(newFrame(env, BPF_MAIN_FUNC, 0, subprog));
  state.firstInsnIdx = env.subprogs[subprog]!.start;
  state.lastInsnIdx = -1;
  env.cur = state;
  env.liveness ??= new Liveness();
  resetLiveCallchain(env);
  env.insnIdx = env.subprogs[subprog]!.start;
  if (subprog > 0 || env.input.progType === BPF_PROG_TYPE.EXT) {
    const err = setupArgs(env, subprog, state);
    if (err < 0) return err;
  } else {
    const info = env.subprogs[0]!;
    if (env.funcInfo.length > 0) {
      const err = prepareFuncArgs(env, 0);
      if (err < 0 || info.args.length !== 1 || info.args[0]!.type !== F.ARG_PTR_TO_CTX) {
        info.unreliable = true;
        info.args = [{ type: F.ARG_PTR_TO_CTX, memSize: 0 }];
      }
    }
    const r1 = state.regs[1]!;
    r1.type = F.PTR_TO_CTX;
    r1.range = ZERO;
  }
  if (subprog === 0 && env.input.progType === BPF_PROG_TYPE.STRUCT_OPS) {
    // The program begins with the references it is handed (`__ref`).
    for (const arg of env.ctxArgs) if (arg.refcounted) arg.refObjId = acquireReference(env, 0);
  }
  const popLog = !env.logLevel2;
  const err = yield* walk(env, popLog);
  if (err === 0 && popLog) env.log.reset(0);
  env.cur = undefined;
  env.stack = [];
  env.explored = [];
  env.sccVisits.clear();
  // What the function's states were counted as stays counted, for peak_states (`free_states`).
  return err;
}

/** The main program, then the global functions it needs. Ends with -EAGAIN when a signal waits. */
export function* doCheck(env: Env): Work {
  let err = yield* checkFrom(env, 0);
  env.subprogs[0]!.called = true;
  if (err < 0 || env.funcInfo.length === 0) return err;
  if (env.exceptionCallbackSubprog > 0) env.subprogs[env.exceptionCallbackSubprog]!.called = true;
  for (let again = true; again; ) {
    again = false;
    for (let s = 1; s < env.subprogCnt; s++) {
      const info = env.subprogs[s]!;
      if (!info.global || !info.called || info.verified) continue;
      err = yield* checkFrom(env, s);
      if (err < 0) return err;
      if (env.logging) {
        env.verbose(`Func#${s} ('${env.subprogName(s)}') is safe for any args that match its prototype\n`);
      }
      info.verified = true;
      again = true;
    }
  }
  return 0;
}
