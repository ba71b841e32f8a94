/**
 * What a bpffs does, as a list of named behaviours over a directory on one. Each takes an
 * empty directory and throws when the file system behaves otherwise. They need no bpf(2), so
 * they also run on the kernel's own bpffs:
 *
 *   mount -t bpf none /mnt && node dist/test/fs/behaviours.js /mnt
 */
import { deepStrictEqual as same, throws } from 'node:assert';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface Behaviour {
  readonly name: string;
  readonly run: (dir: string) => void;
}

/** The operation fails with this error. */
function fails(code: string, operation: () => unknown): void {
  throws(operation, { code });
}

/** Names in a directory in the order the file system gives them. */
function list(dir: string): string[] {
  const handle = fs.opendirSync(dir);
  const names: string[] = [];
  for (let entry = handle.readSync(); entry !== null; entry = handle.readSync()) names.push(entry.name);
  handle.closeSync();
  return names;
}

function mode(path: string): string {
  return (fs.lstatSync(path).mode & 0o7777).toString(8);
}

const root = process.getuid?.() === 0;

export const BEHAVIOURS: readonly Behaviour[] = [
  {
    name: 'mkdir makes a directory with two links, and one more for its parent',
    run: (d) => {
      const before = fs.statSync(d).nlink;
      fs.mkdirSync(join(d, 'sub'), 0o750);
      const status = fs.statSync(join(d, 'sub'));
      same([status.nlink, status.size, status.blocks, status.blksize, mode(join(d, 'sub'))], [2, 0, 0, 4096, '750']);
      same(fs.statSync(d).nlink, before + 1);
      fails('EEXIST', () => fs.mkdirSync(join(d, 'sub')));
      fs.rmdirSync(join(d, 'sub'));
      same(fs.statSync(d).nlink, before);
    },
  },
  {
    name: 'mkdir drops set-id bits and keeps the sticky bit',
    run: (d) => {
      fs.mkdirSync(join(d, 'sub'), 0o7755);
      same(mode(join(d, 'sub')), '1755');
    },
  },
  {
    name: 'a set-group-id directory hands down its group and the bit',
    run: (d) => {
      fs.mkdirSync(join(d, 'g'));
      if (root) fs.chownSync(join(d, 'g'), 0, 123);
      fs.chmodSync(join(d, 'g'), 0o2755);
      fs.mkdirSync(join(d, 'g/sub'), 0o700);
      fs.symlinkSync('x', join(d, 'g/link'));
      const { gid } = fs.statSync(join(d, 'g'));
      same([fs.statSync(join(d, 'g/sub')).gid, mode(join(d, 'g/sub'))], [gid, '2700']);
      same(fs.lstatSync(join(d, 'g/link')).gid, gid);
    },
  },
  {
    name: 'a name with a dot is refused before anything else',
    run: (d) => {
      for (const name of ['a.b', '.a', 'a.', '...', `${'x'.repeat(300)}.`]) {
        fails('EPERM', () => fs.mkdirSync(join(`${d}/`, name)));
        fails('EPERM', () => fs.statSync(`${d}/${name}`));
        fails('EPERM', () => fs.symlinkSync('x', `${d}/${name}`));
        fails('EPERM', () => fs.rmdirSync(`${d}/${name}`));
      }
      fs.mkdirSync(join(d, 'a'));
      fails('EPERM', () => fs.renameSync(join(d, 'a'), join(d, 'a.b')));
      fails('ENOENT', () => fs.renameSync(join(d, 'none'), join(d, 'a.b')));
    },
  },
  {
    name: 'in a directory of mode 0000 names may have dots',
    run: (d) => {
      if (!root) return;
      fs.mkdirSync(join(d, 'free'));
      fs.chmodSync(join(d, 'free'), 0);
      fs.mkdirSync(join(d, 'free/a.b'));
      same(list(join(d, 'free')), ['a.b']);
      fs.mkdirSync(join(d, 'free/b.c'));
      fs.chmodSync(join(d, 'free'), 0o755);
      // What is there stays reachable.
      same(fs.statSync(join(d, 'free/b.c')).nlink, 2);
      fs.renameSync(join(d, 'free/b.c'), join(d, 'free/c'));
      fs.rmdirSync(join(d, 'free/a.b'));
      fails('EPERM', () => fs.mkdirSync(join(d, 'free/a.b')));
    },
  },
  {
    name: 'names are bytes, at most 255 of them',
    run: (d) => {
      fs.mkdirSync(join(d, 'x'.repeat(255)));
      fails('ENAMETOOLONG', () => fs.mkdirSync(join(d, 'x'.repeat(256))));
      const odd = Buffer.concat([Buffer.from(`${d}/`), Buffer.from([0xff, 0x01, 0x20, 0x5c, 0x0a])]);
      fs.mkdirSync(odd);
      const names = fs.readdirSync(d, 'buffer').map((name) => name.toString('hex'));
      same(names.includes('ff01205c0a'), true);
      fs.mkdirSync(join(d, 'Case'));
      fs.mkdirSync(join(d, 'case'));
    },
  },
  {
    name: 'regular files cannot be made',
    run: (d) => {
      fails('EACCES', () => fs.openSync(join(d, 'file'), 'w'));
      fails('EACCES', () =>
        fs.openSync(join(d, 'file'), fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL),
      );
      fails('ENOENT', () => fs.openSync(join(d, 'file'), 'r'));
      fs.mkdirSync(join(d, 'dir'));
      fails('EEXIST', () => fs.openSync(join(d, 'dir'), 'wx'));
      fails('EISDIR', () => fs.openSync(join(d, 'dir'), 'w'));
    },
  },
  {
    name: 'entries are listed newest first',
    run: (d) => {
      for (const name of ['one', 'two', 'three']) fs.mkdirSync(join(d, name));
      same(list(d), ['three', 'two', 'one']);
      fs.rmdirSync(join(d, 'two'));
      fs.mkdirSync(join(d, 'two'));
      same(list(d), ['two', 'three', 'one']);
    },
  },
  {
    name: 'a renamed entry is new again',
    run: (d) => {
      for (const name of ['one', 'two', 'three']) fs.mkdirSync(join(d, name));
      fs.renameSync(join(d, 'one'), join(d, 'uno'));
      same(list(d), ['uno', 'three', 'two']);
      fs.renameSync(join(d, 'two'), join(d, 'three'));
      same(list(d), ['three', 'uno']);
    },
  },
  {
    name: 'a directory with many entries is listed completely, also when entries go meanwhile',
    run: (d) => {
      for (let i = 0; i < 700; i++) fs.mkdirSync(join(d, `entry-${i}`));
      same(list(d).length, 700);
      const handle = fs.opendirSync(d, { bufferSize: 16 });
      let seen = 0;
      for (let entry = handle.readSync(); entry !== null; entry = handle.readSync()) {
        fs.rmdirSync(join(d, entry.name));
        seen++;
      }
      handle.closeSync();
      same(seen, 700);
      same(list(d), []);
    },
  },
  {
    name: 'names that go, come or move while a directory is read are left out, unseen, or new',
    run: (d) => {
      // The first listing fills whatever cache there is.
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 400; i++) fs.mkdirSync(join(d, `entry-${i}`));
        if (round > 0) same(list(d).length, 400);
        if (round > 1) same(list(d).length, 400);
        const handle = fs.opendirSync(d, { bufferSize: 1 });
        const seen = new Set<string>();
        for (let i = 0; i < 50; i++) seen.add((handle.readSync() as fs.Dirent).name);
        for (let i = 0; i < 400; i += 2) fs.rmdirSync(join(d, `entry-${i}`));
        for (let i = 0; i < 30; i++) fs.mkdirSync(join(d, `new-${i}`));
        const later: string[] = [];
        for (let entry = handle.readSync(); entry !== null; entry = handle.readSync()) later.push(entry.name);
        handle.closeSync();
        same(
          later.filter((name) => seen.has(name) || name.startsWith('new-')),
          [],
        );
        // What the C library had read ahead may be gone: 32 KiB of entries, all 400 here.
        for (const name of fs.readdirSync(d))
          if (!name.startsWith('new-')) same(seen.has(name) || later.includes(name), true);
        for (const name of fs.readdirSync(d)) fs.rmdirSync(join(d, name));
      }
    },
  },
  {
    name: 'rename moves directories between parents and counts links',
    run: (d) => {
      fs.mkdirSync(join(d, 'a'));
      fs.mkdirSync(join(d, 'b'));
      fs.mkdirSync(join(d, 'a/x'));
      fs.renameSync(join(d, 'a/x'), join(d, 'b/y'));
      same([fs.statSync(join(d, 'a')).nlink, fs.statSync(join(d, 'b')).nlink], [2, 3]);
      same(fs.statSync(join(d, 'b/y/..')).ino, fs.statSync(join(d, 'b')).ino);
      fails('EINVAL', () => fs.renameSync(join(d, 'b'), join(d, 'b/y/z')));
      fails('ENOTEMPTY', () => fs.renameSync(join(d, 'a'), join(d, 'b')));
      fs.symlinkSync('x', join(d, 's'));
      fails('EISDIR', () => fs.renameSync(join(d, 's'), join(d, 'a')));
      fails('ENOTDIR', () => fs.renameSync(join(d, 'a'), join(d, 's')));
      fs.mkdirSync(join(d, 'empty'));
      fs.renameSync(join(d, 'a'), join(d, 'empty'));
      same(list(d).sort(), ['b', 'empty', 's']);
    },
  },
  {
    name: 'rmdir refuses what is not empty, unlink refuses directories',
    run: (d) => {
      fs.mkdirSync(join(d, 'a'));
      fs.mkdirSync(join(d, 'a/b'));
      fails('ENOTEMPTY', () => fs.rmdirSync(join(d, 'a')));
      fails('EISDIR', () => fs.unlinkSync(join(d, 'a')));
      fs.symlinkSync('x', join(d, 's'));
      fails('ENOTDIR', () => fs.rmdirSync(join(d, 's')));
    },
  },
  {
    name: 'symbolic links: mode 0777, size 0, any target, followed',
    run: (d) => {
      fs.mkdirSync(join(d, 'target'));
      fs.symlinkSync('target', join(d, 's'));
      const status = fs.lstatSync(join(d, 's'));
      same([status.isSymbolicLink(), status.size, status.nlink, mode(join(d, 's'))], [true, 0, 1, '777']);
      same(fs.readlinkSync(join(d, 's')), 'target');
      same(fs.statSync(join(d, 's')).ino, fs.statSync(join(d, 'target')).ino);
      fs.symlinkSync('with.dot', join(d, 't'));
      fails('EPERM', () => fs.statSync(join(d, 't')));
      fs.symlinkSync('loop', join(d, 'loop'));
      fails('ELOOP', () => fs.statSync(join(d, 'loop')));
      fs.symlinkSync('y'.repeat(4000), join(d, 'longlink'));
      same(fs.readlinkSync(join(d, 'longlink')).length, 4000);
      fails('EEXIST', () => fs.symlinkSync('x', join(d, 's')));
    },
  },
  {
    name: 'hard links share one inode; directories have none',
    run: (d) => {
      fs.symlinkSync('x', join(d, 'a'));
      fs.linkSync(join(d, 'a'), join(d, 'b'));
      same(fs.lstatSync(join(d, 'a')).nlink, 2);
      same(fs.lstatSync(join(d, 'a')).ino, fs.lstatSync(join(d, 'b')).ino);
      fs.unlinkSync(join(d, 'a'));
      same(fs.lstatSync(join(d, 'b')).nlink, 1);
      fs.mkdirSync(join(d, 'dir'));
      fails('EPERM', () => fs.linkSync(join(d, 'dir'), join(d, 'other')));
      fails('EEXIST', () => fs.linkSync(join(d, 'b'), join(d, 'dir')));
      fails('EPERM', () => fs.linkSync(join(d, 'b'), join(d, 'b.c')));
    },
  },
  {
    name: 'modes, owners and times can be set on everything',
    run: (d) => {
      fs.mkdirSync(join(d, 'dir'));
      fs.chmodSync(join(d, 'dir'), 0o7531);
      same(mode(join(d, 'dir')), '7531');
      if (root) {
        fs.chownSync(join(d, 'dir'), 1000, 1001);
        const { uid, gid } = fs.statSync(join(d, 'dir'));
        same([uid, gid, mode(join(d, 'dir'))], [1000, 1001, '7531']);
        fs.symlinkSync('x', join(d, 's'));
        fs.lchownSync(join(d, 's'), 5, 6);
        same(fs.lstatSync(join(d, 's')).uid, 5);
      }
      fs.utimesSync(join(d, 'dir'), 1_000_000_000.5, 2_000_000_000.25);
      const status = fs.statSync(join(d, 'dir'), { bigint: true });
      same([status.atimeNs, status.mtimeNs], [1_000_000_000_500_000_000n, 2_000_000_000_250_000_000n]);
    },
  },
  {
    name: 'making and removing entries changes the times of the directory',
    run: (d) => {
      const old = new Date(1000);
      for (const change of [
        () => fs.mkdirSync(join(d, 'a')),
        () => fs.symlinkSync('x', join(d, 's')),
        () => fs.linkSync(join(d, 's'), join(d, 't')),
        () => fs.renameSync(join(d, 's'), join(d, 'u')),
        () => fs.unlinkSync(join(d, 't')),
        () => fs.rmdirSync(join(d, 'a')),
      ]) {
        fs.utimesSync(d, old, old);
        change();
        const { atime, mtime, ctime } = fs.statSync(d);
        same([atime.getTime(), mtime > old, ctime > old], [1000, true, true], String(change));
      }
    },
  },
  {
    name: 'reading a link or a directory renews an access time that is older than the last change',
    run: (d) => {
      fs.symlinkSync('x', join(d, 's'));
      const old = new Date(1000);
      fs.lutimesSync(join(d, 's'), old, new Date());
      fs.readlinkSync(join(d, 's'));
      same(fs.lstatSync(join(d, 's')).atime > old, true);
      fs.mkdirSync(join(d, 'dir'));
      fs.utimesSync(join(d, 'dir'), old, new Date());
      list(join(d, 'dir'));
      same(fs.statSync(join(d, 'dir')).atime > old, true);
    },
  },
  {
    name: 'a removed directory that is still open is empty and takes nothing',
    run: (d) => {
      fs.mkdirSync(join(d, 'dir'));
      const fd = fs.openSync(join(d, 'dir'), fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
      fs.rmdirSync(join(d, 'dir'));
      same(fs.fstatSync(fd).nlink, 0);
      fails('ENOENT', () => fs.mkdirSync(`/proc/self/fd/${fd}/x`));
      fs.closeSync(fd);
    },
  },
  {
    name: 'directories can be synced, not read or truncated',
    run: (d) => {
      const fd = fs.openSync(d, 'r');
      fs.fsyncSync(fd);
      fails('EISDIR', () => fs.readSync(fd, Buffer.alloc(10)));
      fs.closeSync(fd);
      fails('EISDIR', () => fs.truncateSync(d));
    },
  },
  {
    name: 'statfs: blocks of 4096 bytes, nothing counted',
    run: (d) => {
      const { bsize, blocks, bfree, bavail, files, ffree } = fs.statfsSync(d);
      same([bsize, blocks, bfree, bavail, files, ffree], [4096, 0, 0, 0, 0, 0]);
    },
  },
];

/** Runs a behaviour in a new directory below `base`, and clears it away: undefined, or what went wrong. */
export function tryBehaviour(behaviour: Behaviour, base: string): unknown {
  const dir = join(base, `b${process.pid}`);
  fs.mkdirSync(dir);
  try {
    behaviour.run(dir);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.umask(0o022);
  let failures = 0;
  for (const behaviour of BEHAVIOURS) {
    const error = tryBehaviour(behaviour, process.argv[2] ?? '.');
    if (error !== undefined) failures++;
    console.log(`${error === undefined ? 'ok' : 'not ok'} - ${behaviour.name}`);
    if (error !== undefined) console.log(String(error instanceof Error ? error.stack : error).replace(/^/gm, '  # '));
  }
  process.exitCode = failures === 0 ? 0 : 1;
}
