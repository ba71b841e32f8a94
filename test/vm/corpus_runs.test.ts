/**
 * Programs of the verifier corpus that the kernel ran: return value and data on both
 * engines. The corpus is not part of the project; without it the test is skipped. A
 * sample by default: `CORPUS_RUNS=all` takes every program.
 */
import t from 'tap';
import { defaultTypes } from '../../native/host.ts';
import { type CorpusCase, CorpusReplay, corpusFolder, readCorpus } from '../verifier/corpus.ts';

/** One program in this many is run by default. */
const SAMPLE = 4;
/** Programs that take the verifier seconds. */
const SLOW = /scale test|xor semi-random 64 bit imms, test 5/;

t.setTimeout(0);

const folder = corpusFolder();
const step = process.env['CORPUS_RUNS'] === 'all' ? 1 : SAMPLE;

/** Programs that agree, of those that have the field. */
function replay(
  t: { fail(message: string, extra: object): unknown },
  cases: readonly CorpusCase[],
  engine: 'interp' | 'jit',
) {
  const corpus = new CorpusReplay(undefined, defaultTypes().bytes);
  corpus.quick = true;
  corpus.kernel.vm.engine = engine;
  let compared = 0;
  let agreed = 0;
  for (const test of cases) {
    if (corpus.skipReason(test) !== undefined) continue;
    const scores = corpus.run(test, false);
    // What the verifier refuses does not run; its own test counts that.
    const [verdict, found] = scores.get('verdict') ?? [];
    if (verdict !== found) continue;
    for (const field of ['retval', 'data']) {
      const score = scores.get(field);
      if (score === undefined) continue;
      compared++;
      const [wanted, got] = score.map((each) => JSON.stringify(each));
      if (wanted === got) agreed++;
      else t.fail(`${test.key}: ${field}`, { wanted, got });
    }
  }
  return { compared, agreed };
}

if (folder === undefined) t.pass('skipped: the corpus is not there');
else {
  const cases = readCorpus(folder)
    .filter((test) => test.events.some((event) => event.op === 'run') && (step === 1 || !SLOW.test(test.key)))
    .filter((_, index) => index % step === 0);
  for (const engine of ['interp', 'jit'] as const) {
    t.test(`programs of the corpus give what they gave in the kernel (${engine})`, { timeout: 0 }, (t) => {
      const { compared, agreed } = replay(t, cases, engine);
      t.equal(agreed, compared, `${compared} results`);
      t.end();
    });
  }
}
