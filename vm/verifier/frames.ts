/**
 * Call frames: calls of functions of the program, callbacks, and the way back
 * (`check_func_call`, `push_callback_call`, `prepare_func_exit`).
 */
import { BTF_KIND } from '../../btf/btf.ts';
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { E2BIG, EACCES, EFAULT, EINVAL, ENOTSUPP } from '../../uapi/errno.ts';
import { MAX_BPF_REG, MAX_CALL_FRAMES } from '../insn.ts';
import { inSleepable } from './btfaccess.ts';
import { markDynptrReg } from './dynptr.ts';
import type { Env } from './env.ts';
import { widenImprecise } from './equal.ts';
import * as F from './flags.ts';
import { baseType } from './flags.ts';
import { checkSubprogCall } from './globals.ts';
import { resetLiveCallchain } from './liveness.ts';
import { pushStack, TOO_COMPLEX } from './paths.ts';
import { markChainPrecision } from './precision.ts';
import { findPrevEntry } from './prune.ts';
import { S64_MAX, S64_MIN, ZERO } from './range.ts';
import { isPktPointerAny, markRegInvalid, markUnknown } from './regs.ts';
import { DYNPTR_LOCAL, FuncState, forEachReg, Reg, VState } from './state.ts';

/** `callsite` of a program's first frame. */
const BPF_MAIN_FUNC = -1;
const LIMIT_JMP_SEQ = 8192;

/** Sets up what a callback is called with; 0 or -errno. */
export type CallbackSetup = (env: Env, caller: FuncState, callee: FuncState, insnIdx: number) => number;

/** A frame with nothing in it but the frame pointer (`init_func_state`). */
export function newFrame(env: Env, callsite: number, frameno: number, subprog: number): FuncState {
  const frame = new FuncState(callsite, frameno, subprog);
  frame.callbackRet = { min: 0, max: 0 };
  for (let i = 0; i < MAX_BPF_REG; i++) {
    const reg = new Reg();
    reg.reset();
    frame.regs.push(reg);
  }
  const fp = frame.regs[10]!;
  fp.type = F.PTR_TO_STACK;
  fp.range = ZERO;
  fp.frameno = frameno;
  env.scratchAll();
  return frame;
}

export { BPF_MAIN_FUNC };

/** r0 to r5 after a call. */
export function clearCallerSaved(env: Env, regs: Reg[]): void {
  for (let i = 0; i <= 5; i++) {
    regs[i]!.reset();
    env.scratchReg(i);
  }
}

const SLICE_FLAGS = F.DYNPTR_TYPE_SKB | F.DYNPTR_TYPE_XDP | F.DYNPTR_TYPE_SKB_META;

/** Packet pointers and slices of packets end when the packet may have changed. */
export function clearPktPointers(env: Env): void {
  forEachReg(env.cur!, (reg) => {
    const slice = baseType(reg.type) === F.PTR_TO_MEM && (reg.type & SLICE_FLAGS) !== 0;
    if (isPktPointerAny(reg) || slice) markRegInvalid(env, reg);
  });
}

/** A new frame on top of the state's (`setup_func_entry`). */
function setupEntry(env: Env, subprog: number, callsite: number, setup: CallbackSetup, state: VState): number {
  if (state.curframe + 1 >= MAX_CALL_FRAMES) {
    env.verbose(`the call stack of ${state.curframe + 2} frames is too deep\n`);
    return -E2BIG;
  }
  const caller = state.cur;
  const callee = newFrame(env, callsite, state.curframe + 1, subprog);
  const err = setup(env, caller, callee, callsite);
  if (err < 0) return err;
  state.frames[state.curframe + 1] = callee;
  state.curframe++;
  return 0;
}

const passArgs: CallbackSetup = (_env, caller, callee) => {
  for (let i = 1; i <= 5; i++) callee.regs[i]!.copyFrom(caller.regs[i]!);
  return 0;
};

function checkGlobalCall(env: Env, subprog: number, argErr: number): number {
  const state = env.cur!;
  const info = env.subprogs[subprog]!;
  const name = env.subprogName(subprog);
  if (state.activeLocks > 0) {
    env.verbose('global function calls are not allowed while holding a lock,\nuse static function instead\n');
    return -EINVAL;
  }
  if (
    info.mightSleep &&
    (state.activeRcuLock > 0 || state.activePreemptLocks > 0 || state.activeIrqId !== 0 || !inSleepable(env))
  ) {
    env.verbose(
      'global functions that may sleep are not allowed in non-sleepable context,\n' +
        'i.e., in a RCU/IRQ/preempt-disabled section, or in\na non-sleepable BPF program context\n',
    );
    return -EINVAL;
  }
  if (argErr !== 0) {
    env.verbose(`Caller passes invalid args into func#${subprog} ('${name}')\n`);
    return argErr;
  }
  env.verbose(`Func#${subprog} ('${name}') is global and assumed valid.\n`);
  if (info.changesPktData) clearPktPointers(env);
  info.called = true;
  const { regs } = state;
  clearCallerSaved(env, regs);
  markUnknown(env, regs[0]!);
  return 0;
}

