/**
 * RAW_TRACEPOINT_OPEN and its links (`bpf_raw_tp_link_attach`). Which tracepoints
 * there are, and how many arguments they have, the kernel's own BTF tells; without it
 * a few that every kernel has are known.
 */
import type { BpfProgBase } from '../base/prog.ts';
import { BTF_KIND, type Btf } from '../btf/btf.ts';
import { BPF_ATTACH_TYPE, BPF_LINK_TYPE, BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { EFAULT, EINVAL, ENOENT } from '../uapi/errno.ts';
import type { Attached } from '../vm/trampoline.ts';
import type { Vm } from '../vm/vm.ts';
import type { Attr } from './attr.ts';
import { RAW_TRACEPOINT } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { newFd, progOf } from './fd.ts';
import type { Kernel } from './kernel.ts';
import { BpfLink, copyName, LINK_INFO } from './link.ts';
import { LoadedProg } from './loaded_prog.ts';
import { tracingAttach } from './tracing_link.ts';
import { readString } from './user_string.ts';
import type { UserStruct } from './user_struct.ts';

const PT = BPF_PROG_TYPE;
/** Longest name that is looked at (`bpf_raw_tp_link_attach`: a buffer of 128 bytes). */
const NAME_MAX = 127;
/** Most arguments a tracepoint has (`MAX_BPF_FUNC_ARGS`). */
const ARGS_MAX = 12;

/** Tracepoints known without a BTF of the kernel, with their number of arguments. */
const COMMON_TRACEPOINTS: Readonly<Record<string, number>> = {
  sys_enter: 2,
  sys_exit: 2,
  sched_switch: 4,
  sched_wakeup: 1,
  sched_process_exec: 3,
  sched_process_exit: 2,
  sched_process_fork: 2,
  task_newtask: 2,
  task_rename: 2,
  softirq_entry: 1,
  softirq_exit: 1,
  bpf_test_finish: 1,
  bpf_trigger_tp: 1,
  bpf_trace_printk: 1,
  netif_receive_skb: 1,
  net_dev_queue: 1,
  kfree_skb: 4,
};

/** Bytes that programs may write to behind the first argument (`DEFINE_EVENT_WRITABLE`). */
const WRITABLE: Readonly<Record<string, number>> = { bpf_test_finish: 4 };

/** Number of arguments of a tracepoint, or undefined when there is none of the name. */
function tracepointArgs(vmlinux: Btf | undefined, name: string): number | undefined {
  if (vmlinux === undefined) return Object.hasOwn(COMMON_TRACEPOINTS, name) ? COMMON_TRACEPOINTS[name] : undefined;
  const typedef = vmlinux.type(vmlinux.find(`btf_trace_${name}`, BTF_KIND.TYPEDEF));
  const pointer = typedef === undefined ? undefined : vmlinux.type(typedef.type);
  const proto = pointer?.kind === BTF_KIND.PTR ? vmlinux.type(pointer.type) : undefined;
  // The first parameter of every probe is the tracepoint's own data.
  return proto?.kind === BTF_KIND.FUNC_PROTO ? Math.min(proto.params.length - 1, ARGS_MAX) : undefined;
}

/** RAW_TRACEPOINT_OPEN. */
export function rawTracepointOpen(kernel: Kernel, attr: Attr, caller: Caller): number {
  const at = RAW_TRACEPOINT.at;
  const prog = progOf(caller, attr.get(at.prog_fd));
  if (typeof prog === 'number') return prog;
  return rawTpAttach(kernel, caller, prog, attr.addr(at.name), attr.getBig(at.cookie));
}

/** Attaches a program to the tracepoint it is given, or that it was loaded for. */
function rawTpAttach(kernel: Kernel, caller: Caller, prog: BpfProgBase, uname: number, cookie: bigint): number {
  switch (prog.type) {
    case PT.TRACING:
    case PT.EXT:
    case PT.LSM:
      if (uname !== 0) return -EINVAL;
      if (prog.type === PT.TRACING && prog.expectedAttachType === BPF_ATTACH_TYPE.TRACE_RAW_TP)
        return open(kernel, caller, prog, tracepointOf(prog), cookie);
      return tracingAttach(kernel, caller, prog, { fd: 0, btfId: 0 }, 0n);
    case PT.RAW_TRACEPOINT:
    case PT.RAW_TRACEPOINT_WRITABLE: {
      const name = readString(caller, uname, NAME_MAX);
      return name === undefined ? -EFAULT : open(kernel, caller, prog, name, cookie);
    }
    default:
      return -EINVAL;
  }
}

/** Name of the tracepoint a program was loaded for. */
function tracepointOf(prog: BpfProgBase): string {
  const facts = prog instanceof LoadedProg ? prog.facts : undefined;
  return (facts?.attachBtf?.type(facts.attachBtfId)?.name ?? '').replace(/^btf_trace_/, '');
}

/** Attaches a program to the tracepoint it was loaded for (LINK_CREATE). */
export function rawTpLinkCreate(kernel: Kernel, caller: Caller, prog: BpfProgBase, cookie: bigint): number {
  return open(kernel, caller, prog, tracepointOf(prog), cookie);
}

function open(kernel: Kernel, caller: Caller, prog: BpfProgBase, name: string, cookie: bigint): number {
  const args = tracepointArgs(kernel.vmlinux, name);
  if (args === undefined) return -ENOENT;
  if (prog instanceof LoadedProg && prog.facts.maxCtxOffset > args * 8) return -EINVAL;
  if (prog instanceof LoadedProg && prog.facts.maxTpAccess > (WRITABLE[name] ?? 0)) return -EINVAL;
  const link = new RawTpLink(kernel.vm, prog, name, cookie);
  kernel.links.add(link);
  return newFd(caller, link);
}

/** A program on a raw tracepoint. */
export class RawTpLink extends BpfLink {
  readonly linkType = BPF_LINK_TYPE.RAW_TRACEPOINT;
  readonly name: string;
  readonly cookie: bigint;
  readonly #vm: Vm;
  readonly #attached: Attached | undefined;

  constructor(vm: Vm, prog: BpfProgBase, name: string, cookie: bigint) {
    super(prog, prog.expectedAttachType);
    this.name = name;
    this.cookie = cookie;
    this.#vm = vm;
    if (!(prog instanceof LoadedProg)) return;
    this.#attached = { prog, cookie };
    const others = vm.tracepoints.get(name);
    if (others === undefined) vm.tracepoints.set(name, [this.#attached]);
    else others.push(this.#attached);
  }

  override fillInfo(info: UserStruct, caller: Caller): number {
    const uname = info.addr(LINK_INFO.at['raw_tracepoint.tp_name']);
    const room = info.u32(LINK_INFO.at['raw_tracepoint.tp_name_len']);
    if ((uname === 0) !== (room === 0)) return -EINVAL;
    info.setU32(LINK_INFO.at['raw_tracepoint.tp_name_len'], this.name.length + 1);
    info.setU64(LINK_INFO.at['raw_tracepoint.cookie'], this.cookie);
    return uname === 0 ? 0 : copyName(caller, uname, room, this.name);
  }

  override fdinfo(): string {
    return `tp_name:\t${this.name}\ncookie:\t${this.cookie}\n`;
  }

  protected override end(): void {
    const { tracepoints } = this.#vm;
    const attached = tracepoints.get(this.name);
    if (attached === undefined || this.#attached === undefined) return;
    attached.splice(attached.indexOf(this.#attached), 1);
    if (attached.length === 0) tracepoints.delete(this.name);
  }
}
