/**
 * Random and mutated instruction streams: an errno for each, never an exception, in bounded time.
 *
 *     FUZZ_COUNT=1000000 FUZZ_SEED=7 node dist/test/verifier/streams.test.js
 */
import t from 'tap';
import { startRandom } from './fuzz/options.ts';
import { runStreams, streamMachine } from './fuzz/streams.ts';

const COUNT = Number(process.env['FUZZ_COUNT'] ?? 2000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20261130);
/** Far above what any takes, also on a busy machine. */
const LONGEST_MS = 20_000;

t.setTimeout(0);

t.test(`${COUNT} instruction streams are answered (FUZZ_SEED=${SEED})`, async (t) => {
  const totals = runStreams(streamMachine(), startRandom(SEED), COUNT);
  t.same(totals.wrong, [], 'no exception, no answer that is no errno');
  t.equal(totals.count, COUNT);
  t.ok(totals.longest < LONGEST_MS, `the longest took ${totals.longest.toFixed()} ms (stream ${totals.longestAt})`);
  t.ok(totals.accepted > COUNT / 200 && totals.accepted < COUNT / 2, `some are accepted: ${totals.accepted}`);
});
