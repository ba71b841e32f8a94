/**
 * Reads the objects of the benchmark programs: an ELF file with programs in sections
 * `xdp` and `xdp/…`, their functions in `.text`, and maps in `maps` as four words
 * (type, key size, value size, entries). Enough for these, and no more.
 */

/** A map as the object asks for it. */
export interface BenchMap {
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

/** An object: its maps and programs; a program's lddw of a map has the map's number as immediate. */
export interface BenchObject {
  readonly maps: readonly BenchMap[];
  readonly progs: ReadonlyMap<string, Uint8Array>;
}

interface Section {
  readonly name: string;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly info: number;
}

interface Symbol {
  readonly name: string;
  readonly section: number;
  readonly value: number;
}

const SHT_REL = 9;
const R_BPF_64_64 = 1;

/** Parses an object file. */
export function readObject(file: Uint8Array): BenchObject {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const sections = readSections(file, view);
  const symbols = readSymbols(file, view, sections);
  const mapSection = sections.findIndex((section) => section.name === 'maps');
  const mapSymbols = symbols
    .filter((symbol) => symbol.section === mapSection && symbol.name !== '')
    .sort((a, b) => a.value - b.value);
  const maps = mapSymbols.map(({ name, value }) => {
    const word = (i: number): number => view.getUint32(sections[mapSection]!.offset + value + i * 4, true);
    return { name, type: word(0), keySize: word(1), valueSize: word(2), maxEntries: word(3) };
  });
  const mapNumber = (symbol: Symbol): number => mapSymbols.findIndex((map) => map.value === symbol.value);
  const textIndex = sections.findIndex((section) => section.name === '.text');
  const text = sections[textIndex];
  const progs = new Map<string, Uint8Array>();
  sections.forEach((section, index) => {
    if (section.name !== 'xdp' && !section.name.startsWith('xdp/')) return;
    const name = symbols.find(
      (symbol) => symbol.section === index && symbol.name !== '' && !symbol.name.startsWith('LBB'),
    )?.name;
    const own = file.slice(section.offset, section.offset + section.size);
    const relocations = readRelocations(view, sections, index);
    const calls = relocations.some((relocation) => relocation.type !== R_BPF_64_64);
    const tail = calls && text !== undefined ? file.slice(text.offset, text.offset + text.size) : new Uint8Array(0);
    const bytes = new Uint8Array(own.length + tail.length);
    bytes.set(own);
    bytes.set(tail, own.length);
    const out = new DataView(bytes.buffer);
    const apply = (base: number, list: readonly Relocation[]): void => {
      for (const { offset, type, symbol } of list) {
        const at = base + offset;
        const target = symbols[symbol]!;
        if (type === R_BPF_64_64) {
          bytes[at + 1] = (bytes[at + 1]! & 15) | 0x10;
          out.setInt32(at + 4, mapNumber(target), true);
        } else {
          const insn = own.length / 8 + target.value / 8 + out.getInt32(at + 4, true) + 1;
          out.setInt32(at + 4, insn - at / 8 - 1, true);
        }
      }
    };
    apply(0, relocations);
    if (calls) apply(own.length, readRelocations(view, sections, textIndex));
    progs.set(name ?? section.name, bytes);
  });
  return { maps, progs };
}

function readSections(file: Uint8Array, view: DataView): Section[] {
  const table = Number(view.getBigUint64(0x28, true));
  const count = view.getUint16(0x3c, true);
  const names = view.getUint16(0x3e, true);
  const raw = Array.from({ length: count }, (_, i) => {
    const at = table + i * 64;
    return {
      nameAt: view.getUint32(at, true),
      type: view.getUint32(at + 4, true),
      offset: Number(view.getBigUint64(at + 24, true)),
      size: Number(view.getBigUint64(at + 32, true)),
      info: view.getUint32(at + 44, true),
    };
  });
  const strings = raw[names]!.offset;
  return raw.map(({ nameAt, ...section }) => ({ ...section, name: text(file, strings + nameAt) }));
}

function readSymbols(file: Uint8Array, view: DataView, sections: readonly Section[]): Symbol[] {
  const table = sections.find((section) => section.name === '.symtab')!;
  const strings = sections.find((section) => section.name === '.strtab')!.offset;
  return Array.from({ length: table.size / 24 }, (_, i) => {
    const at = table.offset + i * 24;
    return {
      name: text(file, strings + view.getUint32(at, true)),
      section: view.getUint16(at + 6, true),
      value: Number(view.getBigUint64(at + 8, true)),
    };
  });
}

interface Relocation {
  readonly offset: number;
  readonly type: number;
  readonly symbol: number;
}

function readRelocations(view: DataView, sections: readonly Section[], section: number): Relocation[] {
  const table = sections.find(({ type, info }) => type === SHT_REL && info === section);
  if (table === undefined) return [];
  return Array.from({ length: table.size / 16 }, (_, i) => {
    const at = table.offset + i * 16;
    return {
      offset: Number(view.getBigUint64(at, true)),
      type: view.getUint32(at + 8, true),
      symbol: view.getUint32(at + 12, true),
    };
  });
}

function text(file: Uint8Array, at: number): string {
  let end = at;
  while (file[end] !== 0) end++;
  return String.fromCharCode(...file.subarray(at, end));
}
