/**
 * `bpf-emu mount --join DIR`: one more instance of bpffs over the emulated kernel of a
 * running server.
 *
 * The client mounts, with its own rights and in its own namespace, and hands the
 * descriptor of /dev/fuse to the server by one JSON line on the control file:
 * `{"cmd":"EMU_SERVE","pid":PID,"fd":N,"dir":…,"dev":…,"options":…}`.
 */
import { closeSync } from 'node:fs';
import { takeDescriptor } from '../exec/launch.ts';
import type { ExecNative } from '../exec/native.ts';
import { ask, openControl } from '../fs/ctl_client.ts';
import { mountForServer } from '../fs/mount.ts';
import { parseBpffsOptions } from '../fs/options.ts';
import { loadAddon } from '../native/addon.ts';
import { mountAt } from '../native/mountinfo.ts';
import type { SessionCommand } from '../syscall/ctl_json/session.ts';
import { EINVAL, EPERM, Errno } from '../uapi/errno.ts';

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
  const number = { type: 'integer', minimum: 0, description: 'a whole number' } as const;
  const text = { type: 'string', description: 'text' } as const;
  const fields = { pid: number, fd: number, dev: number, dir: text, options: text };
  const run: SessionCommand['run'] = ({ pid, fd, dir, dev, options }, caller) => {
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
  return { fields, run };
}

/** The client's side: mounts on `dir` and hands the mount to the server of `server`. Where it is mounted. */
export async function joinServer(server: string, dir: string, options: string): Promise<string> {
  const ctl = openControl(server);
  try {
    const place = await mountForServer(dir, options);
    const dev = mountAt(place.dir)?.dev ?? 0;
    const request = { cmd: 'EMU_SERVE', pid: process.pid, fd: place.fd, dir: place.dir, dev, options };
    const addon = loadAddon();
    try {
      ask(ctl, request);
      addon.closeFd(place.fd);
      return place.dir;
    } catch (error) {
      addon.closeFd(place.fd);
      if (place.byHelper) addon.fuserumount(place.dir);
      else addon.umount(place.dir, 0);
      place.undo();
      throw error;
    }
  } finally {
    closeSync(ctl);
  }
}
