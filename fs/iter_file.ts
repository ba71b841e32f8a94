/** A pinned iterator link opened as a file: each open is a run of its own (`bpf_iter_fops`). */
import type { IterLink } from '../syscall/iter/link.ts';
import type { IterReader } from '../syscall/iter/reader.ts';
import { OpenFile } from './file.ts';
import type { Inode } from './inode.ts';
import type { FuseReply, FuseRequest } from './message.ts';
import { FOPEN, OUT_HEADER_SIZE } from './protocol.ts';

const O_ACCMODE = 3;

export class IterFile extends OpenFile {
  readonly openFlags: number;
  readonly #reader: IterReader;

  constructor(inode: Inode, link: IterLink, flags: number) {
    super(inode);
    this.openFlags = FOPEN.DIRECT_IO | FOPEN.NOFLUSH | ((flags & O_ACCMODE) === 0 ? 0 : FOPEN.NONSEEKABLE);
    this.#reader = link.open();
  }

  /** The position of a file means nothing to an iterator: it goes on where it was. */
  override read(request: FuseRequest, reply: FuseReply, _offset: number, size: number): number {
    return this.#reader.read(reply.bytes.subarray(OUT_HEADER_SIZE, OUT_HEADER_SIZE + size), {
      pid: request.tid,
      tgid: request.tid,
      uid: request.uid,
      gid: request.gid,
    });
  }

  override release(): void {
    super.release();
    this.#reader.close();
  }
}
