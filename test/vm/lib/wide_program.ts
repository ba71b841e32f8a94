/**
 * Random programs that use what programs are made of: maps of many types, atomics on
 * values and stack, functions, tail calls, callbacks, packets that move, contexts,
 * iterators, exceptions. They are accepted by construction, but for mishaps; the real
 * verifiers decide.
 *
 * Registers: r6 is memory to play with (the packet in the main function, a pointer
 * argument in others), r9 counts turns, the others are scalars. The stack of every
 * function: scalars at -8 to -64, and in the main function the context at -80, a key
 * at -96, an iterator at -104.
 */
import type { Random } from '../../../base/env.ts';
import { hex } from './hex.ts';
import { alu, encodeWords, JMP_OPS, PACKET_SIZE, SCALARS, SIZES } from './random_program.ts';
import { NODE } from './wide_btf.ts';
import { dynptr } from './wide_dynptr.ts';
import { bpfLoop, forEach, lookup, queue, remove, ringbuf, tailCall, update } from './wide_elements.ts';
import { atomicAt, CTX_SLOT, FP, type Func, ITER, memory, refill, reload, SLOTS, Wide } from './wide_emit.ts';
import { isPercpu, LOOKED_UP, OUTERS, PLAY, PLAY_SIZE, PROG_ARRAY, WIDE_MAPS } from './wide_maps.ts';
import { special as objectsAndLocks } from './wide_objects.ts';
import { context, loadAbs, skbHelper, skbLoad, variablePacket, xdpHelper } from './wide_packets.ts';
import { pure } from './wide_pure.ts';
import { bits, section, strings } from './wide_strings.ts';
import { SLEEPABLE, WIDE_TYPES, type WideType, XDP_TYPE } from './wide_types.ts';

/** A program; maps in `lddw` (src 1 and 2) are numbers of {@link WIDE_MAPS}, kernel functions (call, src 2) of {@link KFUNCS}. */
export interface WideProgram {
  readonly insns: Uint8Array;
  /** First instruction of each function. */
  readonly starts: readonly number[];
  /** Places of an immediate that is the id of a type of {@link KTYPES}. */
  readonly typeIds: readonly (readonly [insn: number, type: number])[];
}

/** Programs of one type on one packet. */
export interface WideCase {
  readonly kind: WideType;
  /** The last one is run; the others are in the slots of the prog array from 1 on (slot 0 stays empty). */
  readonly progs: readonly WideProgram[];
  readonly maps: readonly number[];
  /** Elements that are there before. */
  readonly entries: readonly { readonly map: number; readonly key: string; readonly value: string }[];
  readonly packet: Uint8Array;
}

/** A forward branch. */
function branch(e: Wide, depth: number): void {
  const cls = e.pick([5, 6]);
  if (e.chance(8)) {
    // Over nothing, with a 16-bit and with a 32-bit offset.
    e.put(e.pick([0x05, 0x06]));
  }
  const at = e.chance(2)
    ? e.jump(cls | e.pick(JMP_OPS) | 8, e.pick(SCALARS), e.pick(SCALARS))
    : e.jump(cls | e.pick(JMP_OPS), e.pick(SCALARS), 0, e.imm());
  body(e, 1 + e.below(4), depth + 1);
  if (e.chance(3)) {
    const over = e.jump(e.pick([0x05, 0x06]));
    e.land(at);
    body(e, 1 + e.below(3), depth + 1);
    e.land(over);
  } else e.land(at);
}

