/** Time to make programs ready, by size: straight code with branches and map lookups, every program another. */
import { Jit } from '../../vm/jit/jit.ts';
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
  return rows.join('\n');
}

interface Sample {
  readonly compile: number;
  readonly first: number;
  readonly bytes: number;
}

/** Compiles programs of a size, each another, on one machine. */
function compileAll(size: number, salt: number, count: number): Sample[] {
  const progs = new Map(Array.from({ length: count }, (_, i) => [`prog_${i}`, syntheticProgram(size, salt + i)]));
  const object: BenchObject = { maps: [], progs };
  const machine = load(object, 'interp', new Uint8Array(64));
  return [...machine.progs.values()].map((prog) => {
    const begin = performance.now();
    const jit = new Jit(machine.vm, prog.linked);
    const compiled = performance.now();
    jit.run(machine.ctx);
    return { compile: compiled - begin, first: performance.now() - compiled, bytes: jit.size };
  });
}
