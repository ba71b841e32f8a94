/**
 * A caller of bpf(2) through an ioctl on the control file: its memory is that of the
 * calling process, its descriptors are those of this open of the control file.
 */
import type { BpfFile, FdTarget, ForeignFile } from '../base/object.ts';
import type { ProcessAccess } from '../native/addon.ts';
import { netDeviceKey } from '../native/netdev.ts';
import type { Caller } from '../syscall/caller.ts';
import type { FdTable } from '../syscall/fd_table.ts';
import type { CallPaths } from './paths.ts';

/**
 * Descriptors of the control file start here, above what a process can have open itself:
 * so a command may also name a real descriptor (a cgroup, a network namespace, a directory).
 */
export const CTL_FD_BASE = 1 << 20;

export class CtlCaller implements Caller {
  uid = 0;
  gid = 0;
  tid = 0;
  cpu = 0;
  readonly mayWait = true;
  readonly paths: CallPaths;
  readonly #process: ProcessAccess;
  readonly #ownerUid: number | undefined;
  /** The descriptor table, shared with the JSON side of the same open. */
  readonly #table: FdTable;
  readonly #caps = new Uint8Array(8);
  #capsKnown = false;
  /** The attr as the kernel copied it in, and where it lies in the caller's memory. */
  #attr: Uint8Array = new Uint8Array(0);
  #attrAddr = 0;
  /** How many bytes of the attr go back, from its start: up to the last one that a result was stored in. */
  attrTouched = 0;

  constructor(process: ProcessAccess, ownerUid: number | undefined, table: FdTable, paths: CallPaths) {
    this.#process = process;
    this.#ownerUid = ownerUid;
    this.#table = table;
    this.paths = paths;
  }

  /** Takes on the thread that calls, with its attr. */
  enter(tid: number, uid: number, gid: number, attr: Uint8Array, attrAddr: number): void {
    this.tid = tid;
    this.uid = uid;
    this.gid = gid;
    this.#capsKnown = false;
    this.#attr = attr;
    this.#attrAddr = attrAddr;
    this.attrTouched = 0;
  }

  /** The same call goes on with its attr elsewhere. */
  moveAttr(attr: Uint8Array): void {
    this.#attr = attr;
  }

  hasCap(cap: number): boolean {
    if (this.uid === this.#ownerUid) return true;
    if (!this.#capsKnown) {
      if (this.#process.capabilities(this.tid, this.#caps) < 0) this.#caps.fill(0);
      this.#capsKnown = true;
    }
    return ((this.#caps[cap >> 3] as number) & (1 << (cap & 7))) !== 0;
  }

  read(addr: number, dst: Uint8Array): number {
    return this.#process.readMemory(this.tid, addr, dst);
  }

  /** Results that go into the attr itself travel back with the ioctl. */
  write(addr: number, src: Uint8Array): number {
    const offset = addr - this.#attrAddr;
    if (offset >= 0 && offset + src.length <= this.#attr.length) {
      this.#attr.set(src, offset);
      this.attrTouched = Math.max(this.attrTouched, offset + src.length);
      return 0;
    }
    return this.#process.writeMemory(this.tid, addr, src);
  }

  fdget(fd: number): FdTarget {
    if (fd >= CTL_FD_BASE) return this.#table.get(fd - CTL_FD_BASE);
    const found = fd >= 0 && fd < CTL_FD_BASE ? this.#process.descriptor(this.tid, fd) : undefined;
    if (found === undefined) return undefined;
    return foreignFile(found, this.paths.isRoot(found.dev, found.ino));
  }

  netDevice(ifindex: number): string | undefined {
    return netDeviceKey(this.tid, ifindex);
  }

  fdInstall(file: BpfFile): number {
    const fd = this.#table.install(file);
    return fd < 0 ? fd : fd + CTL_FD_BASE;
  }
}

const WHAT_BY_LINK: readonly (readonly [string, ForeignFile['what']])[] = [
  ['socket:', 'socket'],
  ['anon_inode:[pidfd]', 'pidfd'],
  ['net:', 'netns'],
  ['anon_inode:[perf_event]', 'perf_event'],
  ['/sys/fs/cgroup', 'cgroup'],
];

/** What a real descriptor of the caller is, judged by the text of its /proc link and its type. A bpffs is named by its root. */
function foreignFile(found: { dev: number; ino: number; mode: number; link: string }, isBpffs: boolean): ForeignFile {
  const { dev, ino, link } = found;
  const known = isBpffs ? 'bpffs' : WHAT_BY_LINK.find(([start]) => link.startsWith(start))?.[1];
  const type = found.mode & 0o170000;
  const what = known ?? (type === 0o040000 ? 'dir' : type === 0o100000 ? 'file' : 'other');
  return { kind: 'foreign', what, dev, ino, path: link.startsWith('/') ? link : '' };
}
