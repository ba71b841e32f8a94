/** Calls of the interpreter that leave the program: helpers, tail calls, bpf_loop. */
import { BASE_HI } from '../../mm/arena.ts';
import { argCount, type HelperImpl, isSlow } from '../helper.ts';
import { MAX_TAIL_CALL_CNT } from '../insn.ts';
import type { TailSite } from '../link.ts';
import type { BpfProg } from '../prog.ts';
import type { Vm } from '../vm.ts';
import type { Interpreter } from './interp.ts';
import { REGS_HI, REGS_LO } from './registers.ts';

const RL = REGS_LO;
const RH = REGS_HI;
const BASE_HI_I32 = BASE_HI | 0;
/** bpf_loop goes round this often at most (`BPF_MAX_LOOPS`). */
const MAX_LOOPS = 8 * 1024 * 1024;
const E2BIG = 7;

/** A helper call made ready. */
export interface ReadyCall {
  readonly fn: HelperImpl['fn'];
  /** Where the arguments come from: the low half of a register by number, its high half by number + {@link HIGH}. */
  readonly from: readonly number[];
  /** {@link RET} */
  readonly ret: number;
  readonly callsBack: boolean;
  readonly slow: boolean;
}

const HIGH = 16;
/** What becomes of the returned number ({@link HelperImpl.ret}), as numbers. */
const RET = { int: 0, ptr: 1, long: 2, uint: 3, void: 4 } as const;

/** Makes a helper call ready. */
export function readyCall(impl: HelperImpl): ReadyCall {
  const from = [...impl.args].flatMap((letter, i) => (letter === 'l' ? [i + 1, i + 1 + HIGH] : [i + 1]));
  if (from.length !== argCount(impl)) throw new Error(`Helper ${impl.name}: argument letters '${impl.args}'`);
  return { fn: impl.fn, from, ret: RET[impl.ret], callsBack: impl.callsBack === true, slow: isSlow(impl) };
}

/** An argument by {@link ReadyCall.from}. */
function arg(from: number): number {
  return from < HIGH ? RL[from]! : RH[from - HIGH]!;
}

function callWith(vm: Vm, { fn, from }: ReadyCall): number {
  switch (from.length) {
    case 0:
      return fn(vm);
    case 1:
      return fn(vm, arg(from[0]!));
    case 2:
      return fn(vm, arg(from[0]!), arg(from[1]!));
    case 3:
      return fn(vm, arg(from[0]!), arg(from[1]!), arg(from[2]!));
    case 4:
      return fn(vm, arg(from[0]!), arg(from[1]!), arg(from[2]!), arg(from[3]!));
    case 5:
      return fn(vm, arg(from[0]!), arg(from[1]!), arg(from[2]!), arg(from[3]!), arg(from[4]!));
    default:
      return fn(vm, ...from.map(arg));
  }
}

/** Calls a helper with the registers; leaves r0. */
export function callHelper(vm: Vm, call: ReadyCall): void {
  if (call.slow) vm.slowTurn();
  const lo = callWith(vm, call);
  RL[0] = lo;
  switch (call.ret) {
    case 0:
      RH[0] = lo >> 31;
      return;
    case 1:
      RH[0] = lo === 0 ? 0 : BASE_HI_I32;
      return;
    case 2:
      RH[0] = vm.r0Hi;
      return;
    case 3:
      RH[0] = 0;
      return;
    default:
      RL[0] = 0;
      RH[0] = 0;
  }
}

/** The slot's program of a tail call, or undefined: the call falls through. */
export function tailTarget(vm: Vm, site: TailSite): BpfProg | undefined {
  const map = site.map ?? vm.mapAt(RL[2]!);
  if (map === undefined || vm.tailCalls >= MAX_TAIL_CALL_CNT) return undefined;
  return vm.tailProgram(map, RL[3]!);
}

/**
 * bpf_loop where it is written as a loop (`inline_bpf_loop`): the callback in a new frame,
 * until it returns non-zero. Leaves r0; -E2BIG is only 32 bits there.
 */
export function loopHelper(vm: Vm, engine: Interpreter, subprog: number): void {
  const turns = RL[1]! >>> 0;
  const ctxLo = RL[3]!;
  const ctxHi = RH[3]!;
  let done = 0;
  if (RH[1] !== 0 || turns > MAX_LOOPS) done = -E2BIG;
  else {
    while (done < turns) {
      vm.loopTurn();
      vm.setArg(0, done, 0);
      vm.setArg(1, ctxLo, ctxHi);
      const lo = engine.call(subprog);
      done++;
      if (lo !== 0 || vm.r0Hi !== 0) break;
    }
  }
  RL[0] = done;
  RH[0] = 0;
}
