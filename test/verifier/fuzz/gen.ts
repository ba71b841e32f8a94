/**
 * What the pieces of the generator share: the program so far, what each register and
 * stack slot holds, and the rules of the place it is written for (a loop, a lock).
 */
import type { Random } from '../../../base/env.ts';
import type { FuncKind, Word } from './program.ts';

/** What a register holds, roughly. */
export type Kind = 'none' | 'scalar' | 'ctx' | 'fp' | 'packet' | 'end' | 'value' | 'sock' | 'key' | 'other';

/** A register's or slot's content. For pointers: bytes that may be accessed before and after it. */
export interface Val {
  readonly kind: Kind;
  readonly room: number;
  readonly before: number;
  readonly readOnly: boolean;
  /** Frame pointers: offset from the end of the frame. */
  readonly off: number;
}

function val(kind: Kind, room = 0, before = 0, readOnly = false, off = 0): Val {
  return { kind, room, before, readOnly, off };
}

export const NONE = val('none');
export const SCALAR = val('scalar');
export const CTX = val('ctx');
export const OTHER = val('other');
export const SOCK = val('sock');

/** A pointer to `room` bytes, `before` bytes into what it points to. */
export function pointerTo(kind: Kind, room: number, before = 0, readOnly = false): Val {
  return val(kind, room, before, readOnly);
}

/** A pointer into the frame. */
export function framePointer(off: number): Val {
  return val('fp', 0, 0, false, off);
}

/** Content of a stack slot; `busy`: a dynptr, iterator or flag that is not to be touched. */
export type Slot = Val | 'busy';

export const SIZES = [
  [0x10, 1],
  [0x08, 2],
  [0x00, 4],
  [0x18, 8],
] as const;

export const EDGES = [
  0, 1, -1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 0x7ff, 0x7fff, -0x8000, 0xffff, 0x10000, 0x7ffffff,
  0x40000000, 0x7fffffff, -0x80000000, -0x7fffffff, -2, -8, -16, -64, -256, 0x55555555, -0x55555556, 0xff00, 0xf0,
];

/** What a program returns where anything will do. */
export const EXIT_CODES = [0, 1, 2, -1];

export const JUMPS = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0];

/** A function still to be written. */
export interface Pending {
  /** The call or lddw that names it. */
  readonly places: number[];
  readonly kind: FuncKind;
  /** What r1 to r5 hold. */
  readonly args: readonly Val[];
  /** Range of what it returns. */
  readonly returns: readonly number[] | undefined;
  readonly depth: number;
}

/** The state of a program that is being written. */
export class Gen {
  readonly random: Random;
  readonly type: number;
  readonly perfmon: boolean;
  /** One in how many choices is a wild one; 0: none. */
  readonly wild: number;
  /** What the program may return; undefined: anything. */
  returns: readonly number[] | undefined;
  words: Word[] = [];
  regs: Val[] = Array.from({ length: 11 }, () => NONE);
  slots = new Map<number, Slot>();
  pending: Pending[] = [];
  depth = 0;
  /** Call depth of the function that is written. */
  callDepth = 0;
  /** Registers that keep what they hold, and those that stay scalars. */
  pinned = new Set<number>();
  scalarOnly = new Set<number>();
  pinnedSlots = new Set<number>();
  /** No exit here: something is held. */
  held = 0;
  /** No calls here: a lock is held. */
  locked = false;
  /** In a callback or loop: fewer big pieces. */
  loops = 0;
  /** Ways through what was written of the loop. */
  ways = 1;
  usesTailCall = false;

  readonly #body: (g: Gen, count: number) => void;

  constructor(
    random: Random,
    type: number,
    perfmon: boolean,
    wild: number,
    returns: readonly number[] | undefined,
    body: (g: Gen, count: number) => void,
  ) {
    this.#body = body;
    this.random = random;
    this.type = type;
    this.perfmon = perfmon;
    this.wild = wild;
    this.returns = returns;
  }

  /** Pieces, one after the other. */
  body(count: number): void {
    this.#body(this, count);
  }

  /** The end of a function. */
  leave(): void {
    if (this.returns !== undefined) {
      if (this.regs[0]!.kind === 'scalar' && this.chance(4)) this.put(0x57, 0, 0, 0, 1);
      else this.put(0xb7, 0, 0, 0, this.pick(this.returns));
    } else if (this.regs[0]!.kind !== 'scalar' || this.chance(4)) this.put(0xb7, 0, 0, 0, this.pick(EXIT_CODES));
    this.put(0x95);
  }

