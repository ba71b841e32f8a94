/**
 * What bpf(2) itself passes in a kernel, and programs may be attached to: the system call's
 * tracepoints (`sys_enter`, `sys_exit`, `sys_enter_bpf`, `sys_exit_bpf`), its functions, and
 * the hooks of security modules (`security_bpf*`, include/linux/lsm_hook_defs.h), whose
 * programs can refuse a command. While nobody is attached, none of it costs anything.
 */
import type { BpfProgBase } from '../base/prog.ts';
import type { BpfMap } from '../maps/map.ts';
import { BASE_HI } from '../mm/arena.ts';
import { Images } from '../vm/images.ts';
import { PT_REGS_SIZE } from '../vm/progtypes/trace.ts';
import { fireTracepoint } from '../vm/trampoline.ts';
import { ProgramAborted } from '../vm/vm.ts';
import type { Attr } from './attr.ts';
import type { Caller } from './caller.ts';
import { mapImage, progImage } from './iter/images.ts';
import type { Kernel } from './kernel.ts';
import { asCaller } from './run_context.ts';

/** bpf(2) of x86_64, and the function it is. */
const NR_BPF = 321;
const SYSCALL = '__x64_sys_bpf';
/** An attr at or above this is no user's: a program called bpf(2) (`bpf_sys_bpf`). */
const KERNEL_ADDR = 2 ** 47;
/** Registers of arguments, in `struct pt_regs`. */
const REGISTERS = ['di', 'si', 'dx', 'cx', 'r8', 'r9'] as const;
/** `struct trace_entry`, which every record of a tracepoint begins with. */
const ENTRY_SIZE = 8;
const RECORD_SIZE = ENTRY_SIZE + 8 + 6 * 8;

/** A call of bpf(2) that is looked at. */
interface Call {
  readonly cmd: number;
  readonly size: number;
  readonly uaddr: number;
}

/** Arguments of a function as 64-bit values; made only when somebody looks. */
type MakeArgs = (images: Images) => readonly bigint[];

function pointer(addr: number): bigint {
  return addr === 0 ? 0n : (BigInt(BASE_HI) << 32n) | BigInt(addr);
}

/** Whether programs are attached to anything that a command may pass. */
export function isWatched(kernel: Kernel): boolean {
  if (!kernel.hasVm) return false;
  const { vm } = kernel;
  return vm.functions.size > 0 || vm.tracepoints.size > 0 || kernel.probes.size > 0;
}

/** Whether somebody wants to know how the call ends. */
export function endIsWatched(kernel: Kernel): boolean {
  const { vm, probes } = kernel;
  return (
    (vm.functions.get(SYSCALL)?.inUse ?? false) ||
    (vm.tracepoints.get('sys_exit')?.length ?? 0) > 0 ||
    probes.has('tracepoint', 'sys_exit') ||
    probes.has('tracepoint', 'sys_exit_bpf') ||
    probes.has('kretprobe', SYSCALL)
  );
}

