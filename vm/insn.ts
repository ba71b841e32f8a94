/**
 * The instruction set: one table that the decoder, the verifier, the disassembler,
 * the interpreter and the compiler share.
 *
 * Source: RFC 9669; what Linux 6.18 has beyond it (may_goto, addr_space_cast,
 * load-acquire and store-release) after include/uapi/linux/bpf.h.
 *
 * An instruction is 8 bytes, little endian:
 *
 *     opcode:8  dst:4 src:4  offset:16 (signed)  imm:32 (signed)
 *
 * `lddw` (0x18) takes two: the second holds the high half of the immediate and
 * nothing else.
 */

/** Instruction class, the low 3 bits of an opcode. */
export const BPF_LD = 0;
export const BPF_LDX = 1;
export const BPF_ST = 2;
export const BPF_STX = 3;
export const BPF_ALU = 4;
export const BPF_JMP = 5;
export const BPF_JMP32 = 6;
export const BPF_ALU64 = 7;

/** Source of the second operand of ALU and JMP classes: bit 3. For BPF_END: K is to-little, X is to-big. */
const BPF_K = 0x00;
export const BPF_X = 0x08;

/** Size of a memory access: bits 3 and 4. */
export const BPF_W = 0x00;
export const BPF_H = 0x08;
export const BPF_B = 0x10;
export const BPF_DW = 0x18;

/** Mode of a memory access: bits 5 to 7. */
export const BPF_IMM = 0x00;
export const BPF_ABS = 0x20;
export const BPF_IND = 0x40;
export const BPF_MEM = 0x60;
export const BPF_MEMSX = 0x80;
export const BPF_ATOMIC = 0xc0;

/** Operations of the ALU classes: bits 4 to 7. */
export const BPF_ADD = 0x00;
export const BPF_SUB = 0x10;
export const BPF_MUL = 0x20;
export const BPF_DIV = 0x30;
export const BPF_OR = 0x40;
export const BPF_AND = 0x50;
export const BPF_LSH = 0x60;
export const BPF_RSH = 0x70;
export const BPF_NEG = 0x80;
export const BPF_MOD = 0x90;
export const BPF_XOR = 0xa0;
export const BPF_MOV = 0xb0;
export const BPF_ARSH = 0xc0;
export const BPF_END = 0xd0;

/** Operations of the JMP classes: bits 4 to 7. */
export const BPF_JA = 0x00;
export const BPF_JEQ = 0x10;
export const BPF_JGT = 0x20;
export const BPF_JGE = 0x30;
export const BPF_JSET = 0x40;
export const BPF_JNE = 0x50;
export const BPF_JSGT = 0x60;
export const BPF_JSGE = 0x70;
export const BPF_CALL = 0x80;
export const BPF_EXIT = 0x90;
export const BPF_JLT = 0xa0;
export const BPF_JLE = 0xb0;
export const BPF_JSLT = 0xc0;
export const BPF_JSLE = 0xd0;
export const BPF_JCOND = 0xe0;

/** Atomic operations: the immediate of a BPF_ATOMIC instruction. */
export const BPF_FETCH = 0x01;
export const BPF_XCHG = 0xe0 | BPF_FETCH;
export const BPF_CMPXCHG = 0xf0 | BPF_FETCH;
export const BPF_LOAD_ACQ = 0x100;
export const BPF_STORE_REL = 0x110;

/** `src` of lddw: what its immediate stands for (`BPF_PSEUDO_*`). */
export const BPF_PSEUDO_MAP_FD = 1;
export const BPF_PSEUDO_MAP_VALUE = 2;
export const BPF_PSEUDO_BTF_ID = 3;
export const BPF_PSEUDO_FUNC = 4;
export const BPF_PSEUDO_MAP_IDX = 5;
export const BPF_PSEUDO_MAP_IDX_VALUE = 6;

/** `src` of a call: a helper (0), a function of the program, a kernel function. */
export const BPF_PSEUDO_CALL = 1;
export const BPF_PSEUDO_KFUNC_CALL = 2;

