/** tcx hooks and XDP links answer as recorded from Linux 6.18 (test/golden/exec/netdev.txt.gz), and as the kernel here. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { cannotAskKernel, cannotExec, cannotRunPython, FIXTURES, ROOT, run } from './util.ts';

t.setTimeout(120_000);

const MAIN = join(dirname(fileURLToPath(import.meta.url)), 'main.js');
const SCRIPT = join(FIXTURES, 'netdev.py');
/** What was recorded: the runs of these seeds, one after the other. */
const SEEDS = [3, 4, 5];
const STEPS = 400;
const MAKE_DEVICE = 'ip link add name d0 type bridge';

function cannotMakeDevice(): string | false {
  const noPython = cannotRunPython();
  if (noPython !== false) return noPython;
  const made = spawnSync('unshare', ['-n', 'sh', '-c', MAKE_DEVICE]);
  return made.status === 0 ? false : 'needs ip and bridges';
}

async function answers(seed: number, command: readonly string[]): Promise<string> {
  const line = [...command, 'python3', SCRIPT, String(seed), String(STEPS)].join(' ');
  const outcome = await run('unshare', ['-n', 'sh', '-c', `${MAKE_DEVICE} && ${line}`]);
  if (outcome.status !== 0) throw new Error(outcome.stderr);
  return outcome.stdout;
}

t.test('programs on net devices', { skip: cannotExec(false) || cannotMakeDevice() }, async (t) => {
  const emulated = [process.execPath, MAIN, '--'];
  const golden = gunzipSync(readFileSync(join(ROOT, 'test/golden/exec/netdev.txt.gz'))).toString();
  let all = '';
  for (const seed of SEEDS) all += await answers(seed, emulated);
  t.equal(all, golden, 'as recorded');
  await t.test('as the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const seed = 1000 + (Date.now() % 100_000);
    t.equal(await answers(seed, emulated), await answers(seed, []), `seed ${seed}`);
  });
});
