import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cannotAskKernel, cannotExec, exec, FIXTURES, run, scratch, which } from './util.ts';

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
