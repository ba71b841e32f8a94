/**
 * Updates and deletes of maps that do not leave WebAssembly: functions written for one map,
 * that do to its bytes what maps/arraymap.ts, hashtab.ts and htab_map.ts do, step by step,
 * so that a program sees the same addresses whichever engine runs it. What is rare goes to
 * those: flags that are refused or lock, an element from another CPU's list, a first element
 * of a per-CPU hash. Maps whose values have special fields always do.
 */
import { ArrayMap } from '../../maps/arraymap.ts';
import { HTAB_STATE, HtabMap } from '../../maps/hashtab.ts';
import { HtabLruMap } from '../../maps/htab_lru_map.ts';
import { FREE_LINK } from '../../maps/percpu_freelist.ts';
import { BPF_ELEM, BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { E2BIG, EEXIST, ENOENT } from '../../uapi/errno.ts';
import type { MapSite } from '../link.ts';
import type { Code } from './code.ts';
import { emitFindKey, KEY_LOCALS, keyLocals, MAX_KEY, pushCpuOffset } from './hash.ts';
import {
  count,
  emitCopy,
  FLAGS,
  fallbackIf,
  fillNew,
  KEY,
  type MapFunc,
  type MapFuncInput,
  NEW,
  OLD,
  returnFallback,
  returnValue,
  unlink,
  VALUE,
} from './map_func.ts';
import { writeLruRemove, writeLruUpdate } from './update_lru.ts';
import { VOID, W } from './wasm.ts';

/** The function for a site, or undefined: its import is all there is. */
export function updateFunc({ kind, map }: MapSite): MapFunc | undefined {
  if (map.record !== undefined) return undefined;
  if (map instanceof ArrayMap) {
    const percpu = map.mapType === BPF_MAP_TYPE.PERCPU_ARRAY;
    if (kind !== 'update' || !(percpu || map.mapType === BPF_MAP_TYPE.ARRAY)) return undefined;
    return { params: 3, locals: 1, fallback: true, write: (input) => writeArrayUpdate(input, map, percpu) };
  }
  if (map instanceof HtabLruMap) {
    if (map.lru.percpu || map.percpu || map.keySize > MAX_KEY) return undefined;
    if (kind === 'remove')
      return { params: 1, locals: KEY_LOCALS + 3, fallback: true, write: (input) => writeLruRemove(input, map) };
    return { params: 3, locals: KEY_LOCALS + 6, fallback: true, write: (input) => writeLruUpdate(input, map) };
  }
  const percpu = map.mapType === BPF_MAP_TYPE.PERCPU_HASH;
  if (!(map instanceof HtabMap) || !(percpu || map.mapType === BPF_MAP_TYPE.HASH)) return undefined;
  if (map.keySize > MAX_KEY) return undefined;
  if (kind === 'remove') return { params: 1, locals: KEY_LOCALS, write: (input) => writeRemove(input, map) };
  if (percpu) return { params: 3, locals: KEY_LOCALS, fallback: true, write: (input) => writePercpuUpdate(input, map) };
  return { params: 3, locals: KEY_LOCALS + 2, fallback: true, write: (input) => writeUpdate(input, map) };
}

/** Flags other than BPF_ANY, BPF_NOEXIST and BPF_EXIST are not for us. */
function leaveFlags(input: MapFuncInput): void {
  const { code } = input;
  code.local(W.local_get, FLAGS);
  code.i32(BPF_ELEM.EXIST);
  code.op(W.i32_gt_u);
  fallbackIf(input);
}

/** Returns an error when the flags are these. */
function refuse(code: Code, flags: number, error: number): void {
  code.local(W.local_get, FLAGS);
  code.i32(flags);
  code.op(W.i32_eq);
  code.local(W.if, VOID);
  returnValue(code, -error);
  code.op(W.end);
}

/** `(i32 key, i32 value, i32 flags) -> i32` for an array. */
function writeArrayUpdate(input: MapFuncInput, map: ArrayMap, percpu: boolean): void {
  const { code } = input;
  const at = 3;
  leaveFlags(input);
  code.local(W.local_get, KEY);
  code.memory(W.i32_load, 0);
  code.local(W.local_tee, at);
  code.i32(map.maxEntries);
  code.op(W.i32_ge_u);
  code.local(W.if, VOID);
  returnValue(code, -E2BIG);
  code.op(W.end);
  refuse(code, BPF_ELEM.NOEXIST, EEXIST);
  code.local(W.local_get, at);
  code.i32(map.elemSize);
  code.op(W.i32_mul);
  if (percpu) {
    pushCpuOffset(code, input.cpuAt, map.valueStride);
    code.op(W.i32_add);
  }
  code.local(W.local_set, at);
  emitCopy(code, at, map.values, VALUE, 0, map.valueSize);
  code.i32(0);
  code.op(W.end);
}

/** Pushes this CPU's number times 4. */
function pushCpuWord(code: Code, cpuAt: number): void {
  pushCpuOffset(code, cpuAt, 4);
}

/** Puts the element in a local at the head of this CPU's free list. */
function pushFree({ code, cpuAt }: MapFuncInput, map: HtabMap, elem: number): void {
  const heads = (map.state + HTAB_STATE.heads) << 2;
  code.local(W.local_get, elem);
  pushCpuWord(code, cpuAt);
  code.memory(W.i32_load, heads);
  code.memory(W.i32_store, FREE_LINK * 4);
  pushCpuWord(code, cpuAt);
  code.local(W.local_get, elem);
  code.memory(W.i32_store, heads);
  count(code, map, 'free', 1);
}

/** NEW = the head of this CPU's free list; where that is empty, the import does everything. */
function popFree(input: MapFuncInput, map: HtabMap): void {
  const { code, cpuAt } = input;
  const heads = (map.state + HTAB_STATE.heads) << 2;
  pushCpuWord(code, cpuAt);
  code.memory(W.i32_load, heads);
  code.local(W.local_tee, NEW);
  code.op(W.i32_eqz);
  fallbackIf(input);
  pushCpuWord(code, cpuAt);
  code.local(W.local_get, NEW);
  code.memory(W.i32_load, FREE_LINK * 4);
  code.memory(W.i32_store, heads);
  count(code, map, 'free', -1);
}

/** `(i32 key) -> i32` for a hash. */
function writeRemove(input: MapFuncInput, map: HtabMap): void {
  const { code } = input;
  const at = keyLocals(1);
  emitFindKey(code, at, map, () => returnValue(code, -ENOENT));
  unlink(code, at);
  count(code, map, 'count', -1);
  pushFree(input, map, at.elem);
  code.i32(0);
  code.op(W.end);
}

/** `(i32 key, i32 value, i32 flags) -> i32` for a per-CPU hash: a key that exists is written in place. */
function writePercpuUpdate(input: MapFuncInput, map: HtabMap): void {
  const { code, cpuAt } = input;
  const at = keyLocals(3);
  leaveFlags(input);
  emitFindKey(code, at, map, () => returnFallback(input));
  refuse(code, BPF_ELEM.NOEXIST, EEXIST);
  code.local(W.local_get, at.elem);
  pushCpuOffset(code, cpuAt, map.valueStride);
  code.op(W.i32_add);
  code.local(W.local_set, at.elem);
  emitCopy(code, at.elem, map.valueOffset, VALUE, 0, map.valueSize);
  code.i32(0);
  code.op(W.end);
}

/**
 * `(i32 key, i32 value, i32 flags) -> i32` for a hash. A key that exists moves to the head of
 * its bucket in a new element: this CPU's spare one, which the old one becomes, or without
 * preallocation one of the free list, to which the old one goes.
 */
function writeUpdate(input: MapFuncInput, map: HtabMap): void {
  const { code, cpuAt } = input;
  const at = keyLocals(3);
  leaveFlags(input);
  code.local(W.block, VOID);
  code.local(W.block, VOID);
  emitFindKey(code, at, map, () => code.branch(W.br, 2));
  refuse(code, BPF_ELEM.NOEXIST, EEXIST);
  if (map.prealloc) {
    const extra = map.extra << 2;
    pushCpuWord(code, cpuAt);
    code.memory(W.i32_load, extra);
    code.local(W.local_set, NEW);
    pushCpuWord(code, cpuAt);
    code.local(W.local_get, at.elem);
    code.memory(W.i32_store, extra);
  } else {
    popFree(input, map);
    code.local(W.local_get, at.elem);
    code.local(W.local_set, OLD);
  }
  unlink(code, at);
  code.branch(W.br, 1);
  code.op(W.end);
  refuse(code, BPF_ELEM.EXIST, ENOENT);
  code.i32(0);
  code.memory(W.i32_load, (map.state + HTAB_STATE.count) << 2);
  code.i32(map.maxEntries);
  code.op(W.i32_ge_u);
  code.local(W.if, VOID);
  returnValue(code, -E2BIG);
  code.op(W.end);
  popFree(input, map);
  count(code, map, 'count', 1);
  code.op(W.end);
  fillNew(code, at, map);
  if (!map.prealloc) {
    code.local(W.local_get, OLD);
    code.local(W.if, VOID);
    pushFree(input, map, OLD);
    code.op(W.end);
  }
  code.i32(0);
  code.op(W.end);
}
