/**
 * Links on many places of a file at once (`bpf_uprobe_multi_link_attach`,
 * kernel/trace/bpf_trace.c): books are kept of them, the places are never reached.
 */
import type { BpfProgBase } from '../base/prog.ts';
import { BPF_ATTACH_TYPE, BPF_LINK_TYPE } from '../uapi/bpf.ts';
import { E2BIG, EFAULT, EINVAL, ENAMETOOLONG, ENOENT, ENOSPC, ESRCH } from '../uapi/errno.ts';
import type { Attr } from './attr.ts';
import { LINK_CREATE } from './attr_table.ts';
import type { Caller, ProbedFile } from './caller.ts';
import { newFd } from './fd.ts';
import type { Kernel } from './kernel.ts';
import { BpfLink, LINK_INFO } from './link.ts';
import { perKernel } from './per_kernel.ts';
import type { UserStruct } from './user_struct.ts';

/** `BPF_F_UPROBE_MULTI_RETURN`. */
const RETURN = 1;
/** Most places of one link (`MAX_UPROBE_MULTI_CNT`). */
const MAX_COUNT = 1 << 20;
const PATH_MAX = 4096;

/** Where a link's probes are: three arrays of the same length. */
interface Places {
  readonly offsets: BigUint64Array;
  readonly refCtrOffsets: BigUint64Array;
  readonly cookies: BigUint64Array;
}

/** A place in a file that links share: it has one semaphore (`struct uprobe`). */
interface Probe {
  readonly refCtrOffset: bigint;
  users: number;
}

/** The places of one file that have probes, by offset. */
type FileProbes = Map<bigint, Probe>;

/** By the file's key. */
const probesOf = perKernel(() => new Map<string, FileProbes>());

function fileProbes(kernel: Kernel, file: ProbedFile): FileProbes {
  const files = probesOf(kernel);
  const probes: FileProbes = files.get(file.key) ?? new Map();
  files.set(file.key, probes);
  return probes;
}

/** `count` numbers of 64 bits at `addr`, or -EFAULT; zeros when `addr` is 0. */
function readNumbers(caller: Caller, addr: number, count: number): BigUint64Array | number {
  const bytes = new Uint8Array(count * 8);
  if (addr !== 0 && caller.read(addr, bytes) < 0) return -EFAULT;
  return new BigUint64Array(bytes.buffer);
}

/** LINK_CREATE of BPF_TRACE_UPROBE_MULTI and _SESSION: the descriptor, or -errno. */
export function uprobeMultiLinkCreate(kernel: Kernel, attr: Attr, caller: Caller, prog: BpfProgBase): number {
  const at = LINK_CREATE.at;
  const attachType = prog.expectedAttachType;
  if (attr.get(at.flags) !== 0) return -EINVAL;
  if (attachType !== BPF_ATTACH_TYPE.TRACE_UPROBE_MULTI && attachType !== BPF_ATTACH_TYPE.TRACE_UPROBE_SESSION)
    return -EINVAL;
  const flags = attr.get(at['uprobe_multi.flags']);
  if ((flags & ~RETURN) !== 0) return -EINVAL;
  const path = attr.addr(at['uprobe_multi.path']);
  const offsets = attr.addr(at['uprobe_multi.offsets']);
  const count = attr.get(at['uprobe_multi.cnt']);
  const pid = attr.getSigned(at['uprobe_multi.pid']);
  if (path === 0 || offsets === 0 || count === 0 || pid < 0) return -EINVAL;
  if (count > MAX_COUNT) return -E2BIG;
  const file = caller.probedFile?.(path) ?? -ENOENT;
  if (typeof file === 'number') return file;
  if (pid !== 0 && kernel.machine?.task(pid)?.tgid !== pid) return -ESRCH;
  const read = {
    offsets: readNumbers(caller, offsets, count),
    refCtrOffsets: readNumbers(caller, attr.addr(at['uprobe_multi.ref_ctr_offsets']), count),
    cookies: readNumbers(caller, attr.addr(at['uprobe_multi.cookies']), count),
  };
  if (!areRead(read)) return -EFAULT;
  const error = register(kernel, file, read);
  if (error < 0) return error;
  const link = new UprobeMultiLink(prog, attr.get(at.attach_type), { kernel, file, places: read, flags, pid });
  kernel.links.add(link);
  return newFd(caller, link);
}

function areRead(read: { readonly [key in keyof Places]: BigUint64Array | number }): read is Places {
  return Object.values(read).every((numbers) => typeof numbers !== 'number');
}

