/**
 * Conditional jumps (`check_cond_jmp_op`): which ways to go, and what is known on each.
 */

import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { EACCES, EINVAL } from '../../uapi/errno.ts';
import {
  BPF_JCOND,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JLE,
  BPF_JLT,
  BPF_JMP32,
  BPF_JNE,
  BPF_X,
  OP_MAY_GOTO,
} from '../insn.ts';
import { branchTaken, flipOp, refineCond, reverseOp } from './branch.ts';
import type { Env } from './env.ts';
import { widenImprecise } from './equal.ts';
import {
  baseType,
  CONST_PTR_TO_MAP,
  MEM_ALLOC,
  NON_OWN_REF,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TO_MAP_VALUE,
  PTR_TO_PACKET,
  PTR_TO_PACKET_END,
  PTR_TO_PACKET_META,
  PTR_TO_SOCKET,
  PTR_TO_STACK,
  PTR_TO_XDP_SOCK,
  SCALAR_VALUE,
  typeMayBeNull,
} from './flags.ts';
import { hasField } from './ldimm64.ts';
import { pushStack, TOO_COMPLEX, TOO_MANY_JUMPS } from './paths.ts';
import { linkedFrame, linkedIndex, linkedIsReg, markChainPrecision, packLinked } from './precision.ts';
import { findPrevEntry } from './prune.ts';
import { constRangeNumber } from './range.ts';
import { releaseReferenceNomark } from './refs.ts';
import { boundsSanity, checkRegArg, isPktPointerAny, isPointerValue, pushHistory, SRC_OP } from './regs.ts';
import { sanitizeSpeculativePath } from './sanitize.ts';
import { addConst } from './scalar.ts';
import { frameInsnIdx } from './scc.ts';
import {
  AT_PKT_END,
  BEYOND_PKT_END,
  BPF_ADD_CONST,
  BPF_ADD_CONST32,
  forEachReg,
  INSN_F_DST_REG_STACK,
  INSN_F_SRC_REG_STACK,
  Reg,
  type VState,
} from './state.ts';

const MAX_PACKET_OFF = 0xffff;
const LINKED_MAX = 6;

/** Registers and slots with the id, packed; those that do not fit lose theirs (`collect_linked_regs`). */
function collectLinked(env: Env, state: VState, id: number, out: number[]): void {
  const wanted = id & ~BPF_ADD_CONST;
  const collect = (reg: Reg, frame: number, index: number, isReg: boolean): void => {
    if (reg.type !== SCALAR_VALUE || (reg.id & ~BPF_ADD_CONST) !== wanted) return;
    if (out.length < LINKED_MAX) out.push(packLinked(frame, index, isReg));
    else reg.id = 0;
  };
  for (let f = state.curframe; f >= 0; f--) {
    const frame = state.frames[f]!;
    // Registers that are not read any more need not follow.
    const live = env.aux[frameInsnIdx(state, f)]!.liveRegs;
    for (let r = 0; r < 10; r++) if (((live >>> r) & 1) !== 0) collect(frame.regs[r]!, f, r, true);
    for (let s = 0; s < frame.stack.length; s++) {
      if (frame.stack[s]!.isSpilled) collect(frame.stack[s]!.reg, f, s, false);
    }
  }
}

/** What became known of a register holds for those linked to it (`sync_linked_regs`). */
function syncLinked(state: VState, known: Reg, linked: readonly number[]): void {
  for (const entry of linked) {
    const frame = state.frames[linkedFrame(entry)]!;
    const index = linkedIndex(entry);
    const reg = linkedIsReg(entry) ? frame.regs[index]! : frame.stack[index]!.reg;
    if (reg === known || reg.type !== SCALAR_VALUE) continue;
    if ((reg.id & ~BPF_ADD_CONST) !== (known.id & ~BPF_ADD_CONST)) continue;
    // A sum in 64 bits says nothing of one in 32.
    if (((reg.id ^ known.id) & BPF_ADD_CONST) === BPF_ADD_CONST) continue;
    const plain = ((reg.id | known.id) & BPF_ADD_CONST) === 0;
    if (plain || reg.off === known.off) {
      // As far as the id: a sum with 0 makes those that are linked to it sums, too.
      reg.copyFrom(known);
    } else {
      const { id, off } = reg;
      const delta =
        BigInt((reg.id & BPF_ADD_CONST) !== 0 ? reg.off : 0) - BigInt((known.id & BPF_ADD_CONST) !== 0 ? known.off : 0);
      reg.copyFrom(known);
      reg.id = id;
      reg.off = off;
      reg.range = addConst(known.range, delta, ((id | known.id) & BPF_ADD_CONST32) !== 0);
    }
  }
}

