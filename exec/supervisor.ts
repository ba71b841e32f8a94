/**
 * The supervisor: answers the system calls of the programs that run under
 * `bpf-emu exec`. native/supervisor.cc takes a notification, fills the mailbox and
 * calls {@link Session.call}; what that returns is the caller's result. All of it
 * happens in one turn of the event loop, but for the calls that walk a path, which
 * are answered when the walk has come back, and for commands that take long.
 *
 * One {@link Supervisor} serves a kernel; each launched command is one {@link Session}.
 */

import { close, constants, open } from 'node:fs';
import { BpfFile, FMODE_READ, FMODE_WRITE } from '../base/object.ts';
import { BpfProgBase } from '../base/prog.ts';
import { monotonicMs, PENDING } from '../base/work.ts';
import { backlogOf, type Job } from '../fs/backlog.ts';
import { hiddenOf } from '../fs/hidden.ts';
import { parseBpffsOptions } from '../fs/options.ts';
import { IterObject } from '../syscall/iter/link.ts';
import type { Kernel } from '../syscall/kernel.ts';
import { ProbeEvent } from '../syscall/perf_link.ts';
import { readString } from '../syscall/user_string.ts';
import { BPF_CMD, BPF_F_MAP, BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { CAP } from '../uapi/capability.ts';
import { E2BIG, EACCES, EBADF, EFAULT, EINVAL, EIO, ENAMETOOLONG, ENOSPC, EPERM, Errno } from '../uapi/errno.ts';
import { AT_FDCWD, ExecCaller, type PathAnswer, type PinStore } from './caller.ts';
import { CgroupWatch } from './cgroups.ts';
import { EpollBridge } from './epoll.ts';
import { fdInfoText } from './fdinfo.ts';
import { ProcMachine } from './machine.ts';
import { mmapAnswer } from './mmap.ts';
import { mountFlags, mountTable } from './mount_table.ts';
import { ANSWERED, BOX, CONTINUE, type ExecNative, SYS } from './native.ts';
import { HeldObjects } from './objects.ts';
import {
  isBpfOutput,
  PERF_ATTR_SIZE,
  PERF_EVENT_IOC_ID,
  PERF_EVENT_IOC_QUERY_BPF,
  PERF_EVENT_IOC_SET_BPF,
  PERF_FLAG_FD_CLOEXEC,
  PERF_QUERY_MAX,
  PerfEvent,
  probeControl,
} from './perf.ts';
import { PROBE_ATTR_SIZE, ProbeEvents } from './probe_events.ts';
import { signalPending } from './signals.ts';
import { statfsAnonInode, statfsBpffs } from './statfs.ts';

/** Where commands see the file system. */
const MOUNT_POINT = '/sys/fs/bpf';
/** Option of setsockopt(2) for a program that chooses a socket. */
const SO_ATTACH_REUSEPORT_EBPF = 52;
/** Link of a perf event's descriptor. */
const PERF_EVENT_LINK = 'anon_inode:[perf_event]';
/** PATH_MAX, with its NUL. */
const PATH_MAX = 4096;

/** Milliseconds between two looks whether a signal waits for the caller of a command that takes long. */
const SIGNAL_LOOK_MS = 50;

/** fcntl(2): include/uapi/asm-generic/fcntl.h. A memfd is opened with O_LARGEFILE, an anonymous inode is not. */
const F_GETFL = 3;
const O_LARGEFILE = 0o100000;
const O_CLOEXEC = 0o2000000;

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

/** Offsets in the OBJ_PIN and OBJ_GET attr. */
const OBJ_AT = { pathname: 0, fileFlags: 12, pathFd: 16 } as const;

/** What looks at every bpf(2) call: tracing, fault injection, counting. */
export interface Observer {
  /** Before the command: a negative errno answers it without running it. `bytes` are the attr as far as it could be read. */
  enter?(call: ObservedCall): number;
  /** After it; `result` is what the caller gets. */
  exit?(call: ObservedCall, result: number): void;
}

/** One bpf(2) call, while it is looked at. */
export interface ObservedCall {
  readonly cmd: number;
  readonly size: number;
  readonly uaddr: number;
  /** The attr; moved when the call takes long. */
  bytes: Uint8Array | undefined;
  readonly caller: ExecCaller;
}

/** A file system that is mounted and wants to be served. */
export interface MountedFuse {
  readonly fuseFd: number;
  readonly dev: number;
  /** Where it is, as its mounter sees it. */
  readonly dir: string;
  readonly options: string;
}

/** How a {@link Supervisor} is made. */
export interface SupervisorOptions {
  readonly kernel: Kernel;
  readonly native: ExecNative;
  /** The pins of the mount the commands see; without one, OBJ_PIN and OBJ_GET find no bpffs. */
  readonly pins?: PinStore;
  /** Serves a bpffs that a command mounts; throws an {@link Errno} for wrong options. Without: mount(2) is the machine's. */
  readonly serve?: (mounted: MountedFuse) => Promise<void>;
}

/** The exec door of one kernel. At most one in a process: descriptors and closes are told by one native table. */
export class Supervisor {
  readonly kernel: Kernel;
  readonly native: ExecNative;
  readonly pins: PinStore | undefined;
  readonly serve: ((mounted: MountedFuse) => Promise<void>) | undefined;
  readonly objects: HeldObjects;
  readonly mailbox = new ArrayBuffer(BOX.SIZE);
  readonly epoll: EpollBridge;
  readonly probes = new ProbeEvents();
  readonly cgroups: CgroupWatch;

  constructor(options: SupervisorOptions) {
    this.kernel = options.kernel;
    this.native = options.native;
    this.pins = options.pins;
    this.serve = options.serve;
    this.objects = new HeldObjects(this.native, this.kernel.arena.buffer);
    this.kernel.machine ??= new ProcMachine((ino) => this.objects.byIno(ino)?.object);
    this.epoll = new EpollBridge(this.native, this.objects);
    this.cgroups = new CgroupWatch((file) => this.kernel.cgroups.remove(file));
    const error = this.native.supSetup(this.mailbox, (ino) => this.objects.drop(ino));
    if (error < 0) throw new Errno(-error, 'cannot watch descriptors (inotify_init1)');
  }

  /**
   * Serves the calls of one command: takes over its listener descriptor. `userNs` is
   * the user namespace whose capabilities count (its inode number).
   */
  attach(listener: number, userNs: number, observers: readonly Observer[], onEnd: () => void): Session {
    return new Session(this, listener, userNs, observers, onEnd);
  }

  /** Has what programs put into perf events written to them, from the first one on. */
  takePerfRecords(): void {
    this.kernel.vm.onPerfEvent ??= (record) => {
      const event = this.objects.byIno(record.event.ino)?.object;
      if (event instanceof PerfEvent) event.output(record.index, this.#withPacket(record));
    };
  }

  /** A record's data, with the bytes of the packet that were asked for behind it. */
  #withPacket({ data, ctx, ctxLength }: { data: Uint8Array; ctx: number; ctxLength: number }): Uint8Array {
    const { vm, arena } = this.kernel;
    const at = ctxLength === 0 ? 0 : arena.alloc(ctxLength);
    if (at === 0) return data;
    const copied = vm.packet?.load(ctx, 0, at, ctxLength) ?? -EINVAL;
    const whole = new Uint8Array(data.length + (copied === 0 ? ctxLength : 0));
    whole.set(data);
    if (copied === 0) whole.set(arena.u8.subarray(at, at + ctxLength), data.length);
    arena.free(at, ctxLength);
    return whole;
  }

  /** Forgets all descriptors (the server ends). */
  close(): void {
    this.epoll.close();
    this.cgroups.close();
    this.objects.clear();
  }
}

/** One listener: the process tree of one launched command. */
export class Session {
  readonly #supervisor: Supervisor;
  readonly #native: ExecNative;
  readonly #kernel: Kernel;
  readonly #caller: ExecCaller;
  readonly #observers: readonly Observer[];
  readonly #u32: Uint32Array;
  readonly #i32: Int32Array;
  readonly #f64: Float64Array;
  readonly #attr: Uint8Array;
  readonly #handle: number;
  readonly #pathBuffer = new Uint8Array(PATH_MAX);
  /** Calls answered so far, of all kinds. */
  calls = 0;

  constructor(
    supervisor: Supervisor,
    listener: number,
    userNs: number,
    observers: readonly Observer[],
    onEnd: () => void,
  ) {
    const { kernel, native, mailbox, objects, pins } = supervisor;
    this.#supervisor = supervisor;
    this.#native = native;
    this.#kernel = kernel;
    this.#observers = observers;
    const { cgroups } = supervisor;
    this.#caller = new ExecCaller({ native, mailbox, objects, pins, cgroups, userNs, nrCpus: kernel.nrCpus });
    this.#u32 = new Uint32Array(mailbox, 0, BOX.ATTR / 4);
    this.#i32 = new Int32Array(mailbox, 0, BOX.ATTR / 4);
    this.#f64 = new Float64Array(mailbox, 0, BOX.ATTR / 8);
    this.#attr = new Uint8Array(mailbox, BOX.ATTR);
    this.#handle = native.supStart(listener, () => this.#call(), onEnd);
    if (this.#handle < 0) throw new Errno(-this.#handle, 'cannot wait for system calls of the command');
  }

  /** Serves no more: calls that wait, and all later ones, answer ENOSYS. */
  stop(): void {
    this.#native.supStop(this.#handle);
  }

  #call(): number {
    this.calls++;
    const nr = this.#u32[BOX.NR]!;
    this.#caller.begin(this.#u32[BOX.TID]!);
    try {
      return nr === SYS.BPF ? this.#bpf() : (HANDLERS[nr]?.(this) ?? CONTINUE);
    } catch (error) {
      return this.#bug(error);
    }
  }

  /** An exception is a bug of ours: the caller gets EIO, the others go on. */
  #bug(error: unknown): number {
    console.error('bpf-emu: internal error, please report it:', error);
    this.#caller.pending?.put();
    this.#caller.pending = undefined;
    return -EIO;
  }

  // --- bpf(2) ---

  #bpf(): number {
    const cmd = this.#i32[BOX.CMD]!;
    const size = this.#u32[BOX.BPF_SIZE]!;
    const uaddr = this.#f64[BOX.ARGS + 1]!;
    const status = this.#i32[BOX.ATTR_STATUS]!;
    if ((cmd === BPF_CMD.OBJ_PIN || cmd === BPF_CMD.OBJ_GET) && status === 0 && this.#supervisor.pins !== undefined)
      return this.#afterWalk(cmd, size, uaddr);
    return this.#command(cmd, this.#attr, size, uaddr, status);
  }

  /** Runs a command; `status` tells whether the attr could be read. */
  #command(cmd: number, attr: Uint8Array, size: number, uaddr: number, status: number): number {
    const caller = this.#caller;
    if (status === -E2BIG && this.#observers.length === 0) return -E2BIG;
    const bytes = status < 0 ? undefined : attr;
    if (this.#observers.length > 0) return this.#observed({ cmd, size, uaddr, bytes, caller });
    const result = this.#kernel.bpf(cmd, bytes, size, uaddr, caller);
    const { pending } = caller;
    if (pending === undefined) {
      if (result === PENDING) return this.#goOn({ cmd, size, uaddr, bytes, caller });
      if (cmd === BPF_CMD.MAP_FREEZE && result === 0) this.#freeze(bytes);
      return result;
    }
    if (this.#isIterator(pending, result)) return this.#openIterator(pending, () => {});
    const fd = this.#finish(pending, cmd, result);
    return fd < 0 ? fd : ANSWERED;
  }

  /** A command takes long: it goes on while others are served, and is answered at its end. */
  #goOn(call: ObservedCall): number {
    const { caller } = call;
    const { tid, uid } = caller;
    const idLow = this.#u32[BOX.ID_LOW]!;
    const idHigh = this.#u32[BOX.ID_HIGH]!;
    const pending = this.#kernel.takePending();
    call.bytes = call.bytes?.slice(0, call.size);
    let looked = monotonicMs();
    /** Makes it the current call again: whether its caller still waits for it. */
    const select = (): boolean => {
      const waits = this.#native.supSelect(this.#handle, idLow, idHigh, tid);
      caller.begin(tid);
      return waits;
    };
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
        result = this.#bug(error);
      }
      if (result === PENDING) return false;
      const answer = this.#answer(call, result);
      if (waits) this.#native.supReply(answer);
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

  /** The end of a call that took long: what its caller gets. */
  #answer(call: ObservedCall, result: number): number {
    const { pending } = call.caller;
    const end = pending === undefined ? result : this.#finish(pending, call.cmd, result);
    for (const observer of this.#observers) observer.exit?.(call, end);
    return pending !== undefined && end >= 0 ? ANSWERED : end;
  }

  /** A map was frozen: its pages take no new writable mapping, in whoever's hands its descriptor is. */
  #freeze(attr: Uint8Array | undefined): void {
    const ino =
      attr === undefined ? -1 : this.#native.supFdStat(new DataView(attr.buffer, attr.byteOffset).getInt32(0, true));
    const held = ino >= 0 ? this.#supervisor.objects.byIno(ino) : undefined;
    if (held !== undefined) this.#supervisor.objects.freeze(held);
  }

  /** As {@link #command}, with the observers around it. */
  #observed(call: ObservedCall): number {
    const { caller } = call;
    let result = 0;
    for (const observer of this.#observers) if (result === 0) result = observer.enter?.(call) ?? 0;
    let answered = false;
    if (result === 0) {
      result = this.#kernel.bpf(call.cmd, call.bytes, call.size, call.uaddr, caller);
      if (result === PENDING) return this.#goOn(call);
      const { pending } = caller;
      if (pending !== undefined && this.#isIterator(pending, result)) {
        return this.#openIterator(pending, (fd) => {
          for (const observer of this.#observers) observer.exit?.(call, fd);
        });
      }
      if (pending !== undefined) {
        result = this.#finish(pending, call.cmd, result);
        answered = result >= 0;
      } else if (call.cmd === BPF_CMD.MAP_FREEZE && result === 0) this.#freeze(call.bytes);
    }
    for (const observer of this.#observers) observer.exit?.(call, result);
    return answered ? ANSWERED : result;
  }

  /** A command has made a descriptor: hands it out, or drops it when the command failed after all. */
  #finish(pending: BpfFile, cmd: number, result: number): number {
    this.#caller.pending = undefined;
    if (result < 0) {
      pending.put();
      return result;
    }
    return this.#caller.install(pending, cmd);
  }

  /** A new iterator that can be given away as a file of the mount. */
  #isIterator(pending: BpfFile, result: number): boolean {
    return result >= 0 && pending.object instanceof IterObject && this.#supervisor.pins !== undefined;
  }

  /**
   * Answers ITER_CREATE with a file of the mount, opened by another thread since this one
   * serves it; where the caller does not see the mount, with a file that holds all of the
   * text. `done` is told the result.
   */
  #openIterator(pending: BpfFile, done: (result: number) => void): number {
    const caller = this.#caller;
    caller.pending = undefined;
    const { tid } = caller;
    const hidden = hiddenOf(this.#kernel);
    const name = hidden.add(pending.object);
    const resume = this.#resumeLater();
    open(`/proc/${tid}/root${MOUNT_POINT}/${name}`, constants.O_RDONLY, (error, file) => {
      hidden.drop(name);
      resume(() => {
        // install() puts the file it is given.
        pending.get();
        const fd = error === null ? this.#native.supInject(file, true) : caller.install(pending, BPF_CMD.ITER_CREATE);
        if (error === null) pending.put();
        done(fd);
        return fd < 0 ? fd : ANSWERED;
      });
      pending.put();
      if (error === null) close(file, () => {});
    });
    return ANSWERED;
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
    const path = this.#readPath(pathname);
    const run = (answer: PathAnswer | number): number => {
      this.#caller.path = answer;
      return this.#command(cmd, attr, size, uaddr, 0);
    };
    if (typeof path === 'number') return run(path);
    this.#defer(dirfd, path, cmd === BPF_CMD.OBJ_PIN, run);
    return ANSWERED;
  }

  /** Walks a path, then answers the call with what `run` returns. */
  #defer(dirfd: number, path: Uint8Array, create: boolean, run: (answer: PathAnswer) => number): void {
    const idLow = this.#u32[BOX.ID_LOW]!;
    const idHigh = this.#u32[BOX.ID_HIGH]!;
    const { tid } = this.#caller;
    this.#supervisor.pins?.resolve(tid, dirfd, path, create, (answer) => {
      if (!this.#native.supSelect(this.#handle, idLow, idHigh, tid)) return;
      this.#caller.begin(tid);
      let result: number;
      try {
        result = run(answer);
      } catch (error) {
        result = this.#bug(error);
      }
      this.#native.supReply(result);
    });
  }

  /** A pathname of the caller, without its NUL; -EFAULT or -ENAMETOOLONG. Read up to the end of each page it touches. */
  #readPath(addr: number): Uint8Array | number {
    const buffer = this.#pathBuffer;
    for (let length = 0; length < PATH_MAX; ) {
      const chunk = Math.min(PATH_MAX - length, 256 - ((addr + length) % 256));
      const part = buffer.subarray(length, length + chunk);
      if (this.#native.supRead(addr + length, part) < 0) return -EFAULT;
      const end = part.indexOf(0);
      if (end >= 0) return buffer.slice(0, length + end);
      length += chunk;
    }
    return -ENAMETOOLONG;
  }

  // --- the other calls ---

  /** statfs(2): bpffs on our mount, the kernel's answer elsewhere. */
  statfs(): number {
    const { pins } = this.#supervisor;
    const buffer = this.#f64[BOX.ARGS + 1]!;
    const path = pins === undefined ? -EFAULT : this.#readPath(this.#f64[BOX.ARGS]!);
    if (typeof path === 'number') return CONTINUE;
    this.#defer(AT_FDCWD, path, false, (answer) => {
      if (answer.errno !== 0 || pins?.has(answer.dev) !== true) return CONTINUE;
      return this.#native.supWrite(buffer, statfsBpffs(answer.dev, mountFlags(this.#caller.tid, answer.dev).flags));
    });
    return ANSWERED;
  }

  /** fstatfs(2): bpffs on our mount, the anonymous inodes' file system for our objects. */
  fstatfs(): number {
    const ino = this.#native.supFdStat(this.#arg(0));
    const buffer = this.#f64[BOX.ARGS + 1]!;
    if (ino >= 0 && this.#supervisor.objects.byIno(ino) !== undefined)
      return this.#native.supWrite(buffer, statfsAnonInode());
    const dev = this.#f64[BOX.DEV]!;
    if (ino !== -1 || this.#supervisor.pins?.has(dev) !== true) return CONTINUE;
    return this.#native.supWrite(buffer, statfsBpffs(dev, mountFlags(this.#caller.tid, dev).flags));
  }

  /** epoll_ctl(2): a map that can be waited for is an eventfd there. */
  epollCtl(): number {
    const fd = this.#arg(2);
    const ino = this.#native.supFdStat(fd);
    const held = ino >= 0 ? this.#supervisor.objects.byIno(ino) : undefined;
    if (held === undefined) return this.#isPin(ino) ? -EPERM : CONTINUE;
    return this.#supervisor.epoll.control(held, this.#caller, this.#arg(0), this.#arg(1), fd, this.#f64[BOX.ARGS + 3]!);
  }

  /** Whether supFdStat just found an open pinned file: those have no poll function, but every FUSE file has. */
  #isPin(ino: number): boolean {
    const dev = this.#f64[BOX.DEV]!;
    const { pins } = this.#supervisor;
    return ino === -1 && pins?.has(dev) === true && this.#f64[BOX.INO] !== pins.ctlIno;
  }

  /** fcntl(2), for F_GETFL of our objects and F_SETFL of O_DIRECT on ours and on pinned files. */
  fcntl(): number {
    const fd = this.#arg(0);
    const ino = this.#native.supFdStat(fd);
    const held = ino >= 0 ? this.#supervisor.objects.byIno(ino) : undefined;
    if (this.#arg(1) !== F_GETFL) return held !== undefined || this.#isPin(ino) ? -EINVAL : CONTINUE;
    if (held === undefined) return CONTINUE;
    const flags = this.#native.supFdFlags(fd);
    return flags < 0 ? flags : flags & ~(O_LARGEFILE | O_CLOEXEC);
  }

  /** open(2) of an object's fdinfo or of a mount table: `flags` is the number of the argument that has them. */
  openProcFile(flags: number): number {
    const text = this.#procFile(this.#u32[BOX.PROC_PID]!, this.#i32[BOX.PROC_FD]!);
    if (text === undefined) return CONTINUE;
    const fd = this.#native.supTextFd('proc', Buffer.from(text, 'latin1'), (this.#arg(flags) & O_CLOEXEC) !== 0);
    return fd < 0 ? fd : ANSWERED;
  }

  #procFile(pid: number, fd: number): string | undefined {
    if (fd < 0)
      return this.#supervisor.pins === undefined ? undefined : mountTable(pid, fd === -2, this.#supervisor.pins);
    const held = this.#supervisor.objects.byIno(this.#f64[BOX.INO]!);
    return held === undefined ? undefined : fdInfoText(held.object, pid, fd);
  }

  /** mount(2) of a bpffs: an instance of ours. What changes an existing mount, and all other types, is the kernel's. */
  mount(): number {
    const { serve } = this.#supervisor;
    const type = this.#readPath(this.#f64[BOX.ARGS + 2]!);
    const flags = this.#f64[BOX.ARGS + 3]!;
    if (serve === undefined || typeof type === 'number' || Buffer.from(type).toString('latin1') !== 'bpf')
      return CONTINUE;
    const isRemount = (flags & MS_REMOUNT) !== 0 && (flags & MS_BIND) === 0;
    if (((flags & MS_NOT_NEW) !== 0 && !isRemount) || !this.#caller.hasCap(CAP.SYS_ADMIN)) return CONTINUE;
    const given = this.#f64[BOX.ARGS]! === 0 ? -EFAULT : this.#readPath(this.#f64[BOX.ARGS]!);
    const source = typeof given === 'number' ? 'none' : Buffer.from(given).toString('latin1');
    const target = this.#readPath(this.#f64[BOX.ARGS + 1]!);
    const data = this.#f64[BOX.ARGS + 4]! === 0 ? new Uint8Array(0) : this.#readPath(this.#f64[BOX.ARGS + 4]!);
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
    const { tid } = this.#caller;
    const resume = this.#resumeLater();
    const generic = options.split(',').filter((word) => GENERIC_OPTIONS.has(word));
    this.#native.supMountBpf(
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

  /** Puts the current call off: what is returned answers it, with a number or with what a function returns. */
  #resumeLater(): (result: number | (() => number)) => void {
    const idLow = this.#u32[BOX.ID_LOW]!;
    const idHigh = this.#u32[BOX.ID_HIGH]!;
    const { tid } = this.#caller;
    return (result) => {
      if (!this.#native.supSelect(this.#handle, idLow, idHigh, tid)) return;
      if (typeof result === 'number') this.#native.supReply(result);
      else {
        this.#caller.begin(tid);
        this.#native.supReply(result());
      }
    };
  }

  /** perf_event_open(2): events that programs write to are ours, all others the kernel's. */
  perfEventOpen(): number {
    const attr = new Uint8Array(PERF_ATTR_SIZE);
    if (this.#native.supRead(this.#f64[BOX.ARGS]!, attr) < 0) return CONTINUE;
    const caller = this.#caller;
    if (!isBpfOutput(attr)) return this.#openProbe();
    const cpu = this.#arg(2);
    if (cpu < 0 || cpu >= this.#kernel.nrCpus) return cpu === -1 ? CONTINUE : -EINVAL;
    if (!caller.hasCap(CAP.PERFMON) && !caller.hasCap(CAP.SYS_ADMIN)) return -EACCES;
    this.#supervisor.takePerfRecords();
    const event = new PerfEvent(this.#native, this.#kernel.clock, attr);
    const fd = caller.install(
      new BpfFile(event, FMODE_READ | FMODE_WRITE),
      -1,
      (this.#arg(4) & PERF_FLAG_FD_CLOEXEC) !== 0,
    );
    return fd < 0 ? fd : ANSWERED;
  }

  /** perf_event_open(2) of a tracepoint or probe, by whoever may; other events are the kernel's. */
  #openProbe(): number {
    const attr = new Uint8Array(PROBE_ATTR_SIZE);
    const caller = this.#caller;
    const { probes } = this.#supervisor;
    if (this.#native.supRead(this.#f64[BOX.ARGS]!, attr) < 0 || !probes.isProbe(attr)) return CONTINUE;
    if (!caller.hasCap(CAP.PERFMON) && !caller.hasCap(CAP.SYS_ADMIN)) return CONTINUE;
    const cloexec = (this.#arg(4) & PERF_FLAG_FD_CLOEXEC) !== 0;
    const resume = this.#resumeLater();
    const text = (addr: number, max: number): string | number => readString(caller, addr, max) ?? -EFAULT;
    probes.find(attr, caller.tid, text).then((probe) => {
      if (typeof probe === 'number') resume(probe);
      else
        resume(() => {
          const fd = caller.install(new BpfFile(new ProbeEvent(probe), FMODE_READ | FMODE_WRITE), -1, cloexec);
          return fd < 0 ? fd : ANSWERED;
        });
    });
    return ANSWERED;
  }

  /** PERF_EVENT_IOC_SET_BPF of one of the machine's own events, with a program of ours. */
  #setForeignEvent(): number {
    if (this.#arg(1) >>> 0 !== PERF_EVENT_IOC_SET_BPF) return CONTINUE;
    const { prog } = this.#programOf(this.#f64[BOX.ARGS + 2]!);
    if (prog === undefined || this.#native.supFdLink(this.#arg(0)) !== PERF_EVENT_LINK) return CONTINUE;
    return prog.type === BPF_PROG_TYPE.PERF_EVENT ? 0 : -EINVAL;
  }

  /** The program behind a descriptor that is an argument, or the errno for it. */
  #programOf(fd: number): { readonly prog: BpfProgBase | undefined; readonly errno: number } {
    const file = this.#caller.fdget(toInt(fd));
    if (file instanceof BpfFile && file.object instanceof BpfProgBase) return { prog: file.object, errno: 0 };
    return { prog: undefined, errno: file === undefined ? -EBADF : -EINVAL };
  }

  /** PERF_EVENT_IOC_* of a tracepoint or probe. */
  #controlProbe(event: ProbeEvent, request: number): number {
    if (request === PERF_EVENT_IOC_QUERY_BPF) return this.#queryProbe(event);
    if (request !== PERF_EVENT_IOC_SET_BPF) return probeControl(request);
    const { prog, errno } = this.#programOf(this.#f64[BOX.ARGS + 2]!);
    return prog === undefined ? errno : event.attach(prog, true);
  }

  /** `perf_event_query_prog_array`: ids of the programs that wait for the same tracepoint. */
  #queryProbe({ probe }: ProbeEvent): number {
    const caller = this.#caller;
    const addr = this.#f64[BOX.ARGS + 2]!;
    if (!caller.hasCap(CAP.PERFMON) && !caller.hasCap(CAP.SYS_ADMIN)) return -EPERM;
    if (probe.kind !== 'tracepoint') return -EINVAL;
    const room = new Uint32Array(1);
    if (caller.read(addr, new Uint8Array(room.buffer)) < 0) return -EFAULT;
    if (room[0]! > PERF_QUERY_MAX) return -E2BIG;
    const ids: number[] = [];
    for (const { object } of this.#supervisor.objects) {
      if (object instanceof ProbeEvent && object.probe.config === probe.config && object.prog !== undefined)
        ids.push(object.prog.id);
    }
    const told = Uint32Array.of(ids.length, ...ids.slice(0, room[0]!));
    if (caller.write(addr + 4, new Uint8Array(told.buffer)) < 0) return -EFAULT;
    return room[0]! < ids.length && room[0]! > 0 ? -ENOSPC : 0;
  }

  /** ioctl(2) PERF_EVENT_IOC_*, of our events. */
  ioctl(): number {
    const ino = this.#native.supFdStat(this.#arg(0));
    const event = ino >= 0 ? this.#supervisor.objects.byIno(ino)?.object : undefined;
    if (event instanceof ProbeEvent) return this.#controlProbe(event, this.#arg(1) >>> 0);
    if (!(event instanceof PerfEvent)) return this.#setForeignEvent();
    const request = this.#arg(1) >>> 0;
    if (request === PERF_EVENT_IOC_ID) return this.#native.supWrite(this.#f64[BOX.ARGS + 2]!, event.idBytes());
    return event.control(request);
  }

  /**
   * setsockopt(2) SO_ATTACH_BPF and SO_ATTACH_REUSEPORT_EBPF with a program of ours: the
   * socket gets a filter that lets everything through. All that can be wrong but for the
   * program is left to the kernel, which finds no program behind our descriptor.
   */
  setsockopt(): number {
    const value = new Uint8Array(4);
    const reuseport = this.#arg(2) === SO_ATTACH_REUSEPORT_EBPF;
    if (this.#arg(4) !== value.length || this.#native.supRead(this.#f64[BOX.ARGS + 3]!, value) < 0) return CONTINUE;
    const type = this.#programOf(new DataView(value.buffer).getInt32(0, true)).prog?.type;
    const fits = type === BPF_PROG_TYPE.SOCKET_FILTER || (reuseport && type === BPF_PROG_TYPE.SK_REUSEPORT);
    if (!fits) return CONTINUE;
    const socket = this.#native.supGetFd(this.#caller.process, this.#arg(0));
    if (socket < 0) return CONTINUE;
    const result = this.#native.supSocketFilter(socket, reuseport);
    this.#native.supCloseFd(socket);
    return result;
  }

  /** mmap(2) of a file, shared: the map decides. */
  mmap(): number {
    const fd = this.#arg(4);
    const ino = this.#native.supFdStat(fd);
    const held = ino >= 0 ? this.#supervisor.objects.byIno(ino) : undefined;
    if (held === undefined) return CONTINUE;
    const writable = (this.#supervisor.objects.file(held, fd).mode & FMODE_WRITE) !== 0;
    const at = (index: number): number => this.#f64[BOX.ARGS + index]!;
    return mmapAnswer(held, writable, at(0), at(1), this.#arg(2), at(5));
  }

  /** An argument as an int. */
  #arg(n: number): number {
    return toInt(this.#f64[BOX.ARGS + n]!);
  }
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

/** The low 32 bits of an argument, signed. Descriptors are small, or -1 in 32 or 64 bits. */
function toInt(value: number): number {
  return value >= 2 ** 63 ? -1 : value | 0;
}

/** Other calls than bpf(2), by number. */
const HANDLERS: Readonly<Record<number, (session: Session) => number>> = {
  [SYS.STATFS]: (session) => session.statfs(),
  [SYS.FSTATFS]: (session) => session.fstatfs(),
  [SYS.EPOLL_CTL]: (session) => session.epollCtl(),
  [SYS.OPEN]: (session) => session.openProcFile(1),
  [SYS.OPENAT]: (session) => session.openProcFile(2),
  [SYS.MMAP]: (session) => session.mmap(),
  [SYS.MOUNT]: (session) => session.mount(),
  [SYS.FCNTL]: (session) => session.fcntl(),
  [SYS.IOCTL]: (session) => session.ioctl(),
  [SYS.SETSOCKOPT]: (session) => session.setsockopt(),
  [SYS.PERF_EVENT_OPEN]: (session) => session.perfEventOpen(),
};
