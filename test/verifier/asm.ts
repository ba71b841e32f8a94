/**
 * An assembler for test cases: instructions as the kernel's log writes them, one a line,
 * with names where the log has numbers.
 *
 *     r1 = *(u32 *)(r2 +8)         loads, stores, ALU, jumps: as in the log, without the opcode
 *     if r1 s> 5 goto out          a label or pc+2
 *     out:                         a label
 *     int f(int a):                a function: a label, and an entry of func_info
 *     r1 = map hash                lddw of a map declared by the case; mapidx: through fd_array
 *     r1 = value array 4           … of a map's value, at an offset; validx: through fd_array
 *     r1 = func cb                 … of a function of the program
 *     r1 = ksym bpf_prog_active    … of a kernel variable
 *     r1 = 0x123456789 ll          … of a number
 *     r1 = typeid struct_node      id of a type of the case's BTF
 *     call bpf_ktime_get_ns        a helper, or #5; `call f`: a function
 *     call kernel bpf_rcu_read_lock
 *     raw 95 00 0100 00000000      bytes
 *     ; x = 1; @ prog.c:12         source line of what follows: an entry of line_info
 */
import {
  ATOMIC_OPS,
  BPF_ADDR_SPACE_CAST,
  BPF_ALU,
  BPF_ALU64,
  BPF_ATOMIC,
  BPF_CMPXCHG,
  BPF_END,
  BPF_FETCH,
  BPF_JMP,
  BPF_JMP32,
  BPF_LD,
  BPF_LDX,
  BPF_LOAD_ACQ,
  BPF_MEM,
  BPF_MEMSX,
  BPF_NEG,
  BPF_ST,
  BPF_STORE_REL,
  BPF_STX,
  BPF_X,
  BPF_XCHG,
  OP_CALL,
  OP_EXIT,
  OP_GOTOL,
  OP_JA,
  OP_LDDW,
  OP_MAY_GOTO,
} from '../../vm/insn.ts';
import { TABLES } from '../../vm/tables.ts';

/** A place in the program that is filled in by the loader: the name of what it refers to. */
export interface Reference {
  readonly insn: number;
  readonly kind: 'map' | 'mapidx' | 'ksym' | 'kfunc' | 'typeid';
  readonly name: string;
}

/** An assembled program. */
export interface Assembly {
  readonly insns: Uint8Array;
  readonly references: readonly Reference[];
  /** Functions in C with their first instruction. */
  readonly functions: readonly { readonly insn: number; readonly text: string }[];
  /** Source lines with the first instruction they belong to. */
  readonly lines: readonly {
    readonly insn: number;
    readonly text: string;
    readonly file: string;
    readonly line: number;
  }[];
}

const ALU_CODES: Readonly<Record<string, number>> = {
  '+=': 0x00, '-=': 0x10, '*=': 0x20, '/=': 0x30, '|=': 0x40, '&=': 0x50, '<<=': 0x60, '>>=': 0x70,
  '%=': 0x90, '^=': 0xa0, '=': 0xb0, 's>>=': 0xc0, 's/=': 0x30, 's%=': 0x90,
}; // biome-ignore format: a table
const JMP_CODES: Readonly<Record<string, number>> = {
  '==': 0x10, '>': 0x20, '>=': 0x30, '&': 0x40, '!=': 0x50, 's>': 0x60, 's>=': 0x70,
  '<': 0xa0, '<=': 0xb0, 's<': 0xc0, 's<=': 0xd0,
}; // biome-ignore format: a table
const SIZE_CODES: Readonly<Record<string, number>> = { 32: 0x00, 16: 0x08, 8: 0x10, 64: 0x18 };

/** Names of helpers to their numbers. */
const HELPERS: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 300 }, (_, id): [string, number] => [`bpf_${TABLES.helperName(id)}`, id]).filter(
    ([name]) => name !== 'bpf_undefined',
  ),
);

interface Insn {
  op: number;
  dst: number;
  src: number;
  off: number;
  imm: number;
  /** Label that `off` or `imm` leads to, counted from the next instruction. */
  target?: { readonly label: string; readonly field: 'off' | 'imm' };
}

