/** Helpers that read the current task (man bpf-helpers). The task is {@link Vm.task}. */
import { cgroupArrayGet } from '../../maps/array_fd.ts';
import { PAGE_SIZE } from '../../mm/arena.ts';
import { E2BIG, EAGAIN, EFAULT, EINVAL, ENOENT } from '../../uapi/errno.ts';
import type { HelperRecord } from '../helper.ts';
import { Image, Images } from '../images.ts';
import { type CurrentTask, cgroupsOf } from '../task.ts';
import { fillTask } from '../task_images.ts';
import type { Vm } from '../vm.ts';

const TASK_COMM_LEN = 16;

/** bpf_get_current_comm: the name, cut to the buffer, zero-filled (`strscpy_pad`). */
function getComm(vm: Vm, buffer = 0, size = 0): number {
  if (size === 0) return -EINVAL;
  const u8 = vm.env.arena.u8;
  u8.fill(0, buffer, buffer + size);
  const comm = vm.task.comm;
  const length = Math.min(comm.length, TASK_COMM_LEN - 1, size - 1);
  for (let i = 0; i < length; i++) u8[buffer + i] = comm.charCodeAt(i);
  return 0;
}

/** bpf_get_ns_current_pid_tgid: pid and tgid as seen in the namespace given by device and inode. */
function nsPidTgid(vm: Vm, devLo = 0, devHi = 0, inoLo = 0, inoHi = 0, out = 0, size = 0): number {
  const { view, u8 } = vm.env.arena;
  const dev = (BigInt(devHi >>> 0) << 32n) | BigInt(devLo >>> 0);
  const ino = (BigInt(inoHi >>> 0) << 32n) | BigInt(inoLo >>> 0);
  const error = size !== 8 || dev !== vm.task.pidNsDev || ino !== vm.task.pidNsIno ? -EINVAL : 0;
  u8.fill(0, out, out + Math.max(size, 0));
  if (error !== 0) return error;
  view.setUint32(out, vm.task.pid, true);
  view.setUint32(out + 4, vm.task.tgid, true);
  return 0;
}

function underCgroup(vm: Vm, mapAddr = 0, index = 0): number {
  const map = vm.mapAt(mapAddr);
  if (map === undefined || index >>> 0 >= map.maxEntries) return -E2BIG;
  const cgroup = cgroupArrayGet(map, index >>> 0);
  if (cgroup === undefined) return -EAGAIN;
  return cgroupsOf(vm.task).includes(BigInt(cgroup.ino)) ? 1 : 0;
}

/** Flags of bpf_get_stack and bpf_get_stackid. */
const SKIP_FIELD_MASK = 0xff;
const USER_STACK = 1 << 8;
const USER_BUILD_ID = 1 << 11;

/** struct bpf_stack_build_id: a status, a build id of 20 bytes, an address. */
const BUILD_ID = { status: 0, ip: 24, size: 32 } as const;
/** BPF_STACK_BUILD_ID_IP: no file is known where the address is. */
const STATUS_IP = 2;

/** bpf_get_stack: instruction pointers of the task's stack, as 64-bit words or with (unknown) build ids; the bytes written. */
function getStack(vm: Vm, _ctx = 0, buffer = 0, size = 0, lo = 0, hi = 0): number {
  const { u8, view } = vm.env.arena;
  const user = (lo & USER_STACK) !== 0;
  const buildId = (lo & USER_BUILD_ID) !== 0;
  const element = buildId ? BUILD_ID.size : 8;
  const whole = user ? vm.task.userStack : vm.task.kernelStack;
  const skip = lo & SKIP_FIELD_MASK;
  u8.fill(0, buffer, buffer + Math.max(size, 0));
  if (hi !== 0 || (lo & ~(SKIP_FIELD_MASK | USER_STACK | USER_BUILD_ID)) !== 0) return -EINVAL;
  if ((!user && buildId) || size % element !== 0) return -EINVAL;
  if (whole.length === 0 || whole.length < skip) return -EFAULT;
  const count = Math.min(whole.length - skip, size / element);
  for (let i = 0; i < count; i++) {
    const at = buffer + i * element;
    if (buildId) view.setInt32(at + BUILD_ID.status, STATUS_IP, true);
    view.setBigUint64(buildId ? at + BUILD_ID.ip : at, whole[skip + i]!, true);
  }
  return count * element;
}

/** The structure of the current task of a machine, and the task it was filled for. */
interface CurrentImage {
  readonly image: Image;
  readonly cred: Image;
  /** `struct css_set`, which leads to its cgroup. */
  readonly cgroups: Image;
  task: CurrentTask | undefined;
}

/** Where {@link cgroupAddress} puts the structure of an id: to be compared with, not to be read. */
export function cgroupPlace(vm: Vm, id: bigint): number {
  return vm.ksym(`cgroup:${id}`);
}

/** `struct cgroup` of an id: its id and level; other fields read as 0. */
export function cgroupAddress(vm: Vm, id: bigint): number {
  const address = cgroupPlace(vm, id);
  const image = new Image(vm.env, 'cgroup', address, PAGE_SIZE);
  const node = vm.ksym(`kernfs_node:${id}`);
  new Image(vm.env, 'kernfs_node', node, PAGE_SIZE).set('id', id);
  image
    .ptr('kn', node)
    .set('level', Math.max(cgroupsOf(vm.task).indexOf(id), 0))
    .ptr('self.cgroup', address);
  return address;
}

