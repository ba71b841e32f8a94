/**
 * A packet as a socket buffer (`struct sk_buff`): linear bytes in the arena with room
 * before and behind, header offsets, checksum state, and the __sk_buff context that
 * programs read and write.
 *
 * The context block holds the fields that programs may change (mark, priority, cb, …);
 * what only the kernel knows is kept here.
 */
import { EINVAL, ENOMEM, Errno } from '../../uapi/errno.ts';
import { SK_BUFF, SKB_EXT } from '../progtypes/skb.ts';
import { BPF_SOCK } from '../progtypes/sock.ts';
import type { Vm } from '../vm.ts';
import { ContextObject } from './block.ts';
import { csumAdd, csumBlock, csumPartial, csumSub } from './checksum.ts';
import type { NetDevice } from './netdev.ts';
import { AF_INET, AF_INET6, Sock } from './sock.ts';

export const ETH_HLEN = 14;
export const ETH_P_IP = 0x0800;
export const ETH_P_IPV6 = 0x86dd;
export const ETH_P_8021Q = 0x8100;
export const ETH_P_8021AD = 0x88a8;
export const IPV4_HLEN = 20;
export const IPV6_HLEN = 40;

/** `NET_SKB_PAD + NET_IP_ALIGN` on x86_64: room before a packet of a test run. */
export const SKB_HEADROOM = 64;
/** `SKB_DATA_ALIGN(sizeof(struct skb_shared_info))`: room behind one. */
export const SKB_TAILROOM = 320;

/** `ip_summed`. */
export const CHECKSUM_NONE = 0;
export const CHECKSUM_UNNECESSARY = 1;
export const CHECKSUM_COMPLETE = 2;
export const CHECKSUM_PARTIAL = 3;

/** Packet types (include/uapi/linux/if_packet.h). */
const PACKET_HOST = 0;
const PACKET_BROADCAST = 1;
const PACKET_MULTICAST = 2;
const PACKET_OTHERHOST = 3;

/** First length that is a type in the Ethernet header (`ETH_P_802_3_MIN`). */
const ETH_P_802_3_MIN = 0x0600;
const ETH_P_802_3 = 1;
const ETH_P_802_2 = 4;

/** Offset of a header that is not set. */
export const HEADER_UNSET = 0xffff;

/** Room kept for packets that grow; buffers are made larger when a helper needs more. */
const BUFFER_MIN = 4096;

/** A 16-bit value as it lies in memory, from its value on the wire. */
export function htons(value: number): number {
  return ((value & 0xff) << 8) | ((value >>> 8) & 0xff);
}

/** Few bytes are copied faster one by one. */
function copyBytes(u8: Uint8Array, to: number, from: number, count: number): void {
  for (let i = 0; i < count; i++) u8[to + i] = u8[from + i]!;
}

/** Whether an Ethernet address in memory is this one. */
function sameAddress(u8: Uint8Array, at: number, address: readonly number[]): boolean {
  for (let i = 0; i < 6; i++) if (u8[at + i] !== address[i]) return false;
  return true;
}

/** Tunnel metadata (`struct ip_tunnel_info`); addresses as in struct bpf_tunnel_key. */
export interface TunnelInfo {
  readonly ipv6: boolean;
  readonly id: number;
  readonly tos: number;
  readonly ttl: number;
  readonly flags: number;
  readonly remote: Uint8Array;
  readonly local: Uint8Array;
  readonly label: number;
  options: Uint8Array | undefined;
}

/** `sizeof(struct skb_shared_info)`, at the end of a buffer, aligned. */
const SHARED_INFO = 320;
/** Size of buffers up to this many bytes (`SKB_SMALL_HEAD_CACHE_SIZE`). */
const SMALL_HEAD = 640;
/** The most kmalloc gives. */
const KMALLOC_MAX = 4 << 20;

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

function powerOf2(size: number): number {
  return 2 ** Math.ceil(Math.log2(size));
}

