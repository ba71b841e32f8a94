/** What the commands of the fuzzers share. */
import { type Random, seededRandom } from '../../../base/env.ts';

/** A number of the command line: `--name 5`. */
export function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

/** A word of the command line: `--name word`. */
export function text(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** Random numbers that differ from the first on between neighbouring seeds. */
export function startRandom(seed: number): Random {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1));
  for (let i = 0; i < 16; i++) random.u32();
  return random;
}
