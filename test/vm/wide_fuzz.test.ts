/**
 * Random programs with maps, helpers, functions, tail calls, callbacks and packets,
 * loaded through the verifier, on the interpreter, the compiler and, when asked, this
 * machine's kernel: all must agree on verdicts, return values, packets, contexts and
 * what is in the maps afterwards.
 *
 *     FUZZ_COUNT=100000 FUZZ_SEED=7 FUZZ_KERNEL=1 node dist/test/vm/wide_fuzz.test.js
 *
 * FUZZ_SHOW=N prints the script and the answers of program N.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { builtinBtf } from '../../btf/builtin.ts';
import { wideCase } from './lib/wide_program.ts';
import { functionTypes, scriptOf, sortedAnswer, TOO_COMPLEX, WideMachine } from './lib/wide_script.ts';

const COUNT = Number(process.env['FUZZ_COUNT'] ?? 100);
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const WITH_KERNEL = process.env['FUZZ_KERNEL'] === '1';
const SHOW = Number(process.env['FUZZ_SHOW'] ?? -1);
const SHOWN = 8;
const EFAULT = 'err 14';
/** Cases that are on their way to the kernel. */
const WINDOW = 40;
/** Cases a machine is used for: what is left behind by one does not disturb many others. */
const MACHINE_CASES = 500;

/** The program that runs scripts on this kernel, compiled when its source is newer. */
function kernelRunner(): string {
  const source = 'test/vm/native/fuzz_kernel.c';
  const target = 'build/bench/fuzz_kernel';
  mkdirSync('build/bench', { recursive: true });
  if (!existsSync(target) || statSync(target).mtimeMs < statSync(source).mtimeMs)
    execFileSync('clang', ['-O2', '-o', target, source], { stdio: 'inherit' });
  return target;
}

/** The kernel at the end of a pipe; answers come in the order of the scripts. */
class KernelPipe {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor() {
    this.#child = spawn(kernelRunner(), { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
    this.send([`b ${Buffer.from(functionTypes()).toString('hex')}`]);
  }

  send(script: readonly string[]): void {
    this.#child.stdin!.write(`${script.join('\n')}\n`);
  }

  async answers(count: number): Promise<string[]> {
    const answers: string[] = [];
    for (let i = 0; i < count; i++) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error('The runner on the kernel has ended');
      answers.push(value as string);
    }
    return answers;
  }

  end(): void {
    this.#child.stdin!.end();
  }
}

/** The first answer that differs, or undefined. */
function difference(script: readonly string[], found: Record<string, string[]>): string | undefined {
  const names = Object.keys(found);
  for (const [i, line] of script.entries()) {
    const answers = names.map((name) => sortedAnswer(found[name]![i] ?? ''));
    if (answers.every((answer) => answer === answers[0])) continue;
    return `${line.slice(0, 60)}\n${names.map((name, j) => `  ${name.padEnd(6)} ${answers[j]}`).join('\n')}`;
  }
  return undefined;
}

t.setTimeout(0);

t.test(`${COUNT} random programs agree on all engines (seed ${SEED})`, { timeout: 0 }, async (t) => {
  const random = seededRandom(SEED);
  const vmlinux = WITH_KERNEL ? new Uint8Array(readFileSync('/sys/kernel/btf/vmlinux')) : builtinBtf();
  const cpus = WITH_KERNEL ? availableParallelism() : 2;
  const kernel = WITH_KERNEL ? new KernelPipe() : undefined;
  t.teardown(() => kernel?.end());
  let machine = new WideMachine(vmlinux, cpus);
  const waiting: { script: string[]; number: number; found: Record<string, string[]> }[] = [];
  const kinds = new Map<string, number>();
  let failures = 0;
  let accepted = 0;
  let kernelBugs = 0;
  let complex = 0;
  const check = async (): Promise<void> => {
    const { script, number, found } = waiting.shift()!;
    if (kernel !== undefined) found['kernel'] = await kernel.answers(script.length);
    const verdicts = script.flatMap((line, i) => (line[0] === 'p' ? [found['interp']![i]!] : []));
    if (verdicts.every((verdict) => verdict === 'ok')) accepted++;
    if (number === SHOW)
      for (const [i, line] of script.entries()) t.comment(line, ...Object.values(found).map((a) => a[i]));
    // The kernel's own verifier fails by itself now and then ("verifier bug"): nothing to compare.
    if (found['kernel']?.some((answer, i) => answer === EFAULT && script[i]![0] === 'p')) {
      kernelBugs++;
      return;
    }
    const differs = difference(script, found);
    if (differs === undefined) return;
    const kind = differs[0] ?? '';
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if (failures++ < SHOWN) t.fail(`program ${number} of seed ${SEED}: ${differs}`, { script });
  };
  for (let done = 0; done < COUNT && failures < 50; done++) {
    if (done % MACHINE_CASES === MACHINE_CASES - 1) {
      t.equal(machine.bugs.length, 0, `nothing failed by itself ${machine.bugs[0] ?? ''}`);
      machine = new WideMachine(vmlinux, cpus);
    }
    const script = scriptOf(wideCase(random), machine.kernel.vmlinux!);
    const found: Record<string, string[]> = { ...machine.both(script) };
    if (found['interp']!.includes(TOO_COMPLEX)) {
      complex++;
      continue;
    }
    // Now and then as `--engine both` does it: on copied state, compared at once.
    if (done % 20 === 0) found['both'] = machine.run(script, 'both');
    kernel?.send(script);
    waiting.push({ script, number: done, found });
    if (done % 1000 === 0) t.comment(`${done} after ${Math.round(process.cpuUsage().user / 1e6)} s`);
    if (waiting.length === WINDOW) await check();
  }
  while (waiting.length > 0) await check();
  t.equal(machine.bugs.length, 0, `nothing failed by itself ${machine.bugs[0] ?? ''}`);
  t.comment(
    `${accepted} of ${COUNT} cases accepted, ${complex} too complex, ${kernelBugs} not by the kernel for a bug of its own`,
    [...kinds],
  );
  t.equal(failures, 0, 'no case differs');
  t.ok(accepted > COUNT * 0.8, 'most are accepted');
  t.end();
});
