/** Calls of the interpreter that leave the program: helpers and tail calls. */
import { BASE_HI } from '../../mm/arena.ts';
import { argCount, type HelperImpl, isSlow } from '../helper.ts';
import { MAX_TAIL_CALL_CNT } from '../insn.ts';
import type { TailSite } from '../link.ts';
import type { BpfProg } from '../prog.ts';
import type { Vm } from '../vm.ts';
import { REGS_HI, REGS_LO } from './registers.ts';

const RL = REGS_LO;
const RH = REGS_HI;
const BASE_HI_I32 = BASE_HI | 0;

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
