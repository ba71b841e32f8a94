/**
 * System calls that programs of the emulated kernel may be attached to, though the kernel of
 * the machine carries them out: they are sent here to be looked at first. Which ones must be
 * known when a command starts, since the filter of a process cannot be changed later.
 */

import type { Kernel } from '../syscall/kernel.ts';
import { isCallWatched, passSystemCall } from '../syscall/system_call.ts';
import { EINVAL, Errno } from '../uapi/errno.ts';
import { definedName, SYSCALL_NAMES, syscallNumber } from '../uapi/syscalls.ts';
import type { CurrentCall } from './call.ts';
import { BOX } from './native.ts';

/** Calls that cost little to send: those that ask who one is, that sleep, and that start or name something. */
const USUAL: readonly string[] = [
  'getpid',
  'gettid',
  'getppid',
  'getpgrp',
  'getpgid',
  'getsid',
  'getuid',
  'geteuid',
  'getgid',
  'getegid',
  'nanosleep',
  'clock_nanosleep',
  'prctl',
  'prlimit64',
  'sethostname',
  'setdomainname',
  'open',
  'openat',
  'openat2',
  'execve',
  'execveat',
  'kill',
  'unlink',
  'unlinkat',
];

/** Calls by which the launcher talks with its server: it would wait for itself. */
const NEVER: ReadonlySet<string> = new Set(['sendto', 'recvfrom', 'sendmsg']);

/** Numbers of the calls to watch: the usual ones, and those of a list of names; `all`; an {@link Errno} for an unknown name. */
export function watchedNumbers(list: string): readonly number[] {
  const names = [...USUAL];
  for (const name of list.split(',').filter((word) => word !== '')) {
    if (name === 'all') names.push(...SYSCALL_NAMES.filter((one) => one !== undefined));
    else names.push(name);
  }
  const numbers = new Set<number>();
  for (const name of names) {
    const nr = syscallNumber(name);
    if (nr === undefined)
      throw new Errno(EINVAL, `"${name}" is no system call; names as in "openat,write", or "all", are wanted`);
    if (!NEVER.has(name)) numbers.add(nr);
  }
  return [...numbers];
}

/** Looks at the call that has arrived, for one listener. */
export class WatchedCalls {
  readonly #kernel: Kernel;
  readonly #u32: Uint32Array;
  readonly #u64: BigUint64Array;

  constructor(kernel: Kernel, mailbox: ArrayBuffer) {
    this.#kernel = kernel;
    this.#u32 = new Uint32Array(mailbox, 0, BOX.ATTR / 4);
    this.#u64 = new BigUint64Array(mailbox, 0, BOX.ATTR / 8);
  }

  /** Runs the programs that wait for a call: undefined, or the result that one of them has decided on. */
  pass(call: CurrentCall, nr: number): number | undefined {
    const name = definedName(nr);
    if (name === undefined || !isCallWatched(this.#kernel, name)) return undefined;
    const args = [...this.#u64.subarray(BOX.LONG_ARGS, BOX.LONG_ARGS + 6)];
    return passSystemCall(this.#kernel, call.caller, { nr, name, args, ip: this.#u64[BOX.IP]! });
  }

  /** Has the calls sent here, or not: from the next one on. */
  set wanted(wanted: boolean) {
    this.#u32[BOX.WATCHED] = wanted ? 1 : 0;
  }

  /** Whether they are sent. */
  get wanted(): boolean {
    return this.#u32[BOX.WATCHED] !== 0;
  }
}
