/** Blocks of pcapng for tests: written apart from PcapngWriter, which is compared with them. */

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function padding(length: number): Buffer {
  return Buffer.alloc(-length & 3);
}

/** A packet as an enhanced packet block; `time` in nanoseconds since 1970, `comment` may be empty. */
export function pcapngPacket(packet: {
  readonly time: bigint;
  readonly data: Uint8Array;
  readonly comment: string;
}): Uint8Array {
  const { time, data } = packet;
  const comment = Buffer.from(packet.comment);
  const options = [word((comment.length << 16) | 1), comment, padding(comment.length), word(0)];
  const body = Buffer.concat([
    word(0),
    word(Number(time >> 32n)),
    word(Number(time & 0xffffffffn)),
    word(data.length),
    word(data.length),
    data,
    padding(data.length),
    ...(comment.length === 0 ? [] : options),
  ]);
  const length = word(12 + body.length);
  return Buffer.concat([word(6), length, body, length]);
}
