/**
 * Text cases by hand:
 *
 *     node dist/test/verifier/cases_main.js [--record] [--log] [--diff] FILE… [-n WORDS]
 *
 * --record writes what this machine's kernel answers into the cases of the files (errno
 * and message, and the state where a case has `post: 3: ?`), --log prints both logs, --diff compares the whole logs, -n: only cases
 * whose title has these words.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { lastMessage, maskLog, type Op, type TextCase } from './textcase.ts';
import { askKernel, CaseMachine, caseFiles, casePath, differs, errnoName, readCases } from './textcase_run.ts';

const args = process.argv.slice(2);
const record = args.includes('--record');
const showLog = args.includes('--log');
const diff = args.includes('--diff');
const at = args.indexOf('-n');
const words = at >= 0 ? args[at + 1]! : '';
const files = args.filter((arg, i) => !arg.startsWith('-') && i !== at + (at >= 0 ? 1 : Number.MAX_SAFE_INTEGER));
const machine = new CaseMachine();

function compare(ours: string, kernel: string): string | undefined {
  const stat = /^(verification time|processed|stack depth)/;
  const a = maskLog(ours)
    .split('\n')
    .filter((line) => !stat.test(line));
  const b = maskLog(kernel)
    .split('\n')
    .filter((line) => !stat.test(line));
  const i = b.findIndex((line, n) => line !== a[n]);
  if (i < 0 && a.length === b.length) return undefined;
  const n = i < 0 ? b.length : i;
  return `log line ${n}:\n    ours   "${a[n]}"\n    kernel "${b[n]}"`;
}

/** Messages that do not say what is wrong by themselves. */
const GENERAL =
  /^(failed to find BTF|Caller passes invalid args|old state:|math between|.*pointer arithmetic|R\d .*prohibited)/;

/** The state the log shows behind an instruction. */
function stateAfter(log: string, insn: number): string {
  const lines = log.split('\n').map((line) => line.trim().replace(/\s+/g, ' '));
  const line = lines.find((one) => one.startsWith(`${insn}: (`) && one.includes(' ; '));
  if (line !== undefined) return `${insn}: ${line.slice(line.lastIndexOf(' ; ') + 3)}`;
  return lines.find((one) => one.startsWith(`${insn + 1}: `) && !one.includes(': (')) ?? `${insn}: ?`;
}

/** What was said before the last message, without instructions and states. */
function reasonsBefore(log: string): string[] {
  const lines = log.split('\n').map((line) => line.trim().replace(/\s+/g, ' '));
  const end = lines.lastIndexOf(lastMessage(log).trim().replace(/\s+/g, ' '));
  let start = end;
  while (start > 0 && !/^(\d+: |from \d|func#|Validating|mark_precise)/.test(lines[start - 1]!)) start--;
  return lines.slice(Math.max(start, end - 2), end).filter((line) => line !== '' && !/^(cur|old) state:/.test(line));
}

/** Writes errno and message of each case, replacing those it has. */
function rewrite(
  file: string,
  answers: ReadonlyMap<number, readonly string[]>,
  logs: ReadonlyMap<number, string>,
): void {
  const lines = readFileSync(casePath(file), 'utf8').split('\n');
  const out: string[] = [];
  let current: readonly string[] | undefined;
  const flush = (): void => {
    if (current === undefined) return;
    let end = out.length;
    while (out[end - 1]?.trim() === '' || out[end - 1]?.startsWith('#')) end--;
    const firstPost = out.findIndex((line, i) => i > start && line.startsWith('post:'));
    out.splice(firstPost > 0 ? firstPost : end, 0, ...current);
    current = undefined;
  };
  let start = 0;
  let titleLine = 0;
  lines.forEach((line, i) => {
    if (line.startsWith('== ')) {
      flush();
      start = out.length;
      titleLine = i + 1;
      current = answers.get(i + 1);
    }
    if (current !== undefined && /^(errno|message):/.test(line)) return;
    const asked = /^post: (\d+): \?$/.exec(line);
    if (asked === null) out.push(line);
    else out.push(`post: ${stateAfter(logs.get(titleLine) ?? '', Number(asked[1]))}`);
  });
  flush();
  writeFileSync(casePath(file), out.join('\n'));
}

let bad = 0;
let total = 0;
for (const file of files.length > 0 ? files : caseFiles()) {
  const cases = readCases(file).filter((test) => test.name.includes(words));
  const compiled: [TextCase, Op[]][] = [];
  for (const test of cases) {
    try {
      compiled.push([test, machine.compiler.compile(test)]);
    } catch (error) {
      bad++;
      console.log(`${file}:${test.line} ${test.name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  const kernel = askKernel(compiled.map(([, ops]) => ops));
  const recorded = new Map<number, readonly string[]>();
  const logs = new Map<number, string>();
  compiled.forEach(([test, ops], i) => {
    total++;
    const ours = machine.run(ops);
    const asked = test.words.has('kernel') ? ours : kernel[i]!;
    const ret = asked.rets[asked.rets.length - 1]!;
    let said: TextCase = test;
    const problems: string[] = [];
    logs.set(test.line, maskLog(asked.log));
    if (asked.rets.length < ops.length) problems.push(`kernel: call ${asked.rets.length - 1} fails: ${errnoName(ret)}`);
    else if (record) {
      const message = ret < 0 ? lastMessage(maskLog(asked.log)).trim().replace(/\s+/g, ' ') : '';
      const old = test.words.get('message')?.[0];
      const keep = old?.includes('…') === true && differs(test, ops, asked) === undefined;
      const written = keep ? old! : message;
      const reasons = GENERAL.test(written) && !test.words.has('post') ? reasonsBefore(maskLog(asked.log)) : [];
      recorded.set(test.line, [
        `errno: ${errnoName(ret)}`,
        ...reasons.map((reason) => `post: ${reason}`),
        ...(written === '' ? [] : [`message: ${written}`]),
      ]);
      const changed = new Map(test.words).set('errno', [errnoName(ret)]);
      if (written === '') changed.delete('message');
      else changed.set('message', [written]);
      said = { ...test, words: changed };
    }
    const k = differs(said, ops, asked);
    if (k !== undefined) problems.push(`kernel: ${k}`);
    const o = differs(said, ops, ours);
    if (o !== undefined && k === undefined) problems.push(`ours: ${o}`);
    if (diff) {
      const d = compare(ours.log, asked.log);
      if (d !== undefined) problems.push(d);
    }
    if (problems.length > 0) {
      bad++;
      console.log(`${file}:${test.line} ${test.name}: ${problems.join('; ')}`);
    } else if (record) console.log(`  ${test.name}: ${recorded.get(test.line)?.join(' | ')}`);
    if (showLog) console.log(`--- ours\n${ours.log}\n--- kernel\n${asked.log}`);
  });
  if (record) rewrite(file, recorded, logs);
}
for (const bug of machine.bugs.slice(0, 3)) console.log(bug);
console.log(`${total} cases, ${bad} differ`);
