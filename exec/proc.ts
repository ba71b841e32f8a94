/** What /proc tells of processes, read when asked for; nothing where a process has gone. */
import { readdirSync, readFileSync } from 'node:fs';

/** All of a file; '' when it cannot be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** Names in a directory; none when it cannot be read. */
export function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Those that are numbers, as such, in no order. */
export function numbersIn(path: string): number[] {
  return namesIn(path)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** The process that a thread belongs to; the thread's own number when it has gone. */
export function tgidOf(tid: number): number {
  return Number(/^Tgid:\s+(\d+)/m.exec(readText(`/proc/${tid}/status`))?.[1] ?? tid);
}

/** Name of a thread; '' when it has gone. */
export function commOf(tid: number): string {
  return readText(`/proc/${tid}/comm`).replace(/\n$/, '');
}

/** A `stat` file: the name, and the fields behind it, from the third (the state) on. */
export interface ProcStat {
  readonly comm: string;
  readonly fields: readonly string[];
}

/** The `stat` file of a directory of /proc; undefined when there is none. */
export function readStat(dir: string): ProcStat | undefined {
  const stat = readText(`${dir}/stat`);
  const end = stat.lastIndexOf(')');
  if (end < 0) return undefined;
  return { comm: stat.slice(stat.indexOf('(') + 1, end).slice(0, 15), fields: stat.slice(end + 2).split(' ') };
}
