/** The emulated kernel of a mount and what it tells about itself (`EMU_STATUS`). */
import type { MountHandle } from '../fs/mount.ts';
import { hostBtf, hostClock, possibleCpus, randomSource } from '../native/host.ts';
import type { SessionCommand } from '../syscall/ctl_json/session.ts';
import { Kernel } from '../syscall/kernel.ts';
import { driveTimers } from '../vm/timers.ts';
import { type KernelFlags, projectVersion } from './flags.ts';

/** An emulated kernel as the options say. */
export function makeKernel(flags: KernelFlags): Kernel {
  const kernel = new Kernel({
    cpus: flags.cpus ?? possibleCpus(),
    memory: flags.memory,
    clock: hostClock(),
    random: randomSource(flags.seed),
    vmlinux: hostBtf(),
  });
  kernel.onBug = (error) => console.error('bpf-emu: internal error, please report it:', error);
  if (flags.engine === 'interp') kernel.vm.engine = 'interp';
  driveTimers(kernel.vm, hostTimer, (error) => console.error(`bpf-emu: a timer of a program: ${error}`));
  return kernel;
}

/** A timer of the event loop that does not keep the process alive. */
function hostTimer(milliseconds: number, callback: () => void): () => void {
  const timer = setTimeout(callback, milliseconds);
  timer.unref();
  return () => clearTimeout(timer);
}

/** What `bpf-emu status` asks the server of a mount. */
export interface StatusReply {
  readonly ok: true;
  readonly version: string;
  readonly kernel: string;
  readonly pid: number;
  /** Seconds since the server started. */
  readonly uptime: number;
  readonly cpus: number;
  readonly memory: { readonly arena: number; readonly used: number; readonly peak: number; readonly resident: number };
  readonly objects: { readonly maps: number; readonly progs: number; readonly links: number; readonly btfs: number };
  readonly mounts: readonly MountStatus[];
}

/** One mount in a {@link StatusReply}. */
export interface MountStatus {
  readonly dir: string;
  /** Options as /proc/mounts would show them on a real bpffs; empty when all are the default. */
  readonly options: string;
  readonly requests: number;
  readonly openFiles: number;
  readonly pins: number;
}

/** The `EMU_STATUS` command over the mounts of a kernel. */
export function statusCommand(kernel: Kernel, mounts: () => readonly MountHandle[]): SessionCommand {
  const version = projectVersion();
  return (): Omit<StatusReply, 'ok'> => ({
    version,
    kernel: kernel.profile.name,
    pid: process.pid,
    uptime: Math.round(process.uptime()),
    cpus: kernel.nrCpus,
    memory: {
      arena: kernel.arena.size,
      used: kernel.arena.used,
      peak: kernel.arena.peak,
      resident: process.memoryUsage.rss(),
    },
    objects: {
      maps: kernel.maps.size,
      progs: kernel.progs.size,
      links: kernel.links.size,
      btfs: kernel.btfs.size,
    },
    mounts: mounts().map((mount) => ({
      dir: mount.dir,
      options: mount.options,
      requests: mount.requests,
      openFiles: mount.openFiles,
      pins: mount.pinned().length,
    })),
  });
}
