/** CO-RE: relocations and paths as text (`bpf_core_format_spec`). */
import type { Btf } from './btf.ts';
import { type CoreSpec, isEnumKind, isFieldKind, plainType } from './core_spec.ts';
import { BTF_KIND_NAME } from './kinds.ts';

const NAMES: readonly string[] = [
  'byte_off',
  'byte_sz',
  'field_exists',
  'signed',
  'lshift_u64',
  'rshift_u64',
  'local_type_id',
  'target_type_id',
  'type_exists',
  'type_size',
  'enumval_exists',
  'enumval_value',
  'type_matches',
];

/** Room for a path in a message. */
const MAX_TEXT = 255;

/** Name of a kind of relocation. */
export function relocText(kind: number): string {
  return NAMES[kind] ?? 'unknown';
}

/** Kind of a type: `STRUCT`. */
export function kindText(btf: Btf, id: number): string {
  return BTF_KIND_NAME[btf.type(id)?.kind ?? 0] ?? 'UNKNOWN';
}

/** A path: `<byte_off> [11] STRUCT task_struct.pid (0:0 @ offset 0)`. */
export function formatSpec(spec: CoreSpec): string {
  const { btf, rootId, kind, bitOffset } = spec;
  const name = btf.type(rootId)?.name ?? '';
  let text = `<${relocText(kind)}> [${rootId}] ${kindText(btf, rootId)} ${name === '' ? '<anon>' : name}`;
  if (isEnumKind(kind)) {
    const one = plainType(btf, rootId)?.enumerators[spec.indices[0] ?? 0];
    if (one !== undefined) text += `::${one.name} = ${one.value}`;
  } else if (isFieldKind(kind)) {
    for (const [i, step] of spec.steps.entries()) {
      if (step.name !== '') text += `.${step.name}`;
      else if (i > 0 || step.index > 0) text += `[${step.index}]`;
    }
    const bits = bitOffset % 8;
    text += ` (${spec.indices.join(':')} @ offset ${Math.floor(bitOffset / 8)}${bits === 0 ? '' : `.${bits}`})`;
  }
  return text.slice(0, MAX_TEXT);
}
