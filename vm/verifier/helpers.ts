/**
 * Calls of helpers (`check_helper_call`): prototype, arguments, what they do to the
 * state, what they return.
 */

import { BPF_ATTACH_TYPE, BPF_F_MAP, BPF_MAP_TYPE, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { EACCES, EFAULT, EINVAL, ENOTSUPP } from '../../uapi/errno.ts';
import { parseFormat } from '../helpers/format.ts';
import { ACCESS_HELPER, checkMapAccess } from './access.ts';
import {
  CallMeta,
  checkArgOffset,
  checkHelperMem,
  checkMemSize,
  checkRegType,
  HELPER_KPTR_XCHG,
  processDynptr,
} from './args.ts';
import { inRcuCs, inSleepable } from './btfaccess.ts';
import { isStruct, skipMods } from './btfwalk.ts';
import { dynptrReg, dynptrSpi, unmarkStackDynptr } from './dynptr.ts';
import type { Env } from './env.ts';
import * as F from './flags.ts';
import { baseType, typeFlag, typeMayBeNull } from './flags.ts';
import {
  clearCallerSaved,
  clearPktPointers,
  findVmaCallback,
  loopCallback,
  mapElemCallback,
  prepareFuncExit,
  pushAsyncCallback,
  pushCallback,
  timerCallback,
  userRingbufCallback,
} from './frames.ts';
import { hasField, typeSize } from './ldimm64.ts';
import { updateLiveStack } from './liveness.ts';
import { processKptr, processSpinLock, processTimer } from './locks.ts';
import { checkMapFunc } from './mapfunc.ts';
import { checkMemAccess, mayAccessPacket } from './mem.ts';
import { pushStack, TOO_COMPLEX } from './paths.ts';
import { markBatch, markChainPrecision, prepareBatch } from './precision.ts';
import { regTypeStr } from './print.ts';
import { refine, ZERO } from './range.ts';
import { acquireReference, checkResourceLeak, releaseReference, releaseReferenceNomark } from './refs.ts';
import {
  boundsSanity,
  checkRegArg,
  curRegs,
  frameOf,
  isPktPointer,
  isPointerValue,
  isRegConst,
  markRegInvalid,
  markUnknown,
  SRC_OP,
} from './regs.ts';
import { isNull } from './stack.ts';
import { DYNPTR_SKB, DYNPTR_SKB_META, forEachReg, type Reg, STACK_SPILL, STACK_ZERO } from './state.ts';
import type { HelperProto } from './types.ts';

/** Helpers with rules of their own, by name. */
/** {@link InsnAux.loopCallback}: flags, or more than one callback. */
const LOOP_NOT_INLINE = -2;

const H = {
  map_lookup_elem: 1,
  map_update_elem: 2,
  map_delete_elem: 3,
  probe_read_str: 45,
  get_smp_processor_id: 8,
  tail_call: 12,
  get_stack: 67,
  redirect_map: 51,
  get_local_storage: 81,
  sk_lookup_tcp: 84,
  sk_lookup_udp: 85,
  map_push_elem: 87,
  map_pop_elem: 88,
  map_peek_elem: 89,
  spin_lock: 93,
  spin_unlock: 94,
  sk_fullsock: 95,
  tcp_sock: 96,
  skc_lookup_tcp: 99,
  probe_read_user_str: 114,
  probe_read_kernel_str: 115,
  ringbuf_reserve: 131,
  get_task_stack: 141,
  get_func_ip: 173,
  per_cpu_ptr: 153,
  this_cpu_ptr: 154,
  for_each_map_elem: 164,
  snprintf: 165,
  timer_set_callback: 170,
  find_vma: 180,
  loop: 181,
  set_retval: 187,
  map_lookup_percpu_elem: 195,
  dynptr_from_mem: 197,
  dynptr_write: 202,
  dynptr_data: 203,
  user_ringbuf_drain: 209,
  sk_storage_get: 107,
  inode_storage_get: 145,
  task_storage_get: 156,
  cgrp_storage_get: 210,
} as const;

const HELPER_MAX = 212;

/** A socket pointer turned into another of the same socket. */
const PTR_CASTS = new Set([H.tcp_sock, H.sk_fullsock, 136, 137, 138, 139, 140, 196] as number[]);
/** Helpers that use a map: it is remembered for the call. */
const MAP_HELPERS = new Set<number>([
  H.tail_call,
  H.map_lookup_elem,
  H.map_update_elem,
  H.map_delete_elem,
  H.map_push_elem,
  H.map_pop_elem,
  H.map_peek_elem,
  H.for_each_map_elem,
  H.redirect_map,
  H.map_lookup_percpu_elem,
]);
const MAP_WRITERS = new Set<number>([H.map_delete_elem, H.map_update_elem, H.map_push_elem, H.map_pop_elem]);
const STRING_READERS = new Set<number>([
  H.get_stack,
  H.get_task_stack,
  H.probe_read_str,
  H.probe_read_kernel_str,
  H.probe_read_user_str,
]);
const MAX_ERRNO = 4095;

function isDynptrArg(argType: number): boolean {
  return baseType(argType) === F.ARG_PTR_TO_DYNPTR;
}

/** A key on the stack that is a known number: its value, -1 when it is not, or -errno below that (`get_constant_map_key`). */
function constantKey(env: Env, key: Reg, size: number): number {
  if (!env.bpfCapable || key.type !== F.PTR_TO_STACK || !key.range.isConst) return -1;
  const frame = frameOf(env, key);
  const byte = -(key.off + Number(BigInt.asIntN(64, key.range.bits.value))) - 1;
  const spi = byte >> 3;
  const slot = frame.stack[spi];
  if (slot === undefined) return -1;
  const first = byte & 7;
  let zeros = 0;
  for (let i = first; i >= 0 && slot.kind(i) === STACK_ZERO; i--) zeros++;
  if (zeros >= size) return 0;
  if (!slot.isSpilledScalar) return -1;
  let spilled = 0;
  for (let i = first; i >= 0 && slot.kind(i) === STACK_SPILL; i--) spilled++;
  if (spilled !== size || !slot.reg.range.isConst) return -1;
  const batch = prepareBatch(env.cur!.curframe);
  batch.setSlot(key.frameno, spi);
  const err = markBatch(env, env.cur!, undefined);
  if (err < 0) return err - 1;
  // Large and negative numbers are no keys of an array.
  const { value } = slot.reg.range.bits;
  return value <= 0xffffffffn ? Number(value) : -1;
}

function elidesNull(mapType: number): boolean {
  return mapType === BPF_MAP_TYPE.ARRAY || mapType === BPF_MAP_TYPE.PERCPU_ARRAY;
}

/** For some maps the value argument is something else (`resolve_map_arg_type`). */
function resolveMapArg(env: Env, meta: CallMeta, argType: number): number {
  const type = meta.map?.mapType;
  if (type === BPF_MAP_TYPE.SOCKMAP || type === BPF_MAP_TYPE.SOCKHASH) {
    if (argType === F.ARG_PTR_TO_MAP_VALUE) return F.ARG_PTR_TO_BTF_ID_SOCK_COMMON;
    env.verbose('invalid arg_type for sockmap/sockhash\n');
    return -EINVAL;
  }
  if (type === BPF_MAP_TYPE.BLOOM_FILTER && meta.funcId === H.map_peek_elem) return F.ARG_PTR_TO_MAP_VALUE;
  return argType;
}

/** A format string in a read-only map (`check_reg_const_str`). */
export function checkConstStr(env: Env, reg: Reg, regno: number): number {
  const map = reg.map!;
  const readonly = (map.mapFlags & (1 << 7)) !== 0 && map.frozen;
  if (!readonly) {
    env.verbose(`R${regno} does not point to a readonly map'\n`);
    return -EACCES;
  }
  if (!reg.range.isConst) {
    env.verbose(`R${regno} is not a constant address'\n`);
    return -EACCES;
  }
  if (map.mapType !== BPF_MAP_TYPE.ARRAY) {
    env.verbose('no direct value access support for this map type\n');
    return -EACCES;
  }
  const err = checkMapAccess(env, regno, reg.off, map.valueSize - reg.off, false, ACCESS_HELPER);
  if (err < 0) return err;
  const start = reg.off + Number(reg.range.bits.value);
  for (let off = start; off < map.valueSize; off++) {
    const byte = env.input.readMapValue?.(map, off, 1);
    if (byte === undefined || byte === 0n) return 0;
  }
  env.verbose('string is not zero-terminated\n');
  return -EINVAL;
}

function checkRelease(env: Env, reg: Reg, regno: number, argType: number, meta: CallMeta): number {
  if (isDynptrArg(argType)) {
    if (reg.type !== F.PTR_TO_STACK) {
      env.verbose('cannot release unowned const bpf_dynptr\n');
      return -EINVAL;
    }
    const spi = dynptrSpi(env, reg);
    if (spi < 0 || frameOf(env, reg).stack[spi]!.reg.refObjId === 0) {
      env.verbose(`arg ${regno} is an unacquired reference\n`);
      return -EINVAL;
    }
  } else if (reg.refObjId === 0 && !isNull(reg)) {
    env.verbose(`R${regno} must be referenced when passed to release function\n`);
    return -EINVAL;
  }
  meta.releaseRegno = regno;
  return 0;
}

function checkMapKeyArg(env: Env, reg: Reg, regno: number, meta: CallMeta): number {
  const map = meta.map;
  if (map === undefined) {
    env.verbose('verifier bug: invalid map_ptr to access map->key\n');
    return -EFAULT;
  }
  const err = checkHelperMem(env, regno, map.keySize, false, false, undefined);
  if (err < 0) return err;
  if (elidesNull(map.mapType)) {
    const key = constantKey(env, reg, map.keySize);
    if (key < -1) return key + 1;
    meta.constMapKey = key;
  }
  return 0;
}

/** One argument (`check_func_arg`). */
function checkArg(env: Env, arg: number, meta: CallMeta, proto: HelperProto, insnIdx: number): number {
  const regno = arg + 1;
  const reg = curRegs(env)[regno]!;
  let argType = proto.args[arg] ?? F.ARG_DONTCARE;
  if (argType === F.ARG_DONTCARE) return 0;
  let err = checkRegArg(env, regno, SRC_OP);
  if (err < 0) return err;
  if (argType === F.ARG_ANYTHING) {
    if (!isPointerValue(env, reg)) return 0;
    env.verbose(`R${regno} leaks addr into helper function\n`);
    return -EACCES;
  }
  if (
    isPktPointer(reg.type) &&
    !(meta.pktAccess && env.rules.directPktAccess(false, env.prog) && mayAccessPacket(env, false))
  ) {
    env.verbose('helper access to the packet is not allowed\n');
    return -EACCES;
  }
  if (baseType(argType) === F.ARG_PTR_TO_MAP_VALUE) {
    const resolved = resolveMapArg(env, meta, argType);
    if (resolved < 0) return resolved;
    argType = resolved;
  }
  if (!(isNull(reg) && typeMayBeNull(argType))) {
    const name = proto.argBtf?.[arg];
    const btfId = name === undefined || name === '*' ? 0 : (env.vmlinuxBtf?.find(name, 4) ?? 0);
    err = checkRegType(env, regno, argType, btfId, meta);
    if (err < 0) return err;
    err = checkArgOffset(env, reg, regno, argType);
    if (err < 0) return err;
  }
  if ((argType & F.OBJ_RELEASE) !== 0) {
    err = checkRelease(env, reg, regno, argType, meta);
    if (err < 0) return err;
  }
  if (reg.refObjId !== 0 && baseType(argType) !== F.ARG_KPTR_XCHG_DEST) {
    if (meta.refObjId !== 0) {
      env.verbose(`more than one arg with ref_obj_id R${regno} ${reg.refObjId} ${meta.refObjId}`);
      return -EACCES;
    }
    meta.refObjId = reg.refObjId;
  }
  const previous = proto.args[arg - 1] ?? 0;
  switch (baseType(argType)) {
    case F.ARG_CONST_MAP_PTR:
      if (meta.map !== undefined && (meta.map !== reg.map || meta.mapUid !== reg.mapUid)) {
        env.verbose(
          `timer pointer in R1 map_uid=${meta.mapUid} doesn't match map pointer in R2 map_uid=${reg.mapUid}\n`,
        );
        return -EINVAL;
      }
      meta.map = reg.map;
      meta.mapUid = reg.mapUid;
      return 0;
    case F.ARG_PTR_TO_MAP_KEY:
      return checkMapKeyArg(env, reg, regno, meta);
    case F.ARG_PTR_TO_MAP_VALUE:
      if (typeMayBeNull(argType) && isNull(reg)) return 0;
      if (meta.map === undefined) return -EFAULT;
      meta.raw = (argType & F.MEM_UNINIT) !== 0;
      return checkHelperMem(env, regno, meta.map.valueSize, (argType & F.MEM_WRITE) !== 0, false, meta);
    case F.ARG_PTR_TO_PERCPU_BTF_ID:
      if (reg.btfId === 0) {
        env.verbose(`Helper has invalid btf_id in R${regno}\n`);
        return -EACCES;
      }
      meta.retBtf = reg.btf;
      meta.retBtfId = reg.btfId;
      return 0;
    case F.ARG_PTR_TO_SPIN_LOCK:
      return processSpinLock(env, regno, meta.funcId === H.spin_lock, false, false);
    case F.ARG_PTR_TO_TIMER:
      return processTimer(env, regno, meta);
    case F.ARG_PTR_TO_FUNC:
      meta.subprog = reg.num;
      return 0;
    case F.ARG_PTR_TO_MEM: {
      meta.raw = (argType & F.MEM_UNINIT) !== 0;
      if ((argType & F.MEM_FIXED_SIZE) === 0) return 0;
      const size = proto.argSize?.[arg] ?? 0;
      err = checkHelperMem(env, regno, size, (argType & F.MEM_WRITE) !== 0, false, meta);
      if (err < 0 || (argType & F.MEM_ALIGNED) === 0) return err;
      return checkFixedAlignment(env, reg, size);
    }
    case F.ARG_CONST_SIZE:
      return checkMemSize(env, regno, (previous & F.MEM_WRITE) !== 0, false, meta);
    case F.ARG_CONST_SIZE_OR_ZERO:
      return checkMemSize(env, regno, (previous & F.MEM_WRITE) !== 0, true, meta);
    case F.ARG_PTR_TO_DYNPTR:
      return processDynptr(env, regno, insnIdx, argType, 0);
    case F.ARG_CONST_ALLOC_SIZE_OR_ZERO:
      if (!reg.range.isConst) {
        env.verbose(`R${regno} is not a known constant'\n`);
        return -EACCES;
      }
      meta.memSize = Number(reg.range.bits.value & 0xffffffffn);
      return markChainPrecision(env, regno);
    case F.ARG_PTR_TO_CONST_STR:
      return checkConstStr(env, reg, regno);
    case F.ARG_KPTR_XCHG_DEST:
      return processKptr(env, regno, meta);
    default:
      return 0;
  }
}

function checkFixedAlignment(env: Env, reg: Reg, size: number): number {
  const sum = BigInt.asUintN(64, BigInt(reg.off) + reg.range.bits.value);
  if (reg.type === F.PTR_TO_ARENA || ((sum | reg.range.bits.mask) & BigInt(size - 1)) === 0n) return 0;
  const what = reg.type === F.PTR_TO_STACK ? 'stack ' : reg.type === F.PTR_TO_MAP_VALUE ? 'value ' : '';
  env.verbose(`misaligned ${what}access off ${reg.range.bits}+${reg.off}+0 size ${size}\n`);
  return -EACCES;
}

/** Remembers the map of the call for those who run it (`record_func_map`). */
function recordMap(env: Env, meta: CallMeta, i: number): number {
  const aux = env.aux[i]!;
  const map = meta.map;
  if (map !== undefined) {
    if (aux.map === undefined && !aux.mapPoison) aux.map = map;
    else if (aux.map !== map) {
      aux.map = undefined;
      aux.mapPoison = true;
    }
  }
  if (!MAP_HELPERS.has(meta.funcId)) return 0;
  if (map === undefined) {
    env.verbose('verifier bug: expected map for helper call\n');
    return -EFAULT;
  }
  if ((map.mapFlags & (1 << 7)) !== 0 && MAP_WRITERS.has(meta.funcId)) {
    env.verbose('write into map forbidden\n');
    return -EACCES;
  }
  return 0;
}

/** Remembers a tail call's index when it is known (`record_func_key`). */
function recordKey(env: Env, meta: CallMeta, i: number): number {
  if (meta.funcId !== H.tail_call) return 0;
  const map = meta.map;
  if (map === undefined || map.mapType !== BPF_MAP_TYPE.PROG_ARRAY) {
    // The kernel ends the line only with what follows.
    env.verbose('expected prog array map for tail call');
    return -EINVAL;
  }
  const aux = env.aux[i]!;
  const reg = curRegs(env)[3]!;
  const value = reg.range.bits.value;
  if (!isRegConst(reg, false) || value >= BigInt(map.maxEntries)) {
    aux.mapKeyConst = -2;
    return 0;
  }
  const err = markChainPrecision(env, 3);
  if (err < 0) return err;
  const key = Number(value);
  if (aux.mapKeyConst === -1) aux.mapKeyConst = key;
  else if (aux.mapKeyConst !== key) aux.mapKeyConst = -2;
  return 0;
}

/** What is passed to be released is (`meta.release_regno`). */
function release(env: Env, meta: CallMeta, proto: HelperProto): number {
  const regno = meta.releaseRegno;
  const reg = curRegs(env)[regno]!;
  let err = -EINVAL;
  if (isDynptrArg(proto.args[regno - 1]!)) {
    err = unmarkStackDynptr(env, reg);
  } else if (meta.funcId === HELPER_KPTR_XCHG && meta.refObjId !== 0) {
    const inRcu = inRcuCs(env);
    const id = meta.refObjId;
    err = releaseReferenceNomark(env.cur!, id);
    if (err === 0) {
      forEachReg(env.cur!, (r) => {
        if (r.refObjId !== id) return;
        if (inRcu && (r.type & F.MEM_ALLOC) !== 0 && (r.type & F.MEM_PERCPU) !== 0) {
          r.refObjId = 0;
          r.type = (r.type & ~F.MEM_ALLOC) | F.MEM_RCU;
        } else markRegInvalid(env, r);
      });
    }
  } else if (meta.refObjId !== 0) {
    err = releaseReference(env, meta.refObjId);
  } else if (isNull(reg)) {
    err = 0;
  }
  if (err < 0) env.verbose(`func ${meta.name}#${meta.funcId} reference has not been acquired before\n`);
  return err;
}

/** Whether a call of bpf_loop has no flags and one callback on every path: it is then inlined (`update_loop_inline_state`). */
function noteLoopInline(env: Env, i: number, subprog: number): number {
  const aux = env.aux[i]!;
  if (aux.loopCallback === LOOP_NOT_INLINE) return 0;
  const noFlags = isNull(curRegs(env)[4]!);
  if (noFlags) {
    const err = markChainPrecision(env, 4);
    if (err < 0) return err;
  }
  const fits = noFlags && (aux.loopCallback === -1 || aux.loopCallback === subprog);
  aux.loopCallback = fits ? subprog : LOOP_NOT_INLINE;
  return 0;
}

/** The format of bpf_snprintf and the number of its arguments (`check_bpf_snprintf_call`). */
function checkSnprintf(env: Env, format: Reg, dataSize: Reg): number {
  const size = dataSize.range.bits.value;
  if (size % 8n !== 0n) return -EINVAL;
  const map = format.map!;
  let text = '';
  for (let at = format.off + Number(format.range.bits.value); ; at++) {
    const byte = env.input.readMapValue?.(map, at, 1);
    if (byte === undefined || byte === 0n) break;
    text += String.fromCharCode(Number(byte));
  }
  const pieces = parseFormat(text);
  const wanted = typeof pieces === 'number' ? 0 : pieces.filter((piece) => typeof piece !== 'string').length;
  if (typeof pieces !== 'number' && BigInt(wanted) <= size / 8n) return 0;
  env.verbose('Invalid format string\n');
  return -EINVAL;
}

/** Helpers with effects of their own; 1: the packet may change. */
function special(env: Env, meta: CallMeta, i: number): number {
  const regs = curRegs(env);
  switch (meta.funcId) {
    case H.tail_call:
      return checkResourceLeak(env, false, true, 'tail_call');
    case H.get_local_storage:
      if (isNull(regs[2]!)) return 0;
      env.verbose("get_local_storage() doesn't support non-zero flags\n");
      return -EINVAL;
    case H.for_each_map_elem:
      return pushCallback(env, i, meta.subprog, mapElemCallback);
    case H.timer_set_callback:
      return pushAsyncCallback(env, i, meta.subprog, false, timerCallback);
    case H.find_vma:
      return pushCallback(env, i, meta.subprog, findVmaCallback);
    case H.user_ringbuf_drain:
      return pushCallback(env, i, meta.subprog, userRingbufCallback);
    case H.loop: {
      let err = noteLoopInline(env, i, meta.subprog);
      if (err < 0) return err;
      err = markChainPrecision(env, 1);
      if (err < 0) return err;
      const frame = env.cur!.cur;
      if (BigInt(frame.callbackDepth) < regs[1]!.range.umax) return pushCallback(env, i, meta.subprog, loopCallback);
      frame.callbackDepth = 0;
      if (env.logLevel2) env.verbose(`frame${env.cur!.curframe} bpf_loop iteration limit reached\n`);
      return 0;
    }
    case H.snprintf:
      return checkSnprintf(env, regs[3]!, regs[5]!);
    case H.dynptr_from_mem:
      if (regs[1]!.type === F.PTR_TO_MAP_VALUE) return 0;
      env.verbose(`Unsupported reg type ${regTypeStr(regs[1]!.type)} for bpf_dynptr_from_mem data\n`);
      return -EACCES;
    case H.dynptr_data: {
      const reg = dynptrReg(env, regs[1]!);
      meta.dynptrId = reg.id;
      meta.refObjId = reg.refObjId;
      return 0;
    }
    case H.dynptr_write: {
      const type = dynptrReg(env, regs[1]!).num;
      return type === DYNPTR_SKB || type === DYNPTR_SKB_META ? 1 : 0;
    }
    default:
      return 0;
  }
}

function returnsMemOrBtf(env: Env, r0: Reg, meta: CallMeta, flag: number, percpuAlloc: boolean): number {
  const btf = meta.retBtf!;
  const type = skipMods(btf, meta.retBtfId);
  if (!isStruct(type)) {
    const size = typeSize(btf, meta.retBtfId);
    if (size < 0) {
      env.verbose(`unable to resolve the size of type '${type.name}': ${size}\n`);
      return -EINVAL;
    }
    r0.type = F.PTR_TO_MEM | flag;
    r0.num = size;
    return 0;
  }
  r0.type = percpuAlloc ? F.PTR_TO_BTF_ID | F.MEM_ALLOC | F.MEM_RCU : F.PTR_TO_BTF_ID | (flag & ~F.MEM_RDONLY);
  r0.btf = btf;
  r0.btfId = meta.retBtfId;
  return 0;
}

/** r0 after the call, by the prototype. */
function setReturn(env: Env, proto: HelperProto, meta: CallMeta, percpuAlloc: boolean): number {
  const r0 = curRegs(env)[0]!;
  let flag = typeFlag(proto.ret);
  const base = baseType(proto.ret);
  if (base === F.RET_INTEGER) {
    markUnknown(env, r0);
    return 0;
  }
  if (base === F.RET_VOID) return 0;
  r0.reset();
  r0.range = ZERO;
  switch (base) {
    case F.RET_PTR_TO_MAP_VALUE: {
      const map = meta.map;
      if (map === undefined) {
        env.verbose('verifier bug: unexpected null map_ptr\n');
        return -EFAULT;
      }
      const key = meta.constMapKey;
      const elides = elidesNull(map.mapType) && (map.mapFlags & BPF_F_MAP.INNER_MAP) === 0;
      if (proto.id === H.map_lookup_elem && elides && key >= 0 && key < map.maxEntries) {
        flag &= ~F.PTR_MAYBE_NULL;
      }
      r0.map = map;
      r0.mapUid = meta.mapUid;
      r0.type = F.PTR_TO_MAP_VALUE | flag;
      if ((flag & F.PTR_MAYBE_NULL) === 0 && hasField(map, 'bpf_spin_lock', 'bpf_res_spin_lock')) r0.id = env.nextId();
      break;
    }
    case F.RET_PTR_TO_SOCKET:
      r0.type = F.PTR_TO_SOCKET | flag;
      break;
    case F.RET_PTR_TO_SOCK_COMMON:
      r0.type = F.PTR_TO_SOCK_COMMON | flag;
      break;
    case F.RET_PTR_TO_TCP_SOCK:
      r0.type = F.PTR_TO_TCP_SOCK | flag;
      break;
    case F.RET_PTR_TO_MEM:
      r0.type = F.PTR_TO_MEM | flag;
      r0.num = meta.memSize;
      break;
    case F.RET_PTR_TO_MEM_OR_BTF_ID: {
      const err = returnsMemOrBtf(env, r0, meta, flag, percpuAlloc);
      if (err < 0) return err;
      break;
    }
    case F.RET_PTR_TO_BTF_ID: {
      r0.type = F.PTR_TO_BTF_ID | flag;
      if (proto.id === HELPER_KPTR_XCHG) {
        const field = meta.kptrField!;
        r0.btf = field.btf;
        r0.btfId = field.typeId ?? 0;
        if (!field.btf!.isKernel) {
          r0.type |= F.MEM_ALLOC;
          if (field.kind === 'kptr_percpu') r0.type |= F.MEM_PERCPU;
        }
      } else {
        r0.btf = env.vmlinuxBtf;
        r0.btfId = env.vmlinuxBtf?.find(proto.retBtf ?? '', 4) ?? 0;
      }
      break;
    }
    default:
      env.verbose(`unknown return type ${base} of func ${meta.name}#${proto.id}\n`);
      return -EINVAL;
  }
  if (typeMayBeNull(r0.type)) r0.id = env.nextId();
  return 0;
}

function isAcquire(id: number, meta: CallMeta): boolean {
  if (id === H.sk_lookup_tcp || id === H.sk_lookup_udp || id === H.skc_lookup_tcp) return true;
  if (id === H.ringbuf_reserve || id === HELPER_KPTR_XCHG) return true;
  const type = meta.map?.mapType;
  return id === H.map_lookup_elem && (type === BPF_MAP_TYPE.SOCKMAP || type === BPF_MAP_TYPE.SOCKHASH);
}

/** What is known of a number a helper returns (`do_refine_retval_range`). */
function refineReturn(env: Env, proto: HelperProto, meta: CallMeta): void {
  if (proto.ret !== F.RET_INTEGER) return;
  const r0 = curRegs(env)[0]!;
  if (STRING_READERS.has(proto.id)) {
    r0.range = refine(r0.range, (b) => {
      b.smax = BigInt.asIntN(64, meta.msizeMax);
      b.s32max = Number(BigInt.asIntN(32, meta.msizeMax));
      b.smin = BigInt(-MAX_ERRNO);
      b.s32min = -MAX_ERRNO;
    });
  } else if (proto.id === H.get_smp_processor_id) {
    const max = (env.input.nrCpus ?? 1) - 1;
    r0.range = refine(r0.range, (b) => {
      b.umin = 0n;
      b.umax = BigInt(max);
      b.u32min = 0;
      b.u32max = max;
      b.smin = 0n;
      b.smax = BigInt(max);
      b.s32min = 0;
      b.s32max = max;
    });
  } else return;
  boundsSanity(env, r0, 'retval');
}

/** Calls that may sleep are not allowed in some regions. */
function checkSleep(env: Env, proto: HelperProto, name: string): number {
  const state = env.cur!;
  if (!proto.mightSleep) return 0;
  let where = '';
  if (state.activeRcuLock > 0) where = 'rcu_read_lock';
  else if (state.activePreemptLocks > 0) where = 'non-preemptible';
  else if (state.activeIrqId !== 0) where = 'IRQ-disabled';
  if (where === '') return 0;
  env.verbose(`sleepable helper ${name}#${proto.id} in ${where} region\n`);
  return -EINVAL;
}

const TRAMPOLINE: readonly number[] = [
  BPF_ATTACH_TYPE.TRACE_FENTRY,
  BPF_ATTACH_TYPE.TRACE_FEXIT,
  BPF_ATTACH_TYPE.MODIFY_RETURN,
];

/** The function traced has an address only where there is one function (`check_get_func_ip`). */
function checkFuncIp(env: Env): number {
  const type = env.input.progType;
  if (type === BPF_PROG_TYPE.KPROBE) return 0;
  if (type !== BPF_PROG_TYPE.TRACING) {
    env.verbose(`func bpf_get_func_ip#${H.get_func_ip} not supported for program type ${type}\n`);
    return -ENOTSUPP;
  }
  if (TRAMPOLINE.includes(env.prog.expectedAttachType)) return 0;
  env.verbose(`func bpf_get_func_ip#${H.get_func_ip} supported only for fentry/fexit/fmod_ret programs\n`);
  return -ENOTSUPP;
}

/** `check_helper_call`. */
export function checkHelperCall(env: Env, i: number): number {
  const id = env.insns.imm[i]!;
  const known = env.input.tables.helperName(id);
  const name = known === undefined ? 'unknown' : `bpf_${known}`;
  if (id < 0 || id >= HELPER_MAX || known === undefined) {
    env.verbose(`invalid func unknown#${id}\n`);
    return -EINVAL;
  }
  const proto = env.rules.helper(id, env.prog);
  if (proto === undefined) {
    env.verbose(`program of this type cannot use helper ${name}#${id}\n`);
    return -EINVAL;
  }
  if (proto.gplOnly && !env.input.gplCompatible) {
    env.verbose('cannot call GPL-restricted function from non-GPL compatible program\n');
    return -EINVAL;
  }
  if (proto.allowed !== undefined && !proto.allowed(env.prog)) {
    env.verbose('helper call is not allowed in probe\n');
    return -EINVAL;
  }
  if (proto.mightSleep && !inSleepable(env)) {
    env.verbose('helper call might sleep in a non-sleepable prog\n');
    return -EINVAL;
  }
  let err = checkSleep(env, proto, name);
  if (err < 0) return err;
  env.aux[i]!.helperId = id;
  const meta = new CallMeta();
  meta.funcId = id;
  meta.name = name;
  meta.pktAccess = proto.pktAccess === true;
  for (let arg = 0; arg < 5; arg++) {
    err = checkArg(env, arg, meta, proto, i);
    if (err < 0) return err;
  }
  err = recordMap(env, meta, i);
  if (err < 0) return err;
  err = recordKey(env, meta, i);
  if (err < 0) return err;
  for (let b = 0; b < meta.size; b++) {
    err = checkMemAccess(env, i, meta.regno, b, 1, true, -1, false, false);
    if (err < 0) return err;
  }
  if (meta.releaseRegno !== 0) {
    err = release(env, meta, proto);
    if (err < 0) return err;
  }
  const effect = special(env, meta, i);
  if (effect < 0) return effect;
  const regs = curRegs(env);
  const percpuAlloc = (id === H.per_cpu_ptr || id === H.this_cpu_ptr) && (regs[1]!.type & F.MEM_RCU) !== 0;
  clearCallerSaved(env, regs);
  err = setReturn(env, proto, meta, percpuAlloc);
  if (err < 0) return err;
  const r0 = regs[0]!;
  if (id === H.dynptr_data) r0.dynptrId = meta.dynptrId;
  if (PTR_CASTS.has(id) || id === H.dynptr_data) {
    r0.refObjId = meta.refObjId;
  } else if (isAcquire(id, meta)) {
    const ref = acquireReference(env, i);
    r0.id = ref;
    r0.refObjId = ref;
  }
  refineReturn(env, proto, meta);
  err = checkMapFunc(env, meta.map, id);
  if (err < 0) return err;
  if (id === H.get_func_ip) {
    err = checkFuncIp(env);
    if (err < 0) return err;
  }
  if (id === H.tail_call) return tailCallEnds(env, i);
  if (proto.changesPktData || effect === 1) clearPktPointers(env);
  return 0;
}

/**
 * A tail call that is made ends its function: in a function that is called, the caller goes on
 * with a packet that may have moved. One that is not made goes on as if nothing had happened.
 */
function tailCallEnds(env: Env, i: number): number {
  if (env.cur!.curframe === 0) return 0;
  if (pushStack(env, i + 1, i, false) === undefined) return TOO_COMPLEX;
  clearPktPointers(env);
  markUnknown(env, curRegs(env)[0]!);
  updateLiveStack(env);
  const err = prepareFuncExit(env);
  // What comes next is the caller's instruction, one before which is "this one".
  env.insnIdx--;
  return err;
}
