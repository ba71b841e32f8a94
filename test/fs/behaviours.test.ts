/** The behaviours of behaviours.ts on our mount, and on the kernel's own bpffs where one can be mounted. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { BEHAVIOURS, tryBehaviour } from './behaviours.ts';
import { TestMount, whyNoMount } from './support.ts';

// The machine may be busy.
t.setTimeout(120_000);

t.test('the emulated bpffs', { skip: whyNoMount() ?? false }, async (t) => {
  const mount = await TestMount.make();
  const umask = process.umask(0o022);
  for (const behaviour of BEHAVIOURS) t.equal(tryBehaviour(behaviour, mount.dir), undefined, behaviour.name);
  process.umask(umask);
  t.equal(await mount.end(), 0, 'unmounted');
});

t.test('the same list on the kernel: it describes a bpffs', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'bpf-emu-real-'));
  const script = fileURLToPath(new URL('behaviours.js', import.meta.url));
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'bpf', 'none', dir], { stdio: 'ignore' });
  } catch {
    t.comment('SKIP: no bpffs can be mounted here');
    rmdirSync(dir);
    t.end();
    return;
  }
  const command = 'mount -t bpf none "$1" && exec "$2" "$3" "$1"';
  const output = execFileSync('unshare', ['-m', 'sh', '-c', command, 'sh', dir, process.execPath, script], {
    encoding: 'utf8',
  });
  for (const line of output.trim().split('\n')) t.ok(line.startsWith('ok'), line.replace(/^(not )?ok - /, ''));
  rmdirSync(dir);
  t.end();
});
