/** `bpf-emu umount`: unmounts, and clears away what a server that died left behind. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { loadAddon } from '../native/addon.ts';
import { fileError } from '../native/file_error.ts';
import { isGrafted, ungraft } from '../native/graft.ts';
import { mountAt, placeOf } from '../native/mountinfo.ts';
import { EBUSY, EINVAL, Errno, errnoName } from '../uapi/errno.ts';
import { chooseMount } from './common.ts';

const MNT_FORCE = 1;
const MNT_DETACH = 2;
/** How long the server is given to end and to undo its graft. */
const END_TIMEOUT_MS = 2000;

async function umount(named: string, force: boolean): Promise<void> {
  const dir = placeNamed(named);
  const { detachDead, FS_TYPE } = await import('../fs/mount.ts');
  const addon = loadAddon();
  if (await detachDead(addon, dir)) {
    if (isGrafted(dir)) ungraft(addon, dir);
    return;
  }
  if (mountAt(dir)?.type !== FS_TYPE)
    throw new Errno(EINVAL, `no bpf-emu is mounted on ${dir}: "bpf-emu status" lists the mounts`);
  const isRoot = process.geteuid?.() === 0;
  let result = isRoot ? addon.umount(dir, 0) : addon.fuserumount(dir);
  if (result === -EBUSY && force && isRoot) {
    addon.umount(dir, MNT_FORCE);
    result = addon.umount(dir, MNT_DETACH);
  }
  if (result === -EBUSY) {
    throw new Errno(EBUSY, `${dir} is in use: "fuser -vm ${dir}" shows by whom; --force unmounts all the same`);
  }
  if (result < 0) throw new Errno(-result, `cannot unmount ${dir}: ${errnoName(result)}`);
  for (let waited = 0; isGrafted(dir) && waited < END_TIMEOUT_MS; waited += 20) await sleep(20);
  if (isGrafted(dir)) ungraft(addon, dir);
}

/** Where the mount table has it. */
function placeNamed(named: string): string {
  try {
    return placeOf(named);
  } catch (error) {
    throw fileError(`unmount ${named}`, error);
  }
}

/** Adds the command to the program. */
export function addUmountCommand(program: Command): void {
  program
    .command('umount')
    .summary('unmount an emulated bpffs')
    .description('Unmounts an emulated bpffs; its server ends with it. A mount whose server has died is cleared away.')
    .argument('[dir]', 'the mount (default: the usual one, or the only one there is)')
    .option('-f, --force', 'also when files are open there; their users get errors')
    .action(async (dir: string | undefined, options: { readonly force?: boolean }) => {
      await umount(chooseMount(dir, '"bpf-emu umount DIR"'), options.force === true);
    });
}
