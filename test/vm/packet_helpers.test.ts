/**
 * Helpers on packets, against Linux 6.18: random calls with random arguments in test
 * runs of tc, XDP, LWT, cgroup and socket filter programs; result, packet and context
 * must be the kernel's. Each row: type, instructions, packet, flags, context, errno,
 * r0, packet afterwards, context afterwards. On both engines.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { Kernel } from '../../syscall/kernel.ts';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_CMD, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { BpfProg, type EngineName } from '../../vm/prog.ts';
import { decodeHex as hex } from './lib/hex.ts';

type Row = [
  type: number,
  insns: string,
  packet: string,
  flags: number,
  ctx: string,
  errno: number,
  r0: number,
  packetOut: string,
  ctxOut: string,
];

const rows = JSON.parse(
  gunzipSync(readFileSync(new URL('../../../test/golden/packet_helpers.json.gz', import.meta.url))).toString(),
) as Row[];

const ATTR_SIZE = 168;
const ROOM = 20_000;

function kernel(): Kernel {
  const tick = (): bigint => 1000n;
  return new Kernel({
    cpus: 2,
    memory: 64 << 20,
    poison: true,
    clock: { monotonic: tick, boottime: tick, realtime: tick },
    random: seededRandom(1),
  });
}

/** An attr of 32-bit fields and pointers by offset. */
function attr(fields: readonly (readonly [offset: number, value: number, wide?: boolean])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(ATTR_SIZE));
  for (const [offset, value, wide] of fields) {
    if (wide === true) view.setBigUint64(offset, BigInt(value), true);
    else view.setUint32(offset, value, true);
  }
  return new Uint8Array(view.buffer);
}

/** Runs one row: what differs, or undefined. */
function check(kernel: Kernel, row: Row, engine: EngineName): string | undefined {
  const [type, insns, packet, flags, ctx, errno, r0, packetOut, ctxOut] = row;
  const caller = new LocalCaller({ memory: 1 << 22 });
  const bpf = (cmd: number, bytes: Uint8Array): [number, number] => {
    const addr = caller.put(bytes);
    return [kernel.bpf(cmd, bytes, ATTR_SIZE, addr, caller), addr];
  };
  try {
    const load = attr([
      [0, type],
      [4, insns.length / 16],
      [8, caller.put(hex(insns)), true],
      [16, caller.put(hex('47504c00')), true],
    ]);
    const [fd] = bpf(BPF_CMD.PROG_LOAD, load);
    if (fd < 0) return `load: ${fd}`;
    const prog = caller.objectOf(fd);
    if (!(prog instanceof BpfProg)) return 'no program';
    prog.useEngine(engine);
    const dataOut = caller.put(new Uint8Array(ROOM));
    const ctxSize = type === BPF_PROG_TYPE.XDP ? 24 : 192;
    const ctxAddr = caller.put(new Uint8Array(ctxSize));
    const [result, addr] = bpf(
      BPF_CMD.PROG_TEST_RUN,
      attr([
        [0, fd],
        [8, packet.length / 2],
        [12, ROOM],
        [16, caller.put(hex(packet)), true],
        [24, dataOut, true],
        [40, ctx.length / 2],
        [44, ctxSize],
        [48, ctx === '' ? 0 : caller.put(hex(ctx)), true],
        [56, ctxAddr, true],
        [64, flags],
      ]),
    );
    if (-Math.min(result, 0) !== errno) return `result ${result}, wanted ${-errno}`;
    if (errno !== 0) return undefined;
    const after = new DataView(caller.bytes(addr, ATTR_SIZE).buffer);
    const found = [
      after.getUint32(4, true),
      Buffer.from(caller.bytes(dataOut, after.getUint32(12, true))).toString('hex'),
      Buffer.from(caller.bytes(ctxAddr, ctxSize)).toString('hex'),
    ];
    const wanted = [r0, packetOut, ctxOut];
    const differs = found.findIndex((value, i) => value !== wanted[i]);
    if (differs < 0) return undefined;
    return `${['r0', 'packet', 'context'][differs]}: ${found[differs]}, wanted ${wanted[differs]}`;
  } finally {
    caller.exit();
  }
}

for (const engine of ['interp', 'jit'] as const) {
  t.test(`packet helpers do what the kernel's do (${engine})`, async (t) => {
    const k = kernel();
    const wrong: string[] = [];
    for (const [index, row] of rows.entries()) {
      const message = check(k, row, engine);
      if (message !== undefined) wrong.push(`row ${index}: ${message}\n${row[1]}`);
    }
    t.ok(rows.length > 500, `${rows.length} programs`);
    t.same(wrong.slice(0, 5), [], `${wrong.length} differ`);
  });
}
