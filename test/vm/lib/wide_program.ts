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
import { ATOMIC_OPS, alu, Emitter, encodeWords, JMP_OPS, PACKET_SIZE, SCALARS, SIZES } from './random_program.ts';
import { ITERATED, LOOKED_UP, OUTER, PROG_ARRAY, QUEUES, RINGBUF, RODATA, RODATA_AT, WIDE_MAPS } from './wide_maps.ts';

const XDP = 6;
export const SCHED_CLS = 3;

/** Kernel functions and types of the kernel that programs name: resolved where they are loaded. */
export const KFUNCS = ['bpf_iter_num_new', 'bpf_iter_num_next', 'bpf_iter_num_destroy', 'bpf_throw', 'bpf_rdonly_cast'];
export const KTYPES = ['timespec64'];

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
  readonly type: number;
  /** The last one is run; the others are in the slots of the prog array from 1 on (slot 0 stays empty). */
  readonly progs: readonly WideProgram[];
  readonly maps: readonly number[];
  /** Elements that are there before. */
  readonly entries: readonly { readonly map: number; readonly key: string; readonly value: string }[];
  readonly packet: Uint8Array;
}

const FP = 10;
const CTX_SLOT = -80;
const KEY = -96;
const ITER = -104;
const SLOTS = 8;
/** Registers a call leaves alone, that hold scalars. */
const KEPT = [7, 8];

/** A kind of function that is called. */
type FuncKind = 'memory' | 'leaf' | 'tail' | 'loopBody' | 'visit' | 'visitSum' | 'thrower';

interface Func {
  readonly kind: FuncKind;
  /** Bytes of memory r1 points at. */
  readonly size: number;
  /** For visitors: the map. */
  readonly map: number;
  /** How deep it is called. */
  readonly level: number;
}

class Wide extends Emitter {
  readonly type: number;
  readonly maps: Set<number>;
  readonly usesTail: boolean;
  readonly typeIds: [number, number][] = [];
  /** Functions to be written, and the places that name them. */
  readonly funcs: Func[] = [];
  readonly uses: [insn: number, func: number, isCall: boolean][] = [];
  /** Bytes behind r6. */
  size = PACKET_SIZE;
  inMain = true;
  level = 0;
  /** Loops around what is written. */
  loops = 0;

  constructor(random: Random, type: number, maps: Set<number>, usesTail: boolean) {
    super(random);
    this.type = type;
    this.maps = maps;
    this.usesTail = usesTail;
  }

  chance(one: number): boolean {
    return this.below(one) === 0;
  }

  mov(dst: number, src: number): void {
    this.put(0xbf, dst, src);
  }

  movImm(dst: number, imm: number): void {
    this.put(0xb7, dst, 0, 0, imm);
  }

  addImm(dst: number, imm: number): void {
    this.put(0x07, dst, 0, 0, imm);
  }

  /** dst = r10 + off. */
  stack(dst: number, off: number): void {
    this.mov(dst, FP);
    this.addImm(dst, off);
  }

  map(dst: number, number: number): void {
    this.maps.add(number);
    this.put(0x18, dst, 1, 0, number);
    this.put(0);
  }

  mapValue(dst: number, number: number, off: number): void {
    this.maps.add(number);
    this.put(0x18, dst, 2, 0, number);
    this.put(0, 0, 0, 0, off);
  }

  helper(id: number): void {
    this.put(0x85, 0, 0, 0, id);
  }

  kfunc(name: string): void {
    this.put(0x85, 0, 2, 0, KFUNCS.indexOf(name));
  }

  ctx(dst: number): void {
    this.put(0x79, dst, FP, CTX_SLOT);
  }

  /** Where a jump that is filled in later stands. */
  jump(op: number, dst = 0, src = 0, imm = 0): number {
    this.put(op, dst, src, 0, imm);
    return this.words.length - 1;
  }

  /** The jump goes to here. */
  land(jump: number): void {
    const distance = this.words.length - jump - 1;
    if (this.words[jump]![0] === 0x06) this.words[jump]![4] = distance;
    else this.words[jump]![3] = distance;
  }

