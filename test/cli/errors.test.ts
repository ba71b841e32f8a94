/** What the command line says when something is wrong, and that output may end early. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { readInput } from '../../cli/common.ts';
import { whyNoMount } from '../fs/support.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BPF_EMU = join(ROOT, 'bin', 'bpf-emu');
const LB = join(ROOT, 'test', 'fixtures', 'lb.bpf.o');
const noMount = whyNoMount() ?? false;

const scratch = mkdtempSync(join(tmpdir(), 'bpf-emu-errors-'));
t.teardown(() => rmSync(scratch, { recursive: true }));
// Dozens of starts of the program.
t.setTimeout(120_000);

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory to mount on; other processes serve, so waiting is safe. */
function cli(...args: readonly string[]): Outcome {
  return spawnSync(BPF_EMU, args, { cwd: scratch, input: '', encoding: 'utf8', timeout: 30_000 });
}

/** Arguments, exit code, and what is said. */
const WRONG: readonly (readonly [string[], number, RegExp])[] = [
  [['statsu'], 2, /Did you mean status\?/],
  [['mount', '--engine', 'v8'], 2, /Allowed choices are jit, interp, both/],
  [['mount', '--memory', '1K'], 2, /16M to 2G is wanted/],
  [['mount', '--spin', 'x'], 2, /a whole number from 0 on is wanted/],
  [['mount', ''], 1, /the name of the directory is empty: name one/],
  [['mount', '/etc/passwd'], 1, /is not a directory: name another one/],
  [['mount', '/proc'], 1, /cannot mount on \/proc: that would hide \/proc\/self.*name another directory/],
  [['mount', '--daemon', '--log', '/nonexistent/x', 'm'], 1, /cannot write the log \/nonexistent\/x: there is no such/],
  [['mount', '--join', '.', 'm'], 1, /no bpf-emu is mounted on \.: "bpf-emu status" lists the mounts/],
  [['umount', '.'], 1, /no bpf-emu is mounted on .*: "bpf-emu status" lists the mounts/],
  [
    ['ctl', '--mount', '/nonexistent'],
    1,
    /no bpf-emu is mounted on \/nonexistent: .*"bpf-emu mount \/nonexistent" makes/,
  ],
  [['trace', '--mount', '.'], 1, /no bpf-emu is mounted on \./],
  [['run', 'nosuch.o'], 1, /cannot read nosuch\.o: there is no such file or directory \(ENOENT\)/],
  [['run', '.'], 1, /cannot read \.: it is a directory, a file is wanted \(EISDIR\)/],
  [['run', LB, '--pcap', 'nosuch'], 1, /cannot read nosuch: there is no such file/],
  [['run', LB, '--pcap', '/etc/passwd'], 1, /pcap/],
  [['verify', '.'], 1, /cannot read \.: it is a directory/],
  [['verify', '/etc/passwd'], 1, /is no ELF object: name the type of its program with --type/],
  [['btf', '/etc/passwd'], 1, /holds neither BTF nor an ELF object/],
  [['exec'], 125, /missing required argument 'command'/],
  [['exec', '--trace', '/nonexistent/x', '--', 'true'], 125, /cannot write \/nonexistent\/x: there is no such/],
  [['exec', '--mount', '.', '--', 'true'], 125, /no bpf-emu is mounted on \./],
];

for (const [args, status, message] of WRONG) {
  t.test(`bpf-emu ${args.join(' ').replace(ROOT, '')}`, (t) => {
    const outcome = cli(...args);
    t.match(outcome.stderr, message);
    t.match(outcome.stderr, /^bpf-emu/, 'says who speaks');
    t.notMatch(outcome.stderr, /^ +at /m, 'no stack trace');
    t.equal(outcome.status, status);
    t.end();
  });
}

t.test('status tells of a directory where nothing is mounted', (t) => {
  const { status, stdout } = cli('status', '/nonexistent');
  t.equal(status, 1);
  t.match(stdout, 'no bpf-emu is mounted on /nonexistent');
  t.end();
});

