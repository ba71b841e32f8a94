/** Pieces of programs about memory: stack, map values, packets, the context. */
import { framePointer, type Gen, NONE, pointerTo, SCALAR, SIZES, type Val } from './gen.ts';
import { FUZZ_MAPS, MAP } from './program.ts';
import { bounded } from './scalars.ts';

const ATOMICS = [0x00, 0x40, 0x50, 0xa0, 0x01, 0x41, 0x51, 0xa1, 0xe1, 0xf1];
const LOAD_ACQ = 0x100;
const STORE_REL = 0x110;

/** A slot that may be written, or 0. */
function slot(g: Gen): number {
  return g.freeSlots(1);
}

/** Writes and reads of the frame. */
export function stack(g: Gen): void {
  const at = slot(g);
  if (at === 0) return;
  const [bits, size] = g.pick(SIZES);
  const held = g.slots.get(at);
  const known = held !== undefined && held !== 'busy';
  const part = held === undefined || held === 'busy' || held.kind === 'scalar';
  const off = -8 * at + (part ? size * g.below(8 / size) : 0) + (g.slip() ? g.below(8) : 0);
  const kind = g.below(8);
  if (kind < 2 || !known) {
    spill(g, at, off, bits, size);
  } else if (kind < 6) {
    fill(g, at, off, bits, size);
  } else if (kind === 6) {
    if (held.kind !== 'scalar' && size < 8) return;
    g.put(0x62 | bits, 10, 0, off, g.imm());
    if (size === 8) g.slots.set(at, SCALAR);
  } else if (held.kind === 'scalar') atomic(g, 10, -8 * at);
}

function spill(g: Gen, at: number, off: number, bits: number, size: number): void {
  const held = g.slots.get(at);
  if (size < 8 && held !== undefined && held !== 'busy' && held.kind !== 'scalar') return;
  const pointers = size === 8 && !g.pinnedSlots.has(at);
  const src = pointers ? g.find('scalar', 'ctx', 'fp', 'packet', 'value', 'sock') : g.scalar();
  if (src < 0) return;
  // Without CAP_PERFMON a slot that held a pointer must not be written with a number.
  if (!g.perfmon && held !== undefined && held !== 'busy' && held.kind !== g.regs[src]!.kind && !g.slip()) return;
  g.put(0x63 | bits, 10, src, off);
  if (size === 8) g.slots.set(at, g.regs[src]!.kind === 'none' ? SCALAR : g.regs[src]!);
  else if (held === undefined && !g.perfmon) g.slots.delete(at);
}

function fill(g: Gen, at: number, off: number, bits: number, size: number): void {
  const held = g.slots.get(at) as Val;
  if (held.kind !== 'scalar') {
    const dst = g.target(held);
    if (g.pinned.has(dst)) return;
    g.put(0x79, dst, 10, -8 * at);
    g.set(dst, held);
    return;
  }
  const dst = g.target(SCALAR);
  g.put((g.chance(5) && size < 8 ? 0x81 : 0x61) | bits, dst, 10, off);
  g.set(dst, SCALAR);
}

/** An atomic instruction on 8 aligned bytes. */
function atomic(g: Gen, base: number, off: number): void {
  const kind = g.below(6);
  const reg = g.scalar(base);
  const wide = g.chance(2) ? 0xdb : 0xc3;
  if (kind === 0) {
    const dst = g.target(SCALAR, base);
    g.put(g.pick([0xdb, 0xc3, 0xcb, 0xd3]), dst, base, off, LOAD_ACQ);
    g.set(dst, SCALAR);
  } else if (kind === 1) g.put(g.pick([0xdb, 0xc3, 0xcb, 0xd3]), base, reg, off, STORE_REL);
  else {
    const op = g.pick(ATOMICS);
    if (op === 0xf1) {
      if (g.pinned.has(0) || base === 0) return;
      if (g.regs[0]!.kind !== 'scalar') g.movImm(0, g.imm());
      g.set(0, SCALAR);
    }
    g.put(wide, base, reg, off, op);
  }
}

