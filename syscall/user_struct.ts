/**
 * Structures that commands exchange through a pointer and a length and that may be
 * shorter or longer than the one known here (`bpf_check_uarg_tail_zero`).
 */
import { E2BIG, EFAULT } from '../uapi/errno.ts';
import type { Caller } from './caller.ts';

const PAGE_SIZE = 4096;

/** Whether what the caller has beyond the known size is zero: 0, -E2BIG or -EFAULT. */
export function checkTailZero(caller: Caller, addr: number, known: number, given: number): number {
  if (given > PAGE_SIZE) return -E2BIG;
  if (given <= known) return 0;
  const tail = new Uint8Array(given - known);
  if (caller.read(addr + known, tail) < 0) return -EFAULT;
  for (const byte of tail) if (byte !== 0) return -E2BIG;
  return 0;
}

/** A structure in kernel memory that is filled and handed to the caller; offsets in bytes, little-endian. */
export class UserStruct {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  u32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  /** A 64-bit address as a number (see Caller). */
  addr(offset: number): number {
    return this.#view.getUint32(offset + 4, true) * 2 ** 32 + this.#view.getUint32(offset, true);
  }

  setU32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true);
  }

  setU64(offset: number, value: bigint): void {
    this.#view.setBigUint64(offset, value, true);
  }

  /** A name in a fixed field, zero-filled. */
  setText(offset: number, length: number, text: string): void {
    for (let i = 0; i < length; i++) this.bytes[offset + i] = i < text.length ? text.charCodeAt(i) : 0;
  }
}
