/**
 * What can be iterated over: one record a target (`struct bpf_iter_reg`), and what the
 * reader asks of the objects of an open iterator.
 */
import type { BpfMap } from '../../maps/map.ts';
import type { Images } from '../../vm/images.ts';
import type { MachineCgroup } from '../../vm/machine.ts';
import type { Caller } from '../caller.ts';
import type { Kernel } from '../kernel.ts';
import type { LoadedProg } from '../loaded_prog.ts';

/** What a link was made with (`union bpf_iter_link_info`), as its words. */
export interface IterRequest {
  /** The 32-bit words: map_fd | order | tid, cgroup_fd | pid, pid_fd or the low half of cgroup_id, its high half. */
  readonly words: Uint32Array;
}

/** Which tasks are meant (`enum bpf_iter_task_type`). */
export type TaskScope = 'ALL' | 'TID' | 'PID';

/** What a link remembers (`struct bpf_iter_aux_info`). */
export interface IterAux {
  /** The map; the link has a user reference of it. */
  readonly map?: BpfMap;
  readonly tasks?: { readonly scope: TaskScope; readonly pid: number };
  readonly cgroup?: { readonly start: MachineCgroup; readonly order: number };
}

/** The reader, as a target sees it when it shows an object. */
export interface IterRun {
  /** Structures for the program; freed after the call. */
  readonly images: Images;
  /** Sets member `index` of the context behind `meta` to an address, 0 for NULL. */
  ptr(index: number, address: number): void;
  /** Sets it to a number. */
  u32(index: number, value: number): void;
  /** Runs the program: 0 or -errno. */
  call(): number;
}

/** The objects of one open iterator (`struct seq_operations`). Positions are kept from read to read. */
export interface IterObjects {
  /** Goes to the current object: 1, 0 when there is none, or -errno. */
  start(): number;
  /** Goes to the next one. */
  next(): number;
  /** Runs the program for the current object, or for the end: 0, more than 0 when the object is passed over, or -errno. */
  show(run: IterRun, end: boolean): number;
  /** The read ends. */
  stop?(): void;
  /** The iterator is closed. */
  close?(): void;
}

/** A target. */
export interface IterTarget {
  readonly name: string;
  /** Programs that sleep may run for it (`BPF_ITER_RESCHED`). */
  readonly resched: boolean;
  /** Looks at what the caller gave (`attach_target`): what to remember, or -errno. */
  attach?(kernel: Kernel, caller: Caller, request: IterRequest, prog: LoadedProg): IterAux | number;
  open(kernel: Kernel, aux: IterAux): IterObjects;
  /** Its lines in the fdinfo of a link. */
  fdinfo?(aux: IterAux): string;
}