/** A pointer into the frame with a variable offset. */
export function variableStack(g: Gen): void {
  if (!g.perfmon && !g.slip()) return;
  const first = g.freeSlots(4);
  if (first === 0) return;
  for (let at = first; at < first + 4; at++) {
    if (g.slots.get(at) === undefined || (g.slots.get(at) as Val).kind !== 'scalar') {
      g.put(0x7a, 10, 0, -8 * at, g.imm());
      g.slots.set(at, SCALAR);
    }
  }
  const [bits, size] = g.pick(SIZES);
  const off = bounded(g, 32 - size);
  // Stack accesses are aligned, always.
  if (size > 1 && !g.slip()) g.put(0x57, off, 0, 0, -size);
  const ptr = g.target(NONE, off);
  if (ptr === off) return;
  g.put(0xbf, ptr, 10);
  g.put(0x07, ptr, 0, 0, -8 * (first + 3));
  g.put(0x0f, ptr, off);
  g.set(ptr, NONE);
  const kind = g.below(3);
  // A store at a variable offset needs CAP_PERFMON.
  if (kind === 0 && (g.perfmon || g.slip())) g.put(0x62 | bits, ptr, 0, 0, g.imm());
  else if (kind === 1 && (g.perfmon || g.slip())) g.put(0x63 | bits, ptr, g.scalar(ptr), 0);
  else if (g.perfmon || g.slip()) {
    const dst = g.target(SCALAR);
    g.put((size < 8 && g.chance(4) ? 0x81 : 0x61) | bits, dst, ptr, 0);
    g.set(dst, SCALAR);
  }
}

/** A copy of the frame pointer with an offset. */
export function frame(g: Gen): void {
  const at = slot(g);
  const value = framePointer(-8 * at);
  const dst = g.target(value);
  if (at === 0 || g.pinned.has(dst) || g.scalarOnly.has(dst)) return;
  g.put(0xbf, dst, 10);
  g.put(0x07, dst, 0, 0, -8 * at);
  g.set(dst, value);
}

/** Loads and stores by a pointer that has room. */
export function access(g: Gen, ptr: number): void {
  const { room, before, readOnly, kind: what } = g.regs[ptr]!;
  const fits = SIZES.filter(([, size]) => size <= room + before);
  if (fits.length === 0) return;
  const [bits, size] = g.pick(fits);
  // Strict alignment is not asked for, but atomics need it.
  let off = g.below(room + before - size + 1) - before;
  if (g.slip()) off = g.pick([-1, room, -8, 4096]);
  const kind = g.below(6);
  if (kind === 0 && !readOnly) g.put(0x62 | bits, ptr, 0, off, g.imm());
  else if (kind === 1 && !readOnly) {
    const src = g.scalar(ptr);
    g.put(0x63 | bits, ptr, src, off);
  } else if (kind === 2 && !readOnly && what === 'value' && room >= 8) {
    // Only where nothing was added to the pointer is it known to be aligned.
    if (before === 0) atomic(g, ptr, 8 * g.below(room >> 3));
  } else {
    const dst = g.target(SCALAR);
    g.put((size < 8 && g.chance(5) ? 0x81 : 0x61) | bits, dst, ptr, off);
    g.set(dst, SCALAR);
  }
}

/** Arithmetic on a pointer to `ptr`, on a copy, then accesses. */
export function variable(g: Gen, ptr: number): void {
  const held = g.regs[ptr]!;
  if (held.room < 2) return;
  const room = 1 + g.below(Math.min(held.room, 64));
  const most = held.room - room;
  const off = bounded(g, most, ptr);
  const to = g.target(NONE, off, ptr);
  if (to === off || to === ptr || g.pinned.has(to) || g.scalarOnly.has(to)) return;
  g.put(0xbf, to, ptr);
  const kind = g.below(4);
  if (kind === 0 && (g.perfmon || g.slip())) {
    // There and back.
    g.put(0x07, to, 0, 0, most);
    g.put(0x1f, to, off);
  } else g.put(0x0f, to, off);
  const value = pointerTo('value', room, 0, held.readOnly);
  g.regs[to] = { ...value, before: g.below(2) === 0 ? 0 : 0 };
  for (let i = 1 + g.below(2); i > 0; i--) {
    const [bits, size] = g.pick(SIZES.filter(([, s]) => s <= room));
    const at = g.slip() ? room : g.below(room - size + 1);
    if (!held.readOnly && g.chance(3)) g.put(0x62 | bits, to, 0, at, g.imm());
    else {
      const dst = g.target(SCALAR);
      g.put((size < 8 && g.chance(4) ? 0x81 : 0x61) | bits, dst, to, at);
      g.set(dst, SCALAR);
      if (dst === to) break;
    }
  }
  if (g.regs[to]?.kind === 'value') g.set(to, NONE);
}

/** Puts the key of a map on the stack and a pointer to it in `reg`. */
export function keyOf(g: Gen, key: number, reg: number): boolean {
  const at = slot(g);
  if (at === 0) return false;
  const held = g.slots.get(at);
  if (!g.perfmon && held !== undefined && held !== 'busy' && held.kind !== 'scalar') return false;
  if (key === 8 || held === undefined || held === 'busy' || held.kind !== 'scalar') {
    g.put(0x7a, 10, 0, -8 * at, g.below(5));
    g.slots.set(at, SCALAR);
  } else if (g.chance(3)) g.put(0x63, 10, g.scalar(), -8 * at);
  else g.put(0x62, 10, 0, -8 * at, g.below(5));
  g.put(0xbf, reg, 10);
  g.put(0x07, reg, 0, 0, -8 * at);
  return true;
}

