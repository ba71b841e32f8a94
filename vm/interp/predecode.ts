/**
 * Predecoding for the interpreter: three int32 words an instruction,
 *
 *     operation:9 dst index:5 src index:18 | x | y
 *
 * where register indexes count int32 words of the register file (two a register).
 * Immediates live in a constant pool that continues the register file, so that the
 * forms with an immediate become the forms with a register and the loop has half as
 * many cases. Jump targets (y) are word indexes.
 *
 * Operations below 256 are opcodes of the instruction set in their register form;
 * the others are listed here.
 */

import { ArrayMap } from '../../maps/arraymap.ts';
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import {
  BPF_ADDR_SPACE_CAST,
  BPF_ALU,
  BPF_END,
  BPF_MOV,
  BPF_NEG,
  BPF_STX,
  BPF_X,
  INSN_TABLE,
  jumpTarget,
} from '../insn.ts';
import type { LinkedProgram } from '../link.ts';
import { PTR_KIND } from '../verifier/types.ts';
import { CTX_EXT } from '../vm.ts';

/** Words an instruction takes. */
export const WORDS = 3;

/** Where the register indexes are in the first word. */
const DST_SHIFT = 9;
const SRC_SHIFT = 14;
const MAX_SRC = 1 << 18;

/** Operations that are not opcodes of the instruction set. The loop has them as literals. */
export const IOP = {
  /** Load of a pointer field of the context; x: offset with the extension. */
  CTX_PTR: 256,
  /** A load that reads 0 where it would fault; y: the opcode. */
  PROBE: 257,
  /** An access through a pointer of a BPF arena; y: the opcode of the load, store or atomic. */
  ARENA: 258,
  /** y: index into the call sites. */
  HELPER: 259,
  LOOKUP: 260,
  UPDATE: 261,
  REMOVE: 262,
  TAIL_CALL: 263,
  LOOP: 264,
  /** x: stack depth of the caller, and from {@link SAVED_SHIFT} on which of r6 to r9 the function writes; y: target. */
  CALL: 265,
  /** A call of a global function, which is verified once however often it is called. */
  CALL_GLOBAL: 280,
  /** x: size. */
  LD_ABS: 266,
  LD_IND: 267,
  MAY_GOTO: 268,
  CAST_USER: 269,
  /** Sign-extending moves; x: bits. */
  MOVSX64: 270,
  MOVSX32: 271,
  /** Signed division and modulo. */
  SDIV64: 272,
  SDIV32: 273,
  SMOD64: 274,
  SMOD32: 275,
  /** An instruction the verifier never reached, or the end of the program. */
  DEAD: 276,
  /** Hooks are on: the real operation is in the code without traps. */
  TRAP: 277,
  /** The constant does not fit the pool: it and the real operation are in {@link Predecoded.big}. */
  BIG_CONST: 278,
  /** A store of 2 bytes that does nothing for values from y on; x: offset. */
  STORE_BELOW: 279,
  /** Lookup in an array; y: index into the call sites. */
  ARRAY_LOOKUP: 281,
  /** A move and an operation on its target as one ({@link FUSED}); x: where the move is from. */
  FIRST_FUSED: 282,
} as const;

/** Where {@link IOP.CALL} has the registers the function writes: bit 0 is r6. */
const SAVED_SHIFT = 24;

/** Operations that are joined with a move before them, in the order of their numbers from {@link IOP.FIRST_FUSED} on. */
const FUSED: readonly number[] = [
  0x0f, 0x1f, 0x5f, 0x4f, 0xaf, 0x6f, 0x7f, 0xcf, 0x0c, 0x1c, 0x2c, 0x5c, 0x4c, 0xac, 0x6c, 0x7c,
];
const MOV64 = 0xbf;
const MOV32 = 0xbc;
const CLASS_64 = 7;

/** `BPF_LDX | BPF_MEMSX | BPF_W`, `BPF_STX | BPF_MEM | BPF_H`: what accesses of odd context fields become. */
const LDSX_W = 0x81;
const STX_H = 0x6b;

/** Registers r0 to r10 take 22 words; a word pair for constants beyond the pool and the pool follow. */
export const BIG_CONST_WORD = 22;
const FIRST_CONST = 24;

/** An instruction whose constant is beyond the pool. */
export interface BigConst {
  readonly op: number;
  readonly lo: number;
  readonly hi: number;
}

