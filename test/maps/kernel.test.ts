/**
 * Sequences recorded on Linux 6.18 with two CPUs, beyond those of the other
 * recordings: creation of every type with sizes, flags and BTF around the limits,
 * random element and batch operations on every type, long runs of LRU maps and
 * tries, which programs may share a map, and programs that use maps through helpers
 * (also while they iterate over them).
 */
import t from 'tap';
import { replay, replayKernel, sequences } from '../syscall/replay.ts';

const all = sequences('maps');
const areas = new Map<string, string[]>();
let steps = 0;
const kernel = replayKernel();
for (const sequence of all) {
  const area = sequence.id.split('/')[0] ?? '';
  const wrong = areas.get(area) ?? [];
  areas.set(area, wrong);
  steps += sequence.steps.length;
  for (const { step, cmd, message } of replay(kernel, sequence)) wrong.push(`${sequence.id} ${step} ${cmd} ${message}`);
}
for (const [area, wrong] of areas) t.same(wrong.slice(0, 10), [], `${area}: every answer is the kernel's`);
t.ok(steps > 15000, `${steps} calls in ${all.length} sequences`);
