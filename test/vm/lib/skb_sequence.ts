/**
 * Programs that change a socket buffer many times in a row: helpers that resize, push and
 * pull headers, store bytes and keep checksums, with arguments at the edges of what the
 * packet has at that moment. What each call returned is kept in a map.
 */
import type { Random } from '../../../base/env.ts';
import { BPF_MAP_TYPE as MT, BPF_PROG_TYPE as PT } from '../../../uapi/bpf.ts';
import { hex } from './hex.ts';
import { Emitter, encodeWords } from './random_program.ts';

const CALLS_MAX = 9;
/** Bytes of the results map's value: r0 of each call, then what was loaded. */
const VALUE_SIZE = 640;
const LOADED_AT = 128;
const CTX_SIZE = 192;
/**
 * BPF_F_TEST_SKB_CHECKSUM_COMPLETE: the sum must be right after the run. The kernel dies of a
 * packet that ends before its network header then: only for programs without {@link MOVES_ENDS}.
 */
const CHECKSUM_COMPLETE = 4;
const FP = 10;

/** Writes calls; r6 is the context, r7 the map's value. */
class Sequence extends Emitter {
  calls = 0;
  loads = 0;
  /** The most the headers before the network header's end may take, and whether the packet may be shorter than that. */
  headers = 54;
  short = false;

  /** A helper on the context with constant arguments; `stack`: that argument is 64 bytes of stack. */
  call(helper: number, args: readonly number[], stack = -1): void {
    this.put(0xbf, 1, 6);
    args.forEach((arg, i) => {
      if (i !== stack) this.movImm(2 + i, arg);
      else {
        this.put(0xbf, 2 + i, FP);
        this.put(0x07, 2 + i, 0, 0, -64);
      }
    });
    this.put(0x85, 0, 0, 0, helper);
    this.put(0x7b, 7, 0, 8 * this.calls++);
  }

  /** A length or an offset: small, at an edge, or large. */
  near(...edges: readonly number[]): number {
    const kind = this.below(8);
    if (kind < 4) return this.below(160);
    if (kind < 6) return this.pick([0, 1, 13, 14, 15, 20, 33, 34, 35, 40, 54, 60, 64, 128, ...edges]);
    return kind === 6 ? this.below(700) : this.below(20_000);
  }
}

type Op = (e: Sequence) => void;

/** Flags of bpf_skb_adjust_room: those of encapsulation, of its removal, or any. */
function roomFlags(e: Sequence): number {
  const kind = e.below(6);
  if (kind < 2) return 0;
  if (kind < 4) return e.pick([0, 1, 32]) | e.pick([2, 4]) | e.pick([0, 0, 8, 16, 24]) | e.pick([0, 0, 64]);
  if (kind === 4) return e.pick([128, 256, 0x180, 0x81, 0xa0]);
  return e.below(512);
}

const CHANGES: Readonly<Record<string, Op>> = {
  store: (e) => e.call(9, [e.near(), 0, 1 + e.below(64), e.pick([0, 0, 1, 2, 3, 4])], 1),
  l3: (e) => e.call(10, [e.near(), e.below(65536), e.below(65536), e.pick([0, 2, 4, 3, 16])]),
  l4: (e) => e.call(11, [e.near(), e.imm(), e.imm(), e.pick([0, 2, 4, 0x10, 0x12, 0x14, 0x22, 0x24, 0x42, 0x44])]),
  vlanPush: (e) => e.call(18, [e.pick([0x81, 0xa888, 0, 0x0008]), e.below(70_000)]),
  vlanPop: (e) => e.call(19, []),
  proto: (e) => e.call(31, [e.pick([0x0008, 0xdd86, 0xdd86, 0x0081, 0x10008]), e.pick([0, 0, 0, 0, 1])]),
  type: (e) => e.call(32, [e.below(6)]),
  tail: (e) => {
    const length = e.near();
    e.short ||= length < e.headers;
    e.call(38, [length, e.pick([0, 0, 0, 0, 0, 1])]);
  },
  pull: (e) => e.call(39, [e.near(-1)]),
  csumUpdate: (e) => e.call(40, [e.imm()]),
  hashInvalid: (e) => e.call(41, []),
  setHash: (e) => {
    e.call(48, [e.imm()]);
    if (e.below(2) === 0 && e.calls < CALLS_MAX) e.call(34, []);
  },
  head: (e) => {
    const length = e.near(-1);
    if (length > 0) e.headers += length;
    e.call(43, [length, e.pick([0, 0, 0, 0, 0, 1])]);
  },
  room: (e) => e.call(50, [e.pick([1, 1, 1, -1]) * e.near(4095, 4096), e.pick([0, 1, 1, 2]), roomFlags(e)]),
  l2room: (e) => {
    e.put(0x18, 8, 0, 0, 2 | 64 | e.pick([0, 8, 16]));
    e.put(0, 0, 0, 0, e.pick([0, 13, 14, 18, 255]) << 24);
    e.put(0xbf, 1, 6);
    e.movImm(2, e.near());
    e.movImm(3, e.below(2));
    e.put(0xbf, 4, 8);
    e.put(0x85, 0, 0, 0, 50);
    e.put(0x7b, 7, 0, 8 * e.calls++);
  },
  level: (e) => e.call(135, [e.below(5)]),
  ecn: (e) => e.call(97, []),
  load: (e) => load(e, 26, [e.near(-1, 65535), 0, 1 + e.below(64)]),
  loadRelative: (e) => load(e, 68, [e.near(-1, 65535, 65536), 0, 1 + e.below(64), e.pick([0, 1, 1, 2])]),
  abs: (e) => {
    const base = e.pick([0, -0x100000, -0x200000]);
    e.put(e.pick([0x20, 0x28, 0x30]), 0, 0, 0, base + e.below(80));
    e.put(0x7b, 7, 0, 8 * e.calls++);
  },
  tstamp: (e) => e.call(192, [e.pick([0, 5, -1]), e.below(4)]),
};

