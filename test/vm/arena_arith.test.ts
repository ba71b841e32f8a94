/** 64-bit arithmetic with an address of a BPF arena is done with 32 bits, as Linux 6.18 answered it. */
import t from 'tap';
import { LocalCaller } from '../../syscall/local_caller.ts';
import { BPF_CMD, BPF_MAP_TYPE, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { BpfProg } from '../../vm/prog.ts';
import { attrOf, stillKernel } from './lib/run_case.ts';

const ADDRESS = 0x712345678n;
const NUMBER = 0x7ffffff1fffffffdn;
const K = 0x07;
const X = 0x0f;

/** Operation, its immediate, what `r2 op= imm`, `r2 op= r3` and `r3 op= r2` make of r2 = ADDRESS in the arena and r3 = NUMBER. */
const ROWS: readonly (readonly [string, number, number, bigint, bigint, bigint])[] = [
  ['+=', 0x00, -9, 0x1234566fn, 0x12345675n, 0x12345675n],
  ['-=', 0x10, -9, 0x12345681n, 0x1234567bn, 0xedcba985n],
  ['*=', 0x20, -9, 0x5c28f5c8n, 0xc962fc98n, 0xc962fc98n],
  ['/=', 0x30, -9, 0n, 0n, 0xen],
  ['|=', 0x40, -9, 0xffffffffn, 0xfffffffdn, 0xfffffffdn],
  ['&=', 0x50, -9, 0x12345670n, 0x12345678n, 0x12345678n],
  ['<<=', 0x60, 36, 0x23456780n, 0n, 0xfd000000n],
  ['>>=', 0x70, 36, 0x1234567n, 0n, 0xffn],
  ['%=', 0x90, -9, 0x12345678n, 0x12345678n, 0x123456dn],
  ['^=', 0xa0, -9, 0xedcba98fn, 0xedcba985n, 0xedcba985n],
  ['s>>=', 0xc0, 36, 0x1234567n, 0n, 0xffffffffn],
];

function insn(op: number, dst: number, src: number, off: number, imm: number): number[] {
  return [...new Uint8Array(BigInt64Array.of(encode(op, dst, src, off, imm)).buffer)];
}

function encode(op: number, dst: number, src: number, off: number, imm: number): bigint {
  return BigInt(op | (dst << 8) | (src << 12) | (off << 16)) | (BigInt(imm) << 32n);
}

const lddw = (dst: number, value: bigint): number[] => [
  ...insn(0x18, dst, 0, 0, Number(BigInt.asIntN(32, value))),
  ...insn(0, 0, 0, 0, Number(value >> 32n)),
];

for (const engine of ['interp', 'jit'] as const) {
  t.test(`arithmetic with addresses of an arena (${engine})`, (t) => {
    const kernel = stillKernel();
    const caller = new LocalCaller({ memory: 1 << 20 });
    const bpf = (cmd: number, attr: Uint8Array): number => kernel.bpf(cmd, attr, attr.length, caller.put(attr), caller);
    const map = bpf(
      BPF_CMD.MAP_CREATE,
      attrOf([0, BPF_MAP_TYPE.ARENA], [12, 10], [16, 1 << 10], [64, 0x1000_0000_0000, true]),
    );
    t.equal(map < 0, false, 'an arena');
    /** r2 and r3 after an instruction. */
    const run = (changed: number[]): readonly [bigint, bigint] => {
      const code = [
        ...insn(0xbf, 6, 1, 0, 0),
        ...insn(0x18, 1, 1, 0, map),
        ...insn(0, 0, 0, 0, 0),
        ...lddw(2, ADDRESS),
        ...insn(0xbf, 2, 2, 1, 1),
        ...lddw(3, NUMBER),
        ...changed,
        ...insn(0x7b, 6, 2, 0, 0),
        ...insn(0x7b, 6, 3, 8, 0),
        ...insn(0xb7, 0, 0, 0, 0),
        ...insn(0x95, 0, 0, 0, 0),
      ];
      const [insns, license] = [caller.put(Uint8Array.from(code)), caller.put(Buffer.from('GPL\0'))];
      const type = BPF_PROG_TYPE.SYSCALL;
      const fd = bpf(
        BPF_CMD.PROG_LOAD,
        attrOf([0, type], [4, code.length / 8], [8, insns, true], [16, license, true], [44, 1 << 4]),
      );
      const prog = caller.objectOf(fd);
      if (!(prog instanceof BpfProg)) throw new Error(`the program is refused: ${fd}`);
      prog.useEngine(engine);
      const ctx = caller.put(new Uint8Array(16));
      t.equal(bpf(BPF_CMD.PROG_TEST_RUN, attrOf([0, fd], [40, 16], [48, ctx, true])), 0);
      const view = new DataView(Uint8Array.from(caller.bytes(ctx, 16)).buffer);
      return [view.getBigUint64(0, true), view.getBigUint64(8, true)];
    };
    for (const [name, op, imm, withImm, withReg, reversed] of ROWS) {
      t.equal(run(insn(K | op, 2, 0, 0, imm))[0], withImm, `r2 ${name} ${imm}`);
      t.equal(run(insn(X | op, 2, 3, 0, 0))[0], withReg, `r2 ${name} r3`);
      t.equal(run(insn(X | op, 3, 2, 0, 0))[1], reversed, `r3 ${name} r2`);
    }
    t.equal(run(insn(0x37, 2, 0, 1, -9))[0], 0xfdfa2f48n, 'r2 s/= -9');
    t.equal(run(insn(0x37, 2, 0, 1, -1))[0], 0xedcba988n, 'r2 s/= -1');
    t.equal(run(insn(0x87, 2, 0, 0, 0))[0], 0xffffffffedcba988n, 'r2 = -r2 is not of this kind');
    caller.exit();
    t.end();
  });
}
