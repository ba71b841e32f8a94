/**
 * The call that is answered now: its arguments, what its descriptors are, and the ways
 * to put it off. There is one for each listener; {@link CurrentCall.begin} makes it the
 * next notification.
 */
import { BpfFile } from '../base/object.ts';
import { BpfProgBase } from '../base/prog.ts';
import type { Kernel } from '../syscall/kernel.ts';
import { EBADF, EFAULT, EINVAL, EIO, ENAMETOOLONG } from '../uapi/errno.ts';
import { ExecCaller, type PathAnswer, type PinStore, type UserNamespace } from './caller.ts';
import type { CgroupWatch } from './cgroups.ts';
import type { ClockEvents } from './clock_events.ts';
import type { EpollBridge } from './epoll.ts';
import type { MachineEvents } from './machine_events.ts';
import { ANSWERED, BOX, type ExecNative } from './native.ts';
import type { Held, HeldObjects } from './objects.ts';
import type { ProbeEvents } from './probe_events.ts';

/** PATH_MAX, with its NUL. */
export const PATH_MAX = 4096;

/** A file system that is mounted and wants to be served. */
export interface MountedFuse {
  readonly fuseFd: number;
  readonly dev: number;
  /** Where it is, as its mounter sees it. */
  readonly dir: string;
  readonly options: string;
}

/** What the calls of all listeners share; the supervisor is it. */
export interface Host {
  readonly kernel: Kernel;
  readonly native: ExecNative;
  readonly mailbox: ArrayBuffer;
  /** The pins of the mount the commands see. */
  readonly pins: PinStore | undefined;
  /** The kernel's types, where a command that opens them would not find them. */
  readonly shownTypes: Uint8Array | undefined;
  /** The kernel's types are not the machine's: what the machine's kernel lacks is supplied. */
  readonly standsAlone: boolean;
  /** Serves a bpffs that a command mounts; throws an `Errno` for wrong options. Without: mount(2) is the machine's. */
  readonly serve: ((mounted: MountedFuse) => Promise<void>) | undefined;
  readonly objects: HeldObjects;
  readonly epoll: EpollBridge;
  readonly probes: ProbeEvents;
  readonly clocks: ClockEvents;
  readonly machineEvents: MachineEvents;
  readonly cgroups: CgroupWatch;
}

/** The current call of one listener. */
export class CurrentCall {
  readonly host: Host;
  readonly native: ExecNative;
  readonly caller: ExecCaller;
  readonly #u32: Uint32Array;
  readonly #f64: Float64Array;
  readonly #pathBuffer = new Uint8Array(PATH_MAX);
  /** What supFdStat said of the descriptor last asked for. */
  #ino = 0;
  /** The listener, as the addon numbers it; known before the first call. */
  handle = -1;

  constructor(host: Host, userNs: UserNamespace) {
    const { kernel, native, mailbox, objects, pins, cgroups } = host;
    this.host = host;
    this.native = native;
    this.caller = new ExecCaller({ native, mailbox, objects, pins, cgroups, userNs, nrCpus: kernel.nrCpus });
    this.#u32 = new Uint32Array(mailbox, 0, BOX.ATTR / 4);
    this.#f64 = new Float64Array(mailbox, 0, BOX.ATTR / 8);
  }

