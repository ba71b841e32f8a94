/** What only the server's own process can do with its mounts; prints what it found as JSON. `life_main.js TEMP` */
import { mkdirSync, statSync } from 'node:fs';
import { mkdir, open, readdir, rename, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRandom } from '../../base/env.ts';
import { mountBpffs } from '../../fs/mount.ts';
import { hostClock } from '../../native/host.ts';
import { Kernel } from '../../syscall/kernel.ts';

const temp = process.argv[2] ?? '.';
const found: Record<string, unknown> = {};
const kernel = new Kernel({ memory: 1 << 26, clock: hostClock(), random: seededRandom(1) });
const a = await mountBpffs(kernel, { dir: join(temp, 'a') });
const b = await mountBpffs(kernel, { dir: join(temp, 'b'), options: 'mode=0700' });

const failed = (action: Promise<unknown>): Promise<string> =>
  action.then(
    () => 'ok',
    (error: NodeJS.ErrnoException) => error.code ?? String(error),
  );

/** Sends lines to a control file: the replies. */
async function ctl(dir: string, lines: readonly object[]): Promise<string[]> {
  const file = await open(join(dir, 'bpf.ctl'), 'r+');
  const replies: string[] = [];
  for (const line of lines) {
    await file.write(`${JSON.stringify(line)}\n`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(65536), 0, 65536, null);
    replies.push(buffer.toString('utf8', 0, bytesRead).trim());
  }
  await file.close();
  return replies;
}

// Two instances of one emulated kernel.
await mkdir(join(a.dir, 'dir'));
found['b is another tree'] = await readdir(b.dir);
found['rename between them'] = await failed(rename(join(a.dir, 'dir'), join(b.dir, 'dir')));
const create = { as: 'm', cmd: 'BPF_MAP_CREATE', map_type: 'array', key_size: 4, value_size: 4, max_entries: 1 };
found['pin in both'] = (
  await ctl(a.dir, [
    create,
    { cmd: 'BPF_OBJ_PIN', bpf_fd: '$m', pathname: join(a.dir, 'pin') },
    { cmd: 'BPF_OBJ_PIN', bpf_fd: '$m', pathname: join(b.dir, 'pin') },
    { cmd: 'BPF_MAP_UPDATE_ELEM', map_fd: '$m', key: 0, value: 7 },
  ])
).every((reply) => reply.startsWith('{"ok":true'));
found['one map'] = kernel.maps.size;
found['pinned'] = [...a.pinned(), ...b.pinned()].map(({ path, kind, id }) => [path.slice(temp.length), kind, id]);
found['got through b'] = (
  await ctl(b.dir, [
    { as: 'm', cmd: 'BPF_OBJ_GET', pathname: join(b.dir, 'pin') },
    { cmd: 'BPF_MAP_LOOKUP_ELEM', map_fd: '$m', key: 0 },
  ])
).map((reply) => JSON.parse(reply).ok);
found['modes'] = [(await stat(a.dir)).mode & 0o7777, (await stat(b.dir)).mode & 0o7777];
await a.umount();
found['the map lives while b has a pin'] = kernel.maps.size;
found['b still serves'] = await readdir(b.dir);

// Nothing is left of what comes and goes.
const before = b.sb.tree.inodes.size;
for (let i = 0; i < 500; i++) {
  await mkdir(join(b.dir, `d${i}`));
  await rmdir(join(b.dir, `d${i}`));
}
for (let i = 0; i < 100 && b.sb.tree.inodes.size > before; i++) await new Promise((resolve) => setTimeout(resolve, 10));
found['inodes after 500 directories came and went'] = b.sb.tree.inodes.size - before;

// In use: an open file keeps it busy, force does not ask.
const file = await open(join(b.dir, 'bpf.ctl'), 'r+');
found['umount while a file is open'] = await failed(b.umount());
await b.umount({ force: true });
found['ended'] = await b.ended;
found['the last map is gone'] = kernel.maps.size;
found['reading the open file'] = await failed(file.read(Buffer.alloc(10), 0, 10, null));
await file.close();

// A server that touches its own mount would wait for itself for ever: the watchdog ends that.
const c = await mountBpffs(kernel, { dir: join(temp, 'c'), watchdog: 1 });
try {
  statSync(join(c.dir, 'never-seen'));
  found['touching its own mount'] = 'ok';
} catch (error) {
  found['touching its own mount'] = (error as NodeJS.ErrnoException).code;
}
await c.umount({ force: true });
mkdirSync(join(temp, 'c', 'free'));
console.log(JSON.stringify(found));
