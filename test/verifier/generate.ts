/**
 * Random programs that are nearly valid, for comparing verdicts: scalars with bounds,
 * branches, loops, stack slots, map values, packets, helpers, functions. The generator
 * knows roughly what each register holds, and now and then does not care.
 */
import type { Random } from '../../base/env.ts';

/** One instruction. */
export type Word = readonly [op: number, dst: number, src: number, off: number, imm: number];

/** A program to be loaded. Map descriptors 1 and 2 stand for {@link FUZZ_MAPS}. */
export interface FuzzProgram {
  readonly type: number;
  readonly words: readonly Word[];
}

/** The maps programs refer to, by the number in their instructions: an array and a hash. */
export const FUZZ_MAPS: readonly { fd: number; type: number; key: number; value: number; max: number }[] = [
  { fd: 1, type: 2, key: 4, value: 16, max: 4 },
  { fd: 2, type: 1, key: 8, value: 48, max: 4 },
];

const XDP = 6;
const SCHED_CLS = 3;
const SOCKET_FILTER = 1;

/** What a register holds, roughly. */
type Kind = 'none' | 'scalar' | 'ctx' | 'fp' | 'packet' | 'end' | 'value' | 'map';

const ALU = [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0];
const JUMPS = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0];
const EDGES = [0, 1, -1, 2, 3, 7, 8, 15, 31, 64, 255, 256, 0x7fff, 0xffff, 0x7fffffff, -0x80000000, -8, -64];
const SIZES = [
  [0x10, 1],
  [0x08, 2],
  [0x00, 4],
  [0x18, 8],
] as const;
/** Most instructions of a body. */
const LENGTH = 14;

class Generator {
  readonly random: Random;
  readonly type: number;
  words: Word[] = [];
  kinds: Kind[] = Array.from({ length: 11 }, (): Kind => 'none');
  /** Stack slots written: 1 is at -8. */
  slots = new Set<number>();
  /** Functions still to be written, by the place of their call. */
  calls: number[] = [];
  depth = 0;

