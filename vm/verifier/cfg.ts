/**
 * The control-flow graph: every instruction reachable, jumps to the beginning of
 * instructions, where states are kept and where history is recorded
 * (`check_cfg`, `compute_postorder`, `compute_scc`).
 */
import { EINVAL } from '../../uapi/errno.ts';
import {
  BPF_CALL,
  BPF_EXIT,
  BPF_JA,
  BPF_JCOND,
  BPF_JMP,
  BPF_JMP32,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_X,
  isPseudoFunc,
  jumpTarget,
} from '../insn.ts';
import type { Env } from './env.ts';
import type { KfuncFacts } from './kfuncfacts.ts';
import { kfuncFacts } from './kfuncfacts.ts';

const DISCOVERED = 0x10;
const EXPLORED = 0x20;
const FALLTHROUGH = 1;
const BRANCH = 2;

const DONE = 0;
const KEEP = 1;

/** Helpers that call back while they run, and later. */
const HELPER_FOR_EACH_MAP_ELEM = 164;
const HELPER_TIMER_SET_CALLBACK = 170;
const HELPER_FIND_VMA = 180;
const HELPER_LOOP = 181;
const HELPER_USER_RINGBUF_DRAIN = 209;

function isSyncCallbackHelper(id: number): boolean {
  return (
    id === HELPER_FOR_EACH_MAP_ELEM || id === HELPER_FIND_VMA || id === HELPER_LOOP || id === HELPER_USER_RINGBUF_DRAIN
  );
}

function isAsyncCallbackHelper(id: number): boolean {
  return id === HELPER_TIMER_SET_CALLBACK;
}

/** Instructions control may go to from `i` within the function, into `out`: next first, then the target. */
export function successors(env: Env, i: number, out: number[]): number {
  const op = env.insns.op[i]!;
  const cls = op & 7;
  if (cls === BPF_JMP || cls === BPF_JMP32) {
    const code = op & 0xf0;
    if (code === BPF_EXIT) return 0;
    if (code === BPF_JA) {
      out[0] = jumpTarget(env.insns, i);
      return 1;
    }
    if (code !== BPF_CALL) {
      out[0] = i + 1;
      out[1] = i + 1 + env.insns.off[i]!;
      return 2;
    }
  }
  out[0] = i + (env.isLddw(i) ? 2 : 1);
  return 1;
}

/** Depth-first walk with the marks it leaves. */
class Walk {
  readonly env: Env;
  readonly state: Uint8Array;
  readonly stack: number[] = [];

  constructor(env: Env) {
    this.env = env;
    this.state = new Uint8Array(env.insns.count);
  }

  start(i: number): void {
    this.state[i] = DISCOVERED;
    this.stack.push(i);
  }

  private push(t: number, w: number, edge: number): number {
    const { env, state } = this;
    if (edge === FALLTHROUGH && state[t]! >= (DISCOVERED | FALLTHROUGH)) return DONE;
    if (edge === BRANCH && state[t]! >= (DISCOVERED | BRANCH)) return DONE;
    if (w < 0 || w >= env.insns.count) {
      env.verboseLine(t, `${t}: `);
      env.verbose(`jump out of range from insn ${t} to ${w}\n`);
      return -EINVAL;
    }
    if (edge === BRANCH) {
      env.aux[w]!.prunePoint = true;
      env.aux[w]!.jmpPoint = true;
    }
    if (state[w] === 0) {
      state[t] = DISCOVERED | edge;
      state[w] = DISCOVERED;
      this.stack.push(w);
      return KEEP;
    }
    if ((state[w]! & 0xf0) === DISCOVERED) {
      if (env.bpfCapable) return DONE;
      env.verboseLine(t, `${t}: `);
      env.verboseLine(w, `${w}: `);
      env.verbose(`back-edge from insn ${t} to ${w}\n`);
      return -EINVAL;
    }
    state[t] = DISCOVERED | edge;
    return DONE;
  }

  private visitCall(t: number, visitCallee: boolean): number {
    const { env } = this;
    const next = t + (env.isLddw(t) ? 2 : 1);
    let ret = this.push(t, next, FALLTHROUGH);
    if (ret !== DONE) return ret;
    env.aux[next]!.prunePoint = true;
    env.aux[next]!.jmpPoint = true;
    if (visitCallee) {
      const w = t + env.insns.imm[t]! + 1;
      env.aux[t]!.prunePoint = true;
      this.mergeCalleeEffects(t, w);
      ret = this.push(t, w, BRANCH);
    }
    return ret;
  }

  /** What a callee may do, its caller may do (`merge_callee_effects`). */
  private mergeCalleeEffects(t: number, w: number): void {
    const caller = this.env.subprogs[this.env.containingSubprog(t)]!;
    const callee = this.env.subprogs[this.env.containingSubprog(w)]!;
    caller.changesPktData ||= callee.changesPktData;
    caller.mightSleep ||= callee.mightSleep;
  }

  private visitHelperCall(t: number): void {
    const { env } = this;
    const id = env.insns.imm[t]!;
    const aux = env.aux[t]!;
    const info = env.subprogs[env.containingSubprog(t)]!;
    let sync = false;
    let async = false;
    if (env.insns.src[t] === 0) {
      sync = isSyncCallbackHelper(id);
      async = isAsyncCallbackHelper(id);
      const proto = env.rules.helper(id, env.prog);
      if (proto?.mightSleep) info.mightSleep = true;
      if (env.input.tables.changesPktData(id)) info.changesPktData = true;
    } else if (env.insns.src[t] === BPF_PSEUDO_KFUNC_CALL) {
      const facts: KfuncFacts | undefined = kfuncFacts(env, t);
      if (facts !== undefined) {
        sync = facts.syncCallback;
        async = facts.asyncCallback;
        if (facts.iterNext) {
          aux.prunePoint = true;
          aux.forceCheckpoint = true;
        }
        if (facts.sleepable) info.mightSleep = true;
        if (facts.changesPkt) info.changesPktData = true;
      }
    }
    if (async) aux.prunePoint = true;
    if (sync) {
      aux.callsCallback = true;
      aux.forceCheckpoint = true;
      aux.prunePoint = true;
      aux.jmpPoint = true;
    }
  }

