/**
 * The machine as iterators see it: the processes in /proc of this server, with their
 * descriptors of emulated objects told apart, and the unified cgroup hierarchy. All of
 * it is read when asked for. Links of descriptors are only read, never followed, but for
 * our own memfds: what they lead to may be a file system that this server serves.
 */
import { readlinkSync, statSync } from 'node:fs';
import type { BpfObject } from '../base/object.ts';
import { HIDDEN_PREFIX } from '../fs/hidden.ts';
import type { Machine, MachineCgroup, MachineFile, MachineTask, MachineVma } from '../vm/machine.ts';
import { namesIn, numbersIn, readStat, readText, tgidOf } from './proc.ts';

/** Clock ticks of /proc/PID/stat a second (`USER_HZ`), in nanoseconds. */
const TICK = 10_000_000n;
/** How long what was seen of a task counts, in milliseconds: its parents are asked for over and over. */
const SEEN_MS = 1000;
/** `PF_KTHREAD`, in the flags of /proc/PID/stat. */
const PF_KTHREAD = 0x00200000;
/** How the link of a memfd of ours begins and ends. */
const OBJECT_LINK = /^\/memfd:(anon_inode:[^ ]*)(?: \(deleted\))?$/;
/** Directories where the unified hierarchy is mounted. */
const CGROUP_ROOTS = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'];
const CGROUP_FILE = 'cgroup.controllers';
const ROOT_CGROUP = 1n;

/** Names that are numbers, as rising numbers. */
function numbers(path: string): number[] {
  return numbersIn(path).sort((a, b) => a - b);
}

/** A thread of process `tgid`, from /proc/PID/stat; its owner is that of the directory. */
function readTask(pid: number, tgid: number): MachineTask | undefined {
  const stat = readStat(`/proc/${pid}`);
  const owner = statSync(`/proc/${pid}`, { throwIfNoEntry: false });
  if (stat === undefined || owner === undefined) return undefined;
  // State, ppid, pgrp, session, tty_nr, tpgid, flags, …; the 22nd is the start time.
  const { comm, fields } = stat;
  return {
    pid,
    tgid,
    ppid: Number(fields[1] ?? 0),
    comm,
    uid: owner.uid,
    gid: owner.gid,
    isKernelThread: (Number(fields[6] ?? 0) & PF_KTHREAD) !== 0,
    startTime: BigInt(fields[19] ?? 0) * TICK,
  };
}

/** A line of /proc/PID/maps. */
const VMA = /^([0-9a-f]+)-([0-9a-f]+) (....) ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+)\s*(.*)$/;

function readVma(line: string): MachineVma | undefined {
  const match = VMA.exec(line);
  if (match === null) return undefined;
  const [, start, end, rights = '', offset, major = '0', minor = '0', ino, path = ''] = match;
  const flags =
    (rights[0] === 'r' ? 1 : 0) |
    (rights[1] === 'w' ? 2 : 0) |
    (rights[2] === 'x' ? 4 : 0) |
    (rights[3] === 's' ? 8 : 0);
  return {
    start: BigInt(`0x${start}`),
    end: BigInt(`0x${end}`),
    flags,
    pgoff: BigInt(`0x${offset}`) >> 12n,
    path,
    dev: (Number.parseInt(major, 16) << 20) | Number.parseInt(minor, 16),
    ino: BigInt(ino ?? 0),
  };
}

/** This machine; `objectOf` tells the emulated object of a memfd by its inode number. */
export class ProcMachine implements Machine {
  readonly #objectOf: (ino: number) => BpfObject | undefined;
  readonly #root: MachineCgroup | undefined;
  #symbols: Map<string, bigint> | undefined;
  /** The tasks as they were last looked at, and when. */
  #seen: ReadonlyMap<number, MachineTask> = new Map();
  #seenAt = 0;

  constructor(objectOf: (ino: number) => BpfObject | undefined) {
    this.#objectOf = objectOf;
    const root = CGROUP_ROOTS.find((dir) => namesIn(dir).includes(CGROUP_FILE));
    this.#root = root === undefined ? undefined : cgroupAt(root);
  }

