/** Programs of many section types attached by libbpf, against the kernel here. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { buildSkeleton, cannotAskKernel, cannotBuildSkeleton, cannotExec, run, scratch } from './util.ts';

t.setTimeout(120_000);

const MAIN = join(dirname(fileURLToPath(import.meta.url)), 'main.js');
const MOUNT = 'test -f /sys/kernel/tracing/trace || mount -t tracefs t /sys/kernel/tracing';
const EXPECTED = [
  'xdp: load 0 link type 6 destroy 0',
  'perf_event: load 0 link type 7 destroy 0',
  'socket: load 0 attach 0 closed -9 no program -22 short -22 long -22 no memory -14 reuseport -22 detach 0 again -2 no socket -88 locked -1',
  'sk_lookup: load 0 link type 5 destroy 0',
  'iter/bpf_map: load 0 link type 4 iterator 0 destroy 0',
  'iter.s/task: load 0 link type 4 iterator 0 destroy 0',
  'iter.s/bpf_map: load 0 attach -22',
  'iter.s/ksym: load 0 link type 4 iterator 0 destroy 0',
];

t.test('bpf_program__attach()', { skip: cannotExec(false) || cannotBuildSkeleton() }, async (t) => {
  const dir = scratch(t);
  const program = await buildSkeleton(dir, 'attach');
  const hasTracefs = spawnSync('unshare', ['-m', 'sh', '-c', MOUNT]).status === 0;
  const line = `${hasTracefs ? MOUNT : ':'}; "$@" ${program} ${program}.bpf.o`;
  const emulated = await run('unshare', ['-mn', 'sh', '-c', line, 'sh', process.execPath, MAIN, '--']);
  for (const expected of EXPECTED) t.ok(emulated.stdout.includes(`${expected}\n`), expected);
  await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const real = await run('unshare', ['-mn', 'sh', '-c', line, 'sh']);
    t.equal(emulated.stdout, real.stdout, emulated.stderr + real.stderr);
  });
});
