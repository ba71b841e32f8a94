import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { BTF_KIND, type Btf } from '../../btf/btf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { POISON_IMM } from '../../btf/core_relo.ts';
import { CORE, essentialName } from '../../btf/core_spec.ts';
import { parseVmlinux } from '../../btf/vmlinux.ts';
import { Code, OP_CALL } from '../../elf/code.ts';
import { applyCoreRelos, type CoreRelo } from '../../elf/core_relo.ts';
import { readObject } from '../../elf/read.ts';
import { fixture } from './fixtures.ts';

/** A kernel of our own: other offsets, another order, an anonymous union, wider fields. */
function kernel(): Btf {
  const b = new BtfBuilder();
  const int = b.int('int', 4, 1);
  const u64 = b.int('unsigned long long', 8);
  const u32 = b.int('unsigned int', 4);
  const char = b.int('char', 1, 1);
  const comm = b.array(char, int, 24);
  const hole = b.union('', 8, [
    ['pid', int, 0],
    ['other', u64, 0],
  ]);
  b.struct('task', 72, [
    ['flags', u64, 0],
    ['', hole, 64],
    ['comm', comm, 128],
    ['count', u64, 320],
    ['bits', u32, 384, 5],
    ['more', u32, 389, 7],
    ['next', b.ptr(b.add(BTF_KIND.FWD, 'task', 0)), 448],
  ]);
  b.enum('color', 4, [
    ['RED', 10],
    ['BLUE', 20],
  ]);
  return parseVmlinux(b.bytes()) as Btf;
}

/** The program's view of it, and the ids of its types. */
function program(): { btf: Btf; task: number; color: number; absent: number } {
  const b = new BtfBuilder();
  const int = b.int('int', 4, 1);
  const u32 = b.int('unsigned int', 4);
  const char = b.int('char', 1, 1);
  const comm = b.array(char, int, 16);
  const task = b.struct('task___mine', 48, [
    ['pid', int, 0],
    ['comm', comm, 32],
    ['count', u32, 160],
    ['bits', u32, 192, 5],
    ['gone', int, 224],
    ['next', b.ptr(int), 256],
  ]);
  const color = b.enum('color', 4, [
    ['RED', 1],
    ['GREEN', 2],
  ]);
  const absent = b.struct('absent', 4, [['x', int, 0]]);
  return { btf: parseVmlinux(b.bytes()) as Btf, task, color, absent };
}

/** Applies one relocation to `r1 = imm` or to a load, and gives the instruction. */
function apply(
  access: string,
  kind: number,
  typeId: number,
  insn: readonly number[],
  target: Btf | undefined = kernel(),
): Code {
  const code = new Code(Uint8Array.from(insn));
  const relo: CoreRelo = { insn: 0, typeId, access, kind };
  applyCoreRelos(code, [relo], program().btf, target);
  return code;
}

const { task, color, absent } = program();
const mov = (imm: number): number[] => [0xb7, 1, 0, 0, imm, 0, 0, 0];
const imm = (access: string, kind: number, typeId: number, local: number): number =>
  apply(access, kind, typeId, mov(local)).imm(0);

t.test('offsets and sizes are those of the kernel', async (t) => {
  t.equal(imm('0:0', CORE.FIELD_BYTE_OFFSET, task, 0), 8, 'pid, in a nameless union');
  t.equal(imm('0:1', CORE.FIELD_BYTE_OFFSET, task, 4), 16);
  t.equal(imm('0:1:3', CORE.FIELD_BYTE_OFFSET, task, 7), 19, 'comm[3]');
  t.equal(imm('0:1', CORE.FIELD_BYTE_SIZE, task, 16), 24);
  t.equal(imm('0:0', CORE.FIELD_EXISTS, task, 1), 1);
  t.equal(imm('0:4', CORE.FIELD_EXISTS, task, 1), 0);
  t.equal(imm('0:0', CORE.FIELD_SIGNED, task, 1), 1);
  t.equal(imm('0:2', CORE.FIELD_SIGNED, task, 0), 0);
});

t.test('bitfields have shifts', async (t) => {
  t.equal(imm('0:3', CORE.FIELD_BYTE_OFFSET, task, 24), 48);
  t.equal(imm('0:3', CORE.FIELD_LSHIFT_U64, task, 59), 59);
  t.equal(imm('0:3', CORE.FIELD_RSHIFT_U64, task, 59), 59);
});

