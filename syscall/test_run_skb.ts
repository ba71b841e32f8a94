/**
 * Test runs of the types that are given a socket buffer (`bpf_prog_test_run_skb`):
 * socket_filter, sched_cls, sched_act, cgroup_skb, lwt_in, lwt_out, lwt_xmit.
 */
import type { Work } from '../base/work.ts';
import { PAGE_SIZE } from '../mm/arena.ts';
import { BPF_F_TEST, BPF_PROG_TYPE as PT } from '../uapi/bpf.ts';
import { EBADMSG, EINVAL, ENODEV, ENOMEM } from '../uapi/errno.ts';
import { csumFold } from '../vm/contexts/checksum.ts';
import { LOOPBACK, netDevice } from '../vm/contexts/netdev.ts';
import { CHECKSUM_COMPLETE, ETH_HLEN, SKB_HEADROOM, SKB_TAILROOM, Skb } from '../vm/contexts/skb.ts';
import { SK_BUFF, SKB_CTX_SIZE } from '../vm/progtypes/skb.ts';
import {
  finish,
  finishCtx,
  rangeIsZero,
  refusesOptions,
  runRepeated,
  TEST_AT,
  type TestRun,
  takePacket,
} from './test_run_common.ts';

const SIZE_MAX = PAGE_SIZE - SKB_HEADROOM - SKB_TAILROOM;
/** `GSO_LEGACY_MAX_SIZE`. */
const WIRE_LEN_MAX = 65536;
/** `GSO_MAX_SEGS`. */
const GSO_SEGS_MAX = 65535;

/** What of a __sk_buff a caller may set: everything between these pairs must be zero (`convert___skb_to_skb`). */
const MUST_BE_ZERO: readonly (readonly [number, number])[] = [
  [0, SK_BUFF.mark],
  [SK_BUFF.mark + 4, SK_BUFF.priority],
  [SK_BUFF.ifindex + 4, SK_BUFF.cb],
  [SK_BUFF.cb + 20, SK_BUFF.tstamp],
  [SK_BUFF.gsoSegs + 4, SK_BUFF.gsoSize],
  [SK_BUFF.gsoSize + 4, SK_BUFF.hwtstamp],
];

/** Fields that go from the caller's structure to the packet, and (but gso_size) back: offset and length. */
const IN: readonly (readonly [number, number])[] = [
  [SK_BUFF.mark, 4],
  [SK_BUFF.priority, 4],
  [SK_BUFF.ingressIfindex, 4],
  [SK_BUFF.cb, 20],
  [SK_BUFF.tstamp, 8],
  [SK_BUFF.gsoSegs, 4],
  [SK_BUFF.gsoSize, 4],
  [SK_BUFF.hwtstamp, 8],
];
const OUT: readonly (readonly [number, number])[] = [
  ...IN.filter(([off]) => off !== SK_BUFF.gsoSize),
  [SK_BUFF.ifindex, 4],
  [SK_BUFF.wireLen, 4],
];

function u32(bytes: Uint8Array, off: number): number {
  return (bytes[off]! | (bytes[off + 1]! << 8) | (bytes[off + 2]! << 16) | (bytes[off + 3]! << 24)) >>> 0;
}

/** Whether programs of the type see the link-layer header. */
function seesLinkLayer(type: number): boolean {
  return type === PT.SCHED_CLS || type === PT.SCHED_ACT;
}

/** Runs a program on a packet. */
export function* testRunSkb(run: TestRun): Work {
  if (refusesOptions(run, BPF_F_TEST.SKB_CHECKSUM_COMPLETE)) return -EINVAL;
  const size = run.attr.get(TEST_AT.data_size_in);
  if (size < ETH_HLEN || size > SIZE_MAX) return -EINVAL;
  const skb = new Skb(run.vm);
  try {
    return yield* runOn(run, skb, size);
  } finally {
    skb.release();
  }
}

function* runOn(run: TestRun, skb: Skb, size: number): Work {
  const taken = takePacket(run, skb, size, SKB_CTX_SIZE);
  if (typeof taken === 'number') return taken;
  const { ctx } = taken;
  const ifindex = ctx === undefined ? 0 : u32(ctx, SK_BUFF.ifindex);
  const device = ifindex > LOOPBACK.ifindex ? netDevice(ifindex) : LOOPBACK;
  if (device === undefined) return -ENODEV;
  const linkLayer = seesLinkLayer(run.prog.type);
  const received = skb.receive(device, linkLayer);
  if (received < 0) return received;
  const converted = fromCaller(skb, ctx);
  if (converted < 0) return converted;
  const complete = (run.attr.get(TEST_AT.flags) & BPF_F_TEST.SKB_CHECKSUM_COMPLETE) !== 0;
  if (complete) {
    skb.csum = skb.checksum(skb.networkOffset, skb.len - skb.networkOffset, 0);
    skb.ipSummed = CHECKSUM_COMPLETE;
  }
  skb.syncSock();
  skb.sync();
  const result = yield* runRepeated(run, skb.ctx);
  if (result.errno < 0) return result.errno;
  if (!linkLayer) {
    if (skb.reserve(ETH_HLEN, 0) < 0) return -ENOMEM;
    skb.push(ETH_HLEN);
    run.kernel.arena.u8.fill(0, skb.data, skb.data + ETH_HLEN);
  }
  if (complete) {
    const csum = skb.checksum(skb.networkOffset, skb.len - skb.networkOffset, 0);
    if (csumFold(skb.csum) !== csumFold(csum)) return -EBADMSG;
  }
  toCaller(skb, ctx);
  const errno = finish(run, [{ addr: skb.data, length: skb.len }], result);
  return errno !== 0 ? errno : finishCtx(run, ctx);
}

/** The caller's fields, into the context: 0 or -EINVAL. */
function fromCaller(skb: Skb, ctx: Uint8Array | undefined): number {
  skb.set32(SK_BUFF.ifindex, skb.ifindex);
  if (ctx === undefined) return 0;
  for (const [from, to] of MUST_BE_ZERO) if (!rangeIsZero(ctx, from, to)) return -EINVAL;
  const { u8 } = skb.vm.env.arena;
  for (const [off, length] of IN) u8.set(ctx.subarray(off, off + length), skb.ctx + off);
  // The kernel keeps 16 bits of it.
  skb.set32(SK_BUFF.gsoSize, u32(ctx, SK_BUFF.gsoSize) & 0xffff);
  const wireLen = u32(ctx, SK_BUFF.wireLen);
  if (wireLen !== 0 && (wireLen < skb.len || wireLen > WIRE_LEN_MAX)) return -EINVAL;
  skb.set32(SK_BUFF.wireLen, wireLen === 0 ? skb.len : wireLen);
  return u32(ctx, SK_BUFF.gsoSegs) > GSO_SEGS_MAX ? -EINVAL : 0;
}

/** The context's fields, into the caller's structure (`convert_skb_to___skb`). */
function toCaller(skb: Skb, ctx: Uint8Array | undefined): void {
  if (ctx === undefined) return;
  const { u8 } = skb.vm.env.arena;
  for (const [off, length] of OUT) ctx.set(u8.subarray(skb.ctx + off, skb.ctx + off + length), off);
}
