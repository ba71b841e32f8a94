/**
 * What everything below the virtual machine may know of a program: the properties
 * that decide where it can be put (`bpf_prog_map_compatible` and the attach rules).
 */
import { BpfObject } from './object.ts';

/** A loaded program, as a prog array, a cpumap or a link sees it. `vm/` has the rest. */
export abstract class BpfProgBase extends BpfObject {
  readonly kind = 'prog';
  /** `BPF_PROG_TYPE`. */
  abstract readonly type: number;
  /** `BPF_ATTACH_TYPE` given at load. */
  abstract readonly expectedAttachType: number;
  /** Runs compiled (WebAssembly) rather than interpreted. */
  abstract readonly jited: boolean;
  /** Loaded with BPF_F_XDP_HAS_FRAGS. */
  abstract readonly xdpHasFrags: boolean;
  /** Loaded with BPF_F_SLEEPABLE. */
  abstract readonly sleepable: boolean;
  /** Type of the program an extension replaces, else 0 (`resolve_prog_type`). */
  abstract readonly dstProgType: number;
  /** Id of the function prototype it attaches to, for tracing types (0: none). */
  abstract readonly attachFuncProto: number;
  name = '';
  /** A function of it is replaced by an extension: it cannot be the target of tail calls then. */
  isExtended = false;
  /** Places in prog arrays it has: no function of it can be replaced meanwhile (`prog_array_member_cnt`). */
  progArrayMembers = 0;

  /** Slot of its compiled code in the machine's function table, for tail calls; 0: none. */
  get tailSlot(): number {
    return 0;
  }
}