/** `offset` of a 64-bit register move: a cast between address spaces. */
export const BPF_ADDR_SPACE_CAST = 1;

/** Opcodes that are named often. */
export const OP_LDDW = BPF_LD | BPF_IMM | BPF_DW;
export const OP_CALL = BPF_JMP | BPF_CALL;
export const OP_EXIT = BPF_JMP | BPF_EXIT;
export const OP_JA = BPF_JMP | BPF_JA;
export const OP_GOTOL = BPF_JMP32 | BPF_JA;
export const OP_MAY_GOTO = BPF_JMP | BPF_JCOND;

/** Registers: r0 result, r1-r5 arguments, r6-r9 preserved, r10 frame pointer. */
export const MAX_BPF_REG = 11;
export const BPF_REG_FP = 10;

/** Bytes of the stack a program has along a chain of calls, and the longest chain. */
export const MAX_BPF_STACK = 512;
export const MAX_CALL_FRAMES = 8;
/** Tail calls in a row (`MAX_TAIL_CALL_CNT`). */
export const MAX_TAIL_CALL_CNT = 33;
/** Turns of bpf_loop and of an iterator over numbers (`BPF_MAX_LOOPS`). */
export const BPF_MAX_LOOPS = 8 * 1024 * 1024;

/** Kinds of instructions: what an engine or the verifier does with them. */
export type InsnKind =
  | 'alu'
  | 'neg'
  | 'end'
  | 'mov'
  | 'load'
  | 'loadsx'
  | 'store'
  | 'atomic'
  | 'lddw'
  | 'ldabs'
  | 'ja'
  | 'jcond'
  | 'may_goto'
  | 'call'
  | 'exit';

/** What a field of an instruction may hold: a range, or a list. */
export interface FieldRule {
  readonly min: number;
  readonly max: number;
  readonly values?: readonly number[];
}

/** One opcode: its parts, its names, and what its fields may hold. */
export interface InsnDef {
  readonly opcode: number;
  readonly class: number;
  /** Bits 4 to 7: the operation (ALU, JMP); bits 5 to 7: the mode (loads and stores). */
  readonly op: number;
  readonly kind: InsnKind;
  /** The second operand is a register (ALU, JMP, STX) rather than the immediate. */
  readonly x: boolean;
  /** ALU and JMP: operates on 64 bits. */
  readonly is64: boolean;
  /** Loads, stores, atomics: bytes accessed; else 0. */
  readonly size: number;
  /** Operator as the kernel's disassembler writes it (`+=`, `s>`), or empty. */
  readonly operator: string;
  /** Name as in RFC 9669 and the assemblers (`add`, `jsgt`, `ldxw`). */
  readonly mnemonic: string;
  readonly dst: FieldRule;
  readonly src: FieldRule;
  readonly off: FieldRule;
  readonly imm: FieldRule;
  /** What the verifier says when a field holds something it may not. */
  readonly reserved: string;
}

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;

const ZERO: FieldRule = { min: 0, max: 0 };
const REG: FieldRule = { min: 0, max: MAX_BPF_REG - 1 };
const OFF: FieldRule = { min: -32768, max: 32767 };
const IMM: FieldRule = { min: INT32_MIN, max: INT32_MAX };

function oneOf(...values: number[]): FieldRule {
  return { min: Math.min(...values), max: Math.max(...values), values };
}

/** Bytes of an access by its size bits. */
export const SIZE_BYTES: Readonly<Record<number, number>> = { [BPF_W]: 4, [BPF_H]: 2, [BPF_B]: 1, [BPF_DW]: 8 };
/** Suffix of an access in assembler names (`ldxw`). */
const SIZE_SUFFIX: Readonly<Record<number, string>> = { [BPF_W]: 'w', [BPF_H]: 'h', [BPF_B]: 'b', [BPF_DW]: 'dw' };

