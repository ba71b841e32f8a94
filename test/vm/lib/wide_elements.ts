/** Elements of maps in the wide fuzzer: looked up, changed, visited; tail calls, ring buffers. */
import { SIZES } from './random_program.ts';
import { atomicAt, FP, KEPT, KEY, refill, SLOTS, type Wide } from './wide_emit.ts';
import { BLOOM, ITERATED, LOOKED_UP, OUTERS, PROG_ARRAY, QUEUES, RINGBUF, WIDE_MAPS } from './wide_maps.ts';
import { SLEEPABLE } from './wide_types.ts';

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
export function lookup(e: Wide): void {
  const inner = e.chance(8);
  const outer = e.pick(OUTERS);
  const number = inner ? outer : e.drawMap(LOOKED_UP);
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
    const map = WIDE_MAPS[outer]!.inner!;
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
  useValue(e, WIDE_MAPS[inner ? WIDE_MAPS[outer]!.inner! : number]!.valueSize);
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

export function update(e: Wide): void {
  const number = e.drawMap(LOOKED_UP);
  key(e, number);
  e.map(1, number);
  e.stack(3, -64);
  updateFlags(e, 4);
  e.helper(2);
  e.result();
  refill(e);
}

export function remove(e: Wide): void {
  const number = e.drawMap(LOOKED_UP);
  key(e, number);
  e.map(1, number);
  e.helper(3);
  if (e.chance(2)) e.result();
  refill(e);
}

export function queue(e: Wide): void {
  // A bloom filter is pushed to and peeked at.
  const bloom = e.kind.flags !== SLEEPABLE && e.chance(3);
  e.map(1, bloom ? BLOOM : e.pick(QUEUES));
  e.stack(2, -8 * (1 + e.below(SLOTS)));
  const id = e.pick(bloom ? [87, 89] : [87, 87, 88, 89]);
  if (id === 87) updateFlags(e, 3);
  e.helper(id);
  if (e.chance(2)) e.result();
  refill(e);
}

/** A callback for every element; where the order is not known it only adds up. */
export function forEach(e: Wide): void {
  const number = e.drawMap(ITERATED);
  e.map(1, number);
  e.use(number < 2 ? 'visit' : 'visitSum', 2, 64, number);
  e.stack(3, -64);
  e.movImm(4, e.chance(10) ? 1 : 0);
  e.helper(164);
  refill(e);
}

export function bpfLoop(e: Wide): void {
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

export function tailCall(e: Wide): void {
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

export function ringbuf(e: Wide): void {
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
