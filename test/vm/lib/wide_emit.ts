/** What the parts of the wide fuzzer write programs with: registers, stack slots, functions. */
import type { Random } from '../../../base/env.ts';
import { ATOMIC_OPS, Emitter, PACKET_SIZE, SCALARS, SIZES } from './random_program.ts';
import { isSleepable, PLAY, RESULTS, RESULTS_MAX } from './wide_maps.ts';
import { SLEEPABLE, type WideType } from './wide_types.ts';

/** Kernel functions and types of the kernel that programs name: resolved where they are loaded. */
export const KFUNCS = [
  ...['bpf_iter_num_new', 'bpf_iter_num_next', 'bpf_iter_num_destroy', 'bpf_throw', 'bpf_rdonly_cast'],
  ...['bpf_dynptr_from_skb', 'bpf_dynptr_from_xdp', 'bpf_dynptr_size', 'bpf_dynptr_is_null', 'bpf_dynptr_is_rdonly'],
  ...['bpf_dynptr_adjust', 'bpf_dynptr_memset', 'bpf_dynptr_slice', 'bpf_dynptr_copy', 'bpf_dynptr_clone'],
  ...['bpf_strlen', 'bpf_strnlen', 'bpf_strcmp', 'bpf_strcasecmp', 'bpf_strspn', 'bpf_strcspn', 'bpf_strstr'],
  ...['bpf_strnstr', 'bpf_strchr', 'bpf_strchrnul', 'bpf_strrchr'],
  ...['bpf_iter_bits_new', 'bpf_iter_bits_next', 'bpf_iter_bits_destroy'],
  ...['bpf_rcu_read_lock', 'bpf_rcu_read_unlock', 'bpf_preempt_disable', 'bpf_preempt_enable'],
  ...['bpf_local_irq_save', 'bpf_local_irq_restore'],
  ...['bpf_obj_new_impl', 'bpf_obj_drop_impl', 'bpf_refcount_acquire_impl', 'bpf_rbtree_add_impl'],
  ...['bpf_list_push_front_impl', 'bpf_list_push_back_impl', 'bpf_list_pop_front', 'bpf_list_pop_back'],
  ...['bpf_rbtree_first', 'bpf_rbtree_root', 'bpf_rbtree_remove', 'bpf_rbtree_left', 'bpf_rbtree_right'],
];
export const KTYPES = ['timespec64'];

export const FP = 10;

export const CTX_SLOT = -80;

export const KEY = -96;

export const ITER = -104;

export const SLOTS = 8;

/** Registers a call leaves alone, that hold scalars. */
export const KEPT = [7, 8];

/** A kind of function that is called. */
export type FuncKind = 'less' | 'timer' | 'memory' | 'leaf' | 'tail' | 'loopBody' | 'visit' | 'visitSum' | 'thrower';

export interface Func {
  readonly kind: FuncKind;
  /** Bytes of memory r1 points at. */
  readonly size: number;
  /** For visitors: the map. */
  readonly map: number;
  /** How deep it is called. */
  readonly level: number;
}

export class Wide extends Emitter {
  readonly kind: WideType;
  readonly maps: Set<number>;
  readonly usesTail: boolean;
  readonly typeIds: [number, number][] = [];
  /** Functions to be written, and the places that name them. */
  readonly funcs: Func[] = [];
  readonly uses: [insn: number, func: number, isCall: boolean][] = [];
  /** Bytes behind r6. */
  size = PACKET_SIZE;
  inMain = true;
  /** Results kept so far, or -1. */
  results = -1;
  level = 0;
  /** Loops around what is written. */
  loops = 0;

  constructor(random: Random, kind: WideType, maps: Set<number>, usesTail: boolean) {
    super(random);
    this.kind = kind;
    this.maps = maps;
    this.usesTail = usesTail;
  }

  chance(one: number): boolean {
    return this.below(one) === 0;
  }

  mov(dst: number, src: number): void {
    this.put(0xbf, dst, src);
  }

  addImm(dst: number, imm: number): void {
    this.put(0x07, dst, 0, 0, imm);
  }

  /** dst = r10 + off. */
  stack(dst: number, off: number): void {
    this.mov(dst, FP);
    this.addImm(dst, off);
  }

  /** One of these maps, that programs of the type can use. */
  drawMap(numbers: readonly number[]): number {
    const number = this.pick(numbers);
    return this.kind.flags === SLEEPABLE && !isSleepable(number) ? 0 : number;
  }

  map(dst: number, number: number): void {
    this.maps.add(number);
    this.put(0x18, dst, 1, 0, number);
    this.put(0);
  }

  mapValue(dst: number, number: number, off: number): void {
    this.maps.add(number);
    this.put(0x18, dst, 2, 0, number);
    this.put(0, 0, 0, 0, off);
  }

  helper(id: number): void {
    this.put(0x85, 0, 0, 0, id);
  }

