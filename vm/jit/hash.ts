/** Keys in hash tables, for functions that are written for one map: the hash, and the walk along a bucket (maps/hashtab.ts). */
import type { HtabMap } from '../../maps/hashtab.ts';
import { ELEM_HASH, ELEM_NEXT } from '../../maps/htab_layout.ts';
import type { Code } from './code.ts';
import { VOID, W } from './wasm.ts';

/** Keys up to this size are hashed and compared without a loop. */
export const MAX_KEY = 64;

/** Start value of the hash (maps/jhash.ts). */
const JHASH_INITVAL = 0xdeadbeef;

/** Locals of a function whose first parameter is the address of a key. */
export interface KeyLocals {
  readonly key: number;
  /** The three words of the hash; the last one is the hash in the end. */
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** Address of the word that holds the address of {@link elem}. */
  readonly link: number;
  readonly elem: number;
}

/** Locals after so many parameters. */
export function keyLocals(params: number): KeyLocals {
  return { key: 0, a: params, b: params + 1, c: params + 2, link: params + 3, elem: params + 4 };
}

/** How many they are, beside the key. */
export const KEY_LOCALS = 5;

/** Pushes this CPU's number times `stride`; `cpuAt` is the address of the number. */
export function pushCpuOffset(code: Code, cpuAt: number, stride: number): void {
  code.i32(cpuAt);
  code.memory(W.i32_load, 0);
  code.i32(stride);
  code.op(W.i32_mul);
}

/** Pushes `count` (1 to 4) bytes of the key at `offset` as a little-endian number. */
function pushKeyBytes(code: Code, at: KeyLocals, offset: number, count: number): void {
  code.local(W.local_get, at.key);
  if (count === 4) {
    code.memory(W.i32_load, offset);
    return;
  }
  code.memory(count === 1 ? W.i32_load8_u : W.i32_load16_u, offset);
  if (count !== 3) return;
  code.local(W.local_get, at.key);
  code.memory(W.i32_load8_u, offset + 2);
  code.i32(16);
  code.op(W.i32_shl);
  code.op(W.i32_or);
}

/** x += `count` bytes of the key. */
function addKeyBytes(code: Code, at: KeyLocals, x: number, offset: number, count: number): void {
  if (count <= 0) return;
  code.local(W.local_get, x);
  pushKeyBytes(code, at, offset, Math.min(count, 4));
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

/** c = hash of the key (maps/jhash.ts, unrolled for the map's key size). */
function emitHash(code: Code, at: KeyLocals, keySize: number, seed: number): void {
  for (const x of [at.a, at.b, at.c]) {
    code.i32((JHASH_INITVAL + keySize + seed) | 0);
    code.local(W.local_set, x);
  }
  let offset = 0;
  for (; keySize - offset > 12; offset += 12) {
    addKeyBytes(code, at, at.a, offset, 4);
    addKeyBytes(code, at, at.b, offset + 4, 4);
    addKeyBytes(code, at, at.c, offset + 8, 4);
    mixStep(code, at.a, at.c, at.b, 4);
    mixStep(code, at.b, at.a, at.c, 6);
    mixStep(code, at.c, at.b, at.a, 8);
    mixStep(code, at.a, at.c, at.b, 16);
    mixStep(code, at.b, at.a, at.c, 19);
    mixStep(code, at.c, at.b, at.a, 4);
  }
  addKeyBytes(code, at, at.a, offset, keySize - offset);
  addKeyBytes(code, at, at.b, offset + 4, keySize - offset - 4);
  addKeyBytes(code, at, at.c, offset + 8, keySize - offset - 8);
  finalStep(code, at.c, at.b, 14);
  finalStep(code, at.a, at.c, 11);
  finalStep(code, at.b, at.a, 25);
  finalStep(code, at.c, at.b, 16);
  finalStep(code, at.a, at.c, 4);
  finalStep(code, at.b, at.a, 14);
  finalStep(code, at.c, at.b, 24);
}

/** Pushes whether the element's hash (c) and key are the wanted ones. */
function emitMatches(code: Code, at: KeyLocals, map: HtabMap): void {
  code.local(W.local_get, at.elem);
  code.memory(W.i32_load, ELEM_HASH * 4);
  code.local(W.local_get, at.c);
  code.op(W.i32_eq);
  let offset = 0;
  while (offset < map.keySize) {
    const left = map.keySize - offset;
    const size = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    const load = size === 8 ? W.i64_load : size === 4 ? W.i32_load : size === 2 ? W.i32_load16_u : W.i32_load8_u;
    code.local(W.local_get, at.key);
    code.memory(load, offset);
    code.local(W.local_get, at.elem);
    code.memory(load, map.keyOffset + offset);
    code.op(size === 8 ? W.i64_eq : W.i32_eq);
    code.op(W.i32_and);
    offset += size;
  }
}

/** Pushes the address of the word of the bucket of a hash (c). */
export function pushBucket(code: Code, at: KeyLocals, map: HtabMap): void {
  code.local(W.local_get, at.c);
  code.i32(map.mask);
  code.op(W.i32_and);
  code.i32(2);
  code.op(W.i32_shl);
  code.i32(map.table << 2);
  code.op(W.i32_add);
}

/** Looks for the key: then `elem` has it and `link` is where its address is. `missing` writes what happens where none has, and leaves. */
export function emitFindKey(code: Code, at: KeyLocals, map: HtabMap, missing: () => void): void {
  emitHash(code, at, map.keySize, map.seed);
  pushBucket(code, at, map);
  code.local(W.local_set, at.link);
  code.local(W.loop, VOID);
  code.local(W.local_get, at.link);
  code.memory(W.i32_load, ELEM_NEXT * 4);
  code.local(W.local_tee, at.elem);
  code.op(W.i32_eqz);
  code.local(W.if, VOID);
  missing();
  code.op(W.end);
  emitMatches(code, at, map);
  code.op(W.i32_eqz);
  code.local(W.if, VOID);
  code.local(W.local_get, at.elem);
  code.local(W.local_set, at.link);
  code.local(W.br, 1);
  code.op(W.end);
  code.op(W.end);
}
