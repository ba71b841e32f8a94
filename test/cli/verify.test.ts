import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'bpf-emu-verify-'));
t.teardown(() => rmSync(dir, { recursive: true }));

/** Runs the command line: exit code and output. */
function run(...args: string[]): { code: number | null; out: string; err: string } {
  return runWith('', ...args);
}

/** The same with standard input. */
function runWith(input: string, ...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(join(root, 'bin/bpf-emu'), args, {
    cwd: root,
    input,
    encoding: 'latin1',
    maxBuffer: 1 << 27,
  });
  return { code: status, out: stdout, err: stderr };
}

t.test('verify prints a verdict a line', async (t) => {
  const { code, out } = run('verify', '--memory', '64M', 'test/fixtures/maps.bpf.o');
  t.equal(code, 0);
  const lines = out.trim().split('\n');
  t.equal(lines.length, 3);
  for (const line of lines) t.match(line, /^\w+ \(\w+, \w+\): accepted: processed \d+ insns/);
});

t.test('verify fails when a program is refused, and says why', async (t) => {
  const file = join(dir, 'exit.insns');
  writeFileSync(file, '95 00 00 00 00 00 00 00\n');
  t.same(run('verify', '--memory', '64M', '--type', 'xdp', file), {
    code: 1,
    out: 'exit (xdp): refused: EACCES: R0 !read_ok\n',
    err: '',
  });
  const { code, err } = run('verify', file);
  t.equal(code, 1);
  t.match(err, /is no ELF object: name the type of its program with --type/);
  const json = run('verify', '--memory', '64M', '--type', 'xdp', '--json', file);
  t.match(JSON.parse(json.out), [{ program: 'exit', accepted: false, errno: 13 }]);
});

t.test('verify reads standard input, and names the program so that it can be loaded', async (t) => {
  const hex = 'b700000000000000 9500000000000000\n';
  const accepted = /^stdin \(xdp\): accepted: processed 2 insns/;
  t.match(runWith(hex, 'verify', '--memory', '64M', '--type', 'xdp', '-').out, accepted);
  t.match(runWith(hex, 'verify', '--memory', '64M', '--type', 'xdp', '--log-level', '0', '-').out, accepted);
  const statistics = runWith(hex, 'verify', '--memory', '64M', '--type', 'xdp', '--log-level', '4', '-');
  t.match(statistics.out, /^verification time \d+ usec\nstack depth 0\nprocessed 2 insns .*\nstdin \(xdp\): accepted/);
  const file = join(dir, 'my-prog 1.hex');
  writeFileSync(file, hex);
  t.match(run('verify', '--memory', '64M', '--type', 'xdp', file).out, /^my_prog_1 \(xdp\): accepted/);
});

t.test('btf prints types as C', async (t) => {
  t.equal(
    run('btf', '--type', 'list_head', 'test/fixtures/core.bpf.o').out,
    'struct list_head {\n\tstruct list_head *next;\n\tstruct list_head *prev;\n};\n\n',
  );
  t.match(run('btf', '--builtin', '--format', 'raw').out, /^\[1\] TYPEDEF 'u8'/);
  const none = run('btf', '--builtin', '--type', 'nope');
  t.equal(none.code, 1);
  t.match(none.err, /the built-in BTF has no type nope/);
});
