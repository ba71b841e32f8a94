/** A shell session as README.md has it, through bin/bpf-emu and a real mount. */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { usualMount } from '../../cli/common.ts';
import { whyNoMount } from '../fs/support.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BPF_EMU = join(ROOT, 'bin', 'bpf-emu');
const BANNER = '# WARNING!! The output is for debug purpose only\n# WARNING!! The output format will change\n';
const skip = whyNoMount() ?? false;
// Each step is a start of the program.
t.setTimeout(120_000);

/** Runs the command line in the project's directory; the mount is served by another process, so waiting is safe. */
function cli(args: readonly string[], input = ''): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(BPF_EMU, args, { cwd: ROOT, input, encoding: 'utf8', timeout: 30_000 });
}

/** Mounts in the background on a new directory that goes away with the test. */
function mounted(t: Test, options: readonly string[] = []): string {
  const dir = mkdtempSync(join(tmpdir(), 'bpf-emu-cli-'));
  t.teardown(() => {
    cli(['umount', '--force', dir]);
    rmdirSync(dir);
  });
  const { status, stdout, stderr } = cli(['mount', '--daemon', ...options, dir]);
  t.equal(status, 0, stderr);
  t.match(stdout, `mounted on ${dir}`);
  return dir;
}

t.test('a session: mount, create, pin, cat, status, umount', { skip }, (t) => {
  const dir = mounted(t);
  t.same(readdirSync(dir), ['bpf.ctl']);
  t.equal(lstatSync(dir).mode & 0o7777, 0o1777);
  const lines = [
    '{"as":"btf","cmd":"BPF_BTF_LOAD","btf_file":"test/fixtures/counts.btf"}',
    '{"as":"m","cmd":"BPF_MAP_CREATE","map_type":"hash","key_size":4,"value_size":8,"max_entries":1024,"map_name":"counts","btf_fd":"$btf","btf_key_type_id":1,"btf_value_type_id":2}',
    '# a comment, then an empty line',
    '',
    '{"cmd":"BPF_MAP_UPDATE_ELEM","map_fd":"$m","key":200,"value":17}',
    `{"cmd":"BPF_OBJ_PIN","bpf_fd":"$m","pathname":"${dir}/counts"}`,
  ];
  const created = cli(['ctl', '--mount', dir], `${lines.join('\n')}\n`);
  t.equal(created.status, 0, created.stdout + created.stderr);
  t.equal(created.stdout.trim().split('\n').length, 4, 'one reply a command');
  t.equal(readFileSync(join(dir, 'counts'), 'utf8'), `${BANNER}200: 17\n`);

  const status = cli(['status', '--json', dir]);
  const reply = JSON.parse(status.stdout) as { objects: { maps: number }; mounts: { dir: string; pins: number }[] };
  t.equal(reply.objects.maps, 1);
  t.match(reply.mounts, [{ dir, pins: 1 }]);
  t.match(cli(['status', dir]).stdout, '1 map, 0 programs');

  t.equal(cli(['umount', dir]).status, 0);
  t.same(readdirSync(dir), []);
  const again = cli(['umount', dir]);
  t.equal(again.status, 1);
  t.match(again.stderr, `no bpf-emu is mounted on ${dir}`);
  t.end();
});

t.test('ctl stops at the first failure, or goes on with --keep-going', { skip }, (t) => {
  const dir = mounted(t);
  const lines = '{"cmd":"BPF_MAP_CREATE","map_type":"hash","key_size":"four"}\n{"cmd":"BPF_NO_SUCH"}\n';
  const stopped = cli(['ctl', '-m', dir], lines);
  t.equal(stopped.status, 1);
  t.equal(stopped.stdout.trim().split('\n').length, 1);
  t.match(stopped.stdout, 'key_size');
  const went = cli(['ctl', '-m', dir, '--keep-going'], lines);
  t.equal(went.status, 1);
  t.equal(went.stdout.trim().split('\n').length, 2);
  const missing = cli(['ctl', '-m', dir], '{"cmd":"BPF_BTF_LOAD","btf_file":"/nonexistent"}\n');
  t.equal(missing.status, 1);
  t.match(missing.stderr, '/nonexistent');
  t.end();
});

