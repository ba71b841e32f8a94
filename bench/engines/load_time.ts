/** Time to make programs ready, by size: straight code with branches and map lookups, every program another. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Jit } from '../../vm/jit/jit.ts';
import { warmUp } from '../../vm/jit/warm_up.ts';
import { load } from './machine.ts';
import type { BenchObject } from './object.ts';

const SIZES = [100, 1000, 10000, 50000];
const REPEAT = 7;

/** A program of about `count` instructions: arithmetic, forward branches, stack. `salt` makes each another. */
export function syntheticProgram(count: number, salt: number): Uint8Array {
  const bytes = new Uint8Array((count + 16) * 8);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const put = (op: number, dst: number, src: number, off: number, imm: number): void => {
    view.setUint8(at, op);
    view.setUint8(at + 1, dst | (src << 4));
    view.setInt16(at + 2, off, true);
    view.setInt32(at + 4, imm, true);
    at += 8;
  };
  put(0xb7, 0, 0, 0, salt);
  put(0xb7, 6, 0, 0, 1);
  put(0x7b, 10, 6, -8, 0);
  for (let i = 3; i < count; i += 8) {
    put(0x07, 0, 0, 0, i * 7 + salt);
    put(0xaf, 6, 0, 0, 0);
    put(0x79, 1, 10, -8, 0);
    put(0x2d, 1, 0, 1, 0);
    put(0x0f, 0, 1, 0, 0);
    put(0x67, 6, 0, 0, 3);
    put(0x7b, 10, 6, -8, 0);
    put(0x4f, 0, 6, 0, 0);
  }
  put(0x95, 0, 0, 0, 0);
  return bytes.slice(0, at);
}

function median(samples: number[]): number {
  return samples.sort((a, b) => a - b)[samples.length >> 1]!;
}

/** A table of milliseconds: compiling (translation, module, instance), and the first run. */
export function loadCurve(): string {
  const rows = ['| insns | compile ms | first run ms | bytes |', '| ---: | ---: | ---: | ---: |'];
  // The translator itself is compiled by the engine as it is used: so some programs go first.
  compileAll(300, 0, 60);
  for (const size of SIZES) {
    const samples = compileAll(size, 1000, REPEAT);
    const compile = median(samples.map((sample) => sample.compile));
    const first = median(samples.map((sample) => sample.first));
    rows.push(`| ${size} | ${compile.toFixed(2)} | ${first.toFixed(3)} | ${samples[0]!.bytes} |`);
  }
  return [rows.join('\n'), firstPrograms()].join('\n\n');
}

/** Processes that are asked for their first program. */
const PROCESSES = 5;
const SELF = fileURLToPath(import.meta.url);

/** The first program of 1,000 instructions of a process, and of a server that was idle before: each from processes of its own. */
function firstPrograms(): string {
  return [
    ['first of a process', '--first'],
    ['first after an idle moment', '--first-warm'],
  ]
    .map(([name, option]) => {
      const samples = Array.from({ length: PROCESSES }, () => {
        const answer = execFileSync(process.execPath, [SELF, option!], { encoding: 'utf8' });
        return JSON.parse(answer) as Sample;
      });
      const compile = median(samples.map((sample) => sample.compile));
      const first = median(samples.map((sample) => sample.first));
      return `1000 insns, ${name}: compile ${compile.toFixed(2)} ms, first run ${first.toFixed(3)} ms`;
    })
    .join('\n');
}

interface Sample {
  readonly compile: number;
  readonly first: number;
  readonly bytes: number;
}

/** Compiles programs of a size, each another, on one machine. */
function compileAll(size: number, salt: number, count: number, warm = false): Sample[] {
  const progs = new Map(Array.from({ length: count }, (_, i) => [`prog_${i}`, syntheticProgram(size, salt + i)]));
  const object: BenchObject = { maps: [], progs };
  const machine = load(object, 'interp', new Uint8Array(64));
  if (warm) warmUp(machine.vm);
  return [...machine.progs.values()].map((prog) => {
    const begin = performance.now();
    const jit = new Jit(machine.vm, prog.linked);
    const compiled = performance.now();
    jit.run(machine.ctx);
    return { compile: compiled - begin, first: performance.now() - compiled, bytes: jit.size };
  });
}

if (process.argv[1] === SELF)
  console.log(JSON.stringify(compileAll(1000, 0, 1, process.argv[2] === '--first-warm')[0]));
