/**
 * Descriptors of maps and programs, which security modules may refuse (`bpf_map_new_fd`,
 * `bpf_prog_new_fd`). The user reference that the descriptor would take over is dropped then.
 */
import type { BpfObject } from '../base/object.ts';
import { BpfProgBase } from '../base/prog.ts';
import { BpfMap } from '../maps/map.ts';
import type { Caller } from './caller.ts';
import { newFd } from './fd.ts';
import { securityMap, securityProg } from './hooks.ts';
import type { Kernel } from './kernel.ts';

/** A descriptor of a map, opened for `mode`. */
export function newMapFd(kernel: Kernel, caller: Caller, map: BpfMap, mode: number): number {
  const refused = securityMap(kernel, map, mode);
  if (refused >= 0) return newFd(caller, map, mode);
  map.putUser();
  return refused;
}

/** A descriptor of a program. */
export function newProgFd(kernel: Kernel, caller: Caller, prog: BpfProgBase): number {
  const refused = securityProg(kernel, caller, prog);
  if (refused >= 0) return newFd(caller, prog);
  prog.putUser();
  return refused;
}

/** A descriptor of an object of any kind; `mode` is left out for kinds that have none. */
export function newObjectFd(kernel: Kernel, caller: Caller, object: BpfObject, mode?: number): number {
  if (object instanceof BpfMap && mode !== undefined) return newMapFd(kernel, caller, object, mode);
  if (object instanceof BpfProgBase) return newProgFd(kernel, caller, object);
  return newFd(caller, object, mode);
}
