/**
 * ALU instructions (`check_alu_op`): numbers by ranges, pointers by their offset.
 */
import { EACCES, EINVAL } from '../../uapi/errno.ts';
import {
  BPF_ADD,
  BPF_ADDR_SPACE_CAST,
  BPF_ALU64,
  BPF_AND,
  BPF_ARSH,
  BPF_DIV,
  BPF_END,
  BPF_LSH,
  BPF_MOD,
  BPF_MOV,
  BPF_NEG,
  BPF_OR,
  BPF_RSH,
  BPF_SUB,
  BPF_X,
  BPF_XOR,
} from '../insn.ts';
import type { Env } from './env.ts';
import {
  baseType,
  CONST_PTR_TO_DYNPTR,
  CONST_PTR_TO_MAP,
  PTR_MAYBE_NULL,
  PTR_TO_ARENA,
  PTR_TO_BTF_ID,
  PTR_TO_BUF,
  PTR_TO_CTX,
  PTR_TO_FLOW_KEYS,
  PTR_TO_FUNC,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_PACKET,
  PTR_TO_PACKET_META,
  PTR_TO_STACK,
  PTR_TO_TP_BUFFER,
  PTR_UNTRUSTED,
  SCALAR_VALUE,
} from './flags.ts';
import { pushStack, TOO_COMPLEX } from './paths.ts';
import { markChainPrecision } from './precision.ts';
import { regTypeStr } from './print.ts';
import { constRangeNumber, knownLow, type Range, refine, S64_MIN, s64, U32_MAX, UNKNOWN, zext32 } from './range.ts';
import {
  assignScalarId,
  boundsSanity,
  checkRegArg,
  curRegs,
  DST_OP,
  DST_OP_NO_MARK,
  isPktPointer,
  isPointerValue,
  markKnown,
  markUnknown,
  SRC_OP,
  unbounded32,
} from './regs.ts';
import { SanitizeInfo, sanitizeCheckBounds, sanitizeErr, sanitizePtrAlu, sanitizeValAlu } from './sanitize.ts';
import { byteSwap, pointerOffset, scalarOp, signExtend, signExtend32 } from './scalar.ts';
import { BPF_ADD_CONST, BPF_ADD_CONST32, BPF_ADD_CONST64, Reg } from './state.ts';

const BPF_MAX_VAR_OFF = 1 << 29;
const MAX_OFF = BigInt(BPF_MAX_VAR_OFF);

const OPERATORS = ['+=', '-=', '*=', '/=', '|=', '&=', '<<=', '>>=', 'neg', '%=', '^=', '=', 's>>=', 'endian'];

/** Pointers that take part in arithmetic. */
const ARITHMETIC = new Set([
  PTR_TO_CTX,
  PTR_TO_MAP_VALUE,
  PTR_TO_MAP_KEY,
  PTR_TO_STACK,
  PTR_TO_PACKET_META,
  PTR_TO_PACKET,
  PTR_TO_TP_BUFFER,
  PTR_TO_BTF_ID,
  PTR_TO_MEM,
  PTR_TO_BUF,
  PTR_TO_FUNC,
  CONST_PTR_TO_DYNPTR,
]);

/** Offsets stay far from overflowing (`check_reg_sane_offset`). */
function checkSaneOffset(env: Env, reg: Reg, type: number): boolean {
  const { bits, smin } = reg.range;
  const name = regTypeStr(type);
  if (bits.isConst) {
    const val = s64(bits.value);
    if (val >= MAX_OFF || val <= -MAX_OFF) {
      env.verbose(`math between ${name} pointer and ${val} is not allowed\n`);
      return false;
    }
  }
  const off = reg.type === SCALAR_VALUE && (reg.id & BPF_ADD_CONST) === 0 ? 0 : reg.off;
  if (off >= BPF_MAX_VAR_OFF || off <= -BPF_MAX_VAR_OFF) {
    env.verbose(`${name} pointer offset ${off} is not allowed\n`);
    return false;
  }
  if (smin === S64_MIN) {
    env.verbose(`math between ${name} pointer and register with unbounded min value is not allowed\n`);
    return false;
  }
  if (smin >= MAX_OFF || smin <= -MAX_OFF) {
    env.verbose(`value ${smin} makes ${name} pointer be out of bounds\n`);
    return false;
  }
  return true;
}

