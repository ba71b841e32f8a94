/**
 * Fields of sockets and socket messages as the kernel converts their accesses
 * (`sk_msg_convert_ctx_access`, `bpf_sock_convert_ctx_access`,
 * `bpf_tcp_sock_convert_ctx_access`): offsets as in the kernel recorded.
 */
import { raw } from './xlated_patch.ts';

/** Bits of an opcode by the bytes accessed. */
export const SIZE_BITS: Readonly<Record<number, number>> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 };
/** `BPF_LDX | BPF_MEM`, of four bytes. */
export const LDX_MEM = 0x61;

/** A field of the context: the member of the kernel's structure, its offset as recorded, its width. */
export interface Member {
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

/** A member of the structure the context is. */
export const at = (offset: number, size: number): Member => ({ struct: '', member: '', offset, size });
/** A member of a structure that a pointer of the context leads to. */
export const behind = (pointer: number, offset: number, size: number): Member => ({
  struct: '',
  member: '',
  offset: pointer,
  size: 8,
  last: size,
  after: (dst) => [raw(LDX_MEM | (SIZE_BITS[size] as number), dst, dst, offset, 0)],
});

/** A port of the other side is in network order, in the upper half. */
const remotePort = (pointer: number): Member => {
  const port = behind(pointer, 12, 2);
  return { ...port, after: (dst) => [...(port.after?.(dst) ?? []), raw(0x64, dst, 0, 0, 16)] };
};

/** family, remote_ip4, local_ip4, remote_ip6, local_ip6, remote_port and local_port of a context, behind a pointer to the socket. */
export function sockFields(first: number, pointer: number): Map<number, Member> {
  const words = [0, 4, 8, 12];
  return new Map([
    [first, behind(pointer, 16, 2)],
    [first + 4, behind(pointer, 0, 4)],
    [first + 8, behind(pointer, 4, 4)],
    ...words.map((word) => [first + 12 + word, behind(pointer, 56 + word, 4)] as const),
    ...words.map((word) => [first + 28 + word, behind(pointer, 72 + word, 4)] as const),
    [first + 44, remotePort(pointer)],
    [first + 48, behind(pointer, 14, 2)],
  ]);
}

const MSG_SK = 688;

/** `struct sk_msg_md` by offset. */
export const SK_MSG: ReadonlyMap<number, Member> = new Map([
  [0, at(640, 8)],
  [8, at(648, 8)],
  ...sockFields(16, MSG_SK),
  [68, at(12, 4)],
  [72, at(MSG_SK, 8)],
]);

/** `struct bpf_xdp_sock` by offset. */
export const XDP_SOCK: ReadonlyMap<number, Member> = new Map([
  [0, { struct: 'xdp_sock', member: 'queue_id', offset: 880, size: 2 }],
]);

const tcp = (member: string, size: number, offset: number): Member => ({ struct: 'tcp_sock', member, offset, size });

/** `struct bpf_tcp_sock` by offset: names are those of struct tcp_sock. */
export const TCP_SOCK: ReadonlyMap<number, Member> = new Map([
  [0, tcp('snd_cwnd', 4, 1444)],
  [4, tcp('srtt_us', 4, 1680)],
  [12, tcp('snd_ssthresh', 4, 1492)],
  [16, tcp('rcv_nxt', 4, 1664)],
  [20, tcp('snd_nxt', 4, 1668)],
  [24, tcp('snd_una', 4, 1672)],
  [28, tcp('mss_cache', 4, 1440)],
  [32, tcp('ecn_flags', 1, 1640)],
  [36, tcp('rate_delivered', 4, 1780)],
  [40, tcp('rate_interval_us', 4, 1784)],
  [44, tcp('packets_out', 4, 1684)],
  [48, tcp('retrans_out', 4, 1480)],
  [52, tcp('total_retrans', 4, 2200)],
  [56, tcp('segs_in', 4, 1760)],
  [60, tcp('data_segs_in', 4, 1764)],
  [64, tcp('segs_out', 4, 1536)],
  [68, tcp('data_segs_out', 4, 1540)],
  [72, tcp('lost_out', 4, 1452)],
  [76, tcp('sacked_out', 4, 1456)],
  [80, tcp('bytes_received', 8, 1752)],
  [88, tcp('bytes_acked', 8, 1824)],
  [96, tcp('dsack_dups', 4, 1864)],
  [100, tcp('delivered', 4, 1692)],
  [104, tcp('delivered_ce', 4, 1696)],
]);
