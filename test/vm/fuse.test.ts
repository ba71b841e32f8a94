/**
 * What the interpreter joins to one operation does the same as the instructions by
 * themselves (single steps run those) and as compiled code.
 */
import t from 'tap';
import { seededRandom } from '../../base/env.ts';
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import type { BpfProg } from '../../vm/prog.ts';
import { asm } from './lib/asm.ts';
import { trustedFacts, trustedProg } from './lib/facts.ts';
import { machine } from './lib/machine.ts';

const PROGRAMS = 400;
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const { u32 } = seededRandom(SEED);
const below = (n: number): number => u32() % n;
const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;

const OPS = ['+=', '-=', '*=', '|=', '&=', '^='] as const;
const SHIFTS = ['<<=', '>>=', 's>>='] as const;
const CONSTANTS = [0, 1, -1, 2, 7, 31, 255, 65536, 0x7fffffff, -0x80000000, -4, 0x12345678];

/** A register with a number in it; r9 has an address on the stack, r8 counts. */
const reg = (): number => below(8);

/** One instruction on `dst`, with a register or a constant. */
function operation(dst: number, wide: boolean): string {
  const r = wide ? 'r' : 'w';
  if (below(3) === 0) return `${r}${dst} ${pick(SHIFTS)} ${below(3) === 0 ? `${r}${reg()}` : below(wide ? 64 : 32)}`;
  return `${r}${dst} ${pick(OPS)} ${below(2) === 0 ? `${r}${reg()}` : pick(CONSTANTS)}`;
}

/** Instructions that may be joined, or nearly. */
const PATTERNS: readonly (() => string)[] = [
  () => {
    const dst = reg();
    const wide = below(2) === 0;
    return `${pick(['r', 'w'])}${dst} = ${pick(['r', 'w'])}${reg()}; ${operation(below(5) === 0 ? reg() : dst, wide)}`;
  },
  () => {
    const dst = reg();
    return `r${dst} <<= 32; r${below(5) === 0 ? reg() : dst} ${pick(['>>=', 's>>='])} ${pick([32, 32, 31, 33])}`;
  },
  () => {
    // Nothing jumps into these: the address would be any number.
    const [dst, to, size] = [reg(), reg(), pick([8, 16, 32, 64])];
    const index = pick(['r8', 'r8', 'r9']);
    const base = index === 'r8' ? 'r9' : 'r8';
    return `r${dst} = ${base}\nr${dst} += ${index}\nr${to} = *(u${size} *)(r${dst} + ${below(40)})`;
  },
  () => {
    const dst = reg();
    return `r${dst} = r${reg()}; r${dst} += ${pick(CONSTANTS)}; r${reg()} = 0x${u32().toString(16)}${u32().toString(16)} ll`;
  },
  () => operation(reg(), below(2) === 0),
  () => `*(u${pick([8, 16, 32, 64])} *)(r9 + ${below(56)}) = ${pick([`r${reg()}`, pick(CONSTANTS)])}`,
  () => `r${reg()} = *(${pick(['u', 's'])}${pick([8, 16, 32])} *)(r9 + ${below(56)})`,
];

/** A program that leaves all its registers in the context, after a loop or two. */
function randomProgram(): string {
  const lines = ['r9 = r1'];
  for (let i = 0; i < 8; i++) lines.push(`r${i} = 0x${u32().toString(16)}${u32().toString(16)} ll`);
  for (let loop = 0; loop < 3; loop++) {
    lines.push('r8 = 0', `again${loop}:`);
    for (let i = below(6) + 2; i > 0; i--) {
      // A target between two that could be joined.
      if (below(6) === 0)
        lines.push(
          `if ${pick(['r', 'w'])}${reg()} ${pick(['==', 's>', '<'])} ${pick(CONSTANTS)} goto into${loop}_${i}`,
        );
      const [first, ...rest] = pick(PATTERNS)().split('; ');
      lines.push(first as string, ...(rest.length > 0 ? [`into${loop}_${i}:`] : []), ...rest);
      if (rest.length === 0) lines.push(`into${loop}_${i}:`);
    }
    const end = (loop + 1) * 3;
    lines.push(`r8 += ${loop + 1}`);
    if (below(2) === 0) lines.push(`if r8 == ${end} goto out${loop}`, `goto again${loop}`, `out${loop}:`);
    else lines.push(`if r8 ${pick(['!=', '<'])} ${end} goto again${loop}`);
  }
  for (let i = 0; i < 8; i++) lines.push(`*(u64 *)(r9 + ${64 + 8 * i}) = r${i}`);
  lines.push('exit');
  return lines.join('\n');
}