/** `check_func_call`: leaves env.insnIdx one before what comes next. */
export function checkFuncCall(env: Env, i: number): number {
  const state = env.cur!;
  const caller = state.cur;
  const subprog = env.findSubprog(i + env.insns.imm[i]! + 1);
  if (subprog < 0) return -EFAULT;
  env.aux[i]!.subprog = subprog;
  let err = checkSubprogCall(env, subprog, caller.regs);
  if (err === -EFAULT) return err;
  if (env.subprogs[subprog]!.global) return checkGlobalCall(env, subprog, err);
  err = setupEntry(env, subprog, i, passArgs, state);
  if (err < 0) return err;
  clearCallerSaved(env, caller.regs);
  env.insnIdx = env.subprogs[subprog]!.start - 1;
  resetLiveCallchain(env);
  if (env.logging) {
    env.verbose('caller:\n');
    env.printState(state, caller.frameno, true);
    env.verbose('callee:\n');
    env.printState(state, state.curframe, true);
  }
  return 0;
}

/** A callback that runs during the call: a path through it is queued. */
export function pushCallback(env: Env, i: number, subprog: number, setup: CallbackSetup): number {
  const caller = env.cur!.cur;
  let err = checkSubprogCall(env, subprog, caller.regs);
  if (err === -EFAULT) return err;
  const info = env.subprogs[subprog]!;
  info.isCb = true;
  env.aux[i]!.callback = subprog;
  const state = pushStack(env, info.start, i, false);
  if (state === undefined) return TOO_COMPLEX;
  err = setupEntry(env, subprog, i, setup, state);
  if (err < 0) return err;
  state.callbackUnrollDepth++;
  state.frames[state.curframe - 1]!.callbackDepth++;
  caller.callbackDepth = 0;
  return 0;
}

/** A callback that runs later, on a stack of its own. */
export function pushAsyncCallback(
  env: Env,
  i: number,
  subprog: number,
  sleepable: boolean,
  setup: CallbackSetup,
): number {
  const caller = env.cur!.cur;
  const err = checkSubprogCall(env, subprog, caller.regs);
  if (err === -EFAULT) return err;
  const info = env.subprogs[subprog]!;
  info.isCb = true;
  info.isAsyncCb = true;
  env.aux[i]!.callback = subprog;
  const state = new VState();
  env.stack.push({ state, insnIdx: info.start, prevInsnIdx: i, logPos: env.log.position });
  if (env.stack.length > LIMIT_JMP_SEQ) {
    env.verbose(`The sequence of ${env.stack.length} jumps is too complex for async cb.\n`);
    return -E2BIG;
  }
  state.branches = 1;
  state.inSleepable = sleepable;
  const frame = newFrame(env, BPF_MAIN_FUNC, 0, subprog);
  state.frames.push(frame);
  frame.asyncEntryCnt = caller.asyncEntryCnt + 1;
  return setup(env, caller, frame, i);
}

function mapReg(reg: Reg, type: number, from: Reg): void {
  reg.reset();
  reg.type = type;
  reg.range = ZERO;
  reg.map = from.map;
  reg.mapUid = from.mapUid;
}

function syncCallback(callee: FuncState): number {
  callee.inCallback = true;
  callee.callbackRet = { min: 0, max: 1 };
  return 0;
}

const FOR_EACH_MAPS = new Set<number>([
  BPF_MAP_TYPE.HASH,
  BPF_MAP_TYPE.PERCPU_HASH,
  BPF_MAP_TYPE.LRU_HASH,
  BPF_MAP_TYPE.LRU_PERCPU_HASH,
  BPF_MAP_TYPE.ARRAY,
  BPF_MAP_TYPE.PERCPU_ARRAY,
]);

/** `callback_fn(map, key, value, ctx)` of bpf_for_each_map_elem. */
export const mapElemCallback: CallbackSetup = (env, caller, callee, i) => {
  const map = env.aux[i]!.map ?? caller.regs[1]!.map;
  if (map === undefined || !FOR_EACH_MAPS.has(map.mapType)) {
    env.verbose('callback function not allowed for map\n');
    return -ENOTSUPP;
  }
  callee.regs[1]!.copyFrom(caller.regs[1]!);
  mapReg(callee.regs[2]!, F.PTR_TO_MAP_KEY, caller.regs[1]!);
  mapReg(callee.regs[3]!, F.PTR_TO_MAP_VALUE, caller.regs[1]!);
  callee.regs[4]!.copyFrom(caller.regs[3]!);
  return syncCallback(callee);
};

