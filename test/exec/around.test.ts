/** Programs around functions of programs, and samples that a client gives to programs. */
import t from 'tap';
import { buildSkeleton, cannotAskKernel, cannotBuildSkeleton, cannotExec, exec, run, scratch } from './util.ts';

t.setTimeout(60_000);

const RING = '0: drained 3, 3 samples, the last 33\n';
const TRACED = '0: 370; twice 148 of 74, scaled 222 of 74\n';

t.test('samples and functions', { skip: cannotExec(false) || cannotBuildSkeleton() }, async (t) => {
  const program = await buildSkeleton(scratch(t), 'around');
  const ring = await exec(['--no-mount'], [program, 'ring']);
  t.equal(ring.stdout, RING, ring.stderr);
  const traced = await exec(['--no-mount'], [program, 'traced']);
  t.equal(traced.stdout, TRACED, traced.stderr);
  await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const real = await run(program, ['ring']);
    t.equal(real.stdout, RING, real.stderr);
    // Programs on functions are refused where the kernel is locked down.
    const around = await run(program, ['traced']);
    if (/not permitted/.test(around.stderr)) t.comment('no programs on functions here');
    else t.equal(around.stdout, TRACED, around.stderr);
  });
});
