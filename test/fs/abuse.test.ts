/** Hostile clients of the control file (test/ctl_abuse.c): errors, nothing lost, no growth, no hang. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { compileC, TestMount, whyNoMount } from './support.ts';

// The machine may be busy.
t.setTimeout(120_000);

const run = promisify(execFile);
const seed = Number(process.env['BPF_EMU_SEED'] ?? Date.now() % 0x7fffffff);
/** How much larger the server may be afterwards, in bytes. The garbage collector decides when memory goes back. */
const GROWTH_MAX = 150 << 20;

t.test(`hostile clients of the control file (seed ${seed})`, { skip: whyNoMount() ?? false }, async (t) => {
  const temp = mkdtempSync(join(tmpdir(), 'bpf-emu-c-'));
  t.teardown(() => rmSync(temp, { recursive: true }));
  const source = fileURLToPath(new URL('../../../test/ctl_abuse.c', import.meta.url));
  const client = compileC(source, join(temp, 'ctl_abuse'));
  if (client === undefined) {
    t.comment('SKIP: no C compiler (Debian: gcc)');
    return;
  }
  const mount = await TestMount.make();
  const before = await mount.ask<number>('memory');
  const { stdout } = await run(client, [mount.dir, `${seed}`], { timeout: 60_000 }).catch((error) => error);
  for (const line of stdout.trim().split('\n')) {
    if (/^(not )?ok /.test(line)) t.ok(line.startsWith('ok'), line.replace(/^(not )?ok /, ''));
  }
  t.match(stdout, /\ndone\n$/, 'the whole program ran');
  t.ok(statSync(mount.dir).isDirectory(), 'the server still answers');
  // RELEASE comes after close(2) has returned.
  let stats = await mount.ask<{ openFiles: number; maps: number }>('stats');
  for (let i = 0; i < 50 && stats.openFiles > 0; i++) {
    await sleep(20);
    stats = await mount.ask('stats');
  }
  t.same([stats.openFiles, stats.maps], [0, 0], 'no open file and no map is left');
  const growth = (await mount.ask<number>('memory')) - before;
  t.ok(growth < GROWTH_MAX, `the server grew by ${growth >> 20} MiB`);
  t.equal(await mount.end(), 0, 'unmounted');
});
