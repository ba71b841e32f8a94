/**
 * An ELF object for the BPF machine, as far as loaders need it: sections, symbols,
 * relocations (source: the System V ABI, gABI chapters 4 and 5; Documentation/bpf/
 * llvm_reloc.rst). Everything is checked against the file's length; what is wrong
 * throws an {@link Errno} with a sentence.
 */
import { latin1 } from '../base/bpf_log.ts';
import { ENOEXEC, Errno } from '../uapi/errno.ts';

/** `sh_type` values. */
export const SHT = { PROGBITS: 1, SYMTAB: 2, STRTAB: 3, RELA: 4, NOBITS: 8, REL: 9 } as const;
/** `sh_flags` bits. */
export const SHF_EXECINSTR = 4;
/** Section indices that mean no section. */
export const SHN_UNDEF = 0;
/** Types and bindings of symbols, visibilities. */
export const STT = { NOTYPE: 0, OBJECT: 1, FUNC: 2, SECTION: 3 } as const;
export const STB = { LOCAL: 0, GLOBAL: 1, WEAK: 2 } as const;
export const STV = { DEFAULT: 0, INTERNAL: 1, HIDDEN: 2 } as const;

const EM_BPF = 247;
const ET_REL = 1;
/** More sections or symbols than this are no program. */
const COUNT_MAX = 1 << 20;

/** One section. */
export interface Section {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  /** Its size; larger than `bytes` for a section without contents (.bss). */
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly link: number;
  readonly info: number;
  readonly entsize: number;
}

/** One symbol. */
export interface ElfSymbol {
  readonly name: string;
  readonly value: number;
  readonly size: number;
  readonly type: number;
  readonly binding: number;
  readonly visibility: number;
  /** Index of the section it is in, or SHN_*. */
  readonly section: number;
}

/** One relocation: `offset` in its section, what it refers to. */
export interface Relocation {
  readonly offset: number;
  readonly type: number;
  readonly symbol: ElfSymbol;
}

/** A whole object. */
export interface ElfFile {
  readonly sections: readonly Section[];
  readonly symbols: readonly ElfSymbol[];
  /** Relocations by the index of the section they apply to, in order of their offset. */
  readonly relocations: ReadonlyMap<number, readonly Relocation[]>;
}

function bad(reason: string): never {
  throw new Errno(ENOEXEC, `Cannot read the ELF object: ${reason}`);
}

/** Reads an object. */
export function readElf(bytes: Uint8Array): ElfFile {
  if (bytes.length < 64 || latin1(bytes.subarray(0, 4)) !== '\x7fELF') bad('it does not start with an ELF header');
  if (bytes[4] !== 2 || bytes[5] !== 1) bad('it is not 64-bit little-endian');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const machine = view.getUint16(18, true);
  // Compilers before LLVM 3.9 wrote no machine.
  if (machine !== EM_BPF && machine !== 0) bad(`its machine is ${machine}, ${EM_BPF} (BPF) is wanted`);
  if (view.getUint16(16, true) !== ET_REL) bad('it is not a relocatable object');
  const sections = readSections(bytes, view);
  const symtab = sections.find((section) => section.type === SHT.SYMTAB);
  const symbols = symtab === undefined ? [] : readSymbols(symtab, sections);
  return { sections, symbols, relocations: readRelocations(sections, symbols) };
}

/** A 64-bit word that must be a number no file is longer than. */
function word64(view: DataView, at: number): number {
  const low = view.getUint32(at, true);
  return view.getUint32(at + 4, true) * 2 ** 32 + low;
}

function readSections(bytes: Uint8Array, view: DataView): Section[] {
  const table = word64(view, 40);
  const entry = view.getUint16(58, true);
  const count = view.getUint16(60, true);
  const namesIndex = view.getUint16(62, true);
  if (entry < 64 || table + count * entry > bytes.length) bad('its section table lies outside of it');
  const raw = Array.from({ length: count }, (_, index) => {
    const at = table + index * entry;
    const type = view.getUint32(at + 4, true);
    const offset = word64(view, at + 24);
    const size = word64(view, at + 32);
    if (type !== SHT.NOBITS && index > 0 && offset + size > bytes.length) bad(`section ${index} lies outside of it`);
    return {
      index,
      nameOffset: view.getUint32(at, true),
      type,
      flags: view.getUint32(at + 8, true),
      size,
      bytes: type === SHT.NOBITS || index === 0 ? new Uint8Array(0) : bytes.subarray(offset, offset + size),
      link: view.getUint32(at + 40, true),
      info: view.getUint32(at + 44, true),
      entsize: word64(view, at + 56),
    };
  });
  const names = raw[namesIndex]?.bytes ?? new Uint8Array(0);
  return raw.map(({ nameOffset, ...section }) => ({ ...section, name: stringAt(names, nameOffset) }));
}

/** The NUL-terminated string at an offset; empty when it lies outside. */
function stringAt(bytes: Uint8Array, offset: number): string {
  if (offset >= bytes.length) return '';
  const end = bytes.indexOf(0, offset);
  return latin1(bytes.subarray(offset, end === -1 ? bytes.length : end));
}

function readSymbols(section: Section, sections: readonly Section[]): ElfSymbol[] {
  const names = sections[section.link]?.bytes ?? new Uint8Array(0);
  const view = new DataView(section.bytes.buffer, section.bytes.byteOffset, section.bytes.byteLength);
  const count = Math.floor(section.bytes.length / 24);
  if (count > COUNT_MAX) bad(`it has ${count} symbols`);
  return Array.from({ length: count }, (_, index) => {
    const at = index * 24;
    const info = view.getUint8(at + 4);
    const sectionIndex = view.getUint16(at + 6, true);
    const type = info & 0xf;
    const name = stringAt(names, view.getUint32(at, true));
    return {
      name: name === '' && type === STT.SECTION ? (sections[sectionIndex]?.name ?? '') : name,
      value: word64(view, at + 8),
      size: word64(view, at + 16),
      type,
      binding: info >> 4,
      visibility: view.getUint8(at + 5) & 3,
      section: sectionIndex,
    };
  });
}

function readRelocations(sections: readonly Section[], symbols: readonly ElfSymbol[]): Map<number, Relocation[]> {
  const relocations = new Map<number, Relocation[]>();
  for (const section of sections) {
    if (section.type !== SHT.REL && section.type !== SHT.RELA) continue;
    const entry = section.type === SHT.REL ? 16 : 24;
    const view = new DataView(section.bytes.buffer, section.bytes.byteOffset, section.bytes.byteLength);
    const list = relocations.get(section.info) ?? [];
    for (let at = 0; at + entry <= section.bytes.length; at += entry) {
      const symbol = symbols[view.getUint32(at + 12, true)];
      if (symbol === undefined) bad(`a relocation of ${section.name} names no symbol`);
      list.push({ offset: word64(view, at), type: view.getUint32(at + 8, true), symbol: symbol as ElfSymbol });
    }
    relocations.set(section.info, list);
  }
  for (const list of relocations.values()) list.sort((a, b) => a.offset - b.offset);
  return relocations;
}
