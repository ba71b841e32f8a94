/**
 * Programs of the net namespace: the flow dissector and socket lookup
 * (kernel/bpf/net_namespace.c). There is one namespace, the caller's.
 */
import type { BpfProgBase } from '../base/prog.ts';
import { BPF_ATTACH_TYPE, BPF_LINK_TYPE } from '../uapi/bpf.ts';
import { CAP } from '../uapi/capability.ts';
import { E2BIG, EBADF, EEXIST, EFAULT, EINVAL, ENOENT, ENOLINK, ENOSPC, EPERM } from '../uapi/errno.ts';
import type { Attr } from './attr.ts';
import { ATTACH, LINK_CREATE, QUERY } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { capable, newFd, progOf } from './fd.ts';
import type { Kernel } from './kernel.ts';
import { BpfLink, LINK_INFO } from './link.ts';
import type { UserStruct } from './user_struct.ts';

const FLOW_DISSECTOR = BPF_ATTACH_TYPE.FLOW_DISSECTOR;
const SK_LOOKUP = BPF_ATTACH_TYPE.SK_LOOKUP;
/** Most socket lookup links (`netns_bpf_max_progs`). */
const MAX_SK_LOOKUP = 64;

/** What is attached to the net namespace. */
export class NetNamespace {
  /** The flow dissector attached without a link. */
  flowDissector: BpfProgBase | undefined;
  readonly links: Record<number, NetnsLink[]> = { [FLOW_DISSECTOR]: [], [SK_LOOKUP]: [] };

  /** Programs of an attach type, in order. */
  progs(attachType: number): BpfProgBase[] {
    if (attachType === FLOW_DISSECTOR && this.flowDissector !== undefined) return [this.flowDissector];
    return (this.links[attachType] ?? []).map((link) => link.prog);
  }
}

/** `netns_bpf_prog_attach`. */
export function netnsAttach(kernel: Kernel, attr: Attr, prog: BpfProgBase): number {
  const at = ATTACH.at;
  if (attr.get(at.target_fd) !== 0 || attr.get(at.attach_flags) !== 0 || attr.get(at.replace_bpf_fd) !== 0)
    return -EINVAL;
  const { netns } = kernel;
  if ((netns.links[FLOW_DISSECTOR] as NetnsLink[]).length > 0) return -EEXIST;
  if (netns.flowDissector === prog) return -EINVAL;
  prog.get();
  netns.flowDissector?.put();
  netns.flowDissector = prog;
  return 0;
}

/** `netns_bpf_prog_detach`. */
export function netnsDetach(kernel: Kernel, attr: Attr, caller: Caller): number {
  if (attr.get(ATTACH.at.target_fd) !== 0) return -EINVAL;
  const prog = progOf(caller, attr.get(ATTACH.at.attach_bpf_fd));
  if (typeof prog === 'number') return prog;
  const { netns } = kernel;
  if ((netns.links[FLOW_DISSECTOR] as NetnsLink[]).length > 0) return -EINVAL;
  if (netns.flowDissector !== prog) return -ENOENT;
  netns.flowDissector = undefined;
  prog.put();
  return 0;
}

/** `netns_bpf_prog_query`. */
export function netnsQuery(kernel: Kernel, attr: Attr, caller: Caller): number {
  const at = QUERY.at;
  if (attr.get(at.query_flags) !== 0) return -EINVAL;
  if (!isNetns(caller, attr.get(at.target_fd))) return netnsError(caller, attr.get(at.target_fd));
  const progs = kernel.netns.progs(attr.get(at.attach_type));
  const room = attr.get(at.prog_cnt);
  const ids = attr.addr(at.prog_ids);
  if (attr.put(caller, at.attach_flags, 0) < 0 || attr.put(caller, at.prog_cnt, progs.length) < 0) return -EFAULT;
  if (room === 0 || ids === 0 || progs.length === 0) return 0;
  const list = Uint32Array.from(progs.slice(0, room), (prog) => prog.id);
  if (caller.write(ids, new Uint8Array(list.buffer)) < 0) return -EFAULT;
  return room < progs.length ? -ENOSPC : 0;
}

function isNetns(caller: Caller, fd: number): boolean {
  const file = caller.fdget(fd);
  return file !== undefined && 'what' in file && file.what === 'netns';
}

/** What a descriptor that is no net namespace answers (`get_net_ns_by_fd`). */
function netnsError(caller: Caller, fd: number): number {
  return caller.fdget(fd) === undefined ? -EBADF : -EINVAL;
}

/** A link on the net namespace (`netns_bpf_link_create`): the descriptor, or -errno. */
export function netnsLinkCreate(kernel: Kernel, attr: Attr, caller: Caller, prog: BpfProgBase): number {
  const at = LINK_CREATE.at;
  if (attr.get(at.flags) !== 0) return -EINVAL;
  const attachType = attr.get(at.attach_type);
  const links = kernel.netns.links[attachType];
  if (links === undefined) return -EINVAL;
  const fd = attr.get(at.target_fd);
  if (!isNetns(caller, fd)) return netnsError(caller, fd);
  if (!capable(caller, CAP.NET_ADMIN)) return -EPERM;
  if (attachType === FLOW_DISSECTOR) {
    if (kernel.netns.flowDissector !== undefined) return -EEXIST;
    if (links.length > 0) return -E2BIG;
  } else if (links.length >= MAX_SK_LOOKUP) return -E2BIG;
  const file = caller.fdget(fd);
  const link = new NetnsLink(prog, attachType, links, file !== undefined && 'ino' in file ? file.ino : 0);
  kernel.links.add(link);
  links.push(link);
  return newFd(caller, link);
}

/** A link on the net namespace. */
class NetnsLink extends BpfLink {
  readonly linkType = BPF_LINK_TYPE.NETNS;
  readonly #list: NetnsLink[];
  readonly #inode: number;
  #attached = true;

  constructor(prog: BpfProgBase, attachType: number, list: NetnsLink[], inode: number) {
    super(prog, attachType);
    this.#list = list;
    this.#inode = inode;
  }

  override update(program: BpfProgBase, old: BpfProgBase | undefined): number {
    if (old !== undefined && old !== this.prog) return -EPERM;
    if (program.type !== this.prog.type) return -EINVAL;
    if (!this.#attached) return -ENOLINK;
    this.exchange(program);
    return 0;
  }

  override detach(): number {
    this.end();
    return 0;
  }

  override fillInfo(info: UserStruct): number {
    info.setU32(LINK_INFO.at['netns.netns_ino'], this.#attached ? this.#inode : 0);
    info.setU32(LINK_INFO.at['netns.attach_type'], this.attachType);
    return 0;
  }

  override fdinfo(): string {
    return `netns_ino:\t${this.#attached ? this.#inode : 0}\nattach_type:\t${this.attachType}\n`;
  }

  protected override end(): void {
    const at = this.#list.indexOf(this);
    if (at !== -1) this.#list.splice(at, 1);
    this.#attached = false;
  }
}
