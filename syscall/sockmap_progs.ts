/**
 * Programs of socket maps: which program runs for the sockets in a map
 * (net/core/sock_map.c). Books are kept; there are no sockets to run them for.
 */
import type { BpfProgBase } from '../base/prog.ts';
import type { BpfMap } from '../maps/map.ts';
import { BPF_ATTACH_TYPE, BPF_LINK_TYPE, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { EBUSY, EFAULT, EINVAL, ENOENT, ENOLINK, ENOTSUP, EPERM } from '../uapi/errno.ts';
import type { Attr } from './attr.ts';
import { ATTACH, LINK_CREATE, QUERY } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { mapOf, newFd, progOf } from './fd.ts';
import type { Kernel } from './kernel.ts';
import { BpfLink, LINK_INFO } from './link.ts';
import type { UserStruct } from './user_struct.ts';

const AT = BPF_ATTACH_TYPE;

/** One place of a map: its program, and the link that put it there. */
interface Place {
  prog: BpfProgBase | undefined;
  link: SockMapLink | undefined;
}

/** The places of the maps of one kernel, by map and attach type. */
export class SockMapProgs {
  readonly #places = new Map<BpfMap, Map<number, Place>>();

  /** The place in a map, or -errno (`sock_map_prog_link_lookup`). */
  place(map: BpfMap, attachType: number): Place | number {
    if (map.mapType !== BPF_MAP_TYPE.SOCKMAP && map.mapType !== BPF_MAP_TYPE.SOCKHASH) return -ENOTSUP;
    const places = this.#of(map);
    const other = OTHER_VERDICT.get(attachType);
    if (other !== undefined && places.get(other)?.prog !== undefined) return -EBUSY;
    let place = places.get(attachType);
    if (place === undefined) {
      place = { prog: undefined, link: undefined };
      places.set(attachType, place);
    }
    return place;
  }

  #of(map: BpfMap): Map<number, Place> {
    let places = this.#places.get(map);
    if (places === undefined) {
      places = new Map();
      this.#places.set(map, places);
      const forget = map.onRelease;
      map.onRelease = (object) => {
        forget?.(object);
        this.#drop(map);
      };
    }
    return places;
  }

  #drop(map: BpfMap): void {
    for (const place of this.#places.get(map)?.values() ?? []) if (place.link === undefined) place.prog?.put();
    this.#places.delete(map);
  }
}

/** A map has a verdict program with or without a parser, not both. */
const OTHER_VERDICT: ReadonlyMap<number, number> = new Map([
  [AT.SK_SKB_STREAM_VERDICT, AT.SK_SKB_VERDICT],
  [AT.SK_SKB_VERDICT, AT.SK_SKB_STREAM_VERDICT],
]);

/** PROG_ATTACH to a socket map (`sock_map_get_from_fd`). */
export function sockMapAttach(kernel: Kernel, attr: Attr, caller: Caller, prog: BpfProgBase): number {
  const at = ATTACH.at;
  if (attr.get(at.attach_flags) !== 0 || attr.get(at.replace_bpf_fd) !== 0) return -EINVAL;
  const map = mapOf(caller, attr.get(at.target_fd));
  if (typeof map === 'number') return map;
  const place = kernel.sockMapProgs.place(map, attr.get(at.attach_type));
  if (typeof place === 'number') return place;
  if (place.link !== undefined) return -EBUSY;
  prog.get();
  place.prog?.put();
  place.prog = prog;
  return 0;
}

