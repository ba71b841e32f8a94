/** Links on many places of a file answer as recorded from Linux 6.18 (test/golden/exec/uprobe_multi.txt), and as the kernel here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cannotAskKernel, cannotExec, cannotRunPython, exec, FIXTURES, ROOT, run } from './util.ts';

const SCRIPT = join(FIXTURES, 'uprobe_multi.py');
const noPython = cannotRunPython();

t.test('uprobe_multi links', { skip: cannotExec(false) || noPython }, async (t) => {
  const golden = readFileSync(join(ROOT, 'test/golden/exec/uprobe_multi.txt'), 'utf8');
  const emulated = await exec([], ['python3', SCRIPT]);
  t.equal(emulated.stdout, golden, emulated.stderr);
  await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const real = await run('python3', [SCRIPT]);
    t.equal(emulated.stdout, real.stdout, real.stderr);
  });
});
