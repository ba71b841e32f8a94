/**
 * Packets as the kernel's own structures (`struct sk_buff`, `struct xdp_buff`), for programs
 * that are given those rather than the uapi context: netfilter, traced programs,
 * bpf_cast_to_kern_ctx. Fields are put where the kernel's BTF says; those that nothing here
 * stands for read as zero.
 */
import { Image, Images } from '../images.ts';
import { XDP_MD } from '../progtypes/net.ts';
import { SK_BUFF } from '../progtypes/skb.ts';
import type { Vm } from '../vm.ts';
import { type NetDevice, netDevice } from './netdev.ts';
import { HEADER_UNSET, htons, SKB_TAILROOM, Skb } from './skb.ts';
import { XdpBuff } from './xdp.ts';

/** Size of struct sk_buff where no BTF tells. */
const SKB_SIZE = 256;

/** Inode number of the first network namespace (`PROC_NET_INIT_INO`). */
const INIT_NET = 0xeffffff9;

/** Sizes the kernel's allocator has (`kmalloc_info`). */
const KMALLOC_SIZES = [8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192];

/** Where the room behind a packet ends: what the allocator gave, without the shared info at its end. */
function skbEnd(packet: Skb): number {
  const wanted = packet.tail - packet.head + SKB_TAILROOM;
  return (KMALLOC_SIZES.find((size) => size >= wanted) ?? packet.size + SKB_TAILROOM) - SKB_TAILROOM;
}

/** `struct net_device` of a device. */
export function deviceImage(images: Images, device: NetDevice | undefined): number {
  if (device === undefined) return 0;
  const image = images.make('net_device');
  const net = images.make('net').set('ns.inum', INIT_NET);
  image.ptr('nd_net.net', net.addr);
  return image.set('ifindex', device.ifindex).text('name', device.name).set('mtu', device.mtu).addr;
}

/** The structures behind one packet; they go with it. */
class PacketImage {
  readonly #images: Images;
  readonly #packet: Skb | XdpBuff;
  readonly #image: Image;

  constructor(packet: Skb | XdpBuff) {
    this.#packet = packet;
    this.#images = new Images(packet.vm.env);
    const name = packet instanceof Skb ? 'sk_buff' : 'xdp_buff';
    const made = this.#images.make(name);
    this.#image = made.addr !== 0 ? made : new Image(packet.vm.env, name, this.#images.block(SKB_SIZE), SKB_SIZE);
    if (packet instanceof Skb) this.#image.ptr('dev', deviceImage(this.#images, netDevice(packet.ifindex)));
    else this.#queue(packet);
    if (this.addr !== 0) packet.vm.contexts.set(this.addr, packet);
    this.update();
  }

  /** Address of the structure; helpers find the packet by it. */
  get addr(): number {
    return this.#image.addr;
  }

  #queue(packet: XdpBuff): void {
    const queue = this.#images.make('xdp_rxq_info');
    queue.ptr('dev', deviceImage(this.#images, netDevice(packet.ifindex)));
    queue.set('queue_index', packet.get32(XDP_MD.rxQueueIndex));
    this.#image.ptr('rxq', queue.addr);
  }

  /** Brings the fields up to date with the packet. */
  update(): void {
    const image = this.#image;
    const packet = this.#packet;
    if (packet instanceof XdpBuff) {
      const { data, dataEnd, dataMeta, page } = packet;
      image.ptr('data', data).ptr('data_end', dataEnd).ptr('data_meta', dataMeta).ptr('data_hard_start', page);
      image.set('frame_sz', 4096);
      return;
    }
    image
      .set('len', packet.len)
      .set('mark', packet.get32(SK_BUFF.mark))
      .set('priority', packet.get32(SK_BUFF.priority))
      .set('hash', packet.get32(SK_BUFF.hash))
      .set('skb_iif', packet.get32(SK_BUFF.ingressIfindex))
      .set('protocol', htons(packet.protocol))
      .set('pkt_type', packet.get32(SK_BUFF.pktType))
      .set('ip_summed', packet.ipSummed)
      .set('network_header', packet.networkHeader)
      .set('mac_header', packet.macHeader < 0 ? HEADER_UNSET : packet.macHeader)
      .set('transport_header', packet.transportHeader)
      .set('tail', packet.tail - packet.head)
      .set('end', skbEnd(packet))
      .ptr('head', packet.head)
      .ptr('data', packet.data);
  }

  release(): void {
    this.#packet.vm.contexts.delete(this.addr);
    this.#images.free();
  }
}

/** Address of the kernel's structure for the context of a packet program, up to date; the context's own where there is none. */
export function kernelContext(vm: Vm, ctx: number): number {
  const packet = vm.contexts.get(ctx);
  if (!(packet instanceof Skb || packet instanceof XdpBuff)) return ctx;
  packet.image ??= new PacketImage(packet);
  packet.image.update();
  return packet.image.addr === 0 ? ctx : packet.image.addr;
}
