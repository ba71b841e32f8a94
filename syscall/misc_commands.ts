/**
 * The small commands: ENABLE_STATS, PROG_BIND_MAP, TOKEN_CREATE,
 * PROG_STREAM_READ_BY_FD, TASK_FD_QUERY.
 */
import { BpfFile, BpfObject } from '../base/object.ts';
import type { BpfProgBase } from '../base/prog.ts';
import { BPF_FD_TYPE, BPF_PROG_TYPE, BPF_STATS } from '../uapi/bpf.ts';
import { CAP } from '../uapi/capability.ts';
import { EBADF, EFAULT, EINVAL, ENOENT, ENOTSUP, ENOTSUPP, EPERM } from '../uapi/errno.ts';
import { BpfProg } from '../vm/prog.ts';
import type { Vm } from '../vm/vm.ts';
import type { Attr } from './attr.ts';
import { ENABLE_STATS, PROG_BIND_MAP, PROG_STREAM_READ, TASK_FD_QUERY, TOKEN_CREATE } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { capable, mapOf, newFd, progOf } from './fd.ts';
import type { Kernel } from './kernel.ts';
import { copyName } from './link.ts';
import { LoadedProg } from './loaded_prog.ts';
import { PERF_FD_TYPE, ProbeEvent } from './perf_link.ts';
import { RawTpLink } from './raw_tracepoint.ts';

/** Programs count their runs as long as this is open (`bpf_enable_runtime_stats`). */
class StatsSwitch extends BpfObject {
  readonly kind = 'stats';
  readonly #vm: Vm;

  constructor(vm: Vm) {
    super();
    this.#vm = vm;
    vm.statsEnabled++;
  }

  protected override release(): void {
    this.#vm.statsEnabled--;
  }
}

/** ENABLE_STATS. */
export function enableStats(kernel: Kernel, attr: Attr, caller: Caller): number {
  if (!caller.hasCap(CAP.SYS_ADMIN)) return -EPERM;
  if (attr.get(ENABLE_STATS.at.type) !== BPF_STATS.RUN_TIME) return -EINVAL;
  return newFd(caller, new StatsSwitch(kernel.vm));
}

/** PROG_BIND_MAP. */
export function progBindMap(_kernel: Kernel, attr: Attr, caller: Caller): number {
  const at = PROG_BIND_MAP.at;
  if (attr.get(at.flags) !== 0) return -EINVAL;
  const prog = progOf(caller, attr.get(at.prog_fd));
  if (typeof prog === 'number') return prog;
  const map = mapOf(caller, attr.get(at.map_fd));
  if (typeof map === 'number') return map;
  if (prog instanceof LoadedProg) prog.bindMap(map);
  return 0;
}

/** TOKEN_CREATE: in the initial user namespace there is no point in one, and the kernel says so. */
export function tokenCreate(_kernel: Kernel, attr: Attr, caller: Caller): number {
  const at = TOKEN_CREATE.at;
  if (attr.get(at.flags) !== 0) return -EINVAL;
  const file = caller.fdget(attr.get(at.bpffs_fd));
  if (file === undefined) return -EBADF;
  if (file instanceof BpfFile || file.what !== 'bpffs') return -EINVAL;
  return capable(caller, CAP.BPF) ? -ENOTSUP : -EPERM;
}

/** PROG_STREAM_READ_BY_FD: bytes read. Nothing is ever written to a stream here. */
export function progStreamRead(_kernel: Kernel, attr: Attr, caller: Caller): number {
  const at = PROG_STREAM_READ.at;
  const prog = progOf(caller, attr.get(at.prog_fd));
  if (typeof prog === 'number') return prog;
  const stream = prog instanceof BpfProg ? prog.stream(attr.get(at.stream_id)) : undefined;
  if (stream === undefined) return -ENOENT;
  const buffer = attr.addr(at.stream_buf);
  return stream.read(attr.get(at.stream_buf_len), (bytes, offset) => caller.write(buffer + offset, bytes));
}

/** TASK_FD_QUERY: what a descriptor of a process is attached to. */
export function taskFdQuery(_kernel: Kernel, attr: Attr, caller: Caller): number {
  const at = TASK_FD_QUERY.at;
  if (!caller.hasCap(CAP.SYS_ADMIN)) return -EPERM;
  if (attr.get(at.flags) !== 0) return -EINVAL;
  const pid = attr.get(at.pid);
  const fd = attr.get(at.fd);
  const file = caller.fdgetOf === undefined ? undefined : caller.fdgetOf(pid, fd);
  if (file === null || (caller.fdgetOf === undefined && pid !== caller.tid)) return -ENOENT;
  const found = caller.fdgetOf === undefined ? caller.fdget(fd) : file;
  if (found === undefined) return -EBADF;
  const { object } = found;
  if (found instanceof BpfFile && object instanceof RawTpLink)
    return describe(attr, caller, {
      name: object.name,
      offset: 0n,
      prog: object.prog,
      type: BPF_FD_TYPE.RAW_TRACEPOINT,
    });
  if (found instanceof BpfFile || found.what !== 'perf_event') return -ENOTSUPP;
  return object instanceof ProbeEvent ? describeEvent(attr, caller, object) : -ENOENT;
}

/** `bpf_get_perf_event_info`. */
function describeEvent(attr: Attr, caller: Caller, event: ProbeEvent): number {
  const { prog, probe } = event;
  const type = PERF_FD_TYPE[probe.kind];
  if (prog === undefined) return -ENOENT;
  if (prog.type === BPF_PROG_TYPE.PERF_EVENT || type === undefined) return -ENOTSUP;
  return describe(attr, caller, { name: probe.name, offset: probe.offset, prog, type });
}

/** What a program is attached to. */
interface Attachment {
  readonly name: string;
  readonly offset: bigint;
  readonly prog: BpfProgBase;
  readonly type: number;
}

/** `bpf_task_fd_query_copy`. */
function describe(attr: Attr, caller: Caller, link: Attachment): number {
  const at = TASK_FD_QUERY.at;
  const room = attr.get(at.buf_len);
  const ubuf = attr.addr(at.buf);
  if (attr.put(caller, at.buf_len, link.name.length) < 0) return -EFAULT;
  let result = 0;
  if (room !== 0 && ubuf !== 0) {
    result = copyName(caller, ubuf, room, link.name);
    if (result === -EFAULT) return result;
  }
  if (attr.put(caller, at.prog_id, link.prog.id) < 0) return -EFAULT;
  if (attr.put(caller, at.fd_type, link.type) < 0) return -EFAULT;
  if (attr.putBig(caller, at.probe_offset, link.offset) < 0 || attr.putBig(caller, at.probe_addr, 0n) < 0)
    return -EFAULT;
  return result;
}
