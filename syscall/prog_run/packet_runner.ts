/** Runs packet programs: XDP frames and socket buffers, one after the other in the same memory. */
import { PAGE_SIZE } from '../../mm/arena.ts';
import { BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { E2BIG, EINVAL, ENODEV, ENOMEM, Errno } from '../../uapi/errno.ts';
import { LOOPBACK, netDevice } from '../../vm/contexts/netdev.ts';
import { ETH_HLEN, SKB_HEADROOM, SKB_TAILROOM, Skb } from '../../vm/contexts/skb.ts';
import { XDP_HEADROOM, XDP_TAILROOM, XdpBuff } from '../../vm/contexts/xdp.ts';
import type { BpfProg } from '../../vm/prog.ts';
import { XDP_MD } from '../../vm/progtypes/net.ts';
import { SK_BUFF, TC_CLS_ACT_CTX } from '../../vm/progtypes/skb.ts';
import type { FieldValue, ProgEvent, ProgOutcome, ProgRunner } from './event.ts';
import { FieldTable, toBigInt } from './fields.ts';
import { verdictName } from './verdicts.ts';

/** Longest packet taken: a jumbo frame with room to spare. */
const PACKET_MAX = 256 << 10;
const XDP_LINEAR_MAX = PAGE_SIZE - XDP_HEADROOM - XDP_TAILROOM;

/** Fields of __sk_buff that the caller may set. */
const SKB_FIELDS = new FieldTable(
  TC_CLS_ACT_CTX.fields.filter(
    (field) => !['data', 'data_end', 'data_meta', 'sk', 'flow_keys', 'len'].includes(field.name),
  ),
);
const XDP_FIELDS = new FieldTable([
  { name: 'ingress_ifindex', off: XDP_MD.ingressIfindex, size: 4 },
  { name: 'rx_queue_index', off: XDP_MD.rxQueueIndex, size: 4 },
  { name: 'egress_ifindex', off: XDP_MD.egressIfindex, size: 4 },
]);

function packetOf(event: ProgEvent): Uint8Array {
  const { data } = event;
  if (data === undefined) throw new Errno(EINVAL, 'data: a packet is wanted');
  if (data.length < ETH_HLEN) {
    throw new Errno(EINVAL, `data: ${data.length} bytes found, at least ${ETH_HLEN} (an Ethernet header) are wanted`);
  }
  if (data.length > PACKET_MAX)
    throw new Errno(E2BIG, `data: ${data.length} bytes found, at most ${PACKET_MAX} are taken`);
  return data;
}

function outcome(prog: BpfProg, retval: number, rest: Omit<ProgOutcome, 'retval' | 'verdict'>): ProgOutcome {
  const verdict = verdictName(prog.type, retval);
  return { retval, ...(verdict === undefined ? {} : { verdict }), ...rest };
}

/** Runs XDP programs. */
export class XdpRunner implements ProgRunner {
  readonly #prog: BpfProg;
  readonly xdp: XdpBuff;

  constructor(prog: BpfProg) {
    this.#prog = prog;
    this.xdp = new XdpBuff(prog.vm);
  }

  /** Puts a packet into the frame and runs the program: r0. The hot path of captures: nothing is allocated. */
  runPacket(packet: Uint8Array): number {
    const { xdp } = this;
    const { arena } = this.#prog.vm.env;
    const linear = Math.min(packet.length, XDP_LINEAR_MAX);
    xdp.init(XDP_HEADROOM, linear, 0, false);
    if (linear === packet.length) arena.u8.set(packet, xdp.data);
    else this.#fragments(packet, linear);
    xdp.set32(XDP_MD.ingressIfindex, LOOPBACK.ifindex);
    xdp.redirect = undefined;
    xdp.sync();
    return this.#prog.run(xdp.ctx);
  }

  #fragments(packet: Uint8Array, linear: number): void {
    const { xdp } = this;
    const { arena } = this.#prog.vm.env;
    arena.u8.set(packet.subarray(0, linear), xdp.data);
    for (let at = linear; at < packet.length; at += PAGE_SIZE) {
      const part = packet.subarray(at, at + PAGE_SIZE);
      const page = xdp.addFrag(part.length);
      if (page < 0) throw new Errno(ENOMEM, 'No arena memory for a fragment');
      arena.u8.set(part, page);
    }
  }

  /** The packet as the last run left it. */
  packet(): Uint8Array {
    const { xdp } = this;
    const { u8 } = this.#prog.vm.env.arena;
    const bytes = new Uint8Array(xdp.length);
    bytes.set(u8.subarray(xdp.data, xdp.dataEnd));
    let at = xdp.dataEnd - xdp.data;
    for (const frag of xdp.frags) {
      bytes.set(u8.subarray(frag.page, frag.page + frag.length), at);
      at += frag.length;
    }
    return bytes;
  }

  run(event: ProgEvent): ProgOutcome {
    const packet = packetOf(event);
    const { xdp } = this;
    if (event.ctx === undefined) {
      const retval = this.runPacket(packet);
      return this.#outcome(retval);
    }
    xdp.init(XDP_HEADROOM, Math.min(packet.length, XDP_LINEAR_MAX), 0);
    this.#fragments(packet, Math.min(packet.length, XDP_LINEAR_MAX));
    xdp.set32(XDP_MD.ingressIfindex, LOOPBACK.ifindex);
    XDP_FIELDS.write(this.#prog.vm.env.arena, xdp.ctx, event.ctx);
    xdp.redirect = undefined;
    xdp.sync();
    return this.#outcome(this.#prog.run(xdp.ctx));
  }

  #outcome(retval: number): ProgOutcome {
    const { redirect } = this.xdp;
    return outcome(this.#prog, retval, { data: this.packet(), ...(redirect === undefined ? {} : { redirect }) });
  }

  release(): void {
    this.xdp.release();
  }
}

/** Runs the types that are given a socket buffer. */
export class SkbRunner implements ProgRunner {
  readonly #prog: BpfProg;
  readonly #linkLayer: boolean;
  readonly skb: Skb;

  constructor(prog: BpfProg) {
    this.#prog = prog;
    this.#linkLayer = prog.type === PT.SCHED_CLS || prog.type === PT.SCHED_ACT;
    this.skb = new Skb(prog.vm);
  }

  /** As {@link XdpRunner.runPacket}; throws Errno for an IP packet that is cut off in its header. */
  runPacket(packet: Uint8Array, ctx?: Readonly<Record<string, FieldValue>>): number {
    const { skb } = this;
    const { arena } = this.#prog.vm.env;
    const at = skb.init(packet.length, SKB_HEADROOM, SKB_TAILROOM, false);
    if (at < 0) throw new Errno(ENOMEM, 'No arena memory for the packet');
    arena.u8.set(packet, at);
    const device =
      ctx?.['ifindex'] === undefined ? LOOPBACK : netDevice(Number(toBigInt(ctx['ifindex'], 'ctx.ifindex')));
    if (device === undefined) throw new Errno(ENODEV, `ctx.ifindex: there is no device ${String(ctx?.['ifindex'])}`);
    if (skb.receive(device, this.#linkLayer) < 0) {
      throw new Errno(EINVAL, 'data: the packet ends within its IP header');
    }
    skb.set32(SK_BUFF.ifindex, device.ifindex);
    skb.set32(SK_BUFF.wireLen, skb.len);
    if (ctx !== undefined) SKB_FIELDS.write(arena, skb.ctx, ctx);
    skb.syncSock();
    skb.sync();
    return this.#prog.run(skb.ctx);
  }

  /** The packet as the last run left it, with its link-layer header where that is still before the data. */
  packet(): Uint8Array {
    const { skb } = this;
    const start = this.#linkLayer ? skb.data : Math.min(skb.data, skb.head + Math.max(skb.macHeader, 0));
    return this.#prog.vm.env.arena.u8.slice(start, skb.tail);
  }

  run(event: ProgEvent): ProgOutcome {
    const retval = this.runPacket(packetOf(event), event.ctx);
    const { redirect } = this.skb;
    return outcome(this.#prog, retval, {
      data: this.packet(),
      ctx: SKB_FIELDS.read(this.#prog.vm.env.arena, this.skb.ctx),
      ...(redirect === undefined ? {} : { redirect }),
    });
  }

  release(): void {
    this.skb.release();
  }
}
