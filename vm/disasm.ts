/**
 * Instructions in the text the kernel's verifier log and bpftool show
 * (`print_bpf_insn`): `(07) r2 += -8`.
 */
import {
  ATOMIC_OPS,
  BPF_ABS,
  BPF_ADDR_SPACE_CAST,
  BPF_ALU,
  BPF_ALU64,
  BPF_ATOMIC,
  BPF_CMPXCHG,
  BPF_DIV,
  BPF_END,
  BPF_FETCH,
  BPF_IND,
  BPF_JMP,
  BPF_JMP32,
  BPF_LD,
  BPF_LDX,
  BPF_LOAD_ACQ,
  BPF_MEM,
  BPF_MEMSX,
  BPF_MOD,
  BPF_MOV,
  BPF_NEG,
  BPF_PSEUDO_CALL,
  BPF_ST,
  BPF_STORE_REL,
  BPF_STX,
  BPF_X,
  BPF_XCHG,
  type Insns,
  OP_CALL,
  OP_EXIT,
  OP_GOTOL,
  OP_JA,
  OP_LDDW,
  OP_MAY_GOTO,
} from './insn.ts';

/** What the text needs to know beyond the instruction. */
export interface DisasmNames {
  /** Name of the call's target with its number, for helpers and kfuncs: `bpf_map_lookup_elem#1`. */
  call(i: number): string;
  /** The 64-bit immediate of a lddw. */
  imm64(i: number): bigint;
}

const ALU_OPERATORS = ['+=', '-=', '*=', '/=', '|=', '&=', '<<=', '>>=', 'neg', '%=', '^=', '=', 's>>=', 'endian'];
const JMP_OPERATORS = ['jmp', '==', '>', '>=', '&', '!=', 's>', 's>=', 'call', 'exit', '<', '<=', 's<', 's<='];
const SIZES = ['u32', 'u16', 'u8', 'u64'];
const SIGNED_SIZES = ['s32', 's16', 's8', 's64'];
const CLASSES = ['ld', 'ldx', 'st', 'stx', 'alu', 'jmp', 'jmp32', 'alu64'];

function hex2(n: number): string {
  return n.toString(16).padStart(2, '0');
}

function plus(n: number): string {
  return n < 0 ? `${n}` : `+${n}`;
}

function alu(insns: Insns, i: number): string {
  const op = insns.op[i]!;
  const is64 = (op & 7) === BPF_ALU64;
  const reg = is64 ? 'r' : 'w';
  const dst = insns.dst[i]!;
  const src = insns.src[i]!;
  const off = insns.off[i]!;
  const imm = insns.imm[i]!;
  const code = op & 0xf0;
  if (code === BPF_END) {
    if (is64) return `r${dst} = bswap${imm} r${dst}`;
    return `r${dst} = ${(op & BPF_X) !== 0 ? 'be' : 'le'}${imm} r${dst}`;
  }
  if (code === BPF_NEG) return `${reg}${dst} = -${reg}${dst}`;
  if (is64 && code === BPF_MOV && (op & BPF_X) !== 0 && off === BPF_ADDR_SPACE_CAST) {
    return `r${dst} = addr_space_cast(r${src}, ${imm >>> 16}, ${imm & 0xffff})`;
  }
  let operator = ALU_OPERATORS[code >> 4] ?? '(null)';
  if ((code === BPF_DIV || code === BPF_MOD) && off === 1) operator = `s${operator}`;
  if ((op & BPF_X) === 0) return `${reg}${dst} ${operator} ${imm}`;
  let cast = '';
  if (code === BPF_MOV && (off === 8 || off === 16 || off === 32)) cast = `(s${off})`;
  return `${reg}${dst} ${operator} ${cast}${reg}${src}`;
}