/** Every pointer with the id gains the range up to where the end was compared (`find_good_pkt_pointers`). */
function goodPktPointers(state: VState, dst: Reg, type: number, rightOpen: boolean): void {
  if (dst.off < 0 || (dst.off === 0 && rightOpen)) return;
  if (dst.range.umax > BigInt(MAX_PACKET_OFF) || Number(dst.range.umax) + dst.off > MAX_PACKET_OFF) return;
  const range = dst.off + (rightOpen ? 1 : 0);
  const { id } = dst;
  forEachReg(state, (reg) => {
    if (reg.type === type && reg.id === id && reg.num < range) reg.num = range;
  });
}

function markPktEnd(state: VState, regno: number, open: boolean): void {
  const reg = state.regs[regno]!;
  if (reg.type === PTR_TO_PACKET) reg.num = open ? BEYOND_PKT_END : AT_PKT_END;
}

function isInitPkt(reg: Reg): boolean {
  const { bits } = reg.range;
  return reg.type === PTR_TO_PACKET && reg.id === 0 && reg.off === 0 && bits.isConst && bits.value === 0n;
}

/** A packet pointer compared with the end (or metadata with the start): true when it was one. */
function matchPktPointers(env: Env, i: number, dst: Reg, src: Reg, self: VState, other: VState): boolean {
  const op = env.insns.op[i]!;
  if ((op & BPF_X) === 0 || (op & 7) === BPF_JMP32) return false;
  const forward =
    (dst.type === PTR_TO_PACKET && src.type === PTR_TO_PACKET_END) ||
    (dst.type === PTR_TO_PACKET_META && isInitPkt(src));
  const backward =
    (dst.type === PTR_TO_PACKET_END && src.type === PTR_TO_PACKET) ||
    (isInitPkt(dst) && src.type === PTR_TO_PACKET_META);
  if (!forward && !backward) return false;
  const code = forward ? op & 0xf0 : flipOp(op & 0xf0);
  const ptr = forward ? dst : src;
  const regno = forward ? env.insns.dst[i]! : env.insns.src[i]!;
  // Written for `ptr code end`; where the end came first, the comparison is turned round.
  switch (code) {
    case BPF_JGT:
      goodPktPointers(self, ptr, ptr.type, false);
      markPktEnd(other, regno, true);
      return true;
    case BPF_JLT:
      goodPktPointers(other, ptr, ptr.type, true);
      markPktEnd(self, regno, false);
      return true;
    case BPF_JGE:
      goodPktPointers(self, ptr, ptr.type, true);
      markPktEnd(other, regno, false);
      return true;
    case BPF_JLE:
      goodPktPointers(other, ptr, ptr.type, false);
      markPktEnd(self, regno, true);
      return true;
    default:
      return false;
  }
}

/** A pointer turned out not to be NULL (`mark_ptr_not_null_reg`). */
export function markNotNull(reg: Reg): void {
  const map = reg.map;
  if (baseType(reg.type) === PTR_TO_MAP_VALUE && map !== undefined) {
    const inner = map.innerMapMeta;
    if (inner !== undefined) {
      reg.type = CONST_PTR_TO_MAP;
      reg.map = inner;
      if (hasField(inner, 'bpf_timer', 'bpf_wq', 'bpf_task_work')) reg.mapUid = reg.id;
    } else if (map.mapType === BPF_MAP_TYPE.XSKMAP) reg.type = PTR_TO_XDP_SOCK;
    else if (map.mapType === BPF_MAP_TYPE.SOCKMAP || map.mapType === BPF_MAP_TYPE.SOCKHASH) reg.type = PTR_TO_SOCKET;
    else reg.type = PTR_TO_MAP_VALUE;
    return;
  }
  reg.type &= ~PTR_MAYBE_NULL;
}

