/** Comparing verdicts of random programs with the kernel's, and making small what differs. */
import { EAGAIN, EFAULT, ENOSPC } from '../../../uapi/errno.ts';
import { type FuzzMachine, lastLine, type Verdict } from './machine.ts';
import { type FuzzProgram, isSecondHalf, without } from './program.ts';

/** Most programs that are asked for while one is made small, and the time for it. */
const MOST_TRIES = 400;
const MOST_MS = 20_000;
/** Instructions left out at a time are tried this many programs at once. */
const AT_ONCE = 32;

/** The kernel did not finish: it was stopped, or its log did not fit. */
export function unfinished(kernel: Verdict): boolean {
  return kernel.errno === EAGAIN || kernel.errno === ENOSPC;
}

/**
 * The kernel verifies the program and then loses a function while it takes out dead code.
 * Nothing here has that step, or that fault.
 */
function kernelFault(kernel: Verdict): boolean {
  return kernel.errno === EFAULT && /verifier bug: No program to jit/.test(kernel.last);
}

/** How two verdicts differ, or undefined. Without a log the errno alone counts. */
export function difference(ours: Verdict, kernel: Verdict): string | undefined {
  if (unfinished(kernel) || kernelFault(kernel)) return undefined;
  if (ours.errno !== kernel.errno) return `errno ${ours.errno}, kernel ${kernel.errno}`;
  const [a, b] = [lastLine(ours.last), lastLine(kernel.last)];
  if (a !== b) return `last line "${a}", kernel "${b}"`;
  return ours.hash === kernel.hash ? undefined : 'the log';
}

/** Where two logs part: the lines before, ours and the kernel's. */
export function parting(ours: string, kernel: string, before: number, after: number): string {
  const a = ours.split('\n');
  const b = kernel.split('\n');
  const found = a.findIndex((line, i) => line !== b[i]);
  const at = found < 0 ? Math.min(a.length, b.length) : found;
  return [
    `line ${at}`,
    ...a.slice(Math.max(0, at - before), at),
    '--- ours',
    ...a.slice(at, at + after),
    '--- kernel',
    ...b.slice(at, at + after),
  ].join('\n');
}

/**
 * A smaller program that still differs: instructions are left out as long as it does, for
 * so many steps and so long.
 */
export function minimise(machine: FuzzMachine, program: FuzzProgram, level: number): FuzzProgram {
  const end = performance.now() + MOST_MS;
  let small = program;
  let tries = 0;
  for (let again = true; again; ) {
    again = false;
    for (let at = small.words.length - 1; at >= 0 && small.words.length > 1; ) {
      const tried: FuzzProgram[] = [];
      for (; at >= 0 && tried.length < AT_ONCE; at--)
        if (!isSecondHalf(small.words, at)) tried.push(without(small, at));
      tries += tried.length;
      if (tries > MOST_TRIES || performance.now() > end) return small;
      const kernel = machine.askKernel(tried, level);
      if (typeof kernel === 'string') return small;
      const found = tried.find((one, i) => {
        return one.words.length > 0 && difference(machine.load(one, level), kernel[i]!) !== undefined;
      });
      if (found === undefined) continue;
      small = found;
      at = Math.min(at + AT_ONCE, small.words.length - 1);
      again = true;
    }
  }
  return small;
}
