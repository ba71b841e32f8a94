/** Packets as dynptrs see them: socket buffers and XDP frames behind one interface. */
import { BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { EFAULT } from '../../uapi/errno.ts';
import type { PacketAccess } from '../task.ts';
import type { Vm } from '../vm.ts';
import { Skb } from './skb.ts';
import { XdpBuff } from './xdp.ts';

/** Types whose programs may only read the packet (`bpf_dynptr_from_skb`: rdonly unless direct writes are allowed). */
const READ_ONLY: ReadonlySet<number> = new Set([
  PT.SOCKET_FILTER,
  PT.CGROUP_SKB,
  PT.LWT_IN,
  PT.LWT_OUT,
  PT.LWT_SEG6LOCAL,
  PT.FLOW_DISSECTOR,
  PT.SK_REUSEPORT,
  PT.TRACING,
  PT.NETFILTER,
]);

/** The packets of one machine. */
export class Packets implements PacketAccess {
  readonly #vm: Vm;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  #at(ctx: number): Skb | XdpBuff | undefined {
    const object = this.#vm.contexts.get(ctx);
    return object instanceof Skb || object instanceof XdpBuff ? object : undefined;
  }

  has(ctx: number): boolean {
    return this.#at(ctx) !== undefined;
  }

  length(ctx: number): number {
    const packet = this.#at(ctx);
    if (packet instanceof Skb) return packet.len;
    return packet?.length ?? 0;
  }

  load(ctx: number, offset: number, to: number, length: number): number {
    const packet = this.#at(ctx);
    if (packet === undefined) return -EFAULT;
    if (packet instanceof XdpBuff) return packet.copy(offset, to, length, false);
    if (offset + length > packet.len) return -EFAULT;
    this.#vm.env.arena.u8.copyWithin(to, packet.data + offset, packet.data + offset + length);
    return 0;
  }

  store(ctx: number, offset: number, from: number, length: number): number {
    const packet = this.#at(ctx);
    if (packet === undefined) return -EFAULT;
    if (packet instanceof XdpBuff) return packet.copy(offset, from, length, true);
    if (offset + length > packet.len) return -EFAULT;
    this.#vm.env.arena.u8.copyWithin(packet.data + offset, from, from + length);
    return 0;
  }

  slice(ctx: number, offset: number, length: number): number {
    const packet = this.#at(ctx);
    if (packet instanceof Skb) return offset + length <= packet.len ? packet.data + offset : 0;
    return packet?.pointer(offset, length) ?? 0;
  }

  writable(ctx: number): boolean {
    return this.#at(ctx) !== undefined && !READ_ONLY.has(this.#vm.current?.type ?? 0);
  }
}