function mayPointToLock(reg: Reg): boolean {
  if (baseType(reg.type) === PTR_TO_MAP_VALUE) return hasField(reg.map, 'bpf_spin_lock', 'bpf_res_spin_lock');
  if (baseType(reg.type) === PTR_TO_BTF_ID && (reg.type & MEM_ALLOC) !== 0) {
    const record = reg.btf?.structMetas.get(reg.btfId);
    return record?.fields.some((f) => f.kind === 'bpf_spin_lock' || f.kind === 'bpf_res_spin_lock') ?? false;
  }
  return false;
}

/** Every copy of the pointer is NULL, or none is (`mark_ptr_or_null_regs`). */
function markPtrOrNull(state: VState, regno: number, isNull: boolean): void {
  const { id, refObjId } = state.regs[regno]!;
  if (refObjId !== 0 && refObjId === id && isNull) releaseReferenceNomark(state, id);
  forEachReg(state, (reg) => {
    if (!typeMayBeNull(reg.type) || reg.id !== id) return;
    const { bits } = reg.range;
    if (!bits.isConst || bits.value !== 0n) return;
    const alloc = (reg.type & (MEM_ALLOC | NON_OWN_REF)) !== 0;
    if (!alloc && reg.off !== 0) return;
    if (isNull) {
      reg.type = SCALAR_VALUE;
      reg.id = 0;
      reg.refObjId = 0;
      return;
    }
    markNotNull(reg);
    if (!mayPointToLock(reg)) reg.id = 0;
  });
}

function checkMayGoto(env: Env, i: number): number {
  const { insns } = env;
  if (insns.op[i] !== OP_MAY_GOTO || insns.src[i] !== 0 || insns.dst[i] !== 0 || insns.imm[i] !== 0) {
    env.verbose(`invalid may_goto imm ${insns.imm[i]}\n`);
    return -EINVAL;
  }
  const cur = env.cur!;
  const prev = findPrevEntry(env, cur.parent, i);
  const queued = pushStack(env, i + 1, i, false);
  if (queued === undefined) return TOO_COMPLEX;
  queued.mayGotoDepth++;
  if (prev !== undefined) widenImprecise(env, prev, queued);
  env.insnIdx += insns.off[i]!;
  return 0;
}

const immReg = new Reg();
const immReg2 = new Reg();

