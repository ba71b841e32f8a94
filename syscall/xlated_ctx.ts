/**
 * Accesses of the context as the kernel converts them (`bpf_convert_ctx_access`,
 * `xdp_convert_ctx_access`, …): the members of sk_buff and xdp_buff a field stands
 * for. Offsets are those of the kernel's BTF, without one those of the kernel recorded.
 */
import { BTF_KIND, type Btf } from '../btf/btf.ts';
import { BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { PTR_TO_SOCK_COMMON, PTR_TO_SOCKET, PTR_TO_TCP_SOCK, PTR_TO_XDP_SOCK } from '../vm/verifier/flags.ts';
import { raw, type Xinsn } from './xlated_patch.ts';
import { at, behind, LDX_MEM, type Member, SIZE_BITS, SK_MSG, sockFields, TCP_SOCK, XDP_SOCK } from './xlated_sock.ts';

const PT = BPF_PROG_TYPE;

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
/** `sk` and the end of data of a packet. */
const SKB_SK = 24;
const SKB_DATA_END = 80;

const load4 = (dst: number, offset: number): Uint8Array => raw(0x61, dst, dst, offset, 0);

/** `struct __sk_buff` by offset. */
const SKB: Map<number, Member> = new Map([
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
  [40, skb('dev', 8, 16, { after: (dst) => [raw(0x15, dst, 0, 1, 0), load4(dst, DEV_IFINDEX)] })],
  [44, skb('tc_index', 2, 132, { writable: true })],
  [68, skb('hash', 4, 148)],
  [76, skb('data', 8, 200)],
  // In the control block: struct bpf_skb_data_end, tc_classid of qdisc_skb_cb.
  [72, { struct: '', member: '', offset: 46, size: 2 }],
  [80, { struct: '', member: '', offset: 80, size: 8 }],
  [84, skb('napi_id', 4, 156, { after: (dst) => [raw(0x35, dst, 0, 1, MIN_NAPI_ID), raw(0xb7, dst, 0, 0, 0)] })],
]);

/** Fields of the socket, behind `skb->sk`, from `family` on. */
const SKB_SOCK = sockFields(88, SKB_SK);
for (const [offset, member] of SKB_SOCK) SKB.set(offset, member);
SKB.set(168, skb('sk', 8, SKB_SK));

/** `struct __sk_buff` of classifiers: the device is always there. */
const SKB_TC: ReadonlyMap<number, Member> = new Map([
  ...SKB,
  [40, skb('dev', 8, 16, { after: (dst) => [load4(dst, DEV_IFINDEX)] })],
]);

/** `struct __sk_buff` of stream parsers: the control block begins at once, and has a register's place. */
const SK_SKB_TEMP = 80;
const SK_SKB: ReadonlyMap<number, Member> = new Map([
  ...SKB,
  ...[0, 4, 8, 12, 16].map((offset) => [48 + offset, { ...at(40 + offset, 4), writable: true }] as const),
]);

/** `struct xdp_md` by offset. */
const XDP: ReadonlyMap<number, Member> = new Map([
  [0, xdp('data', 0)],
  [4, xdp('data_end', 8)],
  [8, xdp('data_meta', 16)],
  [12, xdp('rxq', 32, { after: (dst) => [raw(0x79, dst, dst, 0, 0), load4(dst, DEV_IFINDEX)] })],
  [16, xdp('rxq', 32, { after: (dst) => [load4(dst, RXQ_INDEX)] })],
]);

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
  ...[0, 4, 8, 12].map((word) => [28 + word, at(72 + word, 4)] as const),
  [44, at(14, 2)],
  [48, at(12, 2)],
  [52, at(0, 4)],
  ...[0, 4, 8, 12].map((word) => [56 + word, at(56 + word, 4)] as const),
  [72, at(18, 1)],
  // No queue is all bits set in 16 bits, and -1 to programs.
  [76, { ...at(122, 2), last: 4, after: (dst) => [raw(0x55, dst, 0, 1, 0xffff), raw(0xb7, dst, 0, 0, -1)] }],
]);