/** Its name in {@link Vm.helperState}. */
const CURRENT = 'current task';

/** `struct task_struct` of the current task: ids, name, rights and cgroup; other fields read as 0. Where no BTF tells of it: zeros. */
export function taskAddress(vm: Vm): number {
  let current = vm.helperState.get(CURRENT) as CurrentImage | undefined;
  if (current === undefined) {
    const images = new Images(vm.env);
    const cgroups = images.make('css_set');
    current = { image: images.make('task_struct'), cred: images.make('cred'), cgroups, task: undefined };
    const mm = images.make('mm_struct').addr;
    current.image.ptr('mm', mm).ptr('active_mm', mm).ptr('cgroups', cgroups.addr);
    vm.helperState.set(CURRENT, current);
  }
  const { image } = current;
  if (image.addr === 0) return vm.ksym('task_struct');
  if (current.task !== vm.task) {
    current.task = vm.task;
    fillTask(image, current.cred, vm.task);
    current.cgroups.ptr('dfl_cgrp', cgroupAddress(vm, vm.task.cgroupId));
    image.ptr('group_leader', image.addr).ptr('real_parent', image.addr).ptr('parent', image.addr);
  }
  return image.addr;
}

export const TASK_HELPERS: readonly HelperRecord[] = [
  {
    id: 14,
    name: 'get_current_pid_tgid',
    doc: 'tgid << 32 | pid of the current task.',
    args: '',
    ret: 'long',
    fn: (vm) => vm.ret64(vm.task.pid | 0, vm.task.tgid | 0),
  },
  {
    id: 15,
    name: 'get_current_uid_gid',
    doc: 'gid << 32 | uid of the current task.',
    args: '',
    ret: 'long',
    fn: (vm) => vm.ret64(vm.task.uid | 0, vm.task.gid | 0),
  },
  { id: 16, name: 'get_current_comm', doc: 'Name of the current task.', args: 'ii', ret: 'int', fn: getComm },
  {
    id: 35,
    name: 'get_current_task',
    doc: 'The structure of the current task: ids, name, rights.',
    args: '',
    ret: 'ptr',
    fn: taskAddress,
  },
  {
    id: 158,
    name: 'get_current_task_btf',
    doc: 'The structure of the current task: ids, name, rights.',
    args: '',
    ret: 'ptr',
    fn: taskAddress,
  },
  {
    id: 37,
    name: 'current_task_under_cgroup',
    doc: 'Whether the task is in the cgroup of a slot of a cgroup array.',
    args: 'ii',
    ret: 'int',
    fn: underCgroup,
  },
  {
    id: 80,
    name: 'get_current_cgroup_id',
    doc: 'Id of the cgroup of the current task.',
    args: '',
    ret: 'long',
    fn: (vm) => vm.retBig(vm.task.cgroupId),
  },
  {
    id: 123,
    name: 'get_current_ancestor_cgroup_id',
    doc: 'Id of the task’s cgroup at a level, the root being 0; 0 beyond its own.',
    args: 'i',
    ret: 'long',
    fn: (vm, level = 0) => vm.retBig(cgroupsOf(vm.task)[level] ?? 0n),
  },
  {
    id: 120,
    name: 'get_ns_current_pid_tgid',
    doc: 'pid and tgid in the pid namespace of the task, given by device and inode.',
    args: 'llii',
    ret: 'int',
    fn: nsPidTgid,
  },
  {
    id: 67,
    name: 'get_stack',
    doc: 'Instruction pointers of the current task’s stack.',
    args: 'iiil',
    ret: 'int',
    fn: getStack,
  },
  {
    id: 141,
    name: 'get_task_stack',
    doc: 'Instruction pointers of the current task’s stack.',
    args: 'iiil',
    ret: 'int',
    fn: getStack,
  },
  {
    id: 175,
    name: 'task_pt_regs',
    doc: 'A block that reads as zero registers.',
    args: 'i',
    ret: 'ptr',
    fn: (vm) => vm.ksym('pt_regs'),
  },
  {
    id: 109,
    name: 'send_signal',
    doc: 'The emulated task takes no signals: -EINVAL for bad numbers, else 0.',
    args: 'i',
    ret: 'int',
    fn: (_vm, signal = 0) => (signal < 1 || signal > 64 ? -EINVAL : 0),
  },
  {
    id: 117,
    name: 'send_signal_thread',
    doc: 'As send_signal.',
    args: 'i',
    ret: 'int',
    fn: (_vm, signal = 0) => (signal < 1 || signal > 64 ? -EINVAL : 0),
  },
  {
    id: 22,
    name: 'perf_event_read',
    doc: 'There are no hardware counters: -ENOENT.',
    args: 'il',
    ret: 'int',
    fn: () => -ENOENT,
  },
  {
    id: 55,
    name: 'perf_event_read_value',
    doc: 'There are no hardware counters: -ENOENT.',
    args: 'ilii',
    ret: 'int',
    fn: readValue,
  },
];

/** The buffer of a failed bpf_perf_event_read_value is zeroed. */
function readValue(vm: Vm, _map = 0, _lo = 0, _hi = 0, buffer = 0, size = 0): number {
  vm.env.arena.u8.fill(0, buffer, buffer + Math.max(size, 0));
  return size === 24 ? -ENOENT : -EINVAL;
}
