/**
 * The verifier: a function from a program and what it refers to, to a verdict, a log
 * and facts about each instruction (`bpf_check`). No side effects but the log.
 */
import { BPF_LOG_STATS } from '../../base/bpf_log.ts';
import { isWork, runToEnd, type Work } from '../../base/work.ts';
import { EAGAIN, EFAULT, EINVAL } from '../../uapi/errno.ts';
import { BPF_PSEUDO_KFUNC_CALL, encodeInsns, OP_CALL, OP_MAY_GOTO } from '../insn.ts';
import { checkAttach } from './attach.ts';
import { checkBtfInfo, checkFuncInfoEarly } from './btfinfo.ts';
import { checkCfg, computePostorder, computeScc } from './cfg.ts';
import { doCheck } from './docheck.ts';
import { Aux, Env } from './env.ts';
import { markFastcallPatterns, removeFastcallPairs } from './fastcall.ts';
import { addArrayMaps, resolveLdimm64 } from './ldimm64.ts';
import { Liveness } from './liveness.ts';
import { computeLiveRegs } from './liveregs.ts';
import { checkMaxStackDepth } from './stackdepth.ts';
import { addSubprogsAndKfuncs, checkSubprogs } from './subprogs.ts';
import type { SubprogInfo, VerifierInput, VerifierResult } from './types.ts';

/** Accesses of socket fields that `convert_ctx_accesses` knows no instructions for. */
function checkConversions(env: Env): number {
  if (!env.unconvertible) return 0;
  env.verbose('verifier bug: error during ctx access conversion (0)\n');
  return -EFAULT;
}

/** Calls that are no calls: kfuncs with id 0 that were reached after all (`fixup_kfunc_call`). */
function checkNoEmptyKfunc(env: Env): number {
  const { insns } = env;
  for (let i = 0; i < insns.count; i++) {
    if (env.isLddw(i)) {
      i++;
      continue;
    }
    if (insns.op[i] !== OP_CALL || insns.src[i] !== BPF_PSEUDO_KFUNC_CALL || insns.imm[i] !== 0) continue;
    if (!env.aux[i]!.seen) continue;
    env.verbose('invalid kernel function call not eliminated in verifier pass\n');
    return -EINVAL;
  }
  return 0;
}

/** Instructions from which on a program is large. */
const LARGE = 4096;

/** Room for what is found out about each instruction (`env->insn_aux_data`). */
function* makeAux(env: Env): Work {
  while (env.aux.length < env.insns.count) {
    env.aux.push(new Aux());
    if (env.aux.length % LARGE === 0 && (yield)) return -EAGAIN;
  }
  return 0;
}

/** The steps in order; the first to fail decides. */
const STEPS: readonly ((env: Env) => number | Work)[] = [
  makeAux,
  addArrayMaps,
  checkFuncInfoEarly,
  addSubprogsAndKfuncs,
  checkSubprogs,
  checkBtfInfo,
  resolveLdimm64,
  checkCfg,
  prepare,
  checkAttach,
  findLoops,
  findLiveRegs,
  doCheck,
  removeFastcallPairs,
  checkMaxStackDepth,
  checkConversions,
  checkNoEmptyKfunc,
];

function prepare(env: Env): number {
  computePostorder(env);
  env.liveness = new Liveness();
  return 0;
}

function findLoops(env: Env): number {
  computeScc(env);
  return 0;
}

function findLiveRegs(env: Env): number {
  computeLiveRegs(env);
  return markFastcallPatterns(env);
}

const INLINED_LOOP_STACK = 24;
const TIMED_LOOP_STACK = 16;

/** Bytes the kernel's own rewriting adds to the stack of a function: registers of loops it has inline, counters of timed ones. */
function rewrittenDepth(env: Env, s: number): number {
  const { insns } = env;
  let loop = 0;
  let timed = 0;
  for (let i = env.subprogs[s]!.start; i < env.subprogs[s + 1]!.start; i++) {
    if (env.isLddw(i)) {
      i++;
      continue;
    }
    const aux = env.aux[i]!;
    if (aux.loopCallback >= 0) loop = INLINED_LOOP_STACK;
    // One that leads to the next instruction is taken out as a nop.
    if (insns.op[i] === OP_MAY_GOTO && aux.seen && insns.off[i] !== 0) timed = TIMED_LOOP_STACK;
  }
  const own = env.subprogs[s]!.stackDepth;
  return loop + timed === 0 ? own : Math.ceil(own / 8) * 8 + loop + timed;
}

