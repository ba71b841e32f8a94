/** Cgroup storages come and go as recorded from Linux 6.18 (test/golden/exec/cgroup_storage.txt), and as on the kernel here. */
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cannotAskKernel, cannotExec, cannotRunPython, exec, FIXTURES, type Outcome, ROOT, run } from './util.ts';

const SCRIPT = join(FIXTURES, 'cgroup_storage.py');

/** A new cgroup for one run, or why there is none. */
function makeCgroup(): string | Error {
  const line = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const root = line.map((mount) => mount.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1];
  if (root === undefined) return new Error('needs a mounted cgroup2');
  try {
    return mkdtempSync(join(root, 'bpf-emu-'));
  } catch {
    return new Error('needs a cgroup2 that may be written to');
  }
}

async function inCgroup(body: (dir: string) => Promise<Outcome>): Promise<Outcome> {
  const dir = makeCgroup();
  if (dir instanceof Error) throw dir;
  try {
    return await body(dir);
  } finally {
    rmdirSync(dir);
  }
}

function cannotMakeCgroup(): string | false {
  const noPython = cannotRunPython();
  if (noPython !== false) return noPython;
  const dir = makeCgroup();
  if (dir instanceof Error) return dir.message;
  rmdirSync(dir);
  return false;
}

t.test('values of cgroup storages', { skip: cannotExec(false) || cannotMakeCgroup() }, async (t) => {
  const golden = readFileSync(join(ROOT, 'test/golden/exec/cgroup_storage.txt'), 'utf8');
  const emulated = await inCgroup((dir) => exec([], ['python3', SCRIPT, dir]));
  t.equal(emulated.stdout, golden, emulated.stderr);
  await t.test('as on the kernel here', { skip: cannotAskKernel() }, async (t) => {
    const real = await inCgroup((dir) => run('python3', [SCRIPT, dir]));
    t.equal(emulated.stdout, real.stdout, real.stderr);
  });
});
