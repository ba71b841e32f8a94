/**
 * Random programs of several subjects ({@link SUBJECTS}), loaded through the verifier, on
 * the interpreter, the compiler and, when asked, this machine's kernel: all must agree on
 * verdicts, return values, packets, contexts and what is in the maps afterwards.
 *
 *     FUZZ_COUNT=100000 FUZZ_SEED=7 FUZZ_KERNEL=1 FUZZ_SUBJECT=programs node dist/test/vm/wide_fuzz.test.js
 *
 * FUZZ_ONLY=N runs case N alone and prints its script and answers.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import t from 'tap';
import { type Random, seededRandom } from '../../base/env.ts';
import { builtinBtf } from '../../btf/builtin.ts';
import { Drawn } from './lib/drawn.ts';
import { difference, KernelPipe } from './lib/kernel_pipe.ts';
import { SUBJECTS } from './lib/subjects.ts';
import { TOO_COMPLEX, WideMachine } from './lib/wide_script.ts';

const COUNT = Number(process.env['FUZZ_COUNT'] ?? 100);
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const WITH_KERNEL = process.env['FUZZ_KERNEL'] === '1';
const ONLY = Number(process.env['FUZZ_ONLY'] ?? -1);
const WANTED = process.env['FUZZ_SUBJECT'];
const SHOWN = 8;
const EFAULT = 'err 14';
/** Cases that are on their way to the kernel. */
const WINDOW = 40;
/** Cases a machine is used for: what is left behind by one does not disturb many others. */
const MACHINE_CASES = 500;
/** Cases from which on it is said what was never drawn. */
const COVERAGE_FROM = 1000;
/** Cases that differ before a subject is given up. */
const FAILURES_MAX = 50;

/** Random numbers of one case, whatever the cases before it were. */
function caseRandom(number: number): Random {
  const random = seededRandom(SEED);
  return seededRandom((random.u32() ^ Math.imul(number + 1, 0x9e3779b1)) >>> 0);
}

interface Waiting {
  readonly script: string[];
  readonly number: number;
  readonly found: Record<string, string[]>;
}

/** One subject on all engines, case by case. */
class Comparison {
  readonly #t: typeof t;
  readonly #subject: string;
  readonly #types = WITH_KERNEL ? new Uint8Array(readFileSync('/sys/kernel/btf/vmlinux')) : builtinBtf();
  readonly #kernel = WITH_KERNEL ? new KernelPipe() : undefined;
  readonly #waiting: Waiting[] = [];
  readonly #kinds = new Map<string, number>();
  readonly #drawn = new Drawn();
  #machine = this.#newMachine();
  failures = 0;
  accepted = 0;
  #kernelBugs = 0;
  #complex = 0;

  constructor(test: typeof t, subject: string) {
    this.#t = test;
    this.#subject = subject;
    test.teardown(() => this.#kernel?.end());
  }

  #newMachine(): WideMachine {
    return new WideMachine(this.#types, WITH_KERNEL ? availableParallelism() : 2);
  }

  /** The machine gives way to a new one, and has met no bug of its own. */
  changeMachine(): void {
    const [bug] = this.#machine.bugs;
    this.#t.equal(this.#machine.bugs.length, 0, `nothing failed by itself ${bug instanceof Error ? bug.stack : bug}`);
    this.#machine = this.#newMachine();
  }

  /** Runs case `number` here and sends it to the kernel. */
  async run(number: number): Promise<void> {
    const script = SUBJECTS[this.#subject]!(caseRandom(number), this.#machine.kernel.vmlinux!);
    for (const line of script) if (line[0] === 'p') this.#drawn.add(line.split(' ')[2] ?? '');
    const found: Record<string, string[]> = { ...this.#machine.both(script) };
    if (found['interp']!.includes(TOO_COMPLEX)) {
      this.#complex++;
      return;
    }
    // Now and then as `--engine both` does it: on copied state, compared at once.
    if (number % 20 === 0) found['both'] = this.#machine.run(script, 'both');
    this.#kernel?.send(script);
    this.#waiting.push({ script, number, found });
    if (this.#waiting.length === WINDOW) await this.check();
  }

  /** Compares the case that has waited longest; false: there is none. */
  async check(): Promise<boolean> {
    const next = this.#waiting.shift();
    if (next === undefined) return false;
    const { script, number, found } = next;
    if (this.#kernel !== undefined) found['kernel'] = await this.#kernel.answers(script.length);
    const verdicts = script.flatMap((line, i) => (line[0] === 'p' ? [found['interp']![i]!] : []));
    if (verdicts.every((verdict) => verdict === 'ok')) this.accepted++;
    if (number === ONLY) {
      for (const [i, line] of script.entries())
        this.#t.comment(
          `${line}\n${Object.entries(found)
            .map(([name, a]) => `  ${name.padEnd(6)} ${a[i]}`)
            .join('\n')}`,
        );
    }
    // The kernel's own verifier fails by itself now and then ("verifier bug"): nothing to compare.
    if (found['kernel']?.some((answer, i) => answer === EFAULT && script[i]![0] === 'p')) {
      this.#kernelBugs++;
      return true;
    }
    const differs = difference(script, found);
    if (differs === undefined) return true;
    const kind = differs[0] ?? '';
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
    if (this.failures++ < SHOWN) this.#t.fail(`case ${number} of seed ${SEED}: ${differs}`, { script });
    return true;
  }

  /** What came of it all. */
  report(count: number): void {
    this.#t.comment(
      `${this.accepted} of ${count} cases accepted, ${this.#complex} too complex, ${this.#kernelBugs} not by the kernel for a bug of its own`,
      [...this.#kinds],
    );
    if (count >= COVERAGE_FROM)
      for (const line of this.#drawn.report(this.#machine.kernel.vmlinux!)) this.#t.comment(line);
  }
}

t.setTimeout(0);

for (const subject of Object.keys(SUBJECTS)) {
  if (WANTED !== undefined && WANTED !== subject) continue;
  t.test(`${COUNT} random ${subject} agree on all engines (seed ${SEED})`, { timeout: 0 }, async (t) => {
    const comparison = new Comparison(t as unknown as typeof import('tap').t, subject);
    const first = Math.max(ONLY, 0);
    const end = ONLY >= 0 ? ONLY + 1 : COUNT;
    for (let number = first; number < end && comparison.failures < FAILURES_MAX; number++) {
      if (number % MACHINE_CASES === MACHINE_CASES - 1) comparison.changeMachine();
      if (number % 1000 === 0) t.comment(`${number} after ${Math.round(process.cpuUsage().user / 1e6)} s`);
      await comparison.run(number);
    }
    while (await comparison.check());
    comparison.changeMachine();
    comparison.report(end - first);
    t.equal(comparison.failures, 0, 'no case differs');
    t.ok(comparison.accepted > (end - first) * 0.7, 'most are accepted');
    t.end();
  });
}
