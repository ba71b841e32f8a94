/**
 * The functions of an object: their instructions, what those refer to, and what
 * .BTF.ext says of them. Nothing is linked yet.
 */
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/kinds.ts';
import { EINVAL, Errno } from '../uapi/errno.ts';
import { BPF_PSEUDO_CALL } from '../vm/insn.ts';
import { type BtfExt, firstWord } from './btf_ext.ts';
import { Code, INSN_SIZE, OP_CALL, OP_LDDW } from './code.ts';
import type { CoreRelo } from './core_relo.ts';
import type { Externs } from './externs.ts';
import {
  type ElfFile,
  type ElfSymbol,
  type Relocation,
  type Section,
  SHF_EXECINSTR,
  SHN_UNDEF,
  SHT,
  STB,
  STT,
} from './file.ts';
import { KCONFIG, type PlacedMap } from './maps.ts';
import type { Fixup } from './spec.ts';

/** One function. */
export interface Func {
  readonly name: string;
  readonly section: Section;
  /** Static: only called by others, no program of its own. */
  readonly isLocal: boolean;
  /** First instruction in its section, and number of them. */
  readonly start: number;
  readonly code: Code;
  /** Calls and function addresses: instruction, and the function meant. */
  readonly references: readonly Reference[];
  readonly fixups: readonly Fixup[];
  readonly coreRelos: readonly CoreRelo[];
  /** Records whose first word is an instruction index in the function. */
  readonly funcInfo: readonly Uint8Array[];
  readonly lineInfo: readonly Uint8Array[];
}

/** An instruction that names another function: by the section and instruction where that starts. */
export interface Reference {
  readonly insn: number;
  readonly section: number;
  readonly target: number;
}

/** Where what instructions refer to is found. */
export interface Surroundings {
  readonly elf: ElfFile;
  readonly maps: readonly PlacedMap[];
  readonly externs: Externs;
  readonly btf: Btf | undefined;
  readonly ext: BtfExt | undefined;
}

/** All functions, by section and start. */
export function collectFunctions(around: Surroundings): Func[] {
  const functions: Func[] = [];
  for (const section of around.elf.sections) {
    if (section.type !== SHT.PROGBITS || (section.flags & SHF_EXECINSTR) === 0 || section.size === 0) continue;
    if (section.size % INSN_SIZE !== 0)
      throw new Errno(EINVAL, `Cannot read section ${section.name}: ${section.size} bytes are no whole instructions`);
    for (const { name, value, size, binding } of functionSymbols(around.elf, section)) {
      if (value % INSN_SIZE !== 0 || size % INSN_SIZE !== 0 || size === 0 || value + size > section.bytes.length)
        throw new Errno(EINVAL, `Cannot read ${name}: it lies outside of section ${section.name}`);
      functions.push(readFunction(around, section, { name, value, size, isLocal: binding === STB.LOCAL }));
    }
  }
  return functions;
}

/** Where a function lies. */
interface FunctionPlace {
  readonly name: string;
  readonly value: number;
  readonly size: number;
  readonly isLocal: boolean;
}

/** The functions of a section. Compilers before LLVM 8 did not say which symbols are: each goes to the next then. */
function functionSymbols(elf: ElfFile, section: Section): ElfSymbol[] {
  const symbols = elf.symbols.filter((symbol) => symbol.section === section.index);
  const functions = symbols.filter((symbol) => symbol.type === STT.FUNC);
  if (functions.length > 0) return functions;
  const labels = symbols.filter((symbol) => symbol.type === STT.NOTYPE && symbol.binding !== STB.LOCAL);
  labels.sort((a, b) => a.value - b.value);
  return labels.map((label, index) => ({ ...label, size: (labels[index + 1]?.value ?? section.size) - label.value }));
}

function readFunction(around: Surroundings, section: Section, place: FunctionPlace): Func {
  const { name, value: offset, size, isLocal } = place;
  const start = offset / INSN_SIZE;
  const code = new Code(section.bytes.slice(offset, offset + size));
  const references: Reference[] = [];
  const fixups: Fixup[] = [];
  const relocated = new Set<number>();
  for (const relocation of around.elf.relocations.get(section.index) ?? []) {
    if (relocation.offset < offset || relocation.offset >= offset + size) continue;
    const insn = (relocation.offset - offset) / INSN_SIZE;
    if (!Number.isInteger(insn)) throw wrong(name, insn, 'its relocation is not at an instruction');
    relocated.add(insn);
    const result = resolve(around, name, code, insn, relocation);
    if ('section' in result) references.push(result);
    else fixups.push(result);
  }
  // Calls inside a section that the compiler resolved itself.
  for (let insn = 0; insn < code.length; insn++) {
    if (code.op(insn) === OP_CALL && code.src(insn) === BPF_PSEUDO_CALL && !relocated.has(insn))
      references.push({ insn, section: section.index, target: start + insn + 1 + code.imm(insn) });
    if (code.op(insn) === OP_LDDW) insn++;
  }
  references.sort((a, b) => a.insn - b.insn);
  const coreRelos = records(around.ext?.coreRelo.sections.get(section.name), offset, size).map((record) =>
    coreRelo(around, record),
  );
  return {
    name,
    section,
    isLocal,
    start,
    code,
    references,
    fixups,
    coreRelos,
    funcInfo: records(around.ext?.funcInfo.sections.get(section.name), offset, size),
    lineInfo: records(around.ext?.lineInfo.sections.get(section.name), offset, size),
  };
}

