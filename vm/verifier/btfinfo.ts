/**
 * func_info and line_info of PROG_LOAD: that they fit the program and the BTF
 * (`check_btf_info_early`, `check_btf_info`).
 */
import { BTF_KIND } from '../../btf/btf.ts';
import { E2BIG, EACCES, EFAULT, EINVAL, ENOMEM } from '../../uapi/errno.ts';
import { btfString, isAnyEnum, isSmallInt, skipMods } from './btfwalk.ts';
import { applyRecord, CandidateCache } from './corerelo.ts';
import type { Env } from './env.ts';

const MIN_FUNC_RECORD = 8;
const MIN_LINE_RECORD = 16;
const MIN_CORE_RECORD = 16;
const MAX_RECORD = 252;
/** As many relocations as can be addressed (`INT_MAX / sizeof(struct bpf_core_relo)`). */
const MAX_CORE_RELOS = Math.floor(0x7fffffff / 16);
/** More func_info records are more than memory is given for at once (2 GiB, `kvcalloc`). */
const MAX_FUNCS = Math.floor(0x7fffffff / 8);
/** More cannot be addressed (`INT_MAX / sizeof(struct bpf_line_info)`). */
const MAX_LINES = Math.floor(0x7fffffff / 16);

function recordCount(count: number | undefined, bytes: Uint8Array | undefined, size: number | undefined): number {
  return count ?? Math.floor((bytes?.length ?? 0) / (size || 1));
}

function funcCount(env: Env): number {
  return recordCount(env.input.funcInfoCnt, env.input.funcInfo, env.input.funcInfoRecSize);
}

