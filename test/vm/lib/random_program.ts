/**
 * Random XDP programs that the verifier accepts by construction: scalars read from
 * the packet, arithmetic of all kinds, stack and packet accesses, atomics, forward
 * branches, bounded loops, function calls, an array map. What they compute is written
 * to the packet and returned.
 */
import type { Random } from '../../../base/env.ts';

/** Bytes of packet the programs look at. */
export const PACKET_SIZE = 128;
/** The map the programs use: an array of 8 values of 16 bytes. */
export const FUZZ_MAP = { name: 'm', type: 2, keySize: 4, valueSize: 16, maxEntries: 8 };

const ALU_OPS = [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0];
/** Conditions. */
export const JMP_OPS = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0];
/** Operations of atomics on 4 and 8 bytes. */
export const ATOMIC_OPS = [0x00, 0x40, 0x50, 0xa0, 0x01, 0x41, 0x51, 0xa1, 0xe1, 0xf1];
/** Size bits of an opcode, and the bytes they mean. */
export const SIZES = [
  [0x10, 1],
  [0x08, 2],
  [0x00, 4],
  [0x18, 8],
] as const;
/** Immediates at the edges. */
const EDGES = [0, 1, -1, 2, 7, 31, 32, 63, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, -0x80000000];
/** Stack slots that hold scalars: -8 to -64. */
const STACK_SLOTS = 8;

/** Writes instructions. */
export class Emitter {
  readonly random: Random;
  readonly words: [op: number, dst: number, src: number, off: number, imm: number][] = [];

  constructor(random: Random) {
    this.random = random;
  }

  put(op: number, dst = 0, src = 0, off = 0, imm = 0): void {
    this.words.push([op, dst, src, off, imm]);
  }