function atomic(insns: Insns, i: number): string {
  const op = insns.op[i]!;
  const size = SIZES[(op >> 3) & 3]!;
  const imm = insns.imm[i]!;
  const dst = insns.dst[i]!;
  const src = insns.src[i]!;
  const off = plus(insns.off[i]!);
  const wide = size === 'u64' ? '64' : '';
  const at = `(${size} *)(r${dst} ${off})`;
  if (imm === BPF_CMPXCHG) return `r0 = atomic${wide}_cmpxchg(${at}, r0, r${src})`;
  if (imm === BPF_XCHG) return `r${src} = atomic${wide}_xchg(${at}, r${src})`;
  if (imm === BPF_LOAD_ACQ) return `r${dst} = load_acquire((${size} *)(r${src} ${off}))`;
  if (imm === BPF_STORE_REL) return `store_release(${at}, r${src})`;
  const known = ATOMIC_OPS.get(imm);
  if (known === undefined) return `BUG_${hex2(op)}`;
  if ((imm & BPF_FETCH) !== 0) return `r${src} = atomic${wide}_fetch_${known.name}(${at}, r${src})`;
  return `lock *${at} ${ALU_OPERATORS[(imm & 0xf0) >> 4]} r${src}`;
}

function load(insns: Insns, i: number, names: DisasmNames): string {
  const op = insns.op[i]!;
  const size = SIZES[(op >> 3) & 3]!;
  const imm = insns.imm[i]!;
  switch (op & 0xe0) {
    case BPF_ABS:
      return `r0 = *(${size} *)skb[${imm}]`;
    case BPF_IND:
      return `r0 = *(${size} *)skb[r${insns.src[i]} + ${imm}]`;
    default:
      if (op === OP_LDDW) return `r${insns.dst[i]} = 0x${names.imm64(i).toString(16)}`;
      return `BUG_ld_${hex2(op)}`;
  }
}

function jump(insns: Insns, i: number, names: DisasmNames): string {
  const op = insns.op[i]!;
  const off = insns.off[i]!;
  const imm = insns.imm[i]!;
  switch (op) {
    case OP_CALL:
      return insns.src[i] === BPF_PSEUDO_CALL ? `call pc${plus(imm)}` : `call ${names.call(i)}`;
    case OP_JA:
      return `goto pc${plus(off)}`;
    case OP_GOTOL:
      return `gotol pc${plus(imm)}`;
    case OP_MAY_GOTO:
      return `may_goto pc${plus(off)}`;
    case OP_EXIT:
      return 'exit';
  }
  const reg = (op & 7) === BPF_JMP32 ? 'w' : 'r';
  const operator = JMP_OPERATORS[(op & 0xf0) >> 4] ?? '(null)';
  const other = (op & BPF_X) !== 0 ? `${reg}${insns.src[i]}` : `0x${(imm >>> 0).toString(16)}`;
  return `if ${reg}${insns.dst[i]} ${operator} ${other} goto pc${plus(off)}`;
}

/** One instruction, with its opcode in front; no newline. */
export function disasmInsn(insns: Insns, i: number, names: DisasmNames): string {
  const op = insns.op[i]!;
  const size = (op >> 3) & 3;
  const mode = op & 0xe0;
  const dst = insns.dst[i]!;
  const src = insns.src[i]!;
  const off = plus(insns.off[i]!);
  const prefix = `(${hex2(op)}) `;
  switch (op & 7) {
    case BPF_ALU:
    case BPF_ALU64:
      return prefix + alu(insns, i);
    case BPF_STX:
      if (mode === BPF_MEM) return `${prefix}*(${SIZES[size]} *)(r${dst} ${off}) = r${src}`;
      if (mode === BPF_ATOMIC) {
        const text = atomic(insns, i);
        return text.startsWith('BUG_') ? text : prefix + text;
      }
      return `BUG_${hex2(op)}`;
    case BPF_ST:
      if (mode === BPF_MEM) return `${prefix}*(${SIZES[size]} *)(r${dst} ${off}) = ${insns.imm[i]}`;
      if (mode === BPF_ATOMIC) return `${prefix}nospec`;
      return `BUG_st_${hex2(op)}`;
    case BPF_LDX:
      if (mode !== BPF_MEM && mode !== BPF_MEMSX) return `BUG_ldx_${hex2(op)}`;
      return `${prefix}r${dst} = *(${(mode === BPF_MEM ? SIZES : SIGNED_SIZES)[size]} *)(r${src} ${off})`;
    case BPF_LD: {
      const text = load(insns, i, names);
      return text.startsWith('BUG_') ? text : prefix + text;
    }
    case BPF_JMP:
    case BPF_JMP32:
      return prefix + jump(insns, i, names);
    default:
      return prefix + CLASSES[op & 7];
  }
}
