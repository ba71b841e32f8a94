/**
 * Predecoding for the interpreter: two int32 words an instruction,
 *
 *     operation:8 dst:4 src:4 offset:16 | constant
 *
 * with the operations of ops.ts. Constants of array lookups follow the code. Jumps are
 * relative: words from the next instruction to the target, or instructions in the offset
 * of a conditional jump.
 */
import { ArrayMap } from '../../maps/arraymap.ts';
import { HtabMap } from '../../maps/hashtab.ts';
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import {
  BPF_ADD,
  BPF_ADDR_SPACE_CAST,
  BPF_ALU64,
  BPF_ARSH,
  BPF_B,
  BPF_DIV,
  BPF_DW,
  BPF_H,
  BPF_JEQ,
  BPF_JMP,
  BPF_JNE,
  BPF_LSH,
  BPF_MEM,
  BPF_MOV,
  BPF_NEG,
  BPF_RSH,
  BPF_SUB,
  BPF_W,
  INSN_TABLE,
  type InsnDef,
  jumpTarget,
} from '../insn.ts';
import type { CallSite, LinkedProgram, MapSite } from '../link.ts';
import { type InsnAux, PTR_KIND } from '../verifier/types.ts';
import { CTX_EXT } from '../vm.ts';
import { fuse } from './fuse.ts';
import { ALU, GROUP, IOP, WORDS } from './ops.ts';

/** A lookup in a hash table, and the words to go on by as with ARRAY_LOOKUP. */
export interface HashSite {
  readonly map: HtabMap;
  readonly isLru: boolean;
  readonly found: number;
  readonly none: number;
}

/** A program for the loop. */
export interface Predecoded {
  readonly code: Int32Array;
  /** First word of each subprogram. */
  readonly entries: readonly number[];
  /** By instruction. */
  readonly hashes: readonly (HashSite | undefined)[];
  /** It has loops that are guarded by may_goto. */
  readonly timed: boolean;
}

/** One instruction for the loop. */
interface Decoded {
  op: number;
  dst: number;
  src: number;
  off: number;
  imm: number;
}

/** Loads and stores by the size bits of the opcode: their number in the group. */
const SIZE_INDEX: Readonly<Record<number, number>> = { [BPF_W]: 0, [BPF_H]: 1, [BPF_B]: 2, [BPF_DW]: 3 };

/** Sign-extending moves by bits. */
const MOVSX64: Readonly<Record<number, number>> = { 8: IOP.MOVSX8_64, 16: IOP.MOVSX16_64, 32: IOP.MOVSX32_64 };
const MOVSX32: Readonly<Record<number, number>> = { 8: IOP.MOVSX8_32, 16: IOP.MOVSX16_32 };
const BSWAP: Readonly<Record<number, number>> = { 16: IOP.BSWAP16, 32: IOP.BSWAP32, 64: IOP.BSWAP64 };
/** To little-endian: what is there already, cut off. */
const TO_LE: Readonly<Record<number, number>> = { 16: IOP.ZEXT16, 32: IOP.ZEXT32, 64: IOP.JA };

const CALL_OPS: Readonly<Record<Exclude<CallSite['kind'], 'sub'>, number>> = {
  lookup: IOP.LOOKUP,
  update: IOP.UPDATE,
  remove: IOP.REMOVE,
  tail: IOP.TAIL_CALL,
  loop: IOP.LOOP,
  helper: IOP.HELPER,
};

/** Shifts of 64 bits by a constant from 32 on. */
const LONG_SHIFTS: Readonly<Record<number, number>> = {
  [BPF_LSH]: ALU.LSH_32,
  [BPF_RSH]: ALU.RSH_32,
  [BPF_ARSH]: ALU.ARSH_32,
};

/** An ALU instruction or move. */
function decodeAlu(to: Decoded, def: InsnDef, program: LinkedProgram): void {
  const nibble = def.op >> 4;
  if (def.x) {
    to.op = (def.is64 ? GROUP.ALU64_X : GROUP.ALU32_X) + nibble;
    if (def.kind === 'mov' && to.off !== 0) decodeCast(to, def, program);
    else if (def.kind === 'alu' && to.off === 1) to.op += (def.op === BPF_DIV ? ALU.SDIV : ALU.SMOD) - nibble;
    if (to.op !== IOP.CAST_USER) to.off = 0;
    return;
  }
  const signed = def.kind === 'alu' && to.off === 1;
  to.off = 0;
  if (signed || (def.op === BPF_SUB && to.imm === -(2 ** 31))) {
    // Rare: the register form on a constant of its own.
    to.op = IOP.CONST;
    to.src = signed ? (def.op === BPF_DIV ? ALU.SDIV : ALU.SMOD) : nibble;
    to.off = def.is64 ? GROUP.ALU64_X : GROUP.ALU32_X;
  } else if (def.op === BPF_SUB) {
    to.op = (def.is64 ? GROUP.ALU64_K : GROUP.ALU32_K) + (BPF_ADD >> 4);
    to.imm = -to.imm;
  } else if (def.is64 && to.imm >= 32 && LONG_SHIFTS[def.op] !== undefined) {
    to.op = GROUP.ALU64_K + LONG_SHIFTS[def.op]!;
  } else {
    to.op = (def.is64 ? GROUP.ALU64_K : GROUP.ALU32_K) + nibble;
  }
}

