/**
 * Loops: as long as a path inside a loop is not finished, what precision its states
 * need is not known; it is carried along the edges back when the loop is left
 * (`maybe_enter_scc`, `maybe_exit_scc`, `propagate_backedges`).
 */
import type { Env, SccVisit } from './env.ts';
import { SCALAR_VALUE } from './flags.ts';
import { type Changed, markBatch, prepareBatch } from './precision.ts';
import type { VState } from './state.ts';

const MAX_BACKEDGE_ITERS = 64;

/** The instruction a frame is at. */
export function frameInsnIdx(state: VState, frame: number): number {
  return frame === state.curframe ? state.insnIdx : state.frames[frame + 1]!.callsite;
}

/** The outermost loop the state is in, with the calls that lead there; undefined: in none. */
function loopOf(env: Env, state: VState): string | undefined {
  let frame = 0;
  while (frame <= state.curframe && env.aux[frameInsnIdx(state, frame)]!.scc === 0) frame++;
  if (frame > state.curframe) return undefined;
  let text = '';
  for (let f = 0; f < frame; f++) text += `${frameInsnIdx(state, f)},`;
  return `(${text}${env.aux[frameInsnIdx(state, frame)]!.scc})`;
}

/** The log's name of a loop: calls from the first instruction end the list, as no call does (`format_callchain`). */
function shownLoop(key: string): string {
  const numbers = key.slice(1, -1).split(',');
  const calls = numbers.slice(0, -1);
  const end = calls.indexOf('0');
  return `(${[...(end < 0 ? calls : calls.slice(0, end)), numbers.at(-1)].join(',')})`;
}

/** Remembers the most states there have been (`update_peak_states`). */
export function updatePeakStates(env: Env): void {
  env.peakStates = Math.max(env.peakStates, env.exploredSize + env.freeListSize + env.numBackedges);
}

/** A checkpoint was made: the first of a loop opens it. */
export function maybeEnterScc(env: Env, state: VState): void {
  const key = loopOf(env, state);
  if (key === undefined) return;
  let visit = env.sccVisits.get(key);
  if (visit === undefined) {
    visit = { entry: undefined, backedges: [] };
    env.sccVisits.set(key, visit);
  }
  if (visit.entry === undefined) {
    visit.entry = state;
    if (env.logLevel2) env.verbose(`SCC enter ${shownLoop(key)}\n`);
  }
}

/** All paths from a state are finished: when it opened a loop, the loop is left. */
export function maybeExitScc(env: Env, state: VState): number {
  const key = loopOf(env, state);
  if (key === undefined) return 0;
  const visit = env.sccVisits.get(key);
  if (visit === undefined || visit.entry !== state) return 0;
  if (env.logLevel2) env.verbose(`SCC exit ${shownLoop(key)}\n`);
  visit.entry = undefined;
  env.numBackedges -= visit.backedges.length;
  const err = propagateBackedges(env, visit);
  return err;
}

/** A state was found equal to one on the path itself. */
export function addBackedge(env: Env, of: VState, backedge: VState): void {
  const key = loopOf(env, of);
  const visit = key === undefined ? undefined : env.sccVisits.get(key);
  if (visit === undefined) return;
  if (env.logLevel2) env.verbose(`SCC backedge ${shownLoop(key!)}\n`);
  visit.backedges.unshift(backedge);
  env.numBackedges++;
  updatePeakStates(env);
}

/** What is known of the state's precision is not complete. */
export function incompleteMarks(env: Env, state: VState): boolean {
  if (env.numBackedges === 0) return false;
  const key = loopOf(env, state);
  const visit = key === undefined ? undefined : env.sccVisits.get(key);
  return visit !== undefined && visit.backedges.length > 0;
}

/** What had to be precise in an old state must be so in one that is taken as equal (`propagate_precision`). */
export function propagatePrecision(env: Env, old: VState, cur: VState, changed: Changed | undefined): number {
  const batch = prepareBatch(cur.curframe);
  for (let f = old.curframe; f >= 0; f--) {
    const frame = old.frames[f]!;
    const names: string[] = [];
    for (let r = 0; r < 10; r++) {
      const reg = frame.regs[r]!;
      if (reg.type !== SCALAR_VALUE || !reg.precise) continue;
      batch.setReg(f, r);
      names.push(`r${r}`);
    }
    for (let s = 0; s < frame.stack.length; s++) {
      const slot = frame.stack[s]!;
      if (!slot.isSpilled || slot.reg.type !== SCALAR_VALUE || !slot.reg.precise) continue;
      batch.setSlot(f, s);
      names.push(`fp${(-s - 1) * 8}`);
    }
    if (names.length > 0 && env.logLevel2) env.verbose(`frame ${f}: propagating ${names.join(',')}\n`);
  }
  return markBatch(env, cur, changed);
}

function propagateBackedges(env: Env, visit: SccVisit): number {
  const edges = visit.backedges;
  for (let round = 0; edges.length > 0; round++) {
    if (round > MAX_BACKEDGE_ITERS) {
      for (const edge of edges) forcePrecise(edge);
      break;
    }
    const out: Changed = { changed: false };
    for (const edge of edges) {
      const err = propagatePrecision(env, edge.equalState!, edge, out);
      if (err < 0) return err;
    }
    if (!out.changed) break;
  }
  visit.backedges = [];
  return 0;
}

function forcePrecise(from: VState): void {
  for (let st: VState | undefined = from.parent; st !== undefined; st = st.parent) {
    for (const frame of st.frames) {
      for (const reg of frame.regs) if (reg.type === SCALAR_VALUE) reg.precise = true;
      for (const slot of frame.stack) if (slot.isSpilled && slot.reg.type === SCALAR_VALUE) slot.reg.precise = true;
    }
  }
}
