/** Shows the differences of recorded files: `node dist/test/syscall/replay_show.js [-k PART] create elem …`. */
import { replay, replayKernel, sequences } from './replay.ts';

const args = process.argv.slice(2);
const at = args.indexOf('-k');
const part = at === -1 ? '' : (args.splice(at, 2)[1] ?? '');
for (const file of args) {
  const kernel = replayKernel();
  let failed = 0;
  let steps = 0;
  let bad = 0;
  const all = sequences(file).filter((sequence) => sequence.id.includes(part));
  for (const sequence of all) {
    steps += sequence.steps.length;
    const found = replay(kernel, sequence);
    if (found.length === 0) continue;
    failed++;
    bad += found.length;
    console.log(`${sequence.id}: ${found.length} of ${sequence.steps.length}`);
    for (const { step, cmd, message } of found.slice(0, part === '' ? 1 : 20)) {
      console.log(`   ${step} ${cmd} ${message} ${part === '' ? '' : JSON.stringify(sequence.steps[step]?.attr)}`);
    }
  }
  console.log(`${file}: ${failed} of ${all.length} sequences, ${bad} of ${steps} steps differ`);
}