/** ALU operation, name, operator of the disassembler. */
const ALU_OPS = [
  [BPF_ADD, 'add', '+='],
  [BPF_SUB, 'sub', '-='],
  [BPF_MUL, 'mul', '*='],
  [BPF_DIV, 'div', '/='],
  [BPF_OR, 'or', '|='],
  [BPF_AND, 'and', '&='],
  [BPF_LSH, 'lsh', '<<='],
  [BPF_RSH, 'rsh', '>>='],
  [BPF_MOD, 'mod', '%='],
  [BPF_XOR, 'xor', '^='],
  [BPF_MOV, 'mov', '='],
  [BPF_ARSH, 'arsh', 's>>='],
] as const;

/** Conditional jumps: operation, name, operator of the disassembler. */
const JMP_OPS = [
  [BPF_JEQ, 'jeq', '=='],
  [BPF_JGT, 'jgt', '>'],
  [BPF_JGE, 'jge', '>='],
  [BPF_JSET, 'jset', '&'],
  [BPF_JNE, 'jne', '!='],
  [BPF_JSGT, 'jsgt', 's>'],
  [BPF_JSGE, 'jsge', 's>='],
  [BPF_JLT, 'jlt', '<'],
  [BPF_JLE, 'jle', '<='],
  [BPF_JSLT, 'jslt', 's<'],
  [BPF_JSLE, 'jsle', 's<='],
] as const;

/** Operators of the atomic operations in the kernel's disassembly, and their names. */
export const ATOMIC_OPS: ReadonlyMap<number, { readonly name: string; readonly fetch: boolean }> = new Map([
  [BPF_ADD, { name: 'add', fetch: false }],
  [BPF_OR, { name: 'or', fetch: false }],
  [BPF_AND, { name: 'and', fetch: false }],
  [BPF_XOR, { name: 'xor', fetch: false }],
  [BPF_ADD | BPF_FETCH, { name: 'add', fetch: true }],
  [BPF_OR | BPF_FETCH, { name: 'or', fetch: true }],
  [BPF_AND | BPF_FETCH, { name: 'and', fetch: true }],
  [BPF_XOR | BPF_FETCH, { name: 'xor', fetch: true }],
  [BPF_XCHG, { name: 'xchg', fetch: true }],
  [BPF_CMPXCHG, { name: 'cmpxchg', fetch: true }],
  [BPF_LOAD_ACQ, { name: 'load_acquire', fetch: false }],
  [BPF_STORE_REL, { name: 'store_release', fetch: false }],
]);

/** What the rows below leave out. */
const DEFAULTS = {
  x: false,
  is64: true,
  size: 0,
  operator: '',
  dst: ZERO,
  src: ZERO,
  off: ZERO,
  imm: ZERO,
};

type Row = Pick<InsnDef, 'opcode' | 'kind' | 'mnemonic' | 'reserved'> & Partial<InsnDef>;

function aluRows(): Row[] {
  const rows: Row[] = [];
  for (const cls of [BPF_ALU, BPF_ALU64]) {
    const is64 = cls === BPF_ALU64;
    const suffix = is64 ? '' : '32';
    for (const [op, name, operator] of ALU_OPS) {
      const signed = op === BPF_DIV || op === BPF_MOD;
      const mov = op === BPF_MOV;
      const common = {
        kind: mov ? ('mov' as const) : ('alu' as const),
        mnemonic: name + suffix,
        operator,
        is64,
        dst: REG,
        reserved: mov ? 'BPF_MOV uses reserved fields' : 'BPF_ALU uses reserved fields',
      };
      const plainOff = signed ? oneOf(0, 1) : ZERO;
      const movOff = is64 ? oneOf(0, BPF_ADDR_SPACE_CAST, 8, 16, 32) : oneOf(0, 8, 16);
      rows.push({ ...common, opcode: cls | op | BPF_K, off: plainOff, imm: IMM });
      // The immediate of a register move is only used by addr_space_cast; insnFault() looks closer.
      rows.push({
        ...common,
        opcode: cls | op | BPF_X,
        x: true,
        src: REG,
        off: mov ? movOff : plainOff,
        imm: mov && is64 ? IMM : ZERO,
      });
    }
    const reserved = 'BPF_NEG uses reserved fields';
    rows.push({
      opcode: cls | BPF_NEG,
      kind: 'neg',
      mnemonic: `neg${suffix}`,
      operator: '-',
      is64,
      dst: REG,
      reserved,
    });
  }
  const reserved = 'BPF_END uses reserved fields';
  const end = { kind: 'end' as const, dst: REG, imm: oneOf(16, 32, 64), reserved };
  rows.push({ ...end, opcode: BPF_ALU | BPF_END | BPF_K, mnemonic: 'le', operator: 'le' });
  rows.push({ ...end, opcode: BPF_ALU | BPF_END | BPF_X, mnemonic: 'be', operator: 'be' });
  rows.push({ ...end, opcode: BPF_ALU64 | BPF_END | BPF_K, mnemonic: 'bswap', operator: 'bswap' });
  return rows;
}

