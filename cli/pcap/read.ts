/**
 * Reads packet captures: pcap in both byte orders, with microseconds or nanoseconds,
 * and pcapng (sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng).
 *
 * A file that is cut off gives the packets before the cut and says so.
 */
import { EINVAL, Errno } from '../../uapi/errno.ts';

/** Link types (https://www.tcpdump.org/linktypes.html) that programs here can be run on. */
export const LINKTYPE = {
  NULL: 0,
  ETHERNET: 1,
  RAW_BSD: 12,
  RAW_OPENBSD: 14,
  RAW: 101,
  LOOP: 108,
  LINUX_SLL: 113,
  IPV4: 228,
  IPV6: 229,
  LINUX_SLL2: 276,
} as const;

/** One captured packet. */
export interface Packet {
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  /** The bytes captured. */
  readonly data: Uint8Array;
  /** Length of the packet on the wire; larger than the data when it was captured in part. */
  readonly wireLength: number;
  readonly linkType: number;
}

/** The packets of a capture. Each is made when it is asked for, since there may be millions. */
export class Packets implements Iterable<Packet> {
  /** Link types that occur. */
  readonly linkTypes = new Set<number>();
  readonly #places: number[] = [];
  readonly #make: (place: number) => Packet;

  /** `make` reads the packet at a place in the file. */
  constructor(make: (place: number) => Packet) {
    this.#make = make;
  }

  get length(): number {
    return this.#places.length;
  }

  add(place: number, linkType: number): void {
    this.#places.push(place);
    this.linkTypes.add(linkType);
  }

  at(index: number): Packet | undefined {
    const place = this.#places[index];
    return place === undefined ? undefined : this.#make(place);
  }

  *[Symbol.iterator](): Generator<Packet> {
    for (let i = 0; i < this.length; i++) yield this.at(i)!;
  }
}

/** What a capture file holds. */
export interface Capture {
  readonly packets: Packets;
  /** Why reading stopped before the end of the file, or empty. */
  readonly warning: string;
}

/** No link layer here makes a larger frame; a longer record means a broken file. */
const PACKET_MAX = 256 << 10;

const PCAP_MAGICS: ReadonlyMap<number, { readonly little: boolean; readonly unit: bigint }> = new Map([
  [0xa1b2c3d4, { little: false, unit: 1000n }],
  [0xd4c3b2a1, { little: true, unit: 1000n }],
  [0xa1b23c4d, { little: false, unit: 1n }],
  [0x4d3cb2a1, { little: true, unit: 1n }],
]);

const PCAPNG_SECTION = 0x0a0d0d0a;
const PCAPNG_INTERFACE = 1;
const PCAPNG_SIMPLE_PACKET = 3;
const PCAPNG_ENHANCED_PACKET = 6;
const PCAPNG_BYTE_ORDER = 0x1a2b3c4d;
const OPTION_IF_TSRESOL = 9;

/** Reads a capture file; throws {@link Errno} when it is none. */
export function readCapture(bytes: Uint8Array): Capture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) throw new Errno(EINVAL, `the capture has ${bytes.length} bytes, at least 24 are needed`);
  const magic = view.getUint32(0);
  if (magic === PCAPNG_SECTION) return readPcapng(bytes, view);
  const format = PCAP_MAGICS.get(magic);
  if (format === undefined) {
    throw new Errno(EINVAL, `the file starts with 0x${magic.toString(16)}, which is neither pcap nor pcapng`);
  }
  return readPcap(bytes, view, format.little, format.unit);
}

/** How a pcap file is written. */
interface PcapFormat {
  readonly view: DataView;
  readonly little: boolean;
  /** Nanoseconds of the smaller part of a time. */
  readonly unit: bigint;
  readonly linkType: number;
}

/** A record of a pcap file; most readers do not ask for its time. */
class PcapPacket implements Packet {
  readonly data: Uint8Array;
  readonly #format: PcapFormat;
  readonly #at: number;

  constructor(format: PcapFormat, at: number, data: Uint8Array) {
    this.data = data;
    this.#format = format;
    this.#at = at;
  }

