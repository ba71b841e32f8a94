/** The built-in BTF: what stands in for the kernel's own where the machine has none. */
import { BUILTIN_KFUNCS } from './builtin_kfuncs.ts';
import { BUILTIN_TYPES } from './builtin_types.ts';
import { parseC } from './c_parse.ts';

let bytes: Uint8Array | undefined;

/** Its bytes; made when first asked for. */
export function builtinBtf(): Uint8Array {
  bytes ??= parseC(BUILTIN_TYPES + BUILTIN_KFUNCS);
  return bytes;
}