/** `callback_fn(index, ctx)` of bpf_loop. */
export const loopCallback: CallbackSetup = (_env, caller, callee) => {
  callee.regs[1]!.type = F.SCALAR_VALUE;
  callee.regs[2]!.copyFrom(caller.regs[3]!);
  return syncCallback(callee);
};

/** `callback_fn(map, key, value)`, run later, of the map that register `regno` points into. */
const laterCallback =
  (regno: number, min: number, max: number): CallbackSetup =>
  (_env, caller, callee) => {
    const from = caller.regs[regno]!;
    mapReg(callee.regs[1]!, F.CONST_PTR_TO_MAP, from);
    mapReg(callee.regs[2]!, F.PTR_TO_MAP_KEY, from);
    mapReg(callee.regs[3]!, F.PTR_TO_MAP_VALUE, from);
    for (const r of [1, 2, 3]) callee.regs[r]!.mapUid = 0;
    callee.inAsyncCallback = true;
    callee.callbackRet = { min, max };
    return 0;
  };

/** The callback of a timer or work item. */
export const timerCallback = laterCallback(1, 0, 0);
/** That of task work, which may return anything. */
export const taskWorkCallback = laterCallback(3, -(2 ** 31), 2 ** 31 - 1);

/** `callback_fn(task, vma, ctx)` of bpf_find_vma. */
export const findVmaCallback: CallbackSetup = (env, caller, callee) => {
  callee.regs[1]!.copyFrom(caller.regs[1]!);
  const vma = callee.regs[2]!;
  vma.type = F.PTR_TO_BTF_ID;
  vma.range = ZERO;
  vma.btf = env.vmlinuxBtf;
  vma.btfId = env.vmlinuxBtf?.find('vm_area_struct', BTF_KIND.STRUCT) ?? 0;
  callee.regs[3]!.copyFrom(caller.regs[4]!);
  return syncCallback(callee);
};

/** `callback_fn(dynptr, ctx)` of bpf_user_ringbuf_drain. */
export const userRingbufCallback: CallbackSetup = (env, caller, callee) => {
  markDynptrReg(env, callee.regs[1]!, DYNPTR_LOCAL);
  callee.regs[2]!.copyFrom(caller.regs[3]!);
  return syncCallback(callee);
};

/** A number outside its range, in words (`verbose_invalid_scalar`). */
export function invalidScalar(
  env: Env,
  reg: Reg,
  range: { min: number; max: number },
  when: string,
  name: string,
): void {
  let text = `${when} the register ${name} has`;
  const { smin, smax } = reg.range;
  if (smin > S64_MIN) text += ` smin=${smin}`;
  if (smax < S64_MAX) text += ` smax=${smax}`;
  if (smin === S64_MIN && smax === S64_MAX) text += ' unknown scalar value';
  env.verbose(`${text} should have been in [${range.min}, ${range.max}]\n`);
}

/** Whether the value is in the range; `low`: its lower half is, the rest does not matter. */
export function rangeWithin(reg: Reg, range: { min: number; max: number }, low = false): boolean {
  if (low) return range.min <= reg.range.s32min && reg.range.s32max <= range.max;
  return BigInt(range.min) <= reg.range.smin && reg.range.smax <= BigInt(range.max);
}

/** The way back to the caller (`prepare_func_exit`); sets env.insnIdx to what comes next. */
export function prepareFuncExit(env: Env): number {
  const state = env.cur!;
  const callee = state.cur;
  const r0 = callee.regs[0]!;
  if (r0.type === F.PTR_TO_STACK) {
    env.verbose('cannot return stack pointer to the caller\n');
    return -EINVAL;
  }
  const caller = state.frames[state.curframe - 1]!;
  if (callee.inCallback) {
    if (r0.type !== F.SCALAR_VALUE) {
      env.verbose('R0 not a scalar value\n');
      return -EACCES;
    }
    const err = markChainPrecision(env, 0);
    if (err < 0) return err;
    const range = callee.callbackRet!;
    if (!rangeWithin(r0, range)) {
      invalidScalar(env, r0, range, 'At callback return', 'R0');
      return -EINVAL;
    }
  } else {
    caller.regs[0]!.copyFrom(r0);
  }
  env.insnIdx = callee.inCallback ? callee.callsite : callee.callsite + 1;
  if (env.logging) {
    env.verbose('returning from callee:\n');
    env.printState(state, callee.frameno, true);
    env.verbose(`to caller at ${env.insnIdx}:\n`);
    env.printState(state, caller.frameno, true);
  }
  state.frames.length = state.curframe;
  state.curframe--;
  if (callee.inCallback) {
    const prev = findPrevEntry(env, state, env.insnIdx);
    if (prev !== undefined) widenImprecise(env, prev, state);
  }
  return 0;
}
