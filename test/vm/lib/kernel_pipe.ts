/** This machine's kernel at the end of a pipe: it runs the scripts of native/fuzz_kernel.c. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { functionTypes } from './wide_btf.ts';
import { sortedAnswer } from './wide_script.ts';

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
export class KernelPipe {
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
export function difference(script: readonly string[], found: Record<string, string[]>): string | undefined {
  const names = Object.keys(found);
  for (const [i, line] of script.entries()) {
    const answers = names.map((name) => sortedAnswer(found[name]![i] ?? ''));
    if (answers.every((answer) => answer === answers[0])) continue;
    return `${line.slice(0, 60)}\n${names.map((name, j) => `  ${name.padEnd(6)} ${answers[j]}`).join('\n')}`;
  }
  return undefined;
}