  below(limit: number): number {
    return this.random.u32() % limit;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  /** Now and then, in programs that may be wrong. */
  slip(oneIn = 1): boolean {
    return this.wild > 0 && this.below(this.wild * oneIn) === 0;
  }

  get at(): number {
    return this.words.length;
  }

  put(op: number, dst = 0, src = 0, off = 0, imm = 0): number {
    this.words.push([op, dst, src, off, imm]);
    return this.words.length - 1;
  }

  /** A lddw. */
  lddw(dst: number, src: number, imm: number, high = 0): number {
    const at = this.put(0x18, dst, src, 0, imm);
    this.put(0, 0, 0, 0, high);
    return at;
  }

  movImm(dst: number, imm: number): void {
    this.put(this.chance(4) ? 0xb4 : 0xb7, dst, 0, 0, imm);
  }

  mov(dst: number, src: number): void {
    if (dst !== src) this.put(0xbf, dst, src);
  }

  /** Lets the jump at `place` go to the next instruction written. */
  land(place: number): void {
    const [op, dst, src, , imm] = this.words[place]!;
    const far = this.at - place - 1;
    this.words[place] = op === 0x06 ? [op, dst, src, 0, far] : [op, dst, src, far, imm];
  }

  imm(): number {
    const kind = this.below(6);
    if (kind === 0) return this.random.u32() | 0;
    if (kind === 1) return this.below(64);
    if (kind === 2) return (1 << this.below(32)) - this.below(2);
    return this.pick(EDGES);
  }

  /** A register that holds one of the kinds, or -1. */
  find(...kinds: readonly Kind[]): number {
    if (this.slip(4)) return this.below(11);
    const found: number[] = [];
    for (let reg = 0; reg < 10; reg++) if (kinds.includes(this.regs[reg]!.kind)) found.push(reg);
    return found.length === 0 ? -1 : this.pick(found);
  }

  /** A register to overwrite with `value`; -1: there is none. */
  target(value: Val, ...not: readonly number[]): number {
    if (this.slip(4)) return this.below(11);
    const found: number[] = [];
    for (let reg = 0; reg < 10; reg++) {
      if (this.pinned.has(reg) || not.includes(reg)) continue;
      if (this.scalarOnly.has(reg) && value.kind !== 'scalar') continue;
      found.push(reg);
    }
    return found.length === 0 ? 0 : this.pick(found);
  }

  /** A register above r5 to keep `value` in across calls; -1: there is none. */
  saved(value: Val): number {
    const found: number[] = [];
    for (let reg = 6; reg < 10; reg++) {
      if (this.pinned.has(reg) || this.regs[reg]!.kind === 'ctx') continue;
      if (this.scalarOnly.has(reg) && value.kind !== 'scalar') continue;
      found.push(reg);
    }
    return found.length === 0 ? -1 : this.pick(found);
  }

  set(reg: number, value: Val): void {
    if (reg >= 0 && reg < 10) this.regs[reg] = value;
  }

  /** A register with a scalar; made when there is none. */
  scalar(...not: readonly number[]): number {
    const found: number[] = [];
    for (let reg = 0; reg < 10; reg++) {
      if (this.regs[reg]!.kind === 'scalar' && !this.pinned.has(reg) && !not.includes(reg)) found.push(reg);
    }
    if (found.length > 0) return this.pick(found);
    const reg = this.target(SCALAR, ...not);
    this.movImm(reg, this.imm());
    this.set(reg, SCALAR);
    return reg;
  }

  /** After a call: r1 to r5 are gone, r0 has the result. */
  called(result: Val = SCALAR): void {
    for (let reg = 1; reg <= 5; reg++) this.regs[reg] = NONE;
    this.regs[0] = result;
  }

  /** Packet pointers are worth nothing any more. */
  packetChanged(): void {
    const gone = ({ kind }: Val): boolean => kind === 'packet' || kind === 'end';
    this.regs = this.regs.map((held) => (gone(held) ? NONE : held));
    for (const [slot, held] of this.slots) if (held !== 'busy' && gone(held)) this.slots.delete(slot);
  }

  /** Free slots next to each other, the highest at the result (1 is at -8); 0: none. */
  freeSlots(count: number): number {
    const fits: number[] = [];
    for (let at = 1; at + count - 1 <= (this.callDepth > 0 ? 10 : 20); at++) {
      let free = true;
      for (let i = at; i < at + count; i++) if (this.slots.get(i) === 'busy' || this.pinnedSlots.has(i)) free = false;
      if (free) fits.push(at);
    }
    return fits.length === 0 ? 0 : this.pick(fits);
  }

  snapshot(): { regs: Val[]; slots: Map<number, Slot> } {
    return { regs: [...this.regs], slots: new Map(this.slots) };
  }

  restore({ regs, slots }: { regs: Val[]; slots: Map<number, Slot> }): void {
    this.regs = [...regs];
    this.slots = new Map(slots);
  }

  /** Where two ways meet: what both hold. */
  join({ regs, slots }: { regs: Val[]; slots: Map<number, Slot> }): void {
    this.regs = this.regs.map((held, reg) => meet(held, regs[reg]!));
    for (const [slot, held] of this.slots) {
      const other = slots.get(slot);
      if (other === undefined) this.slots.delete(slot);
      else if (held !== 'busy' && other !== 'busy') {
        const both = meet(held, other);
        if (both.kind === 'none') this.slots.delete(slot);
        else this.slots.set(slot, both);
      }
    }
  }
}

function meet(a: Val, b: Val): Val {
  if (a === b) return a;
  if (a.kind !== b.kind) return NONE;
  if (a.kind === 'fp') return a.off === b.off ? a : NONE;
  if (a.kind === 'scalar') return a;
  if (a.kind === 'packet' && a !== b) return NONE;
  return {
    ...a,
    room: Math.min(a.room, b.room),
    before: Math.min(a.before, b.before),
    readOnly: a.readOnly || b.readOnly,
  };
}