  constructor(random: Random) {
    this.random = random;
    this.type = this.pick([XDP, SCHED_CLS, SOCKET_FILTER]);
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

  put(op: number, dst = 0, src = 0, off = 0, imm = 0): void {
    this.words.push([op, dst, src, off, imm]);
  }

  imm(): number {
    return this.chance(3) ? this.random.u32() | 0 : this.pick(EDGES);
  }

  /** A register that holds one of the kinds; any now and then, and -1 when there is none. */
  reg(...kinds: readonly Kind[]): number {
    if (this.chance(60)) return this.below(11);
    const found = this.kinds.flatMap((kind, reg) => (kinds.includes(kind) ? [reg] : []));
    return found.length === 0 ? -1 : this.pick(found);
  }

  /** A scalar, made when there is none. */
  scalar(): number {
    const reg = this.reg('scalar');
    if (reg >= 0) return reg;
    const fresh = this.target();
    this.put(0xb7, fresh, 0, 0, this.imm());
    this.kinds[fresh] = 'scalar';
    return fresh;
  }

  /** A register to overwrite. */
  target(): number {
    return this.chance(80) ? 10 : this.below(10);
  }

  set(reg: number, kind: Kind): void {
    if (reg >= 0 && reg < 10) this.kinds[reg] = kind;
  }

  called(): void {
    for (let reg = 0; reg <= 5; reg++) this.kinds[reg] = 'none';
    this.kinds[0] = 'scalar';
  }

  alu(): void {
    const wide = this.below(2) === 1;
    const cls = wide ? 7 : 4;
    const dst = this.scalar();
    const kind = this.below(16);
    if (kind === 0) this.put(cls | 0x80, dst);
    else if (kind === 1) this.put(this.pick([0xd4, 0xdc, 0xd7]), dst, 0, 0, this.pick([16, 32, 64]));
    else if (kind === 2) this.put(cls | 0xb8, dst, this.scalar(), this.pick(wide ? [8, 16, 32] : [8, 16]));
    else if (kind === 3) {
      this.put(0x18, dst, 0, 0, this.imm());
      this.put(0, 0, 0, 0, this.imm());
    } else if (kind === 4) this.mov();
    else {
      const op = this.pick(ALU);
      const signed = (op === 0x30 || op === 0x90) && this.chance(3) ? 1 : 0;
      if (this.below(2) === 1) this.put(cls | op | 8, dst, this.scalar(), signed);
      else {
        const shift = op === 0x60 || op === 0x70 || op === 0xc0;
        this.put(cls | op, dst, 0, signed, shift && !this.chance(40) ? this.below(wide ? 64 : 32) : this.imm());
      }
    }
  }

  mov(): void {
    const src = this.reg('scalar', 'scalar', 'fp', 'ctx', 'packet', 'value');
    const dst = this.target();
    if (src < 0) return;
    this.put(this.chance(12) ? 0xbc : 0xbf, dst, src);
    this.set(dst, this.kinds[src]!);
  }

  /** A scalar within bounds, as offsets are. */
  bounded(): number {
    const reg = this.scalar();
    const kind = this.below(4);
    if (kind === 0) this.put(this.pick([0x57, 0x54]), reg, 0, 0, this.pick([1, 3, 7, 8, 15, 31]));
    else if (kind === 1) this.put(0x77, reg, 0, 0, this.pick([58, 60, 61, 63]));
    else if (kind === 2) this.put(this.pick([0x25, 0x26, 0xb5, 0x65]), reg, 0, this.below(3), this.pick([3, 7, 8, 16]));
    else this.put(0x97, reg, 0, 0, this.pick([2, 4, 5, 8, 16]));
    return reg;
  }

  stack(): void {
    const [bits, size] = this.pick(SIZES);
    const slot = 1 + this.below(this.chance(20) ? 66 : 8);
    const off = -8 * slot + (this.chance(15) ? this.below(8) : size * this.below(8 / size));
    const base = this.chance(4) ? this.reg('fp') : 10;
    const kind = this.below(8);
    if (kind < 2 || (kind < 5 && !this.slots.has(slot) && !this.chance(8))) {
      const src = this.reg('scalar', 'scalar', 'ctx', 'fp', 'packet', 'value');
      if (src < 0) return;
      if (size === 8 || this.kinds[src] === 'scalar' || this.chance(8)) {
        this.put(0x63 | bits, base < 0 ? 10 : base, src, off);
        if (size === 8) this.slots.add(slot);
      }
    } else if (kind < 5) {
      const dst = this.target();
      this.put((this.chance(6) && size < 8 ? 0x81 : 0x61) | bits, dst, base < 0 ? 10 : base, off);
      this.set(dst, 'scalar');
    } else if (kind === 5) {
      this.put(0x62 | bits, 10, 0, off, this.imm());
      if (size === 8) this.slots.add(slot);
    } else if (kind === 6) {
      const wide = this.chance(2);
      const op = this.pick([0x00, 0x40, 0x50, 0xa0, 0x01, 0x41, 0x51, 0xa1, 0xe1, 0xf1, 0x100, 0x110]);
      const other = this.scalar();
      if (op === 0x100) this.put(0xdb, other, 10, -8 * slot, op);
      else this.put(wide ? 0xdb : 0xc3, 10, other, -8 * slot, op);
    } else this.variableStack();
  }

  variableStack(): void {
    const off = this.bounded();
    const ptr = this.target();
    if (ptr === off) return;
    this.put(0xbf, ptr, 10);
    this.put(0x07, ptr, 0, 0, -8 * (1 + this.below(9)));
    this.put(this.chance(5) ? 0x1f : 0x0f, ptr, off);
    this.set(ptr, 'fp');
    this.access(ptr, 8);
  }

  /** A load or store by a pointer. */
  access(ptr: number, within: number): void {
    const [bits, size] = this.pick(SIZES);
    const off = this.chance(12) ? this.pick([-1, within, -8, 4096]) : this.below(Math.max(1, within - size + 1));
    const kind = this.below(5);
    const reg = kind === 1 ? this.scalar() : this.target();
    if (kind === 0) this.put(0x62 | bits, ptr, 0, off, this.imm());
    else if (kind === 1) this.put(0x63 | bits, ptr, reg, off);
    else {
      this.put((size < 8 && this.chance(5) ? 0x81 : 0x61) | bits, reg, ptr, off);
      this.set(reg, 'scalar');
    }
  }

  mapValue(): void {
    const map = this.pick(FUZZ_MAPS);
    this.put(map.key === 8 ? 0x7a : 0x62, 10, 0, -8, this.below(8));
    this.slots.add(1);
    this.put(0xbf, 2, 10);
    this.put(0x07, 2, 0, 0, this.chance(25) ? -4 : -8);
    this.put(0x18, 1, 1, 0, map.fd);
    this.put(0);
    this.put(0x85, 0, 0, 0, 1);
    this.called();
    if (!this.chance(15)) {
      const at = this.words.length;
      this.put(this.pick([0x15, 0x15, 0x55]), 0);
      const exits = this.words[at]![0] === 0x55;
      if (exits) {
        this.put(0xb7, 0, 0, 0, 0);
        this.put(0x95);
        this.words[at] = [0x55, 0, 0, 2, 0];
      }
      this.kinds[0] = 'value';
      const holder = 6 + this.below(4);
      if (this.chance(2)) {
        this.put(0xbf, holder, 0);
        this.kinds[holder] = 'value';
      }
      this.pointer(0, map.value);
      if (!exits) {
        this.words[at] = [0x15, 0, 0, this.words.length - at - 1, 0];
        this.kinds[0] = 'none';
        this.kinds[holder] = 'none';
      }
    }
  }

  /** Arithmetic on a pointer, then an access. */
  pointer(ptr: number, size: number): void {
    if (this.chance(2)) {
      const off = this.bounded();
      if (off !== ptr) this.put(this.chance(6) ? 0x1f : 0x0f, ptr, off);
    } else if (this.chance(4)) this.put(0x07, ptr, 0, 0, this.pick([1, 4, 8, -4, 16]));
    this.access(ptr, size);
    if (this.chance(3)) this.access(ptr, size);
  }

  packet(): void {
    const ctx = this.reg('ctx');
    if (ctx < 0 || this.type === SOCKET_FILTER) return;
    const [data, end] = this.type === XDP ? [0, 4] : [76, 80];
    const [a, b, c] = this.chance(2) ? [2, 3, 4] : [7, 8, 5];
    if (ctx === a || ctx === b || ctx === c) return;
    this.put(0x61, a, ctx, data);
    this.put(0x61, b, ctx, end);
    let room = this.pick([1, 2, 8, 14, 34, 64]);
    if (this.chance(2)) {
      const off = this.bounded();
      if (off !== a && off !== b) this.put(0x0f, a, off);
    }
    this.put(0xbf, c, a);
    this.put(0x07, c, 0, 0, room);
    this.kinds[a] = this.kinds[c] = 'packet';
    this.kinds[b] = 'end';
    const at = this.words.length;
    const [op, dst, src] = this.pick([
      [0x2d, c, b],
      [0x3d, c, b],
      [0xad, b, c],
      [0xbd, b, c],
      [0x2d, b, c],
    ] as const);
    if (this.chance(10)) room += 1;
    this.put(op, dst, src);
    this.access(a, room);
    if (this.chance(2)) this.access(this.chance(4) ? c : a, room);
    this.words[at] = [op, dst, src, this.words.length - at - 1, 0];
  }

  helper(): void {
    const kind = this.below(7);
    if (kind < 3) this.put(0x85, 0, 0, 0, this.pick([5, 7, 8]));
    else if (kind < 5) {
      const map = this.pick(FUZZ_MAPS);
      this.put(0x7a, 10, 0, -8, 1);
      for (let slot = 2; slot <= (map.value >> 3) + 1; slot++)
        if (!this.chance(30)) this.put(0x7a, 10, 0, -8 * slot, this.imm());
      this.put(0xbf, 2, 10);
      this.put(0x07, 2, 0, 0, -8);
      this.put(0xbf, 3, 10);
      this.put(0x07, 3, 0, 0, -8 - map.value);
      this.put(0x18, 1, 1, 0, map.fd);
      this.put(0);
      this.put(0xb7, 4, 0, 0, 0);
      this.put(0x85, 0, 0, 0, kind === 3 ? 2 : 3);
    } else if (this.type === SCHED_CLS || this.type === XDP) {
      // csum_diff(from, from_size, to, to_size, seed) of bytes on the stack.
      const size = this.bounded();
      this.put(0xbf, 2, size);
      this.put(this.chance(4) ? 0x97 : 0x57, 2, 0, 0, this.pick([8, 16, 24]));
      this.put(0xbf, 1, 10);
      this.put(0x07, 1, 0, 0, -8 * (1 + this.below(4)));
      this.put(0xb7, 3, 0, 0, 0);
      this.put(0xb7, 4, 0, 0, 0);
      this.put(0xb7, 5, 0, 0, 0);
      this.put(0x85, 0, 0, 0, 28);
    } else return;
    this.called();
  }

  branch(): void {
    const cls = this.pick([5, 6]);
    const at = this.words.length;
    const dst = this.chance(15) ? this.reg('value', 'packet', 'fp') : this.scalar();
    if (dst < 0) return;
    const start = this.words.length;
    const jump: Word = this.chance(2)
      ? [cls | this.pick(JUMPS) | 8, dst, this.scalar(), 0, 0]
      : [cls | this.pick(JUMPS), dst, 0, 0, this.imm()];
    const place = Math.max(start, at, this.words.length);
    this.words.push(jump);
    const kinds = [...this.kinds];
    const slots = new Set(this.slots);
    this.body(1 + this.below(4));
    const otherwise = this.chance(3) && this.words.length > place + 1;
    const join = this.words.length;
    if (otherwise) {
      this.put(0x05);
      this.body(1 + this.below(3));
      this.words[join] = [0x05, 0, 0, this.words.length - join - 1, 0];
    }
    const target = otherwise ? join + 1 : this.words.length;
    this.words[place] = [jump[0], jump[1], jump[2], target - place - 1, jump[4]];
    this.kinds = this.kinds.map((kind, reg) => (kind === kinds[reg] ? kind : 'none'));
    for (const slot of this.slots) if (!slots.has(slot)) this.slots.delete(slot);
  }

  loop(): void {
    const counter = 6 + this.below(4);
    this.put(0xb7, counter, 0, 0, 0);
    const kind = this.kinds[counter]!;
    // Out of reach of the body.
    this.kinds[counter] = 'none';
    const top = this.words.length;
    this.body(1 + this.below(3));
    this.put(0x07, counter, 0, 0, this.pick([1, 1, 2, 3]));
    this.put(this.pick([0xa5, 0xa6, 0xc5, 0xa5]), counter, 0, top - this.words.length - 1, this.pick([2, 4, 6, 12]));
    this.kinds[counter] = kind === 'none' ? 'scalar' : 'scalar';
  }

  call(): void {
    for (let reg = 1; reg <= 2; reg++) {
      const src = this.reg('scalar', 'fp', 'value', 'packet', 'ctx');
      if (src < 0 || src === 10) {
        this.put(0xbf, reg, 10);
        this.put(0x07, reg, 0, 0, -8 * (1 + this.below(6)));
      } else if (src !== reg) this.put(0xbf, reg, src);
      this.kinds[reg] = src < 0 ? 'fp' : this.kinds[src]!;
    }
    this.calls.push(this.words.length);
    this.put(0x85, 0, 1, 0, 0);
    this.called();
  }

  body(count: number): void {
    this.depth++;
    for (let i = 0; i < count; i++) {
      const kind = this.below(24);
      if (kind < 7) this.alu();
      else if (kind < 10) this.stack();
      else if (kind < 11) this.bounded();
      else if (kind < 14 && this.depth < 4) this.branch();
      else if (kind < 16) this.mapValue();
      else if (kind < 18) this.packet();
      else if (kind < 20) this.helper();
      else if (kind === 20 && this.depth < 3) this.loop();
      else if (kind === 21 && this.calls.length < 3) this.call();
      else if (kind === 22) {
        const ptr = this.reg('value', 'packet');
        if (ptr >= 0) this.pointer(ptr, 16);
      } else this.mov();
    }
    this.depth--;
  }

  leave(): void {
    if (this.kinds[0] !== 'scalar' && !this.chance(40)) this.put(0xb7, 0, 0, 0, this.below(3));
    this.put(0x95);
  }

  program(): FuzzProgram {
    this.kinds[1] = 'ctx';
    this.kinds[10] = 'fp';
    this.put(0xbf, 6, 1);
    this.kinds[6] = 'ctx';
    this.put(0x85, 0, 0, 0, 7);
    this.called();
    // Registers with nothing known of them.
    for (const reg of [7, 8]) {
      this.put(0xbf, reg, 0);
      this.kinds[reg] = 'scalar';
      if (reg === 7) this.put(this.pick([0x67, 0x27, 0xa7]), 0, 0, 0, this.pick([3, 32, 33]));
    }
    this.body(2 + this.below(LENGTH));
    this.leave();
    for (let done = 0; done < this.calls.length; done++) {
      const at = this.calls[done]!;
      const start = this.words.length;
      // Now and then two calls of one function.
      this.words[at] = [0x85, 0, 1, 0, start - at - 1];
      this.kinds = Array.from({ length: 11 }, (_, reg): Kind => (reg === 10 ? 'fp' : 'none'));
      this.kinds[1] = this.pick(['scalar', 'fp']);
      this.kinds[2] = 'scalar';
      this.slots = new Set();
      this.body(1 + this.below(5));
      this.leave();
    }
    return { type: this.type, words: this.words };
  }
}

/** One program. */
export function generateProgram(random: Random): FuzzProgram {
  return new Generator(random).program();
}

/** The bytes of a program; `maps` gives the descriptor for a number of {@link FUZZ_MAPS}. */
export function encode(words: readonly Word[], maps: (fd: number) => number = (fd) => fd): Uint8Array {
  const bytes = new Uint8Array(words.length * 8);
  const view = new DataView(bytes.buffer);
  words.forEach(([op, dst, src, off, imm], i) => {
    view.setUint8(i * 8, op);
    view.setUint8(i * 8 + 1, dst | (src << 4));
    view.setInt16(i * 8 + 2, off, true);
    view.setInt32(i * 8 + 4, op === 0x18 && src === 1 ? maps(imm) : imm, true);
  });
  return bytes;
}

/** Whether a word has a jump offset or a function's distance in it, and which. */
function distance([op, , src, off, imm]: Word): number | undefined {
  if (op === 0x85) return src === 1 ? imm : undefined;
  const cls = op & 7;
  if ((cls !== 5 && cls !== 6) || op === 0x95) return undefined;
  return off;
}

/** The program without instruction `at`; jumps go where they went. Both halves of a lddw go. */
export function without(words: readonly Word[], at: number): Word[] {
  const count = words[at]![0] === 0x18 ? 2 : 1;
  const moved = (i: number): number => (i > at ? Math.max(at, i - count) : i);
  return words.flatMap((word, i) => {
    if (i >= at && i < at + count) return [];
    const far = i > 0 && words[i - 1]![0] === 0x18 ? undefined : distance(word);
    if (far === undefined) return [word];
    const now = moved(i + 1 + far) - moved(i) - 1;
    const [op, dst, src, off, imm] = word;
    return [op === 0x85 ? ([op, dst, src, off, now] as const) : ([op, dst, src, now, imm] as const)];
  });
}
