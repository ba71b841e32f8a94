/**
 * Helpers on maps (man bpf-helpers). Where a call site always has the same map the
 * engines go to the map's own functions directly; these serve the other call sites
 * and the operations that are not hot.
 */
import type { BpfMap } from '../../maps/map.ts';
import { BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { EINVAL, ENOENT } from '../../uapi/errno.ts';
import type { HelperRecord } from '../helper.ts';
import type { Vm } from '../vm.ts';

const ENOTSUPP = 524;

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
 * it returns 1; the number of elements visited (`bpf_for_each_array_elem`,
 * `bpf_for_each_hash_elem`). Arrays pass the index in a copy the callback may keep reading.
 */
function forEachMapElem(vm: Vm, mapAddr = 0, callback = 0, _hi = 0, ctxLo = 0, ctxHi = 0, lo = 0, hi = 0): number {
  const map = vm.mapAt(mapAddr);
  if (lo !== 0 || hi !== 0 || map === undefined) return -EINVAL;
  const isArray = map.mapType === BPF_MAP_TYPE.ARRAY || map.mapType === BPF_MAP_TYPE.PERCPU_ARRAY;
  const keys = isArray ? undefined : snapshotKeys(map);
  const count = keys === undefined ? map.maxEntries : keys.length / map.keySize;
  const key = vm.env.arena.alloc(Math.max(map.keySize, 8));
  if (key === 0) return -EINVAL;
  let visited = 0;
  try {
    for (let i = 0; i < count; i++) {
      vm.loopTurn();
      if (keys === undefined) vm.env.arena.i32[key >> 2] = i;
      else vm.env.arena.u8.set(keys.subarray(i * map.keySize, (i + 1) * map.keySize), key);
      const value = map.ops.lookup?.(map, key) ?? 0;
      if (value === 0) continue;
      vm.setArgPtr(0, mapAddr);
      vm.setArgPtr(1, key);
      vm.setArgPtr(2, value);
      vm.setArg(3, ctxLo, ctxHi);
      visited++;
      if (vm.callback(callback) !== 0) break;
    }
  } finally {
    vm.env.arena.free(key, Math.max(map.keySize, 8));
  }
  return visited;
}

/** The keys of a hash at this moment: the callback may delete and add. */
function snapshotKeys(map: BpfMap): Uint8Array {
  const arena = map.env.arena;
  const size = map.keySize;
  const block = arena.alloc(size * 2);
  const keys: number[] = [];
  if (block !== 0 && map.ops.nextKey !== undefined) {
    let at = 0;
    let next = block;
    while (keys.length < map.maxEntries * size && map.ops.nextKey(map, at, next) !== -ENOENT) {
      for (let i = 0; i < size; i++) keys.push(arena.u8[next + i]!);
      at = next;
      next = next === block ? block + size : block;
    }
  }
  arena.free(block, size * 2);
  return Uint8Array.from(keys);
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
    id: 195,
    name: 'map_lookup_percpu_elem',
    doc: "Address of a CPU's value, or NULL.",
    args: 'iii',
    ret: 'ptr',
    fn: lookupPercpu,
  },
];
