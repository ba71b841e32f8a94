/** Reading BTF from a file: raw BTF, or the .BTF section of an ELF object. */
import { EINVAL, Errno } from '../uapi/errno.ts';

/** `BTF_MAGIC` (include/uapi/linux/btf.h). */
const BTF_MAGIC = 0xeb9f;
const ELF_MAGIC = 0x7f454c46;

/** The BTF bytes in the contents of a file; `name` is for the message when there are none. */
export function btfSection(bytes: Buffer, name: string): Uint8Array {
  if (bytes.length >= 2 && bytes.readUInt16LE(0) === BTF_MAGIC) return bytes;
  if (bytes.length >= 64 && bytes.readUInt32BE(0) === ELF_MAGIC) {
    const section = elfSection(bytes, '.BTF', name);
    if (section !== undefined) return section;
    throw new Errno(EINVAL, `${name} is an ELF object without a .BTF section: compile it with "clang -g"`);
  }
  throw new Errno(EINVAL, `${name} holds neither BTF nor an ELF object`);
}

/** Contents of a section of a 64-bit little-endian ELF file (elf(5)); undefined when there is none. */
function elfSection(bytes: Buffer, wanted: string, name: string): Uint8Array | undefined {
  const headers = Number(bytes.readBigUInt64LE(0x28));
  const size = bytes.readUInt16LE(0x3a);
  const count = bytes.readUInt16LE(0x3c);
  const names = bytes.readUInt16LE(0x3e);
  if (size < 64 || headers + count * size > bytes.length || names >= count)
    throw new Errno(EINVAL, `${name} is an ELF object that is cut off: its section table lies outside of it`);
  const range = (index: number): Buffer => {
    const at = headers + index * size;
    const offset = Number(bytes.readBigUInt64LE(at + 0x18));
    return bytes.subarray(offset, offset + Number(bytes.readBigUInt64LE(at + 0x20)));
  };
  const strings = range(names);
  for (let index = 0; index < count; index++) {
    const start = bytes.readUInt32LE(headers + index * size);
    const end = strings.indexOf(0, start);
    if (end !== -1 && strings.toString('latin1', start, end) === wanted) return range(index);
  }
  return undefined;
}
