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

interface Output {
  readonly r0: number;
  readonly packet: string;
  readonly ctx: string;
}

/** Runs a program: what comes out, the errno of the test run (negative), or why it could not be loaded. */
function run(
  kernel: Kernel,
  type: number,
  insns: string,
  packet: string,
  flags: number,
  ctx: string,
  engine: EngineName,
): Output | number | string {
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
    if (result < 0) return result;
    const after = new DataView(caller.bytes(addr, ATTR_SIZE).buffer);
    return {
      r0: after.getUint32(4, true),
      packet: Buffer.from(caller.bytes(dataOut, after.getUint32(12, true))).toString('hex'),
      ctx: Buffer.from(caller.bytes(ctxAddr, ctxSize)).toString('hex'),
    };
  } finally {
    caller.exit();
  }
}

/** Runs one row: what differs, or undefined. */
function check(kernel: Kernel, row: Row, engine: EngineName): string | undefined {
  const [type, insns, packet, flags, ctx, errno, r0, packetOut, ctxOut] = row;
  const out = run(kernel, type, insns, packet, flags, ctx, engine);
  if (typeof out === 'string') return out;
  if (typeof out === 'number') return out === -errno ? undefined : `result ${out}, wanted ${-errno}`;
  if (errno !== 0) return `result 0, wanted ${-errno}`;
  const found = [out.r0, out.packet, out.ctx];
  const wanted = [r0, packetOut, ctxOut];
  const differs = found.findIndex((value, i) => value !== wanted[i]);
  if (differs < 0) return undefined;
  return `${['r0', 'packet', 'context'][differs]}: ${found[differs]}, wanted ${wanted[differs]}`;
}

/** Calls by name, with their arguments behind the context. */
const CHANGES = { head: [43, 2], tail: [38, 2], room: [50, 3], vlan: [18, 2] } as const;
type Change = [name: keyof typeof CHANGES, value: number, mode?: number, flags?: number];

/** Changes to an IPv4 packet of 136 bytes; what the last one returns and the length afterwards, from Linux 6.18. */
const SEQUENCES: readonly (readonly [changes: Change[], result: number, length: number])[] = [
  // The network header's offset is the least length while the buffer stays where it is ...
  [
    [
      ['head', 64],
      ['tail', 77],
    ],
    -22,
    200,
  ],
  [
    [
      ['head', 64],
      ['tail', 78],
    ],
    0,
    78,
  ],
  [
    [
      ['head', 65],
      ['tail', 78],
    ],
    -22,
    201,
  ],
  [
    [
      ['head', 65],
      ['tail', 79],
    ],
    0,
    79,
  ],
  // ... in a larger one the unset transport header's offset has wrapped around, and counts.
  [
    [
      ['head', 66],
      ['tail', 0],
    ],
    -22,
    202,
  ],
  [
    [
      ['head', 66],
      ['tail', 1],
    ],
    0,
    1,
  ],
  [
    [
      ['head', 75],
      ['tail', 34],
    ],
    0,
    34,
  ],
  [
    [
      ['head', 128],
      ['tail', 62],
    ],
    -22,
    264,
  ],
  [
    [
      ['head', 129],
      ['tail', 64],
    ],
    0,
    64,
  ],
  [
    [
      ['head', 300],
      ['tail', 234],
    ],
    -22,
    436,
  ],
  [
    [
      ['head', 300],
      ['tail', 235],
    ],
    0,
    235,
  ],
  [
    [
      ['head', 65],
      ['head', 64],
      ['tail', 63],
    ],
    -22,
    265,
  ],
  [
    [
      ['head', 65],
      ['head', 64],
      ['tail', 64],
    ],
    0,
    64,
  ],
  // Encapsulation: no other tail; a transport header only for GRE and UDP.
  [
    [
      ['room', 30, 1, 2],
      ['tail', 13],
    ],
    -22,
    166,
  ],
  [
    [
      ['room', 30, 1, 2],
      ['tail', 14],
    ],
    -524,
    166,
  ],
  [
    [
      ['room', 30, 1, 2],
      ['tail', 167],
    ],
    -524,
    166,
  ],
  [
    [
      ['room', 128, 1, 4],
      ['tail', 62],
    ],
    -22,
    264,
  ],
  [
    [
      ['room', 128, 1, 4],
      ['tail', 63],
    ],
    -524,
    264,
  ],
  [
    [
      ['room', 128, 1, 2 | 16],
      ['tail', 33],
    ],
    -22,
    264,
  ],
  [
    [
      ['room', 128, 1, 2 | 16],
      ['tail', 34],
    ],
    -524,
    264,
  ],
  [
    [
      ['room', 128, 1, 4 | 8],
      ['tail', 53],
    ],
    -22,
    264,
  ],
  [
    [
      ['room', 128, 1, 4 | 8],
      ['tail', 54],
    ],
    -524,
    264,
  ],
  // A tag that goes into the packet takes the place of the link-layer header's end: the network header is where it was.
  [
    [
      ['vlan', 0x81, 1],
      ['vlan', 0x81, 2],
      ['tail', 13],
    ],
    -22,
    140,
  ],
  [
    [
      ['vlan', 0x81, 1],
      ['vlan', 0x81, 2],
      ['tail', 14],
    ],
    0,
    14,
  ],
  [
    [
      ['tail', 14],
      ['vlan', 0x81, 1],
      ['vlan', 0x81, 2],
    ],
    0,
    18,
  ],
  // A packet without its network header: the room it has is counted without a sign.
  [
    [
      ['head', 99],
      ['tail', 60],
      ['room', -119, 1, 0],
    ],
    -12,
    60,
  ],
];

