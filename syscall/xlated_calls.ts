/**
 * Calls as the kernel rewrites them (`do_misc_fixups`, `optimize_bpf_loop`,
 * `map_gen_lookup` of the map types), and what it puts before a program.
 */
import type { BpfMap } from '../maps/map.ts';
import { BPF_F_MAP, BPF_MAP_TYPE, BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { E2BIG } from '../uapi/errno.ts';
import type { InsnAux } from '../vm/verifier/types.ts';
import type { Frames, XlateInput } from './xlated.ts';
import { leading, raw, type Xinsn } from './xlated_patch.ts';

const CALL = 0x85;
const JA = 0x05;
const AX = 11;
const FP = 10;
const T = BPF_MAP_TYPE;
const PT = BPF_PROG_TYPE;
const HELPER_LOOKUP = 1;
const HELPER_SMP_ID = 8;
const HELPER_SK_STORAGE_GET = 107;
const HELPER_JIFFIES64 = 118;
const HELPER_INODE_STORAGE_GET = 145;
const HELPER_TASK_STORAGE_GET = 156;
const HELPER_LOOP = 181;
const HELPER_CGRP_STORAGE_GET = 210;
const STORAGE_GET: ReadonlySet<number> = new Set([
  HELPER_SK_STORAGE_GET,
  HELPER_INODE_STORAGE_GET,
  HELPER_TASK_STORAGE_GET,
  HELPER_CGRP_STORAGE_GET,
]);
const GFP_ATOMIC = 0x820;
const GFP_KERNEL = 0xcc0;
const MAX_LOOPS = 8 * 1024 * 1024;
const MAX_TIMED_LOOPS = 0xffff;
/** Offsets in `struct bpf_array` and in the elements of a hash table, as in the kernel recorded. */
const ARRAY_VALUE = 312;
const HTAB_KEY = 48;
const LRU_REF = 35;
/** Where `xsk_map` has its sockets. */
const XSK_SOCKS = 304;
/** Addresses of `cpu_number` in the per-CPU area and of `jiffies`, as in the kernel recorded. */
const CPU_NUMBER = -0x7c4f1fcc;
const JIFFIES = -0x7cff6680;

/** What a call of a helper is replaced by; undefined: it stays. */
export function callReplacement(
  insn: Xinsn,
  aux: InsnAux,
  input: XlateInput,
  frames: Frames,
): (Uint8Array | Xinsn)[] | undefined {
  const id = insn.imm;
  if (id === HELPER_LOOKUP) return lookup(aux, input);
  if (id === HELPER_SMP_ID) return [raw(0xb7, 0, 0, 0, CPU_NUMBER), raw(0xbf, 0, 0, -1, 0), raw(0x61, 0, 0, 0, 0)];
  if (id === HELPER_JIFFIES64) return [raw(0x18, 0, 0, 0, JIFFIES), raw(0, 0, 0, 0, -1), raw(0x79, 0, 0, 0, 0)];
  if (STORAGE_GET.has(id)) return [raw(0xb7, 5, 0, 0, input.sleepable ? GFP_KERNEL : GFP_ATOMIC), insn.bytes.slice()];
  if (id === HELPER_LOOP && aux.loopCallback >= 0) return inlineLoop(aux.loopCallback, insn.index, frames);
  return undefined;
}

/** bpf_loop as a loop, with r6 to r8 kept below the stack of the function. */
function inlineLoop(callback: number, index: number, frames: Frames): (Uint8Array | Xinsn)[] {
  const base = -(frames.depth(index) + 24);
  frames.inlined.add(frames.of(index)?.start ?? 0);
  const saved = [6, 7, 8];
  return [
    raw(0xb5, 1, 0, 2, MAX_LOOPS),
    raw(0xb4, 0, 0, 0, -E2BIG),
    raw(JA, 0, 0, 16, 0),
    ...saved.map((reg, i) => raw(0x7b, FP, reg, base + 8 * i, 0)),
    raw(0xbf, 6, 1, 0, 0),
    raw(0xb4, 7, 0, 0, 0),
    raw(0xbf, 8, 3, 0, 0),
    raw(0x3d, 7, 6, 5, 0),
    raw(0xbf, 1, 7, 0, 0),
    raw(0xbf, 2, 8, 0, 0),
    leading(raw(CALL, 0, 1, 0, frames.number(callback)), frames.start(callback)),
    raw(0x07, 7, 0, 0, 1),
    raw(0x15, 0, 0, -6, 0),
    raw(0xbf, 0, 7, 0, 0),
    ...saved.map((reg, i) => raw(0x79, reg, FP, base + 8 * i, 0)),
  ];
}

/** Counter and start of the timed loops of a function, at its beginning. */
export function timedLoopHead(depth: number): Uint8Array[] {
  return [raw(0x7a, FP, 0, -depth, MAX_TIMED_LOOPS), raw(0x7a, FP, 0, 8 - depth, 0)];
}

/** `may_goto`: counts down, and looks at the clock when the count is over (`arch_bpf_timed_may_goto`). */
export function mayGoto(insn: Xinsn, depth: number): (Uint8Array | Xinsn)[] {
  return [
    raw(0x79, AX, FP, -depth, 0),
    leading(raw(0x15, AX, 0, 0, 0), insn.target),
    raw(0x17, AX, 0, 0, 1),
    raw(0x55, AX, 0, 2, 0),
    raw(0xb7, AX, 0, 0, -depth),
    raw(CALL, 0, 0, 0, 0),
    raw(0x7b, FP, AX, -depth, 0),
  ];
}

/** Where `cloned` is in struct sk_buff. */
const SKB_CLONED = 126;
const HELPER_PULL_DATA = 39;

/** Before a program that stores to packets the data of the packet becomes its own (`bpf_unclone_prologue`). */
export function uncloneHead(progType: number): Uint8Array[] {
  const isClassifier = progType === PT.SCHED_CLS || progType === PT.SCHED_ACT;
  if (!isClassifier && progType !== PT.SK_SKB && progType !== PT.LWT_XMIT) return [];
  return [
    raw(0x71, 6, 1, SKB_CLONED, 0),
    raw(0x54, 6, 0, 0, 1),
    raw(0x15, 6, 0, 7, 0),
    raw(0xbf, 6, 1, 0, 0),
    raw(0xaf, 2, 2, 0, 0),
    raw(CALL, 0, 0, 0, HELPER_PULL_DATA),
    raw(0x15, 0, 0, 2, 0),
    raw(0xb4, 0, 0, 0, progType === PT.SK_SKB ? 0 : 2),
    raw(0x95, 0, 0, 0, 0),
    raw(0xbf, 1, 6, 0, 0),
  ];
}

/** Lookups that the kernel has inline (`map_gen_lookup` of arrays and hash tables). */
function lookup(aux: InsnAux, input: XlateInput): Uint8Array[] | undefined {
  const map = aux.mapPoison ? undefined : (aux.map as BpfMap | undefined);
  if (map === undefined) return undefined;
  switch (map.mapType) {
    case T.ARRAY:
    case T.PERCPU_ARRAY:
      return (map.mapFlags & BPF_F_MAP.INNER_MAP) !== 0 ? undefined : arrayLookup(map, input.bypassSpec);
    case T.HASH:
      return hashLookup(map, [], []);
    case T.ARRAY_OF_MAPS:
      return arrayLookup(map, input.bypassSpec);
    case T.HASH_OF_MAPS:
      return hashLookup(map, [], [raw(0x79, 0, 0, 0, 0)]);
    case T.XSKMAP:
      return xskLookup(map);
    case T.PERCPU_HASH:
      return hashLookup(map, [], [raw(0x79, 0, 0, 0, 0), raw(0xbf, 0, 0, -1, 0)]);
    case T.LRU_HASH:
      // The reference bit of the element is set when it is not.
      return hashLookup(map, [raw(0x71, 1, 0, LRU_REF, 0), raw(0x55, 1, 0, 1, 0), raw(0x72, 0, 0, LRU_REF, 1)], []);
    default:
      return undefined;
  }
}

function arrayLookup(map: BpfMap, bypassSpec: boolean): Uint8Array[] {
  const isPercpu = map.mapType === T.PERCPU_ARRAY;
  const isOfMaps = map.mapType === T.ARRAY_OF_MAPS;
  const size = isPercpu || isOfMaps ? 8 : Math.ceil(map.valueSize / 8) * 8;
  const mask = 2 ** Math.ceil(Math.log2(map.maxEntries)) - 1;
  const shift = Math.log2(size);
  const scale = Number.isInteger(shift) ? raw(0x67, 0, 0, 0, shift) : raw(0x27, 0, 0, 0, size);
  const body = [
    ...(bypassSpec ? [] : [raw(0x54, 0, 0, 0, mask)]),
    scale,
    raw(0x0f, 0, 1, 0, 0),
    ...(isPercpu ? [raw(0x79, 0, 0, 0, 0), raw(0xbf, 0, 0, -1, 0)] : []),
    // An element that is empty is no map.
    ...(isOfMaps ? [raw(0x79, 0, 0, 0, 0), raw(0x15, 0, 0, 1, 0)] : []),
  ];
  return [
    raw(0x07, 1, 0, 0, ARRAY_VALUE),
    raw(0x61, 0, 2, 0, 0),
    raw(0x35, 0, 0, body.length + 1, map.maxEntries),
    ...body,
    raw(JA, 0, 0, 1, 0),
    raw(0xb7, 0, 0, 0, 0),
  ];
}

function xskLookup(map: BpfMap): Uint8Array[] {
  return [
    raw(0x61, 0, 2, 0, 0),
    raw(0x35, 0, 0, 5, map.maxEntries),
    raw(0x67, 0, 0, 0, 3),
    raw(0x07, 1, 0, 0, XSK_SOCKS),
    raw(0x0f, 0, 1, 0, 0),
    raw(0x79, 0, 0, 0, 0),
    raw(JA, 0, 0, 1, 0),
    raw(0xb7, 0, 0, 0, 0),
  ];
}

function hashLookup(map: BpfMap, before: readonly Uint8Array[], after: readonly Uint8Array[]): Uint8Array[] {
  const value = HTAB_KEY + Math.ceil(map.keySize / 8) * 8;
  return [
    raw(CALL, 0, 0, 0, 0),
    raw(0x15, 0, 0, before.length + after.length + 1, 0),
    ...before,
    raw(0x07, 0, 0, 0, value),
    ...after,
  ];
}
