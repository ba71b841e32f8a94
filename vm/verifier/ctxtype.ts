/** Types that stand for the context of a program type (`btf_is_prog_ctx_type`). */
import { BTF_KIND, type Btf, type BtfType } from '../../btf/btf.ts';
import { BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { isStruct, skipMods } from './btfwalk.ts';
import type { ProgTypeRules } from './types.ts';

const QUALIFIERS = new Set<number>([BTF_KIND.CONST, BTF_KIND.VOLATILE, BTF_KIND.RESTRICT, BTF_KIND.TYPE_TAG]);

/** The type behind qualifiers and tags, with its typedefs. */
export function skipQualifiers(btf: Btf, id: number): BtfType | undefined {
  let t = btf.type(id);
  for (let depth = 0; depth < 32 && t !== undefined && QUALIFIERS.has(t.kind); depth++) t = btf.type(t.type);
  return t;
}

/** Name of a context struct and of its kernel twin mean the same (`btf_is_projection_of`). */
export function isProjection(uapi: string, name: string): boolean {
  return (uapi === '__sk_buff' && name === 'sk_buff') || (uapi === 'xdp_md' && name === 'xdp_buff');
}

/** A pointer to the context of a program type, by name. */
export function isCtxType(rules: ProgTypeRules, btf: Btf, ptr: BtfType): boolean {
  if (rules.type === BPF_PROG_TYPE.KPROBE) {
    const t = skipQualifiers(btf, ptr.type);
    if (t?.kind === BTF_KIND.TYPEDEF && t.name === 'bpf_user_pt_regs_t') return true;
  }
  const t = skipMods(btf, ptr.type);
  if (!isStruct(t)) return false;
  const uapi = rules.ctxUapiName;
  if (isProjection(uapi, t.name) || uapi === t.name) return true;
  return uapi === 'bpf_user_pt_regs_t' && t.name === 'pt_regs';
}

/** The struct that has the context of every program type, as programs and as the kernel see it. */
const CONVERT = 'bpf_ctx_convert';

/** Id of the kernel's own type of a program type's context, a struct or not; 0: not known (`find_kern_ctx_type_id`). */
export function kernelCtxTypeId(rules: ProgTypeRules, vmlinux: Btf | undefined): number {
  if (vmlinux === undefined) return 0;
  const all = vmlinux.type(vmlinux.find(CONVERT, BTF_KIND.STRUCT));
  const member = all?.members.find((one) => one.name === `BPF_PROG_TYPE_${rules.name.toUpperCase()}_kern`);
  return member?.type ?? vmlinux.find(rules.ctxKernelName, BTF_KIND.STRUCT);
}
