/**
 * Writes to the few fields of the kernel's structs that programs may change
 * (`btf_struct_access` of struct bpf_verifier_ops, kept in {@link WritableFields}).
 */
import { BTF_KIND, type Btf } from '../../btf/btf.ts';
import { EACCES } from '../../uapi/errno.ts';
import type { WritableField, WritableFields } from '../progtypes/writable.ts';
import { skipMods } from './btfwalk.ts';
import type { Env } from './env.ts';
import { typeSize } from './ldimm64.ts';
import type { Reg } from './state.ts';

interface Place {
  readonly start: number;
  readonly end: number;
  readonly anywhere: boolean;
}

/** Where a field is, or undefined when the kernel does not have it. */
function placeOf(btf: Btf, field: WritableField): Place | undefined {
  let type = btf.type(btf.find(field.in, BTF_KIND.STRUCT));
  let start = 0;
  let size = 0;
  for (const name of field.path) {
    const member = type?.members.find((one) => one.name === name);
    if (member === undefined) return undefined;
    start += member.bitOffset >>> 3;
    size = member.bitfieldSize === 0 ? typeSize(btf, member.type) : (member.bitfieldSize + 7) >>> 3;
    type = skipMods(btf, member.type);
  }
  return { start, end: start + Math.max(size, 0), anywhere: field.anywhere === true };
}

function refuse(env: Env, text: string): number {
  if (text !== '') env.verbose(`${text}\n`);
  return -EACCES;
}

/** Whether `size` bytes at `off` of the kernel's object may be written: 0 or -errno. */
export function checkKernelWrite(env: Env, rules: WritableFields, reg: Reg, off: number, size: number): number {
  const btf = reg.btf!;
  const type = btf.type(reg.btfId);
  const known = type !== undefined && rules.structs.includes(type.name);
  if (rules.fields === 'all') {
    if (!known) return refuse(env, `only access to ${rules.shown} is supported`);
    return off + size > type.size ? refuse(env, `write access at off ${off} with size ${size}`) : 0;
  }
  if (!known) return refuse(env, 'only read is supported');
  for (const field of rules.fields) {
    const place = placeOf(btf, field);
    if (place === undefined) continue;
    if (place.anywhere ? off < place.start || off >= place.end : off !== place.start) continue;
    if (off + size <= place.end) return 0;
    return refuse(
      env,
      `write access at off ${off} with size ${size} beyond the member of ${rules.shown} ended at ${place.end}`,
    );
  }
  return refuse(env, `no write support to ${rules.shown} at off ${off}`);
}
