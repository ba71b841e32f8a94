/**
 * First pass of BTF_LOAD: each record by itself, in order (`btf_check_all_metas`).
 * A kind's check returns the bytes that follow its record, or -errno.
 */
import { E2BIG, EINVAL, ENOTSUPP } from '../uapi/errno.ts';
import { type CheckLog, logName, MEMBER_WORDS, VSI_WORDS } from './check_log.ts';
import { BTF_INT_BOOL, BTF_INT_CHAR, BTF_INT_SIGNED, BTF_KIND, BTF_KIND_MAX } from './kinds.ts';
import { validIdentifier, validOffset, validSection } from './names.ts';
import { BTF_TYPE_SIZE, tailSize } from './table.ts';

/** Largest type id (`BTF_MAX_TYPE`). */
const TYPE_ID_MAX = 0xfffff;
/** Bits of the info word that mean something (`BTF_INFO_MASK`). */
const INFO_MASK = 0x9f00ffff;
/** Bits of an INT's word that mean something (`BTF_INT_MASK`). */
const INT_MASK = 0x0fffffff;

type MetaCheck = (c: CheckLog, id: number) => number;

/** Refuses a type. */
function refuse(c: CheckLog, id: number, reason: string, errno = EINVAL): number {
  c.type(id, reason);
  return -errno;
}

/** Checks that several kinds share; an empty reason: nothing is wrong. */
const noVlen = (c: CheckLog, id: number): string => (c.table.vlen(id) === 0 ? '' : 'vlen != 0');
const noFlag = (c: CheckLog, id: number): string => (c.table.kindFlag(id) ? 'Invalid btf_info kind_flag' : '');
const noName = (c: CheckLog, id: number): string => (c.table.nameOffset(id) === 0 ? '' : 'Invalid name');

function needsName(c: CheckLog, id: number): string {
  const offset = c.table.nameOffset(id);
  return offset !== 0 && validIdentifier(c.table, offset) ? '' : 'Invalid name';
}

function optionalName(c: CheckLog, id: number): string {
  const offset = c.table.nameOffset(id);
  return offset === 0 || validIdentifier(c.table, offset) ? '' : 'Invalid name';
}

function anyName(reason: string) {
  return (c: CheckLog, id: number): string => (c.table.name(id) === '' ? reason : '');
}

function refersTo(c: CheckLog, id: number): string {
  return c.table.sizeOrType(id) <= TYPE_ID_MAX ? '' : 'Invalid type_id';
}

/** A kind whose check is a row of conditions, first come first served, and then its line. */
function conditions(...list: readonly ((c: CheckLog, id: number) => string)[]): MetaCheck {
  return (c, id) => {
    for (const condition of list) {
      const reason = condition(c, id);
      if (reason !== '') return refuse(c, id, reason);
    }
    c.type(id);
    return 0;
  };
}

function checkInt(c: CheckLog, id: number): number {
  const { table } = c;
  const reason = noVlen(c, id) || noFlag(c, id);
  if (reason !== '') return refuse(c, id, reason);
  const data = table.word(id, 0);
  if ((data & ~INT_MASK) !== 0) {
    c.basic(id, `Invalid int_data:${data.toString(16)}`);
    return -EINVAL;
  }
  const bits = (data & 0xff) + ((data >>> 16) & 0xff);
  if (bits > 128) return refuse(c, id, 'nr_bits exceeds 128');
  if ((bits + 7) >> 3 > table.sizeOrType(id)) return refuse(c, id, 'nr_bits exceeds type_size');
  const encoding = (data >>> 24) & 0xf;
  if (encoding !== 0 && encoding !== BTF_INT_SIGNED && encoding !== BTF_INT_CHAR && encoding !== BTF_INT_BOOL)
    return refuse(c, id, 'Unsupported encoding', ENOTSUPP);
  c.type(id);
  return 0;
}

const checkArray = conditions(
  noName,
  noVlen,
  noFlag,
  (c, id) => (c.table.sizeOrType(id) === 0 ? '' : 'size != 0'),
  (c, id) => (goodTypeId(c.table.word(id, 0)) ? '' : 'Invalid elem'),
  (c, id) => (goodTypeId(c.table.word(id, 1)) ? '' : 'Invalid index'),
);

