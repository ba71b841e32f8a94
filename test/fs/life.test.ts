import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { whyNoMount } from './support.ts';

// The machine may be busy.
t.setTimeout(120_000);

t.test('the life of mounts in one process', { skip: whyNoMount() ?? false }, async (t) => {
  const temp = mkdtempSync(join(tmpdir(), 'bpf-emu-life-'));
  t.teardown(() => rmSync(temp, { recursive: true }));
  const script = fileURLToPath(new URL('life_main.js', import.meta.url));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, temp], { timeout: 60_000 });
  const found = JSON.parse(stdout) as Record<string, unknown>;
  const wanted: Record<string, unknown> = {
    'b is another tree': ['bpf.ctl'],
    'rename between them': 'EXDEV',
    'pin in both': true,
    'one map': 1,
    pinned: [
      ['/a/pin', 'map', 1],
      ['/b/pin', 'map', 1],
    ],
    'got through b': [true, true],
    modes: [0o1777, 0o1700],
    'the map lives while b has a pin': 1,
    'b still serves': ['bpf.ctl', 'pin'],
    'inodes after 500 directories came and went': 0,
    'umount while a file is open': 'EBUSY',
    ended: 0,
    'the last map is gone': 0,
  };
  for (const [what, value] of Object.entries(wanted)) t.same(found[what], value, what);
  t.match(
    found['touching its own mount'],
    /^(ENOTCONN|ECONNABORTED)$/,
    'the watchdog ends a mount that waits for itself',
  );
  t.match(stderr, /blocked in a system call/, 'and says so');
  t.notMatch(readFileSync('/proc/self/mountinfo', 'utf8'), temp, 'nothing is mounted any more');
});
