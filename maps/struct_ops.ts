/**
 * BPF_MAP_TYPE_STRUCT_OPS: one value that stands for a structure of operations, each
 * a program; putting the value in registers it (source: behaviour of
 * kernel/bpf/bpf_struct_ops.c, asked of 6.18).
 *
 * What there is to register comes from the kernel's BTF: `tcp_congestion_ops` keeps
 * its bookkeeping (names are unique), `bpf_dummy_ops` refuses as it does there.
 *
 * The value begins with a reference count and a state; a reader sees the ids of the
 * programs where the writer gave descriptors.
 */
import type { KernelEnv } from '../base/env.ts';
import type { BpfProgBase } from '../base/prog.ts';
import { BTF_KIND, type Btf, type BtfMember } from '../btf/btf.ts';
import { showValue } from '../btf/show.ts';
import { BPF_F_MAP, BPF_MAP_TYPE, BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EBUSY, EEXIST, EINPROGRESS, EINVAL, ENOENT, ENOMEM, ENOTSUP, ENOTSUPP } from '../uapi/errno.ts';
import { progOfFd } from './fd_object.ts';
import { BpfMap, type MapCreateAttr, type MapOps, type MapSyscall } from './map.ts';

/** `enum bpf_struct_ops_state`. */
const STATE = { INIT: 0, INUSE: 1, TOBEFREE: 2, READY: 3 } as const;
/** Where the value's common part has its count and state, and its size. */
const REFCNT = 0;
const STATE_AT = 4;
const COMMON_SIZE = 8;

/** Accounting: struct bpf_struct_ops_map without the value, a page of trampolines, two pointers a function. */
const MAP_SIZE = 512 - 64;
const PAGE_SIZE = 4096;

/** What one kind of structure asks of a value. */
export interface Registry {
  readonly name: string;
  /** Checks a member that is no program: 1 when that settles it, 0 to go on, or -errno. */
  initMember(map: StructOpsMap, member: Member): number;
  /** Whether the whole can be registered: 0 or -errno. */
  validate(map: StructOpsMap): number;
  register(map: StructOpsMap): number;
  /** Registers `map` where `old` is: 0 or -errno. */
  replace(map: StructOpsMap, old: StructOpsMap): number;
  unregister(map: StructOpsMap): void;
}

/** One member of the structure, by its place in the value. */
interface Member {
  readonly name: string;
  readonly index: number;
  readonly offset: number;
  readonly size: number;
  /** It holds a program. */
  readonly isFunc: boolean;
}

/** The structure that a map is for. */
interface Layout {
  readonly btf: Btf;
  readonly valueTypeId: number;
  readonly typeId: number;
  readonly size: number;
  readonly members: readonly Member[];
  readonly registry: Registry;
}

/** One struct_ops map. */
export class StructOpsMap extends BpfMap {
  readonly ops = structOpsMapOps;
  readonly layout: Layout;
  /** The value as readers get it. */
  value: number;
  state: number = STATE.INIT;
  programs: BpfProgBase[] = [];

  constructor(env: KernelEnv, attr: MapCreateAttr, layout: Layout) {
    super(env, attr);
    this.layout = layout;
    this.value = this.addr === 0 ? 0 : env.arena.alloc(attr.valueSize);
  }

  /** The program in the member of this name, as the value has it: 0 for none. */
  slot(name: string): number {
    const member = this.layout.members.find((one) => one.name === name);
    return member === undefined ? 0 : Number(this.env.arena.view.getBigUint64(this.value + member.offset, true));
  }
}

/** Whether a map's structure waits for a link (`bpf_struct_ops_valid_to_reg`). */
export function isReady(map: BpfMap): map is StructOpsMap {
  return map instanceof StructOpsMap && (map.mapFlags & BPF_F_MAP.LINK) !== 0 && map.state === STATE.READY;
}

/** Names of congestion controls in use, by kernel. */
const CONGESTION_NAMES = new WeakMap<KernelEnv, Set<string>>();
const TCP_CONG_FLAGS = 3;

function congestionNames(env: KernelEnv): Set<string> {
  let names = CONGESTION_NAMES.get(env);
  if (names === undefined) {
    names = new Set(['reno', 'cubic']);
    CONGESTION_NAMES.set(env, names);
  }
  return names;
}

/** `bpf_obj_name_cpy`: letters, digits, `_` and `.`, and NULs after it; empty when it is none. */
function objName(map: StructOpsMap, member: Member): string {
  const bytes = map.env.arena.u8.subarray(map.value + member.offset, map.value + member.offset + member.size);
  const end = bytes.indexOf(0);
  const name = String.fromCharCode(...bytes.subarray(0, end === -1 ? 0 : end));
  return /^[A-Za-z0-9_.]+$/.test(name) && bytes.subarray(end).every((byte) => byte === 0) ? name : '';
}

