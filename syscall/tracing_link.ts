/**
 * Links of programs on functions: fentry, fexit, fmod_ret, LSM hooks, and programs in place
 * of a function of another program (`bpf_tracing_prog_attach`, kernel/bpf/syscall.c).
 */
import type { BpfProgBase } from '../base/prog.ts';
import type { Btf } from '../btf/btf.ts';
import { BPF_ATTACH_TYPE as AT, BPF_LINK_TYPE, BPF_PROG_TYPE as PT } from '../uapi/bpf.ts';
import { EBUSY, EINVAL } from '../uapi/errno.ts';
import { type Attached, type TrampKind, Trampoline } from '../vm/trampoline.ts';
import { checkAttachTarget } from '../vm/verifier/attach_target.ts';
import type { Vm } from '../vm/vm.ts';
import type { Caller } from './caller.ts';
import { newFd, progOf } from './fd.ts';
import type { Kernel } from './kernel.ts';
import { BpfLink, LINK_INFO } from './link.ts';
import { LoadedProg } from './loaded_prog.ts';
import type { UserStruct } from './user_struct.ts';

/** Attach types that may be linked, by program type. */
const LINKED: ReadonlyMap<number, readonly number[]> = new Map<number, readonly number[]>([
  [PT.TRACING, [AT.TRACE_FENTRY, AT.TRACE_FEXIT, AT.MODIFY_RETURN]],
  [PT.EXT, [0]],
  [PT.LSM, [AT.LSM_MAC]],
]);

/** Most arguments a function of a program has. */
const ARGS_MAX = 5;

/** The target a LINK_CREATE names: a program's descriptor and a function of its types; zeros when it names none. */
export interface NamedTarget {
  readonly fd: number;
  readonly btfId: number;
}

/** The function a program is put on. */
interface Target {
  readonly prog: LoadedProg | undefined;
  readonly btf: Btf | undefined;
  readonly btfId: number;
  readonly tramp: Trampoline;
}

/** Attaches a program: the link's descriptor, or -errno. */
export function tracingAttach(
  kernel: Kernel,
  caller: Caller,
  prog: BpfProgBase,
  named: NamedTarget,
  cookie: bigint,
): number {
  if (!(prog instanceof LoadedProg) || LINKED.get(prog.type)?.includes(prog.expectedAttachType) !== true)
    return -EINVAL;
  if ((named.fd !== 0) !== (named.btfId !== 0)) return -EINVAL;
  const target = named.fd === 0 ? loadedTarget(kernel, prog) : namedTarget(caller, prog, named);
  if (typeof target === 'number') return target;
  const attached = { prog, cookie };
  const kind = kindOf(prog, target);
  // An extension could tail call its target for ever (`bpf_freplace_check_tgt_prog`).
  if (kind === 'replace' && target.prog !== undefined && target.prog.progArrayMembers > 0) return -EBUSY;
  const err = target.tramp.link(kind, attached);
  if (err < 0) return err;
  if (kind === 'replace' && target.prog !== undefined) target.prog.isExtended = true;
  prog.targetTaken = true;
  const link = new TracingLink(attached, target);
  kernel.links.add(link);
  return newFd(caller, link);
}

/** The function the program was loaded for. Extensions are put there once (`aux->dst_trampoline`). */
function loadedTarget(kernel: Kernel, prog: LoadedProg): Target | number {
  const { attachBtf, attachBtfId, dstProg } = prog.facts;
  if (dstProg instanceof LoadedProg) {
    if (prog.targetTaken) return -EINVAL;
    return progTarget(dstProg, attachBtfId);
  }
  const name = attachBtf?.type(attachBtfId)?.name;
  if (name === undefined) return -EINVAL;
  const tramp = kernel.vm.functions.get(name) ?? functionTrampoline(kernel.vm, name);
  return { prog: undefined, btf: attachBtf, btfId: attachBtfId, tramp };
}

/** For a function of the kernel; the machine knows it while it is in use. */
function functionTrampoline(vm: Vm, name: string): Trampoline {
  const tramp = new Trampoline(() => {
    if (tramp.inUse) vm.functions.set(name, tramp);
    else vm.functions.delete(name);
  });
  return tramp;
}

