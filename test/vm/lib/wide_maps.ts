/** The maps of the wide fuzzer. */
import { BPF_MAP_TYPE as MT } from '../../../uapi/bpf.ts';
import { HEAD, LOCKED, TIMED, TYPE_IDS } from './wide_btf.ts';

/** One map a program may use. */
export interface WideMap {
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  /** Keys are made of this many numbers, in the first word. */
  readonly keys: number;
  /** Index of the map that its inner maps are like. */
  readonly inner?: number;
  /** Id of the type of its values. */
  readonly valueType?: number;
}

const NO_PREALLOC = 1;
const ZERO_SEED = 64;
export const RESULTS_MAX = 40;
/** Bytes to play with; those behind them stay zero, so that strings end. */
export const PLAY_SIZE = 128;
const RDONLY_PROG = 128;

/** Types whose values user space sees as one for each CPU. */
const PERCPU: readonly number[] = [MT.PERCPU_ARRAY, MT.PERCPU_HASH, MT.LRU_PERCPU_HASH];

export function isPercpu(type: number): boolean {
  return PERCPU.includes(type);
}

function map(type: number, keySize: number, valueSize: number, maxEntries: number, keys: number, flags = 0): WideMap {
  return { type, keySize, valueSize, maxEntries, flags, keys };
}

/** By number. Where more keys are used than there is room, updates fail. LRU maps have room, since what they give up is a matter of CPUs. */
export const WIDE_MAPS: readonly WideMap[] = [
  map(MT.ARRAY, 4, 32, 8, 10),
  map(MT.PERCPU_ARRAY, 4, 16, 4, 5),
  map(MT.HASH, 4, 24, 8, 8),
  map(MT.HASH, 12, 16, 4, 8),
  map(MT.PERCPU_HASH, 8, 16, 8, 8),
  map(MT.LRU_HASH, 4, 16, 1024, 8),
  map(MT.LRU_PERCPU_HASH, 8, 8, 1024, 8),
  map(MT.HASH, 16, 8, 8, 10, NO_PREALLOC),
  map(MT.LPM_TRIE, 8, 8, 16, 40, NO_PREALLOC),
  map(MT.QUEUE, 0, 8, 4, 0),
  map(MT.STACK, 0, 8, 4, 0),
  map(MT.PROG_ARRAY, 4, 4, 4, 6),
  { ...map(MT.ARRAY_OF_MAPS, 4, 4, 3, 4), inner: 2 },
  map(MT.ARRAY, 4, 64, 1, 1, RDONLY_PROG),
  map(MT.RINGBUF, 0, 0, 4096, 0),
  map(MT.ARRAY, 4, PLAY_SIZE + 8, 1, 1),
  { ...map(MT.HASH_OF_MAPS, 4, 4, 3, 4), inner: 0 },
  map(MT.BLOOM_FILTER, 0, 8, 16, 0, ZERO_SEED),
  { ...map(MT.ARRAY, 4, LOCKED.size, 2, 3), valueType: TYPE_IDS.locked },
  { ...map(MT.HASH, 4, TIMED.size, 4, 4), valueType: TYPE_IDS.timed },
  { ...map(MT.ARRAY, 4, HEAD.size, 2, 3), valueType: TYPE_IDS.head },
  map(MT.CPUMAP, 4, 4, 4, 6),
  map(MT.ARRAY, 4, 8 * RESULTS_MAX, 1, 1),
];

/** Numbers of maps in {@link WIDE_MAPS} by what is done with them. */
export const LOOKED_UP = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;
export const ITERATED = [0, 1, 2, 3, 4, 5, 6, 7] as const;
export const QUEUES = [9, 10] as const;
export const PROG_ARRAY = 11;
export const RODATA = 13;
export const RINGBUF = 14;
/** Memory to play with where there is no packet. */
export const PLAY = 15;
/** Maps of maps. */
export const OUTERS = [12, 16] as const;
export const BLOOM = 17;
/** Values with a lock, a timer; heads of lists and trees. */
export const LOCKS = 18;
export const TIMERS = 19;
export const HEADS = 20;
export const CPUMAP = 21;
/** Results of calls. */
export const RESULTS = 22;
/** Maps a program that may sleep can use. */
const NOT_SLEEPABLE: readonly number[] = [8, 11, 17, 21];

export function isSleepable(number: number): boolean {
  return !NOT_SLEEPABLE.includes(number);
}

/** The read-only map: texts for bpf_strncmp, bpf_snprintf and bpf_strtol. */
export const RODATA_TEXT = 'prefix\0%d %x %llu\0-0x7f zz\0';
export const RODATA_AT = { word: 0, format: 7, number: 18 } as const;

const NOT_DUMPED: readonly number[] = [PROG_ARRAY, ...OUTERS, RODATA, RINGBUF, BLOOM, CPUMAP, HEADS];

/** Maps whose elements are read afterwards: not heads of lists, which read as addresses. */
export function isDumped(number: number): boolean {
  return !NOT_DUMPED.includes(number);
}