/** Compares r0 with NULL; `then` is what is done when it is not. */
export function unlessNull(g: Gen, value: Val, then: () => void): void {
  if (g.slip()) {
    g.set(0, value);
    then();
    g.set(0, NONE);
    return;
  }
  const before = g.snapshot();
  before.regs[0] = NONE;
  if (g.held === 0 && g.chance(3)) {
    const at = g.put(0x55, 0);
    g.leave();
    g.land(at);
    g.restore(before);
    g.set(0, value);
    then();
    return;
  }
  const at = g.put(0x15, 0);
  g.set(0, value);
  then();
  g.land(at);
  g.join(before);
}

/** A lookup in a map, then work with the value. */
export function mapValue(g: Gen): void {
  if (g.locked) return;
  const map = g.pick(FUZZ_MAPS.filter(({ fd }) => [1, 1, 2, 6, 7, 10].includes(fd)));
  if (!keyOf(g, map.key, 2)) return;
  g.lddw(1, 1, map.fd);
  g.put(0x85, 0, 0, 0, 1);
  g.called();
  useValue(g, pointerTo('value', map.value, 0, map.fd === MAP.RDONLY));
}

/** What is done with a pointer to a value in r0. */
export function useValue(g: Gen, value: Val): void {
  unlessNull(g, value, () => {
    if (g.chance(2)) {
      const keep = g.saved(value);
      if (keep >= 0) {
        g.put(0xbf, keep, 0);
        g.set(keep, value);
      }
    }
    for (let i = g.below(3); i >= 0; i--) {
      if (g.regs[0]!.kind !== 'value') break;
      if (g.chance(2)) access(g, 0);
      else variable(g, 0);
    }
    if (g.depth < 4 && g.chance(3)) g.body(1 + g.below(3));
  });
}

/** A value by its address (`BPF_PSEUDO_MAP_VALUE`). */
export function directValue(g: Gen): void {
  const map = g.pick(FUZZ_MAPS.filter(({ fd }) => [MAP.BIG, MAP.RDONLY].includes(fd as 6)));
  const off = g.chance(2) ? 0 : g.below(map.value);
  const value = pointerTo('value', map.value - off, off, map.fd === MAP.RDONLY);
  const dst = g.target(value);
  if (g.pinned.has(dst) || g.scalarOnly.has(dst)) return;
  g.lddw(dst, 2, map.fd, off);
  g.set(dst, value);
  if (off === 0) variable(g, dst);
  else access(g, dst);
}

/** A pointer that was kept. */
export function anyPointer(g: Gen): void {
  const ptr = g.find('value', 'key');
  if (ptr < 0) return;
  if (g.chance(2)) access(g, ptr);
  else if (g.regs[ptr]!.before === 0) variable(g, ptr);
}

/** Offsets of `data` and `data_end` in the context, and whether packets may be written; by program type. */
const PACKETS = new Map<number, readonly [data: number, end: number, meta: number, write: boolean]>([
  [3, [76, 80, 140, true]],
  [4, [76, 80, 140, true]],
  [6, [0, 4, 8, true]],
  [8, [76, 80, -1, false]],
  [12, [76, 80, -1, true]],
  [14, [76, 80, -1, true]],
]);

