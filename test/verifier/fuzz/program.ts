/** Programs of the fuzzers: what they are made of, the maps and types they refer to, their bytes. */
import { BtfBuilder } from '../../../btf/build.ts';

/** One instruction. */
export type Word = readonly [op: number, dst: number, src: number, off: number, imm: number];

/** What a function is to the program's BTF. */
export type FuncKind = 'main' | 'static' | 'globalScalar' | 'globalMem';

/** A program to be loaded. Map descriptors stand for {@link FUZZ_MAPS}, ids of kfuncs for {@link KFUNCS}. */
export interface FuzzProgram {
  readonly type: number;
  readonly attachType: number;
  /** Loaded with CAP_PERFMON (and CAP_SYS_ADMIN). */
  readonly perfmon: boolean;
  /** Flags of PROG_LOAD. */
  readonly flags: number;
  readonly words: readonly Word[];
  /** Where functions begin, in order; the first is 0. Undefined: the program brings no BTF. */
  readonly funcs: readonly { readonly start: number; readonly kind: FuncKind }[] | undefined;
}

/** A map programs refer to by the number in their instructions. */
export interface FuzzMap {
  readonly fd: number;
  readonly type: number;
  readonly key: number;
  readonly value: number;
  readonly max: number;
  readonly flags: number;
  /** Type of the value in {@link FUZZ_BTF}, 0: none. */
  readonly btfValue: number;
  /** The map (by number) that is the template of a map of maps. */
  readonly inner: number;
}

function fuzzBtf() {
  const b = new BtfBuilder();
  const int = b.int('int', 4, 1);
  const u64 = b.int('u64', 8);
  const lock = b.struct('bpf_spin_lock', 4, [['val', int, 0]]);
  const locked = b.struct('locked', 48, [
    ['count', int, 0],
    ['lock', lock, 32],
    ['data', b.array(u64, int, 5), 64],
  ]);
  const mem = b.struct('mem', 16, [
    ['a', u64, 0],
    ['b', u64, 64],
  ]);
  const ctx = b.ptr(0);
  const main = b.func('prog', b.proto(int, [['ctx', ctx]]), 1);
  const statics = Array.from({ length: 8 }, (_, i) =>
    b.func(
      `sub${i}`,
      b.proto(int, [
        ['a', u64],
        ['b', u64],
      ]),
      0,
    ),
  );
  const scalars = Array.from({ length: 4 }, (_, i) =>
    b.func(
      `glob${i}`,
      b.proto(int, [
        ['a', int],
        ['b', u64],
      ]),
      1,
    ),
  );
  const pointer = b.ptr(mem);
  const mems = Array.from({ length: 4 }, (_, i) =>
    b.func(
      `gmem${i}`,
      b.proto(int, [
        ['p', pointer],
        ['n', int],
      ]),
      1,
    ),
  );
  return {
    bytes: b.bytes(),
    int,
    locked,
    funcs: { main: [main], static: statics, globalScalar: scalars, globalMem: mems } satisfies Record<
      FuncKind,
      number[]
    >,
  };
}

/** The BTF of all programs and maps. */
export const FUZZ_BTF = fuzzBtf();

function map(fd: number, type: number, key: number, value: number, max: number, more: Partial<FuzzMap> = {}): FuzzMap {
  return { fd, type, key, value, max, flags: 0, btfValue: 0, inner: 0, ...more };
}

/** Numbers of the maps. */
export const MAP = {
  ARRAY: 1,
  HASH: 2,
  LOCKED: 3,
  RINGBUF: 4,
  PROGS: 5,
  BIG: 6,
  RDONLY: 7,
  QUEUE: 8,
  OUTER: 9,
  PERCPU: 10,
  EVENTS: 11,
} as const;

/** The maps. Their types: include/uapi/linux/bpf.h. */
export const FUZZ_MAPS: readonly FuzzMap[] = [
  map(MAP.ARRAY, 2, 4, 16, 4),
  map(MAP.HASH, 1, 8, 48, 4),
  map(MAP.LOCKED, 2, 4, 48, 2, { btfValue: FUZZ_BTF.locked }),
  map(MAP.RINGBUF, 27, 0, 0, 4096),
  map(MAP.PROGS, 3, 4, 4, 4),
  map(MAP.BIG, 2, 4, 4096, 1),
  // BPF_F_RDONLY_PROG
  map(MAP.RDONLY, 2, 4, 32, 1, { flags: 0x80 }),
  map(MAP.QUEUE, 22, 0, 8, 4),
  map(MAP.OUTER, 12, 4, 4, 2, { inner: MAP.ARRAY }),
  map(MAP.PERCPU, 6, 4, 24, 2),
  map(MAP.EVENTS, 4, 4, 4, 2),
];

/**
 * The number of the map a program means: a prog array is for one kind of program, the first
 * that uses it, so each kind has its own.
 */
export function mapNumber(program: FuzzProgram, fd: number): number {
  return fd === MAP.PROGS ? 1000 + program.type * 100 + program.attachType : fd;
}

