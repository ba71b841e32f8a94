/**
 * Registers and ids: reads and writes of registers by instructions, marks, linked
 * scalars, the history of jumps.
 */
import { EACCES, EINVAL } from '../../uapi/errno.ts';
import { BPF_REG_FP, MAX_BPF_REG } from '../insn.ts';
import type { Env } from './env.ts';
import {
  baseType,
  CONST_PTR_TO_MAP,
  MEM_ALLOC,
  NON_OWN_REF,
  NOT_INIT,
  PTR_TO_BTF_ID,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_PACKET,
  PTR_TO_PACKET_END,
  PTR_TO_PACKET_META,
  PTR_TO_SOCK_COMMON,
  PTR_TO_SOCKET,
  PTR_TO_TCP_SOCK,
  PTR_TRUSTED,
  PTR_UNTRUSTED,
  SCALAR_VALUE,
  typeFlag,
  typeMayBeNull,
} from './flags.ts';
import { constRange, constRangeNumber, Range, UNKNOWN } from './range.ts';
import { BPF_ADD_CONST, type FuncState, type JmpEntry, type Reg, type VState } from './state.ts';

/** How an instruction uses a register. */
export const SRC_OP = 0;
export const DST_OP = 1;
export const DST_OP_NO_MARK = 2;

export function curRegs(env: Env): Reg[] {
  return env.cur!.regs;
}

/** An unknown scalar; precise from the start where precision is not tracked. */
export function markUnknown(env: Env, reg: Reg): void {
  reg.setUnknown();
  reg.precise = !env.bpfCapable;
}

/** `check_reg_arg`. */
export function checkRegArg(env: Env, regno: number, how: number, regs: Reg[] = curRegs(env)): number {
  if (regno >= MAX_BPF_REG) {
    env.verbose(`R${regno} is invalid\n`);
    return -EINVAL;
  }
  env.scratchReg(regno);
  const reg = regs[regno]!;
  if (how === SRC_OP) {
    if (reg.type === NOT_INIT) {
      env.verbose(`R${regno} !read_ok\n`);
      return -EACCES;
    }
    return 0;
  }
  if (regno === BPF_REG_FP) {
    env.verbose('frame pointer is read only\n');
    return -EACCES;
  }
  if (how === DST_OP) markUnknown(env, reg);
  return 0;
}

/** Any pointer to or beyond packet data. */
export function isPktPointer(type: number): boolean {
  const base = baseType(type);
  return base === PTR_TO_PACKET || base === PTR_TO_PACKET_META;
}

export function isPktPointerAny(reg: Reg): boolean {
  return isPktPointer(reg.type) || reg.type === PTR_TO_PACKET_END;
}

/** A pointer the program may not see as a number. */
export function isPointerValue(env: Env, reg: Reg): boolean {
  return !env.allowPtrLeaks && reg.type !== SCALAR_VALUE;
}

/** Modifiers of a pointer that is safe to pass on: `BPF_REG_TRUSTED_MODIFIERS`. */
const TRUSTED_MODIFIERS = MEM_ALLOC | PTR_TRUSTED | NON_OWN_REF;

/** Anything beyond trusted, allocated and non-owning (`bpf_type_has_unsafe_modifiers`). */
export function hasUnsafeModifiers(type: number): boolean {
  return (typeFlag(type) & ~TRUSTED_MODIFIERS) !== 0;
}

/** A pointer known to be valid (`is_trusted_reg`). */
export function isTrustedReg(reg: Reg): boolean {
  if (reg.refObjId !== 0) return true;
  const base = baseType(reg.type);
  const flags = typeFlag(reg.type);
  if ((base === PTR_TO_SOCKET || base === PTR_TO_SOCK_COMMON || base === PTR_TO_TCP_SOCK) && flags === 0) return true;
  if (base === CONST_PTR_TO_MAP) return true;
  return (flags & TRUSTED_MODIFIERS) !== 0 && !hasUnsafeModifiers(reg.type);
}

/** Never NULL (`reg_not_null`). */
export function regNotNull(reg: Reg): boolean {
  if (typeMayBeNull(reg.type)) return false;
  const base = baseType(reg.type);
  return (
    base === PTR_TO_SOCKET ||
    base === PTR_TO_TCP_SOCK ||
    base === PTR_TO_MAP_VALUE ||
    base === PTR_TO_MAP_KEY ||
    base === PTR_TO_SOCK_COMMON ||
    (base === PTR_TO_BTF_ID && isTrustedReg(reg)) ||
    (base === PTR_TO_MEM && (reg.type & PTR_UNTRUSTED) === 0) ||
    base === CONST_PTR_TO_MAP
  );
}

