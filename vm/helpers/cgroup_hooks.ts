/**
 * Helpers of the cgroup hooks: sysctls, sockets, TCP events, local storage (man
 * bpf-helpers; kernel/bpf/cgroup.c, net/core/filter.c).
 */
import { E2BIG, EINVAL, ENOPROTOOPT, EPERM } from '../../uapi/errno.ts';
import { RecordContext, SysctlContext } from '../contexts/record.ts';
import { type Sock, sockAt } from '../contexts/sock.ts';
import type { HelperRecord } from '../helper.ts';
import { SYSCTL_WRITE } from '../progtypes/cgroup.ts';
import { BPF_SOCK } from '../progtypes/sock.ts';
import type { Vm } from '../vm.ts';

const F_SYSCTL_BASE_NAME = 1;

function sysctlAt(vm: Vm, ctx: number): SysctlContext | undefined {
  const object = vm.contexts.get(ctx);
  return object instanceof SysctlContext ? object : undefined;
}

/** Copies text with a NUL, cut to the buffer: its length, or -E2BIG when it was cut (`copy_sysctl_value`, `strscpy`). */
function copyText(vm: Vm, text: Uint8Array, to: number, size: number): number {
  const { u8 } = vm.env.arena;
  u8.fill(0, to, to + size);
  if (size === 0) return text.length === 0 ? 0 : -E2BIG;
  const fits = text.subarray(0, size - 1);
  u8.set(fits, to);
  return fits.length < text.length ? -E2BIG : text.length;
}

/** bpf_sysctl_get_name: the path below /proc/sys, or its last part. */
function sysctlGetName(vm: Vm, ctx = 0, to = 0, size = 0, lo = 0, hi = 0): number {
  const sysctl = sysctlAt(vm, ctx);
  if (sysctl === undefined || hi !== 0 || (lo & ~F_SYSCTL_BASE_NAME) !== 0) return -EINVAL;
  const name = lo === 0 ? sysctl.name : sysctl.name.slice(sysctl.name.lastIndexOf('/') + 1);
  return copyText(
    vm,
    Uint8Array.from(name, (c) => c.charCodeAt(0)),
    to,
    size,
  );
}

/** bpf_sysctl_get_current_value. */
function sysctlGetCurrent(vm: Vm, ctx = 0, to = 0, size = 0): number {
  const sysctl = sysctlAt(vm, ctx);
  if (sysctl === undefined) return -EINVAL;
  if (sysctl.current.length === 0) {
    vm.env.arena.u8.fill(0, to, to + size);
    return -EINVAL;
  }
  return copyText(vm, sysctl.current, to, size);
}

/** bpf_sysctl_get_new_value: -EINVAL while the sysctl is read. */
function sysctlGetNew(vm: Vm, ctx = 0, to = 0, size = 0): number {
  const next = sysctlAt(vm, ctx)?.next;
  if (next === undefined) {
    vm.env.arena.u8.fill(0, to, to + size);
    return -EINVAL;
  }
  return copyText(vm, next, to, size);
}

/** bpf_sysctl_set_new_value: shorter than a page. */
function sysctlSetNew(vm: Vm, ctx = 0, from = 0, size = 0): number {
  const sysctl = sysctlAt(vm, ctx);
  if (sysctl?.next === undefined || size === 0 || sysctl.get32(SYSCTL_WRITE) === 0) return -EINVAL;
  if (size > 4095) return -E2BIG;
  sysctl.next = vm.env.arena.u8.slice(from, from + size);
  sysctl.updated = true;
  return 0;
}

const SOL_SOCKET = 1;
const SO_PRIORITY = 12;
const SO_MARK = 36;
/** Options of SOL_SOCKET that a struct bpf_sock has a field for. */
const SOCK_OPTIONS: ReadonlyMap<number, number> = new Map<number, number>([
  [SO_PRIORITY, BPF_SOCK.priority],
  [SO_MARK, BPF_SOCK.mark],
]);

function sockOf(vm: Vm, first: number): Sock | undefined {
  const object = vm.contexts.get(first);
  return object instanceof RecordContext ? object.sock : sockAt(vm, first);
}

/** bpf_setsockopt: the options that the socket's own record shows; others are unknown to this socket. */
function setSockOpt(vm: Vm, first = 0, level = 0, name = 0, value = 0, size = 0): number {
  const sock = sockOf(vm, first);
  const field = level === SOL_SOCKET ? SOCK_OPTIONS.get(name) : undefined;
  if (sock === undefined || field === undefined) return -ENOPROTOOPT;
  if (size !== 4) return -EINVAL;
  sock.set(field, vm.env.arena.i32[value >> 2]!);
  return 0;
}

