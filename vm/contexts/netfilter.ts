/**
 * The context of a netfilter program (struct bpf_nf_ctx): two pointers into the
 * kernel's own structures, which programs read by BTF.
 */
import { BASE_HI } from '../../mm/arena.ts';
import { Images } from '../images.ts';
import type { Vm } from '../vm.ts';
import { ContextObject } from './block.ts';
import { deviceImage, kernelContext } from './kernel_image.ts';
import type { NetDevice } from './netdev.ts';
import type { Skb } from './skb.ts';

/** struct nf_hook_state: hook, pf, then pointers. */
const STATE_SIZE = 48;
/** Offset of `out`, the device the packet leaves by. */
const STATE_OUT = 16;

/** Which hook sees a packet, of which protocol family (`NFPROTO_*`), and the device it leaves by. */
export interface HookState {
  readonly hook: number;
  readonly pf: number;
  readonly out: NetDevice | undefined;
}

/** One run of a hook. */
export class NetfilterContext extends ContextObject {
  readonly #images: Images;

  constructor(vm: Vm, skb: Skb, { hook, pf, out }: HookState) {
    super(vm);
    const { u8, i32 } = vm.env.arena;
    this.#images = new Images(vm.env);
    const state = this.#images.block(STATE_SIZE);
    u8[state] = hook;
    u8[state + 1] = pf;
    this.setPtr(0, state);
    this.setPtr(8, kernelContext(vm, skb.ctx));
    const device = deviceImage(this.#images, out);
    if (device === 0) return;
    i32[(state + STATE_OUT) >> 2] = device;
    i32[((state + STATE_OUT) >> 2) + 1] = BASE_HI;
  }

  override release(): void {
    this.#images.free();
    super.release();
  }
}
