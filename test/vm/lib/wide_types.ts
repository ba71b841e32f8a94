/** Types of programs in the wide fuzzer: what each is run on, may read, may return. */
import { BPF_ATTACH_TYPE as AT, BPF_PROG_TYPE as PT } from '../../../uapi/bpf.ts';

/** A field of a context: offset, bytes, whether programs write it. */
export type Field = readonly [offset: number, size: number, written: boolean];

/** What the wide fuzzer knows of a type of programs. */
export interface WideType {
  readonly type: number;
  readonly attach?: number;
  readonly flags?: number;
  /** r6 is the packet, at offsets of the context; else it is a map's value. */
  readonly packet?: readonly [data: number, end: number];
  /** Test runs take a packet. */
  readonly hasData: boolean;
  /** Bytes of the context that come back. */
  readonly ctxOut: number;
  /** The context that is given, as hex. */
  readonly ctxIn?: string;
  /** What is left of r0. */
  readonly mask?: number;
  readonly fields: readonly Field[];
  /** The context is a socket buffer: bpf_skb_load_bytes; programs may use BPF_LD_ABS. */
  readonly loads?: boolean;
  /** ... and bpf_skb_load_bytes_relative. */
  readonly relative?: boolean;
  readonly abs?: boolean;
  /** There is no bpf_dynptr_from_skb. */
  readonly dynptrs?: false;
  /** No locks, timers and objects. */
  readonly objects?: false;
  readonly throws?: boolean;
  readonly csum?: boolean;
  /** How often it is drawn. */
  readonly weight: number;
}

/** BPF_F_SLEEPABLE. */
export const SLEEPABLE = 16;
const SKB_SIZE = 192;

const both = (...offsets: readonly number[]): Field[] => offsets.map((off) => [off, 4, true]);
const read = (...offsets: readonly number[]): Field[] => offsets.map((off) => [off, 4, false]);
const CB = both(48, 52, 56, 60, 64);

/** Fields of struct __sk_buff that classifiers use. */
const TC_FIELDS: readonly Field[] = [
  ...read(0, 4, 16, 20, 24, 28, 36, 40, 84, 160, 164, 176),
  ...both(8, 12, 32, 44, 72),
  ...CB,
  [152, 8, true],
  [180, 1, false],
  [184, 8, false],
];
const FILTER_FIELDS: readonly Field[] = [...read(0, 4, 8, 12, 16, 20, 24, 28, 32, 40, 160, 164), ...CB];

const hex = (fields: readonly (readonly [off: number, size: number, value: number])[], size: number): string => {
  const bytes = Buffer.alloc(size);
  for (const [off, width, value] of fields) bytes.writeUIntLE(value, off, Math.min(width, 6));
  return bytes.toString('hex');
};

const LOOKUP_CTX = hex(
  [
    [8, 4, 2],
    [12, 4, 6],
    [16, 4, 0x01020304],
    [36, 2, 0x1415],
    [40, 4, 0x0a0b0c0d],
    [60, 4, 8080],
  ],
  72,
);
const RAW_ARGS = hex(
  [
    [0, 6, 0x123456789abc],
    [8, 6, 0xfedcba987654],
    [16, 4, 7],
  ],
  32,
);

const CLASSIFIER: WideType = {
  type: PT.SCHED_CLS,
  packet: [76, 80],
  hasData: true,
  ctxOut: SKB_SIZE,
  fields: TC_FIELDS,
  loads: true,
  relative: true,
  abs: true,
  throws: true,
  csum: true,
  weight: 8,
};
export const XDP_TYPE: WideType = {
  type: PT.XDP,
  packet: [0, 4],
  hasData: true,
  ctxOut: 0,
  fields: read(12, 16),
  throws: true,
  csum: true,
  weight: 5,
};

export const WIDE_TYPES: readonly WideType[] = [
  CLASSIFIER,
  XDP_TYPE,
  {
    type: PT.SOCKET_FILTER,
    objects: false,
    hasData: true,
    ctxOut: SKB_SIZE,
    fields: FILTER_FIELDS,
    loads: true,
    relative: true,
    abs: true,
    weight: 2,
  },
  {
    type: PT.CGROUP_SKB,
    hasData: true,
    ctxOut: SKB_SIZE,
    mask: 1,
    fields: [...FILTER_FIELDS, [32, 4, true]],
    loads: true,
    relative: true,
    weight: 2,
  },
  {
    type: PT.LWT_IN,
    objects: false,
    hasData: true,
    ctxOut: SKB_SIZE,
    fields: [...FILTER_FIELDS, [8, 4, true], [32, 4, true]],
    loads: true,
    csum: true,
    weight: 1,
  },
  {
    type: PT.LWT_XMIT,
    objects: false,
    hasData: true,
    ctxOut: SKB_SIZE,
    fields: [...FILTER_FIELDS, [8, 4, true], [32, 4, true]],
    loads: true,
    csum: true,
    weight: 1,
  },
  {
    type: PT.FLOW_DISSECTOR,
    dynptrs: false,
    objects: false,
    hasData: true,
    ctxOut: 0,
    mask: 1,
    fields: [],
    loads: true,
    weight: 1,
  },
  {
    type: PT.SK_LOOKUP,
    objects: false,
    attach: AT.SK_LOOKUP,
    hasData: false,
    ctxIn: LOOKUP_CTX,
    ctxOut: 0,
    mask: 1,
    fields: read(8, 12, 16, 20, 24, 28, 32, 40, 44, 48, 52, 56, 60, 64),
    weight: 1,
  },
  {
    type: PT.SYSCALL,
    flags: SLEEPABLE,
    hasData: false,
    ctxIn: RAW_ARGS,
    ctxOut: 0,
    fields: [...both(0, 4, 8, 12, 16), [8, 8, true], [24, 8, true]],
    throws: true,
    weight: 2,
  },
  {
    type: PT.RAW_TRACEPOINT,
    objects: false,
    hasData: false,
    ctxIn: RAW_ARGS,
    ctxOut: 0,
    fields: [
      [0, 8, false],
      [8, 8, false],
      [16, 8, false],
    ],
    weight: 1,
  },
];