t.test('a reader that goes away early ends a command without a word', (t) => {
  for (const args of ['mount --help', 'btf --builtin']) {
    const line = `"$0" ${args} | head -c 1 >/dev/null`;
    const { stderr } = spawnSync('bash', ['-c', line, BPF_EMU], { encoding: 'utf8', timeout: 30_000 });
    t.equal(stderr, '', args);
  }
  t.end();
});

t.test('output that cannot be written is said', (t) => {
  for (const args of ['--help', `run '${LB}' --data ${'00'.repeat(64)}`]) {
    const line = `"$0" ${args} >/dev/full`;
    const { status, stderr } = spawnSync('bash', ['-c', line, BPF_EMU], { encoding: 'utf8', timeout: 30_000 });
    t.equal(stderr, 'bpf-emu: cannot write the output: the disk is full (ENOSPC)\n', args);
    t.equal(status, 1);
  }
  const empty = join(scratch, 'empty.pcap');
  writeFileSync(empty, Buffer.from(`d4c3b2a102000400${'00'.repeat(8)}ffff000001000000`, 'hex'));
  t.match(cli('run', LB, '--pcap', empty, '--out', '/nonexistent/x').stderr, /cannot write \/nonexistent\/x/);
  t.match(cli('run', LB, '--data', '00'.repeat(64), '--out', 'x').stderr, /give one with --pcap/);
  t.end();
});

t.test('relative names, symbolic links and a slash at the end name a mount', { skip: noMount }, (t) => {
  mkdirSync(join(scratch, 'place'));
  symlinkSync('place', join(scratch, 'link'));
  const types = join(ROOT, 'test', 'fixtures', 'counts.btf');
  symlinkSync(types, join(scratch, 'types'));
  const mounted = cli('mount', '--daemon', '--vmlinux-btf', 'types', '--trace-fuse', 'requests', 'link');
  t.equal(mounted.status, 0, mounted.stderr);
  t.match(mounted.stdout, `mounted on ${join(scratch, 'place')}\n`);
  const again = cli('mount', 'place');
  t.equal(again.status, 1);
  t.match(again.stderr, /already mounted on .*: unmount it first, or use another directory \(EBUSY\)/);
  const { status, stdout } = cli('status', 'link');
  t.equal(status, 0);
  t.match(stdout, /0 maps, 0 programs, 0 links, 1 BTF/);
  t.match(stdout, /0 pins, 1 open file, 1?\d requests served/);
  t.equal(cli('umount', 'link/').status, 0);
  t.equal(cli('umount', 'place').status, 1);
  t.end();
});

t.test('a mount whose server was killed: every command says how to clear it away', { skip: noMount }, (t) => {
  const dir = join(scratch, 'dead');
  mkdirSync(dir);
  t.teardown(() => cli('umount', dir));
  t.equal(cli('mount', '--daemon', dir).status, 0);
  const { pid } = JSON.parse(cli('status', '--json', dir).stdout) as { pid: number };
  process.kill(pid, 'SIGKILL');
  const advice = `the server of the mount on ${dir} is gone: "bpf-emu umount ${dir}" clears it away`;
  t.match(cli('status', dir).stdout, advice);
  for (const args of [
    ['ctl', '-m', dir],
    ['exec', '-m', dir, '--', 'true'],
  ])
    t.match(cli(...args).stderr, advice, args.join(' '));
  t.equal(cli('umount', dir).status, 0);
  t.end();
});

t.test('an input without an end is given up', async (t) => {
  t.throws(() => readInput('/dev/zero', 3 << 20), {
    code: 'EFBIG',
    message: 'cannot read /dev/zero: it is larger than 3.0 MiB',
  });
  t.throws(() => readInput(join(ROOT, 'package.json'), 10), { code: 'EFBIG' });
  t.equal(readInput(join(ROOT, 'package.json')).subarray(0, 1).toString(), '{');
  t.equal(readInput('/dev/null').length, 0);
  t.equal(readInput('/proc/self/comm', 100).toString(), readFileSync('/proc/self/comm', 'utf8'));
});
