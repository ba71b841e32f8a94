/**
 * Options that several commands share, and the version. Nothing here loads the emulator:
 * commands import that when they run, so that help and errors come at once.
 */
import { readFileSync } from 'node:fs';
import { InvalidArgumentError, Option } from 'commander';
import { CPUS_MAX } from '../native/host.ts';
import { parseCount, parseSize } from './common.ts';

/** Options of the commands that start an emulated kernel. */
export interface KernelFlags {
  readonly memory: number;
  readonly cpus?: number;
  readonly seed?: number;
  /** What programs run on; `both` is for `run` only. */
  readonly engine?: 'jit' | 'interp' | 'both';
}

/** The options behind {@link KernelFlags}, for a command to add. */
export function kernelOptions(): Option[] {
  return [
    new Option('--memory <size>', 'memory of the emulated kernel').default(2 ** 30, '1G').argParser(parseSize),
    new Option('--cpus <n>', "possible CPUs of the emulated kernel (default: this machine's)").argParser((text) => {
      const cpus = parseCount(1)(text);
      if (cpus > CPUS_MAX) throw new InvalidArgumentError(`at most ${CPUS_MAX} CPUs.`);
      return cpus;
    }),
    new Option('--seed <n>', 'make hash seeds and random numbers repeatable').argParser(parseCount(0)),
  ];
}

/** The version of the project, from package.json. */
export function projectVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
