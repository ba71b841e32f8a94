/**
 * BPF_MAP_TYPE_XSKMAP (source: behaviour of net/xdp/xskmap.c): an array of AF_XDP
 * sockets. There is no socket that is set up for it here, so every one is refused
 * as the kernel refuses a socket of another family.
 */
import { BPF_ELEM, BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EINVAL, ENOMEM, ENOTSUP } from '../uapi/errno.ts';
import { arrayNextKey, readIndex } from './arraymap.ts';
import { socketOfFd } from './fd_object.ts';
import { BpfMap, type MapOps } from './map.ts';
import { sizedMetaEqual } from './map_in_map.ts';
import { slotMemUsage } from './mem_usage.ts';
import { mapCheckNoBtf } from './no_btf.ts';

const XSK_FLAGS = BPF_F_MAP.NUMA_NODE | BPF_F_MAP.RDONLY | BPF_F_MAP.WRONLY;

class XskMap extends BpfMap {
  readonly ops: MapOps = xskMapOps;
}

/** BPF_MAP_TYPE_XSKMAP. */
export const xskMapOps: MapOps = {
  type: BPF_MAP_TYPE.XSKMAP,
  alloc(attr, env) {
    if (attr.maxEntries === 0 || attr.keySize !== 4 || attr.valueSize !== 4) return -EINVAL;
    if ((attr.mapFlags & ~XSK_FLAGS) !== 0) return -EINVAL;
    if (attr.maxEntries * 8 > env.arena.available) return -ENOMEM;
    const map = new XskMap(env, attr);
    return map.addr === 0 ? -ENOMEM : map;
  },
  free: () => {},
  lookup: () => 0,
  sysLookup: () => -ENOTSUP,
  sysUpdate(map, key, value, flags, sys) {
    if (flags >>> 0 > BPF_ELEM.EXIST) return -EINVAL;
    if (readIndex(map, key) >= map.maxEntries) return -E2BIG;
    const socket = socketOfFd(sys, map.env.arena.view.getInt32(value, true));
    return typeof socket === 'number' ? socket : -ENOTSUP;
  },
  remove: (map, key) => (readIndex(map, key) >= map.maxEntries ? -EINVAL : 0),
  nextKey: arrayNextKey,
  metaEqual: sizedMetaEqual,
  memUsage: slotMemUsage,
  checkBtf: mapCheckNoBtf,
};
