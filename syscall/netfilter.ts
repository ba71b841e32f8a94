/** Links on netfilter hooks (`bpf_nf_link_attach`, net/netfilter/nf_bpf_link.c): bookkeeping of who sits where. */
import type { BpfProgBase } from '../base/prog.ts';
import { BPF_LINK_TYPE } from '../uapi/bpf.ts';
import { EAFNOSUPPORT, EBUSY, EINVAL, ENOTSUP, EPROTO, ERANGE } from '../uapi/errno.ts';
import type { Attr } from './attr.ts';
import { LINK_CREATE } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { newFd } from './fd.ts';
import type { Kernel } from './kernel.ts';
import { BpfLink, LINK_INFO } from './link.ts';
import type { UserStruct } from './user_struct.ts';

const NFPROTO_IPV4 = 2;
const NFPROTO_IPV6 = 10;
const NUMHOOKS = 5;
const IP_DEFRAG = 1;
const PRI_FIRST = -0x80000000;
const PRI_LAST = 0x7fffffff;
const PRI_CONNTRACK_DEFRAG = -400;

/** Creates the link: the descriptor, or -errno. */
export function netfilterLinkCreate(kernel: Kernel, attr: Attr, caller: Caller, prog: BpfProgBase): number {
  const at = LINK_CREATE.at;
  if (attr.get(at.flags) !== 0) return -EINVAL;
  const pf = attr.get(at['netfilter.pf']);
  const hook = attr.get(at['netfilter.hooknum']);
  const priority = attr.getSigned(at['netfilter.priority']);
  const flags = attr.get(at['netfilter.flags']);
  if (pf !== NFPROTO_IPV4 && pf !== NFPROTO_IPV6) return -EAFNOSUPPORT;
  if (hook >= NUMHOOKS) return -EPROTO;
  if ((flags & ~IP_DEFRAG) !== 0) return -ENOTSUP;
  if (priority === PRI_FIRST || priority === PRI_LAST) return -ERANGE;
  if (flags !== 0 && priority <= PRI_CONNTRACK_DEFRAG) return -ERANGE;
  const slot = `${pf}:${hook}:${priority}`;
  if (kernel.netfilterSlots.has(slot)) return -EBUSY;
  const link = new NetfilterLink(prog, attr.get(at.attach_type), { pf, hook, priority, flags }, () =>
    kernel.netfilterSlots.delete(slot),
  );
  kernel.netfilterSlots.add(slot);
  kernel.links.add(link);
  return newFd(caller, link);
}

/** A program on a hook. */
class NetfilterLink extends BpfLink {
  readonly linkType = BPF_LINK_TYPE.NETFILTER;
  readonly #place: { readonly pf: number; readonly hook: number; readonly priority: number; readonly flags: number };
  readonly #leave: () => void;
  #attached = true;

  constructor(
    prog: BpfProgBase,
    attachType: number,
    place: { readonly pf: number; readonly hook: number; readonly priority: number; readonly flags: number },
    leave: () => void,
  ) {
    super(prog, attachType);
    this.#place = place;
    this.#leave = leave;
  }

  override update(): number {
    return -ENOTSUP;
  }

  override detach(): number {
    this.end();
    return 0;
  }

  override fillInfo(info: UserStruct): number {
    const at = LINK_INFO.at;
    info.setU32(at['netfilter.pf'], this.#place.pf);
    info.setU32(at['netfilter.hooknum'], this.#place.hook);
    info.setU32(at['netfilter.priority'], this.#place.priority >>> 0);
    info.setU32(at['netfilter.flags'], this.#place.flags);
    return 0;
  }

  protected override end(): void {
    if (this.#attached) this.#leave();
    this.#attached = false;
  }
}
