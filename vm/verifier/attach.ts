/**
 * What a program attaches to, where the verifier must know: the prototype its context
 * follows (`check_attach_btf_id`).
 */
import { BTF_KIND } from '../../btf/btf.ts';
import { BPF_ATTACH_TYPE, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { EINVAL } from '../../uapi/errno.ts';
import { iterTarget } from '../progtypes/iter_targets.ts';
import { checkStructOps } from './attach_struct.ts';
import type { Env } from './env.ts';

const TRACE_PREFIX = 'btf_trace_';

export function checkAttachTarget(env: Env): number {
  const type = env.input.progType;
  if (type === BPF_PROG_TYPE.SYSCALL) {
    if (env.sleepable) return 0;
    env.verbose('Syscall programs can only be sleepable\n');
    return -EINVAL;
  }
  if (env.sleepable && !maySleep(env)) {
    env.verbose('Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable\n');
    return -EINVAL;
  }
  if (type === BPF_PROG_TYPE.STRUCT_OPS) return checkStructOps(env);
  if (type !== BPF_PROG_TYPE.TRACING && type !== BPF_PROG_TYPE.LSM && type !== BPF_PROG_TYPE.EXT) return 0;
  const target = env.input.attach;
  if (target === undefined || target.btfId === 0) {
    env.verbose('Tracing programs must provide btf_id\n');
    return -EINVAL;
  }
  const { btf, btfId } = target;
  const func = btf.type(btfId);
  if (func === undefined) {
    env.verbose(`attach_btf_id ${btfId} is invalid\n`);
    return -EINVAL;
  }
  const attach = env.prog.expectedAttachType;
  if (attach === BPF_ATTACH_TYPE.TRACE_RAW_TP) {
    if (func.kind !== BTF_KIND.TYPEDEF) {
      env.verbose(`attach_btf_id ${btfId} is not a typedef\n`);
      return -EINVAL;
    }
    if (!func.name.startsWith(TRACE_PREFIX)) {
      env.verbose(`attach_btf_id ${btfId} points to wrong type name ${func.name}\n`);
      return -EINVAL;
    }
    const ptr = btf.type(func.type);
    const proto = ptr === undefined ? undefined : btf.type(ptr.type);
    if (ptr?.kind !== BTF_KIND.PTR || proto?.kind !== BTF_KIND.FUNC_PROTO) return -EINVAL;
    env.attachTo(btf, proto.id, func.name.slice(TRACE_PREFIX.length));
    env.attachBtfTrace = true;
    return 0;
  }
  if (func.kind !== BTF_KIND.FUNC) {
    env.verbose(`attach_btf_id ${btfId} is not a function\n`);
    return -EINVAL;
  }
  env.attachTo(btf, func.type, func.name);
  return attach === BPF_ATTACH_TYPE.TRACE_ITER ? iterSupported(env, func.name) : 0;
}

/** The function is an iterator's; its arguments are known (`bpf_iter_prog_supported`). */
function iterSupported(env: Env, name: string): number {
  const target = iterTarget(name);
  if (target === undefined) return -EINVAL;
  env.ctxArgs = target.args.map(({ off, regType, struct }) => ({
    off,
    regType,
    btf: env.vmlinuxBtf,
    btfId: struct === undefined ? 0 : (env.vmlinuxBtf?.find(struct, BTF_KIND.STRUCT) ?? 0),
    refObjId: 0,
  }));
  return 0;
}

/** Program and attach types that may sleep (`can_be_sleepable`). */
function maySleep(env: Env): boolean {
  const attach = env.prog.expectedAttachType;
  switch (env.input.progType) {
    case BPF_PROG_TYPE.TRACING:
      return (
        attach === BPF_ATTACH_TYPE.TRACE_FENTRY ||
        attach === BPF_ATTACH_TYPE.TRACE_FEXIT ||
        attach === BPF_ATTACH_TYPE.MODIFY_RETURN ||
        attach === BPF_ATTACH_TYPE.TRACE_ITER
      );
    case BPF_PROG_TYPE.LSM:
    case BPF_PROG_TYPE.KPROBE:
    case BPF_PROG_TYPE.STRUCT_OPS:
      return true;
    default:
      return false;
  }
}
