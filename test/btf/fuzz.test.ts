import t from 'tap';
import { BpfLog } from '../../base/bpf_log.ts';
import { loadBtf } from '../../btf/parse.ts';
import { showToString } from '../../btf/show.ts';
import { Dice, mutate, randomBtf } from './generate.ts';

// A busy machine takes longer.
t.setTimeout(0);

const seed = Number(process.env['BPF_EMU_SEED'] ?? Date.now() % 1_000_000_007);

t.test(`100,000 mutated BTF objects neither throw nor loop (seed ${seed})`, async (t) => {
  const dice = new Dice(seed);
  let accepted = 0;
  let last: Uint8Array = new Uint8Array(0);
  try {
    for (let i = 0; i < 100_000; i++) {
      // A new object now and then; mutations of it in between.
      if (i % 25 === 0) last = randomBtf(dice, dice.chance(50));
      const bytes = i % 25 === 0 ? last : mutate(dice, last);
      const btf = loadBtf(bytes, i % 4 === 0 ? new BpfLog(1, 4096) : BpfLog.none());
      if (typeof btf === 'number') {
        if (!(btf < 0 && btf >= -524)) throw new Error(`errno ${btf}`);
        continue;
      }
      accepted++;
      // Values of millions of elements are legal, but slow to print.
      if (accepted % 4 !== 0 || btf.types.some((type) => type.nelems > 64)) continue;
      for (let id = 1; id < btf.nrTypes; id++) {
        if (btf.typeIdSize(id) !== undefined) showToString(btf, id, new Uint8Array(64));
      }
    }
  } catch (error) {
    t.fail(`seed ${seed}: ${error instanceof Error ? error.stack : error}; BTF ${Buffer.from(last).toString('hex')}`);
  }
  t.ok(accepted > 1000, `${accepted} were accepted`);
});

t.test('hostile shapes end in bounded time', async (t) => {
  const { BtfBuilder } = await import('../../btf/build.ts');
  const deep = new BtfBuilder();
  let id = deep.struct('bpf_refcount', 4, []);
  // Each struct holds the one before twice: 2^200 members, were they all walked.
  for (let i = 0; i < 200; i++)
    id = deep.struct('s', 4, [
      ['a', id, 0],
      ['b', id, 0],
    ]);
  t.ok(loadBtf(deep.bytes(), BpfLog.none()) !== undefined);

  const many = new BtfBuilder();
  const int = many.int('int', 4, 1);
  for (let i = 0; i < 300_000; i++) many.ptr(int);
  const btf = loadBtf(many.bytes(), BpfLog.none());
  t.equal(typeof btf, 'object');
});
