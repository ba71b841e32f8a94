/**
 * The recorded loop without a bound: a million instructions a step. Two of its four
 * steps are taken here, `replay_show.js load` takes them all.
 */
import t from 'tap';
import { replay, replayKernel, sequences } from './replay.ts';

const LEVELS: ReadonlySet<unknown> = new Set([1, 4]);

t.setTimeout(0);

t.test('the log of a loop without a bound keeps its tail', (t) => {
  const kernel = replayKernel();
  const sequence = sequences('load').find(({ id }) => id === 'load/prog/loop_nobound');
  if (sequence === undefined) throw new Error('the sequence is not recorded');
  const steps = sequence.steps.filter(({ attr }) => LEVELS.has(attr?.['log_level']));
  t.equal(steps.length, 2);
  t.same(replay(kernel, { ...sequence, steps }), []);
  t.end();
});
