/**
 * Following BTF: what lies at an offset of a struct, which pointers found there may be
 * trusted, whether one struct begins with another (`btf_struct_walk` and its users).
 */
import { BTF_KIND, type Btf, type BtfType } from '../../btf/btf.ts';
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { EACCES, EFAULT, EINVAL, ENOTSUPP, EPERM } from '../../uapi/errno.ts';
import { writableFields } from '../progtypes/writable.ts';
import { fieldName } from './access.ts';
import { isStruct, skipMods } from './btfwalk.ts';
import { checkKernelWrite } from './btfwrite.ts';
import type { Env } from './env.ts';
import {
  MEM_ALLOC,
  MEM_PERCPU,
  MEM_RCU,
  MEM_RDONLY,
  MEM_USER,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TO_MEM,
  PTR_TRUSTED,
  PTR_UNTRUSTED,
  SCALAR_VALUE,
  typeFlag,
  typeMayBeNull,
} from './flags.ts';
import { typeSize } from './ldimm64.ts';
import { typeIsNonOwningRef } from './print.ts';
import { ZERO } from './range.ts';
import { isTrustedReg, markUnknown } from './regs.ts';
import { Reg } from './state.ts';

const WALK_SCALAR = 0;
const WALK_PTR = 1;
const WALK_PTR_UNTRUSTED = 2;
const WALK_STRUCT = 3;

/** What a walk found. */
interface Walk {
  id: number;
  flag: number;
  field: string;
}

/** A name as messages have it (`__btf_name_by_offset`). */
function shownName(of: { readonly name: string }): string {
  return of.name === '' ? '(anon)' : of.name;
}

function walkStruct(env: Env, btf: Btf, start: BtfType, off: number, size: number, out: Walk): number {
  let t = start;
  again: for (let depth = 0; depth < 64; depth++) {
    const name = shownName(t);
    if (!isStruct(t)) {
      env.verbose(`Type '${name}' is not a struct\n`);
      return -EINVAL;
    }
    if (t.kind === BTF_KIND.UNION && t.vlen !== 1) out.flag |= PTR_UNTRUSTED;
    if (off + size > t.size) {
      const last = t.members[t.members.length - 1];
      const array = last === undefined ? undefined : skipMods(btf, last.type);
      const moff = last === undefined ? 0 : last.bitOffset >>> 3;
      if (array !== undefined && array.kind === BTF_KIND.ARRAY && array.nelems === 0 && off >= moff) {
        const elem = skipMods(btf, array.type);
        if (elem.kind === BTF_KIND.INT) return WALK_SCALAR;
        if (isStruct(elem) && elem.size > 0) {
          off = (off - moff) % elem.size;
          t = elem;
          continue;
        }
      }
      env.verbose(`access beyond struct ${name} at off ${off} size ${size}\n`);
      return -EACCES;
    }
    for (const member of t.members) {
      let moff = member.bitOffset >>> 3;
      if (off + size <= moff) break;
      if (member.bitfieldSize !== 0) {
        const endByte = (member.bitOffset + member.bitfieldSize + 7) >>> 3;
        if (off <= moff && endByte <= off + size) return WALK_SCALAR;
        continue;
      }
      if (off < moff) break;
      let mtype = skipMods(btf, member.type);
      let msize = typeSize(btf, member.type);
      if (msize < 0) {
        env.verbose(`field ${shownName(member)} doesn't have size\n`);
        return -EFAULT;
      }
      const end = moff + msize;
      if (off >= end) continue;
      if (mtype.kind === BTF_KIND.ARRAY) {
        let total = 1;
        while (mtype.kind === BTF_KIND.ARRAY) {
          total *= mtype.nelems;
          mtype = skipMods(btf, mtype.type);
        }
        msize /= total;
        moff += Math.floor((off - moff) / msize) * msize;
      }
      if (isStruct(mtype)) {
        t = mtype;
        if (off === moff) {
          out.id = mtype.id;
          return WALK_STRUCT;
        }
        off -= moff;
        continue again;
      }
      if (mtype.kind === BTF_KIND.PTR) {
        if (msize !== size || off !== moff) {
          env.verbose(
            `cannot access ptr member ${shownName(member)} with moff ${moff} in struct ${name} with off ${off} size ${size}\n`,
          );
          return -EACCES;
        }
        const tag = btf.type(mtype.type);
        let tagFlag = 0;
        if (tag !== undefined && tag.kind === BTF_KIND.TYPE_TAG && !tag.kindFlag) {
          if (tag.name === 'user') tagFlag = MEM_USER;
          else if (tag.name === 'percpu') tagFlag = MEM_PERCPU;
          else if (tag.name === 'rcu') tagFlag = MEM_RCU;
        }
        const target = skipMods(btf, mtype.type);
        if (isStruct(target)) {
          out.id = target.id;
          out.flag |= tagFlag;
          out.field = member.name;
          return WALK_PTR;
        }
        return WALK_PTR_UNTRUSTED;
      }
      // What an untrusted union holds may be read through any of its members.
      if (off + size > end && (out.flag & PTR_UNTRUSTED) === 0) {
        env.verbose(
          `access beyond the end of member ${shownName(member)} (mend:${end}) in struct ${name} with off ${off} size ${size}\n`,
        );
        return -EACCES;
      }
      return WALK_SCALAR;
    }
    env.verbose(`struct ${name} doesn't have field at offset ${off}\n`);
    return -EINVAL;
  }
  return -EINVAL;
}

