/** Pieces of programs about numbers: arithmetic, bounds, linked registers, branches. */
import { EXIT_CODES, type Gen, JUMPS, SCALAR } from './gen.ts';

const ALU = [0x00, 0x00, 0x10, 0x10, 0x20, 0x30, 0x40, 0x50, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0];

/** One arithmetic instruction on a scalar. */
export function alu(g: Gen): void {
  const wide = g.below(2) === 1;
  const cls = wide ? 7 : 4;
  const dst = g.scalar();
  const kind = g.below(18);
  if (kind === 0) g.put(cls | 0x80, dst);
  else if (kind === 1) g.put(g.pick([0xd4, 0xdc, 0xd7]), dst, 0, 0, g.pick([16, 32, 64]));
  else if (kind === 2) g.put(cls | 0xb8, dst, g.scalar(), g.pick(wide ? [8, 16, 32] : [8, 16]));
  else if (kind === 3) g.lddw(dst, 0, g.imm(), g.imm());
  else if (kind === 4) {
    const src = g.scalar();
    const to = g.target(SCALAR);
    g.put(cls | 0xb8, to, src);
    g.set(to, SCALAR);
  } else {
    const op = g.pick(ALU);
    const signed = (op === 0x30 || op === 0x90) && g.chance(3) ? 1 : 0;
    const shift = op === 0x60 || op === 0x70 || op === 0xc0;
    if (g.below(2) === 1) {
      const src = g.scalar();
      if (shift && g.chance(2)) g.put(0x57, src, 0, 0, g.pick([7, 31, 63]));
      g.put(cls | op | 8, dst, src, signed);
    } else {
      let imm = g.imm();
      if (shift && !g.slip()) imm = g.below(wide ? 64 : 32);
      if ((op === 0x30 || op === 0x90) && imm === 0 && !g.slip()) imm = 1 + g.below(20);
      g.put(cls | op, dst, 0, signed, imm);
    }
  }
}

/** A scalar nothing is known of, or little. */
export function fresh(g: Gen): void {
  if (g.locked) return;
  const reg = g.saved(SCALAR);
  g.put(0x85, 0, 0, 0, g.pick([7, 7, 5]));
  g.called();
  if (reg < 0) return;
  g.put(g.chance(4) ? 0xbc : 0xbf, reg, 0);
  g.set(reg, SCALAR);
}

/** Narrows a scalar to at most `most`, one way or another, and gives the register. */
export function bounded(g: Gen, most: number, ...not: readonly number[]): number {
  const reg = g.scalar(...not);
  const mask = 2 ** Math.floor(Math.log2(most + 1)) - 1;
  const kind = g.below(8);
  if (kind < 2 || most === 0) g.put(g.pick([0x57, 0x54]), reg, 0, 0, mask);
  else if (kind === 2) g.put(0x77, reg, 0, 0, 64 - Math.log2(mask + 1) || 63);
  else if (kind === 3) {
    g.put(0x57, reg, 0, 0, 2 * mask + 1);
    if (2 * mask + 1 > most) g.put(g.pick([0x74, 0x77]), reg, 0, 0, 1);
  } else if (kind === 4) {
    // Otherwise it is set.
    const at = g.put(g.pick([0xb5, 0xa5]), reg, 0, 0, most);
    g.put(0xb7, reg, 0, 0, g.below(most + 1));
    g.land(at);
  } else if (kind === 5) {
    const low = g.put(0xc5, reg, 0, 0, 0);
    const high = g.put(g.pick([0xd5, 0xc5]), reg, 0, 0, most);
    g.land(low);
    g.put(0xb7, reg, 0, 0, g.below(most + 1));
    g.land(high);
  } else if (kind === 6) {
    g.put(0xbc, reg, reg);
    const at = g.put(g.pick([0xb6, 0xa6]), reg, 0, 0, most);
    g.put(0xb4, reg, 0, 0, g.below(most + 1));
    g.land(at);
  } else {
    // By a copy that is linked to it.
    const copy = g.target(SCALAR, reg, ...not);
    g.put(0xbf, copy, reg);
    g.set(copy, SCALAR);
    const at = g.put(0xb5, copy, 0, 0, most);
    g.put(0xb7, reg, 0, 0, mask);
    g.land(at);
  }
  if (g.slip()) g.put(0x07, reg, 0, 0, g.pick([1, -1, 4, 8]));
  return reg;
}

