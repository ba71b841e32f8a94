/** Mounts at /sys/fs/bpf-emu and unmounts, in whatever mount namespace it is run; prints what it saw as JSON. */
import { readdirSync, readFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { seededRandom } from '../../base/env.ts';
import { mountBpffs } from '../../fs/mount.ts';
import { hostClock } from '../../native/host.ts';
import { Kernel } from '../../syscall/kernel.ts';

const mountinfo = (): string => readFileSync('/proc/self/mountinfo', 'utf8');
const notes: string[] = [];
const before = mountinfo();
const entries = readdirSync('/sys/fs').sort();
const cgroup = readdirSync('/sys/fs/cgroup').length;
const kernel = new Kernel({ memory: 1 << 24, clock: hostClock(), random: seededRandom(1) });
const mount = await mountBpffs(kernel, { dir: '/sys/fs/bpf-emu' });
const during = mountinfo();
const now = readdirSync('/sys/fs').sort();
if (now.includes('bpf-emu')) notes.push('listed');
// Asynchronous: this process serves the mount itself.
if ((await readdir('/sys/fs/bpf-emu')).includes('bpf.ctl') && (await stat('/sys/fs/bpf-emu')).isDirectory()) {
  notes.push('served');
}
if (now.filter((name) => name !== 'bpf-emu').join() === entries.join()) notes.push('same entries');
if (readdirSync('/sys/fs/cgroup').length === cgroup) notes.push('cgroup readable');
await mount.umount();
console.log(JSON.stringify({ before, during, after: mountinfo(), notes }));
