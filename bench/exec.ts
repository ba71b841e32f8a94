/**
 * Cost of bpf(2) under exec, side by side with the machine's own kernel where root may
 * ask it: `node dist/bench/exec.js [calls]`. Server and client share one CPU, so that
 * a round trip is two context switches and no wake-up of another CPU.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BIN = join(ROOT, 'bin', 'bpf-emu');
const CALLS = process.argv[2] ?? '20000';
const CPU = '1';

/** Runs a program to its end with its output shown; milliseconds it took. */
function run(program: string, args: readonly string[], show: boolean): number {
  const start = process.hrtime.bigint();
  const result = spawnSync(program, args, { stdio: ['ignore', show ? 'inherit' : 'ignore', 'inherit'] });
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${result.status ?? result.signal}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

/** The shortest of some runs. */
function best(runs: number, program: string, args: readonly string[]): number {
  return Math.min(...Array.from({ length: runs }, () => run(program, args, false)));
}

const dir = mkdtempSync(join(tmpdir(), 'bpf-emu-bench-'));
try {
  const client = join(dir, 'client');
  run('gcc', ['-O2', '-o', client, join(ROOT, 'bench', 'exec_client.c')], true);
  const exec = ['exec', '--ephemeral', '--pin-cpu', CPU, '--'];
  console.log('# microseconds a call under bpf-emu exec');
  run(BIN, [...exec, client, CALLS], true);
  console.log('# on the kernel here');
  try {
    run('taskset', ['-c', CPU, client, CALLS], true);
  } catch {
    console.log('not possible: needs root and a kernel with bpf(2)');
  }
  const bpftool = ['/usr/sbin/bpftool', '/usr/bin/bpftool', '/sbin/bpftool'].find((path) => existsSync(path));
  if (bpftool === undefined) console.log('# bpftool is not installed: no feature probe');
  else {
    console.log('# milliseconds, shortest of 3');
    const start = best(3, BIN, [...exec, 'true']);
    const probe = best(3, BIN, [...exec, bpftool, 'feature', 'probe']);
    console.log(`exec -- true           ${start.toFixed(0)}`);
    console.log(`exec -- feature probe  ${probe.toFixed(0)} (${(probe - start).toFixed(0)} without starting up)`);
    console.log(`feature probe, kernel  ${best(3, bpftool, ['feature', 'probe']).toFixed(0)}`);
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
