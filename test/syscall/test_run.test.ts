/** BPF_PROG_TEST_RUN against the recorded answers of Linux 6.18 (golden-testrun). */
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { replay, sequences } from './replay.ts';

function kernel(): Kernel {
  let now = 1_000_000_000n;
  const tick = (): bigint => {
    now += 1000n;
    return now;
  };
  return new Kernel({
    cpus: 2,
    memory: 64 << 20,
    poison: true,
    clock: { monotonic: tick, boottime: tick, realtime: tick },
    random: seededRandom(1),
  });
}

t.test('test runs answer as recorded', async (t) => {
  for (const sequence of sequences('testrun')) {
    const k = kernel();
    k.vm;
    const before = k.arena.used;
    const found = replay(k, sequence);
    t.same(
      found.slice(0, 5).map((d) => `step ${d.step} ${d.cmd}: ${d.message.slice(0, 300)}`),
      [],
      `${sequence.id}: ${sequence.steps.length} steps, ${found.length} differ`,
    );
    t.ok(k.arena.used - before <= 1 << 20, `${sequence.id} leaves little behind`);
  }
});
