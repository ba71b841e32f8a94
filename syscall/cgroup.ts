/**
 * Programs on cgroups: the list of each cgroup and attach type, who may attach where,
 * and which programs are effective (`kernel/bpf/cgroup.c`; recorded in the golden file
 * `cgroup`, rules in the kernel's cgroup-v2 documentation).
 *
 * A cgroup is what a descriptor of its directory stands for; the hierarchy is that of
 * the paths.
 */
import type { ForeignFile } from '../base/object.ts';
import type { BpfProgBase } from '../base/prog.ts';
import { CgroupStorageMap, cgroupStorageLink, cgroupStorageUnlink } from '../maps/local_storage.ts';
import { BPF_F_ATTACH, BPF_LINK_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EINVAL, ENOENT, ENOLINK, ENOMEM, EPERM, ESTALE } from '../uapi/errno.ts';
import { isCgroupAttach } from './attach_types.ts';
import { BpfLink, LINK_INFO } from './link.ts';
import { LoadedProg } from './loaded_prog.ts';
import type { UserStruct } from './user_struct.ts';

const F = BPF_F_ATTACH;
/** Most programs in one list (`BPF_CGROUP_MAX_PROGS`). */
const MAX_PROGS = 64;
/** Flags that belong to the list as a whole. */
const LIST_FLAGS = F.ALLOW_OVERRIDE | F.ALLOW_MULTI;

/** One entry of a list (`struct bpf_prog_list`): a program or a link. */
interface Entry {
  prog: BpfProgBase | undefined;
  link: CgroupLink | undefined;
  flags: number;
}

/** Programs of one cgroup for one attach type. */
interface ProgList {
  entries: Entry[];
  /** `BPF_F_ALLOW_OVERRIDE`, `BPF_F_ALLOW_MULTI` or 0; 0 for an empty list. */
  flags: number;
  revision: bigint;
}

/** A cgroup that something is or was attached to. */
interface Cgroup {
  readonly key: string;
  readonly id: number;
  path: string;
  readonly lists: Map<number, ProgList>;
  /** Maps that have values for it. */
  storages: CgroupStorageMap[];
  alive: boolean;
}

/** What PROG_ATTACH and LINK_CREATE ask for. */
export interface AttachRequest {
  readonly prog?: BpfProgBase;
  readonly replace?: BpfProgBase;
  readonly link?: CgroupLink;
  readonly attachType: number;
  readonly flags: number;
  /** The entry to go before or after: resolved from relative_fd or relative_id; a number is the errno of that. */
  readonly anchor: Anchor;
  readonly expectedRevision: bigint;
}

/** Where a new entry goes: next to a program or a link, or no particular place. */
export interface Anchor {
  /** A place was named (BPF_F_ID, BPF_F_LINK or a relative_fd). */
  readonly named: boolean;
  /** It is a link (BPF_F_LINK), not a program; only links go next to links. */
  readonly isLink: boolean;
  /** The program or link, or the errno of looking it up; undefined when none was named. */
  readonly object: BpfProgBase | BpfLink | number | undefined;
}

/** What PROG_QUERY tells. */
export interface CgroupQuery {
  readonly flags: number;
  readonly revision: bigint;
  readonly progs: readonly BpfProgBase[];
}

/** The program of an entry. */
function progOfEntry(entry: Entry): BpfProgBase {
  return (entry.link?.prog ?? entry.prog) as BpfProgBase;
}

/** All cgroups with programs of one kernel. */
export class Cgroups {
  readonly #byKey = new Map<string, Cgroup>();
  readonly #byPath = new Map<string, Cgroup>();

