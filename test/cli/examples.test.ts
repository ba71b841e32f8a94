/** The example programs and their tests (docs/TESTING.md): compiled here, run as a reader would. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BPF_EMU = join(ROOT, 'bin', 'bpf-emu');
const TESTING = join(ROOT, 'examples', 'testing');
const OPENAT = '0000000000000000 0101000000000000 9cffffffffffffff 0000000000000000 0100000000000000 0000000000000000';

// Some dozens of starts of the program.
t.setTimeout(120_000);

const objects = mkdtempSync(join(tmpdir(), 'bpf-emu-examples-'));
t.teardown(() => rmSync(objects, { recursive: true }));

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const isAble = has('clang') && has('make') && existsSync('/usr/include/bpf/bpf_helpers.h');
const skip = isAble ? false : 'needs clang, make and libbpf-dev';
const env = { ...process.env, BPF_EMU, OBJECTS: objects };

function run(program: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(program, args, { cwd: objects, env, encoding: 'utf8', timeout: 60_000 });
}

t.test('the example programs compile without a warning, and the verifier takes them', { skip }, (t) => {
  const made = run('make', '-C', join(ROOT, 'examples', 'progs'), `OUT=${objects}`);
  t.equal(made.status, 0, made.stderr);
  t.equal(made.stderr, '');
  for (const name of ['xdp_count', 'tc_drop', 'open_watch', 'sockopt'])
    t.match(run(BPF_EMU, 'verify', `${name}.bpf.o`), { status: 0, stdout: /: accepted: / }, name);
  t.end();
});

t.test('the test in shell passes, and fails when the program is another', { skip }, (t) => {
  const test = join(TESTING, 'drop_test.sh');
  const { status, stdout } = run(test, objects);
  t.equal(status, 0, stdout);
  t.equal(stdout.match(/^ok /gm)?.length, 4);
  t.notMatch(stdout, /^not ok/m);
  t.equal(run(test, '/nonexistent').status, 1);
  t.end();
});

t.test('the test in JavaScript passes', { skip }, (t) => {
  const { status, stdout } = run(process.execPath, '--test', join(TESTING, 'count.test.mjs'));
  t.equal(status, 0, stdout);
  t.end();
});

t.test('the test in C passes under exec', { skip }, (t) => {
  const built = run('cc', join(TESTING, 'count_test.c'), '-lbpf', '-o', 'count_test');
  t.equal(built.status, 0, built.stderr);
  const { status, stdout, stderr } = run(BPF_EMU, 'exec', '--ephemeral', '--', './count_test', 'xdp_count.bpf.o');
  t.equal(status, 0, stdout + stderr);
  t.match(stdout, /ok 3 - it is counted as often as it ran/);
  t.end();
});

t.test('programs without packets run on an event', { skip }, (t) => {
  const opened = run(BPF_EMU, 'run', 'open_watch.bpf.o', '--json', '--data', OPENAT);
  t.match(JSON.parse(opened.stdout), { retval: 1 });
  t.match(opened.stderr, /opens a file to write, flags 1/);
  const option = (ctx: object): unknown =>
    JSON.parse(
      run(BPF_EMU, 'run', 'sockopt.bpf.o', '--json', '--ctx', JSON.stringify(ctx), '--data', 'ff000000').stdout,
    );
  t.match(option({ level: 0, optname: 2, optlen: 4 }), { verdict: 'allow', data: '40000000' });
  t.match(option({ level: 1, optname: 36, optlen: 4 }), { verdict: 'deny', data: 'ff000000' });
  t.end();
});

t.test('docs/TESTING.md shows what is true', { skip }, (t) => {
  const page = readFileSync(join(ROOT, 'docs', 'TESTING.md'), 'utf8');
  const bytes = /tc_drop\.bpf\.o --json --data "([^"]+)"/.exec(page)?.[1] ?? '';
  const reply = JSON.parse(run(BPF_EMU, 'run', 'tc_drop.bpf.o', '--json', '--data', bytes).stdout);
  t.match(reply, { retval: 2, verdict: 'TC_ACT_SHOT', ctx: { mark: 1 } });
  t.match(page, OPENAT);
  t.end();
});
