import t from 'tap';
import { LINKTYPE, readCapture } from '../../cli/pcap/read.ts';
import { pcapngHeader } from '../../cli/pcap/write.ts';
import { pcapngPacket } from './pcapng.ts';

/** A pcap file of packets, in either byte order and time unit. */
function pcap(packets: readonly Uint8Array[], little: boolean, nanoseconds: boolean): Uint8Array {
  const bytes = new Uint8Array(24 + packets.reduce((sum, packet) => sum + 16 + packet.length, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, little);
  view.setUint16(4, 2, little);
  view.setUint16(6, 4, little);
  view.setUint32(16, 65535, little);
  view.setUint32(20, LINKTYPE.ETHERNET, little);
  let at = 24;
  for (const packet of packets) {
    view.setUint32(at, 1_700_000_000, little);
    view.setUint32(at + 4, 5, little);
    view.setUint32(at + 8, packet.length, little);
    view.setUint32(at + 12, packet.length + 1, little);
    bytes.set(packet, at + 16);
    at += 16 + packet.length;
  }
  return bytes;
}

const PACKETS = [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(1514).fill(7)];

for (const little of [true, false]) {
  for (const nanoseconds of [true, false]) {
    t.test(`readCapture() reads pcap, ${little ? 'little' : 'big'} endian, ${nanoseconds ? 'ns' : 'us'}`, (t) => {
      const capture = readCapture(pcap(PACKETS, little, nanoseconds));
      t.equal(capture.warning, '');
      t.same(
        [...capture.packets].map((packet) => [...packet.data]),
        PACKETS.map((packet) => [...packet]),
      );
      t.equal(capture.packets.at(0)?.time, 1_700_000_000_000_000_000n + (nanoseconds ? 5n : 5000n));
      t.equal(capture.packets.at(0)?.wireLength, 4);
      t.end();
    });
  }
}

t.test('readCapture() reads what pcapngPacket() wrote', (t) => {
  const parts = [
    ...pcapngHeader(LINKTYPE.ETHERNET),
    ...PACKETS.map((data, index) =>
      pcapngPacket({ time: 10n ** 18n + BigInt(index), data, comment: index === 1 ? '' : 'XDP_DROP' }),
    ),
  ];
  const capture = readCapture(Buffer.concat(parts));
  t.equal(capture.warning, '');
  t.same(
    [...capture.packets].map((packet) => [packet.time, [...packet.data], packet.linkType]),
    PACKETS.map((packet, index) => [10n ** 18n + BigInt(index), [...packet], LINKTYPE.ETHERNET]),
  );
  t.end();
});

t.test('readCapture() gives the packets before a cut, at every length', (t) => {
  for (const whole of [
    pcap(PACKETS, true, false),
    Buffer.concat([...pcapngHeader(1), ...PACKETS.map((data) => pcapngPacket({ time: 0n, data, comment: 'c' }))]),
  ]) {
    let complete = 0;
    for (let length = 24; length <= whole.length; length++) {
      const capture = readCapture(whole.subarray(0, length));
      if (capture.packets.length < complete) t.fail(`fewer packets at ${length}`);
      complete = capture.packets.length;
    }
    t.equal(complete, PACKETS.length);
  }
  t.end();
});

t.test('readCapture() refuses what is no capture and stops at nonsense', (t) => {
  t.throws(() => readCapture(new Uint8Array(0)), { code: 'EINVAL' });
  t.throws(() => readCapture(Buffer.from('GIF89a, not a capture at all')), { code: 'EINVAL' });
  t.throws(() => readCapture(pcap([], true, false).subarray(0, 10)), { code: 'EINVAL' });
  const lying = pcap([Uint8Array.of(1)], true, false);
  new DataView(lying.buffer).setUint32(32, 0xffffffff, true);
  t.match(readCapture(lying).warning, /damaged/);
  const seed = 20261130;
  t.comment(`seed ${seed}`);
  let state = seed;
  const whole = Buffer.concat([
    ...pcapngHeader(1),
    ...PACKETS.map((data) => pcapngPacket({ time: 0n, data, comment: 'c' })),
  ]);
  for (let round = 0; round < 2000; round++) {
    const bytes = Uint8Array.from(whole);
    for (let change = 0; change < 4; change++) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      bytes[8 + ((state >>> 8) % (bytes.length - 8))] = state >>> 24;
    }
    if (readCapture(bytes).packets.length > whole.length) t.fail('more packets than bytes');
  }
  t.end();
});