/** bpf_getsockopt. */
function getSockOpt(vm: Vm, first = 0, level = 0, name = 0, value = 0, size = 0): number {
  const { arena } = vm.env;
  const sock = sockOf(vm, first);
  const field = level === SOL_SOCKET ? SOCK_OPTIONS.get(name) : undefined;
  arena.u8.fill(0, value, value + size);
  if (sock === undefined || field === undefined) return -ENOPROTOOPT;
  if (size !== 4) return -EINVAL;
  arena.u8.copyWithin(value, sock.addr + field, sock.addr + field + 4);
  return 0;
}

const AF_INET = 2;
const AF_INET6 = 10;
const SOCKADDR_IN_SIZE = 16;
const SOCKADDR_IN6_SIZE = 24;

/** bpf_bind: an address without a port, for the socket that connects. */
function bind(vm: Vm, ctx = 0, address = 0, size = 0): number {
  const { u8, u16 } = vm.env.arena;
  const sock = sockOf(vm, ctx);
  if (sock === undefined || size < 2) return -EINVAL;
  const family = u16[address >> 1]!;
  if (family === AF_INET && size >= SOCKADDR_IN_SIZE) {
    u8.copyWithin(sock.addr + BPF_SOCK.srcIp4, address + 4, address + 8);
    return 0;
  }
  if (family === AF_INET6 && size >= SOCKADDR_IN6_SIZE) {
    u8.copyWithin(sock.addr + BPF_SOCK.srcIp6, address + 8, address + 24);
    return 0;
  }
  return -EINVAL;
}

/** Offset of bpf_sock_ops_cb_flags in struct bpf_sock_ops, and the flags there are. */
const CB_FLAGS = 84;
const CB_FLAGS_ALL = 0x7f;

/** bpf_sock_ops_cb_flags_set: returns the bits it does not know. */
function cbFlagsSet(vm: Vm, ctx = 0, flags = 0): number {
  const object = vm.contexts.get(ctx);
  if (!(object instanceof RecordContext)) return -EINVAL;
  object.set32(CB_FLAGS, flags & CB_FLAGS_ALL);
  return flags & ~CB_FLAGS_ALL;
}

/** TCP header options can be looked at only while a header is made or read: not in the events given here. */
function noHeader(): number {
  return -EPERM;
}

/**
 * bpf_get_local_storage: the value of the cgroup (or, in a test run, of the run) in a
 * cgroup storage map; zero when it is first asked for.
 */
function getLocalStorage(vm: Vm, mapAddr = 0): number {
  const map = vm.mapAt(mapAddr);
  if (map === undefined) return 0;
  const known = vm.localStorage.get(map.id);
  if (known !== undefined) return known.addr;
  const size = Math.ceil(map.valueSize / 8) * 8;
  const addr = vm.env.arena.alloc(size);
  if (addr !== 0) vm.localStorage.set(map.id, { addr, size });
  return addr;
}

export const CGROUP_HELPERS: readonly HelperRecord[] = [
  {
    id: 49,
    name: 'setsockopt',
    doc: 'Sets SO_MARK or SO_PRIORITY of the socket; others: -ENOPROTOOPT.',
    args: 'iiiii',
    ret: 'int',
    fn: setSockOpt,
  },
  {
    id: 57,
    name: 'getsockopt',
    doc: 'Reads SO_MARK or SO_PRIORITY of the socket; others: -ENOPROTOOPT.',
    args: 'iiiii',
    ret: 'int',
    fn: getSockOpt,
  },
  {
    id: 59,
    name: 'sock_ops_cb_flags_set',
    doc: 'Chooses the TCP events the program wants.',
    args: 'ii',
    ret: 'int',
    fn: cbFlagsSet,
  },
  { id: 64, name: 'bind', doc: 'Sets the source address of a connect.', args: 'iii', ret: 'int', fn: bind },
  {
    id: 81,
    name: 'get_local_storage',
    doc: 'Value in a cgroup storage map.',
    args: 'il',
    ret: 'ptr',
    fn: getLocalStorage,
  },
  {
    id: 101,
    name: 'sysctl_get_name',
    doc: 'Name of the sysctl.',
    args: 'iiil',
    ret: 'int',
    fn: sysctlGetName,
  },
  {
    id: 102,
    name: 'sysctl_get_current_value',
    doc: 'Its value.',
    args: 'iii',
    ret: 'int',
    fn: sysctlGetCurrent,
  },
  { id: 103, name: 'sysctl_get_new_value', doc: 'The value being written.', args: 'iii', ret: 'int', fn: sysctlGetNew },
  { id: 104, name: 'sysctl_set_new_value', doc: 'Replaces it.', args: 'iii', ret: 'int', fn: sysctlSetNew },
  { id: 142, name: 'load_hdr_opt', doc: 'No TCP header: -EPERM.', args: 'iiil', ret: 'int', fn: noHeader },
  { id: 143, name: 'store_hdr_opt', doc: 'No TCP header: -EPERM.', args: 'iiil', ret: 'int', fn: noHeader },
  { id: 144, name: 'reserve_hdr_opt', doc: 'No TCP header: -EPERM.', args: 'iil', ret: 'int', fn: noHeader },
];
