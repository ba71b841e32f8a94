/** Test runs of flow dissectors (`bpf_prog_test_run_flow_dissector`): the result is the keys. */
import type { Work } from '../base/work.ts';
import { PAGE_SIZE } from '../mm/arena.ts';
import { EINVAL, ENOMEM } from '../uapi/errno.ts';
import { FLOW_KEYS, FLOW_KEYS_SIZE, FlowDissector } from '../vm/contexts/flow.ts';
import { ETH_HLEN } from '../vm/contexts/skb.ts';
import {
  finish,
  finishCtx,
  rangeIsZero,
  refusesOptions,
  runRepeated,
  TEST_AT,
  type TestRun,
  takeCtx,
  takeData,
} from './test_run_common.ts';

/** Runs a program on a packet. */
export function* testRunFlowDissector(run: TestRun): Work {
  if (refusesOptions(run, 0)) return -EINVAL;
  const size = run.attr.get(TEST_AT.data_size_in);
  if (size < ETH_HLEN || size > PAGE_SIZE) return -EINVAL;
  const flow = new FlowDissector(run.vm, size);
  try {
    return yield* runOn(run, flow, size);
  } finally {
    flow.release();
  }
}

function* runOn(run: TestRun, flow: FlowDissector, size: number): Work {
  if (flow.data === 0) return -ENOMEM;
  const copied = takeData(run, flow.data, 0, size);
  if (copied < 0) return copied;
  const keys = takeCtx(run, FLOW_KEYS_SIZE);
  if (typeof keys === 'number') return keys;
  let flags = 0;
  if (keys !== undefined) {
    if (!rangeIsZero(keys, 0, FLOW_KEYS.flags)) return -EINVAL;
    if (!rangeIsZero(keys, FLOW_KEYS.flags + 4, FLOW_KEYS_SIZE)) return -EINVAL;
    flags = new DataView(keys.buffer).getUint32(FLOW_KEYS.flags, true);
  }
  const result = yield* runRepeated(
    run,
    flow.ctx,
    (r0) => {
      flow.clampOffsets();
      return r0;
    },
    () => flow.begin(flags),
  );
  if (result.errno < 0) return result.errno;
  const errno = finish(run, [{ addr: flow.keys, length: FLOW_KEYS_SIZE }], result);
  return errno !== 0 ? errno : finishCtx(run, keys);
}