function lineCount(env: Env): number {
  return recordCount(env.input.lineInfoCnt, env.input.lineInfo, env.input.lineInfoRecSize);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Whether a record has bytes beyond those we know. */
function tailSet(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return true;
  return false;
}

/** `check_abnormal_return`: without BTF, subprograms may not use LD_ABS or tail calls. */
function checkAbnormalReturn(env: Env): number {
  for (let i = 1; i < env.subprogCnt; i++) {
    const info = env.subprogs[i]!;
    if (info.hasLdAbs) {
      env.verbose('LD_ABS is not allowed in subprogs without BTF\n');
      return -EINVAL;
    }
    if (info.hasTailCall) {
      env.verbose('tail_call is not allowed in subprogs without BTF\n');
      return -EINVAL;
    }
  }
  return 0;
}

/** The records of func_info by themselves; runs before subprograms are known. */
export function checkFuncInfoEarly(env: Env): number {
  const { funcInfo, btf } = env.input;
  const size = env.input.funcInfoRecSize ?? 0;
  const count = funcCount(env);
  if (count === 0 && lineCount(env) === 0) return 0;
  if ((env.input.btfErrno ?? 0) !== 0) return env.input.btfErrno ?? -EINVAL;
  if (btf === undefined) return -EINVAL;
  if (btf.isKernel) return -EACCES;
  if (count === 0) return 0;
  if (size < MIN_FUNC_RECORD || size > MAX_RECORD || size % 4 !== 0) {
    env.verbose(`invalid func info rec size ${size}\n`);
    return -EINVAL;
  }
  if (count > MAX_FUNCS) return -ENOMEM;
  const bytes = funcInfo ?? new Uint8Array(0);
  const data = view(bytes);
  let prev = 0;
  for (let i = 0, at = 0; i < count; i++, at += size) {
    if (at + size > bytes.length) return env.input.funcInfoErrno ?? -EFAULT;
    if (tailSet(bytes, at + MIN_FUNC_RECORD, at + size)) {
      env.verbose('nonzero tailing record in func info');
      return -E2BIG;
    }
    const insnOff = data.getUint32(at, true);
    const typeId = data.getUint32(at + 4, true);
    if (i === 0) {
      if (insnOff !== 0) {
        env.verbose(`nonzero insn_off ${insnOff} for the first func info record`);
        return -EINVAL;
      }
    } else if (insnOff <= prev) {
      env.verbose(`same or smaller insn offset (${insnOff}) than previous func info record (${prev})`);
      return -EINVAL;
    }
    const type = btf.type(typeId);
    if (type === undefined || type.kind !== BTF_KIND.FUNC) {
      env.verbose(`invalid type id ${typeId} in func info`);
      return -EINVAL;
    }
    if (btf.type(type.type)?.kind !== BTF_KIND.FUNC_PROTO) return -EINVAL;
    env.funcInfo.push({ insnOff, typeId });
    prev = insnOff;
  }
  return 0;
}

function checkFuncInfo(env: Env): number {
  const btf = env.input.btf;
  if (env.funcInfo.length === 0) return checkAbnormalReturn(env);
  if (btf === undefined) return -EINVAL;
  if (env.funcInfo.length !== env.subprogCnt) {
    env.verbose("number of funcs in func_info doesn't match number of subprogs\n");
    return -EINVAL;
  }
  for (let i = 0; i < env.subprogCnt; i++) {
    const record = env.funcInfo[i]!;
    const info = env.subprogs[i]!;
    if (info.start !== record.insnOff) {
      env.verbose("func_info BTF section doesn't match subprog layout in BPF program\n");
      return -EINVAL;
    }
    const func = btf.type(record.typeId)!;
    info.funcId = record.typeId;
    info.name = func.name;
    info.global = func.linkage === 1;
    const ret = skipMods(btf, btf.type(func.type)!.type);
    const scalar = isSmallInt(ret) || isAnyEnum(ret);
    if (i > 0 && !scalar && info.hasLdAbs) {
      env.verbose("LD_ABS is only allowed in functions that return 'int'.\n");
      return -EINVAL;
    }
    if (i > 0 && !scalar && info.hasTailCall) {
      env.verbose("tail_call is only allowed in functions that return 'int'.\n");
      return -EINVAL;
    }
  }
  return 0;
}

function checkLineInfo(env: Env): number {
  const { lineInfo, btf } = env.input;
  const size = env.input.lineInfoRecSize ?? 0;
  const records = lineCount(env);
  if (records === 0) return 0;
  if (btf === undefined || records > MAX_LINES) return -EINVAL;
  if (size < MIN_LINE_RECORD || size > MAX_RECORD || size % 4 !== 0) return -EINVAL;
  const bytes = lineInfo ?? new Uint8Array(0);
  const data = view(bytes);
  const count = env.insns.count;
  let prev = 0;
  let subprog = 0;
  for (let i = 0, at = 0; i < records; i++, at += size) {
    if (at + size > bytes.length) return env.input.lineInfoErrno ?? -EFAULT;
    if (tailSet(bytes, at + MIN_LINE_RECORD, at + size)) {
      env.verbose('nonzero tailing record in line_info');
      return -E2BIG;
    }
    const insnOff = data.getUint32(at, true);
    const fileNameOff = data.getUint32(at + 4, true);
    const lineOff = data.getUint32(at + 8, true);
    const lineCol = data.getUint32(at + 12, true);
    if ((i > 0 && insnOff <= prev) || insnOff >= count) {
      env.verbose(`Invalid line_info[${i}].insn_off:${insnOff} (prev_offset:${prev} prog->len:${count})\n`);
      return -EINVAL;
    }
    if (env.insns.op[insnOff] === 0) {
      env.verbose(`Invalid insn code at line_info[${i}].insn_off\n`);
      return -EINVAL;
    }
    const line = btfString(btf, lineOff);
    const file = btfString(btf, fileNameOff);
    if (line === undefined || file === undefined) {
      env.verbose(`Invalid line_info[${i}].line_off or .file_name_off\n`);
      return -EINVAL;
    }
    if (subprog !== env.subprogCnt) {
      const start = env.subprogs[subprog]!.start;
      if (insnOff === start) {
        env.subprogs[subprog]!.linfoIdx = i;
        subprog++;
      } else if (start < insnOff) {
        env.verbose(`missing bpf_line_info for func#${subprog}\n`);
        return -EINVAL;
      }
    }
    prev = insnOff;
    env.lines.push({ insnOff, file, line, lineCol, fileNameOff, lineOff });
  }
  if (subprog !== env.subprogCnt) {
    env.verbose(`missing bpf_line_info for ${env.subprogCnt - subprog} funcs starting from func#${subprog}\n`);
    return -EINVAL;
  }
  return 0;
}

/** The records of CO-RE relocations: each is applied as it is read (`check_core_relo`). */
function checkCoreRelos(env: Env): number {
  const { coreReloCnt = 0, coreReloRecSize: size = 0, coreRelos: bytes = new Uint8Array(0) } = env.input;
  if (coreReloCnt === 0) return 0;
  if (coreReloCnt > MAX_CORE_RELOS) return -EINVAL;
  if (size < MIN_CORE_RECORD || size > MAX_RECORD || size % 4 !== 0) return -EINVAL;
  const data = view(bytes);
  const cache = new CandidateCache();
  for (let i = 0, at = 0; i < coreReloCnt; i++, at += size) {
    if (at + size > bytes.length) return env.input.coreReloErrno ?? -EFAULT;
    if (tailSet(bytes, at + MIN_CORE_RECORD, at + size)) {
      env.verbose('nonzero tailing record in core_relo');
      return -E2BIG;
    }
    const off = data.getUint32(at, true);
    if (off % 8 !== 0 || off / 8 >= env.insns.count) {
      env.verbose(`Invalid core_relo[${i}].insn_off:${off} prog->len:${env.insns.count}\n`);
      return -EINVAL;
    }
    const err = applyRecord(env, cache, i, {
      insn: off / 8,
      typeId: data.getUint32(at + 4, true),
      accessOff: data.getUint32(at + 8, true),
      kind: data.getUint32(at + 12, true),
    });
    if (err < 0) return err;
  }
  return 0;
}

/** All of them against the program's functions. */
export function checkBtfInfo(env: Env): number {
  if (funcCount(env) === 0 && lineCount(env) === 0) return checkAbnormalReturn(env);
  const err = checkFuncInfo(env);
  if (err < 0) return err;
  return checkLineInfo(env) || checkCoreRelos(env);
}
