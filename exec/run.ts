/**
 * `bpf-emu exec`: runs a command with an emulated kernel of its own, for the life of
 * the command. The launcher mounts the file system in the command's own mount
 * namespace, so nothing is left of it when the command's last process has gone.
 */
import type { BpfObject } from '../base/object.ts';
import type { Kernel } from '../syscall/kernel.ts';
import { CAP_FULL_SET } from '../uapi/capability.ts';
import { Errno } from '../uapi/errno.ts';
import type { MountedFuse } from './call.ts';
import type { PinStore } from './caller.ts';
import { type EachOutcome, eachReport, type Fault, type FaultEach } from './fault.ts';
import { launch } from './launch.ts';
import { LoosePins } from './loose_pins.ts';
import type { ExecNative } from './native.ts';
import type { ObservedCall, Observer } from './observer.ts';
import { Supervisor } from './supervisor.ts';
import { Watch } from './watch.ts';
import { watchedNumbers } from './watched_calls.ts';

/** Exit status when we fail ourselves, as env(1) has it. */
export const EXIT_CANNOT_RUN = 125;

/** How long processes that a command has left may go on, in milliseconds. */
const GRACE_MS = 500;

/** A mount that is served for the command. */
export interface ServedMount {
  readonly pins: PinStore;
  /** Ends serving. */
  close(): void;
}

/** What `bpf-emu exec` is told. */
export interface ExecOptions {
  readonly native: ExecNative;
  /** Path of the launcher (build/Release/bpf-emu-launch). */
  readonly launcher: string;
  readonly command: readonly string[];
  /** Makes the emulated kernel; called once a run. */
  readonly makeKernel: () => Kernel;
  /**
   * Serves a file system on a descriptor of /dev/fuse that is mounted; `dev` is its st_dev,
   * `options` are those of the mount.
   */
  readonly serve: (kernel: Kernel, mounted: MountedFuse) => Promise<ServedMount>;
  /** Runs without a file system: OBJ_PIN and OBJ_GET find no bpffs. */
  readonly noMount?: boolean;
  /** Types of the emulated kernel, for the command to read where they are not the machine's ({@link launch}). */
  readonly vmlinux?: Uint8Array | undefined;
  /** Binds the command and this server to one CPU. */
  readonly cpu?: number;
  /** Names of system calls that programs may wait for, besides the usual ones ({@link watchedNumbers}). */
  readonly syscalls?: string;
  readonly faults?: readonly (Fault | FaultEach)[];
  /** Prints each call: `--trace`, `--trace-json`. */
  readonly trace?: 'text' | 'json';
  /** Where traced lines go; default: standard error. */
  readonly traceLine?: (line: string) => void;
  /** Prints a table of calls at the end. */
  readonly stats?: boolean;
  /** Where reports go; default: standard error. */
  readonly report?: (text: string) => void;
}

/** Runs the command; its exit status (128 + n for signal n, 125 to 127 as env(1)). */
export async function execCommand(options: ExecOptions): Promise<number> {
  const report = options.report ?? ((text) => process.stderr.write(text));
  const faults = options.faults ?? [];
  const each = faults.find((fault) => !('first' in fault));
  try {
    if (each !== undefined) return await runEach(options, each, report);
    return await runOnce(options, faults as readonly Fault[], report);
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
    report(`bpf-emu exec: ${error.message}\n`);
    return EXIT_CANNOT_RUN;
  }
}

