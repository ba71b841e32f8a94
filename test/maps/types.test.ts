import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { jhash } from '../../maps/jhash.ts';
import { stackMapStore } from '../../maps/stackmap.ts';
import { create, Elements, hex, testEnv, testSeed, tryCreate } from './util.ts';

const seed = testSeed();
t.comment(`seed ${seed}`);

const u32 = (n: number): Uint8Array => Uint8Array.of(n, n >> 8, n >> 16, n >> 24);

t.test('jhash gives what the kernel gives', async (t) => {
  const env = testEnv();
  const { i32, u8 } = env.arena;
  const at = env.arena.alloc(64);
  for (let i = 0; i < 64; i++) u8[at + i] = i;
  // lookup3 of the empty key is its start value.
  t.equal(jhash(i32, u8, at, 0, 0) >>> 0, 0xdeadbeef);
  t.equal(jhash(i32, u8, at, 0, 0xdeadbeef) >>> 0, 0xbd5b7dde, 'the first self-test of lookup3.c');
  const text = 'Four score and seven years ago';
  for (let i = 0; i < text.length; i++) u8[at + i] = text.charCodeAt(i);
  t.equal(jhash(i32, u8, at, 30, 0) >>> 0, 0x17770551, 'the second');
  t.equal(jhash(i32, u8, at, 30, 1) >>> 0, 0xcd628161, 'the third');
});

t.test('arrays keep values apart, also those of each CPU', async (t) => {
  for (const mapType of [2, 6]) {
    for (const valueSize of [1, 3, 8, 13, 100]) {
      const env = testEnv(3);
      const random = seededRandom(seed);
      const map = create(env, { mapType, valueSize, maxEntries: 9 });
      const elements = new Elements(map);
      const model = new Map<number, string>();
      for (let i = 0; i < 9; i++) model.set(i, '00'.repeat(elements.userSize));
      for (let step = 0; step < 600; step++) {
        const index = random.u32() % 12;
        const value = Uint8Array.from({ length: elements.userSize }, () => random.u32());
        if (random.u32() & 1) {
          const want = index < 9 ? 0 : -7;
          if (elements.update(u32(index), value) !== want) throw new Error(`step ${step}: update ${index}`);
          if (want === 0) model.set(index, hex(value));
        } else {
          const got = elements.lookup(u32(index));
          if ((typeof got === 'number' ? got : hex(got)) !== (model.get(index) ?? -2)) {
            throw new Error(`step ${step}: lookup ${index}`);
          }
        }
      }
      t.equal(elements.update(u32(0), new Uint8Array(elements.userSize), 1), -17, 'elements always exist');
      t.equal(elements.remove(u32(0)), -22, 'and cannot be removed');
      t.equal(elements.keys().length, 9);
      elements.done();
      map.put();
      t.equal(env.arena.used, 0);
    }
  }
});

t.test('a program reads and writes the value of its CPU only', async (t) => {
  for (const mapType of [5, 6, 10]) {
    const env = testEnv(3);
    const map = create(env, { mapType, keySize: 4, valueSize: 4, maxEntries: 4 });
    const elements = new Elements(map);
    for (let cpu = 0; cpu < 3; cpu++) {
      env.cpu = cpu;
      env.arena.u8.set(u32(1), elements.key);
      env.arena.u8.set(u32(100 + cpu), elements.value);
      t.equal(map.ops.update?.(map, elements.key, elements.value, 0), 0);
    }
    t.same(
      elements.lookup(u32(1)),
      Uint8Array.from([...u32(100), 0, 0, 0, 0, ...u32(101), 0, 0, 0, 0, ...u32(102), 0, 0, 0, 0]),
    );
    for (let cpu = 0; cpu < 3; cpu++) {
      env.cpu = 2 - cpu;
      t.equal(env.arena.i32[(map.ops.lookup?.(map, elements.key) ?? 0) >> 2], 102 - cpu);
      t.equal(env.arena.i32[(map.ops.lookupPercpu?.(map, elements.key, cpu) ?? 0) >> 2], 100 + cpu);
    }
    t.equal(map.ops.lookupPercpu?.(map, elements.key, 3), 0, 'there is no CPU 3');
  }
});

t.test('queues and stacks against an array', async (t) => {
  for (const mapType of [22, 23]) {
    for (const valueSize of [1, 3, 8, 20]) {
      const env = testEnv();
      const random = seededRandom(seed);
      const map = create(env, { mapType, keySize: 0, valueSize, maxEntries: 5 });
      const { push, pop, peek } = map.ops;
      const at = env.arena.alloc(32);
      const model: string[] = [];
      for (let step = 0; step < 3000; step++) {
        const action = random.u32() % 5;
        if (action < 3) {
          const value = Uint8Array.from({ length: valueSize }, () => random.u32());
          env.arena.u8.set(value, at);
          const flags = [0, 0, 2, 1][random.u32() & 3]!;
          const want = flags === 1 ? -22 : model.length === 5 && flags === 0 ? -7 : 0;
          if (want === 0) {
            if (model.length === 5) model.shift();
            model.push(hex(value));
          }
          if (push?.(map, at, flags) !== want) throw new Error(`step ${step}: push`);
        } else {
          const taken = action === 3 ? pop?.(map, at) : peek?.(map, at);
          const index = mapType === 22 ? 0 : model.length - 1;
          const want = model[index];
          if (action === 3) model.splice(index, 1);
          if (taken !== (want === undefined ? -2 : 0)) throw new Error(`step ${step}: get gave ${taken}`);
          const got = hex(env.arena.u8.slice(at, at + valueSize));
          if (got !== (want ?? '00'.repeat(valueSize))) throw new Error(`step ${step}: got ${got}, want ${want}`);
        }
      }
      t.equal(map.ops.remove?.(map, 0), -22);
      map.put();
      env.arena.free(at, 32);
      t.equal(env.arena.used, 0);
    }
  }
});

