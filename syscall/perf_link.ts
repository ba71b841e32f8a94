/**
 * Perf events that programs are attached to, and the links that do it
 * (`perf_event_set_bpf_prog` of kernel/events/core.c, `bpf_perf_link_attach` of
 * kernel/bpf/syscall.c). Books are kept of who waits for them; the door may let some happen.
 */
import { BpfFile, BpfObject, type FdTarget } from '../base/object.ts';
import type { BpfProgBase } from '../base/prog.ts';
import { BPF_FD_TYPE, BPF_LINK_TYPE, BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { EACCES, EBADF, EEXIST, EINVAL } from '../uapi/errno.ts';
import type { Attr } from './attr.ts';
import { LINK_CREATE } from './attr_table.ts';
import type { Caller } from './caller.ts';
import { newFd } from './fd.ts';
import type { Kernel } from './kernel.ts';
import { BpfLink, copyName, LINK_INFO } from './link.ts';
import { LoadedProg } from './loaded_prog.ts';
import type { UserStruct } from './user_struct.ts';

const PT = BPF_PROG_TYPE;

/** What an event is about. */
export interface PerfProbe {
  readonly kind: 'tracepoint' | 'kprobe' | 'kretprobe' | 'uprobe' | 'uretprobe' | 'event';
  /** The tracepoint, the function, or the path as it was given. */
  readonly name: string;
  readonly offset: bigint;
  readonly refCtrOffset: bigint;
  /** `type` and `config` of the attr. */
  readonly type: number;
  readonly config: bigint;
  /** Bytes of a tracepoint's record. */
  readonly recordSize: number;
}

/** `enum bpf_perf_event_type` of struct bpf_link_info. */
const INFO_TYPE = { uprobe: 1, uretprobe: 2, kprobe: 3, kretprobe: 4, tracepoint: 5, event: 6 } as const;

/** What TASK_FD_QUERY calls them; plain events it does not tell of. */
export const PERF_FD_TYPE: Readonly<Partial<Record<PerfProbe['kind'], number>>> = {
  tracepoint: BPF_FD_TYPE.TRACEPOINT,
  kprobe: BPF_FD_TYPE.KPROBE,
  kretprobe: BPF_FD_TYPE.KRETPROBE,
  uprobe: BPF_FD_TYPE.UPROBE,
  uretprobe: BPF_FD_TYPE.URETPROBE,
};

/** One open event. It holds the program that PERF_EVENT_IOC_SET_BPF gave it; a link's program is the link's. */
export class ProbeEvent extends BpfObject {
  readonly kind = 'perf_event';
  readonly probe: PerfProbe;
  prog: BpfProgBase | undefined;
  /** What bpf_get_attach_cookie tells the program: the link's. */
  cookie = 0n;
  /** Told when it has got or lost its program. */
  onProg: (() => void) | undefined;
  #owned = false;

  /** `kernel`: where it happens, if it may. */
  constructor(probe: PerfProbe, kernel?: Kernel) {
    super();
    this.probe = probe;
    if (kernel !== undefined) this.onProg = () => kernel.probes.settle(this);
  }

  /** Whether this program may wait for the event: 0 or -errno. */
  #check(prog: BpfProgBase): number {
    const { kind } = this.probe;
    if (kind === 'event') {
      if (this.prog !== undefined) return -EEXIST;
      return prog.type === PT.PERF_EVENT ? 0 : -EINVAL;
    }
    const isUprobe = kind === 'uprobe' || kind === 'uretprobe';
    if (prog.type !== (kind === 'tracepoint' ? PT.TRACEPOINT : PT.KPROBE)) return -EINVAL;
    if (prog.sleepable && !isUprobe) return -EINVAL;
    const reach = prog instanceof LoadedProg ? prog.facts.maxCtxOffset : 0;
    if (kind === 'tracepoint' && reach > this.probe.recordSize) return -EACCES;
    return this.prog === undefined ? 0 : -EEXIST;
  }

  /** Gives it a program; `owned`: it keeps a reference. 0 or -errno. */
  attach(prog: BpfProgBase, owned: boolean): number {
    const error = this.#check(prog);
    if (error < 0) return error;
    if (owned) prog.get();
    this.prog = prog;
    this.#owned = owned;
    this.onProg?.();
    return 0;
  }

  /** What read(2) finds: it never happened. */
  content(): Uint8Array {
    return new Uint8Array(8);
  }

  /** Takes the program away. */
  detach(): void {
    if (this.#owned) this.prog?.put();
    this.prog = undefined;
    this.#owned = false;
    this.cookie = 0n;
    this.onProg?.();
  }

  protected override release(): void {
    this.detach();
  }
}

/** The event behind a descriptor: ours, one of the machine's (undefined), or -EBADF. */
function eventOf(file: FdTarget): ProbeEvent | undefined | number {
  if (file === undefined || file instanceof BpfFile || file.what !== 'perf_event') return -EBADF;
  return file.object instanceof ProbeEvent ? file.object : undefined;
}

/** LINK_CREATE with a perf event: the new descriptor, or -errno. */
export function perfLinkCreate(kernel: Kernel, attr: Attr, caller: Caller, prog: BpfProgBase): number {
  const at = LINK_CREATE.at;
  if (attr.get(at.flags) !== 0) return -EINVAL;
  const found = eventOf(caller.fdget(attr.get(at.target_fd)));
  if (typeof found === 'number') return found;
  // Of the machine's own events we know nothing; programs that take samples fit any of them.
  const event = found ?? new ProbeEvent(PLAIN_EVENT);
  const error = event.attach(prog, false);
  if (error < 0) return error;
  if (found !== undefined) event.get();
  const link = new PerfLink(prog, attr.get(at.attach_type), event, attr.getBig(at['perf_event.bpf_cookie']));
  kernel.links.add(link);
  return newFd(caller, link);
}

/** An event that is neither tracepoint nor probe. */
export const PLAIN_EVENT: PerfProbe = {
  kind: 'event',
  name: '',
  offset: 0n,
  refCtrOffset: 0n,
  type: 0,
  config: 0n,
  recordSize: 0,
};

/** A program that waits for a perf event. */
class PerfLink extends BpfLink {
  readonly linkType = BPF_LINK_TYPE.PERF_EVENT;
  readonly #event: ProbeEvent;
  readonly #cookie: bigint;

  /** Takes over a reference of the event. */
  constructor(prog: BpfProgBase, attachType: number, event: ProbeEvent, cookie: bigint) {
    super(prog, attachType);
    this.#event = event;
    this.#cookie = cookie;
    event.cookie = cookie;
  }

  /** `bpf_perf_link_fill_link_info`. */
  override fillInfo(info: UserStruct, caller: Caller): number {
    const at = LINK_INFO.at;
    const { probe } = this.#event;
    info.setU32(at['perf_event.type'], INFO_TYPE[probe.kind]);
    if (probe.kind === 'event') {
      info.setU64(at['perf_event.config'], probe.config);
      info.setU32(at['perf_event.event_type'], probe.type);
      info.setU64(at['perf_event.cookie'], this.#cookie);
      return 0;
    }
    const uname = info.addr(at['perf_event.name']);
    const room = info.u32(at['perf_event.name_len']);
    if ((uname === 0) !== (room === 0)) return -EINVAL;
    info.setU32(at['perf_event.name_len'], probe.name.length + 1);
    if (uname !== 0) {
      const error = copyName(caller, uname, room, probe.name);
      if (error < 0) return error;
    }
    if (probe.kind !== 'tracepoint') info.setU32(at['perf_event.offset'], Number(probe.offset & 0xffffffffn));
    const isKprobe = probe.kind === 'kprobe' || probe.kind === 'kretprobe';
    info.setU64(isKprobe ? at['perf_event.kprobe_cookie'] : at['perf_event.cookie'], this.#cookie);
    if (probe.kind === 'uprobe' || probe.kind === 'uretprobe')
      info.setU64(at['perf_event.ref_ctr_offset'], probe.refCtrOffset);
    return 0;
  }

  /** `bpf_perf_link_show_fdinfo`. */
  override fdinfo(): string {
    const { kind, name, offset, refCtrOffset, type, config } = this.#event.probe;
    const hex = (value: bigint): string => `0x${value.toString(16)}`;
    const lines: string[] = [];
    if (kind === 'tracepoint') lines.push(`tp_name:\t${name}`);
    else if (kind === 'event') lines.push(`type:\t${type}`, `config:\t${config}`);
    else {
      lines.push(`name:\t${name}`, `offset:\t${hex(offset)}`);
      if (kind === 'uprobe' || kind === 'uretprobe') lines.push(`ref_ctr_offset:\t${hex(refCtrOffset)}`);
      else lines.push('missed:\t0', 'addr:\t0');
    }
    lines.push(`event_type:\t${kind}`, `cookie:\t${this.#cookie}`);
    return `${lines.join('\n')}\n`;
  }

  protected override end(): void {
    this.#event.detach();
    this.#event.put();
  }
}