/** Kernel functions programs call, by the number in their instructions. */
export const KFUNCS = [
  'bpf_iter_num_new',
  'bpf_iter_num_next',
  'bpf_iter_num_destroy',
  'bpf_rcu_read_lock',
  'bpf_rcu_read_unlock',
  'bpf_preempt_disable',
  'bpf_preempt_enable',
  'bpf_local_irq_save',
  'bpf_local_irq_restore',
  'bpf_dynptr_size',
  'bpf_dynptr_is_null',
  'bpf_dynptr_is_rdonly',
  'bpf_dynptr_adjust',
  'bpf_dynptr_clone',
  'bpf_dynptr_slice',
  'bpf_dynptr_from_skb',
  'bpf_dynptr_from_xdp',
  'bpf_cast_to_kern_ctx',
] as const;
export type KfuncName = (typeof KFUNCS)[number];

const OP_LDDW = 0x18;
const OP_CALL = 0x85;
const PSEUDO_MAP_FD = 1;
const PSEUDO_MAP_VALUE = 2;
const PSEUDO_FUNC = 4;
const PSEUDO_CALL = 1;
const PSEUDO_KFUNC = 2;

/** Whether a word is the second half of a lddw. */
export function isSecondHalf(words: readonly Word[], at: number): boolean {
  return at > 0 && words[at - 1]![0] === OP_LDDW && !isSecondHalf(words, at - 1);
}

/** The bytes of a program; `maps` and `kfuncs` give the descriptor and id for a number. */
export function encode(
  words: readonly Word[],
  maps: (fd: number) => number = (fd) => fd,
  kfuncs: (index: number) => number = (index) => index,
): Uint8Array {
  const bytes = new Uint8Array(words.length * 8);
  const view = new DataView(bytes.buffer);
  let second = false;
  words.forEach(([op, dst, src, off, imm], i) => {
    let value = imm;
    if (!second && op === OP_LDDW && (src === PSEUDO_MAP_FD || src === PSEUDO_MAP_VALUE)) value = maps(imm);
    else if (!second && op === OP_CALL && src === PSEUDO_KFUNC) value = kfuncs(imm);
    second = !second && op === OP_LDDW;
    view.setUint8(i * 8, op);
    view.setUint8(i * 8 + 1, dst | (src << 4));
    view.setInt16(i * 8 + 2, off, true);
    view.setInt32(i * 8 + 4, value, true);
  });
  return bytes;
}

/** The words of bytes, as {@link encode} wrote them. */
export function decode(bytes: Uint8Array): Word[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 3 }, (_, i): Word => {
    const regs = view.getUint8(i * 8 + 1);
    return [view.getUint8(i * 8), regs & 15, regs >> 4, view.getInt16(i * 8 + 2, true), view.getInt32(i * 8 + 4, true)];
  });
}

/** How far an instruction points: a jump, a call or address of a function; undefined: it does not. */
function distance([op, , src, off, imm]: Word): number | undefined {
  if (op === OP_CALL) return src === PSEUDO_CALL ? imm : undefined;
  if (op === OP_LDDW) return src === PSEUDO_FUNC ? imm : undefined;
  const cls = op & 7;
  if ((cls !== 5 && cls !== 6) || op === 0x95) return undefined;
  return op === 0x06 ? imm : off;
}

function withDistance([op, dst, src, off, imm]: Word, far: number): Word {
  return op === OP_CALL || op === OP_LDDW || op === 0x06 ? [op, dst, src, off, far] : [op, dst, src, far, imm];
}

/** The program without instruction `at`, both halves of a lddw; jumps go where they went. */
export function without(program: FuzzProgram, at: number): FuzzProgram {
  const { words, funcs } = program;
  const count = words[at]![0] === OP_LDDW ? 2 : 1;
  const moved = (i: number): number => (i > at ? Math.max(at, i - count) : i);
  const left = words.flatMap((word, i) => {
    if (i >= at && i < at + count) return [];
    const far = isSecondHalf(words, i) ? undefined : distance(word);
    if (far === undefined) return [word];
    return [withDistance(word, moved(i + 1 + far) - moved(i) - 1)];
  });
  const starts = funcs?.map(({ start, kind }) => ({ start: moved(start), kind }));
  return {
    ...program,
    words: left,
    funcs: starts?.filter(({ start }, i) => start < left.length && start !== starts[i + 1]?.start),
  };
}

/** func_info records of a program: (instruction, type) pairs. */
export function funcInfo({ funcs }: FuzzProgram): Uint8Array {
  const used: Record<string, number> = {};
  const list = funcs ?? [];
  const out = new DataView(new ArrayBuffer(list.length * 8));
  list.forEach(({ start, kind }, i) => {
    const ids = FUZZ_BTF.funcs[kind];
    const n = used[kind] ?? 0;
    used[kind] = n + 1;
    out.setUint32(i * 8, start, true);
    out.setUint32(i * 8 + 4, ids[n % ids.length]!, true);
  });
  return new Uint8Array(out.buffer);
}