/** `check_cond_jmp_op`: leaves env.insnIdx one before the instruction to go on with. */
export function checkCondJmp(env: Env, i: number): number {
  const { insns } = env;
  const op = insns.op[i]!;
  const code = op & 0xf0;
  if (code > BPF_JCOND) {
    env.verbose(`invalid BPF_JMP/JMP32 opcode ${code.toString(16)}\n`);
    return -EINVAL;
  }
  if (code === BPF_JCOND) return checkMayGoto(env, i);
  const self = env.cur!;
  const regs = self.regs;
  const dst = insns.dst[i]!;
  const srcNo = insns.src[i]!;
  let err = checkRegArg(env, dst, SRC_OP);
  if (err < 0) return err;
  const dstReg = regs[dst]!;
  const x = (op & BPF_X) !== 0;
  let src: Reg;
  let flags = 0;
  if (x) {
    if (insns.imm[i] !== 0) {
      env.verbose('BPF_JMP/JMP32 uses reserved fields\n');
      return -EINVAL;
    }
    err = checkRegArg(env, srcNo, SRC_OP);
    if (err < 0) return err;
    src = regs[srcNo]!;
    if (!(isPktPointerAny(dstReg) && isPktPointerAny(src)) && isPointerValue(env, src)) {
      env.verbose(`R${srcNo} pointer comparison prohibited\n`);
      return -EACCES;
    }
    if (src.type === PTR_TO_STACK) flags |= INSN_F_SRC_REG_STACK;
  } else {
    if (srcNo !== 0) {
      env.verbose('BPF_JMP/JMP32 uses reserved fields\n');
      return -EINVAL;
    }
    immReg.setScalar(constRangeNumber(insns.imm[i]!));
    src = immReg;
  }
  if (dstReg.type === PTR_TO_STACK) flags |= INSN_F_DST_REG_STACK;
  if (flags !== 0) pushHistory(env, self, flags, undefined);
  const is32 = (op & 7) === BPF_JMP32;
  const taken = branchTaken(dstReg, src, code, is32);
  if (taken >= 0) {
    if (dstReg.type === SCALAR_VALUE) err = markChainPrecision(env, dst);
    if (x && err === 0 && src.type === SCALAR_VALUE) err = markChainPrecision(env, srcNo);
    if (err < 0) return err;
    const other = taken === 1 ? i + 1 : i + insns.off[i]! + 1;
    if (!env.bypassSpecV1) {
      err = sanitizeSpeculativePath(env, i, other, i);
      if (err < 0) return err;
    }
    if (env.logging) env.printInsnState(self, self.curframe);
    if (taken === 1) env.insnIdx += insns.off[i]!;
    return 0;
  }
  const linked: number[] = [];
  const srcLinked = x && src.type === SCALAR_VALUE && src.id !== 0;
  const dstLinked = dstReg.type === SCALAR_VALUE && dstReg.id !== 0;
  if (srcLinked) collectLinked(env, self, src.id, linked);
  if (dstLinked) collectLinked(env, self, dstReg.id, linked);
  if (linked.length > 1) pushHistory(env, self, 0, linked);
  const other = pushStack(env, i + insns.off[i]! + 1, i, false);
  if (other === undefined) return TOO_MANY_JUMPS;
  const otherRegs = other.regs;
  if (dstReg.type === SCALAR_VALUE && src.type === SCALAR_VALUE) {
    const otherSrc = x ? otherRegs[srcNo]! : immReg2;
    if (!x) immReg2.copyFrom(immReg);
    refineCond(dstReg, src, reverseOp(code), is32);
    refineCond(otherRegs[dst]!, otherSrc, code, is32);
    boundsSanity(env, otherRegs[dst]!, 'true_reg1');
    boundsSanity(env, otherSrc, 'true_reg2');
    boundsSanity(env, dstReg, 'false_reg1');
    boundsSanity(env, src, 'false_reg2');
  }
  if (srcLinked) {
    syncLinked(self, src, linked);
    syncLinked(other, otherRegs[srcNo]!, linked);
  }
  if (dstLinked) {
    syncLinked(self, dstReg, linked);
    syncLinked(other, otherRegs[dst]!, linked);
  }
  if (
    !is32 &&
    x &&
    src.type !== SCALAR_VALUE &&
    dstReg.type !== SCALAR_VALUE &&
    typeMayBeNull(src.type) !== typeMayBeNull(dstReg.type) &&
    baseType(src.type) !== PTR_TO_BTF_ID &&
    baseType(dstReg.type) !== PTR_TO_BTF_ID
  ) {
    const equal = code === BPF_JEQ ? otherRegs : code === BPF_JNE ? regs : undefined;
    if (equal !== undefined) markNotNull(equal[typeMayBeNull(src.type) ? srcNo : dst]!);
  }
  if (!is32 && !x && insns.imm[i] === 0 && (code === BPF_JEQ || code === BPF_JNE) && typeMayBeNull(dstReg.type)) {
    markPtrOrNull(self, dst, code === BPF_JNE);
    markPtrOrNull(other, dst, code === BPF_JEQ);
  } else if (!matchPktPointers(env, i, dstReg, regs[srcNo]!, self, other) && isPointerValue(env, dstReg)) {
    env.verbose(`R${dst} pointer comparison prohibited\n`);
    return -EACCES;
  }
  if (env.logging) env.printInsnState(self, self.curframe);
  return 0;
}
