/**
 * Context tables: the fields of a uapi context structure and how each may be
 * accessed, and the one function that reads such a table (`is_valid_access` of a
 * program type).
 *
 * At run time a context block in the arena has the layout of its uapi structure. A
 * 32-bit field that stands for a pointer (`data`, `data_end`, `data_meta`) has its
 * 64-bit pointer in the extension area of the block, {@link CtxField.ptrOff} from its
 * beginning; an 8-byte pointer field holds its pointer in place.
 */
import { SCALAR_VALUE } from '../verifier/flags.ts';
import type { CtxAccess, ProgContext } from '../verifier/types.ts';

/**
 * How a field may be read or written:
 * - `exact`: the whole field only;
 * - `narrow`: any aligned power of two up to the field's size, converted by the verifier (`ctx_field_size`);
 * - `start`: as narrow, but only from the field's first byte;
 * - `wide`: as narrow (when written: the whole field), and also 8 bytes over this field and the next (`bpf_ctx_wide_access_ok`);
 * - `bytes`: any aligned size, as memory, over field borders too;
 */
export type AccessMode = 'exact' | 'narrow' | 'start' | 'wide' | 'bytes';

/** One field. */
export interface CtxField {
  readonly name: string;
  readonly off: number;
  readonly size: number;
  /** How it may be read; default `narrow`; `none`: not at all. */
  readonly read?: AccessMode | 'none';
  /** How it may be written; default not at all. */
  readonly write?: AccessMode | 'none';
  /** What a read gives; default a scalar. */
  readonly reg?: number;
  /** For PTR_TO_BTF_ID: name of the struct. */
  readonly btfName?: string;
  /** Offset in the extension area of the pointer a 32-bit field stands for. */
  readonly ptrOff?: number;
  /** Width recorded for narrow reads, when it is not the field's size. */
  readonly fieldSize?: number;
  /**
   * Bytes the kernel keeps the field in, when fewer than it shows: a narrow load as wide as
   * that reads the value wherever in the field it starts (`convert_ctx_accesses`).
   */
  readonly kernelSize?: number;
  /** Bytes of a store that stay, when fewer than are written. */
  readonly storeSize?: number;
  /** Stores of values from this on do nothing. */
  readonly storeBelow?: number;
  /** Loads of at least 2 bytes read the field sign-extended to 64 bits. */
  readonly signed?: true;
  /** Reads pass the check, and fail when they are converted. */
  readonly unconvertible?: true;
  /** Smallest narrow read, when it is not a byte. */
  readonly minSize?: number;
  /** Attach types that may read it (and write it); default all. */
  readonly attach?: readonly number[];
  /** Attach types that may write it; default those that may read it. */
  readonly writeAttach?: readonly number[];
  /** Read needs CAP_BPF. */
  readonly readNeedsBpf?: boolean;
  /** Write needs CAP_BPF. */
  readonly writeNeedsBpf?: boolean;
}

/** The fields of one context, ready to be looked up by offset. */
export interface CtxTable {
  readonly fields: readonly CtxField[];
  /** Field that covers a byte, by offset; undefined: padding, or beyond the end. */
  readonly at: readonly (CtxField | undefined)[];
}

/** Makes a table of fields. */
export function ctxTable(fields: readonly CtxField[]): CtxTable {
  const at: (CtxField | undefined)[] = [];
  for (const field of fields) for (let i = 0; i < field.size; i++) at[field.off + i] = field;
  return { fields, at };
}

/** As many fields of four bytes in a row as there are names. */
export function words(
  names: readonly string[],
  off: number,
  rules: Omit<CtxField, 'name' | 'off' | 'size'> = {},
): CtxField[] {
  return names.map((name, i) => ({ name, off: off + 4 * i, size: 4, ...rules }));
}

/** The four words of an IPv6 address. */
export function words4(name: string, off: number, rules: Omit<CtxField, 'name' | 'off' | 'size'> = {}): CtxField[] {
  return words([`${name}[0]`, `${name}[1]`, `${name}[2]`, `${name}[3]`], off, rules);
}

/** The fields of a structure with some hidden, and the rules of some replaced. */
export function variant(
  fields: readonly CtxField[],
  changes: Readonly<Record<string, Partial<Omit<CtxField, 'name' | 'off' | 'size'>>>>,
): CtxTable {
  const known = new Set(fields.map((f) => f.name.replace(/\[\d\]$/, '')));
  for (const name of Object.keys(changes)) if (!known.has(name)) throw new Error(`No context field ${name}`);
  return ctxTable(fields.map((f) => ({ ...f, ...changes[f.name.replace(/\[\d\]$/, '')] })));
}

function modeAllows(mode: AccessMode, table: CtxTable, field: CtxField, off: number, size: number): boolean {
  switch (mode) {
    case 'exact':
      return off === field.off && size === field.size;
    case 'narrow':
      return off + size <= field.off + field.size;
    case 'start':
      return off === field.off && size <= field.size;
    case 'wide':
      return off + size <= field.off + field.size || (size === 8 && table.at[off + 7]?.read === 'wide');
    case 'bytes':
      return table.at[off + size - 1]?.read === 'bytes';
  }
}

/** Access of `size` bytes at `off` (`is_valid_access`): what it stands for, or undefined when it is refused. */
export function ctxAccess(
  table: CtxTable,
  off: number,
  size: number,
  write: boolean,
  prog: ProgContext,
): CtxAccess | undefined {
  const field = table.at[off];
  if (field === undefined || off % size !== 0) return undefined;
  if (field.attach !== undefined && !field.attach.includes(prog.expectedAttachType)) return undefined;
  if (write) {
    if (field.write === undefined || field.write === 'none' || !modeAllows(field.write, table, field, off, size))
      return undefined;
    if (field.write === 'wide' && size < field.size) return undefined;
    if (field.writeAttach !== undefined && !field.writeAttach.includes(prog.expectedAttachType)) return undefined;
    if (field.writeNeedsBpf === true && !prog.caps.bpf) return undefined;
    return {
      regType: SCALAR_VALUE,
      fieldSize: 0,
      ...(field.storeSize === undefined ? {} : { realSize: field.storeSize }),
      ...(field.storeBelow === undefined ? {} : { storeBelow: field.storeBelow }),
    };
  }
  const mode = field.read ?? 'narrow';
  if (field.minSize !== undefined && size < field.minSize) return undefined;
  if (mode === 'none' || !modeAllows(mode, table, field, off, size)) return undefined;
  if (field.readNeedsBpf === true && !prog.caps.bpf) return undefined;
  const narrow = mode === 'narrow' || mode === 'start' || mode === 'wide';
  return {
    regType: field.reg ?? SCALAR_VALUE,
    fieldSize: narrow ? (field.fieldSize ?? field.size) : 0,
    ...(field.btfName === undefined ? {} : { btfName: field.btfName }),
    ...(narrow && field.kernelSize !== undefined && size >= field.kernelSize && off !== field.off
      ? { loadOff: field.off }
      : {}),
    ...(field.signed === true && size >= 2 ? { realSize: field.size } : {}),
    ...(field.unconvertible === true ? { unconvertible: true as const } : {}),
    ...(field.ptrOff === undefined ? {} : { ptrOff: field.ptrOff }),
  };
}
