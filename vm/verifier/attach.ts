/**
 * What a program attaches to, where the verifier must know: the prototype its context
 * follows, and for extensions the rules of what they replace (`check_attach_btf_id`).
 */
import { BTF_KIND } from '../../btf/btf.ts';
import { BPF_ATTACH_TYPE as AT, BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { EINVAL } from '../../uapi/errno.ts';
import { iterTarget } from '../progtypes/iter_targets.ts';
import { canBeSleepable } from '../progtypes/load_rules.ts';
import { lsmIsDisabled, lsmIsHook } from '../progtypes/lsm_hooks.ts';
import { isNoreturn, tracingDenied } from '../progtypes/trace_targets.ts';
import { checkStructOps } from './attach_struct.ts';
import { checkAttachTarget } from './attach_target.ts';
import type { Env } from './env.ts';
import type { TargetProg } from './types.ts';

export function checkAttach(env: Env): number {
  const { progType, attach } = env.input;
  if (progType === PT.SYSCALL) {
    if (env.sleepable) return 0;
    env.verbose('Syscall programs can only be sleepable\n');
    return -EINVAL;
  }
  if (env.sleepable && !canBeSleepable(progType, env.prog.expectedAttachType)) {
    env.verbose('Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable\n');
    return -EINVAL;
  }
  if (progType === PT.STRUCT_OPS) return checkStructOps(env);
  if (progType !== PT.TRACING && progType !== PT.LSM && progType !== PT.EXT) return 0;
  const found = checkAttachTarget(
    {
      progType,
      attachType: env.prog.expectedAttachType,
      sleepable: env.sleepable,
      changesPktData: env.changesPktData,
      mightSleep: env.mightSleep,
      progBtf: env.input.btf,
      progFuncId: env.funcInfo[0]?.typeId,
      btf: attach?.btf,
      btfId: attach?.btfId ?? 0,
      prog: attach?.prog,
    },
    (text) => env.verbose(text),
  );
  if (typeof found === 'number') return found;
  if (attach?.prog !== undefined && progType === PT.EXT) {
    const err = inherit(env, attach.prog);
    if (err < 0) return err;
  }
  env.attachTo(attach!.btf!, found.protoId, found.name);
  return checkHook(env, found.name, attach!.btfId);
}

/** An extension follows the rules of what it replaces. */
function inherit(env: Env, target: TargetProg): number {
  const rules = env.input.tables.progType(target.type);
  if (rules === undefined) return -EINVAL;
  env.rules = rules;
  env.kfuncs.clear();
  env.prog = { ...env.prog, type: target.type, expectedAttachType: target.expectedAttachType };
  return 0;
}

/** The function is one that programs of this kind may be on. */
function checkHook(env: Env, name: string, btfId: number): number {
  const attach = env.prog.expectedAttachType;
  if (attach === AT.TRACE_RAW_TP) {
    env.attachBtfTrace = true;
    return 0;
  }
  if (attach === AT.TRACE_ITER) return iterSupported(env, name);
  if (env.input.progType === PT.LSM) return checkLsmHook(env, name, btfId);
  const ofKernel = env.input.attach?.prog === undefined;
  if (env.input.progType === PT.TRACING && ofKernel && tracingDenied(name)) {
    env.verbose(`Attaching tracing programs to function '${name}' is rejected.\n`);
    return -EINVAL;
  }
  if ((attach === AT.TRACE_FEXIT || attach === AT.MODIFY_RETURN) && ofKernel && isNoreturn(name)) {
    env.verbose(`Attaching fexit/fmod_ret to __noreturn function '${name}' is rejected.\n`);
    return -EINVAL;
  }
  return 0;
}

/** `bpf_lsm_verify_prog`. */
function checkLsmHook(env: Env, name: string, btfId: number): number {
  let reason = '';
  if (!env.input.gplCompatible) reason = 'LSM programs must have a GPL compatible license';
  else if (lsmIsDisabled(name)) reason = `attach_btf_id ${btfId} points to disabled hook ${name}`;
  else if (!lsmIsHook(name, env.input.attach?.btf)) reason = `attach_btf_id ${btfId} points to wrong type name ${name}`;
  if (reason === '') return 0;
  env.verbose(`${reason}\n`);
  return -EINVAL;
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
