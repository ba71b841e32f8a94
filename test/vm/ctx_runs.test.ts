/**
 * Every place of the contexts that test runs give, read and written in each size: what a
 * field reads as, what of a store stays, what is refused; as Linux 6.18 recorded it
 * (`record_ctx_runs.ts`), with the real verifier and on both engines.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import type { CtxAnswer, CtxCase } from './lib/ctx_cases.ts';
import { CaseRunner, stillKernel } from './lib/run_case.ts';

const rows = JSON.parse(
  gunzipSync(readFileSync(new URL('../../../test/golden/ctx_runs.json.gz', import.meta.url))).toString(),
) as [CtxCase, CtxAnswer][];

t.setTimeout(120_000);

for (const engine of ['interp', 'jit'] as const) {
  t.test(`fields of contexts are what the kernel makes of them (${engine})`, async (t) => {
    const runner = new CaseRunner(stillKernel(), engine);
    const wrong: string[] = [];
    for (const [index, [test, wanted]] of rows.entries()) {
      // What is refused does not come to an engine: once is enough, and a part of it (ALL=1: the whole).
      const refused = wanted.load !== undefined;
      if (refused && (engine === 'jit' || (index % 4 !== 0 && process.env['ALL'] !== '1'))) continue;
      const found = runner.answer(test);
      if (JSON.stringify(found) === JSON.stringify(wanted)) continue;
      const field = (Object.keys(wanted) as (keyof CtxAnswer)[]).find((key) => found[key] !== wanted[key]);
      wrong.push(
        `row ${index}, type ${test.type}: ${field} ${field === undefined ? JSON.stringify(found) : found[field]}, wanted ${field === undefined ? '' : wanted[field]}\n${test.insns}`,
      );
    }
    t.ok(rows.length > 3000, `${rows.length} programs`);
    t.same(wrong.slice(0, Number(process.env['SHOW'] ?? 5)), [], `${wrong.length} differ`);
  });
}
