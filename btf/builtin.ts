/** The built-in BTF: what stands in for the kernel's own where the machine has none. */
import { BASE } from './builtin/base.ts';
import { BLOCK } from './builtin/block.ts';
import { BPF } from './builtin/bpf.ts';
import { FS } from './builtin/fs.ts';
import { FUNCTIONS } from './builtin/functions.ts';
import { KFUNCS } from './builtin/kfuncs.ts';
import { LSM } from './builtin/lsm.ts';
import { NET } from './builtin/net.ts';
import { RECORDS } from './builtin/records.ts';
import { STRUCT_OPS } from './builtin/struct_ops.ts';
import { TASK } from './builtin/task.ts';
import { TRACEPOINTS } from './builtin/tracepoints.ts';
import { UAPI } from './builtin/uapi.ts';
import { parseC } from './c_parse.ts';

const PARTS = [
  BASE,
  UAPI,
  BPF,
  STRUCT_OPS,
  TASK,
  FS,
  NET,
  BLOCK,
  TRACEPOINTS,
  RECORDS,
  LSM,
  FUNCTIONS,
  KFUNCS,
] as const;

let bytes: Uint8Array | undefined;

/** Its declarations, as {@link parseC} takes them. */
export function builtinSource(): string {
  return PARTS.join('');
}

/** Its bytes; made when first asked for. */
export function builtinBtf(): Uint8Array {
  bytes ??= parseC(builtinSource());
  return bytes;
}
