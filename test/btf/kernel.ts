/** The kernel of this machine as an oracle, where bpf(2) may be used and python3 is there (see kernel.py). */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../../test/btf/kernel.py', import.meta.url));

/** A question: BTF_LOAD, or MAP_CREATE with `[type, key, value, max, flags, keyId, valueId]`. */
export interface Question {
  readonly btf: string;
  readonly level?: number;
  readonly size?: number;
  readonly map?: readonly number[];
}

/** The answer; `btf`: the BTF itself was refused. */
export interface Answer {
  readonly errno: number;
  readonly log?: string;
  readonly true?: number;
  readonly btf?: number;
}

/** Asks the kernel, all questions in one process. */
export function askKernel(questions: readonly Question[]): Answer[] {
  const input = questions.map((question) => JSON.stringify(question)).join('\n');
  const run = spawnSync('python3', [SCRIPT], { input, maxBuffer: 1 << 30, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`kernel.py failed: ${run.stderr}`);
  return run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
}

/** Why the kernel cannot be asked, or an empty string when it can. */
export function kernelMissing(): string {
  try {
    // The smallest BTF: one int.
    const btf =
      '9feb01001800000000000000100000001000000005000000010000000000000104000000200000010069 6e7400'.replaceAll(' ', '');
    const [answer] = askKernel([{ btf }]);
    return answer?.errno === 0 ? '' : `bpf(2) answers errno ${answer?.errno}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
