import t from 'tap';
import { cannotExec, compile, exec, scratch, which } from './util.ts';

t.setTimeout(120_000);

const skip = cannotExec(true) || (which('gcc') === undefined && 'needs the package gcc');

t.test('many, killed and hostile processes leave nothing behind', { skip }, async (t) => {
  const client = await compile(scratch(t), 'stress');
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ['200 processes at once', ['many', '200'], '200 processes: 0 failed\nmany: 0 maps left\n'],
    ['killed at any point', ['killed', '40'], '40 killed\nkilled: 0 maps left\n'],
    ['threads that change descriptors and buffers', ['races'], 'races survived\nraces: 0 maps left\n'],
  ];
  for (const [name, args, expected] of cases) {
    const outcome = await exec([], [client, ...args]);
    t.strictSame(outcome, { status: 0, stdout: expected, stderr: '' }, name);
  }
  const others = await exec([], [client, 'others']);
  t.match(others.stdout, "the parent's number: EBADF\nnot dumpable: 0\n");
  t.match(others.stdout, 'a million instructions beyond the end: EFAULT\n4 GiB of BTF: E2BIG\n');
  t.match(others.stdout, 'others: 0 maps left\n');
});

const PARALLEL = `
  i=0
  while [ $i -lt 8 ]; do
    i=$((i + 1))
    (
      m=/sys/fs/bpf/p$i
      bpftool map create $m type hash key 4 value 4 entries 64 name p$i || exit 1
      for k in 1 2 3; do bpftool map update pinned $m key $k 0 0 0 value $i 0 0 0 || exit 1; done
      bpftool map dump pinned $m | grep -c '^key'
    ) &
  done
  wait
  ls /sys/fs/bpf | grep -c '^p'
  bpftool map list | grep -c hash`;

t.test(
  '8 parallel shells',
  { skip: skip || (which('bpftool') === undefined && 'needs the package bpftool') },
  async (t) => {
    const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };
    const outcome = await exec([], ['sh', '-c', PARALLEL], { env });
    t.strictSame(outcome.stdout.split('\n'), [...Array<string>(8).fill('3'), '8', '8', ''], outcome.stderr);
  },
);
