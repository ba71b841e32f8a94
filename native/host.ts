/**
 * The surroundings of an emulated kernel on this machine: its clocks, its
 * randomness and its CPUs; or repeatable ones from a seed.
 */
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Clock, type Random, seededRandom } from '../base/env.ts';
import { readBuiltin } from './builtin_file.ts';

const MILLISECOND = 1_000_000n;

/** Most CPUs that are emulated: what a caller exchanges for a per-CPU value grows with them. */
export const CPUS_MAX = 1024;

/** The machine's clocks. Boot time runs ahead of the monotonic clock by the time spent suspended. */
export function hostClock(): Clock {
  const suspended = suspendedTime();
  return {
    monotonic: () => process.hrtime.bigint(),
    boottime: () => process.hrtime.bigint() + suspended,
    realtime: realtimeClock(),
  };
}

/**
 * CLOCK_REALTIME in nanoseconds: Node tells it in milliseconds only, so the monotonic clock
 * fills in the rest, and is set right when the time was changed. Two calls never give the same.
 */
function realtimeClock(): () => bigint {
  const milliseconds = (): bigint => BigInt(Date.now()) * 1_000_000n;
  let ahead = milliseconds() - process.hrtime.bigint();
  return () => {
    const now = ahead + process.hrtime.bigint();
    const off = now - milliseconds();
    if (off > -MILLISECOND && off < 2n * MILLISECOND) return now;
    ahead -= off;
    return now - off;
  };
}

/** Nanoseconds between CLOCK_MONOTONIC and CLOCK_BOOTTIME, from /proc/uptime (which counts the latter). */
function suspendedTime(): bigint {
  try {
    const uptime = Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
    const ahead = uptime - Number(process.hrtime.bigint()) / 1e9;
    // /proc/uptime has hundredths of a second: less than a second is no suspension.
    return ahead > 1 ? BigInt(Math.round(ahead * 100)) * 10_000_000n : 0n;
  } catch {
    return 0n;
  }
}

/** A clock that stands at one time and is moved by hand, for runs that can be repeated. */
export class ManualClock implements Clock {
  #now: bigint;
  #epoch: bigint;

  /** `now`: nanoseconds since boot; `epoch`: what the real-time clock showed at boot. */
  constructor(now = 0n, epoch = 0n) {
    this.#now = now;
    this.#epoch = epoch;
  }

  /** Moves time forward by some nanoseconds. */
  advance(nanoseconds: bigint): void {
    this.#now += nanoseconds;
  }

  /** Sets the real time of the boot. */
  boot(epoch: bigint): void {
    this.#epoch = epoch;
  }

  monotonic(): bigint {
    return this.#now;
  }

  boottime(): bigint {
    return this.#now;
  }

  realtime(): bigint {
    return this.#epoch + this.#now;
  }
}

/** Random numbers from the system's source, fetched a page at a time. */
export function hostRandom(): Random {
  const pool = new Uint32Array(1024);
  let next = pool.length;
  return {
    u32(): number {
      if (next === pool.length) {
        randomFillSync(pool);
        next = 0;
      }
      return pool[next++] as number;
    },
  };
}

/** The random source of a run: repeatable when a seed is given. */
export function randomSource(seed: number | undefined): Random {
  return seed === undefined ? hostRandom() : seededRandom(seed);
}

/** Number of possible CPUs of this machine (/sys/devices/system/cpu/possible), 1 when it cannot be read. */
export function possibleCpus(): number {
  try {
    const text = readFileSync('/sys/devices/system/cpu/possible', 'utf8').trim();
    const last = text.split(/[-,]/).pop() ?? '0';
    return Math.min(Number.parseInt(last, 10) + 1 || 1, CPUS_MAX);
  } catch {
    return 1;
  }
}

/** Where this machine's kernel tells its types. */
export const HOST_BTF = '/sys/kernel/btf/vmlinux';

/** Types of an emulated kernel (its `vmlinux` BTF) and where they are from. */
export interface KernelTypes {
  /** `host` (those of the machine's kernel), `builtin`, or the path of a file. */
  readonly source: string;
  /** A whole BTF object. */
  readonly bytes: Uint8Array;
  /** What commands under `exec` must be shown at {@link HOST_BTF}: the same bytes, where they do not find them there. */
  readonly shown: Uint8Array | undefined;
}

/** The types of this machine's kernel; undefined where it tells none. */
export function hostTypes(): KernelTypes | undefined {
  try {
    const bytes = readFileSync(HOST_BTF);
    return {
      source: 'host',
      bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      shown: undefined,
    };
  } catch {
    return undefined;
  }
}

/** The built-in types. */
export function builtinTypes(): KernelTypes {
  const bytes = readBuiltin();
  return { source: 'builtin', bytes, shown: bytes };
}

/** The types of this machine's kernel, or the built-in ones where it tells none. */
export function defaultTypes(): KernelTypes {
  return hostTypes() ?? builtinTypes();
}
