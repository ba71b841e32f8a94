/**
 * An assembler for tests, in the syntax the verifier's log has:
 *
 *     r0 = 5; w0 = r1; r0 = (s8)r1; r0 += r1; r0 s/= 3; r0 = -r0; r0 = be16 r0; r0 = bswap64 r0
 *     r1 = 0x1122334455667788 ll; r1 = map[0]; r1 = mapval[0]+8; r2 = func label
 *     r0 = *(u32 *)(r1 + 4); r0 = *(s8 *)(r1 + 0); *(u64 *)(r10 - 8) = r1; *(u8 *)(r10 - 1) = 7
 *     lock *(u64 *)(r10 - 8) += r1; r1 = fetch_add u64 (r10 - 8); r1 = xchg u32 (r10 - 8)
 *     cmpxchg u64 (r10 - 8) r1; r1 = acquire u8 (r2 + 0); release u8 (r2 + 0) r1
 *     if r1 s> r2 goto label; if w1 & 3 goto label; goto label; gotol label; may_goto label
 *     call 12; call label; call kfunc bpf_throw; exit; r0 = skb[23].u8; r0 = skb[r1 + 23].u16; label:
 *     r1 = cast_kern(r2); r1 = cast_user(r2); raw 8d00000000000000
 *
 * One instruction a line; `;` also ends one; `#` begins a comment.
 */

const ALU: Readonly<Record<string, number>> = {
  '+=': 0,
  '-=': 0x10,
  '*=': 0x20,
  '/=': 0x30,
  '|=': 0x40,
  '&=': 0x50,
  '<<=': 0x60,
  '>>=': 0x70,
  '%=': 0x90,
  '^=': 0xa0,
  's>>=': 0xc0,
};
const JMP: Readonly<Record<string, number>> = {
  '==': 0x10,
  '>': 0x20,
  '>=': 0x30,
  '&': 0x40,
  '!=': 0x50,
  's>': 0x60,
  's>=': 0x70,
  '<': 0xa0,
  '<=': 0xb0,
  's<': 0xc0,
  's<=': 0xd0,
};
const SIZE: Readonly<Record<string, number>> = { '8': 0x10, '16': 0x08, '32': 0, '64': 0x18 };
const FETCH: Readonly<Record<string, number>> = {
  fetch_add: 0x01,
  fetch_or: 0x41,
  fetch_and: 0x51,
  fetch_xor: 0xa1,
  xchg: 0xe1,
};
const LOCK: Readonly<Record<string, number>> = { '+=': 0, '|=': 0x40, '&=': 0x50, '^=': 0xa0 };

interface Insn {
  op: number;
  dst?: number;
  src?: number;
  off?: number;
  imm?: number;
  /** The label `off` (jumps) or `imm` (calls, gotol, func) is relative to. */
  label?: string;
  labelIn?: 'off' | 'imm';
  /** Kernel function whose id `imm` is to be. */
  kfunc?: string;
}

type Rule = readonly [RegExp, (m: string[]) => Insn[]];

function num(text: string | undefined): number {
  return Number((text ?? '0').replace(/\s/g, '')) | 0;
}

/** Offset written as `+ 4` or `- 8`. */
function offset(sign: string | undefined, text: string | undefined): number {
  return sign === '-' ? -num(text) : num(text);
}

function signedNum(text: string): number {
  return text.startsWith('-') ? -Number(text.slice(1)) | 0 : Number(text) | 0;
}

const MEM = String.raw`\((r\d+) ([+-]) (\w+)\)`;

