/**
 * Compiling for nobody: the first program of a process is compiled by a compiler that the
 * engine has not compiled itself, in several times the time (measured: 5 ms instead of
 * 1 for 1,000 instructions). A server has idle moments in which that can be made good.
 */
import { BPF_REG_FP, INSN_TABLE, Insns, OP_EXIT } from '../insn.ts';
import type { LinkedProgram } from '../link.ts';
import { InsnAux, type SubprogInfo } from '../verifier/types.ts';
import type { Vm } from '../vm.ts';
import { Jit } from './jit.ts';

/** Kinds of instructions in the program that is compiled. */
const KINDS: ReadonlySet<string> = new Set(['alu', 'mov', 'neg', 'end', 'load', 'loadsx', 'store', 'atomic', 'jcond']);

/** Times it is compiled: after that it takes no less. */
const TIMES = 3;

/** A program with each of these instructions, and two ends for its last jump. */
function specimen(): LinkedProgram {
  const defs = INSN_TABLE.filter((def) => def !== undefined && KINDS.has(def.kind));
  const count = defs.length + 2;
  const insns = new Insns(count);
  insns.op.fill(OP_EXIT);
  defs.forEach((def, i) => {
    insns.op[i] = def!.opcode;
    insns.dst[i] = i % 6;
    insns.src[i] = def!.kind === 'load' ? BPF_REG_FP : 6 + (i & 3);
    insns.off[i] = def!.kind === 'jcond' ? 1 : def!.size === 0 ? 0 : -8;
    insns.imm[i] = def!.kind === 'end' ? 32 : i;
  });
  const aux = Array.from(insns.op, () => Object.assign(new InsnAux(), { seen: true }));
  const main: SubprogInfo = {
    start: 0,
    end: count,
    stackDepth: 8,
    name: '',
    hasTailCall: false,
    hasLdAbs: false,
    isCb: false,
    isAsyncCb: false,
    isExceptionCb: false,
    isGlobal: false,
  };
  return {
    insns,
    aux,
    subprogs: [main],
    subprogOf: new Uint16Array(count),
    lddw: new Map(),
    calls: new Map(),
    arena: undefined,
    handles: new Map(),
    turnsLog: 0,
  };
}

/** Compiles a program that is thrown away (some 6 ms in all). */
export function warmUp(vm: Vm): void {
  const program = specimen();
  for (let i = 0; i < TIMES; i++) new Jit(vm, program);
}
