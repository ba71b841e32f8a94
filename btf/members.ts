/**
 * Whether a member fits its struct, by the kind of the member's type
 * (`check_member` and `check_kflag_member` of kernel/bpf/btf.c).
 */
import { EINVAL } from '../uapi/errno.ts';
import { type CheckLog, MEMBER_WORDS } from './check_log.ts';
import { BTF_KIND, inSet, MODIFIERS } from './kinds.ts';
import type { BtfSizes } from './sizes.ts';
import type { BtfTable } from './table.ts';

/** One member under check: the struct, the member's index, where it lies, and the type it comes down to. */
interface Member {
  readonly table: BtfTable;
  readonly sizes: BtfSizes;
  readonly structSize: number;
  readonly type: number;
  /** Bits from the struct's start; bits of a bitfield, 0 for none. */
  readonly bitOffset: number;
  readonly bitfieldSize: number;
}

/** The reason why a member is refused, or an empty string. */
type MemberCheck = (m: Member) => string;

const UNALIGNED = 'Member is not byte aligned';
const TOO_LONG = 'Member exceeds struct_size';

/** INT as `u8`, `u16`, `u32`, `u64` or `__int128`, and nothing of a bitfield (`btf_type_int_is_regular`). */
export function isRegularInt(table: BtfTable, id: number): boolean {
  const data = table.word(id, 0);
  const bits = data & 0xff;
  return ((data >>> 16) & 0xff) === 0 && (bits === 8 || bits === 16 || bits === 32 || bits === 64 || bits === 128);
}

/** Whether `bits` bits at bit `offset` lie inside the struct, at most 128 with what is before them in their byte. */
function bitsFit(m: Member, offset: number, bits: number): string {
  const first = Math.floor(offset / 8);
  const copied = bits + (offset % 8);
  if (copied > 128) return 'nr_copy_bits exceeds 128';
  return m.structSize < first || m.structSize - first < Math.ceil(copied / 8) ? TOO_LONG : '';
}

function intMember(m: Member): string {
  const data = m.table.word(m.type, 0);
  const offset = m.bitOffset + ((data >>> 16) & 0xff);
  if (offset > 0xffffffff) return 'bits_offset exceeds U32_MAX';
  return bitsFit(m, offset, data & 0xff);
}

function intBitfield(m: Member): string {
  if (!isRegularInt(m.table, m.type)) return 'Invalid member base type';
  const bits = m.table.word(m.type, 0) & 0xff;
  if (m.bitfieldSize === 0) return m.bitOffset % 8 !== 0 ? 'Invalid member offset' : bitsFit(m, m.bitOffset, bits);
  return m.bitfieldSize > bits ? 'Invalid member bitfield_size' : bitsFit(m, m.bitOffset, m.bitfieldSize);
}

function enumBitfield(m: Member): string {
  const bits = m.bitfieldSize === 0 ? 32 : m.bitfieldSize;
  if (m.bitfieldSize === 0 && m.bitOffset % 8 !== 0) return UNALIGNED;
  if (bits > 32) return 'Invalid member bitfield_size';
  return m.structSize < Math.ceil((m.bitOffset + bits) / 8) ? TOO_LONG : '';
}

/** A member of a plain size in bytes. */
function bytesMember(size: (m: Member) => number): MemberCheck {
  return (m) => {
    if (m.bitOffset % 8 !== 0) return UNALIGNED;
    return m.structSize - m.bitOffset / 8 < size(m) ? TOO_LONG : '';
  };
}

function floatMember(m: Member): string {
  const size = m.table.sizeOrType(m.type);
  if (m.bitOffset % (Math.min(8, size) * 8) !== 0) return 'Member is not properly aligned';
  return Math.floor(m.bitOffset / 8) + size > m.structSize ? TOO_LONG : '';
}

const sizedMember = bytesMember((m) => m.table.sizeOrType(m.type));
const pointerMember = bytesMember(() => 8);
const arrayMember = bytesMember((m) => m.sizes.sizes[m.type]!);

/** Members of a struct without kind_flag. */
const PLAIN: Readonly<Record<number, MemberCheck>> = {
  [BTF_KIND.INT]: intMember,
  [BTF_KIND.PTR]: pointerMember,
  [BTF_KIND.ARRAY]: arrayMember,
  [BTF_KIND.STRUCT]: sizedMember,
  [BTF_KIND.UNION]: sizedMember,
  [BTF_KIND.ENUM]: sizedMember,
  [BTF_KIND.ENUM64]: sizedMember,
  [BTF_KIND.FLOAT]: floatMember,
};

/** The kinds that may be bitfields of a struct with kind_flag; the others are as without it. */
const BITFIELD: Readonly<Record<number, MemberCheck>> = {
  [BTF_KIND.INT]: intBitfield,
  [BTF_KIND.ENUM]: enumBitfield,
  [BTF_KIND.ENUM64]: enumBitfield,
};

/** Checks member `index` of a struct whose type is resolved: 0 or -EINVAL. */
export function checkMember(c: CheckLog, sizes: BtfSizes, struct: number, index: number): number {
  const { table } = c;
  const flag = table.kindFlag(struct);
  const offset = table.word(struct, index * MEMBER_WORDS + 2);
  const declared = table.word(struct, index * MEMBER_WORDS + 1);
  let type = declared;
  if (inSet(MODIFIERS, table.kind(declared))) {
    if (!sizes.find(declared)) return refuse(c, struct, index, declared, 'Invalid member');
    type = sizes.foundId;
  }
  const member: Member = {
    table,
    sizes,
    structSize: table.sizeOrType(struct),
    type,
    bitOffset: flag ? offset & 0xffffff : offset,
    bitfieldSize: flag ? offset >>> 24 : 0,
  };
  const kind = table.kind(type);
  const bitfield = flag ? BITFIELD[kind] : undefined;
  if (bitfield !== undefined) return refuse(c, struct, index, type, bitfield(member));
  if (member.bitfieldSize !== 0) return refuse(c, struct, index, type, 'Invalid member bitfield_size');
  const plain = PLAIN[kind];
  if (plain !== undefined) return refuse(c, struct, index, type, plain(member));
  c.basic(struct, flag ? 'Unsupported check_kflag_member' : 'Unsupported check_member');
  return -EINVAL;
}

/** Refuses a member, unless the reason is empty; its line shows the type it came down to. */
function refuse(c: CheckLog, struct: number, index: number, type: number, reason: string): number {
  if (reason === '') return 0;
  c.member(struct, index, reason, type);
  return -EINVAL;
}