/** A load to the stack, and from there into the map. */
function load(e: Sequence, helper: number, args: readonly number[]): void {
  e.call(helper, args, 1);
  const at = LOADED_AT + 64 * (e.loads++ % 8);
  for (let off = 0; off < 64; off += 8) {
    e.put(0x79, 1, FP, off - 64);
    e.put(0x7b, 7, 1, at + off);
  }
}

const MOVES_ENDS = ['tail', 'room', 'l2room', 'proto', 'head', 'vlanPop'];
const MOVES_HEADERS = ['room', 'l2room', 'proto'];
const ALL = Object.keys(CHANGES);
/** Changes that types of programs may make: classifiers all of them. */
const SETS: readonly (readonly [type: number, names: readonly string[], flags?: number])[] = [
  [PT.SCHED_CLS, ALL.filter((name) => !MOVES_ENDS.includes(name)), CHECKSUM_COMPLETE],
  [PT.SCHED_CLS, ALL],
  [PT.SCHED_CLS, ['tail', 'head', 'room', 'room', 'l2room', 'ecn', 'proto', 'vlanPush', 'vlanPop', 'loadRelative']],
  [PT.LWT_XMIT, ['store', 'l3', 'l4', 'tail', 'pull', 'csumUpdate', 'hashInvalid', 'head', 'load']],
];

function insns(e: Sequence, names: readonly string[]): Uint8Array {
  e.put(0xbf, 6, 1);
  // The value of map 0.
  e.put(0x18, 7, 2, 0, 0);
  e.put(0);
  for (let slot = 1; slot <= 8; slot++) {
    e.put(0x18, 1, 0, 0, e.imm());
    e.put(0, 0, 0, 0, e.imm());
    e.put(0x7b, FP, 1, -8 * slot);
  }
  while (e.calls < CALLS_MAX - e.below(2)) {
    const name = e.pick(names);
    // Room for headers the packet does not have: the kernel moves whatever lay in its memory there.
    if (!e.short || !MOVES_HEADERS.includes(name)) CHANGES[name]!(e);
  }
  e.movImm(0, 0);
  e.put(0x95);
  return encodeWords(e.words);
}

const ETHERTYPES: readonly (readonly number[])[] = [
  [8, 0, 0x45],
  [8, 0, 0x45],
  [0x86, 0xdd, 0x60],
  [0x86, 0xdd, 0x60],
  [0x81, 0, 0, 5, 8, 0, 0x45],
  [0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 0x86, 0xdd, 0x60],
  [8, 6],
  [0, 40],
];

/** The script (see wide_script.ts) of one program on one packet. */
export function skbSequence(random: Random): string[] {
  const e = new Sequence(random);
  const [type, names, flags = 0] = e.pick(SETS);
  const packet = Uint8Array.from({ length: e.pick([60, 136, 136, 200, 14 + e.below(300)]) }, () => random.u32() & 255);
  if (e.below(2) === 0) packet.fill(0, 0, 6);
  if (packet.length >= 26) packet.set(e.pick(ETHERTYPES), 12);
  return [
    `m ${MT.ARRAY} 4 ${VALUE_SIZE} 1 0 -1`,
    `p ${type} ${hex(insns(e, names))} 0`,
    `r 0 ${hex(packet)} ${CTX_SIZE} ${flags}`,
    'd 0',
    'c',
  ];
}
