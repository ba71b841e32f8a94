/**
 * Random programs that are nearly valid: most are accepted, and they reach most of what
 * the verifier knows. The generator follows what registers and stack slots hold; a part
 * of the programs makes mistakes now and then.
 */
import type { Random } from '../../../base/env.ts';
import {
  call,
  callback,
  countedLoop,
  dynptr,
  eventOutput,
  iterator,
  loadAbs,
  mapOfMaps,
  mapUpdate,
  mayGoto,
  packetHelper,
  percpuLookup,
  plainHelper,
  queue,
  region,
  ringbufOutput,
  ringbufReserve,
  socket,
  spinLock,
  tailCall,
  textHelper,
} from './calls.ts';
import { CTX, Gen, NONE, type Pending, SCALAR, type Val } from './gen.ts';
import {
  access,
  anyPointer,
  context,
  directValue,
  frame,
  mapValue,
  packet,
  stack,
  variable,
  variableStack,
} from './memory.ts';
import type { FuncKind, FuzzProgram } from './program.ts';
import { alu, bits, branch, comparePointers, earlyExit, fresh, linked } from './scalars.ts';

/** A piece, how often it comes, whether it has calls in it, and how many ways lead through it. */
const PIECES: readonly (readonly [weight: number, calls: boolean, ways: number, write: (g: Gen) => void])[] = [
  [22, false, 1, alu],
  [6, true, 1, fresh],
  [8, false, 2, linked],
  [8, false, 2, bits],
  [10, false, 2, branch],
  [2, false, 2, comparePointers],
  [2, false, 1, earlyExit],
  [12, false, 1, stack],
  [3, false, 2, variableStack],
  [2, false, 1, frame],
  [6, true, 4, mapValue],
  [3, false, 2, directValue],
  [4, false, 2, anyPointer],
  [5, true, 4, packet],
  [5, false, 1, context],
  [2, true, 1, plainHelper],
  [2, true, 1, mapUpdate],
  [1, true, 1, queue],
  [1, true, 2, ringbufOutput],
  [2, true, 4, ringbufReserve],
  [2, true, 2, spinLock],
  [1, true, 2, socket],
  [2, true, 2, packetHelper],
  [1, true, 1, eventOutput],
  [1, true, 2, textHelper],
  [1, true, 1, tailCall],
  [1, true, 4, mapOfMaps],
  [1, true, 4, percpuLookup],
  [2, true, 4, dynptr],
  [2, true, 2, region],
  [3, true, 2, countedLoop],
  [1, true, 2, mayGoto],
  [2, true, 2, iterator],
  [2, true, 2, callback],
  [3, true, 4, call],
  [1, true, 2, loadAbs],
];
const TOTAL = PIECES.reduce((sum, [weight]) => sum + weight, 0);
/** Instructions after which a program comes to its end. */
const LONG = 140;
/** Ways through a loop's body. */
const MOST_WAYS = 4;

/** Pieces, one after the other. */
function body(g: Gen, count: number): void {
  g.depth++;
  for (let i = 0; i < count; i++) {
    let at = g.below(TOTAL);
    const [, calls, ways, write] = PIECES.find(([weight]) => {
      at -= weight;
      return at < 0;
    })!;
    if (calls && (g.locked || g.at > LONG || pinnedLow(g))) continue;
    // What is in a loop is walked for every turn and every way through it.
    if (g.loops > 0) {
      if (g.ways * ways > MOST_WAYS) continue;
      g.ways *= ways;
    }
    write(g);
  }
  g.depth--;
}

/** r0 to r5 hold something that a call would lose. */
function pinnedLow(g: Gen): boolean {
  for (let reg = 0; reg <= 5; reg++) if (g.pinned.has(reg)) return true;
  return false;
}

