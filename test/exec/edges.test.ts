/** Packets of all sizes and addresses where no memory is, as Linux 6.18 takes them (test/edges_client.c, recorded there). */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { cannotExec, exec, ROOT, run, which } from './util.ts';

t.setTimeout(120_000);

const skip = cannotExec(true) || (which('gcc') === undefined && 'needs the package gcc');
const temp = mkdtempSync(join(tmpdir(), 'bpf-emu-edges-'));
t.teardown(() => rmSync(temp, { recursive: true }));
const client = join(temp, 'edges_client');

t.test('the client is built', { skip }, async (t) => {
  const built = await run('gcc', ['-Wall', '-O1', '-o', client, join(ROOT, 'test', 'edges_client.c')]);
  t.equal(built.status, 0, built.stderr);
});

for (const what of ['packets', 'addresses']) {
  t.test(what, { skip }, async (t) => {
    const recorded = readFileSync(join(ROOT, 'test', 'golden', 'exec', `edges_${what}.txt.gz`));
    const wanted = gunzipSync(recorded).toString('latin1').trimEnd().split('\n');
    const { stdout, stderr } = await exec([], [client, what]);
    const found = stdout.trimEnd().split('\n');
    t.equal(found.length, wanted.length);
    const wrong = wanted.flatMap((line, i) => (line === found[i] ? [] : [`${line} is wanted, ${found[i]} was found`]));
    t.strictSame(wrong.slice(0, 20), []);
    t.equal(stderr, '');
  });
}
