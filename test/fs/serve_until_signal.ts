/** A mount without a parent that listens: `serve_until_signal.js DIR` serves until SIGTERM. */
import { seededRandom } from '../../base/env.ts';
import { mountBpffs } from '../../fs/mount.ts';
import { hostClock } from '../../native/host.ts';
import { Kernel } from '../../syscall/kernel.ts';

const kernel = new Kernel({ memory: 2 ** 26, clock: hostClock(), random: seededRandom(1) });
const mount = await mountBpffs(kernel, { dir: process.argv[2] ?? '.' });
process.on('SIGTERM', () => {
  mount.umount({ force: true }).then(() => process.exit(0));
});