  below(limit: number): number {
    return this.random.u32() % limit;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  imm(): number {
    return this.below(3) === 0 ? this.pick(EDGES) : this.random.u32() | 0;
  }

  movImm(dst: number, imm: number): void {
    this.put(0xb7, dst, 0, 0, imm);
  }

  lddw(dst: number): void {
    this.put(0x18, dst, 0, 0, this.imm());
    this.put(0, 0, 0, 0, this.imm());
  }
}

/** Instructions as bytes. */
export function encodeWords(words: Emitter['words']): Uint8Array {
  const bytes = new Uint8Array(words.length * 8);
  const view = new DataView(bytes.buffer);
  words.forEach(([op, dst, src, off, imm], i) => {
    view.setUint8(i * 8, op);
    view.setUint8(i * 8 + 1, dst | (src << 4));
    view.setInt16(i * 8 + 2, off, true);
    view.setInt32(i * 8 + 4, imm, true);
  });
  return bytes;
}

/** A register that holds a scalar. r6 is the packet, r9 the loop counter, r10 the stack. */
export const SCALARS = [0, 1, 2, 3, 4, 5, 7, 8];

/** One arithmetic instruction on scalars. */
export function alu(e: Emitter): void {
  const is64 = e.below(2) === 1;
  const cls = is64 ? 7 : 4;
  const dst = e.pick(SCALARS);
  const kind = e.below(20);
  if (kind === 0) e.put(cls | 0x80, dst);
  else if (kind === 1) e.put(0xd4, dst, 0, 0, e.pick([16, 32, 64]));
  else if (kind === 2) e.put(0xdc, dst, 0, 0, e.pick([16, 32, 64]));
  else if (kind === 3) e.put(0xd7, dst, 0, 0, e.pick([16, 32, 64]));
  else if (kind === 4) e.put(cls | 0xb8, dst, e.pick(SCALARS), e.pick(is64 ? [8, 16, 32] : [8, 16]));
  else if (kind === 5) e.lddw(dst);
  else {
    const op = e.pick(ALU_OPS);
    const signed = (op === 0x30 || op === 0x90) && e.below(2) === 1 ? 1 : 0;
    if (e.below(2) === 1) e.put(cls | op | 8, dst, e.pick(SCALARS), signed);
    else {
      let imm = e.imm();
      if (op === 0x60 || op === 0x70 || op === 0xc0) imm = e.below(is64 ? 64 : 32);
      if ((op === 0x30 || op === 0x90) && imm === 0) imm = 3;
      e.put(cls | op, dst, 0, signed, imm);
    }
  }
}

function memory(e: Emitter): void {
  const [bits, size] = e.pick(SIZES);
  const reg = e.pick(SCALARS);
  const packet = e.below(2) === 1;
  const base = packet ? 6 : 10;
  const off = packet ? e.below(PACKET_SIZE - 8) : -8 * (1 + e.below(STACK_SLOTS)) + size * e.below(8 / size);
  const kind = e.below(4);
  if (kind === 0) e.put(0x61 | bits, reg, base, off);
  else if (kind === 1 && size < 8) e.put(0x81 | bits, reg, base, off);
  else if (kind === 2) e.put(0x62 | bits, base, 0, off, e.imm());
  else e.put(0x63 | bits, base, reg, off);
}

function atomic(e: Emitter): void {
  const wide = e.below(2) === 1;
  const op = e.pick(ATOMIC_OPS);
  const off = -8 * (1 + e.below(STACK_SLOTS)) + (wide ? 0 : 4 * e.below(2));
  const extra = e.below(8);
  if (extra === 0) {
    const [bits, size] = e.pick(SIZES);
    e.put(0xc3 | bits, e.pick(SCALARS), 10, -8 * (1 + e.below(STACK_SLOTS)) + size * e.below(8 / size), 0x100);
  } else if (extra === 1) {
    const [bits, size] = e.pick(SIZES);
    e.put(0xc3 | bits, 10, e.pick(SCALARS), -8 * (1 + e.below(STACK_SLOTS)) + size * e.below(8 / size), 0x110);
  } else e.put(wide ? 0xdb : 0xc3, 10, e.pick(SCALARS), off, op);
}

/** A forward branch over a few instructions. */
function branch(e: Emitter, depth: number): void {
  const cls = e.below(2) === 1 ? 5 : 6;
  // Jumps to the next instruction; a longer one would leave unreachable code behind, which is refused.
  if (e.below(12) === 0) e.put(e.pick([0x05, 0x06]));
  const at = e.words.length;
  if (e.below(2) === 1) e.put(cls | e.pick(JMP_OPS) | 8, e.pick(SCALARS), e.pick(SCALARS));
  else e.put(cls | e.pick(JMP_OPS), e.pick(SCALARS), 0, 0, e.imm());
  body(e, 1 + e.below(4), depth + 1);
  e.words[at]![3] = e.words.length - at - 1;
}

/** A loop of a known number of turns; r9 counts. */
function loop(e: Emitter): void {
  e.put(0xb7, 9, 0, 0, 1 + e.below(6));
  const top = e.words.length;
  body(e, 1 + e.below(4), 9);
  e.put(0x17, 9, 0, 0, 1);
  e.put(0x55, 9, 0, top - e.words.length - 1, 0);
}

/** Scalars for the registers a call has taken. */
function refill(e: Emitter): void {
  for (let reg = 1; reg <= 5; reg++) e.put(0x61 | e.pick(SIZES)[0], reg, 6, e.below(PACKET_SIZE - 8));
}

/** Reads and changes an element of the map. */
function mapAccess(e: Emitter): void {
  e.put(0x62, 10, 0, -72, e.below(10));
  e.put(0xbf, 2, 10);
  e.put(0x07, 2, 0, 0, -72);
  e.put(0x18, 1, 1);
  e.put(0);
  e.put(0x85, 0, 0, 0, 1);
  e.put(0x15, 0, 0, 4, 0);
  e.put(0x79, 1, 0, 8 * e.below(2));
  e.put(0x7b, 0, 8, 0);
  e.put(0xdb, 0, 7, 8, e.pick([0, 0x40, 0x50, 0xa0]));
  e.put(0xbf, 8, 1);
  e.put(0xb7, 0, 0, 0, e.imm());
  refill(e);
}

/** A call of the function at the end; its offset is filled in later. */
function call(e: Emitter): void {
  e.put(0x85, 0, 1, 0, -1);
  refill(e);
}

function body(e: Emitter, count: number, depth: number): void {
  for (let i = 0; i < count; i++) {
    const kind = e.below(20);
    if (kind < 10) alu(e);
    else if (kind < 14) memory(e);
    else if (kind < 16) atomic(e);
    else if (kind < 18 && depth < 3) branch(e, depth);
    else if (kind === 18 && depth === 0) loop(e);
    else if (kind === 19 && depth === 0) {
      if (e.below(2) === 1) mapAccess(e);
      else call(e);
    } else alu(e);
  }
}

/** A function of five scalars. */
function leaf(e: Emitter): void {
  e.put(0xb7, 0, 0, 0, e.imm());
  for (const reg of [7, 8]) e.put(0xbf, reg, 1 + e.below(5));
  for (let i = 0; i < 3 + e.below(8); i++) alu(e);
  e.put(0x95);
}

/** One program as bytes. */
export function randomProgram(random: Random): Uint8Array {
  const e = new Emitter(random);
  // r6 = data; r1 = data_end; leave when the packet is too short.
  e.put(0x61, 6, 1, 0);
  e.put(0x61, 1, 1, 4);
  e.put(0xbf, 2, 6);
  e.put(0x07, 2, 0, 0, PACKET_SIZE);
  e.put(0xb7, 0, 0, 0, -1);
  e.put(0xbd, 2, 1, 1);
  e.put(0x95);
  for (const reg of SCALARS) e.put(0x79, reg, 6, e.below(PACKET_SIZE - 8));
  e.put(0xb7, 9, 0, 0, 0);
  for (let slot = 1; slot <= STACK_SLOTS; slot++) e.put(0x7b, 10, e.pick(SCALARS), -8 * slot);
  body(e, 8 + e.below(25), 0);
  // Everything that was computed: to the packet, and folded into r0.
  for (const reg of SCALARS) e.put(0x7b, 6, reg, 8 * reg);
  for (let slot = 1; slot <= STACK_SLOTS; slot++) {
    e.put(0x79, 1, 10, -8 * slot);
    e.put(0x7b, 6, 1, 64 + 8 * (slot - 1));
    e.put(0xaf, 0, 1);
  }
  e.put(0xbf, 1, 0);
  e.put(0x77, 1, 0, 0, 32);
  e.put(0xaf, 0, 1);
  e.put(0x95);
  const start = e.words.length;
  e.words.forEach((word, i) => {
    if (word[0] === 0x85 && word[2] === 1) word[4] = start - i - 1;
  });
  if (e.words.some((word) => word[0] === 0x85 && word[2] === 1)) leaf(e);
  return encodeWords(e.words);
}

/** A packet with bytes at the edges, so that comparisons go both ways. */
export function randomPacket(random: Random): Uint8Array {
  const mode = random.u32() % 4;
  return Uint8Array.from({ length: PACKET_SIZE }, () => {
    const byte = random.u32() & 255;
    return mode === 0 ? byte : mode === 1 ? (byte & 1) * 255 : mode === 2 ? byte & 1 : byte & 128;
  });
}