t.test('the examples do their job', { skip }, (t) => {
  const dir = mounted(t);
  const codes = spawnSync(join(ROOT, 'examples', 'status-codes.sh'), ['', dir], { encoding: 'utf8', timeout: 30_000 });
  t.equal(codes.status, 0, codes.stderr);
  const log = readFileSync(join(ROOT, 'examples', 'access.log'), 'latin1');
  const expected = new Map<string, number>();
  for (const [, code = ''] of log.matchAll(/" ([1-5]\d\d) /g)) expected.set(code, (expected.get(code) ?? 0) + 1);
  for (const [code, count] of expected) t.match(codes.stdout, `${code}: ${count}\n`);
  const words = spawnSync(join(ROOT, 'examples', 'words.sh'), ['', dir], { encoding: 'utf8', timeout: 30_000 });
  t.equal(words.status, 0, words.stderr);
  const the = readFileSync(join(ROOT, 'LICENSE'), 'utf8')
    .toLowerCase()
    .match(/\bthe\b/g)?.length;
  t.match(words.stdout, new RegExp(`^the ${the}$`, 'm'));
  t.end();
});

t.test('a server that was killed is cleared away by umount and by the next mount', { skip }, (t) => {
  const dir = mounted(t);
  const { pid } = JSON.parse(cli(['status', '--json', dir]).stdout) as { pid: number };
  process.kill(pid, 'SIGKILL');
  while (existsSync(`/proc/${pid}/fd/0`)) spawnSync('sleep', ['0.01']);
  t.match(cli(['status', dir]).stdout, /the server of the mount on .* is gone/);
  t.equal(cli(['mount', '--daemon', dir]).status, 0);
  t.same(readdirSync(dir), ['bpf.ctl']);
  const second = JSON.parse(cli(['status', '--json', dir]).stdout) as { pid: number };
  process.kill(second.pid, 'SIGTERM');
  while (existsSync(`/proc/${second.pid}/fd/0`)) spawnSync('sleep', ['0.01']);
  t.same(readdirSync(dir), [], 'SIGTERM unmounts');
  t.end();
});

t.test('several mounts are separate trees over one emulated kernel', { skip }, (t) => {
  const first = mounted(t);
  const second = mkdtempSync(join(tmpdir(), 'bpf-emu-cli-'));
  t.teardown(() => {
    cli(['umount', '--force', second]);
    rmdirSync(second);
  });
  const joined = cli(['mount', '--join', first, '-o', 'mode=0700', second]);
  t.equal(joined.status, 0, joined.stderr);
  t.equal(lstatSync(second).mode & 0o7777, 0o1700);
  t.not(lstatSync(first).dev, lstatSync(second).dev);
  const create = `{"as":"m","cmd":"BPF_MAP_CREATE","map_type":"array","key_size":4,"value_size":8,"max_entries":1}
{"cmd":"BPF_OBJ_PIN","bpf_fd":"$m","pathname":"${first}/a"}
{"cmd":"BPF_OBJ_PIN","bpf_fd":"$m","pathname":"${second}/b"}
`;
  t.equal(cli(['ctl', '-m', second], create).status, 0);
  // A mount at the usual place would be chosen, and unmounted.
  if (usualMount() === undefined)
    t.match(cli(['umount']).stderr, /several mounts exist .*: name one with "bpf-emu umount DIR" \(EINVAL\)/);
  t.same(readdirSync(first).sort(), ['a', 'bpf.ctl']);
  t.same(readdirSync(second).sort(), ['b', 'bpf.ctl']);
  const status = JSON.parse(cli(['status', '--json', second]).stdout) as {
    objects: { maps: number };
    mounts: object[];
  };
  t.equal(status.objects.maps, 1);
  t.match(status.mounts, [
    { dir: first, pins: 1 },
    { dir: second, pins: 1 },
  ]);
  t.equal(cli(['umount', first]).status, 0);
  t.same(readdirSync(second).sort(), ['b', 'bpf.ctl'], 'the server goes on with the mount that is left');
  const refused = cli(['mount', '--join', second, '-o', 'mode=9', first]);
  t.equal(refused.status, 1);
  t.end();
});

t.test('mount options are those of bpffs', { skip }, (t) => {
  const dir = mounted(t, ['-o', 'mode=0750,uid=0']);
  t.equal(lstatSync(dir).mode & 0o7777, 0o1750);
  t.match(cli(['status', dir]).stdout, 'options mode=750');
  const bad = cli(['mount', '--daemon', '-o', 'mode=9', dir]);
  t.equal(bad.status, 1);
  t.match(bad.stderr, 'mode');
  t.end();
});

t.test('help and errors of the command line', (t) => {
  const help = cli(['--help']);
  t.equal(help.status, 0);
  const commands = [...help.stdout.matchAll(/^ {2}([a-z]+)(?: \[| <|\s{2,})/gm)].map(([, name = '']) => name);
  t.ok(commands.length >= 6, commands.join(' '));
  const page = readFileSync(join(ROOT, 'docs', 'CLI.md'), 'utf8');
  for (const name of commands.filter((command) => command !== 'help')) {
    const { status, stdout } = cli([name, '--help']);
    t.equal(status, 0, name);
    for (const [, option = ''] of stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm))
      if (option !== '--help') t.match(page, option, `docs/CLI.md tells of ${name} ${option}`);
  }
  t.equal(cli(['frobnicate']).status, 2);
  t.equal(cli(['mount', '--memory', 'lots']).status, 2);
  t.equal(cli(['--version']).stdout.trim(), JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version);
  for (const shell of ['bash', 'zsh', 'fish']) t.match(cli(['completion', shell]).stdout, 'keep-going');
  const bash = cli(['completion', 'bash']).stdout;
  t.equal(spawnSync('bash', ['-n'], { input: bash }).status, 0);
  t.match(cli(['completion', 'csh']).stderr, 'EINVAL');
  t.end();
});
