/** Commands that take long, of programs under exec: others are served meanwhile, signals end them, nothing is left. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { EAGAIN, EINTR } from '../../uapi/errno.ts';
import { cannotExec, exec, ROOT, run, which } from './util.ts';

// The machine may be busy: unloaded, no answer takes longer than 10 ms.
t.setTimeout(120_000);
const WORST_US = 500_000;

const skip = cannotExec(true) || (which('gcc') === undefined && 'needs the package gcc');
const temp = mkdtempSync(join(tmpdir(), 'bpf-emu-long-'));
t.teardown(() => rmSync(temp, { recursive: true }));
const client = join(temp, 'long_client');

t.test('the client is built', { skip }, async (t) => {
  const built = await run('gcc', ['-Wall', '-O1', '-o', client, join(ROOT, 'test', 'long_client.c')]);
  t.equal(built.status, 0, built.stderr);
});

for (const what of ['load', 'run']) {
  t.test(`others are answered while a ${what} goes on, and its death leaves nothing`, { skip }, async (t) => {
    const { stdout, stderr } = await exec([], [client, '-', '/sys/fs/bpf', 'respond', what]);
    t.comment(stdout.trim());
    const found = JSON.parse(stdout) as Record<string, number>;
    for (const one of ['stat', 'list', 'lookup', 'gone']) t.ok(Number(found[one]) < WORST_US, one);
    t.match(found, { maps: 0, progs: 0 });
    t.equal(stderr, '');
  });

  t.test(`a signal ends a ${what}`, { skip }, async (t) => {
    const { stdout } = await exec([], [client, '-', '/sys/fs/bpf', 'signal', what]);
    const found = JSON.parse(stdout) as Record<string, number>;
    t.match(found, { result: -1, errno: what === 'load' ? EAGAIN : EINTR });
    t.ok(Number(found['us']) >= 200_000, 'not before it came');
  });
}

t.test('a command that takes long is traced and counted when it ends', { skip }, async (t) => {
  const { stderr } = await exec(['--trace', 'text', '--stats'], [client, '-', '/sys/fs/bpf', 'signal', 'load']);
  t.match(stderr, /PROG_LOAD.*EAGAIN/);
  t.match(stderr, /\n +1 +1 .* BPF_PROG_LOAD\n/);
});
