/**
 * What a program that is run for a caller may ask of it: the task it runs in, the
 * caller's memory, and for syscall programs bpf(2) itself.
 */
import type { Work } from '../base/work.ts';
import type { UserMemory } from '../vm/task.ts';
import type { Vm } from '../vm/vm.ts';
import type { Caller } from './caller.ts';
import type { Kernel } from './kernel.ts';
import { sysBpf } from './sys_bpf.ts';

/** Runs `body` with the machine set up for the caller, and everything put back afterwards. */
export function asCaller<T>(kernel: Kernel, vm: Vm, caller: Caller, body: () => T): T {
  const { task, userMemory, sysBpf: outerBpf, sysClose: outerClose, caller: outer } = vm;
  const memory: UserMemory = caller;
  vm.task = {
    ...task,
    pid: caller.tid,
    tgid: caller.tgid ?? caller.tid,
    uid: caller.uid,
    gid: caller.gid,
    comm: caller.comm ?? task.comm,
    // Looked up when a program asks.
    get cgroups() {
      return caller.cgroups ?? task.cgroups;
    },
    get cgroupId() {
      return caller.cgroups?.at(-1) ?? task.cgroupId;
    },
  };
  vm.userMemory = memory;
  vm.caller = caller;
  vm.sysBpf = (cmd, attr, size) => sysBpf(kernel, caller, cmd, attr, size);
  vm.findKernelType = (name, kind) => kernel.vmlinux?.find(name, kind) ?? 0;
  vm.sysClose = (fd) => caller.close?.(fd) ?? 0;
  try {
    return body();
  } finally {
    vm.task = task;
    vm.userMemory = userMemory;
    vm.caller = outer;
    vm.sysBpf = outerBpf;
    vm.sysClose = outerClose;
  }
}

/** Runs work with the machine set up for the caller between its pauses. */
export function* workAsCaller<T>(kernel: Kernel, vm: Vm, caller: Caller, work: Work<T>): Work<T> {
  for (let signal = false; ; ) {
    const step = asCaller(kernel, vm, caller, () => work.next(signal));
    if (step.done === true) return step.value;
    signal = yield;
  }
}
