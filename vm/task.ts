/** The task a program runs in, as the helpers see it; the door or a test sets it. */

import type { ForeignFile } from '../base/object.ts';
import type { BpfMap } from '../maps/map.ts';

/** `current`, as far as helpers ask of it. */
export interface CurrentTask {
  readonly pid: number;
  readonly tgid: number;
  readonly uid: number;
  readonly gid: number;
  /** At most 15 characters. */
  readonly comm: string;
  /** Its cgroup; its ancestors and itself, from the root on, where more is known than that. */
  readonly cgroupId: bigint;
  readonly cgroups?: readonly bigint[] | undefined;
  /** Inode number and device of its pid namespace. */
  readonly pidNsIno: bigint;
  readonly pidNsDev: bigint;
  /** Instruction pointers of the kernel and the user stack, innermost first; empty when there is none to walk. */
  readonly kernelStack: readonly bigint[];
  readonly userStack: readonly bigint[];
}

/** The task when nobody says otherwise: the init process. */
export const INIT_TASK: CurrentTask = {
  pid: 1,
  tgid: 1,
  uid: 0,
  gid: 0,
  comm: 'init',
  cgroupId: 1n,
  pidNsIno: 0xeffffffcn,
  pidNsDev: 4n,
  kernelStack: [],
  userStack: [],
};

/** Id of the root of the cgroups. */
const ROOT_CGROUP = 1n;

/** Ids of the cgroups a task is in, from the root to its own. */
export function cgroupsOf({ cgroups, cgroupId }: CurrentTask): readonly bigint[] {
  return cgroups ?? (cgroupId === ROOT_CGROUP ? [ROOT_CGROUP] : [ROOT_CGROUP, cgroupId]);
}

/** A line of bpf_trace_printk, as trace_pipe shows it. */
export interface TraceLine {
  readonly comm: string;
  readonly pid: number;
  readonly cpu: number;
  /** Nanoseconds of CLOCK_MONOTONIC. */
  readonly time: bigint;
  readonly text: string;
  /** Interrupts, rescheduling, kind of context, depth of preemption and migration disabled. */
  readonly flags: string;
}

/** A line in the format of `/sys/kernel/tracing/trace_pipe`. */
export function formatTraceLine(line: TraceLine): string {
  const task = `${line.comm.padStart(16)}-${String(line.pid).padEnd(7)}`;
  const micros = line.time / 1000n;
  const seconds = String(micros / 1_000_000n).padStart(5);
  const fraction = String(micros % 1_000_000n).padStart(6, '0');
  return `${task} [${String(line.cpu).padStart(3, '0')}] ${line.flags} ${seconds}.${fraction}: bpf_trace_printk: ${line.text}`;
}

/** Where the text of an iterator goes (`struct seq_file`). */
export interface SeqFile {
  /** Appends bytes; false when the buffer is full (-EOVERFLOW). */
  write(bytes: Uint8Array): boolean;
}

/** Memory of the process a program runs for. */
export interface UserMemory {
  /** 0 or -EFAULT. */
  read(addr: number, dst: Uint8Array): number;
  write(addr: number, src: Uint8Array): number;
}

/** Access to the packet of a context, for dynptrs; brought by the program types that have packets. */
export interface PacketAccess {
  /** Whether there is a packet behind the context. */
  has(ctx: number): boolean;
  /** Bytes of the packet. */
  length(ctx: number): number;
  /** Copies packet bytes to arena memory: 0 or -errno. */
  load(ctx: number, offset: number, to: number, length: number): number;
  store(ctx: number, offset: number, from: number, length: number): number;
  /** Address of `length` packet bytes when they lie in a row, else 0. */
  slice(ctx: number, offset: number, length: number): number;
  /** Whether the program may write to the packet. */
  writable(ctx: number): boolean;
}

/** What a program gave to a perf event. */
export interface PerfRecord {
  readonly map: BpfMap;
  /** Slot of the perf event array: the CPU. */
  readonly index: number;
  readonly event: ForeignFile;
  /** Context of the program, and how many bytes of its packet are wanted. */
  readonly ctx: number;
  readonly ctxLength: number;
  readonly data: Uint8Array;
}
