/**
 * Programs that read or write one place of a context, in every size, for every type that
 * has test runs: what a field reads as, what of a store stays, which accesses are refused.
 */
import { BPF_ATTACH_TYPE as AT, BPF_PROG_TYPE as PT } from '../../../uapi/bpf.ts';
import { asm } from './asm.ts';
import { hex } from './hex.ts';

/** One program and what it is run on. */
export interface CtxCase {
  readonly type: number;
  readonly attach: number;
  readonly insns: string;
  readonly packet: string;
  readonly ctx: string | null;
  readonly flags: number;
}

/** What came of it: `load` when it was refused. */
export interface CtxAnswer {
  readonly load?: number;
  readonly errno?: number;
  readonly retval?: number;
  /** The array's value afterwards. */
  readonly value?: string;
  readonly packet?: string;
  readonly ctx?: string;
}

/** What a run is given. */
interface Input {
  readonly packet: string;
  readonly ctx: string | null;
}

const MACS = { host: '000000000000', broadcast: 'ffffffffffff', multicast: '01005e000001', other: '020000000001' };
const SRC = '020406080a0c';
const IPV4 = `4500003c1234400040110000c0a801020a00000114e900350028beef${'00112233445566778899aabbccddeeff'.repeat(2)}`;
const IPV6 =
  '60000000002811ff' +
  'fe800000000000000000000000000001' +
  '20010db8000000000000000000000002' +
  '14e900350028beef'.repeat(5);

const PACKETS: readonly string[] = [
  `${MACS.host}${SRC}0800${IPV4}`,
  `${MACS.multicast}${SRC}86dd${IPV6}`,
  `${MACS.broadcast}${SRC}81000064${'0800'}${IPV4}`,
  `${MACS.other}${SRC}0806${'0001080006040001'.padEnd(56, '0')}`,
];

/** A context of `size` bytes with values at offsets: [offset, bytes, value]. */
function context(size: number, ...fields: readonly (readonly [off: number, width: number, value: bigint])[]): string {
  const view = new DataView(new ArrayBuffer(size));
  for (const [off, width, value] of fields)
    for (let i = 0; i < width; i++) view.setUint8(off + i, Number((value >> BigInt(8 * i)) & 0xffn));
  return hex(new Uint8Array(view.buffer));
}

const SKB_CTX = context(
  192,
  [8, 4, 0x81828384n],
  [32, 4, 0x91929394n],
  [36, 4, 11n],
  [40, 4, 1n],
  ...Array.from({ length: 20 }, (_, i) => [48 + i, 1, BigInt(0xa0 + i)] as const),
  [152, 8, 0x1122334455667788n],
  [160, 4, 300n],
  [164, 4, 513n],
  [176, 4, 1027n],
  [184, 8, 0x8877665544332211n],
);

const SKB_INPUTS: readonly Input[] = [
  { packet: PACKETS[0]!, ctx: null },
  { packet: PACKETS[1]!, ctx: SKB_CTX },
  { packet: PACKETS[2]!, ctx: SKB_CTX },
  { packet: PACKETS[3]!, ctx: null },
];
const XDP_INPUTS: readonly Input[] = [
  { packet: PACKETS[0]!, ctx: null },
  {
    packet: `${'ab'.repeat(8)}${PACKETS[1]}`,
    ctx: context(24, [0, 4, 8n], [4, 4, BigInt(8 + PACKETS[1]!.length / 2)], [12, 4, 1n]),
  },
];
const LOOKUP_INPUTS: readonly Input[] = [
  {
    packet: '',
    ctx: context(
      72,
      [8, 4, 2n],
      [12, 4, 6n],
      [16, 4, 0x01020304n],
      [36, 2, 0x1415n],
      [40, 4, 0x0a0b0c0dn],
      [60, 4, 8080n],
    ),
  },
  {
    packet: '',
    ctx: context(
      72,
      [8, 4, 10n],
      [12, 4, 17n],
      [20, 8, 0x0102030405060708n],
      [28, 8, 0x1112131415161718n],
      [36, 2, 0xfedcn],
      [44, 8, 0x2122232425262728n],
      [52, 8, 0x3132333435363738n],
      [60, 4, 65535n],
    ),
  },
];

