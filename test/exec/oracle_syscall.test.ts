import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ALL, cannotReplay, ORACLE } from './oracle.ts';
import { exec } from './util.ts';

/** Files of sequences whose answers do not hang on the wording of the verifier; all must be equal through the real door. */
const QUICK = ['create', 'elem', 'ids'];
const FILES = ALL ? [...QUICK, 'fuzz', 'testrun', 'load'] : QUICK;

t.setTimeout(240_000);

const replay = (file: string, env: Record<string, string>) => {
  const command = [join(ORACLE, 'syscall', 'replay.py'), join(ORACLE, 'syscall', `golden-${file}.jsonl.gz`)];
  return exec([], ['python3', ...command], { timeout: 100_000, env });
};

t.test('bpf(2) answers as recorded', { skip: cannotReplay('syscall/replay.py') }, async (t) => {
  for (const file of FILES) {
    const { stdout, stderr } = await replay(file, {});
    t.match(stdout, /^sequences \d+ failed 0 /m, `${file}: ${stdout.slice(0, 2000)}${stderr}`);
  }
});

/** Where cgroup2 is mounted, or undefined. */
const cgroup2 = readFileSync('/proc/mounts', 'utf8')
  .split('\n')
  .map((line) => line.split(' '))
  .find(([, , type]) => type === 'cgroup2')?.[1];
const noCgroups = cannotReplay('syscall/replay.py') || (cgroup2 === undefined && 'cgroup2 is not mounted');

t.test('programs on real cgroups answer as recorded', { skip: noCgroups }, async (t) => {
  const { stdout, stderr } = await replay('cgroup', { TEST_CG: `${cgroup2}/bpf-emu-test-${process.pid}` });
  t.match(stdout, /^sequences \d+ failed 0 /m, `${stdout.slice(0, 2000)}${stderr}`);
});