/** The 32-bit bounds of a pointer that lost them ({@link unbounded32}) follow from the others. */
function settled(range: Range): Range {
  const lost = range.u32min === 0 && range.u32max === U32_MAX && range !== UNKNOWN;
  return lost ? refine(range, () => {}) : range;
}

/** `pointer += number` and the like (`adjust_ptr_min_max_vals`). */
function adjustPointer(env: Env, i: number, ptr: Reg, off: Reg): number {
  const { insns } = env;
  const op = insns.op[i]!;
  const code = op & 0xf0;
  const dst = insns.dst[i]!;
  const dstReg = curRegs(env)[dst]!;
  const offIsDst = dstReg === off;
  const r = off.range;
  const known = r.isConst;
  if ((known && (r.smin !== r.smax || r.umin !== r.umax)) || r.smin > r.smax || r.umin > r.umax) {
    markUnknown(env, dstReg);
    return 0;
  }
  if ((op & 7) !== BPF_ALU64) {
    if (code === BPF_SUB && env.allowPtrLeaks) {
      markUnknown(env, dstReg);
      return 0;
    }
    env.verbose(`R${dst} 32-bit pointer arithmetic prohibited\n`);
    return -EACCES;
  }
  const type = ptr.type;
  const name = regTypeStr(type);
  if ((type & PTR_MAYBE_NULL) !== 0) {
    env.verbose(`R${dst} pointer arithmetic on ${name} prohibited, null-check it first\n`);
    return -EACCES;
  }
  const base = baseType(type);
  if (base === PTR_TO_MEM && (type & PTR_UNTRUSTED) !== 0) return 0;
  const noMove = known && r.smin === 0n && code === BPF_ADD;
  const allowed =
    ARITHMETIC.has(base) ||
    (base === PTR_TO_FLOW_KEYS && known) ||
    ((base === PTR_TO_FLOW_KEYS || base === CONST_PTR_TO_MAP) && noMove);
  if (!allowed) {
    env.verbose(`R${dst} pointer arithmetic on ${name} prohibited\n`);
    return -EACCES;
  }
  // The operands are kept: dst may be either of them.
  const ptrCopy = ptr.clone();
  const offCopy = offIsDst ? off.clone() : off;
  if (dstReg !== ptr) {
    dstReg.type = ptr.type;
    dstReg.id = ptr.id;
  }
  if (!checkSaneOffset(env, offCopy, type) || !checkSaneOffset(env, ptrCopy, type)) return -EINVAL;
  const info = new SanitizeInfo();
  const sanitize = code === BPF_ADD || code === BPF_SUB;
  if (sanitize) {
    dstReg.range = unbounded32(dstReg.range);
    const ret = sanitizePtrAlu(env, i, ptrCopy, offCopy, dstReg, dstReg === ptr, info, false);
    if (ret < 0) return sanitizeErr(env, i, ret, offIsDst);
    dstReg.range = settled(ptrCopy.range);
  }
  const delta = known ? Number(BigInt.asIntN(64, r.smin)) : 0;
  switch (code) {
    case BPF_ADD: {
      const sum = ptrCopy.off + delta;
      dstReg.copyFrom(ptrCopy);
      if (known && sum === (sum | 0)) {
        dstReg.off = sum;
        dstReg.range = settled(ptrCopy.range);
        break;
      }
      dstReg.range = pointerOffset(ptrCopy.range, offCopy.range, false);
      if (isPktPointer(type)) {
        dstReg.id = env.nextId();
        dstReg.num = 0;
      }
      break;
    }
    case BPF_SUB: {
      if (offIsDst) {
        env.verbose(`R${dst} tried to subtract pointer from scalar\n`);
        return -EACCES;
      }
      if (type === PTR_TO_STACK) {
        env.verbose(`R${dst} subtraction from stack pointer prohibited\n`);
        return -EACCES;
      }
      const diff = ptrCopy.off - delta;
      if (known && diff === (diff | 0)) {
        dstReg.off = diff;
        break;
      }
      dstReg.range = pointerOffset(ptrCopy.range, offCopy.range, true);
      if (isPktPointer(type)) {
        dstReg.id = env.nextId();
        if (r.smin < 0n) dstReg.num = 0;
      }
      break;
    }
    case BPF_AND:
    case BPF_OR:
    case BPF_XOR:
      env.verbose(`R${dst} bitwise operator ${OPERATORS[code >> 4]} on pointer prohibited\n`);
      return -EACCES;
    default:
      env.verbose(`R${dst} pointer arithmetic with ${OPERATORS[code >> 4]} operator prohibited\n`);
      return -EACCES;
  }
  if (!checkSaneOffset(env, dstReg, type)) return -EINVAL;
  const bounds = sanitizeCheckBounds(env, i, dstReg);
  if (bounds === -EACCES) return bounds;
  if (sanitize) {
    const ret = sanitizePtrAlu(env, i, dstReg, offCopy, dstReg, true, info, true);
    if (ret < 0) return sanitizeErr(env, i, ret, offIsDst);
  }
  return 0;
}