/** PROG_DETACH from a socket map (`sock_map_prog_detach`). */
export function sockMapDetach(kernel: Kernel, attr: Attr, caller: Caller, type: number): number {
  const at = ATTACH.at;
  if (attr.get(at.attach_flags) !== 0 || attr.get(at.replace_bpf_fd) !== 0) return -EINVAL;
  const map = mapOf(caller, attr.get(at.target_fd));
  if (typeof map === 'number') return map;
  const prog = progOf(caller, attr.get(at.attach_bpf_fd));
  if (typeof prog === 'number') return prog;
  if (prog.type !== type) return -EINVAL;
  const place = kernel.sockMapProgs.place(map, attr.get(at.attach_type));
  if (typeof place === 'number') return place;
  if (place.link !== undefined) return -EBUSY;
  if (place.prog !== prog) return -ENOENT;
  place.prog = undefined;
  prog.put();
  return 0;
}

/** PROG_QUERY of a socket map (`sock_map_bpf_prog_query`). */
export function sockMapQuery(kernel: Kernel, attr: Attr, caller: Caller): number {
  const at = QUERY.at;
  if (attr.get(at.query_flags) !== 0) return -EINVAL;
  const map = mapOf(caller, attr.get(at.target_fd));
  if (typeof map === 'number') return map;
  const place = kernel.sockMapProgs.place(map, attr.get(at.attach_type));
  const prog = typeof place === 'number' ? undefined : place.prog;
  if (attr.put(caller, at.attach_flags, 0) < 0) return -EFAULT;
  const ids = attr.addr(at.prog_ids);
  if (prog !== undefined && ids !== 0 && attr.get(at.prog_cnt) !== 0) {
    if (caller.write(ids, new Uint8Array(Uint32Array.of(prog.id).buffer)) < 0) return -EFAULT;
  }
  if (attr.put(caller, at.prog_cnt, prog === undefined ? 0 : 1) < 0) return -EFAULT;
  return typeof place === 'number' ? place : 0;
}

/** A link on a socket map (`sock_map_link_create`): the descriptor, or -errno. */
export function sockMapLinkCreate(kernel: Kernel, attr: Attr, caller: Caller, prog: BpfProgBase): number {
  const at = LINK_CREATE.at;
  if (attr.get(at.flags) !== 0) return -EINVAL;
  const map = mapOf(caller, attr.get(at.target_fd));
  if (typeof map === 'number') return map;
  if (map.mapType !== BPF_MAP_TYPE.SOCKMAP && map.mapType !== BPF_MAP_TYPE.SOCKHASH) return -EINVAL;
  const attachType = attr.get(at.attach_type);
  const place = kernel.sockMapProgs.place(map, attachType);
  if (typeof place === 'number') return place;
  if (place.link !== undefined) return -EBUSY;
  const link = new SockMapLink(prog, attachType, map, place);
  kernel.links.add(link);
  return newFd(caller, link);
}

/** A link on a socket map. It holds the map. */
class SockMapLink extends BpfLink {
  readonly linkType = BPF_LINK_TYPE.SOCKMAP;
  readonly #place: Place;
  #map: BpfMap | undefined;

  constructor(prog: BpfProgBase, attachType: number, map: BpfMap, place: Place) {
    super(prog, attachType);
    map.getUser();
    this.#map = map;
    this.#place = place;
    place.prog?.put();
    place.prog = prog;
    place.link = this;
  }

  override update(program: BpfProgBase, old: BpfProgBase | undefined): number {
    if (old !== undefined && old !== this.prog) return -EPERM;
    if (program.type !== this.prog.type || program.expectedAttachType !== this.prog.expectedAttachType) return -EINVAL;
    if (this.#map === undefined) return -ENOLINK;
    this.exchange(program);
    this.#place.prog = program;
    return 0;
  }

  override detach(): number {
    this.end();
    return 0;
  }

  override fillInfo(info: UserStruct): number {
    info.setU32(LINK_INFO.at['sockmap.map_id'], this.#map?.id ?? 0);
    info.setU32(LINK_INFO.at['sockmap.attach_type'], this.attachType);
    return 0;
  }

  protected override end(): void {
    const map = this.#map;
    if (map === undefined) return;
    this.#map = undefined;
    this.#place.link = undefined;
    this.#place.prog = undefined;
    map.putUser();
  }
}
