/**
 * Attributes at random: PROG_LOAD, OBJ_GET_INFO_BY_FD and PROG_BIND_MAP answer as recorded
 * from Linux 6.18 (test/golden/exec/load_attrs.txt.gz, obj_info.txt.gz), and as the kernel
 * here. With a seed and the number of a line, the scripts tell what that call was.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { cannotAskKernel, cannotExec, cannotRunPython, exec, FIXTURES, type Outcome, ROOT, run } from './util.ts';

t.setTimeout(120_000);

const SEED = 1;
const CALLS = 2000;
const skip = cannotExec(true) || cannotRunPython();

function lines(outcome: Outcome): string[] {
  if (outcome.status !== 0) throw new Error(outcome.stderr);
  return outcome.stdout.split('\n');
}

/** The lines that differ, with their numbers. */
function different(got: readonly string[], wanted: readonly string[]): string[] {
  const found: string[] = [];
  for (let i = 0; i < Math.max(got.length, wanted.length); i++)
    if (got[i] !== wanted[i]) found.push(`${i}: ${got[i]}, not ${wanted[i]}`);
  return found;
}

for (const name of ['load_attrs', 'obj_info']) {
  t.test(name, { skip }, async (t) => {
    const command = (seed: number) => ['python3', '-B', join(FIXTURES, `${name}.py`), String(seed), String(CALLS)];
    const golden = gunzipSync(readFileSync(join(ROOT, `test/golden/exec/${name}.txt.gz`))).toString();
    t.strictSame(different(lines(await exec([], command(SEED))), golden.split('\n')), [], 'as recorded');
    await t.test('as the kernel here', { skip: cannotAskKernel() }, async (t) => {
      const seed = 1000 + (Date.now() % 100_000);
      const [python, ...args] = command(seed);
      const kernel = lines(await run(python as string, args));
      t.strictSame(different(lines(await exec([], command(seed))), kernel), [], `seed ${seed}`);
    });
  });
}