/** The function of another program that the command names; extensions only. It must fit as at load (`bpf_check_attach_target`). */
function namedTarget(caller: Caller, prog: LoadedProg, named: NamedTarget): Target | number {
  if (prog.type !== PT.EXT) return -EINVAL;
  const dst = progOf(caller, named.fd);
  if (typeof dst === 'number') return dst;
  if (!(dst instanceof LoadedProg)) return -EINVAL;
  const { dstProg, attachBtfId } = prog.facts;
  if (prog.targetTaken || dst !== dstProg || named.btfId !== attachBtfId) {
    const main = prog.asTarget().funcs[0];
    const found = checkAttachTarget(
      {
        progType: prog.type,
        attachType: prog.expectedAttachType,
        sleepable: prog.sleepable,
        changesPktData: main?.changesPktData === true,
        mightSleep: main?.mightSleep === true,
        progBtf: prog.facts.btf,
        progFuncId: main?.typeId,
        savedDst: dstProg,
        btf: dst.facts.btf,
        btfId: named.btfId,
        prog: dst.asTarget(),
      },
      () => {},
    );
    if (typeof found === 'number') return found;
  }
  return progTarget(dst, named.btfId);
}

/** A function of a program, by the id of its type. */
function progTarget(dst: LoadedProg, btfId: number): Target | number {
  const subprog = dst.subprogOfType(btfId);
  if (subprog < 0) return -EINVAL;
  const func = dst.facts.btf?.type(btfId);
  // Of a function that its type does not describe (the compiler has changed it) all registers are told.
  const isTrusted = dst.asTarget().funcs[subprog]?.unreliable !== true;
  const args = !isTrusted ? ARGS_MAX : func === undefined ? 0 : (dst.facts.btf?.type(func.type)?.params.length ?? 0);
  return { prog: dst, btf: undefined, btfId, tramp: dst.trampoline(subprog, Math.min(args, ARGS_MAX)) };
}

function kindOf(prog: LoadedProg, target: Target): TrampKind {
  if (prog.type === PT.EXT) return 'replace';
  if (prog.type === PT.TRACING && prog.expectedAttachType === AT.TRACE_FENTRY) return 'fentry';
  if (prog.type === PT.TRACING && prog.expectedAttachType === AT.TRACE_FEXIT) return 'fexit';
  if (prog.type === PT.LSM) {
    // Hooks without a result cannot be told what it is (`bpf_attach_type_to_tramp`).
    const func = target.btf?.type(target.btfId);
    const proto = func === undefined ? undefined : target.btf?.type(func.type);
    if (proto?.type === 0) return 'fexit';
  }
  return 'fmodRet';
}

/** A program on a function of the kernel or of a program, or in place of one. */
class TracingLink extends BpfLink {
  readonly linkType = BPF_LINK_TYPE.TRACING;
  readonly cookie: bigint;
  readonly #attached: Attached;
  readonly #target: Target;

  /** Takes references of the program and of the one it is attached to. */
  constructor(attached: Attached, target: Target) {
    super(attached.prog, attached.prog.expectedAttachType);
    this.cookie = attached.cookie;
    this.#attached = attached;
    this.#target = target;
    target.prog?.get();
  }

  #objectId(): number {
    return this.#target.btf?.id ?? this.#target.prog?.id ?? 0;
  }

  override fillInfo(info: UserStruct): number {
    const at = LINK_INFO.at;
    info.setU32(at['tracing.attach_type'], this.attachType);
    info.setU32(at['tracing.target_obj_id'], this.#objectId());
    info.setU32(at['tracing.target_btf_id'], this.#target.btfId);
    info.setU64(at['tracing.cookie'], this.cookie);
    return 0;
  }

  override fdinfo(): string {
    const lines = [
      `attach_type:\t${this.attachType}`,
      `target_obj_id:\t${this.#objectId()}`,
      `target_btf_id:\t${this.#target.btfId}`,
      `cookie:\t${this.cookie}`,
    ];
    return `${lines.join('\n')}\n`;
  }

  protected override end(): void {
    const { prog } = this.#attached;
    const kind = kindOf(prog as LoadedProg, this.#target);
    this.#target.tramp.unlink(kind, this.#attached);
    if (kind === 'replace' && this.#target.prog !== undefined) this.#target.prog.isExtended = false;
    this.#target.prog?.put();
  }
}
