/**
 * What the emulated kernel takes from outside, one place each, so that a run can
 * be repeated: memory, the number of CPUs and the current one, time, randomness,
 * and the version of the kernel it emulates.
 */
import type { Arena } from '../mm/arena.ts';
import type { Profile } from './profile.ts';

/** Clocks, in nanoseconds. Split in seconds and nanoseconds nowhere: BigInt, off the hot paths. */
export interface Clock {
  /** CLOCK_MONOTONIC. */
  monotonic(): bigint;
  /** CLOCK_BOOTTIME. */
  boottime(): bigint;
  /** CLOCK_REALTIME. */
  realtime(): bigint;
}

/** Random numbers. */
export interface Random {
  /** 32 random bits, as an unsigned number. */
  u32(): number;
}

/** One emulated kernel's surroundings; every map, program and command is given it. */
export interface KernelEnv {
  readonly arena: Arena;
  /** Possible CPUs (`num_possible_cpus()`); ids 0 to nrCpus - 1. */
  readonly nrCpus: number;
  /** The CPU the current caller or program runs on (`smp_processor_id()`), set by the door for each call. */
  cpu: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly profile: Profile;
}

/** A repeatable random source (xorshift32) from a seed. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0 || 0x9e3779b9;
  return {
    u32(): number {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      state >>>= 0;
      return state;
    },
  };
}
