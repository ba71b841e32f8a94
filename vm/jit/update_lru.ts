/**
 * Updates and deletes of LRU hashes that do not leave WebAssembly: those that take an
 * element from this CPU's free list, or give one back that waits in a CPU's pending list
 * (maps/bpf_lru_list.ts). Where lists of the whole map are touched, elements evicted or flags
 * looked at, the import does everything. Not for lists that each CPU has of its own
 * (BPF_F_NO_COMMON_LRU), nor per-CPU values.
 */
import { LRU_LIST, LRU_NODE, NODE_NEXT, NODE_PREV, NODE_REF, NODE_SIZE, NODE_TYPE } from '../../maps/bpf_lru_list.ts';
import { ELEM_NEXT } from '../../maps/htab_layout.ts';
import type { HtabLruMap } from '../../maps/htab_lru_map.ts';
import { ENOENT } from '../../uapi/errno.ts';
import type { Code } from './code.ts';
import { emitFindKey, keyLocals, pushCpuOffset } from './hash.ts';
import {
  count,
  FLAGS,
  fallbackIf,
  fillNew,
  KEY,
  type MapFuncInput,
  NEW,
  OLD,
  returnValue,
  UPDATE_PARAMS,
  unlink,
} from './map_func.ts';
import { VOID, W } from './wasm.ts';

/** A CPU's two local lists follow each other: the heads of FREE and of PENDING. */
const PENDING = NODE_SIZE;
const LOCAL_LISTS = 2 * NODE_SIZE;

/** Locals of an update beyond NEW and OLD. */
const OLD_LINK = 10;
const NODE = 11;
const HEAD = 12;
const OTHER = 13;

/** Stores a local at a word of the node in another. */
function storeWord(code: Code, node: number, word: number, value: number): void {
  code.local(W.local_get, node);
  code.local(W.local_get, value);
  code.memory(W.i32_store, word * 4);
}

/** Loads a word of the node in a local into another local. */
function loadWord(code: Code, to: number, node: number, word: number): void {
  code.local(W.local_get, node);
  code.memory(W.i32_load, word * 4);
  code.local(W.local_set, to);
}

/** Takes a node off its list; `spare` is a local. */
function unlinkNode(code: Code, node: number, spare: number): void {
  loadWord(code, spare, node, NODE_NEXT);
  code.local(W.local_get, node);
  code.memory(W.i32_load, NODE_PREV * 4);
  code.local(W.local_get, spare);
  code.memory(W.i32_store, NODE_NEXT * 4);
  code.local(W.local_get, spare);
  code.local(W.local_get, node);
  code.memory(W.i32_load, NODE_PREV * 4);
  code.memory(W.i32_store, NODE_PREV * 4);
}

/** Puts a node right behind another. */
function insertBehind(code: Code, node: number, behind: number, spare: number): void {
  loadWord(code, spare, behind, NODE_NEXT);
  storeWord(code, node, NODE_NEXT, spare);
  storeWord(code, node, NODE_PREV, behind);
  storeWord(code, spare, NODE_PREV, node);
  storeWord(code, behind, NODE_NEXT, node);
}

/** The import does everything when the element's node (a local that is set) does not wait in a pending list. */
function leaveOtherLists(input: MapFuncInput, params: readonly number[], element: number, node: number): void {
  const { code } = input;
  loadWord(code, node, element, LRU_NODE);
  code.local(W.local_get, node);
  code.memory(W.i32_load8_u, NODE_TYPE * 4);
  code.i32(LRU_LIST.LOCAL_PENDING);
  code.op(W.i32_ne);
  fallbackIf(input, params);
}

/** `bpf_common_lru_push_free` of a node that is pending: it becomes the next one its CPU takes. */
function freePending(code: Code, map: HtabLruMap, node: number, head: number, spare: number): void {
  // LOCAL_FREE in the low byte, the CPU above it.
  code.local(W.local_get, node);
  code.i32(LRU_LIST.LOCAL_FREE);
  code.memory(W.i32_store8, NODE_TYPE * 4);
  code.local(W.local_get, node);
  code.i32(0);
  code.memory(W.i32_store, NODE_REF * 4);
  unlinkNode(code, node, spare);
  code.local(W.local_get, node);
  code.memory(W.i32_load, NODE_TYPE * 4);
  code.i32(8);
  code.op(W.i32_shr_u);
  code.i32(LOCAL_LISTS);
  code.op(W.i32_mul);
  code.memory(W.i32_load, map.lru.locals[0]!.free + NODE_PREV * 4);
  code.local(W.local_set, head);
  insertBehind(code, node, head, spare);
}

