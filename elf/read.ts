/**
 * An ELF object to a spec: everything that can be known without loading it.
 *
 *     bytes -> file.ts (sections, symbols, relocations)
 *           -> externs.ts, maps.ts, functions.ts (what is in them; btf_ext.ts)
 *           -> core_relo.ts (the kernel's types), link.ts (calls)
 *           -> spec.ts
 */
import { latin1 } from '../base/bpf_log.ts';
import { Btf } from '../btf/btf.ts';
import { referencesInside, scanBtf } from '../btf/scan.ts';
import { BPF_F_PROG } from '../uapi/bpf.ts';
import { ENOEXEC, Errno } from '../uapi/errno.ts';
import { readBtfExt } from './btf_ext.ts';
import { applyCoreRelos } from './core_relo.ts';
import { collectExterns, type Externs, type Kconfig } from './externs.ts';
import { type ElfFile, readElf } from './file.ts';
import { collectFunctions, type Func, taggedFunctions } from './functions.ts';
import { linkProgram } from './link.ts';
import { collectMaps } from './maps.ts';
import { loadableBtf } from './object_btf.ts';
import { findSection } from './sec_table.ts';
import type { ObjectSpec, ProgSpec } from './spec.ts';
import { collectStructOps } from './struct_ops.ts';

/** Linux 6.18.0 as LINUX_KERNEL_VERSION has it. */
const KERNEL_VERSION = (6 << 16) | (18 << 8);

/** What an object is read with. */
export interface ReadOptions {
  /** Name of the object, for the names of its data maps; the file's without `.o`. */
  readonly name?: string;
  /** BTF of the kernel that CO-RE relocations are made for. */
  readonly target?: Btf | undefined;
  /** Values of `__kconfig` variables. */
  readonly kconfig?: Kconfig;
  readonly kernelVersion?: number;
}

/** Reads an object; throws an {@link Errno} with a sentence when it is broken. */
export function readObject(bytes: Uint8Array, options: ReadOptions = {}): ObjectSpec {
  const name = options.name ?? 'obj';
  const elf = readElf(bytes);
  const btf = objectBtf(elf);
  const externs = collectExterns(elf, btf, options.kconfig ?? {}, options.kernelVersion ?? KERNEL_VERSION);
  const placed = collectMaps(elf, btf, externs, name);
  const extSection = contents(elf, '.BTF.ext');
  const ext =
    btf === undefined || extSection === undefined
      ? undefined
      : readBtfExt(extSection, (offset) => btf.table.string(offset) ?? '');
  const functions = collectFunctions({ elf, maps: placed, externs, btf, ext });
  if (btf !== undefined) for (const func of functions) applyCoreRelos(func.code, func.coreRelos, btf, options.target);
  const sizes = { func: ext?.funcInfo.recSize ?? 0, line: ext?.lineInfo.recSize ?? 0 };
  return {
    name,
    license: text(contents(elf, 'license')),
    kernVersion: version(contents(elf, 'version')),
    maps: [...placed.map((one) => one.map), ...collectStructOps(elf, btf)],
    programs: functions
      .filter((func) => func.section.name !== '.text' && !func.isLocal)
      .map((func) => program(func, functions, btf, sizes)),
    btf: btf === undefined ? new Uint8Array(0) : loadable(btf, elf, externs),
  };
}

function contents(elf: ElfFile, name: string): Uint8Array | undefined {
  return elf.sections.find((section) => section.name === name)?.bytes;
}

function text(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return '';
  const end = bytes.indexOf(0);
  return latin1(bytes.subarray(0, end === -1 ? bytes.length : end));
}

function version(bytes: Uint8Array | undefined): number {
  if (bytes === undefined || bytes.length < 4) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

function objectBtf(elf: ElfFile): Btf | undefined {
  const bytes = contents(elf, '.BTF');
  if (bytes === undefined || bytes.length === 0) return undefined;
  const table = scanBtf(bytes.slice());
  if (table === undefined || !referencesInside(table))
    throw new Errno(ENOEXEC, 'Cannot read the ELF object: its .BTF is broken');
  return new Btf(table);
}

/** BTF of nothing but void is none. */
function loadable(btf: Btf, elf: ElfFile, externs: Externs): Uint8Array {
  return btf.nrTypes > 1 ? loadableBtf(btf, elf, externs) : new Uint8Array(0);
}

function program(
  func: Func,
  functions: readonly Func[],
  btf: Btf | undefined,
  sizes: { func: number; line: number },
): ProgSpec {
  const section = func.section.name;
  const found = findSection(section);
  const tagged = taggedFunctions(btf, func.name).flatMap((name) => functions.filter((one) => one.name === name));
  const linked = linkProgram(func, functions, tagged);
  const flags =
    (found?.def.sleepable === true ? BPF_F_PROG.SLEEPABLE : 0) |
    (found?.def.frags === true ? BPF_F_PROG.XDP_HAS_FRAGS : 0);
  return {
    name: func.name,
    section,
    type: found?.def.type ?? 0,
    attachType: found?.def.attachType ?? 0,
    flags,
    target: found?.target ?? '',
    attachBtf: found?.def.attachBtf,
    optional: section.startsWith('?'),
    insns: linked.insns,
    fixups: linked.fixups,
    funcInfo: linked.funcInfo,
    funcInfoRecSize: linked.funcInfo.length === 0 ? 0 : sizes.func,
    lineInfo: linked.lineInfo,
    lineInfoRecSize: linked.lineInfo.length === 0 ? 0 : sizes.line,
  };
}
