/**
 * Map lookups that never leave WebAssembly. They know the layouts of maps/arraymap.ts
 * and maps/hashtab.ts and are written for one map each, with its sizes, addresses and
 * seed as constants; what has no such form goes through an import.
 */
import { ArrayMap } from '../../maps/arraymap.ts';
import { LRU_NODE, NODE_REF } from '../../maps/bpf_lru_list.ts';
import { HtabMap } from '../../maps/hashtab.ts';
import { HtabLruMap } from '../../maps/htab_lru_map.ts';
import type { BpfMap } from '../../maps/map.ts';
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { Code, LOCAL } from './code.ts';
import { I32, type ModuleBuilder, VOID, W } from './wasm.ts';

/** Keys up to this size are hashed and compared without a loop. */
const MAX_KEY = 64;

/** Start value of the hash (maps/jhash.ts). */
const JHASH_INITVAL = 0xdeadbeef;

/** How a lookup is compiled. */
export type LookupPlan =
  | { readonly kind: 'array'; readonly map: ArrayMap; readonly percpu: boolean }
  | { readonly kind: 'hash'; readonly map: HtabMap };

/** The plan for a map, or undefined: through an import. */
export function lookupPlan(map: BpfMap): LookupPlan | undefined {
  switch (map.mapType) {
    case BPF_MAP_TYPE.ARRAY:
    case BPF_MAP_TYPE.PERCPU_ARRAY:
      return map instanceof ArrayMap
        ? { kind: 'array', map, percpu: map.mapType === BPF_MAP_TYPE.PERCPU_ARRAY }
        : undefined;
    case BPF_MAP_TYPE.HASH:
    case BPF_MAP_TYPE.PERCPU_HASH:
    case BPF_MAP_TYPE.LRU_HASH:
    case BPF_MAP_TYPE.LRU_PERCPU_HASH:
      return map instanceof HtabMap && map.keySize <= MAX_KEY ? { kind: 'hash', map } : undefined;
    default:
      return undefined;
  }
}

/** Pushes this CPU's number times `stride`; `cpuAt` is the address of the number. */
function pushCpuOffset(code: Code, cpuAt: number, stride: number): void {
  code.i32(cpuAt);
  code.memory(W.i32_load, 0);
  code.i32(stride);
  code.op(W.i32_mul);
}

/**
 * Array lookup in place: r2 is the key, r0 becomes the value's pointer or NULL.
 * `constKey` is the key when the verifier knows it, else -1.
 */
export function emitArrayLookup(code: Code, map: ArrayMap, percpu: boolean, constKey: number, cpuAt: number): void {
  if (constKey >= map.maxEntries) {
    code.i64(0, 0);
    code.set(0);
    return;
  }
  if (constKey >= 0 && !percpu) {
    code.i32(map.values + constKey * map.elemSize);
    code.setPointer(0);
    return;
  }
  const rest = code.address(2, 0);
  code.memory(W.i32_load, rest);
  code.local(W.local_tee, LOCAL.U32);
  code.i32(map.elemSize);
  code.op(W.i32_mul);
  code.i32(map.values);
  code.op(W.i32_add);
  if (percpu) {
    pushCpuOffset(code, cpuAt, map.valueStride);
    code.op(W.i32_add);
  }
  code.i32(0);
  code.local(W.local_get, LOCAL.U32);
  code.i32(map.maxEntries);
  code.op(W.i32_lt_u);
  code.op(W.select);
  code.setPointer(0);
}

/** Locals of a hash lookup function: the key, then these. */
const H = { KEY: 0, A: 1, B: 2, C: 3, ELEM: 4 } as const;

/** Pushes `count` (1 to 4) bytes of the key at `offset` as a little-endian number. */
function pushKeyBytes(code: Code, offset: number, count: number): void {
  code.local(W.local_get, H.KEY);
  if (count === 4) {
    code.memory(W.i32_load, offset);
    return;
  }
  code.memory(count === 1 ? W.i32_load8_u : W.i32_load16_u, offset);
  if (count !== 3) return;
  code.local(W.local_get, H.KEY);
  code.memory(W.i32_load8_u, offset + 2);
  code.i32(16);
  code.op(W.i32_shl);
  code.op(W.i32_or);
}

/** x += `count` bytes of the key. */
function addKeyBytes(code: Code, x: number, offset: number, count: number): void {
  if (count <= 0) return;
  code.local(W.local_get, x);
  pushKeyBytes(code, offset, Math.min(count, 4));
  code.op(W.i32_add);
  code.local(W.local_set, x);
}

/** One step of the mix: x = (x - y) ^ rotl(y, k); y += z. */
function mixStep(code: Code, x: number, y: number, z: number, k: number): void {
  code.local(W.local_get, x);
  code.local(W.local_get, y);
  code.op(W.i32_sub);
  code.local(W.local_get, y);
  code.i32(k);
  code.op(W.i32_rotl);
  code.op(W.i32_xor);
  code.local(W.local_set, x);
  code.local(W.local_get, y);
  code.local(W.local_get, z);
  code.op(W.i32_add);
  code.local(W.local_set, y);
}