/** A program for the loop. */
export interface Predecoded {
  readonly code: Int32Array;
  /** The register file with its constants: copied for each nested use. */
  readonly regs: Int32Array;
  /** First word of each subprogram. */
  readonly entries: readonly number[];
  /** By first word of the instruction. */
  readonly big: ReadonlyMap<number, BigConst>;
}

const KIND_OPS: Readonly<Record<string, number>> = {
  lookup: IOP.LOOKUP,
  update: IOP.UPDATE,
  remove: IOP.REMOVE,
  tail: IOP.TAIL_CALL,
  loop: IOP.LOOP,
  helper: IOP.HELPER,
};

const SIGNED_OPS: Readonly<Record<number, number>> = {
  63: IOP.SDIV64,
  60: IOP.SDIV32,
  159: IOP.SMOD64,
  156: IOP.SMOD32,
};

/** Constants of a program, each once. */
class Constants {
  readonly words: number[] = new Array(FIRST_CONST).fill(0);
  readonly #index = new Map<string, number>();
  /** The last constant that did not fit. */
  beyond: readonly [number, number] | undefined = undefined;

  /** Word index of a 64-bit constant. */
  of(lo: number, hi: number): number {
    const key = `${lo}:${hi}`;
    let index = this.#index.get(key);
    if (index === undefined) {
      index = this.words.length;
      if (index >= MAX_SRC) {
        this.beyond = [lo, hi];
        return BIG_CONST_WORD;
      }
      this.words.push(lo, hi);
      this.#index.set(key, index);
    }
    return index;
  }
}

/** A plain array is looked up in place; those of values for each CPU by their own function. */
function arrayOp(map: ArrayMap): number {
  return map.mapType === BPF_MAP_TYPE.ARRAY ? IOP.ARRAY_LOOKUP : IOP.LOOKUP;
}

/** Which of r6 to r9 each function writes, so that its callers need not save the others: bit 0 is r6. */
function writtenRegs({ insns, subprogs }: LinkedProgram): number[] {
  return subprogs.map(({ start, end }) => {
    let mask = 0;
    for (let i = start; i < end; i++) {
      const kind = INSN_TABLE[insns.op[i]!]?.kind;
      const dst = insns.dst[i]!;
      const src = insns.src[i]!;
      if (dst >= 6 && dst < 10) mask |= 1 << (dst - 6);
      if (kind === 'atomic' && src >= 6 && src < 10) mask |= 1 << (src - 6);
    }
    return mask;
  });
}

/**
 * Joins moves with the operation after them: `r1 = r2; r1 += r3` is one instruction of
 * three operands. The second stays where it is, for jumps to it.
 */
function fuse(code: Int32Array): void {
  for (let at = 0; at + WORDS < code.length; at += WORDS) {
    const op = code[at]! & 511;
    if (op !== MOV64 && op !== MOV32) continue;
    const next = code[at + WORDS]!;
    const index = FUSED.indexOf(next & 511);
    const dst = (code[at]! >> DST_SHIFT) & 31;
    if (index < 0 || ((next >> DST_SHIFT) & 31) !== dst) continue;
    // A 32-bit move clears the high half, which an operation of 64 bits would see.
    if (op === MOV32 && (next & 7) === CLASS_64) continue;
    const from = code[at]! >>> SRC_SHIFT;
    const src = next >>> SRC_SHIFT === dst ? from : next >>> SRC_SHIFT;
    code[at] = (IOP.FIRST_FUSED + index) | (dst << DST_SHIFT) | (src << SRC_SHIFT);
    code[at + 1] = from;
  }
}

