import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { compileC, TestMount, whyNoMount } from './support.ts';

// The machine may be busy.
t.setTimeout(120_000);

const run = promisify(execFile);
const why = whyNoMount();

t.test('a C program uses bpf(2) through ioctl on the control file', { skip: why ?? false }, async (t) => {
  const temp = mkdtempSync(join(tmpdir(), 'bpf-emu-c-'));
  t.teardown(() => rmSync(temp, { recursive: true }));
  const source = fileURLToPath(new URL('../../../test/ctl_client.c', import.meta.url));
  const client = compileC(source, join(temp, 'ctl_client'));
  if (client === undefined) {
    t.comment('SKIP: no C compiler (Debian: gcc)');
    return;
  }
  const mount = await TestMount.make();
  try {
    const { stdout } = await run(client, [mount.dir], { timeout: 10_000 }).catch((error) => error);
    for (const line of stdout.trim().split('\n')) {
      if (/^(not )?ok /.test(line)) t.ok(line.startsWith('ok'), line.replace(/^(not )?ok \d+ /, ''));
    }
    t.match(stdout, /\n1\.\.30\n$/, 'the whole program ran');
    const stats = await mount.ask<{ maps: number }>('stats');
    t.equal(stats.maps, 0, 'closing the control file dropped the map');
  } finally {
    t.equal(await mount.end(), 0, 'unmounted');
  }
});