/** One step of the end: x = (x ^ y) - rotl(y, k). */
function finalStep(code: Code, x: number, y: number, k: number): void {
  code.local(W.local_get, x);
  code.local(W.local_get, y);
  code.op(W.i32_xor);
  code.local(W.local_get, y);
  code.i32(k);
  code.op(W.i32_rotl);
  code.op(W.i32_sub);
  code.local(W.local_set, x);
}

/** C = hash of the key (maps/jhash.ts, unrolled for the map's key size). */
function emitHash(code: Code, keySize: number, seed: number): void {
  for (const x of [H.A, H.B, H.C]) {
    code.i32((JHASH_INITVAL + keySize + seed) | 0);
    code.local(W.local_set, x);
  }
  let offset = 0;
  for (; keySize - offset > 12; offset += 12) {
    addKeyBytes(code, H.A, offset, 4);
    addKeyBytes(code, H.B, offset + 4, 4);
    addKeyBytes(code, H.C, offset + 8, 4);
    mixStep(code, H.A, H.C, H.B, 4);
    mixStep(code, H.B, H.A, H.C, 6);
    mixStep(code, H.C, H.B, H.A, 8);
    mixStep(code, H.A, H.C, H.B, 16);
    mixStep(code, H.B, H.A, H.C, 19);
    mixStep(code, H.C, H.B, H.A, 4);
  }
  addKeyBytes(code, H.A, offset, keySize - offset);
  addKeyBytes(code, H.B, offset + 4, keySize - offset - 4);
  addKeyBytes(code, H.C, offset + 8, keySize - offset - 8);
  finalStep(code, H.C, H.B, 14);
  finalStep(code, H.A, H.C, 11);
  finalStep(code, H.B, H.A, 25);
  finalStep(code, H.C, H.B, 16);
  finalStep(code, H.A, H.C, 4);
  finalStep(code, H.B, H.A, 14);
  finalStep(code, H.C, H.B, 24);
}

/** Pushes whether the element's hash (C) and key are the wanted ones. */
function emitMatches(code: Code, map: HtabMap): void {
  code.local(W.local_get, H.ELEM);
  code.memory(W.i32_load, 4);
  code.local(W.local_get, H.C);
  code.op(W.i32_eq);
  let offset = 0;
  while (offset < map.keySize) {
    const left = map.keySize - offset;
    const size = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    const load = size === 8 ? W.i64_load : size === 4 ? W.i32_load : size === 2 ? W.i32_load16_u : W.i32_load8_u;
    code.local(W.local_get, H.KEY);
    code.memory(load, offset);
    code.local(W.local_get, H.ELEM);
    code.memory(load, map.keyOffset + offset);
    code.op(size === 8 ? W.i64_eq : W.i32_eq);
    code.op(W.i32_and);
    offset += size;
  }
}

/**
 * A function `(i32 key) -> i32 value` for a map: its index in the module. LRU types
 * mark an element they found as used.
 */
export function hashLookupFunction(module: ModuleBuilder, map: HtabMap, cpuAt: number): number {
  const code = new Code(0, 256);
  emitHash(code, map.keySize, map.seed);
  code.local(W.local_get, H.C);
  code.i32(map.mask);
  code.op(W.i32_and);
  code.i32(2);
  code.op(W.i32_shl);
  code.memory(W.i32_load, map.table << 2);
  code.local(W.local_set, H.ELEM);
  code.local(W.loop, VOID);
  code.local(W.local_get, H.ELEM);
  code.op(W.i32_eqz);
  code.local(W.if, VOID);
  code.i32(0);
  code.op(W.return);
  code.op(W.end);
  emitMatches(code, map);
  code.local(W.if, VOID);
  if (map instanceof HtabLruMap) {
    code.local(W.local_get, H.ELEM);
    code.memory(W.i32_load, LRU_NODE * 4);
    code.i32(1);
    code.memory(W.i32_store, NODE_REF * 4);
  }
  code.local(W.local_get, H.ELEM);
  code.i32(map.valueOffset);
  code.op(W.i32_add);
  if (map.percpu) {
    pushCpuOffset(code, cpuAt, map.valueStride);
    code.op(W.i32_add);
  }
  code.op(W.return);
  code.op(W.end);
  code.local(W.local_get, H.ELEM);
  code.memory(W.i32_load, 0);
  code.local(W.local_set, H.ELEM);
  code.branch(W.br, 0);
  code.op(W.end);
  code.op(W.unreachable);
  code.op(W.end);
  return module.func(module.type([I32], [I32]), [[4, I32]], code);
}
