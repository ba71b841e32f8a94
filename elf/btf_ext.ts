/**
 * .BTF.ext: for each section of code its functions, source lines and CO-RE relocations
 * (source: Documentation/bpf/btf.rst, chapter 4.2).
 */
import { ENOEXEC, Errno } from '../uapi/errno.ts';

/** Records of one kind in one section. Their first word is a byte offset in the section. */
export interface ExtRecords {
  readonly recSize: number;
  /** The records, in order of their offset, by the section's name. */
  readonly sections: ReadonlyMap<string, readonly Uint8Array[]>;
}

/** The three kinds of records. */
export interface BtfExt {
  readonly funcInfo: ExtRecords;
  readonly lineInfo: ExtRecords;
  readonly coreRelo: ExtRecords;
}

const NONE: ExtRecords = { recSize: 0, sections: new Map() };

/** Reads .BTF.ext; `nameAt` gives the strings of .BTF. */
export function readBtfExt(bytes: Uint8Array, nameAt: (offset: number) => string): BtfExt {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 24 || view.getUint16(0, true) !== 0xeb9f) bad('it does not start with a BTF header');
  const hdrLen = view.getUint32(4, true);
  const part = (at: number, minimum: number): ExtRecords => {
    if (hdrLen < at + 8 || bytes.length < at + 8) return NONE;
    const start = hdrLen + view.getUint32(at, true);
    const length = view.getUint32(at + 4, true);
    if (start + length > bytes.length) bad('a part lies outside of it');
    return length === 0 ? NONE : readPart(bytes.subarray(start, start + length), minimum, nameAt);
  };
  return { funcInfo: part(8, 8), lineInfo: part(16, 16), coreRelo: part(24, 16) };
}

function bad(reason: string): never {
  throw new Errno(ENOEXEC, `Cannot read .BTF.ext: ${reason}`);
}

function readPart(bytes: Uint8Array, minimum: number, nameAt: (offset: number) => string): ExtRecords {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) bad('a part has no record size');
  const recSize = view.getUint32(0, true);
  if (recSize < minimum || recSize % 4 !== 0 || recSize > 4096) bad(`records of ${recSize} bytes`);
  const sections = new Map<string, Uint8Array[]>();
  let at = 4;
  while (at + 8 <= bytes.length) {
    const name = nameAt(view.getUint32(at, true));
    const count = view.getUint32(at + 4, true);
    at += 8;
    if (count === 0 || at + count * recSize > bytes.length) bad(`${count} records of ${name} do not fit`);
    const list = sections.get(name) ?? [];
    for (let i = 0; i < count; i++, at += recSize) list.push(bytes.subarray(at, at + recSize));
    sections.set(name, list);
  }
  for (const list of sections.values()) list.sort((a, b) => firstWord(a) - firstWord(b));
  return { recSize, sections };
}

/** The byte offset that a record starts with. */
export function firstWord(record: Uint8Array): number {
  return new DataView(record.buffer, record.byteOffset).getUint32(0, true);
}