/** A type, the size of its context, what it is run on, and what leads from the context to other structures. */
interface TypeCases {
  readonly type: number;
  readonly attach?: number;
  readonly size: number;
  readonly inputs: readonly Input[];
  /** Code that leaves a pointer in r7, and the size of what it points at. */
  readonly behind?: readonly (readonly [code: string, size: number])[];
}

const SK = 'r7 = *(u64 *)(r1 + 168)\nif r7 == 0 goto none';
const FULL_SK = `${SK}\nr1 = r7\ncall 95\nif r0 == 0 goto none\nr7 = r0`;
const TCP_SK = `${SK}\nr1 = r7\ncall 96\nif r0 == 0 goto none\nr7 = r0`;
const SOCKETS = [
  [SK, 80],
  [FULL_SK, 80],
  [TCP_SK, 112],
] as const;

const TYPES: readonly TypeCases[] = [
  { type: PT.SOCKET_FILTER, size: 192, inputs: SKB_INPUTS },
  { type: PT.SCHED_CLS, size: 192, inputs: SKB_INPUTS, behind: SOCKETS },
  { type: PT.SCHED_ACT, size: 192, inputs: SKB_INPUTS.slice(0, 1) },
  { type: PT.CGROUP_SKB, size: 192, inputs: SKB_INPUTS, behind: SOCKETS },
  { type: PT.LWT_IN, size: 192, inputs: SKB_INPUTS },
  { type: PT.LWT_XMIT, size: 192, inputs: SKB_INPUTS.slice(1, 2) },
  { type: PT.XDP, size: 24, inputs: XDP_INPUTS },
  {
    type: PT.FLOW_DISSECTOR,
    size: 192,
    inputs: [
      { packet: PACKETS[0]!, ctx: null },
      { packet: PACKETS[1]!, ctx: context(56, [48, 4, 3n]) },
    ],
    behind: [['r7 = *(u64 *)(r1 + 144)', 56]],
  },
  { type: PT.SK_LOOKUP, attach: AT.SK_LOOKUP, size: 72, inputs: LOOKUP_INPUTS },
];

const SIZES = [1, 2, 4, 8];
/** Keeps what is in r6 and ends; pointers are refused by the multiplication. */
const KEEP = 'r6 *= 1\nr2 = mapval[1]+0\n*(u64 *)(r2 + 0) = r6\nr0 = 1\nexit\nnone:\nr0 = 1\nexit';
const VALUE = '0x8796a5b4c3d2e1f0 ll';

/** Every case; those a kernel refuses on the first input are not asked about again ({@link refused}). */
export function* ctxCases(refused: (test: CtxCase) => boolean): Generator<CtxCase> {
  for (const { type, attach = 0, size, inputs, behind = [] } of TYPES) {
    for (const [lead, reach] of [['r7 = r1', size], ...behind] as const) {
      for (const source of programs(lead, reach)) {
        // A program without a jump to `none` may not have the code there.
        const insns = hex(asm(source.includes('goto none') ? source : source.replace(/none:[\s\S]*/, '')));
        for (const input of inputs) {
          const test = { type, attach, insns, flags: 0, ...input };
          yield test;
          if (refused(test)) break;
        }
      }
    }
  }
}

function* programs(lead: string, reach: number): Generator<string> {
  for (const size of SIZES) {
    const place = `*(u${size * 8} *)(r7 +`;
    for (let off = 0; off < reach; off += size) {
      yield `${lead}\nr6 = ${place} ${off})\n${KEEP}`;
      yield `${lead}\nr3 = ${VALUE}\n${place} ${off}) = r3\nr6 = ${place} ${off})\n${KEEP}`;
      for (const constant of [-2, 0x1abcd])
        yield `${lead}\n${place} ${off}) = ${constant}\nr6 = ${place} ${off})\n${KEEP}`;
    }
  }
}
