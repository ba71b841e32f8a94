/**
 * A unit test of ../progs/xdp_count.bpf.c with Node's own test runner: a capture made here
 * goes in on standard input, one JSON object for each packet comes out.
 *
 *   make -C ../progs && node --test count.test.mjs       (OBJECTS=DIR when they are elsewhere)
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const OBJECTS = process.env.OBJECTS ?? join(HERE, '../progs');
const BPF_EMU = process.env.BPF_EMU ?? join(HERE, '../../bin/bpf-emu');
const [TCP, UDP] = [6, 17];

/** An IPv4 packet in an Ethernet frame. */
function packet(protocol) {
  const bytes = Buffer.alloc(60);
  bytes.writeUInt16BE(0x0800, 12);
  bytes[14] = 0x45;
  bytes[23] = protocol;
  return bytes;
}

/** A pcap file. */
function pcap(...packets) {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt32LE(65535, 16);
  head.writeUInt32LE(1, 20);
  const records = packets.flatMap((data, i) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(i, 0);
    record.writeUInt32LE(data.length, 8);
    record.writeUInt32LE(data.length, 12);
    return [record, data];
  });
  return Buffer.concat([head, ...records]);
}

function run(input) {
  const args = ['run', join(OBJECTS, 'xdp_count.bpf.o'), '--pcap', '-', '--each', '--json'];
  const { status, stdout, stderr } = spawnSync(BPF_EMU, args, { input, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** A count as the map holds it: 64 bits, little endian, in hex. */
function count(number) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(number));
  return bytes.toString('hex');
}

test('packets are counted by protocol', () => {
  const [first, second, third] = run(pcap(packet(TCP), packet(UDP), packet(TCP)));
  assert.deepEqual(first.maps, [{ map: 'by_protocol', key: '06000000', before: count(0), after: count(1) }]);
  assert.deepEqual(second.maps, [{ map: 'by_protocol', key: '11000000', before: count(0), after: count(1) }]);
  assert.deepEqual(third.maps, [{ map: 'by_protocol', key: '06000000', before: count(1), after: count(2) }]);
});

test('all packets pass, and what is no IPv4 is not counted', () => {
  const arp = packet(0);
  arp.writeUInt16BE(0x0806, 12);
  const [first, , total] = run(pcap(arp, packet(TCP).subarray(0, 20)));
  assert.equal(first.maps, undefined);
  assert.deepEqual(total.verdicts, { XDP_PASS: 2 });
});