const offReg = new Reg();

/** `dst op= src` (`adjust_reg_min_max_vals`). */
function adjustReg(env: Env, i: number): number {
  const { insns } = env;
  const op = insns.op[i]!;
  const code = op & 0xf0;
  const is64 = (op & 7) === BPF_ALU64;
  const dst = insns.dst[i]!;
  const regs = curRegs(env);
  const dstReg = regs[dst]!;
  if (dstReg.type === PTR_TO_ARENA) {
    if (is64) env.aux[i]!.needsZext = true;
    return 0;
  }
  const ptr = dstReg.type !== SCALAR_VALUE ? dstReg : undefined;
  let src: Reg;
  if ((op & BPF_X) !== 0) {
    src = regs[insns.src[i]!]!;
    if (src.type === PTR_TO_ARENA) {
      // What is computed with an address of an arena is one.
      markUnknown(env, dstReg);
      dstReg.type = PTR_TO_ARENA;
      if (is64) env.aux[i]!.needsZext = true;
      return 0;
    }
    if (src.type !== SCALAR_VALUE) {
      if (ptr !== undefined) {
        if (code === BPF_SUB && env.allowPtrLeaks) {
          markUnknown(env, dstReg);
          return 0;
        }
        env.verbose(`R${dst} pointer ${OPERATORS[code >> 4]} pointer prohibited\n`);
        return -EACCES;
      }
      const err = markChainPrecision(env, dst);
      return err < 0 ? err : adjustPointer(env, i, src, dstReg);
    }
    if (ptr !== undefined) {
      const err = markChainPrecision(env, insns.src[i]!);
      return err < 0 ? err : adjustPointer(env, i, dstReg, src);
    }
    if (dstReg.precise) {
      const err = markChainPrecision(env, insns.src[i]!);
      if (err < 0) return err;
    }
  } else {
    offReg.setScalar(constRangeNumber(insns.imm[i]!));
    src = offReg;
    if (ptr !== undefined) return adjustPointer(env, i, ptr, src);
  }
  const srcRange = src.range;
  const wasWide = dstReg.range.umax > BigInt(U32_MAX);
  const err = adjustScalar(env, i, dstReg, srcRange);
  if (err < 0) return err;
  // A sum in 32 bits loses the upper half: there is no link when there may have been one.
  const cut = !is64 && wasWide;
  const self = (op & BPF_X) !== 0 && insns.src[i] === dst;
  if (env.bpfCapable && (code === BPF_ADD || code === BPF_SUB) && dstReg.id !== 0 && !self && !cut) {
    keepLink(dstReg, code, is64, srcRange);
  } else {
    dstReg.id = 0;
    dstReg.off = 0;
  }
  return 0;
}

/** A number with an id stays linked to the others when a constant is added, once. */
function keepLink(reg: Reg, code: number, is64: boolean, src: Range): void {
  const known = is64 ? src.isConst : (src.bits.mask & 0xffffffffn) === 0n;
  const signed = is64 ? s64(src.bits.value) : BigInt.asIntN(32, src.bits.value);
  const value = code === BPF_ADD ? signed : -signed;
  if (!known) {
    reg.id = 0;
    reg.off = 0;
  } else if ((reg.id & BPF_ADD_CONST) !== 0 || value > 0x7fffffffn || value < -0x80000000n) {
    reg.off = 0;
    reg.id = 0;
  } else {
    reg.id |= is64 ? BPF_ADD_CONST64 : BPF_ADD_CONST32;
    reg.off = Number(value);
  }
}

/**
 * 0 or -1, as an arithmetic shift or a negation leaves it, before it becomes a mask: each is
 * a path of its own (`maybe_fork_scalars`).
 */
