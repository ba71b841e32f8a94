/**
 * `bpf-emu mount --join DIR`: one more instance of bpffs over the emulated kernel of a
 * running server.
 *
 * The client mounts, with its own rights and in its own namespace, and hands the
 * descriptor of /dev/fuse to the server by one JSON line on the control file:
 * `{"cmd":"EMU_SERVE","pid":PID,"fd":N,"dir":…,"dev":…,"options":…}`.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { takeDescriptor } from '../exec/launch.ts';
import type { ExecNative } from '../exec/native.ts';
import { mountForServer } from '../fs/mount.ts';
import { parseBpffsOptions } from '../fs/options.ts';
import { loadAddon } from '../native/addon.ts';
import { mountAt } from '../native/mountinfo.ts';
import type { SessionCommand } from '../syscall/ctl_json/session.ts';
import { EINVAL, EIO, EPERM, Errno, errnoNumber } from '../uapi/errno.ts';

/** An instance that a server takes over. */
export interface HandedMount {
  readonly dir: string;
  readonly fuseFd: number;
  readonly dev: number;
  readonly options: string;
}

/** The server's side. `serve` starts serving; only the server's own user and root may hand over mounts. */
export function serveCommand(serve: (mount: HandedMount) => void): SessionCommand {
  const native = loadAddon<ExecNative>();
  return ({ pid, fd, dir, dev, options }, caller) => {
    if (typeof pid !== 'number' || typeof fd !== 'number' || typeof dev !== 'number')
      throw new Errno(EINVAL, 'EMU_SERVE wants "pid", "fd" and "dev", all whole numbers');
    if (typeof dir !== 'string' || typeof options !== 'string')
      throw new Errno(EINVAL, 'EMU_SERVE wants "dir" and "options", both text');
    if (caller.uid !== 0 && caller.uid !== process.geteuid?.())
      throw new Errno(EPERM, "only root and the server's own user may add a mount to it");
    parseBpffsOptions(options);
    serve({ dir, fuseFd: takeDescriptor(native, pid, fd), dev, options });
    return {};
  };
}

/** The client's side: mounts on `dir` and hands the mount to the server of `server`. Where it is mounted. */
export async function joinServer(server: string, dir: string, options: string): Promise<string> {
  const ctl = openSync(join(server, 'bpf.ctl'), 'r+');
  try {
    const place = await mountForServer(dir, options);
    const dev = mountAt(place.dir)?.dev ?? 0;
    const request = { cmd: 'EMU_SERVE', pid: process.pid, fd: place.fd, dir: place.dir, dev, options };
    writeSync(ctl, `${JSON.stringify(request)}\n`);
    const bytes = Buffer.alloc(1 << 16);
    const reply = JSON.parse(bytes.toString('utf8', 0, readSync(ctl, bytes, 0, bytes.length, null))) as Reply;
    const addon = loadAddon();
    if (reply.ok) {
      addon.closeFd(place.fd);
      return place.dir;
    }
    addon.closeFd(place.fd);
    if (place.byHelper) addon.fuserumount(place.dir);
    else addon.umount(place.dir, 0);
    place.undo();
    throw new Errno(errnoNumber(reply.errno ?? '') ?? EIO, reply.message ?? `the server of ${server} refused`);
  } finally {
    closeSync(ctl);
  }
}

interface Reply {
  readonly ok: boolean;
  readonly errno?: string;
  readonly message?: string;
}
