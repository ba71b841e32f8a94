/**
 * First look at the program: where its functions begin, which kernel functions it
 * calls, that jumps stay inside a function (`add_subprog_and_kfunc`, `check_subprogs`).
 */
import { BTF_KIND } from '../../btf/btf.ts';
import { E2BIG, EEXIST, EINVAL, ENOENT, EPERM, EPROTO } from '../../uapi/errno.ts';
import {
  BPF_ABS,
  BPF_CALL,
  BPF_EXIT,
  BPF_IND,
  BPF_JMP,
  BPF_JMP32,
  BPF_LD,
  BPF_PSEUDO_KFUNC_CALL,
  isPseudoCall,
  isPseudoFunc,
  jumpTarget,
  OP_CALL,
  OP_EXIT,
  OP_GOTOL,
  OP_JA,
} from '../insn.ts';
import { type Env, Subprog } from './env.ts';

const MAX_SUBPROGS = 256;
/** Functions for programs bound to a network device (`xdp_metadata_kfunc_ids`). */
const DEVICE_KFUNCS: ReadonlySet<string> = new Set([
  'bpf_xdp_metadata_rx_timestamp',
  'bpf_xdp_metadata_rx_hash',
  'bpf_xdp_metadata_rx_vlan_tag',
]);
const MAX_KFUNC_CALLS = 256;
const HELPER_TAIL_CALL = 12;

function addSubprog(env: Env, start: number): number {
  if (start < 0 || start >= env.insns.count) {
    env.verbose('call to invalid destination\n');
    return -EINVAL;
  }
  if (env.findSubprog(start) >= 0) return 0;
  if (env.subprogCnt >= MAX_SUBPROGS) {
    env.verbose('too many subprograms\n');
    return -E2BIG;
  }
  const at = env.subprogCnt === 0 ? 0 : env.containingSubprog(start) + 1;
  env.subprogs.splice(at, 0, new Subprog(start));
  env.subprogCnt++;
  return 0;
}

/** The BTF of a module that a call's offset names through fd_array (`find_kfunc_desc_btf`). */
function checkModuleBtf(env: Env, off: number): number {
  if (off < 0) {
    env.verbose('negative offset disallowed for kernel module function call\n');
    return -EINVAL;
  }
  if (env.input.fdArray === undefined) {
    env.verbose('kfunc offset > 0 without fd_array is invalid\n');
    return -EPROTO;
  }
  const fd = env.input.fdArray(off);
  const btf = fd === undefined ? -EINVAL : (env.input.btfByFd?.(fd) ?? -EINVAL);
  if (typeof btf === 'number') {
    env.verbose('invalid module BTF fd specified\n');
    return btf;
  }
  if (!btf.isKernel || btf.name === 'vmlinux') {
    env.verbose('BTF fd for kfunc is not a module BTF\n');
    return -EINVAL;
  }
  return 0;
}

function addKfunc(env: Env, id: number, off: number): number {
  const vmlinux = env.vmlinuxBtf;
  if (env.kfuncNames.size === 0 && !env.kfuncNames.has(id)) {
    if (vmlinux === undefined) {
      env.verbose('calling kernel function is not supported without CONFIG_DEBUG_INFO_BTF\n');
      return -EINVAL;
    }
    if (!env.input.gplCompatible) {
      env.verbose('cannot call kernel function from non-GPL compatible program\n');
      return -EINVAL;
    }
  }
  if (id === 0 && off === 0) return 0;
  const module = off === 0 ? 0 : checkModuleBtf(env, off);
  if (module < 0) {
    env.verbose('failed to find BTF for kernel function\n');
    return module;
  }
  const key = off * 0x100000000 + id;
  if (env.kfuncNames.has(key)) return 0;
  if (env.kfuncNames.size === MAX_KFUNC_CALLS) {
    env.verbose('too many different kernel function calls\n');
    return -E2BIG;
  }
  const btf = env.kfuncBtf(off);
  const type = btf?.type(id);
  if (type === undefined || type.kind !== BTF_KIND.FUNC) {
    env.verbose(`kernel btf_id ${id} is not a function\n`);
    return -EINVAL;
  }
  if (btf?.type(type.type)?.kind !== BTF_KIND.FUNC_PROTO) {
    env.verbose(`kernel function btf_id ${id} does not have a valid func_proto\n`);
    return -EINVAL;
  }
  if (DEVICE_KFUNCS.has(type.name) && !env.prog.devBound) {
    env.verbose('metadata kfuncs require device-bound program\n');
    return -EINVAL;
  }
  env.kfuncNames.set(key, type.name);
  return 0;
}

