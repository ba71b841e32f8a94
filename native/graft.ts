/**
 * A directory of our own in /sys/fs, where sysfs has no mkdir(2): a small tmpfs that holds
 * every entry of /sys/fs by bind mount, plus the new directory, is moved over /sys/fs.
 *
 * Undoing it must not take the real mounts below /sys/fs (cgroup and others) along: so the
 * staging place is private, and every bind mount is a slave of the original, which then
 * hears nothing of what happens to the copy. (A shared copy would hand each umount on.)
 */
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { EBUSY, Errno, errnoName } from '../uapi/errno.ts';
import type { Addon } from './addon.ts';
import { mountAt } from './mountinfo.ts';

/** Source of the tmpfs, by which a graft is known again. */
const GRAFT_SOURCE = 'bpf-emu-graft';

/** mount(2) flags (include/uapi/linux/mount.h). */
const MS = { BIND: 4096, MOVE: 8192, REC: 16384, PRIVATE: 1 << 18, SLAVE: 1 << 19 } as const;
const MNT_DETACH = 2;

/** A mount call that must succeed. */
function must(result: number, action: string): void {
  if (result === 0) return;
  throw new Errno(-result, `Cannot ${action}: ${errnoName(result)}. Mount on another directory, or in "unshare -m"`);
}

/** Whether `dir` is in a grafted directory already (left over, or another mount's). */
export function isGrafted(dir: string): boolean {
  return mountAt(dirname(dir))?.source === GRAFT_SOURCE;
}

/** Makes `dir` (a new name in a directory that cannot have new names). Nothing is left behind when it fails. */
export function graft(addon: Addon, dir: string): void {
  const parent = dirname(dir);
  const staging = mkdtempSync(join(tmpdir(), 'bpf-emu-'));
  const tree = join(staging, 'tree');
  try {
    must(addon.mount(GRAFT_SOURCE, staging, 'tmpfs', 0, 'mode=700,size=64k'), `mount a tmpfs on ${staging}`);
    must(addon.mount('', staging, '', MS.PRIVATE, ''), `make ${staging} private`);
    mkdirSync(tree);
    must(addon.mount(GRAFT_SOURCE, tree, 'tmpfs', 0, 'mode=755,size=1m'), `mount a tmpfs on ${tree}`);
    must(addon.mount('', tree, '', MS.PRIVATE, ''), `make ${tree} private`);
    for (const name of readdirSync(parent)) bindEntry(addon, join(parent, name), join(tree, name));
    mkdirSync(join(tree, basename(dir)));
    must(addon.mount(tree, parent, '', MS.MOVE, ''), `put a directory over ${parent}`);
  } catch (error) {
    addon.umount(tree, MNT_DETACH);
    throw error;
  } finally {
    addon.umount(staging, MNT_DETACH);
    rmdirSync(staging);
  }
}

/** One entry of the directory, at the same name in the copy. */
function bindEntry(addon: Addon, from: string, to: string): void {
  const status = lstatSync(from);
  if (status.isSymbolicLink()) {
    symlinkSync(readlinkSync(from), to);
    return;
  }
  if (status.isDirectory()) mkdirSync(to);
  else writeFileSync(to, '');
  must(addon.mount(from, to, '', MS.BIND | MS.REC, ''), `bind ${from}`);
  must(addon.mount('', to, '', MS.SLAVE | MS.REC, ''), `cut ${to} off`);
}

/** Takes the graft away again. The directory itself must not be mounted on any more. */
export function ungraft(addon: Addon, dir: string): void {
  const parent = dirname(dir);
  const entry = mountAt(parent);
  if (entry?.source !== GRAFT_SOURCE) return;
  if (mountAt(dir) !== undefined) throw new Errno(EBUSY, `Cannot restore ${parent}: ${dir} is still mounted`);
  // With MNT_DETACH the whole tree goes at once, open files or not; slaves tell nobody.
  must(addon.umount(parent, MNT_DETACH), `take the directory over ${parent} away`);
}