function forkScalar(env: Env, i: number, dst: Reg): number {
  const { smin, smax, s32min, s32max } = dst.range;
  const wide = smin === -1n && smax === 0n;
  if (!wide && (s32min !== -1 || s32max !== 0)) return 0;
  const branch = pushStack(env, i, i, false);
  if (branch === undefined) return TOO_COMPLEX;
  const other = branch.regs[env.insns.dst[i]!]!;
  if (wide) {
    markKnown(other, 0);
    markKnown(dst, -1);
  } else {
    other.range = knownLow(other.range, 0);
    dst.range = knownLow(dst.range, -1);
  }
  return 0;
}

/** Two numbers; a result that cannot be said is unknown (`adjust_scalar_min_max_vals`). */
function adjustScalar(env: Env, i: number, dst: Reg, src: Range): number {
  const op = env.insns.op[i]!;
  const code = op & 0xf0;
  const is64 = (op & 7) === BPF_ALU64;
  if ((code === BPF_AND || code === BPF_OR) && src.isConst) {
    const err = forkScalar(env, i, dst);
    if (err < 0) return err;
  }
  const result = scalarOp(code, dst.range, src, is64);
  if (result === undefined) {
    markUnknown(env, dst);
    return 0;
  }
  if (code === BPF_ADD || code === BPF_SUB) {
    const ret = sanitizeValAlu(env, i);
    if (ret < 0) return sanitizeErr(env, i, ret, false);
  }
  dst.range = result;
  return 0;
}

function checkMov(env: Env, i: number): number {
  const { insns } = env;
  const op = insns.op[i]!;
  const is64 = (op & 7) === BPF_ALU64;
  const x = (op & BPF_X) !== 0;
  const off = insns.off[i]!;
  const imm = insns.imm[i]!;
  const dst = insns.dst[i]!;
  const srcNo = insns.src[i]!;
  const reserved = (): number => {
    env.verbose('BPF_MOV uses reserved fields\n');
    return -EINVAL;
  };
  let err: number;
  if (x) {
    if (!is64) {
      if ((off !== 0 && off !== 8 && off !== 16) || imm !== 0) return reserved();
    } else if (off === BPF_ADDR_SPACE_CAST) {
      if (imm !== 1 && imm !== 1 << 16) {
        env.verbose('addr_space_cast insn can only convert between address space 1 and 0\n');
        return -EINVAL;
      }
      if (env.arena === undefined) {
        env.verbose('addr_space_cast insn can only be used in a program that has an associated arena\n');
        return -EINVAL;
      }
    } else if ((off !== 0 && off !== 8 && off !== 16 && off !== 32) || imm !== 0) return reserved();
    err = checkRegArg(env, srcNo, SRC_OP);
    if (err < 0) return err;
  } else if (srcNo !== 0 || off !== 0) return reserved();
  err = checkRegArg(env, dst, DST_OP_NO_MARK);
  if (err < 0) return err;
  const regs = curRegs(env);
  const dstReg = regs[dst]!;
  if (!x) {
    markUnknown(env, dstReg);
    markKnown(dstReg, is64 ? imm : imm >>> 0);
    dstReg.precise = !env.bpfCapable;
    return 0;
  }
  const src = regs[srcNo]!;
  if (is64) {
    if (imm !== 0) {
      markUnknown(env, dstReg);
      if (imm === 1) dstReg.type = PTR_TO_ARENA;
    } else if (off === 0) {
      assignScalarId(env, src);
      dstReg.copyFrom(src);
    } else if (isPointerValue(env, src)) {
      env.verbose(`R${srcNo} sign-extension part of pointer\n`);
      return -EACCES;
    } else if (src.type === SCALAR_VALUE) {
      const same = src.range.umax < 1n << BigInt(off - 1);
      if (same) assignScalarId(env, src);
      dstReg.copyFrom(src);
      if (!same) {
        dstReg.id = 0;
        dstReg.off = 0;
      }
      dstReg.range = signExtend(dstReg.range, off >> 3);
    } else {
      markUnknown(env, dstReg);
    }
    return 0;
  }
  if (isPointerValue(env, src)) {
    env.verbose(`R${srcNo} partial copy of pointer\n`);
    return -EACCES;
  }
  if (src.type !== SCALAR_VALUE) {
    markUnknown(env, dstReg);
    dstReg.range = zext32(dstReg.range);
    return 0;
  }
  const same = off === 0 ? src.range.umax <= 0xffffffffn : src.range.umax < 1n << BigInt(off - 1);
  if (same) assignScalarId(env, src);
  dstReg.copyFrom(src);
  if (!same) {
    dstReg.id = 0;
    dstReg.off = 0;
  }
  dstReg.range = off === 0 ? zext32(dstReg.range) : signExtend32(dstReg.range, off >> 3);
  return 0;
}

