/**
 * Links: an attachment that is an object of its own (`struct bpf_link`), and the
 * commands that work on any of them.
 */
import { BpfObject } from '../base/object.ts';
import type { BpfProgBase } from '../base/prog.ts';
import { BPF_F_ATTACH } from '../uapi/bpf.ts';
import { EFAULT, EINVAL, ENOSPC, ENOTSUP } from '../uapi/errno.ts';
import type { Attr } from './attr.ts';
import { arm, ptr, u32, u64 } from './attr_layout.ts';
import { LINK_DETACH, LINK_UPDATE } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { linkOf, progOf } from './fd.ts';
import type { Kernel } from './kernel.ts';
import type { UserStruct } from './user_struct.ts';

/** The part of `struct bpf_link_info` that every link has, and the arms of the kinds there are. */
export const LINK_INFO = arm('bpf_link_info', [
  u32('type', 'type of the link'),
  u32('id', 'id'),
  u32('prog_id', 'id of the program'),
  ptr('raw_tracepoint.tp_name', {
    dir: 'out',
    what: 'name of the tracepoint',
    length: { field: 'raw_tracepoint.tp_name_len' },
  }),
  u32('raw_tracepoint.tp_name_len', 'room for the name, then its length', { dir: 'inout' }),
  u64('raw_tracepoint.cookie', 'cookie'),
  u64('cgroup.cgroup_id', 'id of the cgroup', { unionWith: 'raw_tracepoint.tp_name' }),
  u32('cgroup.attach_type', 'where'),
  u32('netns.netns_ino', 'inode of the net namespace', { unionWith: 'raw_tracepoint.tp_name' }),
  u32('netns.attach_type', 'where'),
  u32('tracing.attach_type', 'where', { unionWith: 'raw_tracepoint.tp_name' }),
  u32('tracing.target_obj_id', 'program or BTF object'),
  u32('tracing.target_btf_id', 'function in it'),
  u64('tracing.cookie', 'cookie'),
  ptr(
    'iter.target_name',
    { dir: 'out', what: 'name of what it walks over', length: { field: 'iter.target_name_len' } },
    { unionWith: 'raw_tracepoint.tp_name' },
  ),
  u32('iter.target_name_len', 'room for the name, then its length', { dir: 'inout' }),
  u32('iter.map_id', 'id of the map'),
  u64('iter.cgroup_id', 'id of the cgroup it begins with'),
  u32('iter.order', 'order it walks in'),
  u32('iter.tid', 'thread', { unionWith: 'iter.cgroup_id' }),
  u32('iter.pid', 'process'),
  u32('tcx.ifindex', 'net device', { unionWith: 'raw_tracepoint.tp_name' }),
  u32('tcx.attach_type', 'where'),
  u32('xdp.ifindex', 'net device', { unionWith: 'raw_tracepoint.tp_name' }),
  u32('perf_event.type', 'kind of the event', { unionWith: 'raw_tracepoint.tp_name' }),
  ptr('perf_event.name', {
    dir: 'out',
    what: 'function, path or tracepoint',
    length: { field: 'perf_event.name_len' },
  }),
  u32('perf_event.name_len', 'room for the name, then its length', { dir: 'inout' }),
  u32('perf_event.offset', 'offset in the function or file'),
  u64('perf_event.cookie', 'cookie'),
  u64('perf_event.ref_ctr_offset', 'where the semaphore of a uprobe lies'),
  u64('perf_event.addr', 'address of a kprobe', { unionWith: 'perf_event.cookie' }),
  u64('perf_event.missed', 'hits of a kprobe that were missed'),
  u64('perf_event.kprobe_cookie', 'cookie of a kprobe'),
  u64('perf_event.config', 'config of a plain event', { unionWith: 'perf_event.name' }),
  u32('perf_event.event_type', 'type of a plain event'),
  ptr(
    'uprobe_multi.path',
    { dir: 'out', what: 'path of the file', length: { field: 'uprobe_multi.path_size' } },
    { unionWith: 'raw_tracepoint.tp_name' },
  ),
  ptr('uprobe_multi.offsets', { dir: 'out', what: 'offsets', length: { field: 'uprobe_multi.count', each: 8 } }),
  ptr('uprobe_multi.ref_ctr_offsets', {
    dir: 'out',
    what: 'offsets of semaphores',
    length: { field: 'uprobe_multi.count', each: 8 },
  }),
  ptr('uprobe_multi.cookies', { dir: 'out', what: 'cookies', length: { field: 'uprobe_multi.count', each: 8 } }),
  u32('uprobe_multi.path_size', 'room for the path, then its length with the NUL', { dir: 'inout' }),
  u32('uprobe_multi.count', 'room in each array, then how many places there are', { dir: 'inout' }),
  u32('uprobe_multi.flags', 'BPF_F_UPROBE_MULTI_RETURN'),
  u32('uprobe_multi.pid', 'only in this process'),
  u32('struct_ops.map_id', 'id of the map', { unionWith: 'raw_tracepoint.tp_name' }),
  u32('netfilter.pf', 'protocol family', { unionWith: 'raw_tracepoint.tp_name' }),
  u32('netfilter.hooknum', 'hook'),
  u32('netfilter.priority', 'priority'),
  u32('netfilter.flags', 'flags'),
  u32('sockmap.map_id', 'id of the map', { unionWith: 'raw_tracepoint.tp_name' }),
  u32('sockmap.attach_type', 'where'),
]);