const NUMBER = '-?(?:0x[0-9a-f]+|\\d+)';
const MEMORY = `\\((u|s)(8|16|32|64) \\*\\)\\(r(\\d+) ([+-]\\d+)\\)`;

class Assembler {
  readonly #insns: Insn[] = [];
  readonly #labels = new Map<string, number>();
  readonly references: Reference[] = [];
  readonly functions: { insn: number; text: string }[] = [];
  readonly lines: { insn: number; text: string; file: string; line: number }[] = [];

  line(text: string): void {
    for (const [pattern, emit] of this.#forms) {
      const match = pattern.exec(text);
      if (match !== null) {
        emit(match.slice(1));
        return;
      }
    }
    throw new Error(`not an instruction: "${text}"`);
  }

  #add(op: number, dst = 0, src = 0, off = 0, imm = 0): Insn {
    const insn: Insn = { op, dst, src, off, imm: imm | 0 };
    this.#insns.push(insn);
    return insn;
  }

  /** An instruction whose target is a label, or a distance (`pc+1`). */
  #jump(insn: Insn, target: string, field: 'off' | 'imm'): void {
    if (target.startsWith('pc')) insn[field] = Number(target.slice(2));
    else insn.target = { label: target, field };
  }

  #refer(kind: Reference['kind'], name: string): void {
    this.references.push({ insn: this.#insns.length, kind, name });
  }

  #lddw(dst: number, src: number, imm: bigint, high = Number(BigInt.asIntN(32, imm >> 32n))): void {
    this.#add(OP_LDDW, dst, src, 0, Number(BigInt.asIntN(32, imm)));
    this.#add(0, 0, 0, 0, high);
  }

  readonly #forms: readonly (readonly [RegExp, (parts: string[]) => void])[] = [
    [
      /^; (.*) @ (\S+):(\d+)$/,
      ([text, file, line]) =>
        this.lines.push({ insn: this.#insns.length, text: text!, file: file!, line: Number(line) }),
    ],
    [/^(\w+):$/, ([name]) => this.#labels.set(name!, this.#insns.length)],
    [
      /^((?:\w+ |\* ?)*?\*?(\w+)\(.*\)(?: __\w+(?:\(\w+\))?)*):$/,
      ([text, name]) => {
        this.#labels.set(name!, this.#insns.length);
        this.functions.push({ insn: this.#insns.length, text: text! });
      },
    ],
    [
      /^raw ([0-9a-f ]+)$/,
      ([hex]) => {
        const bytes = new DataView(Uint8Array.from(Buffer.from(hex!.replaceAll(' ', ''), 'hex')).buffer);
        for (let at = 0; at < bytes.byteLength; at += 8) {
          const regs = bytes.getUint8(at + 1);
          this.#add(
            bytes.getUint8(at),
            regs & 15,
            regs >> 4,
            bytes.getInt16(at + 2, true),
            bytes.getInt32(at + 4, true),
          );
        }
      },
    ],
    [/^exit$/, () => this.#add(OP_EXIT)],
    [/^goto (\S+)$/, ([to]) => this.#jump(this.#add(OP_JA), to!, 'off')],
    [/^gotol (\S+)$/, ([to]) => this.#jump(this.#add(OP_GOTOL), to!, 'imm')],
    [/^may_goto (\S+)$/, ([to]) => this.#jump(this.#add(OP_MAY_GOTO), to!, 'off')],
    [/^call #(\d+)$/, ([id]) => this.#add(OP_CALL, 0, 0, 0, Number(id))],
    [
      /^call kernel (\w+)$/,
      ([name]) => {
        this.#refer('kfunc', name!);
        this.#add(OP_CALL, 0, 2);
      },
    ],
    [
      /^call (\S+)$/,
      ([name]) => {
        const helper = HELPERS.get(name!);
        if (helper !== undefined) this.#add(OP_CALL, 0, 0, 0, helper);
        else this.#jump(this.#add(OP_CALL, 0, 1), name!, 'imm');
      },
    ],
    [
      new RegExp(`^if ([rw])(\\d+) (\\S+) (?:([rw])(\\d+)|(${NUMBER})) goto (\\S+)$`),
      ([wide, dst, operator, , src, imm, to]) => {
        const code = JMP_CODES[operator!];
        if (code === undefined) throw new Error(`no such comparison: ${operator}`);
        const op = (wide === 'r' ? BPF_JMP : BPF_JMP32) | code | (src === undefined ? 0 : BPF_X);
        this.#jump(this.#add(op, Number(dst), Number(src ?? 0), 0, Number(imm ?? 0)), to!, 'off');
      },
    ],
    [
      /^r(\d+) = (map|mapidx) (\w+)$/,
      ([dst, kind, name]) => {
        this.#refer(kind as 'map' | 'mapidx', name!);
        this.#lddw(Number(dst), kind === 'map' ? 1 : 5, 0n);
      },
    ],
    [
      /^r(\d+) = (value|validx) (\w+) (-?(?:0x)?[0-9a-f]+)$/,
      ([dst, kind, name, off]) => {
        this.#refer(kind === 'value' ? 'map' : 'mapidx', name!);
        this.#lddw(Number(dst), kind === 'value' ? 2 : 6, 0n, Number(off) | 0);
      },
    ],
    [
      /^r(\d+) = ksym (\w+)$/,
      ([dst, name]) => {
        this.#refer('ksym', name!);
        this.#lddw(Number(dst), 3, 0n);
      },
    ],
    [
      /^r(\d+) = func (\w+)$/,
      ([dst, name]) => {
        this.#jump(this.#add(OP_LDDW, Number(dst), 4), name!, 'imm');
        this.#add(0);
      },
    ],
    [
      /^r(\d+) = typeid (\w+)$/,
      ([dst, name]) => {
        this.#refer('typeid', name!);
        this.#add(BPF_ALU64 | 0xb0, Number(dst));
      },
    ],
    [new RegExp(`^r(\\d+) = (${NUMBER}) ll$`), ([dst, imm]) => this.#lddw(Number(dst), 0, bigNumber(imm!))],
    [
      /^r(\d+) = addr_space_cast\(r(\d+), (\d+), (\d+)\)$/,
      ([dst, src, to, from]) =>
        this.#add(
          BPF_ALU64 | 0xb0 | BPF_X,
          Number(dst),
          Number(src),
          BPF_ADDR_SPACE_CAST,
          (Number(to) << 16) | Number(from),
        ),
    ],
    [
      /^r(\d+) = (be|le)(\d+) r\1$/,
      ([dst, order, bits]) =>
        this.#add(BPF_ALU | BPF_END | (order === 'be' ? BPF_X : 0), Number(dst), 0, 0, Number(bits)),
    ],
    [/^r(\d+) = bswap(\d+) r\1$/, ([dst, bits]) => this.#add(BPF_ALU64 | BPF_END, Number(dst), 0, 0, Number(bits))],
    [/^([rw])(\d+) = -\1\2$/, ([wide, dst]) => this.#add((wide === 'r' ? BPF_ALU64 : BPF_ALU) | BPF_NEG, Number(dst))],
    [
      /^r0 = \*\(u(\d+) \*\)skb\[(?:r(\d+) \+ )?(-?\d+)\]$/,
      ([bits, src, imm]) =>
        this.#add(BPF_LD | (src === undefined ? 0x20 : 0x40) | SIZE_CODES[bits!]!, 0, Number(src ?? 0), 0, Number(imm)),
    ],
    [
      new RegExp(`^r(\\d+) = \\*${MEMORY}$`),
      ([dst, sign, bits, src, off]) =>
        this.#add(
          BPF_LDX | (sign === 'u' ? BPF_MEM : BPF_MEMSX) | SIZE_CODES[bits!]!,
          Number(dst),
          Number(src),
          Number(off),
        ),
    ],
    [
      new RegExp(`^\\*${MEMORY} = r(\\d+)$`),
      ([, bits, dst, off, src]) =>
        this.#add(BPF_STX | BPF_MEM | SIZE_CODES[bits!]!, Number(dst), Number(src), Number(off)),
    ],
    [
      new RegExp(`^\\*${MEMORY} = (${NUMBER})$`),
      ([, bits, dst, off, imm]) =>
        this.#add(BPF_ST | BPF_MEM | SIZE_CODES[bits!]!, Number(dst), 0, Number(off), Number(imm)),
    ],
    [
      new RegExp(`^lock \\*${MEMORY} (\\S+) r(\\d+)$`),
      ([, bits, dst, off, operator, src]) => this.#atomic(bits!, dst!, src!, off!, ALU_CODES[operator!]!),
    ],
    [
      new RegExp(`^r0 = atomic(?:64)?_cmpxchg\\(${MEMORY}, r0, r(\\d+)\\)$`),
      ([, bits, dst, off, src]) => this.#atomic(bits!, dst!, src!, off!, BPF_CMPXCHG),
    ],
    [
      new RegExp(`^r(\\d+) = atomic(?:64)?_xchg\\(${MEMORY}, r\\1\\)$`),
      ([src, , bits, dst, off]) => this.#atomic(bits!, dst!, src!, off!, BPF_XCHG),
    ],
    [
      new RegExp(`^r(\\d+) = atomic(?:64)?_fetch_(\\w+)\\(${MEMORY}, r\\1\\)$`),
      ([src, name, , bits, dst, off]) => {
        const found = [...ATOMIC_OPS].find(([, op]) => op.name === name && op.fetch);
        this.#atomic(bits!, dst!, src!, off!, (found?.[0] ?? 0) | BPF_FETCH);
      },
    ],
    [
      new RegExp(`^r(\\d+) = load_acquire\\(${MEMORY}\\)$`),
      ([dst, , bits, src, off]) => this.#atomic(bits!, dst!, src!, off!, BPF_LOAD_ACQ),
    ],
    [
      new RegExp(`^store_release\\(${MEMORY}, r(\\d+)\\)$`),
      ([, bits, dst, off, src]) => this.#atomic(bits!, dst!, src!, off!, BPF_STORE_REL),
    ],
    [
      new RegExp(`^([rw])(\\d+) (\\S+) (?:(?:\\(s(8|16|32)\\))?[rw](\\d+)|(${NUMBER}))$`),
      ([wide, dst, operator, cast, src, imm]) => {
        const code = ALU_CODES[operator!];
        if (code === undefined) throw new Error(`no such operation: ${operator}`);
        const op = (wide === 'r' ? BPF_ALU64 : BPF_ALU) | code | (src === undefined ? 0 : BPF_X);
        const signed = operator === 's/=' || operator === 's%=';
        this.#add(op, Number(dst), Number(src ?? 0), signed ? 1 : Number(cast ?? 0), Number(imm ?? 0));
      },
    ],
  ];

  #atomic(bits: string, dst: string, src: string, off: string, imm: number): void {
    this.#add(BPF_STX | BPF_ATOMIC | SIZE_CODES[bits]!, Number(dst), Number(src), Number(off), imm);
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#insns.length * 8);
    const view = new DataView(bytes.buffer);
    this.#insns.forEach((insn, i) => {
      if (insn.target !== undefined) {
        const to = this.#labels.get(insn.target.label);
        if (to === undefined) throw new Error(`no such label: ${insn.target.label}`);
        insn[insn.target.field] = to - i - 1;
      }
      view.setUint8(i * 8, insn.op);
      view.setUint8(i * 8 + 1, (insn.dst & 15) | (insn.src << 4));
      view.setInt16(i * 8 + 2, insn.off, true);
      view.setInt32(i * 8 + 4, insn.imm, true);
    });
    return bytes;
  }
}

function bigNumber(text: string): bigint {
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}

/** Assembles lines of text; throws an Error that shows the line when one makes no sense. */
export function assemble(lines: readonly string[]): Assembly {
  const assembler = new Assembler();
  for (const line of lines) if (line.trim() !== '') assembler.line(line.trim());
  const insns = assembler.bytes();
  const { references, functions, lines: source } = assembler;
  return { insns, references, functions, lines: source };
}
