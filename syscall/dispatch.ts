/**
 * bpf(2): the checks at its entry and the table of commands (`__sys_bpf`).
 */
import { monotonicMs, PENDING, runUntil, type Work } from '../base/work.ts';
import { BPF_CMD } from '../uapi/bpf.ts';
import { CAP } from '../uapi/capability.ts';
import { E2BIG, EFAULT, EINVAL, EPERM } from '../uapi/errno.ts';
import { Attr } from './attr.ts';
import { COMMAND_ATTRS } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { COMMANDS } from './commands.ts';
import { capable } from './fd.ts';
import { endIsWatched, isWatched, securityBpf, watchedCall } from './hooks.ts';
import type { Kernel } from './kernel.ts';
import { FIRST_SLICE_MS, PendingCall } from './pending.ts';

/**
 * One command: the result of bpf(2), 0 or more, or a negative errno; or the work that leads
 * to it. The unused tail of the attr has been checked.
 */
export type Command = (kernel: Kernel, attr: Attr, caller: Caller) => number | Work;

/** Largest attr that is looked at (PAGE_SIZE). */
const SIZE_MAX = 4096;

/** Nested calls: a syscall program may call bpf(2) itself. */
const DEPTH_MAX = 4;

const CHECK_FROM = Uint8Array.from(COMMAND_ATTRS, (command) => command.checkFrom);

/** Work that its caller waits for on the spot: a program that calls bpf(2). Others are served between its pieces. */
function runServing(kernel: Kernel, work: Work): number {
  for (;;) {
    const step = runUntil(work, monotonicMs() + FIRST_SLICE_MS, false);
    if (step.done === true) return step.value;
    kernel.vm.serveOthers();
  }
}

/** The attrs of the calls in progress. */
export class Dispatcher {
  readonly #attrs = Array.from({ length: DEPTH_MAX }, () => new Attr());
  #depth = 0;
  /** The command that answered PENDING. */
  pending: PendingCall | undefined = undefined;

  /**
   * Runs one command. `bytes` are the first `min(size, 4096)` bytes at `uaddr`, or
   * undefined when they cannot be read. Order of the checks: size, bytes beyond the
   * known attr, unreadable, unknown command, unused tail.
   */
  bpf(kernel: Kernel, cmd: number, bytes: Uint8Array | undefined, size: number, uaddr: number, caller: Caller): number {
    if (!isWatched(kernel)) return this.#call(kernel, cmd, bytes, size, uaddr, caller, caller.mayWait === true);
    const untilEnd = endIsWatched(kernel);
    const mayWait = caller.mayWait === true && !untilEnd;
    // Whoever waits for the end wants to see the descriptor; one of an iterator is made in another way.
    if (untilEnd && cmd !== BPF_CMD.ITER_CREATE) caller.installAtOnce?.(true);
    try {
      return watchedCall(kernel, caller, { cmd, size, uaddr }, () =>
        this.#call(kernel, cmd, bytes, size, uaddr, caller, mayWait),
      );
    } finally {
      if (untilEnd) caller.installAtOnce?.(false);
    }
  }

  #call(
    kernel: Kernel,
    cmd: number,
    bytes: Uint8Array | undefined,
    size: number,
    uaddr: number,
    caller: Caller,
    mayWait: boolean,
  ): number {
    if (size > SIZE_MAX) return -E2BIG;
    if (bytes === undefined) return -EFAULT;
    for (let i = kernel.profile.attrSize; i < size && i < bytes.length; i++) if (bytes[i] !== 0) return -E2BIG;
    if (this.#depth === DEPTH_MAX) return -EINVAL;
    const attr = this.#attrs[this.#depth] as Attr;
    attr.load(bytes, size, uaddr);
    const refused = securityBpf(kernel, cmd, attr);
    if (refused < 0) return refused;
    if (!(cmd >= 0 && cmd < kernel.profile.nrCommands)) return -EINVAL;
    if (!attr.tailIsZero(CHECK_FROM[cmd] as number)) {
      // PROG_QUERY is the one command that asks for the capability first.
      return cmd === BPF_CMD.PROG_QUERY && !capable(caller, CAP.NET_ADMIN) ? -EPERM : -EINVAL;
    }
    this.#depth++;
    const cpu = kernel.cpu;
    kernel.cpu = caller.cpu;
    try {
      const result = (COMMANDS[cmd] as Command)(kernel, attr, caller);
      return typeof result === 'number' ? result : this.#begin(kernel, cmd, result, caller, mayWait);
    } finally {
      kernel.cpu = cpu;
      this.#depth--;
    }
  }

  /**
   * The first milliseconds of a command; all of it for a caller that cannot wait. In the
   * middle of a program's run ({@link Kernel.doors}) only the first piece, and nothing of
   * what would run another program.
   */
  #begin(kernel: Kernel, cmd: number, work: Work, caller: Caller, mayWait: boolean): number {
    const { isServing } = kernel.doors;
    const isBegun = !isServing || cmd !== BPF_CMD.PROG_TEST_RUN;
    if (isBegun) {
      let step = work.next(false);
      if (step.done === true) return step.value;
      if (!mayWait) return runServing(kernel, work);
      if (!isServing) step = runUntil(work, monotonicMs() + FIRST_SLICE_MS, false);
      if (step.done === true) return step.value;
    }
    this.pending = new PendingCall(kernel, work, caller, isBegun);
    // The command keeps its attr.
    this.#attrs[this.#depth - 1] = new Attr();
    return PENDING;
  }
}
