/** Calls of the compiler: functions of the program, helpers, maps, tail calls, bpf_loop. */
import { FdArrayMap } from '../../maps/array_fd.ts';
import { E2BIG } from '../../uapi/errno.ts';
import { argCount, type HelperImpl, isSlow, SLOW_TURNS } from '../helper.ts';
import { BPF_MAX_LOOPS, MAX_TAIL_CALL_CNT } from '../insn.ts';
import type { CallSite, MapSite, TailSite } from '../link.ts';
import { SCRATCH, SLOW_VALUE } from '../vm.ts';
import { type Code, LOCAL } from './code.ts';
import type { ModuleContext } from './context.ts';
import { arrayInPlace, emitArrayLookup } from './lookup.ts';
import { I32, I64, VOID, W } from './wasm.ts';

/** Offset of the table slot in an element of a prog array (maps/array_fd.ts). */
const PROG_SLOT = 4;

/** The function that is written. */
export interface Caller {
  readonly context: ModuleContext;
  readonly code: Code;
  /** Calls a function with r1 to r5 on the stack, or writes it here; leaves its r0 on the stack. */
  callSubprog(subprog: number): void;
}

/** Writes the call at instruction `i`. */
export function emitCall(fn: Caller, site: CallSite, i: number): void {
  const code = fn.code;
  switch (site.kind) {
    case 'sub':
      if (fn.context.linked.subprogs[site.subprog]!.isGlobal) emitSpendTurn(fn);
      if (fn.context.mayTailCall(site.subprog)) {
        emitGuardedCall(fn, site.subprog);
        return;
      }
      for (let reg = 1; reg <= 5; reg++) code.get(reg);
      fn.callSubprog(site.subprog);
      code.set(0);
      return;
    case 'lookup':
      emitLookup(fn, site, i);
      return;
    case 'update':
      if (site.map.valueSize >= SLOW_VALUE) emitSpendTurn(fn, SLOW_TURNS);
      code.get32(2);
      code.get32(3);
      code.get32(4);
      code.i32(-1);
      code.getHi(4);
      code.op(W.i32_eqz);
      code.op(W.select);
      code.call(fn.context.mapFunc(site));
      code.op(W.i64_extend_i32_s);
      code.set(0);
      return;
    case 'remove':
      code.get32(2);
      code.call(fn.context.mapFunc(site));
      code.op(W.i64_extend_i32_s);
      code.set(0);
      return;
    case 'tail':
      emitTailCall(fn, site);
      return;
    case 'loop':
      emitLoop(fn, site.subprog);
      return;
    case 'helper':
      emitHelper(fn, site.impl);
      return;
  }
}

/** One turn of what the verifier has no bound for: loops of helpers, calls of global functions; or some, for a call that may take long. */
function emitSpendTurn(fn: Caller, turns = 1): void {
  const code = fn.code;
  const { scratch } = fn.context;
  code.i32(scratch);
  code.i32(scratch);
  code.memory(W.i32_load, SCRATCH.BUDGET);
  code.i32(turns);
  code.op(W.i32_sub);
  code.local(W.local_tee, LOCAL.T32);
  code.memory(W.i32_store, SCRATCH.BUDGET);
  code.local(W.local_get, LOCAL.T32);
  code.i32(0);
  code.op(W.i32_lt_s);
  code.local(W.if, VOID);
  code.call(fn.context.budgetSpent());
  code.op(W.end);
}

/**
 * A call of a function that may make a tail call: an exception of the program which that
 * begins ends here, since it ends no other main program.
 */
function emitGuardedCall(fn: Caller, subprog: number): void {
  const code = fn.code;
  const { scratch } = fn.context;
  const serial = code.newLocal(I32);
  code.i32(scratch);
  code.memory(W.i32_load, SCRATCH.MAIN);
  code.local(W.local_set, serial);
  code.local(W.try, I64);
  for (let reg = 1; reg <= 5; reg++) code.get(reg);
  code.local(W.local_get, code.frame.fb);
  code.call(fn.context.subprogFunc(subprog));
  code.i32(scratch);
  code.local(W.local_get, serial);
  code.memory(W.i32_store, SCRATCH.MAIN);
  code.op(W.catch_all);
  code.local(W.local_get, serial);
  code.call(fn.context.caughtBelow());
  code.op(W.i32_eqz);
  code.local(W.if, VOID);
  code.branch(W.rethrow, 1);
  code.op(W.end);
  code.i32(scratch);
  code.memory(W.i64_load, SCRATCH.ARGS);
  code.op(W.end);
  code.set(0);
}

function emitLookup(fn: Caller, site: MapSite, i: number): void {
  const { code, context } = fn;
  const array = arrayInPlace(site.map);
  if (array !== undefined) {
    emitArrayLookup(code, array, context.linked.aux[i]!.mapKeyConst, context.scratch + SCRATCH.CPU);
    return;
  }
  code.get32(2);
  code.call(context.mapFunc(site));
  code.setPointer(0);
}

