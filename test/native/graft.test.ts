import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parseMountinfo } from '../../native/mountinfo.ts';
import { whyNoMount } from '../fs/support.ts';

/** Why no private mount namespace can be made, or undefined. */
function whyNoNamespace(): string | undefined {
  if (process.getuid?.() !== 0) return 'grafting into /sys/fs needs root';
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'no mount namespace can be made here';
  }
}

const skip = whyNoMount() ?? whyNoNamespace() ?? false;
const script = fileURLToPath(new URL('graft_main.js', import.meta.url));

/** Runs graft_main.js in a mount namespace whose mounts have this propagation: its report. */
function graftIn(propagation: 'private' | 'shared'): {
  before: string;
  during: string;
  after: string;
  notes: string[];
} {
  // A namespace within a namespace: what the inner one shares, it shares with the outer one only.
  const command = `mount --make-r${propagation} / && exec "$1" "$2"`;
  const output = execFileSync('unshare', ['-m', 'sh', '-c', command, 'sh', process.execPath, script], {
    encoding: 'utf8',
  });
  return JSON.parse(output) as ReturnType<typeof graftIn>;
}

/** Mount points with their types and sources, sorted: what must be the same again. */
function table(mountinfo: string): string[] {
  return parseMountinfo(mountinfo)
    .map(({ mountPoint, type, source, options }) => `${mountPoint} ${type} ${source} ${options}`)
    .sort();
}

for (const propagation of ['private', 'shared'] as const) {
  t.test(`a mount at /sys/fs/bpf-emu comes and goes without a trace (${propagation} mounts)`, { skip }, (t) => {
    const { before, during, after, notes } = graftIn(propagation);
    t.same(notes, ['listed', 'served', 'same entries', 'cgroup readable']);
    t.ok(
      table(during).some((line) => line.startsWith('/sys/fs/bpf-emu fuse.bpf-emu')),
      'mounted there',
    );
    t.same(table(after), table(before), 'the mount table is as before');
    t.end();
  });
}
