/**
 * The whole test command: lint, layers, tests, one closing line. Arguments are passed on to
 * tap (file names, `--grep`, …). Which lines were run is recorded only when it is asked for
 * (`--coverage-report=text`): it costs every process that a test starts a file of its own.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs Node, or a program from node_modules, with our standard streams; its exit status. */
function run(program: string, args: readonly string[]): number {
  const path = program === 'node' ? process.execPath : join('node_modules', '.bin', program);
  const result = spawnSync(path, args, { stdio: 'inherit' });
  return result.status ?? 1;
}

/** Counts the tests in tap's own output: points that passed, failed and were skipped. */
function count(tapOutput: string): { passed: number; failed: number; skipped: number } {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const line of tapOutput.split('\n')) {
    const point = /^ {4}(not )?ok\b(.*)$/.exec(line);
    if (point === null) continue;
    if (/# skip/i.test(point[2] ?? '')) skipped++;
    else if (point[1] === undefined) passed++;
    else failed++;
  }
  return { passed, failed, skipped };
}

/** Most lines that are shown of what failed in one file. */
const SHOWN_MAX = 120;

/**
 * One line a test file; under a file that failed, its failing points with their
 * diagnostics (tap prints the block of a file before the file's own line).
 */
function report(tapOutput: string): string[] {
  const lines: string[] = [];
  let failures: string[] = [];
  let inDiagnostics = false;
  let afterFailure = false;
  for (const line of tapOutput.split('\n')) {
    const file = /^(not )?ok \d+ - /.exec(line);
    if (file !== null) {
      lines.push(line.replace(/ \{$/, ''));
      if (file[1] !== undefined) lines.push(...failures.slice(0, SHOWN_MAX));
      failures = [];
      continue;
    }
    const isFailure = /^\s+not ok\b/.test(line);
    if (isFailure || inDiagnostics || (afterFailure && /^\s+---$/.test(line))) failures.push(line);
    inDiagnostics = (inDiagnostics && !/^\s+\.\.\.$/.test(line)) || (afterFailure && /^\s+---$/.test(line));
    afterFailure = isFailure;
  }
  return lines;
}

const args = process.argv.slice(2);
const steps: readonly [string, string, readonly string[]][] = [
  ['lint and format', 'biome', ['check', '--error-on-warnings', '.']],
  ['layers and cycles', 'depcruise', ['--config', '.dependency-cruiser.cjs', '--output-type', 'err', 'dist']],
  ['exports', 'node', ['dist/test/unused_exports.js']],
  ['test runner', 'tap', ['build']],
];
let failedSteps = 0;
for (const [what, program, stepArgs] of steps) {
  console.log(`# ${what}`);
  if (run(program, stepArgs) !== 0) {
    console.log(`# ${what}: failed`);
    failedSteps++;
  }
}

const scratch = mkdtempSync(join(tmpdir(), 'bpf-emu-test-'));
try {
  const output = join(scratch, 'output.tap');
  console.log('# tests');
  const reporter = process.stdout.isTTY ? 'base' : 'min';
  const tapArgs = ['run', '--jobs=2', '--timeout=300', `--reporter=${reporter}`, `--output-file=${output}`];
  if (!args.some((arg) => arg.startsWith('--coverage'))) tapArgs.push('--disable-coverage');
  const status = run('tap', [...tapArgs, ...args]);
  const text = existsSync(output) ? readFileSync(output, 'utf8') : '';
  // The runner's reporter may leave the cursor in the middle of a line.
  console.log('');
  for (const line of report(text)) console.log(line);
  const { passed, failed, skipped } = count(text);
  const bad = failed + failedSteps + (status !== 0 && failed === 0 ? 1 : 0);
  console.log(`${passed} passed, ${bad} failed, ${skipped} skipped`);
  process.exitCode = bad === 0 && status === 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
