/**
 * Helpers of XDP programs (man bpf-helpers, net/core/filter.c `bpf_xdp_*`): the frame
 * is an {@link XdpBuff}, found by the context's address.
 */
import { PAGE_SIZE } from '../../mm/arena.ts';
import { EACCES, EINVAL } from '../../uapi/errno.ts';
import { ETH_HLEN } from '../contexts/skb.ts';
import { XDP_FRAME_SIZE, XDP_META_MAX, xdpAt } from '../contexts/xdp.ts';
import type { HelperRecord } from '../helper.ts';
import type { Vm } from '../vm.ts';

/** bpf_xdp_adjust_head: the metadata moves along; the frame's own structure before it stays untouched. */
function adjustHead(vm: Vm, ctx = 0, offset = 0): number {
  const xdp = xdpAt(vm, ctx);
  if (xdp === undefined) return -EINVAL;
  const meta = xdp.data - xdp.dataMeta;
  const data = xdp.data + offset;
  if (data < xdp.page + XDP_FRAME_SIZE + meta || data > xdp.dataEnd - ETH_HLEN) return -EINVAL;
  if (meta > 0) vm.env.arena.u8.copyWithin(xdp.dataMeta + offset, xdp.dataMeta, xdp.data);
  xdp.dataMeta += offset;
  xdp.data = data;
  xdp.sync();
  return 0;
}

/** bpf_xdp_adjust_tail: what is added is zero. With fragments the last one grows or shrinks. */
function adjustTail(vm: Vm, ctx = 0, offset = 0): number {
  const xdp = xdpAt(vm, ctx);
  if (xdp === undefined) return -EINVAL;
  if (xdp.frags.length > 0) return offset < 0 ? shrinkFrags(vm, ctx, -offset) : growFrag(vm, ctx, offset);
  const end = xdp.dataEnd + offset;
  if (end > xdp.hardEnd || end < xdp.data + ETH_HLEN) return -EINVAL;
  if (offset > 0) vm.env.arena.u8.fill(0, xdp.dataEnd, end);
  xdp.dataEnd = end;
  xdp.sync();
  return 0;
}

/** `bpf_xdp_frags_increase_tail`: within the page of the last fragment. */
function growFrag(vm: Vm, ctx: number, count: number): number {
  const frag = xdpAt(vm, ctx)?.frags.at(-1);
  if (frag === undefined || count > PAGE_SIZE - frag.length) return -EINVAL;
  vm.env.arena.u8.fill(0, frag.page + frag.length, frag.page + frag.length + count);
  frag.length += count;
  return 0;
}

/** `bpf_xdp_frags_shrink_tail`: whole fragments go, then a part of one, then of the linear data. */
function shrinkFrags(vm: Vm, ctx: number, count: number): number {
  const xdp = xdpAt(vm, ctx);
  if (xdp === undefined || count > xdp.length - ETH_HLEN) return -EINVAL;
  let left = count;
  while (left > 0 && xdp.frags.length > 0) {
    const frag = xdp.frags.at(-1)!;
    if (frag.length > left) {
      frag.length -= left;
      return 0;
    }
    left -= frag.length;
    xdp.dropFrag();
  }
  xdp.dataEnd -= left;
  xdp.sync();
  return 0;
}

/** bpf_xdp_adjust_meta: metadata is a multiple of four bytes, at most 255, between the frame's structure and the data. */
function adjustMeta(vm: Vm, ctx = 0, offset = 0): number {
  const xdp = xdpAt(vm, ctx);
  if (xdp === undefined) return -EINVAL;
  const meta = xdp.dataMeta + offset;
  if (meta < xdp.page + XDP_FRAME_SIZE || meta > xdp.data) return -EINVAL;
  const length = xdp.data - meta;
  if ((length & 3) !== 0 || length > XDP_META_MAX) return -EACCES;
  xdp.dataMeta = meta;
  xdp.sync();
  return 0;
}

function getBuffLen(vm: Vm, ctx = 0): number {
  return xdpAt(vm, ctx)?.length ?? 0;
}

function loadBytes(vm: Vm, ctx = 0, offset = 0, to = 0, length = 0): number {
  return xdpAt(vm, ctx)?.copy(offset >>> 0, to, length >>> 0, false) ?? -EINVAL;
}

function storeBytes(vm: Vm, ctx = 0, offset = 0, from = 0, length = 0): number {
  return xdpAt(vm, ctx)?.copy(offset >>> 0, from, length >>> 0, true) ?? -EINVAL;
}

export const XDP_HELPERS: readonly HelperRecord[] = [
  {
    id: 44,
    name: 'xdp_adjust_head',
    doc: 'Moves the beginning of the frame into or out of the headroom.',
    args: 'ii',
    ret: 'int',
    fn: adjustHead,
  },
  {
    id: 54,
    name: 'xdp_adjust_meta',
    doc: 'Makes room for metadata before the frame.',
    args: 'ii',
    ret: 'int',
    fn: adjustMeta,
  },
  { id: 65, name: 'xdp_adjust_tail', doc: 'Moves the end of the frame.', args: 'ii', ret: 'int', fn: adjustTail },
  {
    id: 188,
    name: 'xdp_get_buff_len',
    doc: 'Length of the frame with its fragments.',
    args: 'i',
    ret: 'int',
    fn: getBuffLen,
  },
  {
    id: 189,
    name: 'xdp_load_bytes',
    doc: 'Copies bytes of the frame, fragments included.',
    args: 'iiii',
    ret: 'int',
    fn: loadBytes,
  },
  {
    id: 190,
    name: 'xdp_store_bytes',
    doc: 'Writes bytes to the frame, fragments included.',
    args: 'iiii',
    ret: 'int',
    fn: storeBytes,
  },
];
