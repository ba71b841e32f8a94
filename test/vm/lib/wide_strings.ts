/** Kernel functions on strings, open-coded iterators over bits, sections without preemption, in the wide fuzzer. */
import { FP, refill, type Wide } from './wide_emit.ts';
import { PLAY, RODATA } from './wide_maps.ts';

const ONE = ['bpf_strlen'];
const TWO = ['bpf_strcmp', 'bpf_strcasecmp', 'bpf_strspn', 'bpf_strcspn', 'bpf_strstr'];
const CHAR = ['bpf_strchr', 'bpf_strchrnul', 'bpf_strrchr'];

/** A string somewhere: text of the program, memory without an end, or no memory at all. */
function text(e: Wide, reg: number): void {
  const kind = e.below(8);
  if (kind < 5) e.mapValue(reg, RODATA, e.below(32));
  else if (kind < 7) e.mapValue(reg, PLAY, e.below(64));
  else e.movImm(reg, e.pick([0, 16]));
}

export function strings(e: Wide): void {
  text(e, 1);
  switch (e.below(4)) {
    case 0:
      e.kfunc(e.pick(ONE));
      break;
    case 1:
      text(e, 2);
      e.kfunc(e.pick(TWO));
      break;
    case 2:
      e.movImm(2, e.pick([0, 32, 37, 0x70, 0x178, e.below(256)]));
      e.kfunc(e.pick(CHAR));
      break;
    default:
      if (e.chance(2)) {
        e.movImm(2, e.pick([0, 1, 3, 7, 64, -1]));
        e.kfunc('bpf_strnlen');
      } else {
        text(e, 2);
        e.movImm(3, e.pick([0, 1, 3, 7, 64, -1]));
        e.kfunc('bpf_strnstr');
      }
  }
  e.result();
  refill(e);
}

const BITS = -144;

/** Goes over the bits of some words: of the stack, or of no memory. */
export function bits(e: Wide, inner: () => void): void {
  e.stack(1, BITS);
  if (e.chance(6)) e.movImm(2, 16);
  else e.stack(2, -8 * (1 + e.below(8)));
  e.movImm(3, e.pick([1, 1, 1, 0, 600]));
  e.kfunc('bpf_iter_bits_new');
  e.result();
  const top = e.words.length;
  e.stack(1, BITS);
  e.kfunc('bpf_iter_bits_next');
  const out = e.jump(0x15, 0);
  e.put(0x61, 0, 0, 0);
  e.put(0x7b, FP, 0, -8);
  refill(e);
  inner();
  e.put(0x05, 0, 0, top - e.words.length - 1);
  e.land(out);
  e.stack(1, BITS);
  e.kfunc('bpf_iter_bits_destroy');
  e.movImm(0, e.imm());
  refill(e);
}

const SECTIONS = [
  ['bpf_rcu_read_lock', 'bpf_rcu_read_unlock'],
  ['bpf_preempt_disable', 'bpf_preempt_enable'],
  ['bpf_local_irq_save', 'bpf_local_irq_restore'],
] as const;
const IRQ_FLAGS = -152;

/** Something done where nothing may interrupt it. */
export function section(e: Wide, inner: () => void): void {
  const [begin, end] = e.pick(SECTIONS);
  const call = (name: string): void => {
    if (begin === 'bpf_local_irq_save') e.stack(1, IRQ_FLAGS);
    e.kfunc(name);
    e.movImm(0, e.imm());
    refill(e);
  };
  call(begin);
  inner();
  call(end);
}
