/** The types of an emulated kernel, as `--vmlinux-btf` chooses them. */
import { resolve } from 'node:path';
import { referencesInside, scanBtf } from '../btf/scan.ts';
import { builtinTypes, defaultTypes, HOST_BTF, hostTypes, type KernelTypes } from '../native/host.ts';
import { EINVAL, ENOENT, Errno } from '../uapi/errno.ts';
import { btfSection } from './btf_file.ts';
import { OBJECT_MAX, readInput } from './common.ts';

/**
 * The types that an option names: `host`, `builtin`, or a file with BTF, raw or in an ELF
 * object. Without one those of the machine's kernel, or the built-in ones where it tells none.
 */
export function kernelTypes(wanted: string | undefined): KernelTypes {
  if (wanted === undefined) return defaultTypes();
  if (wanted === 'builtin') return builtinTypes();
  if (wanted === 'host') {
    const types = hostTypes();
    if (types !== undefined) return types;
    throw new Errno(
      ENOENT,
      `this machine's kernel tells no types (${HOST_BTF} cannot be read): use --vmlinux-btf builtin`,
    );
  }
  const bytes = new Uint8Array(btfSection(readInput(wanted, OBJECT_MAX), wanted));
  const table = scanBtf(bytes);
  if (table === undefined || !referencesInside(table))
    throw new Errno(
      EINVAL,
      `${wanted} holds no whole BTF of a kernel: types are cut off, or refer to some that are not in it`,
    );
  return { source: resolve(wanted), bytes, shown: bytes };
}