function jmpRows(): Row[] {
  const rows: Row[] = [];
  for (const cls of [BPF_JMP, BPF_JMP32]) {
    const is64 = cls === BPF_JMP;
    for (const [op, name, operator] of JMP_OPS) {
      const common = {
        kind: 'jcond' as const,
        mnemonic: is64 ? name : `${name}32`,
        operator,
        is64,
        dst: REG,
        off: OFF,
        reserved: 'BPF_JMP/JMP32 uses reserved fields',
      };
      rows.push({ ...common, opcode: cls | op | BPF_K, imm: IMM });
      rows.push({ ...common, opcode: cls | op | BPF_X, x: true, src: REG });
    }
  }
  const ja = { kind: 'ja' as const, operator: 'goto', reserved: 'BPF_JA uses reserved fields' };
  rows.push({ ...ja, opcode: OP_JA, mnemonic: 'ja', off: OFF });
  rows.push({ ...ja, opcode: OP_GOTOL, mnemonic: 'gotol', operator: 'gotol', imm: IMM });
  rows.push({
    opcode: OP_MAY_GOTO,
    kind: 'may_goto',
    mnemonic: 'may_goto',
    operator: 'may_goto',
    off: OFF,
    reserved: 'invalid may_goto imm',
  });
  // A kernel function's offset names the BTF object (an index into fd_array); insnFault() looks closer.
  rows.push({
    opcode: OP_CALL,
    kind: 'call',
    mnemonic: 'call',
    operator: 'call',
    src: oneOf(0, BPF_PSEUDO_CALL, BPF_PSEUDO_KFUNC_CALL),
    off: OFF,
    imm: IMM,
    reserved: 'BPF_CALL uses reserved fields',
  });
  rows.push({
    opcode: OP_EXIT,
    kind: 'exit',
    mnemonic: 'exit',
    operator: 'exit',
    reserved: 'BPF_EXIT uses reserved fields',
  });
  return rows;
}

function memoryRows(): Row[] {
  const rows: Row[] = [];
  for (const bits of [BPF_B, BPF_H, BPF_W, BPF_DW]) {
    const size = SIZE_BYTES[bits] as number;
    const suffix = SIZE_SUFFIX[bits] as string;
    const access = { size, dst: REG, off: OFF };
    const ldx = { ...access, x: true, src: REG, reserved: 'BPF_LDX uses reserved fields' };
    rows.push({ ...ldx, opcode: BPF_LDX | BPF_MEM | bits, kind: 'load', mnemonic: `ldx${suffix}` });
    if (size < 8) {
      rows.push({ ...ldx, opcode: BPF_LDX | BPF_MEMSX | bits, kind: 'loadsx', mnemonic: `ldxs${suffix}` });
      const abs = { size, kind: 'ldabs' as const, imm: IMM, reserved: 'BPF_LD_[ABS|IND] uses reserved fields' };
      rows.push({ ...abs, opcode: BPF_LD | BPF_ABS | bits, mnemonic: `ldabs${suffix}` });
      rows.push({ ...abs, opcode: BPF_LD | BPF_IND | bits, mnemonic: `ldind${suffix}`, x: true, src: REG });
    }
    rows.push({
      ...access,
      opcode: BPF_ST | BPF_MEM | bits,
      kind: 'store',
      mnemonic: `st${suffix}`,
      imm: IMM,
      reserved: 'BPF_ST uses reserved fields',
    });
    const stx = { ...access, x: true, src: REG };
    rows.push({
      ...stx,
      opcode: BPF_STX | BPF_MEM | bits,
      kind: 'store',
      mnemonic: `stx${suffix}`,
      reserved: 'BPF_STX uses reserved fields',
    });
    rows.push({
      ...stx,
      opcode: BPF_STX | BPF_ATOMIC | bits,
      kind: 'atomic',
      mnemonic: `atomic${size * 8}`,
      imm: size >= 4 ? oneOf(...ATOMIC_OPS.keys()) : oneOf(BPF_LOAD_ACQ, BPF_STORE_REL),
      reserved: 'BPF_ATOMIC uses invalid atomic opcode',
    });
  }
  rows.push({
    opcode: OP_LDDW,
    kind: 'lddw',
    mnemonic: 'lddw',
    size: 8,
    dst: REG,
    src: { min: 0, max: BPF_PSEUDO_MAP_IDX_VALUE },
    imm: IMM,
    reserved: 'BPF_LD_IMM64 uses reserved fields',
  });
  return rows;
}

