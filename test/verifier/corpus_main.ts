/**
 * Scores the verifier against the recorded verdicts:
 *
 *   node dist/test/verifier/corpus_main.js [--ids REGEX] [--area REGEX] [--limit N] [--show N] [--noperfmon] [--builtin]
 *
 * `--builtin` takes the built-in types in place of those of this machine's kernel;
 * `--show N` prints what differs of the first N cases; a table by area follows.
 */
import { parseArgs } from 'node:util';
import { builtinTypes, defaultTypes } from '../../native/host.ts';
import { CorpusReplay, corpusFolder, readCorpus, Totals } from './corpus.ts';

const { values } = parseArgs({
  options: {
    ids: { type: 'string', default: '' },
    area: { type: 'string', default: '' },
    limit: { type: 'string', default: '1000000' },
    show: { type: 'string', default: '0' },
    builtin: { type: 'boolean', default: false },
    noperfmon: { type: 'boolean', default: false },
  },
});

const folder = corpusFolder();
if (folder === undefined)
  throw new Error('the recorded verdicts are not here: set BPF_EMU_ORACLE to the oracle folder');
const replay = new CorpusReplay(undefined, (values.builtin ? builtinTypes() : defaultTypes()).bytes);
const totals = new Totals();
const areas = new Map<string, [number, number]>();
const slowest: [number, string][] = [];
let shown = 0;
let skipped = 0;
const cases = readCorpus(folder)
  .filter((test) => new RegExp(values.ids).test(test.key) && new RegExp(values.area).test(test.area))
  .slice(0, Number(values.limit));
for (const test of cases) {
  if (replay.skipReason(test) !== undefined) {
    skipped++;
    continue;
  }
  const started = performance.now();
  let differing: string[];
  try {
    const scores = replay.run(test, values.noperfmon);
    differing = totals.add(scores);
    if (differing.length > 0 && shown < Number(values.show)) {
      shown++;
      console.log(`${test.key} [${test.area}]`);
      for (const field of differing) {
        const [want, got] = scores.get(field) ?? [];
        console.log(`    ${field.padEnd(10)} want ${JSON.stringify(want)}\n               got  ${JSON.stringify(got)}`);
      }
    }
  } catch (error) {
    differing = ['died'];
    if (shown++ < Number(values.show)) console.log(test.key, error);
  }
  slowest.push([performance.now() - started, test.key]);
  const area = areas.get(test.area) ?? [0, 0];
  area[0]++;
  if (differing.length > 0) area[1]++;
  areas.set(test.area, area);
}
for (const [area, [count, failing]] of [...areas].sort((a, b) => b[1][1] - a[1][1]).slice(0, 60)) {
  console.log(`${area.padEnd(40)} ${String(count).padStart(5)} cases ${String(failing).padStart(5)} differ`);
}
slowest.sort((a, b) => b[0] - a[0]);
for (const [ms, key] of slowest.slice(0, 5)) console.log(`${ms.toFixed(0)} ms ${key}`);
console.log(`${cases.length - skipped} cases, ${skipped} skipped`);
console.log(String(totals));
