/**
 * Accesses of the context as the kernel converts them (`bpf_convert_ctx_access`,
 * `xdp_convert_ctx_access`, …): the members of sk_buff and xdp_buff a field stands
 * for. Offsets are those of the kernel's BTF, without one those of the kernel recorded.
 */
import { BTF_KIND, type Btf } from '../btf/btf.ts';
import { BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { raw, type Xinsn } from './xlated_patch.ts';

const PT = BPF_PROG_TYPE;

/** A field of the context: the member of the kernel's structure, its offset as recorded, its width. */
interface Member {
  readonly struct: string;
  readonly member: string;
  readonly offset: number;
  readonly size: number;
  /** What follows the load, with the register it went to. */
  readonly after?: (dst: number) => readonly Uint8Array[];
  /** Width of what the field ends up as, when it is not the first load's. */
  readonly last?: number;
  /** Stores are converted as loads are. */
  readonly writable?: boolean;
}

type More = Pick<Member, 'after' | 'writable'>;
const skb = (member: string, size: number, offset: number, more: More = {}): Member => ({
  struct: 'sk_buff',
  member,
  offset,
  size,
  ...more,
});
const xdp = (member: string, offset: number, more: More = {}): Member => ({
  struct: 'xdp_buff',
  member,
  offset,
  size: 8,
  ...more,
});

/** Offset of `ifindex` in struct net_device, and of the queue in struct xdp_rxq_info. */
const DEV_IFINDEX = 224;
const RXQ_INDEX = 8;
/** Ids below it are not of a NAPI instance (`MIN_NAPI_ID`). */
const MIN_NAPI_ID = 257;

const load4 = (dst: number, offset: number): Uint8Array => raw(0x61, dst, dst, offset, 0);

/** `struct __sk_buff` by offset. */
const SKB: ReadonlyMap<number, Member> = new Map([
  [0, skb('len', 4, 112)],
  [4, skb('__pkt_type_offset', 1, 128, { after: (dst) => [raw(0x54, dst, 0, 0, 7)] })],
  [8, skb('mark', 4, 164, { writable: true })],
  [12, skb('queue_mapping', 2, 124)],
  [16, skb('protocol', 2, 176)],
  [20, skb('vlan_all', 4, 152, { after: (dst) => [raw(0x15, dst, 0, 1, 0), raw(0xb4, dst, 0, 0, 1)] })],
  [24, skb('vlan_tci', 2, 154)],
  [28, skb('vlan_proto', 2, 152)],
  [32, skb('priority', 4, 140, { writable: true })],
  [36, skb('skb_iif', 4, 144)],
  [40, skb('dev', 8, 16, { after: (dst) => [load4(dst, DEV_IFINDEX)] })],
  [44, skb('tc_index', 2, 132)],
  [68, skb('hash', 4, 148)],
  [76, skb('data', 8, 200)],
  // In the control block: struct bpf_skb_data_end, tc_classid of qdisc_skb_cb.
  [72, { struct: '', member: '', offset: 46, size: 2 }],
  [80, { struct: '', member: '', offset: 80, size: 8 }],
  [84, skb('napi_id', 4, 156, { after: (dst) => [raw(0x35, dst, 0, 1, MIN_NAPI_ID), raw(0xb7, dst, 0, 0, 0)] })],
]);

/** `struct xdp_md` by offset. */
const XDP: ReadonlyMap<number, Member> = new Map([
  [0, xdp('data', 0)],
  [4, xdp('data_end', 8)],
  [8, xdp('data_meta', 16)],
  [12, xdp('rxq', 32, { after: (dst) => [raw(0x79, dst, dst, 0, 0), load4(dst, DEV_IFINDEX)] })],
  [16, xdp('rxq', 32, { after: (dst) => [load4(dst, RXQ_INDEX)] })],
]);

/** A member of the structure the context is. */
const at = (offset: number, size: number): Member => ({ struct: '', member: '', offset, size });
/** A member of a structure that a pointer of the context leads to. */
const behind = (pointer: number, offset: number, size: number): Member => ({
  struct: '',
  member: '',
  offset: pointer,
  size: 8,
  last: size,
  after: (dst) => [raw(LDX_MEM | (SIZE_BITS[size] as number), dst, dst, offset, 0)],
});

/** Pointers of struct bpf_sock_addr_kern, and members of struct sock. */
const KERN_SK = 0;
const KERN_UADDR = 8;
const KERN_TMP = 16;
const SK_FAMILY = 16;
const SK_TYPE = 534;
const SK_PROTOCOL = 532;

/** `struct bpf_sock_addr` by offset. */
const SOCK_ADDR: ReadonlyMap<number, Member> = new Map([
  [0, behind(KERN_UADDR, 0, 2)],
  [4, behind(KERN_UADDR, 4, 4)],
  ...[8, 12, 16, 20].map((offset) => [offset, behind(KERN_UADDR, offset, 4)] as const),
  [24, behind(KERN_UADDR, 2, 2)],
  [28, behind(KERN_SK, SK_FAMILY, 2)],
  [32, behind(KERN_SK, SK_TYPE, 2)],
  [36, behind(KERN_SK, SK_PROTOCOL, 2)],
]);

/** `struct bpf_sock` by offset. */
const SOCK: ReadonlyMap<number, Member> = new Map([
  [0, at(20, 4)],
  [4, at(SK_FAMILY, 2)],
  [8, at(SK_TYPE, 2)],
  [12, at(SK_PROTOCOL, 2)],
  [16, at(524, 4)],
  [20, at(520, 4)],
  [24, at(4, 4)],
  [44, at(14, 2)],
  [48, at(12, 2)],
]);

/** `struct bpf_sysctl` by offset. */
const SYSCTL: ReadonlyMap<number, Member> = new Map([
  [0, at(52, 4)],
  [4, behind(56, 0, 4)],
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
  [PT.CGROUP_SOCK_ADDR, SOCK_ADDR],
  [PT.CGROUP_SOCK, SOCK],
  [PT.CGROUP_SYSCTL, SYSCTL],
]);

const SIZE_BITS: Readonly<Record<number, number>> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 };
const BYTES: Readonly<Record<number, number>> = { 16: 1, 8: 2, 0: 4, 24: 8 };
const MODE_MEMSX = 0x80;
const LDX_MEM = 0x61;
const AX = 11;