const RULES: readonly Rule[] = [
  [/^exit$/, () => [{ op: 0x95 }]],
  [/^call (\d+)$/, (m) => [{ op: 0x85, imm: num(m[1]) }]],
  [/^call kfunc (\w+)$/, (m) => [{ op: 0x85, src: 2, kfunc: m[1]! }]],
  [/^call (\w+)$/, (m) => [{ op: 0x85, src: 1, label: m[1]!, labelIn: 'imm' }]],
  [/^goto (\w+)$/, (m) => [{ op: 0x05, label: m[1]!, labelIn: 'off' }]],
  [/^gotol (\w+)$/, (m) => [{ op: 0x06, label: m[1]!, labelIn: 'imm' }]],
  [/^may_goto (\w+)$/, (m) => [{ op: 0xe5, label: m[1]!, labelIn: 'off' }]],
  [
    /^if ([rw])(\d+) (\S+) (?:[rw](\d+)|(-?\w+)) goto (\w+)$/,
    (m) => {
      const reg = m[4] !== undefined;
      const op = (m[1] === 'r' ? 5 : 6) | JMP[m[3]!]! | (reg ? 8 : 0);
      const rest = reg ? { src: num(m[4]) } : { imm: signedNum(m[5]!) };
      return [{ op, dst: num(m[2]), ...rest, label: m[6]!, labelIn: 'off' }];
    },
  ],
  [/^r(\d+) = func (\w+)$/, (m) => [{ op: 0x18, dst: num(m[1]), src: 4, label: m[2]!, labelIn: 'imm' }, { op: 0 }]],
  [/^r(\d+) = map\[(\d+)\]$/, (m) => [{ op: 0x18, dst: num(m[1]), src: 1, imm: num(m[2]) }, { op: 0 }]],
  [
    /^r(\d+) = mapval\[(\d+)\]\+(\d+)$/,
    (m) => [
      { op: 0x18, dst: num(m[1]), src: 2, imm: num(m[2]) },
      { op: 0, imm: num(m[3]) },
    ],
  ],
  [
    /^r(\d+) = (-?\w+) ll$/,
    (m) => {
      const value = m[2]!.startsWith('-') ? -BigInt(m[2]!.slice(1)) : BigInt(m[2]!);
      return [
        { op: 0x18, dst: num(m[1]), imm: Number(BigInt.asIntN(32, value)) },
        { op: 0, imm: Number(BigInt.asIntN(32, value >> 32n)) },
      ];
    },
  ],
  [/^r(\d+) = cast_kern\(r(\d+)\)$/, (m) => [{ op: 0xbf, dst: num(m[1]), src: num(m[2]), off: 1, imm: 1 }]],
  [/^r(\d+) = cast_user\(r(\d+)\)$/, (m) => [{ op: 0xbf, dst: num(m[1]), src: num(m[2]), off: 1, imm: 1 << 16 }]],
  [/^r0 = skb\[(\d+)\]\.u(\d+)$/, (m) => [{ op: 0x20 | SIZE[m[2]!]!, imm: num(m[1]) }]],
  [/^r0 = skb\[r(\d+) \+ (\d+)\]\.u(\d+)$/, (m) => [{ op: 0x40 | SIZE[m[3]!]!, src: num(m[1]), imm: num(m[2]) }]],
  [
    new RegExp(`^r(\\d+) = (\\w+) u(\\d+) ${MEM}$`),
    (m) =>
      m[2] === 'acquire'
        ? [{ op: 0xc3 | SIZE[m[3]!]!, dst: num(m[1]), src: num(m[4]!.slice(1)), off: offset(m[5], m[6]), imm: 0x100 }]
        : [
            {
              op: 0xc3 | SIZE[m[3]!]!,
              src: num(m[1]),
              dst: num(m[4]!.slice(1)),
              off: offset(m[5], m[6]),
              imm: FETCH[m[2]!]!,
            },
          ],
  ],
  [
    new RegExp(`^release u(\\d+) ${MEM} r(\\d+)$`),
    (m) => [{ op: 0xc3 | SIZE[m[1]!]!, dst: num(m[2]!.slice(1)), off: offset(m[3], m[4]), src: num(m[5]), imm: 0x110 }],
  ],
  [
    new RegExp(`^cmpxchg u(\\d+) ${MEM} r(\\d+)$`),
    (m) => [{ op: 0xc3 | SIZE[m[1]!]!, dst: num(m[2]!.slice(1)), off: offset(m[3], m[4]), src: num(m[5]), imm: 0xf1 }],
  ],
  [
    new RegExp(`^lock \\*\\(u(\\d+) \\*\\)${MEM} (\\S+) r(\\d+)$`),
    (m) => [
      { op: 0xc3 | SIZE[m[1]!]!, dst: num(m[2]!.slice(1)), off: offset(m[3], m[4]), src: num(m[6]), imm: LOCK[m[5]!]! },
    ],
  ],
  [
    new RegExp(`^r(\\d+) = \\*\\(([us])(\\d+) \\*\\)${MEM}$`),
    (m) => [
      {
        op: (m[2] === 'u' ? 0x61 : 0x81) | SIZE[m[3]!]!,
        dst: num(m[1]),
        src: num(m[4]!.slice(1)),
        off: offset(m[5], m[6]),
      },
    ],
  ],
  [
    new RegExp(`^\\*\\(u(\\d+) \\*\\)${MEM} = (?:r(\\d+)|(-?\\w+))$`),
    (m) => {
      const base = { dst: num(m[2]!.slice(1)), off: offset(m[3], m[4]) };
      return m[5] !== undefined
        ? [{ op: 0x63 | SIZE[m[1]!]!, ...base, src: num(m[5]) }]
        : [{ op: 0x62 | SIZE[m[1]!]!, ...base, imm: signedNum(m[6]!) }];
    },
  ],
  [/^([rw])(\d+) = -[rw]\2$/, (m) => [{ op: m[1] === 'r' ? 0x87 : 0x84, dst: num(m[2]) }]],
  [
    /^r(\d+) = (le|be|bswap)(\d+) r\1$/,
    (m) => [{ op: { le: 0xd4, be: 0xdc, bswap: 0xd7 }[m[2]!]!, dst: num(m[1]), imm: num(m[3]) }],
  ],
  [
    /^([rw])(\d+) = \(s(\d+)\)[rw](\d+)$/,
    (m) => [{ op: m[1] === 'r' ? 0xbf : 0xbc, dst: num(m[2]), src: num(m[4]), off: num(m[3]) }],
  ],
  [
    /^([rw])(\d+) (\S+) (?:[rw](\d+)|(-?\w+))$/,
    (m) => {
      const signed = m[3] === 's/=' || m[3] === 's%=';
      const name = signed ? m[3]!.slice(1) : m[3]!;
      const operation = name === '=' ? 0xb0 : ALU[name];
      if (operation === undefined) throw new Error(`No operator '${name}'`);
      const reg = m[4] !== undefined;
      const op = (m[1] === 'r' ? 7 : 4) | operation | (reg ? 8 : 0);
      return [{ op, dst: num(m[2]), off: signed ? 1 : 0, ...(reg ? { src: num(m[4]) } : { imm: signedNum(m[5]!) }) }];
    },
  ],
  [
    /^raw ([0-9a-f]{16})$/,
    (m) => {
      const b = (m[1]!.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
      return [
        {
          op: b[0]!,
          dst: b[1]! & 15,
          src: b[1]! >> 4,
          off: ((b[2]! | (b[3]! << 8)) << 16) >> 16,
          imm: b[4]! | (b[5]! << 8) | (b[6]! << 16) | (b[7]! << 24),
        },
      ];
    },
  ],
];

/** Assembles a text to bytes; `kfunc`: ids of kernel functions by name. `labels` is told where each label is. */
export function asm(
  text: string,
  kfunc: (name: string) => number = () => 0,
  labels = new Map<string, number>(),
): Uint8Array {
  const insns: Insn[] = [];
  for (const line of text.split(/[\n;]/)) {
    const [, label, rest] = /^(?:(\w+):)?(.*)$/.exec(line.replace(/#.*/, '').trim()) as unknown as string[];
    if (label !== undefined) labels.set(label, insns.length);
    const words = rest!.trim();
    if (words === '') continue;
    const rule = RULES.find(([pattern]) => pattern.test(words));
    if (rule === undefined) throw new Error(`Cannot assemble '${words}'`);
    insns.push(...rule[1](rule[0].exec(words) as string[]));
  }
  const bytes = new Uint8Array(insns.length * 8);
  const view = new DataView(bytes.buffer);
  insns.forEach((insn, i) => {
    let { off = 0, imm = 0 } = insn;
    if (insn.kfunc !== undefined) imm = kfunc(insn.kfunc);
    if (insn.label !== undefined) {
      const target = labels.get(insn.label);
      if (target === undefined) throw new Error(`No label '${insn.label}'`);
      if (insn.labelIn === 'off') off = target - i - 1;
      else imm = target - i - 1;
    }
    view.setUint8(i * 8, insn.op);
    view.setUint8(i * 8 + 1, (insn.dst ?? 0) | ((insn.src ?? 0) << 4));
    view.setInt16(i * 8 + 2, off, true);
    view.setInt32(i * 8 + 4, imm, true);
  });
  return bytes;
}
