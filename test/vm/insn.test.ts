import t from 'tap';
import { decodeInsns, encodeInsns, INSN_TABLE, insnFault } from '../../vm/insn.ts';

function fault(hex: string): string | undefined {
  return insnFault(decodeInsns(Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))), 0);
}

t.test('INSN_TABLE has the opcodes of Linux 6.18 and no other', (t) => {
  t.equal(INSN_TABLE.filter((def) => def !== undefined).length, 128);
  for (const opcode of [0x8d, 0xf0, 0x8c, 0x8f, 0x99, 0xdf, 0x38, 0xff]) t.equal(INSN_TABLE[opcode], undefined);
  t.end();
});

t.test('decodeInsns() and encodeInsns() are inverse', (t) => {
  const bytes = Uint8Array.from({ length: 800 }, (_, i) => (i * 73 + 19) & 255);
  t.same(encodeInsns(decodeInsns(bytes)), bytes);
  t.end();
});

const CASES: readonly (readonly [string, string, string | undefined])[] = [
  ['mov64 imm', 'b701000005000000', undefined],
  ['mov64 imm with an offset', 'b701010005000000', 'BPF_MOV uses reserved fields'],
  ['movsx of 32 bits in ALU', 'bc12200000000000', 'BPF_MOV uses reserved fields'],
  ['movsx of 32 bits in ALU64', 'bf12200000000000', undefined],
  ['addr_space_cast from 1 to 0', 'bf12010001000000', undefined],
  [
    'addr_space_cast between other spaces',
    'bf12010002000000',
    'addr_space_cast insn can only convert between address space 1 and 0',
  ],
  ['register shift by 64', '6700000040000000', 'invalid shift 64'],
  ['shift of 32 bits by 32', 'c400000020000000', 'invalid shift 32'],
  ['shift by a negative number', '77000000ffffffff', 'invalid shift -1'],
  ['division by zero', '3700000000000000', 'div by zero'],
  ['signed division', '3700010003000000', undefined],
  ['signed addition', '0700010003000000', 'BPF_ALU uses reserved fields'],
  ['register 11', 'b70b000000000000', 'R11 is invalid'],
  ['bswap of 8 bits', 'd700000008000000', 'BPF_END uses reserved fields'],
  ['bswap of 16 bits', 'd700000010000000', undefined],
  ['callx', '8d00000000000000', 'unknown opcode 8d'],
  ['may_goto', 'e500050000000000', undefined],
  ['may_goto with an immediate', 'e500050001000000', 'invalid may_goto imm 1'],
  ['atomic of 8 bits', 'd312000000000000', 'invalid atomic operand size'],
  ['load-acquire of 8 bits', 'd312000000010000', undefined],
  ['an atomic that is none', 'db12000010000000', 'BPF_ATOMIC uses invalid atomic opcode 10'],
  ['lddw cut off', '1801000000000000', 'invalid bpf_ld_imm64 insn'],
  ['lddw', '18010000000000000000000001000000', undefined],
  ['ja with an immediate', '0500010001000000', 'BPF_JA uses reserved fields'],
  ['gotol', '0600000001000000', undefined],
  ['exit with an immediate', '9500000001000000', 'BPF_EXIT uses reserved fields'],
];

for (const [name, hex, want] of CASES) {
  t.test(`insnFault(): ${name}`, (t) => {
    t.equal(fault(hex), want);
    t.end();
  });
}