/** `struct bpf_sysctl` by offset. */
const SYSCTL: ReadonlyMap<number, Member> = new Map([
  [0, at(52, 4)],
  [4, behind(56, 0, 4)],
]);

const TABLES: ReadonlyMap<number, ReadonlyMap<number, Member>> = new Map([
  ...[PT.SOCKET_FILTER, PT.CGROUP_SKB, PT.LWT_IN, PT.LWT_OUT, PT.LWT_XMIT, PT.LWT_SEG6LOCAL].map(
    (type) => [type, SKB] as const,
  ),
  [PT.SCHED_CLS, SKB_TC],
  [PT.SCHED_ACT, SKB_TC],
  [PT.SK_SKB, SK_SKB],
  [PT.SK_MSG, SK_MSG],
  [PT.XDP, XDP],
  [PT.CGROUP_SOCK_ADDR, SOCK_ADDR],
  [PT.CGROUP_SOCK, SOCK],
  [PT.CGROUP_SYSCTL, SYSCTL],
]);

const BYTES: Readonly<Record<number, number>> = { 16: 1, 8: 2, 0: 4, 24: 8 };
const MODE_MEMSX = 0x80;
const AX = 11;

/** `struct bpf_perf_event_data`: registers, period, address. */
const PERF_REGS_SIZE = 168;
/** Where period and address are in `struct perf_sample_data`. */
const SAMPLE: ReadonlyMap<number, number> = new Map([
  [PERF_REGS_SIZE, 8],
  [PERF_REGS_SIZE + 8, 184],
]);

/** Fields of skb_shared_info, behind `skb->head + skb->end`: gso_segs, gso_size and hwtstamp of __sk_buff. */
const SHARED_INFO: ReadonlyMap<number, readonly [offset: number, size: number]> = new Map([
  [164, [6, 2]],
  [176, [4, 2]],
  [184, [16, 8]],
] as const);
const SKB_END = 188;
const SKB_HEAD = 192;

/** What a load from the context becomes; undefined: it is shown as it was. */
export function contextLoad(
  insn: Xinsn,
  progType: number,
  fieldSize: number,
  vmlinux: Btf | undefined,
): Uint8Array[] | undefined {
  if (progType === PT.PERF_EVENT) return perfEventLoad(insn, fieldSize);
  const table = TABLES.get(progType);
  const { dst, src } = insn;
  const size = BYTES[insn.op & 0x18] as number;
  const width = fieldSize === 0 ? size : fieldSize;
  const start = insn.off - (insn.off % width);
  const isSkb = table === SKB || table === SKB_TC || table === SK_SKB;
  if (progType === PT.SK_SKB && start === SKB_DATA_END) return dataEnd(insn);
  const shared = isSkb ? SHARED_INFO.get(start) : undefined;
  if (shared !== undefined)
    return [
      raw(0x61, AX, src, SKB_END, 0),
      raw(0x79, dst, src, SKB_HEAD, 0),
      raw(0x0f, dst, AX, 0, 0),
      raw(LDX_MEM | (SIZE_BITS[shared[1]] as number), dst, dst, shared[0], 0),
    ];
  // Two words of an IPv6 address at once.
  if (progType === PT.CGROUP_SOCK_ADDR && size === 8 && start >= 8 && start <= 16)
    return memberLoad(insn, behind(KERN_UADDR, start, 8), start, width, vmlinux);
  const found = table?.get(start);
  return found === undefined ? undefined : memberLoad(insn, found, start, width, vmlinux);
}

const SOCK_TABLES: ReadonlyMap<number, ReadonlyMap<number, Member>> = new Map([
  [PTR_TO_SOCKET, SOCK],
  [PTR_TO_SOCK_COMMON, SOCK],
  [PTR_TO_TCP_SOCK, TCP_SOCK],
  [PTR_TO_XDP_SOCK, XDP_SOCK],
]);

