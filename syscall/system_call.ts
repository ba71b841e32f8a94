/**
 * System calls as programs see them: the tracepoints `sys_enter` and `sys_exit`, with their
 * records and those of each call (`sys_enter_NAME`), and the function `__x64_sys_NAME`
 * (kernel/trace/trace_syscalls.c, `syscall_trace_enter`). bpf(2) is carried out here; the
 * others are passed on to the kernel of the machine, so their end is not seen.
 */
import { BASE_HI } from '../mm/arena.ts';
import { type Image, Images } from '../vm/images.ts';
import { PT_REGS_SIZE } from '../vm/progtypes/trace.ts';
import { fireTracepoint } from '../vm/trampoline.ts';
import { ProgramAborted } from '../vm/vm.ts';
import type { Caller } from './caller.ts';
import type { Kernel } from './kernel.ts';
import { asCaller } from './run_context.ts';

/** One call. */
export interface SystemCall {
  readonly nr: number;
  /** As in `sys_enter_NAME`. */
  readonly name: string;
  /** The arguments it has, as 64-bit values; of those that are not told the registers are 0. */
  readonly args: readonly bigint[];
  /** Where the caller goes on; 0: not known. */
  readonly ip: bigint;
}

/** Arguments of a function as 64-bit values; made only when somebody looks. */
export type MakeArgs = (images: Images) => readonly bigint[];

/** Registers of a call's arguments, in `struct pt_regs`. */
const REGISTERS = ['di', 'si', 'dx', 'r10', 'r8', 'r9'] as const;
/** `struct trace_entry`, which every record of a tracepoint begins with. */
const ENTRY_SIZE = 8;
const RECORD_SIZE = ENTRY_SIZE + 8 + 6 * 8;
/** Offsets in `struct pt_regs` of x86_64 (arch/x86/include/asm/ptrace.h), as programs of type kprobe see it. */
const AX = 80;
const ARG_OFFSETS = [112, 104, 96, 88, 72, 64] as const;
/** What `ax` says before a call is carried out. */
const ENOSYS = -38;

/** The 64-bit address of a place in the arena. */
export function pointer(addr: number): bigint {
  return addr === 0 ? 0n : (BigInt(BASE_HI) << 32n) | BigInt(addr);
}

/** Whether a program waits for this call to begin. */
export function isCallWatched(kernel: Kernel, name: string): boolean {
  const { vm, probes } = kernel;
  const { size } = probes;
  if (vm.tracepoints.has('sys_enter')) return true;
  if (size > 0 && (probes.has('tracepoint', 'sys_enter') || probes.has('tracepoint', `sys_enter_${name}`))) return true;
  if (vm.functions.size === 0 && size === 0) return false;
  const func = functionOf(name);
  return vm.functions.has(func) || probes.has('kprobe', func);
}

function functionOf(name: string): string {
  return `__x64_sys_${name}`;
}

/** A call that is carried out here, by `run`, with all that is attached to it: its result. */
export function runSystemCall(kernel: Kernel, caller: Caller, call: SystemCall, run: () => number): number {
  return withRegisters(kernel, caller, call, (regs) => {
    enter(kernel, regs, call);
    const result = callFunction(kernel, functionOf(call.name), () => [pointer(regs.addr)], run);
    exit(kernel, regs, call, result);
    return result;
  });
}

/**
 * A call that the machine's kernel will carry out, when this returns undefined; else its
 * result, which a program has decided (fmod_ret).
 */
export function passSystemCall(kernel: Kernel, caller: Caller, call: SystemCall): number | undefined {
  const { cpu } = kernel;
  kernel.cpu = caller.cpu;
  try {
    return pass(kernel, caller, call);
  } finally {
    kernel.cpu = cpu;
  }
}

function pass(kernel: Kernel, caller: Caller, call: SystemCall): number | undefined {
  return withRegisters(kernel, caller, call, (regs) => {
    enter(kernel, regs, call);
    const { vm, probes } = kernel;
    const name = functionOf(call.name);
    probes.fire(vm, 'kprobe', name, PT_REGS_SIZE, (at) => fillRegisters(kernel, at, [pointer(regs.addr)]));
    let result: bigint | undefined;
    guarded(kernel, name, () => {
      result = vm.functions.get(name)?.pass(vm, [pointer(regs.addr)]);
    });
    if (result === undefined) return undefined;
    const value = Number(BigInt.asIntN(32, result));
    exit(kernel, regs, call, value);
    return value;
  });
}

