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
import { type Code, LOCAL } from './code.ts';
import { emitFindKey, KEY_LOCALS, keyLocals, MAX_KEY, pushCpuOffset } from './hash.ts';
import type { MapFunc } from './map_func.ts';
import { W } from './wasm.ts';

/** The array whose lookups are written in place, or undefined: the map is none. */
export function arrayInPlace(map: BpfMap): ArrayMap | undefined {
  const { mapType } = map;
  const isArray = mapType === BPF_MAP_TYPE.ARRAY || mapType === BPF_MAP_TYPE.PERCPU_ARRAY;
  return isArray && map instanceof ArrayMap ? map : undefined;
}

/** The function that looks a key up in a hash, or undefined: through an import. */
export function lookupFunc(map: BpfMap): MapFunc | undefined {
  if (!HASHES.has(map.mapType) || !(map instanceof HtabMap) || map.keySize > MAX_KEY) return undefined;
  return { params: 1, locals: KEY_LOCALS, write: ({ code, cpuAt }) => writeHashLookup(code, map, cpuAt) };
}

const HASHES: ReadonlySet<number> = new Set([
  BPF_MAP_TYPE.HASH,
  BPF_MAP_TYPE.PERCPU_HASH,
  BPF_MAP_TYPE.LRU_HASH,
  BPF_MAP_TYPE.LRU_PERCPU_HASH,
]);

/**
 * Array lookup in place: r2 is the key, r0 becomes the value's pointer or NULL.
 * `constKey` is the key when the verifier knows it, else -1.
 */
export function emitArrayLookup(code: Code, map: ArrayMap, constKey: number, cpuAt: number): void {
  const percpu = map.mapType === BPF_MAP_TYPE.PERCPU_ARRAY;
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

/** Writes `(i32 key) -> i32 value` for a map. LRU types mark an element they found as used. */
function writeHashLookup(code: Code, map: HtabMap, cpuAt: number): void {
  const at = keyLocals(1);
  emitFindKey(code, at, map, () => {
    code.i32(0);
    code.op(W.return);
  });
  if (map instanceof HtabLruMap) {
    code.local(W.local_get, at.elem);
    code.memory(W.i32_load, LRU_NODE * 4);
    code.i32(1);
    code.memory(W.i32_store, NODE_REF * 4);
  }
  code.local(W.local_get, at.elem);
  code.i32(map.valueOffset);
  code.op(W.i32_add);
  if (map.percpu) {
    pushCpuOffset(code, cpuAt, map.valueStride);
    code.op(W.i32_add);
  }
  code.op(W.end);
}
