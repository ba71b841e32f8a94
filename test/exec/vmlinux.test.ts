import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { builtinBtf } from '../../btf/builtin.ts';
import { cannotExec, exec, ROOT, run, scratch } from './util.ts';

t.setTimeout(120_000);

const skip = cannotExec(false);
const MAIN = new URL('./main.js', import.meta.url).pathname;

t.test('a command reads the types of the emulated kernel where loaders look for them', { skip }, async (t) => {
  const outcome = await exec(['--no-mount', '--builtin'], ['cat', '/sys/kernel/btf/vmlinux']);
  t.equal(outcome.stderr, '');
  t.ok(Buffer.from(outcome.stdout, 'latin1').equals(builtinBtf()), 'the bytes are those of the built-in types');
});

t.test('so it does where the machine has no /sys/kernel/btf', { skip }, async (t) => {
  // A /sys/kernel of another kind: what it holds stays, and nothing is left of ours afterwards.
  const script = `
    mount -t tmpfs none /sys/kernel
    mkdir /sys/kernel/dir; echo in >/sys/kernel/dir/file; echo one >/sys/kernel/file; ln -s file /sys/kernel/link
    before=$(cat /proc/self/mountinfo)
    "$@" | cmp - "$0" && echo same
    [ "$before" = "$(cat /proc/self/mountinfo)" ] && echo unchanged
    ls /sys/kernel`;
  const expected = join(scratch(t), 'btf');
  writeFileSync(expected, builtinBtf());
  const inside = 'cat /sys/kernel/dir/file /sys/kernel/link >&2; cat /sys/kernel/btf/vmlinux';
  const command = [process.execPath, MAIN, '--no-mount', '--', 'sh', '-c', inside];
  const outcome = await run('unshare', ['-m', 'sh', '-c', script, expected, ...command]);
  t.strictSame(outcome, { status: 0, stdout: 'same\nunchanged\ndir\nfile\nlink\n', stderr: 'in\none\n' });
});

t.test(
  'so it does where no sysfs is mounted, and the mount is where it belongs',
  { skip: cannotExec(true) },
  async (t) => {
    const inside = 'ls /sys/kernel/btf /sys/fs; stat -c %s /sys/kernel/btf/vmlinux';
    const command = [process.execPath, MAIN, '--builtin', '--', 'sh', '-c', inside];
    const outcome = await run('unshare', ['-m', 'sh', '-c', 'umount -l /sys && "$@" && ls /sys', 'sh', ...command]);
    const size = builtinBtf().length;
    const stdout = `/sys/fs:\nbpf\nbpf-emu\n\n/sys/kernel/btf:\nvmlinux\n${size}\n`;
    t.strictSame(outcome, { status: 0, stdout, stderr: '' });
  },
);

t.test('a command that joins reads those of the server', { skip: cannotExec(true) }, async (t) => {
  const dir = join(scratch(t), 'mount');
  const cli = (...args: string[]) => run(join(ROOT, 'bin', 'bpf-emu'), args);
  const mounted = await cli('mount', '--daemon', '--vmlinux-btf', 'builtin', dir);
  t.equal(mounted.status, 0, mounted.stderr);
  try {
    const read = await cli('exec', '--mount', dir, '--', 'cat', '/sys/kernel/btf/vmlinux');
    t.equal(read.stderr, '');
    t.ok(Buffer.from(read.stdout, 'latin1').equals(builtinBtf()), 'the bytes are those of the built-in types');
    t.match((await cli('status', dir)).stdout, 'types    built in');
  } finally {
    await cli('umount', dir);
  }
});

t.test('--vmlinux-btf says what is wrong with a file', async (t) => {
  const cli = (source: string) =>
    run(join(ROOT, 'bin', 'bpf-emu'), ['exec', '--ephemeral', '--vmlinux-btf', source, '--', 'true']);
  t.match(
    (await cli('/nonexistent')).stderr,
    /cannot read \/nonexistent: there is no such file or directory \(ENOENT\)/,
  );
  t.match((await cli('/etc/passwd')).stderr, /holds neither BTF nor an ELF object \(EINVAL\)/);
});