/** Takes the places for a link: all of them (0), or none and -errno (`uprobe_register`). */
function register(kernel: Kernel, file: ProbedFile, places: Places): number {
  // The kernel takes offsets as signed numbers.
  for (const offset of places.offsets) if (BigInt.asIntN(64, offset) < 0n) return -EINVAL;
  const probes = fileProbes(kernel, file);
  for (let i = 0; i < places.offsets.length; i++) {
    const offset = places.offsets[i]!;
    const refCtrOffset = places.refCtrOffsets[i]!;
    const known = probes.get(offset);
    const refused = offset > BigInt(file.size) || refCtrOffset % 2n !== 0n;
    if (refused || (known !== undefined && known.refCtrOffset !== refCtrOffset)) {
      unregister(kernel, file, places.offsets.subarray(0, i));
      return -EINVAL;
    }
    if (known === undefined) probes.set(offset, { refCtrOffset, users: 1 });
    else known.users++;
  }
  return 0;
}

function unregister(kernel: Kernel, file: ProbedFile, offsets: BigUint64Array): void {
  const probes = fileProbes(kernel, file);
  for (const offset of offsets) {
    const probe = probes.get(offset);
    if (probe !== undefined && --probe.users === 0) probes.delete(offset);
  }
  if (probes.size === 0) probesOf(kernel).delete(file.key);
}

/** What a link was made with. */
interface Attachment {
  readonly kernel: Kernel;
  readonly file: ProbedFile;
  readonly places: Places;
  readonly flags: number;
  /** Process it is for; 0: any. */
  readonly pid: number;
}

/** A program at many places of a file. */
class UprobeMultiLink extends BpfLink {
  readonly linkType = BPF_LINK_TYPE.UPROBE_MULTI;
  readonly #is: Attachment;

  constructor(prog: BpfProgBase, attachType: number, attachment: Attachment) {
    super(prog, attachType);
    this.#is = attachment;
  }

  /** Its process, 0 when that has ended. */
  get #pid(): number {
    const { kernel, pid } = this.#is;
    return kernel.machine?.task(pid) === undefined ? 0 : pid;
  }

  /** `bpf_uprobe_multi_link_fill_link_info`. */
  override fillInfo(info: UserStruct, caller: Caller): number {
    const at = LINK_INFO.at;
    const { file, places, flags } = this.#is;
    const path = info.addr(at['uprobe_multi.path']);
    const room = info.u32(at['uprobe_multi.path_size']);
    const arrays: readonly (readonly [number, BigUint64Array])[] = [
      [info.addr(at['uprobe_multi.offsets']), places.offsets],
      [info.addr(at['uprobe_multi.ref_ctr_offsets']), places.refCtrOffsets],
      [info.addr(at['uprobe_multi.cookies']), places.cookies],
    ];
    const wanted = info.u32(at['uprobe_multi.count']);
    if ((path === 0) !== (room === 0)) return -EINVAL;
    const wantsArrays = arrays.some(([addr]) => addr !== 0);
    if (wantsArrays && wanted === 0) return -EINVAL;
    const count = places.offsets.length;
    info.setU32(at['uprobe_multi.count'], count);
    info.setU32(at['uprobe_multi.flags'], flags);
    info.setU32(at['uprobe_multi.pid'], this.#pid);
    const name = Uint8Array.from(`${file.path}\0`, (char) => char.charCodeAt(0));
    if (name.length > (path === 0 ? PATH_MAX : room)) return -ENAMETOOLONG;
    if (path !== 0 && caller.write(path, name) < 0) return -EFAULT;
    info.setU32(at['uprobe_multi.path_size'], name.length);
    if (!wantsArrays) return 0;
    const given = Math.min(wanted, count);
    for (const [addr, numbers] of arrays) {
      if (addr === 0) continue;
      if (caller.write(addr, new Uint8Array(numbers.buffer, 0, given * 8)) < 0) return -EFAULT;
    }
    return wanted < count ? -ENOSPC : 0;
  }

  /** `bpf_uprobe_multi_show_fdinfo`. */
  override fdinfo(): string {
    const { file, places } = this.#is;
    const lines = [`uprobe_cnt:\t${places.offsets.length}`, `pid:\t${this.#pid}`, `path:\t${file.path}`];
    lines.push('cookie\t offset\t ref_ctr_offset');
    places.offsets.forEach((offset, i) => {
      const refCtrOffset = places.refCtrOffsets[i]!;
      lines.push(`${places.cookies[i]!}\t 0x${offset.toString(16)}\t 0x${refCtrOffset.toString(16)}`);
    });
    return `${lines.join('\n')}\n`;
  }

  override typeName(): string {
    return this.#is.flags === RETURN ? 'uretprobe_multi' : 'uprobe_multi';
  }

  protected override end(): void {
    const { kernel, file, places } = this.#is;
    unregister(kernel, file, places.offsets);
  }
}
