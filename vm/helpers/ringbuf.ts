/** Helpers on ring buffers, and bpf_perf_event_output (man bpf-helpers; Documentation/bpf/ringbuf.rst). */
import { perfEventGet } from '../../maps/array_fd.ts';
import { ringbufCommit, ringbufOutput, ringbufQuery, ringbufReserve, userRingbufDrain } from '../../maps/ringbuf.ts';
import { E2BIG, EFAULT, EINVAL, ENOENT, ENOMEM, ENOTSUP } from '../../uapi/errno.ts';
import type { HelperRecord } from '../helper.ts';
import type { Vm } from '../vm.ts';
import { DYNPTR, dynptrData, dynptrInit, dynptrSetNull } from './dynptr.ts';
import { flags64 } from './map.ts';

function output(vm: Vm, mapAddr = 0, data = 0, sizeLo = 0, sizeHi = 0, lo = 0, hi = 0): number {
  const map = vm.mapAt(mapAddr);
  if (map === undefined || sizeHi !== 0) return -EINVAL;
  return ringbufOutput(map, data, sizeLo >>> 0, flags64(lo, hi));
}

function reserve(vm: Vm, mapAddr = 0, sizeLo = 0, sizeHi = 0, lo = 0, hi = 0): number {
  const map = vm.mapAt(mapAddr);
  if (map === undefined || sizeHi !== 0 || lo !== 0 || hi !== 0) return 0;
  return ringbufReserve(map, sizeLo >>> 0);
}

const commit =
  (discard: boolean) =>
  (vm: Vm, sample = 0, flags = 0): number => {
    ringbufCommit(vm.env, sample, flags, discard);
    return 0;
  };

function query(vm: Vm, mapAddr = 0, what = 0, hi = 0): number {
  const map = vm.mapAt(mapAddr);
  return map === undefined || hi !== 0 ? vm.ret64(0, 0) : vm.retBig(BigInt(ringbufQuery(map, what)));
}

/** bpf_ringbuf_reserve_dynptr: (map, size, flags, ptr). A dynptr is made in any case, to be submitted or discarded. */
function reserveDynptr(vm: Vm, mapAddr = 0, size = 0, lo = 0, hi = 0, ptr = 0): number {
  const map = vm.mapAt(mapAddr);
  dynptrSetNull(vm, ptr);
  if (map === undefined || lo !== 0 || hi !== 0) return -EINVAL;
  if (size >>> 0 > 0xffffff) return -E2BIG;
  const sample = ringbufReserve(map, size >>> 0);
  if (sample === 0) return -EINVAL;
  dynptrInit(vm, ptr, sample, DYNPTR.RINGBUF, 0, size);
  return 0;
}

const commitDynptr =
  (discard: boolean) =>
  (vm: Vm, ptr = 0, flags = 0): number => {
    const sample = dynptrData(vm, ptr);
    if (sample !== 0) ringbufCommit(vm.env, sample, flags, discard);
    dynptrSetNull(vm, ptr);
    return 0;
  };

/** bpf_user_ringbuf_drain: the callback gets a dynptr of each sample and the context. */
function drain(vm: Vm, mapAddr = 0, callback = 0, ctxLo = 0, ctxHi = 0, lo = 0, hi = 0): number {
  const map = vm.mapAt(mapAddr);
  if (map === undefined || hi !== 0) return vm.ret64(-EINVAL, -1);
  const ptr = vm.env.arena.alloc(16);
  if (ptr === 0) return vm.ret64(-ENOMEM, -1);
  try {
    const samples = userRingbufDrain(map, lo, (sample, size) => {
      dynptrInit(vm, ptr, sample, DYNPTR.LOCAL, 0, size, false);
      vm.setArgPtr(0, ptr);
      vm.setArg(1, ctxLo, ctxHi);
      return vm.callback(callback);
    });
    return vm.ret64(samples, samples >> 31);
  } finally {
    vm.env.arena.free(ptr, 16);
  }
}

/** `BPF_F_CURRENT_CPU`, and the bits of flags that are the index. */
const CURRENT_CPU = -1;
/** Bits of the upper half that say how many bytes of the context come along (`BPF_F_CTXLEN_MASK`). */
const CTXLEN_HI_MASK = 0xfffff;

