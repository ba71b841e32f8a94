/**
 * Arguments of helpers, kernel functions and global functions: which register types
 * fit which argument types, and the memory they stand for (`check_reg_type`,
 * `check_func_arg_reg_off`, `check_helper_mem_access`, `process_dynptr_func`).
 */
import { BTF_KIND, type BtfField } from '../../btf/btf.ts';
import { BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { EACCES, EFAULT, EINVAL } from '../../uapi/errno.ts';
import {
  ACCESS_HELPER,
  checkMapAccess,
  checkMapAccessType,
  checkMemRegion,
  checkPacketAccess,
  checkPtrOff,
} from './access.ts';
import { checkBtfAccess, structIdsMatch } from './btfaccess.ts';
import { argDynptrType, dynptrInitOk, dynptrReg, dynptrSpi, dynptrUninitOk, markStackDynptr } from './dynptr.ts';
import type { Env } from './env.ts';
import * as F from './flags.ts';
import { baseType, typeMayBeNull } from './flags.ts';
import { markNotNull } from './jumps.ts';
import { markStackRead } from './liveness.ts';
import { checkBuffer, checkMemAccess, kptrMatches } from './mem.ts';
import { markChainPrecision } from './precision.ts';
import { regTypeStr } from './print.ts';
import { curRegs } from './regs.ts';
import { checkStackRange, isNull, type RawMem } from './stack.ts';
import { DYNPTR_NAMES, type Reg } from './state.ts';
import type { MapDesc } from './types.ts';

const BPF_MAX_VAR_SIZ = 1n << 29n;
const HELPER_SK_RELEASE = 86;
export const HELPER_KPTR_XCHG = 194;

/** What the arguments seen so far have told (`struct bpf_call_arg_meta`). */
export class CallMeta implements RawMem {
  funcId = 0;
  name = '';
  map: MapDesc | undefined = undefined;
  mapUid = 0;
  raw = false;
  pktAccess = false;
  releaseRegno = 0;
  /** Register and bytes of memory that the call fills. */
  regno = 0;
  size = 0;
  memSize = 0;
  msizeMax = 0n;
  refObjId = 0;
  dynptrId = 0;
  subprog = -1;
  constMapKey = -1;
  kptrField: BtfField | undefined = undefined;
  retBtf: import('../../btf/btf.ts').Btf | undefined = undefined;
  retBtfId = 0;
}

const { PTR_TO_BTF_ID, PTR_TRUSTED, MEM_RCU, MEM_ALLOC, MEM_PERCPU, MEM_RDONLY, MEM_UNINIT, NON_OWN_REF } = F;

const MEM_TYPES = [
  F.PTR_TO_STACK,
  F.PTR_TO_PACKET,
  F.PTR_TO_PACKET_META,
  F.PTR_TO_MAP_KEY,
  F.PTR_TO_MAP_VALUE,
  F.PTR_TO_MEM,
  F.PTR_TO_MEM | F.MEM_RINGBUF,
  F.PTR_TO_BUF,
  PTR_TO_BTF_ID | PTR_TRUSTED,
];

/** Register types that fit an argument type (`compatible_reg_types`). */
const COMPATIBLE: ReadonlyMap<number, readonly number[]> = new Map([
  [F.ARG_PTR_TO_MAP_KEY, MEM_TYPES],
  [F.ARG_PTR_TO_MAP_VALUE, MEM_TYPES],
  [F.ARG_CONST_SIZE, [F.SCALAR_VALUE]],
  [F.ARG_CONST_SIZE_OR_ZERO, [F.SCALAR_VALUE]],
  [F.ARG_CONST_ALLOC_SIZE_OR_ZERO, [F.SCALAR_VALUE]],
  [F.ARG_CONST_MAP_PTR, [F.CONST_PTR_TO_MAP]],
  [F.ARG_PTR_TO_CTX, [F.PTR_TO_CTX]],
  [F.ARG_PTR_TO_SOCK_COMMON, [F.PTR_TO_SOCK_COMMON, F.PTR_TO_SOCKET, F.PTR_TO_TCP_SOCK, F.PTR_TO_XDP_SOCK]],
  [
    F.ARG_PTR_TO_BTF_ID_SOCK_COMMON,
    [
      F.PTR_TO_SOCK_COMMON,
      F.PTR_TO_SOCKET,
      F.PTR_TO_TCP_SOCK,
      F.PTR_TO_XDP_SOCK,
      PTR_TO_BTF_ID,
      PTR_TO_BTF_ID | PTR_TRUSTED,
    ],
  ],
  [F.ARG_PTR_TO_SOCKET, [F.PTR_TO_SOCKET]],
  [F.ARG_PTR_TO_BTF_ID, [PTR_TO_BTF_ID, PTR_TO_BTF_ID | PTR_TRUSTED, PTR_TO_BTF_ID | MEM_RCU]],
  [F.ARG_PTR_TO_SPIN_LOCK, [F.PTR_TO_MAP_VALUE, PTR_TO_BTF_ID | MEM_ALLOC]],
  [F.ARG_PTR_TO_MEM, MEM_TYPES],
  [F.ARG_PTR_TO_RINGBUF_MEM, [F.PTR_TO_MEM | F.MEM_RINGBUF]],
  [
    F.ARG_PTR_TO_PERCPU_BTF_ID,
    [PTR_TO_BTF_ID | MEM_PERCPU, PTR_TO_BTF_ID | MEM_PERCPU | MEM_RCU, PTR_TO_BTF_ID | MEM_PERCPU | PTR_TRUSTED],
  ],
  [F.ARG_PTR_TO_FUNC, [F.PTR_TO_FUNC]],
  [F.ARG_PTR_TO_STACK, [F.PTR_TO_STACK]],
  [F.ARG_PTR_TO_CONST_STR, [F.PTR_TO_MAP_VALUE]],
  [F.ARG_PTR_TO_TIMER, [F.PTR_TO_MAP_VALUE]],
  [F.ARG_KPTR_XCHG_DEST, [F.PTR_TO_MAP_VALUE, PTR_TO_BTF_ID | MEM_ALLOC]],
  [F.ARG_PTR_TO_DYNPTR, [F.PTR_TO_STACK, F.CONST_PTR_TO_DYNPTR]],
]);

/** PTR_TO_BTF_ID with these modifiers is compared by struct. */
const BY_STRUCT = new Set([
  PTR_TO_BTF_ID,
  PTR_TO_BTF_ID | PTR_TRUSTED,
  PTR_TO_BTF_ID | PTR_TRUSTED | F.PTR_MAYBE_NULL,
  PTR_TO_BTF_ID | MEM_RCU,
  PTR_TO_BTF_ID | F.PTR_MAYBE_NULL,
  PTR_TO_BTF_ID | F.PTR_MAYBE_NULL | MEM_RCU,
]);

function isAllocType(type: number): boolean {
  return (type & MEM_ALLOC) !== 0;
}

/** The register's type fits; for kernel structs, `btfName` (or id) is the wanted one. */
export function checkRegType(env: Env, regno: number, argType: number, btfId: number, meta: CallMeta): number {
  const reg = curRegs(env)[regno]!;
  const compatible = COMPATIBLE.get(baseType(argType));
  if (compatible === undefined) {
    env.verbose(`verifier bug: unsupported arg type ${argType}\n`);
    return -EFAULT;
  }
  let type = reg.type;
  if ((argType & MEM_RDONLY) !== 0) type &= ~MEM_RDONLY;
  if ((argType & F.PTR_MAYBE_NULL) !== 0) type &= ~F.PTR_MAYBE_NULL;
  if (baseType(argType) === F.ARG_PTR_TO_MEM) type &= ~F.DYNPTR_TYPE_FLAG_MASK;
  if (meta.funcId === HELPER_KPTR_XCHG && isAllocType(type) && regno === 2) type &= ~(MEM_ALLOC | MEM_PERCPU);
  if (!compatible.includes(type)) {
    env.verbose(`R${regno} type=${regTypeStr(reg.type)} expected=${compatible.map(regTypeStr).join(', ')}\n`);
    return -EACCES;
  }
  if (baseType(reg.type) !== PTR_TO_BTF_ID) return 0;
  if (compatible === MEM_TYPES) {
    if ((argType & MEM_RDONLY) !== 0) return 0;
    env.verbose(`${meta.name}() may write into memory pointed by R${regno} type=${regTypeStr(reg.type)}\n`);
    return -EACCES;
  }
  if (BY_STRUCT.has(reg.type)) {
    const release = (argType & F.OBJ_RELEASE) !== 0;
    if (typeMayBeNull(reg.type) && (!typeMayBeNull(argType) || release)) {
      env.verbose(`Possibly NULL pointer passed to helper arg${regno}\n`);
      return -EACCES;
    }
    if (meta.funcId === HELPER_KPTR_XCHG) {
      return kptrMatches(env, meta.kptrField!, reg, regno) < 0 ? -EACCES : 0;
    }
    const vmlinux = env.vmlinuxBtf!;
    let want = btfId;
    if (want === 0 && baseType(argType) === F.ARG_PTR_TO_BTF_ID_SOCK_COMMON) {
      want = vmlinux.find('sock_common', BTF_KIND.STRUCT);
    }
    const err = checkPtrOff(env, reg, regno, true);
    if (err < 0) return err;
    const strict = release && meta.funcId !== HELPER_SK_RELEASE;
    if (!structIdsMatch(env, reg.btf!, reg.btfId, reg.off, vmlinux, want, strict)) {
      const have = reg.btf!.type(reg.btfId)?.name;
      env.verbose(`R${regno} is of type ${have} but ${vmlinux.type(want)?.name} is expected\n`);
      return -EACCES;
    }
    return 0;
  }
  if (meta.funcId === HELPER_KPTR_XCHG && isAllocType(reg.type) && regno === 2) {
    return kptrMatches(env, meta.kptrField!, reg, regno) < 0 ? -EACCES : 0;
  }
  return 0;
}

const ANY_OFFSET = new Set([
  F.PTR_TO_STACK,
  F.PTR_TO_PACKET,
  F.PTR_TO_PACKET_META,
  F.PTR_TO_MAP_KEY,
  F.PTR_TO_MAP_VALUE,
  F.PTR_TO_MEM,
  F.PTR_TO_MEM | MEM_RDONLY,
  F.PTR_TO_MEM | F.MEM_RINGBUF,
  F.PTR_TO_BUF,
  F.PTR_TO_BUF | MEM_RDONLY,
  F.PTR_TO_ARENA,
  F.SCALAR_VALUE,
]);

const FIXED_OFFSET = new Set([
  PTR_TO_BTF_ID,
  PTR_TO_BTF_ID | MEM_ALLOC,
  PTR_TO_BTF_ID | PTR_TRUSTED,
  PTR_TO_BTF_ID | MEM_RCU,
  PTR_TO_BTF_ID | MEM_ALLOC | NON_OWN_REF,
  PTR_TO_BTF_ID | MEM_ALLOC | NON_OWN_REF | MEM_RCU,
]);

/** The offset of the pointer is one the argument may have. */
export function checkArgOffset(env: Env, reg: Reg, regno: number, argType: number): number {
  if ((argType & F.OBJ_RELEASE) !== 0) {
    if (baseType(argType) === F.ARG_PTR_TO_DYNPTR && reg.type === F.PTR_TO_STACK) return 0;
    if (reg.off !== 0) {
      env.verbose(`R${regno} must have zero offset when passed to release func or trusted arg to kfunc\n`);
      return -EINVAL;
    }
    return checkPtrOff(env, reg, regno, false);
  }
  if (ANY_OFFSET.has(reg.type)) return 0;
  return checkPtrOff(env, reg, regno, FIXED_OFFSET.has(reg.type));
}

/** Program types whose context is plain memory (no `convert_ctx_access`). */
const CTX_AS_MEMORY = new Set<number>([
  BPF_PROG_TYPE.SYSCALL,
  BPF_PROG_TYPE.KPROBE,
  BPF_PROG_TYPE.TRACEPOINT,
  BPF_PROG_TYPE.RAW_TRACEPOINT,
  BPF_PROG_TYPE.RAW_TRACEPOINT_WRITABLE,
  BPF_PROG_TYPE.TRACING,
  BPF_PROG_TYPE.LSM,
  BPF_PROG_TYPE.STRUCT_OPS,
  BPF_PROG_TYPE.CGROUP_DEVICE,
  BPF_PROG_TYPE.NETFILTER,
]);

/** Memory of `size` bytes that a call reads or writes through the register. */
export function checkHelperMem(
  env: Env,
  regno: number,
  size: number,
  write: boolean,
  zeroOk: boolean,
  meta: RawMem | undefined,
): number {
  const reg = curRegs(env)[regno]!;
  const readonly = (reg.type & MEM_RDONLY) !== 0;
  const refuseWrite = (): number => {
    env.verbose(`R${regno} cannot write into ${regTypeStr(reg.type)}\n`);
    return -EACCES;
  };
  switch (baseType(reg.type)) {
    case F.PTR_TO_PACKET:
    case F.PTR_TO_PACKET_META:
      return checkPacketAccess(env, regno, reg.off, size, zeroOk);
    case F.PTR_TO_MAP_KEY:
      if (write) return refuseWrite();
      return checkMemRegion(env, regno, reg.off, size, reg.map!.keySize, false);
    case F.PTR_TO_MAP_VALUE:
      if (checkMapAccessType(env, regno, reg.off, size, write) < 0) return -EACCES;
      return checkMapAccess(env, regno, reg.off, size, zeroOk, ACCESS_HELPER);
    case F.PTR_TO_MEM:
      if (readonly && write) return refuseWrite();
      return checkMemRegion(env, regno, reg.off, size, reg.num, zeroOk);
    case F.PTR_TO_BUF: {
      if (readonly && write) return refuseWrite();
      const err = checkBuffer(env, readonly ? 'rdonly' : 'rdwr', reg, regno, reg.off, size);
      if (err < 0) return err;
      const end = reg.off + size;
      if (readonly) env.maxRdonlyAccess = Math.max(env.maxRdonlyAccess, end);
      else env.maxRdwrAccess = Math.max(env.maxRdwrAccess, end);
      return 0;
    }
    case F.PTR_TO_STACK:
      return checkStackRange(env, regno, reg.off, size, zeroOk, write, meta);
    case PTR_TO_BTF_ID:
      return checkBtfAccess(env, reg, regno, reg.off, size, false, undefined);
    case F.PTR_TO_CTX:
      if (CTX_AS_MEMORY.has(env.progType)) {
        if (size === 0) return zeroOk ? 0 : -EACCES;
        return checkMemAccess(env, env.insnIdx, regno, size - 1, 1, write, -1, false, false);
      }
      break;
  }
  if (zeroOk && size === 0 && isNull(reg)) return 0;
  env.verbose(`R${regno} type=${regTypeStr(reg.type)} expected=${regTypeStr(F.PTR_TO_STACK)}\n`);
  return -EACCES;
}

/** A size, and the memory it belongs to: the register before it (`check_mem_size_reg`). */
export function checkMemSize(
  env: Env,
  regno: number,
  write: boolean,
  zeroOk: boolean,
  meta: CallMeta | undefined,
): number {
  const r = curRegs(env)[regno]!.range;
  if (meta !== undefined) meta.msizeMax = r.umax;
  if (r.smin < 0n) {
    env.verbose(`R${regno} min value is negative, either use unsigned or 'var &= const'\n`);
    return -EACCES;
  }
  if (r.umin === 0n && !zeroOk) {
    env.verbose(`R${regno} invalid zero-sized read: u64=[${BigInt.asIntN(64, r.umin)},${BigInt.asIntN(64, r.umax)}]\n`);
    return -EACCES;
  }
  if (r.umax >= BPF_MAX_VAR_SIZ) {
    env.verbose(`R${regno} unbounded memory access, use 'var &= const' or 'if (var < const)'\n`);
    return -EACCES;
  }
  const err = checkHelperMem(env, regno - 1, Number(r.umax), write, zeroOk, r.isConst ? meta : undefined);
  return err < 0 ? err : markChainPrecision(env, regno);
}

/** Memory that may be read and written, or NULL (`check_mem_reg`). */
export function checkMemReg(env: Env, regno: number, size: number): number {
  const reg = curRegs(env)[regno]!;
  if (isNull(reg)) return 0;
  const saved = typeMayBeNull(reg.type) ? reg.clone() : undefined;
  if (saved !== undefined) markNotNull(reg);
  let err = checkHelperMem(env, regno, size, false, true, undefined);
  if (err === 0) err = checkHelperMem(env, regno, size, true, true, undefined);
  if (saved !== undefined) reg.copyFrom(saved);
  return err;
}

/** A dynptr argument: to be made, or to be used (`process_dynptr_func`). */
export function processDynptr(env: Env, regno: number, insnIdx: number, argType: number, cloneRef: number): number {
  const reg = curRegs(env)[regno]!;
  if (reg.type !== F.PTR_TO_STACK && reg.type !== F.CONST_PTR_TO_DYNPTR) {
    env.verbose(`arg#${regno - 1} expected pointer to stack or const struct bpf_dynptr\n`);
    return -EINVAL;
  }
  if ((argType & MEM_UNINIT) !== 0) {
    if (!dynptrUninitOk(env, reg)) {
      env.verbose('Dynptr has to be an uninitialized dynptr\n');
      return -EINVAL;
    }
    for (let i = 0; i < 16; i += 8) {
      const err = checkMemAccess(env, insnIdx, regno, i, 8, true, -1, false, false);
      if (err < 0) return err;
    }
    return markStackDynptr(env, reg, argDynptrType(argType), insnIdx, cloneRef);
  }
  if (reg.type === F.CONST_PTR_TO_DYNPTR && (argType & MEM_RDONLY) === 0) {
    env.verbose('cannot pass pointer to const bpf_dynptr, the helper mutates it\n');
    return -EINVAL;
  }
  if (!dynptrInitOk(env, reg)) {
    env.verbose(`Expected an initialized dynptr as arg #${regno - 1}\n`);
    return -EINVAL;
  }
  const wanted = argDynptrType(argType);
  if ((argType & ~MEM_RDONLY) !== F.ARG_PTR_TO_DYNPTR && dynptrReg(env, reg).num !== wanted) {
    env.verbose(`Expected a dynptr of type ${DYNPTR_NAMES[wanted]} as arg #${regno - 1}\n`);
    return -EINVAL;
  }
  if (reg.type === F.PTR_TO_STACK) {
    const spi = dynptrSpi(env, reg);
    markStackRead(env, reg.frameno, spi);
    markStackRead(env, reg.frameno, spi - 1);
    env.scratchSlot(spi);
    env.scratchSlot(spi - 1);
  }
  return 0;
}
