/**
 * Cost of map operations in nanoseconds, from 1,000 to 1,000,000 entries:
 * `node dist/bench/maps.js [entries…]`. "hot" is one working set of 64 keys,
 * "all" walks keys over the whole map in a scattered order (memory latency included).
 *
 * With --kernel the same is asked of this machine's kernel through bpf(2) (root, gcc):
 * an empty call is taken off, but not the copying of key and value, which costs about
 * as much as the row "array" shows.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../base/env.ts';
import { LINUX_6_18 } from '../base/profile.ts';
import { mapOps } from '../maps/index.ts';
import { BpfMap, type MapCreateAttr } from '../maps/map.ts';
import { Arena } from '../mm/arena.ts';
import { BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';

const SIZES = process.argv
  .slice(2)
  .filter((word) => word !== '--kernel')
  .map(Number);
if (SIZES.length === 0) SIZES.push(1_000, 10_000, 100_000, 1_000_000);
const BATCH = 10_000;
const ROUNDS = 150;
const HOT = 64;
/** From one key to the next. */
const STEP = 7919;
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

/**
 * Nanoseconds a call: the fastest of many short batches, so that what else runs on
 * the machine does not count. `run` does `count` calls starting with number `from`.
 */
function measure(run: (from: number, count: number) => void): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    run(round * BATCH, BATCH);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / BATCH);
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

type Lookup = (map: BpfMap, key: number) => number;
type Update = (map: BpfMap, key: number, value: number, flags: number) => number;

/** Looks keys up in a scattered order over the first `span` of them. */
function lookupLoop(
  map: BpfMap,
  lookup: Lookup,
  base: number,
  stride: number,
  span: number,
  from: number,
  count: number,
) {
  const step = STEP % span;
  let at = (from * STEP) % span;
  for (let i = 0; i < count; i++) {
    lookup(map, base + at * stride);
    at += step;
    if (at >= span) at -= span;
  }
}

/** As {@link lookupLoop} for arrays: a loop of their own, as a call site of a program always has one map. */
function arrayLoop(map: BpfMap, lookup: Lookup, base: number, span: number, from: number, count: number) {
  const step = STEP % span;
  let at = (from * STEP) % span;
  for (let i = 0; i < count; i++) {
    lookup(map, base + at * 8);
    at += step;
    if (at >= span) at -= span;
  }
}