/** What is taken for a buffer of so many bytes (`kmalloc_reserve`). */
function headSize(size: number): number {
  const bytes = roundUp(size, 64) + SHARED_INFO;
  return bytes <= SMALL_HEAD ? SMALL_HEAD : powerOf2(bytes);
}

/** One packet and its context. */
export class Skb extends ContextObject {
  /** The buffer, and its size. */
  head = 0;
  size = 0;
  /** Address of the first byte programs see. */
  data = 0;
  /** Bytes from {@link data} on. */
  len = 0;
  /** Offsets of the headers from {@link head}; the MAC header's -1: not set. */
  macHeader = -1;
  networkHeader = 0;
  /**
   * An offset like those, in 16 bits as the kernel has it: {@link HEADER_UNSET} becomes a
   * small one when the buffer gets more room at its front, and counts as set from then on.
   */
  transportHeader = HEADER_UNSET;
  /** Inner headers that bpf_skb_adjust_room sets for encapsulation. */
  encapsulation = false;
  ipSummed = CHECKSUM_NONE;
  /** Partial sum of the packet from the network header on, when CHECKSUM_COMPLETE. */
  csum = 0;
  csumLevel = 0;
  /** The hash in the context is one of the transport flow, or was set. */
  hashValid = false;
  /** Tunnel key and options that were set. */
  tunnel: TunnelInfo | undefined = undefined;
  /** `mac_len`: 0 until a helper has set it. */
  macLen = 0;
  /** Interface it came by or goes to. */
  ifindex = 1;
  readonly sock: Sock;

  constructor(vm: Vm) {
    super(vm);
    this.sock = new Sock(vm);
  }

  /**
   * Fills the packet: `length` bytes with `headroom` before and at least `tailroom` behind.
   * Returns where the bytes are to be written, or -ENOMEM. The context is zeroed; so is the
   * buffer when it is to be `clean`.
   */
  init(length: number, headroom: number, tailroom: number, clean = true): number {
    const size = Math.max(headroom + length + tailroom, BUFFER_MIN);
    if (size > this.size) {
      const head = this.vm.env.arena.alloc(size);
      if (head === 0) return -ENOMEM;
      this.vm.env.arena.free(this.head, this.size);
      this.head = head;
      this.size = size;
    } else if (clean) {
      this.vm.env.arena.u8.fill(0, this.head, this.head + this.size);
    }
    this.clear();
    this.#kernelSize = powerOf2(headroom + length + SHARED_INFO);
    this.data = this.head + headroom;
    this.len = length;
    this.macHeader = -1;
    this.networkHeader = 0;
    this.transportHeader = HEADER_UNSET;
    this.encapsulation = false;
    this.ipSummed = CHECKSUM_NONE;
    this.csum = 0;
    this.csumLevel = 0;
    this.hashValid = false;
    this.tunnel = undefined;
    this.macLen = 0;
    this.redirect = undefined;
    this.ifindex = 1;
    this.sock.reset();
    return this.data;
  }

  get headroom(): number {
    return this.data - this.head;
  }

  get tail(): number {
    return this.data + this.len;
  }

  get tailroom(): number {
    return this.head + this.size - this.tail;
  }

  /** The protocol field, as a number on the wire (0x0800). */
  get protocol(): number {
    return htons(this.get32(SK_BUFF.protocol));
  }
  set protocol(value: number) {
    this.set32(SK_BUFF.protocol, htons(value));
  }

  /** Offset of the network header from {@link data}. */
  get networkOffset(): number {
    return this.head + this.networkHeader - this.data;
  }

  /** Length of the link-layer header (`skb_mac_header_len`). */
  get macHeaderLen(): number {
    return this.networkHeader - this.macHeader;
  }

  /** Byte of the buffer as two bytes on the wire. */
  be16(address: number): number {
    const { u8 } = this.vm.env.arena;
    return (u8[address]! << 8) | u8[address + 1]!;
  }