/** Not void, and within bounds. */
function goodTypeId(id: number): boolean {
  return id !== 0 && id <= TYPE_ID_MAX;
}

function checkStruct(c: CheckLog, id: number): number {
  const { table } = c;
  const name = optionalName(c, id);
  if (name !== '') return refuse(c, id, name);
  c.type(id);
  const isUnion = table.kind(id) === BTF_KIND.UNION;
  const flag = table.kindFlag(id);
  const size = table.sizeOrType(id);
  let last = 0;
  for (let i = 0, count = table.vlen(id); i < count; i++) {
    const at = i * MEMBER_WORDS;
    const word = table.word(id, at + 2);
    const offset = flag ? word & 0xffffff : word;
    const reason =
      memberName(c, table.word(id, at)) || memberPlace(table.word(id, at + 1), offset, last, isUnion, size);
    c.member(id, i, reason);
    if (reason !== '') return -EINVAL;
    last = offset;
  }
  return 0;
}

function memberName(c: CheckLog, offset: number): string {
  if (!validOffset(c.table, offset)) return `Invalid member name_offset:${offset}`;
  return offset === 0 || validIdentifier(c.table, offset) ? '' : 'Invalid name';
}

function memberPlace(type: number, offset: number, last: number, isUnion: boolean, size: number): string {
  if (!goodTypeId(type)) return 'Invalid type_id';
  if ((isUnion && offset !== 0) || last > offset) return 'Invalid member bits_offset';
  return Math.ceil(offset / 8) > size ? 'Member bits_offset exceeds its struct size' : '';
}

/** ENUM and ENUM64: `words` a value. */
function checkEnum(words: 2 | 3): MetaCheck {
  return (c, id) => {
    const { table } = c;
    const size = table.sizeOrType(id);
    if (size > 8 || size === 0 || (size & (size - 1)) !== 0) return refuse(c, id, 'Unexpected size');
    const name = optionalName(c, id);
    if (name !== '') return refuse(c, id, name);
    c.type(id);
    for (let i = 0, count = table.vlen(id); i < count; i++) {
      const offset = table.word(id, i * words);
      if (!validOffset(table, offset)) {
        c.text(`\tInvalid name_offset:${offset}`);
        return -EINVAL;
      }
      if (offset === 0 || !validIdentifier(table, offset)) return refuse(c, id, 'Invalid name');
      if (c.log.needed) c.text(`\t${logName(table, offset)} val=${enumValue(c, id, i, words)}\n`);
    }
    return 0;
  };
}

function enumValue(c: CheckLog, id: number, index: number, words: 2 | 3): number | bigint {
  const { table } = c;
  const signed = table.kindFlag(id);
  const low = table.word(id, index * words + 1);
  if (words === 2) return signed ? low | 0 : low;
  const value = (BigInt(table.word(id, index * words + 2)) << 32n) | BigInt(low);
  return signed ? BigInt.asIntN(64, value) : value;
}

function checkDatasec(c: CheckLog, id: number): number {
  const { table } = c;
  const size = table.sizeOrType(id);
  const nameOffset = table.nameOffset(id);
  if (size === 0) return refuse(c, id, 'size == 0');
  const flag = noFlag(c, id);
  if (flag !== '') return refuse(c, id, flag);
  if (nameOffset === 0 || !validSection(table, nameOffset)) return refuse(c, id, 'Invalid name');
  c.type(id);
  let end = 0;
  let sum = 0;
  for (let i = 0, count = table.vlen(id); i < count; i++) {
    const at = i * VSI_WORDS;
    const varSize = table.word(id, at + 2);
    const reason = vsiPlace(table.word(id, at), table.word(id, at + 1), varSize, end, size);
    c.vsi(id, i, reason);
    if (reason !== '') return -EINVAL;
    end = table.word(id, at + 1) + varSize;
    sum += varSize;
  }
  return size < sum ? refuse(c, id, 'Invalid btf_info size') : 0;
}

function vsiPlace(type: number, offset: number, varSize: number, end: number, size: number): string {
  if (!goodTypeId(type)) return 'Invalid type_id';
  if (offset < end || offset >= size) return 'Invalid offset';
  if (varSize === 0 || varSize > size) return 'Invalid size';
  return offset + varSize > size ? 'Invalid offset+size' : '';
}

