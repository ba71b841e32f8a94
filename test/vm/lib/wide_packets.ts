/** Packets and their contexts in the wide fuzzer. */

import { SIZES } from './random_program.ts';
import { FP, KEPT, refill, reload, type Wide } from './wide_emit.ts';
import { CPUMAP } from './wide_maps.ts';

/** Bytes of the packet at a place that is only known at run time. */
export function variablePacket(e: Wide): void {
  const [bits, size] = e.pick(SIZES);
  e.ctx(1);
  e.put(0x61, 1, 1, e.kind.packet?.[1] ?? 0);
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

/** Helpers on packets of tc programs. */
export function skbHelper(e: Wide): void {
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
  e.result();
  reload(e);
}

/** Helpers on XDP frames. */
export function xdpHelper(e: Wide): void {
  e.ctx(1);
  switch (e.below(7)) {
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
    case 5:
      e.map(1, CPUMAP);
      e.movImm(2, e.below(6));
      e.movImm(3, e.pick([0, 1, 2, 3, 4, 8, 16]));
      e.helper(51);
      break;
    default:
      e.movImm(1, 1);
      e.movImm(2, e.pick([0, 1]));
      e.helper(23);
  }
  e.result();
  reload(e);
}

export function context(e: Wide): void {
  const { fields } = e.kind;
  if (fields.length === 0) return;
  e.ctx(1);
  const [off, size, written] = e.pick(fields);
  const bits = size === 8 ? 0x18 : size === 1 ? 0x10 : 0;
  if (written && e.chance(2)) e.put(0x63 | bits, 1, 8, off);
  else if (size === 4 && e.kind.loads === true && e.chance(3)) {
    const [narrow, bytes] = e.pick(SIZES.slice(0, 3));
    e.put(0x61 | narrow, 7, 1, off + bytes * e.below(4 / bytes));
  } else e.put(0x61 | bits, 7, 1, off);
  e.put(0x79, 1, FP, -8);
}

/** Copies bytes of a socket buffer to the stack. */
export function skbLoad(e: Wide): void {
  e.ctx(1);
  const relative = e.chance(2) && e.kind.relative === true;
  e.mov(2, e.pick(KEPT));
  e.put(0x57, 2, 0, 0, 127);
  e.stack(3, -64);
  e.movImm(4, 1 + e.below(64));
  if (relative) e.movImm(5, e.below(2));
  e.helper(relative ? 68 : 26);
  e.result();
  refill(e);
}

/** Bytes of the packet the old way; beyond its end the program ends with 0. */
export function loadAbs(e: Wide): void {
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
