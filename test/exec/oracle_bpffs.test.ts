import { join } from 'node:path';
import t from 'tap';
import { ALL, cannotReplay, knownDifferences, ORACLE } from './oracle.ts';
import { exec } from './util.ts';

/** Areas that are about the file system alone, and how many of their cases must be equal. */
const QUICK = ['perm', 'create', 'rename', 'names', 'times', 'inotify', 'readdir', 'root'];
const AREAS = ALL ? ['path', 'open', 'pin', 'fdop', ...QUICK] : QUICK;
const REST = ALL ? ['cat', 'fdinfo', 'bpftool'] : ['fdinfo', 'bpftool'];
const MINIMUM = 0.95;

t.setTimeout(240_000);

t.test('the file system answers as recorded', { skip: cannotReplay('bpffs/replay') }, async (t) => {
  const known = knownDifferences();
  const replay = join(ORACLE, 'bpffs', 'replay');
  const one = async (areas: readonly string[]): Promise<{ cases: number; different: string[]; text: string }> => {
    const command = [replay, '--mount', '/sys/fs/bpf', '--areas', areas.join(',')];
    const { stdout, stderr } = await exec([], command, { timeout: 200_000 });
    const different = [...stdout.matchAll(/^DIFF (\S+)/gm)].map(([, id]) => id as string);
    return { cases: Number(/^(\d+) cases/m.exec(stdout)?.[1] ?? 0), different, text: stdout + stderr };
  };
  const [files, rest] = await Promise.all([one(AREAS), one(REST)]);
  t.ok(files.cases > 0, files.text);
  t.ok(files.different.length <= files.cases * (1 - MINIMUM), `${files.different.length} of ${files.cases} differ`);
  t.comment(`areas ${AREAS.join(', ')}: ${files.cases - files.different.length} of ${files.cases} equal`);
  t.comment(`areas ${REST.join(', ')}: ${rest.cases - rest.different.length} of ${rest.cases} equal`);
  const unexplained = [...files.different, ...rest.different].filter((id) => !known.has(id));
  t.strictSame(unexplained, [], 'every difference is explained in docs/coverage/exec.md');
});
