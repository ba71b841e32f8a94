/**
 * What an ELF object comes to: maps, programs and BTF, with everything resolved that
 * needs no kernel. Reading an object makes a spec; {@link loadObject} of load.ts makes
 * kernel objects of one.
 */
import type { Btf } from '../btf/btf.ts';

/** A map as the object describes it. */
export interface MapSpec {
  readonly name: string;
  type: number;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags: number;
  numaNode: number;
  extra: bigint;
  /** Type ids in the object's BTF, 0 for none. */
  keyTypeId: number;
  valueTypeId: number;
  /** `LIBBPF_PIN_BY_NAME` (1) or none (0). */
  pinning: number;
  /** Template of a map of maps. */
  inner: MapSpec | undefined;
  /** What is in the map from the start: the bytes of a section, at key 0. */
  contents: Uint8Array | undefined;
  /** Frozen once it is filled (.rodata). */
  readonly frozen: boolean;
  /** Slots of a map of maps or program array that the object fills: index, name of the map or program. */
  slots: (readonly [index: number, name: string])[];
  /** What a struct_ops map holds. */
  structOps: StructOpsSpec | undefined;
}

/** A struct_ops value as the object has it, and which programs stand in it. */
export interface StructOpsSpec {
  readonly struct: string;
  readonly data: Uint8Array;
  /** Member and name of the program. */
  readonly programs: readonly (readonly [member: string, program: string])[];
  /** The object's own types, and the struct among them. */
  readonly btf: Btf;
  readonly typeId: number;
}

/** What a pair of instructions (or a call) still needs to be told when the program is loaded. */
export interface Fixup {
  /** Index of the instruction. */
  readonly insn: number;
  readonly kind: 'map' | 'map_value' | 'kfunc' | 'ksym' | 'ksym_address';
  /** Name of the map, function or variable. */
  readonly name: string;
  /** Offset in the map's value. */
  readonly offset: number;
  /** Not there is not an error: the call is poisoned, the address is 0. */
  readonly weak: boolean;
}

/** A program, linked with the functions it calls. */
export interface ProgSpec {
  readonly name: string;
  readonly section: string;
  type: number;
  attachType: number;
  /** `BPF_F_SLEEPABLE`, `BPF_F_XDP_HAS_FRAGS`. */
  flags: number;
  /** What the section says it attaches to, and how that is a BTF id. */
  readonly target: string;
  readonly attachBtf: 'func' | 'lsm' | 'iter' | 'tp_btf' | undefined;
  /** Not loaded unless asked for (the section starts with `?`). */
  readonly optional: boolean;
  readonly insns: Uint8Array;
  readonly fixups: readonly Fixup[];
  /** Records of BPF_PROG_LOAD, with their sizes; empty without BTF. */
  readonly funcInfo: Uint8Array;
  readonly funcInfoRecSize: number;
  readonly lineInfo: Uint8Array;
  readonly lineInfoRecSize: number;
}

/** A whole object. */
export interface ObjectSpec {
  readonly name: string;
  readonly license: string;
  readonly kernVersion: number;
  readonly maps: readonly MapSpec[];
  readonly programs: readonly ProgSpec[];
  /** BTF to load, made fit for BTF_LOAD; empty when there is none. */
  readonly btf: Uint8Array;
}
