/**
 * Kernel functions on CPU masks (Documentation/bpf/cpumasks.rst): `struct bpf_cpumask`
 * is the bits, then a reference count. Masks have room for 64 CPUs a word.
 */
import { EACCES, EINVAL } from '../../uapi/errno.ts';
import type { HelperImpl, RetKind } from '../helper.ts';
import type { Vm } from '../vm.ts';
import { objDrop } from './kfunc_object.ts';

function bytesOf(vm: Vm): number {
  return Math.ceil(vm.env.nrCpus / 64) * 8;
}

function test(vm: Vm, mask: number, cpu: number): boolean {
  return ((vm.env.arena.u8[mask + (cpu >> 3)]! >> (cpu & 7)) & 1) === 1;
}

function assign(vm: Vm, mask: number, cpu: number, value: boolean): void {
  const { u8 } = vm.env.arena;
  const bit = 1 << (cpu & 7);
  const at = mask + (cpu >> 3);
  u8[at] = value ? u8[at]! | bit : u8[at]! & ~bit;
}

function isCpu(vm: Vm, cpu: number): boolean {
  return cpu >>> 0 < vm.env.nrCpus;
}

/** First CPU for which `wanted` says yes, or the number of CPUs. */
function find(vm: Vm, wanted: (cpu: number) => boolean): number {
  const { nrCpus } = vm.env;
  for (let cpu = 0; cpu < nrCpus; cpu++) if (wanted(cpu)) return cpu;
  return nrCpus;
}

/** Whether every CPU satisfies a test. */
function every(vm: Vm, holds: (cpu: number) => boolean): number {
  return find(vm, (cpu) => !holds(cpu)) === vm.env.nrCpus ? 1 : 0;
}

function create(vm: Vm): number {
  const size = bytesOf(vm) + 8;
  const address = vm.env.arena.alloc(size);
  if (address === 0) return 0;
  const refcountOff = bytesOf(vm);
  vm.env.arena.i32[(address + refcountOff) >> 2] = 1;
  vm.objects.set(address, { size, refcountOff });
  return address;
}

function acquire(vm: Vm, mask = 0): number {
  const object = vm.objects.get(mask);
  if (object !== undefined) {
    const at = (mask + object.refcountOff) >> 2;
    vm.env.arena.i32[at] = vm.env.arena.i32[at]! + 1;
  }
  return mask;
}

function release(vm: Vm, mask = 0): number {
  objDrop(vm, mask);
  return 0;
}

/** A function that combines two masks into a third; whether a bit is left. */
function combine(op: (a: boolean, b: boolean) => boolean) {
  return (vm: Vm, to = 0, a = 0, b = 0): number => {
    let any = 0;
    for (let cpu = 0; cpu < vm.env.nrCpus; cpu++) {
      const value = op(test(vm, a, cpu), test(vm, b, cpu));
      assign(vm, to, cpu, value);
      if (value) any = 1;
    }
    return any;
  };
}

function setAll(value: boolean) {
  return (vm: Vm, mask = 0): number => {
    for (let cpu = 0; cpu < vm.env.nrCpus; cpu++) assign(vm, mask, cpu, value);
    return 0;
  };
}

function setCpu(value: boolean) {
  return (vm: Vm, cpu = 0, mask = 0): number => {
    if (isCpu(vm, cpu)) assign(vm, mask, cpu, value);
    return 0;
  };
}

function testAndSet(value: boolean) {
  return (vm: Vm, cpu = 0, mask = 0): number => {
    if (!isCpu(vm, cpu)) return 0;
    const before = test(vm, mask, cpu);
    assign(vm, mask, cpu, value);
    return before ? 1 : 0;
  };
}

function weight(vm: Vm, mask = 0): number {
  let count = 0;
  for (let cpu = 0; cpu < vm.env.nrCpus; cpu++) if (test(vm, mask, cpu)) count++;
  return count;
}

/** bpf_cpumask_populate: from memory of whole words, large enough for all CPUs. */
function populate(vm: Vm, mask = 0, from = 0, size = 0): number {
  const bytes = bytesOf(vm);
  if (size < bytes) return -EACCES;
  if ((from & 7) !== 0) return -EINVAL;
  vm.env.arena.u8.copyWithin(mask, from, from + bytes);
  return 0;
}

