/**
 * One listener: the system calls of the process tree of one launched command. bpf(2) is
 * answered here, with those who look at it around it; the other calls in calls/.
 */
import type { BpfFile } from '../base/object.ts';
import { monotonicMs, PENDING } from '../base/work.ts';
import { backlogOf, type Job } from '../fs/backlog.ts';
import { AT_FDCWD, type ProbedFile } from '../syscall/caller.ts';
import { isWatched } from '../syscall/hooks.ts';
import type { Kernel } from '../syscall/kernel.ts';
import { BPF_ATTACH_TYPE, BPF_CMD, BPF_F_MAP } from '../uapi/bpf.ts';
import { E2BIG, EBUSY, EINVAL, ENAMETOOLONG, Errno } from '../uapi/errno.ts';
import { CurrentCall, type Host, PATH_MAX } from './call.ts';
import type { PathAnswer, UserNamespace } from './caller.ts';
import { access, epollCtl, fcntl, fstatfs, mmap, openServedFile, statfs } from './calls/files.ts';
import { isIterator, openIterator } from './calls/iter_create.ts';
import { mount } from './calls/mount.ts';
import { ioctl, perfEventOpen } from './calls/perf_event.ts';
import { setsockopt } from './calls/socket.ts';
import { ANSWERED, BOX, CONTINUE, SYS } from './native.ts';
import type { ObservedCall, Observer } from './observer.ts';
import { probedFile } from './probed_file.ts';
import { signalPending } from './signals.ts';
import { WatchedCalls } from './watched_calls.ts';

/** Milliseconds between two looks whether a signal waits for the caller of a command that takes long. */
const SIGNAL_LOOK_MS = 50;

/** Offsets in the OBJ_PIN and OBJ_GET attr. */
const OBJ_AT = { pathname: 0, fileFlags: 12, pathFd: 16 } as const;

/** Offsets in the LINK_CREATE attr of probes in a file, and the attach types that have it. */
const UPROBE_MULTI_AT = { attachType: 8, path: 16, end: 24 } as const;
const UPROBE_MULTI: ReadonlySet<number> = new Set([
  BPF_ATTACH_TYPE.TRACE_UPROBE_MULTI,
  BPF_ATTACH_TYPE.TRACE_UPROBE_SESSION,
]);

/** Other calls than bpf(2), by number. */
const HANDLERS: Readonly<Record<number, (call: CurrentCall) => number>> = {
  [SYS.STATFS]: statfs,
  [SYS.FSTATFS]: fstatfs,
  [SYS.EPOLL_CTL]: epollCtl,
  [SYS.OPEN]: (call) => openServedFile(call, 1),
  [SYS.OPENAT]: (call) => openServedFile(call, 2),
  [SYS.ACCESS]: (call) => access(call, 1),
  [SYS.FACCESSAT]: (call) => access(call, 2),
  [SYS.FACCESSAT2]: (call) => access(call, 2),
  [SYS.MMAP]: mmap,
  [SYS.MOUNT]: mount,
  [SYS.FCNTL]: fcntl,
  [SYS.IOCTL]: ioctl,
  [SYS.SETSOCKOPT]: setsockopt,
  [SYS.PERF_EVENT_OPEN]: perfEventOpen,
};

/** The door of one launched command. */
export class Session {
  readonly #host: Host;
  readonly #kernel: Kernel;
  readonly #call: CurrentCall;
  readonly #observers: readonly Observer[];
  readonly #u32: Uint32Array;
  readonly #i32: Int32Array;
  readonly #attr: Uint8Array;
  #closeDoor: () => void = () => {};
  readonly #watched: WatchedCalls;
  /** Calls answered so far, of all kinds. */
  calls = 0;

