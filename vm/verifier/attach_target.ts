/**
 * Whether a program may be put on a function of the kernel, on a function of another
 * program, or in its place (`bpf_check_attach_target`): asked when it is loaded and
 * again when it is attached somewhere else.
 */
import { BTF_KIND, type Btf, type BtfType } from '../../btf/btf.ts';
import { BPF_ATTACH_TYPE as AT, BPF_PROG_TYPE as PT } from '../../uapi/bpf.ts';
import { EINVAL } from '../../uapi/errno.ts';
import { lsmIsSleepable } from '../progtypes/lsm_hooks.ts';
import { mayModifyReturn, tracingMaySleep } from '../progtypes/trace_targets.ts';
import { isAnyEnum, isStruct, kindStr, skipMods } from './btfwalk.ts';
import type { TargetFunc, TargetProg } from './types.ts';

/** What is asked. */
export interface AttachAsk {
  readonly progType: number;
  readonly attachType: number;
  readonly sleepable: boolean;
  /** What an extension does that its target must do too. */
  readonly changesPktData: boolean;
  readonly mightSleep: boolean;
  /** The program's own types, and its main function's type. */
  readonly progBtf: Btf | undefined;
  readonly progFuncId: number | undefined;
  /** Types of the program it was loaded for, when it is attached again. */
  readonly savedDst?: { readonly type: number; readonly expectedAttachType: number } | undefined;
  readonly btf: Btf | undefined;
  readonly btfId: number;
  readonly prog: TargetProg | undefined;
}

/** The function found. */
export interface AttachFound {
  readonly name: string;
  /** Type of its prototype; 0: not known, five numbers. */
  readonly protoId: number;
}

type Write = (text: string) => void;

const TRACE_PREFIX = 'btf_trace_';
const TEMPLATE_PREFIX = '__bpf_trace_';
const MAX_FUNC_ARGS = 12;
const MAX_STRUCT_ARG = 16;
const FUNC_GLOBAL = 1;

/** The function that may be attached to, or -errno with the reason written. */
export function checkAttachTarget(ask: AttachAsk, write: Write): AttachFound | number {
  const refuse = (text: string): number => {
    write(text === '' ? '' : `${text}\n`);
    return -EINVAL;
  };
  const { btf, btfId, prog } = ask;
  const isExtension = ask.progType === PT.EXT;
  if (btfId === 0) return refuse('Tracing programs must provide btf_id');
  if (btf === undefined) return refuse('Tracing program can only be attached to another program annotated with BTF');
  const type = btf.type(btfId);
  if (type === undefined) return refuse(`attach_btf_id ${btfId} is invalid`);
  let conservative = false;
  if (prog !== undefined) {
    const func = prog.funcs.find((one) => one.typeId === btfId);
    if (func === undefined) return refuse(`Subprog ${type.name} doesn't exist`);
    const reason = checkProgTarget(ask, prog, func);
    if (reason !== '') return refuse(reason);
    conservative = func.unreliable;
  } else if (isExtension) {
    return refuse('Cannot replace kernel functions');
  }
  switch (ask.attachType) {
    case AT.TRACE_RAW_TP:
      if (prog !== undefined) return refuse('Only FENTRY/FEXIT progs are attachable to another BPF prog');
      return tracepoint(btf, type, refuse);
    case AT.TRACE_ITER: {
      if (type.kind !== BTF_KIND.FUNC) return refuse(`attach_btf_id ${btfId} is not a function`);
      const reason = checkProto(btf, type);
      return reason !== undefined ? refuse(reason) : { name: type.name, protoId: type.type };
    }
    case AT.MODIFY_RETURN:
    case AT.LSM_MAC:
    case AT.LSM_CGROUP:
    case AT.TRACE_FENTRY:
    case AT.TRACE_FEXIT:
      return functionTarget(ask, btf, type, conservative, refuse);
    default:
      return isExtension ? functionTarget(ask, btf, type, conservative, refuse) : -EINVAL;
  }
}

