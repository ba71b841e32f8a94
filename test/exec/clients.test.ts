import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  buildSkeleton,
  cannotAskKernel,
  cannotBuildSkeleton,
  cannotExec,
  exec,
  FIXTURES,
  run,
  scratch,
  which,
} from './util.ts';

t.setTimeout(120_000);

/** Debian's golang-github-cilium-ebpf-dev puts its sources here. */
const GOPATH = '/usr/share/gocode';

function cannotBuildGo(): string | false {
  if (which('go') === undefined) return 'needs the package golang';
  if (!existsSync(join(GOPATH, 'src/github.com/cilium/ebpf'))) return 'needs the package golang-github-cilium-ebpf-dev';
  return false;
}

const GO_OUTPUT = `Hash 4 8 64
lookup 30
absent true
exists true
keys [0 1 2 3 4 5 6 7]
batch 3
pinned 2
info Hash counts
unpinned true
goroutines done
clone 99
`;

t.test('a Go program with cilium/ebpf', { skip: cannotExec(true) || cannotBuildGo() }, async (t) => {
  const dir = scratch(t);
  const program = join(dir, 'gomap');
  const env = { GOPATH, GO111MODULE: 'off', GOFLAGS: '', GOCACHE: join(dir, 'cache'), CGO_ENABLED: '0' };
  const built = await run('go', ['build', '-o', program, join(FIXTURES, 'gomap', 'main.go')], {
    env,
    timeout: 120_000,
  });
  t.equal(built.status, 0, built.stderr);
  const outcome = await exec([], [program, '/sys/fs/bpf/x']);
  t.strictSame(outcome, { status: 0, stdout: GO_OUTPUT, stderr: '' });
  await t.test('prints the same on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const inside = 'mount -t bpf bpf /sys/fs/bpf && exec "$1" /sys/fs/bpf/x';
    const real = await run('unshare', ['-m', 'sh', '-c', inside, 'sh', program]);
    t.equal(real.stdout, GO_OUTPUT, real.stderr);
  });
});

const COUNTER_OUTPUT = `before: total 0, start 100, step 5
run 0 returned 2
after: total 20, start 104
event 1: total 5, 16 bytes
event 2: total 10, 16 bytes
event 3: total 15, 16 bytes
event 4: total 20, 16 bytes
poll 4
poll again 0
stored from here: total 1005, start 2
event 5: total 1005, 16 bytes
poll 1
lookup 0 = 15
pin 0
get 1
unpin 0
get again -2
`;

const skeletonSkip = cannotExec(true) || cannotBuildSkeleton();

t.test('a libbpf skeleton: globals, ring buffer, test runs, pins', { skip: skeletonSkip }, async (t) => {
  const program = await buildSkeleton(scratch(t), 'counter');
  const outcome = await exec([], [program, '/sys/fs/bpf/x']);
  t.strictSame(outcome, { status: 0, stdout: COUNTER_OUTPUT, stderr: '' });
  await t.test('prints the same on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const inside = 'mount -t bpf bpf /sys/fs/bpf && exec "$1" /sys/fs/bpf/x';
    const real = await run('unshare', ['-m', 'sh', '-c', inside, 'sh', program]);
    t.equal(real.stdout, COUNTER_OUTPUT, real.stderr);
  });
});

t.test(
  'a libbpf perf buffer',
  { skip: skeletonSkip || (which('taskset') === undefined && 'needs taskset') },
  async (t) => {
    const program = await buildSkeleton(scratch(t), 'perfbuf');
    const outcome = await exec([], ['taskset', '-c', '0', program]);
    t.equal(outcome.status, 0, outcome.stderr);
    t.match(outcome.stdout, 'run 0 returned 2\nsample 0, 4 bytes, then 00 00\nsample 0, 20 bytes, then ab ab\n');
    t.match(outcome.stdout, /^lost 30$/m);
    await t.test('prints the same on the kernel here', { skip: cannotAskKernel() }, async (t) => {
      const real = await run('taskset', ['-c', '0', program]);
      t.equal(outcome.stdout, real.stdout, real.stderr);
    });
  },
);
