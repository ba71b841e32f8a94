/**
 * Stack that a chain of calls takes together (`check_max_stack_depth`).
 */
import { BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { E2BIG, EACCES, EINVAL } from '../../uapi/errno.ts';
import { isPseudoCall, isPseudoFunc, MAX_BPF_STACK, MAX_CALL_FRAMES } from '../insn.ts';
import type { Env } from './env.ts';
import { isThrow } from './kfunc.ts';

const PRIV_STACK_MIN = 64;

/** Program types whose functions get a stack of their own (x86: `bpf_enable_priv_stack`). */
const PRIV_STACK_TYPES = new Set<number>([
  BPF_PROG_TYPE.KPROBE,
  BPF_PROG_TYPE.TRACEPOINT,
  BPF_PROG_TYPE.PERF_EVENT,
  BPF_PROG_TYPE.RAW_TRACEPOINT,
]);

const UNKNOWN = 0;
const NONE = 1;
const ADAPTIVE = 2;

function roundUp(depth: number): number {
  return (depth + 15) & ~15;
}

class Frame {
  readonly subprog: number;
  next: number;

  constructor(subprog: number, next: number) {
    this.subprog = subprog;
    this.next = next;
  }
}

function checkFrom(env: Env, start: number, privSupported: boolean, modes: Uint8Array): number {
  const { insns, subprogs } = env;
  let depth = 0;
  const chain: Frame[] = [];
  const enter = (s: number): number => {
    const info = subprogs[s]!;
    if (s !== 0 && info.hasTailCall && depth >= 256) {
      env.verbose(`tail_calls are not allowed when call stack of previous frames is ${depth} bytes. Too large\n`);
      return -EACCES;
    }
    const own = roundUp(info.stackDepth);
    if (privSupported && modes[s] === UNKNOWN) modes[s] = own >= PRIV_STACK_MIN ? ADAPTIVE : NONE;
    if (modes[s] === ADAPTIVE) {
      if (own > MAX_BPF_STACK) {
        env.verbose(`stack size of subprog ${s} is ${own}. Too large\n`);
        return -EACCES;
      }
    } else {
      depth += own;
      if (depth > MAX_BPF_STACK) {
        env.verbose(`combined stack size of ${chain.length + 1} calls is ${depth}. Too large\n`);
        return -EACCES;
      }
    }
    chain.push(new Frame(s, info.start));
    return 0;
  };
  let err = enter(start);
  if (err < 0) return err;
  let tailCall = subprogs[start]!.hasTailCall;
  while (chain.length > 0) {
    const frame = chain[chain.length - 1]!;
    const info = subprogs[frame.subprog]!;
    const end = subprogs[frame.subprog + 1]!.start;
    let callee = -1;
    for (; frame.next < end; frame.next++) {
      const i = frame.next;
      if (isThrow(env, i)) {
        const cb = chain.findLast((f) => subprogs[f.subprog]!.isCb);
        if (cb !== undefined) {
          env.verbose(`bpf_throw kfunc (insn ${i}) cannot be called from callback subprog ${cb.subprog}\n`);
          return -EINVAL;
        }
        continue;
      }
      const call = isPseudoCall(insns, i);
      if (!call && !isPseudoFunc(insns, i)) continue;
      const target = env.findSubprog(i + insns.imm[i]! + 1);
      if (subprogs[target]!.isAsyncCb && !call) continue;
      if (subprogs[target]!.isExceptionCb) {
        env.verbose(`insn ${i} cannot call exception cb directly`);
        return -EINVAL;
      }
      callee = target;
      break;
    }
    if (callee >= 0) {
      frame.next++;
      if (!privSupported) modes[callee] = NONE;
      if (subprogs[callee]!.hasTailCall) tailCall = true;
      if (chain.length >= MAX_CALL_FRAMES) {
        env.verbose(`the call stack of ${chain.length} frames is too deep !\n`);
        return -E2BIG;
      }
      err = enter(callee);
      if (err < 0) return err;
      continue;
    }
    if (tailCall) {
      for (const f of chain.slice(0, -1)) {
        if (subprogs[f.subprog]!.isExceptionCb) {
          env.verbose('cannot tail call within exception cb\n');
          return -EINVAL;
        }
        subprogs[f.subprog]!.tailCallReachable = true;
      }
    }
    if (modes[frame.subprog] !== ADAPTIVE) depth -= roundUp(info.stackDepth);
    chain.pop();
  }
  return 0;
}

export function checkMaxStackDepth(env: Env): number {
  const modes = new Uint8Array(env.subprogCnt);
  const anyTailCall = env.subprogs.slice(0, env.subprogCnt).some((s) => s.hasTailCall);
  const adaptive = !anyTailCall && PRIV_STACK_TYPES.has(env.progType);
  for (let s = env.subprogCnt - 1; s >= 0; s--) {
    if (s !== 0 && !env.subprogs[s]!.isAsyncCb) continue;
    const err = checkFrom(env, s, s === 0 && adaptive, modes);
    if (err < 0) return err;
  }
  return 0;
}
