/**
 * One `union bpf_attr` as a command works on it: the caller's bytes, zero-filled to
 * the full size, read at the offsets of the attr table without allocation.
 */
import { EINVAL } from '../uapi/errno.ts';
import type { Caller } from './caller.ts';

const ATTR_SIZE = 168;
const TWO_32 = 2 ** 32;

/** A copy of the caller's attr; made once, filled again for each call. */
export class Attr {
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly u64: BigUint64Array;
  /** Where the attr lies in the caller's memory: results go to `uaddr + offset`. */
  uaddr = 0;
  /** Size the caller gave. */
  size = 0;
  /** Bytes of {@link u8} that may be other than zero. */
  #filled = 0;
  readonly #out = new Uint8Array(8);
  readonly #out4 = this.#out.subarray(0, 4);
  readonly #outView = new DataView(this.#out.buffer);

  constructor() {
    const buffer = new ArrayBuffer(ATTR_SIZE);
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u64 = new BigUint64Array(buffer);
  }

  /** Takes the caller's bytes; what they do not cover is zero. */
  load(bytes: Uint8Array, size: number, uaddr: number): void {
    const length = Math.min(bytes.length, size, ATTR_SIZE);
    const { u8 } = this;
    if (length <= 64) for (let i = 0; i < length; i++) u8[i] = bytes[i] as number;
    else u8.set(bytes.length === length ? bytes : bytes.subarray(0, length));
    if (this.#filled > length) u8.fill(0, length, this.#filled);
    this.#filled = length;
    this.uaddr = uaddr;
    this.size = size;
  }

  /** Whether all bytes from this offset on are zero (`CHECK_ATTR`). */
  tailIsZero(from: number): boolean {
    const { u8 } = this;
    for (let i = from; i < this.#filled; i++) if (u8[i] !== 0) return false;
    return true;
  }

  /** An address (u64 as a number): exact below 2^53, and too large for any caller from there on. */
  addr(offset: number): number {
    return (this.u32[(offset >> 2) + 1] as number) * TWO_32 + (this.u32[offset >> 2] as number);
  }

  /** Unsigned 32-bit field. */
  get(offset: number): number {
    return this.u32[offset >> 2] as number;
  }

  /** Signed 32-bit field. */
  getSigned(offset: number): number {
    return this.i32[offset >> 2] as number;
  }

  /** 64-bit field. */
  getBig(offset: number): bigint {
    return this.u64[offset >> 3] as bigint;
  }

  /** Stores a 32-bit result field in the caller's attr (`put_user`): 0 or -EFAULT. The caller's `size` does not matter. */
  put(caller: Caller, offset: number, value: number): number {
    this.#outView.setUint32(0, value, true);
    return caller.write(this.uaddr + offset, this.#out4);
  }

  /** Stores a 64-bit result field. */
  putBig(caller: Caller, offset: number, value: bigint): number {
    this.#outView.setBigUint64(0, value, true);
    return caller.write(this.uaddr + offset, this.#out);
  }
}

/** Letters and digits as the kernel's `isalnum` has them: those of Latin-1 too. */
function isAlnum(c: number): boolean {
  if (c >= 0xc0) return c !== 0xd7 && c !== 0xf7;
  return (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122);
}

/**
 * The name in a fixed array of an attr (`bpf_obj_name_cpy`): letters, digits, `_` and `.`,
 * ended by NUL inside the array; -EINVAL otherwise. What comes after the NUL does not matter.
 */
export function objName(u8: Uint8Array, offset: number, length: number): string | number {
  let name = '';
  let at = offset;
  const end = offset + length;
  for (; at < end && u8[at] !== 0; at++) {
    const c = u8[at] as number;
    if (!isAlnum(c) && c !== 95 && c !== 46) return -EINVAL;
    name += String.fromCharCode(c);
  }
  return at === end ? -EINVAL : name;
}
