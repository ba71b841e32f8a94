/**
 * Arguments of functions as BTF describes them: what a global function may assume of
 * its own, what its callers must pass (`btf_prepare_func_args`, `btf_check_subprog_call`).
 */
import { BTF_KIND, type Btf, type BtfType } from '../../btf/btf.ts';
import { BPF_ATTACH_TYPE, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { EFAULT, EINVAL, ENOENT } from '../../uapi/errno.ts';
import { CallMeta, checkArgOffset, checkMemReg, checkRegType, processDynptr } from './args.ts';
import { isAnyEnum, isStruct, kindStr, skipMods } from './btfwalk.ts';
import { isCtxType, isProjection, skipQualifiers } from './ctxtype.ts';
import type { Env, SubprogArg } from './env.ts';
import * as F from './flags.ts';
import { baseType } from './flags.ts';
import { typeSize } from './ldimm64.ts';
import { isNull } from './stack.ts';
import type { Reg } from './state.ts';

const EOPNOTSUPP = 95;
const TAG_CTX = 1;
const TAG_NONNULL = 2;
const TAG_TRUSTED = 4;
const TAG_UNTRUSTED = 8;
const TAG_NULLABLE = 16;
const TAG_ARENA = 32;

const TAGS: ReadonlyMap<string, number> = new Map([
  ['ctx', TAG_CTX],
  ['nonnull', TAG_NONNULL],
  ['trusted', TAG_TRUSTED],
  ['untrusted', TAG_UNTRUSTED],
  ['nullable', TAG_NULLABLE],
  ['arena', TAG_ARENA],
]);

/** `arg:` tags of one argument, or -errno. */
function argTags(env: Env, btf: Btf, funcId: number, arg: number, isGlobal: boolean): number {
  let tags = 0;
  for (let id = 1; id < btf.nrTypes; id++) {
    const type = btf.type(id)!;
    if (type.kind !== BTF_KIND.DECL_TAG || type.type !== funcId || type.componentIdx !== arg) continue;
    if (!type.name.startsWith('arg:')) continue;
    if (!isGlobal) {
      env.verbose(`arg#${arg} type tag is not supported in static functions\n`);
      return -EOPNOTSUPP;
    }
    const tag = TAGS.get(type.name.slice(4));
    if (tag === undefined) {
      env.verbose(`arg#${arg} has unsupported set of tags\n`);
      return -EOPNOTSUPP;
    }
    tags |= tag;
  }
  return tags;
}

const RAW_TP_TYPES = new Set<number>([BPF_PROG_TYPE.RAW_TRACEPOINT, BPF_PROG_TYPE.RAW_TRACEPOINT_WRITABLE]);

/** A type tagged as context is one (`btf_validate_prog_ctx_type`). */
function validateCtxType(env: Env, btf: Btf, ptr: BtfType, arg: number): number {
  const t = skipQualifiers(btf, ptr.type);
  if (t?.kind === BTF_KIND.TYPEDEF) {
    if (
      (env.progType === BPF_PROG_TYPE.KPROBE || env.progType === BPF_PROG_TYPE.PERF_EVENT) &&
      t.name === 'bpf_user_pt_regs_t'
    )
      return 0;
  }
  const target = skipMods(btf, ptr.type);
  const { name } = target;
  const type = env.progType;
  // `void *ctx __arg_ctx` is always valid.
  if (target.kind === BTF_KIND.UNKN || type === BPF_PROG_TYPE.TRACEPOINT || type === BPF_PROG_TYPE.EXT) return 0;
  if (target.kind === BTF_KIND.UNKN && type === BPF_PROG_TYPE.SYSCALL) return 0;
  if (!isStruct(target) && !(target.kind === BTF_KIND.INT)) {
    if (target.kind === BTF_KIND.UNKN && (type === BPF_PROG_TYPE.TRACING || type === BPF_PROG_TYPE.LSM)) return 0;
  }
  const u64Ok = target.kind === BTF_KIND.INT && target.size === 8;
  switch (type) {
    case BPF_PROG_TYPE.KPROBE:
      if (isStruct(target) && name === 'pt_regs') return 0;
      break;
    case BPF_PROG_TYPE.PERF_EVENT:
      if (isStruct(target) && (name === 'pt_regs' || name === 'user_pt_regs' || name === 'user_regs_struct')) return 0;
      break;
    case BPF_PROG_TYPE.RAW_TRACEPOINT:
    case BPF_PROG_TYPE.RAW_TRACEPOINT_WRITABLE:
      if (u64Ok) return 0;
      break;
    case BPF_PROG_TYPE.TRACING:
      if (env.prog.expectedAttachType === BPF_ATTACH_TYPE.TRACE_ITER) {
        if (isStruct(target) && name.startsWith('bpf_iter__')) return 0;
      } else if (u64Ok) return 0;
      break;
    case BPF_PROG_TYPE.TRACEPOINT:
    case BPF_PROG_TYPE.LSM:
    case BPF_PROG_TYPE.STRUCT_OPS:
      if (u64Ok) return 0;
      break;
    case BPF_PROG_TYPE.SYSCALL:
      return 0;
  }
  if (isStruct(target) && (name === env.rules.ctxUapiName || isProjection(env.rules.ctxUapiName, name))) return 0;
  const rawTp = RAW_TP_TYPES.has(type) || (type === BPF_PROG_TYPE.TRACING && env.attachBtfTrace);
  if (rawTp && name === 'bpf_raw_tracepoint_args') return 0;
  // Where the context has no struct of its own, only `void *` stands for it.
  const uapi = type === BPF_PROG_TYPE.KPROBE ? 'pt_regs' : env.rules.ctxUapiName;
  const isNamed = uapi !== '' && (env.vmlinuxBtf === undefined || env.vmlinuxBtf.find(uapi, BTF_KIND.STRUCT) > 0);
  env.verbose(`arg#${arg} should be ${isNamed ? `\`struct ${uapi} *\`` : 'void pointer'}\n`);
  return -EINVAL;
}

/** The kernel's struct of the same name as the argument's (`btf_get_ptr_to_btf_id`). */
function kernelType(env: Env, btf: Btf, ptr: BtfType, arg: number): number {
  const target = skipMods(btf, ptr.type);
  const flavor = target.name.indexOf('___');
  const name = flavor > 0 ? target.name.slice(0, flavor) : target.name;
  if (name === '') {
    env.verbose(`arg#${arg} reference type('${kindStr(target)} (anon)') candidate matching error: ${-EINVAL}\n`);
    return -EINVAL;
  }
  const id = env.vmlinuxBtf?.find(name, target.kind) ?? 0;
  if (id === 0) {
    env.verbose(`arg#${arg} reference type('${kindStr(target)} ${target.name}') has no matches\n`);
    return -ENOENT;
  }
  return id;
}