t.test('types and enumerators', async (t) => {
  t.equal(imm('0', CORE.TYPE_EXISTS, task, 1), 1);
  t.equal(imm('0', CORE.TYPE_EXISTS, absent, 1), 0);
  t.equal(imm('0', CORE.TYPE_SIZE, task, 48), 72);
  t.equal(imm('0', CORE.TYPE_ID_LOCAL, task, 0), task);
  t.equal(imm('0', CORE.TYPE_ID_TARGET, task, task), kernel().find('task', BTF_KIND.STRUCT));
  t.equal(imm('0', CORE.ENUMVAL_VALUE, color, 1), 10);
  t.equal(imm('0', CORE.ENUMVAL_EXISTS, color, 1), 1);
  t.equal(imm('1', CORE.ENUMVAL_EXISTS, color, 1), 0);
});

t.test('a load gets the offset, and the width where that is safe', async (t) => {
  // r1 = *(u32 *)(r2 + 20): count is a u64 in the kernel, both unsigned.
  const load = apply('0:2', CORE.FIELD_BYTE_OFFSET, task, [0x61, 0x21, 20, 0, 0, 0, 0, 0]);
  t.equal(load.op(0), 0x79);
  t.equal(load.off(0), 40);
  // r1 = *(u64 *)(r2 + 32): pointers.
  t.equal(apply('0:5', CORE.FIELD_BYTE_OFFSET, task, [0x79, 0x21, 32, 0, 0, 0, 0, 0]).off(0), 56);
});

t.test('what the kernel does not have is poisoned', async (t) => {
  const load = apply('0:4', CORE.FIELD_BYTE_OFFSET, task, [0x61, 0x21, 28, 0, 0, 0, 0, 0]);
  t.equal(load.op(0), OP_CALL);
  t.equal(load.imm(0), POISON_IMM);
  const wide = apply('1', CORE.ENUMVAL_VALUE, color, [0x18, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  t.equal(wide.op(0), OP_CALL);
  t.equal(wide.op(1), OP_CALL);
  const empty = parseVmlinux(new BtfBuilder().bytes());
  t.equal(apply('0', CORE.TYPE_EXISTS, task, mov(1), empty).imm(0), 0, 'a kernel without types');
});

t.test('an instruction that does not hold the local value is refused', async (t) => {
  t.throws(() => imm('0:1', CORE.FIELD_BYTE_OFFSET, task, 5), { message: /got 5, exp 4 -> / });
  t.throws(() => imm('0:9', CORE.FIELD_BYTE_OFFSET, task, 5), {
    message: /parsing \[\d+\] STRUCT task___mine \+ 0:9 failed: -22/,
  });
  t.throws(() => imm('x', CORE.FIELD_BYTE_OFFSET, task, 5), { message: /\+ x failed: -22/ });
});

t.test('essentialName() takes a flavour off', async (t) => {
  t.equal(essentialName('task_struct___old'), 'task_struct');
  t.equal(essentialName('task_struct'), 'task_struct');
  t.equal(essentialName('___x'), '___x');
  t.equal(essentialName('a___b___c'), 'a___b');
  t.equal(essentialName('a___'), 'a___');
});

/** bpftool's BTF of this machine's kernel, to see that the offsets are right. */
const vmlinux = (() => {
  try {
    return parseVmlinux(new Uint8Array(readFileSync('/sys/kernel/btf/vmlinux')));
  } catch {
    return undefined;
  }
})();

t.test(
  "a program is made for this machine's kernel",
  {
    skip: vmlinux === undefined ? 'the kernel has no /sys/kernel/btf/vmlinux' : false,
  },
  async (t) => {
    const spec = readObject(fixture('core'), { target: vmlinux });
    const id = vmlinux?.find('task_struct', BTF_KIND.STRUCT) ?? 0;
    const comm = vmlinux?.type(id)?.members.find((member) => member.name === 'comm');
    const code = new Code((spec.programs[0]?.insns ?? new Uint8Array(0)).slice());
    const offset = (comm?.bitOffset ?? 0) / 8;
    const adds = Array.from({ length: code.length }, (_, insn) => insn).filter(
      (insn) => code.imm(insn) === offset && (code.op(insn) & 7) === 7,
    );
    t.ok(adds.length > 0, `the offset of comm, ${offset}, is in an instruction`);
  },
);

const clang = spawnSync('clang', ['--version'], { encoding: 'utf8' });

t.test(
  'what clang compiles now can be read',
  {
    skip: clang.status === 0 ? false : 'clang is not installed',
  },
  async (t) => {
    const source = new URL('../../../test/elf/progs/core.bpf.c', import.meta.url).pathname;
    const run = spawnSync(
      'clang',
      ['-O2', '-g', '-target', 'bpf', '-I/usr/include/x86_64-linux-gnu', '-c', source, '-o', '-'],
      { maxBuffer: 1 << 26 },
    );
    if (run.status !== 0) {
      t.comment(run.stderr.toString());
      t.pass('clang has no BPF headers here');
      return;
    }
    const spec = readObject(new Uint8Array(run.stdout), { target: vmlinux });
    t.equal(spec.programs[0]?.name, 'probe');
  },
);