/** Predecodes a linked program; `joined`: with moves joined to what follows (not for single steps). */
export function predecode(program: LinkedProgram, joined = true): Predecoded {
  const { insns, aux, subprogs, subprogOf } = program;
  const code = new Int32Array((insns.count + 1) * WORDS);
  const constants = new Constants();
  const big = new Map<number, BigConst>();
  const written = writtenRegs(program);
  for (let i = 0; i < insns.count; i++) {
    const def = INSN_TABLE[insns.op[i]!];
    const fact = aux[i]!;
    const at = i * WORDS;
    code[at] = IOP.DEAD;
    if (def === undefined || !fact.seen) continue;
    const imm = insns.imm[i]!;
    const off = insns.off[i]!;
    let op: number = insns.op[i]!;
    const dst = insns.dst[i]! * 2;
    let src = insns.src[i]! * 2;
    let x = off;
    let y = imm;
    switch (def.kind) {
      case 'alu':
      case 'mov':
        if (!def.x) {
          src = constants.of(imm, imm >> 31);
          op |= BPF_X;
        }
        if (def.kind === 'alu') op = off === 1 ? (SIGNED_OPS[op] ?? op) : op;
        else if (off === BPF_ADDR_SPACE_CAST) op = imm === 1 ? BPF_ALU | BPF_MOV | BPF_X : IOP.CAST_USER;
        else if (off !== 0) op = def.is64 ? IOP.MOVSX64 : IOP.MOVSX32;
        if (op === IOP.CAST_USER) x = program.arena === undefined ? 0 : 1;
        break;
      case 'jcond':
        if (!def.x) {
          src = constants.of(imm, imm >> 31);
          op |= BPF_X;
        }
        y = jumpTarget(insns, i) * WORDS;
        break;
      case 'ja':
        op = 0x05;
        y = jumpTarget(insns, i) * WORDS;
        break;
      case 'may_goto':
        op = IOP.MAY_GOTO;
        y = jumpTarget(insns, i) * WORDS;
        break;
      case 'lddw': {
        const [lo, hi] = program.lddw.get(i)!;
        src = constants.of(lo, hi);
        break;
      }
      case 'load':
      case 'loadsx':
        if (fact.ptrKind === PTR_KIND.CTX && fact.ctxPtr >= 0) {
          op = IOP.CTX_PTR;
          x = CTX_EXT + fact.ctxPtr;
        } else if (fact.ctxSize !== 0) {
          op = LDSX_W;
        } else if (fact.ptrKind === PTR_KIND.CTX && fact.ctxOff >= 0) {
          x = fact.ctxOff;
        } else if (fact.ptrKind === PTR_KIND.BTF_PROBE || fact.ptrKind === PTR_KIND.MIXED) {
          y = op;
          op = IOP.PROBE;
        } else if (fact.ptrKind === PTR_KIND.ARENA) {
          y = op;
          op = IOP.ARENA;
        }
        break;
      case 'store':
        if (!def.x) {
          src = constants.of(imm, imm >> 31);
          op = (op & ~7) | BPF_STX;
        }
        if (fact.ctxSize !== 0) {
          op = STX_H;
          if (fact.ctxBelow !== 0 && !def.x && imm >= fact.ctxBelow) {
            // Known to do nothing: a jump to the next instruction.
            op = 0x05;
            y = (i + 1) * WORDS;
          } else if (fact.ctxBelow !== 0 && def.x) {
            op = IOP.STORE_BELOW;
            y = fact.ctxBelow;
          }
        }
        if (fact.ptrKind === PTR_KIND.ARENA) {
          y = op;
          op = IOP.ARENA;
        }
        break;
      case 'atomic':
        if (fact.ptrKind === PTR_KIND.ARENA) {
          // The operation of the atomic is kept above the opcode.
          y = op | (imm << 8);
          op = IOP.ARENA;
        }
        break;
      case 'ldabs':
        op = def.x ? IOP.LD_IND : IOP.LD_ABS;
        x = def.size;
        break;
      case 'call': {
        const site = program.calls.get(i)!;
        const subprog = subprogs[subprogOf[i]!]!;
        x = (subprog.stackDepth + 7) & ~7;
        if (site.kind === 'sub') {
          op = subprogs[site.subprog]!.isGlobal ? IOP.CALL_GLOBAL : IOP.CALL;
          x |= written[site.subprog]! << SAVED_SHIFT;
          y = subprogs[site.subprog]!.start * WORDS;
        } else {
          op = site.kind === 'lookup' && site.map instanceof ArrayMap ? arrayOp(site.map) : KIND_OPS[site.kind]!;
          y = i;
        }
        break;
      }
      case 'neg':
        op = (op & 7) | BPF_NEG;
        break;
      case 'end':
        // Kept apart from the constant-pool trick: the immediate is the width.
        op = (op & 15) | BPF_END;
        break;
      case 'exit':
        break;
    }
    if (constants.beyond !== undefined) {
      const [lo, hi] = constants.beyond;
      big.set(at, { op, lo, hi });
      op = IOP.BIG_CONST;
      constants.beyond = undefined;
    }
    code[at] = op | (dst << DST_SHIFT) | (src << SRC_SHIFT);
    code[at + 1] = x;
    code[at + 2] = y;
    if (def.kind === 'lddw') code[++i * WORDS] = IOP.DEAD;
  }
  code[insns.count * WORDS] = IOP.DEAD;
  if (joined) fuse(code);
  return {
    code,
    regs: Int32Array.from(constants.words),
    entries: subprogs.map((subprog) => subprog.start * WORDS),
    big,
  };
}