/** A move of a register that changes the value on its way. */
function decodeCast(to: Decoded, def: InsnDef, program: LinkedProgram): void {
  if (to.off !== BPF_ADDR_SPACE_CAST) to.op = (def.is64 ? MOVSX64 : MOVSX32)[to.off]!;
  else if (to.imm === 1) to.op = GROUP.ALU32_X + (BPF_MOV >> 4);
  else {
    to.op = IOP.CAST_USER;
    to.imm = program.arena === undefined ? 0 : 1;
  }
}

/** A load; `opcode` as in the program. */
function decodeLoad(to: Decoded, opcode: number, fact: InsnAux): void {
  const index = SIZE_INDEX[opcode & 0x18]!;
  to.op = ((opcode & 0xe0) === BPF_MEM ? GROUP.LDX : GROUP.LDSX) + index;
  if (fact.ptrKind === PTR_KIND.CTX && fact.ctxPtr >= 0) {
    to.op = GROUP.LDX + SIZE_INDEX[BPF_DW]!;
    to.off = CTX_EXT + fact.ctxPtr;
  } else if (fact.ctxSize !== 0) {
    to.op = GROUP.LDSX + SIZE_INDEX[BPF_W]!;
  } else if (fact.ptrKind === PTR_KIND.CTX && fact.ctxOff >= 0) {
    to.off = fact.ctxOff;
  } else if (fact.ptrKind === PTR_KIND.BTF_PROBE || fact.ptrKind === PTR_KIND.MIXED) {
    to.op = IOP.PROBE;
    to.imm = opcode;
  } else if (fact.ptrKind === PTR_KIND.ARENA) {
    to.op = IOP.ARENA;
    to.imm = opcode;
  }
}

/** A store; `opcode` as in the program. */
function decodeStore(to: Decoded, opcode: number, def: InsnDef, fact: InsnAux): void {
  const size = opcode & 0x18;
  if (fact.ptrKind === PTR_KIND.ARENA) {
    to.op = def.x ? IOP.ARENA : IOP.ARENA_ST;
    if (def.x) to.imm = opcode;
    else to.src = size >> 3;
    return;
  }
  to.op = (def.x ? GROUP.STX : GROUP.ST) + SIZE_INDEX[fact.ctxSize !== 0 ? BPF_H : size]!;
  if (fact.ctxSize === 0 || fact.ctxBelow === 0) return;
  // A context field that takes no values from a limit on.
  if (def.x) {
    to.op = IOP.STORE_BELOW;
    to.imm = fact.ctxBelow;
  } else if (to.imm >= fact.ctxBelow) {
    to.op = IOP.JA;
    to.imm = 0;
  }
}

