/**
 * Lists of programs in which each knows its neighbours (`bpf_mprog`, kernel/bpf/mprog.c):
 * what tcx hooks hold. A place is named by flags and a program or link.
 */
import type { BpfProgBase } from '../base/prog.ts';
import { BPF_F_ATTACH } from '../uapi/bpf.ts';
import { EBUSY, EEXIST, EFAULT, EINVAL, ENOENT, ENOSPC, ERANGE, ESTALE } from '../uapi/errno.ts';
import type { Attr } from './attr.ts';
import { QUERY } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { linkOf, progOf } from './fd.ts';
import type { Kernel } from './kernel.ts';
import type { BpfLink } from './link.ts';

const F = BPF_F_ATTACH;
/** Most programs in a list (`BPF_MPROG_MAX`). */
const MAX = 63;
/** No place was named yet; places are -1 (before the first) and more, what is below is an errno. */
const NOWHERE = -0x10000;

/** A program, and the link that put it there; either may be left open when a place is looked for. */
export interface MprogEntry {
  readonly prog: BpfProgBase | undefined;
  readonly link: BpfLink | undefined;
}

/** Where something is to be put or taken from. */
export interface MprogPlace {
  readonly flags: number;
  /** relative_fd or relative_id. */
  readonly relative: number;
  readonly revision: bigint;
}

const NONE: MprogEntry = { prog: undefined, link: undefined };

/** What relative_fd or relative_id means (`bpf_mprog_tuple_relative`); `type` 0: a program of any type. */
function relativeOf(
  kernel: Kernel,
  caller: Caller,
  flags: number,
  relative: number,
  type: number,
): MprogEntry | number {
  const byId = (flags & F.ID) !== 0;
  if ((flags & F.LINK) !== 0) {
    const link = (byId ? (kernel.links.find(relative) ?? -ENOENT) : linkOf(caller, relative)) as BpfLink | number;
    if (typeof link === 'number') return link;
    return type !== 0 && link.prog.type !== type ? -EINVAL : { prog: link.prog, link };
  }
  if (!byId && relative === 0) return NONE;
  const prog = (byId ? (kernel.progs.find(relative) ?? -ENOENT) : progOf(caller, relative)) as BpfProgBase | number;
  if (typeof prog === 'number') return prog;
  return type !== 0 && prog.type !== type ? -EINVAL : { prog, link: undefined };
}

/** One list. References of programs that no link holds are the list's. */
export class Mprog {
  entries: { prog: BpfProgBase; link: BpfLink | undefined }[] = [];
  revision = 1n;

  /** Puts a program in; `replaced` is the one BPF_F_REPLACE names (`bpf_mprog_attach`): 0 or -errno. */
  attach(
    kernel: Kernel,
    caller: Caller,
    prog: BpfProgBase,
    link: BpfLink | undefined,
    replaced: BpfProgBase | undefined,
    place: MprogPlace,
  ): number {
    const { flags } = place;
    if (place.revision !== 0n && place.revision !== this.revision) return -ESTALE;
    if (this.entries.some((entry) => entry.prog === prog)) return -EEXIST;
    const relative = relativeOf(kernel, caller, flags, place.relative, prog.type);
    if (typeof relative === 'number') return relative;
    let at = NOWHERE;
    if ((flags & F.REPLACE) !== 0) {
      at = this.#exact(replaced, link);
      if (at < 0) return at;
    } else if (this.entries.length === MAX) return -ERANGE;
    at = this.#beside(flags, relative, at);
    if (at < -1 && at !== NOWHERE) return at;
    let before = (flags & F.BEFORE) !== 0;
    if (at === NOWHERE) {
      if (relative.prog !== undefined || flags !== 0) return -EINVAL;
      at = this.entries.length;
      before = false;
    }
    if (at >= MAX) return -ERANGE;
    if (link === undefined) prog.get();
    if ((flags & F.REPLACE) !== 0) {
      const old = this.entries[at]!;
      this.entries[at] = { prog, link };
      if (old.link === undefined) old.prog.put();
    } else this.entries.splice(before && at !== this.entries.length ? at + 1 : at, 0, { prog, link });
    this.revision++;
    return 0;
  }