function buildTable(): readonly (InsnDef | undefined)[] {
  const table: (InsnDef | undefined)[] = new Array(256).fill(undefined);
  for (const row of [...aluRows(), ...jmpRows(), ...memoryRows()]) {
    const cls = row.opcode & 7;
    const op = row.opcode & (cls >= BPF_ALU ? 0xf0 : 0xe0);
    const { kind, x, is64, size, operator, mnemonic, dst, src, off, imm, reserved } = { ...DEFAULTS, ...row };
    // Written out, so that all of them are one shape to the engine: a spread makes each a shape of its own.
    table[row.opcode] = {
      opcode: row.opcode,
      class: cls,
      op,
      kind,
      x,
      is64,
      size,
      operator,
      mnemonic,
      dst,
      src,
      off,
      imm,
      reserved,
    };
  }
  return table;
}

/** The instruction table by opcode; `undefined`: no such instruction (`unknown opcode`). */
export const INSN_TABLE: readonly (InsnDef | undefined)[] = buildTable();

/**
 * A program's instructions, one array a field. `lddw` takes two entries; the second
 * has opcode 0 in a valid program.
 */
export class Insns {
  readonly count: number;
  readonly op: Uint8Array;
  readonly dst: Uint8Array;
  readonly src: Uint8Array;
  readonly off: Int16Array;
  readonly imm: Int32Array;

  constructor(count: number) {
    this.count = count;
    this.op = new Uint8Array(count);
    this.dst = new Uint8Array(count);
    this.src = new Uint8Array(count);
    this.off = new Int16Array(count);
    this.imm = new Int32Array(count);
  }

  /** A copy that can be changed. */
  clone(): Insns {
    const copy = new Insns(this.count);
    copy.op.set(this.op);
    copy.dst.set(this.dst);
    copy.src.set(this.src);
    copy.off.set(this.off);
    copy.imm.set(this.imm);
    return copy;
  }
}

/** Decodes whole instructions from bytes; bytes beyond the last whole one are ignored. */
export function decodeInsns(bytes: Uint8Array): Insns {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const insns = new Insns(bytes.length >>> 3);
  for (let i = 0, at = 0; i < insns.count; i++, at += 8) {
    const regs = view.getUint8(at + 1);
    insns.op[i] = view.getUint8(at);
    insns.dst[i] = regs & 15;
    insns.src[i] = regs >>> 4;
    insns.off[i] = view.getInt16(at + 2, true);
    insns.imm[i] = view.getInt32(at + 4, true);
  }
  return insns;
}

/** The bytes of instructions, as {@link decodeInsns} reads them. */
export function encodeInsns(insns: Insns): Uint8Array {
  const bytes = new Uint8Array(insns.count * 8);
  const view = new DataView(bytes.buffer);
  for (let i = 0, at = 0; i < insns.count; i++, at += 8) {
    view.setUint8(at, insns.op[i]!);
    view.setUint8(at + 1, insns.dst[i]! | (insns.src[i]! << 4));
    view.setInt16(at + 2, insns.off[i]!, true);
    view.setInt32(at + 4, insns.imm[i]!, true);
  }
  return bytes;
}

