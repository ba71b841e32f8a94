/** Helpers that only read memory and compute, in the wide fuzzer. */
import { SIZES } from './random_program.ts';
import { refill, type Wide } from './wide_emit.ts';
import { RODATA, RODATA_AT } from './wide_maps.ts';

/** Helpers that only read memory and compute. */
export function pure(e: Wide): void {
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
      if (e.kind.csum !== true) return;
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
  e.result();
  refill(e);
}
