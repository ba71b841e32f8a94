/**
 * The differential fuzzer as a command: random programs at the verifier of the emulator and
 * at this machine's kernel. What differs is made small, printed, and with --write put into
 * a folder as a case.
 *
 *     node dist/test/verifier/fuzz/main.js --count 20000 --seed 7 --level 2 --show 5 [--write FOLDER]
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { difference, minimise, parting, unfinished } from './differ.ts';
import { dependsOnMachine, formatDiffered } from './differed.ts';
import { generateProgram } from './generate.ts';
import { FuzzMachine, lastLine, type Verdict } from './machine.ts';
import { option, startRandom, text } from './options.ts';
import type { FuzzProgram } from './program.ts';

const COUNT = option('count', 500);
const SEED = option('seed', 1);
const LEVEL = option('level', 2);
const SHOW = option('show', 5);
const FOLDER = text('write');
const BATCH = 250;

const random = startRandom(SEED);
const machine = new FuzzMachine();
const refused = new Map<string, number>();
let accepted = 0;
let left = 0;
let differing = 0;

function tally(kernel: Verdict): void {
  if (kernel.errno === 0) accepted++;
  else {
    const key = `${kernel.errno} ${lastLine(kernel.last).replace(/-?\d+/g, 'N').slice(0, 70)}`;
    refused.set(key, (refused.get(key) ?? 0) + 1);
  }
}

function show(program: FuzzProgram, number: number, what: string): void {
  const small = minimise(machine, program, LEVEL);
  const level = 2;
  const [kernel] = machine.askKernel([small], level, true) as [Verdict];
  const ours = machine.load(small, level, true);
  const found = difference(ours, kernel) ?? what;
  const title = `Program ${number} of seed ${SEED}: ${found}`;
  console.log(`\n#### ${title}\n${parting(ours.log ?? '', kernel.log ?? '', 5, 3)}\n${machine.text(small)}`);
  if (FOLDER === undefined) return;
  const case_ = {
    title,
    program: small,
    errno: kernel.errno,
    last: lastLine(kernel.last),
    log: dependsOnMachine(small) ? undefined : kernel.hash,
  };
  writeFileSync(join(FOLDER, `s${SEED}-${number}.txt`), formatDiffered(case_, machine.text(small)));
}

for (let done = 0; done < COUNT && differing < SHOW; done += BATCH) {
  const programs = Array.from({ length: Math.min(BATCH, COUNT - done) }, () => generateProgram(random));
  const kernel = machine.askKernel(programs, LEVEL);
  if (typeof kernel === 'string') throw new Error(kernel);
  programs.forEach((program, i) => {
    tally(kernel[i]!);
    if (unfinished(kernel[i]!)) {
      left++;
      return;
    }
    const started = performance.now();
    const what = difference(machine.load(program, LEVEL), kernel[i]!);
    const took = performance.now() - started;
    if (took > 5000) console.log(`program ${done + i} took ${took.toFixed()} ms`);
    if (what !== undefined && differing++ < SHOW) show(program, done + i, what);
  });
  if (done % 1000 === 0) console.log(`at ${done}: ${accepted} accepted, ${differing} differ`);
}
console.log(
  `seed ${SEED}, level ${LEVEL}: ${COUNT} programs, ${accepted} accepted, ${left} not finished by the kernel, ` +
    `${differing} differ, ${machine.bugs.length} exceptions ${machine.bugs[0] ?? ''}`,
);
for (const [key, n] of [...refused].sort((a, b) => b[1] - a[1]).slice(0, 30)) console.log(n, key);
