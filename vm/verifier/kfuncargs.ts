/**
 * Arguments of kernel functions, by the BTF of their parameters (`check_kfunc_args`,
 * `get_kfunc_ptr_arg_type`).
 */
import { BTF_KIND, type Btf, type BtfField, type BtfType } from '../../btf/btf.ts';
import { BPF_ATTACH_TYPE, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { EACCES, EFAULT, EINVAL } from '../../uapi/errno.ts';
import { CallMeta, checkArgOffset, checkMemReg, checkMemSize, processDynptr } from './args.ts';
import { inSleepable, structIdsMatch } from './btfaccess.ts';
import { isAnyEnum, isStruct, kindStr, skipMods } from './btfwalk.ts';
import { isCtxType, kernelCtxTypeId } from './ctxtype.ts';
import { dynptrReg } from './dynptr.ts';
import type { Env } from './env.ts';
import * as F from './flags.ts';
import { baseType, typeFlag, typeMayBeNull } from './flags.ts';
import { checkConstStr } from './helpers.ts';
import { type IterPlace, processIrqFlag, processIter } from './iter.ts';
import { markNotNull } from './jumps.ts';
import type { KfuncFacts } from './kfuncfacts.ts';
import { typeSize } from './ldimm64.ts';
import { inRbtreeCallback, processMapField, processSpinLock, regRecord } from './locks.ts';
import { markChainPrecision } from './precision.ts';
import { regTypeStr, typeIsNonOwningRef } from './print.ts';
import { findLock } from './refs.ts';
import { curRegs, hasUnsafeModifiers, isTrustedReg } from './regs.ts';
import { isNull } from './stack.ts';
import {
  DYNPTR_LOCAL,
  DYNPTR_RINGBUF,
  DYNPTR_SKB,
  DYNPTR_SKB_META,
  DYNPTR_XDP,
  REF_LOCK_MASK,
  type Reg,
} from './state.ts';
import { KF_RCU, KF_RELEASE, KF_TRUSTED_ARGS, type MapDesc } from './types.ts';

/** What the arguments of a call have told (`struct bpf_kfunc_call_arg_meta`). */
export class KfuncMeta implements IterPlace {
  constantFound = false;
  constant = 0n;
  r0Size = 0;
  r0Readonly = false;
  refObjId = 0;
  releaseRegno = 0;
  owningRef = false;
  subprog = -1;
  argBtf: Btf | undefined = undefined;
  argBtfId = 0;
  retBtfId = 0;
  rootField: BtfField | undefined = undefined;
  dynptrId = 0;
  dynptrType = 0;
  dynptrRef = 0;
  map: MapDesc | undefined = undefined;
  mapUid = 0;
  frame = 0;
  spi = 0;
}

type ArgKind =
  | 'ctx'
  | 'null'
  | 'alloc'
  | 'refcounted'
  | 'dynptr'
  | 'iter'
  | 'list_head'
  | 'list_node'
  | 'rb_root'
  | 'rb_node'
  | 'const_str'
  | 'map'
  | 'wq'
  | 'task_work'
  | 'irq_flag'
  | 'res_spin_lock'
  | 'btf'
  | 'callback'
  | 'mem'
  | 'mem_size';

/** Kernel structs that stand for register types of their own (`reg2btf_ids`). */
const REG_STRUCTS: ReadonlyMap<number, string> = new Map([
  [F.PTR_TO_SOCKET, 'sock'],
  [F.PTR_TO_SOCK_COMMON, 'sock_common'],
  [F.PTR_TO_TCP_SOCK, 'tcp_sock'],
  [F.CONST_PTR_TO_MAP, 'bpf_map'],
]);

const DYNPTR_FLAG: ReadonlyMap<number, number> = new Map([
  [DYNPTR_LOCAL, F.DYNPTR_TYPE_LOCAL],
  [DYNPTR_RINGBUF, F.DYNPTR_TYPE_RINGBUF],
  [DYNPTR_SKB, F.DYNPTR_TYPE_SKB],
  [DYNPTR_XDP, F.DYNPTR_TYPE_XDP],
  [DYNPTR_SKB_META, F.DYNPTR_TYPE_SKB_META],
]);

export function dynptrFlag(type: number): number {
  return DYNPTR_FLAG.get(type) ?? 0;
}

const STRUCT_KINDS: ReadonlyMap<string, ArgKind> = new Map<string, ArgKind>([
  ['bpf_dynptr', 'dynptr'],
  ['bpf_dynptr_kern', 'dynptr'],
  ['bpf_list_head', 'list_head'],
  ['bpf_list_node', 'list_node'],
  ['bpf_rb_root', 'rb_root'],
  ['bpf_rb_node', 'rb_node'],
  ['bpf_wq', 'wq'],
  ['bpf_task_work', 'task_work'],
  ['bpf_res_spin_lock', 'res_spin_lock'],
]);

/** Deepest struct in a struct of numbers. */
const MAX_NESTING = 3;

/** A struct of numbers, and of structs and arrays of them (`__btf_type_is_scalar_struct`). */
export function isScalarStruct(env: Env, btf: Btf, type: BtfType, depth: number): boolean {
  if (!isStruct(type)) return false;
  return type.members.every((member) => {
    let t = skipMods(btf, member.type);
    if (isStruct(t)) {
      if (depth < MAX_NESTING) return isScalarStruct(env, btf, t, depth + 1);
      env.verbose('max struct nesting depth exceeded\n');
      return false;
    }
    if (t.kind === BTF_KIND.ARRAY) {
      if (t.nelems === 0) return false;
      t = skipMods(btf, t.type);
    }
    return t.kind === BTF_KIND.INT || isAnyEnum(t);
  });
}

interface Arg {
  readonly index: number;
  readonly name: string;
  /** Type of the parameter without modifiers, what it points to, and its id. */
  readonly type: BtfType;
  readonly pointee: BtfType;
  readonly reg: Reg;
}

function suffix(name: string | undefined, end: string): boolean {
  return name?.endsWith(end) ?? false;
}

function isSizeArg(facts: KfuncFacts, regs: readonly Reg[], index: number, end: string): boolean {
  const param = facts.proto.params[index];
  if (param === undefined || !suffix(param.name, end)) return false;
  const type = skipMods(facts.btf, param.type);
  return (type.kind === BTF_KIND.INT || isAnyEnum(type)) && regs[index + 1]!.type === F.SCALAR_VALUE;
}

function argKind(env: Env, facts: KfuncFacts, a: Arg): ArgKind | number {
  const { name, pointee, reg, index } = a;
  if (facts.name === 'bpf_cast_to_kern_ctx') return 'ctx';
  if (isCtxType(env.rules, facts.btf, a.type)) return 'ctx';
  if (suffix(name, '__nullable') && isNull(reg)) return 'null';
  if (suffix(name, '__alloc')) return 'alloc';
  if (suffix(name, '__refcounted_kptr')) return 'refcounted';
  const byStruct = isStruct(pointee) ? STRUCT_KINDS.get(pointee.name) : undefined;
  if (byStruct === 'dynptr') return byStruct;
  if (facts.iterNew || facts.iterNext || facts.iterDestroy ? index === 0 : suffix(name, '__iter')) return 'iter';
  if (byStruct === 'list_head' || byStruct === 'list_node' || byStruct === 'rb_root' || byStruct === 'rb_node')
    return byStruct;
  if (suffix(name, '__str')) return 'const_str';
  if (suffix(name, '__map')) return 'map';
  if (byStruct !== undefined && byStruct !== 'res_spin_lock') return byStruct;
  if (suffix(name, '__irq_flag')) return 'irq_flag';
  if (byStruct !== undefined) return byStruct;
  if (baseType(reg.type) === F.PTR_TO_BTF_ID || REG_STRUCTS.has(baseType(reg.type))) {
    if (!isStruct(pointee)) {
      env.verbose(
        `kernel function ${facts.name} args#${index} pointer type ${kindStr(pointee)} ${pointee.name} is not supported\n`,
      );
      return -EINVAL;
    }
    return 'btf';
  }
  if (pointee.kind === BTF_KIND.FUNC_PROTO) return 'callback';
  const regs = curRegs(env);
  const sized = isSizeArg(facts, regs, index + 1, '__sz') || isSizeArg(facts, regs, index + 1, '__szk');
  const scalar = pointee.kind === BTF_KIND.INT || isAnyEnum(pointee) || isScalarStruct(env, facts.btf, pointee, 0);
  if (!scalar && !(sized && pointee.kind === BTF_KIND.UNKN)) {
    const target = pointee.kind === BTF_KIND.UNKN ? 'UNKNOWN' : kindStr(pointee);
    env.verbose(
      `arg#${index} pointer type ${target} ${pointee.name} must point to ${sized ? 'void, ' : ''}scalar, or struct with scalar\n`,
    );
    return -EINVAL;
  }
  return sized ? 'mem_size' : 'mem';
}

function checkScalar(env: Env, facts: KfuncFacts, index: number, name: string, meta: KfuncMeta): number {
  const regno = index + 1;
  const reg = curRegs(env)[regno]!;
  if (reg.type !== F.SCALAR_VALUE) {
    env.verbose(`R${regno} is not a scalar\n`);
    return -EINVAL;
  }
  if (suffix(name, '__k')) {
    if (!reg.range.isConst) {
      env.verbose(`R${regno} must be a known constant\n`);
      return -EINVAL;
    }
    meta.constantFound = true;
    meta.constant = reg.range.bits.value;
    return markChainPrecision(env, regno);
  }
  if (name !== 'rdonly_buf_size' && name !== 'rdwr_buf_size') return 0;
  if (name === 'rdonly_buf_size') meta.r0Readonly = true;
  if (meta.r0Size !== 0) {
    env.verbose(`2 or more rdonly/rdwr_buf_size parameters for kfunc`);
    return -EINVAL;
  }
  if (!reg.range.isConst) {
    env.verbose(`R${regno} is not a const\n`);
    return -EINVAL;
  }
  meta.r0Size = Number(reg.range.bits.value & 0xffffffffn);
  void facts;
  return markChainPrecision(env, regno);
}

/** The pointer is one the function may rely on. */
function checkTrust(env: Env, facts: KfuncFacts, reg: Reg, regno: number): number {
  if ((facts.flags & (KF_TRUSTED_ARGS | KF_RELEASE | KF_RCU)) === 0 || isTrustedReg(reg)) return 0;
  if ((facts.flags & KF_RCU) === 0) {
    env.verbose(`R${regno} must be referenced or trusted\n`);
    return -EINVAL;
  }
  if ((reg.type & F.MEM_RCU) === 0) {
    env.verbose(`R${regno} must be a rcu pointer\n`);
    return -EINVAL;
  }
  return 0;
}

/** Two structs of which one is the other while it is being set up: equal in memory, but not to be mixed (`btf_type_ids_nocast_alias`). */
function isNoCastAlias(a: string, b: string): boolean {
  return a === `${b}___init` || b === `${a}___init`;
}

function checkStruct(env: Env, facts: KfuncFacts, a: Arg, pointee: BtfType): number {
  const { reg, index } = a;
  const base = baseType(reg.type);
  const own = REG_STRUCTS.get(base);
  const unsafe = hasUnsafeModifiers(reg.type) && (reg.type & F.MEM_RCU) === 0;
  if ((base !== F.PTR_TO_BTF_ID || unsafe) && own === undefined) {
    const trusted = typeFlag(reg.type) & (F.MEM_ALLOC | F.PTR_TRUSTED | F.NON_OWN_REF);
    env.verbose(`arg#${index} is ${regTypeStr(reg.type)} expected ${regTypeStr(base | trusted)} or socket\n`);
    return -EINVAL;
  }
  const btf = base === F.PTR_TO_BTF_ID ? reg.btf! : env.vmlinuxBtf!;
  const id = base === F.PTR_TO_BTF_ID ? reg.btfId : btf.find(own ?? '', BTF_KIND.STRUCT);
  const have = skipMods(btf, id);
  const strict = ((facts.flags & KF_RELEASE) !== 0 && reg.refObjId !== 0) || isNoCastAlias(have.name, pointee.name);
  const projection =
    (pointee.name === '__sk_buff' && have.name === 'sk_buff') ||
    (pointee.name === 'xdp_md' && have.name === 'xdp_buff');
  // The comparison may leave a line in the log, also where the answer does not matter.
  if (structIdsMatch(env, btf, id, reg.off, facts.btf, pointee.id, strict) || projection) return 0;
  env.verbose(
    `kernel function ${facts.name} args#${index} expected pointer to ${kindStr(pointee)} ${pointee.name} ` +
      `but R${index + 1} has a pointer to ${kindStr(have)} ${have.name}\n`,
  );
  return -EINVAL;
}

function allocated(env: Env, reg: Reg, index: number): number {
  if (reg.type !== (F.PTR_TO_BTF_ID | F.MEM_ALLOC)) {
    env.verbose(`arg#${index} expected pointer to allocated object\n`);
    return -EINVAL;
  }
  if (reg.refObjId === 0) {
    env.verbose('allocated object must be referenced\n');
    return -EINVAL;
  }
  return 0;
}

/** A list head or tree root, with its lock held. */
function checkRoot(env: Env, reg: Reg, index: number, kind: 'bpf_list_head' | 'bpf_rb_root', meta: KfuncMeta): number {
  const inMap = reg.type === F.PTR_TO_MAP_VALUE;
  if (!inMap && reg.type !== (F.PTR_TO_BTF_ID | F.MEM_ALLOC)) {
    env.verbose(`arg#${index} expected pointer to map value or allocated object\n`);
    return -EINVAL;
  }
  if (!inMap && reg.refObjId === 0) {
    env.verbose('allocated object must be referenced\n');
    return -EINVAL;
  }
  if (!reg.range.isConst) {
    env.verbose(`R${index + 1} doesn't have constant offset. ${kind} has to be at the constant offset\n`);
    return -EINVAL;
  }
  const record = regRecord(reg);
  const off = reg.off + Number(BigInt.asIntN(64, reg.range.bits.value));
  const field = record?.fields.find((f) => f.kind === kind && f.offset === off);
  if (field === undefined) {
    env.verbose(`${kind} not found at offset=${off >>> 0}\n`);
    return -EINVAL;
  }
  const state = env.cur!;
  const ptr: unknown = inMap ? reg.map : reg.btf;
  let held = state.activeLocks > 0;
  if (held && findLock(state, REF_LOCK_MASK, reg.id, ptr) < 0) {
    env.verbose('held lock and object are not in the same allocation\n');
    held = false;
  }
  if (!held) {
    env.verbose(`bpf_spin_lock at off=${record?.spinLockOff} must be held for ${kind}\n`);
    return -EINVAL;
  }
  meta.rootField = field;
  return 0;
}

/** A node of a list or tree of the right kind. */
function checkNode(env: Env, reg: Reg, index: number, kind: 'bpf_list_node' | 'bpf_rb_node', meta: KfuncMeta): number {
  if (!reg.range.isConst) {
    env.verbose(`R${index + 1} doesn't have constant offset. ${kind} has to be at the constant offset\n`);
    return -EINVAL;
  }
  const off = reg.off + Number(BigInt.asIntN(64, reg.range.bits.value));
  if (!regRecord(reg)?.fields.some((f) => f.kind === kind && f.offset === off)) {
    env.verbose(`${kind} not found at offset=${off >>> 0}\n`);
    return -EINVAL;
  }
  const root = meta.rootField;
  if (root === undefined) return -EFAULT;
  const head = kind === 'bpf_list_node' ? 'bpf_list_head' : 'bpf_rb_root';
  const want = root.btf!.type(root.typeId ?? 0)?.name;
  const have = reg.btf!.type(reg.btfId)?.name;
  if (!structIdsMatch(env, reg.btf!, reg.btfId, 0, root.btf!, root.typeId ?? 0, true)) {
    env.verbose(
      `operation on ${head} expects arg#1 ${kind} at offset=${root.nodeOffset} in struct ${want}, but arg is at offset=${off} in struct ${have}\n`,
    );
    return -EINVAL;
  }
  meta.argBtf = reg.btf;
  meta.argBtfId = reg.btfId;
  if (off !== root.nodeOffset) {
    env.verbose(`arg#1 offset=${off}, but expected ${kind} at offset=${root.nodeOffset} in struct ${want}\n`);
    return -EINVAL;
  }
  return 0;
}

function checkDynptr(env: Env, facts: KfuncFacts, a: Arg, insnIdx: number, meta: KfuncMeta): number {
  const { reg, index } = a;
  let type = F.ARG_PTR_TO_DYNPTR;
  let clone = 0;
  if (reg.type === F.CONST_PTR_TO_DYNPTR) type |= F.MEM_RDONLY;
  const uninit = suffix(a.name, '__uninit');
  if (uninit) type |= F.MEM_UNINIT;
  if (facts.name === 'bpf_dynptr_from_skb') type |= F.DYNPTR_TYPE_SKB;
  else if (facts.name === 'bpf_dynptr_from_xdp') type |= F.DYNPTR_TYPE_XDP;
  else if (facts.name === 'bpf_dynptr_from_skb_meta') type |= F.DYNPTR_TYPE_SKB_META;
  else if (facts.name === 'bpf_dynptr_clone' && uninit) {
    type |= dynptrFlag(meta.dynptrType);
    clone = meta.dynptrRef;
  }
  const err = processDynptr(env, index + 1, insnIdx, type, clone);
  if (err < 0 || uninit) return err;
  const from = dynptrReg(env, reg);
  meta.dynptrId = from.id;
  meta.dynptrType = from.num;
  meta.dynptrRef = from.refObjId;
  return 0;
}

/** Memory and its size, read and written. */
function checkSizedMem(env: Env, regno: number): number {
  const mem = curRegs(env)[regno - 1]!;
  const saved = typeMayBeNull(mem.type) ? mem.clone() : undefined;
  if (saved !== undefined) markNotNull(mem);
  const meta = new CallMeta();
  let err = checkMemSize(env, regno, false, true, meta);
  if (err === 0) err = checkMemSize(env, regno, true, true, meta);
  if (saved !== undefined) mem.copyFrom(saved);
  return err;
}

/** Kernel struct of the context, for bpf_cast_to_kern_ctx: its id, or -errno (`get_kern_ctx_btf_id`). */
function kernelCtxId(env: Env): number {
  const id = kernelCtxTypeId(env.rules, env.vmlinuxBtf);
  const type = env.vmlinuxBtf?.type(id);
  if (type !== undefined && isStruct(type)) return id;
  env.verbose(`kern ctx type id ${id} is not a struct\n`);
  return -EINVAL;
}

/** Programs that may walk the tasks of a cgroup (`check_css_task_iter_allowlist`). */
function cssTaskAllowed(env: Env): boolean {
  if (env.progType === BPF_PROG_TYPE.LSM) return true;
  const iterator = env.progType === BPF_PROG_TYPE.TRACING && env.prog.expectedAttachType === BPF_ATTACH_TYPE.TRACE_ITER;
  return iterator || inSleepable(env);
}

function checkPtr(env: Env, facts: KfuncFacts, a: Arg, kind: ArgKind, insnIdx: number, meta: KfuncMeta): number {
  const { reg, index } = a;
  const regno = index + 1;
  switch (kind) {
    case 'ctx':
      if (reg.type !== F.PTR_TO_CTX) {
        env.verbose(`arg#${index} expected pointer to ctx, but got ${regTypeStr(reg.type)}\n`);
        return -EINVAL;
      }
      if (facts.name === 'bpf_cast_to_kern_ctx') {
        const id = kernelCtxId(env);
        if (id < 0) return id;
        meta.retBtfId = id;
      }
      return 0;
    case 'alloc': {
      const percpu = reg.type === (F.PTR_TO_BTF_ID | F.MEM_ALLOC | F.MEM_PERCPU);
      if (percpu && facts.name !== 'bpf_percpu_obj_drop_impl') {
        env.verbose(`arg#${index} expected for bpf_percpu_obj_drop_impl()\n`);
        return -EINVAL;
      }
      if (reg.type === (F.PTR_TO_BTF_ID | F.MEM_ALLOC) && facts.name !== 'bpf_obj_drop_impl') {
        env.verbose(`arg#${index} expected for bpf_obj_drop_impl()\n`);
        return -EINVAL;
      }
      if (!percpu) {
        const err = allocated(env, reg, index);
        if (err < 0) return err;
      }
      meta.argBtf = reg.btf;
      meta.argBtfId = reg.btfId;
      return 0;
    }
    case 'dynptr':
      return checkDynptr(env, facts, a, insnIdx, meta);
    case 'iter':
      if (facts.name === 'bpf_iter_css_task_new' && !cssTaskAllowed(env)) {
        env.verbose('css_task_iter is only allowed in bpf_lsm, bpf_iter and sleepable progs\n');
        return -EINVAL;
      }
      return processIter(env, regno, insnIdx, facts, meta);
    case 'list_head':
      return checkRoot(env, reg, index, 'bpf_list_head', meta);
    case 'rb_root':
      return checkRoot(env, reg, index, 'bpf_rb_root', meta);
    case 'list_node': {
      const err = allocated(env, reg, index);
      return err < 0 ? err : checkNode(env, reg, index, 'bpf_list_node', meta);
    }
    case 'rb_node':
      if (facts.name === 'bpf_rbtree_add_impl') {
        const err = allocated(env, reg, index);
        if (err < 0) return err;
      } else {
        if (!typeIsNonOwningRef(reg.type) && reg.refObjId === 0) {
          env.verbose(`${facts.name} can only take non-owning or refcounted bpf_rb_node pointer\n`);
          return -EINVAL;
        }
        if (inRbtreeCallback(env)) {
          env.verbose(`${facts.name} not allowed in rbtree cb\n`);
          return -EINVAL;
        }
      }
      return checkNode(env, reg, index, 'bpf_rb_node', meta);
    case 'map': {
      const btf = env.vmlinuxBtf!;
      return checkStruct(env, facts, a, btf.type(btf.find('bpf_map', BTF_KIND.STRUCT))!);
    }
    case 'btf':
      return checkStruct(env, facts, a, a.pointee);
    case 'mem': {
      const size = typeSize(facts.btf, a.type.type);
      if (size < 0) {
        env.verbose(
          `arg#${index} reference type('${kindStr(a.pointee)} ${a.pointee.name}') size cannot be determined: ${size}\n`,
        );
        return -EINVAL;
      }
      return checkMemReg(env, regno, size);
    }
    case 'mem_size': {
      const sizeReg = curRegs(env)[regno + 1]!;
      if (!isNull(reg) || !suffix(a.name, '__opt')) {
        const err = checkSizedMem(env, regno + 1);
        if (err < 0) {
          env.verbose(`arg#${index} arg#${index + 1} memory, len pair leads to invalid memory access\n`);
          return err;
        }
      }
      if (isSizeArg(facts, curRegs(env), index + 1, '__szk')) {
        if (!sizeReg.range.isConst) {
          env.verbose(`R${regno + 1} must be a known constant\n`);
          return -EINVAL;
        }
        meta.constantFound = true;
        meta.constant = sizeReg.range.bits.value;
      }
      return 0;
    }
    case 'callback':
      if (reg.type !== F.PTR_TO_FUNC) {
        env.verbose(`arg${index} expected pointer to func\n`);
        return -EINVAL;
      }
      meta.subprog = reg.num;
      return 0;
    case 'refcounted': {
      if ((reg.type & F.MEM_ALLOC) === 0 || baseType(reg.type) !== F.PTR_TO_BTF_ID) {
        env.verbose(`arg#${index} is neither owning or non-owning ref\n`);
        return -EINVAL;
      }
      if (!typeIsNonOwningRef(reg.type)) meta.owningRef = true;
      const record = regRecord(reg);
      if (record === undefined) {
        env.verbose("verifier bug: Couldn't find btf_record\n");
        return -EFAULT;
      }
      if ((record.refcountOff ?? -1) < 0) {
        env.verbose(`arg#${index} doesn't point to a type with bpf_refcount field\n`);
        return -EINVAL;
      }
      meta.argBtf = reg.btf;
      meta.argBtfId = reg.btfId;
      return 0;
    }
    case 'const_str':
      if (reg.type !== F.PTR_TO_MAP_VALUE) {
        env.verbose(`arg#${index} doesn't point to a const string\n`);
        return -EINVAL;
      }
      return checkConstStr(env, reg, regno);
    case 'wq':
    case 'task_work': {
      if (reg.type !== F.PTR_TO_MAP_VALUE) {
        env.verbose(`arg#${index} doesn't point to a map value\n`);
        return -EINVAL;
      }
      const err = processMapField(env, regno, kind === 'wq' ? 'bpf_wq' : 'bpf_task_work');
      meta.map = reg.map;
      meta.mapUid = reg.mapUid;
      return err;
    }
    case 'irq_flag': {
      if (reg.type !== F.PTR_TO_STACK) {
        env.verbose(`arg#${index} doesn't point to an irq flag on stack\n`);
        return -EINVAL;
      }
      const lock = facts.name.startsWith('bpf_res_spin');
      const save = facts.name === 'bpf_local_irq_save' || facts.name === 'bpf_res_spin_lock_irqsave';
      return processIrqFlag(env, regno, save, lock);
    }
    case 'res_spin_lock': {
      if (reg.type !== F.PTR_TO_MAP_VALUE && reg.type !== (F.PTR_TO_BTF_ID | F.MEM_ALLOC)) {
        env.verbose(`arg#${index} doesn't point to map value or allocated object\n`);
        return -EINVAL;
      }
      const lock = facts.name === 'bpf_res_spin_lock' || facts.name === 'bpf_res_spin_lock_irqsave';
      return processSpinLock(env, regno, lock, true, facts.name.includes('irq'));
    }
    default:
      return 0;
  }
}

/** All arguments of a call. */
export function checkKfuncArgs(env: Env, facts: KfuncFacts, insnIdx: number, meta: KfuncMeta): number {
  const { params } = facts.proto;
  const regs = curRegs(env);
  if (params.length > 5) {
    env.verbose(`Function ${facts.name} has ${params.length} > 5 args\n`);
    return -EINVAL;
  }
  const release = (facts.flags & KF_RELEASE) !== 0;
  for (let i = 0; i < params.length; i++) {
    const { name, type: typeId } = params[i]!;
    const reg = regs[i + 1]!;
    const type = skipMods(facts.btf, typeId);
    if (suffix(name, '__ign') || suffix(name, '__prog')) continue;
    if (type.kind === BTF_KIND.INT || isAnyEnum(type)) {
      const err = checkScalar(env, facts, i, name, meta);
      if (err < 0) return err;
      continue;
    }
    if (type.kind !== BTF_KIND.PTR) {
      env.verbose(`Unrecognized arg#${i} type ${kindStr(type)}\n`);
      return -EINVAL;
    }
    if (
      (facts.flags & (KF_TRUSTED_ARGS | KF_RELEASE | KF_RCU)) !== 0 &&
      (isNull(reg) || typeMayBeNull(reg.type)) &&
      !suffix(name, '__nullable')
    ) {
      env.verbose(`Possibly NULL pointer passed to trusted arg${i}\n`);
      return -EACCES;
    }
    if (reg.refObjId !== 0) {
      meta.refObjId = reg.refObjId;
      if (release) meta.releaseRegno = i + 1;
    }
    const a: Arg = { index: i, name, type, pointee: skipMods(facts.btf, type.type), reg };
    const kind = argKind(env, facts, a);
    if (typeof kind === 'number') return kind;
    if (kind === 'null') continue;
    if (kind === 'map') {
      if (reg.map === undefined && reg.btf === undefined) {
        env.verbose(`pointer in R${i + 1} isn't map pointer\n`);
        return -EINVAL;
      }
      if (meta.map !== undefined && (meta.map !== reg.map || meta.mapUid !== reg.mapUid)) {
        env.verbose(
          `workqueue pointer in R1 map_uid=${meta.mapUid} doesn't match map pointer in R2 map_uid=${reg.mapUid}\n`,
        );
        return -EINVAL;
      }
      meta.map = reg.map;
      meta.mapUid = reg.mapUid;
    }
    if (kind === 'map' || kind === 'alloc' || kind === 'btf') {
      const err = checkTrust(env, facts, reg, i + 1);
      if (err < 0) return err;
    }
    let err = checkArgOffset(env, reg, i + 1, release && reg.refObjId !== 0 ? F.OBJ_RELEASE : F.ARG_DONTCARE);
    if (err < 0) return err;
    err = checkPtr(env, facts, a, kind, insnIdx, meta);
    if (err < 0) return err;
    if (kind === 'mem_size') i++;
  }
  if (release && meta.releaseRegno === 0) {
    env.verbose(`release kernel function ${facts.name} expects refcounted PTR_TO_BTF_ID\n`);
    return -EINVAL;
  }
  return 0;
}
