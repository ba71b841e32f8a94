/** Test runs of XDP programs (`bpf_prog_test_run_xdp`), with metadata, fragments and live frames. */
import type { Work } from '../base/work.ts';
import { PAGE_SIZE } from '../mm/arena.ts';
import { BPF_ATTACH_TYPE as AT, BPF_F_TEST } from '../uapi/bpf.ts';
import { E2BIG, EINVAL, ENODEV, ENOMEM } from '../uapi/errno.ts';
import { LOOPBACK, netDevice } from '../vm/contexts/netdev.ts';
import { ETH_HLEN } from '../vm/contexts/skb.ts';
import {
  XDP_FRAGS_MAX,
  XDP_FRAME_SIZE,
  XDP_HEADROOM,
  XDP_META_MAX,
  XDP_TAILROOM,
  XdpBuff,
} from '../vm/contexts/xdp.ts';
import { XDP_CTX_SIZE, XDP_MD } from '../vm/progtypes/net.ts';
import {
  finish,
  finishCtx,
  type RunResult,
  runRepeated,
  TEST_AT,
  type TestRun,
  takeCtx,
  takeData,
} from './test_run_common.ts';

/** `TEST_XDP_MAX_BATCH`. */
const BATCH_MAX = 256;
/** sizeof(struct xdp_page_head): what live frames keep at the beginning of a page. */
const PAGE_HEAD = 112;

/** Runs a program on a frame. */
export function* testRunXdp(run: TestRun): Work {
  const { prog, attr } = run;
  const flags = attr.get(TEST_AT.flags);
  const live = (flags & BPF_F_TEST.XDP_LIVE_FRAMES) !== 0;
  if (prog.expectedAttachType === AT.XDP_DEVMAP || prog.expectedAttachType === AT.XDP_CPUMAP) return -EINVAL;
  if ((flags & ~BPF_F_TEST.XDP_LIVE_FRAMES) !== 0) return -EINVAL;
  const batchSize = attr.get(TEST_AT.batch_size);
  if (live) {
    if (batchSize > BATCH_MAX) return -E2BIG;
  } else if (batchSize !== 0) return -EINVAL;
  const md = takeCtx(run, XDP_CTX_SIZE);
  if (typeof md === 'number') return md;
  const view = md === undefined ? undefined : new DataView(md.buffer);
  const size = attr.get(TEST_AT.data_size_in);
  let headroom = XDP_HEADROOM;
  let linear = size;
  let meta = 0;
  if (view !== undefined) {
    const data = view.getUint32(XDP_MD.data, true);
    const dataEnd = view.getUint32(XDP_MD.dataEnd, true);
    if (view.getUint32(XDP_MD.dataMeta, true) !== 0 || dataEnd > size || data > dataEnd) return -EINVAL;
    if (live && (attr.addr(TEST_AT.data_out) !== 0 || attr.addr(TEST_AT.ctx_out) !== 0)) return -EINVAL;
    meta = data;
    if ((meta & 3) !== 0 || meta > XDP_META_MAX || meta > headroom - XDP_FRAME_SIZE) return -EINVAL;
    headroom -= meta;
    linear = dataEnd;
  }
  if (live) headroom += PAGE_HEAD;
  linear = Math.min(linear, PAGE_SIZE - headroom - XDP_TAILROOM);
  if (live && size > linear) return -EINVAL;
  // Unsigned, as the kernel subtracts: metadata longer than the packet passes.
  if ((size - meta) >>> 0 < ETH_HLEN) return -EINVAL;
  const xdp = new XdpBuff(run.vm);
  try {
    return yield* runOn(run, xdp, { size, linear, meta, headroom, live, view, md });
  } finally {
    xdp.release();
  }
}

interface Frame {
  readonly size: number;
  readonly linear: number;
  readonly meta: number;
  readonly headroom: number;
  readonly live: boolean;
  readonly view: DataView | undefined;
  readonly md: Uint8Array | undefined;
}

function* runOn(run: TestRun, xdp: XdpBuff, frame: Frame): Work {
  const { view, md } = frame;
  xdp.init(frame.headroom, frame.linear, 0);
  const copied = takeData(run, xdp.dataMeta, 0, frame.linear);
  if (copied < 0) return copied;
  xdp.set32(XDP_MD.ingressIfindex, LOOPBACK.ifindex);
  if (view !== undefined) {
    const converted = checkDevice(view);
    if (converted < 0) return converted;
    const ifindex = view.getUint32(XDP_MD.ingressIfindex, true);
    if (ifindex !== 0) xdp.set32(XDP_MD.ingressIfindex, ifindex);
    xdp.data = xdp.dataMeta + frame.meta;
  }
  const frags = takeFrags(run, xdp, frame);
  if (frags < 0) return frags;
  xdp.sync();
  const result = yield* frame.live ? runLive(run, xdp, frame) : runRepeated(run, xdp.ctx);
  if (view !== undefined) {
    view.setUint32(XDP_MD.data, xdp.data - xdp.dataMeta, true);
    view.setUint32(XDP_MD.dataEnd, xdp.dataEnd - xdp.dataMeta, true);
  }
  if (result.errno < 0) return result.errno;
  const parts = [{ addr: xdp.dataMeta, length: xdp.dataEnd - xdp.dataMeta }];
  for (const frag of xdp.frags) parts.push({ addr: frag.page, length: frag.length });
  const errno = finish(run, parts, result);
  return errno !== 0 ? errno : finishCtx(run, md);
}

/** The interface and queue the caller says the frame came by (`xdp_convert_md_to_buff`): 0 or -errno. */
function checkDevice(view: DataView): number {
  const ifindex = view.getUint32(XDP_MD.ingressIfindex, true);
  const queue = view.getUint32(XDP_MD.rxQueueIndex, true);
  if (view.getUint32(XDP_MD.egressIfindex, true) !== 0) return -EINVAL;
  if (ifindex === 0) return queue !== 0 ? -EINVAL : 0;
  const device = netDevice(ifindex);
  if (device === undefined) return -ENODEV;
  return queue >= device.rxQueues ? -EINVAL : 0;
}

/** What does not fit in the page goes to fragments of a page each. */
function takeFrags(run: TestRun, xdp: XdpBuff, frame: Frame): number {
  for (let at = frame.linear; at < frame.size; ) {
    if (xdp.frags.length === XDP_FRAGS_MAX) return -ENOMEM;
    const length = Math.min(frame.size - at, PAGE_SIZE);
    const page = xdp.addFrag(length);
    if (page < 0) return page;
    const copied = takeData(run, page, at, length);
    if (copied < 0) return copied;
    at += length;
  }
  return 0;
}

/**
 * Live frames: each run has a fresh copy of the frame, which then goes where the program
 * says; there is no network, so all of them end here. The result is 0, whatever r0 was.
 */
function* runLive(run: TestRun, xdp: XdpBuff, frame: Frame): Work<RunResult> {
  const { arena } = run.kernel;
  const ifindex = xdp.get32(XDP_MD.ingressIfindex);
  const packet = arena.u8.slice(xdp.dataMeta, xdp.dataEnd);
  const restore = (): void => {
    xdp.init(frame.headroom, frame.linear, frame.meta);
    arena.u8.set(packet, xdp.dataMeta);
    xdp.set32(XDP_MD.ingressIfindex, ifindex);
    xdp.sync();
  };
  const result = yield* runRepeated(run, xdp.ctx, () => 0, restore);
  restore();
  return result;
}
