/**
 * The supervisor: answers the system calls of the programs that run under
 * `bpf-emu exec`. native/supervisor.cc takes a notification, fills the mailbox and
 * calls a {@link Session}; what that returns is the caller's result. All of it
 * happens in one turn of the event loop, but for the calls that walk a path, which
 * are answered when the walk has come back, and for commands that take long.
 *
 * One {@link Supervisor} serves a kernel; each launched command is one {@link Session}:
 * bpf(2) is in session.ts, the other calls in calls/, what they share in call.ts.
 */
import type { Kernel } from '../syscall/kernel.ts';
import { Errno } from '../uapi/errno.ts';
import type { Host, MountedFuse } from './call.ts';
import type { PinStore, UserNamespace } from './caller.ts';
import { CgroupWatch } from './cgroups.ts';
import { ClockEvents } from './clock_events.ts';
import { EpollBridge } from './epoll.ts';
import { ProcMachine } from './machine.ts';
import { MachineEvents } from './machine_events.ts';
import { BOX, type ExecNative } from './native.ts';
import { HeldObjects } from './objects.ts';
import type { Observer } from './observer.ts';
import { ProbeEvents } from './probe_events.ts';
import { Session } from './session.ts';

/** How a {@link Supervisor} is made. */
export interface SupervisorOptions {
  readonly kernel: Kernel;
  readonly native: ExecNative;
  /** The pins of the mount the commands see; without one, OBJ_PIN and OBJ_GET find no bpffs. */
  readonly pins?: PinStore;
  /** The kernel's types, where a command that opens them would not find them. */
  readonly shownTypes?: Uint8Array | undefined;
  /** The kernel's types are not the machine's: what the machine's kernel lacks is supplied. */
  readonly standsAlone?: boolean;
  /** Serves a bpffs that a command mounts; throws an {@link Errno} for wrong options. Without: mount(2) is the machine's. */
  readonly serve?: (mounted: MountedFuse) => Promise<void>;
}

/** The exec door of one kernel. At most one in a process: descriptors and closes are told by one native table. */
export class Supervisor implements Host {
  readonly #closeDoor: () => void;
  readonly kernel: Kernel;
  readonly native: ExecNative;
  readonly pins: PinStore | undefined;
  readonly shownTypes: Uint8Array | undefined;
  readonly standsAlone: boolean;
  readonly serve: ((mounted: MountedFuse) => Promise<void>) | undefined;
  readonly objects: HeldObjects;
  readonly mailbox = new ArrayBuffer(BOX.SIZE);
  readonly epoll: EpollBridge;
  readonly probes: ProbeEvents;
  readonly clocks: ClockEvents;
  readonly machineEvents: MachineEvents;
  readonly cgroups: CgroupWatch;

  constructor(options: SupervisorOptions) {
    this.kernel = options.kernel;
    this.native = options.native;
    this.pins = options.pins;
    this.shownTypes = options.shownTypes;
    this.standsAlone = options.standsAlone === true;
    this.probes = new ProbeEvents(this.standsAlone ? this.kernel.vmlinux : undefined);
    this.serve = options.serve;
    this.objects = new HeldObjects(this.native, this.kernel.arena.buffer);
    this.kernel.machine ??= new ProcMachine((ino) => this.objects.byIno(ino)?.object);
    this.clocks = new ClockEvents(this.kernel);
    this.machineEvents = new MachineEvents(this.kernel, this.native, this.mailbox);
    this.epoll = new EpollBridge(this.native, this.objects);
    this.cgroups = new CgroupWatch((file) => this.kernel.cgroups.remove(file));
    const error = this.native.supSetup(this.mailbox, (ino) => this.objects.drop(ino));
    if (error < 0) throw new Errno(-error, 'cannot watch descriptors (inotify_init1)');
    const { doors } = this.kernel;
    doors.wait ??= this.native.waitReadable;
    // The sessions serve; what they share is kept here.
    const save = (): void => this.native.supSave();
    const restore = (): void => this.native.supRestore();
    this.#closeDoor = doors.add({ fd: -1, serve: () => 0, save, restore });
  }

  /**
   * Serves the calls of one command: takes over its listener descriptor. `userNs` is
   * the user namespace whose capabilities count (its inode number); 'any': the command
   * has all of them, whatever the machine gives it.
   */
  attach(listener: number, userNs: UserNamespace, observers: readonly Observer[], onEnd: () => void): Session {
    return new Session(this, listener, userNs, observers, onEnd);
  }

  /** Forgets all descriptors (the server ends). */
  close(): void {
    this.#closeDoor();
    this.clocks.close();
    this.machineEvents.close();
    this.epoll.close();
    this.cgroups.close();
    this.objects.clear();
  }
}