/** `(i32 key) -> i32`. */
export function writeLruRemove(input: MapFuncInput, map: HtabLruMap): void {
  const { code } = input;
  const at = keyLocals(1);
  const node = 6;
  emitFindKey(code, at, map, () => returnValue(code, -ENOENT));
  leaveOtherLists(input, [KEY], at.elem, node);
  unlink(code, at);
  count(code, map, 'count', -1);
  freePending(code, map, node, node + 1, node + 2);
  code.i32(0);
  code.op(W.end);
}

/** `(i32 key, i32 value, i32 flags) -> i32`. */
export function writeLruUpdate(input: MapFuncInput, map: HtabLruMap): void {
  const { code, cpuAt } = input;
  const { lru } = map;
  const at = keyLocals(3);
  code.local(W.local_get, FLAGS);
  fallbackIf(input);
  code.local(W.block, VOID);
  emitFindKey(code, at, map, () => code.branch(W.br, 2));
  leaveOtherLists(input, UPDATE_PARAMS, at.elem, OTHER);
  code.local(W.local_get, at.elem);
  code.local(W.local_set, OLD);
  code.local(W.local_get, at.link);
  code.local(W.local_set, OLD_LINK);
  code.op(W.end);

  // The oldest free element of this CPU.
  pushCpuOffset(code, cpuAt, LOCAL_LISTS);
  code.i32(lru.locals[0]!.free);
  code.op(W.i32_add);
  code.local(W.local_tee, HEAD);
  code.memory(W.i32_load, NODE_PREV * 4);
  code.local(W.local_tee, NODE);
  code.local(W.local_get, HEAD);
  code.op(W.i32_eq);
  fallbackIf(input);
  loadWord(code, OTHER, NODE, NODE_PREV);
  storeWord(code, HEAD, NODE_PREV, OTHER);
  storeWord(code, OTHER, NODE_NEXT, HEAD);

  // It is pending from now on.
  code.local(W.local_get, NODE);
  pushCpuOffset(code, cpuAt, 256);
  code.i32(LRU_LIST.LOCAL_PENDING);
  code.op(W.i32_or);
  code.memory(W.i32_store, NODE_TYPE * 4);
  code.local(W.local_get, NODE);
  code.local(W.local_get, OLD);
  code.i32(0);
  code.op(W.i32_ne);
  code.memory(W.i32_store, NODE_REF * 4);
  code.local(W.local_get, HEAD);
  code.i32(PENDING);
  code.op(W.i32_add);
  code.local(W.local_set, HEAD);
  insertBehind(code, NODE, HEAD, OTHER);

  code.local(W.local_get, NODE);
  code.i32(lru.firstNode);
  code.op(W.i32_sub);
  code.i32(NODE_SIZE);
  code.op(W.i32_div_u);
  code.i32(map.elemSize);
  code.op(W.i32_mul);
  code.i32(lru.elements);
  code.op(W.i32_add);
  code.local(W.local_set, NEW);
  fillNew(code, at, map);
  code.local(W.local_get, OLD);
  code.local(W.if, VOID);
  // The old one leaves its bucket, in which the new one may have come before it.
  code.local(W.local_get, NEW);
  code.local(W.local_get, OLD_LINK);
  code.local(W.local_get, OLD_LINK);
  code.local(W.local_get, at.link);
  code.op(W.i32_eq);
  code.op(W.select);
  code.local(W.local_get, OLD);
  code.memory(W.i32_load, ELEM_NEXT * 4);
  code.memory(W.i32_store, ELEM_NEXT * 4);
  loadWord(code, NODE, OLD, LRU_NODE);
  freePending(code, map, NODE, HEAD, OTHER);
  code.op(W.else);
  count(code, map, 'count', 1);
  code.op(W.end);
  code.i32(0);
  code.op(W.end);
}
