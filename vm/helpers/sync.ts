/**
 * Locks, timers, pointers kept in maps, tail calls and other helpers that steer the
 * machine (man bpf-helpers). One thread runs programs, so a lock is never contended:
 * its word only shows that it is held.
 */

import { HtabMap } from '../../maps/hashtab.ts';
import { EBUSY, EDEADLOCK, EINVAL, ENOSYS, EPERM } from '../../uapi/errno.ts';
import type { HelperImpl, HelperRecord } from '../helper.ts';
import { reportLock } from '../reports.ts';
import { pointerBits, type Vm } from '../vm.ts';

/** Takes a lock: 0. */
function takeLock(vm: Vm, address = 0): number {
  vm.locks++;
  vm.env.arena.view.setInt32(address, 1, true);
  return 0;
}

/** Releases it. */
function releaseLock(vm: Vm, address = 0): number {
  vm.locks--;
  vm.env.arena.view.setInt32(address, 0, true);
  return 0;
}

/** bpf_res_spin_lock: 0, or -EDEADLK for a lock that the program holds, which is reported in its stream. */
export function takeResLock(vm: Vm, address: number, withIrq: boolean): number {
  if (vm.resLocks.includes(address)) {
    reportLock(vm, pointerBits(address), vm.resLocks.map(pointerBits), withIrq);
    return -EDEADLOCK;
  }
  vm.resLocks.push(address);
  return takeLock(vm, address);
}

/** bpf_res_spin_unlock. */
export function releaseResLock(vm: Vm, address = 0): number {
  const at = vm.resLocks.lastIndexOf(address);
  if (at >= 0) vm.resLocks.splice(at, 1);
  return releaseLock(vm, address);
}

/** bpf_kptr_xchg: puts a pointer into a map value, gives back the one that was there. */
function kptrXchg(vm: Vm, slot = 0, lo = 0, hi = 0): number {
  const view = vm.env.arena.view;
  const oldLo = view.getInt32(slot, true);
  const oldHi = view.getInt32(slot + 4, true);
  view.setInt32(slot, lo, true);
  view.setInt32(slot + 4, hi, true);
  return vm.ret64(oldLo, oldHi);
}

/** Clocks a timer may run on: CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME. */
const TIMER_CLOCKS = [0, 1, 7];
const TIMER_ABS = 1;
const TIMER_CPU_PIN = 2;

function timerInit(vm: Vm, timer = 0, mapAddr = 0, lo = 0, hi = 0): number {
  if (hi !== 0 || !TIMER_CLOCKS.includes(lo)) return -EINVAL;
  const map = vm.mapAt(mapAddr);
  if (map === undefined) return -EINVAL;
  if (vm.timers.has(timer)) return -EBUSY;
  // A map nobody has a descriptor or pin of would keep its timers for ever.
  if (map.usercnt === 0) return -EPERM;
  vm.timers.init(timer, map, 'bpf_timer');
  return 0;
}

function timerSetCallback(vm: Vm, timer = 0, callback = 0): number {
  const func = vm.funcs[callback];
  if (func === undefined) return -EINVAL;
  return vm.timers.setCallback(timer, vm.timers.valueAt(timer), func.prog, func.subprog);
}

function timerStart(vm: Vm, timer = 0, nsLo = 0, nsHi = 0, lo = 0, hi = 0): number {
  if (hi !== 0 || (lo & ~(TIMER_ABS | TIMER_CPU_PIN)) !== 0) return -EINVAL;
  const ns = (BigInt(nsHi >>> 0) << 32n) | BigInt(nsLo >>> 0);
  return vm.timers.start(timer, (lo & TIMER_ABS) !== 0 ? ns : vm.env.clock.monotonic() + ns);
}

/** bpf_timer_cancel: -EDEADLK from the timer's own callback. */
function timerCancel(vm: Vm, timer = 0): number {
  return vm.timers.isRunning(timer) ? -EDEADLOCK : vm.timers.cancel(timer);
}

/** bpf_wq_init: (wq, map, flags). */
function wqInit(vm: Vm, wq = 0, mapAddr = 0, flags = 0): number {
  if (flags !== 0) return -EINVAL;
  const map = vm.mapAt(mapAddr);
  if (map === undefined) return -EINVAL;
  if (vm.timers.has(wq)) return -EBUSY;
  if (map.usercnt === 0) return -EPERM;
  vm.timers.init(wq, map, 'bpf_wq');
  return 0;
}

/** bpf_wq_set_callback: (wq, callback, flags). */
function wqSetCallback(vm: Vm, wq = 0, callback = 0, flags = 0): number {
  return flags !== 0 ? -EINVAL : timerSetCallback(vm, wq, callback);
}

