/**
 * Links of iterator programs, and the iterators opened from them (`bpf_iter_link_attach`,
 * `bpf_iter_new_fd`, kernel/bpf/bpf_iter.c).
 */
import { BpfObject, FMODE_READ } from '../../base/object.ts';
import type { BpfProgBase } from '../../base/prog.ts';
import { BPF_LINK_TYPE } from '../../uapi/bpf.ts';
import { EFAULT, EINVAL, ENOENT, EPERM } from '../../uapi/errno.ts';
import type { Attr } from '../attr.ts';
import { ITER_CREATE, LINK_CREATE } from '../attr_table.ts';
import type { Caller } from '../caller.ts';
import { linkOf, newFd } from '../fd.ts';
import type { Kernel } from '../kernel.ts';
import { BpfLink, copyName, LINK_INFO } from '../link.ts';
import { LoadedProg } from '../loaded_prog.ts';
import { checkTailZero, type UserStruct } from '../user_struct.ts';
import { CGROUP_TARGET } from './cgroups.ts';
import { MAP_ELEM_TARGET, SK_STORAGE_TARGET, SOCKMAP_TARGET } from './elements.ts';
import { LINK_TARGET, MAP_TARGET, PROG_TARGET } from './objects.ts';
import { EMPTY_TARGETS, KSYM_TARGET } from './others.ts';
import { IterReader, type IterTask } from './reader.ts';
import type { IterAux, IterTarget } from './target.ts';
import { TASK_FILE_TARGET, TASK_TARGET, TASK_VMA_TARGET } from './tasks.ts';

const AT = LINK_CREATE.at;
/** sizeof(union bpf_iter_link_info). */
const LINK_INFO_SIZE = 16;
/** What the functions are called that stand for the targets in the kernel's BTF. */
const FUNC_PREFIX = 'bpf_iter_';

const TARGETS: ReadonlyMap<string, IterTarget> = new Map(
  [
    MAP_TARGET,
    PROG_TARGET,
    LINK_TARGET,
    MAP_ELEM_TARGET,
    SK_STORAGE_TARGET,
    SOCKMAP_TARGET,
    TASK_TARGET,
    TASK_FILE_TARGET,
    TASK_VMA_TARGET,
    CGROUP_TARGET,
    KSYM_TARGET,
    ...EMPTY_TARGETS,
  ].map((target) => [target.name, target]),
);

/** The target a program was loaded for. */
function targetOf(prog: LoadedProg): IterTarget | undefined {
  const func = prog.facts.attachBtf?.type(prog.facts.attachBtfId)?.name ?? '';
  return func.startsWith(FUNC_PREFIX) ? TARGETS.get(func.slice(FUNC_PREFIX.length)) : undefined;
}

/** LINK_CREATE with BPF_TRACE_ITER: the new descriptor, or -errno. */
export function iterLinkCreate(kernel: Kernel, attr: Attr, caller: Caller, prog: BpfProgBase): number {
  if (attr.get(AT.target_fd) !== 0 || attr.get(AT.flags) !== 0) return -EINVAL;
  const uinfo = attr.addr(AT.iter_info);
  const length = attr.get(AT.iter_info_len);
  if ((uinfo === 0) !== (length === 0)) return -EINVAL;
  const info = new Uint8Array(LINK_INFO_SIZE);
  if (uinfo !== 0) {
    const tail = checkTailZero(caller, uinfo, LINK_INFO_SIZE, length);
    if (tail < 0) return tail;
    if (caller.read(uinfo, info.subarray(0, Math.min(length, LINK_INFO_SIZE))) < 0) return -EFAULT;
  }
  const target = prog instanceof LoadedProg ? targetOf(prog) : undefined;
  if (target === undefined || !(prog instanceof LoadedProg)) return -ENOENT;
  if (prog.sleepable && !target.resched) return -EINVAL;
  const aux = target.attach?.(kernel, caller, { words: new Uint32Array(info.buffer) }, prog) ?? {};
  if (typeof aux === 'number') return aux;
  const link = new IterLink(kernel, prog, attr.get(AT.attach_type), target, aux);
  kernel.links.add(link);
  return newFd(caller, link);
}

/** A program that makes text of objects. */
export class IterLink extends BpfLink {
  readonly linkType = BPF_LINK_TYPE.ITER;
  readonly target: IterTarget;
  readonly #kernel: Kernel;
  readonly #aux: IterAux;

  constructor(kernel: Kernel, prog: BpfProgBase, attachType: number, target: IterTarget, aux: IterAux) {
    super(prog, attachType);
    this.#kernel = kernel;
    this.target = target;
    this.#aux = aux;
  }

  /** A new run over the objects; whoever opens it closes it. */
  open(): IterReader {
    return new IterReader(this.#kernel, this.prog, this.target, this.#aux);
  }

  override update(program: BpfProgBase, old: BpfProgBase | undefined): number {
    if (old !== undefined && old !== this.prog) return -EPERM;
    if (program.type !== this.prog.type || program.expectedAttachType !== this.prog.expectedAttachType) return -EINVAL;
    if (program.attachFuncProto !== this.prog.attachFuncProto) return -EINVAL;
    this.exchange(program);
    return 0;
  }

  override fillInfo(info: UserStruct, caller: Caller): number {
    const at = LINK_INFO.at;
    const uname = info.addr(at['iter.target_name']);
    const room = info.u32(at['iter.target_name_len']);
    if ((uname === 0) !== (room === 0)) return -EINVAL;
    info.setU32(at['iter.target_name_len'], this.target.name.length + 1);
    if (uname !== 0) {
      const error = copyName(caller, uname, room, this.target.name);
      if (error < 0) return error;
    }
    const { map, cgroup, tasks } = this.#aux;
    if (map !== undefined) info.setU32(at['iter.map_id'], map.id);
    if (cgroup !== undefined) {
      info.setU64(at['iter.cgroup_id'], BigInt(cgroup.start.id));
      info.setU32(at['iter.order'], cgroup.order);
    }
    if (tasks?.scope === 'TID') info.setU32(at['iter.tid'], tasks.pid);
    if (tasks?.scope === 'PID') info.setU32(at['iter.pid'], tasks.pid);
    return 0;
  }

  override fdinfo(): string {
    return `target_name:\t${this.target.name}\n${this.target.fdinfo?.(this.#aux) ?? ''}`;
  }

  protected override end(): void {
    this.#aux.map?.putUser();
  }
}

/** An open iterator with a descriptor. */
export class IterObject extends BpfObject {
  readonly kind = 'iter';
  readonly reader: IterReader;

  constructor(reader: IterReader) {
    super();
    this.reader = reader;
  }

  /** All it has to say, for a door that gives it away as a whole. */
  content(): Uint8Array {
    return this.reader.readAll();
  }

  /** Reads on. */
  read(out: Uint8Array, task?: IterTask): number {
    return this.reader.read(out, task);
  }

  protected override release(): void {
    this.reader.close();
  }
}

/** ITER_CREATE. */
export function iterCreate(_kernel: Kernel, attr: Attr, caller: Caller): number {
  if (attr.get(ITER_CREATE.at.flags) !== 0) return -EINVAL;
  const link = linkOf(caller, attr.get(ITER_CREATE.at.link_fd));
  if (typeof link === 'number') return link;
  if (!(link instanceof IterLink)) return -EINVAL;
  return newFd(caller, new IterObject(link.open()), FMODE_READ);
}