function withRegisters<T>(kernel: Kernel, caller: Caller, call: SystemCall, body: (regs: Image) => T): T {
  const { vm } = kernel;
  return asCaller(kernel, vm, caller, () => {
    const images = new Images(vm.env);
    try {
      return body(registers(images, call));
    } finally {
      images.free();
    }
  });
}

/** Calls a function of the kernel with what is attached to it around it: an int. */
export function callFunction(kernel: Kernel, name: string, makeArgs: MakeArgs, target: () => number): number {
  const { vm, probes } = kernel;
  const tramp = vm.functions.get(name);
  const before = probes.has('kprobe', name);
  const after = probes.has('kretprobe', name);
  if (tramp === undefined && !before && !after) return target();
  const images = new Images(vm.env);
  let result: number | undefined;
  const once = (): number => {
    result ??= target();
    return result;
  };
  try {
    const args = makeArgs(images);
    if (before) probes.fire(vm, 'kprobe', name, PT_REGS_SIZE, (at) => fillRegisters(kernel, at, args));
    if (tramp !== undefined)
      guarded(kernel, name, () => {
        const decided = tramp.call(vm, args, () => BigInt.asUintN(64, BigInt(once())));
        result = Number(BigInt.asIntN(32, decided));
      });
    const value = once();
    if (after)
      probes.fire(vm, 'kretprobe', name, PT_REGS_SIZE, (at) => {
        kernel.arena.view.setBigUint64(at + AX, BigInt.asUintN(64, BigInt(value)), true);
      });
    return value;
  } finally {
    images.free();
  }
}

function fillRegisters(kernel: Kernel, at: number, args: readonly bigint[]): void {
  args.slice(0, ARG_OFFSETS.length).forEach((arg, i) => {
    kernel.arena.view.setBigUint64(at + ARG_OFFSETS[i]!, BigInt.asUintN(64, arg), true);
  });
}

function registers(images: Images, { nr, args, ip }: SystemCall): Image {
  const image = images.make('pt_regs').set('orig_ax', nr).set('ax', ENOSYS).set('ip', ip);
  args.forEach((value, i) => {
    image.set(REGISTERS[i]!, value);
  });
  return image;
}

/** `trace_sys_enter`, and what `perf_syscall_enter` gives to programs. */
function enter(kernel: Kernel, regs: Image, { nr, name, args }: SystemCall): void {
  const { vm, probes } = kernel;
  const { view } = kernel.arena;
  guarded(kernel, 'sys_enter', () => fireTracepoint(vm, 'sys_enter', [pointer(regs.addr), BigInt(nr)]));
  const fill = (at: number): void => {
    view.setBigInt64(at + ENTRY_SIZE, BigInt(nr), true);
    args.forEach((arg, i) => {
      view.setBigUint64(at + ENTRY_SIZE + 8 + i * 8, BigInt.asUintN(64, arg), true);
    });
  };
  probes.fire(vm, 'tracepoint', 'sys_enter', RECORD_SIZE, fill);
  probes.fire(vm, 'tracepoint', `sys_enter_${name}`, RECORD_SIZE, fill);
}

function exit(kernel: Kernel, regs: Image, { nr, name }: SystemCall, result: number): void {
  const { vm, probes } = kernel;
  const { view } = kernel.arena;
  regs.set('ax', result);
  guarded(kernel, 'sys_exit', () => fireTracepoint(vm, 'sys_exit', [pointer(regs.addr), BigInt(result)]));
  const fill = (at: number): void => {
    view.setBigInt64(at + ENTRY_SIZE, BigInt(nr), true);
    view.setBigInt64(at + ENTRY_SIZE + 8, BigInt(result), true);
  };
  probes.fire(vm, 'tracepoint', 'sys_exit', RECORD_SIZE, fill);
  probes.fire(vm, 'tracepoint', `sys_exit_${name}`, RECORD_SIZE, fill);
}

/** A program that has to be ended does not end the call. */
function guarded(kernel: Kernel, name: string, body: () => void): void {
  try {
    body();
  } catch (error) {
    if (!(error instanceof ProgramAborted)) throw error;
    kernel.vm.onNote?.(`A program on ${name} was ended: ${error.message}`);
  }
}
