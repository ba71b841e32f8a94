/** Every helper and kernel function that has an implementation, and the machine that has them all. */
import { kernelContext } from '../contexts/kernel_image.ts';
import { Packets } from '../contexts/packet_access.ts';
import type { HelperImpl, HelperRecord } from '../helper.ts';
import { Vm, type VmHost, type VmTables } from '../vm.ts';
import { BTF_PRINT_HELPERS } from './btf_print.ts';
import { DYNPTR_HELPERS, DYNPTR_KFUNCS } from './dynptr.ts';
import { ARENA_KFUNCS } from './kfunc_arena.ts';
import { COMMON_KFUNCS } from './kfunc_common.ts';
import { KERNEL_KFUNCS } from './kfunc_kernel.ts';
import { OBJECT_KFUNCS } from './kfunc_object.ts';
import { STRING_KFUNCS } from './kfunc_string.ts';
import { MAP_HELPERS } from './map.ts';
import { OBJECT_KFUNC_LISTS, PACKET_HELPERS } from './packet.ts';
import { PRINT_HELPERS } from './print.ts';
import { PROBE_HELPERS, PROBE_KFUNCS } from './probe.ts';
import { RINGBUF_HELPERS } from './ringbuf.ts';
import { loadAbs } from './skb_bytes.ts';
import { STORAGE_HELPERS } from './storage.ts';
import { STRING_HELPERS } from './string.ts';
import { SYNC_HELPERS, SYNC_KFUNCS } from './sync.ts';
import { SYSTEM_HELPERS } from './system.ts';
import { TASK_HELPERS } from './task.ts';

/** The lists of helpers; a file a topic. */
const HELPER_LISTS: readonly (readonly HelperRecord[])[] = [
  MAP_HELPERS,
  PACKET_HELPERS,
  SYSTEM_HELPERS,
  TASK_HELPERS,
  PROBE_HELPERS,
  STRING_HELPERS,
  PRINT_HELPERS,
  BTF_PRINT_HELPERS,
  DYNPTR_HELPERS,
  SYNC_HELPERS,
  RINGBUF_HELPERS,
  STORAGE_HELPERS,
];

/** The lists of kernel functions. */
const KFUNC_LISTS: readonly (readonly HelperImpl[])[] = [
  COMMON_KFUNCS,
  STRING_KFUNCS,
  OBJECT_KFUNCS,
  ARENA_KFUNCS,
  KERNEL_KFUNCS,
  SYNC_KFUNCS,
  PROBE_KFUNCS,
  DYNPTR_KFUNCS,
  OBJECT_KFUNC_LISTS,
];

/** Helpers by number. */
export const HELPERS: ReadonlyMap<number, HelperRecord> = new Map(
  HELPER_LISTS.flat().map((helper) => [helper.id, helper]),
);

/**
 * Kernel functions by name. They are called as they are: an int comes back in the low half
 * of r0, and the high half is 0, where helpers extend its sign.
 */
export const KFUNCS: ReadonlyMap<string, HelperImpl> = new Map(
  KFUNC_LISTS.flat().map((kfunc) => [kfunc.name, kfunc.ret === 'int' ? { ...kfunc, ret: 'uint' } : kfunc]),
);

const TABLES: VmTables = {
  helper: (id) => HELPERS.get(id),
  kfunc: (name) => KFUNCS.get(name),
};

/** A machine with all helpers. */
export function createVm(env: VmHost): Vm {
  const vm = new Vm(env, TABLES);
  vm.loadAbs = loadAbs;
  vm.packet = new Packets(vm);
  vm.kernelContext = kernelContext;
  return vm;
}