/** Program types with their attach types, how often they come, and what they may return. */
const TYPES: readonly (readonly [type: number, attach: number, weight: number, returns?: readonly number[]])[] = [
  [1, 0, 3],
  [2, 0, 2],
  [3, 0, 6],
  [4, 0, 1],
  [5, 0, 2],
  [6, 0, 6],
  [7, 0, 1],
  [8, 0, 2, [0, 1]],
  [8, 1, 1, [0, 1, 2, 3]],
  [12, 0, 1],
  [13, 3, 1, [0, 1]],
  [14, 5, 1],
  [16, 7, 1],
  [17, 0, 3],
  [18, 8, 1, [1]],
  [23, 18, 1, [0, 1]],
  [25, 21, 1, [0, 1]],
  [30, 36, 1, [0, 1]],
];
const TYPE_TOTAL = TYPES.reduce((sum, [, , weight]) => sum + weight, 0);
/** Types that need CAP_PERFMON. */
const NEED_PERFMON = [2, 5, 7, 17];

function pickType(random: Random): (typeof TYPES)[number] {
  let at = random.u32() % TYPE_TOTAL;
  return TYPES.find(([, , weight]) => {
    at -= weight;
    return at < 0;
  })!;
}

function startFunction(g: Gen, args: readonly Val[]): void {
  g.regs = Array.from({ length: 11 }, () => NONE);
  for (const [i, arg] of args.entries()) g.set(i + 1, arg);
  g.slots = new Map();
  g.pinned = new Set();
  g.scalarOnly = new Set();
  g.pinnedSlots = new Set();
  g.held = 0;
  g.locked = false;
  g.loops = 0;
  g.depth = 0;
}

/** Things with nothing known of them, in registers that outlast calls. */
function prologue(g: Gen): void {
  g.put(0xbf, 6, 1);
  g.set(6, CTX);
  g.put(0x85, 0, 0, 0, 7);
  g.called();
  g.put(0xbf, 7, 0);
  g.set(7, SCALAR);
  if (g.chance(2)) {
    g.put(g.pick([0x67, 0x27, 0xa7, 0x47]), 0, 0, 0, g.pick([3, 32, 33]));
    g.put(0xbf, 8, 0);
    g.set(8, SCALAR);
  }
}

function writePending(g: Gen, one: Pending, own: readonly number[] | undefined): void {
  const start = g.at;
  for (const at of one.places) {
    const [op, dst, src, off] = g.words[at]!;
    g.words[at] = [op, dst, src, off, start - at - 1];
  }
  startFunction(g, one.args);
  g.callDepth = one.depth;
  g.returns = one.returns;
  const inside = one.returns !== undefined;
  if (inside) g.loops = 1;
  g.ways = 1;
  if (one.kind === 'globalMem') {
    // The pointer may be NULL.
    const at = g.put(0x55, 1, 0, 2);
    g.put(0xb7, 0, 0, 0, 0);
    g.put(0x95);
    g.land(at);
    g.set(1, { ...one.args[0]!, kind: 'value' });
  }
  for (let reg = 1; reg <= 5; reg++) {
    const held = g.regs[reg]!;
    if ((held.kind !== 'value' && held.kind !== 'key') || held.room === 0) continue;
    if (g.chance(2)) access(g, reg);
    else if (g.regs[reg]?.kind === 'value') variable(g, reg);
    if (g.regs[reg] === held && g.chance(2)) {
      const keep = g.saved(held);
      if (keep >= 0) {
        g.put(0xbf, keep, reg);
        g.set(keep, held);
      }
    }
  }
  g.body(1 + g.below(4));
  g.leave();
  g.returns = own;
}

/** One program, of a type that is `wanted`. */
export function generateProgram(random: Random, wanted: (type: number) => boolean = () => true): FuzzProgram {
  let picked = pickType(random);
  while (!wanted(picked[0])) picked = pickType(random);
  const [type, attachType, , returns] = picked;
  const perfmon = NEED_PERFMON.includes(type) || random.u32() % 4 !== 0;
  const wild = random.u32() % 4 === 0 ? 150 : 0;
  const g = new Gen(random, type, perfmon, wild, returns, body);
  startFunction(g, [CTX]);
  prologue(g);
  g.body(3 + g.below(12));
  g.leave();
  const funcs: { start: number; kind: FuncKind }[] = [{ start: 0, kind: 'main' }];
  for (let done = 0; done < g.pending.length; done++) {
    const one = g.pending[done]!;
    funcs.push({ start: g.at, kind: one.kind });
    writePending(g, one, returns);
  }
  return { type, attachType, perfmon, flags: 0, words: g.words, funcs: g.pending.length > 0 ? funcs : undefined };
}
