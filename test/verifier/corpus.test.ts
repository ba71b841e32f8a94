/**
 * The recorded verdicts of the kernel's verifier. The recordings are not part of the
 * project; without them the test is skipped. A sample by default, without the programs
 * that take long: `CORPUS=all` takes every one. corpus_main.ts shows what differs.
 */
import t from 'tap';
import { defaultTypes } from '../../native/host.ts';
import { type CorpusCase, CorpusReplay, corpusFolder, readCorpus, Totals } from './corpus.ts';

/** One case in this many is taken by default. */
const SAMPLE = 6;
/** Cases that the kernel's verifier processes in more instructions are left out by default. */
const LONG = 20_000;
/** Least share of cases that agree, in per cent. */
const LEAST: readonly (readonly [field: string, percent: number])[] = [
  ['verdict', 99.5],
  ['errno', 99.5],
  ['masked', 98],
  ['np-errno', 98],
];

/** Instructions the kernel's verifier processed, as its log says. */
function processed({ log }: CorpusCase): number {
  return Number(/^processed (\d+) insns/m.exec(log)?.[1] ?? 0);
}

t.setTimeout(0);

const folder = corpusFolder();
if (folder === undefined) t.pass('skipped: the recorded verdicts are not there (BPF_EMU_ORACLE)');
else {
  t.test('the verifier decides as the kernel did', { timeout: 0 }, (t) => {
    const all = process.env['CORPUS'] === 'all';
    const cases = readCorpus(folder).filter((test, i) => all || (i % SAMPLE === 0 && processed(test) <= LONG));
    const replay = new CorpusReplay(undefined, defaultTypes().bytes);
    const totals = new Totals();
    for (const test of cases) {
      if (replay.skipReason(test) !== undefined) continue;
      const scores = replay.run(test, true);
      totals.add(scores);
      const [wanted, got] = scores.get('errno') ?? [];
      if (wanted !== got) t.comment(`${test.key}: errno ${got}, recorded ${wanted}`);
    }
    for (const line of String(totals).split('\n')) t.comment(line);
    const scored = totals.scored.get('verdict') ?? 0;
    t.ok(scored > cases.length / 2, `${scored} of ${cases.length} cases were scored`);
    for (const [field, percent] of LEAST) {
      const share = totals.percent(field);
      t.ok(share >= percent, `${field}: ${share.toFixed(1)} % agree, at least ${percent} %`);
    }
    t.end();
  });
}
