/** Kernel functions on arenas (Documentation/bpf/map_arena; `bpf_arena_alloc_pages`). */
import { ArenaMap, arenaAllocPages, arenaFreePages, arenaReservePages } from '../../maps/arena_map.ts';
import { EINVAL } from '../../uapi/errno.ts';
import type { HelperImpl } from '../helper.ts';
import type { Vm } from '../vm.ts';

/** (map, address, pages, node, flags): user address of the pages, or NULL. */
function allocPages(vm: Vm, mapAddr = 0, lo = 0, hi = 0, count = 0, _node = 0, flagsLo = 0, flagsHi = 0): number {
  const map = vm.mapAt(mapAddr);
  if (!(map instanceof ArenaMap) || flagsLo !== 0 || flagsHi !== 0) return vm.ret64(0, 0);
  const address = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
  return vm.retBig(arenaAllocPages(map, address, count >>> 0));
}

/** (map, pointer, pages). */
function freePages(vm: Vm, mapAddr = 0, lo = 0, hi = 0, count = 0): number {
  const map = vm.mapAt(mapAddr);
  if (map instanceof ArenaMap && (lo !== 0 || hi !== 0)) arenaFreePages(map, lo, count >>> 0);
  return 0;
}

/** (map, pointer, pages). */
function reservePages(vm: Vm, mapAddr = 0, lo = 0, _hi = 0, count = 0): number {
  const map = vm.mapAt(mapAddr);
  return map instanceof ArenaMap ? arenaReservePages(map, lo, count >>> 0) : -EINVAL;
}

export const ARENA_KFUNCS: readonly HelperImpl[] = [
  { name: 'bpf_arena_alloc_pages', doc: 'Takes pages of an arena.', args: 'iliil', ret: 'long', fn: allocPages },
  { name: 'bpf_arena_free_pages', doc: 'Gives pages of an arena back.', args: 'ili', ret: 'void', fn: freePages },
  {
    name: 'bpf_arena_reserve_pages',
    doc: 'Keeps pages of an arena from being given out.',
    args: 'ili',
    ret: 'int',
    fn: reservePages,
  },
];
