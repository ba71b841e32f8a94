/**
 * Which programs may share a map that leads from one to the next: a prog array,
 * or the program of a devmap or cpumap entry (source: the behaviour of
 * `bpf_prog_map_compatible`).
 */
import type { BpfProgBase } from '../base/prog.ts';
import { BPF_MAP_TYPE, BPF_PROG_TYPE } from '../uapi/bpf.ts';
import type { BpfMap } from './map.ts';

/** Types whose attached function must have the same prototype. */
const BY_PROTO: ReadonlySet<number> = new Set([
  BPF_PROG_TYPE.TRACING,
  BPF_PROG_TYPE.LSM,
  BPF_PROG_TYPE.EXT,
  BPF_PROG_TYPE.STRUCT_OPS,
]);

/**
 * Whether a program fits the map: the first one makes itself the owner (also a
 * program that merely uses the prog array in its code: call it at load).
 */
export function progMapCompatible(map: BpfMap, prog: BpfProgBase): boolean {
  const type = prog.type === BPF_PROG_TYPE.EXT && prog.dstProgType !== 0 ? prog.dstProgType : prog.type;
  const owner = map.owner;
  if (owner === undefined) {
    map.ownerProgType = type;
    map.ownerJited = prog.jited;
    map.owner = {
      type,
      jited: prog.jited,
      xdpHasFrags: prog.xdpHasFrags,
      sleepable: prog.sleepable,
      expectedAttachType: prog.expectedAttachType,
      attachFuncProto: prog.attachFuncProto,
    };
    return true;
  }
  if (owner.type !== type || owner.jited !== prog.jited || owner.xdpHasFrags !== prog.xdpHasFrags) return false;
  if (owner.sleepable !== prog.sleepable) return false;
  if (map.mapType === BPF_MAP_TYPE.PROG_ARRAY && owner.expectedAttachType !== prog.expectedAttachType) return false;
  return !BY_PROTO.has(type) || owner.attachFuncProto === prog.attachFuncProto;
}