const modifier = conditions(noVlen, noFlag, refersTo, noName);

/** The checks by kind. */
const META: Readonly<Record<number, MetaCheck>> = {
  [BTF_KIND.INT]: checkInt,
  [BTF_KIND.PTR]: modifier,
  [BTF_KIND.ARRAY]: checkArray,
  [BTF_KIND.STRUCT]: checkStruct,
  [BTF_KIND.UNION]: checkStruct,
  [BTF_KIND.ENUM]: checkEnum(2),
  [BTF_KIND.FWD]: conditions(noVlen, (c, id) => (c.table.sizeOrType(id) === 0 ? '' : 'type != 0'), needsName),
  [BTF_KIND.TYPEDEF]: conditions(noVlen, noFlag, refersTo, needsName),
  [BTF_KIND.VOLATILE]: modifier,
  [BTF_KIND.CONST]: modifier,
  [BTF_KIND.RESTRICT]: modifier,
  [BTF_KIND.FUNC]: conditions(needsName, (c, id) => (c.table.vlen(id) <= 1 ? '' : 'Invalid func linkage'), noFlag),
  [BTF_KIND.FUNC_PROTO]: conditions(noName, noFlag),
  [BTF_KIND.VAR]: conditions(
    noVlen,
    noFlag,
    needsName,
    (c, id) => (goodTypeId(c.table.sizeOrType(id)) ? '' : 'Invalid type_id'),
    (c, id) => (c.table.word(id, 0) <= 1 ? '' : 'Linkage not supported'),
  ),
  [BTF_KIND.DATASEC]: checkDatasec,
  [BTF_KIND.FLOAT]: conditions(noVlen, noFlag, (c, id) =>
    [2, 4, 8, 12, 16].includes(c.table.sizeOrType(id)) ? '' : 'Invalid type_size',
  ),
  [BTF_KIND.DECL_TAG]: conditions(anyName('Invalid value'), noVlen, (c, id) =>
    (c.table.word(id, 0) | 0) >= -1 ? '' : 'Invalid component_idx',
  ),
  // A flagged tag is an attribute's text rather than a btf_type_tag's (6.15).
  [BTF_KIND.TYPE_TAG]: conditions(noVlen, refersTo, anyName('Invalid name')),
  [BTF_KIND.ENUM64]: checkEnum(3),
};

/** Checks every record of `[start, end)` and adds it to the table: 0 or -errno. */
export function checkMetas(c: CheckLog, start: number, end: number): number {
  const { table } = c;
  for (let at = start; at < end; c.typeId++) {
    const left = end - at;
    if (left < BTF_TYPE_SIZE) {
      c.text(`[${c.typeId}] meta_left:${left} meta_needed:${BTF_TYPE_SIZE}`);
      return -EINVAL;
    }
    const info = table.view.getUint32(at + 4, true);
    if ((info & ~INFO_MASK) !== 0) return invalid(c, `Invalid btf_info:${info.toString(16)}`);
    const kind = (info >>> 24) & 0x1f;
    if (kind > BTF_KIND_MAX || kind === BTF_KIND.UNKN) return invalid(c, `Invalid kind:${kind}`);
    const nameOffset = table.view.getUint32(at, true);
    if (!validOffset(table, nameOffset)) return invalid(c, `Invalid name_offset:${nameOffset}`);
    const tail = tailSize(info);
    table.add(at);
    if (left - BTF_TYPE_SIZE < tail) {
      c.basic(c.typeId, `meta_left:${left - BTF_TYPE_SIZE} meta_needed:${tail}`);
      return -EINVAL;
    }
    const err = META[kind]!(c, c.typeId);
    if (err < 0) return err;
    if (table.count > TYPE_ID_MAX) {
      c.text('Exceeded max num of types');
      return -E2BIG;
    }
    at += BTF_TYPE_SIZE + tail;
  }
  return 0;
}

function invalid(c: CheckLog, reason: string): number {
  c.text(`[${c.typeId}] ${reason}`);
  return -EINVAL;
}
