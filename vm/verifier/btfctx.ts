/**
 * Contexts that are the arguments of a kernel function or tracepoint, described by BTF
 * (`btf_ctx_access`).
 */
import { BTF_KIND, type Btf } from '../../btf/btf.ts';
import { BPF_ATTACH_TYPE } from '../../uapi/bpf.ts';
import { isAnyEnum, isSmallInt, isStruct, kindStr, skipMods } from './btfwalk.ts';
import type { Env } from './env.ts';
import { MEM_PERCPU, MEM_USER, PTR_MAYBE_NULL, PTR_TO_BTF_ID, PTR_TRUSTED } from './flags.ts';
import type { Range } from './range.ts';

/** What a load of the context gives. */
export interface CtxResult {
  regType: number;
  fieldSize: number;
  btf: Btf | undefined;
  btfId: number;
  ptrOff: number;
  range: Range | undefined;
  memSize: number;
}

/** Arguments that count as possibly NULL by their name. */
const NULLABLE = '__nullable';

/** A load of `size` bytes at `off`; true when it is allowed, with the result in `out`. */
export function btfCtxAccess(env: Env, off: number, size: number, out: CtxResult): boolean {
  const target = env.attachFuncProto;
  if (target === undefined) return false;
  const { btf, name } = target;
  if (off < 0 || off >= 12 * 8 || off % size !== 0) return false;
  if (off % 8 !== 0) {
    env.verbose(`func '${name}' offset ${off} is not multiple of 8\n`);
    return false;
  }
  const proto = btf.type(target.protoId);
  let params = proto?.params ?? [];
  if (env.attachBtfTrace) params = params.slice(1);
  const arg = off >> 3;
  if (arg > params.length || (arg === params.length && !returnValueArg(env))) {
    env.verbose(`func '${name}' doesn't have ${arg + 1}-th argument\n`);
    return false;
  }
  const param = params[arg];
  const typeId = param === undefined ? (proto?.type ?? 0) : param.type;
  const type = skipMods(btf, typeId);
  if (isSmallInt(type) || isAnyEnum(type) || isStruct(type)) return true;
  if (type.kind !== BTF_KIND.PTR) {
    env.verbose(`func '${name}' arg${arg} '${type.name}' has type ${kindStr(type)}. Only pointer access is allowed\n`);
    return false;
  }
  if (size !== 8) {
    env.verbose(`func '${name}' size ${size} must be 8\n`);
    return false;
  }
  const pointee = skipMods(btf, type.type);
  if (pointee.kind === BTF_KIND.UNKN || pointee.kind === BTF_KIND.INT) return true;
  out.regType = PTR_TO_BTF_ID | PTR_TRUSTED;
  if (param?.name.endsWith(NULLABLE)) out.regType |= PTR_MAYBE_NULL;
  const tag = btf.type(type.type);
  if (tag !== undefined && tag.kind === BTF_KIND.TYPE_TAG) {
    if (tag.name === 'user') out.regType |= MEM_USER;
    if (tag.name === 'percpu') out.regType |= MEM_PERCPU;
  }
  if (!isStruct(pointee)) {
    env.verbose(`func '${name}' arg${arg} type ${kindStr(pointee)} is not a struct\n`);
    return false;
  }
  out.btf = btf;
  out.btfId = pointee.id;
  env.verbose(`func '${name}' arg${arg} has btf_id ${pointee.id} type ${kindStr(pointee)} '${pointee.name}'\n`);
  return true;
}

function returnValueArg(env: Env): boolean {
  const attach = env.prog.expectedAttachType;
  return (
    attach === BPF_ATTACH_TYPE.TRACE_FEXIT ||
    attach === BPF_ATTACH_TYPE.MODIFY_RETURN ||
    attach === BPF_ATTACH_TYPE.LSM_CGROUP
  );
}