function typeIsAlloc(type: number): boolean {
  return (type & MEM_ALLOC) !== 0;
}

/** Register type a read gives, or -errno (`btf_struct_access`). */
function structAccess(env: Env, reg: Reg, off: number, size: number, out: Walk): number {
  const btf = reg.btf!;
  if (typeIsAlloc(reg.type)) {
    const record = btf.structMetas.get(reg.btfId);
    for (const field of record?.fields ?? []) {
      if (off < field.offset + field.size && field.offset < off + size) {
        env.verbose(`direct access to ${fieldName(field)} is disallowed\n`);
        return -EACCES;
      }
    }
  }
  let t = btf.type(reg.btfId)!;
  for (;;) {
    const err = walkStruct(env, btf, t, off, size, out);
    switch (err) {
      case WALK_PTR:
        return typeIsAlloc(reg.type) ? SCALAR_VALUE : PTR_TO_BTF_ID;
      case WALK_PTR_UNTRUSTED:
        out.flag = MEM_RDONLY | PTR_UNTRUSTED;
        return PTR_TO_MEM;
      case WALK_SCALAR:
        return SCALAR_VALUE;
      case WALK_STRUCT:
        t = btf.type(out.id)!;
        off = 0;
        break;
      default:
        return err;
    }
  }
}

/** Whether the object at `off` of a struct is, or begins with, the wanted struct (`btf_struct_ids_match`). */
export function structIdsMatch(
  env: Env,
  btf: Btf,
  id: number,
  off: number,
  needBtf: Btf,
  needId: number,
  strict: boolean,
): boolean {
  if (off === 0 && btf === needBtf && id === needId) return true;
  if (strict) return false;
  const out: Walk = { id, flag: 0, field: '' };
  for (let depth = 0; depth < 64; depth++) {
    const t = btf.type(out.id);
    if (t === undefined || walkStruct(env, btf, t, off, 1, out) !== WALK_STRUCT) return false;
    if (btf === needBtf && out.id === needId) return true;
    off = 0;
  }
  return false;
}

/** Fields whose pointers stay what their struct is: trusted, or protected by RCU (`BTF_TYPE_SAFE_*`). */
const SAFE_TRUSTED = fields({
  bpf_iter_meta: ['seq'],
  bpf_iter__task: ['meta', 'task'],
  linux_binprm: ['file'],
  file: ['f_inode'],
});
const SAFE_TRUSTED_OR_NULL = fields({
  socket: ['sk'],
  dentry: ['d_inode'],
  vm_area_struct: ['vm_mm', 'vm_file'],
});
const SAFE_RCU = fields({
  task_struct: ['cpus_ptr', 'cgroups', 'real_parent', 'group_leader'],
  cgroup: ['kn'],
  css_set: ['dfl_cgrp'],
  cgroup_subsys_state: ['cgroup'],
});
const SAFE_RCU_OR_NULL = fields({
  mm_struct: ['exe_file'],
  sk_buff: ['sk'],
  request_sock: ['sk'],
});

function fields(of: Record<string, readonly string[]>): ReadonlySet<string> {
  return new Set(Object.entries(of).flatMap(([struct, names]) => names.map((n) => `${struct}.${n}`)));
}

/** In a section where RCU-protected objects stay. */
export function inRcuCs(env: Env): boolean {
  const state = env.cur!;
  return state.activeRcuLock > 0 || state.activeLocks > 0 || !inSleepable(env);
}

export function inSleepable(env: Env): boolean {
  return env.sleepable || env.cur!.inSleepable;
}

const TRUST_FLAGS = PTR_TRUSTED | MEM_RCU;

