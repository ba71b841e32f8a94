/** Our server for the benchmark: `fuse_serve.js DIR`. Prints "mounted" and ends when it is unmounted. */
import { seededRandom } from '../base/env.ts';
import { mountBpffs } from '../fs/mount.ts';
import { hostClock } from '../native/host.ts';
import { Kernel } from '../syscall/kernel.ts';

const kernel = new Kernel({ clock: hostClock(), random: seededRandom(1) });
const spin = Number(process.env['BPF_EMU_SPIN'] ?? 0);
const mount = await mountBpffs(kernel, { dir: process.argv[2] ?? '.', spin });
console.log('mounted');
await mount.ended;
