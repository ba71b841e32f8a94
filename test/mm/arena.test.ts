import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { Arena, PAGE_SIZE } from '../../mm/arena.ts';

const seed = Number(process.env['BPF_EMU_SEED'] ?? Date.now() % 2 ** 31);
t.comment(`seed ${seed}`);

t.test('random allocations are zeroed, apart from each other, and all come back', async (t) => {
  const arena = new Arena({ size: 16 << 20, poison: true });
  const random = seededRandom(seed);
  const free = arena.available;
  const live: { at: number; size: number; tag: number }[] = [];
  const check = (block: { at: number; size: number; tag: number }): boolean => {
    for (let i = 0; i < block.size; i++) if (arena.u8[block.at + i] !== block.tag) return false;
    return true;
  };
  let failures = 0;
  for (let step = 0; step < 20000; step++) {
    if (live.length > 0 && random.u32() % 5 < 2) {
      const [block] = live.splice(random.u32() % live.length, 1);
      if (block === undefined) continue;
      if (!check(block)) throw new Error(`step ${step}: block ${block.at} was overwritten`);
      arena.free(block.at, block.size);
      continue;
    }
    const size = [1 + (random.u32() % 64), 1 + (random.u32() % 3000), 1 + (random.u32() % 60000)][random.u32() % 3]!;
    const at = arena.alloc(size);
    if (at === 0) {
      failures++;
      continue;
    }
    if (at % 8 !== 0 || (size > 2048 && at % PAGE_SIZE !== 0)) throw new Error(`${size} bytes at ${at}: not aligned`);
    if (!arena.contains(at, size)) throw new Error(`${size} bytes at ${at}: outside`);
    for (let i = 0; i < size; i++) if (arena.u8[at + i] !== 0) throw new Error(`step ${step}: ${at} is not zeroed`);
    const block = { at, size, tag: 1 + (random.u32() % 255) };
    arena.u8.fill(block.tag, at, at + size);
    live.push(block);
  }
  t.ok(failures < 20000, 'some allocations succeeded');
  for (const block of live) {
    if (!check(block)) t.fail(`block ${block.at} was overwritten`);
    arena.free(block.at, block.size);
  }
  t.equal(arena.used, 0, 'nothing is in use at the end');
  t.ok(arena.available <= free && arena.peak > 0);
});

t.test('more than there is gives 0 and changes nothing', async (t) => {
  const arena = new Arena({ size: 16 << 20 });
  for (const size of [2 ** 53, 2 ** 31, 16 << 20, Infinity, Number.NaN, -1]) t.equal(arena.alloc(size), 0, `${size}`);
  t.equal(arena.used, 0);
  const blocks: number[] = [];
  for (let at = arena.alloc(PAGE_SIZE); at !== 0; at = arena.alloc(PAGE_SIZE)) blocks.push(at);
  t.equal(arena.available, 0, 'every page was handed out');
  t.equal(arena.alloc(8), 0, 'and a small block finds no page');
  for (const at of blocks) arena.free(at, PAGE_SIZE);
  t.not(arena.alloc(8 << 20), 0, 'freed pages make one run again');
});

t.test('copy() moves any bytes, overlapping or not', async (t) => {
  const arena = new Arena({ size: 16 << 20 });
  const random = seededRandom(seed);
  const base = arena.alloc(4096);
  const model = new Uint8Array(4096);
  for (let i = 0; i < 4096; i++) model[i] = arena.u8[base + i] = random.u32() & 255;
  for (let step = 0; step < 3000; step++) {
    const length = random.u32() % (step % 3 === 0 ? 300 : 40);
    const to = random.u32() % (4096 - length);
    const from =
      step % 2 === 0
        ? Math.min(Math.max(to - 20 + (random.u32() % 40), 0), 4095 - length)
        : random.u32() % (4096 - length);
    model.copyWithin(to, from, from + length);
    arena.copy(base + to, base + from, length);
  }
  t.same(arena.u8.slice(base, base + 4096), model);
});
