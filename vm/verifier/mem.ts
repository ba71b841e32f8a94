/**
 * Loads and stores by instructions (`check_mem_access`): by what the pointer points at.
 */
import { BTF_KIND, type BtfField, type BtfFieldKind } from '../../btf/btf.ts';
import { BPF_MAP_TYPE, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { EACCES, EINVAL } from '../../uapi/errno.ts';
import { BPF_LDX, BPF_MEM, BPF_ST, BPF_STX } from '../insn.ts';
import { sockAccess } from '../progtypes/sock.ts';
import {
  ACCESS_DIRECT,
  checkMapAccess,
  checkMapAccessType,
  checkMemRegion,
  checkPacketAccess,
  checkPtrOff,
  isKptrField,
} from './access.ts';
import { checkBtfAccess, checkMapPtrAccess, inRcuCs, markBtfLoad, structIdsMatch } from './btfaccess.ts';
import { btfCtxAccess, type CtxResult } from './btfctx.ts';
import type { Env } from './env.ts';
import {
  baseType,
  CONST_PTR_TO_MAP,
  MEM_ALLOC,
  MEM_PERCPU,
  MEM_RCU,
  MEM_RDONLY,
  NON_OWN_REF,
  PTR_MAYBE_NULL,
  PTR_TO_ARENA,
  PTR_TO_BTF_ID,
  PTR_TO_BUF,
  PTR_TO_CTX,
  PTR_TO_FLOW_KEYS,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_PACKET,
  PTR_TO_PACKET_META,
  PTR_TO_SOCK_COMMON,
  PTR_TO_SOCKET,
  PTR_TO_STACK,
  PTR_TO_TCP_SOCK,
  PTR_TO_TP_BUFFER,
  PTR_TO_XDP_SOCK,
  PTR_TRUSTED,
  PTR_UNTRUSTED,
  SCALAR_VALUE,
  typeFlag,
  typeMayBeNull,
} from './flags.ts';
import { regTypeStr } from './print.ts';
import { constRange, type Range, refine, UNKNOWN, ZERO, zextRange } from './range.ts';
import { holdsReference } from './refs.ts';
import { curRegs, isPktPointer, isPointerValue, markUnknown } from './regs.ts';
import { signExtend } from './scalar.ts';
import { checkStackBounds, checkStackRead, checkStackWrite, isNull } from './stack.ts';
import type { Reg } from './state.ts';
import { tnumAdd, tnumConst, tnumIsAligned } from './tnum.ts';
import { type CtxAccess, type InsnAux, PTR_KIND } from './types.ts';

const FLOW_KEYS_SIZE = 56;

export function isSockPointer(type: number): boolean {
  return type === PTR_TO_SOCKET || type === PTR_TO_SOCK_COMMON || type === PTR_TO_TCP_SOCK || type === PTR_TO_XDP_SOCK;
}

const ALIGN_NAMES: ReadonlyMap<number, string> = new Map([
  [PTR_TO_FLOW_KEYS, 'flow keys '],
  [PTR_TO_MAP_KEY, 'key '],
  [PTR_TO_MAP_VALUE, 'value '],
  [PTR_TO_CTX, 'context '],
  [PTR_TO_STACK, 'stack '],
  [PTR_TO_SOCKET, 'sock '],
  [PTR_TO_SOCK_COMMON, 'sock_common '],
  [PTR_TO_TCP_SOCK, 'tcp_sock '],
  [PTR_TO_XDP_SOCK, 'xdp_sock '],
]);

/** The second half of an Ethernet header's odd length: packets are aligned to 4 after 2 bytes (`NET_IP_ALIGN`). */
const IP_ALIGN = 2;

function checkAlignment(env: Env, reg: Reg, off: number, size: number, strictOnce: boolean): number {
  const { type } = reg;
  const strict = env.strictAlignment || strictOnce || type === PTR_TO_STACK;
  if (type === PTR_TO_ARENA || !strict || size === 1) return 0;
  const packet = isPktPointer(type);
  const sum = BigInt.asUintN(64, BigInt(reg.off + off + (packet ? IP_ALIGN : 0)));
  if (tnumIsAligned(tnumAdd(reg.range.bits, tnumConst(sum)), size)) return 0;
  const at = `${reg.range.bits}+${reg.off}+${off} size ${size}\n`;
  env.verbose(
    packet
      ? `misaligned packet access off ${IP_ALIGN}+${at}`
      : `misaligned ${ALIGN_NAMES.get(type) ?? ''}access off ${at}`,
  );
  return -EACCES;
}

/** Objects that stay as long as RCU does, by struct (`rcu_protected_types`). */
const RCU_PROTECTED = new Set(['prog_test_ref_kfunc', 'cgroup', 'bpf_cpumask', 'task_struct', 'bpf_crypto_ctx']);

/** Fields by which an object stands in a list or tree: a pointer loaded to it does not own it. */
const GRAPH_NODES: ReadonlySet<BtfFieldKind> = new Set(['bpf_list_node', 'bpf_rb_node']);

function kptrType(env: Env, field: BtfField): number {
  const btf = field.btf!;
  const kernel = btf.isKernel;
  const protectedObject = !kernel || RCU_PROTECTED.has(btf.type(field.typeId ?? 0)?.name ?? '');
  const safe = field.kind === 'kptr_percpu' || (field.kind === 'kptr_ref' && protectedObject);
  if (!safe || !inRcuCs(env)) return PTR_MAYBE_NULL | PTR_UNTRUSTED;
  if (field.kind === 'kptr_percpu') return PTR_MAYBE_NULL | MEM_RCU | MEM_PERCPU;
  if (kernel) return PTR_MAYBE_NULL | MEM_RCU;
  const inGraph = btf.structMetas.get(field.typeId ?? 0)?.fields.some((f) => GRAPH_NODES.has(f.kind)) ?? false;
  return PTR_MAYBE_NULL | MEM_RCU | MEM_ALLOC | (inGraph ? NON_OWN_REF : 0);
}

/** The pointer stored fits the field (`map_kptr_match_type`). */
export function kptrMatches(env: Env, field: BtfField, reg: Reg, regno: number): number {
  const btf = field.btf!;
  const id = field.typeId ?? 0;
  const target = btf.type(id)?.name ?? '';
  const unref = field.kind === 'kptr_unref';
  const fits = (): boolean => {
    if (baseType(reg.type) !== PTR_TO_BTF_ID) return false;
    let perm: number;
    if (reg.btf!.isKernel) perm = PTR_MAYBE_NULL | PTR_TRUSTED | MEM_RCU | (unref ? PTR_UNTRUSTED : 0);
    else perm = PTR_MAYBE_NULL | MEM_ALLOC | (field.kind === 'kptr_percpu' ? MEM_PERCPU : 0);
    return (typeFlag(reg.type) & ~perm) === 0;
  };
  if (fits()) {
    if (checkPtrOff(env, reg, regno, true) < 0) return -EACCES;
    if (structIdsMatch(env, reg.btf!, reg.btfId, reg.off, btf, id, !unref)) return 0;
  }
  const name = baseType(reg.type) === PTR_TO_BTF_ID ? (reg.btf?.type(reg.btfId)?.name ?? '') : '';
  let text = `invalid kptr access, R${regno} type=${regTypeStr(reg.type)}${name} expected=ptr_${target}`;
  if (unref) text += ` or untrusted_ptr_${target}`;
  env.verbose(`${text}\n`);
  return -EINVAL;
}

/** A pointer kept in a map value is loaded or stored (`check_map_kptr_access`). */
function checkKptr(env: Env, valueRegno: number, i: number, field: BtfField): number {
  const op = env.insns.op[i]!;
  const cls = op & 7;
  if ((op & 0xe0) !== BPF_MEM) {
    env.verbose('kptr in map can only be accessed using BPF_MEM instruction mode\n');
    return -EACCES;
  }
  if (cls !== BPF_LDX && (field.kind === 'kptr_ref' || field.kind === 'kptr_percpu')) {
    env.verbose('store to referenced kptr disallowed\n');
    return -EACCES;
  }
  if (cls !== BPF_LDX && field.kind === 'uptr') {
    env.verbose('store to uptr disallowed\n');
    return -EACCES;
  }
  if (cls === BPF_LDX) {
    const reg = curRegs(env)[valueRegno]!;
    if (field.kind === 'uptr') {
      reg.reset();
      reg.range = ZERO;
      reg.type = PTR_TO_MEM | PTR_MAYBE_NULL;
      reg.id = env.nextId();
      reg.num = field.btf?.type(field.typeId ?? 0)?.size ?? 0;
      return 0;
    }
    markBtfLoad(env, reg, PTR_TO_BTF_ID, field.btf!, field.typeId ?? 0, kptrType(env, field));
    return 0;
  }
  if (cls === BPF_STX) {
    const reg = curRegs(env)[valueRegno]!;
    return !isNull(reg) && kptrMatches(env, field, reg, valueRegno) < 0 ? -EACCES : 0;
  }
  if (cls === BPF_ST && env.insns.imm[i] !== 0) {
    env.verbose(`BPF_ST imm must be 0 when storing to kptr at off=${field.offset}\n`);
    return -EACCES;
  }
  return 0;
}

/** A value of a frozen read-only array is a known number. */
function readonlyMapValue(env: Env, reg: Reg, off: number, size: number, signed: boolean): bigint | undefined {
  const map = reg.map!;
  if (!reg.range.isConst || !map.frozen || (map.mapFlags & (1 << 7)) === 0) return undefined;
  if (map.mapType !== BPF_MAP_TYPE.ARRAY || map.maxEntries !== 1) return undefined;
  const at = off + Number(reg.range.bits.value);
  const value = env.input.readMapValue?.(map, at, size);
  if (value === undefined) return undefined;
  return signed ? BigInt.asUintN(64, BigInt.asIntN(size * 8, value)) : value;
}

interface Access {
  readonly i: number;
  readonly reg: Reg;
  readonly regno: number;
  /** With the register's fixed offset. */
  readonly off: number;
  readonly size: number;
  readonly write: boolean;
  readonly valueRegno: number;
  readonly signed: boolean;
}

function leaks(env: Env, a: Access, where: string): boolean {
  if (!a.write || a.valueRegno < 0 || !isPointerValue(env, curRegs(env)[a.valueRegno]!)) return false;
  env.verbose(`R${a.valueRegno} leaks addr into ${where}\n`);
  return true;
}

function markLoaded(env: Env, a: Access): void {
  if (!a.write && a.valueRegno >= 0) markUnknown(env, curRegs(env)[a.valueRegno]!);
}

function accessMapValue(env: Env, a: Access): number {
  if (leaks(env, a, 'map')) return -EACCES;
  const { reg, regno, off, size } = a;
  let err = checkMapAccessType(env, regno, off, size, a.write);
  if (err < 0) return err;
  err = checkMapAccess(env, regno, off, size, false, ACCESS_DIRECT);
  if (err < 0) return err;
  const map = reg.map!;
  if (reg.range.isConst && map.record !== undefined) {
    const at = off + Number(BigInt.asIntN(64, reg.range.bits.value));
    const field = map.record.fields.find((f) => f.offset === at && isKptrField(f));
    if (field !== undefined) return checkKptr(env, a.valueRegno, a.i, field);
  }
  if (!a.write && a.valueRegno >= 0) {
    const value = readonlyMapValue(env, reg, off, size, a.signed);
    const dst = curRegs(env)[a.valueRegno]!;
    if (value === undefined) markUnknown(env, dst);
    else {
      dst.setScalar(constRange(value));
      dst.precise = !env.bpfCapable;
    }
  }
  return 0;
}

function accessMem(env: Env, a: Access): number {
  const { type, num } = a.reg;
  const readonly = (type & MEM_RDONLY) !== 0;
  if (typeMayBeNull(type)) {
    env.verbose(`R${a.regno} invalid mem access '${regTypeStr(type)}'\n`);
    return -EACCES;
  }
  if (a.write && readonly) {
    env.verbose(`R${a.regno} cannot write into ${regTypeStr(type)}\n`);
    return -EACCES;
  }
  if (leaks(env, a, 'mem')) return -EACCES;
  if (!(readonly && (type & PTR_UNTRUSTED) !== 0)) {
    const err = checkMemRegion(env, a.regno, a.off, a.size, num, false);
    if (err < 0) return err;
  }
  markLoaded(env, a);
  return 0;
}

const ctxResult: CtxResult = {
  regType: 0,
  fieldSize: 0,
  btf: undefined,
  btfId: 0,
  ptrOff: -1,
  range: undefined,
  memSize: 0,
  refObjId: 0,
  isRetval: false,
};

/** How an access of a context or socket differs from a plain one, for the engines. */
function noteConversion(fact: InsnAux, access: CtxAccess): void {
  fact.ctxOff = access.loadOff ?? -1;
  fact.ctxSize = access.realSize ?? 0;
  fact.ctxBelow = access.storeBelow ?? 0;
}

/** `check_ctx_access`. */
function ctxAccess(env: Env, a: Access): number {
  const { off, size, write } = a;
  const out = ctxResult;
  out.regType = SCALAR_VALUE;
  out.fieldSize = 0;
  out.btf = undefined;
  out.btfId = 0;
  out.ptrOff = -1;
  out.range = undefined;
  out.refObjId = 0;
  out.isRetval = false;
  let ok = false;
  if (env.rules.ctxKind === 'btf') {
    ok = !write && btfCtxAccess(env, off, size, out);
    if (ok) promoteArg(env, out);
    if (ok && out.isRetval) out.range = hookResult(env);
  } else if (!(a.signed && env.rules.ctxKind === 'table' && isPointerField(env, off, size))) {
    const access = env.rules.ctxAccess(off, size, write, env.prog);
    if (access !== undefined) {
      ok = true;
      out.regType = access.regType;
      out.fieldSize = access.fieldSize;
      out.ptrOff = access.ptrOff ?? -1;
      noteConversion(env.aux[a.i]!, access);
      if (access.btfName !== undefined) {
        out.btf = env.vmlinuxBtf;
        out.btfId = env.vmlinuxBtf?.find(access.btfName, 4) ?? 0;
      }
    }
  }
  if (!ok) {
    env.verbose(`invalid bpf_context access off=${off} size=${size}\n`);
    return -EACCES;
  }
  if (out.refObjId !== 0 && !holdsReference(env.cur!, out.refObjId)) {
    env.verbose(`invalid bpf_context access off=${off}. Reference may already be released\n`);
    return -EACCES;
  }
  if (baseType(out.regType) !== PTR_TO_BTF_ID) env.aux[a.i]!.ctxFieldSize = out.fieldSize;
  env.aux[a.i]!.ctxPtr = out.ptrOff;
  env.maxCtxOffset = Math.max(env.maxCtxOffset, off + size);
  return 0;
}

/** What the LSM hook has returned so far: what its programs may return (`bpf_lsm_get_retval_range`). */
function hookResult(env: Env): Range | undefined {
  const target = env.attachFuncProto;
  if (target === undefined || target.btf.type(target.protoId)?.type === 0) return undefined;
  const allowed = env.rules.returnRange(env.prog);
  if (allowed === undefined) return undefined;
  return refine(UNKNOWN, (b) => {
    b.s32min = allowed.min;
    b.s32max = allowed.max;
    b.smin = BigInt(allowed.min);
    b.smax = BigInt(allowed.max);
  });
}

/** Arguments of a structure's members stand for a larger struct (`bpf_tcp_ca_is_valid_access`). */
function promoteArg(env: Env, out: CtxResult): void {
  const promote = env.structOps?.promote;
  if (promote === undefined || baseType(out.regType) !== PTR_TO_BTF_ID) return;
  const btf = out.btf;
  if (btf?.type(out.btfId)?.name === promote.from) out.btfId = btf.find(promote.to, BTF_KIND.STRUCT);
}

/** Sign-extending loads of pointers make no sense. */
function isPointerField(env: Env, off: number, size: number): boolean {
  const access = env.rules.ctxAccess(off, size, false, env.prog);
  return access !== undefined && access.regType !== SCALAR_VALUE;
}

function accessCtx(env: Env, a: Access): number {
  if (leaks(env, a, 'ctx')) return -EACCES;
  let err = checkPtrOff(env, a.reg, a.regno, env.progType === BPF_PROG_TYPE.SYSCALL && false);
  if (err < 0) return err;
  err = ctxAccess(env, a);
  if (err < 0) {
    env.verboseLine(a.i, '; ');
    return err;
  }
  if (a.write || a.valueRegno < 0) return 0;
  const dst = curRegs(env)[a.valueRegno]!;
  const out = ctxResult;
  if (out.regType === SCALAR_VALUE) {
    markUnknown(env, dst);
    if (out.range !== undefined) dst.range = out.range;
    return 0;
  }
  dst.reset();
  dst.range = ZERO;
  dst.type = out.regType;
  if (typeMayBeNull(out.regType)) dst.id = env.nextId();
  if (baseType(out.regType) === PTR_TO_BTF_ID) {
    dst.btf = out.btf;
    dst.btfId = out.btfId;
    dst.refObjId = out.refObjId;
  }
  return 0;
}

/** Whether packet data may be touched at all, by an instruction (`may_access_direct_pkt_data`). */
export function mayAccessPacket(env: Env, write: boolean): boolean {
  const ok = env.rules.directPktAccess(write, env.prog);
  if (ok && write) env.seenDirectWrite = true;
  return ok;
}

function accessPacket(env: Env, a: Access): number {
  if (a.write && !mayAccessPacket(env, true)) {
    env.verbose('cannot write into packet\n');
    return -EACCES;
  }
  if (leaks(env, a, 'packet')) return -EACCES;
  const err = checkPacketAccess(env, a.regno, a.off, a.size, false);
  if (err < 0) return err;
  markLoaded(env, a);
  return 0;
}

function accessFlowKeys(env: Env, a: Access): number {
  if (leaks(env, a, 'flow keys')) return -EACCES;
  if (a.off < 0 || a.off + a.size > FLOW_KEYS_SIZE) {
    env.verbose(`invalid access to flow keys off=${a.off} size=${a.size}\n`);
    return -EACCES;
  }
  markLoaded(env, a);
  return 0;
}

function accessSock(env: Env, a: Access): number {
  const name = regTypeStr(a.reg.type);
  if (a.write) {
    env.verbose(`R${a.regno} cannot write into ${name}\n`);
    return -EACCES;
  }
  if (a.reg.range.smin < 0n) {
    env.verbose(`R${a.regno} min value is negative, either use unsigned index or do a if (index >=0) check.\n`);
    return -EACCES;
  }
  const access = sockAccess(a.reg.type, a.off, a.size, env.prog);
  if (access === undefined) {
    env.verbose(`R${a.regno} invalid ${name} access off=${a.off} size=${a.size}\n`);
    return -EACCES;
  }
  env.aux[a.i]!.ctxFieldSize = access.fieldSize;
  noteConversion(env.aux[a.i]!, access);
  if (access.unconvertible === true) env.unconvertible = true;
  markLoaded(env, a);
  return 0;
}

/** `__check_buffer_access`. */
export function checkBuffer(env: Env, what: string, reg: Reg, regno: number, off: number, size: number): number {
  if (off < 0) {
    env.verbose(`R${regno} invalid ${what} buffer access: off=${off}, size=${size}\n`);
    return -EACCES;
  }
  const { bits } = reg.range;
  if (!bits.isConst || bits.value !== 0n) {
    env.verbose(`R${regno} invalid variable buffer offset: off=${off}, var_off=${bits}\n`);
    return -EACCES;
  }
  return 0;
}

function accessBuf(env: Env, a: Access): number {
  const readonly = (a.reg.type & MEM_RDONLY) !== 0;
  if (readonly && a.write) {
    env.verbose(`R${a.regno} cannot write into ${regTypeStr(a.reg.type)}\n`);
    return -EACCES;
  }
  const err = checkBuffer(env, readonly ? 'rdonly' : 'rdwr', a.reg, a.regno, a.off, a.size);
  if (err < 0) return err;
  const end = a.off + a.size;
  if (readonly) env.maxRdonlyAccess = Math.max(env.maxRdonlyAccess, end);
  else env.maxRdwrAccess = Math.max(env.maxRdwrAccess, end);
  markLoaded(env, a);
  return 0;
}

function accessTpBuffer(env: Env, a: Access): number {
  const err = checkBuffer(env, 'tracepoint', a.reg, a.regno, a.off, a.size);
  if (err < 0) return err;
  env.maxTpAccess = Math.max(env.maxTpAccess, a.off + a.size);
  markLoaded(env, a);
  return 0;
}

function accessStack(env: Env, a: Access): number {
  const err = checkStackBounds(env, a.regno, a.off, a.size, a.write);
  if (err < 0) return err;
  if (a.write) return checkStackWrite(env, a.regno, a.off, a.size, a.valueRegno, a.i);
  return checkStackRead(env, a.regno, a.off, a.size, a.valueRegno);
}

function accessMapKey(env: Env, a: Access): number {
  if (a.write) {
    env.verbose(`write to change key R${a.regno} not allowed\n`);
    return -EACCES;
  }
  const err = checkMemRegion(env, a.regno, a.off, a.size, a.reg.map!.keySize, false);
  if (err < 0) return err;
  markLoaded(env, a);
  return 0;
}

function dispatch(env: Env, a: Access): number {
  const { reg } = a;
  const { type } = reg;
  const base = baseType(type);
  const dst = a.valueRegno >= 0 ? curRegs(env)[a.valueRegno] : undefined;
  if (type === PTR_TO_MAP_KEY) return accessMapKey(env, a);
  if (type === PTR_TO_MAP_VALUE) return accessMapValue(env, a);
  if (base === PTR_TO_MEM) return accessMem(env, a);
  if (type === PTR_TO_CTX) return accessCtx(env, a);
  if (type === PTR_TO_STACK) return accessStack(env, a);
  if (type === PTR_TO_PACKET || type === PTR_TO_PACKET_META) return accessPacket(env, a);
  if (type === PTR_TO_FLOW_KEYS) return accessFlowKeys(env, a);
  if (isSockPointer(type)) return accessSock(env, a);
  if (type === PTR_TO_TP_BUFFER) return accessTpBuffer(env, a);
  if (base === PTR_TO_BTF_ID && !typeMayBeNull(type)) {
    return checkBtfAccess(env, reg, a.regno, a.off, a.size, a.write, dst);
  }
  if (type === CONST_PTR_TO_MAP) return checkMapPtrAccess(env, reg, a.regno, a.off, a.size, a.write, dst);
  if (base === PTR_TO_BUF && !typeMayBeNull(type)) return accessBuf(env, a);
  if (type === PTR_TO_ARENA) {
    markLoaded(env, a);
    return 0;
  }
  env.verbose(`R${a.regno} invalid mem access '${regTypeStr(type)}'\n`);
  return -EACCES;
}

const KINDS: ReadonlyMap<number, number> = new Map<number, number>([
  [PTR_TO_CTX, PTR_KIND.CTX],
  [PTR_TO_STACK, PTR_KIND.STACK],
  [PTR_TO_MAP_VALUE, PTR_KIND.MAP_VALUE],
  [PTR_TO_MAP_KEY, PTR_KIND.MAP_KEY],
  [PTR_TO_PACKET, PTR_KIND.PACKET],
  [PTR_TO_PACKET_META, PTR_KIND.PACKET],
  [PTR_TO_MEM, PTR_KIND.MEM],
  [PTR_TO_BUF, PTR_KIND.MEM],
  [PTR_TO_TP_BUFFER, PTR_KIND.MEM],
  [PTR_TO_BTF_ID, PTR_KIND.BTF_PROBE],
  [CONST_PTR_TO_MAP, PTR_KIND.BTF_PROBE],
  [PTR_TO_ARENA, PTR_KIND.ARENA],
  [PTR_TO_SOCKET, PTR_KIND.SOCK],
  [PTR_TO_SOCK_COMMON, PTR_KIND.SOCK],
  [PTR_TO_TCP_SOCK, PTR_KIND.SOCK],
  [PTR_TO_XDP_SOCK, PTR_KIND.SOCK],
  [PTR_TO_FLOW_KEYS, PTR_KIND.FLOW_KEYS],
]);

/**
 * A load into `valueRegno` or a store from it (-1: an immediate, or nowhere), at `off`
 * from the register; `signed`: the load extends the sign.
 */
export function checkMemAccess(
  env: Env,
  i: number,
  regno: number,
  off: number,
  size: number,
  write: boolean,
  valueRegno: number,
  strictOnce: boolean,
  signed: boolean,
): number {
  const regs = curRegs(env);
  const reg = regs[regno]!;
  const alignment = checkAlignment(env, reg, off, size, strictOnce);
  if (alignment < 0) return alignment;
  const base = baseType(reg.type);
  let kind = KINDS.get(base) ?? PTR_KIND.NONE;
  if (kind === PTR_KIND.MEM && (reg.type & PTR_UNTRUSTED) !== 0) kind = PTR_KIND.BTF_PROBE;
  const err = dispatch(env, { i, reg, regno, off: off + reg.off, size, write, valueRegno, signed });
  if (err < 0) return err;
  const aux = env.aux[i]!;
  if (kind === PTR_KIND.SOCK) aux.sockType = base;
  if (aux.ptrKind === PTR_KIND.NONE) aux.ptrKind = kind;
  else if (aux.ptrKind !== kind) aux.ptrKind = PTR_KIND.MIXED;
  if (!write && valueRegno >= 0 && size < 8) {
    const dst = regs[valueRegno]!;
    if (dst.type === SCALAR_VALUE) dst.range = signed ? signExtend(dst.range, size) : zextRange(dst.range, size);
  }
  return 0;
}

/** An instruction reached with different kinds of pointers must be convertible for all of them (`save_aux_ptr_type`). */
export function saveAuxPtrType(env: Env, i: number, type: number, allowTrustMismatch: boolean): number {
  const aux = env.aux[i]!;
  if (aux.ptrType === 0) {
    aux.ptrType = type;
    return 0;
  }
  const prev = aux.ptrType;
  const mismatchOk = (t: number): boolean => {
    const base = baseType(t);
    return !(
      base === PTR_TO_CTX ||
      base === PTR_TO_SOCKET ||
      base === PTR_TO_SOCK_COMMON ||
      base === PTR_TO_TCP_SOCK ||
      base === PTR_TO_XDP_SOCK ||
      base === PTR_TO_BTF_ID ||
      base === PTR_TO_ARENA
    );
  };
  if (type === prev || (mismatchOk(type) && mismatchOk(prev))) return 0;
  if (allowTrustMismatch && isBtfOrMem(type) && isBtfOrMem(prev)) {
    // The least trusted of both decides how it is loaded.
    if ((type & PTR_UNTRUSTED) !== 0 || baseType(type) === PTR_TO_MEM) aux.ptrType = type;
    return 0;
  }
  env.verbose('same insn cannot be used with different pointers\n');
  return -EINVAL;
}

function isBtfOrMem(type: number): boolean {
  const base = baseType(type);
  return base === PTR_TO_BTF_ID || (base === PTR_TO_MEM && (type & PTR_UNTRUSTED) !== 0);
}
