/** What every kind of open file does; one class a kind: directories, pinned maps, the control file. */
import { EINVAL, ENOTTY } from '../uapi/errno.ts';
import type { Inode } from './inode.ts';
import type { FuseReply, FuseRequest } from './message.ts';

/**
 * Returned by a handler instead of the size of a reply: there is none, because the
 * request wants none (FORGET) or because it is answered later.
 */
export const NO_REPLY = -0x10000;

/** Poll bits of a file that never waits (`DEFAULT_POLLMASK`: IN, OUT, RDNORM, WRNORM). */
export const DEFAULT_POLLMASK = 0x145;

/** One open description. Methods answer with the size of the reply's body, -errno or {@link NO_REPLY}. */
export abstract class OpenFile {
  readonly inode: Inode;

  constructor(inode: Inode) {
    this.inode = inode;
    inode.opens++;
  }

  /** Flags for the reply to OPEN (`FOPEN_*`). */
  abstract readonly openFlags: number;

  /** READ runs programs. */
  get runsPrograms(): boolean {
    return false;
  }

  /** It cannot be closed while a program runs. */
  get isBusy(): boolean {
    return false;
  }

  /** READ of at most `size` bytes at `offset`. */
  read(_request: FuseRequest, _reply: FuseReply, _offset: number, _size: number): number {
    return -EINVAL;
  }

  /** WRITE of the request's bytes from `start` on, `size` of them. The reply's body is made by the caller. */
  write(_request: FuseRequest, _reply: FuseReply, _start: number, _size: number): number {
    return -EINVAL;
  }

  ioctl(_request: FuseRequest, _reply: FuseReply): number {
    return -ENOTTY;
  }

  /** Events that are ready (`POLL*`); `notify` is the poll handle to wake later, when wanted. */
  poll(_notify: { low: number; high: number } | undefined): number {
    return DEFAULT_POLLMASK;
  }

  /** A waiting request of this file was interrupted by a signal: true when it was found and answered. */
  interrupt(_low: number, _high: number): boolean {
    return false;
  }

  /** The last descriptor is gone. */
  release(): void {
    this.inode.opens--;
  }
}
