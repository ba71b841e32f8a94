/**
 * BPF_MAP_TYPE_HASH_OF_MAPS: a hash whose values are maps (source: behaviour of
 * `htab_of_maps_map_ops`). User space puts descriptors in and gets ids out; a
 * program's lookup gives the inner map's address, which is also what an element
 * holds.
 */
import type { KernelEnv } from '../base/env.ts';
import { BPF_ELEM, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { EINVAL, ENOENT } from '../uapi/errno.ts';
import { mapOfFd } from './fd_object.ts';
import {
  checkElemFlags,
  HtabMap,
  type HtabShape,
  htabAlloc,
  htabForEach,
  htabLookupElem,
  htabNextKey,
  htabRemoveElem,
  htabUpdate,
} from './hashtab.ts';
import { htabAllocCheck, htabBuckets } from './htab_map.ts';
import type { BpfMap, MapCreateAttr, MapOps, MapSyscall } from './map.ts';
import { fitsInner, mapMetaAlloc } from './map_in_map.ts';
import { htabMemUsage } from './mem_usage.ts';
import { mapCheckNoBtf } from './no_btf.ts';

const SHAPE: HtabShape = { percpu: false, storedValueSize: 8 };

/** A hash of maps. */
class HtabOfMaps extends HtabMap {
  /** Inner maps by their address, and how many elements have each; every element holds a reference. */
  readonly inner = new Map<number, { readonly map: BpfMap; uses: number }>();
  /** Where a value to store is put together. */
  readonly word: number;

  constructor(env: KernelEnv, attr: MapCreateAttr, nrBuckets: number) {
    super(htabOfMapsMapOps, env, attr, SHAPE, nrBuckets);
    this.word = env.arena.alloc(8);
  }

  override freeAll(): void {
    super.freeAll();
    this.env.arena.free(this.word, 8);
  }

  /** The map an element holds. */
  at(element: number): BpfMap {
    return this.inner.get(this.i32[(element + this.valueOffset) >> 2]!)!.map;
  }

  /** One more element has this map. */
  hold(map: BpfMap): void {
    map.get();
    const entry = this.inner.get(map.addr);
    if (entry === undefined) this.inner.set(map.addr, { map, uses: 1 });
    else entry.uses++;
  }

  /** One element less has this map. */
  drop(map: BpfMap): void {
    const entry = this.inner.get(map.addr)!;
    if (--entry.uses === 0) this.inner.delete(map.addr);
    map.put();
  }
}

function removeElem(htab: HtabMap, element: number): void {
  const outer = htab as HtabOfMaps;
  const inner = outer.at(element);
  htabRemoveElem(outer, element);
  outer.drop(inner);
}

/** What user space reads: the inner map's id. */
function copyId(htab: HtabMap, element: number, value: number): void {
  htab.env.arena.view.setUint32(value, (htab as HtabOfMaps).at(element).id, true);
}

/** BPF_MAP_TYPE_HASH_OF_MAPS. */
export const htabOfMapsMapOps: MapOps = {
  type: BPF_MAP_TYPE.HASH_OF_MAPS,
  allocCheck(attr, env, caller) {
    return attr.valueSize !== 4 ? -EINVAL : htabAllocCheck(attr, env, caller);
  },
  alloc(attr, env) {
    const meta = mapMetaAlloc(attr);
    if (typeof meta === 'number') return meta;
    const map = htabAlloc(env, attr, SHAPE, (nrBuckets) => new HtabOfMaps(env, attr, nrBuckets));
    if (typeof map !== 'number') map.innerMapMeta = meta;
    return map;
  },
  free(map) {
    const htab = map as HtabOfMaps;
    htabForEach(htab, (_key, value) => {
      htab.drop(htab.inner.get(htab.i32[value >> 2]!)!.map);
      return 0;
    });
    htab.freeAll();
  },
  lookup(map, key) {
    const htab = map as HtabOfMaps;
    const element = htabLookupElem(htab, key);
    return element === 0 ? 0 : htab.i32[(element + htab.valueOffset) >> 2]!;
  },
  remove(map, key) {
    const htab = map as HtabOfMaps;
    const element = htabLookupElem(htab, key);
    if (element === 0) return -ENOENT;
    removeElem(htab, element);
    return 0;
  },
  nextKey: (map, key, next) => htabNextKey(map as HtabMap, key, next),
  sysLookup(map, key, value) {
    const htab = map as HtabOfMaps;
    const element = htabLookupElem(htab, key);
    if (element === 0) return -ENOENT;
    copyId(htab, element, value);
    return 0;
  },
  sysUpdate(map, key, value, flags, sys: MapSyscall) {
    const htab = map as HtabOfMaps;
    const inner = mapOfFd(sys, htab.env.arena.view.getInt32(value, true));
    if (typeof inner === 'number') return inner;
    const misfit = fitsInner(map, inner);
    if (misfit !== 0) return misfit;
    const old = htabLookupElem(htab, key);
    if (old !== 0) {
      // Written in place (`htab_map_update_elem_in_place`): the key keeps its position.
      const error = flags >>> 0 > BPF_ELEM.EXIST ? -EINVAL : checkElemFlags(true, flags);
      if (error !== 0) return error;
      const oldInner = htab.at(old);
      htab.hold(inner);
      htab.i32[(old + htab.valueOffset) >> 2] = inner.addr;
      htab.drop(oldInner);
      return 0;
    }
    htab.i32[htab.word >> 2] = inner.addr;
    const error = htabUpdate(htab, key, htab.word, flags);
    if (error === 0) htab.hold(inner);
    return error;
  },
  batch: 'htab',
  buckets: htabBuckets(removeElem, copyId),
  memUsage: (map) => htabMemUsage(map as HtabMap),
  checkBtf: mapCheckNoBtf,
};
