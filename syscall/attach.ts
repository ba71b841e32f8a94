/**
 * PROG_ATTACH, PROG_DETACH, PROG_QUERY and the cgroup side of LINK_CREATE
 * (`bpf_prog_attach` … of kernel/bpf/syscall.c, `cgroup_bpf_*` of cgroup.c).
 */
import { BpfFile, type ForeignFile } from '../base/object.ts';
import type { BpfProgBase } from '../base/prog.ts';
import { BPF_ATTACH_TYPE, BPF_F_ATTACH, BPF_F_QUERY, BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { CAP } from '../uapi/capability.ts';
import { EBADF, EFAULT, EINVAL, ENOENT, ENOSPC, EPERM } from '../uapi/errno.ts';
import { checkAttachType, isCgroupAttach, isCgroupProgType, progTypeOfAttach } from './attach_types.ts';
import type { Attr } from './attr.ts';
import { ATTACH, LINK_CREATE, QUERY } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { type Anchor, CgroupLink } from './cgroup.ts';
import { capable, linkOf, newFd, progOf } from './fd.ts';
import type { Kernel } from './kernel.ts';
import type { BpfLink } from './link.ts';
import { tcxAttach, tcxDetach, tcxQuery } from './netdev.ts';
import { netnsAttach, netnsDetach, netnsQuery } from './netns.ts';
import { sockMapAttach, sockMapDetach, sockMapQuery } from './sockmap_progs.ts';

const F = BPF_F_ATTACH;
const MASK_BASE = F.ALLOW_OVERRIDE | F.ALLOW_MULTI | F.REPLACE | F.PREORDER;
const MASK_MPROG = F.REPLACE | F.BEFORE | F.AFTER | F.ID | F.LINK;
const MASK_LINK = F.ID | F.BEFORE | F.AFTER | F.PREORDER | F.LINK;
const PT = BPF_PROG_TYPE;
const AT = BPF_ATTACH_TYPE;

/** The directory a cgroup command works on: -EBADF when it is none, -ENOENT when it was removed. */
function cgroupOf(kernel: Kernel, caller: Caller, fd: number): ForeignFile | number {
  const file = caller.fdget(fd);
  if (file === undefined || file instanceof BpfFile || file.what !== 'cgroup') return -EBADF;
  if (!file.path.endsWith(' (deleted)')) return file;
  kernel.cgroups.remove(file);
  return -ENOENT;
}

/** The program behind a descriptor, of this type (`bpf_prog_get_type`). */
function typedProg(caller: Caller, fd: number, type: number): BpfProgBase | number {
  const prog = progOf(caller, fd);
  if (typeof prog === 'number') return prog;
  return prog.type === type ? prog : -EINVAL;
}

/** What relative_fd or relative_id names (`bpf_get_anchor_link`, `bpf_get_anchor_prog`). */
function anchorOf(kernel: Kernel, caller: Caller, flags: number, value: number): Anchor {
  const isLink = (flags & F.LINK) !== 0;
  const isId = (flags & F.ID) !== 0;
  if (!isLink && !isId && value === 0) return { named: false, isLink, object: undefined };
  if (isId) {
    const table = isLink ? kernel.links : kernel.progs;
    return { named: true, isLink, object: (table.find(value) as BpfProgBase | BpfLink | undefined) ?? -ENOENT };
  }
  const object = isLink ? linkOf(caller, value) : progOf(caller, value);
  return { named: true, isLink, object: object as BpfProgBase | BpfLink | number };
}

/** Types whose lists are `mprog` (tcx, netkit). */
function isMprog(progType: number): boolean {
  return progType === PT.SCHED_CLS;
}

function isTcx(attachType: number): boolean {
  return attachType === AT.TCX_INGRESS || attachType === AT.TCX_EGRESS;
}

/** PROG_ATTACH. */
export function progAttach(kernel: Kernel, attr: Attr, caller: Caller): number {
  const at = ATTACH.at;
  const attachType = attr.get(at.attach_type);
  const flags = attr.get(at.attach_flags);
  const type = progTypeOfAttach(attachType);
  if (type === PT.UNSPEC) return -EINVAL;
  if (isMprog(type)) {
    if ((flags & ~MASK_MPROG) !== 0) return -EINVAL;
  } else if (isCgroupProgType(type, AT.LSM_CGROUP)) {
    if ((flags & ~(MASK_BASE | MASK_MPROG)) !== 0) return -EINVAL;
  } else {
    if ((flags & ~MASK_BASE) !== 0) return -EINVAL;
    if (attr.get(at.relative_fd) !== 0 || attr.getBig(at.expected_revision) !== 0n) return -EINVAL;
  }
  const prog = typedProg(caller, attr.get(at.attach_bpf_fd), type);
  if (typeof prog === 'number') return prog;
  if (checkAttachType(prog, attachType, capable(caller, CAP.NET_ADMIN)) < 0) return -EINVAL;
  if (isCgroupProgType(type, prog.expectedAttachType)) return cgroupAttach(kernel, attr, caller, prog);
  switch (type) {
    case PT.FLOW_DISSECTOR:
      return netnsAttach(kernel, attr, prog);
    case PT.SCHED_CLS:
      return isTcx(attachType) ? tcxAttach(kernel, attr, caller, prog) : -EINVAL;
    case PT.SK_SKB:
    case PT.SK_MSG:
      return sockMapAttach(kernel, attr, caller, prog);
    default:
      return -EINVAL;
  }
}

function cgroupAttach(kernel: Kernel, attr: Attr, caller: Caller, prog: BpfProgBase): number {
  const at = ATTACH.at;
  const cgroup = cgroupOf(kernel, caller, attr.get(at.target_fd));
  if (typeof cgroup === 'number') return cgroup;
  const flags = attr.get(at.attach_flags);
  let replace: BpfProgBase | undefined;
  if ((flags & F.ALLOW_MULTI) !== 0 && (flags & F.REPLACE) !== 0) {
    const found = typedProg(caller, attr.get(at.replace_bpf_fd), prog.type);
    if (typeof found === 'number') return found;
    replace = found;
  }
  return kernel.cgroups.attach(cgroup, {
    prog,
    ...(replace === undefined ? {} : { replace }),
    attachType: attr.get(at.attach_type),
    flags,
    anchor: anchorOf(kernel, caller, flags, attr.get(at.relative_fd)),
    expectedRevision: attr.getBig(at.expected_revision),
  });
}

/** PROG_DETACH. */
export function progDetach(kernel: Kernel, attr: Attr, caller: Caller): number {
  const at = ATTACH.at;
  const attachType = attr.get(at.attach_type);
  const type = progTypeOfAttach(attachType);
  const flags = attr.get(at.attach_flags);
  const relative = attr.get(at.relative_fd);
  if (isMprog(type)) {
    if ((flags & ~MASK_MPROG) !== 0) return -EINVAL;
    const fd = attr.get(at.attach_bpf_fd);
    const prog = fd === 0 ? undefined : typedProg(caller, fd, type);
    if (typeof prog === 'number') return prog;
    return isTcx(attachType) ? tcxDetach(kernel, attr, caller, prog) : -EINVAL;
  }
  if (isCgroupProgType(type, AT.LSM_CGROUP)) {
    if (flags !== 0 || relative !== 0) return -EINVAL;
  } else if (flags !== 0 || relative !== 0 || attr.getBig(at.expected_revision) !== 0n) return -EINVAL;
  if (isCgroupAttach(attachType)) {
    const cgroup = cgroupOf(kernel, caller, attr.get(at.target_fd));
    if (typeof cgroup === 'number') return cgroup;
    const prog = typedProg(caller, attr.get(at.attach_bpf_fd), type);
    const given = typeof prog === 'number' ? undefined : prog;
    return kernel.cgroups.detach(cgroup, given, attachType, attr.getBig(at.expected_revision));
  }
  switch (type) {
    case PT.FLOW_DISSECTOR:
      return netnsDetach(kernel, attr, caller);
    case PT.SK_SKB:
    case PT.SK_MSG:
      return sockMapDetach(kernel, attr, caller, type);
    default:
      return -EINVAL;
  }
}

/** PROG_QUERY. */
export function progQuery(kernel: Kernel, attr: Attr, caller: Caller): number {
  if (!capable(caller, CAP.NET_ADMIN)) return -EPERM;
  const at = QUERY.at;
  const queryFlags = attr.get(at.query_flags);
  if ((queryFlags & ~BPF_F_QUERY.QUERY_EFFECTIVE) !== 0) return -EINVAL;
  const attachType = attr.get(at.attach_type);
  if (isCgroupAttach(attachType)) return cgroupQuery(kernel, attr, caller, queryFlags !== 0);
  switch (attachType) {
    case AT.FLOW_DISSECTOR:
    case AT.SK_LOOKUP:
      return netnsQuery(kernel, attr, caller);
    case AT.SK_SKB_STREAM_PARSER:
    case AT.SK_SKB_STREAM_VERDICT:
    case AT.SK_MSG_VERDICT:
    case AT.SK_SKB_VERDICT:
      return sockMapQuery(kernel, attr, caller);
    case AT.TCX_INGRESS:
    case AT.TCX_EGRESS:
      return tcxQuery(kernel, attr, caller);
    default:
      return -EINVAL;
  }
}

function cgroupQuery(kernel: Kernel, attr: Attr, caller: Caller, effective: boolean): number {
  const at = QUERY.at;
  const cgroup = cgroupOf(kernel, caller, attr.get(at.target_fd));
  if (typeof cgroup === 'number') return cgroup;
  const progFlags = attr.addr(at.prog_attach_flags);
  if (effective && progFlags !== 0) return -EINVAL;
  const attachType = attr.get(at.attach_type);
  const room = attr.get(at.prog_cnt);
  const ids = attr.addr(at.prog_ids);
  if (attachType === AT.LSM_CGROUP && !effective && room !== 0 && ids !== 0 && progFlags === 0) return -EINVAL;
  const found = kernel.cgroups.query(cgroup, attachType, effective);
  if (attr.put(caller, at.attach_flags, found.flags) < 0) return -EFAULT;
  if (attr.put(caller, at.prog_cnt, found.progs.length) < 0) return -EFAULT;
  // LSM programs are in a list for each hook; the revision of several lists is none.
  const revision = attachType === AT.LSM_CGROUP ? 0n : found.revision;
  if (attr.putBig(caller, at.revision, revision) < 0) return -EFAULT;
  if (room === 0 || ids === 0 || found.progs.length === 0) return 0;
  const count = Math.min(room, found.progs.length);
  const list = Uint32Array.from(found.progs.slice(0, count), (prog) => prog.id);
  if (caller.write(ids, new Uint8Array(list.buffer)) < 0) return -EFAULT;
  if (progFlags !== 0) {
    const flags = new Uint32Array(count).fill(found.flags);
    if (caller.write(progFlags, new Uint8Array(flags.buffer)) < 0) return -EFAULT;
  }
  return room < found.progs.length ? -ENOSPC : 0;
}

/** A link on a cgroup (`cgroup_bpf_link_attach`): the descriptor, or -errno. */
export function cgroupLinkAttach(kernel: Kernel, attr: Attr, caller: Caller, prog: BpfProgBase): number {
  const at = LINK_CREATE.at;
  const flags = attr.get(at.flags);
  if ((flags & ~MASK_LINK) !== 0) return -EINVAL;
  const cgroup = cgroupOf(kernel, caller, attr.get(at.target_fd));
  if (typeof cgroup === 'number') return cgroup;
  const attachType = attr.get(at.attach_type);
  const link = new CgroupLink(prog, attachType);
  kernel.links.add(link);
  const result = kernel.cgroups.attach(cgroup, {
    link,
    attachType,
    flags: F.ALLOW_MULTI | flags,
    anchor: anchorOf(kernel, caller, flags, attr.get(at['cgroup.relative_fd'])),
    expectedRevision: attr.getBig(at['cgroup.expected_revision']),
  });
  if (result < 0) {
    link.put();
    return result;
  }
  return newFd(caller, link);
}
