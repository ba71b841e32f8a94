/**
 * The public conformance corpus of the instruction set, on both engines. It is not
 * part of the project: without it the test is skipped.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { decodeInsns, insnFault, OP_LDDW } from '../../vm/insn.ts';
import type { EngineName } from '../../vm/prog.ts';
import { fromHex, testVm, trustedProg } from './lib/facts.ts';

/** The assertions the cases use. */
interface Asserts {
  fail(message: string): unknown;
  equal(found: unknown, wanted: unknown, message: string): unknown;
}

interface Case {
  readonly name: string;
  readonly mem: string;
  readonly result: string;
  readonly code: string;
}

const path = join(process.env['BPF_EMU_ORACLE'] ?? '../shared/oracle', 'isa/conformance.json');
/** Its bytecode is a call of a helper in a register, which Linux does not have. */
const NOT_LINUX = /^callx/;
/** Shift immediates out of range, which the kernel refuses to load. */
const REFUSED = /^(arsh|lsh|rsh)(32|64)-imm-(high|neg)$/;

/** Helpers the corpus calls by number, as its own description defines them. */
const TABLES = {
  helper: (id: number) =>
    id === 0
      ? {
          name: 'gather_bytes',
          doc: '',
          args: 'iiiii',
          ret: 'long' as const,
          fn: (vm: import('../../vm/vm.ts').Vm, a = 0, b = 0, c = 0, d = 0, e = 0) =>
            vm.ret64(((b & 255) << 24) | ((c & 255) << 16) | ((d & 255) << 8) | (e & 255), a & 255),
        }
      : id === 1
        ? {
            name: 'memfrob',
            doc: '',
            args: 'ii',
            ret: 'int' as const,
            fn: (vm: import('../../vm/vm.ts').Vm, at = 0, length = 0) => {
              for (let i = 0; i < length; i++) vm.env.arena.u8[at + i]! ^= 42;
              return 0;
            },
          }
        : id === 3
          ? {
              name: 'sqrti',
              doc: '',
              args: 'i',
              ret: 'uint' as const,
              fn: (_vm: unknown, a = 0) => Math.floor(Math.sqrt(a)),
            }
          : id === 5
            ? {
                name: 'unwind',
                doc: '',
                args: 'l',
                ret: 'long' as const,
                fn: (vm: import('../../vm/vm.ts').Vm, lo = 0, hi = 0) => vm.ret64(lo, hi),
              }
            : undefined,
  kfunc: () => undefined,
};

if (!existsSync(path)) {
  t.pass(`skipped: there is no corpus at ${path}`);
} else {
  const cases = JSON.parse(readFileSync(path, 'utf8')) as Case[];
  for (const engine of ['interp', 'jit'] as const) {
    t.test(`conformance corpus on ${engine}`, (t) => {
      run(t, cases, engine);
      t.end();
    });
  }
  t.test('instructions with a shift immediate out of range are refused', (t) => {
    const refused = cases.filter((test) => faultOf(test.code) !== undefined && !NOT_LINUX.test(test.name));
    t.same(
      refused.map((test) => test.name).sort(),
      cases
        .map((test) => test.name)
        .filter((name) => REFUSED.test(name))
        .sort(),
    );
    t.equal(refused.length, 12);
    t.end();
  });
}

function faultOf(code: string): string | undefined {
  const insns = decodeInsns(fromHex(code));
  for (let i = 0; i < insns.count; i++) {
    const fault = insnFault(insns, i);
    if (fault !== undefined) return fault;
    if (insns.op[i] === OP_LDDW) i++;
  }
  return undefined;
}

function run(t: Asserts, cases: readonly Case[], engine: EngineName): void {
  let passed = 0;
  for (const test of cases) {
    if (NOT_LINUX.test(test.name) || REFUSED.test(test.name)) continue;
    const vm = testVm(TABLES);
    const memory = fromHex(test.mem);
    const at = memory.length === 0 ? 0 : vm.env.arena.alloc(Math.max(memory.length, 4096));
    vm.env.arena.u8.set(memory, at);
    let got: bigint | string;
    try {
      const prog = trustedProg(vm, fromHex(test.code), engine, { depth: 512 });
      vm.setArgPtr(0, at);
      vm.setArg(1, memory.length, 0);
      const lo = BigInt(prog.callFunc(0) >>> 0);
      got = (BigInt(vm.r0Hi >>> 0) << 32n) | lo;
    } catch (error) {
      got = String(error);
    }
    if (got === BigInt(test.result)) passed++;
    else t.fail(`${test.name}: got ${typeof got === 'bigint' ? `0x${got.toString(16)}` : got}, wanted ${test.result}`);
  }
  t.equal(passed, 300, 'programs with the result the kernel gives');
}
