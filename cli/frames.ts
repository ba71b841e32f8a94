/** The packets of a capture as programs get them: Ethernet frames. */
import { EINVAL, Errno } from '../uapi/errno.ts';
import { LINKTYPE, type Packet, type Packets } from './pcap/read.ts';

/** A packet as programs get it, and as it was captured. */
export interface Frame {
  /** Its number in the capture, from 1 on. */
  readonly number: number;
  readonly packet: Packet;
  readonly data: Uint8Array;
}

/** Bytes before the payload, by link type; Ethernet frames are taken as they are. */
const LINK_HEADERS: ReadonlyMap<number, number> = new Map<number, number>([
  [LINKTYPE.NULL, 4],
  [LINKTYPE.LOOP, 4],
  [LINKTYPE.RAW_BSD, 0],
  [LINKTYPE.RAW_OPENBSD, 0],
  [LINKTYPE.RAW, 0],
  [LINKTYPE.IPV4, 0],
  [LINKTYPE.IPV6, 0],
  [LINKTYPE.LINUX_SLL, 16],
  [LINKTYPE.LINUX_SLL2, 20],
]);
/** Where the cooked link types have the protocol of the payload. */
const PROTOCOL_AT: ReadonlyMap<number, number> = new Map<number, number>([
  [LINKTYPE.LINUX_SLL, 14],
  [LINKTYPE.LINUX_SLL2, 0],
]);

function linkTypeRefusal(linkType: number): string {
  return `link type ${linkType}: Ethernet, raw IP, loopback or Linux cooked is wanted`;
}

/** Packets are Ethernet frames; one without that header gets one of zeroes. Undefined: it is of another kind. */
function ethernet(packet: Packet): Uint8Array | undefined {
  const { data, linkType } = packet;
  if (linkType === LINKTYPE.ETHERNET) return data;
  const header = LINK_HEADERS.get(linkType);
  if (header === undefined) return undefined;
  const payload = data.subarray(header);
  const frame = new Uint8Array(14 + payload.length);
  const at = PROTOCOL_AT.get(linkType);
  const ip = (payload[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800;
  frame[12] = at === undefined ? ip >> 8 : (data[at] ?? 0);
  frame[13] = at === undefined ? ip & 0xff : (data[at + 1] ?? 0);
  frame.set(payload, 14);
  return frame;
}

/** The packets of a capture as frames, each made when it is its turn. */
export class Frames {
  readonly length: number;
  readonly #packets: Packets;

  /** Those of a link type without Ethernet or IP are left out, each told to `refuse`, unless all are. */
  constructor(packets: Packets, refuse: (reason: string) => void) {
    this.length = packets.length;
    this.#packets = packets;
    const strange = [...packets.linkTypes].filter((type) => type !== LINKTYPE.ETHERNET && !LINK_HEADERS.has(type));
    const [first] = strange;
    if (first === undefined) return;
    if (strange.length === packets.linkTypes.size)
      throw new Errno(EINVAL, `The capture has ${linkTypeRefusal(packets.at(0)!.linkType)}`);
    for (const { linkType } of packets) if (strange.includes(linkType)) refuse(linkTypeRefusal(linkType));
  }

  at(index: number): Frame | undefined {
    const packet = this.#packets.at(index)!;
    const data = ethernet(packet);
    return data === undefined ? undefined : { number: index + 1, packet, data };
  }
}
