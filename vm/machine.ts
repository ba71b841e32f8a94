/**
 * The machine around the emulated kernel, where a door can tell of it: its processes
 * with their files and mappings, its cgroups. Iterators walk over them. Without a
 * machine there is the one task that runs.
 */
import type { BpfObject } from '../base/object.ts';

/** A thread (`struct task_struct`). */
export interface MachineTask {
  /** Thread id. */
  readonly pid: number;
  /** Process id. */
  readonly tgid: number;
  readonly ppid: number;
  /** At most 15 characters. */
  readonly comm: string;
  readonly uid: number;
  readonly gid: number;
  readonly isKernelThread: boolean;
  /** Nanoseconds from boot to its start. */
  readonly startTime: bigint;
}

/** An open descriptor of a process. */
export interface MachineFile {
  readonly fd: number;
  /** Text of its link in /proc. */
  readonly path: string;
  readonly dev: number;
  readonly ino: bigint;
  /** File type and mode bits. */
  readonly mode: number;
  /** `O_*` flags it was opened with. */
  readonly flags: number;
  /** The object it is a descriptor of, if it is one of ours. */
  readonly object: BpfObject | undefined;
}

/** A mapping of a process (a line of /proc/PID/maps). */
export interface MachineVma {
  readonly start: bigint;
  readonly end: bigint;
  /** `VM_READ` 1, `VM_WRITE` 2, `VM_EXEC` 4, `VM_SHARED` 8. */
  readonly flags: number;
  /** Offset in the file, in pages. */
  readonly pgoff: bigint;
  readonly path: string;
  readonly dev: number;
  readonly ino: bigint;
}

/** A cgroup of the unified hierarchy. */
export interface MachineCgroup {
  /** Its directory, as the machine sees it. */
  readonly path: string;
  /** Inode number of its directory. */
  readonly id: number;
  readonly dev: number;
}

/** What a door tells of the machine. */
export interface Machine {
  /** All threads, by rising id. */
  tasks(): readonly MachineTask[];
  /** One thread, if there is one of this id. */
  task(pid: number): MachineTask | undefined;
  /** The open descriptors of a thread, by rising number. */
  files(pid: number): readonly MachineFile[];
  /** The mappings of a process, by rising address. */
  vmas(pid: number): readonly MachineVma[];
  /** The topmost cgroup, undefined where there is no unified hierarchy. */
  cgroupRoot(): MachineCgroup | undefined;
  /** The cgroup with this id. */
  cgroup(id: number): MachineCgroup | undefined;
  /** The cgroups right below one, the oldest first. */
  cgroupChildren(cgroup: MachineCgroup): readonly MachineCgroup[];
  /** Address of a symbol of the machine's kernel (/proc/kallsyms), 0 when it tells none. */
  symbol(name: string): bigint;
}
