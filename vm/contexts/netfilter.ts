/**
 * The context of a netfilter program (struct bpf_nf_ctx): two pointers into the
 * kernel's own structures, which programs read by BTF. What the hook and the packet
 * are is filled in at the offsets of 6.18; the rest reads as zero.
 */
import type { Vm } from '../vm.ts';
import { ContextObject } from './block.ts';
import type { Skb } from './skb.ts';

/** struct nf_hook_state: hook, pf, then pointers. */
const STATE_SIZE = 48;
/** struct sk_buff. */
const SKB_SIZE = 256;

/** One run of a hook. */
export class NetfilterContext extends ContextObject {
  readonly #state: number;
  readonly #skb: number;

  constructor(vm: Vm, skb: Skb, hook: number, pf: number) {
    super(vm);
    const { arena } = vm.env;
    this.#state = arena.alloc(STATE_SIZE);
    this.#skb = arena.alloc(SKB_SIZE);
    arena.u8[this.#state] = hook;
    arena.u8[this.#state + 1] = pf;
    this.setPtr(0, this.#state);
    this.setPtr(8, this.#skb);
    vm.contexts.set(this.#skb, skb);
  }

  override release(): void {
    const { arena } = this.vm.env;
    this.vm.contexts.delete(this.#skb);
    arena.free(this.#state, STATE_SIZE);
    arena.free(this.#skb, SKB_SIZE);
    super.release();
  }
}