  tasks(): readonly MachineTask[] {
    const found: MachineTask[] = [];
    for (const tgid of numbers('/proc')) {
      for (const pid of numbers(`/proc/${tgid}/task`)) {
        const task = readTask(pid, tgid);
        if (task !== undefined) found.push(task);
      }
    }
    this.#seen = new Map(found.map((task) => [task.pid, task]));
    this.#seenAt = Date.now();
    return found.sort((a, b) => a.pid - b.pid);
  }

  /** One that was seen lately is as it was then. */
  task(pid: number): MachineTask | undefined {
    const seen = Date.now() - this.#seenAt < SEEN_MS ? this.#seen.get(pid) : undefined;
    return seen ?? readTask(pid, tgidOf(pid));
  }

  files(pid: number): readonly MachineFile[] {
    const found: MachineFile[] = [];
    for (const fd of numbers(`/proc/${pid}/fd`)) {
      const file = this.#file(pid, fd);
      if (file !== undefined) found.push(file);
    }
    return found;
  }

  #file(pid: number, fd: number): MachineFile | undefined {
    const link = `/proc/${pid}/fd/${fd}`;
    let path: string;
    try {
      path = readlinkSync(link);
    } catch {
      return undefined;
    }
    const info = readText(`/proc/${pid}/fdinfo/${fd}`);
    const flags = Number.parseInt(/^flags:\t([0-7]+)/m.exec(info)?.[1] ?? '0', 8);
    const ino = BigInt(/^ino:\t(\d+)/m.exec(info)?.[1] ?? 0);
    const ours = OBJECT_LINK.exec(path);
    const object = ours === null ? undefined : this.#objectOf(Number(ino));
    if (object !== undefined) path = ours?.[1] ?? path;
    else if (path.includes(`/${HIDDEN_PREFIX}`)) path = 'anon_inode:bpf_iter';
    return { fd, path, dev: 0, ino, mode: 0, flags, object };
  }

  vmas(pid: number): readonly MachineVma[] {
    return readText(`/proc/${pid}/maps`)
      .split('\n')
      .map(readVma)
      .filter((vma) => vma !== undefined && vma.path !== '[vsyscall]') as MachineVma[];
  }

  cgroupRoot(): MachineCgroup | undefined {
    return this.#root;
  }

  cgroup(id: number): MachineCgroup | undefined {
    const find = (cgroup: MachineCgroup): MachineCgroup | undefined => {
      if (cgroup.id === id) return cgroup;
      for (const child of this.cgroupChildren(cgroup)) {
        const found = find(child);
        if (found !== undefined) return found;
      }
      return undefined;
    };
    return this.#root === undefined ? undefined : find(this.#root);
  }

  /** Numbers rise with time, so the order of the numbers is that of the makings. */
  cgroupChildren(cgroup: MachineCgroup): readonly MachineCgroup[] {
    const found: MachineCgroup[] = [];
    for (const name of namesIn(cgroup.path)) {
      const child = cgroupAt(`${cgroup.path}/${name}`);
      if (child !== undefined) found.push(child);
    }
    return found.sort((a, b) => a.id - b.id);
  }

  symbol(name: string): bigint {
    this.#symbols ??= new Map();
    let address = this.#symbols.get(name);
    if (address === undefined) {
      const line = new RegExp(`^([0-9a-f]+) \\w ${name}$`, 'm').exec(readText('/proc/kallsyms'));
      address = line === null ? 0n : BigInt(`0x${line[1]}`);
      this.#symbols.set(name, address);
    }
    return address;
  }
}

function cgroupAt(path: string): MachineCgroup | undefined {
  try {
    const stat = statSync(path);
    return stat.isDirectory() ? { path, id: stat.ino, dev: stat.dev } : undefined;
  } catch {
    return undefined;
  }
}

/** Ids of the cgroups of a thread, from the root to its own; those only that this process sees. */
export function cgroupsOfThread(tid: number): readonly bigint[] {
  const root = CGROUP_ROOTS.find((dir) => namesIn(dir).includes(CGROUP_FILE));
  const path = root === undefined ? undefined : /^0::(\/.*)$/m.exec(readText(`/proc/${tid}/cgroup`))?.[1];
  const ids = [ROOT_CGROUP];
  let at = root ?? '';
  for (const name of (path ?? '').split('/').filter((part) => part !== '')) {
    at += `/${name}`;
    const id = cgroupAt(at)?.id;
    if (id === undefined) break;
    ids.push(BigInt(id));
  }
  return ids;
}
