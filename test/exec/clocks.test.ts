/** Programs that wait for a clock (software perf events), as on Linux 6.18 and as on the kernel here. */
import t from 'tap';
import { possibleCpus } from '../../native/host.ts';
import { buildSkeleton, cannotAskKernel, cannotBuildSkeleton, cannotExec, exec, run, scratch, which } from './util.ts';

t.setTimeout(120_000);

const twoCpus = possibleCpus() >= 2 ? false : 'needs 2 CPUs';

/** As recorded. */
const EXPECTED = `cpu clock, period: open link 1 happens 1 period 5000000 cookie 1234 again -17 disable 0 stays 1 enable 0 happens 1 info 7 6: 0 0 6 0 closed, stays 1
cpu clock, frequency: open link 1 happens 1 period 3333333 cookie 1234 again -17 disable 0 stays 1 enable 0 happens 1 info 7 6: 0 0 6 0 closed, stays 1
cpu clock, off at first: open wrong type -22 set 0 stays 1 enable 0 happens 1 cookie 0 again -17 closed, stays 1
busy child: runs 1, for others 0
idle child: runs 0, for others 0
no such thread -3, no thread and no CPU -22, no such CPU -22, too often -22
`;

t.test('perf events of clocks', { skip: cannotExec(false) || cannotBuildSkeleton() || twoCpus }, async (t) => {
  const program = await buildSkeleton(scratch(t), 'clocks');
  const outcome = await exec([], [program]);
  t.equal(outcome.stdout, EXPECTED, outcome.stderr);
  await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const real = await run(program, []);
    t.equal(real.stdout, EXPECTED, real.stderr);
  });
});

/** What a user of bpftrace does: a beginning, an interval, a profile, maps of all kinds, an end. */
const SCRIPT = `
BEGIN { printf("begin\\n"); @lhist = lhist(3, 0, 6, 2); @hist = hist(5); @stats = stats(4); @pair["a", 2] = (1, "two"); }
interval:ms:50 { if (@ticks < 4) { @ticks++; @sum = sum(@ticks); @max = max(@ticks); } if (@ticks == 4) { exit(); } }
profile:hz:99 { @seen[cpu >= 0] = 1; }
END { printf("end, %d ticks\\n", @ticks); delete(@ticks); }`;

const TRACED = `Attaching 4 probes...
begin
end, 4 ticks


@hist: 
[4, 8)                 1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|

@lhist: 
[2, 4)                 1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|

@max: 4
@pair[a, 2]: (1, two)
@seen[1]: 1

@stats: count 1, average 4, total 4

@sum: 10
`;

const noBpftrace = which('bpftrace') === undefined && 'needs the package bpftrace';

t.test('bpftrace', { skip: cannotExec(false) || noBpftrace }, async (t) => {
  const emulated = await exec([], ['bpftrace', '-e', SCRIPT]);
  // Its versions leave other empty lines.
  const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
  t.strictSame(lines(emulated.stdout), lines(TRACED), emulated.stderr);
  await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const real = await run('bpftrace', ['-e', SCRIPT]);
    t.equal(emulated.stdout, real.stdout, real.stderr);
  });
});
