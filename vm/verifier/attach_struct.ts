/**
 * struct_ops programs: the member of a structure of operations they are
 * (`check_struct_ops_btf_id`), and its arguments (`prepare_arg_info`).
 */
import { BTF_KIND, type Btf, type BtfType } from '../../btf/btf.ts';
import { EINVAL, ENOTSUPP } from '../../uapi/errno.ts';
import { checkMember, structOpsRules } from '../progtypes/struct_ops.ts';
import { argOffset } from './btfctx.ts';
import { isStruct, skipMods } from './btfwalk.ts';
import type { CtxArg, Env } from './env.ts';
import { PTR_MAYBE_NULL, PTR_TO_BTF_ID, PTR_TRUSTED } from './flags.ts';

/** What the names of a stub's parameters say of the arguments. */
const NULLABLE = '__nullable';
const REFCOUNTED = '__ref';

export function checkStructOps(env: Env): number {
  if (!env.input.gplCompatible) {
    env.verbose('struct ops programs must have a GPL compatible license\n');
    return -EINVAL;
  }
  const target = env.input.attach;
  const btf = target?.btf;
  if (target === undefined || btf === undefined || target.btfId === 0) return -ENOTSUPP;
  const { btfId } = target;
  const struct = btf.type(btfId);
  const rules = struct?.kind === BTF_KIND.STRUCT ? structOpsRules(struct.name) : undefined;
  if (struct === undefined || rules === undefined) {
    env.verbose(`attach_btf_id ${btfId} is not a supported struct\n`);
    return -ENOTSUPP;
  }
  const index = env.prog.expectedAttachType;
  const member = struct.members[index];
  if (member === undefined) {
    env.verbose(`attach to invalid member idx ${index} of struct ${rules.name}\n`);
    return -EINVAL;
  }
  const pointer = skipMods(btf, member.type);
  const proto = pointer.kind === BTF_KIND.PTR ? skipMods(btf, pointer.type) : undefined;
  if (proto?.kind !== BTF_KIND.FUNC_PROTO) {
    env.verbose(`attach to invalid member ${member.name}(@idx ${index}) of struct ${rules.name}\n`);
    return -EINVAL;
  }
  const supported = checkMember(rules, member.name, env.sleepable);
  if (supported < 0) {
    env.verbose(`attach to unsupported member ${member.name} of struct ${rules.name}\n`);
    return supported;
  }
  const args = stubArgs(btf, `${rules.name}__${member.name}`, proto);
  if (args.some((arg) => arg.refcounted) && env.subprogs.some((subprog) => subprog.hasTailCall)) {
    env.verbose('program with __ref argument cannot tail call\n');
    return -EINVAL;
  }
  env.structOps = rules;
  env.ctxArgs = args;
  env.attachTo(btf, proto.id, member.name, rules.name);
  return 0;
}

/** Arguments whose names in the stub function of the member say more than their types do. */
function stubArgs(btf: Btf, stubName: string, proto: BtfType): CtxArg[] {
  const func = btf.type(btf.find(stubName, BTF_KIND.FUNC));
  const stub = func === undefined || func.id === 0 ? undefined : btf.type(func.type);
  if (stub?.kind !== BTF_KIND.FUNC_PROTO || stub.params.length !== proto.params.length) return [];
  return stub.params.flatMap((param, i) => {
    const nullable = param.name.endsWith(NULLABLE);
    const refcounted = param.name.endsWith(REFCOUNTED);
    const pointer = skipMods(btf, proto.params[i]!.type);
    const pointee = skipMods(btf, pointer.type);
    if (!(nullable || refcounted) || pointer.kind !== BTF_KIND.PTR || !isStruct(pointee)) return [];
    return {
      off: argOffset(btf, proto, i),
      regType: PTR_TO_BTF_ID | PTR_TRUSTED | (nullable ? PTR_MAYBE_NULL : 0),
      btf,
      btfId: pointee.id,
      refcounted: !nullable && refcounted,
      refObjId: 0,
    };
  });
}
