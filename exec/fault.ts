/**
 * Fault injection: `--fail CMD[:n|:n+|:each]=ERRNO`, after strace(1) and fail_function.
 *
 *   BPF_MAP_CREATE=ENOMEM      every call of the command fails
 *   MAP_CREATE:2=ENOMEM        its second call
 *   MAP_CREATE:2+=ENOMEM       its second call and all after it
 *   any:5=EINTR                the fifth call of bpf(2), whatever its command
 *
 * A call that is made to fail is not carried out.
 */
import { BPF_CMD } from '../uapi/bpf.ts';
import { EINVAL, Errno, errnoName, errnoNumber } from '../uapi/errno.ts';
import type { ObservedCall, Observer } from './observer.ts';

/** One rule. */
export interface Fault {
  /** Command number, or undefined for any. */
  readonly cmd: number | undefined;
  /** First call that fails, from 1. */
  readonly first: number;
  /** Last call that fails. */
  readonly last: number;
  /** Positive error number. */
  readonly errno: number;
}

/** What `:each` means to the runner: one run a call. */
export interface FaultEach {
  readonly cmd: number | undefined;
  readonly errno: number;
}

const SYNTAX = /^(?:BPF_)?([A-Z_]+|ANY|\*)(?::(\d+)(\+?)|:(EACH))?=([A-Z0-9]+)$/;

/** Name of a command number, `BPF_MAP_CREATE`; `BPF_#99` for one that does not exist. */
export function commandName(cmd: number): string {
  const name = Object.entries(BPF_CMD).find(([, number]) => number === cmd)?.[0];
  return name === undefined ? `BPF_#${cmd}` : `BPF_${name}`;
}

/** Parses one rule; throws {@link Errno} that says what is wanted. */
export function parseFault(text: string): Fault | FaultEach {
  const match = SYNTAX.exec(text.toUpperCase());
  if (match === null)
    throw new Errno(
      EINVAL,
      `Cannot read the fault '${text}': CMD[:n|:n+|:each]=ERRNO is wanted, such as BPF_MAP_CREATE:1=ENOMEM`,
    );
  const [, name = '', n, plus, each, error = ''] = match;
  const any = name === 'ANY' || name === '*';
  if (!any && !Object.hasOwn(BPF_CMD, name))
    throw new Errno(EINVAL, `Cannot read the fault '${text}': there is no command BPF_${name}`);
  const errno = errnoNumber(error) ?? Number(error);
  if (!(errno > 0 && errno < 4096))
    throw new Errno(EINVAL, `Cannot read the fault '${text}': there is no error ${error}`);
  const cmd = any ? undefined : BPF_CMD[name as keyof typeof BPF_CMD];
  if (each !== undefined) return { cmd, errno };
  const first = n === undefined ? 1 : Number(n);
  if (first < 1) throw new Errno(EINVAL, `Cannot read the fault '${text}': calls are counted from 1`);
  return { cmd, first, last: n === undefined || plus === '+' ? Number.POSITIVE_INFINITY : first, errno };
}

/** Whether a rule asks for one run a call. */
export function isEach(fault: Fault | FaultEach): fault is FaultEach {
  return !('first' in fault);
}

/** Makes calls fail as the rules say, and counts what it did. */
export class FaultInjector implements Observer {
  readonly #rules: readonly Fault[];
  readonly #counts: number[];
  /** Calls that were made to fail. */
  injected = 0;

  constructor(rules: readonly Fault[]) {
    this.#rules = rules;
    this.#counts = rules.map(() => 0);
  }

  enter(call: ObservedCall): number {
    let result = 0;
    for (let i = 0; i < this.#rules.length; i++) {
      const rule = this.#rules[i]!;
      if (rule.cmd !== undefined && rule.cmd !== call.cmd) continue;
      const n = ++this.#counts[i]!;
      if (result === 0 && n >= rule.first && n <= rule.last) result = -rule.errno;
    }
    if (result !== 0) this.injected++;
    return result;
  }
}

/** How a program took one failing call. */
export interface EachOutcome {
  /** Which call failed, from 1. */
  readonly n: number;
  /** The command that failed; undefined when the run made fewer calls. */
  readonly cmd: number | undefined;
  readonly status: number;
  /** A signal ended it. */
  readonly killed: boolean;
}

/** The report of `--fail-each`: one line a call, and a summary. */
export function eachReport(errno: number, clean: number, outcomes: readonly EachOutcome[]): string {
  const lines = outcomes.map(({ n, cmd, status, killed }) => {
    const what = cmd === undefined ? 'not reached' : commandName(cmd);
    return `call ${String(n).padStart(4)}  ${what.padEnd(28)} ${errnoName(errno)}  ${verdict(status, killed, clean)}`;
  });
  const killed = outcomes.filter(({ killed }) => killed).length;
  const same = outcomes.filter(({ status }) => status === clean).length;
  lines.push(
    `${outcomes.length} ${outcomes.length === 1 ? 'run' : 'runs'}: ${same} ended as without a fault, ${outcomes.length - same - killed} with another status, ${killed} by a signal`,
  );
  return `${lines.join('\n')}\n`;
}

function verdict(status: number, killed: boolean, clean: number): string {
  if (killed) return `killed by signal ${status - 128}`;
  if (status === clean) return `exit ${status}, as without the fault`;
  return `exit ${status}`;
}
