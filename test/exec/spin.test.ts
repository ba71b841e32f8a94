/** One single run of a program that does not end, of a program under exec: others are served in its middle. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { EINTR } from '../../uapi/errno.ts';
import { cannotExec, exec, ROOT, run, which } from './util.ts';

// The machine may be busy: unloaded, the median is below 2 ms and the worst below 10; 200 rounds.
t.setTimeout(120_000);
const MEDIAN_US = 250_000;
const ROUNDS = 2;
const WORST_US = 700_000;
/** The budget of a run, when nothing else is said. */
const BUDGET_US = 1_000_000;

const skip = cannotExec(true) || (which('gcc') === undefined && 'needs the package gcc');
const temp = mkdtempSync(join(tmpdir(), 'bpf-emu-spin-'));
t.teardown(() => rmSync(temp, { recursive: true }));
const client = join(temp, 'spin_client');

t.test('the client is built', { skip }, async (t) => {
  const built = await run('gcc', ['-Wall', '-O1', '-o', client, join(ROOT, 'test', 'spin_client.c')]);
  t.equal(built.status, 0, built.stderr);
});

for (const [kind, options] of [
  ['loops', []],
  ['goto', []],
  ['loops', ['--trace', 'text', '--stats']],
] as const) {
  t.test(`others are served while one run goes on (${kind} ${options.join(' ')})`, { skip }, async (t) => {
    const { stdout, stderr } = await exec(options, [client, '-', '/sys/fs/bpf', kind]);
    t.comment(stdout.trim());
    const found = JSON.parse(stdout) as Record<string, number | [number, number]>;
    t.match(found, { result: -1, errno: EINTR, failed: 0 });
    t.ok(Number(found['run']) >= BUDGET_US, 'it had its budget');
    t.ok(Number(found['rounds']) >= ROUNDS, 'others had many answers');
    for (const what of ['stat', 'list', 'open', 'cat', 'lookup', 'update', 'create']) {
      const [median, worst] = found[what] as [number, number];
      t.ok(median < MEDIAN_US && worst < WORST_US, what);
    }
    if (options.length === 0) t.equal(stderr, '');
    else t.match(stderr, /bpf\(BPF_PROG_TEST_RUN.*= -1 EINTR/, 'the line of the run is about the run');
  });
}
