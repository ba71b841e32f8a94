/**
 * What the checks of BTF_LOAD write to the caller's log: one line a type, its
 * details, and the reason of a refusal (`btf_verifier_log_*`; recorded in the golden
 * file `misc`, sequences btf/good and btf/bad).
 */
import type { BpfLog } from '../base/bpf_log.ts';
import { BTF_KIND, BTF_KIND_NAME } from './kinds.ts';
import type { BtfTable } from './table.ts';

/** Words of a member, of a variable in a section and of a parameter. */
export const MEMBER_WORDS = 3;
export const VSI_WORDS = 3;
export const PARAM_WORDS = 2;

const ENCODING_NAME: Readonly<Record<number, string>> = { 0: '(none)', 1: 'SIGNED', 2: 'CHAR', 4: 'BOOL' };

/** What follows a type's name in its line; kinds that are left out have nothing. */
const DETAILS: Readonly<Record<number, (table: BtfTable, id: number) => string>> = {
  [BTF_KIND.INT]: (table, id) => {
    const data = table.word(id, 0);
    const encoding = ENCODING_NAME[(data >>> 24) & 0xf] ?? 'UNKN';
    return `size=${table.sizeOrType(id)} bits_offset=${(data >>> 16) & 0xff} nr_bits=${data & 0xff} encoding=${encoding}`;
  },
  [BTF_KIND.PTR]: refDetails,
  [BTF_KIND.TYPEDEF]: refDetails,
  [BTF_KIND.VOLATILE]: refDetails,
  [BTF_KIND.CONST]: refDetails,
  [BTF_KIND.RESTRICT]: refDetails,
  [BTF_KIND.TYPE_TAG]: refDetails,
  [BTF_KIND.FUNC]: refDetails,
  [BTF_KIND.ARRAY]: (table, id) =>
    `type_id=${table.word(id, 0)} index_type_id=${table.word(id, 1)} nr_elems=${table.word(id, 2)}`,
  [BTF_KIND.STRUCT]: sizeAndVlen,
  [BTF_KIND.UNION]: sizeAndVlen,
  [BTF_KIND.ENUM]: sizeAndVlen,
  [BTF_KIND.ENUM64]: sizeAndVlen,
  [BTF_KIND.DATASEC]: sizeAndVlen,
  [BTF_KIND.FLOAT]: (table, id) => `size=${table.sizeOrType(id)}`,
  [BTF_KIND.FWD]: (table, id) => (table.kindFlag(id) ? 'union' : 'struct'),
  [BTF_KIND.VAR]: (table, id) => `type_id=${table.sizeOrType(id)} linkage=${table.word(id, 0)}`,
  [BTF_KIND.DECL_TAG]: (table, id) => `type=${table.sizeOrType(id)} component_idx=${table.word(id, 0) | 0}`,
};

function refDetails(table: BtfTable, id: number): string {
  return `type_id=${table.sizeOrType(id)}`;
}

function sizeAndVlen(table: BtfTable, id: number): string {
  return `size=${table.sizeOrType(id)} vlen=${table.vlen(id)}`;
}

/** A prototype's details in parts, one print each: there may be more than one print can hold. */
function protoDetails(table: BtfTable, id: number): string[] {
  const count = table.vlen(id);
  const parts = [`return=${table.sizeOrType(id)} args=(`];
  if (count === 0) parts.push('void');
  for (let i = 0; i < count; i++) {
    const type = table.word(id, i * PARAM_WORDS + 1);
    const vararg = i === count - 1 && type === 0;
    const text = vararg ? 'vararg' : `${type} ${logName(table, table.word(id, i * PARAM_WORDS))}`;
    parts.push(i === 0 ? text : `, ${text}`);
  }
  parts.push(')');
  return parts;
}

/** A name as a log shows it, by its offset (`__btf_name_by_offset`). */
export function logName(table: BtfTable, offset: number): string {
  return offset === 0 ? '(anon)' : (table.string(offset) ?? '(invalid-name-offset)');
}

/** The log of one check, and what it says of where the check is. */
export class CheckLog {
  readonly table: BtfTable;
  readonly log: BpfLog;
  /** Id that the lines start with (`log_type_id`). */
  typeId = 1;
  /** The first pass, over the records alone, is going on: members follow their type's line. */
  inMeta = true;

  constructor(table: BtfTable, log: BpfLog) {
    this.table = table;
    this.log = log;
  }

  /** A line of its own making. */
  text(text: string): void {
    this.log.write(text);
  }

  /** The line of a type with its details, and a reason when it is refused. */
  type(id: number, reason = ''): void {
    if (!this.log.needed) return;
    const { table } = this;
    const kind = table.kind(id);
    this.log.write(`[${this.typeId}] ${BTF_KIND_NAME[kind]} ${logName(table, table.nameOffset(id))} `);
    if (kind === BTF_KIND.FUNC_PROTO) for (const part of protoDetails(table, id)) this.log.write(part);
    else this.log.write(DETAILS[kind]?.(table, id) ?? '');
    if (reason !== '') this.log.write(` ${reason}`);
    this.log.write('\n');
  }

  /** The line of a type without its details, when they cannot be read or do not matter. */
  basic(id: number, reason: string): void {
    if (!this.log.needed) return;
    const { table } = this;
    this.log.write(`[${this.typeId}] ${BTF_KIND_NAME[table.kind(id)]} ${logName(table, table.nameOffset(id))}`);
    this.log.write(` ${reason}\n`);
  }

  /** The line of member `index` of a struct or union; `type` where it is not the declared one. */
  member(id: number, index: number, reason = '', type = -1): void {
    if (!this.log.needed) return;
    if (!this.inMeta) this.type(id);
    const { table } = this;
    const at = index * MEMBER_WORDS;
    const offset = table.word(id, at + 2);
    this.log.write(
      `\t${logName(table, table.word(id, at))} type_id=${type < 0 ? table.word(id, at + 1) : type} ${
        table.kindFlag(id) ? `bitfield_size=${offset >>> 24} bits_offset=${offset & 0xffffff}` : `bits_offset=${offset}`
      }`,
    );
    if (reason !== '') this.log.write(` ${reason}`);
    this.log.write('\n');
  }

  /** The line of variable `index` of a section. */
  vsi(id: number, index: number, reason = ''): void {
    if (!this.log.needed) return;
    if (!this.inMeta) this.type(id);
    const { table } = this;
    const at = index * VSI_WORDS;
    this.log.write(`\t type_id=${table.word(id, at)} offset=${table.word(id, at + 1)} size=${table.word(id, at + 2)}`);
    if (reason !== '') this.log.write(` ${reason}`);
    this.log.write('\n');
  }
}