/** Loops: of a known number of turns, with may_goto, over bpf_iter_num. */
function loop(e: Wide, depth: number): void {
  const kind = e.below(e.inMain ? 3 : 2);
  e.loops++;
  if (kind === 2) {
    e.stack(1, ITER);
    e.movImm(2, e.below(4) - 2);
    e.movImm(3, e.below(6));
    e.kfunc('bpf_iter_num_new');
    const top = e.words.length;
    e.stack(1, ITER);
    e.kfunc('bpf_iter_num_next');
    const out = e.jump(0x15, 0);
    e.put(0x61, 0, 0, 0);
    refill(e);
    straight(e, 1 + e.below(4));
    e.put(0x05, 0, 0, top - e.words.length - 1);
    e.land(out);
    e.stack(1, ITER);
    e.kfunc('bpf_iter_num_destroy');
    e.movImm(0, e.imm());
    refill(e);
  } else {
    e.movImm(9, 1 + e.below(6));
    const top = e.words.length;
    const out = kind === 1 ? e.jump(0xe5) : -1;
    if (kind === 1) straight(e, 1 + e.below(4));
    else body(e, 1 + e.below(4), depth + 2);
    e.addImm(9, -1);
    e.put(0x55, 9, 0, top - e.words.length - 1, 0);
    if (out >= 0) e.land(out);
  }
  e.loops--;
}

/** A call of a function with memory, scalars or the context. */
function call(e: Wide): void {
  const kind = e.below(6);
  if (kind === 0 && e.inMain && e.usesTail) {
    e.ctx(1);
    e.put(0x57, 2, 0, 0, 7);
    e.use('tail', -1, 0);
    // Who is called that way may have moved the packet.
    reload(e);
    return;
  } else if (kind === 1) e.use('leaf', -1, 0);
  else if (kind === 2 && e.inMain && e.kind.throws === true) {
    e.use('thrower', -1, 0);
  } else if (kind < 4 || !e.inMain) {
    e.stack(1, -64);
    e.use('memory', -1, 64);
  } else {
    e.mov(1, 6);
    e.use('memory', -1, e.size);
  }
  refill(e);
}

/** An exception, when a register holds what it seldom does. */
function throwing(e: Wide): void {
  const over = e.jump(0x55, 8, 0, e.pick([0, 1, -1]));
  e.mov(1, 7);
  e.kfunc('bpf_throw');
  e.land(over);
}

/** Instructions without calls. */
function straight(e: Wide, count: number): void {
  for (let i = 0; i < count; i++) {
    const kind = e.below(10);
    if (kind < 5) alu(e);
    else if (kind < 8) memory(e);
    else atomicAt(e, FP, -8 * (1 + e.below(SLOTS)), SCALARS);
  }
}

/** What is only done in the main function. */
function special(e: Wide): void {
  const subject = e.below(16);
  const outside = e.loops === 0;
  if (subject < 3) dynptr(e);
  else if (subject === 3) strings(e);
  else if (subject === 4 && outside) bits(e, () => straight(e, 1 + e.below(3)));
  else if (subject === 5) section(e, () => straight(e, 1 + e.below(4)));
  else if (subject < 9 && e.kind.objects !== false && outside) objectsAndLocks(e);
  else direct(e);
}

/** Packets, contexts, tail calls, exceptions, helpers that compute. */
function direct(e: Wide): void {
  const kind = e.below(16);
  const isPacket = e.kind.packet !== undefined;
  if (kind < 4 && isPacket) (e.kind === XDP_TYPE ? xdpHelper : skbHelper)(e);
  else if (kind < 6 && isPacket) variablePacket(e);
  else if (kind < 4 && e.kind.loads === true) skbLoad(e);
  else if (kind < 8) context(e);
  else if (kind < 10 && e.usesTail) tailCall(e);
  else if (kind === 10 && e.kind.abs === true && e.loops === 0) loadAbs(e);
  else if (kind === 11 && e.kind.throws === true) throwing(e);
  else if (kind === 12) ringbuf(e);
  else pure(e);
}

function body(e: Wide, count: number, depth: number): void {
  for (let i = 0; i < count; i++) {
    const kind = e.below(32);
    if (kind < 14 || (depth > 2 && kind > 16) || e.words.length > 700) straight(e, 1);
    else if (kind < 18) {
      if (depth < 3) branch(e, depth);
    } else if (kind < 20) {
      if (depth === 0) loop(e, depth);
    } else if (kind < 22) lookup(e);
    else if (kind < 24) update(e);
    else if (kind === 24) remove(e);
    else if (kind === 25) queue(e);
    else if (e.level < 3 && kind < 27 && e.loops === 0) e.chance(2) ? forEach(e) : bpfLoop(e);
    else if (e.level < 3 && kind < 29) call(e);
    else if (e.inMain) special(e);
    else straight(e, 2);
  }
}