/** Why a program may not be put on a function of another; empty: it may. */
function checkProgTarget(ask: AttachAsk, prog: TargetProg, func: TargetFunc): string {
  const isExtension = ask.progType === PT.EXT;
  if (func.isExceptionCb)
    return `${isExtension ? 'Extension' : 'FENTRY/FEXIT'} programs cannot attach to exception callback`;
  if (isExtension) {
    if (func.unreliable) return 'Cannot replace static functions';
    if (ask.changesPktData && !func.changesPktData)
      return 'Extension program changes packet data, while original does not';
    if (ask.mightSleep && !func.mightSleep) return 'Extension program may sleep, while original does not';
  }
  if (ask.progType === PT.TRACING) {
    if (prog.attachTracingProg) return 'Cannot nest tracing program attach more than once';
  } else if (prog.type === ask.progType) {
    return 'Cannot recursively attach';
  }
  const traced = prog.expectedAttachType === AT.TRACE_FENTRY || prog.expectedAttachType === AT.TRACE_FEXIT;
  return prog.type === PT.TRACING && isExtension && traced ? 'Cannot extend fentry/fexit' : '';
}

/** A tracepoint by its typedef; names of the arguments are those of the function that calls its programs. */
function tracepoint(btf: Btf, type: BtfType, refuse: (text: string) => number): AttachFound | number {
  if (type.kind !== BTF_KIND.TYPEDEF) return refuse(`attach_btf_id ${type.id} is not a typedef`);
  if (!type.name.startsWith(TRACE_PREFIX))
    return refuse(`attach_btf_id ${type.id} points to wrong type name ${type.name}`);
  const name = type.name.slice(TRACE_PREFIX.length);
  const template = btf.type(btf.find(TEMPLATE_PREFIX + name, BTF_KIND.FUNC));
  if (template !== undefined && btf.type(template.type)?.kind === BTF_KIND.FUNC_PROTO)
    return { name, protoId: template.type };
  const pointer = btf.type(type.type);
  const proto = pointer?.kind === BTF_KIND.PTR ? btf.type(pointer.type) : undefined;
  return proto?.kind === BTF_KIND.FUNC_PROTO ? { name, protoId: proto.id } : -EINVAL;
}

function functionTarget(
  ask: AttachAsk,
  btf: Btf,
  type: BtfType,
  conservative: boolean,
  refuse: (text: string) => number,
): AttachFound | number {
  const { name } = type;
  if (type.kind !== BTF_KIND.FUNC) return refuse(`attach_btf_id ${type.id} is not a function`);
  if (ask.progType === PT.EXT) {
    const mismatch = checkTypeMatch(ask, btf, type);
    if (mismatch !== undefined) return refuse(mismatch);
  }
  if (btf.type(type.type)?.kind !== BTF_KIND.FUNC_PROTO) return -EINVAL;
  const saved = ask.savedDst;
  if (saved !== undefined && (saved.type !== 0 || saved.expectedAttachType !== 0)) {
    const { prog } = ask;
    if (prog === undefined || saved.type !== prog.type || saved.expectedAttachType !== prog.expectedAttachType)
      return -EINVAL;
  }
  const reason = conservative ? undefined : checkProto(btf, type);
  if (reason !== undefined) return refuse(reason);
  if (ask.sleepable) {
    const allowed =
      ask.progType === PT.LSM ? lsmIsSleepable(name) : ask.progType === PT.TRACING && sleepableFunc(ask, name);
    if (!allowed) return refuse(`${name} is not sleepable`);
  } else if (ask.attachType === AT.MODIFY_RETURN) {
    if (ask.prog !== undefined) return refuse("can't modify return codes of BPF programs");
    if (!mayModifyReturn(name)) return refuse(`${name}() is not modifiable`);
  }
  return { name, protoId: conservative ? 0 : type.type };
}

/** Functions of programs are in no list of the kernel's. */
function sleepableFunc(ask: AttachAsk, name: string): boolean {
  return ask.prog === undefined && tracingMaySleep(name);
}

/** Bytes a value of the type takes in a register or on the stack; negative: none that could be passed (`__get_type_size`). */
function passedSize(type: BtfType): number {
  if (type.kind === BTF_KIND.UNKN) return 0;
  if (type.kind === BTF_KIND.PTR) return 8;
  return type.kind === BTF_KIND.INT || isAnyEnum(type) || isStruct(type) ? type.size : -EINVAL;
}

