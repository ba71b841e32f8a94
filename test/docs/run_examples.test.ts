/** The examples of docs/RUN.md work when they are pasted. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { CtlSession } from '../../syscall/ctl_json/session.ts';
import { emuProgRun } from '../../syscall/prog_run/index.ts';
import { stillKernel } from '../vm/lib/run_case.ts';

t.test('every line is answered with ok', async (t) => {
  const text = readFileSync(new URL('../../../docs/RUN.md', import.meta.url), 'utf8');
  const lines = (/```json\n([^`]*)```/.exec(text)?.[1] ?? '').trim().split('\n');
  t.ok(lines.length >= 20, `${lines.length} lines`);
  const kernel = stillKernel();
  const session = new CtlSession(kernel, { commands: new Map([['EMU_PROG_RUN', emuProgRun(kernel)]]) });
  for (const line of lines) {
    const reply = JSON.parse(session.writeLine(line)) as { ok: boolean };
    t.equal(reply.ok, true, `${line}\n${JSON.stringify(reply)}`);
  }
});
