/**
 * Loads from the context as the kernel converts them (`convert_ctx_access`): the
 * members of sk_buff and xdp_buff that a field stands for, where that is one load.
 */
import { BTF_KIND, type Btf } from '../btf/btf.ts';
import { BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { raw, type Xinsn } from './xlated_patch.ts';

const PT = BPF_PROG_TYPE;

/** A field of the context: the member of the kernel's structure, its offset where recorded, and its width. */
interface Member {
  readonly struct: string;
  readonly member: string;
  /** Offset in the kernel recorded; -1: only the kernel's BTF knows. */
  readonly offset: number;
  readonly size: number;
}

const skb = (member: string, size: number, offset = -1): Member => ({ struct: 'sk_buff', member, offset, size });
const xdp = (member: string, offset: number): Member => ({ struct: 'xdp_buff', member, offset, size: 8 });

/** `struct __sk_buff` by offset. */
const SKB: ReadonlyMap<number, Member> = new Map([
  [0, skb('len', 4, 112)],
  [8, skb('mark', 4)],
  [16, skb('protocol', 2)],
  [32, skb('priority', 4)],
  [36, skb('skb_iif', 4)],
  [44, skb('tc_index', 2)],
  [68, skb('hash', 4)],
  [76, skb('data', 8, 200)],
  // cb of a direct packet access: struct bpf_skb_data_end.
  [80, { struct: '', member: '', offset: 80, size: 8 }],
  [152, skb('tstamp', 8)],
]);

/** `struct xdp_md` by offset. */
const XDP: ReadonlyMap<number, Member> = new Map([
  [0, xdp('data', 0)],
  [4, xdp('data_end', 8)],
  [8, xdp('data_meta', 16)],
]);

const TABLES: ReadonlyMap<number, ReadonlyMap<number, Member>> = new Map([
  ...[
    PT.SOCKET_FILTER,
    PT.SCHED_CLS,
    PT.SCHED_ACT,
    PT.CGROUP_SKB,
    PT.LWT_IN,
    PT.LWT_OUT,
    PT.LWT_XMIT,
    PT.LWT_SEG6LOCAL,
    PT.SK_SKB,
  ].map((type) => [type, SKB] as const),
  [PT.XDP, XDP],
]);

const SIZE_BITS: Readonly<Record<number, number>> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 };
const BYTES: Readonly<Record<number, number>> = { 16: 1, 8: 2, 0: 4, 24: 8 };
const MODE_MEMSX = 0x80;
const LDX_MEM = 0x61;

/** `struct bpf_perf_event_data`: registers, then the period at 168. */
const PERF_REGS_SIZE = 168;

/** What a load from the context becomes; undefined: it is shown as it was. */
export function contextLoad(
  insn: Xinsn,
  progType: number,
  fieldSize: number,
  vmlinux: Btf | undefined,
): Uint8Array[] | undefined {
  if (progType === PT.PERF_EVENT) return perfEventLoad(insn);
  const size = BYTES[insn.op & 0x18] as number;
  const width = fieldSize === 0 ? size : fieldSize;
  const start = insn.off - (insn.off % width);
  const member = TABLES.get(progType)?.get(start);
  if (member === undefined) return undefined;
  const offset = offsetOf(member, vmlinux);
  if (offset < 0) return undefined;
  const { dst, src } = insn;
  const out = [raw(LDX_MEM | (SIZE_BITS[member.size] as number), dst, src, offset, 0)];
  if (size < width) {
    const shift = (insn.off - start) * 8;
    if (shift > 0) out.push(raw(0x74, dst, 0, 0, shift));
    out.push(raw(0x54, dst, 0, 0, 2 ** (size * 8) - 1));
  }
  if ((insn.op & 0xe0) === MODE_MEMSX) out.push(raw(0xbf, dst, dst, size * 8, 0));
  return out;
}

/** Registers and period lie behind pointers (`pe_prog_convert_ctx_access`). */
function perfEventLoad(insn: Xinsn): Uint8Array[] | undefined {
  const { dst, src, off } = insn;
  if (off === PERF_REGS_SIZE) return [raw(0x79, dst, src, 8, 0), raw(0x79, dst, dst, 8, 0)];
  if (off < PERF_REGS_SIZE) return [raw(0x79, dst, src, 0, 0), raw(insn.op, dst, dst, off, 0)];
  return undefined;
}

/** Offset of the member, by the kernel's BTF or as recorded. */
function offsetOf(member: Member, vmlinux: Btf | undefined): number {
  if (vmlinux === undefined || member.struct === '') return member.offset;
  const bits = memberBits(vmlinux, vmlinux.find(member.struct, BTF_KIND.STRUCT), member.member);
  return bits === undefined ? member.offset : bits >> 3;
}

/** Bit offset of a member, also of those inside members without a name. */
function memberBits(btf: Btf, id: number, name: string): number | undefined {
  for (const member of btf.type(id)?.members ?? []) {
    if (member.name === name) return member.bitOffset;
    if (member.name !== '') continue;
    const inner = memberBits(btf, btf.skipModifiers(member.type), name);
    if (inner !== undefined) return member.bitOffset + inner;
  }
  return undefined;
}
