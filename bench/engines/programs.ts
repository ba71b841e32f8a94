/** Builds the benchmark programs, and the packet they run on. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchObject, readObject } from './object.ts';

/** The sources, relative to the root of the project. */
const SOURCES = 'bench/engines';
const BUILD = 'build/bench';

/** One program in its forms. */
export interface BenchProgram {
  readonly name: string;
  readonly object: BenchObject;
  /** Path of the executable for this machine. */
  readonly native: string;
}

function stale(target: string, sources: readonly string[]): boolean {
  if (!existsSync(target)) return true;
  const made = statSync(target).mtimeMs;
  return sources.some((source) => statSync(source).mtimeMs > made);
}

function make(target: string, sources: readonly string[], args: readonly string[]): void {
  if (stale(target, sources)) execFileSync('clang', [...args, '-o', target], { stdio: 'inherit' });
}

/** Why nothing can be compiled here, or undefined. */
export function whyNoCompiler(): string | undefined {
  const { error, status } = spawnSync('clang', ['--version'], { stdio: 'ignore' });
  if (error !== undefined) return `clang cannot be run (${error.message})`;
  return status === 0 ? undefined : `clang ends with status ${status}`;
}

/** Compiles what has changed; all programs, in the order of their names. */
export function buildPrograms(): BenchProgram[] {
  mkdirSync(BUILD, { recursive: true });
  const header = join(SOURCES, 'progs/bench.h');
  const runtime = join(SOURCES, 'native.c');
  return readdirSync(join(SOURCES, 'progs'))
    .filter((file) => file.endsWith('.c'))
    .sort()
    .map((file) => {
      const name = file.slice(0, -2);
      const source = join(SOURCES, 'progs', file);
      const object = join(BUILD, `${name}.o`);
      const native = join(BUILD, name);
      make(object, [source, header], ['-O2', '-target', 'bpf', '-mcpu=v3', '-fno-unroll-loops', '-c', source]);
      make(native, [source, header, runtime], ['-O2', '-I', SOURCES, source, runtime]);
      return { name, object: readObject(readFileSync(object)), native };
    });
}

/** Compiles the runner for this machine's kernel: its path. */
export function buildKernelRunner(): string {
  mkdirSync(BUILD, { recursive: true });
  const runner = join(BUILD, 'kernel');
  const source = join(SOURCES, 'kernel.c');
  make(runner, [source], ['-O2', source]);
  return runner;
}

/** Ethernet, IPv4, TCP with options, then bytes with no pattern. */
const HEADER =
  '0200000000010200000000020800450003f212344000400' +
  '6abcd0a0102030a00000a303901bb0102030405060708a018ffff1122' +
  '0000020405b40101080a010203040506070801030307';

/** The packet of 1024 bytes. */
export function benchPacket(): Uint8Array {
  const packet = Uint8Array.from({ length: 1024 }, (_, i) => ((i * 31 + 7) % 251) + 1);
  packet.set(Buffer.from(HEADER, 'hex'));
  return packet;
}
