/** One run of a program for something that has happened on the machine, to whatever task it happened to. */
import type { Kernel } from '../syscall/kernel.ts';
import { Arguments } from '../vm/contexts/arguments.ts';
import type { BpfProg } from '../vm/prog.ts';
import type { CurrentTask, UserMemory } from '../vm/task.ts';
import { ProgramAborted } from '../vm/vm.ts';

/** What a program finds when an event happens. */
export interface EventSite {
  readonly cookie: bigint;
  /** CPU of the machine; the kernel's last one stands for those that it does not have. */
  readonly cpu: number;
  readonly task: CurrentTask;
  readonly memory: UserMemory | undefined;
  /** Bytes of the context. */
  readonly size: number;
  /** Writes the context, which is zero, at an address of the arena. */
  fill(ctx: number): void;
}

/** Runs it; nothing where there is no memory for the context. Why it was aborted, if it was. */
export function runForEvent(kernel: Kernel, prog: BpfProg, site: EventSite): ProgramAborted | undefined {
  const { arena, cpu } = kernel;
  const { vm } = prog;
  const ctx = arena.alloc(site.size);
  if (ctx === 0) return undefined;
  const { task, userMemory, caller } = vm;
  vm.task = site.task;
  vm.userMemory = site.memory;
  vm.caller = undefined;
  kernel.cpu = Math.min(site.cpu, kernel.nrCpus - 1);
  const known = new Arguments([]);
  known.cookie = site.cookie;
  vm.contexts.set(ctx, known);
  try {
    arena.zero(ctx, site.size);
    site.fill(ctx);
    prog.runTraced(ctx);
  } catch (error) {
    if (!(error instanceof ProgramAborted)) throw error;
    return error;
  } finally {
    vm.contexts.delete(ctx);
    arena.free(ctx, site.size);
    vm.task = task;
    vm.userMemory = userMemory;
    vm.caller = caller;
    kernel.cpu = cpu;
  }
  return undefined;
}