function checkNegEnd(env: Env, i: number): number {
  const { insns } = env;
  const op = insns.op[i]!;
  const is64 = (op & 7) === BPF_ALU64;
  const imm = insns.imm[i]!;
  const dst = insns.dst[i]!;
  const neg = (op & 0xf0) === BPF_NEG;
  const x = (op & BPF_X) !== 0;
  if (neg) {
    if (x || insns.src[i] !== 0 || insns.off[i] !== 0 || imm !== 0) {
      env.verbose('BPF_NEG uses reserved fields\n');
      return -EINVAL;
    }
  } else if (insns.src[i] !== 0 || insns.off[i] !== 0 || (imm !== 16 && imm !== 32 && imm !== 64) || (is64 && x)) {
    env.verbose('BPF_END uses reserved fields\n');
    return -EINVAL;
  }
  let err = checkRegArg(env, dst, SRC_OP);
  if (err < 0) return err;
  const reg = curRegs(env)[dst]!;
  if (isPointerValue(env, reg)) {
    env.verbose(`R${dst} pointer arithmetic prohibited\n`);
    return -EACCES;
  }
  if (neg && reg.type === SCALAR_VALUE) {
    err = checkRegArg(env, dst, DST_OP_NO_MARK);
    if (err < 0) return err;
    reg.id = 0;
    reg.off = 0;
    return adjustScalar(env, i, reg, reg.range);
  }
  if (!neg && reg.type === SCALAR_VALUE) {
    err = checkRegArg(env, dst, DST_OP_NO_MARK);
    if (err < 0) return err;
    // Little endian: only bswap and the conversions to big endian move bytes.
    // le64 does nothing: the register stays what it is, linked to others too.
    if (!is64 && !x && imm === 64) return 0;
    reg.range = byteSwap(reg.range, imm >> 3, is64 || x);
    reg.id = 0;
    reg.off = 0;
    return 0;
  }
  return checkRegArg(env, dst, DST_OP);
}

/** `check_alu_op`. */
export function checkAluOp(env: Env, i: number): number {
  const { insns } = env;
  const op = insns.op[i]!;
  const code = op & 0xf0;
  const dst = insns.dst[i]!;
  let err: number;
  if (code === BPF_END || code === BPF_NEG) {
    err = checkNegEnd(env, i);
  } else if (code === BPF_MOV) {
    err = checkMov(env, i);
  } else if (code > BPF_END) {
    env.verbose(`invalid BPF_ALU opcode ${code.toString(16)}\n`);
    return -EINVAL;
  } else {
    const off = insns.off[i]!;
    const imm = insns.imm[i]!;
    const x = (op & BPF_X) !== 0;
    const division = code === BPF_DIV || code === BPF_MOD;
    if ((x ? imm !== 0 : insns.src[i] !== 0) || (off !== 0 && off !== 1) || (off === 1 && !division)) {
      env.verbose('BPF_ALU uses reserved fields\n');
      return -EINVAL;
    }
    if (x) {
      err = checkRegArg(env, insns.src[i]!, SRC_OP);
      if (err < 0) return err;
    }
    err = checkRegArg(env, dst, SRC_OP);
    if (err < 0) return err;
    if (division && !x && imm === 0) {
      env.verbose('div by zero\n');
      return -EINVAL;
    }
    if ((code === BPF_LSH || code === BPF_RSH || code === BPF_ARSH) && !x) {
      const size = (op & 7) === BPF_ALU64 ? 64 : 32;
      if (imm < 0 || imm >= size) {
        env.verbose(`invalid shift ${imm}\n`);
        return -EINVAL;
      }
    }
    err = checkRegArg(env, dst, DST_OP_NO_MARK);
    if (err < 0) return err;
    err = adjustReg(env, i);
  }
  if (err < 0) return err;
  boundsSanity(env, curRegs(env)[dst]!, 'alu');
  return 0;
}
