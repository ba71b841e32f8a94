/**
 * Which stack slots may still be read, learnt from the paths seen so far, by call
 * chain (source: kernel/bpf/liveness.c, described in its head comment): reads and
 * certain writes are collected for each instruction, then propagated backwards.
 */
import { successors } from './cfg.ts';
import type { Env } from './env.ts';
import type { VState } from './state.ts';

/** Words of an instruction's marks: each mask takes two, for slots 0-31 and 32-63. */
const MAY_READ = 0;
const MUST_WRITE = 2;
const WRITE_ACC = 4;
const LIVE = 6;
const WORDS = 8;

/** Marks of one function reached by one chain of calls. */
class Instance {
  readonly callsites: readonly number[];
  readonly starts: readonly number[];
  readonly frame: number;
  readonly start: number;
  readonly count: number;
  readonly subprog: number;
  readonly masks: (Int32Array | undefined)[] = [];
  readonly writeSet: Uint8Array;
  updated = false;
  writeDropped = false;

  constructor(env: Env, callsites: readonly number[], starts: readonly number[]) {
    this.callsites = callsites;
    this.starts = starts;
    this.frame = starts.length - 1;
    this.start = starts[this.frame]!;
    this.subprog = env.findSubprog(this.start);
    this.count = env.subprogs[this.subprog + 1]!.start - this.start;
    this.writeSet = new Uint8Array(this.count);
  }

  frameMasks(frame: number): Int32Array {
    const known = this.masks[frame];
    if (known !== undefined) return known;
    const made = new Int32Array(this.count * WORDS);
    this.masks[frame] = made;
    return made;
  }

  get name(): string {
    return `(${this.callsites.join(',')})`;
  }
}

/** All instances of one verification, and the marks of the instruction at hand. */
export class Liveness {
  readonly instances = new Map<string, Instance>();
  current: Instance | undefined = undefined;
  readonly writes = new Int32Array(16);
  /** Some of them are set. */
  anyWrites = false;
  writeIdx = 0;
  query: Instance[] = [];
  queryIdx = 0;
}

function lookup(env: Env, callsites: number[], starts: number[]): Instance {
  const key = callsites.join(',');
  const live = env.liveness;
  let instance = live.instances.get(key);
  if (instance === undefined) {
    instance = new Instance(env, callsites, starts);
    live.instances.set(key, instance);
  }
  return instance;
}

function instanceOf(env: Env, state: VState, frame: number): Instance {
  const callsites: number[] = [];
  const starts: number[] = [];
  for (let f = 0; f <= frame; f++) {
    starts.push(env.subprogs[state.frames[f]!.subprogno]!.start);
    callsites.push(f < frame ? state.frames[f + 1]!.callsite : starts[f]!);
  }
  return lookup(env, callsites, starts);
}

function current(env: Env): Instance {
  const live = env.liveness;
  live.current ??= instanceOf(env, env.cur!, env.cur!.curframe);
  return live.current;
}

/** The current call chain changed. */
export function resetLiveCallchain(env: Env): void {
  env.liveness.current = undefined;
}

function read(instance: Instance, frame: number, insnIdx: number, low: number, high: number): void {
  const masks = instance.frameMasks(frame);
  const at = (insnIdx - instance.start) * WORDS;
  const newLow = masks[at + MAY_READ]! | low;
  const newHigh = masks[at + MAY_READ + 1]! | high;
  if (newLow !== masks[at + MAY_READ] || newHigh !== masks[at + MAY_READ + 1]) {
    if ((newLow & ~masks[at + LIVE]!) !== 0 || (newHigh & ~masks[at + LIVE + 1]!) !== 0) instance.updated = true;
    masks[at + MAY_READ] = newLow;
    masks[at + MAY_READ + 1] = newHigh;
  }
}

/** The instruction may read the slot. */
export function markStackRead(env: Env, frame: number, spi: number): void {
  const bit = 1 << (spi & 31);
  read(current(env), frame, env.insnIdx, spi < 32 ? bit : 0, spi < 32 ? 0 : bit);
}

/** The instruction writes the whole slot. */
export function markStackWrite(env: Env, frame: number, spi: number): void {
  env.liveness.writes[frame * 2 + (spi >> 5)]! |= 1 << (spi & 31);
  env.liveness.anyWrites = true;
}

