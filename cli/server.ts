/** The emulated kernel of a mount and what it tells about itself (`EMU_STATUS`). */

import type { Clock } from '../base/env.ts';
import type { MountHandle } from '../fs/mount.ts';
import { hostClock, type KernelTypes, ManualClock, possibleCpus, randomSource } from '../native/host.ts';
import type { SessionCommand } from '../syscall/ctl_json/session.ts';
import { Kernel } from '../syscall/kernel.ts';
import { CAP } from '../uapi/capability.ts';
import { EINVAL, EPERM, Errno } from '../uapi/errno.ts';
import { warmUp } from '../vm/jit/warm_up.ts';
import { driveTimers } from '../vm/timers.ts';
import { type KernelFlags, projectVersion } from './flags.ts';
import { kernelTypes } from './vmlinux.ts';

/** Turns of timers in one step of the clock: one may start itself again at once for ever. */
const TURNS_MAX = 100_000;

/** An emulated kernel as the options say. `types` are those that the options choose, where they are known already. */
export function makeKernel(flags: KernelFlags, types: KernelTypes = kernelTypes(flags.vmlinuxBtf)): Kernel {
  const kernel = new Kernel({
    cpus: flags.cpus ?? possibleCpus(),
    memory: flags.memory,
    clock: clockOf(flags),
    random: randomSource(flags.seed),
    vmlinux: types.bytes,
  });
  kernel.onBug = (error) => console.error('bpf-emu: internal error, please report it:', error);
  kernel.vm.onNote = (message) => console.error(`bpf-emu: ${message}`);
  if (flags.engine !== undefined) kernel.vm.engine = flags.engine;
  if (flags.runBudget !== undefined) kernel.vm.budgetMs = flags.runBudget;
  kernel.vm.onBudget = (message) => console.error(`bpf-emu: ${message}; --run-budget gives it more`);
  // A run that is to be repeated must not depend on when somebody asked for something.
  if (flags.seed !== undefined || flags.clock !== undefined) kernel.doors.closed++;
  if (flags.clock === undefined)
    driveTimers(kernel.vm, hostTimer, (error) => console.error(`bpf-emu: a timer of a program: ${error}`));
  return kernel;
}

function clockOf({ clock }: KernelFlags): Clock {
  return clock === undefined ? hostClock() : new ManualClock(clock.now, clock.epoch);
}

/**
 * `EMU_CLOCK {"advance": nanoseconds}`: moves a clock that stands still (`--clock`) and runs
 * the timers and work that are due then; without `advance` it tells the time.
 */
export function clockCommand(kernel: Kernel): SessionCommand {
  const fields = {
    advance: { type: ['integer', 'string'], minimum: 0, pattern: '^\\d+$', description: 'a number of nanoseconds' },
  } as const;
  const run: SessionCommand['run'] = ({ advance = 0 }, caller) => {
    const { clock } = kernel;
    const step = typeof advance === 'string' && /^\d+$/.test(advance) ? Number(advance) : advance;
    if (typeof step !== 'number' || !Number.isSafeInteger(step) || step < 0)
      throw new Errno(EINVAL, `advance: ${JSON.stringify(advance)} found, a number of nanoseconds is wanted`);
    if (step > 0 && !caller.hasCap(CAP.SYS_TIME)) throw new Errno(EPERM, 'moving the clock wants CAP_SYS_TIME');
    if (!(clock instanceof ManualClock)) {
      if (advance === 0) return { monotonic: `${clock.monotonic()}`, realtime: `${clock.realtime()}`, ran: 0 };
      throw new Errno(EINVAL, 'The clock is that of the machine: start with --clock to move it');
    }
    const ran = advanceClock(kernel, clock, BigInt(step));
    return { monotonic: `${clock.monotonic()}`, realtime: `${clock.realtime()}`, ran };
  };
  return { fields, run };
}

/** Moves a clock by some nanoseconds, and runs what is due on the way, each at its time: how many callbacks ran. */
export function advanceClock(kernel: Kernel, clock: ManualClock, nanoseconds: bigint): number {
  const { timers } = kernel.vm;
  const end = clock.monotonic() + nanoseconds;
  let ran = 0;
  for (let turns = 0; turns < TURNS_MAX; turns++) {
    const due = timers.nextDue;
    if (due === undefined || due > end) break;
    if (due > clock.monotonic()) clock.advance(due - clock.monotonic());
    ran += timers.run(clock.monotonic());
  }
  clock.advance(end - clock.monotonic());
  return ran;
}

/** A timer of the event loop that does not keep the process alive. */
function hostTimer(milliseconds: number, callback: () => void): () => void {
  const timer = setTimeout(callback, milliseconds);
  timer.unref();
  return () => clearTimeout(timer);
}

/** A moment is idle when so many milliseconds were spent on others for no more than this share. */
const IDLE_MS = 20;
const IDLE_SHARE = 0.1;

/** Makes the compiler ready for the first program, in the first idle moment in which that is `worthwhile`. */
export function warmUpWhenIdle({ vm }: Kernel, worthwhile: () => boolean = () => true): void {
  if (vm.engine === 'interp') return;
  let since = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, since);
    since = now;
    if (utilization > IDLE_SHARE || !worthwhile()) return;
    clearInterval(timer);
    warmUp(vm);
  }, IDLE_MS);
  timer.unref();
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
  /** Where the kernel's types are from: `host`, `builtin`, or a file. */
  readonly vmlinux_btf: string;
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
export function statusCommand(
  kernel: Kernel,
  types: KernelTypes,
  mounts: () => readonly MountHandle[],
): SessionCommand {
  const version = projectVersion();
  const run = (): Omit<StatusReply, 'ok'> => ({
    version,
    kernel: kernel.profile.name,
    pid: process.pid,
    uptime: Math.round(process.uptime()),
    cpus: kernel.nrCpus,
    vmlinux_btf: types.source,
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
  return { fields: {}, run };
}
