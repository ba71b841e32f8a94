/**
 * Options that several commands share, and the version. Nothing here loads the emulator:
 * commands import that when they run, so that help and errors come at once.
 */
import { readFileSync } from 'node:fs';
import { InvalidArgumentError, Option } from 'commander';
import { ARENA_MAX, ARENA_MIN } from '../mm/arena.ts';
import { CPUS_MAX } from '../native/host.ts';
import { parseCount, parseSize } from './common.ts';

/** Options of the commands that start an emulated kernel. */
export interface KernelFlags {
  readonly memory: number;
  readonly cpus?: number;
  readonly seed?: number;
  /** The kernel's types: `host`, `builtin` or a file; see cli/vmlinux.ts. */
  readonly vmlinuxBtf?: string;
  /** A clock that stands still, instead of the machine's. */
  readonly clock?: ClockSetting;
  /** What programs run on. */
  readonly engine?: 'jit' | 'interp' | 'both';
  /** Milliseconds one run of a program may take. */
  readonly runBudget?: number;
}

/** Where a clock that stands still begins: nanoseconds since boot, and what the real time was at boot. */
export interface ClockSetting {
  readonly now: bigint;
  readonly epoch: bigint;
  /** The clock shows the time of the packet that is looked at (`run --clock packets`). */
  readonly packets: boolean;
}

const UNITS: Readonly<Record<string, bigint>> = { ns: 1n, us: 1000n, ms: 1_000_000n, s: 1_000_000_000n };

/** Parses the value of --clock, for commander. */
export function parseClock(text: string): ClockSetting {
  if (text === 'packets') return { now: 0n, epoch: 0n, packets: true };
  const since = /^(\d+)(ns|us|ms|s)?$/.exec(text);
  if (since !== null)
    return { now: BigInt(since[1] ?? 0) * (UNITS[since[2] ?? 'ns'] ?? 1n), epoch: 0n, packets: false };
  // Date.parse takes much that nobody means as a date, such as -1.
  const date = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(date))
    throw new InvalidArgumentError(
      'a time since boot such as 1500ms, or a date such as 2026-01-31T12:00:00Z is wanted.',
    );
  return { now: 0n, epoch: BigInt(date) * 1_000_000n, packets: false };
}

/** The options behind {@link KernelFlags}, for a command to add. */
export function kernelOptions(): Option[] {
  return [
    new Option('--memory <size>', 'memory of the emulated kernel, 16M to 2G')
      .default(2 ** 30, '1G')
      .argParser((text) => {
        const size = parseSize(text);
        // 2G itself is what people write; the arena takes the pages that fit.
        if (size >= ARENA_MIN && size <= 2 ** 31) return Math.min(size, ARENA_MAX);
        throw new InvalidArgumentError('16M to 2G is wanted.');
      }),
    new Option('--cpus <n>', "possible CPUs of the emulated kernel (default: this machine's)").argParser((text) => {
      const cpus = parseCount(1)(text);
      if (cpus > CPUS_MAX) throw new InvalidArgumentError(`at most ${CPUS_MAX} CPUs.`);
      return cpus;
    }),
    new Option(
      '--clock <time>',
      'a clock that stands still, at a time since boot (1500ms) or a date (2026-01-31T12:00:00Z)',
    ).argParser(parseClock),
    new Option(
      '--vmlinux-btf <source>',
      "the kernel's types: host (this machine's), builtin, or a file with BTF (default: host where there are any, else builtin)",
    ),
    new Option('--seed <n>', 'make hash seeds and random numbers repeatable').argParser(parseCount(0)),
  ];
}

/** The version of the project, from package.json. */
export function projectVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** The option that says what programs run on. */
export function engineOption(): Option {
  return new Option('--engine <name>', 'run programs compiled, interpreted, or both and compared').choices([
    'jit',
    'interp',
    'both',
  ]);
}

/** The option of commands that run programs. */
export function runBudgetOption(): Option {
  return new Option(
    '--run-budget <ms>',
    'end a program that runs for longer: others are served between runs, not within one (default: 1000)',
  ).argParser(parseCount(1));
}
