import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { possibleCpus } from '../../native/host.ts';
import { cannotAskKernel, cannotBuildSkeleton, cannotExec, exec, FIXTURES, ROOT, run, scratch, which } from './util.ts';

t.setTimeout(120_000);

const SCRIPT = join(FIXTURES, 'bpftool.sh');
const GOLDEN = join(ROOT, 'test', 'golden', 'exec', 'bpftool.txt');
const skip = cannotExec(true) || (which('bpftool') === undefined && 'needs the package bpftool');
const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };

/** Ids are given in order of creation on the whole machine. */
function withoutIds(text: string): string[] {
  return text
    .replace(/^\d+: /gm, 'N: ')
    .replace(/"id":( ?)\d+/g, '"id":$1N')
    .split('\n');
}

/** Without the commands that list all maps: the machine may have others. */
function withoutLists(text: string): string[] {
  return withoutIds(text.replace(/^\$ bpftool(?: -p)? map show\n[\s\S]*?(?=^\$ bpftool)/gm, ''));
}

t.test('bpftool map prints what it prints on a kernel', { skip }, async (t) => {
  const emulated = await exec([], ['sh', '-c', `mkdir /sys/fs/bpf/t && exec sh ${SCRIPT} /sys/fs/bpf/t`], { env });
  t.equal(emulated.status, 0, emulated.stderr);
  const lines = withoutIds(emulated.stdout);
  const golden = possibleCpus() === 2 ? false : 'the recording has values of 2 CPUs';
  await t.test('as recorded on Linux 6.18', { skip: golden }, async (t) => {
    t.strictSame(lines, readFileSync(GOLDEN, 'utf8').split('\n'));
  });
  await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    // Of a bpffs that is there twice, bpftool names every pin twice.
    const inside = `while umount /sys/fs/bpf 2>/dev/null; do :; done; mount -t bpf bpf /sys/fs/bpf && mkdir /sys/fs/bpf/t && exec sh ${SCRIPT} /sys/fs/bpf/t`;
    const real = await run('unshare', ['-m', 'sh', '-c', inside], { env });
    t.strictSame(withoutLists(emulated.stdout), withoutLists(real.stdout));
  });
});

t.test('bpftool -f finds pins, and pins outlive the command that made them', { skip }, async (t) => {
  const script = `
    bpftool map create /sys/fs/bpf/kept type hash key 4 value 4 entries 1 name kept
    bpftool -f map show name kept | grep pinned
    stat -f -c %T /sys/fs/bpf
    rm /sys/fs/bpf/kept
    bpftool map list`;
  const outcome = await exec([], ['sh', '-c', script], { env });
  t.equal(outcome.stderr, '');
  t.equal(outcome.stdout, '\tpinned /sys/fs/bpf/kept\nbpf_fs\n');
});

t.test('bpftool -L loads by a program that calls bpf(2) itself', { skip }, async (t) => {
  const outcome = await exec(
    [],
    ['bpftool', '-L', '-d', 'prog', 'load', join(ROOT, 'test', 'fixtures', 'lb.bpf.o'), '/'],
    {
      env,
    },
  );
  t.equal(outcome.status, 0, outcome.stderr);
  t.match(outcome.stdout + outcome.stderr, /\nprocessed \d+ insns/);
});

/** What `bpftool prog run` prints of a program that returns 3 and puts a Z into the packet, and what it has counted. */
const RUN = [
  '0000000 5a00 0000 0000 0000 0000 0000 0000 0000 | Z....... ........',
  'Return value: 3, duration (average): Nns',
  '{"retval":3,"duration":N}',
  '3',
];

t.test('bpftool prog run gives what the program returned', { skip: skip || cannotBuildSkeleton() }, async (t) => {
  const dir = scratch(t);
  const include = `/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  const script = `cd ${dir} && head -c 16 /dev/zero > in &&
    clang -O2 -g -target bpf -I${include} -c ${join(FIXTURES, 'goprog.bpf.c')} -o p.o &&
    bpftool prog loadall p.o /sys/fs/bpf/p &&
    bpftool prog run pinned /sys/fs/bpf/p/first data_in in data_out - repeat 2 &&
    bpftool -j prog run pinned /sys/fs/bpf/p/first data_in in && echo &&
    bpftool -j map dump pinned /sys/fs/bpf/pinned | grep -o '"value":[0-9]*}' | head -1 | tr -dc 0-9`;
  const masked = (text: string): string[] =>
    text
      .replace(/(duration[^:]*: ?)\d+/g, '$1N')
      .replace(/[\t ]+/g, ' ')
      .split('\n')
      .filter((line) => line !== '');
  const emulated = await exec([], ['sh', '-c', script], { env });
  t.strictSame(masked(emulated.stdout), RUN, emulated.stderr);
  await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const inside = `mount -t bpf bpf /sys/fs/bpf && ${script}`;
    const real = await run('unshare', ['-m', 'sh', '-c', inside], { env });
    t.strictSame(masked(real.stdout), RUN, real.stderr);
  });
});

t.test('bpftool feature probe runs to its end', { skip }, async (t) => {
  const outcome = await exec([], ['bpftool', 'feature', 'probe', 'full'], { env });
  t.equal(outcome.status, 0, outcome.stderr);
  t.match(outcome.stdout, 'eBPF map_type hash is available');
  t.match(outcome.stdout, 'eBPF program_type socket_filter is available');
});
