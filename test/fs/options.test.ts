import { readFileSync } from 'node:fs';
import t from 'tap';
import { Tree } from '../../fs/inode.ts';
import { parseBpffsOptions, showBpffsOptions } from '../../fs/options.ts';
import { ManualClock } from '../../native/host.ts';
import { Errno } from '../../uapi/errno.ts';

interface Recorded {
  readonly id: string;
  readonly options: string;
  readonly errno?: string;
  readonly shown?: string;
  readonly mode?: string;
  readonly uid?: number;
  readonly gid?: number;
}

const recorded = JSON.parse(
  readFileSync(new URL('../../../test/golden/bpffs/mount_options.json', import.meta.url), 'utf8'),
) as Recorded[];

/** Parses options and shows what a mount with them would be. */
function mounted(options: string): Omit<Recorded, 'id' | 'options'> {
  try {
    const parsed = parseBpffsOptions(options);
    const { root } = new Tree(new ManualClock(), parsed.mode, parsed.uid ?? 0, parsed.gid ?? 0);
    const shown = showBpffsOptions(root, parsed.delegate);
    const mode = (root.mode & 0o7777).toString(8).padStart(4, '0');
    return { shown, mode, uid: root.uid, gid: root.gid };
  } catch (error) {
    if (error instanceof Errno) return { errno: error.code };
    throw error;
  }
}

t.test('mount options are parsed and shown as recorded from Linux 6.18', (t) => {
  for (const { id, options, ...wanted } of recorded) {
    const shown = wanted.shown?.split(',').slice(1).join(',');
    t.same(mounted(options), wanted.errno === undefined ? { ...wanted, shown } : wanted, `${id}: "${options}"`);
  }
  t.end();
});

t.test('a wrong option is named with what is wanted', (t) => {
  t.throws(() => parseBpffsOptions('mode=0799'), { message: /"mode=0799": an octal number/ });
  t.throws(() => parseBpffsOptions('delegate_cmds=map_creat'), { message: /"map_creat" is neither/ });
  t.throws(() => parseBpffsOptions('delegate_maps=0x10000000000000000'), { code: 'ERANGE' });
  t.end();
});
