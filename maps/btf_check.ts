/** Shapes of key types that several map types ask for (`btf_type_is_i32`, `btf_member_is_reg_int`). */
import { BTF_KIND, type Btf } from '../btf/btf.ts';

/** Whether a type, seen through typedefs and qualifiers, is a plain integer of `size` bytes: no bit offset, all bits. */
export function checkRegularInt(btf: Btf, typeId: number, size: number): boolean {
  const type = btf.type(btf.typeIdSize(typeId)?.id ?? 0);
  return type?.kind === BTF_KIND.INT && type.size === size && type.bits === size * 8 && type.bitOffset === 0;
}
