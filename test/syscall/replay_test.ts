/** What the tests of recorded sequences share. */
import t from 'tap';
import { replay, replayKernel, sequences } from './replay.ts';

/** A sequence that is not equal yet, by the start of its id, and why. */
export type Pending = readonly [id: string, reason: string];

/** A million instructions, four times: run by `replay_show.js load`, not here. */
const SLOW: ReadonlySet<string> = new Set(['load/prog/loop_nobound']);

/** One test for a recorded file: every step that does not depend on the machine gives the kernel's answer. */
export function replayTest(file: string, pending: readonly Pending[] = []): void {
  t.test(`the recorded sequences of "${file}" give the kernel's answers`, (t) => {
    const kernel = replayKernel();
    const before = kernel.arena.used;
    let steps = 0;
    for (const sequence of sequences(file)) {
      if (SLOW.has(sequence.id)) continue;
      steps += sequence.steps.length;
      const excuse = pending.find(([start]) => `${sequence.id}/`.startsWith(start));
      const [first, ...rest] = replay(kernel, sequence);
      if (excuse !== undefined) {
        if (first === undefined) t.comment(`${sequence.id} is equal now: take it off the list (${excuse[1]})`);
        else t.comment(`${sequence.id}: ${rest.length + 1} steps differ (${excuse[1]})`);
      } else if (first !== undefined) {
        t.fail(`${sequence.id} step ${first.step} ${first.cmd}: ${first.message} (and ${rest.length} more)`);
      }
    }
    t.comment(`${steps} steps`);
    t.equal(kernel.maps.size + kernel.progs.size + kernel.links.size + kernel.btfs.size, 0, 'no object is left');
    t.ok(kernel.arena.used - before < 1 << 20, `no memory is left over (${kernel.arena.used - before} bytes)`);
    t.end();
  });
}