/** bpf_wq_start: (wq, flags): the work runs when the event loop comes to it. */
function wqStart(vm: Vm, wq = 0, flags = 0): number {
  return flags !== 0 ? -EINVAL : vm.timers.start(wq, vm.env.clock.monotonic());
}

/**
 * bpf_task_work_schedule_signal and _resume: (task, work, map, callback). The work runs when
 * the program has ended and the event loop comes to it; until then it cannot be scheduled again.
 */
function taskWorkSchedule(vm: Vm, _task = 0, work = 0, mapAddr = 0, callback = 0): number {
  const map = vm.mapAt(mapAddr);
  if (map === undefined) return -EINVAL;
  if (map.usercnt === 0 || vm.timers.isBusy(work)) return -EBUSY;
  if (!vm.timers.has(work)) vm.timers.init(work, map, 'bpf_task_work');
  const refused = timerSetCallback(vm, work, callback);
  return refused < 0 ? refused : vm.timers.start(work, vm.env.clock.monotonic());
}

/** bpf_map_sum_elem_count: elements of a hash. */
function sumElemCount(vm: Vm, mapAddr = 0): number {
  const map = vm.mapAt(mapAddr);
  return vm.ret64(map instanceof HtabMap ? map.count : 0, 0);
}

export const SYNC_KFUNCS: readonly HelperImpl[] = [
  { name: 'bpf_wq_init', doc: 'Makes a work item of a map value.', args: 'iii', ret: 'int', fn: wqInit },
  { name: 'bpf_wq_set_callback_impl', doc: 'Gives it its function.', args: 'iii', ret: 'int', fn: wqSetCallback },
  { name: 'bpf_wq_start', doc: 'Queues it.', args: 'ii', ret: 'int', fn: wqStart },
  ...(['signal', 'resume'] as const).map((mode) => ({
    name: `bpf_task_work_schedule_${mode}_impl`,
    doc: 'Runs a function for the task, soon after the program.',
    args: 'iiiii',
    ret: 'int' as const,
    fn: taskWorkSchedule,
  })),
  { name: 'bpf_map_sum_elem_count', doc: 'Elements of a hash.', args: 'i', ret: 'long', fn: sumElemCount },
];

export const SYNC_HELPERS: readonly HelperRecord[] = [
  { id: 93, name: 'spin_lock', doc: 'Takes a lock.', args: 'i', ret: 'void', fn: takeLock },
  { id: 94, name: 'spin_unlock', doc: 'Releases a lock.', args: 'i', ret: 'void', fn: releaseLock },
  { id: 194, name: 'kptr_xchg', doc: 'Exchanges a pointer in a map value.', args: 'il', ret: 'long', fn: kptrXchg },
  { id: 169, name: 'timer_init', doc: 'Makes a timer of a map value.', args: 'iil', ret: 'int', fn: timerInit },
  {
    id: 170,
    name: 'timer_set_callback',
    doc: 'Gives a timer its function.',
    args: 'ii',
    ret: 'int',
    fn: timerSetCallback,
  },
  { id: 171, name: 'timer_start', doc: 'Starts a timer.', args: 'ill', ret: 'int', fn: timerStart },
  {
    id: 172,
    name: 'timer_cancel',
    doc: 'Stops a timer; 1 when it was started.',
    args: 'i',
    ret: 'int',
    fn: timerCancel,
  },
  { id: 186, name: 'get_retval', doc: 'Return value of the hook.', args: '', ret: 'int', fn: (vm) => vm.retval },
  {
    id: 187,
    name: 'set_retval',
    doc: 'Sets the return value of the hook.',
    args: 'i',
    ret: 'int',
    fn: (vm, value = 0) => {
      vm.retval = value;
      return 0;
    },
  },
  {
    id: 166,
    name: 'sys_bpf',
    doc: 'bpf(2) from a program of type SYSCALL.',
    args: 'iii',
    ret: 'int',
    fn: (vm, cmd = 0, attr = 0, size = 0) => vm.notCounted(() => vm.sysBpf?.(cmd, attr, size) ?? -EINVAL),
  },
  {
    id: 168,
    name: 'sys_close',
    doc: 'close(2) from a program of type SYSCALL.',
    args: 'i',
    ret: 'int',
    fn: (vm, fd = 0) => vm.sysClose?.(fd) ?? -EINVAL,
  },
  {
    id: 58,
    name: 'override_return',
    doc: 'No function of the emulated kernel can fail by request.',
    args: 'il',
    ret: 'int',
    fn: () => 0,
  },
  {
    id: 176,
    name: 'get_branch_snapshot',
    doc: 'There is no branch record: -ENOSYS.',
    args: 'iil',
    ret: 'int',
    fn: () => -ENOSYS,
  },
];
