/**
 * The soundness fuzzer as a command: accepted random programs are run by the interpreter,
 * each step compared with what the verifier said.
 *
 *     node dist/test/verifier/fuzz/sound_main.js --count 20000 --seed 7
 */
import { seededRandom } from '../../../base/env.ts';
import { generateProgram } from './generate.ts';
import { option, startRandom } from './options.ts';
import { isRunnable, WatchedMachine } from './runs.ts';

const COUNT = option('count', 500);
const SEED = option('seed', 1);
const SHOW = option('show', 5);

const random = startRandom(SEED);
const machine = new WatchedMachine(seededRandom(SEED));
let ran = 0;
let complete = 0;
let compared = 0;
let faults = 0;
for (let i = 0; i < COUNT && faults < SHOW; i++) {
  const program = generateProgram(random, isRunnable);
  const result = machine.runWatched(program);
  if (result.ran) ran++;
  if (result.ran && result.complete) complete++;
  compared += result.compared;
  if (result.fault !== undefined) {
    faults++;
    console.log(`#### program ${i} type ${program.type}: ${result.fault}\n${machine.text(program)}`);
  }
  if (i % 1000 === 999)
    console.log(`at ${i + 1}: ${ran} ran, ${complete} with all states, ${compared} steps compared, ${faults} faults`);
}
console.log(
  `seed ${SEED}: ${COUNT} programs, ${ran} ran, ${complete} with all states, ${compared} steps compared, ${faults} faults, bugs ${machine.bugs.length} ${machine.bugs[0] ?? ''}`,
);
