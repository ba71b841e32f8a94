/**
 * Random programs on the interpreter, the compiler and, when asked, this machine's
 * kernel: all must agree on the return value and on every byte of the packet.
 *
 *     FUZZ_COUNT=100000 FUZZ_SEED=7 FUZZ_KERNEL=1 node dist/test/vm/fuzz.test.js
 */
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { load } from '../../bench/engines/machine.ts';
import type { BenchObject } from '../../bench/engines/object.ts';
import { buildKernelRunner } from '../../bench/engines/programs.ts';
import { hex } from './lib/hex.ts';
import { FUZZ_MAP, PACKET_SIZE, randomPacket, randomProgram } from './lib/random_program.ts';

const COUNT = Number(process.env['FUZZ_COUNT'] ?? 300);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);
const BATCH = 50;

/** What a program did: `RETVAL PACKET`. */
function runOurs(insns: Uint8Array, packet: Uint8Array, engine: 'interp' | 'jit'): string {
  const object: BenchObject = { maps: [FUZZ_MAP], progs: new Map([['prog_fuzz', insns]]) };
  const { vm, prog, ctx, packet: at } = load(object, engine, packet, 16);
  const result = prog.run(ctx);
  return `${result} ${hex(vm.env.arena.u8.subarray(at, at + PACKET_SIZE))}`;
}

/** What the kernel made of a batch; programs it refuses are an error of the generator. */
function runKernel(runner: string, batch: readonly { insns: Uint8Array; packet: Uint8Array }[]): string[] {
  const script: string[] = [];
  batch.forEach(({ insns, packet }) => {
    script.push(`m 2 ${FUZZ_MAP.keySize} ${FUZZ_MAP.valueSize} ${FUZZ_MAP.maxEntries}`);
    script.push(`p ${hex(insns)}`, `r 0 1 ${hex(packet)}`, 'c');
  });
  const answers = spawnSync(runner, { input: `${script.join('\n')}\n`, encoding: 'utf8' }).stdout.split('\n');
  return batch.map((_, i) => {
    const load = answers[i * 4 + 1] ?? '';
    if (load !== 'ok') return `refused: ${load}`;
    const [retval, , packet] = (answers[i * 4 + 2] ?? '').split(' ');
    return `${retval} ${packet}`;
  });
}

t.setTimeout(0);

t.test(`${COUNT} random programs agree on all engines (seed ${SEED})`, { timeout: 0 }, (t) => {
  const random = seededRandom(SEED);
  const runner = process.env['FUZZ_KERNEL'] === '1' ? buildKernelRunner() : undefined;
  let done = 0;
  let failures = 0;
  while (done < COUNT && failures < 5) {
    const batch = Array.from({ length: Math.min(BATCH, COUNT - done) }, () => ({
      insns: randomProgram(random),
      packet: randomPacket(random),
    }));
    const kernel = runner === undefined ? undefined : runKernel(runner, batch);
    batch.forEach(({ insns, packet }, i) => {
      const interp = runOurs(insns, packet, 'interp');
      const jit = runOurs(insns, packet, 'jit');
      if (interp === jit && (kernel === undefined || kernel[i] === interp)) return;
      failures++;
      t.fail(`program ${done + i} of seed ${SEED}`, {
        interp,
        jit,
        kernel: kernel?.[i],
        insns: hex(insns),
        packet: hex(packet),
      });
    });
    done += batch.length;
  }
  t.equal(failures, 0, `${done} programs`);
  t.end();
});