/**
 * bpf_perf_event_output: (ctx, map, flags, data, size). There must be an event in the
 * slot of the CPU; what it would record goes to {@link Vm.onPerfEvent}.
 */
function perfEventOutput(vm: Vm, ctx = 0, mapAddr = 0, lo = 0, hi = 0, data = 0, size = 0): number {
  const map = vm.mapAt(mapAddr);
  if (map === undefined || (hi & ~CTXLEN_HI_MASK) !== 0) return -EINVAL;
  // Only packets can be added to a record; other programs may not give a length.
  const { packet } = vm;
  if (hi !== 0 && packet?.has(ctx) !== true) return -EINVAL;
  if (hi !== 0 && hi > (packet?.length(ctx) ?? 0)) return -EFAULT;
  const index = lo === CURRENT_CPU ? vm.env.cpu : lo >>> 0;
  if (index >= map.maxEntries) return -E2BIG;
  const event = perfEventGet(map, index);
  if (event === undefined) return -ENOENT;
  if (index !== vm.env.cpu) return -ENOTSUP;
  const { arena } = vm.env;
  const raw = arena.u8.slice(data, data + Math.max(size, 0));
  vm.onPerfEvent?.({ map, index, event, ctx, ctxLength: hi & CTXLEN_HI_MASK, data: raw });
  return 0;
}

/** bpf_skb_output and bpf_xdp_output: as that, of a packet a traced function was given. */
function packetOutput(vm: Vm, packet = 0, mapAddr = 0, lo = 0, hi = 0, data = 0, size = 0): number {
  if ((hi & ~CTXLEN_HI_MASK) !== 0) return -EINVAL;
  if (vm.packet?.has(packet) !== true) return -EFAULT;
  return perfEventOutput(vm, packet, mapAddr, lo, hi, data, size);
}

export const RINGBUF_HELPERS: readonly HelperRecord[] = [
  { id: 130, name: 'ringbuf_output', doc: 'Copies data into a ring buffer.', args: 'iill', ret: 'int', fn: output },
  {
    id: 131,
    name: 'ringbuf_reserve',
    doc: 'A record of a ring buffer, or NULL.',
    args: 'ill',
    ret: 'ptr',
    fn: reserve,
  },
  { id: 132, name: 'ringbuf_submit', doc: 'Gives a record to the reader.', args: 'ii', ret: 'void', fn: commit(false) },
  { id: 133, name: 'ringbuf_discard', doc: 'Drops a record.', args: 'ii', ret: 'void', fn: commit(true) },
  { id: 134, name: 'ringbuf_query', doc: 'Size, positions, bytes to read.', args: 'il', ret: 'long', fn: query },
  {
    id: 198,
    name: 'ringbuf_reserve_dynptr',
    doc: 'A record of a ring buffer as dynptr.',
    args: 'iili',
    ret: 'int',
    fn: reserveDynptr,
  },
  {
    id: 199,
    name: 'ringbuf_submit_dynptr',
    doc: 'Gives it to the reader.',
    args: 'ii',
    ret: 'void',
    fn: commitDynptr(false),
  },
  { id: 200, name: 'ringbuf_discard_dynptr', doc: 'Drops it.', args: 'ii', ret: 'void', fn: commitDynptr(true) },
  {
    id: 209,
    name: 'user_ringbuf_drain',
    doc: 'Calls back with each sample of a user ring buffer.',
    args: 'illl',
    ret: 'long',
    callsBack: true,
    fn: (vm, map = 0, callback = 0, _hi = 0, ctxLo = 0, ctxHi = 0, lo = 0, hi = 0) =>
      drain(vm, map, callback, ctxLo, ctxHi, lo, hi),
  },
  {
    id: 25,
    name: 'perf_event_output',
    doc: 'A record for the perf event of a CPU.',
    args: 'iilii',
    ret: 'int',
    fn: perfEventOutput,
  },
  ...(
    [
      [111, 'skb_output', 'socket buffer'],
      [121, 'xdp_output', 'frame'],
    ] as const
  ).map(([id, name, what]) => ({
    id,
    name,
    doc: `A record with bytes of a ${what} for the perf event of a CPU; -EFAULT for what is no packet.`,
    args: 'iilii',
    ret: 'int' as const,
    fn: packetOutput,
  })),
];
