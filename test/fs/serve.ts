/**
 * A mount served by a process of its own, for tests: the test may then use any file
 * operation on it without waiting for itself.
 *
 *   node serve.js DIR [OPTIONS]
 *
 * It tells "mounted" (or why not) over IPC, answers {"pinned"} and {"stats"} questions, and
 * unmounts when the channel closes.
 */
import { seededRandom } from '../../base/env.ts';
import { mountBpffs } from '../../fs/mount.ts';
import { hostClock } from '../../native/host.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { emuProgRun } from '../../syscall/prog_run/index.ts';
import { Errno } from '../../uapi/errno.ts';

const [dir = '', options = ''] = process.argv.slice(2);
const send = (message: unknown): void => {
  process.send?.(message);
};

try {
  const kernel = new Kernel({
    cpus: 2,
    memory: 2 ** 28,
    clock: hostClock(),
    random: seededRandom(1),
  });
  const { BPF_EMU_TEST_BUDGET: budget, BPF_EMU_TEST_ENGINE: engine } = process.env;
  if (budget !== undefined) kernel.vm.budgetMs = Number(budget);
  if (engine === 'interp' || engine === 'jit') kernel.vm.engine = engine;
  kernel.vm.onBudget = (message) => send({ ended: message });
  const trace = process.env['BPF_EMU_TRACE'] === undefined ? {} : { trace: (line: string) => console.error(line) };
  const commands = new Map([['EMU_PROG_RUN', emuProgRun(kernel)]]);
  const mount = await mountBpffs(kernel, { dir, options, commands, ...trace });
  process.on('message', (question) => {
    if (question === 'pinned') send(mount.pinned());
    else if (question === 'stats')
      send({ ...mount.stats, openFiles: mount.openFiles, maps: kernel.maps.size, progs: kernel.progs.size });
    else if (question === 'options') send(mount.options);
    else if (question === 'memory') send(process.memoryUsage().rss);
  });
  process.on('disconnect', () => {
    mount.umount({ force: true }).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
  mount.ended.then(() => process.exit(0));
  send('mounted');
} catch (error) {
  send({ failed: error instanceof Errno ? `${error.code}: ${error.message}` : String(error) });
  process.exit(1);
}