function clearWrites(live: Liveness): void {
  if (!live.anyWrites) return;
  live.writes.fill(0);
  live.anyWrites = false;
}

/** Before an instruction. */
export function resetStackWrites(env: Env, insnIdx: number): void {
  current(env);
  env.liveness.writeIdx = insnIdx;
  clearWrites(env.liveness);
}

function commit(env: Env, instance: Instance): void {
  const live = env.liveness;
  const idx = live.writeIdx - instance.start;
  const seen = instance.writeSet[idx] !== 0;
  for (let f = 0; f <= instance.frame; f++) {
    let low = live.writes[f * 2]!;
    let high = live.writes[f * 2 + 1]!;
    if (low === 0 && high === 0 && !seen) continue;
    const masks = instance.frameMasks(f);
    const at = idx * WORDS + MUST_WRITE;
    // The kernel looks at the first 32 slots only when it compares with the earlier mask.
    const old = masks[at]!;
    if (seen) {
      low &= old;
      high = 0;
    }
    if (old !== low || high !== 0) {
      masks[at] = low;
      masks[at + 1] = high;
      instance.updated = true;
    }
    if ((old & ~low) !== 0) instance.writeDropped = true;
  }
  instance.writeSet[idx] = 1;
}

/** After an instruction. */
export function commitStackWrites(env: Env): void {
  const instance = env.liveness.current;
  if (instance !== undefined) commit(env, instance);
}

function maskText(low: number, high: number): string {
  const names: string[] = [];
  for (let s = 0; s < 64; s++) if (((s < 32 ? low : high) & (1 << (s & 31))) !== 0) names.push(`-${(s + 1) * 8}`);
  return names.join(',');
}

function logChange(
  env: Env,
  instance: Instance,
  what: string,
  frame: number,
  insnIdx: number,
  oldLow: number,
  oldHigh: number,
  low: number,
  high: number,
): void {
  if (oldLow === low && oldHigh === high) return;
  let text = `${instance.name} frame ${frame} insn ${insnIdx} `;
  const onesLow = low & ~oldLow;
  const onesHigh = high & ~oldHigh;
  if (onesLow !== 0 || onesHigh !== 0) text += `+${what} ${maskText(onesLow, onesHigh)} `;
  const zerosLow = oldLow & ~low;
  const zerosHigh = oldHigh & ~high;
  if (zerosLow !== 0 || zerosHigh !== 0) text += `-${what} ${maskText(zerosLow, zerosHigh)}`;
  env.verbose(`${text}\n`);
}

const succ: number[] = [0, 0];

function updateInsn(env: Env, instance: Instance, frame: number, insnIdx: number): boolean {
  const n = successors(env, insnIdx, succ);
  if (n === 0) return false;
  const masks = instance.masks[frame]!;
  const at = (insnIdx - instance.start) * WORDS;
  let afterLow = 0;
  let afterHigh = 0;
  let accLow = -1;
  let accHigh = -1;
  for (let s = 0; s < n; s++) {
    const to = (succ[s]! - instance.start) * WORDS;
    afterLow |= masks[to + LIVE]!;
    afterHigh |= masks[to + LIVE + 1]!;
    accLow &= masks[to + WRITE_ACC]!;
    accHigh &= masks[to + WRITE_ACC + 1]!;
  }
  const writeLow = masks[at + MUST_WRITE]!;
  const writeHigh = masks[at + MUST_WRITE + 1]!;
  accLow |= writeLow;
  accHigh |= writeHigh;
  const readLow = masks[at + MAY_READ]!;
  const readHigh = masks[at + MAY_READ + 1]!;
  const low = (afterLow & ~writeLow) | readLow;
  const high = (afterHigh & ~writeHigh) | readHigh;
  const oldLow = masks[at + LIVE]!;
  const oldHigh = masks[at + LIVE + 1]!;
  const oldAccLow = masks[at + WRITE_ACC]!;
  const oldAccHigh = masks[at + WRITE_ACC + 1]!;
  if (env.logLevel2) {
    const marked = (readLow | readHigh | writeLow | writeHigh) !== 0;
    if (marked || insnIdx === instance.start || env.aux[insnIdx]!.prunePoint) {
      logChange(env, instance, 'live', frame, insnIdx, oldLow, oldHigh, low, high);
      logChange(env, instance, 'written', frame, insnIdx, oldAccLow, oldAccHigh, accLow, accHigh);
    }
  }
  masks[at + LIVE] = low;
  masks[at + LIVE + 1] = high;
  masks[at + WRITE_ACC] = accLow;
  masks[at + WRITE_ACC + 1] = accHigh;
  return low !== oldLow || high !== oldHigh || accLow !== oldAccLow || accHigh !== oldAccHigh;
}

