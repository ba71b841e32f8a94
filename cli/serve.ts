/** The server of a mount: an emulated kernel, its mounts, and the commands that join it. */
import { execSessionCommands } from '../exec/join.ts';
import type { ExecNative } from '../exec/native.ts';
import { Supervisor } from '../exec/supervisor.ts';
import { type MountHandle, type MountSetup, mountBpffs } from '../fs/mount.ts';
import { loadAddon } from '../native/addon.ts';
import type { SessionCommand } from '../syscall/ctl_json/session.ts';
import { emuProgRun } from '../syscall/prog_run/index.ts';
import { TraceBuffer } from '../vm/trace.ts';
import { EXIT, reportError } from './common.ts';
import { serveCommand } from './join.ts';
import type { MountFlags } from './mount_flags.ts';
import { lineSink, outliveReaders } from './output.ts';
import { clockCommand, makeKernel, statusCommand, warmUpWhenIdle } from './server.ts';
import { traceCommand } from './trace.ts';
import { kernelTypes } from './vmlinux.ts';

/** Mounts and serves; returns when the last mount of the emulated kernel is gone. */
export async function serve(dir: string, flags: MountFlags, announce: (dir: string) => void): Promise<number> {
  const types = kernelTypes(flags.vmlinuxBtf);
  const kernel = makeKernel(flags, types);
  const mounts = new Set<MountHandle>();
  const native = loadAddon<ExecNative>();
  let supervisor: Supervisor | undefined;
  let status = 0;
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const printed = new TraceBuffer();
  kernel.vm.onTrace = printed.push;
  const commands = new Map<string, SessionCommand>([
    ['EMU_STATUS', statusCommand(kernel, types, () => [...mounts])],
    ['EMU_PROG_RUN', emuProgRun(kernel)],
    ['EMU_TRACE', traceCommand(printed)],
    ['EMU_CLOCK', clockCommand(kernel)],
    [
      'EMU_SERVE',
      serveCommand((handed) => {
        start(handed).catch(reportError);
      }),
    ],
    ...execSessionCommands(native, types.shown, () => {
      const [first] = mounts;
      supervisor ??= new Supervisor({
        kernel,
        native,
        standsAlone: types.shown !== undefined,
        ...(first === undefined ? {} : { pins: first.pins }),
      });
      return supervisor;
    }),
  ]);
  const trace = flags.traceFuse === undefined ? {} : { trace: lineSink(flags.traceFuse, 'a') };
  const start = async (where: MountSetup): Promise<MountHandle> => {
    const mount = await mountBpffs(kernel, { ...where, ...trace, commands, printed, spin: flags.spin });
    mounts.add(mount);
    mount.ended.then((errno) => {
      if (errno !== 0) status = EXIT.failure;
      mounts.delete(mount);
      if (mounts.size === 0) finish();
    });
    return mount;
  };
  const stop = (): void => {
    for (const mount of mounts) mount.umount({ force: true }).catch(reportError);
  };
  const mount = await start({ dir, options: flags.options ?? '' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  outliveReaders();
  announce(mount.dir);
  warmUpWhenIdle(kernel);
  await finished;
  supervisor?.close();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, stop);
  return status;
}
