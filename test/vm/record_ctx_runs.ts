/**
 * Records what this machine's kernel makes of the programs of `lib/ctx_cases.ts`:
 * `node dist/test/vm/record_ctx_runs.js | gzip -9n > test/golden/ctx_runs.json.gz`. Wants root and a
 * kernel that loads programs.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type CtxAnswer, ctxCases } from './lib/ctx_cases.ts';

const python = spawn('python3', [fileURLToPath(new URL('../../../test/vm/kernel_run.py', import.meta.url))], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const answers = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
const refused = new Set<string>();
const rows: unknown[] = [];
for (const test of ctxCases((test) => refused.has(`${test.type} ${test.insns}`))) {
  python.stdin.write(`${JSON.stringify(test)}\n`);
  const { value } = await answers.next();
  const answer = JSON.parse(value as string) as CtxAnswer;
  rows.push([test, answer]);
  if (answer.load !== undefined) refused.add(`${test.type} ${test.insns}`);
}
python.stdin.end();
console.log(`[${rows.map((row) => JSON.stringify(row)).join(',\n')}]`);