/** Index of the instruction a jump at `i` goes to (not checked against the program's length). */
export function jumpTarget(insns: Insns, i: number): number {
  return i + 1 + (insns.op[i] === OP_GOTOL ? insns.imm[i]! : insns.off[i]!);
}

/** Whether the call at `i` is to a function of the program. */
export function isPseudoCall(insns: Insns, i: number): boolean {
  return insns.op[i] === OP_CALL && insns.src[i] === BPF_PSEUDO_CALL;
}

/** Whether `i` is a lddw of the address of a function of the program. */
export function isPseudoFunc(insns: Insns, i: number): boolean {
  return insns.op[i] === OP_LDDW && insns.src[i] === BPF_PSEUDO_FUNC;
}

function fits(rule: FieldRule, value: number): boolean {
  return rule.values === undefined ? value >= rule.min && value <= rule.max : rule.values.includes(value);
}

/**
 * What is wrong with the fields of the instruction at `i` taken alone, in the
 * verifier's words, or undefined when nothing is. The kernel answers EINVAL to all
 * of them (`resolve_pseudo_ldimm64`, `check_alu_op`, `check_atomic`, `do_check`).
 * Registers that are out of range are named before reserved fields.
 */
export function insnFault(insns: Insns, i: number): string | undefined {
  const opcode = insns.op[i]!;
  const def = INSN_TABLE[opcode];
  if (def === undefined) return `unknown opcode ${opcode.toString(16).padStart(2, '0')}`;
  const imm = insns.imm[i]!;
  const off = insns.off[i]!;
  if (def.kind === 'may_goto' && (imm !== 0 || insns.src[i] !== 0 || insns.dst[i] !== 0)) {
    return `invalid may_goto imm ${imm}`;
  }
  if (def.kind === 'atomic' && !fits(def.imm, imm)) {
    if (ATOMIC_OPS.has(imm)) return 'invalid atomic operand size';
    return `BPF_ATOMIC uses invalid atomic opcode ${(imm >>> 0).toString(16).padStart(2, '0')}`;
  }
  if (!fits(def.src, insns.src[i]!)) return def.src === REG ? `R${insns.src[i]} is invalid` : def.reserved;
  if (!fits(def.dst, insns.dst[i]!)) return def.dst === REG ? `R${insns.dst[i]} is invalid` : def.reserved;
  if (!fits(def.off, off) || !fits(def.imm, imm)) return def.reserved;
  switch (def.kind) {
    case 'mov':
      if (def.x && imm !== 0 && off !== BPF_ADDR_SPACE_CAST) return def.reserved;
      if (def.x && off === BPF_ADDR_SPACE_CAST && imm !== 1 && imm >>> 0 !== 1 << 16) {
        return 'addr_space_cast insn can only convert between address space 1 and 0';
      }
      return undefined;
    case 'alu':
      if (def.x) return undefined;
      if ((def.op === BPF_DIV || def.op === BPF_MOD) && imm === 0) return 'div by zero';
      if (def.op === BPF_LSH || def.op === BPF_RSH || def.op === BPF_ARSH) {
        if (imm < 0 || imm >= (def.is64 ? 64 : 32)) return `invalid shift ${imm}`;
      }
      return undefined;
    case 'call':
      return off !== 0 && insns.src[i] !== BPF_PSEUDO_KFUNC_CALL ? def.reserved : undefined;
    case 'lddw':
      return lddwTailFault(insns, i + 1);
    default:
      return undefined;
  }
}

/** The second slot of a lddw holds an immediate and nothing else. */
function lddwTailFault(insns: Insns, i: number): string | undefined {
  const bad = i >= insns.count || insns.op[i] !== 0 || insns.dst[i] !== 0 || insns.src[i] !== 0 || insns.off[i] !== 0;
  return bad ? 'invalid bpf_ld_imm64 insn' : undefined;
}