/** One attachment. It holds its program; each kind says how it is undone. */
export abstract class BpfLink extends BpfObject {
  readonly kind = 'link';
  /** `BPF_LINK_TYPE`. */
  abstract readonly linkType: number;
  readonly attachType: number;
  prog: BpfProgBase;

  /** Takes a reference of the program. */
  constructor(prog: BpfProgBase, attachType: number) {
    super();
    prog.get();
    this.prog = prog;
    this.attachType = attachType;
  }

  /** Puts another program in (`update_prog`): 0 or -errno; `old` is what must be in it. */
  update?(program: BpfProgBase, old: BpfProgBase | undefined): number;
  /** LINK_UPDATE of a link that holds a map rather than a program: 0 or -errno. */
  updateFrom?(attr: Attr, caller: Caller): number;
  /** Ends the attachment while the link stays (`detach`): 0 or -errno. */
  detach?(): number;
  /** Adds what the kind has to tell (`fill_link_info`): 0 or -errno. */
  fillInfo?(info: UserStruct, caller: Caller): number;
  /** The lines of its kind in /proc/PID/fdinfo/N (`show_fdinfo`). */
  fdinfo?(): string;
  /** What fdinfo calls its type, where that is not the name of the number. */
  typeName?(): string;
  /** Ends the attachment when the link goes. */
  protected abstract end(): void;

  /** Exchanges the program and its references. */
  protected exchange(program: BpfProgBase): void {
    program.get();
    const old = this.prog;
    this.prog = program;
    old.put();
  }

  protected override release(): void {
    this.end();
    this.prog.put();
  }
}

/** `bpf_link_get_info_by_fd`. */
export function fillLinkInfo(link: BpfLink, info: UserStruct, caller: Caller): number {
  info.setU32(LINK_INFO.at.type, link.linkType);
  info.setU32(LINK_INFO.at.id, link.id);
  info.setU32(LINK_INFO.at.prog_id, link.prog.id);
  return link.fillInfo?.(info, caller) ?? 0;
}

/** LINK_UPDATE. */
export function linkUpdate(_kernel: Kernel, attr: Attr, caller: Caller): number {
  const at = LINK_UPDATE.at;
  const flags = attr.get(at.flags);
  if ((flags & ~BPF_F_ATTACH.REPLACE) !== 0) return -EINVAL;
  const link = linkOf(caller, attr.get(at.link_fd)) as BpfLink | number;
  if (typeof link === 'number') return link;
  if (link.updateFrom !== undefined) return link.updateFrom(attr, caller);
  const program = progOf(caller, attr.get(at.new_prog_fd));
  if (typeof program === 'number') return program;
  const oldFd = attr.get(at.old_prog_fd);
  let old: BpfProgBase | undefined;
  if (flags !== 0) {
    const found = progOf(caller, oldFd);
    if (typeof found === 'number') return found;
    old = found;
  } else if (oldFd !== 0) return -EINVAL;
  return link.update === undefined ? -EINVAL : link.update(program, old);
}

/** LINK_DETACH. */
export function linkDetach(_kernel: Kernel, attr: Attr, caller: Caller): number {
  const link = linkOf(caller, attr.get(LINK_DETACH.at.link_fd)) as BpfLink | number;
  if (typeof link === 'number') return link;
  return link.detach === undefined ? -ENOTSUP : link.detach();
}

/** A name with its NUL to `room` bytes of the caller (`bpf_copy_to_user`): cut and -ENOSPC when it does not fit. */
export function copyName(caller: Caller, addr: number, room: number, name: string): number {
  const text = new Uint8Array(Math.min(room, name.length + 1));
  for (let i = 0; i < text.length - 1; i++) text[i] = name.charCodeAt(i);
  if (caller.write(addr, text) < 0) return -EFAULT;
  return room < name.length + 1 ? -ENOSPC : 0;
}
