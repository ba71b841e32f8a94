import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { create, Elements, hex, testEnv, testSeed, tryCreate } from './util.ts';

const E2BIG = -7;
const ENOENT = -2;
const EEXIST = -17;

/** Runs random operations on a map and on a plain Map, and compares every answer. */
function compare(seed: number, attr: Parameters<typeof create>[1], steps: number): void {
  const env = testEnv(2, 64 << 20, seed);
  const random = seededRandom(seed);
  const map = create(env, attr);
  const elements = new Elements(map);
  const model = new Map<string, string>();
  const keySpace = map.maxEntries * 2;
  const bytes = (length: number, from: number): Uint8Array => {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) out[i] = i < 4 ? from >>> (8 * i) : (from * 31 + i) & 0xff;
    return out;
  };
  for (let step = 0; step < steps; step++) {
    env.cpu = random.u32() & 1;
    const key = bytes(map.keySize, random.u32() % Math.min(keySpace, 2 ** (8 * Math.min(map.keySize, 4))));
    const name = hex(key);
    const has = model.has(name);
    const action = random.u32() % 8;
    if (action < 4) {
      const value = bytes(elements.userSize, random.u32());
      const flags = [0, 0, 1, 2][random.u32() & 3] as number;
      let want = 0;
      if (has && flags === 1) want = EEXIST;
      else if (!has && flags === 2) want = ENOENT;
      else if (!has && model.size >= map.maxEntries) want = E2BIG;
      if (want === 0) model.set(name, hex(value));
      const got = elements.update(key, value, flags);
      if (got !== want) throw new Error(`step ${step}: update ${name} flags ${flags} gave ${got}, want ${want}`);
    } else if (action === 4) {
      const got = elements.remove(key);
      if (got !== (model.delete(name) ? 0 : ENOENT)) throw new Error(`step ${step}: remove ${name} gave ${got}`);
    } else if (action === 5) {
      const got = elements.lookupAndDelete(key);
      const want = model.get(name) ?? ENOENT;
      model.delete(name);
      if ((typeof got === 'number' ? got : hex(got)) !== want) throw new Error(`step ${step}: pop ${name}`);
    } else {
      const got = elements.lookup(key);
      if ((typeof got === 'number' ? got : hex(got)) !== (model.get(name) ?? ENOENT)) {
        throw new Error(`step ${step}: lookup ${name} gave ${got}`);
      }
    }
  }
  const keys = elements.keys().map(hex).sort();
  t.same(keys, [...model.keys()].sort(), `walk finds what is in the map (${JSON.stringify(attr)})`);
  elements.done();
  map.put();
  t.equal(env.arena.used, 0, 'all memory is given back');
}

const seed = testSeed();
t.comment(`seed ${seed}`);
for (const mapType of [1, 5]) {
  for (const mapFlags of [0, 1]) {
    for (const keySize of [1, 3, 4, 5, 8, 12, 16, 29]) {
      compare(seed + keySize, { mapType, mapFlags, keySize, valueSize: 1 + (keySize % 9), maxEntries: 50 }, 3000);
    }
  }
}

t.test('a walk that deletes what it stands on starts over, and ends', async (t) => {
  const env = testEnv();
  const elements = new Elements(create(env, { maxEntries: 100 }));
  for (let i = 0; i < 100; i++) elements.update(Uint8Array.of(i, 0, 0, 0), new Uint8Array(8));
  let deleted = 0;
  for (let key = elements.nextKey(undefined); typeof key !== 'number'; key = elements.nextKey(key)) {
    t.equal(elements.remove(key), 0);
    deleted++;
  }
  t.equal(deleted, 100);
});

t.test('forEach survives deletion and insertion by its visitor', async (t) => {
  const env = testEnv();
  const map = create(env, { maxEntries: 64 });
  const elements = new Elements(map);
  for (let i = 0; i < 64; i++) elements.update(Uint8Array.of(i, 0, 0, 0), new Uint8Array(8));
  const visited = map.ops.forEach?.(map, (key) => map.ops.remove?.(map, key) ?? 0) ?? 0;
  t.ok(visited >= 64 && elements.keys().length === 0, 'every element was visited and removed');
  for (let i = 0; i < 64; i++) elements.update(Uint8Array.of(i, 0, 0, 0), new Uint8Array(8));
  const turning = map.ops.forEach?.(map, (key, value) => map.ops.update?.(map, key, value, 0) ?? 0) ?? 0;
  t.ok(turning >= 64 && elements.keys().length === 64, 'every element was rewritten');
});

t.test('sizes beyond memory are refused and take nothing', async (t) => {
  const env = testEnv(2, 32 << 20);
  for (const mapFlags of [0, 1]) {
    t.equal(tryCreate(env, { maxEntries: 0xffffffff, mapFlags }), E2BIG, 'more buckets than a table can have');
  }
  t.equal(tryCreate(env, { maxEntries: 1 << 27 }), -12, 'more elements than memory');
  t.equal(tryCreate(env, { mapType: 2, maxEntries: 0xffffffff, valueSize: 0x7fffffff }), -12);
  t.equal(env.arena.used, 0);
});

t.test('programs see a new element where the kernel has one', async (t) => {
  const env = testEnv();
  const map = create(env, { maxEntries: 1 });
  const elements = new Elements(map);
  elements.update(Uint8Array.of(1, 0, 0, 0), Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1));
  const before = map.ops.lookup?.(map, elements.key) ?? 0;
  t.equal(elements.update(Uint8Array.of(1, 0, 0, 0), Uint8Array.of(2, 2, 2, 2, 2, 2, 2, 2)), 0, 'also when full');
  t.not(map.ops.lookup?.(map, elements.key), before, 'the value moved');
  t.equal(env.arena.u8[before], 1, 'the old value is still readable');
});

t.test('keys and values in the last bytes of the arena', async (t) => {
  const env = testEnv(1, 16 << 20);
  const { arena } = env;
  for (const mapType of [1, 2, 5, 6, 9]) {
    for (const keySize of mapType === 2 || mapType === 6 ? [4] : [1, 3, 4, 5, 16]) {
      const map = create(env, { mapType, keySize, valueSize: 7, maxEntries: 4 });
      const { lookup, update } = map.ops;
      for (let back = keySize; back < keySize + 8; back++) {
        const key = arena.size - back;
        arena.u8.fill(0, key, key + keySize);
        t.equal(update?.(map, key, arena.size - 7, 0), 0);
        t.not(lookup?.(map, key), 0);
      }
      map.put();
    }
  }
  t.equal(arena.used, 0);
});
