/**
 * What an object expects from the kernel: configuration values (`__kconfig`), kernel
 * functions and variables (`__ksym`).
 */
import type { Btf, BtfType } from '../btf/btf.ts';
import { plainType } from '../btf/core_spec.ts';
import { BTF_INT_BOOL, BTF_INT_SIGNED, BTF_KIND } from '../btf/kinds.ts';
import { EINVAL, ENOENT, Errno } from '../uapi/errno.ts';
import { type ElfFile, SHN_UNDEF, STB } from './file.ts';

/** One thing expected. */
export interface Extern {
  readonly name: string;
  readonly kind: 'kconfig' | 'kfunc' | 'ksym' | 'ksym_address';
  readonly weak: boolean;
  /** Type of the variable. */
  readonly typeId: number;
  /** `kconfig`: where the value lies in the .kconfig map. */
  readonly offset: number;
}

/** All of them, and the contents of the .kconfig map (empty when there is none). */
export interface Externs {
  readonly byName: ReadonlyMap<string, Extern>;
  readonly kconfig: Uint8Array;
}

/** Values for `__kconfig` variables, as a kernel's .config writes them: `y`, `m`, `n`, numbers, quoted strings. */
export type Kconfig = Readonly<Record<string, string>>;

/** Finds what the object expects. */
export function collectExterns(elf: ElfFile, btf: Btf | undefined, config: Kconfig, kernelVersion: number): Externs {
  const byName = new Map<string, Extern>();
  if (btf === undefined) return { byName, kconfig: new Uint8Array(0) };
  const values = {
    LINUX_KERNEL_VERSION: String(kernelVersion),
    LINUX_HAS_BPF_COOKIE: 'y',
    LINUX_HAS_SYSCALL_WRAPPER: 'y',
    ...config,
  };
  const weak = (name: string): boolean =>
    elf.symbols.some((symbol) => symbol.name === name && symbol.section === SHN_UNDEF && symbol.binding === STB.WEAK);
  for (const id of sectionVars(btf, '.ksyms')) {
    const type = btf.type(id) as BtfType;
    const kind =
      type.kind === BTF_KIND.FUNC
        ? 'kfunc'
        : plainType(btf, type.type)?.kind === BTF_KIND.UNKN
          ? 'ksym_address'
          : 'ksym';
    byName.set(type.name, { name: type.name, kind, weak: weak(type.name), typeId: type.type, offset: 0 });
  }
  const variables = sectionVars(btf, '.kconfig').map((id) => btf.type(id) as BtfType);
  const kconfig = layOut(btf, variables);
  for (const { variable, offset, size } of kconfig.places) {
    const extern: Extern = {
      name: variable.name,
      kind: 'kconfig',
      weak: weak(variable.name),
      typeId: variable.type,
      offset,
    };
    byName.set(variable.name, extern);
    const value = values[variable.name as keyof typeof values];
    if (value === undefined && !extern.weak)
      throw new Errno(
        ENOENT,
        `Cannot read the object: it needs the kernel's configuration of ${variable.name}, which is not given`,
      );
    if (value !== undefined) writeConfig(btf, variable, value, kconfig.bytes.subarray(offset, offset + size));
  }
  return { byName, kconfig: kconfig.bytes };
}

/** Ids of what the section of this name holds. */
function sectionVars(btf: Btf, name: string): number[] {
  const section = btf.type(btf.find(name, BTF_KIND.DATASEC));
  return section === undefined ? [] : section.vars.map((one) => one.type);
}

interface Place {
  readonly variable: BtfType;
  readonly offset: number;
  readonly size: number;
}

/** Puts the variables one after the other, the most aligned first. */
function layOut(btf: Btf, variables: readonly BtfType[]): { places: Place[]; bytes: Uint8Array } {
  const sized = variables.map((variable) => ({
    variable,
    size: btf.typeIdSize(variable.type)?.size ?? 0,
    align: alignOf(btf, variable.type, 16),
  }));
  sized.sort((a, b) => b.align - a.align || a.size - b.size || (a.variable.name < b.variable.name ? -1 : 1));
  let end = 0;
  const places = sized.map(({ variable, size, align }) => {
    const offset = Math.ceil(end / align) * align;
    end = offset + size;
    return { variable, offset, size };
  });
  if (end > 1 << 20) throw new Errno(EINVAL, `Cannot read the object: its .kconfig takes ${end} bytes`);
  return { places, bytes: new Uint8Array(end) };
}

/** Alignment of a type in bytes. */
function alignOf(btf: Btf, id: number, depth: number): number {
  const type = plainType(btf, id);
  if (type === undefined || depth === 0) return 1;
  if (type.kind === BTF_KIND.PTR) return 8;
  if (type.kind === BTF_KIND.ARRAY) return alignOf(btf, type.type, depth - 1);
  if (type.kind === BTF_KIND.STRUCT || type.kind === BTF_KIND.UNION) {
    return type.members.reduce((most, member) => {
      const align = alignOf(btf, member.type, depth - 1);
      // A member that is not where its type would put it: the struct is packed.
      return member.bitfieldSize === 0 && member.bitOffset % (align * 8) !== 0 ? most : Math.max(most, align);
    }, 1);
  }
  return Math.min(8, Math.max(1, type.size));
}

/** Puts one configuration value into its variable. */
function writeConfig(btf: Btf, variable: BtfType, text: string, out: Uint8Array): void {
  const type = plainType(btf, variable.type);
  const wrong = (wanted: string): never => {
    throw new Errno(EINVAL, `Cannot set ${variable.name}: found ${text}, wanted ${wanted}`);
  };
  const state = { y: 1, m: 2, n: 0 }[text];
  if (type?.kind === BTF_KIND.ARRAY) {
    const string = /^"(.*)"$/s.exec(text)?.[1] ?? text;
    const bytes = new TextEncoder().encode(string);
    out.set(bytes.subarray(0, Math.max(0, out.length - 1)));
    return;
  }
  if (type?.kind === BTF_KIND.ENUM) {
    const name = { y: 'TRI_YES', m: 'TRI_MODULE', n: 'TRI_NO' }[text];
    const value = type.enumerators.find((one) => one.name === name)?.value;
    if (value === undefined) wrong('y, m or n');
    out[0] = Number(value);
    return;
  }
  if (type?.kind !== BTF_KIND.INT) wrong('a variable of an integer, tristate or string type');
  const int = type as BtfType;
  if (state !== undefined) {
    if ((int.encoding & BTF_INT_BOOL) !== 0) {
      if (text === 'm') wrong('y or n');
      out[0] = state;
    } else if (int.size === 1) out[0] = text.charCodeAt(0);
    else wrong('a number');
    return;
  }
  if (!/^-?(0x[0-9a-f]+|[0-9]+)$/i.test(text)) wrong('y, m, n, a number or a quoted string');
  const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
  const bits = int.size * 8;
  const fits =
    (int.encoding & BTF_INT_SIGNED) !== 0
      ? BigInt.asIntN(bits, value) === value
      : BigInt.asUintN(bits, value) === value;
  if (!fits) wrong(`a number of ${bits} bits`);
  for (let i = 0; i < int.size; i++) out[i] = Number(BigInt.asUintN(8, value >> BigInt(i * 8)));
}