function congestionName(map: StructOpsMap): string {
  const member = map.layout.members.find((one) => one.name === 'name');
  return member === undefined ? '' : objName(map, member);
}

/** `struct tcp_congestion_ops` (net/ipv4/bpf_tcp_ca.c, tcp_register_congestion_control). */
const TCP_CONGESTION: Registry = {
  name: 'tcp_congestion_ops',
  initMember(map, member) {
    if (member.name === 'flags')
      return (map.env.arena.view.getUint32(map.value + member.offset, true) & ~TCP_CONG_FLAGS) === 0 ? 1 : -EINVAL;
    if (member.name !== 'name') return 0;
    return objName(map, member) === '' ? -EINVAL : 1;
  },
  validate(map) {
    const acts = map.slot('cong_avoid') !== 0 || map.slot('cong_control') !== 0;
    return map.slot('ssthresh') !== 0 && map.slot('undo_cwnd') !== 0 && acts ? 0 : -EINVAL;
  },
  register(map) {
    const names = congestionNames(map.env);
    const name = congestionName(map);
    if (names.has(name)) return -EEXIST;
    names.add(name);
    return 0;
  },
  replace(map, old) {
    return congestionName(map) === congestionName(old) ? 0 : -EINVAL;
  },
  unregister(map) {
    congestionNames(map.env).delete(congestionName(map));
  },
};

/** `struct bpf_dummy_ops` (net/bpf/bpf_dummy_struct_ops.c): for test runs only. */
const DUMMY: Registry = {
  name: 'bpf_dummy_ops',
  initMember: () => -ENOTSUP,
  validate: () => 0,
  register: () => -ENOTSUP,
  replace: () => -ENOTSUP,
  unregister: () => {},
};

const REGISTRIES = [TCP_CONGESTION, DUMMY];

/** The structure whose value has this type, or undefined (`bpf_struct_ops_find_value`). */
function findLayout(btf: Btf, valueTypeId: number): Layout | undefined {
  const value = btf.type(valueTypeId);
  const registry = REGISTRIES.find((one) => value?.name === `bpf_struct_ops_${one.name}`);
  const data = value?.members.find((member) => member.name === 'data');
  if (value?.kind !== BTF_KIND.STRUCT || registry === undefined || data === undefined) return undefined;
  const typeId = btf.skipModifiers(data.type);
  const type = btf.type(typeId);
  if (type?.name !== registry.name) return undefined;
  const base = data.bitOffset / 8;
  const members = type.members.map((member, index) => memberOf(btf, member, index, base));
  return { btf, valueTypeId, typeId, size: value.size, members, registry };
}

function memberOf(btf: Btf, member: BtfMember, index: number, base: number): Member {
  const pointer = btf.type(btf.skipModifiers(member.type));
  const target = pointer?.kind === BTF_KIND.PTR ? btf.type(btf.skipModifiers(pointer.type)) : undefined;
  return {
    name: member.name,
    index,
    offset: base + Math.floor(member.bitOffset / 8),
    size: btf.typeIdSize(member.type)?.size ?? 0,
    isFunc: target?.kind === BTF_KIND.FUNC_PROTO,
  };
}

function isZero(map: BpfMap, at: number, size: number): boolean {
  const { u8 } = map.env.arena;
  for (let i = 0; i < size; i++) if (u8[at + i] !== 0) return false;
  return true;
}

/** Whether nothing is written between the members (`check_zero_holes`). */
function holesAreZero(map: StructOpsMap, value: number): boolean {
  const { members, size } = map.layout;
  let end = COMMON_SIZE;
  for (const member of members) {
    if (!isZero(map, value + end, member.offset - end)) return false;
    end = member.offset + member.size;
  }
  return isZero(map, value + end, size - end);
}

function dropPrograms(map: StructOpsMap): void {
  for (const program of map.programs) program.put();
  map.programs = [];
}

/** Takes the value in, turning descriptors into ids: 0 or -errno, the map then being as it was made. */
function takeValue(map: StructOpsMap, value: number, sys: MapSyscall): number {
  const { arena } = map.env;
  const { registry, members, size, typeId } = map.layout;
  arena.copy(map.value, value, size);
  for (const member of members) {
    const at = map.value + member.offset;
    if (member.name === 'owner') {
      if (!isZero(map, at, member.size)) return -EINVAL;
      continue;
    }
    const settled = registry.initMember(map, member);
    if (settled < 0) return settled;
    if (settled > 0) continue;
    if (!member.isFunc) {
      if (!isZero(map, at, member.size)) return -EINVAL;
      continue;
    }
    const fd = arena.view.getInt32(at, true);
    if (fd === 0) continue;
    const prog = progOfFd(sys, fd);
    if (typeof prog === 'number') return prog;
    const fits =
      prog.type === BPF_PROG_TYPE.STRUCT_OPS &&
      prog.attachFuncProto === typeId &&
      prog.expectedAttachType === member.index;
    if (!fits) return -EINVAL;
    prog.get();
    map.programs.push(prog);
    arena.view.setBigUint64(at, BigInt(prog.id), true);
  }
  const invalid = registry.validate(map);
  if (invalid < 0) return invalid;
  if ((map.mapFlags & BPF_F_MAP.LINK) !== 0) {
    map.state = STATE.READY;
    return 0;
  }
  const err = registry.register(map);
  if (err < 0) return err;
  // What is registered keeps the map.
  map.get();
  map.state = STATE.INUSE;
  return 0;
}

