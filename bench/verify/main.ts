/**
 * Benchmark of the verifier: programs in C, verified by us and by this machine's kernel (when
 * it lets us), CPU time of the whole PROG_LOAD, medians.
 *
 *     node dist/bench/verify/main.js [--rounds N] [program…]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BpfLog } from '../../base/bpf_log.ts';
import { runToEnd } from '../../base/work.ts';
import { defaultTypes, hostClock, hostRandom } from '../../native/host.ts';
import { CtlSession } from '../../syscall/ctl_json/session.ts';
import { Kernel } from '../../syscall/kernel.ts';
import type { VerifierInput } from '../../vm/verifier/types.ts';
import { verifySteps } from '../../vm/verifier/verify.ts';
import { type BenchObject, readObject } from '../engines/object.ts';

const SOURCES = 'bench/verify';
const HEADERS = 'bench/engines/progs';
const BUILD = 'build/bench/verify';

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '7' } },
  allowPositionals: true,
});
const ROUNDS = Number(values.rounds);

/** What one verifier made of a program. */
interface Verification {
  readonly processed: number;
  readonly states: number;
  /** CPU nanoseconds: the first time, and the median of all. */
  readonly first: number;
  readonly median: number;
}

function median(samples: readonly number[]): number {
  return [...samples].sort((a, b) => a - b)[samples.length >> 1] ?? Number.NaN;
}

function make(target: string, sources: readonly string[], args: readonly string[]): void {
  const made = existsSync(target) ? statSync(target).mtimeMs : 0;
  if (sources.some((source) => statSync(source).mtimeMs > made))
    execFileSync('clang', [...args, '-o', target], { stdio: 'inherit' });
}

function build(name: string): BenchObject {
  const source = join(SOURCES, 'progs', `${name}.c`);
  const target = join(BUILD, `${name}.o`);
  const options = ['-O2', '-target', 'bpf', '-mcpu=v3', '-fno-unroll-loops', '-I', HEADERS, '-c', source];
  make(target, [source, join(HEADERS, 'bench.h')], options);
  return readObject(readFileSync(target));
}

function hex(object: BenchObject): string {
  const [bytes] = object.progs.values();
  return Buffer.from(bytes ?? new Uint8Array(0)).toString('hex');
}

function cpuNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/** Loads a program into a kernel of ours; the time is that of the verifier alone. */
function ours(object: BenchObject): Verification {
  const samples: number[] = [];
  let found = { processed: 0, states: 0 };
  let refused = false;
  let reason = '';
  const verify = (
    input: VerifierInput,
  ): ReturnType<typeof verifySteps> extends Generator<void, infer R> ? R : never => {
    const log = new BpfLog(refused ? 1 : 4, 1 << 16);
    const begin = cpuNs();
    const result = runToEnd(verifySteps({ ...input, log }));
    samples.push(cpuNs() - begin);
    const [, processed, states] = /processed (\d+) insns .* total_states (\d+)/.exec(log.text()) ?? [];
    found = { processed: Number(processed), states: Number(states) };
    reason = log.text().split('\n').slice(-6, -2).join(' | ');
    return result;
  };
  const kernel = new Kernel({ clock: hostClock(), random: hostRandom(), vmlinux: defaultTypes().bytes, verify });
  const session = new CtlSession(kernel);
  const ask = (line: object): Record<string, unknown> => JSON.parse(session.writeLine(JSON.stringify(line)));
  const maps = object.maps.map((map) => {
    const { type, keySize, valueSize, maxEntries } = map;
    const reply = ask({
      cmd: 'BPF_MAP_CREATE',
      map_type: type,
      key_size: keySize,
      value_size: valueSize,
      max_entries: maxEntries,
    });
    return Number(reply['fd']);
  });
  const bytes = Buffer.from(hex(object), 'hex');
  for (let at = 0; at < bytes.length; at += 8) {
    if (bytes[at] !== 0x18) continue;
    if ((bytes[at + 1] as number) >> 4 === 1) bytes.writeInt32LE(maps[bytes.readInt32LE(at + 4)] ?? -1, at + 4);
    at += 8;
  }
  const line = {
    cmd: 'BPF_PROG_LOAD',
    prog_type: 'xdp',
    insns: bytes.toString('hex'),
    insn_cnt: bytes.length / 8,
    license: 'GPL',
    as: 'p',
  };
  for (let round = 0; round < ROUNDS; round++) {
    const reply = ask(line);
    if (reply['ok'] === true || reply['errno'] === 'E2BIG') continue;
    refused = true;
    ask(line);
    throw new Error(`We refuse: ${JSON.stringify(reply)} ${reason}`);
  }
  return { ...found, first: samples[0] ?? Number.NaN, median: median(samples) };
}

/** The same on this machine's kernel; undefined when it does not let us. */
function kernels(runner: string, object: BenchObject): Verification | string {
  const script = object.maps.map((map) => `m ${map.type} ${map.keySize} ${map.valueSize} ${map.maxEntries}`);
  script.push(`p ${ROUNDS} ${hex(object)}`);
  const { stdout } = spawnSync(runner, { input: `${script.join('\n')}\n`, encoding: 'utf8', maxBuffer: 1 << 24 });
  const answer = stdout.trim().split('\n').at(-1) ?? '';
  if (!/^\d/.test(answer)) return answer;
  const [processed = 0, states = 0, ...samples] = answer.split(' ').map(Number);
  return { processed, states, first: samples[0] ?? Number.NaN, median: median(samples) };
}

mkdirSync(BUILD, { recursive: true });
const runner = join(BUILD, 'kernel');
make(runner, [join(SOURCES, 'kernel.c')], ['-O2', join(SOURCES, 'kernel.c')]);
const names = readdirSync(join(SOURCES, 'progs'))
  .map((file) => file.slice(0, -2))
  .filter((name) => positionals.length === 0 || positionals.includes(name));
const fixed = (value: number, digits = 0): string => value.toFixed(digits);
const ratios: number[] = [];
console.log('| program | insns | processed | states | ours ns/insn | first | kernel ns/insn | ratio | of the first |');
console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
for (const name of names) {
  const object = build(name);
  const them = kernels(runner, object);
  if (typeof them === 'string') console.log(`${name}: the kernel answers: ${them}`);
  const us = ours(object);
  const insns = hex(object).length / 16;
  const row = [name, insns, us.processed, us.states, fixed(us.median / us.processed), fixed(us.first / us.processed)];
  if (typeof them === 'string') {
    console.log(`| ${row.join(' | ')} | ${them} | | |`);
    continue;
  }
  if (them.processed !== us.processed) console.log(`${name}: the kernel processes ${them.processed}`);
  ratios.push(us.median / them.median);
  const shares = [fixed(us.median / them.median, 1), fixed(us.first / them.median, 1)];
  console.log(`| ${[...row, fixed(them.median / them.processed), ...shares].join(' | ')} |`);
}
if (ratios.length > 0) {
  const mean = Math.exp(ratios.reduce((sum, each) => sum + Math.log(each), 0) / ratios.length);
  console.log(
    `ours / kernel: ${fixed(mean, 1)} (${fixed(Math.min(...ratios), 1)} to ${fixed(Math.max(...ratios), 1)})`,
  );
}
const rss = process.resourceUsage().maxRSS / 1024;
console.log(`largest memory: ${fixed(rss)} MiB`);
