/**
 * Test runs of socket lookups and netfilter programs (`bpf_prog_test_run_sk_lookup`,
 * `bpf_prog_test_run_nf`).
 */
import type { Work } from '../base/work.ts';
import { PAGE_SIZE } from '../mm/arena.ts';
import { EAFNOSUPPORT, EINVAL, EPROTO, ERANGE } from '../uapi/errno.ts';
import { LOOPBACK } from '../vm/contexts/netdev.ts';
import { NetfilterContext } from '../vm/contexts/netfilter.ts';
import { SkLookup } from '../vm/contexts/sk_lookup.ts';
import {
  ETH_HLEN,
  ETH_P_IP,
  ETH_P_IPV6,
  IPV4_HLEN,
  IPV6_HLEN,
  SKB_HEADROOM,
  SKB_TAILROOM,
  Skb,
} from '../vm/contexts/skb.ts';
import { AF_INET, AF_INET6 } from '../vm/contexts/sock.ts';
import { SK_LOOKUP, SK_LOOKUP_CTX_SIZE } from '../vm/progtypes/net.ts';
import {
  finish,
  finishCtx,
  rangeIsZero,
  refusesOptions,
  runRepeated,
  TEST_AT,
  type TestRun,
  takeCtx,
  takePacket,
} from './test_run_common.ts';

const SK_PASS = 1;
const SK_DROP = 0;
const U16_MAX = 0xffff;

/** Runs a program that picks a socket. */
export function* testRunSkLookup(run: TestRun): Work {
  const { attr } = run;
  if (refusesOptions(run, 0)) return -EINVAL;
  if (attr.addr(TEST_AT.data_in) !== 0 || attr.get(TEST_AT.data_size_in) !== 0) return -EINVAL;
  if (attr.addr(TEST_AT.data_out) !== 0 || attr.get(TEST_AT.data_size_out) !== 0) return -EINVAL;
  const ctx = takeCtx(run, SK_LOOKUP_CTX_SIZE);
  if (typeof ctx === 'number') return ctx;
  if (ctx === undefined) return -EINVAL;
  const view = new DataView(ctx.buffer);
  if (view.getBigUint64(SK_LOOKUP.cookie, true) !== 0n) return -EINVAL;
  if (!rangeIsZero(ctx, SK_LOOKUP.localPort + 4, SK_LOOKUP_CTX_SIZE)) return -EINVAL;
  if (view.getUint32(SK_LOOKUP.localPort, true) > U16_MAX) return -ERANGE;
  const family = view.getUint32(SK_LOOKUP.family, true) & U16_MAX;
  if (family !== AF_INET && family !== AF_INET6) return -EAFNOSUPPORT;
  const lookup = new SkLookup(run.vm);
  try {
    lookup.describe(ctx, family);
    const result = yield* runRepeated(
      run,
      lookup.ctx,
      (r0) => (r0 === SK_PASS || lookup.selected !== undefined ? SK_PASS : SK_DROP),
      () => lookup.select(undefined),
    );
    if (result.errno < 0) return result.errno;
    view.setBigUint64(SK_LOOKUP.cookie, lookup.selected?.cookie() ?? 0n, true);
    const errno = finish(run, [], result);
    return errno !== 0 ? errno : finishCtx(run, ctx);
  } finally {
    lookup.release();
  }
}

/** sizeof(struct nf_hook_state), and its fields. */
const NF_STATE_SIZE = 48;
const NF_STATE = { hook: 0, pf: 1, pointers: 8 } as const;
const NFPROTO_IPV4 = 2;
const NFPROTO_IPV6 = 10;
const NF_INET_LOCAL_OUT = 3;
const SKB_SIZE_MAX = PAGE_SIZE - SKB_HEADROOM - SKB_TAILROOM;

/** Runs a netfilter program on a packet. */
export function* testRunNetfilter(run: TestRun): Work {
  if (refusesOptions(run, 0)) return -EINVAL;
  const size = run.attr.get(TEST_AT.data_size_in);
  if (size < IPV4_HLEN || size > SKB_SIZE_MAX) return -EINVAL;
  const skb = new Skb(run.vm);
  try {
    return yield* runNetfilter(run, skb, size);
  } finally {
    skb.release();
  }
}

function* runNetfilter(run: TestRun, skb: Skb, size: number): Work {
  const taken = takePacket(run, skb, size, NF_STATE_SIZE);
  if (typeof taken === 'number') return taken;
  const state = taken.ctx;
  let pf = NFPROTO_IPV4;
  let hook = NF_INET_LOCAL_OUT;
  if (state !== undefined) {
    if (!rangeIsZero(state, NF_STATE.pointers, NF_STATE_SIZE)) return -EINVAL;
    pf = state[NF_STATE.pf]!;
    hook = state[NF_STATE.hook]!;
    if (pf !== NFPROTO_IPV4 && pf !== NFPROTO_IPV6) return -EINVAL;
  }
  if (hook === NF_INET_LOCAL_OUT) {
    skb.protocol = pf === NFPROTO_IPV4 ? ETH_P_IP : ETH_P_IPV6;
    // It came by no device.
    skb.ifindex = 0;
  } else {
    const refused = takeEthernet(skb, size, pf);
    if (refused < 0) return refused;
  }
  const context = new NetfilterContext(run.vm, skb, { hook, pf, out: state === undefined ? undefined : LOOPBACK });
  try {
    const result = yield* runRepeated(run, context.ctx);
    return result.errno < 0 ? result.errno : finish(run, [], result);
  } finally {
    context.release();
  }
}

/** The packets of all hooks but local output have a link-layer header: 0 or -errno. */
function takeEthernet(skb: Skb, size: number, pf: number): number {
  if (size < ETH_HLEN + IPV4_HLEN) return -EINVAL;
  skb.ethTypeTrans(LOOPBACK);
  if (skb.protocol !== ETH_P_IP && skb.protocol !== ETH_P_IPV6) return -EPROTO;
  if (skb.protocol === ETH_P_IPV6 && size < ETH_HLEN + IPV6_HLEN) return -EINVAL;
  if (pf !== (skb.protocol === ETH_P_IP ? NFPROTO_IPV4 : NFPROTO_IPV6)) return -EINVAL;
  skb.resetNetworkHeader();
  return 0;
}