  /** Attaches: 0 or -errno (`__cgroup_bpf_attach`). */
  attach(file: ForeignFile, request: AttachRequest): number {
    const { flags, replace, attachType, link } = request;
    const multi = (flags & F.ALLOW_MULTI) !== 0;
    if ((flags & F.ALLOW_OVERRIDE) !== 0 && multi) return -EINVAL;
    if ((flags & F.REPLACE) !== 0 && (!multi || (flags & (F.BEFORE | F.AFTER)) !== 0)) return -EINVAL;
    if ((replace !== undefined) !== ((flags & F.REPLACE) !== 0)) return -EINVAL;
    if (!isCgroupAttach(attachType)) return -EINVAL;
    const cgroup = this.#open(file);
    const list = listOf(cgroup, attachType);
    if (request.expectedRevision !== 0n && request.expectedRevision !== list.revision) return -ESTALE;
    if (!this.#hierarchyAllows(cgroup, attachType)) return -EPERM;
    if (list.entries.length > 0 && list.flags !== (flags & LIST_FLAGS)) return -EPERM;
    if (list.entries.length >= MAX_PROGS) return -E2BIG;
    const entry = findForAttach(list, request, multi);
    if (typeof entry === 'number') return entry;
    if (!makeStorages(cgroup, request.prog ?? link?.prog, attachType)) return -ENOMEM;
    request.prog?.get();
    if (entry !== undefined) {
      const old = entry.prog;
      entry.prog = request.prog;
      entry.link = link;
      entry.flags = flags;
      old?.put();
    } else {
      const error = insert(list, { prog: request.prog, link, flags }, request.anchor);
      if (error < 0) {
        request.prog?.put();
        return error;
      }
    }
    list.flags = flags & LIST_FLAGS;
    list.revision++;
    if (link !== undefined) link.place(this, cgroup);
    return 0;
  }

  /** Detaches a program, or whatever is there from a list of one: 0 or -errno. */
  detach(file: ForeignFile, prog: BpfProgBase | undefined, attachType: number, revision: bigint): number {
    if (!isCgroupAttach(attachType)) return -EINVAL;
    const list = this.#find(file)?.lists.get(attachType) ?? newList();
    if (revision !== 0n && revision !== list.revision) return -ESTALE;
    if ((list.flags & F.ALLOW_MULTI) === 0) {
      const [only] = list.entries;
      return only === undefined ? -ENOENT : removeEntry(list, only);
    }
    if (prog === undefined) return -EINVAL;
    const entry = list.entries.find((candidate) => candidate.prog === prog && candidate.link === undefined);
    return entry === undefined ? -ENOENT : removeEntry(list, entry);
  }

  /** What is attached, or effective (`__cgroup_bpf_query`). */
  query(file: ForeignFile, attachType: number, effective: boolean): CgroupQuery {
    if (effective) return { flags: 0, revision: 0n, progs: this.#effective(file, attachType) };
    const list = this.#find(file)?.lists.get(attachType) ?? newList();
    return { flags: list.flags, revision: list.revision, progs: list.entries.map(progOfEntry) };
  }

  /** The directory was removed: programs are released, links stay without a cgroup (`cgroup_bpf_release`). */
  remove(file: ForeignFile): void {
    const cgroup = this.#byKey.get(keyOf(file));
    if (cgroup !== undefined) this.#drop(cgroup);
  }

  /** Takes a link out of its list (`bpf_cgroup_link_release`). */
  unlink(cgroup: Cgroup, link: CgroupLink): void {
    const list = cgroup.lists.get(link.attachType);
    const entry = list?.entries.find((candidate) => candidate.link === link);
    if (list !== undefined && entry !== undefined) removeEntry(list, entry);
  }

  /** A link got another program (`__cgroup_bpf_replace`). */
  replaced(cgroup: Cgroup, link: CgroupLink): void {
    listOf(cgroup, link.attachType).revision++;
  }

  /** Drops everything, as at the end of the kernel. */
  clear(): void {
    for (const cgroup of [...this.#byKey.values()]) this.#drop(cgroup);
  }

  #drop(cgroup: Cgroup): void {
    cgroup.alive = false;
    for (const map of cgroup.storages) cgroupStorageUnlink(map, BigInt(cgroup.id));
    this.#byKey.delete(cgroup.key);
    if (this.#byPath.get(cgroup.path) === cgroup) this.#byPath.delete(cgroup.path);
    for (const list of cgroup.lists.values()) {
      for (const entry of list.entries) {
        entry.link?.orphan();
        entry.prog?.put();
      }
      list.entries = [];
    }
  }

  #find(file: ForeignFile): Cgroup | undefined {
    return this.#byKey.get(keyOf(file));
  }

  /** The cgroup of a directory, made when new. A path that has another inode now was removed and made again. */
  #open(file: ForeignFile): Cgroup {
    const key = keyOf(file);
    let cgroup = this.#byKey.get(key);
    if (cgroup === undefined) {
      const before = this.#byPath.get(file.path);
      if (before !== undefined) this.#drop(before);
      cgroup = { key, id: file.ino, path: file.path, lists: new Map(), storages: [], alive: true };
      this.#byKey.set(key, cgroup);
    } else if (cgroup.path !== file.path) {
      this.#byPath.delete(cgroup.path);
      cgroup.path = file.path;
    }
    this.#byPath.set(file.path, cgroup);
    return cgroup;
  }

  /** Lists of the ancestors of a path, nearest first. */
  *#ancestors(path: string, attachType: number): Generator<ProgList> {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const list = this.#byPath.get(path.slice(0, end))?.lists.get(attachType);
      if (list !== undefined) yield list;
    }
  }

  /** `hierarchy_allows_attach`: an ancestor's program that may not be overridden forbids any below it. */
  #hierarchyAllows(cgroup: Cgroup, attachType: number): boolean {
    for (const list of this.#ancestors(cgroup.path, attachType)) {
      if ((list.flags & F.ALLOW_MULTI) !== 0) return true;
      if (list.entries.length === 1) return (list.flags & F.ALLOW_OVERRIDE) !== 0;
    }
    return true;
  }

  /**
   * `compute_effective_progs`: own programs, then those of ancestors with BPF_F_ALLOW_MULTI
   * (or the nearest ancestor's when there are none). BPF_F_PREORDER programs come first,
   * the farthest ancestor's foremost.
   */
  #effective(file: ForeignFile, attachType: number): BpfProgBase[] {
    const own = this.#find(file)?.lists.get(attachType);
    const lists = [...(own === undefined ? [] : [own]), ...this.#ancestors(file.path, attachType)];
    let before: BpfProgBase[] = [];
    const after: BpfProgBase[] = [];
    let count = 0;
    for (const list of lists) {
      if (count > 0 && (list.flags & F.ALLOW_MULTI) === 0) continue;
      const level: BpfProgBase[] = [];
      for (const entry of list.entries) {
        if ((entry.flags & F.PREORDER) !== 0) level.push(progOfEntry(entry));
        else after.push(progOfEntry(entry));
        count++;
      }
      before = [...level, ...before];
    }
    return [...before, ...after];
  }
}