  get time(): bigint {
    const { view, little, unit } = this.#format;
    const seconds = BigInt(view.getUint32(this.#at, little));
    return seconds * 1_000_000_000n + BigInt(view.getUint32(this.#at + 4, little)) * unit;
  }

  get wireLength(): number {
    return this.#format.view.getUint32(this.#at + 12, this.#format.little);
  }

  get linkType(): number {
    return this.#format.linkType;
  }
}

function readPcap(bytes: Uint8Array, view: DataView, little: boolean, unit: bigint): Capture {
  if (bytes.length < 24) throw new Errno(EINVAL, `the pcap header is cut off at ${bytes.length} of 24 bytes`);
  const linkType = view.getUint32(20, little) & 0xffff;
  const format = { view, little, unit, linkType };
  const packets = new Packets((at) => {
    const captured = view.getUint32(at + 8, little);
    return new PcapPacket(format, at, bytes.subarray(at + 16, at + 16 + captured));
  });
  let at = 24;
  while (at < bytes.length) {
    if (at + 16 > bytes.length) return { packets, warning: `cut off in the header of packet ${packets.length + 1}` };
    const captured = view.getUint32(at + 8, little);
    if (captured > PACKET_MAX) {
      return { packets, warning: `packet ${packets.length + 1} claims ${captured} bytes: the file is damaged` };
    }
    const end = at + 16 + captured;
    if (end > bytes.length) return { packets, warning: `cut off in the data of packet ${packets.length + 1}` };
    packets.add(at, linkType);
    at = end;
  }
  return { packets, warning: '' };
}

/** One interface of a pcapng section: its link type and the length of its time unit. */
interface PcapngInterface {
  readonly linkType: number;
  /** Time stamps times `mul` divided by `div` are nanoseconds. */
  readonly mul: bigint;
  readonly div: bigint;
  readonly snapLength: number;
}

function readPcapng(bytes: Uint8Array, view: DataView): Capture {
  const read: Packet[] = [];
  const packets = new Packets((place) => read[place]!);
  let interfaces: PcapngInterface[] = [];
  let little = true;
  let at = 0;
  while (at < bytes.length) {
    if (at + 12 > bytes.length) return { packets, warning: 'cut off in the header of a block' };
    const isSection = view.getUint32(at) === PCAPNG_SECTION;
    if (isSection) {
      little = view.getUint32(at + 8, true) === PCAPNG_BYTE_ORDER;
      if (!little && view.getUint32(at + 8) !== PCAPNG_BYTE_ORDER) {
        return { packets, warning: 'a section has an unknown byte order: the file is damaged' };
      }
      interfaces = [];
    }
    const length = view.getUint32(at + 4, little);
    if (length < 12 || length % 4 !== 0)
      return { packets, warning: `a block claims ${length} bytes: the file is damaged` };
    if (at + length > bytes.length) return { packets, warning: 'cut off in a block' };
    const type = isSection ? PCAPNG_SECTION : view.getUint32(at, little);
    const body = at + 8;
    const bodyEnd = at + length - 4;
    if (type === PCAPNG_INTERFACE && bodyEnd - body >= 8) {
      interfaces.push(readInterface(view, body, bodyEnd, little));
    } else if (type === PCAPNG_ENHANCED_PACKET || type === PCAPNG_SIMPLE_PACKET) {
      const packet = readPacketBlock(bytes, view, type, body, bodyEnd, little, interfaces);
      if (typeof packet === 'string') return { packets, warning: packet };
      packets.add(read.push(packet) - 1, packet.linkType);
    }
    at += length;
  }
  return { packets, warning: '' };
}

function readInterface(view: DataView, body: number, end: number, little: boolean): PcapngInterface {
  const linkType = view.getUint16(body, little);
  const snapLength = view.getUint32(body + 4, little);
  let mul = 1000n;
  let div = 1n;
  for (let at = body + 8; at + 4 <= end; ) {
    const code = view.getUint16(at, little);
    const size = view.getUint16(at + 2, little);
    if (code === 0) break;
    if (code === OPTION_IF_TSRESOL && size === 1 && at + 4 < end) {
      const resolution = view.getUint8(at + 4);
      const power = BigInt(resolution & 0x7f);
      mul = 1_000_000_000n;
      div = (resolution & 0x80) !== 0 ? 2n ** power : 10n ** power;
    }
    at += 4 + ((size + 3) & ~3);
  }
  return { linkType, mul, div, snapLength };
}

/** The packet of a block, or what is wrong with it. */
function readPacketBlock(
  bytes: Uint8Array,
  view: DataView,
  type: number,
  body: number,
  end: number,
  little: boolean,
  interfaces: readonly PcapngInterface[],
): Packet | string {
  const enhanced = type === PCAPNG_ENHANCED_PACKET;
  const header = enhanced ? 20 : 4;
  if (end - body < header) return 'a packet block is too short: the file is damaged';
  const source = interfaces[enhanced ? view.getUint32(body, little) : 0];
  if (source === undefined) return 'a packet names an interface that the file does not describe';
  const wireLength = view.getUint32(enhanced ? body + 16 : body, little);
  const captured = enhanced
    ? view.getUint32(body + 12, little)
    : Math.min(wireLength, source.snapLength === 0 ? wireLength : source.snapLength);
  if (captured > end - body - header) return 'a packet is longer than its block: the file is damaged';
  let time = 0n;
  if (enhanced) {
    const stamp = (BigInt(view.getUint32(body + 4, little)) << 32n) | BigInt(view.getUint32(body + 8, little));
    time = (stamp * source.mul) / source.div;
  }
  return { time, data: bytes.subarray(body + header, body + header + captured), wireLength, linkType: source.linkType };
}