function row(name: string, doc: string, args: string, ret: RetKind, fn: HelperImpl['fn']): HelperImpl {
  return { name: `bpf_cpumask_${name}`, doc, args, ret, fn };
}

export const CPUMASK_KFUNCS: readonly HelperImpl[] = [
  row('create', 'A new, empty mask.', '', 'ptr', create),
  row('acquire', 'Takes a reference.', 'i', 'ptr', acquire),
  row('release', 'Drops a reference.', 'i', 'void', release),
  row('first', 'First CPU of the mask.', 'i', 'uint', (vm, mask = 0) => find(vm, (cpu) => test(vm, mask, cpu))),
  row('first_zero', 'First CPU not in the mask.', 'i', 'uint', (vm, mask = 0) =>
    find(vm, (cpu) => !test(vm, mask, cpu)),
  ),
  row('first_and', 'First CPU of both masks.', 'ii', 'uint', (vm, a = 0, b = 0) =>
    find(vm, (cpu) => test(vm, a, cpu) && test(vm, b, cpu)),
  ),
  row('set_cpu', 'Adds a CPU.', 'ii', 'void', setCpu(true)),
  row('clear_cpu', 'Takes a CPU out.', 'ii', 'void', setCpu(false)),
  row('test_cpu', 'Whether a CPU is in the mask.', 'ii', 'int', (vm, cpu = 0, mask = 0) =>
    isCpu(vm, cpu) && test(vm, mask, cpu) ? 1 : 0,
  ),
  row('test_and_set_cpu', 'Adds a CPU; whether it was there.', 'ii', 'int', testAndSet(true)),
  row('test_and_clear_cpu', 'Takes a CPU out; whether it was there.', 'ii', 'int', testAndSet(false)),
  row('setall', 'Adds all CPUs.', 'i', 'void', setAll(true)),
  row('clear', 'Takes all CPUs out.', 'i', 'void', setAll(false)),
  row(
    'and',
    'Intersection of two masks; whether it is not empty.',
    'iii',
    'int',
    combine((a, b) => a && b),
  ),
  row(
    'or',
    'Union of two masks.',
    'iii',
    'void',
    combine((a, b) => a || b),
  ),
  row(
    'xor',
    'CPUs of one of two masks.',
    'iii',
    'void',
    combine((a, b) => a !== b),
  ),
  row('equal', 'Whether two masks are the same.', 'ii', 'int', (vm, a = 0, b = 0) =>
    every(vm, (cpu) => test(vm, a, cpu) === test(vm, b, cpu)),
  ),
  row('intersects', 'Whether two masks have a CPU in common.', 'ii', 'int', (vm, a = 0, b = 0) =>
    every(vm, (cpu) => !(test(vm, a, cpu) && test(vm, b, cpu))) === 1 ? 0 : 1,
  ),
  row('subset', 'Whether one mask is within another.', 'ii', 'int', (vm, a = 0, b = 0) =>
    every(vm, (cpu) => !test(vm, a, cpu) || test(vm, b, cpu)),
  ),
  row('empty', 'Whether the mask is empty.', 'i', 'int', (vm, mask = 0) => every(vm, (cpu) => !test(vm, mask, cpu))),
  row('full', 'Whether all CPUs are in the mask.', 'i', 'int', (vm, mask = 0) =>
    every(vm, (cpu) => test(vm, mask, cpu)),
  ),
  row('copy', 'Copies a mask.', 'ii', 'void', (vm, to = 0, from = 0) => {
    vm.env.arena.u8.copyWithin(to, from, from + bytesOf(vm));
    return 0;
  }),
  row('any_distribute', 'A CPU of the mask.', 'i', 'uint', (vm, mask = 0) => find(vm, (cpu) => test(vm, mask, cpu))),
  row('any_and_distribute', 'A CPU of both masks.', 'ii', 'uint', (vm, a = 0, b = 0) =>
    find(vm, (cpu) => test(vm, a, cpu) && test(vm, b, cpu)),
  ),
  row('weight', 'Number of CPUs in the mask.', 'i', 'uint', weight),
  row('populate', 'Fills a mask from memory.', 'iii', 'int', populate),
];
