/**
 * The emulated kernel: one object that owns the arena, the objects by id and the
 * clocks. `kernel.bpf(cmd, attr, caller)` is bpf(2). Nothing is global: two kernels
 * in one process do not know each other.
 */

import { Doors } from '../base/doors.ts';
import type { Clock, KernelEnv, Random } from '../base/env.ts';
import { Grace } from '../base/grace.ts';
import { Idr } from '../base/idr.ts';
import type { BpfObject } from '../base/object.ts';
import { LINUX_6_18, type Profile } from '../base/profile.ts';
import type { Work } from '../base/work.ts';
import type { Btf } from '../btf/btf.ts';
import { parseVmlinux } from '../btf/vmlinux.ts';
import type { BpfMap } from '../maps/map.ts';
import { Arena } from '../mm/arena.ts';
import { createVm } from '../vm/helpers/index.ts';
import type { Machine } from '../vm/machine.ts';
import type { VerifierInput, VerifierResult } from '../vm/verifier/types.ts';
import { verifySteps } from '../vm/verifier/verify.ts';
import type { Vm } from '../vm/vm.ts';
import type { Caller } from './caller.ts';
import { Cgroups } from './cgroup.ts';
import { Dispatcher } from './dispatch.ts';
import { NetDevices } from './netdev.ts';
import { NetNamespace } from './netns.ts';
import type { PendingCall } from './pending.ts';
import { Probes } from './probes.ts';
import { Scratches } from './scratch.ts';
import { SockMapProgs } from './sockmap_progs.ts';

/** A verifier, in one go or in pieces. */
export type Verify = (input: VerifierInput) => VerifierResult | Work<VerifierResult>;

/** How a {@link Kernel} is made; what is left out is taken from the machine. */
export interface KernelOptions {
  /** Possible CPUs; default 1. */
  readonly cpus?: number;
  /** Size of the arena in bytes; default 1 GiB (address space, not memory). */
  readonly memory?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly profile?: Profile;
  /** A verifier other than the usual one, for tests. */
  readonly verify?: Verify;
  /** Fill freed memory with 0x6b (tests). */
  readonly poison?: boolean;
  /** The kernel's own types: bytes of /sys/kernel/btf/vmlinux. */
  readonly vmlinux?: Uint8Array | undefined;
}

/** One emulated kernel. */
export class Kernel implements KernelEnv {
  readonly arena: Arena;
  readonly nrCpus: number;
  cpu = 0;
  /** Another one while a program runs for what has happened before. */
  clock: Clock;
  readonly random: Random;
  readonly profile: Profile;

  /** Objects are freed when no program runs. */
  readonly grace = new Grace(() => (this.#vm?.depth ?? 0) > 0);
  /** Who is served while a program runs. */
  readonly doors = new Doors();
  readonly maps = new Idr<BpfMap>(this.grace);
  readonly progs = new Idr<BpfObject>(this.grace);
  readonly links = new Idr<BpfObject>(this.grace);
  readonly btfs = new Idr<Btf>(this.grace);
  /** The kernel's own types; the first of {@link btfs} where there are any. */
  readonly vmlinux: Btf | undefined;
  /** Programs on cgroups, on the net namespace, on netfilter hooks, on socket maps. */
  readonly cgroups = new Cgroups();
  readonly netns = new NetNamespace();
  readonly netfilterSlots = new Set<string>();
  readonly sockMapProgs = new SockMapProgs();
  /** Programs on net devices. */
  readonly netDevices = new NetDevices();
  /** Iterators opened so far (`session_id`). */
  iterSessions = 0n;
  /** Programs that wait for tracepoints and kprobes. */
  readonly probes = new Probes();
  /** The processes and cgroups of the machine, where a door tells of them. */
  machine: Machine | undefined = undefined;
  /** Told of faults of our own (a verifier or compiler that throws); the caller only gets an errno. */
  onBug: ((error: unknown) => void) | undefined = undefined;
  /** Buffers that commands copy keys and values through. */
  readonly scratch: Scratches;
  readonly #dispatcher = new Dispatcher();
  /** What decides whether a program may run. */
  readonly verify: Verify;
  #vm: Vm | undefined;

  constructor(options: KernelOptions) {
    this.arena = new Arena({ size: options.memory ?? 2 ** 30, poison: options.poison === true });
    this.nrCpus = options.cpus ?? 1;
    this.clock = options.clock;
    this.random = options.random;
    this.profile = options.profile ?? LINUX_6_18;
    this.scratch = new Scratches(this.arena);
    this.vmlinux = options.vmlinux === undefined ? undefined : parseVmlinux(options.vmlinux);
    if (this.vmlinux !== undefined) this.btfs.add(this.vmlinux);
    this.verify = options.verify ?? verifySteps;
  }

  /** Whether there is a machine yet: without one no program is attached to anything. */
  get hasVm(): boolean {
    return this.#vm !== undefined;
  }

  /** The machine programs run on, made when first needed. */
  get vm(): Vm {
    this.#vm ??= this.#makeVm();
    return this.#vm;
  }

  #makeVm(): Vm {
    const vm = createVm(this);
    vm.onMismatch = (error) => this.onBug?.(error);
    return vm;
  }

  /**
   * bpf(2): 0 or more, or a negative errno; never throws for what a caller does.
   *
   * `attr` holds the first `min(size, 4096)` bytes at `uaddr` in the caller's memory;
   * undefined when they cannot be read. A caller that may wait can get PENDING ({@link takePending}). Results that the kernel stores in the attr are
   * written to `uaddr` plus their offset through {@link Caller.write}, even beyond `size`.
   */
  bpf(cmd: number, attr: Uint8Array | undefined, size: number, uaddr: number, caller: Caller): number {
    return this.#dispatcher.bpf(this, cmd, attr, size, uaddr, caller);
  }

  /** The command that the last call of {@link bpf} answered PENDING for: the caller's door must run it to its end. */
  takePending(): PendingCall {
    const { pending } = this.#dispatcher;
    if (pending === undefined) throw new Error('No command is pending');
    this.#dispatcher.pending = undefined;
    return pending;
  }
}
