/** Text in a caller's memory (`strncpy_from_user`). */
import { latin1 } from '../base/bpf_log.ts';
import type { Caller } from './caller.ts';

const PAGE_MASK = 4095;

/**
 * The bytes at an address up to a NUL, at most `max` of them, as Latin-1; undefined when
 * memory ends before the NUL. Read page by page: what follows the text need not exist.
 */
export function readString(caller: Caller, addr: number, max: number): string | undefined {
  const bytes = new Uint8Array(max);
  let length = 0;
  while (length < max) {
    const room = Math.min(max - length, PAGE_MASK + 1 - ((addr + length) % (PAGE_MASK + 1)));
    const part = bytes.subarray(length, length + room);
    if (caller.read(addr + length, part) < 0) {
      // A memory that has no pages may end in the middle of one.
      const byte = bytes.subarray(length, length + 1);
      if (caller.read(addr + length, byte) < 0) return undefined;
      if (byte[0] === 0) break;
      length++;
      continue;
    }
    const nul = part.indexOf(0);
    if (nul !== -1) {
      length += nul;
      break;
    }
    length += room;
  }
  return latin1(bytes.subarray(0, length));
}
