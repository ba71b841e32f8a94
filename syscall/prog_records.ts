/**
 * The arrays of records PROG_LOAD takes (func_info, line_info, core_relos): read from
 * the caller as far as that is possible. What they mean is the verifier's business.
 */

import { EFAULT, ENOMEM } from '../uapi/errno.ts';
import type { Caller } from './caller.ts';

/** Largest record (`MAX_FUNCINFO_REC_SIZE` and the like). */
const RECORD_MAX = 252;

/** One array of records. */
export class Records {
  /** Number of records the caller speaks of. */
  readonly count: number;
  readonly recSize: number;
  /** The records that could be read, one after the other. */
  readonly bytes: Uint8Array;
  /** What a record behind the bytes answers: -EFAULT where the memory ends, -ENOMEM where reading was given up. */
  readonly errno: number;

  constructor(count: number, recSize: number, bytes: Uint8Array, errno: number) {
    this.count = count;
    this.recSize = recSize;
    this.bytes = bytes;
    this.errno = errno;
  }

  /** Whether a record has something beyond its first `known` bytes. */
  hasTail(known: number): boolean {
    const { bytes, recSize } = this;
    if (recSize <= known) return false;
    for (let at = 0; at + recSize <= bytes.length; at += recSize)
      for (let i = at + known; i < at + recSize; i++) if (bytes[i] !== 0) return true;
    return false;
  }

  /** The first `known` bytes of each record. */
  packed(known: number): Uint8Array {
    const { bytes, recSize } = this;
    if (recSize === known) return bytes;
    const count = recSize === 0 ? 0 : Math.floor(bytes.length / recSize);
    const packed = new Uint8Array(count * known);
    for (let i = 0; i < count; i++) packed.set(bytes.subarray(i * recSize, i * recSize + known), i * known);
    return packed;
  }
}

/** Whether records go on behind the one that speaks of instruction `offset`: else it is wrong, and the last one looked at. */
export type GoesOn = (offset: number, index: number, prev: number) => boolean;

/** What is read of the caller's memory at once, and the most that is read of one array. */
const CHUNK = 1 << 16;
const TOTAL_MAX = 1 << 24;

/**
 * Reads records up to the first whose offset is wrong; sizes no record can have are not
 * read at all. Arrays beyond 16 MiB end there, with -ENOMEM.
 */
export function readRecords(caller: Caller, addr: number, count: number, recSize: number, goesOn: GoesOn): Records {
  if (count === 0 || recSize < 4 || recSize > RECORD_MAX) return new Records(count, recSize, new Uint8Array(0), 0);
  const most = Math.min(count, Math.floor(TOTAL_MAX / recSize));
  const perChunk = Math.floor(CHUNK / recSize);
  const chunks: Uint8Array[] = [];
  let errno = most < count ? -ENOMEM : 0;
  let prev = 0;
  for (let index = 0, going = true; going && index < most; ) {
    const { bytes, whole } = readChunk(caller, addr + index * recSize, Math.min(perChunk, most - index), recSize);
    chunks.push(bytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; going && at < bytes.length; at += recSize, index++) {
      const offset = view.getUint32(at, true);
      going = goesOn(offset, index, prev);
      prev = offset;
    }
    if (whole) continue;
    errno = -EFAULT;
    break;
  }
  return new Records(count, recSize, joined(chunks), errno);
}

/** Some records; fewer when the memory ends before, and then not `whole`. */
function readChunk(
  caller: Caller,
  addr: number,
  count: number,
  recSize: number,
): { bytes: Uint8Array; whole: boolean } {
  const bytes = new Uint8Array(count * recSize);
  if (caller.read(addr, bytes) === 0) return { bytes, whole: true };
  let read = 0;
  while (read < count && caller.read(addr + read * recSize, bytes.subarray(read * recSize, (read + 1) * recSize)) === 0)
    read++;
  return { bytes: bytes.subarray(0, read * recSize), whole: false };
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return only;
  const all = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
