/** Uprobes and tracepoints of the machine: programs of the emulated kernel see what happens, as those of the kernel here do. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { buildSkeleton, cannotAskKernel, cannotBuildSkeleton, cannotExec, run, scratch } from './util.ts';

t.setTimeout(120_000);

const MAIN = join(dirname(fileURLToPath(import.meta.url)), 'main.js');

function cannotProbe(): string | false {
  if (process.arch !== 'x64') return 'registers are those of x86_64';
  return existsSync('/sys/bus/event_source/devices/uprobe') ? false : 'this kernel has no uprobes';
}

/** As on Linux 6.18. */
const EXPECTED = `three calls: calls 3 sum 6 returned 12 cookie abc before 0 by me 1 text hello comm machine
a child's, not wanted: calls 0 sum 0 returned 0 cookie 0 before 0 by me 0 text  comm 
a child's: calls 1 sum 100 returned 200 cookie abc before 0 by me 0 text  comm machine
only the return: calls 0 sum 0 returned 10 cookie 0 before 0 by me 0 text  comm 
nobody waits: calls 0 sum 0 returned 0 cookie 0 before 0 by me 0 text  comm 
of this process only: calls 1 sum 7 returned 0 cookie abc before 0 by me 1 text hello comm machine
`;

t.test(
  'probes on functions of programs',
  { skip: cannotExec(false) || cannotBuildSkeleton() || cannotProbe() },
  async (t) => {
    const program = await buildSkeleton(scratch(t), 'machine');
    const line = 'mount -t tracefs t /sys/kernel/tracing 2>/dev/null; exec "$@"';
    const emulated = await run('unshare', ['-m', 'sh', '-c', line, 'sh', process.execPath, MAIN, '--', program]);
    t.equal(emulated.stdout.slice(0, EXPECTED.length), EXPECTED, emulated.stderr);
    await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
      const real = await run('unshare', ['-m', 'sh', '-c', line, 'sh', program]);
      t.equal(emulated.stdout, real.stdout, real.stderr);
    });
  },
);
