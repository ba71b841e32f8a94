import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import {
  BUSY,
  DISCARD,
  type RingbufMap,
  ringbufCommit,
  ringbufOutput,
  ringbufQuery,
  ringbufReserve,
  userRingbufDrain,
} from '../../maps/ringbuf.ts';
import { PAGE_SIZE } from '../../mm/arena.ts';
import { create, testEnv, testSeed } from './util.ts';

const seed = testSeed();
t.comment(`seed ${seed}`);

function ringbuf(mapType = 27, maxEntries = 4096): RingbufMap {
  const env = testEnv(1, 16 << 20, seed);
  return create(env, { mapType, keySize: 0, valueSize: 0, maxEntries }) as RingbufMap;
}

/** Reads records the way libbpf does: from the consumer position, contiguous through the mirror. */
function consume(ring: RingbufMap): Uint8Array[] {
  const { view, u8 } = ring.env.arena;
  const records: Uint8Array[] = [];
  let at = Number(view.getBigUint64(ring.pages, true));
  const producer = Number(view.getBigUint64(ring.pages + PAGE_SIZE, true));
  while (at < producer) {
    const header = ring.data + (at & (ring.maxEntries - 1));
    const length = view.getUint32(header, true);
    if ((length & BUSY) !== 0) break;
    const size = length & ~DISCARD;
    if ((length & DISCARD) === 0) records.push(u8.slice(header + 8, header + 8 + size));
    at += (size + 8 + 7) & ~7;
    view.setBigUint64(ring.pages, BigInt(at), true);
  }
  return records;
}

t.test('what is submitted arrives once, in order; what is discarded does not', async (t) => {
  const ring = ringbuf();
  const random = seededRandom(seed);
  const { arena } = ring.env;
  const sent: string[] = [];
  const got: string[] = [];
  const open: { sample: number; size: number; tag: number; order: number }[] = [];
  const results = new Map<number, string>();
  let order = 0;
  for (let step = 0; step < 20000; step++) {
    const action = random.u32() % 6;
    if (action < 2) {
      const size = random.u32() % 300;
      const sample = ringbufReserve(ring, size);
      if (sample !== 0) open.push({ sample, size, tag: random.u32() & 255, order: order++ });
    } else if (action < 5) {
      const [record] = open.splice(random.u32() % Math.max(open.length, 1), 1);
      if (record === undefined) continue;
      arena.u8.fill(record.tag, record.sample, record.sample + record.size);
      const discard = random.u32() % 4 === 0;
      ringbufCommit(ring.env, record.sample, 0, discard);
      results.set(record.order, discard ? '' : `${record.size}:${record.tag}`);
    } else {
      for (const record of consume(ring)) {
        if (!record.every((byte) => byte === record[0])) throw new Error(`step ${step}: a record is mixed up`);
        got.push(`${record.length}:${record.length === 0 ? '' : record[0]}`);
      }
    }
  }
  for (const record of open) {
    ringbufCommit(ring.env, record.sample, 0, true);
    results.set(record.order, '');
  }
  for (const record of consume(ring)) got.push(`${record.length}:${record.length === 0 ? '' : record[0]}`);
  for (let i = 0; i < order; i++) {
    const result = results.get(i) ?? '';
    if (result !== '') sent.push(result.startsWith('0:') ? '0:' : result);
  }
  t.ok(sent.length > 500);
  t.same(got, sent);
  t.equal(ringbufQuery(ring, 0), 0, 'nothing is left');
  ring.put();
  t.equal(arena.used, 0);
});

t.test('a full ring refuses, and never overwrites', async (t) => {
  const ring = ringbuf();
  const at = ring.env.arena.alloc(4096);
  t.equal(ringbufReserve(ring, 4096 - 8 + 1), 0, 'larger than the ring');
  let count = 0;
  while (ringbufOutput(ring, at, 120, 0) === 0) count++;
  t.equal(count, 31, 'one byte less than the ring can be full');
  t.equal(ringbufOutput(ring, at, 120, 0), -11);
  t.equal(ringbufOutput(ring, at, 120, 4), -22, 'unknown flag');
  t.equal(consume(ring).length, 31);
  t.equal(ringbufOutput(ring, at, 120, 0), 0);
  t.equal(ringbufQuery(ring, 1), 4096);
  t.equal(ringbufQuery(ring, 3), 32 * 128);
});

t.test('a busy record holds back what comes after it', async (t) => {
  const ring = ringbuf();
  const first = ringbufReserve(ring, 8);
  const at = ring.env.arena.alloc(8);
  t.equal(ringbufOutput(ring, at, 8, 0), 0);
  t.equal(consume(ring).length, 0);
  ring.env.arena.view.setBigUint64(ring.pages, 32n, true);
  t.equal(ringbufReserve(ring, 4088 - 32), 0, 'and the place of both, whatever the consumer says');
  ringbufCommit(ring.env, first, 0, false);
  ring.env.arena.view.setBigUint64(ring.pages, 0n, true);
  t.equal(consume(ring).length, 2);
});

