/**
 * Records what this machine's kernel answers to helpers on strings:
 * `node dist/test/vm/record_helpers.js | gzip -9n > test/golden/helpers/strings.jsonl.gz`. Wants a
 * kernel that loads programs.
 */
import { spawnSync } from 'node:child_process';
import { seededRandom } from '../../base/env.ts';
import { buildKernelRunner } from '../../bench/engines/programs.ts';
import { type HelperCase, OUT, programOf, randomCases } from './lib/helper_cases.ts';
import { hex } from './lib/hex.ts';

const runner = buildKernelRunner();
const cases = randomCases(seededRandom(2024), 700);
const script: string[] = [];
for (const test of cases) {
  // Format (read-only, frozen), output, arguments and strings.
  script.push('m 2 4 256 1 128', 'm 2 4 256 1', 'm 2 4 256 1', `v 0 ${test.text.padEnd(512, '0')}`, 'f 0');
  script.push(`v ${OUT} ${'ee'.repeat(256)}`, `v 2 ${test.data.padEnd(512, '0')}`);
  script.push(`p ${hex(programOf(test))}`, `r 0 1 ${'00'.repeat(64)}`, `g ${OUT}`, 'c');
}
const answers = spawnSync(runner, {
  input: `${script.join('\n')}\n`,
  encoding: 'utf8',
  maxBuffer: 1 << 28,
}).stdout.split('\n');
const PER_CASE = 11;
cases.forEach((test: HelperCase, i) => {
  const [load = '', run = '', out = ''] = answers.slice(i * PER_CASE + 7, i * PER_CASE + 10);
  const refused = load === 'ok' ? undefined : Number(load.split(' ')[1]);
  const result = refused === undefined ? { r0: Number(run.split(' ')[0]) | 0, out } : { refused };
  console.log(JSON.stringify({ ...test, ...result }));
});