function emitHelper(fn: Caller, impl: HelperImpl): void {
  const code = fn.code;
  const scratch = fn.context.scratch;
  if (isSlow(impl)) emitSpendTurn(fn, SLOW_TURNS);
  if (impl.callsBack === true) emitLeaveStack(fn);
  let reg = 1;
  for (const letter of impl.args) {
    code.get32(reg);
    if (letter === 'l') code.getHi(reg);
    reg++;
  }
  if (reg - 1 > 5 || argCount(impl) < reg - 1) throw new Error(`Helper ${impl.name}: argument letters '${impl.args}'`);
  code.call(fn.context.helper(impl));
  switch (impl.ret) {
    case 'int':
      code.op(W.i64_extend_i32_s);
      code.set(0);
      return;
    case 'uint':
      code.set32(0);
      return;
    case 'ptr':
      code.setPointer(0);
      return;
    case 'long':
      code.op(W.i64_extend_i32_u);
      code.i32(scratch);
      code.memory(W.i64_load32_u, SCRATCH.R0_HI);
      code.i64(32, 0);
      code.op(W.i64_shl);
      code.op(W.i64_or);
      code.set(0);
      return;
    case 'void':
      code.op(W.drop);
      code.i64(0, 0);
      code.set(0);
      return;
  }
}

/** Tells the machine where the stack of a callback or nested program begins. */
function emitLeaveStack(fn: Caller): void {
  const code = fn.code;
  code.i32(fn.context.scratch);
  code.local(W.local_get, code.frame.fb);
  code.memory(W.i32_store, SCRATCH.SP);
}

/** bpf_tail_call: falls through when the slot is empty, the index too large or the limit reached. */
function emitTailCall(fn: Caller, site: TailSite): void {
  const code = fn.code;
  const scratch = fn.context.scratch;
  code.i32(scratch);
  code.memory(W.i32_load, SCRATCH.TAIL_CALLS);
  code.i32(MAX_TAIL_CALL_CNT);
  code.op(W.i32_lt_u);
  const array = site.map;
  if (array instanceof FdArrayMap) {
    code.get32(3);
    code.i32(array.maxEntries);
    code.op(W.i32_lt_u);
    code.op(W.i32_and);
    code.local(W.if, VOID);
    code.get32(3);
    code.i32(3);
    code.op(W.i32_shl);
    code.memory(W.i32_load, array.values + PROG_SLOT);
  } else {
    code.local(W.if, VOID);
    code.get32(2);
    code.get32(3);
    code.call(fn.context.tail(site));
  }
  code.local(W.local_tee, LOCAL.T32);
  code.local(W.if, VOID);
  code.i32(scratch);
  code.i32(scratch);
  code.memory(W.i32_load, SCRATCH.TAIL_CALLS);
  code.i32(1);
  code.op(W.i32_add);
  code.memory(W.i32_store, SCRATCH.TAIL_CALLS);
  if (code.isSubprog) {
    code.i32(scratch);
    code.i32(scratch);
    code.memory(W.i32_load, SCRATCH.TAIL_CALLS);
    code.memory(W.i32_store, SCRATCH.MAIN);
  }
  code.get(1);
  for (let reg = 2; reg <= 5; reg++) code.i64(0, 0);
  code.local(W.local_get, code.frame.fp);
  code.local(W.local_get, LOCAL.T32);
  code.op(W.return_call_indirect);
  code.uleb(fn.context.funcType);
  code.uleb(0);
  code.op(W.end);
  code.op(W.end);
}

/** bpf_loop as a loop (`inline_bpf_loop`): r1 turns of a function of (index, r3), until it returns non-zero. Its flags are 0. */
function emitLoop(fn: Caller, subprog: number): void {
  const code = fn.code;
  const turn = code.newLocal(I32);
  code.get(1);
  code.i64(BPF_MAX_LOOPS, 0);
  code.op(W.i64_gt_u);
  code.local(W.if, VOID);
  code.i64(-E2BIG, 0);
  code.set(0);
  code.op(W.else);
  code.i32(0);
  code.local(W.local_set, turn);
  code.local(W.block, VOID);
  code.local(W.loop, VOID);
  code.local(W.local_get, turn);
  code.get32(1);
  code.op(W.i32_ge_u);
  code.branch(W.br_if, 1);
  emitSpendTurn(fn);
  code.local(W.local_get, turn);
  code.op(W.i64_extend_i32_u);
  code.get(3);
  for (let reg = 3; reg <= 5; reg++) code.i64(0, 0);
  fn.callSubprog(subprog);
  code.local(W.local_get, turn);
  code.i32(1);
  code.op(W.i32_add);
  code.local(W.local_set, turn);
  code.op(W.i64_eqz);
  code.branch(W.br_if, 0);
  code.op(W.end);
  code.op(W.end);
  code.local(W.local_get, turn);
  code.set32(0);
  code.op(W.end);
}
