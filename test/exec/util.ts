/** What the tests of exec share: running commands under it, building clients, telling what is missing here. */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the project, from dist/test/exec/. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
export const LAUNCHER = join(ROOT, 'build', 'Release', 'bpf-emu-launch');
const MAIN = join(dirname(fileURLToPath(import.meta.url)), 'main.js');
const FIXTURES = join(ROOT, 'test', 'fixtures', 'exec');

/** How a command ended; output as Latin-1 text. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is run. */
export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly timeout?: number;
}

/** Runs a program to its end; killed after `timeout` milliseconds. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: 'pipe',
      env: { ...process.env, ...options.env },
      timeout: options.timeout ?? 60_000,
      killSignal: 'SIGKILL',
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('latin1');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('latin1');
    });
    child.on('error', reject);
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.on('close', (code, signal) => resolve({ status: signal === null ? (code ?? 0) : -1, stdout, stderr }));
  });
}

/** Runs a command under exec; `options` are those of main.ts. */
export function exec(options: readonly string[], command: readonly string[], how: RunOptions = {}): Promise<Outcome> {
  return run(process.execPath, [MAIN, ...options, '--', ...command], how);
}

/** Where a program is, or undefined. /usr/sbin is searched too: bpftool lives there. */
export function which(program: string): string | undefined {
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  return path
    .split(':')
    .map((dir) => join(dir, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Why exec cannot be tested here, or false. `mount`: with a file system. */
export function cannotExec(mount: boolean): string | false {
  if (!existsSync(LAUNCHER)) return 'the native part is not built';
  const seccomp = spawnSync('grep', ['-q', 'user_notif', '/proc/sys/kernel/seccomp/actions_avail']);
  if (seccomp.status !== 0) return 'this kernel has no seccomp user notification';
  if (process.getuid?.() !== 0) return 'needs root';
  if (mount && !existsSync('/dev/fuse')) return '/dev/fuse is missing';
  return false;
}

/** Why the machine's own bpf(2) cannot be asked, or false. */
export function cannotAskKernel(): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  const bpftool = which('bpftool');
  if (bpftool === undefined) return 'needs the package bpftool';
  const probe = spawnSync(bpftool, ['map', 'list']);
  return probe.status === 0 ? false : 'this kernel has no bpf(2)';
}

/** Has system calls answered with an error, as the profile of a container does: `NUMBER=ERRNO,…`, then the command. */
const FILTER = `
import ctypes, os, struct, sys
rules = [map(int, rule.split('=')) for rule in sys.argv[1].split(',')]
code = [(0x20, 0, 0, 0)]
for number, error in rules: code += [(0x15, 0, 1, number), (6, 0, 0, 0x50000 | error)]
code = b''.join(struct.pack('<HBBI', *i) for i in code + [(6, 0, 0, 0x7fff0000)])
buffer = ctypes.create_string_buffer(code, len(code))
program = struct.pack('<HxxxxxxQ', len(code) // 8, ctypes.addressof(buffer))
libc = ctypes.CDLL(None)
libc.prctl(38, 1, 0, 0, 0)
assert libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0) == 0
os.execvp(sys.argv[2], sys.argv[2:])
`;

/** Why no Python runs here, or false; {@link denied} needs it too. */
export function cannotRunPython(): string | false {
  return which('python3') === undefined && 'needs the package python3';
}

/** A command that may not make some system calls (`NUMBER=ERRNO,…`): program and arguments for {@link run}. */
export function denied(calls: string, command: readonly string[]): [program: string, args: string[]] {
  return ['python3', ['-c', FILTER, calls, ...command]];
}

/** A directory that goes away with the test. */
export function scratch(t: { teardown(fn: () => void): unknown }): string {
  const dir = mkdtempSync(join(tmpdir(), 'bpf-emu-exec-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Compiles a client from test/fixtures/exec; the program's path. Throws what the compiler says. */
export async function compile(dir: string, name: string, extra: readonly string[] = []): Promise<string> {
  const program = join(dir, name);
  const source = join(FIXTURES, `${name}.c`);
  const result = await run('gcc', ['-O1', '-Wall', '-I', FIXTURES, '-o', program, source, '-lpthread', ...extra]);
  if (result.status !== 0) throw new Error(`gcc ${name}.c: ${result.stderr}`);
  return program;
}

export { FIXTURES };

/** Why no skeleton can be built here, or false. */
export function cannotBuildSkeleton(): string | false {
  const programs: readonly (readonly [string, string])[] = [
    ['clang', 'clang'],
    ['gcc', 'gcc'],
    ['bpftool', 'bpftool'],
  ];
  const missing = programs.find(([program]) => which(program) === undefined);
  if (missing !== undefined) return `needs the package ${missing[1]}`;
  return existsSync('/usr/include/bpf/libbpf.h') ? false : 'needs the package libbpf-dev';
}

/** Builds NAME.bpf.c and, with its generated skeleton, NAME.c. */
export async function buildSkeleton(dir: string, name: string): Promise<string> {
  const source = join(FIXTURES, name);
  const script = `
    clang -O2 -g -target bpf -D__TARGET_ARCH_${process.arch === 'arm64' ? 'arm64' : 'x86'} -I/usr/include/$(uname -m)-linux-gnu -c ${source}.bpf.c -o ${name}.bpf.o &&
    bpftool gen skeleton ${name}.bpf.o name ${name}_bpf > ${name}.skel.h &&
    gcc -O1 -Wall -I. -o ${name} ${source}.c -lbpf -lelf -lz`;
  const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };
  const built = await run('sh', ['-c', `cd ${dir} && ${script}`], { env });
  if (built.status !== 0) throw new Error(built.stderr);
  return join(dir, name);
}