/** The function named by an `exception_callback:` tag of the main function: its start, 0 none, or -errno. */
function exceptionCallback(env: Env): number {
  const btf = env.input.btf;
  if (btf === undefined || env.funcInfo.length === 0) return 0;
  const mainId = env.funcInfo[0]!.typeId;
  const prefix = 'exception_callback:';
  let found = '';
  for (const type of btf.types) {
    if (type.kind !== BTF_KIND.DECL_TAG || type.type !== mainId || type.componentIdx !== -1) continue;
    if (!type.name.startsWith(prefix)) continue;
    if (found !== '') {
      env.verbose(`multiple exception callback tags for main subprog\n`);
      return -EEXIST;
    }
    found = type.name.slice(prefix.length);
  }
  if (found === '') return 0;
  const id = btf.find(found, BTF_KIND.FUNC);
  if (id === 0) {
    env.verbose(`exception callback '${found}' could not be found in BTF\n`);
    return -ENOENT;
  }
  const type = btf.type(id)!;
  if (type.linkage !== 1) {
    env.verbose(`exception callback '${found}' must have global linkage\n`);
    return -EINVAL;
  }
  for (let i = 0; i < env.funcInfo.length; i++) {
    if (env.funcInfo[i]!.typeId !== id) continue;
    const start = env.funcInfo[i]!.insnOff;
    if (start !== 0) return start;
    env.verbose('invalid exception callback insn_off in func_info: 0\n');
    return -EINVAL;
  }
  env.verbose('exception callback type id not found in func_info\n');
  return -EINVAL;
}

/** Finds functions and kernel functions called. */
export function addSubprogsAndKfuncs(env: Env): number {
  const { insns } = env;
  let err = addSubprog(env, 0);
  if (err < 0) return err;
  for (let i = 0; i < insns.count; i++) {
    const kfunc = insns.op[i] === OP_CALL && insns.src[i] === BPF_PSEUDO_KFUNC_CALL;
    const local = isPseudoCall(insns, i) || isPseudoFunc(insns, i);
    if (!kfunc && !local) continue;
    if (!env.bpfCapable) {
      env.verbose('loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN\n');
      return -EPERM;
    }
    err = local ? addSubprog(env, i + insns.imm[i]! + 1) : addKfunc(env, insns.imm[i]!, insns.off[i]!);
    if (err < 0) return err;
  }
  const exception = exceptionCallback(env);
  if (exception < 0) return exception;
  if (exception > 0) {
    err = addSubprog(env, exception);
    if (err < 0) return err;
    env.exceptionCallbackSubprog = env.findSubprog(exception);
    const info = env.subprogs[env.exceptionCallbackSubprog]!;
    info.isCb = true;
    info.isAsyncCb = true;
    info.isExceptionCb = true;
  }
  env.subprogs.push(new Subprog(insns.count));
  if (env.logLevel2) {
    for (let i = 0; i < env.subprogCnt; i++) env.verbose(`func#${i} @${env.subprogs[i]!.start}\n`);
  }
  return 0;
}

/** Jumps stay inside their function, and no function runs into the next. */
export function checkSubprogs(env: Env): number {
  const { insns, subprogs } = env;
  let cur = 0;
  for (let i = 0; i < insns.count; i++) {
    const op = insns.op[i]!;
    const cls = op & 7;
    const info = subprogs[cur]!;
    const end = subprogs[cur + 1]!.start;
    if (op === OP_CALL && insns.src[i] === 0 && insns.imm[i] === HELPER_TAIL_CALL) {
      info.hasTailCall = true;
      info.tailCallReachable = true;
    }
    const mode = op & 0xe0;
    if (cls === BPF_LD && (mode === BPF_ABS || mode === BPF_IND)) info.hasLdAbs = true;
    const code = op & 0xf0;
    if ((cls === BPF_JMP || cls === BPF_JMP32) && code !== BPF_EXIT && code !== BPF_CALL) {
      const target = jumpTarget(insns, i);
      if (target < info.start || target >= end) {
        env.verbose(`jump out of range from insn ${i} to ${target}\n`);
        return -EINVAL;
      }
    }
    if (i === end - 1) {
      if (op !== OP_EXIT && op !== OP_JA && op !== OP_GOTOL) {
        env.verbose('last insn is not an exit or jmp\n');
        return -EINVAL;
      }
      cur++;
    }
  }
  return 0;
}
