/** The maps of the wide fuzzer. */
import { BPF_MAP_TYPE as MT } from '../../../uapi/bpf.ts';

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
}

const NO_PREALLOC = 1;
const RDONLY_PROG = 128;

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
];

/** Numbers of maps in {@link WIDE_MAPS} by what is done with them. */
export const LOOKED_UP = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;
export const ITERATED = [0, 1, 2, 3, 4, 5, 6, 7] as const;
export const QUEUES = [9, 10] as const;
export const PROG_ARRAY = 11;
export const OUTER = 12;
export const RODATA = 13;
export const RINGBUF = 14;

/** The read-only map: texts for bpf_strncmp, bpf_snprintf and bpf_strtol. */
export const RODATA_TEXT = 'prefix\0%d %x %llu\0-0x7f zz\0';
export const RODATA_AT = { word: 0, format: 7, number: 18 } as const;

/** Maps whose elements are read afterwards. */
export function isDumped(number: number): boolean {
  return number !== PROG_ARRAY && number !== OUTER && number !== RODATA && number !== RINGBUF;
}