/** Bytes of the context after a run. */
function contextAfter(prog: BpfProg, ctx: number, stepped: boolean): string {
  const { vm } = prog;
  const { u8 } = vm.env.arena;
  u8.fill(0, ctx, ctx + 128);
  let steps = 0;
  if (stepped) vm.hook = () => steps++;
  prog.run(ctx);
  vm.hook = undefined;
  if (stepped && steps === 0) throw new Error('The hook was not called');
  return Buffer.from(u8.subarray(ctx, ctx + 128)).toString('hex');
}

t.test(`joined instructions are what they are by themselves (seed ${SEED})`, (t) => {
  const { vm } = machine();
  const ctx = vm.env.arena.alloc(256);
  for (let n = 0; n < PROGRAMS; n++) {
    const source = randomProgram();
    const bytes = asm(source);
    const facts = trustedFacts(bytes, []);
    const interp = trustedProg(vm, bytes, 'interp', facts);
    const jit = trustedProg(vm, bytes, 'jit', facts);
    const wanted = contextAfter(jit, ctx, false);
    const joined = contextAfter(interp, ctx, false);
    const stepped = contextAfter(interp, ctx, true);
    if (joined !== wanted || stepped !== wanted) {
      t.same({ joined, stepped }, { joined: wanted, stepped: wanted }, source);
      break;
    }
    interp.put();
    jit.put();
  }
  t.end();
});

const LOOKUPS = [
  [BPF_MAP_TYPE.ARRAY, 4],
  [BPF_MAP_TYPE.HASH, 4],
  [BPF_MAP_TYPE.HASH, 8],
  [BPF_MAP_TYPE.HASH, 16],
  [BPF_MAP_TYPE.LRU_HASH, 8],
] as const;

for (const [type, keySize] of LOOKUPS) {
  for (const test of ['r0 == 0', 'r0 != 0', 'w0 == 0', 'r0 == 1']) {
    t.test(`a lookup in a map of type ${type} with keys of ${keySize} bytes and its test ${test}`, (t) => {
      const { vm, maps } = machine([type, keySize, 8, 2]);
      const bytes = asm(`
        r6 = *(u64 *)(r1 + 0)
        *(u64 *)(r10 - 16) = r6; *(u64 *)(r10 - 8) = r6
        r2 = r10; r2 += -16; r1 = map[0]
        call 1
        if ${test} goto taken
        r0 = 1
        exit
        taken:
        r0 = 2
        exit`);
      const facts = trustedFacts(bytes, maps);
      const { arena } = vm.env;
      const [key, value, ctx] = [arena.alloc(16), arena.alloc(8), arena.alloc(64)];
      arena.i32.set([1, 0, 1, 0], key >> 2);
      t.equal(maps[0]!.ops.update?.(maps[0]!, key, value, 0), 0);
      for (const number of [1, 2]) {
        arena.i32[ctx >> 2] = number;
        const results = (['interp', 'jit'] as const).map((engine) => trustedProg(vm, bytes, engine, facts).run(ctx));
        t.equal(results[0], results[1], `key ${number}`);
      }
      t.end();
    });
  }
}

t.test('a program of another machine that a helper runs leaves the registers alone', (t) => {
  const inner = machine();
  const innerProg = trustedProg(
    inner.vm,
    asm('r0 = 1; r6 = 2; r7 = 3; r8 = 4; r9 = 5; call f; exit\n f: r6 = 9; r7 = 9; r0 = 7; exit'),
    'interp',
  );
  const { vm } = machine();
  const bytes = asm(`
    r6 = 0x1100000001 ll; r7 = 0x2200000002 ll; r8 = 0x3300000003 ll; r9 = 0x4400000004 ll
    *(u64 *)(r10 - 8) = r6
    call 7
    r0 += r6; r0 += r7; r0 += r8; r0 += r9
    r1 = *(u64 *)(r10 - 8); r0 += r1
    exit`);
  const tables = {
    ...vm.tables,
    helper: (id: number) =>
      id === 7
        ? { name: 'inner', doc: '', args: '', ret: 'uint' as const, callsBack: true, fn: () => innerProg.run(0) }
        : vm.tables.helper(id),
  };
  Object.assign(vm, { tables });
  const prog = trustedProg(vm, bytes, 'interp');
  t.equal(prog.run64(0), 7n + 0x1100000001n + 0x2200000002n + 0x3300000003n + 0x4400000004n + 0x1100000001n);
  t.equal(innerProg.run(0), 7);
  t.end();
});
