/** bpf_sys_close of descriptors of the caller, as on Linux 6.18 and as on the kernel here. */
import { join } from 'node:path';
import t from 'tap';
import { cannotAskKernel, cannotExec, cannotRunPython, exec, FIXTURES, run } from './util.ts';

const SCRIPT = join(FIXTURES, 'sys_close.py');
const noPython = cannotRunPython();

const EXPECTED = `prog True
one of two (0, 0) -77 True (0, -9)
the last (0, 0) -77 -2
a file (0, 0) -9
none (0, -9) (0, -9)
`;

t.test('bpf_sys_close', { skip: cannotExec(false) || noPython }, async (t) => {
  const emulated = await exec([], ['python3', SCRIPT]);
  t.equal(emulated.stdout, EXPECTED, emulated.stderr);
  await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const real = await run('python3', [SCRIPT]);
    t.equal(real.stdout, EXPECTED, real.stderr);
  });
});