function walkedFlags(env: Env, reg: Reg, field: string, flag: number): number {
  const name = `${reg.btf!.type(reg.btfId)?.name}.${field}`;
  if ((typeFlag(reg.type) & PTR_UNTRUSTED) !== 0) return PTR_UNTRUSTED;
  if (!isTrustedReg(reg) && (reg.type & MEM_RCU) === 0) return flag & ~TRUST_FLAGS;
  if (SAFE_TRUSTED.has(name)) return flag | PTR_TRUSTED;
  if (SAFE_TRUSTED_OR_NULL.has(name)) return flag | PTR_TRUSTED | PTR_MAYBE_NULL;
  if (!inRcuCs(env) || typeMayBeNull(reg.type)) return PTR_UNTRUSTED;
  if (SAFE_RCU.has(name)) return flag | MEM_RCU;
  if ((flag & MEM_RCU) !== 0 || SAFE_RCU_OR_NULL.has(name)) {
    flag |= MEM_RCU | PTR_MAYBE_NULL;
    return SAFE_RCU_OR_NULL.has(name) ? flag & ~PTR_UNTRUSTED : flag;
  }
  return (flag & (MEM_PERCPU | MEM_USER)) !== 0 ? flag : flag & ~TRUST_FLAGS;
}

/** The destination of a load of a pointer or number (`mark_btf_ld_reg`). */
export function markBtfLoad(env: Env, reg: Reg, type: number, btf: Btf, id: number, flag: number): void {
  if (type === SCALAR_VALUE) {
    markUnknown(env, reg);
    return;
  }
  reg.reset();
  reg.range = ZERO;
  reg.type = type | flag;
  if (type === PTR_TO_BTF_ID) {
    reg.btf = btf;
    reg.btfId = id;
    if (typeMayBeNull(flag)) reg.id = env.nextId();
  }
}

/** Structs of the kernel of which some fields may be written (`btf_struct_access` of the networking types). */
export function checkBtfAccess(
  env: Env,
  reg: Reg,
  regno: number,
  off: number,
  size: number,
  write: boolean,
  dst: Reg | undefined,
): number {
  const btf = reg.btf!;
  const name = btf.type(reg.btfId)?.name ?? '';
  if (!env.allowPtrLeaks) {
    env.verbose(`'struct ${name}' access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN\n`);
    return -EPERM;
  }
  if (!env.input.gplCompatible && btf.isKernel) {
    env.verbose(`Cannot access kernel 'struct ${name}' from non-GPL compatible program\n`);
    return -EINVAL;
  }
  if (off < 0) {
    env.verbose(`R${regno} is ptr_${name} invalid negative access: off=${off}\n`);
    return -EACCES;
  }
  const { bits } = reg.range;
  if (!bits.isConst || bits.value !== 0n) {
    env.verbose(`R${regno} is ptr_${name} invalid variable offset: off=${off}, var_off=${bits}\n`);
    return -EACCES;
  }
  if ((reg.type & MEM_USER) !== 0) {
    env.verbose(`R${regno} is ptr_${name} access user memory: off=${off}\n`);
    return -EACCES;
  }
  if ((reg.type & MEM_PERCPU) !== 0) {
    env.verbose(`R${regno} is ptr_${name} access percpu memory: off=${off}\n`);
    return -EACCES;
  }
  const allocObject = typeIsAlloc(reg.type) && (reg.type & PTR_UNTRUSTED) === 0;
  if (write && !typeIsAlloc(reg.type)) {
    const rules = env.structOps?.writable ?? writableFields(env.progType);
    if (rules !== undefined) return checkKernelWrite(env, rules, reg, off, size);
  }
  if (write && !allocObject) {
    env.verbose('only read is supported\n');
    return -EACCES;
  }
  if (typeIsAlloc(reg.type) && !typeIsNonOwningRef(reg.type) && (reg.type & MEM_RCU) === 0 && reg.refObjId === 0) {
    env.verbose('verifier bug: ref_obj_id for allocated object must be non-zero\n');
    return -EFAULT;
  }
  const out: Walk = { id: 0, flag: 0, field: '' };
  const type = structAccess(env, reg, off, size, out);
  if (type < 0) return type;
  if (write || dst === undefined) return 0;
  const flag = type === PTR_TO_BTF_ID ? walkedFlags(env, reg, out.field, out.flag) : out.flag;
  markBtfLoad(env, dst, type, btf, out.id, flag);
  return 0;
}

