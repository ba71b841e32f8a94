import t from 'tap';
import { cannotExec, cannotRunPython, denied, exec, run } from './util.ts';

const skip = cannotExec(false);
const NO_MOUNT = ['--no-mount'];

t.test('the status of the command is the status of exec', { skip }, async (t) => {
  t.equal((await exec(NO_MOUNT, ['sh', '-c', 'exit 7'])).status, 7);
  t.equal((await exec(NO_MOUNT, ['sh', '-c', 'kill -9 $$'])).status, 137);
  t.equal((await exec(NO_MOUNT, ['sh', '-c', 'kill -TERM $$'])).status, 143);
  const missing = await exec(NO_MOUNT, ['/nonexistent/command']);
  t.equal(missing.status, 127);
  t.match(missing.stderr, '/nonexistent/command: No such file or directory');
  const unusable = await exec(NO_MOUNT, ['/etc/passwd']);
  t.equal(unusable.status, 126);
  t.match(unusable.stderr, '/etc/passwd: Permission denied');
});

t.test('input, output and arguments pass through', { skip }, async (t) => {
  const outcome = await exec(NO_MOUNT, ['sh', '-c', 'cat; echo "$1" >&2', 'sh', 'a  b'], { input: 'hello\n' });
  t.strictSame(outcome, { status: 0, stdout: 'hello\n', stderr: 'a  b\n' });
});

t.test('signals reach the command', { skip }, async (t) => {
  const script = `trap 'echo got it; exit 3' TERM; kill -TERM $PPID; while :; do sleep 0.05; done`;
  const outcome = await exec(NO_MOUNT, ['sh', '-c', script]);
  t.strictSame([outcome.status, outcome.stdout], [3, 'got it\n']);
});

t.test('exec inside exec says that one listener is allowed', { skip }, async (t) => {
  const main = new URL('./main.js', import.meta.url).pathname;
  const outcome = await exec(NO_MOUNT, [process.execPath, main, '--no-mount', '--', 'true']);
  t.equal(outcome.status, 125);
  t.match(outcome.stderr, /another program already listens .* Run the command without the inner exec/);
});

t.setTimeout(120_000);

t.test(
  'an outer filter that answers bpf(2) is told where the command cannot be traced',
  { skip: skip || cannotRunPython() },
  async (t) => {
    const main = new URL('./main.js', import.meta.url).pathname;
    const [program, args] = denied('321=1,101=1', [process.execPath, main, '--no-mount', '--', 'echo', 'ran']);
    const outcome = await run(program, args);
    t.equal(outcome.status, 125);
    t.equal(outcome.stdout, '');
    t.match(outcome.stderr, /an outer seccomp filter wins.*seccomp=unconfined/);
  },
);

t.test('all of a command dies with the server, and what it leaves behind with it', { skip }, async (t) => {
  const main = new URL('./main.js', import.meta.url).pathname;
  const script = `"$@" & server=$!; sleep 1; kill -9 $server; sleep 0.5; pgrep -f "^sleep 9876[56]$"; exit 0`;
  const command = ['sh', '-c', 'sleep 98765 & sleep 98766'];
  const killed = await run('sh', ['-c', script, 'sh', process.execPath, main, '--no-mount', '--', ...command]);
  t.strictSame(killed, { status: 0, stdout: '', stderr: '' });
  const left = await exec(NO_MOUNT, ['sh', '-c', 'sleep 98767 > /dev/null 2>&1 & echo ready']);
  t.strictSame(left, { status: 0, stdout: 'ready\n', stderr: '' });
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.equal((await run('pgrep', ['-f', '^sleep 98767$'])).stdout, '');
});
