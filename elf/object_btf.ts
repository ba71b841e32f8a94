/**
 * The BTF of an object, made fit for BTF_LOAD. Compilers leave out what only the
 * linked object knows: sizes of sections and offsets of their variables; and they
 * describe what the kernel is to supply in a way that BTF_LOAD refuses.
 *
 * - Sections get their size, their variables the offsets of their symbols, in order.
 * - Extern functions and variables become global ones, their parameters get names.
 * - .ksyms, a section of functions, is left without contents.
 * - Hidden functions become static: they are not checked apart from their callers.
 *
 * Type ids stay as they were.
 */
import type { Btf, BtfType } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/kinds.ts';
import { type BtfTable, tailSize } from '../btf/table.ts';
import { EINVAL, Errno } from '../uapi/errno.ts';
import type { Externs } from './externs.ts';
import { type ElfFile, SHN_UNDEF, STV } from './file.ts';

/** Linkage of what is defined elsewhere. */
const EXTERN = 2;

/** Variables of a section as words of its record: type, offset, size. */
type Vsi = readonly [type: number, offset: number, size: number];

/** The bytes to load. */
export function loadableBtf(btf: Btf, elf: ElfFile, externs: Externs): Uint8Array {
  const { table } = btf;
  const words: number[] = [];
  const hidden = new Set(
    elf.symbols
      .filter(
        (symbol) =>
          symbol.section !== SHN_UNDEF && (symbol.visibility === STV.HIDDEN || symbol.visibility === STV.INTERNAL),
      )
      .map((symbol) => symbol.name),
  );
  const names = namesForParams(btf);
  for (let id = 1; id < table.count; id++) {
    const type = btf.type(id) as BtfType;
    if (type.kind === BTF_KIND.DATASEC) words.push(...section(btf, type, elf, externs));
    else words.push(...record(table, type, hidden, names.get(id) ?? 0));
  }
  return assemble(table, words);
}

/**
 * Parameters of declarations often have no names, which BTF_LOAD refuses in functions:
 * the name to give them, by the prototype. Any will do, the function's own.
 */
function namesForParams(btf: Btf): Map<number, number> {
  const names = new Map<number, number>();
  for (let id = 1; id < btf.nrTypes; id++) {
    const type = btf.type(id) as BtfType;
    if (type.kind === BTF_KIND.FUNC && type.linkage === EXTERN) names.set(type.type, btf.table.nameOffset(id));
  }
  return names;
}

/** A record as it is, but for linkages and names of parameters. */
function record(table: BtfTable, type: BtfType, hidden: ReadonlySet<string>, paramName: number): number[] {
  const { id } = type;
  const info = table.info(id);
  const words = [table.nameOffset(id), info, table.sizeOrType(id)];
  for (let i = 0; i < tailSize(info) / 4; i++) words.push(table.word(id, i));
  if (type.kind === BTF_KIND.FUNC) {
    if (type.linkage === EXTERN) words[1] = info - 1;
    else if (type.linkage === 1 && hidden.has(type.name)) words[1] = info - 1;
  }
  if (type.kind === BTF_KIND.FUNC_PROTO && paramName !== 0) {
    for (let i = 3; i < words.length; i += 2) if (words[i] === 0 && words[i + 1] !== 0) words[i] = paramName;
  }
  if (type.kind === BTF_KIND.VAR && type.linkage === EXTERN) words[3] = 1;
  return words;
}

/** A section with its size and the offsets of its variables. */
function section(btf: Btf, type: BtfType, elf: ElfFile, externs: Externs): number[] {
  const { table } = btf;
  const head = (size: number, count: number): number[] => [
    table.nameOffset(type.id),
    ((BTF_KIND.DATASEC << 24) | count) >>> 0,
    size,
  ];
  if (type.name === '.ksyms') return head(1, 0);
  const found = elf.sections.find((one) => one.name === type.name);
  const isConfig = type.name === '.kconfig';
  const size = isConfig ? externs.kconfig.length : (found?.size ?? type.size);
  if (size === 0) throw new Errno(EINVAL, `Cannot read the object: section ${type.name} of its BTF is empty`);
  const vars = type.vars.map((one): Vsi => {
    const name = btf.type(one.type)?.name ?? '';
    const offset = isConfig
      ? externs.byName.get(name)?.offset
      : elf.symbols.find((symbol) => symbol.name === name && symbol.section === found?.index)?.value;
    return [one.type, offset ?? one.offset, one.size];
  });
  vars.sort((a, b) => a[1] - b[1]);
  return [...head(size, vars.length), ...vars.flat()];
}

/** A BTF object of these records and the strings of the old one. */
function assemble(table: BtfTable, words: readonly number[]): Uint8Array {
  const strings = table.bytes.subarray(table.strings, table.strings + table.stringsLength);
  const length = words.length * 4;
  const bytes = new Uint8Array(24 + length + strings.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xeb9f, true);
  bytes[2] = 1;
  view.setUint32(4, 24, true);
  view.setUint32(12, length, true);
  view.setUint32(16, length, true);
  view.setUint32(20, strings.length, true);
  words.forEach((word, index) => {
    view.setUint32(24 + index * 4, word, true);
  });
  bytes.set(strings, 24 + length);
  return bytes;
}
