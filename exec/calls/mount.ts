/** mount(2) of a bpffs: an instance of ours, where the supervisor can serve one. */
import { parseBpffsOptions } from '../../fs/options.ts';
import { CAP } from '../../uapi/capability.ts';
import { EFAULT, EINVAL, Errno } from '../../uapi/errno.ts';
import type { CurrentCall } from '../call.ts';
import { ANSWERED, CONTINUE } from '../native.ts';

/** Flags of mount(2) (include/uapi/linux/mount.h). */
const MS_RDONLY = 1;
/** REMOUNT, BIND, MOVE, UNBINDABLE, PRIVATE, SLAVE, SHARED: an existing mount is meant. */
const MS_NOT_NEW = 32 | 4096 | 8192 | (15 << 17);
const MS_REMOUNT = 32;
const MS_NOATIME = 1024;
const MS_STRICTATIME = 1 << 24;
const MS_BIND = 4096;
/** Options that the kernel takes for any file system (`common_set_sb_flag`). */
const GENERIC_OPTIONS: ReadonlySet<string> = new Set([
  'ro',
  'rw',
  'sync',
  'async',
  'dirsync',
  'lazytime',
  'nolazytime',
]);
/** Those that a new mount takes: RDONLY to NOEXEC, SYNCHRONOUS, DIRSYNC, NOATIME, NODIRATIME, SILENT, RELATIME, STRICTATIME, LAZYTIME. */
const MS_FLAGS = 31 | 128 | 1024 | 2048 | 32768 | (1 << 21) | (1 << 24) | (1 << 25);

/** mount(2) of a bpffs: an instance of ours. What changes an existing mount, and all other types, is the kernel's. */
export function mount(call: CurrentCall): number {
  const { serve } = call.host;
  const type = call.path(call.long(2));
  const flags = call.long(3);
  if (serve === undefined || typeof type === 'number' || Buffer.from(type).toString('latin1') !== 'bpf')
    return CONTINUE;
  const isRemount = (flags & MS_REMOUNT) !== 0 && (flags & MS_BIND) === 0;
  if (((flags & MS_NOT_NEW) !== 0 && !isRemount) || !call.caller.hasCap(CAP.SYS_ADMIN)) return CONTINUE;
  const given = call.long(0) === 0 ? -EFAULT : call.path(call.long(0));
  const source = typeof given === 'number' ? 'none' : Buffer.from(given).toString('latin1');
  const target = call.path(call.long(1));
  const data = call.long(4) === 0 ? new Uint8Array(0) : call.path(call.long(4));
  if (typeof target === 'number') return target;
  if (typeof data === 'number') return data;
  const dir = Buffer.from(target).toString('latin1');
  const options = Buffer.from(data).toString('latin1');
  try {
    parseBpffsOptions(options);
  } catch (error) {
    return error instanceof Errno ? -error.errno : -EINVAL;
  }
  // The options of a file system cannot be changed; the kernel changes the flags.
  if (isRemount) return CONTINUE;
  const { tid } = call.caller;
  const resume = call.later();
  const generic = options.split(',').filter((word) => GENERIC_OPTIONS.has(word));
  call.native.supMountBpf(
    tid,
    source === '' ? 'none' : source,
    dir,
    flags & MS_FLAGS,
    generic.join(','),
    (errno, fuseFd, dev) => {
      if (errno !== 0) resume(-errno);
      else
        serve({ fuseFd, dev, dir, options: [...optionWords(flags), options].join(',') }).then(
          () => resume(0),
          () => resume(-EINVAL),
        );
    },
  );
  return ANSWERED;
}

/** Flags of mount(2) that decide on access times and writing, as option words. */
function optionWords(flags: number): string[] {
  const words: readonly (readonly [number, string])[] = [
    [MS_RDONLY, 'ro'],
    [MS_NOATIME, 'noatime'],
    [MS_STRICTATIME, 'strictatime'],
  ];
  return words.filter(([bit]) => (flags & bit) !== 0).map(([, word]) => word);
}
