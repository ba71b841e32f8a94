/** The context of a flow dissector (`struct bpf_flow_dissector`): a packet, and the keys it finds. */
import { SK_BUFF, SKB_EXT } from '../progtypes/skb.ts';
import type { Vm } from '../vm.ts';
import { ContextObject } from './block.ts';
import { ETH_HLEN } from './skb.ts';

/** sizeof(struct bpf_flow_keys). */
export const FLOW_KEYS_SIZE = 56;

/** Byte offsets in struct bpf_flow_keys. */
export const FLOW_KEYS = { nhoff: 0, thoff: 2, addrProto: 4, ipProto: 9, nProto: 10, flags: 48 } as const;

/** A packet under dissection. */
export class FlowDissector extends ContextObject {
  readonly #size: number;
  /** Address of the packet; 0: there was no memory. */
  readonly data: number;
  /** Address of the keys. */
  readonly keys: number;

  constructor(vm: Vm, size: number) {
    super(vm);
    this.#size = size;
    this.data = vm.env.arena.alloc(size);
    this.keys = vm.env.arena.alloc(FLOW_KEYS_SIZE);
    this.setExt(SKB_EXT.data, this.data);
    this.setExt(SKB_EXT.dataEnd, this.data + size);
    this.setPtr(SK_BUFF.flowKeys, this.keys);
  }

  /** Empties the keys and sets where the network header is (`bpf_flow_dissect`). */
  begin(flags: number): void {
    const { u8, u16, u32 } = this.vm.env.arena;
    u8.fill(0, this.keys, this.keys + FLOW_KEYS_SIZE);
    u8.copyWithin(this.keys + FLOW_KEYS.nProto, this.data + 12, this.data + 14);
    u16[(this.keys + FLOW_KEYS.nhoff) >> 1] = ETH_HLEN;
    u16[(this.keys + FLOW_KEYS.thoff) >> 1] = ETH_HLEN;
    u32[(this.keys + FLOW_KEYS.flags) >> 2] = flags;
  }

  /** Offsets the program left stay within the packet. */
  clampOffsets(): void {
    const { u16 } = this.vm.env.arena;
    const nhoff = (this.keys + FLOW_KEYS.nhoff) >> 1;
    const thoff = (this.keys + FLOW_KEYS.thoff) >> 1;
    u16[nhoff] = Math.min(Math.max(u16[nhoff]!, ETH_HLEN), this.#size);
    u16[thoff] = Math.min(Math.max(u16[thoff]!, u16[nhoff]!), this.#size);
  }

  override release(): void {
    this.vm.env.arena.free(this.data, this.#size);
    this.vm.env.arena.free(this.keys, FLOW_KEYS_SIZE);
    super.release();
  }
}