function keyOf(file: ForeignFile): string {
  return `${file.dev}:${file.ino}`;
}

/** The values of the maps that a program keeps for each cgroup (`bpf_cgroup_storages_alloc`); false without memory. */
function makeStorages(cgroup: Cgroup, prog: BpfProgBase | undefined, attachType: number): boolean {
  if (!(prog instanceof LoadedProg)) return true;
  for (const map of prog.usedMaps) {
    if (!(map instanceof CgroupStorageMap)) continue;
    if (cgroupStorageLink(map, BigInt(cgroup.id), attachType) === 0) return false;
    const others = cgroup.storages.filter((other) => other !== map && other.refcnt > 0);
    cgroup.storages = [...others, map];
  }
  return true;
}

function newList(): ProgList {
  return { entries: [], flags: 0, revision: 1n };
}

function listOf(cgroup: Cgroup, attachType: number): ProgList {
  let list = cgroup.lists.get(attachType);
  if (list === undefined) {
    list = newList();
    cgroup.lists.set(attachType, list);
  }
  return list;
}

/** The entry an attachment takes over, undefined for a new one, or -errno (`find_attach_entry`). */
function findForAttach(list: ProgList, request: AttachRequest, multi: boolean): Entry | undefined | number {
  if (!multi) return list.entries[0];
  const { prog, replace } = request;
  if (prog !== undefined && prog !== replace && list.entries.some((entry) => entry.prog === prog)) return -EINVAL;
  if (replace === undefined) return undefined;
  return list.entries.find((entry) => entry.prog === replace) ?? -ENOENT;
}

/** Puts a new entry at its place (`insert_pl_to_hlist`): 0 or -errno. */
function insert(list: ProgList, entry: Entry, anchor: Anchor): number {
  const before = (entry.flags & F.BEFORE) !== 0;
  const after = (entry.flags & F.AFTER) !== 0;
  if (anchor.named) {
    if (before === after || anchor.isLink !== (entry.link !== undefined)) return -EINVAL;
  } else if (list.entries.length > 0 && before && after) return -EINVAL;
  const { object } = anchor;
  if (typeof object === 'number') return object;
  if (object === undefined) {
    if (before) list.entries.unshift(entry);
    else list.entries.push(entry);
    return 0;
  }
  const at = list.entries.findIndex((candidate) => (anchor.isLink ? candidate.link : candidate.prog) === object);
  const neighbour = list.entries[at];
  if (neighbour === undefined) return -ENOENT;
  if ((neighbour.flags & F.PREORDER) !== (entry.flags & F.PREORDER)) return -EINVAL;
  list.entries.splice(before ? at : at + 1, 0, entry);
  return 0;
}

function removeEntry(list: ProgList, entry: Entry): number {
  list.entries.splice(list.entries.indexOf(entry), 1);
  list.revision++;
  if (list.entries.length === 0) list.flags = 0;
  entry.link?.orphan();
  entry.prog?.put();
  return 0;
}

/** A link on a cgroup (`struct bpf_cgroup_link`). */
export class CgroupLink extends BpfLink {
  readonly linkType = BPF_LINK_TYPE.CGROUP;
  #cgroups: Cgroups | undefined;
  #cgroup: Cgroup | undefined;

  /** It is in the list of a cgroup now. */
  place(cgroups: Cgroups, cgroup: Cgroup): void {
    this.#cgroups = cgroups;
    this.#cgroup = cgroup;
  }

  /** Its cgroup is gone, or it was taken out of the list. */
  orphan(): void {
    this.#cgroup = undefined;
  }

  override update(program: BpfProgBase, old: BpfProgBase | undefined): number {
    if (this.#cgroup === undefined) return -ENOLINK;
    if (old !== undefined && this.prog !== old) return -EPERM;
    if (program.type !== this.prog.type) return -EINVAL;
    this.exchange(program);
    this.#cgroups?.replaced(this.#cgroup, this);
    return 0;
  }

  override detach(): number {
    this.end();
    return 0;
  }

  override fillInfo(info: UserStruct): number {
    info.setU64(LINK_INFO.at['cgroup.cgroup_id'], BigInt(this.#cgroup?.id ?? 0));
    info.setU32(LINK_INFO.at['cgroup.attach_type'], this.attachType);
    return 0;
  }

  override fdinfo(): string {
    return `cgroup_id:\t${this.#cgroup?.id ?? 0}\nattach_type:\t${this.attachType}\n`;
  }

  protected override end(): void {
    const cgroup = this.#cgroup;
    this.#cgroup = undefined;
    if (cgroup?.alive === true) this.#cgroups?.unlink(cgroup, this);
  }
}
