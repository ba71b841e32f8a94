import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { create, Elements, hex, testEnv, testSeed } from './util.ts';

const seed = testSeed();
t.comment(`seed ${seed}`);

/** A prefix as a string of bits. */
function bits(key: Uint8Array, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += (key[4 + (i >> 3)]! >> (7 - (i & 7))) & 1;
  return text;
}

function makeKey(data: Uint8Array, prefixlen: number): Uint8Array {
  const key = new Uint8Array(4 + data.length);
  new DataView(key.buffer).setUint32(0, prefixlen, true);
  key.set(data, 4);
  return key;
}

/** Random operations against a map from bits to values; `spread` is how many bits of a data byte vary. */
function compare(dataSize: number, maxEntries: number, steps: number, spread: number): void {
  const env = testEnv(1, 64 << 20, seed);
  const random = seededRandom(seed + dataSize);
  const map = create(env, { mapType: 11, mapFlags: 1, keySize: 4 + dataSize, valueSize: 8, maxEntries });
  const elements = new Elements(map);
  const model = new Map<string, string>();
  const randomKey = (): Uint8Array => {
    const data = Uint8Array.from({ length: dataSize }, () => random.u32() & 255 & ((0xff00 >> spread) & 0xff));
    const lengths = [
      dataSize * 8,
      random.u32() % (dataSize * 8 + 1),
      Math.min(24, dataSize * 8),
      16,
      random.u32() % 17,
    ];
    return makeKey(data, Math.min(lengths[random.u32() % lengths.length]!, dataSize * 8));
  };
  for (let step = 0; step < steps; step++) {
    const key = randomKey();
    const length = new DataView(key.buffer).getUint32(0, true);
    const prefix = bits(key, length);
    const action = random.u32() % 16;
    if (action < 7) {
      const value = Uint8Array.from({ length: 8 }, () => random.u32());
      const flags = [0, 0, 1, 2][random.u32() & 3]!;
      let want = 0;
      if (model.has(prefix) && flags === 1) want = -17;
      else if (!model.has(prefix) && flags === 2) want = -2;
      else if (!model.has(prefix) && model.size >= maxEntries) want = -28;
      if (want === 0) model.set(prefix, hex(value));
      const got = elements.update(key, value, flags);
      if (got !== want) throw new Error(`step ${step}: update ${prefix} flags ${flags}: ${got}, want ${want}`);
    } else if (action < 9) {
      const got = elements.remove(key);
      if (got !== (model.delete(prefix) ? 0 : -2)) throw new Error(`step ${step}: remove ${prefix}: ${got}`);
    } else {
      let want: string | number = -2;
      for (let n = length; n >= 0 && want === -2; n--) want = model.get(prefix.slice(0, n)) ?? -2;
      const got = elements.lookup(key);
      if ((typeof got === 'number' ? got : hex(got)) !== want) throw new Error(`step ${step}: lookup ${prefix}`);
    }
  }
  const keys = elements.keys().map((key) => bits(key, new DataView(key.buffer).getUint32(0, true)));
  t.same(
    [...keys].sort(),
    [...model.keys()].sort(),
    `a walk finds every prefix once (${dataSize} bytes, ${maxEntries})`,
  );
  const at = new Map(keys.map((key, i) => [key, i]));
  const ordered = keys.every((key, i) => {
    for (let n = 0; n < key.length; n++) if ((at.get(key.slice(0, n)) ?? Infinity) < i) return false;
    return true;
  });
  t.ok(ordered, 'and a prefix comes before those that contain it');
  elements.done();
  map.put();
  t.equal(env.arena.used, 0);
}

compare(1, 300, 4000, 8);
compare(2, 200, 4000, 3);
compare(3, 5000, 15000, 6);
compare(4, 50, 4000, 2);
compare(4, 20000, 30000, 8);
compare(4, 3000, 20000, 3);
compare(7, 3000, 12000, 2);
compare(16, 3000, 12000, 2);
compare(256, 100, 1000, 1);