  private visit(t: number): number {
    const { env } = this;
    const { insns } = env;
    const op = insns.op[t]!;
    const cls = op & 7;
    if (isPseudoFunc(insns, t)) return this.visitCall(t, true);
    if (cls !== BPF_JMP && cls !== BPF_JMP32) return this.push(t, t + (env.isLddw(t) ? 2 : 1), FALLTHROUGH);
    switch (op & 0xf0) {
      case BPF_EXIT:
        return DONE;
      case BPF_CALL:
        this.visitHelperCall(t);
        return this.visitCall(t, insns.src[t] === BPF_PSEUDO_CALL);
      case BPF_JA: {
        if ((op & BPF_X) !== 0) return -EINVAL;
        const target = jumpTarget(insns, t);
        const ret = this.push(t, target, FALLTHROUGH);
        if (ret < 0) return ret;
        env.aux[target]!.prunePoint = true;
        env.aux[target]!.jmpPoint = true;
        return ret;
      }
      default: {
        env.aux[t]!.prunePoint = true;
        if ((op & 0xf0) === BPF_JCOND) env.aux[t]!.forceCheckpoint = true;
        const ret = this.push(t, t + 1, FALLTHROUGH);
        return ret !== DONE ? ret : this.push(t, t + insns.off[t]! + 1, BRANCH);
      }
    }
  }

  run(): number {
    const { stack, state } = this;
    while (stack.length > 0) {
      const t = stack[stack.length - 1]!;
      const ret = this.visit(t);
      if (ret === DONE) {
        state[t] = EXPLORED;
        stack.pop();
      } else if (ret < 0) {
        return ret;
      }
    }
    return 0;
  }
}

/** `check_cfg`. */
export function checkCfg(env: Env): number {
  const walk = new Walk(env);
  walk.start(0);
  let err = walk.run();
  if (err < 0) return err;
  if (env.exceptionCallbackSubprog > 0) {
    const start = env.subprogs[env.exceptionCallbackSubprog]!.start;
    if (walk.state[start] === 0) {
      walk.start(start);
      err = walk.run();
      if (err < 0) return err;
    }
  }
  for (let i = 0; i < env.insns.count; i++) {
    if (walk.state[i] !== EXPLORED) {
      env.verbose(`unreachable insn ${i}\n`);
      return -EINVAL;
    }
    if (env.isLddw(i)) {
      if (walk.state[i + 1] !== 0) {
        env.verbose(`jump into the middle of ldimm64 insn ${i}\n`);
        return -EINVAL;
      }
      i++;
    }
  }
  env.changesPktData = env.subprogs[0]!.changesPktData;
  env.mightSleep = env.subprogs[0]!.mightSleep;
  return 0;
}

/** Instructions of each function in postorder. */
export function computePostorder(env: Env): void {
  const state = new Uint8Array(env.insns.count);
  const succ: number[] = [0, 0];
  for (let s = 0; s < env.subprogCnt; s++) {
    env.subprogs[s]!.postorderStart = env.postorder.length;
    const stack = [env.subprogs[s]!.start];
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      state[top]! |= DISCOVERED;
      if ((state[top]! & EXPLORED) !== 0) {
        env.postorder.push(top);
        stack.pop();
        continue;
      }
      const count = successors(env, top, succ);
      for (let j = 0; j < count; j++) {
        const next = succ[j]!;
        if (next >= env.insns.count || state[next] !== 0) continue;
        state[next]! |= DISCOVERED;
        stack.push(next);
      }
      state[top]! |= EXPLORED;
    }
  }
  env.subprogs[env.subprogCnt]!.postorderStart = env.postorder.length;
}

/** Numbers the loops: strongly connected components of more than one instruction, or with an edge to itself (Tarjan). */
export function computeScc(env: Env): void {
  const count = env.insns.count;
  const NOT_ON_STACK = 0x7fffffff;
  const pre = new Int32Array(count);
  const low = new Int32Array(count);
  const stack: number[] = [];
  const succ: number[] = [0, 0];
  let preorder = 1;
  let sccId = 1;
  for (let i = 0; i < count; i++) {
    if (pre[i] !== 0) continue;
    const dfs = [i];
    next: while (dfs.length > 0) {
      const w = dfs[dfs.length - 1]!;
      if (pre[w] === 0) {
        low[w] = preorder;
        pre[w] = preorder++;
        stack.push(w);
      }
      const n = successors(env, w, succ);
      for (let j = 0; j < n; j++) {
        const s = succ[j]!;
        if (s >= count) continue;
        if (pre[s] !== 0) {
          low[w] = Math.min(low[w]!, low[s]!);
        } else {
          dfs.push(s);
          continue next;
        }
      }
      if (low[w]! < pre[w]!) {
        dfs.pop();
        continue;
      }
      let assign = stack[stack.length - 1] !== w;
      for (let j = 0; j < n; j++) if (succ[j] === w) assign = true;
      for (;;) {
        const t = stack.pop()!;
        low[t] = NOT_ON_STACK;
        if (assign) env.aux[t]!.scc = sccId;
        if (t === w) break;
      }
      if (assign) sccId++;
      dfs.pop();
    }
  }
  env.sccCnt = sccId;
}
