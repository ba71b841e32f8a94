/**
 * Random programs at the verifier of the emulator and at this machine's kernel: both
 * must decide the same with the same errno, with and without CAP_PERFMON. What is
 * accepted is run, and must stay within the memory of the machine.
 *
 *     FUZZ_COUNT=10000 FUZZ_SEED=7 FUZZ_LOG=1 node dist/test/verifier/differential.test.js
 *
 * FUZZ_LOG compares the logs of level 2, too. A difference is made small and printed.
 */
import { spawnSync } from 'node:child_process';
import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { encode, type FuzzProgram, generateProgram, type Word, without } from './generate.ts';
import { FuzzMachine, type Verdict } from './machine.ts';

const COUNT = Number(process.env['FUZZ_COUNT'] ?? 150);
const SEED = Number(process.env['FUZZ_SEED'] ?? 2);
const WITH_LOG = process.env['FUZZ_LOG'] === '1';
const BATCH = 50;
/** Differences that are shown. */
const SHOWN = 5;
const SCRIPT = fileURLToPath(new URL('../../../test/verifier/kernel_load.py', import.meta.url));

interface Case extends FuzzProgram {
  readonly perfmon: boolean;
}

const hex = (words: readonly Word[]): string => Buffer.from(encode(words)).toString('hex');

/** Verdicts of the kernel, or why there are none. */
function askKernel(cases: readonly Case[], level: number): Verdict[] | string {
  if (process.getuid?.() !== 0) return 'only root may ask the kernel';
  if (!release().startsWith('6.18.')) return `this kernel is ${release()}, not 6.18`;
  const input = cases
    .map(({ type, words, perfmon }) => JSON.stringify({ insns: hex(words), type, level, perfmon }))
    .join('\n');
  const run = spawnSync('python3', [SCRIPT], { input, encoding: 'utf8', maxBuffer: 1 << 30 });
  if (run.status !== 0) return `the kernel cannot be asked: ${run.error?.message ?? run.stderr.trim()}`;
  return run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Verdict);
}

/** Lines of a log without what differs from machine to machine. */
function linesOf(log: string): string[] {
  return log.replace(/0xffff[0-9a-f]{12}/g, 'ADDR').split('\n');
}

/** How two verdicts differ, or undefined. */
function difference(ours: Verdict, kernel: Verdict): string | undefined {
  if (ours.errno !== kernel.errno) return `errno ${ours.errno}, kernel ${kernel.errno}`;
  if (!WITH_LOG) return undefined;
  const [a, b] = [linesOf(ours.log), linesOf(kernel.log)];
  const at = a.findIndex((line, i) => line !== b[i]);
  if (at < 0 && a.length === b.length) return undefined;
  return `log line ${at}: "${a[at]}", kernel "${b[at]}"`;
}

/** A smaller program that still differs: instructions are dropped as long as it does. */
function minimise(machine: FuzzMachine, test: Case): Case {
  let small = test;
  for (let again = true; again; ) {
    again = false;
    for (let at = 0; at < small.words.length; ) {
      const tried = small.words.flatMap((_, i): Case[] => {
        if (i < at || i >= at + 16 || (i > 0 && small.words[i - 1]![0] === 0x18)) return [];
        return [{ ...small, words: without(small.words, i) }];
      });
      const kernel = askKernel(tried, WITH_LOG ? 2 : 0);
      if (typeof kernel === 'string') return small;
      const found = tried.find(
        (one, i) => one.words.length > 0 && difference(machine.load(one, WITH_LOG ? 2 : 0), kernel[i]!) !== undefined,
      );
      if (found === undefined) at += 16;
      else {
        small = found;
        again = true;
      }
    }
  }
  return small;
}

t.setTimeout(0);

t.test(`${COUNT} random programs are judged as the kernel does (seed ${SEED})`, { timeout: 0 }, (t) => {
  t.comment(`FUZZ_SEED=${SEED}`);
  const random = seededRandom(SEED);
  const machine = new FuzzMachine(random);
  const level = WITH_LOG ? 2 : 0;
  let accepted = 0;
  let differing = 0;
  let faults = 0;
  let missing = '';
  for (let done = 0; done < COUNT && differing < SHOWN && faults < SHOWN; done += BATCH) {
    const cases = Array.from({ length: Math.min(BATCH, COUNT - done) }, (): Case => {
      return { ...generateProgram(random), perfmon: random.u32() % 4 !== 0 };
    });
    const kernel = missing === '' ? askKernel(cases, level) : missing;
    if (typeof kernel === 'string') missing = kernel;
    cases.forEach((test, i) => {
      const ours = machine.load(test, level);
      if (ours.errno === 0) {
        accepted++;
        const fault = machine.run(test);
        if (fault !== undefined && faults++ < SHOWN)
          t.fail(`program ${done + i} is accepted, but ${fault}`, { progType: test.type, insns: hex(test.words) });
      }
      if (typeof kernel === 'string') return;
      const what = difference(ours, kernel[i]!);
      if (what === undefined || differing++ >= SHOWN) return;
      const small = minimise(machine, test);
      const asked = askKernel([small], 2);
      t.fail(`program ${done + i}: ${what}`, {
        progType: small.type,
        perfmon: small.perfmon,
        insns: hex(small.words),
        ours: machine.load(small, 2).log.slice(-1500),
        kernel: typeof asked === 'string' ? asked : asked[0]?.log.slice(-1500),
      });
    });
  }
  t.comment(`${accepted} accepted`);
  if (missing !== '') t.pass(`skipped: the comparison, for ${missing}`);
  else t.equal(differing, 0, 'no verdict differs');
  t.equal(faults, 0, 'no accepted program leaves its memory');
  t.equal(machine.bugs.length, 0, `the verifier does not fail by itself ${machine.bugs[0] ?? ''}`);
  t.ok(accepted > COUNT / 20, 'many are accepted');
  t.end();
});
