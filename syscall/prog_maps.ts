/** Maps whose values are or hold programs (`map_type_contains_progs`). */
import type { BpfMap } from '../maps/map.ts';
import { BPF_MAP_TYPE } from '../uapi/bpf.ts';

const T = BPF_MAP_TYPE;

/** Whether programs that use the map must fit the programs in it. */
export function mapMayHoldProgs(map: BpfMap): boolean {
  switch (map.mapType) {
    case T.PROG_ARRAY:
      return true;
    case T.DEVMAP:
    case T.DEVMAP_HASH:
    case T.CPUMAP:
      return map.valueSize !== 4;
    default:
      return false;
  }
}
