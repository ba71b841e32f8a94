/**
 * Programs on net devices: tcx hooks (kernel/bpf/tcx.c) and XDP links (net/core/dev.c).
 * Devices are those of the caller's net namespace, told apart by a key; what is attached
 * is kept books of, no packet passes. XDP is there in generic mode only, as for a driver
 * without support of its own.
 */
import type { BpfProgBase } from '../base/prog.ts';
import { BPF_ATTACH_TYPE, BPF_F_ATTACH, BPF_LINK_TYPE } from '../uapi/bpf.ts';
import { EBUSY, EEXIST, EINVAL, ENODEV, ENOENT, ENOLINK, ENOTSUP, EPERM } from '../uapi/errno.ts';
import type { Attr } from './attr.ts';
import { ATTACH, LINK_CREATE, QUERY } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { newFd, progOf } from './fd.ts';
import type { Kernel } from './kernel.ts';
import { BpfLink, LINK_INFO } from './link.ts';
import { Mprog, mprogQuery } from './mprog.ts';
import type { UserStruct } from './user_struct.ts';

const AT = BPF_ATTACH_TYPE;
/** Loopback: the device every net namespace has. */
const LOOPBACK = 1;
/** `XDP_FLAGS_*` (include/uapi/linux/if_link.h): the modes a link may ask for. */
const XDP_SKB_MODE = 2;
const XDP_HW_MODE = 8;
const XDP_MODES = 2 | 4 | 8;

/** What is attached to the devices of one kernel. */
export class NetDevices {
  readonly #tcx = new Map<string, Mprog>();
  readonly #xdp = new Map<string, XdpLink>();

  /** The programs of a hook of a device; undefined when there are none. */
  tcx(device: string, attachType: number): Mprog | undefined {
    const list = this.#tcx.get(`${device}/${attachType}`);
    return list?.entries.length === 0 ? undefined : list;
  }

  /** The list of a hook, made when new. */
  tcxList(device: string, attachType: number): Mprog {
    const key = `${device}/${attachType}`;
    let list = this.#tcx.get(key);
    if (list === undefined) {
      list = new Mprog();
      this.#tcx.set(key, list);
    }
    return list;
  }

  xdp(device: string): XdpLink | undefined {
    return this.#xdp.get(device);
  }

  setXdp(device: string, link: XdpLink | undefined): void {
    if (link === undefined) this.#xdp.delete(device);
    else this.#xdp.set(device, link);
  }
}

/** The device of a number in the caller's net namespace. */
export function deviceOf(caller: Caller, ifindex: number): string | undefined {
  if (caller.netDevice !== undefined) return caller.netDevice(ifindex);
  return ifindex === LOOPBACK ? `:${LOOPBACK}` : undefined;
}

/** PROG_ATTACH of a tcx hook. */
export function tcxAttach(kernel: Kernel, attr: Attr, caller: Caller, prog: BpfProgBase): number {
  const at = ATTACH.at;
  const device = deviceOf(caller, attr.get(at.target_fd));
  if (device === undefined) return -ENODEV;
  const flags = attr.get(at.attach_flags);
  let replaced: BpfProgBase | undefined;
  if ((flags & BPF_F_ATTACH.REPLACE) !== 0) {
    const found = progOf(caller, attr.get(at.replace_bpf_fd));
    if (typeof found === 'number') return found;
    if (found.type !== prog.type) return -EINVAL;
    replaced = found;
  }
  const list = kernel.netDevices.tcxList(device, attr.get(at.attach_type));
  return list.attach(kernel, caller, prog, undefined, replaced, {
    flags,
    relative: attr.get(at.relative_fd),
    revision: attr.getBig(at.expected_revision),
  });
}

/** PROG_DETACH of a tcx hook. */
export function tcxDetach(kernel: Kernel, attr: Attr, caller: Caller, prog: BpfProgBase | undefined): number {
  const at = ATTACH.at;
  const device = deviceOf(caller, attr.get(at.target_fd));
  if (device === undefined) return -ENODEV;
  const list = kernel.netDevices.tcx(device, attr.get(at.attach_type));
  if (list === undefined) return -ENOENT;
  return list.detach(kernel, caller, prog, undefined, {
    flags: attr.get(at.attach_flags),
    relative: attr.get(at.relative_fd),
    revision: attr.getBig(at.expected_revision),
  });
}

/** PROG_QUERY of a tcx hook. */
export function tcxQuery(kernel: Kernel, attr: Attr, caller: Caller): number {
  const device = deviceOf(caller, attr.get(QUERY.at.target_fd));
  if (device === undefined) return -ENODEV;
  return mprogQuery(attr, caller, kernel.netDevices.tcx(device, attr.get(QUERY.at.attach_type)));
}

/** LINK_CREATE on a tcx hook: the descriptor, or -errno. */
export function tcxLinkCreate(kernel: Kernel, attr: Attr, caller: Caller, prog: BpfProgBase): number {
  const at = LINK_CREATE.at;
  const ifindex = attr.get(at.target_ifindex);
  const device = deviceOf(caller, ifindex);
  if (device === undefined) return -ENODEV;
  const attachType = attr.get(at.attach_type);
  const link = new TcxLink(kernel, prog, attachType, kernel.netDevices.tcxList(device, attachType), ifindex);
  kernel.links.add(link);
  const error = link.attach(caller, attr.get(at.flags), attr.get(at['tcx.relative_fd']), {
    revision: attr.getBig(at['tcx.expected_revision']),
  });
  if (error < 0) {
    link.put();
    return error;
  }
  return newFd(caller, link);
}

