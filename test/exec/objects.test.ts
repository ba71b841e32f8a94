import t from 'tap';
import { cannotAskKernel, cannotExec, compile, exec, run, scratch, which } from './util.ts';

t.setTimeout(120_000);

/** What a kernel 6.18 prints. */
const KERNEL = `cloexec 1 mode 2
dup left: alive
dup closed: gone
child holds: alive
child killed: gone
executed child inherits: alive
executed child ended: gone
closed on exec: gone
in flight: alive
received: alive same 1
received and closed: gone
mapped: alive
unmapped: gone
replaced by dup2: gone
`;

/** Lines that differ, and why: a memfd cannot forbid mprotect(2) of a mapping made before MAP_FREEZE. */
const DIFFERENCES: Readonly<Record<string, string>> = { 'mprotect -1': 'mprotect 0' };

const skip = cannotExec(false) || (which('gcc') === undefined && 'needs the package gcc');

t.test('descriptors live and answer as on a kernel', { skip }, async (t) => {
  const client = await compile(scratch(t), 'objects');
  const emulated = await exec(['--no-mount'], [client]);
  t.equal(emulated.status, 0, emulated.stderr);
  t.ok(emulated.stdout.startsWith(KERNEL), emulated.stdout);
  await t.test('every line is what the kernel here prints', { skip: cannotAskKernel() }, async (t) => {
    const real = await run(client, []);
    const lines = real.stdout.split('\n').map((line) => DIFFERENCES[line] ?? line);
    t.strictSame(emulated.stdout.split('\n'), lines);
  });
});