function prepareArg(
  env: Env,
  btf: Btf,
  funcId: number,
  func: BtfType,
  arg: number,
  typeId: number,
  isGlobal: boolean,
): SubprogArg | number {
  const tags = argTags(env, btf, funcId, arg, isGlobal);
  if (tags < 0) return tags;
  const t = skipMods(btf, typeId);
  const bad = (): number => {
    env.verbose(`arg#${arg} has invalid combination of tags\n`);
    return -EINVAL;
  };
  const alone = (tag: string): number => {
    env.verbose(`arg#${arg} ${tag} cannot be combined with any other tags\n`);
    return -EINVAL;
  };
  if (t.kind === BTF_KIND.PTR) {
    if ((tags & TAG_CTX) !== 0 || isCtxType(env.rules, btf, t)) {
      if ((tags & ~TAG_CTX) !== 0) return bad();
      if ((tags & TAG_CTX) !== 0 && validateCtxType(env, btf, t, arg) < 0) return -EINVAL;
      return { type: F.ARG_PTR_TO_CTX, memSize: 0 };
    }
    const pointee = skipMods(btf, t.type);
    if (isStruct(pointee) && (pointee.name === 'bpf_dynptr' || pointee.name === 'bpf_dynptr_kern')) {
      if (tags !== 0) return bad();
      return { type: F.ARG_PTR_TO_DYNPTR | F.MEM_RDONLY, memSize: 0 };
    }
    if ((tags & TAG_TRUSTED) !== 0) {
      if ((tags & TAG_NONNULL) !== 0) return bad();
      const id = kernelType(env, btf, t, arg);
      if (id < 0) return id;
      const nullable = (tags & TAG_NULLABLE) !== 0 ? F.PTR_MAYBE_NULL : 0;
      return { type: F.ARG_PTR_TO_BTF_ID | F.PTR_TRUSTED | nullable, memSize: 0, btf: env.vmlinuxBtf!, btfId: id };
    }
    if ((tags & TAG_UNTRUSTED) !== 0) {
      if ((tags & ~TAG_UNTRUSTED) !== 0) return alone('untrusted');
      if (pointee.kind === BTF_KIND.UNKN || pointee.kind === BTF_KIND.INT || isAnyEnum(pointee)) {
        return { type: F.ARG_PTR_TO_MEM | F.MEM_RDONLY | F.PTR_UNTRUSTED, memSize: 0 };
      }
      const id = kernelType(env, btf, t, arg);
      if (id < 0) return id;
      return { type: F.ARG_PTR_TO_BTF_ID | F.PTR_UNTRUSTED, memSize: 0, btf: env.vmlinuxBtf!, btfId: id };
    }
    if ((tags & TAG_ARENA) !== 0) {
      if ((tags & ~TAG_ARENA) !== 0) return alone('arena');
      return { type: F.ARG_PTR_TO_ARENA, memSize: 0 };
    }
    if (isGlobal) {
      if ((tags & ~(TAG_NONNULL | TAG_NULLABLE)) !== 0) return bad();
      const size = typeSize(btf, t.type);
      if (size < 0) {
        env.verbose(
          `arg#${arg} reference type('${kindStr(pointee)} ${pointee.name}') size cannot be determined: ${size}\n`,
        );
        return -EINVAL;
      }
      const nullable = (tags & TAG_NONNULL) !== 0 ? 0 : F.PTR_MAYBE_NULL;
      return { type: F.ARG_PTR_TO_MEM | nullable, memSize: size };
    }
  }
  if (tags !== 0) {
    env.verbose(`arg#${arg} has pointer tag, but is not a pointer type\n`);
    return -EINVAL;
  }
  if (t.kind === BTF_KIND.INT || isAnyEnum(t)) return { type: F.ARG_ANYTHING, memSize: 0 };
  if (!isGlobal) return -EINVAL;
  env.verbose(`Arg#${arg} type ${kindStr(t)} in ${func.name}() is not supported yet.\n`);
  return -EINVAL;
}

