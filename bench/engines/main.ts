/**
 * Benchmark of the engines: 14 programs in C on our interpreter and compiler, on this
 * machine's kernel (when it lets us) and as native code; CPU time, engines interleaved,
 * medians; then the time to load programs by their size.
 *
 *     node dist/bench/engines/main.js [--batches N] [--ms N] [--svg FILE] [program…]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startEngine } from './engine_thread.ts';
import { loadCurve } from './load_time.ts';
import { load } from './machine.ts';
import { type BenchProgram, benchPacket, buildKernelRunner, buildPrograms, whyNoCompiler } from './programs.ts';
import { chart, type Results, ratio, table } from './report.ts';

const { values, positionals } = parseArgs({
  options: {
    batches: { type: 'string', default: '8' },
    ms: { type: 'string', default: '25' },
    svg: { type: 'string' },
  },
  allowPositionals: true,
});
const BATCHES = Number(values.batches);
const BATCH_NS = Number(values.ms) * 1e6;
/** V8 compiles the interpreter's loop anew when an operation comes up that it had not seen: long, for its size. */
const WARM_UP_NS = 8e8;
/** Runs at a time meanwhile. */
const WARM_UP_BATCH_NS = 2e7;
const packet = benchPacket();
const packetHex = Buffer.from(packet).toString('hex');

function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** One way to run a program: CPU nanoseconds of a number of runs, and the last result. */
interface Runner {
  readonly name: string;
  run(runs: number): { ns: number; result: number };
  end?(): void;
}

function ours(name: 'interp' | 'jit', { object }: BenchProgram): Runner {
  const run = startEngine(object, name);
  return { name, run, end: () => run(0) };
}

function native(program: BenchProgram): Runner {
  return {
    name: 'native',
    run(runs) {
      const [ns, result] = execFileSync(program.native, [String(runs)], { input: packet, encoding: 'utf8' }).split(' ');
      return { ns: Number(ns) * runs, result: Number(result) };
    },
  };
}

/** The script that loads an object into the kernel; the last program is the one that runs. */
function kernelScript({ object }: BenchProgram): { script: string[]; main: number } {
  const script = object.maps.map((map) => `m ${map.type} ${map.keySize} ${map.valueSize} ${map.maxEntries}`);
  const names = [...object.progs.keys()];
  for (const bytes of object.progs.values()) script.push(`p ${Buffer.from(bytes).toString('hex')}`);
  const array = object.maps.findIndex((map) => map.type === 3);
  if (array >= 0) script.push(`s ${array} 0 ${names.indexOf('step')}`);
  return { script, main: names.findIndex((name) => name.startsWith('prog_')) };
}

function kernel(runner: string, program: BenchProgram): Runner {
  const { script, main } = kernelScript(program);
  return {
    name: 'kernel',
    run(runs) {
      const input = [...script, `r ${main} ${runs} ${packetHex}`].join('\n');
      const answers = spawnSync(runner, { input: `${input}\n`, encoding: 'utf8' })
        .stdout.trim()
        .split('\n');
      const bad = answers.find((answer) => answer.startsWith('err'));
      if (bad !== undefined) throw new Error(`The kernel refuses ${program.name}: ${bad}`);
      const [result, ns] = (answers.at(-1) as string).split(' ');
      return { ns: Number(ns), result: Number(result) };
    },
  };
}

/** Instructions of one run, counted by a hook. */
function countInsns(program: BenchProgram): number {
  const { vm, prog, ctx } = load(program.object, 'interp', packet);
  prog.run(ctx);
  let count = 0;
  vm.hook = () => count++;
  prog.run(ctx);
  return count;
}

function measure(program: BenchProgram, kernelRunner: string | undefined): Map<string, number> {
  const runners: Runner[] = [ours('jit', program), ours('interp', program), native(program)];
  if (kernelRunner !== undefined) runners.push(kernel(kernelRunner, program));
  const results = runners.map((runner) => ({ runner, ...calibrate(runner), samples: [] as number[] }));
  const stateless = !['hashctr', 'lru', 'lb'].includes(program.name);
  const distinct = new Set(results.map(({ first }) => first >>> 0));
  if (stateless && distinct.size !== 1) {
    const found = results.map(({ runner, first }) => `${runner.name} ${first >>> 0}`).join(', ');
    throw new Error(`${program.name} gives different results: ${found}`);
  }
  for (let batch = 0; batch < BATCHES; batch++) {
    for (const { runner, runs, samples } of results) samples.push(runner.run(runs).ns / runs);
  }
  for (const { end } of runners) end?.();
  return new Map(results.map(({ runner, samples }) => [runner.name, median(samples)]));
}

/** The runner on this machine's kernel, or undefined when that loads no programs. */
function usableKernel(): string | undefined {
  let runner: string;
  try {
    runner = buildKernelRunner();
  } catch {
    console.log('The kernel is left out: its runner cannot be compiled (linux-libc-dev has the headers).');
    return undefined;
  }
  const probe = spawnSync(runner, { input: 'p b7000000000000009500000000000000\n', encoding: 'utf8' });
  if (probe.stdout?.startsWith('ok')) return runner;
  const answer = probe.stdout?.trim() || probe.error?.message || `it ended with ${probe.signal ?? probe.status}`;
  console.log(`The kernel is left out: it refuses to load a program (${answer}).`);
  return undefined;
}

/** Runs enough to be warm, then finds how many runs fill a batch. */
function calibrate(runner: Runner): { runs: number; first: number } {
  const { result } = runner.run(1);
  let runs = 500;
  let { ns } = runner.run(runs);
  if (runner.name === 'jit' || runner.name === 'interp') {
    for (let spent = 0; spent < WARM_UP_NS; spent += ns) {
      runs = Math.max(1, Math.round(WARM_UP_BATCH_NS / Math.max(ns / runs, 2)));
      ({ ns } = runner.run(runs));
    }
  }
  runs = Math.max(100, Math.round(BATCH_NS / Math.max(ns / runs, 2)));
  return { runs: Math.min(runs, 5_000_000), first: result };
}

const noCompiler = whyNoCompiler();
if (noCompiler !== undefined) {
  // Without programs there is still the time to load some that are made here.
  console.log(`The programs are left out: ${noCompiler}; it makes them from C (apt install clang).`);
  console.log(`\n${loadCurve()}`);
  process.exit(0);
}
const programs = buildPrograms().filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const kernelRunner = usableKernel();
const all = new Map<string, Map<string, number>>();
for (const program of programs) all.set(program.name, measure(program, kernelRunner));
const results: Results = {
  programs: programs.map(({ name }) => name),
  engines: ['jit', 'interp', 'native', ...(kernelRunner === undefined ? [] : ['kernel'])],
  insns: new Map(programs.map((program) => [program.name, countInsns(program)])),
  ns: (program, engine) => all.get(program)?.get(engine),
};
console.log(table(results));
for (const [engine, to] of [
  ['jit', 'kernel'],
  ['jit', 'native'],
  ['kernel', 'native'],
  ['interp', 'jit'],
] as const) {
  const { mean, min, max, n } = ratio(results, engine, to);
  if (n > 0)
    console.log(`${engine} / ${to}: ${mean.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)}, ${n} programs)`);
}
if (positionals.length === 0) console.log(`\n${loadCurve()}`);
if (values.svg !== undefined) writeFileSync(values.svg, chart(results));