function updateLoop(
  map: BpfMap,
  update: Update,
  value: number,
  base: number,
  stride: number,
  span: number,
  from: number,
  count: number,
) {
  const step = STEP % span;
  let at = (from * STEP) % span;
  for (let i = 0; i < count; i++) {
    update(map, base + at * stride, value, 0);
    at += step;
    if (at >= span) at -= span;
  }
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
  const lookups = (span: number) => measure((from, count) => lookupLoop(map, lookup, base, stride, span, from, count));
  const updates = (span: number) =>
    measure((from, count) => updateLoop(map, update, value, base, stride, span, from, count));
  const hot = Math.min(HOT, entries);
  row(name, entries, {
    'create ms': createMs,
    'lookup hot': lookups(hot),
    all: lookups(entries),
    'update hot': updates(hot),
    'all ': updates(entries),
    'delete+insert': measure((from, count) => {
      for (let i = 0; i < count; i++) {
        const key = base + ((from + i) % hot) * stride;
        remove(map, key);
        update(map, key, value, 0);
      }
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
  row(name, entries, {
    'lookup hot': measure((from, count) => arrayLoop(map, lookup, base, Math.min(HOT, entries), from, count)),
    all: measure((from, count) => arrayLoop(map, lookup, base, entries, from, count)),
    update: measure((from, count) => updateLoop(map, update, value, base, 8, entries, from, count)),
  });
}

/** Every update is of a new key, so that each one needs an element of another key sooner or later. */
function lruBench(name: string, mapFlags: number, entries: number): void {
  const env = environment();
  const map = make(env, { mapType: BPF_MAP_TYPE.LRU_HASH, keySize: 16, mapFlags, maxEntries: entries });
  const { update, lookup } = map.ops;
  if (!lookup || !update) throw new Error('no element operations');
  const key = env.arena.alloc(16);
  const value = env.arena.alloc(8);
  let next = 0;
  const store = (count: number) => {
    for (let i = 0; i < count; i++) {
      env.arena.i32[key >> 2] = next++;
      update(map, key, value, 0);
    }
  };
  store(entries * 2);
  row(name, entries, {
    'update+evict': measure((_from, count) => store(count)),
    lookup: measure((from, count) => {
      for (let i = 0; i < count; i++) {
        env.arena.i32[key >> 2] = next - 1 - ((from + i) % (entries >> 1));
        lookup(map, key);
      }
    }),
  });
}

/** IPv4 prefixes as in a routing table: mostly /24 and /16 to /22, some host routes. */
function lpmBench(entries: number): void {
  const env = environment();
  const map = make(env, { mapType: BPF_MAP_TYPE.LPM_TRIE, keySize: 8, mapFlags: 1, maxEntries: entries });
  const { update, lookup } = map.ops;
  if (!lookup || !update) throw new Error('no element operations');
  const random = seededRandom(7);
  const key = env.arena.alloc(8);
  const value = env.arena.alloc(8);
  for (let i = 0; i < entries; i++) {
    const kind = random.u32() % 100;
    env.arena.u32[key >> 2] = kind < 60 ? 24 : kind < 90 ? 16 + (kind % 7) : 32;
    env.arena.u32[(key >> 2) + 1] = random.u32();
    update(map, key, value, 0);
  }
  const lookups = env.arena.alloc(8192 * 8);
  for (let i = 0; i < 8192; i++) {
    env.arena.u32[(lookups >> 2) + 2 * i] = 32;
    env.arena.u32[(lookups >> 2) + 2 * i + 1] = random.u32();
  }
  row('lpm_trie, IPv4', entries, {
    lookup: measure((from, count) => {
      for (let i = 0; i < count; i++) lookup(map, lookups + ((from + i) & 8191) * 8);
    }),
    update: measure((from, count) => {
      for (let i = 0; i < count; i++) update(map, lookups + ((from + i) & 8191) * 8, value, 2);
    }),
  });
}

for (const entries of SIZES) {
  hashBench('hash, key 16', BPF_MAP_TYPE.HASH, 16, 0, entries);
  hashBench('hash, key 4', BPF_MAP_TYPE.HASH, 4, 0, entries);
  hashBench('hash, key 16, on demand', BPF_MAP_TYPE.HASH, 16, 1, entries);
  hashBench('percpu_hash, key 16', BPF_MAP_TYPE.PERCPU_HASH, 16, 0, entries);
  arrayBench(BPF_MAP_TYPE.ARRAY, 'array', entries);
  arrayBench(BPF_MAP_TYPE.PERCPU_ARRAY, 'percpu_array', entries);
}
for (const entries of SIZES) {
  lruBench('lru_hash, key 16', 0, entries);
  lruBench('lru_hash, a list a CPU', BPF_F_MAP.NO_COMMON_LRU, entries);
  lpmBench(entries);
}

/** Runs bench/maps_kernel.c and prints its figures as rows. */
function kernelBench(): void {
  const dir = mkdtempSync(join(tmpdir(), 'bpf-emu-bench-'));
  try {
    const program = join(dir, 'maps_kernel');
    const source = fileURLToPath(new URL('../../bench/maps_kernel.c', import.meta.url));
    if (spawnSync('gcc', ['-O2', '-o', program, source], { stdio: 'inherit' }).status !== 0) return;
    const { stdout, status } = spawnSync(program, SIZES.map(String), {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0) return;
    const rows = new Map<string, Record<string, number>>();
    for (const line of stdout.trim().split('\n')) {
      const [name = '', entries = '', column = '', value = ''] = line.split('\t');
      const key = `${name}\t${entries}`;
      rows.set(key, { ...rows.get(key), [column]: Number(value) });
    }
    console.log("# this machine's kernel, through bpf(2)");
    for (const [key, values] of rows) row(key.split('\t')[0] ?? '', Number(key.split('\t')[1]), values);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

if (process.argv.includes('--kernel')) kernelBench();
