/** What programs print is read from tracefs' trace_pipe, wherever that would be. */
import { join } from 'node:path';
import t from 'tap';
import { cannotExec, cannotRunPython, exec, FIXTURES } from './util.ts';

const noPython = cannotRunPython();
const PIPES = ['/sys/kernel/tracing/trace_pipe', '/sys/kernel/debug/tracing/trace_pipe'];

t.test('trace_pipe', { skip: cannotExec(true) || noPython }, async (t) => {
  const outcome = await exec([], ['python3', join(FIXTURES, 'printk.py'), ...PIPES]);
  const empty = 'Resource temporarily unavailable';
  t.equal(
    outcome.stdout,
    `run 0\n[['bpf_trace_printk', 'hello!']] ${empty}\n${empty} ${empty}\nas nobody True\n`,
    outcome.stderr,
  );
});
