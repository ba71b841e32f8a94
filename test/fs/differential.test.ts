/**
 * The same random operations on our mount and on the kernel's own bpffs: every result and
 * every byte must be the same. BPF_EMU_SEED repeats a run, BPF_EMU_CASES makes it longer.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { noKernelBpf } from '../kernel_bpf.ts';
import { TestMount, whyNoMount } from './support.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));
const oracle = resolve(root, process.env['BPF_EMU_ORACLE'] ?? '../shared/oracle');
const script = join(root, 'test/fs/differential/cases.py');
const seed = `${process.env['BPF_EMU_SEED'] ?? Date.now() % 0x7fffffff}`;
const cases = process.env['BPF_EMU_CASES'] ?? '20';

function whyNot(): string | undefined {
  if (!existsSync(join(oracle, 'bpffs/core.py')))
    return `no recordings in ${oracle} (BPF_EMU_ORACLE names another place)`;
  const dir = mkdtempSync(join(tmpdir(), 'bpf-emu-real-'));
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'bpf', 'none', dir], { stdio: 'ignore' });
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
  } catch {
    return 'needs a kernel with bpffs, root, python3 and a C compiler';
  } finally {
    rmdirSync(dir);
  }
  return noKernelBpf() ?? whyNoMount();
}

type Case = [number: number, steps: unknown[], results: unknown[]];

function parse(output: string, mount: string): Case[] {
  const lines = output.trim().split('\n');
  return lines.map((line) => JSON.parse(line.replaceAll(mount, '$M')) as Case);
}

t.setTimeout(120_000);

const why = whyNot();
for (const kind of ['names', 'reads', 'listing']) {
  t.test(`${cases} cases of ${kind} (seed ${seed})`, { skip: why ?? false }, async (t) => {
    const temp = mkdtempSync(join(tmpdir(), 'bpf-emu-diff-'));
    t.teardown(() => rmSync(temp, { recursive: true }));
    const env = { ...process.env, BPF_EMU_ORACLE: oracle };
    const options = { timeout: 100_000, maxBuffer: 1 << 28 };

    const command = 'mount -t bpf none "$1" && chmod 1777 "$1" && exec python3 "$2" "$3" "$1" native "$4" "$5"';
    const args = ['-m', 'sh', '-c', command, 'sh', temp, script, kind, seed, cases];
    const kernel = parse((await run('unshare', args, { ...options, env })).stdout, temp);

    const library = join(temp, 'preload.so');
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, join(root, 'test/ctl_preload.c')]);
    const mount = await TestMount.make();
    const ourArgs = [script, kind, mount.dir, `so:${library}:emu_bpf`, seed, cases];
    const ourEnv = { ...env, BPF_EMU_CTL: join(mount.dir, 'bpf.ctl'), LD_PRELOAD: library };
    const ours = parse((await run('python3', ourArgs, { ...options, env: ourEnv })).stdout, mount.dir);

    let steps = 0;
    for (const [index, [number, wanted, results]] of kernel.entries()) {
      steps += results.length;
      const mine = ours[index]?.[2] ?? [];
      const at = results.findIndex((result, i) => JSON.stringify(result) !== JSON.stringify(mine[i]));
      if (at >= 0) t.same(mine[at], results[at], `case ${number}, step ${at}: ${JSON.stringify(wanted[at])}`);
    }
    t.ok(steps > 100, `${steps} steps compared`);
    t.equal(ours.length, kernel.length);
    t.equal(await mount.end(), 0, 'unmounted');
  });
}