  /** Names a function: a call, or its address in a register. */
  use(kind: FuncKind, register: number, size: number, map = 0): void {
    const same = this.funcs.findIndex(
      (f) => f.kind === kind && f.size === size && f.map === map && f.level === this.level + 1,
    );
    let func = same;
    if (same < 0 || (this.funcs.length < 5 && this.chance(2))) {
      func = this.funcs.push({ kind, size, map, level: this.level + 1 }) - 1;
    }
    this.uses.push([this.words.length, func, register < 0]);
    if (register < 0) this.put(0x85, 0, 1);
    else {
      this.put(0x18, register, 4);
      this.put(0);
    }
  }
}

/** Scalars for the registers a call has taken, and for r0 when asked. */
function refill(e: Wide, from = 1): void {
  for (let reg = from; reg <= 5; reg++) {
    const [bits, size] = e.pick(SIZES);
    if (e.chance(4)) e.movImm(reg, e.imm());
    else e.put(0x61 | bits, reg, 6, offset(e, size));
  }
}

/** Where in r6's memory: anywhere in a packet, aligned in a stack. */
function offset(e: Wide, size: number): number {
  return e.size === PACKET_SIZE ? e.below(e.size - size + 1) : size * e.below(e.size / size);
}

/** The packet again after something moved it: the program ends when it became too short. */
function reload(e: Wide): void {
  const [data, end] = e.type === XDP ? [0, 4] : [76, 80];
  e.ctx(1);
  e.put(0x61, 6, 1, data);
  e.put(0x61, 1, 1, end);
  e.mov(2, 6);
  e.addImm(2, PACKET_SIZE);
  const ok = e.jump(0xbd, 2, 1);
  e.mov(0, 7);
  e.put(0x95);
  e.land(ok);
  refill(e);
}

/** Loads and stores of r6's memory and of the stack. */
function memory(e: Wide): void {
  const [bits, size] = e.pick(SIZES);
  const reg = e.pick(SCALARS);
  const ours = e.chance(2);
  const base = ours ? 6 : FP;
  const off = ours ? offset(e, size) : -8 * (1 + e.below(SLOTS)) + size * e.below(8 / size);
  const kind = e.below(5);
  if (kind === 0) e.put(0x61 | bits, reg, base, off);
  else if (kind === 1 && size < 8) e.put(0x81 | bits, reg, base, off);
  else if (kind === 2) e.put(0x62 | bits, base, 0, off, e.imm());
  else if (kind === 3 && !ours) variableStack(e, reg, bits, size);
  else e.put(0x63 | bits, base, reg, off);
}

/** A stack slot whose number is only known at run time is read. */
function variableStack(e: Wide, reg: number, bits: number, size: number): void {
  const at = reg === 8 ? 7 : 8;
  e.put(0x57, at, 0, 0, 64 - size);
  e.addImm(at, -64);
  e.put(0x0f, at, FP);
  e.put(0x61 | bits, reg, at, 0);
  e.movImm(at, e.imm());
}

