/**
 * Small questions to a BTF object that several parts of the verifier ask.
 */
import { BTF_KIND, type Btf, type BtfType } from '../../btf/btf.ts';
import { BTF_KIND_NAME } from '../../btf/kinds.ts';

const VOID: BtfType = {
  id: 0,
  kind: BTF_KIND.UNKN,
  name: '',
  kindFlag: false,
  vlen: 0,
  size: 0,
  type: 0,
  encoding: 0,
  bitOffset: 0,
  bits: 0,
  indexType: 0,
  nelems: 0,
  members: [],
  enumerators: [],
  params: [],
  vars: [],
  linkage: 0,
  componentIdx: 0,
};

const MODIFIERS = new Set<number>([
  BTF_KIND.TYPEDEF,
  BTF_KIND.VOLATILE,
  BTF_KIND.CONST,
  BTF_KIND.RESTRICT,
  BTF_KIND.TYPE_TAG,
]);

/** The type behind typedefs, qualifiers and type tags; void when the chain breaks. */
export function skipMods(btf: Btf, id: number): BtfType {
  for (let depth = 0; depth < 64; depth++) {
    const type = btf.type(id);
    if (type === undefined || id === 0) return VOID;
    if (!MODIFIERS.has(type.kind)) return type;
    id = type.type;
  }
  return VOID;
}

export function isStruct(type: BtfType): boolean {
  return type.kind === BTF_KIND.STRUCT || type.kind === BTF_KIND.UNION;
}

export function isAnyEnum(type: BtfType): boolean {
  return type.kind === BTF_KIND.ENUM || type.kind === BTF_KIND.ENUM64;
}

/** `btf_type_is_small_int`-like: an int of at most 8 bytes. */
export function isSmallInt(type: BtfType): boolean {
  return type.kind === BTF_KIND.INT && (type.size === 1 || type.size === 2 || type.size === 4 || type.size === 8);
}

/** Bytes of a string of the BTF's string section by offset, as Latin-1; undefined: out of range. */
export function btfString(btf: Btf, off: number): string | undefined {
  const { bytes } = btf;
  if (bytes.length < 24) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = view.getUint32(4, true) + view.getUint32(16, true);
  const length = view.getUint32(20, true);
  if (off >= length || start + length > bytes.length) return undefined;
  let text = '';
  for (let i = start + off; i < start + length && bytes[i] !== 0; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/** Kind of a type in the words of messages: `STRUCT`, `INT`. */
export function kindStr(type: BtfType): string {
  return BTF_KIND_NAME[type.kind] ?? 'UNKNOWN';
}
