import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import {
  buildSkeleton,
  cannotAskKernel,
  cannotBuildSkeleton,
  cannotExec,
  exec,
  FIXTURES,
  ROOT,
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

/** Compiles test/fixtures/exec/NAME/main.go; the library is compiled once for all. */
async function buildGo(dir: string, name: string): Promise<string> {
  const program = join(dir, name);
  const env = { GOPATH, GO111MODULE: 'off', GOFLAGS: '', GOCACHE: join(dir, 'cache'), CGO_ENABLED: '0' };
  const source = join(FIXTURES, name, 'main.go');
  const built = await run('go', ['build', '-o', program, source], { env, timeout: 120_000 });
  if (built.status !== 0) throw new Error(built.stderr);
  return program;
}

t.test('Go programs with cilium/ebpf', { skip: cannotExec(true) || cannotBuildGo() }, async (t) => {
  const dir = scratch(t);
  const gomap = await buildGo(dir, 'gomap');
  const outcome = await exec([], [gomap, '/sys/fs/bpf/x']);
  t.strictSame(outcome, { status: 0, stdout: GO_OUTPUT, stderr: '' });
  await t.test('print the same on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const inside = 'mount -t bpf bpf /sys/fs/bpf && exec "$1" /sys/fs/bpf/x';
    const real = await run('unshare', ['-m', 'sh', '-c', inside, 'sh', gomap]);
    t.equal(real.stdout, GO_OUTPUT, real.stderr);
  });
  await t.test('run, attach and pin programs', { skip: which('clang') === undefined && 'needs clang' }, async (t) => {
    const program = await buildGo(dir, 'goprog');
    const object = join(dir, 'goprog.bpf.o');
    const include = `-I/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
    const source = join(FIXTURES, 'goprog.bpf.c');
    const built = await run('clang', ['-O2', '-g', '-target', 'bpf', include, '-c', source, '-o', object]);
    t.equal(built.status, 0, built.stderr);
    const main = join(dirname(fileURLToPath(import.meta.url)), 'main.js');
    // A network of its own: a device takes one XDP program.
    const emulated = await run('unshare', ['-n', process.execPath, main, '--', program, object, '/sys/fs/bpf']);
    t.equal(emulated.stdout, readFileSync(join(ROOT, 'test/golden/exec/goprog.txt'), 'utf8'), emulated.stderr);
    await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
      const inside = 'mount -t bpf bpf /sys/fs/bpf && exec "$@"';
      const real = await run('unshare', ['-mn', 'sh', '-c', inside, 'sh', program, object, '/sys/fs/bpf']);
      t.equal(emulated.stdout, real.stdout, real.stderr);
    });
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