/** Atomics at a register plus an offset that is a multiple of 8. */
function atomicAt(e: Wide, base: number, off: number, regs: readonly number[]): void {
  const [bits, size] = e.pick(SIZES);
  const part = off + size * e.below(8 / size);
  const kind = e.below(8);
  if (kind === 0) e.put(0xc3 | bits, e.pick(regs), base, part, 0x100);
  else if (kind === 1) e.put(0xc3 | bits, base, e.pick(regs), part, 0x110);
  else e.put(e.chance(2) ? 0xdb : 0xc3, base, e.pick(regs), off, e.pick(ATOMIC_OPS));
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

/** A key for a map at {@link KEY}; its address in r2. */
function key(e: Wide, number: number): void {
  const { keySize, keys } = WIDE_MAPS[number]!;
  if (e.chance(2)) e.put(0x62, FP, 0, KEY, e.below(keys));
  else {
    const reg = e.pick(KEPT);
    e.mov(2, reg);
    e.put(0x57, 2, 0, 0, 7);
    e.put(0x63, FP, 2, KEY);
  }
  for (let off = 4; off < keySize; off += 4) e.put(0x62, FP, 0, KEY + off, number === 8 ? e.imm() : e.below(2));
  e.stack(2, KEY);
}

/** What is done with a value at r4: loads, stores, atomics with r0, r7, r8. */
function useValue(e: Wide, size: number): void {
  e.mov(4, 0);
  e.movImm(0, e.imm());
  const regs = [0, 7, 8];
  for (let i = 1 + e.below(4); i > 0; i--) {
    const [bits, bytes] = e.pick(SIZES);
    const off = bytes * e.below(size / bytes);
    const kind = e.below(6);
    if (kind === 0) e.put(0x61 | bits, e.pick(regs), 4, off);
    else if (kind === 1 && bytes < 8) e.put(0x81 | bits, e.pick(regs), 4, off);
    else if (kind === 2) e.put(0x63 | bits, 4, e.pick(regs), off);
    else if (kind === 3) e.put(0x62 | bits, 4, 0, off, e.imm());
    else atomicAt(e, 4, 8 * e.below(size / 8), regs);
  }
}

/** A lookup, and something done with what is found. */
function lookup(e: Wide): void {
  const inner = e.chance(8);
  const number = inner ? OUTER : e.pick(LOOKED_UP);
  key(e, number);
  e.map(1, number);
  const percpu = !inner && (number === 1 || number === 4 || number === 6) && e.chance(4);
  if (percpu) {
    e.movImm(3, e.pick([0, 0, 1, 7, -1]));
    e.helper(195);
  } else e.helper(1);
  const none = e.jump(0x15, 0);
  let none2 = -1;
  if (inner) {
    const map = WIDE_MAPS[OUTER]!.inner!;
    e.mov(5, 0);
    key(e, map);
    e.mov(1, 5);
    if (e.chance(3)) {
      e.stack(3, -64);
      e.movImm(4, e.below(3));
      e.helper(2);
      e.land(none);
      refill(e);
      return;
    }
    e.helper(1);
    none2 = e.jump(0x15, 0);
  }
  useValue(e, WIDE_MAPS[inner ? 2 : number]!.valueSize);
  e.land(none);
  if (none2 >= 0) e.land(none2);
  refill(e);
}

/** Flags of an update: any, none of those known, or what a register holds. */
function updateFlags(e: Wide, reg: number): void {
  const kind = e.below(8);
  if (kind === 0) e.mov(reg, e.pick(KEPT));
  else e.movImm(reg, kind === 1 ? e.pick([3, 4, -1]) : kind < 5 ? 0 : kind - 4);
}

function update(e: Wide): void {
  const number = e.pick(LOOKED_UP);
  key(e, number);
  e.map(1, number);
  e.stack(3, -64);
  updateFlags(e, 4);
  e.helper(2);
  e.mov(e.pick(KEPT), 0);
  refill(e);
}

function remove(e: Wide): void {
  const number = e.pick(LOOKED_UP);
  key(e, number);
  e.map(1, number);
  e.helper(3);
  if (e.chance(2)) e.put(0x0f, 8, 0);
  refill(e);
}

function queue(e: Wide): void {
  e.map(1, e.pick(QUEUES));
  e.stack(2, -8 * (1 + e.below(SLOTS)));
  const id = e.pick([87, 87, 88, 89]);
  if (id === 87) updateFlags(e, 3);
  e.helper(id);
  if (e.chance(2)) e.put(0xaf, 7, 0);
  refill(e);
}

/** A callback for every element; where the order is not known it only adds up. */
function forEach(e: Wide): void {
  const number = e.pick(ITERATED);
  e.map(1, number);
  e.use(number < 2 ? 'visit' : 'visitSum', 2, 64, number);
  e.stack(3, -64);
  e.movImm(4, e.chance(10) ? 1 : 0);
  e.helper(164);
  refill(e);
}

function bpfLoop(e: Wide): void {
  if (e.chance(4)) {
    e.mov(1, e.pick(KEPT));
    e.put(0x57, 1, 0, 0, 15);
  } else e.movImm(1, e.pick([0, 1, 2, 5, 9, 8388609, -1]));
  e.use('loopBody', 2, 64);
  e.stack(3, -64);
  e.movImm(4, e.chance(10) ? 1 : 0);
  e.helper(181);
  refill(e);
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
  else if (kind === 2 && e.inMain) {
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

function tailCall(e: Wide): void {
  e.ctx(1);
  if (e.chance(3)) e.movImm(3, e.below(5));
  else {
    e.mov(3, e.pick(KEPT));
    e.put(0x57, 3, 0, 0, e.pick([3, 7]));
  }
  e.map(2, PROG_ARRAY);
  e.helper(12);
  e.movImm(0, e.imm());
  refill(e);
}

/** Bytes of the packet at a place that is only known at run time. */
function variablePacket(e: Wide): void {
  const [bits, size] = e.pick(SIZES);
  e.ctx(1);
  e.put(0x61, 1, 1, e.type === XDP ? 4 : 80);
  e.put(0x57, 8, 0, 0, e.pick([63, 127, 255]));
  e.mov(2, 6);
  e.put(0x0f, 2, 8);
  e.mov(3, 2);
  e.addImm(3, size);
  const short = e.jump(0x2d, 3, 1);
  if (e.chance(2)) e.put(0x61 | bits, 7, 2, 0);
  else e.put(0x63 | bits, 2, 7, 0);
  e.land(short);
  refill(e);
}

/** Helpers that only read memory and compute. */
function pure(e: Wide): void {
  switch (e.below(8)) {
    case 0:
      e.stack(1, -64);
      e.movImm(2, 1 + e.below(16));
      e.mapValue(3, RODATA, RODATA_AT.word);
      e.helper(182);
      break;
    case 1:
      e.stack(1, -64);
      e.movImm(2, 1 + e.below(20));
      e.movImm(3, e.pick([0, 8, 10, 16, 3]));
      e.stack(4, -8);
      e.helper(e.pick([105, 106]));
      break;
    case 2:
      e.mapValue(1, RODATA, RODATA_AT.number);
      e.movImm(2, 1 + e.below(9));
      e.movImm(3, e.pick([0, 16, 10]));
      e.stack(4, -8);
      e.helper(e.pick([105, 106]));
      break;
    case 3:
      e.stack(1, -32);
      e.movImm(2, 1 + e.below(32));
      e.mapValue(3, RODATA, RODATA_AT.format);
      e.stack(4, -64);
      e.movImm(5, 24);
      e.helper(165);
      break;
    case 4: {
      const size = 1 + e.below(24);
      e.stack(1, -32);
      e.movImm(2, size);
      if (e.chance(3)) e.movImm(3, e.below(4096));
      else e.stack(3, -64);
      e.helper(113);
      break;
    }
    case 5:
      e.stack(1, -64);
      e.movImm(2, 4 * e.below(9));
      e.mov(3, 6);
      e.movImm(4, 4 * e.below(8));
      e.mov(5, 7);
      e.helper(28);
      break;
    case 6:
      e.helper(8);
      break;
    default: {
      // A load through a pointer to a type of the kernel that may be no pointer at all.
      const where = e.below(4);
      if (where === 0) e.movImm(1, e.pick([0, 16, 4096]));
      else if (where === 1) {
        e.put(0x18, 1, 0, 0, 0);
        e.put(0, 0, 0, 0, -0x80000000);
      } else e.stack(1, -64);
      e.typeIds.push([e.words.length, 0]);
      e.movImm(2, 0);
      e.kfunc('bpf_rdonly_cast');
      const [bits] = e.pick(SIZES);
      const op = e.chance(3) && bits !== 0x18 ? 0x81 | bits : 0x61 | bits;
      e.put(op, 7, 0, 8 * e.below(2));
      e.movImm(0, 1);
    }
  }
  e.put(0x1f, 8, 0);
  refill(e);
}

/** Helpers on packets of tc programs. */
function skbHelper(e: Wide): void {
  e.ctx(1);
  const small = (reg: number, mask: number): void => {
    e.mov(reg, e.pick(KEPT));
    e.put(0x57, reg, 0, 0, mask);
  };
  switch (e.below(14)) {
    case 0:
      small(2, 255);
      e.stack(3, -64);
      small(4, 31);
      e.addImm(4, 1);
      e.helper(26);
      break;
    case 1:
      small(2, 255);
      e.stack(3, -64);
      e.movImm(4, 1 + e.below(32));
      e.movImm(5, e.pick([0, 0, 1, 2, 3, 4]));
      e.helper(9);
      break;
    case 2:
      small(2, 127);
      e.mov(3, 7);
      e.mov(4, 8);
      e.movImm(5, e.pick([0, 2, 4, 3]));
      e.helper(10);
      break;
    case 3:
      small(2, 127);
      e.mov(3, 7);
      e.mov(4, 8);
      e.movImm(5, e.pick([0, 2, 4, 0x12, 0x14, 0x24, 0x22, 0x44]));
      e.helper(11);
      break;
    case 4:
      e.movImm(2, e.below(80));
      e.movImm(3, 0);
      e.helper(43);
      break;
    case 5:
      small(2, 255);
      e.movImm(3, 0);
      e.helper(38);
      break;
    case 6:
      e.movImm(2, e.pick([0xa888, 0x81, 0x0008]));
      small(3, 0xfff);
      e.helper(18);
      break;
    case 7:
      e.helper(19);
      break;
    case 8:
      small(2, 511);
      e.helper(39);
      break;
    case 9:
      e.mov(2, 7);
      e.helper(40);
      break;
    case 10:
      e.mov(2, 7);
      e.helper(48);
      if (e.chance(2)) {
        e.ctx(1);
        e.helper(34);
      }
      break;
    case 11:
      e.movImm(2, e.below(6));
      e.helper(32);
      break;
    case 12:
      e.movImm(2, e.below(5));
      e.helper(135);
      break;
    default:
      e.movImm(1, e.below(3));
      e.movImm(2, e.pick([0, 1, 2, 4]));
      e.helper(23);
  }
  e.put(0x0f, 8, 0);
  reload(e);
}

/** Helpers on XDP frames. */
function xdpHelper(e: Wide): void {
  e.ctx(1);
  switch (e.below(6)) {
    case 0:
      e.movImm(2, e.pick([4, 8, -4, -16, 20, -300, 1000, -1]));
      e.helper(44);
      break;
    case 1:
      e.movImm(2, e.pick([4, 8, -4, -8, -32, -40, 3]));
      e.helper(54);
      break;
    case 2:
      e.movImm(2, e.pick([0, 16, -8, -1, 64, -200, 5000]));
      e.helper(65);
      break;
    case 3:
      e.mov(2, 7);
      e.put(0x57, 2, 0, 0, 255);
      e.stack(3, -64);
      e.movImm(4, 1 + e.below(64));
      e.helper(e.pick([189, 190]));
      break;
    case 4:
      e.helper(188);
      break;
    default:
      e.movImm(1, 1);
      e.movImm(2, e.pick([0, 1]));
      e.helper(23);
  }
  e.put(0x0f, 8, 0);
  reload(e);
}

/** Fields of struct __sk_buff: offset, bytes, whether they are written. */
const SKB_FIELDS: readonly (readonly [number, number, boolean])[] = [
  [0, 4, false],
  [4, 4, false],
  [8, 4, true],
  [12, 4, true],
  [16, 4, false],
  [20, 4, false],
  [24, 4, false],
  [28, 4, false],
  [32, 4, true],
  [36, 4, false],
  [40, 4, false],
  [44, 4, true],
  [48, 4, true],
  [52, 4, true],
  [56, 4, true],
  [60, 4, true],
  [64, 4, true],
  [72, 4, true],
  [84, 4, false],
  [152, 8, true],
  [160, 4, false],
  [164, 4, false],
  [176, 4, false],
  [180, 1, false],
  [184, 8, false],
];

function context(e: Wide): void {
  e.ctx(1);
  if (e.type === XDP) e.put(0x61, 7, 1, e.pick([12, 16]));
  else {
    const [off, size, written] = e.pick(SKB_FIELDS);
    const bits = size === 8 ? 0x18 : size === 1 ? 0x10 : 0;
    if (written && e.chance(2)) e.put(0x63 | bits, 1, 8, off);
    else if (size === 4 && e.chance(3)) {
      const [narrow, bytes] = e.pick(SIZES.slice(0, 3));
      e.put(0x61 | narrow, 7, 1, off + bytes * e.below(4 / bytes));
    } else e.put(0x61 | bits, 7, 1, off);
  }
  e.put(0x79, 1, FP, -8);
}

/** Bytes of the packet the old way; beyond its end the program ends with 0. */
function loadAbs(e: Wide): void {
  e.ctx(6);
  const bits = e.pick([0x10, 0x08, 0x00]);
  if (e.chance(2)) e.put(0x20 | bits, 0, 0, 0, e.below(140));
  else {
    e.put(0x57, 8, 0, 0, 127);
    e.put(0x40 | bits, 0, 8, 0, e.below(8));
  }
  e.put(0x0f, 7, 0);
  reload(e);
}

function ringbuf(e: Wide): void {
  const kind = e.below(3);
  if (kind === 0) {
    e.map(1, RINGBUF);
    e.stack(2, -64);
    e.movImm(3, 1 + e.below(64));
    e.movImm(4, e.pick([0, 1, 2]));
    e.helper(130);
  } else if (kind === 1) {
    e.map(1, RINGBUF);
    e.movImm(2, 8 * (1 + e.below(80)));
    e.movImm(3, 0);
    e.helper(131);
    const none = e.jump(0x15, 0);
    e.put(0x7b, 0, 7, 0);
    e.put(0x79, 8, 0, 0);
    e.mov(1, 0);
    e.movImm(2, e.below(2));
    e.helper(e.pick([132, 133]));
    e.land(none);
    e.movImm(0, e.imm());
  } else {
    e.map(1, RINGBUF);
    e.movImm(2, e.below(5));
    e.helper(134);
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
  const kind = e.below(16);
  if (kind < 4) (e.type === XDP ? xdpHelper : skbHelper)(e);
  else if (kind < 6) variablePacket(e);
  else if (kind < 8) context(e);
  else if (kind < 10 && e.usesTail) tailCall(e);
  else if (kind === 10 && e.type === SCHED_CLS && e.loops === 0) loadAbs(e);
  else if (kind === 11) throwing(e);
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

/** One program. */
function program(random: Random, type: number, maps: Set<number>, usesTail: boolean, length: number): WideProgram {
  const e = new Wide(random, type, maps, usesTail);
  e.put(0x7b, FP, 1, CTX_SLOT);
  const [data, end] = type === XDP ? [0, 4] : [76, 80];
  e.put(0x61, 6, 1, data);
  e.put(0x61, 1, 1, end);
  e.mov(2, 6);
  e.addImm(2, PACKET_SIZE);
  e.movImm(0, 2);
  e.put(0xbd, 2, 1, 1);
  e.put(0x95);
  for (const reg of SCALARS) e.put(0x79, reg, 6, e.below(PACKET_SIZE - 8));
  e.movImm(9, 0);
  for (let slot = 1; slot <= SLOTS; slot++) e.put(0x7b, FP, e.pick(SCALARS), -8 * slot);
  body(e, length, 0);
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

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Programs, maps with some elements, a packet. */
export function wideCase(random: Random): WideCase {
  const below = (limit: number): number => random.u32() % limit;
  const type = below(10) < 7 ? SCHED_CLS : XDP;
  const maps = new Set<number>();
  const usesTail = below(4) === 0;
  const progs: WideProgram[] = [];
  for (let i = usesTail ? 1 + below(2) : 0; i > 0; i--) progs.push(program(random, type, maps, true, 4 + below(8)));
  progs.push(program(random, type, maps, usesTail, 8 + below(25)));
  if (maps.has(OUTER)) maps.add(WIDE_MAPS[OUTER]!.inner!);
  const entries: { map: number; key: string; value: string }[] = [];
  const order = [...maps].sort((a, b) => a - b);
  for (const map of order) {
    const { keySize, valueSize, type: mapType, keys } = WIDE_MAPS[map]!;
    if (!LOOKED_UP.includes(map as 0)) continue;
    const perCpu = mapType === 5 || mapType === 6 || mapType === 10;
    for (let i = below(4); i > 0; i--) {
      const key = new Uint8Array(keySize);
      key[0] = below(keys);
      for (let at = 4; at < keySize; at += 4) key[at] = below(2);
      const value = Uint8Array.from({ length: perCpu ? 2 * valueSize : valueSize }, () => random.u32() & 255);
      entries.push({ map, key: hex(key), value: hex(value) });
    }
  }
  const mode = below(5);
  const packet = Uint8Array.from({ length: mode === 4 ? 14 + below(200) : PACKET_SIZE + below(60) }, () => {
    const byte = random.u32() & 255;
    return mode === 1 ? (byte & 1) * 255 : mode === 2 ? byte & 1 : mode === 3 ? byte & 128 : byte;
  });
  if (below(2) === 0 && packet.length >= 20) packet.set([8, 0, 0x45, 0], 12);
  return { type, progs, maps: order, entries, packet };
}