async function runOnce(
  options: ExecOptions,
  faults: readonly Fault[],
  report: (text: string) => void,
  extra: readonly Observer[] = [],
  onKilled: () => void = () => {},
): Promise<number> {
  const { native } = options;
  if (options.cpu !== undefined) {
    const pinned = native.supPin(options.cpu);
    if (pinned < 0) throw new Errno(-pinned, `cannot run on CPU ${options.cpu}`);
  }
  const kernel = options.makeKernel();
  const started = await launch({
    launcher: options.launcher,
    command: options.command,
    ...(options.noMount === true ? {} : { fuse: 'default_permissions' }),
    vmlinux: options.vmlinux,
    native,
    watch: watchedNumbers(options.syscalls ?? ''),
    ...(options.cpu === undefined ? {} : { cpu: options.cpu }),
  });
  if (!('pid' in started)) return started.status;
  const mounts: ServedMount[] = [];
  let mount: ServedMount | undefined;
  const traceLine = options.traceLine ?? ((line: string) => report(`${line}\n`));
  const watch = new Watch(
    { faults, stats: options.stats === true, ...(options.trace === undefined ? {} : { trace: options.trace }) },
    traceLine,
    extra,
  );
  try {
    if (started.fuse >= 0) {
      const fuseFd = started.take(native, 'fuse');
      mount = await options.serve(kernel, { fuseFd, dev: started.dev, dir: '/sys/fs/bpf', options: 'uid=0,gid=0' });
      mounts.push(mount);
    }
    const pins = mount === undefined || started.root ? mount?.pins : rootPins(mount.pins);
    const serve = async (mounted: MountedFuse): Promise<void> => {
      mounts.push(await options.serve(kernel, mounted));
    };
    const loose = mount === undefined && options.noMount !== true ? new LoosePins() : undefined;
    const store = pins ?? loose;
    const supervisor = new Supervisor({
      kernel,
      native,
      // Where nothing can be mounted for the command, nothing it asks for can be either.
      ...(started.bare ? {} : { serve }),
      ...(store === undefined ? {} : { pins: store }),
      standsAlone: options.vmlinux !== undefined,
      shownTypes: started.bare ? options.vmlinux : undefined,
    });
    const listener = started.take(native, 'listener');
    let hasEnded = (): void => {};
    const ended = new Promise<void>((resolve) => {
      hasEnded = resolve;
    });
    const session = supervisor.attach(
      listener,
      started.bare ? 'any' : native.supUserNs(started.pid),
      watch.observers,
      hasEnded,
    );
    started.go();
    const status = await started.status;
    if (started.wasKilled()) onKilled();
    // What the command has left running gets a moment to end; the kernel lives no longer than the command.
    await atMost(ended, GRACE_MS);
    session.stop();
    started.end();
    loose?.clear();
    supervisor.close();
    report(watch.report());
    return status;
  } catch (error) {
    started.end();
    throw error;
  } finally {
    for (const served of mounts) served.close();
  }
}

/** Waits for something, but not longer than some milliseconds. */
function atMost(event: Promise<void>, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    event.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * In the user namespace that the launcher makes for an ordinary user, that user is
 * root, and the file system shows its owner so.
 */
function rootPins(pins: PinStore): PinStore {
  const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  return {
    dev: pins.dev,
    ctlIno: pins.ctlIno,
    has: (dev) => pins.has(dev),
    optionsOf: (dev) => pins.optionsOf(dev),
    pin: (answer, object: BpfObject) => pins.pin(answer, object),
    get: (answer, access) => pins.get(answer, access),
    resolve: (tid, dirfd, path, create, done) =>
      pins.resolve(tid, dirfd, path, create, (answer) => {
        const { caller } = answer;
        if (caller === undefined || caller.uid !== own.uid) done(answer);
        else
          done({
            ...answer,
            caller: { ...caller, uid: 0, gid: caller.gid === own.gid ? 0 : caller.gid, caps: CAP_FULL_SET },
          });
      }),
  };
}

/** `--fail CMD:each=ERRNO`: one run without a fault that counts the calls, then one for each of them. */
async function runEach(options: ExecOptions, each: FaultEach, report: (text: string) => void): Promise<number> {
  const counter = new CallCounter(each.cmd);
  const clean = await runOnce(options, [], report, [counter]);
  if (clean === EXIT_CANNOT_RUN && counter.cmds.length === 0) return clean;
  const outcomes: EachOutcome[] = [];
  for (let n = 1; n <= counter.cmds.length; n++) {
    const injected = new CallCounter(each.cmd);
    const fault = { cmd: each.cmd, first: n, last: n, errno: each.errno };
    let killed = false;
    const status = await runOnce(options, [fault], report, [injected], () => {
      killed = true;
    });
    outcomes.push({ n, cmd: injected.cmds[n - 1], status, killed });
  }
  report(eachReport(each.errno, clean, outcomes));
  return outcomes.some(({ killed }) => killed) ? 1 : 0;
}

/** Which commands were called, in order. */
class CallCounter implements Observer {
  readonly cmds: number[] = [];
  readonly #cmd: number | undefined;

  constructor(cmd: number | undefined) {
    this.#cmd = cmd;
  }

  exit(call: ObservedCall): void {
    if (this.#cmd === undefined || call.cmd === this.#cmd) this.cmds.push(call.cmd);
  }
}
