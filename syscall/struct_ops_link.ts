/**
 * Links of struct_ops maps: the structure is registered as long as the link is
 * (`bpf_struct_ops_link_create`; asked of 6.18).
 */
import { BpfProgBase } from '../base/prog.ts';
import type { BpfMap } from '../maps/map.ts';
import { isReady, type StructOpsMap } from '../maps/struct_ops.ts';
import { BPF_ATTACH_TYPE, BPF_F_ATTACH, BPF_LINK_TYPE } from '../uapi/bpf.ts';
import { EINVAL, ENOLINK, EPERM } from '../uapi/errno.ts';
import type { Attr } from './attr.ts';
import { LINK_CREATE, LINK_UPDATE } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { mapOf, newFd } from './fd.ts';
import type { Kernel } from './kernel.ts';
import { BpfLink, LINK_INFO } from './link.ts';
import type { UserStruct } from './user_struct.ts';

/** What a link without a program holds in its place: id 0. */
class NoProg extends BpfProgBase {
  readonly type = 0;
  readonly expectedAttachType = 0;
  readonly jited = false;
  readonly xdpHasFrags = false;
  readonly sleepable = false;
  readonly dstProgType = 0;
  readonly attachFuncProto = 0;
  protected override release(): void {}
}

/** A link that keeps a structure registered. */
class StructOpsLink extends BpfLink {
  readonly linkType = BPF_LINK_TYPE.STRUCT_OPS;
  /** The map whose structure is registered; undefined after a detach. */
  map: StructOpsMap | undefined;

  /** Takes a reference of the map, which has been registered. */
  constructor(map: StructOpsMap) {
    super(new NoProg(), BPF_ATTACH_TYPE.STRUCT_OPS);
    map.get();
    this.map = map;
  }

  /** Puts another map's structure in: 0 or -errno; `old` is what must be in it. */
  updateMap(map: BpfMap, old: BpfMap | undefined): number {
    if (!isReady(map)) return -EINVAL;
    const current = this.map;
    if (current === undefined) return -ENOLINK;
    if (old !== undefined && old !== current) return -EPERM;
    if (map.layout.registry !== current.layout.registry) return -EINVAL;
    const err = map.layout.registry.replace(map, current);
    if (err < 0) return err;
    map.get();
    this.map = map;
    current.put();
    return 0;
  }

  override updateFrom(attr: Attr, caller: Caller): number {
    return structOpsLinkUpdate(attr, caller, this);
  }

  override detach(): number {
    this.end();
    return 0;
  }

  override fillInfo(info: UserStruct): number {
    info.setU32(LINK_INFO.at['struct_ops.map_id'], this.map?.id ?? 0);
    return 0;
  }

  override fdinfo(): string {
    return this.map === undefined ? '' : `map_id:\t${this.map.id}\n`;
  }

  protected override end(): void {
    const { map } = this;
    if (map === undefined) return;
    this.map = undefined;
    map.layout.registry.unregister(map);
    map.put();
  }
}

/** LINK_CREATE with BPF_STRUCT_OPS: the new descriptor, or -errno. */
export function structOpsLinkCreate(kernel: Kernel, attr: Attr, caller: Caller): number {
  const map = mapOf(caller, attr.get(LINK_CREATE.at.map_fd));
  if (typeof map === 'number') return map;
  if (!isReady(map)) return -EINVAL;
  const err = map.layout.registry.register(map);
  if (err < 0) return err;
  const link = new StructOpsLink(map);
  kernel.links.add(link);
  return newFd(caller, link);
}

/** LINK_UPDATE of such a link (`link_update_map`). */
function structOpsLinkUpdate(attr: Attr, caller: Caller, link: StructOpsLink): number {
  const at = LINK_UPDATE.at;
  const map = mapOf(caller, attr.get(at.new_prog_fd));
  if (typeof map === 'number') return map;
  const oldFd = attr.get(at.old_prog_fd);
  if ((attr.get(at.flags) & BPF_F_ATTACH.REPLACE) === 0) return oldFd !== 0 ? -EINVAL : link.updateMap(map, undefined);
  const old = mapOf(caller, oldFd);
  return typeof old === 'number' ? old : link.updateMap(map, old);
}