  /** Takes a program out (`bpf_mprog_detach`); without one the place decides: 0 or -errno. */
  detach(
    kernel: Kernel,
    caller: Caller,
    prog: BpfProgBase | undefined,
    link: BpfLink | undefined,
    place: MprogPlace,
  ): number {
    const { flags } = place;
    if ((flags & F.REPLACE) !== 0) return -EINVAL;
    if (place.revision !== 0n && place.revision !== this.revision) return -ESTALE;
    const total = this.entries.length;
    if (total === 0) return -ENOENT;
    const relative = relativeOf(kernel, caller, flags, place.relative, prog?.type ?? 0);
    if (typeof relative === 'number') return relative;
    let at = NOWHERE;
    if (prog !== undefined) {
      at = this.#exact(prog, link);
      if (at < 0) return at;
    }
    at = this.#beside(flags, relative, at);
    if (at < -1 && at !== NOWHERE) return at;
    if (at === NOWHERE) {
      if (relative.prog !== undefined || flags !== 0) return -EINVAL;
      at = total;
    }
    if (at >= MAX) return -ERANGE;
    if (at === -1) at = 0;
    else if (at === total) at = total - 1;
    const entry = this.entries[at]!;
    if (entry.link !== undefined && link === undefined) return -EBUSY;
    this.remove(at);
    return 0;
  }

  /** Takes out what a link put in. */
  removeLink(link: BpfLink): void {
    const at = this.entries.findIndex((entry) => entry.link === link);
    if (at >= 0) this.remove(at);
  }

  /** Takes out one entry; an empty list begins anew. */
  remove(at: number): void {
    const [entry] = this.entries.splice(at, 1);
    if (entry?.link === undefined) entry?.prog.put();
    this.revision = this.entries.length === 0 ? 1n : this.revision + 1n;
  }

  /** Where a program is: -ENOENT, or -EBUSY when it is there by another way (`bpf_mprog_pos_exact`). */
  #exact(prog: BpfProgBase | undefined, link: BpfLink | undefined): number {
    const at = this.entries.findIndex((entry) => entry.prog === prog);
    if (at < 0) return -ENOENT;
    return this.entries[at]?.link === link ? at : -EBUSY;
  }

  /**
   * The place before and after what was named: -1 or more, {@link NOWHERE} when none was, or -errno. When both were named or the place is known, they must agree.
   */
  #beside(flags: number, relative: MprogEntry, known: number): number {
    let at = known;
    for (const [flag, step, end] of [
      [F.BEFORE, -1, -1],
      [F.AFTER, 1, this.entries.length],
    ] as const) {
      if ((flags & flag) === 0) continue;
      const found = this.entries.findIndex(
        (entry) => entry.prog === relative.prog && (relative.link === undefined || relative.link === entry.link),
      );
      if (found < 0 && relative.prog !== undefined) return -ENOENT;
      const place = found < 0 ? end : found + step;
      if (at !== NOWHERE && place !== at) return -ERANGE;
      at = place;
    }
    return at;
  }
}

/** PROG_QUERY of a list, or of none (`bpf_mprog_query`). */
export function mprogQuery(attr: Attr, caller: Caller, list: Mprog | undefined): number {
  const at = QUERY.at;
  if (attr.get(at.query_flags) !== 0 || attr.get(at.attach_flags) !== 0) return -EINVAL;
  const entries = list?.entries ?? [];
  const room = attr.get(at.prog_cnt);
  if (attr.put(caller, at.attach_flags, 0) < 0) return -EFAULT;
  if (attr.putBig(caller, at.revision, list?.revision ?? 1n) < 0) return -EFAULT;
  if (attr.put(caller, at.prog_cnt, entries.length) < 0) return -EFAULT;
  const ids = attr.addr(at.prog_ids);
  if (room === 0 || ids === 0 || entries.length === 0) return 0;
  const shown = entries.slice(0, room);
  const columns: readonly (readonly [number, (entry: MprogEntry) => number])[] = [
    [ids, (entry) => entry.prog?.id ?? 0],
    [attr.addr(at.prog_attach_flags), () => 0],
    [attr.addr(at.link_ids), (entry) => entry.link?.id ?? 0],
    [attr.addr(at.link_attach_flags), () => 0],
  ];
  for (const [addr, value] of columns) {
    if (addr === 0) continue;
    if (caller.write(addr, new Uint8Array(Uint32Array.from(shown, value).buffer)) < 0) return -EFAULT;
  }
  return room < entries.length ? -ENOSPC : 0;
}
