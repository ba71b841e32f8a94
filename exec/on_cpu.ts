/** Which task a CPU of the machine is busy with, as far as /proc tells. */
import { statSync } from 'node:fs';
import type { CurrentTask } from '../vm/task.ts';
import { numbersIn, readStat, tgidOf } from './proc.ts';

/** How long a look at all tasks counts at least, in milliseconds; and how many times as long as it took. */
const SEEN_MS = 8;
const SEEN_TIMES = 10;

/** A task, and the CPU it is or was last on. */
export interface TaskOnCpu {
  readonly cpu: number;
  readonly task: Partial<CurrentTask>;
}

/** A thread's /proc/PID/stat, as far as it is of use. */
interface Stat {
  readonly comm: string;
  readonly runs: boolean;
  readonly threads: number;
  readonly cpu: number;
}

function runningOf(dir: string): Stat | undefined {
  const stat = readStat(dir);
  if (stat === undefined) return undefined;
  const { comm, fields } = stat;
  // The 20th field is the number of threads, the 39th the CPU.
  return { comm, runs: fields[0] === 'R', threads: Number(fields[17] ?? 1), cpu: Number(fields[36] ?? 0) };
}

function taskOf(tid: number, tgid: number, comm: string): Partial<CurrentTask> {
  const owner = statSync(`/proc/${tid}`, { throwIfNoEntry: false });
  return { pid: tid, tgid, uid: owner?.uid ?? 0, gid: owner?.gid ?? 0, comm };
}

/** Looks at the tasks of this machine; not at this process, which is only running because it looks. */
export class OnCpu {
  readonly #seen = new Map<number, { readonly tid: number; readonly tgid: number; readonly comm: string }>();
  #until = 0;

  /** A task that a CPU is busy with, or its idle task. */
  task(cpu: number): TaskOnCpu {
    if (performance.now() > this.#until) this.#look();
    const seen = this.#seen.get(cpu);
    if (seen !== undefined) return { cpu, task: taskOf(seen.tid, seen.tgid, seen.comm) };
    return { cpu, task: { pid: 0, tgid: 0, uid: 0, gid: 0, comm: `swapper/${cpu}` } };
  }

  /** A certain thread. */
  thread(tid: number): TaskOnCpu {
    const stat = runningOf(`/proc/${tid}`);
    return { cpu: stat?.cpu ?? 0, task: taskOf(tid, tgidOf(tid), stat?.comm ?? '') };
  }

  #look(): void {
    const begin = performance.now();
    this.#seen.clear();
    for (const pid of numbersIn('/proc')) {
      if (pid === process.pid) continue;
      const stat = runningOf(`/proc/${pid}`);
      if (stat === undefined) continue;
      if (stat.threads <= 1) this.#note(pid, pid, stat);
      else
        for (const tid of numbersIn(`/proc/${pid}/task`)) this.#note(tid, pid, runningOf(`/proc/${pid}/task/${tid}`));
    }
    const end = performance.now();
    this.#until = end + Math.max(SEEN_MS, SEEN_TIMES * (end - begin));
  }

  #note(tid: number, tgid: number, stat: Stat | undefined): void {
    if (stat?.runs === true) this.#seen.set(stat.cpu, { tid, tgid, comm: stat.comm });
  }
}
