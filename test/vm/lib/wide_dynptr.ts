/** Dynptrs in the wide fuzzer: over a map's value, a ring buffer, a packet. */
import { FP, KEPT, refill, reload, type Wide } from './wide_emit.ts';
import { PLAY, RINGBUF } from './wide_maps.ts';
import { XDP_TYPE } from './wide_types.ts';

/** Stack slots of two dynptrs, 16 bytes each. */
const PTR = -128;
const CLONE = -144;

const HUGE = [-1, 0x7fffffff, -0x80000000];

/** An offset or a length: small, or too large. */
function amount(e: Wide, limit: number): number {
  return e.chance(12) ? e.pick(HUGE) : e.below(limit);
}

/** A piece of memory in r0, or NULL: read, or written when it `written`. */
function piece(e: Wide, size: number, written: boolean): void {
  const none = e.jump(0x15, 0);
  e.put(0x71, 7, 0, e.below(size));
  if (written) e.put(0x73, 0, 8, e.below(size));
  e.land(none);
  e.movImm(0, e.imm());
}

type Use = (e: Wide, ptr: number) => void;

/** Calls on the dynptr at `ptr` of the stack. */
const USES: readonly Use[] = [
  (e, ptr) => {
    e.stack(1, -64);
    e.movImm(2, 1 + e.below(64));
    e.stack(3, ptr);
    e.movImm(4, amount(e, 80));
    e.movImm(5, e.chance(8) ? 1 : 0);
    e.helper(201);
  },
  (e, ptr) => {
    e.stack(1, ptr);
    e.movImm(2, amount(e, 80));
    e.stack(3, -64);
    e.movImm(4, 1 + e.below(64));
    e.movImm(5, e.chance(6) ? e.below(4) : 0);
    e.helper(202);
  },
  (e, ptr) => {
    const size = 8 * (1 + e.below(4));
    e.stack(1, ptr);
    e.movImm(2, amount(e, 60));
    e.movImm(3, size);
    e.helper(203);
    piece(e, size, true);
  },
  (e, ptr) => {
    e.stack(1, ptr);
    const name = e.pick(['bpf_dynptr_size', 'bpf_dynptr_is_null', 'bpf_dynptr_is_rdonly']);
    e.kfunc(name);
    // Of a bool the kernel sets 8 bits.
    if (name !== 'bpf_dynptr_size') e.put(0x57, 0, 0, 0, 255);
  },
  (e, ptr) => {
    e.stack(1, ptr);
    e.movImm(2, amount(e, 40));
    e.movImm(3, amount(e, 90));
    e.kfunc('bpf_dynptr_adjust');
  },
  (e, ptr) => {
    e.stack(1, ptr);
    e.movImm(2, amount(e, 80));
    e.movImm(3, amount(e, 70));
    e.movImm(4, e.imm());
    e.kfunc('bpf_dynptr_memset');
  },
  (e, ptr) => {
    const size = 1 + e.below(32);
    e.stack(1, ptr);
    e.movImm(2, amount(e, 80));
    if (e.chance(3)) e.movImm(3, 0);
    else e.stack(3, -64);
    e.movImm(4, size);
    e.kfunc('bpf_dynptr_slice');
    piece(e, size, false);
  },
];

/** Calls that a dynptr over a ring buffer's record is not given to. */
const MORE_USES: readonly Use[] = [
  ...USES,
  (e, ptr) => {
    e.stack(1, ptr);
    e.movImm(2, amount(e, 40));
    e.stack(3, ptr);
    e.movImm(4, amount(e, 40));
    e.movImm(5, amount(e, 60));
    e.kfunc('bpf_dynptr_copy');
  },
  (e, ptr) => {
    e.stack(1, ptr);
    e.stack(2, CLONE);
    e.kfunc('bpf_dynptr_clone');
    e.result();
    e.pick(USES)(e, CLONE);
  },
];

function use(e: Wide, isRing: boolean): void {
  e.pick(isRing ? USES : MORE_USES)(e, PTR);
  e.result();
}

/** A dynptr is made and used a few times. */
export function dynptr(e: Wide): void {
  const kind = e.below(4);
  const isPacket = kind < 2 && (e.kind.loads === true || e.kind === XDP_TYPE) && e.kind.dynptrs !== false;
  if (isPacket) {
    e.ctx(1);
    e.movImm(2, e.chance(8) ? 1 : 0);
    e.stack(3, PTR);
    e.kfunc(e.kind === XDP_TYPE ? 'bpf_dynptr_from_xdp' : 'bpf_dynptr_from_skb');
  } else if (kind === 2) {
    e.map(1, RINGBUF);
    if (e.chance(3)) {
      e.mov(2, e.pick(KEPT));
      e.put(0x57, 2, 0, 0, 0xfff);
    } else e.movImm(2, e.pick([0, 1, 8, 63, 64, 100, 2000, 5000]));
    e.movImm(3, 0);
    e.stack(4, PTR);
    e.helper(198);
  } else {
    e.mapValue(1, PLAY, e.below(8));
    e.movImm(2, 1 + e.below(100));
    e.movImm(3, e.chance(8) ? 1 : 0);
    e.stack(4, PTR);
    e.helper(197);
  }
  e.result();
  for (let i = 1 + e.below(4); i > 0; i--) use(e, kind === 2);
  if (kind === 2) {
    e.stack(1, PTR);
    e.movImm(2, e.pick([0, 1, 2]));
    e.helper(e.pick([199, 200]));
  }
  e.put(0x79, 0, FP, -64);
  if (isPacket) reload(e);
  else refill(e);
}