  constructor(host: Host, listener: number, userNs: UserNamespace, observers: readonly Observer[], onEnd: () => void) {
    this.#host = host;
    this.#kernel = host.kernel;
    this.#call = new CurrentCall(host, userNs);
    this.#observers = observers;
    this.#u32 = new Uint32Array(host.mailbox, 0, BOX.ATTR / 4);
    this.#i32 = new Int32Array(host.mailbox, 0, BOX.ATTR / 4);
    this.#attr = new Uint8Array(host.mailbox, BOX.ATTR);
    this.#watched = new WatchedCalls(host.kernel, host.mailbox);
    const end = (): void => {
      this.#closeDoor();
      onEnd();
    };
    const handle = host.native.supStart(listener, () => this.#next(), end);
    if (handle < 0) throw new Errno(-handle, 'cannot wait for system calls of the command');
    this.#call.handle = handle;
    this.#closeDoor = this.#openDoor(listener);
  }

  /** Calls are answered in the middle of a program's run, too. */
  #openDoor(listener: number): () => void {
    const { caller, native, handle } = this.#call;
    let resume = (): void => {};
    return this.#kernel.doors.add({
      fd: listener,
      serve: () => native.supServe(handle),
      save: () => {
        resume = caller.suspend();
      },
      restore: () => resume(),
    });
  }

  /** Serves no more: calls that wait, and all later ones, answer ENOSYS. */
  stop(): void {
    this.#closeDoor();
    this.#call.native.supStop(this.#call.handle);
  }

  /** Answers the next call. */
  #next(): number {
    this.calls++;
    this.#call.begin();
    this.#runTimers();
    return this.#answerCall(this.#u32[BOX.NR]!);
  }

  /** What is due has happened by the time a caller comes, or goes on. */
  #runTimers(): void {
    const kernel = this.#kernel;
    if (!kernel.hasVm || kernel.vm.timers.nextDue === undefined || kernel.doors.isServing) return;
    kernel.vm.timers.catchUp?.();
  }

  #answerCall(nr: number): number {
    const call = this.#call;
    try {
      if (nr === SYS.BPF) return this.#bpf();
      if (this.#watched.wanted) {
        if (this.#kernel.doors.isServing) return this.#callAfterRun();
        const decided = this.#watched.pass(call, nr);
        if (decided !== undefined) return decided;
        if (call.native.supTakePath()) return ANSWERED;
      }
      return HANDLERS[nr]?.(call) ?? CONTINUE;
    } catch (error) {
      return call.bug(error);
    } finally {
      this.#runTimers();
      this.#watched.wanted =
        isWatched(this.#kernel) || (this.#kernel.hasVm && this.#kernel.vm.timers.nextDue !== undefined);
    }
  }

  /** Answers a call that programs wait for when the run in whose middle it came is over. */
  #callAfterRun(): number {
    const box = this.#u32.slice(0, BOX.WATCHED + 1);
    return this.#call.afterRun(() => {
      this.#u32.set(box);
      return this.#answerCall(box[BOX.NR]!);
    });
  }

  #bpf(): number {
    // What happened before the call counts before it.
    this.#host.machineEvents.drain(true);
    const cmd = this.#i32[BOX.CMD]!;
    const size = this.#u32[BOX.BPF_SIZE]!;
    const uaddr = this.#call.long(1);
    const status = this.#i32[BOX.ATTR_STATUS]!;
    if ((cmd === BPF_CMD.OBJ_PIN || cmd === BPF_CMD.OBJ_GET) && status === 0 && this.#host.pins !== undefined)
      return this.#afterWalk(cmd, size, uaddr);
    if (cmd === BPF_CMD.LINK_CREATE && status === 0 && size >= UPROBE_MULTI_AT.end) {
      const type = new DataView(this.#attr.buffer, this.#attr.byteOffset).getUint32(UPROBE_MULTI_AT.attachType, true);
      if (UPROBE_MULTI.has(type)) return this.#afterProbedFile(cmd, size, uaddr);
    }
    return this.#command(cmd, this.#attr, size, uaddr, status);
  }

  /** LINK_CREATE of probes in a file: the file is looked for first, by another thread. */
  #afterProbedFile(cmd: number, size: number, uaddr: number): number {
    const { caller } = this.#call;
    const attr = this.#attr.slice(0, Math.min(size, PATH_MAX));
    const view = new DataView(attr.buffer);
    const at = UPROBE_MULTI_AT.path;
    const path = this.#call.path(view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32);
    const run = (file: ProbedFile | number): number => {
      caller.probed = file;
      return this.#command(cmd, attr, size, uaddr, 0);
    };
    // `strndup_user` calls too long a path invalid.
    if (typeof path === 'number') return run(path === -ENAMETOOLONG ? -EINVAL : path);
    const resume = this.#call.later();
    probedFile(caller.tid, Buffer.from(path).toString('latin1')).then((file) => resume(() => run(file)));
    return ANSWERED;
  }

  /** Runs a command; `status` tells whether the attr could be read. */
  #command(cmd: number, attr: Uint8Array, size: number, uaddr: number, status: number): number {
    const { caller } = this.#call;
    if (status === -E2BIG && this.#observers.length === 0 && !isWatched(this.#kernel)) return -E2BIG;
    const bytes = status < 0 ? undefined : attr;
    if (this.#mustWait(cmd)) return this.#afterRun(cmd, attr, size, uaddr, status);
    if (cmd === BPF_CMD.PROG_TEST_RUN) this.#call.host.objects.noticeTouches();
    const call: ObservedCall = { cmd, size, uaddr, bytes, caller };
    let result = 0;
    for (const observer of this.#observers) if (result === 0) result = observer.enter?.(call) ?? 0;
    if (result === 0) result = this.#run(call);
    return result === PENDING ? this.#goOn(call) : this.#answer(call, result);
  }

  #run({ cmd, bytes, size, uaddr, caller }: ObservedCall): number {
    const result = this.#kernel.bpf(cmd, bytes, size, uaddr, caller);
    if (result !== -EBUSY || cmd !== BPF_CMD.MAP_UPDATE_ELEM) return result;
    // Closes are noticed late: what was in the way may be gone.
    this.#call.native.supPollCloses();
    return this.#kernel.bpf(cmd, bytes, size, uaddr, caller);
  }

  /**
   * Whether a command runs programs on the spot, and another's run is not over. (A test run is
   * put off by itself; the text of an iterator is made at once where there is no mount.)
   */
  #mustWait(cmd: number): boolean {
    if (!this.#kernel.doors.isServing) return false;
    return isWatched(this.#kernel) || (cmd === BPF_CMD.ITER_CREATE && this.#host.pins === undefined);
  }

  /** Runs a command when the run in whose middle it came is over. */
  #afterRun(cmd: number, attr: Uint8Array, size: number, uaddr: number, status: number): number {
    const { caller } = this.#call;
    const { path, probed } = caller;
    const bytes = attr.slice();
    return this.#call.afterRun(() => {
      caller.path = path;
      caller.probed = probed;
      return this.#command(cmd, bytes, size, uaddr, status);
    });
  }

  /** A command takes long: it goes on while others are served, and is answered at its end. */
  #goOn(call: ObservedCall): number {
    const { caller } = call;
    const { tid, uid } = caller;
    const select = this.#call.reselect();
    const pending = this.#kernel.takePending();
    call.bytes = call.bytes?.slice(0, call.size);
    let looked = monotonicMs();
    const signalled = (): boolean => {
      const now = monotonicMs();
      if (now - looked < SIGNAL_LOOK_MS) return false;
      looked = now;
      return signalPending(tid);
    };
    const run = (deadline: number, waits: boolean, signal: boolean): boolean => {
      let result: number;
      try {
        result = pending.run(deadline, signal);
      } catch (error) {
        result = this.#call.bug(error);
      }
      if (result === PENDING) return false;
      const answer = this.#answer(call, result);
      if (waits) this.#call.native.supReply(answer);
      return true;
    };
    const job: Job = {
      uid,
      run: (deadline) => {
        const waits = select();
        return run(deadline, waits, !waits || signalled());
      },
      isOver: () => !select() || signalled(),
    };
    // Too many at once: this one ends as if a signal had come, and may be tried again.
    if (!backlogOf(this.#kernel).add(job)) while (!run(0, true, true));
    return ANSWERED;
  }

  /** The end of a call: what its caller gets, told to those who look at it. */
  #answer(call: ObservedCall, result: number): number {
    const { pending } = call.caller;
    if (pending !== undefined && isIterator(this.#call, pending, result))
      return openIterator(this.#call, pending, (fd) => this.#tell(call, fd));
    if (call.cmd === BPF_CMD.MAP_FREEZE && result === 0) this.#freeze(call.bytes);
    const end = pending === undefined ? result : this.#finish(pending, call.cmd, result);
    this.#tell(call, end);
    return pending !== undefined && end >= 0 ? ANSWERED : end;
  }

  #tell(call: ObservedCall, result: number): void {
    for (const observer of this.#observers) observer.exit?.(call, result);
  }

  /** A map was frozen: its pages take no new writable mapping, in whoever's hands its descriptor is. */
  #freeze(attr: Uint8Array | undefined): void {
    if (attr === undefined) return;
    const held = this.#call.held(new DataView(attr.buffer, attr.byteOffset).getInt32(0, true));
    if (held !== undefined) this.#host.objects.freeze(held);
  }

  /** A command has made a descriptor: hands it out, or drops it when the command failed after all. */
  #finish(pending: BpfFile, cmd: number, result: number): number {
    this.#call.caller.pending = undefined;
    if (result < 0) {
      pending.put();
      return result;
    }
    return this.#call.caller.install(pending, cmd);
  }

  /**
   * OBJ_PIN and OBJ_GET: the path is walked first, on another thread, since it may lead
   * through the mount that this thread serves. The command then runs in one go.
   */
  #afterWalk(cmd: number, size: number, uaddr: number): number {
    const attr = this.#attr.slice(0, Math.min(size, PATH_MAX));
    const view = new DataView(this.#attr.slice(0, 24).fill(0, Math.min(size, 24)).buffer);
    const pathname = view.getUint32(OBJ_AT.pathname, true) + view.getUint32(OBJ_AT.pathname + 4, true) * 2 ** 32;
    const flags = view.getUint32(OBJ_AT.fileFlags, true);
    const dirfd = (flags & BPF_F_MAP.PATH_FD) !== 0 ? view.getInt32(OBJ_AT.pathFd, true) : AT_FDCWD;
    const path = this.#call.path(pathname);
    const run = (answer: PathAnswer | number): number => {
      this.#call.caller.path = answer;
      return this.#command(cmd, attr, size, uaddr, 0);
    };
    if (typeof path === 'number') return run(path);
    this.#call.walk(dirfd, path, cmd === BPF_CMD.OBJ_PIN, run);
    return ANSWERED;
  }
}
