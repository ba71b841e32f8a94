/**
 * The file `bpf.trace_pipe`: what programs print, as `/sys/kernel/tracing/trace_pipe` shows it.
 * Reading waits for a line and takes it away: all opens of all mounts of an emulated kernel
 * share what there is. `bpf-emu trace` reads beside it and takes nothing.
 */
import { EAGAIN } from '../uapi/errno.ts';
import type { TraceBuffer } from '../vm/trace.ts';
import { NO_REPLY, OpenFile } from './file.ts';
import type { Inode } from './inode.ts';
import type { FuseReply, FuseRequest } from './message.ts';
import { FOPEN, IN_BODY, OUT_HEADER_SIZE } from './protocol.ts';
import type { Superblock } from './superblock.ts';
import { Waiters } from './waiters.ts';

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
  readonly #waiters: Waiters;

  constructor(inode: Inode, sb: Superblock, buffer: TraceBuffer) {
    super(inode);
    this.#sb = sb;
    this.#waiters = new Waiters(sb);
    this.#buffer = buffer;
    buffer.listeners.add(this.#arrived);
  }

  get #ready(): boolean {
    return this.#rest.length > 0 || this.#buffer.unread;
  }

  readonly #arrived = (): void => {
    while (this.#ready) {
      const reader = this.#waiters.nextReader();
      if (reader === undefined) break;
      this.#sb.answer(reader.waiting, (to) => this.#give(to, reader.size));
    }
    if (this.#ready) this.#waiters.wakePollers();
  };

  override read(request: FuseRequest, reply: FuseReply, _offset: number, size: number): number {
    if (this.#ready || size === 0) return this.#give(reply, size);
    // The flags may have changed since open: READ carries the present ones.
    if ((request.get(IN_BODY + 8) & O_NONBLOCK) !== 0) return -EAGAIN;
    this.#waiters.addReader(request.waiting, size);
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
    this.#waiters.addPoller(notify);
    return this.#ready ? POLLIN | POLLRDNORM : 0;
  }

  override interrupt(low: number, high: number): boolean {
    return this.#waiters.interrupt({ low, high });
  }

  override release(): void {
    super.release();
    this.#buffer.listeners.delete(this.#arrived);
  }
}
