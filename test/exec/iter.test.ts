/** Iterators through a libbpf skeleton, bpftool and cat, against the kernel here where there is one to ask. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { buildSkeleton, cannotAskKernel, cannotBuildSkeleton, cannotExec, exec, run, scratch, which } from './util.ts';

t.setTimeout(120_000);

const MAIN = join(dirname(fileURLToPath(import.meta.url)), 'main.js');

/** What each of the reads of iters.c must say, in the order they are made. */
const EXPECTED: readonly (readonly [string, string])[] = [
  ['maps', 'hash type 1 key 4 value 8 max 64 users 1\narr type 2 key 4 value 8 max 5 users 1\n'],
  ['elements without a map', 'attach -9\n'],
  ['elements', '0: 0 = 0\n1: 1 = 10\n2: 2 = 20\n3: 3 = 30\n4: 4 = 40\nend of arr, 4\n'],
  ['three bytes at a time', '[3]0: [3]0 =[3] 10[3]00\n[3]1: [3]1 =[3] 10[3]10\n'],
  ['sixteen bytes at a time', '[16]0: 0 = 2000\n1: 1[8] = 2010\n[16]2: 2 = 2020\n3: 3[8] = 2030\n'],
  ['beyond the value', 'attach -13\n'],
  ['three records fit the buffer', '[30000][20000]'],
  ['one is tried again', '[20000][30000]'],
  ['and again', '[20000]read -11\n'],
  ['a large record', '[32767][32767][32767][32767][32767]'],
  ['a record that is too large', 'read -7\n'],
  ['array of each CPU', '0 = 0\n1 = 10\n2 = 20\n'],
  ['no map', 'attach -22\n'],
  ['tasks', 'iters main 1 uid 0 leader 1\nend\n'],
  ['files', 'fd 100 mode 3 anon_inode:bpf-map\nfd 101 mode 2 /dev/null\nend\n'],
  ['mappings', '8192 bytes file 0\nend\n'],
  ['too much said', 'attach -22\n'],
  ['no pidfd', 'attach -9\n'],
  ['no order', 'attach -22\n'],
  ['routes', 'end\n'],
];

t.test('a skeleton reads its iterators', { skip: cannotExec(true) || cannotBuildSkeleton() }, async (t) => {
  const dir = scratch(t);
  const program = await buildSkeleton(dir, 'iters');
  const outcome = await exec([], [program]);
  t.equal(outcome.status, 0, outcome.stderr);
  for (const [what, text] of EXPECTED) {
    const at = outcome.stdout.indexOf(`== ${what}\n`);
    t.equal(outcome.stdout.substr(at, what.length + 4 + text.length), `== ${what}\n${text}`, what);
  }
  t.match(outcome.stdout, /update 0\nto another target -22\ndetach -95\ncreate of a program -22\n$/);
  await t.test('prints the same on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const real = await run('unshare', ['-n', program]);
    t.equal(outcome.stdout, real.stdout, real.stderr);
  });
});

t.test('bpftool pins an iterator and cat reads it', { skip: cannotExec(true) || cannotBuildSkeleton() }, async (t) => {
  const dir = scratch(t);
  await buildSkeleton(dir, 'iters');
  const bpftool = which('bpftool') ?? 'bpftool';
  const script = `
    ${bpftool} map create /sys/fs/bpf/m type array key 4 value 8 entries 3 name m
    cd ${dir} && clang -O2 -g -target bpf -I/usr/include/$(uname -m)-linux-gnu -c one_iter.bpf.c -o one.o
    ${bpftool} iter pin one.o /sys/fs/bpf/it map pinned /sys/fs/bpf/m 2>&1
    cat /sys/fs/bpf/it; cat /sys/fs/bpf/it
    dd if=/sys/fs/bpf/it bs=5 count=1 status=none; echo
    ${bpftool} link show | sed 's/^[0-9]*:/N:/; s/prog [0-9]*/prog N/; s/map_id [0-9]*/map_id N/'
    ${bpftool} map dump pinned /sys/fs/bpf/m | grep -c 'value: 03'
    rm /sys/fs/bpf/it; ${bpftool} link show`;
  await run('sh', ['-c', `cat > ${join(dir, 'one_iter.bpf.c')}`], { input: ONE });
  const outcome = await exec([], ['sh', '-c', script]);
  t.equal(
    outcome.stdout,
    '0: 0\n1: 0\n2: 0\nend\n0: 1\n1: 1\n2: 1\nend\n0: 2\n\nN: iter  prog N  target_name bpf_map_elem  map_id N  \n1\n',
    outcome.stderr,
  );
  await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const real = await run('unshare', ['-m', 'sh', '-c', `mount -t bpf bpf /sys/fs/bpf && ${script}`]);
    t.equal(outcome.stdout, real.stdout, real.stderr);
  });
});

