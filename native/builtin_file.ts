/**
 * The built-in types as a file that the build leaves beside the program, since making
 * them takes a quarter of a second. Its name has a hash of what it is made from.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
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

/** Leaves the file. */
export function writeBuiltin(): void {
  writeFileSync(place(), builtinBtf());
}
