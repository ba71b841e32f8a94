/**
 * bpf(2) called by a syscall program (`bpf_sys_bpf`): the attr and what it points to lie
 * in the program's own memory. The pointers are moved to a window above all user
 * addresses, and the caller is wrapped so that it reads and writes the arena there.
 */
import { BASE_HI } from '../mm/arena.ts';
import { BPF_CMD } from '../uapi/bpf.ts';
import { EFAULT, EINVAL } from '../uapi/errno.ts';
import { COMMAND_ATTRS } from './attr_table.ts';
import type { Caller } from './caller.ts';
import type { Kernel } from './kernel.ts';

/** Where the window begins: above every user address (2^47). */
const WINDOW = 2 ** 48;
const ATTR_MAX = 4096;

/** Commands a program may call (`bpf_sys_bpf`). */
const ALLOWED: ReadonlySet<number> = new Set([
  BPF_CMD.MAP_CREATE,
  BPF_CMD.MAP_DELETE_ELEM,
  BPF_CMD.MAP_UPDATE_ELEM,
  BPF_CMD.MAP_FREEZE,
  BPF_CMD.MAP_GET_FD_BY_ID,
  BPF_CMD.PROG_LOAD,
  BPF_CMD.BTF_LOAD,
  BPF_CMD.LINK_CREATE,
  BPF_CMD.RAW_TRACEPOINT_OPEN,
]);

/** The caller, with the arena visible in the window. */
function withWindow(kernel: Kernel, caller: Caller): Caller {
  const { arena } = kernel;
  const inWindow = (addr: number, length: number): boolean => arena.contains(addr - WINDOW, length);
  const read = (addr: number, dst: Uint8Array): number => {
    if (addr < WINDOW) return caller.read(addr, dst);
    if (!inWindow(addr, dst.length)) return -EFAULT;
    dst.set(arena.u8.subarray(addr - WINDOW, addr - WINDOW + dst.length));
    return 0;
  };
  const write = (addr: number, src: Uint8Array): number => {
    if (addr < WINDOW) return caller.write(addr, src);
    if (!inWindow(addr, src.length)) return -EFAULT;
    arena.u8.set(src, addr - WINDOW);
    return 0;
  };
  return {
    uid: caller.uid,
    gid: caller.gid,
    tid: caller.tid,
    cpu: caller.cpu,
    paths: caller.paths,
    hasCap: (cap) => caller.hasCap(cap),
    fdget: (fd) => caller.fdget(fd),
    fdInstall: (file) => (caller.fdInstallNow === undefined ? caller.fdInstall(file) : caller.fdInstallNow(file)),
    read,
    write,
  };
}

/** Runs a command whose attr of `size` bytes is at `attr` in the arena: its result. */
export function sysBpf(kernel: Kernel, caller: Caller, cmd: number, attr: number, size: number): number {
  const row = COMMAND_ATTRS[cmd];
  if (!ALLOWED.has(cmd) || row === undefined || size > ATTR_MAX || !kernel.arena.contains(attr, size)) return -EINVAL;
  const bytes = kernel.arena.u8.slice(attr, attr + size);
  const view = new DataView(bytes.buffer);
  for (const field of row.arm.fields) {
    if (field.kind !== 'ptr' || field.offset + 8 > size) continue;
    if (view.getUint32(field.offset + 4, true) !== BASE_HI) continue;
    view.setUint32(field.offset + 4, WINDOW / 2 ** 32, true);
  }
  return kernel.bpf(cmd, bytes, size, WINDOW + attr, withWindow(kernel, caller));
}
