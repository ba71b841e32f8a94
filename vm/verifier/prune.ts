/**
 * Checkpoints: remembering states at instructions, and ending a path that reaches one
 * already covered (`is_state_visited`).
 */
import { EINVAL } from '../../uapi/errno.ts';
import { OP_MAY_GOTO } from '../insn.ts';
import type { Env, StateListEntry } from './env.ts';
import { EXACT, iterDepthsDiffer, maybeLooping, NOT_EXACT, RANGE_WITHIN, statesEqual } from './equal.ts';
import { SCALAR_VALUE } from './flags.ts';
import { liveStackQuery, stackSlotAlive } from './liveness.ts';
import { pushHistory } from './regs.ts';
import {
  addBackedge,
  frameInsnIdx,
  incompleteMarks,
  maybeEnterScc,
  propagatePrecision,
  updatePeakStates,
} from './scc.ts';
import { ITER_ACTIVE, NO_REG, VState } from './state.ts';

/** `BPF_COMPLEXITY_LIMIT_STATES`: checkpoints at one instruction without CAP_BPF. */
const LIMIT_STATES = 64;

/** The checkpoints that share a place with an instruction (the kernel's hash by instruction and call site). */
function exploredAt(env: Env, insnIdx: number): StateListEntry[] {
  const key = ((insnIdx ^ env.cur!.cur.callsite) >>> 0) % env.insns.count;
  let list = env.explored[key];
  if (list === undefined) {
    list = [];
    env.explored[key] = list;
  }
  return list;
}

function sameCallsites(a: VState, b: VState): boolean {
  if (a.curframe !== b.curframe) return false;
  for (let f = a.curframe; f >= 0; f--) if (a.frames[f]!.callsite !== b.frames[f]!.callsite) return false;
  return true;
}

/** The state at the same instruction on the path that led here (`find_prev_entry`). */
export function findPrevEntry(env: Env, cur: VState | undefined, insnIdx: number): VState | undefined {
  if (cur === undefined) return undefined;
  for (const { state } of exploredAt(env, insnIdx)) {
    if (state.insnIdx === insnIdx && state.branches > 0 && sameCallsites(state, cur) && state.dfsDepth < cur.dfsDepth) {
      return state;
    }
  }
  return undefined;
}

/** Drops what is never read again from a finished checkpoint (`clean_verifier_state`). */
function cleanState(env: Env, state: VState): void {
  liveStackQuery(env, state);
  state.cleaned = true;
  for (let f = 0; f <= state.curframe; f++) {
    const frame = state.frames[f]!;
    const live = env.aux[frameInsnIdx(state, f)]!.liveRegs;
    for (let r = 0; r < 10; r++) if (((live >>> r) & 1) === 0) frame.regs[r]!.reset();
    for (let s = 0; s < frame.stack.length; s++) {
      if (stackSlotAlive(env, f, s)) continue;
      frame.stack[s]!.kinds = 0;
      frame.stack[s]!.reg = NO_REG;
    }
  }
}

function cleanStates(env: Env, list: StateListEntry[], insnIdx: number, cur: VState): void {
  for (const { state } of list) {
    if (state.branches > 0 || state.insnIdx !== insnIdx || state.cleaned || !sameCallsites(state, cur)) continue;
    if (incompleteMarks(env, state)) continue;
    cleanState(env, state);
  }
}

/** Forgets inherited precision: the new checkpoint finds out what it needs (`mark_all_scalars_imprecise`). */
function markImprecise(state: VState): void {
  for (let f = 0; f <= state.curframe; f++) {
    const frame = state.frames[f]!;
    for (const reg of frame.regs) if (reg.type === SCALAR_VALUE) reg.precise = false;
    for (const slot of frame.stack) if (slot.isSpilled && slot.reg.type === SCALAR_VALUE) slot.reg.precise = false;
  }
}

/** Whether the iterator in R1 is active. */
function iterActive(cur: VState): boolean {
  const reg = cur.regs[1]!;
  const off = reg.off + Number(BigInt.asIntN(64, reg.range.bits.value));
  const spi = (-off - 1) >> 3;
  return cur.frames[reg.frameno]?.stack[spi]?.reg.iterState === ITER_ACTIVE;
}

const MISS = 0;
const HIT = 1;
const HIT_LOOP = 2;
const MISS_CHECKED = 3;
const LOOPS = 4;

