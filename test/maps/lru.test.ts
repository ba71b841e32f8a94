import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import {
  LRU_LIST,
  LRU_NODE,
  type LruList,
  NODE_NEXT,
  NODE_PREV,
  NODE_REF,
  NODE_TYPE,
} from '../../maps/bpf_lru_list.ts';
import { ELEM_NEXT } from '../../maps/htab_layout.ts';
import type { HtabLruMap } from '../../maps/htab_lru_map.ts';
import { create, Elements, hex, testEnv, testSeed } from './util.ts';

const NO_COMMON_LRU = 2;
const { ACTIVE, INACTIVE, FREE, LOCAL_FREE, LOCAL_PENDING } = LRU_LIST;

/** What is wrong with the lists and the table of a map, or an empty string. */
function violation(map: HtabLruMap): string {
  const { i32, lru } = map;
  const seen = new Map<number, number>();
  const walk = (head: number, type: number, cpu: number): number => {
    let length = 0;
    let previous = head;
    for (let node = i32[(head >> 2) + NODE_NEXT]!; node !== head; node = i32[(node >> 2) + NODE_NEXT]!) {
      if (i32[(node >> 2) + NODE_PREV] !== previous) throw new Error(`node ${node}: previous is wrong`);
      if (seen.has(node)) throw new Error(`node ${node} is on two lists`);
      if ((i32[(node >> 2) + NODE_TYPE]! & 0xff) !== type) throw new Error(`node ${node}: type is not ${type}`);
      if (cpu >= 0 && i32[(node >> 2) + NODE_TYPE]! >> 8 !== cpu) throw new Error(`node ${node}: not of CPU ${cpu}`);
      if (i32[(lru.elementOf(node) >> 2) + LRU_NODE] !== node) throw new Error(`node ${node}: wrong element`);
      seen.set(node, type);
      previous = node;
      length++;
    }
    if (i32[(head >> 2) + NODE_PREV] !== previous) throw new Error(`list ${type}: its end is wrong`);
    return length;
  };
  const set = (list: LruList, cpu: number): void => {
    let rotation = list.nextInactiveRotation === list.heads[INACTIVE];
    for (const type of [ACTIVE, INACTIVE, FREE]) {
      const length = walk(list.heads[type]!, type, cpu);
      if (length !== list.counts[type]) throw new Error(`list ${type}: ${length} nodes, count ${list.counts[type]}`);
    }
    rotation ||= seen.get(list.nextInactiveRotation) === INACTIVE;
    if (!rotation) throw new Error('the rotation stands on a node that is not inactive');
  };
  try {
    lru.lists.forEach((list, cpu) => {
      set(list, lru.percpu ? cpu : -1);
    });
    lru.locals.forEach((local, cpu) => {
      walk(local.free, LOCAL_FREE, -1);
      walk(local.pending, LOCAL_PENDING, cpu);
    });
    if (seen.size !== map.maxEntries) throw new Error(`${seen.size} of ${map.maxEntries} nodes are on a list`);
    let inTable = 0;
    for (let bucket = 0; bucket < map.nrBuckets; bucket++) {
      for (let at = i32[map.table + bucket]!; at !== 0; at = i32[(at >> 2) + ELEM_NEXT]!) {
        const type = seen.get(i32[(at >> 2) + LRU_NODE]!);
        if (type === FREE || type === LOCAL_FREE) throw new Error(`element ${at} is in the table and free`);
        inTable++;
      }
    }
    const free = [...seen.values()].filter((type) => type === FREE || type === LOCAL_FREE).length;
    if (inTable !== map.count || inTable + free !== map.maxEntries) {
      throw new Error(`${inTable} in the table (count ${map.count}), ${free} free, of ${map.maxEntries}`);
    }
  } catch (error) {
    return String(error);
  }
  return '';
}

const seed = testSeed();
t.comment(`seed ${seed}`);

for (const mapType of [9, 10]) {
  for (const mapFlags of [0, NO_COMMON_LRU]) {
    for (const [nrCpus, maxEntries] of [
      [1, 1],
      [1, 7],
      [2, 1],
      [2, 20],
      [3, 50],
      [4, 9],
      [2, 600],
    ] as const) {
      t.test(`type ${mapType}, flags ${mapFlags}, ${nrCpus} CPUs, ${maxEntries} entries`, async (t) => {
        const env = testEnv(nrCpus, 16 << 20, seed);
        const random = seededRandom(seed + maxEntries);
        const map = create(env, { mapType, mapFlags, maxEntries }) as HtabLruMap;
        const elements = new Elements(map);
        const model = new Map<string, string>();
        const key = new Uint8Array(4);
        for (let step = 0; step < 1500; step++) {
          env.cpu = random.u32() % nrCpus;
          key[0] = random.u32();
          key[1] = maxEntries > 100 ? random.u32() & 3 : 0;
          const name = hex(key);
          const value = new Uint8Array(elements.userSize).fill(random.u32());
          const action = random.u32() % 10;
          if (action < 6) {
            const got = elements.update(key, value, random.u32() % 4 === 0 ? 1 : 0);
            if (got === 0) model.set(name, hex(value));
            else if (got !== -17 && got !== -12) throw new Error(`step ${step}: update gave ${got}`);
          } else if (action === 6) {
            elements.remove(key);
            model.delete(name);
          } else if (action === 7) {
            // As a program does it: the element counts as used.
            env.arena.u8.set(key, elements.key);
            const at = map.ops.lookup?.(map, elements.key) ?? 0;
            if (at !== 0 && i32Ref(map, at) !== 1) throw new Error(`step ${step}: no reference bit`);
          } else {
            const got = elements.lookup(key);
            // It may have been evicted, but what is there is what was written last.
            if (typeof got !== 'number' && hex(got) !== model.get(name))
              throw new Error(`step ${step}: lookup ${name}`);
          }
          const wrong = violation(map);
          if (wrong !== '') throw new Error(`step ${step}: ${wrong}`);
        }
        t.ok(
          elements.keys().every((found) => model.has(hex(found))),
          'nothing is in it that was not put there',
        );
        elements.done();
        map.put();
        t.equal(env.arena.used, 0);
      });
    }
  }
}

/** Reference bit of the element whose value a program was given. */
function i32Ref(map: HtabLruMap, value: number): number {
  const stride = map.percpu ? map.env.cpu * map.valueStride : 0;
  const node = map.i32[((value - stride - map.valueOffset) >> 2) + LRU_NODE]!;
  return map.i32[(node >> 2) + NODE_REF]!;
}

t.test('a key that a program looks up is evicted later than one that only the system call reads', async (t) => {
  const env = testEnv(1);
  const map = create(env, { mapType: 9, maxEntries: 64 });
  const elements = new Elements(map);
  const at = (n: number) => Uint8Array.of(n, n >> 8, 0, 0);
  for (let i = 0; i < 64; i++) elements.update(at(i), new Uint8Array(8));
  for (let i = 0; i < 8; i++) {
    env.arena.u8.set(at(i), elements.key);
    map.ops.lookup?.(map, elements.key);
    elements.lookup(at(i + 8));
  }
  for (let i = 64; i < 96; i++) elements.update(at(i), new Uint8Array(8));
  const kept = (from: number) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((i) => typeof elements.lookup(at(from + i)) !== 'number');
  t.equal(kept(0).length, 8, 'those a program used are all there');
  t.equal(kept(8).length, 0, 'the others are gone');
});
