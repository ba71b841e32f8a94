/** Machines with maps, for tests of the engines. */
import { BpfFile, FMODE_READ, FMODE_WRITE } from '../../../base/object.ts';
import { mapOps } from '../../../maps/index.ts';
import type { BpfMap, MapCreateAttr } from '../../../maps/map.ts';
import { createVm } from '../../../vm/helpers/index.ts';
import type { BpfProg } from '../../../vm/prog.ts';
import { testVm } from './facts.ts';

const CREATOR = { hasCap: () => true };

/** A machine with maps made as asked; the maps are found by id. */
export function machine(
  ...specs: [type: number, keySize: number, valueSize: number, maxEntries: number, mapFlags?: number][]
) {
  const byId = new Map<number, BpfMap>();
  const vm = createVm(testVm(undefined, byId).env);
  const maps = specs.map(([mapType, keySize, valueSize, maxEntries, mapFlags = 0], index) => {
    const attr: MapCreateAttr = {
      mapType,
      keySize,
      valueSize,
      maxEntries,
      mapFlags,
      numaNode: 0,
      mapExtra: 0n,
      innerMap: -9,
    };
    const map = mapOps(mapType)?.alloc(attr, vm.env, CREATOR);
    if (map === undefined || typeof map === 'number') throw new Error(`No map of type ${mapType}: ${map}`);
    map.id = index + 1;
    vm.env.arena.i32[map.addr >> 2] = map.id;
    byId.set(map.id, map);
    return map;
  });
  return { vm, maps };
}

/** Puts a program into a slot of a prog array, as MAP_UPDATE_ELEM does with its descriptor. */
export function putProg(map: BpfMap, index: number, prog: BpfProg): void {
  const { arena } = map.env;
  const block = arena.alloc(8);
  arena.i32[block >> 2] = index;
  arena.i32[(block >> 2) + 1] = 3;
  const file = new BpfFile(prog, FMODE_READ | FMODE_WRITE);
  const error = map.ops.sysUpdate?.(map, block, block + 4, 0, { fdget: () => file });
  arena.free(block, 8);
  if (error !== 0) throw new Error(`Cannot put a program into the prog array: ${error}`);
}
