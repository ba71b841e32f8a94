/**
 * Which names BTF may have, byte by byte. The kernel's character classes are those of
 * Latin-1 (lib/ctype.c), so that letters above 0xbf count.
 */
import type { BtfTable } from './table.ts';

/** Longest name (`KSYM_NAME_LEN`). */
const NAME_MAX = 512;

const ALPHA = 1;
const DIGIT = 2;
const PRINT = 4;
const IDENT = 8;

/** The classes of each byte. */
const CLASS = Uint8Array.from({ length: 256 }, (_, c) => {
  const latinLetter = c >= 0xc0 && c !== 0xd7 && c !== 0xf7;
  const alpha = (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || latinLetter;
  const digit = c >= 0x30 && c <= 0x39;
  const print = (c >= 0x20 && c <= 0x7e) || c >= 0xa0;
  const ident = alpha || c === 0x5f || c === 0x2e;
  return (alpha ? ALPHA : 0) | (digit ? DIGIT : 0) | (print ? PRINT : 0) | (ident ? IDENT : 0);
});

/** Whether the kernel's isprint() takes a byte: a char of a value is shown as itself then. */
export function isPrint(c: number): boolean {
  return (CLASS[c]! & PRINT) !== 0;
}

/** Whether the string at `offset` is an identifier (`btf_name_valid_identifier`); the offset must be valid. */
export function validIdentifier(table: BtfTable, offset: number): boolean {
  return validName(table, offset, IDENT, IDENT | DIGIT);
}

/** Whether the string at `offset` can name a section: any printable text (`btf_name_valid_section`). */
export function validSection(table: BtfTable, offset: number): boolean {
  return validName(table, offset, PRINT, PRINT);
}

function validName(table: BtfTable, offset: number, first: number, rest: number): boolean {
  const { bytes } = table;
  let at = table.strings + offset;
  if ((CLASS[bytes[at]!]! & first) === 0) return false;
  for (const end = at + NAME_MAX; ++at < end && bytes[at] !== 0; ) {
    if ((CLASS[bytes[at]!]! & rest) === 0) return false;
  }
  return bytes[at] === 0;
}

/** Whether a name offset lies inside the strings (`btf_name_offset_valid`). */
export function validOffset(table: BtfTable, offset: number): boolean {
  return offset <= 0x00ffffff && offset < table.stringsLength;
}
