/**
 * Helpers on maps (man bpf-helpers). Where a call site always has the same map the
 * engines go to the map's own functions directly; these serve the other call sites
 * and the operations that are not hot.
 */
import { E2BIG, EINVAL, ENOTSUPP } from '../../uapi/errno.ts';
import type { HelperRecord } from '../helper.ts';
import { BPF_MAX_LOOPS } from '../insn.ts';
import type { Vm } from '../vm.ts';

/** 64-bit flags given as halves, as one number: an unknown bit in the upper half is an unknown flag. */
export function flags64(lo: number, hi: number): number {
  return hi === 0 ? lo : -1;
}

function lookup(vm: Vm, mapAddr = 0, key = 0): number {
  const map = vm.mapAt(mapAddr);
  return map?.ops.lookup?.(map, key) ?? 0;
}

function update(vm: Vm, mapAddr = 0, key = 0, value = 0, lo = 0, hi = 0): number {
  const map = vm.mapAt(mapAddr);
  return map?.ops.update?.(map, key, value, flags64(lo, hi)) ?? -ENOTSUPP;
}

function remove(vm: Vm, mapAddr = 0, key = 0): number {
  const map = vm.mapAt(mapAddr);
  return map?.ops.remove?.(map, key) ?? -ENOTSUPP;
}

function push(vm: Vm, mapAddr = 0, value = 0, lo = 0, hi = 0): number {
  const map = vm.mapAt(mapAddr);
  return map?.ops.push?.(map, value, flags64(lo, hi)) ?? -ENOTSUPP;
}

function pop(vm: Vm, mapAddr = 0, value = 0): number {
  const map = vm.mapAt(mapAddr);
  return map?.ops.pop?.(map, value) ?? -ENOTSUPP;
}

function peek(vm: Vm, mapAddr = 0, value = 0): number {
  const map = vm.mapAt(mapAddr);
  return map?.ops.peek?.(map, value) ?? -ENOTSUPP;
}

function lookupPercpu(vm: Vm, mapAddr = 0, key = 0, cpu = 0): number {
  const map = vm.mapAt(mapAddr);
  if (cpu >>> 0 >= vm.env.nrCpus) return 0;
  return map?.ops.lookupPercpu?.(map, key, cpu) ?? 0;
}

/**
 * bpf_for_each_map_elem: the callback (map, key, value, ctx) for every element until
 * it returns non-zero; the number of elements visited (`map_for_each_callback`).
 */
function forEachMapElem(vm: Vm, mapAddr = 0, callback = 0, _hi = 0, ctxLo = 0, ctxHi = 0, lo = 0, hi = 0): number {
  const map = vm.mapAt(mapAddr);
  if (lo !== 0 || hi !== 0 || map?.ops.forEach === undefined) return -EINVAL;
  return map.ops.forEach(map, (key, value) => {
    vm.loopTurn();
    vm.setArgPtr(0, mapAddr);
    vm.setArgPtr(1, key);
    vm.setArgPtr(2, value);
    vm.setArg(3, ctxLo, ctxHi);
    return vm.callback(callback);
  });
}

/**
 * bpf_loop where flags or callback are not the same on every path; else the engines
 * have the loop inline. The callback (index, ctx) until it returns non-zero; the number of turns.
 */
function loop(vm: Vm, count = 0, callback = 0, ctxLo = 0, ctxHi = 0, lo = 0, hi = 0): number {
  const turns = count >>> 0;
  if (lo !== 0 || hi !== 0) return -EINVAL;
  if (turns > BPF_MAX_LOOPS) return -E2BIG;
  for (let i = 0; i < turns; i++) {
    vm.loopTurn();
    vm.setArg(0, i, 0);
    vm.setArg(1, ctxLo, ctxHi);
    if (vm.callback(callback) !== 0) return i + 1;
  }
  return turns;
}

export const MAP_HELPERS: readonly HelperRecord[] = [
  {
    id: 1,
    name: 'map_lookup_elem',
    doc: 'Address of the value of a key, or NULL.',
    args: 'ii',
    ret: 'ptr',
    fn: lookup,
  },
  { id: 2, name: 'map_update_elem', doc: 'Adds or replaces an element.', args: 'iiil', ret: 'int', fn: update },
  { id: 3, name: 'map_delete_elem', doc: 'Removes an element.', args: 'ii', ret: 'int', fn: remove },
  {
    id: 87,
    name: 'map_push_elem',
    doc: 'Pushes to a queue, stack or bloom filter.',
    args: 'iil',
    ret: 'int',
    fn: push,
  },
  { id: 88, name: 'map_pop_elem', doc: 'Takes from a queue or stack.', args: 'ii', ret: 'int', fn: pop },
  {
    id: 89,
    name: 'map_peek_elem',
    doc: 'Reads from a queue, stack or bloom filter.',
    args: 'ii',
    ret: 'int',
    fn: peek,
  },
  {
    id: 164,
    name: 'for_each_map_elem',
    doc: 'Calls back for each element; the number visited.',
    args: 'illl',
    ret: 'int',
    callsBack: true,
    fn: forEachMapElem,
  },
  {
    id: 181,
    name: 'loop',
    doc: 'Calls back a number of times; most calls are inline in the engines.',
    args: 'iill',
    ret: 'int',
    callsBack: true,
    fn: loop,
  },
  {
    id: 195,
    name: 'map_lookup_percpu_elem',
    doc: "Address of a CPU's value, or NULL.",
    args: 'iii',
    ret: 'ptr',
    fn: lookupPercpu,
  },
];