t.test('the reader is woken when it has read all before, or when forced', async (t) => {
  const ring = ringbuf();
  const at = ring.env.arena.alloc(8);
  let woken = 0;
  ring.waiters.add(() => woken++);
  ringbufOutput(ring, at, 8, 0);
  t.equal(woken, 1, 'first record');
  ringbufOutput(ring, at, 8, 0);
  t.equal(woken, 1, 'the reader has not read the first yet');
  ringbufOutput(ring, at, 8, 2);
  t.equal(woken, 2, 'BPF_RB_FORCE_WAKEUP');
  consume(ring);
  ringbufOutput(ring, at, 8, 1);
  t.equal(woken, 2, 'BPF_RB_NO_WAKEUP');
  t.equal(ring.ops.poll?.(ring), true);
  consume(ring);
  t.equal(ring.ops.poll?.(ring), false);
});

t.test('a client that scribbles over everything it maps breaks nothing', async (t) => {
  const ring = ringbuf();
  const user = ringbuf(31);
  const random = seededRandom(seed);
  for (let step = 0; step < 3000; step++) {
    for (const each of [ring, user]) {
      const { arena } = each.env;
      for (let i = 0; i < 20; i++) arena.u32[(each.pages >> 2) + (random.u32() % (each.bytes >> 2))] = random.u32();
      arena.u32[each.pages >> 2] = [0, random.u32(), random.u32() & ~7, each.producer >>> 0][step & 3]!;
      arena.u32[(each.pages >> 2) + 1] = [0, random.u32(), 0, 0xffffffff][(step >> 2) & 3]!;
      arena.u32[(each.pages + PAGE_SIZE) >> 2] = [random.u32(), random.u32() & ~7, (each.consumer + 64) >>> 0, 0][
        step & 3
      ]!;
      arena.u32[((each.pages + PAGE_SIZE) >> 2) + 1] = [0, random.u32(), 0, 0xffffffff][(step >> 2) & 3]!;
    }
    const size = random.u32() % 2000;
    const sample = ringbufReserve(ring, size);
    if (sample !== 0) {
      if (sample < ring.data || sample + size > ring.data + 2 * 4096) throw new Error(`a record outside: ${sample}`);
      ring.env.arena.u32[(sample - 8) >> 2] = random.u32();
      ringbufCommit(ring.env, sample, random.u32() & 3, (step & 1) === 0);
    }
    let seen = 0;
    userRingbufDrain(user, 0, (at, length) => {
      if (at < user.data || at + length > user.data + 2 * 4096) throw new Error(`a sample outside: ${at}`);
      return ++seen > 1000 ? 1 : 0;
    });
  }
  t.pass('nothing was read or written outside the rings');
});

t.test('a user ring buffer is drained in order, and says what is wrong with it', async (t) => {
  const user = ringbuf(31);
  const { view, u8 } = user.env.arena;
  let producer = 0;
  const put = (size: number, bits = 0): void => {
    const header = user.data + (producer & 4095);
    view.setUint32(header, (size | bits) >>> 0, true);
    u8.fill(size, header + 8, header + 8 + size);
    producer += (size + 15) & ~7;
    view.setBigUint64(user.pages + PAGE_SIZE, BigInt(producer), true);
  };
  const sizes: number[] = [];
  const drain = (flags = 0, stopAt = Infinity): number =>
    userRingbufDrain(user, flags, (at, size) => {
      t.ok(u8.subarray(at, at + size).every((byte) => byte === (size & 255)));
      sizes.push(size);
      return sizes.length >= stopAt ? 1 : 0;
    });
  put(8);
  put(24, DISCARD);
  put(13);
  t.equal(drain(), 2);
  t.same(sizes, [8, 13]);
  for (let i = 0; i < 300; i++) {
    put(100 + (i % 90));
    t.equal(drain(), 1);
  }
  put(5);
  put(6);
  t.equal(drain(0, sizes.length + 1), 1, 'the callback stops it');
  t.equal(drain(), 1);
  put(9, BUSY);
  t.equal(drain(), 0, 'a busy sample ends it');
  t.equal(drain(4), -22);
  view.setBigUint64(user.pages + PAGE_SIZE, BigInt(producer + 4), true);
  t.equal(drain(), -22, 'a position that is not a multiple of 8');
  view.setUint32(user.data + (user.consumer & 4095), 4096, true);
  view.setBigUint64(user.pages + PAGE_SIZE, BigInt(producer), true);
  t.equal(drain(), -22, 'a sample longer than what was produced');
  view.setBigUint64(user.pages + PAGE_SIZE, BigInt(user.consumer + 8192), true);
  t.equal(drain(), -7, 'a sample longer than the ring');
});