function wrong(name: string, insn: number, reason: string): Errno {
  return new Errno(EINVAL, `Cannot relocate instruction ${insn} of ${name}: ${reason}`);
}

/** The records of a function, their first word turned from a byte offset in the section to an instruction of it. */
function records(all: readonly Uint8Array[] | undefined, offset: number, size: number): Uint8Array[] {
  return (all ?? [])
    .filter((record) => firstWord(record) >= offset && firstWord(record) < offset + size)
    .map((record) => {
      const copy = record.slice();
      new DataView(copy.buffer).setUint32(0, (firstWord(record) - offset) / INSN_SIZE, true);
      return copy;
    });
}

function coreRelo(around: Surroundings, record: Uint8Array): CoreRelo {
  const view = new DataView(record.buffer, record.byteOffset);
  return {
    insn: view.getUint32(0, true),
    typeId: view.getUint32(4, true),
    access: around.btf?.table.string(view.getUint32(8, true)) ?? '',
    kind: view.getUint32(12, true),
  };
}

/** What a relocation says: another function, or something that is known when the program is loaded. */
function resolve(
  around: Surroundings,
  name: string,
  code: Code,
  insn: number,
  relocation: Relocation,
): Reference | Fixup {
  const { symbol } = relocation;
  if (insn >= code.length) throw wrong(name, insn, 'there is no such instruction');
  const isCall = code.op(insn) === OP_CALL;
  if (!isCall && !code.isLddw(insn))
    throw wrong(name, insn, `opcode 0x${code.op(insn).toString(16)} refers to ${symbol.name}`);
  if (symbol.section === SHN_UNDEF) return resolveExtern(around, name, code, insn, symbol.name, isCall);
  const section = around.elf.sections[symbol.section];
  if (section === undefined) throw wrong(name, insn, `${symbol.name} is in no section`);
  const addend = code.imm(insn);
  if ((section.flags & SHF_EXECINSTR) !== 0) {
    // A call holds instructions minus one, an address bytes.
    const target = symbol.value / INSN_SIZE + (isCall ? addend + 1 : addend / INSN_SIZE);
    return { insn, section: section.index, target };
  }
  if (isCall) throw wrong(name, insn, `it calls ${symbol.name}, which is data`);
  const placed = around.maps.find(
    (one) => one.section === section.index && (one.offset === -1 || one.offset === symbol.value + addend),
  );
  if (placed === undefined) throw wrong(name, insn, `${symbol.name} in section ${section.name} is no map`);
  if (placed.offset >= 0) return { insn, kind: 'map', name: placed.map.name, offset: 0, weak: false };
  return { insn, kind: 'map_value', name: placed.map.name, offset: symbol.value + addend, weak: false };
}

function resolveExtern(
  around: Surroundings,
  name: string,
  code: Code,
  insn: number,
  symbol: string,
  isCall: boolean,
): Fixup {
  const extern = around.externs.byName.get(symbol);
  if (extern === undefined) throw wrong(name, insn, `nothing defines ${symbol}`);
  const { kind, weak } = extern;
  if (isCall !== (kind === 'kfunc') && !(kind === 'kfunc' && code.isLddw(insn)))
    throw wrong(name, insn, isCall ? `it calls ${symbol}, which is no function` : `${symbol} is no variable`);
  if (kind !== 'kconfig')
    return { insn, kind: isCall || kind !== 'kfunc' ? kind : 'ksym', name: symbol, offset: 0, weak };
  const placed = around.maps.find((one) => one.section === -1 && one.map.name.endsWith(KCONFIG));
  return { insn, kind: 'map_value', name: placed?.map.name ?? KCONFIG, offset: extern.offset, weak: false };
}

/** Names of functions that a program names in declaration tags and that must be linked to it (`exception_callback:`). */
export function taggedFunctions(btf: Btf | undefined, name: string): string[] {
  if (btf === undefined) return [];
  const id = btf.find(name, BTF_KIND.FUNC);
  if (id === 0) return [];
  return btf
    .declTags(id)
    .map((tag) => btf.table.name(tag))
    .filter((tag) => tag.startsWith('exception_callback:'))
    .map((tag) => tag.slice('exception_callback:'.length));
}
