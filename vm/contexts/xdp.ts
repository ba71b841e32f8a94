/**
 * A packet as an XDP frame (`struct xdp_buff`): one page with headroom, fragments
 * behind it for what does not fit, and the xdp_md context.
 */
import { PAGE_SIZE } from '../../mm/arena.ts';
import { EFAULT, EINVAL, ENOMEM, Errno } from '../../uapi/errno.ts';
import { XDP_EXT, XDP_MD } from '../progtypes/net.ts';
import type { Vm } from '../vm.ts';
import { ContextObject } from './block.ts';

/** `XDP_PACKET_HEADROOM`. */
export const XDP_HEADROOM = 256;
/** `SKB_DATA_ALIGN(sizeof(struct skb_shared_info))`: the end of a page belongs to the kernel. */
export const XDP_TAILROOM = 320;
/** sizeof(struct xdp_frame): the beginning of a page does too. */
export const XDP_FRAME_SIZE = 40;
/** `MAX_SKB_FRAGS`. */
export const XDP_FRAGS_MAX = 17;
/** Most metadata a packet may carry (`xdp_metalen_invalid`). */
export const XDP_META_MAX = 255;

/** One frame and its context. */
export class XdpBuff extends ContextObject {
  /** The page (`data_hard_start`). */
  readonly page: number;
  dataMeta = 0;
  data = 0;
  dataEnd = 0;
  /** Fragments, each with its own page and length. */
  readonly frags: { page: number; length: number }[] = [];
  /** Pages of fragments that are free for the next packet. */
  readonly #spare: number[] = [];

  constructor(vm: Vm) {
    super(vm);
    this.page = vm.env.arena.allocPages(1);
    if (this.page === 0) throw new Errno(ENOMEM, 'No arena memory for a frame');
  }

  /**
   * Starts a packet whose linear part has `length` bytes, metadata first, with `headroom`
   * before it. `clean`: the page is zeroed first; it need not be between packets of a capture.
   */
  init(headroom: number, length: number, meta: number, clean = true): void {
    if (clean) this.vm.env.arena.u8.fill(0, this.page, this.page + PAGE_SIZE);
    while (this.frags.length > 0) this.dropFrag();
    this.clear();
    this.dataMeta = this.page + headroom;
    this.data = this.dataMeta + meta;
    this.dataEnd = this.dataMeta + length;
  }

  /** Its spare pages, for `Saves`. */
  saveState(): () => void {
    const spare = this.#spare.slice();
    return () => {
      this.#spare.splice(0, this.#spare.length, ...spare);
    };
  }

  /** Interface the frame came by. */
  get ifindex(): number {
    return this.get32(XDP_MD.ingressIfindex);
  }

  /** Adds a fragment of `length` bytes: its address, or -ENOMEM. */
  addFrag(length: number): number {
    const page = this.#spare.pop() ?? this.vm.env.arena.allocPages(1);
    if (page === 0) return -ENOMEM;
    this.frags.push({ page, length });
    return page;
  }

  /** Takes the first fragment away. */
  dropFirstFrag(): void {
    const frag = this.frags.shift();
    if (frag !== undefined) this.#spare.push(frag.page);
  }

  /** Takes the last fragment away. */
  dropFrag(): void {
    const frag = this.frags.pop();
    if (frag !== undefined) this.#spare.push(frag.page);
  }

  /** End of what the linear part may grow to (`xdp_data_hard_end`). */
  get hardEnd(): number {
    return this.page + PAGE_SIZE - XDP_TAILROOM;
  }

  /** Bytes in fragments. */
  get fragsLength(): number {
    let length = 0;
    for (const frag of this.frags) length += frag.length;
    return length;
  }

  /** Length of the whole packet (`xdp_get_buff_len`). */
  get length(): number {
    return this.dataEnd - this.data + this.fragsLength;
  }

  /** Writes the pointers into the context. */
  sync(): void {
    this.setExt(XDP_EXT.data, this.data);
    this.setExt(XDP_EXT.dataEnd, this.dataEnd);
    this.setExt(XDP_EXT.dataMeta, this.dataMeta);
    this.set32(XDP_MD.data, this.data);
    this.set32(XDP_MD.dataEnd, this.dataEnd);
    this.set32(XDP_MD.dataMeta, this.dataMeta);
  }

  /** Address of bytes that lie in a row, in the linear part or one fragment; else 0 (`bpf_xdp_pointer`). */
  pointer(offset: number, length: number): number {
    if (offset > 0xffff || length > 0xffff || offset + length > this.length) return 0;
    const linear = this.dataEnd - this.data;
    if (offset < linear) return offset + length <= linear ? this.data + offset : 0;
    let rest = offset - linear;
    for (const frag of this.frags) {
      if (rest < frag.length) return rest + length <= frag.length ? frag.page + rest : 0;
      rest -= frag.length;
    }
    return 0;
  }

  /**
   * Copies between the packet at `offset` and memory at `addr` (`bpf_xdp_pointer`,
   * `bpf_xdp_copy_buf`): 0, -EFAULT for sizes beyond 64 KiB, -EINVAL beyond the end.
   */
  copy(offset: number, addr: number, length: number, toPacket: boolean): number {
    if (offset > 0xffff || length > 0xffff) return -EFAULT;
    if (offset + length > this.length) return -EINVAL;
    const { u8 } = this.vm.env.arena;
    let at = addr;
    let left = length;
    let skip = offset;
    const part = (start: number, size: number): void => {
      if (skip >= size) {
        skip -= size;
        return;
      }
      const count = Math.min(size - skip, left);
      if (toPacket) u8.copyWithin(start + skip, at, at + count);
      else u8.copyWithin(at, start + skip, start + skip + count);
      skip = 0;
      at += count;
      left -= count;
    };
    part(this.data, this.dataEnd - this.data);
    for (const frag of this.frags) if (left > 0) part(frag.page, frag.length);
    return 0;
  }

  override release(): void {
    const { arena } = this.vm.env;
    for (const frag of this.frags) arena.freePages(frag.page, 1);
    for (const page of this.#spare) arena.freePages(page, 1);
    arena.freePages(this.page, 1);
    super.release();
  }
}

/** The frame behind a context, or undefined. */
export function xdpAt(vm: Vm, ctx: number): XdpBuff | undefined {
  const object = vm.contexts.get(ctx);
  return object instanceof XdpBuff ? object : undefined;
}