  /**
   * Takes the Ethernet header off: MAC header set, type of the packet by its destination
   * and the device it came by, the protocol (`eth_type_trans`).
   */
  ethTypeTrans(device: NetDevice): void {
    this.ifindex = device.ifindex;
    const { u8 } = this.vm.env.arena;
    this.macHeader = this.data - this.head;
    let type = PACKET_HOST;
    if (!sameAddress(u8, this.data, device.address)) {
      if ((u8[this.data]! & 1) === 0) type = PACKET_OTHERHOST;
      else type = sameAddress(u8, this.data, device.broadcast) ? PACKET_BROADCAST : PACKET_MULTICAST;
    }
    this.set32(SK_BUFF.pktType, type);
    const proto = this.be16(this.data + 12);
    this.data += ETH_HLEN;
    this.len -= ETH_HLEN;
    this.protocol = this.etherProtocol(proto, this.data);
  }

  /** Protocol of an Ethernet type field; below 0x600 it is a length, and the payload tells (`eth_type_trans`). */
  etherProtocol(type: number, payload: number): number {
    if (type >= ETH_P_802_3_MIN) return type;
    return payload + 2 <= this.tail && this.be16(payload) === 0xffff ? ETH_P_802_3 : ETH_P_802_2;
  }

  /**
   * Takes the packet in as one that came by a device: headers, protocol, socket. 0, or
   * -EINVAL when the IP header is cut off. `linkLayer`: programs see the Ethernet header.
   */
  receive(device: NetDevice, linkLayer: boolean): number {
    this.ethTypeTrans(device);
    this.resetNetworkHeader();
    if (this.protocol === ETH_P_IP && this.len < IPV4_HLEN) return -EINVAL;
    if (this.protocol === ETH_P_IPV6 && this.len < IPV6_HLEN) return -EINVAL;
    this.describeSock();
    if (linkLayer) this.push(ETH_HLEN);
    return 0;
  }

  /** The network header is where the data begins. */
  resetNetworkHeader(): void {
    this.networkHeader = this.data - this.head;
  }

  /** Sets {@link macLen} from the headers (`skb_reset_mac_len`). */
  resetMacLen(): void {
    this.macLen = this.networkHeader - this.macHeader;
  }

  /** Gives the socket the addresses of the IP header at the network header. */
  describeSock(): void {
    const { arena } = this.vm.env;
    const ip = this.head + this.networkHeader;
    const { addr } = this.sock;
    if (this.protocol === ETH_P_IP) {
      this.sock.set(BPF_SOCK.family, AF_INET);
      copyBytes(arena.u8, addr + BPF_SOCK.srcIp4, ip + 12, 4);
      copyBytes(arena.u8, addr + BPF_SOCK.dstIp4, ip + 16, 4);
    } else if (this.protocol === ETH_P_IPV6) {
      this.sock.set(BPF_SOCK.family, AF_INET6);
      copyBytes(arena.u8, addr + BPF_SOCK.srcIp6, ip + 8, 16);
      copyBytes(arena.u8, addr + BPF_SOCK.dstIp6, ip + 24, 16);
    }
  }

  /** Moves the beginning of the data `count` bytes to the front, into the headroom; the caller has checked that. */
  push(count: number): void {
    this.data -= count;
    this.len += count;
  }

  /** Takes `count` bytes off the front. */
  pull(count: number): void {
    this.data += count;
    this.len -= count;
  }

  /** What a kernel would have for the buffer: it doubles nearly each time it is made larger, and cannot for ever. */
  #kernelSize = 0;

  /** That size, for `Saves`. */
  saveState(): () => void {
    const size = this.#kernelSize;
    return () => {
      this.#kernelSize = size;
    };
  }

