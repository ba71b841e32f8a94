/** Writes pcapng with a comment per packet, so that Wireshark shows a verdict beside it. */

const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER = 0x1a2b3c4d;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const OPT_COMMENT = 1;
const OPT_USERAPPL = 4;
const IF_TSRESOL = 9;

const encoder = new TextEncoder();

function padded(length: number): number {
  return (length + 3) & ~3;
}

/** An option: code, length, value padded to 4 bytes. */
function option(code: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + padded(value.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  bytes.set(value, 4);
  return bytes;
}

function block(type: number, body: readonly Uint8Array[]): Uint8Array {
  const length = 12 + body.reduce((sum, part) => sum + padded(part.length), 0);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  let at = 8;
  for (const part of body) {
    bytes.set(part, at);
    at += padded(part.length);
  }
  view.setUint32(length - 4, length, true);
  return bytes;
}

const END_OF_OPTIONS = new Uint8Array(4);

/** The head of a file with one interface of this link type and nanosecond time stamps. */
export function pcapngHeader(linkType: number): Uint8Array[] {
  const section = new Uint8Array(16);
  const sectionView = new DataView(section.buffer);
  sectionView.setUint32(0, BYTE_ORDER, true);
  sectionView.setUint16(4, 1, true);
  sectionView.setBigInt64(8, -1n, true);
  const description = new Uint8Array(8);
  new DataView(description.buffer).setUint16(0, linkType, true);
  return [
    block(SECTION_HEADER, [section, option(OPT_USERAPPL, encoder.encode('bpf-emu')), END_OF_OPTIONS]),
    block(INTERFACE_DESCRIPTION, [description, option(IF_TSRESOL, Uint8Array.of(9)), END_OF_OPTIONS]),
  ];
}

/** A whole file, packet by packet, in one growing buffer: there may be millions. */
export class PcapngWriter {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  /** The options of a packet, by comment: there are few different ones. */
  readonly #options = new Map<string, Uint8Array>();

  constructor(linkType: number) {
    for (const part of pcapngHeader(linkType)) {
      this.#bytes.set(part, this.#length);
      this.#length += part.length;
    }
  }

  /** Appends a packet; `time` in nanoseconds since 1970, `comment` may be empty. */
  packet(time: bigint, data: Uint8Array, comment: string): void {
    const options = this.#optionsFor(comment);
    const length = 32 + padded(data.length) + options.length;
    this.#reserve(length);
    const at = this.#length;
    const view = this.#view;
    view.setUint32(at, ENHANCED_PACKET, true);
    view.setUint32(at + 4, length, true);
    view.setUint32(at + 8, 0, true);
    view.setUint32(at + 12, Number(time >> 32n), true);
    view.setUint32(at + 16, Number(time & 0xffffffffn), true);
    view.setUint32(at + 20, data.length, true);
    view.setUint32(at + 24, data.length, true);
    this.#bytes.set(data, at + 28);
    this.#bytes.set(options, at + 28 + padded(data.length));
    view.setUint32(at + length - 4, length, true);
    this.#length += length;
  }

  /** The file so far. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #optionsFor(comment: string): Uint8Array {
    const known = this.#options.get(comment);
    if (known !== undefined) return known;
    const made =
      comment === ''
        ? new Uint8Array(0)
        : Buffer.concat([option(OPT_COMMENT, encoder.encode(comment)), END_OF_OPTIONS]);
    this.#options.set(comment, made);
    return made;
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + length));
    grown.set(this.bytes());
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