/** A load of a field of a socket that a pointer leads to (`bpf_sock_convert_ctx_access` and its like). */
export function sockLoad(
  insn: Xinsn,
  sockType: number,
  fieldSize: number,
  vmlinux: Btf | undefined,
): Uint8Array[] | undefined {
  const size = BYTES[insn.op & 0x18] as number;
  const width = fieldSize === 0 ? size : fieldSize;
  const start = insn.off - (insn.off % width);
  const found = SOCK_TABLES.get(sockType)?.get(start);
  return found === undefined ? undefined : memberLoad(insn, found, start, width, vmlinux);
}

/** The end of the linear data of a stream parser's packet: `data + len - data_len` (`bpf_convert_data_end_access`). */
function dataEnd({ dst, src }: Xinsn): Uint8Array[] {
  const same = dst === src;
  let reg = dst;
  if (same) reg = dst === 9 ? 8 : 9;
  const sum = [
    raw(0x79, reg, src, 200, 0),
    raw(0x61, AX, src, 112, 0),
    raw(0x0f, reg, AX, 0, 0),
    raw(0x61, AX, src, 116, 0),
    raw(0x1f, reg, AX, 0, 0),
  ];
  if (!same) return sum;
  return [
    raw(0x7b, src, reg, SK_SKB_TEMP, 0),
    ...sum,
    raw(0xbf, AX, src, 0, 0),
    raw(0xbf, dst, reg, 0, 0),
    raw(0x79, reg, AX, SK_SKB_TEMP, 0),
  ];
}

function memberLoad(insn: Xinsn, member: Member, start: number, width: number, vmlinux: Btf | undefined): Uint8Array[] {
  const { dst, src } = insn;
  const size = BYTES[insn.op & 0x18] as number;
  const out = [raw(LDX_MEM | (SIZE_BITS[member.size] as number), dst, src, offsetOf(member, vmlinux), 0)];
  out.push(...(member.after?.(dst) ?? []));
  if (size < Math.min(width, member.last ?? member.size)) {
    const shift = (insn.off - start) * 8;
    if (shift > 0) out.push(raw(width <= 4 ? 0x74 : 0x77, dst, 0, 0, shift));
    out.push(raw(0x54, dst, 0, 0, (2 ** (size * 8) - 1) | 0));
  }
  if ((insn.op & 0xe0) === MODE_MEMSX) out.push(raw(0xbf, dst, dst, size * 8, 0));
  return out;
}

/** Fields of struct bpf_sock_addr that can be stored to: where in the address, and their width. */
function sockAddrPlace(offset: number, size: number): readonly [offset: number, size: number] | undefined {
  if (offset >= 4 && offset <= 20) return [offset, size];
  return offset === 24 ? [2, 2] : undefined;
}

/** A store through a pointer of the context needs a register of its own, saved around it. */
function sockAddrStore(insn: Xinsn): Uint8Array[] | undefined {
  const place = sockAddrPlace(insn.off, BYTES[insn.op & 0x18] as number);
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
  if (member?.writable !== true || (BYTES[insn.op & 0x18] as number) < member.size) return undefined;
  return [
    raw(
      (insn.op & ~0x18) | (SIZE_BITS[member.size] as number),
      insn.dst,
      insn.src,
      offsetOf(member, vmlinux),
      insn.imm,
    ),
  ];
}

/** Registers and sample data lie behind pointers (`pe_prog_convert_ctx_access`). */
function perfEventLoad(insn: Xinsn, fieldSize: number): Uint8Array[] | undefined {
  const { dst, src, off } = insn;
  const size = BYTES[insn.op & 0x18] as number;
  const start = fieldSize === 8 ? off & ~7 : off;
  const sample = SAMPLE.get(start);
  if (sample !== undefined) {
    const out = [raw(0x79, dst, src, 8, 0), raw(0x79, dst, dst, sample, 0)];
    if (size === 8) return out;
    if (off > start) out.push(raw(0x77, dst, 0, 0, (off - start) * 8));
    return [...out, raw(0x54, dst, 0, 0, (2 ** (size * 8) - 1) | 0)];
  }
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