  kfunc(name: string): void {
    const index = KFUNCS.indexOf(name);
    if (index < 0) throw new Error(`No kernel function ${name} in KFUNCS`);
    this.put(0x85, 0, 2, 0, index);
  }

  ctx(dst: number): void {
    this.put(0x79, dst, FP, CTX_SLOT);
  }

  /** Where a jump that is filled in later stands. */
  jump(op: number, dst = 0, src = 0, imm = 0): number {
    this.put(op, dst, src, 0, imm);
    return this.words.length - 1;
  }

  /** The jump goes to here. */
  land(jump: number): void {
    const distance = this.words.length - jump - 1;
    if (this.words[jump]![0] === 0x06) this.words[jump]![4] = distance;
    else this.words[jump]![3] = distance;
  }

  /** What a call returned: into r8, or, when results are kept, one by one into a map. */
  result(): void {
    if (this.results >= 0 && this.results < RESULTS_MAX) {
      this.mapValue(1, RESULTS, 8 * this.results++);
      this.put(0x7b, 1, 0);
    } else this.put(0xaf, 8, 0);
  }

  /** Names a function: a call, or its address in a register. */
  use(kind: FuncKind, register: number, size: number, map = 0): void {
    const same = this.funcs.findIndex(
      (f) => f.kind === kind && f.size === size && f.map === map && f.level === this.level + 1,
    );
    let func = same;
    if (same < 0 || (this.funcs.length < 5 && this.chance(2))) {
      func = this.funcs.push({ kind, size, map, level: this.level + 1 }) - 1;
    }
    this.uses.push([this.words.length, func, register < 0]);
    if (register < 0) this.put(0x85, 0, 1);
    else {
      this.put(0x18, register, 4);
      this.put(0);
    }
  }
}

/** Scalars for the registers a call has taken, and for r0 when asked. */
export function refill(e: Wide, from = 1): void {
  for (let reg = from; reg <= 5; reg++) {
    const [bits, size] = e.pick(SIZES);
    if (e.chance(4)) e.movImm(reg, e.imm());
    else e.put(0x61 | bits, reg, 6, offset(e, size));
  }
}

/** Where in r6's memory: anywhere in a packet, aligned in a stack. */
function offset(e: Wide, size: number): number {
  return e.size === PACKET_SIZE && e.kind.packet !== undefined
    ? e.below(e.size - size + 1)
    : size * e.below(e.size / size);
}

/** The packet again after something moved it: the program ends when it became too short. */
export function reload(e: Wide): void {
  const { packet } = e.kind;
  if (packet === undefined) {
    e.mapValue(6, PLAY, 0);
    refill(e);
    return;
  }
  const [data, end] = packet;
  e.ctx(1);
  e.put(0x61, 6, 1, data);
  e.put(0x61, 1, 1, end);
  e.mov(2, 6);
  e.addImm(2, PACKET_SIZE);
  const ok = e.jump(0xbd, 2, 1);
  e.mov(0, 7);
  e.put(0x95);
  e.land(ok);
  refill(e);
}

/** Loads and stores of r6's memory and of the stack. */
export function memory(e: Wide): void {
  const [bits, size] = e.pick(SIZES);
  const reg = e.pick(SCALARS);
  const ours = e.chance(2);
  const base = ours ? 6 : FP;
  const off = ours ? offset(e, size) : -8 * (1 + e.below(SLOTS)) + size * e.below(8 / size);
  const kind = e.below(5);
  if (kind === 0) e.put(0x61 | bits, reg, base, off);
  else if (kind === 1 && size < 8) e.put(0x81 | bits, reg, base, off);
  else if (kind === 2) e.put(0x62 | bits, base, 0, off, e.imm());
  else if (kind === 3 && !ours) variableStack(e, reg, bits, size);
  else e.put(0x63 | bits, base, reg, off);
}

/** A stack slot whose number is only known at run time is read. */
function variableStack(e: Wide, reg: number, bits: number, size: number): void {
  const at = reg === 8 ? 7 : 8;
  e.put(0x57, at, 0, 0, 64 - size);
  e.addImm(at, -64);
  e.put(0x0f, at, FP);
  e.put(0x61 | bits, reg, at, 0);
  e.movImm(at, e.imm());
}

/** Atomics at a register plus an offset that is a multiple of 8. */
export function atomicAt(e: Wide, base: number, off: number, regs: readonly number[]): void {
  const [bits, size] = e.pick(SIZES);
  const part = off + size * e.below(8 / size);
  const kind = e.below(8);
  if (kind === 0) e.put(0xc3 | bits, e.pick(regs), base, part, 0x100);
  else if (kind === 1) e.put(0xc3 | bits, base, e.pick(regs), part, 0x110);
  else e.put(e.chance(2) ? 0xdb : 0xc3, base, e.pick(regs), off, e.pick(ATOMIC_OPS));
}