/** `is_reg_const` and its value. */
export function isRegConst(reg: Reg, subreg: boolean): boolean {
  return reg.type === SCALAR_VALUE && (subreg ? reg.range.subregConst : reg.range.isConst);
}

/** Sets a register to a number, keeping its type; forgets ids (`__mark_reg_known`). */
export function markKnown(reg: Reg, value: number | bigint): void {
  reg.off = 0;
  reg.id = 0;
  reg.refObjId = 0;
  reg.num = 0;
  reg.map = undefined;
  reg.mapUid = 0;
  reg.btf = undefined;
  reg.btfId = 0;
  reg.frameno = 0;
  reg.range = typeof value === 'number' ? constRangeNumber(value) : constRange(value);
}

/** All ranges unbounded, bits as they are. */
function unbounded(range: Range): Range {
  if (range.isUnbounded) return range;
  return new Range(
    range.bits,
    UNKNOWN.umin,
    UNKNOWN.umax,
    UNKNOWN.smin,
    UNKNOWN.smax,
    UNKNOWN.u32min,
    UNKNOWN.u32max,
    UNKNOWN.s32min,
    UNKNOWN.s32max,
  );
}

/** No 32-bit bounds: pointers have none while they are worked on (`__mark_reg32_unbounded`). */
export function unbounded32(r: Range): Range {
  const { u32min, u32max, s32min, s32max } = UNKNOWN;
  return new Range(r.bits, r.umin, r.umax, r.smin, r.smax, u32min, u32max, s32min, s32max);
}

/**
 * Refuses contradictory ranges the way the kernel does: it forgets them
 * (`reg_bounds_sanity_check`).
 */
export function boundsSanity(env: Env, reg: Reg, what: string): void {
  const r = reg.range;
  let message = '';
  if (r.umin > r.umax || r.smin > r.smax || r.u32min > r.u32max || r.s32min > r.s32max)
    message = 'range bounds violation';
  else if (r.isConst) {
    const v = r.bits.value;
    const s = BigInt.asIntN(64, v);
    if (r.umin !== v || r.umax !== v || r.smin !== s || r.smax !== s)
      message = 'const tnum out of sync with range bounds';
  }
  if (message === '' && r.subregConst) {
    const low = Number(r.bits.value & 0xffffffffn);
    if (r.u32min !== low || r.u32max !== low || r.s32min !== (low | 0) || r.s32max !== (low | 0)) {
      message = 'const subreg tnum out of sync with range bounds';
    }
  }
  if (message === '') return;
  const hex = (n: bigint): string => `0x${BigInt.asUintN(64, n).toString(16)}`;
  const hex32 = (n: number): string => `0x${(n >>> 0).toString(16)}`;
  env.verbose(
    `verifier bug: REG INVARIANTS VIOLATION (${what}): ${message} u64=[${hex(r.umin)}, ${hex(r.umax)}] ` +
      `s64=[${hex(r.smin)}, ${hex(r.smax)}] u32=[${hex32(r.u32min)}, ${hex32(r.u32max)}] ` +
      `s32=[${hex32(r.s32min)}, ${hex32(r.s32max)}] var_off=(${hex(r.bits.value)}, ${hex(r.bits.mask)})\n`,
  );
  reg.range = unbounded(r);
}

/** A copy of the register is made: both get the same id, unless the value is known (`assign_scalar_id_before_mov`). */
export function assignScalarId(env: Env, reg: Reg): void {
  if (reg.type !== SCALAR_VALUE) return;
  if ((reg.id & BPF_ADD_CONST) !== 0) {
    reg.id = 0;
    reg.off = 0;
  }
  if (reg.id === 0 && !reg.range.isConst) reg.id = env.nextId();
}

/** Records the step of the current instruction (`push_jmp_history`). */
export function pushHistory(env: Env, state: VState, flags: number, linked: number[] | undefined): void {
  const current = env.curHist;
  if (current !== undefined) {
    current.flags |= flags;
    current.linked = linked;
    return;
  }
  const entry: JmpEntry = { idx: env.insnIdx, prevIdx: env.prevInsnIdx, flags, linked };
  state.jmpHistory.push(entry);
  env.curHist = entry;
}

/** Drops every packet pointer after the packet may have changed (`clear_all_pkt_pointers`). */
export function markRegInvalid(env: Env, reg: Reg): void {
  if (env.allowPtrLeaks) {
    markUnknown(env, reg);
  } else {
    reg.reset();
    reg.type = NOT_INIT;
  }
}

/** The frame a stack pointer points into. */
export function frameOf(env: Env, reg: Reg): FuncState {
  return env.cur!.frames[reg.frameno]!;
}
