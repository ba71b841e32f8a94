/**
 * The control file bpf.ctl: bpf(2) for anyone who can open a file. Each open of it is one
 * "process": it has a table of descriptors that is closed with it.
 *
 *  - ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, 0xBF, cmd, size), &attr): `attr` is the kernel's
 *    union bpf_attr, pointers in it lead into the caller's memory; result and errno as bpf(2)
 *    (native/bpf_emu.h).
 *  - write a line of JSON, read a line of JSON. Replies wait in a queue; a writer that never
 *    reads is stopped with ENOSPC once {@link REPLIES_MAX} bytes are queued. A line that takes
 *    long goes on after its write has been answered; those behind it wait for it.
 *
 * Rights are those of the thread that calls or writes, at that moment.
 */
import { isUtf8 } from 'node:buffer';
import { isWork, monotonicMs, PENDING, runUntil, type Work } from '../base/work.ts';
import type { ProcessAccess, ResolvePath } from '../native/addon.ts';
import { CtlSession, LINE_MAX, type SessionCommand } from '../syscall/ctl_json/session.ts';
import { FdTable } from '../syscall/fd_table.ts';
import { FIRST_SLICE_MS } from '../syscall/pending.ts';
import { CAP_FULL_SET } from '../uapi/capability.ts';
import { EAGAIN, EIO, ENOMEM, ENOSPC, ENOTTY } from '../uapi/errno.ts';
import type { TraceBuffer } from '../vm/trace.ts';
import { backlogOf, type Job } from './backlog.ts';
import { CTL_FD_BASE, CtlCaller } from './ctl_caller.ts';
import { NO_REPLY, OpenFile } from './file.ts';
import type { Inode } from './inode.ts';
import { type FuseReply, type FuseRequest, isSame, type Waiting } from './message.ts';
import { CallPaths, callWithPaths, mountsOf } from './paths.ts';
import { FOPEN, IN_BODY, OUT_BODY, OUT_HEADER_SIZE } from './protocol.ts';
import type { Superblock } from './superblock.ts';
import { Waiters } from './waiters.ts';

/** The ioctl type of the control file. */
export const CTL_IOC_TYPE = 0xbf;
/** ioctl number that closes a descriptor of the table; its argument is the descriptor. */
const CTL_IOC_CLOSE = 0xff;
/** Queued replies from which on writing fails until some are read. */
const REPLIES_MAX = 4 << 20;
/** Bytes behind a line that takes long from which on writing fails until it has ended. */
const INPUT_MAX = LINE_MAX;
/** Most bytes of unfinished lines and unread replies that all opens of a mount may hold together. */
const BUFFERED_MAX = 256 << 20;

const O_NONBLOCK = 0o4000;
const POLLIN = 0x001;
const POLLOUT = 0x004;
const POLLRDNORM = 0x040;
const POLLWRNORM = 0x100;
const FUSE_IOCTL_DIR = 0x10;

/** Another use of an ioctl on the control file (exec hands over its listener through one). -errno or a result. */
export type CtlExtension = (tid: number, arg: number, data: Uint8Array) => number;

/** What the control file is given by whoever mounts. */
export interface CtlServices {
  readonly process: ProcessAccess;
  readonly resolve: ResolvePath;
  /**
   * A user who runs the server without being root: the administrator of that emulated
   * kernel, who has every capability in it. Undefined for a server that is root.
   */
  readonly ownerUid: number | undefined;
  /** Extensions by ioctl number (0x80 to 0xFE). */
  readonly extensions: Map<number, CtlExtension>;
  /** What the programs of the kernel print. */
  readonly printed: TraceBuffer;
  /** Commands of JSON lines beside bpf(2), by name. */
  readonly commands: ReadonlyMap<string, SessionCommand>;
}