function printStats(env: Env, started: number, errno: number): void {
  if ((env.log.level & BPF_LOG_STATS) !== 0) {
    const usec = Math.round(((env.input.now?.() ?? 0) - started) * 1000);
    env.verbose(`verification time ${usec} usec\n`);
    const depths = env.subprogs
      .slice(0, env.subprogCnt)
      .map((sub, s) => (errno < 0 ? sub.stackDepth : rewrittenDepth(env, s)));
    env.verbose(`stack depth ${depths.join('+')}\n`);
  }
  env.verbose(
    `processed ${env.insnProcessed} insns (limit ${env.input.profile.maxProcessedInsns}) ` +
      `max_states_per_insn ${env.maxStatesPerInsn} total_states ${env.totalStates} ` +
      `peak_states ${env.peakStates} mark_read 0\n`,
  );
}

function subprogFacts(env: Env): SubprogInfo[] {
  const out: SubprogInfo[] = [];
  for (let s = 0; s < env.subprogCnt; s++) {
    const info = env.subprogs[s]!;
    out.push({
      start: info.start,
      end: env.subprogs[s + 1]?.start ?? env.insns.count,
      stackDepth: info.runDepth,
      keptDepth: info.stackDepth,
      name: env.subprogName(s),
      hasTailCall: info.hasTailCall,
      hasLdAbs: info.hasLdAbs,
      isCb: info.isCb,
      isAsyncCb: info.isAsyncCb,
      isExceptionCb: info.isExceptionCb,
      isGlobal: info.global,
      unreliable: info.unreliable,
      changesPktData: info.changesPktData,
      mightSleep: info.mightSleep,
    });
  }
  return out;
}

function empty(errno: number): VerifierResult {
  return {
    errno,
    aux: [],
    subprogs: [],
    usedMaps: [],
    verifiedInsns: 0,
    maxCtxOffset: 0,
    maxPktOffset: 0,
    maxTpAccess: 0,
    maxRdonlyAccess: 0,
    maxRdwrAccess: 0,
    changesPktData: false,
    directWrite: false,
    mightSleep: false,
    cbAccess: false,
    dstNeeded: false,
  };
}

/** Verifies a program in one go. Never throws: a fault of our own is -EFAULT, with a line in the log. */
export function verify(input: VerifierInput): VerifierResult {
  return runToEnd(verifySteps(input));
}

/** The same in pieces; -EAGAIN when a signal waits. Objects are looked up by descriptor before the first pause. */
export function* verifySteps(input: VerifierInput): Work<VerifierResult> {
  const rules = input.tables.progType(input.progType);
  if (rules === undefined) return empty(-EINVAL);
  const started = input.now?.() ?? 0;
  let env: Env;
  try {
    env = new Env(input, rules);
  } catch (error) {
    input.log.write(`verifier bug: ${error instanceof Error ? error.message : 'unknown'}\n`);
    return empty(-EFAULT);
  }
  let errno = 0;
  try {
    for (const step of STEPS) {
      const result = step(env);
      errno = isWork(result) ? yield* result : result;
      // The steps over the whole program take a while when it is large.
      if (errno >= 0 && env.insns.count >= LARGE && (yield)) errno = -EAGAIN;
      if (errno < 0) break;
    }
  } catch (error) {
    errno = -EFAULT;
    env.verbose(`verifier bug: ${error instanceof Error ? error.message : 'unknown'}\n`);
    input.onBug?.(error);
  }
  printStats(env, started, errno);
  return {
    errno,
    aux: env.aux,
    subprogs: subprogFacts(env),
    usedMaps: env.usedMaps,
    insns: env.patched ? encodeInsns(env.insns) : undefined,
    verifiedInsns: env.insnProcessed,
    maxCtxOffset: env.maxCtxOffset,
    maxPktOffset: env.maxPktOffset,
    maxTpAccess: env.maxTpAccess,
    maxRdonlyAccess: env.maxRdonlyAccess,
    maxRdwrAccess: env.maxRdwrAccess,
    changesPktData: env.changesPktData,
    directWrite: env.seenDirectWrite,
    mightSleep: env.mightSleep,
    cbAccess: env.cbAccess,
    dstNeeded: env.dstNeeded,
  };
}
