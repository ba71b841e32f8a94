/** Commands where little is allowed: in a container of the usual kind, without /dev/fuse, without namespaces. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { builtinBtf } from '../../btf/builtin.ts';
import {
  buildSkeleton,
  cannotBuildSkeleton,
  cannotExec,
  cannotRunPython,
  compile,
  denied,
  type Outcome,
  run,
  scratch,
  which,
} from './util.ts';

t.setTimeout(120_000);

const skip = cannotExec(false) || cannotRunPython();
const MAIN = new URL('./main.js', import.meta.url).pathname;
const bpftool = which('bpftool');

/** What Docker's profile denies without CAP_SYS_ADMIN: bpf, mount, umount2, unshare, setns, pidfd_getfd, perf_event_open. */
const CONTAINER = '321=1,165=1,166=1,272=1,308=1,438=1,298=1';
/** The capabilities it gives. */
const CAPS =
  'chown,dac_override,fsetid,fowner,mknod,net_raw,setgid,setuid,setfcap,setpcap,net_bind_service,sys_chroot,kill,audit_write';

/** Runs a command under exec as in a container. */
function inContainer(options: readonly string[], command: readonly string[]): Promise<Outcome> {
  const caps = CAPS.replace(/\w+/g, '+$&');
  const [program, args] = denied(CONTAINER, [process.execPath, MAIN, ...options, '--', ...command]);
  return run('setpriv', [`--bounding-set=-all,${caps}`, '--inh-caps=-all', '--no-new-privs', program, ...args]);
}

const NOTE = /nothing can be mounted here: pins are names only.*--cap-add SYS_ADMIN --device \/dev\/fuse/;

const PIN = `
bpftool map create /sys/fs/bpf/m type hash key 4 value 4 entries 4 name m
bpftool map create /sys/fs/bpf/m type hash key 4 value 4 entries 4 name m
bpftool map update pinned /sys/fs/bpf/m key 1 0 0 0 value 2 0 0 0
bpftool map dump pinned /sys/fs/bpf/m
bpftool map dump pinned /sys/fs/bpf/n
bpftool map create /sys/fs/bpf/dir/m type hash key 4 value 4 entries 4 name m`;
const PINNED = `Error: can't pin the object (/sys/fs/bpf/m): File exists
key: 01 00 00 00  value: 02 00 00 00
Found 1 element
`;

t.test(
  'in a container: bpftool with pins',
  { skip: skip || (bpftool === undefined && 'needs the package bpftool') },
  async (t) => {
    const outcome = await inContainer([], ['sh', '-c', `exec 2>&1; ${PIN}`]);
    t.match(outcome.stderr, NOTE);
    const [first = '', missing, below] = outcome.stdout.split(/(?=^Error: (?!can't pin the object .*File exists))/m);
    t.equal(first, PINNED);
    t.match(missing, /No such file or directory/, 'a name that is not pinned');
    t.match(below, /^Error/, 'there are no directories');
  },
);

t.test(
  'in a container: a program that is relocated by the types of the kernel',
  { skip: skip || cannotBuildSkeleton() },
  async (t) => {
    const program = await buildSkeleton(scratch(t), 'walks');
    const outcome = await inContainer(['--builtin'], [program]);
    const walked = 'run 0\nprocesses 1 threads 1 first 0\nown 1 comm walks same 1 threads 1 wrong -22\nmappings 1 1\n';
    t.equal(outcome.stdout, walked, outcome.stderr);
  },
);

t.test('in a container: the types are there for who opens them', { skip }, async (t) => {
  const expected = join(scratch(t), 'btf');
  writeFileSync(expected, builtinBtf());
  const script = `cmp "$0" /sys/kernel/btf/vmlinux && test -r /sys/kernel/btf/vmlinux && echo same`;
  const outcome = await inContainer(['--builtin'], ['sh', '-c', script, expected]);
  t.equal(outcome.stdout, 'same\n', outcome.stderr);
});

t.test('behind an outer filter a command ends, stops and is signalled as it would be', { skip }, async (t) => {
  const under = async (script: string) => {
    const [program, args] = denied('321=1', [process.execPath, MAIN, '--no-mount', '--', 'sh', '-c', script]);
    const { status, stdout, stderr } = await run(program, args);
    return [status, stdout, stderr];
  };
  t.same(await under('kill -9 $$'), [137, '', '']);
  const script = `trap 'echo got it; exit 3' TERM
    sleep 0.3 & kill -STOP $!; sleep 0.5; grep -o stop /proc/$!/status; kill -CONT $!; wait $!; echo $?
    sh -c 'kill -SYS $$' 2>&1; echo $?; kill -TERM $PPID; while :; do sleep 0.05; done`;
  const [status, stdout] = await under(script);
  t.same([status, stdout], [3, 'stop\n0\nBad system call\n159\ngot it\n']);
});

t.test('behind an outer filter all threads and processes reach the emulated kernel', { skip }, async (t) => {
  const dir = scratch(t);
  const program = await compile(dir, 'stress');
  const [python, args] = denied('321=1', [process.execPath, MAIN, '--no-mount', '--', program, 'races']);
  const outcome = await run(python, args, { timeout: 100_000 });
  t.strictSame(outcome, { status: 0, stdout: 'races survived\nraces: 0 maps left\n', stderr: '' });
});

t.test('without /dev/fuse pins are names, and it is told what to do', { skip }, async (t) => {
  const inside = (change: string) =>
    run('unshare', ['-m', 'sh', '-c', `${change} && exec "$@"`, 'sh', process.execPath, MAIN, '--', 'echo', 'ran']);
  const missing = await inside('mount -t tmpfs none /dev && mknod /dev/null c 1 3');
  t.match(missing.stderr, /\/dev\/fuse: No such file or directory: .*pins are names only\. Load the fuse module/);
  t.strictSame([missing.status, missing.stdout], [0, 'ran\n']);
});