/** Packet bytes after a comparison with the packet's end. */
export function packet(g: Gen): void {
  const fields = PACKETS.get(g.type);
  const ctx = g.find('ctx');
  if (fields === undefined || ctx < 0) return;
  const [data, end, meta, write] = fields;
  const free: number[] = [];
  for (let reg = 0; reg < 10; reg++) if (!g.pinned.has(reg) && !g.scalarOnly.has(reg) && reg !== ctx) free.push(reg);
  if (free.length < 5) return;
  const three = [...free].sort(() => g.below(3) - 1);
  const [a, b, c] = three as [number, number, number];
  for (const reg of [a, b, c]) g.set(reg, NONE);
  const useMeta = meta >= 0 && g.chance(8);
  g.put(0x61, a, ctx, useMeta ? meta : data);
  g.put(0x61, b, ctx, useMeta ? data : end);
  const room = g.pick([1, 2, 8, 14, 20, 34, 64]);
  g.pinned.add(a).add(b);
  if (g.chance(2)) {
    const off = bounded(g, g.pick([1, 7, 15, 60, 255, 1500]));
    if (off !== a && off !== b) g.put(0x0f, a, off);
  }
  g.pinned.delete(a);
  g.pinned.delete(b);
  g.put(0xbf, c, a);
  g.put(0x07, c, 0, 0, room);
  const [op, dst, src, ok] = g.pick([
    [0x2d, c, b, false],
    [0x3d, c, b, false],
    [0xad, b, c, false],
    [0xbd, c, b, true],
    [0xad, c, b, true],
    [0x3d, b, c, true],
    [0x2d, b, c, true],
  ] as const);
  const value = pointerTo('packet', g.slip() ? room + 1 : room, 0, !write || useMeta);
  const before = g.snapshot();
  const work = (): void => {
    g.set(a, value);
    g.set(c, pointerTo('packet', 0, value.room, value.readOnly));
    g.set(b, NONE);
    access(g, a);
    if (g.regs[a] === value && g.chance(2)) access(g, a);
    if (g.regs[c]!.before > 0 && g.chance(3)) access(g, c);
    if (g.regs[a] === value && g.chance(3)) variablePacket(g, a, b);
    if (g.chance(3) && g.depth < 4) g.body(1 + g.below(3));
  };
  if (!ok) {
    const at = g.put(op, dst, src);
    work();
    g.land(at);
    g.join(before);
    return;
  }
  const at = g.put(op, dst, src);
  const skip = g.put(0x05);
  g.land(at);
  work();
  g.land(skip);
  g.join(before);
}

/** An offset read from the packet, added to the packet pointer, compared again. */
function variablePacket(g: Gen, a: number, b: number): void {
  if (g.pinned.has(b)) return;
  g.pinned.add(a).add(b);
  const off = bounded(g, g.pick([15, 60, 63]), a, b);
  const to = g.target(NONE, a, b, off);
  g.pinned.delete(a);
  g.pinned.delete(b);
  if ([a, b, off].includes(to) || g.pinned.has(to) || g.scalarOnly.has(to)) return;
  const room = 1 + g.below(20);
  g.put(0xbf, to, a);
  g.put(0x0f, to, off);
  g.put(0x07, to, 0, 0, room);
  // The end was overwritten by nothing: b still holds it.
  const at = g.put(0x2d, to, b);
  const dst = g.scalar(to, a, b);
  g.put(0x71, dst, to, -1 - g.below(room));
  g.land(at);
  g.set(to, NONE);
}

/** Fields of the context that may be read or written: offset, size, writable. */
const SKB: readonly (readonly [off: number, size: number, write: boolean])[] = [
  [0, 4, false],
  [4, 4, false],
  [16, 4, false],
  [20, 4, false],
  [24, 4, false],
  [8, 4, false],
  [48, 4, true],
  [52, 4, true],
  [64, 4, true],
];
const FIELDS = new Map<number, readonly (readonly [off: number, size: number, write: boolean])[]>([
  [1, SKB],
  [3, [...SKB, [8, 4, true], [32, 4, true], [36, 4, false], [40, 4, false]]],
  [4, [...SKB, [8, 4, true]]],
  [8, SKB],
  [
    6,
    [
      [12, 4, false],
      [16, 4, false],
    ],
  ],
  [2, Array.from({ length: 20 }, (_, i) => [i * 8, 8, false] as const)],
  [5, Array.from({ length: 12 }, (_, i) => [i * 8, 8, false] as const)],
  [7, Array.from({ length: 22 }, (_, i) => [i * 8, 8, false] as const)],
  [17, Array.from({ length: 10 }, (_, i) => [i * 8, 8, false] as const)],
]);

/** A field of the context. */
export function context(g: Gen): void {
  const ctx = g.find('ctx');
  const fields = FIELDS.get(g.type);
  if (ctx < 0) return;
  if (fields === undefined || g.slip()) {
    if (!g.slip(2) && fields === undefined && !g.chance(30)) return;
    const dst = g.target(SCALAR);
    g.put(g.pick([0x61, 0x79, 0x69]), dst, ctx, 4 * g.below(48));
    g.set(dst, SCALAR);
    return;
  }
  const [off, size, write] = g.pick(fields);
  if (write && g.chance(2)) {
    if (g.chance(2)) g.put(0x63, ctx, g.scalar(ctx), off);
    else g.put(0x62, ctx, 0, off, g.imm());
    return;
  }
  const dst = g.target(SCALAR, ctx);
  const narrow = g.chance(4);
  const bits = narrow ? g.pick([0x10, 0x08] as const) : size === 8 ? 0x18 : 0x00;
  const signed = !narrow && size === 4 && g.chance(40) ? 0x81 : 0x61;
  g.put(signed | bits, dst, ctx, narrow ? off + (bits === 0x10 ? g.below(size) : 2 * g.below(size / 2)) : off);
  g.set(dst, SCALAR);
}
