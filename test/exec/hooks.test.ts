/** Programs on the tracepoints of bpf(2) see the calls of a client, as on the kernel here. */
import t from 'tap';
import { buildSkeleton, cannotAskKernel, cannotBuildSkeleton, cannotExec, exec, run, scratch } from './util.ts';

t.setTimeout(120_000);

/** As recorded. */
const seen = (cmd: number, size: number): string =>
  ['raw', 'record', 'record of bpf']
    .map((name) => `  ${name}: 1 times, 321, cmd ${cmd}, same attr 1, size ${size}, same result 1\n`)
    .join('');

const calls = (attrSize: number): string => `a map: done
${seen(0, attrSize)}too large: Argument list too long
${seen(0, 8192)}no such command: Invalid argument
${seen(999, 16)}cannot be read: Bad address
${seen(1, 32)}no descriptor: File descriptor in bad state
${seen(15, 16)}cookie 77
`;

t.test('tracepoints of system calls', { skip: cannotExec(false) || cannotBuildSkeleton() }, async (t) => {
  const program = await buildSkeleton(scratch(t), 'hooks');
  const outcome = await exec([], [program]);
  const attrSize = Number(/a map[\s\S]*?size (\d+)/.exec(outcome.stdout)?.[1]);
  t.equal(outcome.stdout, calls(attrSize), outcome.stderr);
  await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const real = await run(program, []);
    t.equal(real.stdout, calls(attrSize), real.stderr);
  });
  await t.test('also where the machine has neither types nor tracepoints', async (t) => {
    const main = new URL('./main.js', import.meta.url).pathname;
    const hide = 'mount -t tmpfs none /sys/kernel && mkdir -p /sys/kernel/debug /sys/kernel/tracing && exec "$@"';
    const bare = await run('unshare', ['-m', 'sh', '-c', hide, 'sh', process.execPath, main, '--', program]);
    t.equal(bare.stdout, calls(attrSize), bare.stderr);
  });
});
