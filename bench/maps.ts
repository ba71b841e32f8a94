/**
 * Cost of map operations in nanoseconds, from 1,000 to 1,000,000 entries:
 * `node dist/bench/maps.js [entries…]`. "hot" is one working set of 1,024 keys,
 * "all" walks keys over the whole map in a scattered order (memory latency included).
 */
import { seededRandom } from '../base/env.ts';
import { LINUX_6_18 } from '../base/profile.ts';
import { mapOps } from '../maps/index.ts';
import { BpfMap, type MapCreateAttr } from '../maps/map.ts';
import { Arena } from '../mm/arena.ts';
import { BPF_MAP_TYPE } from '../uapi/bpf.ts';

const SIZES = process.argv.slice(2).map(Number);
if (SIZES.length === 0) SIZES.push(1_000, 10_000, 100_000, 1_000_000);
const OPS = 1_000_000;
const HOT = 1024;
const CLOCK = { monotonic: () => 0n, boottime: () => 0n, realtime: () => 0n };

function environment() {
  const arena = new Arena({ size: 512 << 20 });
  return { arena, nrCpus: 2, cpu: 0, clock: CLOCK, random: seededRandom(1), profile: LINUX_6_18 };
}

function make(env: ReturnType<typeof environment>, attr: Partial<MapCreateAttr>): BpfMap {
  const full = { mapType: 1, keySize: 4, valueSize: 8, maxEntries: 1, mapFlags: 0, numaNode: -1, mapExtra: 0n };
  const ops = mapOps(attr.mapType ?? 1);
  const map = ops?.alloc({ ...full, innerMap: -9, ...attr }, env, { hasCap: () => true });
  if (!(map instanceof BpfMap)) throw new Error(`Cannot create map of type ${attr.mapType}: ${map}`);
  return map;
}

/** Best of five runs, in nanoseconds a call. */
function measure(run: (count: number) => void, count = OPS): number {
  let best = Infinity;
  for (let round = 0; round < 5; round++) {
    const start = process.hrtime.bigint();
    run(count);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / count);
  }
  return best;
}

function row(name: string, entries: number, values: Record<string, number>): void {
  const cells = Object.entries(values).map(([key, value]) => `${key} ${value.toFixed(1)}`);
  console.log(`${name.padEnd(24)}${String(entries).padStart(9)}  ${cells.join('  ')}`);
}

/** Keys of `keySize` bytes in the arena, one after the other; key i starts with a mix of i. */
function keys(env: ReturnType<typeof environment>, count: number, keySize: number, plain = false): number {
  const stride = Math.max(8, keySize);
  const base = env.arena.alloc(count * stride);
  for (let i = 0; i < count; i++) {
    env.arena.i32[(base + i * stride) >> 2] = plain ? i : Math.imul(i, 0x9e3779b1);
  }
  return base;
}

function hashBench(name: string, mapType: number, keySize: number, mapFlags: number, entries: number): void {
  const env = environment();
  const before = env.arena.used;
  const start = performance.now();
  const map = make(env, { mapType, keySize, mapFlags, maxEntries: entries });
  const createMs = performance.now() - start;
  const { lookup, update, remove } = map.ops;
  if (!lookup || !update || !remove) throw new Error('no element operations');
  const stride = Math.max(8, keySize);
  const base = keys(env, entries, keySize);
  const value = env.arena.alloc(8);
  for (let i = 0; i < entries; i++) update(map, base + i * stride, value, 0);
  const bytes = env.arena.used - before - entries * stride;
  const each = (span: number, run: (key: number) => void) =>
    measure((count) => {
      for (let i = 0, at = 0; i < count; i++, at = (at + 7919) % span) run(base + at * stride);
    });
  const hot = Math.min(HOT, entries);
  row(name, entries, {
    'create ms': createMs,
    'lookup hot': each(hot, (key) => lookup(map, key)),
    all: each(entries, (key) => lookup(map, key)),
    'update hot': each(hot, (key) => update(map, key, value, 0)),
    'all ': each(entries, (key) => update(map, key, value, 0)),
    'delete+insert': each(hot, (key) => {
      remove(map, key);
      update(map, key, value, 0);
    }),
    'memory/kernel': bytes / map.ops.memUsage(map),
  });
}

function arrayBench(mapType: number, name: string, entries: number): void {
  const env = environment();
  const map = make(env, { mapType, maxEntries: entries });
  const { lookup, update } = map.ops;
  if (!lookup || !update) throw new Error('no element operations');
  const base = keys(env, entries, 4, true);
  const value = env.arena.alloc(8);
  const each = (run: (key: number) => void) =>
    measure((count) => {
      for (let i = 0, at = 0; i < count; i++, at = (at + 7919) % entries) run(base + at * 8);
    });
  row(name, entries, { lookup: each((key) => lookup(map, key)), update: each((key) => update(map, key, value, 0)) });
}

for (const entries of SIZES) {
  hashBench('hash, key 16', BPF_MAP_TYPE.HASH, 16, 0, entries);
  hashBench('hash, key 4', BPF_MAP_TYPE.HASH, 4, 0, entries);
  hashBench('hash, key 16, on demand', BPF_MAP_TYPE.HASH, 16, 1, entries);
  hashBench('percpu_hash, key 16', BPF_MAP_TYPE.PERCPU_HASH, 16, 0, entries);
  arrayBench(BPF_MAP_TYPE.ARRAY, 'array', entries);
  arrayBench(BPF_MAP_TYPE.PERCPU_ARRAY, 'percpu_array', entries);
}
