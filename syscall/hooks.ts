/**
 * What bpf(2) itself passes in a kernel, and programs may be attached to: the system call's
 * tracepoints (`sys_enter`, `sys_exit`, `sys_enter_bpf`, `sys_exit_bpf`), its functions, and
 * the hooks of security modules (`security_bpf*`, include/linux/lsm_hook_defs.h), whose
 * programs can refuse a command. While nobody is attached, none of it costs anything.
 */
import type { BpfProgBase } from '../base/prog.ts';
import type { BpfMap } from '../maps/map.ts';
import type { Images } from '../vm/images.ts';
import type { Attr } from './attr.ts';
import type { Caller } from './caller.ts';
import { mapImage, progImage } from './iter/images.ts';
import type { Kernel } from './kernel.ts';
import { asCaller } from './run_context.ts';
import { callFunction, type MakeArgs, pointer, runSystemCall } from './system_call.ts';

/** bpf(2) of x86_64, and the function it is. */
const NR_BPF = 321;
const SYSCALL = '__x64_sys_bpf';
/** An attr at or above this is no user's: a program called bpf(2) (`bpf_sys_bpf`). */
const KERNEL_ADDR = 2 ** 47;

/** A call of bpf(2) that is looked at. */
interface Call {
  readonly cmd: number;
  readonly size: number;
  readonly uaddr: number;
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
    vm.functions.has(SYSCALL) ||
    vm.tracepoints.has('sys_exit') ||
    probes.has('tracepoint', 'sys_exit') ||
    probes.has('tracepoint', 'sys_exit_bpf') ||
    probes.has('kretprobe', SYSCALL)
  );
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
  const args = [BigInt(call.cmd), BigInt(call.uaddr), BigInt(call.size)];
  return runSystemCall(kernel, caller, { nr: NR_BPF, name: 'bpf', args, ip: 0n }, run);
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