/** Finds out the argument types of a function; kept for later. */
export function prepareFuncArgs(env: Env, subprog: number): number {
  const info = env.subprogs[subprog]!;
  if (info.argsCached) return 0;
  const btf = env.input.btf;
  if (btf === undefined || info.funcId === 0) {
    if (!info.global) return -EINVAL;
    env.verbose('Global functions need valid BTF\n');
    return -EFAULT;
  }
  const func = btf.type(info.funcId)!;
  const proto = btf.type(func.type)!;
  const count = proto.params.length;
  if (count > 5) {
    if (!info.global) return -EINVAL;
    env.verbose(`Global function ${func.name}() with ${count} > 5 args. Buggy compiler.\n`);
    return -EINVAL;
  }
  const ret = skipMods(btf, proto.type);
  if (ret.kind !== BTF_KIND.INT && !isAnyEnum(ret)) {
    if (!info.global) return -EINVAL;
    env.verbose(`Global function ${func.name}() doesn't return scalar. Only those are supported.\n`);
    return -EINVAL;
  }
  const args: SubprogArg[] = [];
  for (let i = 0; i < count; i++) {
    const arg = prepareArg(env, btf, info.funcId, func, i, proto.params[i]!.type, info.global);
    if (typeof arg === 'number') return arg;
    args.push(arg);
  }
  info.args = args;
  info.argsCached = true;
  return 0;
}

function checkArg(env: Env, i: number, reg: Reg, arg: SubprogArg): number {
  const regno = i + 1;
  const base = baseType(arg.type);
  if (arg.type === F.ARG_ANYTHING) {
    if (reg.type === F.SCALAR_VALUE) return 0;
    env.verbose(`R${regno} is not a scalar\n`);
    return -EINVAL;
  }
  if ((arg.type & F.PTR_UNTRUSTED) !== 0) return 0;
  if (arg.type === F.ARG_PTR_TO_CTX) {
    const err = checkArgOffset(env, reg, regno, F.ARG_DONTCARE);
    if (err < 0) return err;
    if (reg.type === F.PTR_TO_CTX) return 0;
    env.verbose(`arg#${i} expects pointer to ctx\n`);
    return -EINVAL;
  }
  if (base === F.ARG_PTR_TO_MEM) {
    const err = checkArgOffset(env, reg, regno, F.ARG_DONTCARE);
    if (err < 0) return err;
    if (checkMemReg(env, regno, arg.memSize) < 0) return -EINVAL;
    if ((arg.type & F.PTR_MAYBE_NULL) !== 0 || ((reg.type & F.PTR_MAYBE_NULL) === 0 && !isNull(reg))) return 0;
    if ((reg.type & F.PTR_MAYBE_NULL) === 0) return 0;
    env.verbose(`arg#${i} is expected to be non-NULL\n`);
    return -EINVAL;
  }
  if (base === F.ARG_PTR_TO_ARENA) {
    if (reg.type === F.PTR_TO_ARENA || reg.type === F.SCALAR_VALUE) return 0;
    env.verbose(`R${regno} is not a pointer to arena or scalar.\n`);
    return -EINVAL;
  }
  if (arg.type === (F.ARG_PTR_TO_DYNPTR | F.MEM_RDONLY)) {
    const err = checkArgOffset(env, reg, regno, F.ARG_PTR_TO_DYNPTR);
    return err < 0 ? err : processDynptr(env, regno, -1, arg.type, 0);
  }
  if (isNull(reg) && (arg.type & F.PTR_MAYBE_NULL) !== 0) return 0;
  const err = checkRegType(env, regno, arg.type, arg.btfId ?? 0, new CallMeta());
  return err < 0 ? err : checkArgOffset(env, reg, regno, arg.type);
}

/** A call's arguments against BTF; -EFAULT is fatal, anything else makes the description unreliable. */
export function checkSubprogCall(env: Env, subprog: number, regs: readonly Reg[]): number {
  if (env.funcInfo.length === 0) return -EINVAL;
  const info = env.subprogs[subprog]!;
  if (info.unreliable) return -EINVAL;
  let err = prepareFuncArgs(env, subprog);
  if (err === 0) {
    for (let i = 0; i < info.args.length && err === 0; i++) err = checkArg(env, i, regs[i + 1]!, info.args[i]!);
  }
  if (err !== 0) info.unreliable = true;
  return err;
}
