/** One record of a BTF object as an object (see {@link BtfType}). */
import { MEMBER_WORDS, PARAM_WORDS, VSI_WORDS } from './check_log.ts';
import { BTF_KIND, inSet, kindSet, SIZED } from './kinds.ts';
import type { BtfTable } from './table.ts';
import type { BtfMember, BtfType } from './types.ts';

const NONE: readonly never[] = [];
const MEMBERS = kindSet(BTF_KIND.STRUCT, BTF_KIND.UNION);
const ENUMS = kindSet(BTF_KIND.ENUM, BTF_KIND.ENUM64);

/** Decodes the type with this id, which must exist. */
export function decodeType(table: BtfTable, id: number): BtfType {
  const kind = table.kind(id);
  const isInt = kind === BTF_KIND.INT;
  const isArray = kind === BTF_KIND.ARRAY;
  const sized = inSet(SIZED, kind);
  const data = isInt ? table.word(id, 0) : 0;
  return {
    id,
    kind,
    name: table.name(id),
    kindFlag: table.kindFlag(id),
    vlen: table.vlen(id),
    size: sized ? table.sizeOrType(id) : 0,
    type: isArray ? table.word(id, 0) : sized ? 0 : table.sizeOrType(id),
    encoding: (data >>> 24) & 0xf,
    bitOffset: (data >>> 16) & 0xff,
    bits: data & 0xff,
    indexType: isArray ? table.word(id, 1) : 0,
    nelems: isArray ? table.word(id, 2) : 0,
    members: inSet(MEMBERS, kind) ? decodeMembers(table, id) : NONE,
    enumerators: inSet(ENUMS, kind) ? decodeEnumerators(table, id) : NONE,
    params: kind === BTF_KIND.FUNC_PROTO ? decodeParams(table, id) : NONE,
    vars: kind === BTF_KIND.DATASEC ? decodeVars(table, id) : NONE,
    linkage: kind === BTF_KIND.FUNC ? table.vlen(id) : kind === BTF_KIND.VAR ? table.word(id, 0) : 0,
    componentIdx: kind === BTF_KIND.DECL_TAG ? table.word(id, 0) | 0 : 0,
  };
}

function each<T>(table: BtfTable, id: number, item: (index: number) => T): T[] {
  return Array.from({ length: table.vlen(id) }, (_, index) => item(index));
}

function decodeMembers(table: BtfTable, id: number): BtfMember[] {
  const flag = table.kindFlag(id);
  return each(table, id, (index) => {
    const at = index * MEMBER_WORDS;
    const offset = table.word(id, at + 2);
    return {
      name: table.string(table.word(id, at)) ?? '',
      type: table.word(id, at + 1),
      bitOffset: flag ? offset & 0xffffff : offset,
      bitfieldSize: flag ? offset >>> 24 : 0,
    };
  });
}

function decodeEnumerators(table: BtfTable, id: number): BtfType['enumerators'] {
  const words = table.kind(id) === BTF_KIND.ENUM64 ? 3 : 2;
  const signed = table.kindFlag(id);
  return each(table, id, (index) => {
    const at = index * words;
    const low = BigInt(table.word(id, at + 1));
    const value = words === 3 ? (BigInt(table.word(id, at + 2)) << 32n) | low : low;
    return {
      name: table.string(table.word(id, at)) ?? '',
      value: signed ? BigInt.asIntN(words === 3 ? 64 : 32, value) : value,
    };
  });
}

function decodeParams(table: BtfTable, id: number): BtfType['params'] {
  return each(table, id, (index) => ({
    name: table.string(table.word(id, index * PARAM_WORDS)) ?? '',
    type: table.word(id, index * PARAM_WORDS + 1),
  }));
}

function decodeVars(table: BtfTable, id: number): BtfType['vars'] {
  return each(table, id, (index) => {
    const at = index * VSI_WORDS;
    return { type: table.word(id, at), offset: table.word(id, at + 1), size: table.word(id, at + 2) };
  });
}
