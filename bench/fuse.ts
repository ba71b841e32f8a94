/**
 * What the mount costs: `node dist/bench/fuse.js`. Our server, a minimal server in C
 * (fuse_loop.c) and the npm package fuse-native side by side, client and server on one CPU,
 * medians of 7 batches. Then the time from start to mounted, memory when idle, and a
 * directory of 10,000 pins. Needs root, a C compiler and, for fuse-native, libfuse 2
 * (Debian: libfuse2).
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CPU = '0';
/** Client and server go before whatever else the machine is doing, or its work is what would be measured. */
const FIRST = ['nice', '-n', '-20', 'taskset', '-c', CPU];
const PINS = 10_000;
/** _IOC(READ | WRITE, 0xBF, 60, 128), a command that does not exist: the way there and back. For the loop, any of 128 bytes. */
const IOCTL = { ours: 0xc080bf3c, loop: 0xc0804201 };

const root = fileURLToPath(new URL('../..', import.meta.url));
const temp = mkdtempSync(join(tmpdir(), 'bpf-emu-bench-'));

function compile(name: string): string {
  const out = join(temp, name);
  execFileSync('cc', ['-O2', '-o', out, join(root, 'bench', `${name}.c`)]);
  return out;
}

interface Server {
  readonly dir: string;
  readonly process: ChildProcess;
  /** Milliseconds from start to mounted. */
  readonly start: number;
}

/** Starts a server, by default on one CPU; undefined when it says that it cannot. */
async function serve(command: string, args: string[], onOneCpu = true): Promise<Server | undefined> {
  const dir = mkdtempSync(join(temp, 'mnt-'));
  const begin = performance.now();
  const words = [...(onOneCpu ? FIRST : []), command, ...args, dir];
  const child = spawn(words[0] as string, words.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  const ready = new Promise<boolean>((resolve) => {
    child.stdout?.on('data', (data) => resolve(`${data}`.includes('mounted')));
    child.on('exit', () => resolve(false));
  });
  const mounted = await ready;
  const start = performance.now() - begin;
  if (!mounted) return undefined;
  return { dir, process: child, start };
}

/** Unmounts and ends a server; fuse-native stays after an unmount, and is killed. */
async function stop(server: Server): Promise<void> {
  const exited = once(server.process, 'exit');
  execFileSync('umount', [server.dir]);
  const timer = setTimeout(() => server.process.kill('SIGKILL'), 500);
  await exited;
  clearTimeout(timer);
}

type Times = Record<string, number>;

function measure(client: string, file: string, dir: string, ioctl: number): Times {
  const words = [...FIRST, client, file, dir, `${ioctl}`, CPU];
  return JSON.parse(execFileSync(words[0] as string, words.slice(1), { encoding: 'utf8' }));
}

/** Sends lines of JSON to a control file, many in one write. Throws when one fails. */
function ctl(dir: string, lines: readonly string[]): void {
  const fd = openSync(join(dir, 'bpf.ctl'), 'r+');
  const buffer = Buffer.alloc(1 << 16);
  for (let at = 0; at < lines.length; at += 500) {
    const part = lines.slice(at, at + 500);
    writeSync(fd, `${part.join('\n')}\n`);
    let replies = '';
    while (replies.split('\n').length <= part.length) {
      replies += buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, null));
    }
    const bad = replies.split('\n').find((reply) => reply !== '' && !reply.startsWith('{"ok":true'));
    if (bad !== undefined) throw new Error(bad);
  }
  closeSync(fd);
}

function mapLines(dir: string): string[] {
  const btf = readFileSync(join(root, 'test/fixtures/counts.btf')).toString('hex');
  return [
    JSON.stringify({ as: 'btf', cmd: 'BPF_BTF_LOAD', btf }),
    '{"as":"m","cmd":"BPF_MAP_CREATE","map_type":"hash","key_size":4,"value_size":8,"max_entries":16,"btf_fd":"$btf","btf_key_type_id":1,"btf_value_type_id":2}',
    JSON.stringify({ cmd: 'BPF_OBJ_PIN', bpf_fd: '$m', pathname: join(dir, 'test') }),
  ];
}

/** Milliseconds that ls(1) takes, the median of five. */
function timeLs(options: string, dir: string): number {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const begin = performance.now();
    execFileSync('ls', options === '' ? [dir] : [options, dir], { maxBuffer: 1 << 26 });
    times.push(performance.now() - begin);
  }
  return times.sort((a, b) => a - b)[2] as number;
}

const client = compile('fuse_client');
const results: Record<string, Times> = {};
const notes: string[] = [];

const ours = await serve(process.execPath, [join(root, 'dist/bench/fuse_serve.js')]);
if (ours === undefined) throw new Error('Cannot mount: run as root, with /dev/fuse');
const idle = readFileSync(`/proc/${ours.process.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)?.[1] ?? '0';
ctl(ours.dir, mapLines(ours.dir));
results['bpf-emu, a pin'] = measure(client, join(ours.dir, 'test'), ours.dir, 0);
results['bpf-emu, bpf.ctl'] = measure(client, join(ours.dir, 'bpf.ctl'), ours.dir, IOCTL.ours);
notes.push(`start to mounted: ${ours.start.toFixed(0)} ms; memory when idle: ${(Number(idle) / 1024).toFixed(0)} MiB`);

await stop(ours);

const loop = await serve(compile('fuse_loop'), []);
if (loop !== undefined) {
  results['C loop'] = measure(client, join(loop.dir, 'test'), loop.dir, IOCTL.loop);
  await stop(loop);
}

const peer = await serve(process.execPath, [join(root, 'dist/bench/fuse_native.js')]);
if (peer === undefined)
  notes.push('fuse-native could not be measured: it needs libfuse 2 (Debian: apt-get install libfuse2)');
else {
  results['fuse-native'] = measure(client, join(peer.dir, 'test'), peer.dir, 0);
  await stop(peer);
}

const full = await serve(process.execPath, [join(root, 'dist/bench/fuse_serve.js')], false);
if (full !== undefined) {
  const pins = mapLines(full.dir).slice(0, 2);
  for (let i = 0; i < PINS; i++) {
    pins.push(JSON.stringify({ cmd: 'BPF_OBJ_PIN', bpf_fd: '$m', pathname: join(full.dir, `pin${i}`) }));
  }
  const begin = performance.now();
  ctl(full.dir, pins);
  notes.push(`${PINS} pins made in ${(performance.now() - begin).toFixed(0)} ms`);
  for (const options of ['-f', '', '-l'])
    notes.push(`ls ${options} of ${PINS} pins: ${timeLs(options, full.dir).toFixed(0)} ms`);
  if (readdirSync(full.dir).length !== PINS + 1) throw new Error('pins are missing');
  await stop(full);
}

console.table(results);
for (const note of notes) console.log(note);
rmSync(temp, { recursive: true });
