/**
 * The file `bpf.trace_pipe`: what programs print, as `/sys/kernel/tracing/trace_pipe` shows it.
 * Reading waits for a line and takes it away: all opens of all mounts of an emulated kernel
 * share what there is. `bpf-emu trace` reads beside it and takes nothing.
 */
import { EAGAIN, EINTR } from '../uapi/errno.ts';
import type { TraceBuffer } from '../vm/trace.ts';
import { NO_REPLY, OpenFile } from './file.ts';
import type { Inode } from './inode.ts';
import type { FuseReply, FuseRequest } from './message.ts';
import { FOPEN, IN, IN_BODY, OUT_HEADER_SIZE } from './protocol.ts';
import type { Superblock, Waiting } from './superblock.ts';

const O_NONBLOCK = 0o4000;
const POLLIN = 0x001;
const POLLRDNORM = 0x040;

/** One open of the file. */
export class TraceFile extends OpenFile {
  readonly openFlags = FOPEN.DIRECT_IO | FOPEN.STREAM | FOPEN.NONSEEKABLE | FOPEN.NOFLUSH;
  readonly #sb: Superblock;
  readonly #buffer: TraceBuffer;
  /** What was taken and did not fit into a read. */
  #rest = Buffer.alloc(0);
  #readers: { waiting: Waiting; size: number }[] = [];
  #pollers: { low: number; high: number }[] = [];

  constructor(inode: Inode, sb: Superblock, buffer: TraceBuffer) {
    super(inode);
    this.#sb = sb;
    this.#buffer = buffer;
    buffer.listeners.add(this.#arrived);
  }

  get #ready(): boolean {
    return this.#rest.length > 0 || this.#buffer.unread;
  }

  readonly #arrived = (): void => {
    while (this.#readers.length > 0 && this.#ready) {
      const reader = this.#readers.shift();
      if (reader !== undefined) this.#sb.answer(reader.waiting, (to) => this.#give(to, reader.size));
    }
    if (!this.#ready) return;
    for (const { low, high } of this.#pollers.splice(0)) this.#sb.notifier.wake(low, high);
  };

  override read(request: FuseRequest, reply: FuseReply, _offset: number, size: number): number {
    if (this.#ready || size === 0) return this.#give(reply, size);
    // The flags may have changed since open: READ carries the present ones.
    if ((request.get(IN_BODY + 8) & O_NONBLOCK) !== 0) return -EAGAIN;
    this.#readers.push({ waiting: { low: request.get(IN.unique), high: request.get(IN.unique + 1) }, size });
    return NO_REPLY;
  }

  #give(reply: FuseReply, size: number): number {
    if (size > 0 && this.#rest.length === 0) this.#rest = Buffer.from(this.#buffer.take(size), 'latin1');
    const part = this.#rest.subarray(0, size);
    reply.bytes.set(part, OUT_HEADER_SIZE);
    this.#rest = this.#rest.subarray(part.length);
    return part.length;
  }

  override poll(notify: { low: number; high: number } | undefined): number {
    if (notify !== undefined && !this.#pollers.some((one) => one.low === notify.low && one.high === notify.high)) {
      this.#pollers.push(notify);
    }
    return this.#ready ? POLLIN | POLLRDNORM : 0;
  }

  override interrupt(low: number, high: number): boolean {
    const index = this.#readers.findIndex(({ waiting }) => waiting.low === low && waiting.high === high);
    if (index < 0) return false;
    this.#readers.splice(index, 1);
    this.#sb.answer({ low, high }, () => -EINTR);
    return true;
  }

  override release(): void {
    super.release();
    this.#buffer.listeners.delete(this.#arrived);
  }
}