/** Structs behind map pointers, by map type (`map_btf_id`). */
const MAP_STRUCT: ReadonlyMap<number, string> = new Map<number, string>([
  [BPF_MAP_TYPE.HASH, 'bpf_htab'],
  [BPF_MAP_TYPE.PERCPU_HASH, 'bpf_htab'],
  [BPF_MAP_TYPE.LRU_HASH, 'bpf_htab'],
  [BPF_MAP_TYPE.LRU_PERCPU_HASH, 'bpf_htab'],
  [BPF_MAP_TYPE.HASH_OF_MAPS, 'bpf_htab'],
  [BPF_MAP_TYPE.ARRAY, 'bpf_array'],
  [BPF_MAP_TYPE.PERCPU_ARRAY, 'bpf_array'],
  [BPF_MAP_TYPE.PROG_ARRAY, 'bpf_array'],
  [BPF_MAP_TYPE.PERF_EVENT_ARRAY, 'bpf_array'],
  [BPF_MAP_TYPE.CGROUP_ARRAY, 'bpf_array'],
  [BPF_MAP_TYPE.ARRAY_OF_MAPS, 'bpf_array'],
  [BPF_MAP_TYPE.LPM_TRIE, 'lpm_trie'],
  [BPF_MAP_TYPE.STACK_TRACE, 'bpf_stack_map'],
  [BPF_MAP_TYPE.CGROUP_STORAGE, 'bpf_cgroup_storage_map'],
  [BPF_MAP_TYPE.PERCPU_CGROUP_STORAGE, 'bpf_cgroup_storage_map'],
  [BPF_MAP_TYPE.QUEUE, 'bpf_queue_stack'],
  [BPF_MAP_TYPE.STACK, 'bpf_queue_stack'],
  [BPF_MAP_TYPE.RINGBUF, 'bpf_ringbuf_map'],
  [BPF_MAP_TYPE.USER_RINGBUF, 'bpf_ringbuf_map'],
  [BPF_MAP_TYPE.DEVMAP, 'bpf_dtab'],
  [BPF_MAP_TYPE.DEVMAP_HASH, 'bpf_dtab'],
  [BPF_MAP_TYPE.CPUMAP, 'bpf_cpu_map'],
  [BPF_MAP_TYPE.XSKMAP, 'xsk_map'],
  [BPF_MAP_TYPE.SOCKMAP, 'bpf_stab'],
  [BPF_MAP_TYPE.SOCKHASH, 'bpf_shtab'],
  [BPF_MAP_TYPE.REUSEPORT_SOCKARRAY, 'reuseport_array'],
  [BPF_MAP_TYPE.SK_STORAGE, 'bpf_local_storage_map'],
  [BPF_MAP_TYPE.INODE_STORAGE, 'bpf_local_storage_map'],
  [BPF_MAP_TYPE.TASK_STORAGE, 'bpf_local_storage_map'],
  [BPF_MAP_TYPE.CGRP_STORAGE, 'bpf_local_storage_map'],
  [BPF_MAP_TYPE.BLOOM_FILTER, 'bpf_bloom_filter'],
  [BPF_MAP_TYPE.ARENA, 'bpf_arena'],
]);

/** A load through a map pointer: the kernel's struct of the map (`check_ptr_to_map_access`). */
export function checkMapPtrAccess(
  env: Env,
  reg: Reg,
  regno: number,
  off: number,
  size: number,
  write: boolean,
  dst: Reg | undefined,
): number {
  const btf = env.vmlinuxBtf;
  const struct = MAP_STRUCT.get(reg.map!.mapType);
  if (btf === undefined) {
    env.verbose('map_ptr access not supported without CONFIG_DEBUG_INFO_BTF\n');
    return -ENOTSUPP;
  }
  const id = struct === undefined ? 0 : btf.find(struct, BTF_KIND.STRUCT);
  if (struct === undefined || id === 0) {
    env.verbose(`map_ptr access not supported for map type ${reg.map!.mapType}\n`);
    return -ENOTSUPP;
  }
  if (!env.allowPtrLeaks) {
    env.verbose(`'struct ${struct}' access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN\n`);
    return -EPERM;
  }
  if (off < 0) {
    env.verbose(`R${regno} is ${struct} invalid negative access: off=${off}\n`);
    return -EACCES;
  }
  if (write) {
    env.verbose(`only read from ${struct} is supported\n`);
    return -EACCES;
  }
  const view = new Reg();
  view.type = PTR_TO_BTF_ID;
  view.btf = btf;
  view.btfId = id;
  const out: Walk = { id: 0, flag: 0, field: '' };
  const type = structAccess(env, view, off, size, out);
  if (type < 0) return type;
  if (dst !== undefined) markBtfLoad(env, dst, type, btf, out.id, out.flag);
  return 0;
}
