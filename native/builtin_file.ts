/**
 * The built-in types as a file that the build leaves beside the program, since making
 * them takes a quarter of a second. Its name has a hash of what it is made from.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinBtf, builtinSource } from '../btf/builtin.ts';

/** In dist/, from dist/native/ as from dist/bundle/. */
function place(): URL {
  const hash = createHash('sha1').update(builtinSource(), 'latin1').digest('hex').slice(0, 16);
  return new URL(`../builtin-${hash}.btf`, import.meta.url);
}

/** The bytes of the built-in types: read, or made where the build has left none. */
export function readBuiltin(): Uint8Array {
  try {
    return new Uint8Array(readFileSync(place()));
  } catch {
    return builtinBtf();
  }
}

/** Leaves the file, in the place of those of earlier types. */
export function writeBuiltin(): void {
  const dir = new URL('.', place());
  for (const name of readdirSync(dir)) if (/^builtin-[0-9a-f]+\.btf$/.test(name)) rmSync(new URL(name, dir));
  writeFileSync(place(), builtinBtf());
}
