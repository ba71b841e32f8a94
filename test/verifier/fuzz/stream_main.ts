/**
 * Random and mutated instruction streams as a command: none may make the dispatcher throw.
 *
 *     node dist/test/verifier/fuzz/stream_main.js --count 1000000 --seed 7
 */
import { option, startRandom } from './options.ts';
import { runStreams, streamMachine } from './streams.ts';

const COUNT = option('count', 20_000);
const SEED = option('seed', 1);
const STEP = 5_000;

const random = startRandom(SEED);
const machine = streamMachine();
let accepted = 0;
let longest = 0;
let wrong = 0;
for (let done = 0; done < COUNT; done += STEP) {
  const totals = runStreams(machine, random, Math.min(STEP, COUNT - done));
  accepted += totals.accepted;
  longest = Math.max(longest, totals.longest);
  wrong += totals.wrong.length;
  for (const one of totals.wrong) console.log(one);
  const { heapUsed, rss } = process.memoryUsage();
  console.log(
    `seed ${SEED}: ${done + totals.count} streams, ${accepted} accepted, ${wrong} wrong, longest ${longest.toFixed()} ms, ` +
      `heap ${(heapUsed / 2 ** 20).toFixed()} MiB, resident ${(rss / 2 ** 20).toFixed()} MiB, CPU ${(process.cpuUsage().user / 1e6).toFixed()} s`,
  );
}
