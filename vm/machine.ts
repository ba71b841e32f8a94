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

/** A cgroup and all below it, parents first or last. */
export function descendants(
  machine: Machine | undefined,
  start: MachineCgroup,
  parentsFirst: boolean,
): MachineCgroup[] {
  const found: MachineCgroup[] = [];
  const walk = (cgroup: MachineCgroup): void => {
    if (parentsFirst) found.push(cgroup);
    for (const child of machine?.cgroupChildren(cgroup) ?? []) walk(child);
    if (!parentsFirst) found.push(cgroup);
  };
  walk(start);
  return found;
}

/** A cgroup and those above it, up to the topmost. */
export function ancestors(machine: Machine | undefined, start: MachineCgroup, root: MachineCgroup): MachineCgroup[] {
  const found: MachineCgroup[] = [start];
  if (start.path === root.path) return found;
  for (let end = start.path.lastIndexOf('/'); end > root.path.length; end = start.path.lastIndexOf('/', end - 1)) {
    const path = start.path.slice(0, end);
    const above = { ...root, path: path.slice(0, path.lastIndexOf('/')) };
    const parent = machine?.cgroupChildren(above).find((child) => child.path === path);
    if (parent !== undefined) found.push(parent);
  }
  found.push(root);
  return found;
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
