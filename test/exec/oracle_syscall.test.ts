import { join } from 'node:path';
import t from 'tap';
import { ALL, cannotReplay, ORACLE } from './oracle.ts';
import { exec } from './util.ts';

/** Files of sequences that need no verifier's judgement; all must be equal through the real door. */
const FILES = ALL ? ['create', 'elem', 'fuzz'] : ['create', 'elem'];

t.setTimeout(240_000);

t.test('bpf(2) answers as recorded', { skip: cannotReplay('syscall/replay.py') }, async (t) => {
  for (const file of FILES) {
    const command = [
      'python3',
      join(ORACLE, 'syscall', 'replay.py'),
      join(ORACLE, 'syscall', `golden-${file}.jsonl.gz`),
    ];
    const { stdout, stderr } = await exec([], command, { timeout: 60_000 });
    t.match(stdout, /^sequences \d+ failed 0 /m, `${file}: ${stdout.slice(0, 2000)}${stderr}`);
  }
});
