/**
 * The emulated kernel: one object that owns the arena, the objects by id and the
 * clocks. `kernel.bpf(cmd, attr, caller)` is bpf(2). Nothing is global: two kernels
 * in one process do not know each other.
 */
import type { Clock, KernelEnv, Random } from '../base/env.ts';
import { Idr } from '../base/idr.ts';
import type { BpfObject } from '../base/object.ts';
import { LINUX_6_18, type Profile } from '../base/profile.ts';
import type { Btf } from '../btf/btf.ts';
import type { BpfMap } from '../maps/map.ts';
import { Arena } from '../mm/arena.ts';

/** How a {@link Kernel} is made; what is left out is taken from the machine. */
export interface KernelOptions {
  /** Possible CPUs; default 1. */
  readonly cpus?: number;
  /** Size of the arena in bytes; default 1 GiB (address space, not memory). */
  readonly memory?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly profile?: Profile;
  /** Fill freed memory with 0x6b (tests). */
  readonly poison?: boolean;
}

/** One emulated kernel. */
export class Kernel implements KernelEnv {
  readonly arena: Arena;
  readonly nrCpus: number;
  cpu = 0;
  readonly clock: Clock;
  readonly random: Random;
  readonly profile: Profile;

  readonly maps = new Idr<BpfMap>();
  readonly progs = new Idr<BpfObject>();
  readonly links = new Idr<BpfObject>();
  readonly btfs = new Idr<Btf>();

  constructor(options: KernelOptions) {
    this.arena = new Arena({ size: options.memory ?? 2 ** 30, poison: options.poison === true });
    this.nrCpus = options.cpus ?? 1;
    this.clock = options.clock;
    this.random = options.random;
    this.profile = options.profile ?? LINUX_6_18;
  }
}
