import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cannotExec, compile, exec, ROOT, run, scratch, which } from './util.ts';

t.setTimeout(120_000);

const needs = ['bpftool', 'setpriv', 'unshare'].find((program) => which(program) === undefined);
const skip = cannotExec(true) || (needs !== undefined && `needs the program ${needs}`);
const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };

const OTHER = 'setpriv --reuid 1000 --regid 1000 --clear-groups';

const TWO_USERS = `
  bpftool map create /sys/fs/bpf/mine type hash key 4 value 4 entries 1 name mine
  bpftool map create /sys/fs/bpf/shared type hash key 4 value 4 entries 1 name shared
  chmod 666 /sys/fs/bpf/shared
  ${OTHER} bpftool map list; echo "list $?"
  ${OTHER} bpftool map show id 1; echo "by id $?"
  ${OTHER} bpftool map show pinned /sys/fs/bpf/mine; echo "pinned $?"
  ${OTHER} bpftool map update pinned /sys/fs/bpf/shared key 1 0 0 0 value 2 0 0 0; echo "shared $?"
  ${OTHER} bpftool map create /sys/fs/bpf/new type hash key 4 value 4 entries 1 name new; echo "create $?"
  ${OTHER} rm -f /sys/fs/bpf/mine; echo "remove $?"
  bpftool map dump pinned /sys/fs/bpf/shared`;

t.test('users are kept apart as by a kernel', { skip }, async (t) => {
  const { stdout } = await exec([], ['sh', '-c', `(${TWO_USERS}) 2>&1`], { env });
  t.strictSame(stdout.split('\n'), [
    "Error: can't get next map: Operation not permitted",
    'list 255',
    'Error: get map by id (1): Operation not permitted',
    'by id 255',
    'Error: bpf obj get (/sys/fs/bpf): Permission denied',
    'pinned 255',
    'shared 0',
    'Error: map create failed: Operation not permitted',
    'create 255',
    "rm: cannot remove '/sys/fs/bpf/mine': Operation not permitted",
    'remove 1',
    'key: 01 00 00 00  value: 02 00 00 00',
    'Found 1 element',
    '',
  ]);
});

t.test("the fdinfo of another user's descriptor is not shown", { skip }, async (t) => {
  const script = `
    bpftool map create /sys/fs/bpf/m type hash key 4 value 4 entries 1 name m
    python3 -c '
import ctypes, os, struct
attr = ctypes.create_string_buffer(struct.pack("QI", ctypes.cast(ctypes.c_char_p(b"/sys/fs/bpf/m"), ctypes.c_void_p).value, 0), 16)
fd = ctypes.CDLL(None, use_errno=True).syscall(321, 7, attr, 16)
path = "/proc/%d/fdinfo/%d" % (os.getpid(), fd)
for uid in 0, 1000:
    child = os.fork()
    if child == 0:
        if uid: os.setgroups([]); os.setresgid(uid, uid, uid); os.setresuid(uid, uid, uid)
        try: print(uid, "map_id" in open(path).read(), flush=True)
        except OSError as error: print(uid, error.strerror, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
'`;
  const { stdout, stderr } = await exec([], ['sh', '-c', script], { env });
  t.equal(stdout, '0 True\n1000 Permission denied\n', stderr);
});

/** Runs exec as an ordinary user who may open /dev/fuse. */
const AS_USER = `
  [ -e "$1/fuse" ] || mknod "$1/fuse" c 10 229 && chmod 666 "$1/fuse" && mount --bind "$1/fuse" /dev/fuse || exit 99
  shift
  exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"`;

t.test('an ordinary user is root of an emulated kernel of its own', { skip }, async (t) => {
  const dir = scratch(t);
  chmodSync(dir, 0o755);
  const main = join(ROOT, 'dist', 'test', 'exec', 'main.js');
  const asUser = (...command: string[]) =>
    run('unshare', ['-m', 'sh', '-c', AS_USER, 'sh', dir, process.execPath, main, '--', ...command], { env });
  const probe = await run('setpriv', ['--reuid', '65534', '--regid', '65534', '--clear-groups', 'test', '-r', main]);
  if (probe.status !== 0) {
    t.skip('the project is in a directory that others cannot read', async () => {});
    return;
  }
  const script = `
    id -u
    bpftool map create /sys/fs/bpf/m type hash key 4 value 4 entries 1 name m
    bpftool map update pinned /sys/fs/bpf/m key 1 0 0 0 value 2 0 0 0
    mkdir /sys/fs/bpf/d && mv /sys/fs/bpf/m /sys/fs/bpf/d && cd /sys/fs/bpf/d && bpftool map dump pinned m
    stat -c '%u %a' m
    stat -f -c %T .`;
  const outcome = await asUser('sh', '-c', script);
  t.strictSame(
    outcome.stdout.split('\n'),
    ['0', 'key: 01 00 00 00  value: 02 00 00 00', 'Found 1 element', '0 600', 'bpf_fs', ''],
    outcome.stderr,
  );
  const client = await compile(dir, 'stress');
  const many = await asUser(client, 'many', '20');
  t.equal(many.stdout, '20 processes: 0 failed\nmany: 0 maps left\n', many.stderr);
});