/** An atomic operation. */
function decodeAtomic(to: Decoded, opcode: number, fact: InsnAux): void {
  if (fact.ptrKind === PTR_KIND.ARENA) {
    // The operation of the atomic is kept above the opcode.
    to.op = IOP.ARENA;
    to.imm = opcode | (to.imm << 8);
  } else if (to.imm === BPF_ADD) {
    to.op = (opcode & 0x18) === BPF_DW ? IOP.ATOMIC_ADD64 : IOP.ATOMIC_ADD32;
    to.imm = opcode << 16;
  } else {
    to.op = IOP.ATOMIC;
    to.imm |= opcode << 16;
  }
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

/** Whether a program has loops that are guarded by may_goto. */
function hasMayGoto({ insns }: LinkedProgram): boolean {
  return insns.op.some((op) => INSN_TABLE[op]?.kind === 'may_goto');
}

const HASH_LOOKUPS: Readonly<Record<number, number>> = {
  4: IOP.HASH_LOOKUP4,
  8: IOP.HASH_LOOKUP8,
  16: IOP.HASH_LOOKUP16,
};

/** The map of a lookup in a plain array; those of values for each CPU have their own function. */
function plainArray({ map }: MapSite): ArrayMap | undefined {
  return map instanceof ArrayMap && map.mapType === BPF_MAP_TYPE.ARRAY ? map : undefined;
}

/** The map of a lookup in a hash table with keys of a size that has its own function. */
function plainHash({ map }: MapSite): HtabMap | undefined {
  if (!(map instanceof HtabMap) || HASH_LOOKUPS[map.keySize] === undefined) return undefined;
  return map.mapType === BPF_MAP_TYPE.HASH || map.mapType === BPF_MAP_TYPE.LRU_HASH ? map : undefined;
}

const NO_TEST = [0, 0] as const;

/**
 * Words to go on by after a lookup with a value and without one: `if r0 == 0 goto` (or != 0)
 * behind it is decided already.
 */
function nullTest({ insns, aux }: LinkedProgram, i: number): readonly [number, number] {
  if (i >= insns.count || !aux[i]!.seen || insns.dst[i] !== 0 || insns.imm[i] !== 0) return NO_TEST;
  const taken = WORDS + insns.off[i]! * WORDS;
  if (insns.op[i] === (BPF_JMP | BPF_JEQ)) return [WORDS, taken];
  return insns.op[i] === (BPF_JMP | BPF_JNE) ? [taken, WORDS] : NO_TEST;
}

/** Predecodes a linked program; `joined`: with what {@link fuse} joins (not for single steps). */
export function predecode(program: LinkedProgram, joined = true): Predecoded {
  const { insns, aux, subprogs, subprogOf } = program;
  const { count } = insns;
  const written = writtenRegs(program);
  const timed = hasMayGoto(program);
  const callOp = timed ? IOP.CALL_TIMED : IOP.CALL;
  // Two more: the end of the code must not be run into; and an exit (Interpreter.exitWord).
  const codeWords = (count + 2) * WORDS;
  const constants: number[] = [];
  const hashes: (HashSite | undefined)[] = [];
  const words = new Int32Array(codeWords);
  const to: Decoded = { op: 0, dst: 0, src: 0, off: 0, imm: 0 };

  const decodeCall = (i: number): void => {
    const site = program.calls.get(i)!;
    to.dst = 0;
    to.src = 0;
    to.off = (subprogs[subprogOf[i]!]!.stackDepth + 7) & ~7;
    to.imm = i;
    if (site.kind === 'sub') {
      to.op = subprogs[site.subprog]!.isGlobal ? IOP.CALL_GLOBAL : callOp;
      to.dst = written[site.subprog]!;
      to.imm = (subprogs[site.subprog]!.start - i - 1) * WORDS;
      return;
    }
    to.op = CALL_OPS[site.kind];
    if (site.kind !== 'lookup') return;
    const array = plainArray(site);
    const hash = joined ? plainHash(site) : undefined;
    const [found, none] = joined ? nullTest(program, i + 1) : NO_TEST;
    if (array !== undefined) {
      to.op = IOP.ARRAY_LOOKUP;
      to.imm = codeWords + constants.length;
      constants.push(array.maxEntries, array.values, array.elemSize, found, none);
    } else if (hash !== undefined) {
      to.op = HASH_LOOKUPS[hash.keySize]!;
      hashes[i] = { map: hash, isLru: hash.mapType === BPF_MAP_TYPE.LRU_HASH, found, none };
    }
  };

  for (let i = 0; i < count; i++) {
    const opcode = insns.op[i]!;
    const def = INSN_TABLE[opcode];
    const fact = aux[i]!;
    const at = i * WORDS;
    words[at] = IOP.DEAD;
    if (def === undefined || !fact.seen) continue;
    to.op = IOP.DEAD;
    to.dst = insns.dst[i]!;
    to.src = insns.src[i]!;
    to.off = insns.off[i]!;
    to.imm = insns.imm[i]!;
    const nibble = def.op >> 4;
    switch (def.kind) {
      case 'alu':
      case 'mov':
        decodeAlu(to, def, program);
        break;
      case 'neg':
        to.op = (def.is64 ? GROUP.ALU64_X : GROUP.ALU32_X) + (BPF_NEG >> 4);
        break;
      case 'end':
        to.op = (def.class === BPF_ALU64 || def.mnemonic === 'be' ? BSWAP : TO_LE)[to.imm]!;
        to.imm = 0;
        break;
      case 'jcond':
        if (def.is64) to.op = (def.x ? GROUP.JMP64_X : GROUP.JMP64_K) + nibble;
        else to.op = (def.x ? GROUP.JMP32_X : GROUP.JMP32_K) + nibble;
        break;
      case 'ja':
        to.op = IOP.JA;
        to.imm = (jumpTarget(insns, i) - i - 1) * WORDS;
        break;
      case 'may_goto':
        to.op = IOP.MAY_GOTO;
        break;
      case 'lddw': {
        const [lo, hi] = program.lddw.get(i)!;
        to.op = IOP.LDDW;
        to.imm = lo;
        words[at + WORDS] = IOP.DEAD;
        words[at + WORDS + 1] = hi;
        i++;
        break;
      }
      case 'load':
      case 'loadsx':
        decodeLoad(to, opcode, fact);
        break;
      case 'store':
        decodeStore(to, opcode, def, fact);
        break;
      case 'atomic':
        decodeAtomic(to, opcode, fact);
        break;
      case 'ldabs':
        to.op = def.x ? IOP.LD_IND : IOP.LD_ABS;
        to.off = def.size;
        break;
      case 'call':
        decodeCall(i);
        break;
      case 'exit':
        to.op = IOP.EXIT;
        break;
    }
    words[at] = to.op | (to.dst << 8) | (to.src << 12) | (to.off << 16);
    words[at + 1] = to.imm;
  }
  words[count * WORDS] = IOP.DEAD;
  words[(count + 1) * WORDS] = IOP.EXIT;
  if (joined) fuse(words, count * WORDS);
  const code = new Int32Array(codeWords + constants.length);
  code.set(words);
  code.set(constants, codeWords);
  return { code, entries: subprogs.map((subprog) => subprog.start * WORDS), hashes, timed };
}