function changeProgram(changes: readonly Change[]): string {
  const insn = (op: number, regs: number, imm: number): string => {
    const bytes = Buffer.from([op, regs, 0, 0, 0, 0, 0, 0]);
    bytes.writeInt32LE(imm, 4);
    return bytes.toString('hex');
  };
  const parts = [insn(0xbf, 0x16, 0)];
  for (const [name, ...values] of changes) {
    const [helper, count] = CHANGES[name];
    parts.push(insn(0xbf, 0x61, 0));
    for (let i = 0; i < count; i++) parts.push(insn(0xb7, 2 + i, values[i] ?? 0));
    parts.push(insn(0x85, 0, helper));
  }
  return `${parts.join('')}${insn(0x95, 0, 0)}`;
}

/** Result of the last change and length of the packet, on one engine. */
function change(kernel: Kernel, changes: readonly Change[], engine: EngineName): unknown[] {
  const packet = Buffer.alloc(136, 0x5a);
  packet.writeUInt16BE(0x0800, 12);
  packet[14] = 0x45;
  const out = run(kernel, BPF_PROG_TYPE.SCHED_CLS, changeProgram(changes), packet.toString('hex'), 0, '', engine);
  return typeof out === 'object' ? [out.r0 | 0, out.packet.length / 2] : [out];
}

/**
 * A sign-extended load of a spilled register is linked to it, and so takes over bounds that are not its own:
 * the verifier (Linux 6.18's too) thinks w8 small. What is thought impossible does not happen.
 */
const LINKED = [
  'bf16000000000000', // r6 = r1
  '2800000000000000', // r0 = the first two bytes
  '57000000ffff0000', // r0 &= 0xffff
  'bf07000000000000', // r7 = r0
  '7b7af8ff00000000', // *(u64 *)(r10 - 8) = r7
  '89a8f8ff00000000', // r8 = *(s16 *)(r10 - 8)
  'b700000007000000', // r0 = 7
  '2607010001000000', // if w7 > 1 goto +1
  '9500000000000000', // exit
].join('');
const TWO_ENDS = [
  'b700000001000000', // r0 = 1
  '9500000000000000', // exit
  'b700000002000000', // r0 = 2
  '9500000000000000', // exit
].join('');
const NEVER_FALLS = `${LINKED}b60802008831ea8d${TWO_ENDS}`; // if w8 <= 0x8dea3188 goto +2
const NEVER_JUMPS = `${LINKED}260802008831ea8d${TWO_ENDS}`; // if w8 > 0x8dea3188 goto +2

for (const engine of ['interp', 'jit'] as const) {
  t.test(`a branch the verifier has not seen is not taken (${engine})`, async (t) => {
    const k = kernel();
    for (const [insns, wanted] of [
      [NEVER_FALLS, 2],
      [NEVER_JUMPS, 1],
    ] as const) {
      const out = run(k, BPF_PROG_TYPE.SCHED_CLS, insns, 'ff'.repeat(60), 0, '', engine);
      t.equal(typeof out === 'object' ? out.r0 : out, wanted);
    }
  });

  t.test(`changes to the shape of a packet, one after the other (${engine})`, async (t) => {
    const k = kernel();
    for (const [changes, ...wanted] of SEQUENCES) t.same(change(k, changes, engine), wanted, JSON.stringify(changes));
  });

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