/** Compares with a checkpoint of the path itself. */
function comparePath(env: Env, old: VState, cur: VState, insnIdx: number): number {
  const frame = old.cur;
  if (frame.inAsyncCallback && frame.asyncEntryCnt !== cur.cur.asyncEntryCnt) return MISS_CHECKED;
  if (env.aux[insnIdx]!.isIterNext) {
    if (statesEqual(env, old, cur, RANGE_WITHIN) && iterActive(cur)) return HIT_LOOP;
    return MISS_CHECKED;
  }
  if (env.insns.op[insnIdx] === OP_MAY_GOTO) {
    if (old.mayGotoDepth !== cur.mayGotoDepth && statesEqual(env, old, cur, RANGE_WITHIN)) return HIT_LOOP;
  }
  if (env.aux[insnIdx]!.callsCallback) {
    // The edge back is not one of those whose precision is carried round (`add_scc_backedge`).
    return statesEqual(env, old, cur, RANGE_WITHIN) ? HIT : MISS_CHECKED;
  }
  if (
    maybeLooping(old, cur) &&
    statesEqual(env, old, cur, EXACT) &&
    !iterDepthsDiffer(old, cur) &&
    old.mayGotoDepth === cur.mayGotoDepth &&
    old.callbackUnrollDepth === cur.callbackUnrollDepth
  ) {
    return LOOPS;
  }
  return MISS;
}

function infiniteLoop(env: Env, old: VState, cur: VState, insnIdx: number): number {
  env.verboseLine(insnIdx, '; ');
  env.verbose(`infinite loop detected at insn ${insnIdx}\n`);
  env.verbose('cur state:');
  env.printState(cur, cur.curframe, true);
  env.verbose('old state:');
  env.printState(old, cur.curframe, true);
  return -EINVAL;
}

function hit(env: Env, old: VState, cur: VState, insnIdx: number, loop: boolean): number {
  if (env.aux[env.insnIdx]!.jmpPoint) pushHistory(env, cur, 0, undefined);
  const err = propagatePrecision(env, old, cur, undefined);
  if (err < 0) return err;
  if (loop) {
    const backedge = new VState();
    backedge.copyFrom(cur);
    backedge.equalState = old;
    backedge.insnIdx = insnIdx;
    addBackedge(env, old, backedge);
  }
  return 1;
}

/** 1 when the state is covered, 0 to go on (a checkpoint may have been made), or a negative errno. */
export function isStateVisited(env: Env, insnIdx: number): number {
  const cur = env.cur!;
  const force = env.testStateFreq || env.aux[insnIdx]!.forceCheckpoint || cur.jmpHistory.length > 40;
  const jumps = env.jmpsProcessed - env.prevJmpsProcessed;
  const insns = env.insnProcessed - env.prevInsnProcessed;
  let add = force || (jumps >= 2 && insns >= 8);
  const list = exploredAt(env, insnIdx);
  cleanStates(env, list, insnIdx, cur);
  let count = 0;
  for (let i = 0; i < list.length; i++) {
    const entry = list[i]!;
    const old = entry.state;
    count++;
    if (old.insnIdx !== insnIdx) continue;
    let result: number;
    if (old.branches > 0) {
      result = comparePath(env, old, cur, insnIdx);
      if (result === LOOPS) return infiniteLoop(env, old, cur, insnIdx);
      if (result !== HIT_LOOP && !force && jumps < 20 && insns < 100) add = false;
    } else {
      if (env.input.exhaustive === true) continue;
      const loop = incompleteMarks(env, old);
      const equal = statesEqual(env, old, cur, loop ? RANGE_WITHIN : NOT_EXACT);
      result = equal ? (loop ? HIT_LOOP : HIT) : MISS;
    }
    if (result === HIT || result === HIT_LOOP) {
      entry.hitCnt++;
      return hit(env, old, cur, insnIdx, result === HIT_LOOP);
    }
    if (add) entry.missCnt++;
    const patience = env.aux[insnIdx]!.forceCheckpoint && old.branches > 0 ? 64 : 3;
    if (entry.missCnt > entry.hitCnt * patience + patience) {
      list.splice(i--, 1);
      env.exploredSize--;
      // A state with unfinished paths or loops lives on until they are (`maybe_free_verifier_state`).
      if (old.branches > 0 || incompleteMarks(env, old)) {
        env.freeListSize++;
        old.onFreeList = true;
      }
    }
  }
  if (env.maxStatesPerInsn < count) env.maxStatesPerInsn = count;
  if (!env.bpfCapable && count > LIMIT_STATES) return 0;
  if (!add) return 0;
  env.totalStates++;
  env.exploredSize++;
  updatePeakStates(env);
  env.prevJmpsProcessed = env.jmpsProcessed;
  env.prevInsnProcessed = env.insnProcessed;
  if (env.bpfCapable) markImprecise(cur);
  const state = new VState();
  state.copyFrom(cur);
  state.insnIdx = insnIdx;
  maybeEnterScc(env, state);
  cur.parent = state;
  cur.firstInsnIdx = insnIdx;
  cur.dfsDepth = state.dfsDepth + 1;
  cur.jmpHistory = [];
  list.unshift({ state, missCnt: 0, hitCnt: 0, inFreeList: false });
  return 0;
}
