/** Programs on the tracepoints of system calls see those that the machine's kernel carries out, as on the kernel here. */
import t from 'tap';
import { watchedNumbers } from '../../exec/watched_calls.ts';
import { Errno } from '../../uapi/errno.ts';
import { definedName, SYSCALL_NAMES, syscallNumber } from '../../uapi/syscalls.ts';
import { buildSkeleton, cannotAskKernel, cannotBuildSkeleton, cannotExec, exec, run, scratch } from './util.ts';

t.setTimeout(120_000);

const seen = (what: string, result: string, path = '', second = 1): string =>
  `${what}: ${result}; raw 1 1 -38, record 1 1, its own 1 1 ${second}, path ${path}\n`;

const USUAL =
  seen('ask', 'done', '', 0) +
  seen('ask for nobody', 'No such process') +
  seen('sleep', 'done') +
  seen('open', 'done', '/dev/null') +
  seen('open to write', 'done', '/dev/null') +
  seen('open nothing', 'No such file or directory', '/no/such/file');
const MORE =
  seen('unmount nothing', 'No such file or directory') +
  'write: Bad file descriptor; raw 1 1 -38, record 1 1, its own 0 0 1, path \n';
const NOT_SENT =
  'unmount nothing: No such file or directory; raw 0 0 0, record 0 0, its own 0 0 1, path \n' +
  'write: Bad file descriptor; raw 0 0 0, record 0 0, its own 0 0 1, path \n';
const DETACHED = 'detached: done; raw 0 1 0, record 0 1, its own 0 1 1, path \n';

t.test('tracepoints of other system calls', { skip: cannotExec(false) || cannotBuildSkeleton() }, async (t) => {
  const program = await buildSkeleton(scratch(t), 'watched');
  for (const [list, expected] of [
    [[], USUAL + NOT_SENT + DETACHED],
    [['--syscalls', 'write,umount'], USUAL + MORE + DETACHED],
  ] as const) {
    const outcome = await exec(list, [program]);
    t.equal(outcome.stdout, expected, outcome.stderr);
  }
  const all = await exec(['--no-mount', '--syscalls', 'all'], ['cat', '/proc/self/comm']);
  t.equal(all.stdout, 'cat\n', all.stderr);
  await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const real = await run(program, []);
    t.equal(real.stdout, USUAL + MORE + DETACHED, real.stderr);
  });
});

t.test('names of system calls', async (t) => {
  t.equal(SYSCALL_NAMES[321], 'bpf');
  t.equal(syscallNumber('file_setattr'), 469);
  t.equal(definedName(166), 'umount');
  t.equal(syscallNumber('umount'), 166);
  t.equal(syscallNumber('umount2'), 166);
  t.equal(syscallNumber('nothing'), undefined);
  t.ok(watchedNumbers('').includes(121));
  t.notOk(watchedNumbers('').includes(1));
  t.ok(watchedNumbers('write,,read').includes(1));
  t.notOk(watchedNumbers('all').includes(45), 'the launcher talks by recvfrom');
  t.throws(() => watchedNumbers('oops'), Errno);
});
