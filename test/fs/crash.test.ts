import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import t from 'tap';
import { TestMount, whyNoMount } from './support.ts';

// The machine may be busy.
t.setTimeout(120_000);

const skip = whyNoMount() ?? false;

t.test('after a crash clients get an error, and the next mount clears up', { skip }, async (t) => {
  const first = await TestMount.make();
  t.ok(statSync(first.dir).isDirectory());
  first.process.kill('SIGKILL');
  await once(first.process, 'exit');
  t.throws(() => statSync(`${first.dir}/bpf.ctl`), { code: 'ENOTCONN' }, 'the mount is dead');

  const second = await TestMount.make('', first.dir);
  t.equal(statSync(`${second.dir}/bpf.ctl`).size, 0, 'the second server answers at the same place');
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  t.equal(lines.filter((line) => line.includes(` ${second.dir} `)).length, 1, 'no dead mount is left below it');
  t.equal(await second.end(), 0);
});

t.test('a second mount on the same directory is refused with advice', { skip }, async (t) => {
  const mount = await TestMount.make();
  await t.rejects(TestMount.make('', mount.dir), /EBUSY.*already mounted/);
  t.ok(statSync(mount.dir).isDirectory(), 'the first one still serves');
  t.equal(await mount.end(), 0);
});

t.test('a wrong option is refused before anything is mounted', { skip }, async (t) => {
  await t.rejects(TestMount.make('mode=9'), /EINVAL.*octal number/);
});

t.test('options decide on the root and are shown', { skip }, async (t) => {
  const mount = await TestMount.make('mode=0750,uid=1,gid=0x2,delegate_cmds=map_create');
  const { mode, uid, gid } = statSync(mount.dir);
  t.same([(mode & 0o7777).toString(8), uid, gid], ['1750', 1, 2]);
  t.equal(await mount.ask('options'), 'uid=1,gid=2,mode=750,delegate_cmds=map_create');
  t.equal(await mount.end(), 0);
});