t.test(
  'maps.debug and progs.debug list what there is',
  { skip: cannotExec(true) || which('bpftool') === undefined },
  async (t) => {
    const bpftool = which('bpftool') ?? 'bpftool';
    const script = `
    cat /sys/fs/bpf/maps.debug
    ${bpftool} map create /sys/fs/bpf/h type hash key 4 value 4 entries 7 name hh
    ${bpftool} map update pinned /sys/fs/bpf/h key 1 0 0 0 value 1 0 0 0
    ${bpftool} map create /sys/fs/bpf/a type array key 4 value 4 entries 3 name aa
    sed 's/^ *[0-9][0-9]* /N /' /sys/fs/bpf/maps.debug
    rm /sys/fs/bpf/maps.debug 2>&1 | grep -o 'Operation not permitted'
    stat -c '%a %s' /sys/fs/bpf/progs.debug`;
    const outcome = await exec([], ['sh', '-c', script]);
    const table =
      '  id name             max_entries  cur_entries\nN hh                         7            1\nN aa                         3            0\n';
    t.equal(outcome.stdout, `${table}Operation not permitted\n400 0\n`, outcome.stderr);
  },
);

t.test('iterators over sockets and cgroups', { skip: cannotExec(true) || cannotBuildSkeleton() }, async (t) => {
  const program = await buildSkeleton(scratch(t), 'sockiter');
  const group = `/sys/fs/cgroup/bpf-emu-${process.pid}`;
  const script = `ip link set lo up; mount -t cgroup2 c /sys/fs/cgroup 2>/dev/null
    mkdir -p ${group}/a/x ${group}/b && "$@" ${program} ${group}
    rmdir ${group}/a/x ${group}/a ${group}/b ${group}`;
  const outcome = await run('unshare', ['-mn', 'sh', '-c', script, 'sh', process.execPath, MAIN, '--']);
  const wanted = [
    '0 none\n1 family 2 type 1 state 1 proto 6\n2 none\n3 family 2 type 2 state 7 proto 17\nend 3\nthen 0\n',
    '9 family 2 type 1 state 1 proto 6\nend 0\nthen 0\n',
    'family 2 type 2 = 70\nend 0\nthen 0\norder 0 id 0\nnow 71\n',
    'level 1 bpf-emu-PID\nlevel 2 a\nlevel 3 x\nlevel 2 b\nend 3\nthen 0\n',
    'level 3 x\nlevel 2 a\nlevel 2 b\nlevel 1 bpf-emu-PID\nend 3\nthen 0\n',
  ];
  const text = outcome.stdout.replaceAll(String(process.pid), 'PID');
  const mounted = spawnSync('unshare', ['-m', 'mount', '-t', 'cgroup2', 'c', '/sys/fs/cgroup']).status === 0;
  if (!mounted) t.comment('no cgroup2 to be mounted here: cgroups are left out');
  for (const part of wanted) if (mounted || !part.startsWith('level')) t.ok(text.includes(part), part);
  await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const real = await run('unshare', ['-mn', 'sh', '-c', script, 'sh']);
    t.equal(outcome.stdout, real.stdout, real.stderr);
  });
});

t.test(
  'open-coded iterators walk over tasks and mappings',
  { skip: cannotExec(true) || cannotBuildSkeleton() },
  async (t) => {
    const program = await buildSkeleton(scratch(t), 'walks');
    const outcome = await exec([], [program]);
    t.equal(
      outcome.stdout,
      'run 0\nprocesses 1 threads 1 first 0\nown 1 comm walks same 1 threads 1 wrong -22\nmappings 1 1\n',
      outcome.stderr,
    );
    await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
      const real = await run(program, []);
      t.equal(outcome.stdout, real.stdout, real.stderr);
    });
  },
);

/** Counts how often each element was shown. */
const ONE = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
struct bpf_iter_meta { struct seq_file *seq; } __attribute__((preserve_access_index));
struct bpf_iter__bpf_map_elem { struct bpf_iter_meta *meta; void *map; void *key; void *value; } __attribute__((preserve_access_index));
char LICENSE[] SEC("license") = "GPL";
SEC("iter/bpf_map_elem") int one(struct bpf_iter__bpf_map_elem *ctx) {
  __u32 *key = ctx->key;
  __u64 *value = ctx->value;
  if (!key || !value) { BPF_SEQ_PRINTF(ctx->meta->seq, "end\\n"); return 0; }
  BPF_SEQ_PRINTF(ctx->meta->seq, "%u: %llu\\n", *key, *value);
  *value += 1;
  return 0;
}
`;
