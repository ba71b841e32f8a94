/** BTF one type a line, as `bpftool btf dump … format raw` prints it. */
import type { Btf, BtfType } from './btf.ts';
import { BTF_KIND, BTF_KIND_NAME } from './kinds.ts';

const ENCODING: Readonly<Record<number, string>> = { 0: '(none)', 1: 'SIGNED', 2: 'CHAR', 4: 'BOOL' };
const FUNC_LINKAGE = ['static', 'global', 'extern'];
const VAR_LINKAGE = ['static', 'global', 'extern'];

/** A name in quotes. */
function quoted(name: string): string {
  return `'${name === '' ? '(anon)' : name}'`;
}

const refers = (type: BtfType): string => ` type_id=${type.type}`;

/** What follows kind and name, by kind; the lines of members begin with a newline. */
const DETAILS: Readonly<Record<number, (type: BtfType, btf: Btf) => string>> = {
  [BTF_KIND.INT]: (type) =>
    ` size=${type.size} bits_offset=${type.bitOffset} nr_bits=${type.bits} encoding=${ENCODING[type.encoding] ?? 'UNKN'}`,
  [BTF_KIND.PTR]: refers,
  [BTF_KIND.CONST]: refers,
  [BTF_KIND.VOLATILE]: refers,
  [BTF_KIND.RESTRICT]: refers,
  [BTF_KIND.TYPEDEF]: refers,
  [BTF_KIND.TYPE_TAG]: refers,
  [BTF_KIND.ARRAY]: (type) => ` type_id=${type.type} index_type_id=${type.indexType} nr_elems=${type.nelems}`,
  [BTF_KIND.STRUCT]: composite,
  [BTF_KIND.UNION]: composite,
  [BTF_KIND.ENUM]: enumeration,
  [BTF_KIND.ENUM64]: enumeration,
  [BTF_KIND.FWD]: (type) => ` fwd_kind=${type.kindFlag ? 'union' : 'struct'}`,
  [BTF_KIND.FUNC]: (type) => ` type_id=${type.type} linkage=${FUNC_LINKAGE[type.linkage] ?? '(unknown)'}`,
  [BTF_KIND.FUNC_PROTO]: (type) =>
    ` ret_type_id=${type.type} vlen=${type.vlen}${type.params.map((one) => `\n\t${quoted(one.name)} type_id=${one.type}`).join('')}`,
  [BTF_KIND.VAR]: (type) => ` type_id=${type.type}, linkage=${VAR_LINKAGE[type.linkage] ?? '(unknown)'}`,
  [BTF_KIND.DATASEC]: (type, btf) =>
    ` size=${type.size} vlen=${type.vlen}${type.vars
      .map((one) => {
        const target = btf.type(one.type);
        const what = target === undefined ? '' : ` (${BTF_KIND_NAME[target.kind]} ${quoted(target.name)})`;
        return `\n\ttype_id=${one.type} offset=${one.offset} size=${one.size}${what}`;
      })
      .join('')}`,
  [BTF_KIND.FLOAT]: (type) => ` size=${type.size}`,
  [BTF_KIND.DECL_TAG]: (type) => ` type_id=${type.type} component_idx=${type.componentIdx}`,
};

function composite(type: BtfType): string {
  const members = type.members.map((one) => {
    const width = one.bitfieldSize === 0 ? '' : ` bitfield_size=${one.bitfieldSize}`;
    return `\n\t${quoted(one.name)} type_id=${one.type} bits_offset=${one.bitOffset}${width}`;
  });
  return ` size=${type.size} vlen=${type.vlen}${members.join('')}`;
}

function enumeration(type: BtfType): string {
  const suffix = type.kind === BTF_KIND.ENUM64 ? (type.kindFlag ? 'LL' : 'ULL') : '';
  const values = type.enumerators.map((one) => `\n\t${quoted(one.name)} val=${one.value}${suffix}`);
  return ` encoding=${type.kindFlag ? 'SIGNED' : 'UNSIGNED'} size=${type.size} vlen=${type.vlen}${values.join('')}`;
}

/** One type's line and those of its members, with a newline at the end. */
export function dumpType(btf: Btf, type: BtfType): string {
  const details = DETAILS[type.kind]?.(type, btf) ?? '';
  return `[${type.id}] ${BTF_KIND_NAME[type.kind]} ${quoted(type.name)}${details}\n`;
}

/** All types. */
export function dumpRaw(btf: Btf): string {
  const parts: string[] = [];
  for (let id = 1; id < btf.nrTypes; id++) parts.push(dumpType(btf, btf.type(id) as BtfType));
  return parts.join('');
}
