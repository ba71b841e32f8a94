/** An iterator as an open file: of a pinned link, where each open is a run of its own, or one from ITER_CREATE (`bpf_iter_fops`). */
import type { IterLink, IterObject } from '../syscall/iter/link.ts';
import type { IterReader } from '../syscall/iter/reader.ts';
import { EACCES } from '../uapi/errno.ts';
import { OpenFile } from './file.ts';
import type { Inode } from './inode.ts';
import type { FuseReply, FuseRequest } from './message.ts';
import { FOPEN, OUT_HEADER_SIZE } from './protocol.ts';

const O_ACCMODE = 3;

export class IterFile extends OpenFile {
  readonly openFlags: number;
  readonly #reader: IterReader;
  readonly #closes: boolean;

  private constructor(inode: Inode, reader: IterReader, nonSeekable: boolean, closes: boolean) {
    super(inode);
    this.openFlags = FOPEN.DIRECT_IO | FOPEN.NOFLUSH | (nonSeekable ? FOPEN.NONSEEKABLE : 0);
    this.#reader = reader;
    this.#closes = closes;
  }

  /** Opens a pin; `flags` are those of open(2). */
  static ofLink(inode: Inode, link: IterLink, flags: number): IterFile {
    return new IterFile(inode, link.open(), (flags & O_ACCMODE) !== 0, true);
  }

  /** The one opening of an iterator; a second one is refused. */
  static ofIterator(inode: Inode, iterator: IterObject): IterFile | number {
    return inode.opens > 0 ? -EACCES : new IterFile(inode, iterator.reader, true, false);
  }

  override get runsPrograms(): boolean {
    return true;
  }

  /** The position of a file means nothing to an iterator: it goes on where it was. */
  override read(request: FuseRequest, reply: FuseReply, _offset: number, size: number): number {
    const task = { pid: request.tid, tgid: request.tid, uid: request.uid, gid: request.gid };
    return this.#reader.read(reply.bytes.subarray(OUT_HEADER_SIZE, OUT_HEADER_SIZE + size), task);
  }

  override release(): void {
    super.release();
    if (this.#closes) this.#reader.close();
  }
}