/** The slots and registers of a function that begins. */
function enter(e: Wide, from: number): void {
  for (let slot = 1; slot <= SLOTS; slot++) {
    if (e.chance(3)) e.put(0x7a, FP, 0, -8 * slot, e.imm());
    else e.put(0x7b, FP, e.pick([7, 8]), -8 * slot);
  }
  e.movImm(0, e.imm());
  refill(e, from);
}

function writeFunc(e: Wide, func: Func): void {
  e.inMain = false;
  e.level = func.level;
  e.loops = 0;
  e.size = func.size;
  switch (func.kind) {
    case 'timer':
      e.movImm(0, 0);
      break;
    case 'less':
      // (node, node) in the tree
      e.put(0x79, 1, 1, NODE.key - NODE.tree);
      e.put(0x79, 2, 2, NODE.key - NODE.tree);
      e.movImm(0, 1);
      e.put(0x2d, 2, 1, 1);
      e.movImm(0, 0);
      break;
    case 'leaf':
      e.movImm(0, e.imm());
      for (const reg of [7, 8]) e.mov(reg, 1 + e.below(5));
      for (let i = 2 + e.below(8); i > 0; i--) alu(e);
      break;
    case 'thrower':
      e.movImm(0, e.imm());
      e.mov(7, 3);
      e.mov(8, 2);
      throwing(e);
      break;
    case 'tail':
      e.mov(3, 2);
      e.map(2, PROG_ARRAY);
      e.helper(12);
      e.movImm(0, e.imm());
      break;
    case 'memory':
      e.mov(6, 1);
      e.mov(7, 2);
      e.mov(8, 3);
      enter(e, 1);
      body(e, 2 + e.below(6), 1);
      break;
    case 'loopBody':
      // (index, context)
      e.mov(6, 2);
      e.mov(7, 1);
      e.movImm(8, e.imm());
      enter(e, 1);
      body(e, 1 + e.below(4), 2);
      e.put(0x57, 0, 0, 0, 1);
      if (e.chance(2)) e.put(0x57, 0, 0, 0, 0);
      break;
    case 'visit':
    case 'visitSum': {
      // (map, key, value, context)
      const { valueSize } = WIDE_MAPS[func.map]!;
      e.put(0x61, 7, 2, 0);
      const [bits, size] = e.pick(SIZES);
      e.put(0x61 | bits, 8, 3, size * e.below(valueSize / size));
      e.put(0x2f, 8, 7);
      e.put(0xdb, 4, 8, 8 * e.below(8), func.kind === 'visit' ? e.pick([0, 0x41, 0xa0, 0xe1]) : e.pick([0, 0xa0]));
      if (e.chance(2)) e.put(0xdb, 3, 8, 8 * e.below(valueSize / 8), 0);
      e.movImm(0, 0);
      if (func.kind === 'visit' && e.chance(2)) e.put(0x25, 7, 0, 1, 2);
      if (e.words.at(-1)![0] === 0x25) e.movImm(0, 1);
      break;
    }
  }
  e.put(0x95);
}

/** What is done in programs that keep all results. */
const CALLS = [special, special, special, special, update, remove, lookup, queue];

