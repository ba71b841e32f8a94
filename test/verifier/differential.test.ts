/**
 * Random programs at the verifier of the emulator and at this machine's kernel: both must
 * decide the same, with the same errno and the same log, with and without CAP_PERFMON.
 * Programs that once differed are checked against what the kernel said then, which needs
 * no kernel.
 *
 *     FUZZ_COUNT=10000 FUZZ_SEED=7 node dist/test/verifier/differential.test.js
 *
 * fuzz/main.ts is the same as a command, which makes a difference small.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { difference, unfinished } from './fuzz/differ.ts';
import { parseDiffered } from './fuzz/differed.ts';
import { generateProgram } from './fuzz/generate.ts';
import { FuzzMachine, lastLine } from './fuzz/machine.ts';
import { startRandom } from './fuzz/options.ts';

/** Programs of each seed. */
const COUNT = Number(process.env['FUZZ_COUNT'] ?? 60);
/** Any seed will do: these were not looked at before they were written down. */
const SEEDS =
  process.env['FUZZ_SEED'] === undefined
    ? [20261130, 31415926, 27182818, 16180339]
    : [Number(process.env['FUZZ_SEED'])];
const LEVEL = 2;
const BATCH = 250;
const DIFFERED = fileURLToPath(new URL('../../../test/verifier/differed/', import.meta.url));

t.setTimeout(0);

const machine = new FuzzMachine();

t.test('programs that once differed are judged as the kernel judged them', async (t) => {
  const names = readdirSync(DIFFERED).filter((name) => name.endsWith('.txt'));
  t.ok(names.length > 0, 'there are some');
  for (const name of names) {
    const { title, program, errno, last, log } = parseDiffered(readFileSync(join(DIFFERED, name), 'utf8'));
    const verdict = machine.load(program, LEVEL);
    const ours = { errno: verdict.errno, last: lastLine(verdict.last), log: log && verdict.hash };
    t.same(ours, { errno, last, log }, `${name}: ${title}`);
  }
});

for (const seed of SEEDS) {
  t.test(`${COUNT} random programs are judged as the kernel does (FUZZ_SEED=${seed})`, { timeout: 0 }, async (t) => {
    const random = startRandom(seed);
    let accepted = 0;
    let compared = 0;
    let missing = '';
    for (let done = 0; done < COUNT; done += BATCH) {
      const programs = Array.from({ length: Math.min(BATCH, COUNT - done) }, () => generateProgram(random));
      const kernel = missing === '' ? machine.askKernel(programs, LEVEL) : missing;
      if (typeof kernel === 'string') missing = kernel;
      programs.forEach((program, i) => {
        const theirs = typeof kernel === 'string' ? undefined : kernel[i]!;
        if (theirs !== undefined && unfinished(theirs)) return;
        const ours = machine.load(program, LEVEL);
        if (ours.errno === 0) accepted++;
        if (theirs === undefined) return;
        compared++;
        const what = difference(ours, theirs);
        if (what !== undefined) t.fail(`program ${done + i}: ${what}`, { program: machine.text(program) });
      });
    }
    if (missing === '') t.pass(`${compared} were compared`);
    else t.pass(`skipped: the comparison, for ${missing}`);
    t.ok(accepted > COUNT / 2, `most are accepted: ${accepted}`);
    t.equal(machine.bugs.length, 0, `the verifier does not fail by itself ${machine.bugs[0] ?? ''}`);
  });
}
