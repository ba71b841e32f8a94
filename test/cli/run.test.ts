/** `bpf-emu run` on a load balancer for XDP and a classifier (test/elf/progs/lb.bpf.c). */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { parseClock } from '../../cli/flags.ts';
import { LINKTYPE, readCapture } from '../../cli/pcap/read.ts';
import { PcapngWriter, pcapngHeader } from '../../cli/pcap/write.ts';
import type { RunFlags } from '../../cli/run_flags.ts';
import { runObject } from '../../cli/run_object.ts';
import { pcapngPacket } from './pcapng.ts';

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../test/fixtures/${name}.bpf.o`, import.meta.url)));
const object = fixture('lb');
const FLAGS: RunFlags = { memory: 64 << 20, cpus: 1, seed: 1, repeat: 1 };

/** A TCP or UDP packet from 10.0.0.`host`. */
function packet(host: number, protocol: number): Uint8Array {
  const header = `${'00'.repeat(6)}020000000001080045000028000100004006000${'0'}0a0000000a000009`;
  const bytes = new Uint8Array(60);
  bytes.set(Buffer.from(header, 'hex'));
  bytes[23] = protocol;
  bytes[29] = host;
  return bytes;
}

/** A capture of these frames. */
function capture(linkType: number, ...frames: Uint8Array[]): Uint8Array {
  const packets = frames.map((data, i) => pcapngPacket({ time: BigInt(i) * 1000n, data, comment: '' }));
  return Buffer.concat([...pcapngHeader(linkType), ...packets]);
}

function run(flags: Partial<RunFlags>, pcap?: Uint8Array, bytes = object) {
  const lines: string[] = [];
  const job = { bytes, name: 'lb.bpf.o', capture: pcap, write: (line: string) => lines.push(line) };
  const result = runObject({ ...job, flags: { ...FLAGS, ...flags } });
  return { lines, ...result };
}

t.test('verdicts of a capture are counted, and the packets afterwards are written', async (t) => {
  const pcap = capture(LINKTYPE.ETHERNET, packet(1, 6), packet(2, 6), packet(1, 17));
  const { lines, output } = run({ json: true, out: 'x' }, pcap);
  t.match(JSON.parse(lines[0]!), { packets: 3, refused: 0, verdicts: { XDP_TX: 2, XDP_PASS: 1 } });
  const after = [...readCapture(output).packets];
  t.equal(after.length, 3);
  t.not(Buffer.compare(after[0]!.data, packet(1, 6)), 0, 'the balancer rewrote the address');
  t.same(Buffer.from(after[2]!.data), Buffer.from(packet(1, 17)));
});

t.test('--each tells what changed in the packet and in the maps', async (t) => {
  const { lines } = run({ each: true }, capture(LINKTYPE.ETHERNET, packet(1, 6), packet(1, 6)));
  t.match(lines[0], /^1 {2}XDP_TX .*conns\[[0-9a-f]+\] = .*counts\[\d+\]: 0{16} -> 01/);
  t.match(lines[1], /^2 {2}XDP_TX .*counts\[\d+\]: 01[0]{14} -> 02/);
  t.notMatch(lines[1], /conns/, 'the connection is known');
});

t.test('--each --json is one object a line', async (t) => {
  const { lines } = run({ each: true, json: true }, capture(LINKTYPE.ETHERNET, packet(1, 6), packet(1, 17)));
  const [first, second, total] = lines.map((line) => JSON.parse(line));
  t.match(first, { packet: 1, verdict: 'XDP_TX', bytes: [{ at: 5, before: '00', after: /^0/ }] });
  t.match(first.maps, [{ map: 'conns' }, { map: 'counts', before: '0000000000000000', after: '0100000000000000' }]);
  t.notOk('before' in first.maps[0], 'the connection is new');
  t.strictSame(second, { packet: 2, verdict: 'XDP_PASS' });
  t.match(total, { packets: 2, refused: 0 });
});

t.test('both engines run each packet, and are compared', async (t) => {
  const pcap = capture(LINKTYPE.ETHERNET, packet(1, 6), packet(2, 6), packet(1, 17));
  const one = run({ each: true, engine: 'both', out: 'x' }, pcap);
  const other = run({ each: true, engine: 'interp', out: 'x' }, pcap);
  t.strictSame(one.lines, other.lines);
  t.ok(Buffer.from(one.output).equals(other.output));
});

t.test('PcapngWriter writes what pcapngPacket() does', async (t) => {
  const writer = new PcapngWriter(LINKTYPE.ETHERNET);
  const blocks = pcapngHeader(LINKTYPE.ETHERNET);
  for (let i = 0; i < 300; i++) {
    const data = new Uint8Array(i * 7).fill(i);
    const comment = ['XDP_PASS', 'XDP_TX', ''][i % 3]!;
    const time = 1_700_000_000_000_000_000n + BigInt(i);
    writer.packet(time, data, comment);
    blocks.push(pcapngPacket({ time, data, comment }));
  }
  t.ok(Buffer.concat(blocks).equals(writer.bytes()));
});

t.test('packets without an Ethernet header get one', async (t) => {
  const { lines } = run({ json: true }, capture(LINKTYPE.RAW, packet(1, 6).subarray(14)));
  t.match(JSON.parse(lines[0]!), { verdicts: { XDP_TX: 1 } });
});

t.test('one event for the classifier', async (t) => {
  const data = `${'00'.repeat(12)}9000${'00'.repeat(100)}`;
  const { lines } = run({ prog: 'cls', data, ctx: '{"priority":7}', json: true });
  t.match(JSON.parse(lines[0]!), { retval: 2, verdict: 'TC_ACT_SHOT', ctx: { mark: 114, priority: 7 } });
});

t.test('--step shows source, instructions and registers', async (t) => {
  const { lines: all } = run({ prog: 'cls', data: `${'00'.repeat(12)}9000`, step: true });
  t.match(all[0], /^ {8}r1=0xf{4}\w+ r10=0xf{4}\w+$/, 'the context and the stack');
  t.match(all[1], /^; SEC\("tc"\) int cls\(.* @ lb\.bpf\.c:29$/, 'the line of source');
  const lines = all.filter((line) => !line.startsWith(';'));
  t.match(lines[1], /^cls: {3}0: \(61\) r2 = \*\(u32 \*\)\(r1 \+0\)$/);
  t.equal(lines[2], '        r2=0xe');
});

t.test('what is wrong is said', async (t) => {
  t.throws(() => run({ prog: 'none' }), { message: 'lb.bpf.o has no program none; it has lb, cls' });
  t.throws(() => run({ data: 'zz' }), { message: /--data: hex/ });
  t.throws(() => run({ ctx: '{' }), { message: /--ctx: .* is not JSON/ });
  t.throws(() => run({}, Uint8Array.of(1, 2, 3, 4)), { code: 'EINVAL' });
  t.throws(() => run({}, capture(99, packet(1, 6))), { message: /link type 99/ });
});

t.test('with --seed and --clock a run is the same each time, byte for byte, on both engines', async (t) => {
  const frames = Array.from({ length: 30 }, (_, i) => packet(i, 6));
  const blocks = frames.map((data, i) => pcapngPacket({ time: BigInt(i) * 400_000_000n, data, comment: '' }));
  const pcap = Buffer.concat([...pcapngHeader(LINKTYPE.ETHERNET), ...blocks]);
  for (const text of ['packets', '5s', '2026-01-31T12:00:00Z']) {
    const flags = { seed: 7, clock: parseClock(text), each: true, out: 'x' } as const;
    const first = run(flags, pcap, fixture('clock'));
    const again = run(flags, pcap, fixture('clock'));
    const interpreted = run({ ...flags, engine: 'interp' }, pcap, fixture('clock'));
    for (const other of [again, interpreted]) {
      t.same(other.lines, first.lines, text);
      t.equal(Buffer.compare(other.output, first.output), 0, text);
    }
    const shown = first.lines.some((line) => /items\[.*-> [0-9a-f]{32}(?!0{16})[0-9a-f]{16}/.test(line));
    t.equal(shown, text === 'packets', 'timers run when the packets have come to their time');
    const stamp = Buffer.from(readCapture(first.output).packets.at(3)!.data).readBigUInt64LE(0);
    t.equal(stamp, text === 'packets' ? 1_200_000_000n : text === '5s' ? 5_000_000_000n : 0n);
  }
  for (const text of ['yesterday', '-1', '1,2,3', '2026-13-01', ''])
    t.throws(() => parseClock(text), { message: /a time since boot/ }, `'${text}' is no time`);
});

t.test('packets of all sizes are taken; what is of another link type is left out and counted', async (t) => {
  const sizes = [0, 1, 13, 14, 60, 1500, 9000, 65_535, 200_000];
  const { lines } = run({ json: true }, capture(LINKTYPE.ETHERNET, ...sizes.map((size) => new Uint8Array(size))));
  const reply = JSON.parse(lines[0]!) as { packets: number; refused: number };
  t.equal(reply.packets + reply.refused, sizes.length);
  const parts = [packet(1, 6), packet(1, 6).subarray(14), new Uint8Array(40)];
  const mixed = [LINKTYPE.ETHERNET, LINKTYPE.RAW, 127].map((linkType, i) => capture(linkType, parts[i]!));
  const { lines: some } = run({}, Buffer.concat(mixed));
  t.match(some[0], /2 {2}XDP_TX/);
  t.match(some[1], /1 {2}not run: link type 127/);
});

for (const engine of ['jit', 'interp'] as const) {
  for (const prog of ['loops', 'globals']) {
    t.test(`the budget ends a program that does not end (${prog}, ${engine})`, async (t) => {
      const start = performance.now();
      const job = { bytes: fixture('spin'), name: 'spin.bpf.o', write: () => {} };
      const capture = Buffer.concat([
        ...pcapngHeader(LINKTYPE.ETHERNET),
        pcapngPacket({ time: 0n, data: packet(1, 6), comment: '' }),
      ]);
      const flags = { ...FLAGS, engine, prog, runBudget: 50 };
      t.throws(() => runObject({ ...job, capture, flags }), {
        code: 'EINTR',
        message: `Packet 1: Program '${prog}' was ended: it ran for more than 50 ms (budget); --run-budget gives it more`,
      });
      t.ok(performance.now() - start < 10_000);
    });
  }
}