  /** Makes sure of room before and behind the data (`pskb_expand_head`): 0 or -ENOMEM. */
  reserve(headroom: number, tailroom: number): number {
    if (headroom <= this.headroom && tailroom <= this.tailroom) return 0;
    const { arena } = this.vm.env;
    const more = headroom > this.headroom ? roundUp(headroom - this.headroom, SKB_HEADROOM) : 0;
    const kernelSize = headSize(this.#kernelSize - SHARED_INFO + more + Math.max(tailroom - this.tailroom, 0));
    if (kernelSize > KMALLOC_MAX) return -ENOMEM;
    const newHeadroom = this.headroom + more;
    const size = newHeadroom + this.len + Math.max(tailroom, this.tailroom, SKB_TAILROOM);
    const head = arena.alloc(size);
    if (head === 0) return -ENOMEM;
    // Headers may lie before the data: the old headroom comes along.
    const shift = newHeadroom - this.headroom;
    arena.u8.copyWithin(head + shift, this.head, this.tail);
    arena.free(this.head, this.size);
    this.#kernelSize = kernelSize;
    this.data = head + newHeadroom;
    this.head = head;
    this.size = size;
    if (this.macHeader >= 0) this.macHeader += shift;
    this.networkHeader += shift;
    // Set or not (`skb_headers_offset_update`).
    this.transportHeader = (this.transportHeader + shift) & 0xffff;
    return 0;
  }

  /** Checksum of `length` bytes at an offset from the data, added to a sum. */
  checksum(offset: number, length: number, seed: number): number {
    return csumPartial(this.vm.env.arena.u8, this.data + offset, length, seed);
  }

  /** Bytes are about to be taken away or changed: their part leaves the complete checksum (`skb_postpull_rcsum`). */
  postPullCsum(offset: number, length: number): void {
    if (this.ipSummed !== CHECKSUM_COMPLETE) return;
    this.csum = csumSub(this.csum, csumBlock(this.checksum(offset, length, 0), offset - this.networkOffset));
  }

  /** Bytes were added or changed (`skb_postpush_rcsum`). */
  postPushCsum(offset: number, length: number): void {
    if (this.ipSummed !== CHECKSUM_COMPLETE) return;
    this.csum = csumAdd(this.csum, csumBlock(this.checksum(offset, length, 0), offset - this.networkOffset));
  }

  /** Writes length and pointers into the context, after the packet changed (`bpf_compute_data_pointers`). */
  sync(): void {
    this.set32(SK_BUFF.len, this.len);
    this.setExt(SKB_EXT.data, this.data);
    this.setExt(SKB_EXT.dataEnd, this.tail);
    this.setExt(SKB_EXT.dataMeta, this.data);
    const low = this.data;
    this.set32(SK_BUFF.data, low);
    this.set32(SK_BUFF.dataEnd, this.tail);
    this.set32(SK_BUFF.dataMeta, low);
  }

  /** Fields of the context that come from the socket: those a cgroup program may read. */
  syncSock(): void {
    const { u8 } = this.vm.env.arena;
    const { addr } = this.sock;
    this.setPtr(SK_BUFF.sk, addr);
    this.set32(SK_BUFF.family, this.sock.get(BPF_SOCK.family));
    this.set32(SK_BUFF.remoteIp4, this.sock.get(BPF_SOCK.dstIp4));
    this.set32(SK_BUFF.localIp4, this.sock.get(BPF_SOCK.srcIp4));
    copyBytes(u8, this.ctx + SK_BUFF.remoteIp6, addr + BPF_SOCK.dstIp6, 16);
    copyBytes(u8, this.ctx + SK_BUFF.localIp6, addr + BPF_SOCK.srcIp6, 16);
  }

  /** Forgets the flow hash (`skb_clear_hash`). */
  clearHash(): void {
    this.hashValid = false;
    this.set32(SK_BUFF.hash, 0);
  }

  override release(): void {
    this.vm.env.arena.free(this.head, this.size);
    this.size = 0;
    this.sock.release();
    super.release();
  }
}

/** The packet behind a context, or undefined. */
export function skbAt(vm: Vm, ctx: number): Skb | undefined {
  const object = vm.contexts.get(ctx);
  return object instanceof Skb ? object : undefined;
}

/** A context object could not be made: answered as -ENOMEM. */
export function isNoMemory(error: unknown): boolean {
  return error instanceof Errno && error.errno === ENOMEM;
}