/** A program on a tcx hook. */
class TcxLink extends BpfLink {
  readonly linkType = BPF_LINK_TYPE.TCX;
  readonly #kernel: Kernel;
  readonly #list: Mprog;
  readonly #ifindex: number;
  #attached = false;

  constructor(kernel: Kernel, prog: BpfProgBase, attachType: number, list: Mprog, ifindex: number) {
    super(prog, attachType);
    this.#kernel = kernel;
    this.#list = list;
    this.#ifindex = ifindex;
  }

  /** Puts it in the list: 0 or -errno. */
  attach(caller: Caller, flags: number, relative: number, { revision }: { readonly revision: bigint }): number {
    const result = this.#list.attach(this.#kernel, caller, this.prog, this, undefined, { flags, relative, revision });
    this.#attached = result === 0;
    return result;
  }

  /** `tcx_link_update`. */
  override update(program: BpfProgBase, old: BpfProgBase | undefined): number {
    if (!this.#attached) return -ENOLINK;
    if (old !== undefined && old !== this.prog) return -EPERM;
    if (program === this.prog) return 0;
    const place = { flags: BPF_F_ATTACH.REPLACE | BPF_F_ATTACH.ID, relative: this.prog.id, revision: 0n };
    const result = this.#list.attach(this.#kernel, NO_CALLER, program, this, this.prog, place);
    if (result === 0) this.exchange(program);
    return result;
  }

  override detach(): number {
    this.end();
    return 0;
  }

  override fillInfo(info: UserStruct): number {
    info.setU32(LINK_INFO.at['tcx.ifindex'], this.#attached ? this.#ifindex : 0);
    info.setU32(LINK_INFO.at['tcx.attach_type'], this.attachType);
    return 0;
  }

  override fdinfo(): string {
    const hook = this.attachType === AT.TCX_INGRESS ? 'ingress' : 'egress';
    return `ifindex:\t${this.#attached ? this.#ifindex : 0}\nattach_type:\t${this.attachType} (${hook})\n`;
  }

  protected override end(): void {
    if (this.#attached) this.#list.removeLink(this);
    this.#attached = false;
  }
}

/** Places that are named by id ask no caller. */
const NO_CALLER = {} as Caller;

/** LINK_CREATE of an XDP program (`bpf_xdp_link_attach`): the descriptor, or -errno. */
export function xdpLinkCreate(kernel: Kernel, attr: Attr, caller: Caller, prog: BpfProgBase): number {
  const at = LINK_CREATE.at;
  const ifindex = attr.get(at.target_ifindex);
  const device = deviceOf(caller, ifindex);
  if (device === undefined) return -EINVAL;
  const error = checkXdp(kernel, device, attr.get(at.flags), prog);
  if (error < 0) return error;
  const link = new XdpLink(prog, attr.get(at.attach_type), kernel.netDevices, device, ifindex);
  kernel.links.add(link);
  return newFd(caller, link);
}

/** `dev_xdp_attach`. */
function checkXdp(kernel: Kernel, device: string, flags: number, prog: BpfProgBase): number {
  if ((flags & ~XDP_MODES) !== 0 || (flags & (flags - 1)) !== 0) return -EINVAL;
  const isGeneric = flags === 0 || flags === XDP_SKB_MODE;
  // One program a mode, and not in generic and native mode at the same time.
  if (flags !== XDP_HW_MODE && kernel.netDevices.xdp(device) !== undefined) return isGeneric ? -EBUSY : -EEXIST;
  if (prog.expectedAttachType === AT.XDP_DEVMAP || prog.expectedAttachType === AT.XDP_CPUMAP) return -EINVAL;
  return isGeneric ? 0 : -ENOTSUP;
}

/** A program that sees a device's packets first. */
class XdpLink extends BpfLink {
  readonly linkType = BPF_LINK_TYPE.XDP;
  readonly #devices: NetDevices;
  readonly #device: string;
  readonly #ifindex: number;
  #attached = true;

  constructor(prog: BpfProgBase, attachType: number, devices: NetDevices, device: string, ifindex: number) {
    super(prog, attachType);
    this.#devices = devices;
    this.#device = device;
    this.#ifindex = ifindex;
    devices.setXdp(device, this);
  }

  /** `bpf_xdp_link_update`. */
  override update(program: BpfProgBase, old: BpfProgBase | undefined): number {
    if (!this.#attached) return -ENOLINK;
    if (old !== undefined && old !== this.prog) return -EPERM;
    if (program.type !== this.prog.type || program.expectedAttachType !== this.prog.expectedAttachType) return -EINVAL;
    if (program !== this.prog) this.exchange(program);
    return 0;
  }

  override detach(): number {
    this.end();
    return 0;
  }

  override fillInfo(info: UserStruct): number {
    info.setU32(LINK_INFO.at['xdp.ifindex'], this.#attached ? this.#ifindex : 0);
    return 0;
  }

  override fdinfo(): string {
    return `ifindex:\t${this.#attached ? this.#ifindex : 0}\n`;
  }

  protected override end(): void {
    if (this.#attached) this.#devices.setXdp(this.#device, undefined);
    this.#attached = false;
  }
}
