/**
 * What the kernel's bpffs was recorded to do, replayed through a real mount and bpf(2) over
 * the control file. Every difference must stand in docs/coverage/fs.md.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { TestMount, whyNoMount } from './support.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const oracle = resolve(root, process.env['BPF_EMU_ORACLE'] ?? '../shared/oracle');
const replay = join(oracle, 'bpffs', 'replay');
/** All areas, which takes a minute, when the place of the recordings is named; else a part. */
const AREAS =
  process.env['BPF_EMU_ORACLE'] === undefined
    ? 'names,rename,create,readdir,times,cat,root,inotify'
    : 'names,rename,create,readdir,times,cat,root,inotify,path,open,pin,fdop,perm,iter';

function whyNot(): string | undefined {
  if (!existsSync(replay)) return `no recordings in ${oracle} (BPF_EMU_ORACLE names another place)`;
  if (process.getuid?.() !== 0) return 'the recordings are of root';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return "the replay looks for the kernel's types";
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
  } catch {
    return 'needs python3 and a C compiler';
  }
  return whyNoMount();
}

/** The ids that docs/coverage/fs.md explains. */
function explained(): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const line of readFileSync(join(root, 'docs/coverage/fs.md'), 'utf8').split('\n')) {
    const cell = /^\| ([\w., ]+) \|/.exec(line)?.[1];
    for (const id of cell?.split(', ') ?? []) if (id.includes('.')) ids.add(id);
  }
  return ids;
}

t.setTimeout(240_000);

t.test('the file system answers as recorded', { skip: whyNot() ?? false }, async (t) => {
  const temp = mkdtempSync(join(tmpdir(), 'bpf-emu-c-'));
  t.teardown(() => rmSync(temp, { recursive: true }));
  const library = join(temp, 'preload.so');
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, join(root, 'test/ctl_preload.c')]);
  const mount = await TestMount.make();
  const args = ['--mount', mount.dir, '--bpf', `so:${library}:emu_bpf`, '--areas', AREAS];
  const env = { ...process.env, BPF_EMU_CTL: join(mount.dir, 'bpf.ctl'), LD_PRELOAD: library };
  // Exit status 1 says that something differs, which is looked at here.
  const { stdout, stderr } = await promisify(execFile)(replay, args, {
    env,
    timeout: 230_000,
    maxBuffer: 1 << 26,
  }).catch((error) => error);
  const cases = Number(/^(\d+) cases/m.exec(stdout)?.[1] ?? 0);
  t.ok(cases > 100, `${cases} cases ${stderr}`);
  const different = [...stdout.matchAll(/^DIFF (\S+)/gm)].map(([, id]) => id as string);
  t.comment(`areas ${AREAS}: ${cases - different.length} of ${cases} equal`);
  const known = explained();
  t.strictSame(
    different.filter((id) => !known.has(id)),
    [],
    'every difference is explained in docs/coverage/fs.md',
  );
  t.equal(await mount.end(), 0, 'unmounted');
});
