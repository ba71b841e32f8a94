/** What the map tests share: a small kernel environment and byte-wise access to its maps. */
import { type KernelEnv, seededRandom } from '../../base/env.ts';
import { LINUX_6_18 } from '../../base/profile.ts';
import { mapOps } from '../../maps/index.ts';
import { BpfMap, type MapCreateAttr, type MapCreator, type MapSyscall } from '../../maps/map.ts';
import { Arena } from '../../mm/arena.ts';
import { ENOTSUPP } from '../../uapi/errno.ts';

const ROOT: MapCreator = { hasCap: () => true };
const NO_FDS: MapSyscall = { fdget: () => undefined };

/** An environment of its own, with poisoned memory and repeatable random numbers. */
export function testEnv(nrCpus = 2, size = 64 << 20, seed = 1): KernelEnv {
  const clock = { monotonic: () => 0n, boottime: () => 0n, realtime: () => 0n };
  const arena = new Arena({ size, poison: true });
  return { arena, nrCpus, cpu: 0, clock, random: seededRandom(seed), profile: LINUX_6_18 };
}

const DEFAULTS: MapCreateAttr = {
  mapType: 1,
  keySize: 4,
  valueSize: 8,
  maxEntries: 16,
  mapFlags: 0,
  numaNode: -1,
  mapExtra: 0n,
  innerMap: -9,
};

/** Creates a map the way MAP_CREATE does (checks, then allocation): the map or -errno. */
export function tryCreate(env: KernelEnv, attr: Partial<MapCreateAttr>): BpfMap | number {
  const full = { ...DEFAULTS, ...attr };
  const ops = mapOps(full.mapType);
  if (ops === undefined) return -22;
  const error = ops.allocCheck?.(full, env, ROOT) ?? 0;
  return error !== 0 ? error : ops.alloc(full, env, ROOT);
}

export function create(env: KernelEnv, attr: Partial<MapCreateAttr>): BpfMap {
  const map = tryCreate(env, attr);
  if (!(map instanceof BpfMap)) throw new Error(`Cannot create map: ${map}`);
  return map;
}

/** The element commands of one map, with keys and values as bytes. */
export class Elements {
  readonly map: BpfMap;
  readonly key: number;
  readonly next: number;
  readonly value: number;
  readonly userSize: number;

  constructor(map: BpfMap) {
    const arena = map.env.arena;
    this.map = map;
    this.userSize = map.ops.userValueSize?.(map) ?? map.valueSize;
    this.key = arena.alloc(Math.max(map.keySize, 8));
    this.next = arena.alloc(Math.max(map.keySize, 8));
    this.value = arena.alloc(Math.max(this.userSize, 8));
  }

  done(): void {
    const arena = this.map.env.arena;
    arena.free(this.key, Math.max(this.map.keySize, 8));
    arena.free(this.next, Math.max(this.map.keySize, 8));
    arena.free(this.value, Math.max(this.userSize, 8));
  }

  update(key: Uint8Array, value: Uint8Array, flags = 0): number {
    const { map } = this;
    this.#put(this.key, key);
    this.#put(this.value, value);
    if (map.ops.sysUpdate) return map.ops.sysUpdate(map, this.key, this.value, flags, NO_FDS);
    return map.ops.update?.(map, this.key, this.value, flags) ?? -ENOTSUPP;
  }

  lookup(key: Uint8Array): Uint8Array | number {
    const { map } = this;
    this.#put(this.key, key);
    const error = map.ops.sysLookup?.(map, this.key, this.value, 0, NO_FDS) ?? -ENOTSUPP;
    return error < 0 ? error : this.#get(this.value, this.userSize);
  }

  lookupAndDelete(key: Uint8Array): Uint8Array | number {
    const { map } = this;
    this.#put(this.key, key);
    const error = map.ops.sysLookupAndDelete?.(map, this.key, this.value, 0, NO_FDS) ?? -ENOTSUPP;
    return error < 0 ? error : this.#get(this.value, this.userSize);
  }

  remove(key: Uint8Array): number {
    const { map } = this;
    this.#put(this.key, key);
    return map.ops.sysRemove?.(map, this.key, NO_FDS) ?? map.ops.remove?.(map, this.key) ?? -ENOTSUPP;
  }

  nextKey(key: Uint8Array | undefined): Uint8Array | number {
    const { map } = this;
    if (key !== undefined) this.#put(this.key, key);
    const error = map.ops.nextKey?.(map, key === undefined ? 0 : this.key, this.next) ?? -ENOTSUPP;
    return error < 0 ? error : this.#get(this.next, map.keySize);
  }

  /** All keys in the order of GET_NEXT_KEY. */
  keys(): Uint8Array[] {
    const all: Uint8Array[] = [];
    let key: Uint8Array | undefined;
    for (;;) {
      const next = this.nextKey(key);
      if (typeof next === 'number') return all;
      all.push(next);
      key = next;
    }
  }

  #put(at: number, bytes: Uint8Array): void {
    this.map.env.arena.u8.set(bytes, at);
  }

  #get(at: number, length: number): Uint8Array {
    return this.map.env.arena.u8.slice(at, at + length);
  }
}

/** A seed from the environment (to repeat a run) or the clock; printed by the tests that use it. */
export function testSeed(): number {
  return Number(process.env['BPF_EMU_SEED'] ?? Date.now() % 2 ** 31);
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