/** One program; `keeps`: nothing but calls, the result of each in a map. */
function program(
  random: Random,
  kind: WideType,
  maps: Set<number>,
  usesTail: boolean,
  length: number,
  keeps = false,
): WideProgram {
  const e = new Wide(random, kind, maps, usesTail);
  if (keeps) e.results = 0;
  e.put(0x7b, FP, 1, CTX_SLOT);
  if (kind.packet === undefined) e.mapValue(6, PLAY, 0);
  else {
    const [data, end] = kind.packet;
    e.put(0x61, 6, 1, data);
    e.put(0x61, 1, 1, end);
    e.mov(2, 6);
    e.addImm(2, PACKET_SIZE);
    e.movImm(0, 2);
    e.put(0xbd, 2, 1, 1);
    e.put(0x95);
  }
  for (const reg of SCALARS)
    e.put(0x79, reg, 6, kind.packet === undefined ? 8 * e.below(16) : e.below(PACKET_SIZE - 8));
  e.movImm(9, 0);
  for (let slot = 1; slot <= SLOTS; slot++) e.put(0x7b, FP, e.pick(SCALARS), -8 * slot);
  if (keeps) for (let i = 0; i < length; i++) e.pick(CALLS)(e);
  else body(e, length, 0);
  // What was computed goes to the packet, and is folded into r0.
  for (const reg of SCALARS) e.put(0x7b, 6, reg, 8 * reg);
  for (let slot = 1; slot <= SLOTS; slot++) {
    e.put(0x79, 1, FP, -8 * slot);
    e.put(0x7b, 6, 1, 64 + 8 * (slot - 1));
    e.put(0xaf, 0, 1);
  }
  e.mov(1, 0);
  e.put(0x77, 1, 0, 0, 32);
  e.put(0xaf, 0, 1);
  if (kind.mask !== undefined) e.put(0x57, 0, 0, 0, kind.mask);
  e.put(0x95);
  const starts: number[] = [0];
  // Functions name more functions while they are written.
  for (let i = 0; i < e.funcs.length; i++) {
    starts.push(e.words.length);
    writeFunc(e, e.funcs[i]!);
  }
  for (const [insn, func] of e.uses) e.words[insn]![4] = starts[func + 1]! - insn - 1;
  return { insns: encodeWords(e.words), starts, typeIds: e.typeIds };
}

/** A type of programs. */
function drawn(below: (limit: number) => number): WideType {
  const drawn = WIDE_TYPES.flatMap((kind) => new Array<WideType>(kind.weight).fill(kind));
  return drawn[below(drawn.length)]!;
}

/** Programs, maps with some elements, a packet. `keeps`: what calls return is kept one by one. */
export function wideCase(random: Random, keeps = false): WideCase {
  const below = (limit: number): number => random.u32() % limit;
  const kind = drawn(below);
  const maps = new Set<number>();
  const usesTail = !keeps && below(4) === 0 && kind.flags !== SLEEPABLE;
  const progs: WideProgram[] = [];
  for (let i = usesTail ? 1 + below(2) : 0; i > 0; i--) progs.push(program(random, kind, maps, true, 4 + below(8)));
  progs.push(
    program(random, kind, maps, usesTail, keeps ? 6 + below(12) : below(3) === 0 ? 8 + below(25) : 4 + below(9), keeps),
  );
  for (const outer of OUTERS) if (maps.has(outer)) maps.add(WIDE_MAPS[outer]!.inner!);
  const entries: { map: number; key: string; value: string }[] = [];
  const order = [...maps].sort((a, b) => a - b);
  for (const map of order) {
    const { keySize, valueSize, type: mapType, keys } = WIDE_MAPS[map]!;
    if (map === PLAY) {
      entries.push({
        map,
        key: '00000000',
        value: hex(Uint8Array.from({ length: PLAY_SIZE + 8 }, (_, i) => (i < PLAY_SIZE ? random.u32() & 255 : 0))),
      });
    }
    if (!LOOKED_UP.includes(map as 0)) continue;
    for (let i = below(4); i > 0; i--) {
      const key = new Uint8Array(keySize);
      key[0] = below(keys);
      for (let at = 4; at < keySize; at += 4) key[at] = below(2);
      const value = Uint8Array.from(
        { length: isPercpu(mapType) ? 2 * valueSize : valueSize },
        () => random.u32() & 255,
      );
      entries.push({ map, key: hex(key), value: hex(value) });
    }
  }
  const mode = below(5);
  const packet = Uint8Array.from({ length: mode === 4 ? 14 + below(200) : PACKET_SIZE + below(60) }, () => {
    const byte = random.u32() & 255;
    return mode === 1 ? (byte & 1) * 255 : mode === 2 ? byte & 1 : mode === 3 ? byte & 128 : byte;
  });
  if (below(2) === 0 && packet.length >= 20) packet.set([8, 0, 0x45, 0], 12);
  return { kind, progs, maps: order, entries, packet };
}