/** One open of the control file. */
export class CtlFile extends OpenFile {
  readonly openFlags = FOPEN.DIRECT_IO | FOPEN.STREAM | FOPEN.NONSEEKABLE | FOPEN.NOFLUSH;
  readonly #sb: Superblock;
  readonly #nonblocking: boolean;
  readonly #fds = new FdTable();
  /** The JSON side, made with the first line: it has memory of its own. */
  #session: CtlSession | undefined;
  #sessionPaths: CallPaths | undefined;
  /** Callers not in use: one a call in flight, since a path may keep one waiting. */
  readonly #callers: CtlCaller[] = [];
  /** The line that is not ended yet. */
  #line: Buffer[] = [];
  #refused: keyof typeof REFUSALS | undefined;
  #lineLength = 0;
  /** Replies nobody has read yet, and how much of the first is gone. */
  #replies: Buffer[] = [];
  #queued = 0;
  readonly #waiters: Waiters;
  /** Writes that wait until the one before them has run its lines, and how many bytes wait. */
  #writes: (() => void)[] = [];
  #input = 0;
  #writing = false;
  /** Requests that take long. */
  readonly #slow = new Set<SlowRequest>();
  #closed = false;

  constructor(inode: Inode, sb: Superblock, flags: number) {
    super(inode);
    this.#sb = sb;
    this.#waiters = new Waiters(sb);
    this.#nonblocking = (flags & O_NONBLOCK) !== 0;
  }