/** Calls a function of the kernel with what is attached to it around it: an int. */
function callFunction(kernel: Kernel, name: string, makeArgs: MakeArgs, target: () => number): number {
  const { vm, probes } = kernel;
  const tramp = vm.functions.get(name);
  const isTraced = tramp?.inUse === true;
  const before = probes.has('kprobe', name);
  const after = probes.has('kretprobe', name);
  if (!isTraced && !before && !after) return target();
  const images = new Images(vm.env);
  let result: number | undefined;
  const once = (): number => {
    result ??= target();
    return result;
  };
  try {
    const args = makeArgs(images);
    if (before) probes.fire(vm, 'kprobe', name, PT_REGS_SIZE, (at) => fillRegisters(kernel, at, args));
    if (isTraced)
      try {
        result = Number(
          BigInt.asIntN(
            32,
            tramp.call(vm, args, () => BigInt.asUintN(64, BigInt(once()))),
          ),
        );
      } catch (error) {
        if (!(error instanceof ProgramAborted)) throw error;
        vm.onNote?.(`A program attached to ${name} was ended: ${error.message}`);
      }
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

/** Offsets in `struct pt_regs` of x86_64 (arch/x86/include/asm/ptrace.h), as programs of type kprobe see it. */
const AX = 80;
const ARG_OFFSETS = [112, 104, 96, 88, 72, 64] as const;

function fillRegisters(kernel: Kernel, at: number, args: readonly bigint[]): void {
  args.slice(0, ARG_OFFSETS.length).forEach((arg, i) => {
    kernel.arena.view.setBigUint64(at + ARG_OFFSETS[i]!, BigInt.asUintN(64, arg), true);
  });
}

/** A hook of security modules: 0, or what a program on it or on the function that calls it returns. */
function securityHook(kernel: Kernel, hook: string, makeArgs: MakeArgs): number {
  return callFunction(kernel, `security_${hook}`, makeArgs, () =>
    callFunction(kernel, `bpf_lsm_${hook}`, makeArgs, () => 0),
  );
}

/** The call as a whole: `run` carries it out. What a program called (`bpf_sys_bpf`) is no system call. */
export function watchedCall(kernel: Kernel, caller: Caller, call: Call, run: () => number): number {
  if (call.uaddr >= KERNEL_ADDR) return run();
  const { vm } = kernel;
  return asCaller(kernel, vm, caller, () => {
    const images = new Images(vm.env);
    try {
      const regs = registers(images, call);
      const args = [BigInt(call.cmd), BigInt(call.uaddr), BigInt(call.size)];
      enter(kernel, regs, args);
      const result = callFunction(kernel, SYSCALL, () => [regs], run);
      exit(kernel, regs, result);
      return result;
    } finally {
      images.free();
    }
  });
}

function registers(images: Images, { cmd, uaddr, size }: Call): bigint {
  const image = images.make('pt_regs').set('orig_ax', NR_BPF).set('ax', -38);
  [cmd, uaddr, size].forEach((value, i) => {
    image.set(REGISTERS[i]!, value);
  });
  return pointer(image.addr);
}

/** `trace_sys_enter`, and what `perf_syscall_enter` gives to programs. */
function enter(kernel: Kernel, regs: bigint, args: readonly bigint[]): void {
  const { vm, probes } = kernel;
  const { view } = kernel.arena;
  guarded(kernel, 'sys_enter', () => fireTracepoint(vm, 'sys_enter', [regs, BigInt(NR_BPF)]));
  const fill = (at: number): void => {
    view.setBigInt64(at + ENTRY_SIZE, BigInt(NR_BPF), true);
    args.forEach((arg, i) => {
      view.setBigUint64(at + ENTRY_SIZE + 8 + i * 8, BigInt.asUintN(64, arg), true);
    });
  };
  probes.fire(vm, 'tracepoint', 'sys_enter', RECORD_SIZE, fill);
  probes.fire(vm, 'tracepoint', 'sys_enter_bpf', RECORD_SIZE, fill);
}

function exit(kernel: Kernel, regs: bigint, result: number): void {
  const { vm, probes } = kernel;
  const { view } = kernel.arena;
  guarded(kernel, 'sys_exit', () => fireTracepoint(vm, 'sys_exit', [regs, BigInt(result)]));
  const fill = (at: number): void => {
    view.setBigInt64(at + ENTRY_SIZE, BigInt(NR_BPF), true);
    view.setBigInt64(at + ENTRY_SIZE + 8, BigInt(result), true);
  };
  probes.fire(vm, 'tracepoint', 'sys_exit', RECORD_SIZE, fill);
  probes.fire(vm, 'tracepoint', 'sys_exit_bpf', RECORD_SIZE, fill);
}

/** A program that has to be ended does not end the command. */
function guarded(kernel: Kernel, name: string, body: () => void): void {
  try {
    body();
  } catch (error) {
    if (!(error instanceof ProgramAborted)) throw error;
    kernel.vm.onNote?.(`A program on the tracepoint ${name} was ended: ${error.message}`);
  }
}

/** The attr as the kernel has copied it: all of its fields, those that were not given are 0. */
function attrImage(images: Images, attr: Attr): bigint {
  return pointer(images.copy(attr.u8));
}

function isKernelCall({ uaddr }: Attr): bigint {
  return uaddr >= KERNEL_ADDR ? 1n : 0n;
}

/** `security_bpf`: before the command is looked at (`__sys_bpf`). Below 0: refused. */
export function securityBpf(kernel: Kernel, cmd: number, attr: Attr): number {
  if (!isWatched(kernel)) return 0;
  const known = Math.min(attr.size, kernel.profile.attrSize);
  return securityHook(kernel, 'bpf', (images) => [
    BigInt(cmd),
    attrImage(images, attr),
    BigInt(known),
    isKernelCall(attr),
  ]);
}

/** `security_bpf_map_create`: a map is whole, but has no id yet. Not 0: it is dropped. */
export function securityMapCreate(kernel: Kernel, map: BpfMap, attr: Attr): number {
  if (!isWatched(kernel)) return 0;
  return securityHook(kernel, 'bpf_map_create', (images) => [
    pointer(mapImage(kernel, map)),
    attrImage(images, attr),
    0n,
    isKernelCall(attr),
  ]);
}

/** `security_bpf_map`: a descriptor of a map is to be made. Below 0: it is not. */
export function securityMap(kernel: Kernel, map: BpfMap, mode: number): number {
  if (!isWatched(kernel)) return 0;
  return securityHook(kernel, 'bpf_map', () => [pointer(mapImage(kernel, map)), BigInt(mode)]);
}

/** `security_bpf_prog`: a descriptor of a program is to be made. Below 0: it is not. */
export function securityProg(kernel: Kernel, caller: Caller, prog: BpfProgBase): number {
  if (!isWatched(kernel)) return 0;
  // A verification may have taken long: others were served since.
  return asCaller(kernel, kernel.vm, caller, () =>
    securityHook(kernel, 'bpf_prog', (images) => [pointer(progImage(images, prog))]),
  );
}

/** What is known of a program before the verifier has seen it. */
interface NewProg {
  readonly type: number;
  readonly expectedAttachType: number;
  readonly name: string;
  readonly insns: Uint8Array;
  readonly attachBtfId: number;
}

/** `security_bpf_prog_load`: before the verifier. Not 0: refused. */
export function securityProgLoad(kernel: Kernel, prog: NewProg, attr: Attr): number {
  if (!isWatched(kernel)) return 0;
  return securityHook(kernel, 'bpf_prog_load', (images) => {
    const aux = images
      .make('bpf_prog_aux')
      .text('name', prog.name)
      .set('attach_btf_id', prog.attachBtfId)
      .set('load_time', kernel.clock.boottime());
    const image = images
      .make('bpf_prog')
      .set('type', prog.type)
      .set('expected_attach_type', prog.expectedAttachType)
      .set('len', prog.insns.length / 8)
      .ptr('aux', aux.addr);
    aux.ptr('prog', image.addr);
    return [pointer(image.addr), attrImage(images, attr), 0n, isKernelCall(attr)];
  });
}
