/**
 * Contexts that are the arguments of a kernel function or tracepoint, described by BTF
 * (`btf_ctx_access`).
 */
import { BTF_KIND, type Btf, type BtfType } from '../../btf/btf.ts';
import { BPF_ATTACH_TYPE, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { lsmIsTrusted } from '../progtypes/lsm_hooks.ts';
import { tracepointArgMayBeError, tracepointArgMayBeNull, tracepointIsListed } from '../progtypes/raw_tp_args.ts';
import { isAnyEnum, isSmallInt, isStruct, kindStr, skipMods } from './btfwalk.ts';
import { isCtxType, kernelCtxTypeId } from './ctxtype.ts';
import type { Env } from './env.ts';
import {
  baseType,
  MEM_PERCPU,
  MEM_USER,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TO_BUF,
  PTR_TRUSTED,
  SCALAR_VALUE,
  typeMayBeNull,
} from './flags.ts';
import type { Range } from './range.ts';
import type { TargetProg } from './types.ts';

/** What a load of the context gives. */
export interface CtxResult {
  regType: number;
  fieldSize: number;
  btf: Btf | undefined;
  btfId: number;
  ptrOff: number;
  range: Range | undefined;
  memSize: number;
  /** The pointer is one the program has a reference to; 0: it has none. */
  refObjId: number;
  /** It is the return value of an LSM hook. */
  isRetval: boolean;
}

/** Arguments a function without a known prototype may have (`MAX_BPF_FUNC_REG_ARGS`). */
const ANY_ARGS = 5;
/** Attach types that see what the function returned. */
const RETURN_ARG: ReadonlySet<number> = new Set([
  BPF_ATTACH_TYPE.LSM_MAC,
  BPF_ATTACH_TYPE.LSM_CGROUP,
  BPF_ATTACH_TYPE.TRACE_FEXIT,
  BPF_ATTACH_TYPE.MODIFY_RETURN,
]);

/** Arguments that count as possibly NULL by their name. */
const NULLABLE = '__nullable';

/** Whether pointers among the arguments can be trusted (`prog_args_trusted`). */
function argsTrusted(env: Env): boolean {
  const { type, expectedAttachType, attachFuncName } = env.prog;
  switch (type) {
    case BPF_PROG_TYPE.TRACING:
      return expectedAttachType === BPF_ATTACH_TYPE.TRACE_RAW_TP || expectedAttachType === BPF_ATTACH_TYPE.TRACE_ITER;
    case BPF_PROG_TYPE.LSM:
      return lsmIsTrusted(attachFuncName);
    default:
      return type === BPF_PROG_TYPE.STRUCT_OPS;
  }
}

/** Bytes an argument takes in the context: pointers 8, others their size in full words. */
function argBytes(btf: Btf, typeId: number): number {
  const type = skipMods(btf, typeId);
  return type.kind === BTF_KIND.PTR ? 8 : (type.size + 7) & ~7;
}

/** Byte offset of an argument in the context (`btf_ctx_arg_offset`). */
export function argOffset(btf: Btf, proto: BtfType, index: number): number {
  return proto.params.slice(0, index).reduce((end, param) => end + argBytes(btf, param.type), 0);
}

/** Number of the argument at an offset; the return value counts as one more (`get_ctx_arg_idx`). */
function argIndex(btf: Btf, proto: BtfType | undefined, off: number): number {
  if (proto === undefined) return off >> 3;
  let end = 0;
  for (const [i, param] of proto.params.entries()) {
    end += argBytes(btf, param.type);
    if (off < end) return i;
  }
  const count = proto.params.length;
  return off < end + argBytes(btf, proto.type) ? count : count + 1;
}

/** The context of a program that is traced: the kernel's own form of it (`btf_translate_to_vmlinux`). */
function progCtxArg(env: Env, target: TargetProg, btf: Btf, type: BtfType, out: CtxResult): boolean {
  const rules = env.input.tables.progType(target.type === BPF_PROG_TYPE.EXT ? target.savedDstProgType : target.type);
  if (rules === undefined || !isCtxType(rules, btf, type)) return false;
  out.btf = env.vmlinuxBtf;
  out.btfId = kernelCtxTypeId(rules, env.vmlinuxBtf);
  return out.btfId !== 0;
}

/** A load of `size` bytes at `off`; true when it is allowed, with the result in `out` (`btf_ctx_access`). */
export function btfCtxAccess(env: Env, off: number, size: number, out: CtxResult): boolean {
  const target = env.attachFuncProto;
  if (target === undefined) return false;
  const { btf, name } = target;
  if (off < 0 || off >= 12 * 8 || off % size !== 0) return false;
  if (off % 8 !== 0) {
    env.verbose(`func '${name}' offset ${off} is not multiple of 8\n`);
    return false;
  }
  const proto = target.protoId === 0 ? undefined : btf.type(target.protoId);
  const arg = argIndex(btf, proto, off);
  // The first parameter of a tracepoint's prototype is not the program's to see.
  const skipped = env.attachBtfTrace ? 1 : 0;
  const count = proto === undefined ? ANY_ARGS : proto.params.length - skipped;
  const missing = (): boolean => {
    env.verbose(`func '${name}' doesn't have ${arg + 1}-th argument\n`);
    return false;
  };
  if (arg > count) return missing();
  let typeId: number;
  const param = proto?.params[arg + skipped];
  if (arg === count) {
    const attach = env.prog.expectedAttachType;
    if (!RETURN_ARG.has(attach)) return missing();
    if (proto === undefined) return attach !== BPF_ATTACH_TYPE.MODIFY_RETURN;
    typeId = proto.type;
    if (attach === BPF_ATTACH_TYPE.MODIFY_RETURN) {
      const ret = skipMods(btf, typeId);
      if (!isSmallInt(ret)) {
        env.verbose(`ret type ${kindStr(ret)} not allowed for fmod_ret\n`);
        return false;
      }
    }
    out.isRetval = attach === BPF_ATTACH_TYPE.LSM_MAC;
  } else {
    if (param === undefined) return true;
    typeId = param.type;
  }
  const type = skipMods(btf, typeId);
  if (isSmallInt(type) || isAnyEnum(type) || isStruct(type)) return true;
  if (type.kind !== BTF_KIND.PTR) {
    env.verbose(
      `func '${name}' arg${arg} '${type.name === '' ? '(anon)' : type.name}' has type ${kindStr(type)}. Only pointer access is allowed\n`,
    );
    return false;
  }
  if (size !== 8) {
    env.verbose(`func '${name}' size ${size} must be 8\n`);
    return false;
  }
  const own = env.ctxArgs.find((info) => info.off === off);
  if (own !== undefined && baseType(own.regType) === PTR_TO_BUF && typeMayBeNull(own.regType)) {
    out.regType = own.regType;
    return true;
  }
  const pointee = skipMods(btf, type.type);
  if (pointee.kind === BTF_KIND.UNKN || pointee.kind === BTF_KIND.INT) return true;
  if (own !== undefined) {
    if (own.btfId === 0) {
      env.verbose(`invalid btf_id for context argument offset ${off}\n`);
      return false;
    }
    out.regType = own.regType;
    out.btf = own.btf;
    out.btfId = own.btfId;
    out.refObjId = own.refObjId;
    return true;
  }
  out.regType = PTR_TO_BTF_ID;
  if (argsTrusted(env)) out.regType |= PTR_TRUSTED;
  if (param?.name.endsWith(NULLABLE)) out.regType |= PTR_MAYBE_NULL;
  let mayBeError = false;
  if (env.prog.expectedAttachType === BPF_ATTACH_TYPE.TRACE_RAW_TP) {
    const isModule = btf.isKernel && btf.name !== 'vmlinux';
    if (tracepointArgMayBeNull(name, arg) || (isModule && !tracepointIsListed(name))) out.regType |= PTR_MAYBE_NULL;
    mayBeError = tracepointArgMayBeError(name, arg);
  }
  const targetProg = env.input.attach?.prog;
  if (targetProg !== undefined) return progCtxArg(env, targetProg, btf, type, out);
  const tag = btf.type(type.type);
  if (tag !== undefined && tag.kind === BTF_KIND.TYPE_TAG && !tag.kindFlag) {
    if (tag.name === 'user') out.regType |= MEM_USER;
    if (tag.name === 'percpu') out.regType |= MEM_PERCPU;
  }
  if (!isStruct(pointee)) {
    env.verbose(`func '${name}' arg${arg} type ${kindStr(pointee)} is not a struct\n`);
    return false;
  }
  out.btf = btf;
  out.btfId = pointee.id;
  const shown = pointee.name === '' ? '(anon)' : pointee.name;
  env.verbose(`func '${name}' arg${arg} has btf_id ${pointee.id} type ${kindStr(pointee)} '${shown}'\n`);
  if (mayBeError) {
    env.verbose(`marking pointer arg${arg} as scalar as it may encode error`);
    out.regType = SCALAR_VALUE;
  }
  return true;
}
