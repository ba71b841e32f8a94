/**
 * Accepted random programs are run by the interpreter, and at each instruction registers,
 * stack and memory accesses are what the verifier said they would be. A verifier that is
 * wrong on purpose is found out.
 *
 *     FUZZ_COUNT=10000 FUZZ_SEED=7 node dist/test/verifier/soundness.test.js
 */
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { SCALAR_VALUE } from '../../vm/verifier/flags.ts';
import { constRangeNumber } from '../../vm/verifier/range.ts';
import { generateProgram } from './fuzz/generate.ts';
import { startRandom } from './fuzz/options.ts';
import { type FuzzProgram, MAP, type Word } from './fuzz/program.ts';
import { isRunnable, WatchedMachine } from './fuzz/runs.ts';

const COUNT = Number(process.env['FUZZ_COUNT'] ?? 120);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20261130);

t.setTimeout(0);

t.test(`runs of ${COUNT} random programs stay within what was said of them (FUZZ_SEED=${SEED})`, async (t) => {
  const random = startRandom(SEED);
  const machine = new WatchedMachine(seededRandom(SEED));
  let ran = 0;
  let compared = 0;
  for (let i = 0; i < COUNT; i++) {
    const program = generateProgram(random, isRunnable);
    const result = machine.runWatched(program);
    if (result.ran) ran++;
    compared += result.compared;
    if (result.fault !== undefined) t.fail(`program ${i}: ${result.fault}`, { program: machine.text(program) });
  }
  t.ok(ran > COUNT / 3, `many are run: ${ran}`);
  t.ok(compared > ran * 10, `steps that were compared: ${compared}`);
  t.equal(machine.bugs.length, 0, `the verifier does not fail by itself ${machine.bugs[0] ?? ''}`);
});

/** A number below 256 in r7, from the map value in r0; then a byte of the value at it, masked or not. */
function reader(mask: number): FuzzProgram {
  const words: Word[] = [
    [0x7a, 10, 0, -8, 0],
    [0xbf, 2, 10, 0, 0],
    [0x07, 2, 0, 0, -8],
    [0x18, 1, 1, 0, MAP.ARRAY],
    [0, 0, 0, 0, 0],
    [0x85, 0, 0, 0, 1],
    [0x55, 0, 0, 2, 0],
    [0xb7, 0, 0, 0, 0],
    [0x95, 0, 0, 0, 0],
    [0xbf, 8, 0, 0, 0],
    [0x85, 0, 0, 0, 7],
    [0xbf, 7, 0, 0, 0],
    [0x57, 7, 0, 0, mask],
    [0x0f, 8, 7, 0, 0],
    [0x71, 0, 8, 0, 0],
    [0x95, 0, 0, 0, 0],
  ];
  return { type: 1, attachType: 0, perfmon: true, flags: 0, words, funcs: undefined };
}
/** Instruction after r7 is masked. */
const MASKED = 13;

t.test('a right bound passes', async (t) => {
  const machine = new WatchedMachine(seededRandom(3));
  const result = machine.runWatched(reader(15));
  t.same(
    { ran: result.ran, complete: result.complete, fault: result.fault },
    { ran: true, complete: true, fault: undefined },
  );
});

t.test('a wrong bound is found out by the registers', async (t) => {
  // The program is safe; only what is said of r7 is wrong.
  const machine = new WatchedMachine(seededRandom(3), (state, insnIdx) => {
    if (insnIdx === MASKED) state.regs[7]!.range = constRangeNumber(1);
  });
  t.match(machine.runWatched(reader(15)).fault, /^instruction 13: r7 is 0x[0-9a-f]+, not within u64 \[0x1, 0x1\]/);
});

t.test('a wrong bound is found out by the access it lets pass', async (t) => {
  // The verifier takes r7 for 1 where it is up to 255, in a value of 16 bytes; the watch does not see r7.
  const machine = new WatchedMachine(
    seededRandom(3),
    (state, insnIdx) => {
      if (insnIdx === MASKED && state.regs[7]!.type === SCALAR_VALUE) state.regs[7]!.range = constRangeNumber(1);
    },
    false,
  );
  t.match(machine.runWatched(reader(255)).fault, /^instruction 14 touches 1 bytes/);
  const honest = new WatchedMachine(seededRandom(3), undefined, false);
  t.equal(honest.runWatched(reader(255)).ran, false, 'which is refused otherwise');
});

t.test('a slot that is not zero and a link that is none are found out', async (t) => {
  const words: Word[] = [
    [0x85, 0, 0, 0, 7],
    [0xbf, 7, 0, 0, 0],
    [0x7b, 10, 0, -8, 0],
    [0x79, 1, 10, -8, 0],
    [0x27, 1, 0, 0, 3],
    [0xbf, 0, 7, 0, 0],
    [0x0f, 0, 1, 0, 0],
    [0x95, 0, 0, 0, 0],
  ];
  const program: FuzzProgram = { type: 1, attachType: 0, perfmon: true, flags: 0, words, funcs: undefined };
  t.equal(new WatchedMachine(seededRandom(3)).runWatched(program).fault, undefined);
  const zero = new WatchedMachine(seededRandom(3), (state, insnIdx) => {
    if (insnIdx === 3) state.cur.stack[0]!.setAll(3);
  });
  t.match(zero.runWatched(program).fault, /^instruction 3: frame 0 fp-8 byte \d is not 0/);
  const link = new WatchedMachine(seededRandom(3), (state, insnIdx) => {
    if (insnIdx === 5) state.regs[1]!.id = state.regs[7]!.id;
  });
  t.match(link.runWatched(program).fault, /id \d+ stands for another value/);
});
