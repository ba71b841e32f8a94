/**
 * Scripts of programs, map by map and run by run, answer what Linux 6.18 answered
 * (test/golden/scripts, recorded by `SCRIPTS_RECORD=1`, or a subject, in the environment).
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { gunzipSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { builtinBtf } from '../../../btf/builtin.ts';
import { KernelPipe } from './kernel_pipe.ts';
import { SCRIPT_CASES, ScriptWriter } from './script_cases.ts';
import { sortedAnswer, WideMachine } from './wide_script.ts';

const RECORD = process.env['SCRIPTS_RECORD'];
const SHOWN = 10;
/** Cases a machine is used for. */
const MACHINE_CASES = 300;

interface Golden {
  readonly cpus: number;
  /** The answers of each case, in their order. */
  readonly answers: readonly string[][];
}

const fileOf = (subject: string): string => `test/golden/scripts/${subject}.json.gz`;

async function record(subject: string, kernel: KernelPipe): Promise<void> {
  const types = new WideMachine(new Uint8Array(readFileSync('/sys/kernel/btf/vmlinux')), 2).kernel.vmlinux!;
  const answers: string[][] = [];
  for (const { script } of SCRIPT_CASES[subject]!(new ScriptWriter(types))) {
    kernel.send(script);
    answers.push((await kernel.answers(script.length)).map(sortedAnswer));
  }
  mkdirSync('test/golden/scripts', { recursive: true });
  const golden: Golden = { cpus: availableParallelism(), answers };
  writeFileSync(fileOf(subject), gzipSync(JSON.stringify(golden), { level: 9 }));
}

/** Tests one subject of {@link SCRIPT_CASES}. */
export function testScripts(subject: string): void {
  t.setTimeout(120_000);
  t.test(subject, { timeout: 120_000 }, async (t) => {
    if (RECORD === '1' || RECORD === subject) {
      const kernel = new KernelPipe();
      t.teardown(() => kernel.end());
      await record(subject, kernel);
    }
    if (!existsSync(fileOf(subject))) throw new Error(`No ${fileOf(subject)}: record it`);
    const golden = JSON.parse(gunzipSync(readFileSync(fileOf(subject))).toString()) as Golden;
    let machine = new WideMachine(builtinBtf(), golden.cpus);
    const cases = SCRIPT_CASES[subject]!(new ScriptWriter(machine.kernel.vmlinux!));
    t.equal(cases.length, golden.answers.length, 'a recorded answer for each case');
    let wrong = 0;
    for (const [i, { title, script }] of cases.entries()) {
      if (i % MACHINE_CASES === MACHINE_CASES - 1) machine = new WideMachine(builtinBtf(), golden.cpus);
      const found = machine.both(script);
      const wanted = golden.answers[i] ?? [];
      for (const engine of ['interp', 'jit'] as const) {
        const answers = found[engine].map(sortedAnswer);
        const at = answers.findIndex((answer, line) => answer !== wanted[line]);
        if (at < 0) continue;
        if (wrong++ < SHOWN)
          t.fail(`${title} (${engine})`, { line: script[at], found: answers[at], wanted: wanted[at] });
      }
      if (machine.bugs.length > 0) t.fail(`${title}: ${machine.bugs.splice(0)[0]}`);
    }
    t.equal(wrong, 0, `${cases.length} cases, differences`);
    t.end();
  });
}