/** Copies of a scalar, a constant apart, and a comparison of one of them. */
export function linked(g: Gen): void {
  const a = g.scalar();
  if (g.chance(3)) g.put(0xbc, a, a);
  const b = g.target(SCALAR, a);
  if (b === a) return;
  g.put(g.chance(4) ? 0xbc : 0xbf, b, a);
  g.set(b, SCALAR);
  const narrow = g.chance(2);
  const add = g.pick([1, 4, 8, -1, -8, 64, 0x7fffffff, -0x80000000, 0]);
  if (!g.chance(4)) g.put((narrow ? 4 : 7) | g.pick([0, 0, 0x10]), b, 0, 0, add);
  if (g.chance(3)) g.put((g.chance(2) ? 4 : 7) | g.pick([0, 0x10]), a, 0, 0, g.pick([1, 4, 8, -4]));
  const who = g.pick([a, b]);
  const at = g.put(g.pick([5, 6]) | g.pick(JUMPS), who, 0, 0, g.imm());
  alu(g);
  if (g.chance(2)) {
    const reg = g.pick([a, b]);
    g.put(g.pick([5, 6]) | g.pick(JUMPS), reg, 0, 0, g.imm());
    g.put(0x57, reg, 0, 0, g.imm());
    g.words[g.at - 2] = [...g.words[g.at - 2]!.slice(0, 3), 1, g.words[g.at - 2]![4]] as unknown as (typeof g.words)[0];
  }
  g.land(at);
}

/** Bits that are known here and there, then comparisons that depend on them. */
export function bits(g: Gen): void {
  const reg = g.scalar();
  g.put(g.pick([0x57, 0x54, 0x47, 0x44]), reg, 0, 0, g.imm());
  if (g.chance(2)) g.put(g.pick([0x57, 0x47, 0x67, 0x77, 0xc7, 0x64, 0x74, 0xc4]), reg, 0, 0, g.below(32));
  const at = g.put(g.pick([5, 6]) | g.pick([0x40, 0x40, 0x10, 0x50, 0x20, 0xb0, 0x60, 0xd0]), reg, 0, 0, g.imm());
  if (g.chance(2)) g.put(g.pick([5, 6]) | g.pick(JUMPS), reg, 0, 0, g.imm());
  alu(g);
  g.land(at);
}

/** A branch with bodies. */
export function branch(g: Gen): void {
  if (g.depth > 4) return;
  const cls = g.pick([5, 6]);
  const dst = g.scalar();
  const op = g.pick(JUMPS);
  const place = g.chance(2) ? g.put(cls | op | 8, dst, g.scalar()) : g.put(cls | op, dst, 0, 0, g.imm());
  const before = g.snapshot();
  g.body(1 + g.below(3));
  if (g.held === 0 && !g.locked && g.chance(8)) {
    g.leave();
    g.land(place);
    g.restore(before);
    return;
  }
  if (!g.chance(3)) {
    g.land(place);
    g.join(before);
    return;
  }
  const after = g.snapshot();
  const skip = g.put(g.chance(8) ? 0x06 : 0x05);
  g.land(place);
  g.restore(before);
  g.body(1 + g.below(3));
  g.land(skip);
  g.join(after);
}

/** A comparison of pointers, where that is allowed. */
export function comparePointers(g: Gen): void {
  if (!g.perfmon && !g.slip()) return;
  const a = g.find('value', 'packet', 'fp', 'ctx');
  const b = g.find('value', 'packet', 'fp', 'scalar', 'ctx');
  if (a < 0 || b < 0) return;
  const at = g.chance(3)
    ? g.put(5 | g.pick([0x10, 0x50]), a, 0, 0, 0)
    : g.put(5 | g.pick([0x10, 0x50, 0x20, 0xa0]) | 8, a, b);
  alu(g);
  g.land(at);
}

/** An early end of the program. */
export function earlyExit(g: Gen): void {
  if (g.held > 0 || g.locked) return;
  const reg = g.scalar();
  const at = g.put(g.pick([5, 6]) | g.pick(JUMPS), reg, 0, 0, g.imm());
  g.put(0xb7, 0, 0, 0, g.pick(g.returns ?? EXIT_CODES));
  g.put(0x95);
  g.land(at);
}