  /** The paths of the JSON side. */
  #jsonPaths(): CallPaths {
    this.#sessionPaths ??= new CallPaths(mountsOf(this.#sb.kernel), this.#sb.ctl.resolve);
    return this.#sessionPaths;
  }

  #json(): CtlSession {
    this.#session ??= new CtlSession(this.#sb.kernel, {
      fds: this.#fds,
      paths: () => this.#jsonPaths(),
      commands: this.#sb.ctl.commands,
      mayWait: true,
    });
    return this.#session;
  }

  #newCaller(): CtlCaller {
    const { process, resolve, ownerUid } = this.#sb.ctl;
    return new CtlCaller(process, ownerUid, this.#fds, new CallPaths(mountsOf(this.#sb.kernel), resolve));
  }

  /** Number of descriptors in the table. */
  get descriptors(): number {
    return this.#fds.open;
  }

  // --- ioctl ---

  override ioctl(request: FuseRequest, reply: FuseReply): number {
    const flags = request.get(IN_BODY + 2);
    const cmd = request.get(IN_BODY + 3);
    const arg = request.get64(IN_BODY + 4);
    const size = request.get(IN_BODY + 6);
    const number = cmd & 0xff;
    if (((cmd >>> 8) & 0xff) !== CTL_IOC_TYPE || (flags & FUSE_IOCTL_DIR) !== 0) return -ENOTTY;
    const data = request.ioctlData(size);
    if (number === CTL_IOC_CLOSE) return ioctlReply(reply, this.#fds.close(arg - CTL_FD_BASE), undefined, 0);
    const extension = this.#sb.ctl.extensions.get(number);
    if (extension !== undefined) return ioctlReply(reply, extension(request.tid, arg, data), undefined, 0);
    return this.#bpf(request, reply, number, data, arg);
  }

  /** bpf(2). The attr is used where it lies in the request buffer, unless a path has to be resolved first. */
  #bpf(request: FuseRequest, reply: FuseReply, cmd: number, attr: Uint8Array, addr: number): number {
    const caller = this.#callers.pop() ?? this.#newCaller();
    caller.enter(request.tid, request.uid, request.gid, attr, addr);
    caller.paths.begin(caller);
    const result = this.#sb.kernel.bpf(cmd, attr, attr.length, addr, caller);
    if (caller.paths.isWaiting) return this.#bpfLater(request, cmd, attr, addr, caller);
    if (result === PENDING) return this.#bpfGoesOn(request, attr, caller);
    const size = ioctlReply(reply, result, attr, Math.min(caller.attrTouched, request.get(IN_BODY + 7)));
    this.#callers.push(caller);
    return size;
  }

  /** Resolves the path that a call needs, makes the call again, and answers then. */
  #bpfLater(request: FuseRequest, cmd: number, data: Uint8Array, addr: number, caller: CtlCaller): number {
    // The request buffer is used again by the requests that come meanwhile: a copy.
    const attr = new Uint8Array(data);
    const { tid, uid, gid } = request;
    const { waiting } = request;
    const outSize = request.get(IN_BODY + 7);
    caller.paths.resolve(() => {
      this.#sb.answer(waiting, (to) => {
        caller.enter(tid, uid, gid, attr, addr);
        const result = this.#sb.kernel.bpf(cmd, attr, attr.length, addr, caller);
        return ioctlReply(to, result, attr, Math.min(caller.attrTouched, outSize));
      });
      this.#callers.push(caller);
    });
    return NO_REPLY;
  }

  /** The call takes long: it goes on while others are served, and is answered at its end. */
  #bpfGoesOn(request: FuseRequest, data: Uint8Array, caller: CtlCaller): number {
    const attr = new Uint8Array(data);
    caller.moveAttr(attr);
    const { waiting } = request;
    const outSize = request.get(IN_BODY + 7);
    const pending = this.#sb.kernel.takePending();
    this.#goOn(request.uid, waiting, (deadline, signal) => {
      let result: number;
      try {
        result = pending.run(deadline, signal);
      } catch (error) {
        this.#sb.onBug(error);
        result = -EIO;
      }
      if (result === PENDING) return false;
      this.#sb.answer(waiting, (to) => ioctlReply(to, result, attr, Math.min(caller.attrTouched, outSize)));
      this.#callers.push(caller);
      return true;
    });
    return NO_REPLY;
  }

  #goOn(uid: number, waiting: Waiting | undefined, run: SlowRequest['step']): void {
    const backlog = backlogOf(this.#sb.kernel);
    const request = new SlowRequest(uid, waiting, (deadline, signal) => {
      if (!run(deadline, signal)) return false;
      this.#slow.delete(request);
      return true;
    });
    this.#slow.add(request);
    // Too many at once: this one ends as if a signal had come, and may be tried again.
    if (!backlog.add(request)) request.end();
  }

  // --- lines of JSON ---

  override write(request: FuseRequest, _reply: FuseReply, start: number, size: number): number {
    if (this.#sb.buffered + size > BUFFERED_MAX) return -ENOMEM;
    if (this.#queued >= REPLIES_MAX || this.#input >= INPUT_MAX) return this.#nonblocking ? -EAGAIN : -ENOSPC;
    const { tid, uid, gid } = request;
    const writer = { tid, uid, gid, caps: this.#capsOf(tid, uid) };
    const bytes = request.bytes.subarray(start, start + size);
    if (this.#writing) {
      // Kept, since the request buffer is used again. The kernel lets one writer in at a time: it is not held up.
      const data = Buffer.from(bytes);
      this.#keep(size);
      this.#writes.push(() => {
        this.#keep(-size);
        this.#begin(data, writer, undefined);
      });
      return size;
    }
    const waiting = { ...request.waiting, size };
    return this.#begin(bytes, writer, waiting) ? size : NO_REPLY;
  }

  /** So many bytes more wait for their turn. */
  #keep(bytes: number): void {
    this.#input += bytes;
    this.#sb.buffered += bytes;
  }

  #begin(data: Buffer, writer: Writer, waiting: WaitingWrite | undefined): boolean {
    this.#writing = true;
    Object.assign(this.#json().caller, writer);
    return this.#lines(data, 0, waiting);
  }

  #capsOf(tid: number, uid: number): bigint {
    if (uid === this.#sb.ctl.ownerUid) return CAP_FULL_SET;
    const caps = new Uint8Array(8);
    if (this.#sb.ctl.process.capabilities(tid, caps) < 0) return 0n;
    return new DataView(caps.buffer).getBigUint64(0, true);
  }

  /**
   * Runs the lines that end in `data`. True when its write can be answered: they are done, or
   * one takes long and goes on by itself. False when a path holds it up: then `waiting` is answered later.
   */
  #lines(data: Buffer, from: number, waiting: WaitingWrite | undefined): boolean {
    for (;;) {
      const end = data.indexOf(0x0a, from);
      this.#addToLine(data.subarray(from, end < 0 ? data.length : end));
      if (end < 0) break;
      const rest = end + 1;
      const line = this.#takeLine();
      if (line === undefined) {
        this.#queue(refusal(this.#refused ?? 'E2BIG'));
        from = rest;
        continue;
      }
      const session = this.#json();
      const remaining = { bytes: data.subarray(rest) };
      const reply = callWithPaths(
        this.#jsonPaths(),
        session.caller,
        () => this.#run(session, line),
        (reply) => this.#afterWalk(reply, remaining.bytes, waiting),
      );
      if (typeof reply !== 'string') {
        remaining.bytes = Buffer.from(remaining.bytes);
        if (reply === undefined) return false;
        this.#lineGoesOn(reply, remaining.bytes);
        return true;
      }
      this.#queue(reply);
      from = rest;
    }
    this.#writing = false;
    this.#writes.shift()?.();
    return true;
  }

  /** The path of a line has been walked: its reply, and the lines behind it. */
  #afterWalk(reply: string | Work<string>, rest: Buffer, waiting: WaitingWrite | undefined): void {
    if (isWork(reply)) this.#lineGoesOn(reply, rest);
    else {
      this.#queue(reply);
      if (!this.#lines(rest, 0, waiting)) return;
    }
    if (waiting === undefined) return;
    this.#sb.answer(waiting, (to) => {
      to.u32[OUT_BODY] = waiting.size;
      to.u32[OUT_BODY + 1] = 0;
      return 8;
    });
  }

  /**
   * A line takes long: it goes on while others are served, then come the lines behind it. Its
   * write does not wait for it, or nobody else could write; closing the file ends it.
   */
  #lineGoesOn(work: Work<string>, rest: Buffer): void {
    this.#keep(rest.length);
    this.#goOn(this.#json().caller.uid, undefined, (deadline, signal) => {
      const reply = this.#safely(() => {
        const step = runUntil(work, deadline, signal);
        return step.done === true ? step.value : undefined;
      });
      if (reply === undefined) return false;
      this.#keep(-rest.length);
      if (this.#closed) return true;
      this.#queue(reply);
      this.#lines(rest, 0, undefined);
      return true;
    });
  }

  /** One line's reply, or the work that leads to it when it takes long. */
  #run(session: CtlSession, line: string): string | Work<string> {
    return this.#safely(() => {
      const work = session.line(line);
      let step = work.next(false);
      if (step.done !== true && !this.#sb.kernel.doors.isServing)
        step = runUntil(work, monotonicMs() + FIRST_SLICE_MS, false);
      return step.done === true ? step.value : work;
    });
  }

  /** A bug costs its own caller an error, not everybody the server. */
  #safely<T>(body: () => T): T | string {
    try {
      return body();
    } catch (error) {
      this.#sb.onBug(error);
      return refusal('EIO');
    }
  }

  #addToLine(part: Buffer): void {
    if (part.length === 0) return;
    this.#lineLength += part.length;
    if (this.#lineLength > LINE_MAX) this.#dropLine();
    else {
      this.#line.push(Buffer.from(part));
      this.#sb.buffered += part.length;
    }
  }

  #dropLine(): void {
    for (const part of this.#line) this.#sb.buffered -= part.length;
    this.#line = [];
  }

  /** The finished line; undefined when it is refused, for the reason in #refused. */
  #takeLine(): string | undefined {
    const bytes = Buffer.concat(this.#line);
    this.#refused = this.#lineLength > LINE_MAX ? 'E2BIG' : isUtf8(bytes) ? undefined : 'EILSEQ';
    this.#dropLine();
    this.#lineLength = 0;
    return this.#refused === undefined ? bytes.toString('utf8') : undefined;
  }

  #queue(reply: string): void {
    if (reply === '') return;
    const bytes = Buffer.from(`${reply}\n`);
    this.#replies.push(bytes);
    this.#queued += bytes.length;
    this.#sb.buffered += bytes.length;
    const reader = this.#waiters.nextReader();
    if (reader !== undefined) this.#sb.answer(reader.waiting, (to) => this.#take(to, reader.size));
    if (this.#queued > 0) this.#waiters.wakePollers();
  }

  override read(request: FuseRequest, reply: FuseReply, _offset: number, size: number): number {
    if (this.#queued > 0 || size === 0) return this.#take(reply, size);
    // The flags may have changed since open: READ carries the present ones.
    if ((request.get(IN_BODY + 8) & O_NONBLOCK) !== 0) return -EAGAIN;
    this.#waiters.addReader(request.waiting, size);
    return NO_REPLY;
  }

  #take(reply: FuseReply, size: number): number {
    let at = 0;
    while (at < size && this.#replies.length > 0) {
      const first = this.#replies[0] as Buffer;
      const part = first.subarray(0, size - at);
      reply.bytes.set(part, OUT_HEADER_SIZE + at);
      at += part.length;
      if (part.length === first.length) this.#replies.shift();
      else this.#replies[0] = first.subarray(part.length);
    }
    this.#queued -= at;
    this.#sb.buffered -= at;
    return at;
  }

  override poll(notify: { low: number; high: number } | undefined): number {
    this.#waiters.addPoller(notify);
    const readable = this.#queued > 0 ? POLLIN | POLLRDNORM : 0;
    const writable = this.#queued < REPLIES_MAX ? POLLOUT | POLLWRNORM : 0;
    return readable | writable;
  }

  override interrupt(low: number, high: number): boolean {
    for (const request of this.#slow) {
      if (request.waiting === undefined || !isSame(request.waiting, { low, high })) continue;
      request.signal = true;
      backlogOf(this.#sb.kernel).hurry(request);
      return true;
    }
    return this.#waiters.interrupt({ low, high });
  }

  /** What goes on here may be the very run in whose middle others are served. */
  override get isBusy(): boolean {
    return this.#slow.size > 0 || this.#writing;
  }

  override release(): void {
    super.release();
    this.#closed = true;
    for (const request of this.#slow) {
      backlogOf(this.#sb.kernel).remove(request);
      request.end();
    }
    this.#session?.close();
    this.#fds.closeAll();
    this.#dropLine();
    this.#sb.buffered -= this.#queued + this.#input;
  }
}

/** A write that waits for a path. */
interface WaitingWrite extends Waiting {
  readonly size: number;
}

/** Whose rights the lines of a write have. */
interface Writer {
  readonly tid: number;
  readonly uid: number;
  readonly gid: number;
  readonly caps: bigint;
}

/** A request that takes long. */
class SlowRequest implements Job {
  readonly uid: number;
  /** The request that is answered at its end, if any. */
  readonly waiting: Waiting | undefined;
  /** A signal waits for its caller. */
  signal = false;
  readonly step: (deadline: number, signal: boolean) => boolean;

  constructor(uid: number, waiting: Waiting | undefined, step: SlowRequest['step']) {
    this.uid = uid;
    this.waiting = waiting;
    this.step = step;
  }

  run(deadline: number): boolean {
    return this.step(deadline, this.signal);
  }

  isOver(): boolean {
    return this.signal;
  }

  /** Ends it now, as by a signal. */
  end(): void {
    this.signal = true;
    while (!this.run(0));
  }
}

/** Body of IOCTL: the result, and the first `touched` bytes of the attr. */
function ioctlReply(reply: FuseReply, result: number, attr: Uint8Array | undefined, touched: number): number {
  reply.i32[OUT_BODY] = result;
  reply.u32[OUT_BODY + 1] = 0;
  reply.u32[OUT_BODY + 2] = 0;
  reply.u32[OUT_BODY + 3] = 0;
  if (attr === undefined || touched === 0) return 16;
  reply.bytes.set(attr.subarray(0, touched), OUT_HEADER_SIZE + 16);
  return 16 + touched;
}

/** Why a line has no answer of its own. */
const REFUSALS = {
  E2BIG: `the line is longer than ${LINE_MAX} bytes: send less in one command`,
  EIO: 'internal error of bpf-emu, shown by its server: please report it',
  EILSEQ: 'the line is not UTF-8: send text as UTF-8, bytes as hex',
} as const;

/** The reply to such a line. */
function refusal(code: keyof typeof REFUSALS): string {
  return JSON.stringify({ ok: false, errno: code, message: REFUSALS[code] });
}
