/** No mount may hide what it takes to unmount it. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { refuseNeeded } from '../../fs/mount.ts';

t.test('directories that hold what is needed are refused, by whatever path', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'bpf-emu-needed-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  symlinkSync('/', join(dir, 'root'));
  symlinkSync('/proc', join(dir, 'proc'));
  for (const name of ['/', '/proc', '/dev', '//proc/', join(dir, 'proc'), join(dir, 'root'), join(dir, 'root/proc')])
    t.throws(() => refuseNeeded(name), /would hide .* which is needed/, name);
  for (const name of [dir, join(dir, 'new'), join(dir, 'root/sys/fs/bpf'), join(dir, 'a/b/c')])
    t.doesNotThrow(() => refuseNeeded(name), name);
});