/** `struct bpf_perf_event_data`: registers, period, address. */
const PERF_REGS_SIZE = 168;
/** Where period and address are in `struct perf_sample_data`. */
const SAMPLE: ReadonlyMap<number, number> = new Map([
  [PERF_REGS_SIZE, 8],
  [PERF_REGS_SIZE + 8, 184],
]);

/** Fields of skb_shared_info, behind `skb->head + skb->end`: gso_segs and gso_size of __sk_buff. */
const SHARED_INFO: ReadonlyMap<number, number> = new Map([
  [164, 6],
  [176, 4],
]);
const SKB_END = 188;
const SKB_HEAD = 192;

/** What a load from the context becomes; undefined: it is shown as it was. */
export function contextLoad(
  insn: Xinsn,
  progType: number,
  fieldSize: number,
  vmlinux: Btf | undefined,
): Uint8Array[] | undefined {
  if (progType === PT.PERF_EVENT) return perfEventLoad(insn);
  const table = TABLES.get(progType);
  const { dst, src } = insn;
  const size = BYTES[insn.op & 0x18] as number;
  const width = fieldSize === 0 ? size : fieldSize;
  const start = insn.off - (insn.off % width);
  const shared = table === SKB ? SHARED_INFO.get(start) : undefined;
  if (shared !== undefined)
    return [
      raw(0x61, AX, src, SKB_END, 0),
      raw(0x79, dst, src, SKB_HEAD, 0),
      raw(0x0f, dst, AX, 0, 0),
      raw(0x69, dst, dst, shared, 0),
    ];
  const member = table?.get(start);
  if (member === undefined) return undefined;
  const out = [raw(LDX_MEM | (SIZE_BITS[member.size] as number), dst, src, offsetOf(member, vmlinux), 0)];
  out.push(...(member.after?.(dst) ?? []));
  if (size < Math.min(width, member.last ?? member.size)) {
    const shift = (insn.off - start) * 8;
    if (shift > 0) out.push(raw(0x74, dst, 0, 0, shift));
    out.push(raw(0x54, dst, 0, 0, 2 ** (size * 8) - 1));
  }
  if ((insn.op & 0xe0) === MODE_MEMSX) out.push(raw(0xbf, dst, dst, size * 8, 0));
  return out;
}

/** Fields of struct bpf_sock_addr that can be stored to: where in the address, and their width. */
function sockAddrPlace(offset: number): readonly [offset: number, size: number] | undefined {
  if (offset >= 4 && offset <= 20) return [offset, 4];
  return offset === 24 ? [2, 2] : undefined;
}

/** A store through a pointer of the context needs a register of its own, saved around it. */
function sockAddrStore(insn: Xinsn): Uint8Array[] | undefined {
  const place = sockAddrPlace(insn.off);
  if (place === undefined) return undefined;
  const { dst, src } = insn;
  const taken = [dst, ...((insn.op & 7) === 3 ? [src] : [])];
  let temp = 9;
  while (taken.includes(temp)) temp--;
  const op = (insn.op & ~0x18) | (SIZE_BITS[place[1]] as number);
  return [
    raw(0x7b, dst, temp, KERN_TMP, 0),
    raw(0x79, temp, dst, KERN_UADDR, 0),
    raw(op, temp, src, place[0], insn.imm),
    raw(0x79, temp, dst, KERN_TMP, 0),
  ];
}

/** What a store to the context becomes: the member where that is one store of the same width. */
export function contextStore(insn: Xinsn, progType: number, vmlinux: Btf | undefined): Uint8Array[] | undefined {
  if (progType === PT.CGROUP_SOCK_ADDR) return sockAddrStore(insn);
  const member = TABLES.get(progType)?.get(insn.off);
  if (member?.writable !== true || BYTES[insn.op & 0x18] !== member.size) return undefined;
  return [raw(insn.op, insn.dst, insn.src, offsetOf(member, vmlinux), insn.imm)];
}

/** Registers and sample data lie behind pointers (`pe_prog_convert_ctx_access`). */
function perfEventLoad(insn: Xinsn): Uint8Array[] | undefined {
  const { dst, src, off } = insn;
  const sample = SAMPLE.get(off);
  if (sample !== undefined) return [raw(0x79, dst, src, 8, 0), raw(0x79, dst, dst, sample, 0)];
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