/** Copies the value as readers get it, with count and state. */
function readValue(map: StructOpsMap, to: number): void {
  const { arena } = map.env;
  if (map.state === STATE.INIT) {
    arena.zero(to, map.layout.size);
    return;
  }
  arena.copy(to, map.value, map.layout.size);
  arena.view.setUint32(to + REFCNT, Math.max(map.refcnt - map.usercnt, 0), true);
  arena.view.setUint32(to + STATE_AT, map.state, true);
}

function keyOf(map: BpfMap, key: number): number {
  return map.env.arena.view.getUint32(key, true);
}

/** BPF_MAP_TYPE_STRUCT_OPS. */
export const structOpsMapOps: MapOps = {
  type: BPF_MAP_TYPE.STRUCT_OPS,
  allocCheck(attr) {
    const flags = BPF_F_MAP.LINK | BPF_F_MAP.VTYPE_BTF_OBJ_FD;
    const wrong = attr.keySize !== 4 || attr.maxEntries !== 1 || (attr.mapFlags & ~flags) !== 0;
    return wrong || (attr.btfVmlinuxValueTypeId ?? 0) === 0 ? -EINVAL : 0;
  },
  alloc(attr, env) {
    const ofModule = (attr.mapFlags & BPF_F_MAP.VTYPE_BTF_OBJ_FD) !== 0;
    const layout =
      attr.vmlinux === undefined || ofModule ? undefined : findLayout(attr.vmlinux, attr.btfVmlinuxValueTypeId ?? 0);
    if (layout === undefined) return -ENOTSUPP;
    if (attr.valueSize !== layout.size) return -EINVAL;
    const map = new StructOpsMap(env, attr, layout);
    if (map.value !== 0) return map;
    map.putUser();
    return -ENOMEM;
  },
  free(map) {
    const ops = map as StructOpsMap;
    dropPrograms(ops);
    ops.env.arena.free(ops.value, ops.layout.size);
  },
  nextKey(map, key, next) {
    if (key !== 0 && keyOf(map, key) === 0) return -ENOENT;
    map.env.arena.view.setUint32(next, 0, true);
    return 0;
  },
  sysLookup(map, key, value) {
    if (keyOf(map, key) !== 0) return -ENOENT;
    readValue(map as StructOpsMap, value);
    return 0;
  },
  sysUpdate(map, key, value, flags, sys) {
    const ops = map as StructOpsMap;
    if (flags !== 0) return -EINVAL;
    if (keyOf(map, key) !== 0) return -E2BIG;
    if (!holesAreZero(ops, value) || !isZero(map, value, COMMON_SIZE)) return -EINVAL;
    if (ops.state !== STATE.INIT) return -EBUSY;
    const err = takeValue(ops, value, sys);
    if (err < 0) {
      dropPrograms(ops);
      map.env.arena.zero(ops.value, ops.layout.size);
    }
    return err;
  },
  sysRemove(map) {
    // The kernel does not look at the key here.
    const ops = map as StructOpsMap;
    if ((map.mapFlags & BPF_F_MAP.LINK) !== 0) return -ENOTSUP;
    if (ops.state === STATE.TOBEFREE) return -EINPROGRESS;
    if (ops.state !== STATE.INUSE) return -ENOENT;
    ops.state = STATE.TOBEFREE;
    ops.layout.registry.unregister(ops);
    map.put();
    return 0;
  },
  showElem(map, _key, out) {
    const ops = map as StructOpsMap;
    const copy = map.env.arena.alloc(ops.layout.size);
    if (copy === 0) return;
    readValue(ops, copy);
    showValue(ops.layout.btf, ops.layout.valueTypeId, map.env.arena.u8, copy, out);
    out.text('\n');
    map.env.arena.free(copy, ops.layout.size);
  },
  memUsage(map) {
    const { size, members } = (map as StructOpsMap).layout;
    return MAP_SIZE + size + size + members.filter((member) => member.isFunc).length * 16 + PAGE_SIZE;
  },
};