/** Why a function cannot be called through a trampoline; undefined: it can (`btf_distill_func_proto`). */
function checkProto(btf: Btf, func: BtfType): string | undefined {
  const { name } = func;
  const proto = btf.type(func.type);
  if (proto?.kind !== BTF_KIND.FUNC_PROTO) return '';
  const { params } = proto;
  if (params.length > MAX_FUNC_ARGS) return `The function ${name} has ${params.length} arguments. Too many.`;
  const ret = skipMods(btf, proto.type);
  if (passedSize(ret) < 0 || ret.kind === BTF_KIND.STRUCT)
    return `The function ${name} return type ${kindStr(ret)} is unsupported.`;
  for (const [i, param] of params.entries()) {
    if (i === params.length - 1 && param.type === 0) return `The function ${name} with variable args is unsupported.`;
    const type = skipMods(btf, param.type);
    const size = passedSize(type);
    if (size < 0 || size > MAX_STRUCT_ARG) return `The function ${name} arg${i} type ${kindStr(type)} is unsupported.`;
    if (size === 0) return `The function ${name} has malformed void argument.`;
  }
  return undefined;
}

/** Why the main function of an extension is not like the function it is to replace; undefined: it is. */
function checkTypeMatch(ask: AttachAsk, btf: Btf, target: BtfType): string | undefined {
  const own = ask.progBtf;
  const mine = own === undefined || ask.progFuncId === undefined ? undefined : own.type(ask.progFuncId);
  if (own === undefined || mine === undefined) return 'Program extension requires BTF';
  if (mine.linkage !== FUNC_GLOBAL) return `${mine.name}() is not a global function`;
  if (target.linkage !== FUNC_GLOBAL) return `${target.name}() is not a global function`;
  const a = own.type(mine.type);
  const b = btf.type(target.type);
  if (a?.kind !== BTF_KIND.FUNC_PROTO || b?.kind !== BTF_KIND.FUNC_PROTO) return '';
  const [f, g] = [mine.name, target.name];
  const [m, n] = [a.params.length, b.params.length];
  if (m !== n) return `${f}() has ${m} args while ${g}() has ${n} args`;
  const [x, y] = [skipMods(own, a.type), skipMods(btf, b.type)];
  if (!sameInfo(x, y)) return `Return type ${kindStr(x)} of ${f}() doesn't match type ${kindStr(y)} of ${g}()`;
  for (let i = 0; i < m; i++) {
    const text = checkParam(own, a.params[i]!.type, btf, b.params[i]!.type, i, f, g);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** Kind, number of members and kind flag are equal (`btf_type.info`). */
function sameInfo(x: BtfType, y: BtfType): boolean {
  return x.kind === y.kind && x.vlen === y.vlen && x.kindFlag === y.kindFlag;
}

function checkParam(
  own: Btf,
  ownId: number,
  btf: Btf,
  id: number,
  i: number,
  f: string,
  g: string,
): string | undefined {
  const [x, y] = [skipMods(own, ownId), skipMods(btf, id)];
  if (!sameInfo(x, y)) return `arg${i} in ${f}() is ${kindStr(x)} while ${g}() has ${kindStr(y)}`;
  if (x.size !== y.size) return `arg${i} in ${f}() has size ${x.size} while ${g}() has ${y.size}`;
  if (x.kind === BTF_KIND.INT || isAnyEnum(x)) return undefined;
  if (x.kind !== BTF_KIND.PTR) return `arg${i} in ${f}() has unrecognized type`;
  const [s, t] = [skipMods(own, x.type), skipMods(btf, y.type)];
  if (!isStruct(s)) return `arg${i} in ${f}() is not a pointer to context`;
  if (!isStruct(t)) return `arg${i} in ${g}() is not a pointer to context`;
  return s.name === t.name ? undefined : `arg${i} ${f}(struct ${s.name} *) doesn't match ${g}(struct ${t.name} *)`;
}