/** Hands what is known at a function's entry to the call that leads there. */
function propagateOuter(env: Env, instance: Instance): void {
  const starts = instance.starts.slice(0, -1);
  const callsites = instance.callsites.slice(0, -1);
  const callsite = callsites[callsites.length - 1]!;
  callsites[callsites.length - 1] = starts[starts.length - 1]!;
  const outer = lookup(env, callsites, starts);
  const live = env.liveness;
  live.writeIdx = callsite;
  clearWrites(live);
  for (let f = 0; f < instance.frame; f++) {
    const masks = instance.masks[f];
    if (masks === undefined) continue;
    live.anyWrites = true;
    live.writes[f * 2]! |= masks[WRITE_ACC]!;
    live.writes[f * 2 + 1]! |= masks[WRITE_ACC + 1]!;
    read(outer, f, callsite, masks[LIVE]!, masks[LIVE + 1]!);
  }
  commit(env, outer);
}

function updateInstance(env: Env, instance: Instance): void {
  if (instance.writeDropped) {
    for (const masks of instance.masks) {
      if (masks === undefined) continue;
      for (let i = 0; i < instance.count; i++) {
        masks[i * WORDS + WRITE_ACC] = 0;
        masks[i * WORDS + WRITE_ACC + 1] = 0;
      }
    }
  }
  const first = env.subprogs[instance.subprog]!.postorderStart;
  const end = env.subprogs[instance.subprog + 1]!.postorderStart;
  let iterations = 0;
  let changed = true;
  while (changed) {
    iterations++;
    changed = false;
    for (let f = 0; f <= instance.frame; f++) {
      if (instance.masks[f] === undefined) continue;
      for (let i = first; i < end; i++) if (updateInsn(env, instance, f, env.postorder[i]!)) changed = true;
    }
  }
  if (env.logLevel2) env.verbose(`${instance.name} live stack update done in ${iterations} iterations\n`);
  if (instance.frame > 0) propagateOuter(env, instance);
}

/** Brings what is known of the current state's call chain up to date (`bpf_update_live_stack`). */
export function updateLiveStack(env: Env): void {
  resetLiveCallchain(env);
  const state = env.cur!;
  for (let f = state.curframe; f >= 0; f--) {
    const instance = instanceOf(env, state, f);
    if (!instance.updated) continue;
    updateInstance(env, instance);
    instance.updated = false;
    instance.writeDropped = false;
  }
}

/** Prepares {@link stackSlotAlive} for a state. */
export function liveStackQuery(env: Env, state: VState): void {
  const live = env.liveness;
  live.query = [];
  for (let f = 0; f <= state.curframe; f++) live.query.push(instanceOf(env, state, f));
  live.queryIdx = state.insnIdx;
}

function aliveBefore(instance: Instance, insnIdx: number, frame: number, spi: number): boolean {
  const masks = instance.masks[frame];
  if (masks === undefined) return false;
  const at = (insnIdx - instance.start) * WORDS + LIVE + (spi >> 5);
  return (masks[at]! & (1 << (spi & 31))) !== 0;
}

/** Whether the slot may be read at or after the state's instruction (`bpf_stack_slot_alive`). */
export function stackSlotAlive(env: Env, frame: number, spi: number): boolean {
  const { query, queryIdx } = env.liveness;
  const inner = query[query.length - 1]!;
  if (aliveBefore(inner, queryIdx, frame, spi)) return true;
  for (let f = frame; f < inner.frame; f++) {
    const callsite = inner.callsites[f]!;
    const at = env.aux[callsite]!.callsCallback ? callsite : callsite + 1;
    if (aliveBefore(query[f]!, at, frame, spi)) return true;
  }
  return false;
}