t.test('a Bloom filter never forgets', async (t) => {
  for (const [valueSize, mapExtra] of [
    [4, 0n],
    [3, 1n],
    [16, 15n],
    [13, 7n],
  ] as const) {
    const env = testEnv();
    const random = seededRandom(seed);
    const map = create(env, { mapType: 30, keySize: 0, valueSize, maxEntries: 200, mapExtra });
    const at = env.arena.alloc(16);
    const values = Array.from({ length: 200 }, () => Uint8Array.from({ length: valueSize }, () => random.u32()));
    for (const value of values) {
      env.arena.u8.set(value, at);
      t.equal(map.ops.push?.(map, at, 0), 0);
    }
    let lost = 0;
    for (const value of values) {
      env.arena.u8.set(value, at);
      if (map.ops.peek?.(map, at) !== 0) lost++;
    }
    t.equal(lost, 0, 'all that was added is found');
    let wrong = 0;
    for (let i = 0; i < 1000; i++) {
      for (let j = 0; j < valueSize; j++) env.arena.u8[at + j] = random.u32();
      if (map.ops.peek?.(map, at) === 0) wrong++;
    }
    t.ok(wrong < 400, `${wrong} of 1000 others seem to be there`);
  }
});

t.test('stack traces are found by the hash of their addresses', async (t) => {
  const env = testEnv();
  const map = create(env, { mapType: 7, keySize: 4, valueSize: 64, maxEntries: 4 });
  const elements = new Elements(map);
  const trace = env.arena.alloc(64);
  for (let i = 0; i < 16; i++) env.arena.i32[(trace >> 2) + i] = i * 77;
  const id = stackMapStore(map, trace, 24, 0);
  t.ok(id >= 0 && id < 4);
  t.equal(stackMapStore(map, trace, 24, 0), id, 'the same trace has the same id');
  const got = elements.lookup(u32(id));
  t.ok(typeof got !== 'number' && got.slice(24).every((byte) => byte === 0), 'zeros follow a short trace');
  let clash = 0;
  for (let i = 1; i < 200 && clash === 0; i++) {
    env.arena.i32[trace >> 2] = i * 1000003;
    const other = stackMapStore(map, trace, 24, 0);
    if (other === -17) clash = i;
  }
  t.not(clash, 0, 'another trace with the same id is refused');
  t.ok(stackMapStore(map, trace, 24, 1 << 10) >= 0, 'or takes its place (BPF_F_REUSE_STACKID)');
  t.equal(elements.remove(u32(id)), 0);
  t.equal(elements.remove(u32(id)), -2);
  t.equal(elements.remove(u32(4)), -7);
});

t.test('storage that is wrong in a small way is refused', async (t) => {
  const env = testEnv();
  const before = env.arena.used;
  t.equal(tryCreate(env, { mapType: 1, keySize: 0 }), -22);
  t.equal(tryCreate(env, { mapType: 1, keySize: 4, valueSize: 0xffffffff }), -7);
  t.equal(tryCreate(env, { mapType: 5, valueSize: 32769 }), -7);
  t.equal(tryCreate(env, { mapType: 11, keySize: 4, mapFlags: 1 }), -22);
  t.equal(tryCreate(env, { mapType: 11, keySize: 8 }), -22, 'a trie without NO_PREALLOC');
  t.equal(tryCreate(env, { mapType: 9, mapFlags: 1 }), -524, 'an LRU with NO_PREALLOC');
  t.equal(tryCreate(env, { mapType: 27, keySize: 0, valueSize: 0, maxEntries: 6144 }), -22);
  t.equal(tryCreate(env, { mapType: 27, keySize: 0, valueSize: 0, maxEntries: 2 ** 31 }), -12);
  t.equal(tryCreate(env, { mapType: 22, keySize: 0, valueSize: 8, maxEntries: 0xffffffff }), -12);
  t.equal(tryCreate(env, { mapType: 30, keySize: 0, valueSize: 8, maxEntries: 0xffffffff, mapExtra: 15n }), -12);
  t.equal(tryCreate(env, { mapType: 33, keySize: 0, valueSize: 0, maxEntries: (1 << 20) + 1, mapFlags: 1024 }), -7);
  t.equal(env.arena.used, before, 'nothing was taken');
});
