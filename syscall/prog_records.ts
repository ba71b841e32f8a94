/**
 * The arrays of records PROG_LOAD takes (func_info, line_info, core_relos): read from
 * the caller as far as that is possible. What they mean is the verifier's business.
 */

import { EFAULT } from '../uapi/errno.ts';
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
  /** -EFAULT when reading ended before the last record that matters, else 0. */
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

/**
 * Reads records. More than one an instruction are never right, so `insns` + 1 of them
 * are enough to see that; sizes no record can have are not read at all.
 */
export function readRecords(caller: Caller, addr: number, count: number, recSize: number, insns: number): Records {
  const wanted = Math.min(count, insns + 1);
  if (wanted === 0 || recSize === 0 || recSize > RECORD_MAX) return new Records(count, recSize, new Uint8Array(0), 0);
  const bytes = new Uint8Array(wanted * recSize);
  if (caller.read(addr, bytes) === 0) return new Records(count, recSize, bytes, 0);
  let read = 0;
  while (
    read < wanted &&
    caller.read(addr + read * recSize, bytes.subarray(read * recSize, (read + 1) * recSize)) === 0
  )
    read++;
  return new Records(count, recSize, bytes.slice(0, read * recSize), -EFAULT);
}