  /** A notification has arrived. */
  begin(): void {
    this.caller.begin(this.#u32[BOX.TID]!);
  }

  /** An exception is a bug of ours: the caller gets EIO, the others go on. */
  bug(error: unknown): number {
    console.error('bpf-emu: internal error, please report it:', error);
    this.caller.pending?.put();
    this.caller.pending = undefined;
    return -EIO;
  }

  // --- arguments ---

  /** Argument `n`, as an address or a length. */
  long(n: number): number {
    return this.#f64[BOX.ARGS + n]!;
  }

  /** Argument `n`, as an int. */
  int(n: number): number {
    return this.#u32[BOX.INTS + n]! | 0;
  }

  /** What an open(2) named: fdinfo of descriptor `fd` with inode `ino`; -1 mounts, -2 mountinfo, -3 trace_pipe. */
  get procFile(): { readonly pid: number; readonly fd: number; readonly ino: number } {
    return { pid: this.#u32[BOX.PROC_PID]!, fd: this.#u32[BOX.PROC_FD]! | 0, ino: this.#f64[BOX.INO]! };
  }

  /** A pathname of the caller, without its NUL; -EFAULT or -ENAMETOOLONG. Read up to the end of each page it touches. */
  path(addr: number): Uint8Array | number {
    const buffer = this.#pathBuffer;
    for (let length = 0; length < PATH_MAX; ) {
      const chunk = Math.min(PATH_MAX - length, 256 - ((addr + length) % 256));
      const part = buffer.subarray(length, length + chunk);
      if (this.native.supRead(addr + length, part) < 0) return -EFAULT;
      const end = part.indexOf(0);
      if (end >= 0) return buffer.slice(0, length + end);
      length += chunk;
    }
    return -ENAMETOOLONG;
  }

  // --- descriptors ---

  /** The object of ours behind a descriptor. After undefined, {@link foreignDev} and {@link isPin} tell of the file. */
  held(fd: number): Held | undefined {
    this.#ino = this.native.supFdStat(fd);
    return this.#ino >= 0 ? this.host.objects.byIno(this.#ino) : undefined;
  }

  /** Device number of the file of another kind that {@link held} just found; undefined: no file, or a memfd. */
  get foreignDev(): number | undefined {
    return this.#ino === -1 ? this.#f64[BOX.DEV]! : undefined;
  }

  /** Whether {@link held} just found an open pinned file: those have no poll function, but every FUSE file has. */
  get isPin(): boolean {
    const dev = this.foreignDev;
    const { pins } = this.host;
    return dev !== undefined && pins?.has(dev) === true && this.#f64[BOX.INO] !== pins.ctlIno;
  }

  /** The program behind a descriptor that is an argument, or the errno for it. */
  prog(fd: number): { readonly prog: BpfProgBase | undefined; readonly errno: number } {
    const file = this.caller.fdget(toInt(fd));
    if (file instanceof BpfFile && file.object instanceof BpfProgBase) return { prog: file.object, errno: 0 };
    return { prog: undefined, errno: file === undefined ? -EBADF : -EINVAL };
  }

  // --- answers that come later ---

  /**
   * To go on with this call when others have come between: makes it the current one
   * again and tells whether its caller still waits.
   */
  reselect(): () => boolean {
    const idLow = this.#u32[BOX.ID_LOW]!;
    const idHigh = this.#u32[BOX.ID_HIGH]!;
    const { tid } = this.caller;
    return () => {
      const waits = this.native.supSelect(this.handle, idLow, idHigh, tid);
      this.caller.begin(tid);
      return waits;
    };
  }

  /** Puts the call off: what is returned answers it, with a number or with what a function returns. */
  later(): (result: number | (() => number)) => void {
    const select = this.reselect();
    return (result) => {
      if (!select()) return;
      let answer: number;
      try {
        answer = typeof result === 'number' ? result : result();
      } catch (error) {
        answer = this.bug(error);
      }
      this.native.supReply(answer);
    };
  }

  /** Puts the call off until the program has ended in whose middle it came. */
  afterRun(run: () => number): number {
    const resume = this.later();
    setImmediate(() => resume(run));
    return ANSWERED;
  }

  /** Walks a path, then answers the call with what `run` returns. */
  walk(dirfd: number, path: Uint8Array, create: boolean, run: (answer: PathAnswer) => number): void {
    const resume = this.later();
    this.host.pins?.resolve(this.caller.tid, dirfd, path, create, (answer) => resume(() => run(answer)));
  }
}

/** The low 32 bits of an argument, signed. Descriptors are small, or -1 in 32 or 64 bits. */
function toInt(value: number): number {
  return value >= 2 ** 63 ? -1 : value | 0;
}
