/**
 * Kernel functions on tasks, cgroups and keys (Documentation/bpf/kfuncs.rst). There is
 * one task, the one that runs, and the cgroups it is in; they never go away, so
 * references need no counting.
 */
import { EINVAL, ENOTSUP } from '../../uapi/errno.ts';
import type { HelperImpl } from '../helper.ts';
import { cgroupsOf } from '../task.ts';
import type { Vm } from '../vm.ts';
import { cgroupAddress, cgroupPlace, taskAddress } from './task.ts';

/** Last of the keys every kernel has (`VERIFY_USE_PLATFORM_KEYRING`). */
const SYSTEM_KEY_MAX = 2;

function itself(_vm: Vm, object = 0): number {
  return object;
}

function nothing(): number {
  return 0;
}

function taskFromPid(vm: Vm, pid = 0): number {
  return pid === vm.task.pid ? taskAddress(vm) : 0;
}

function cgroupFromId(vm: Vm, lo = 0, hi = 0): number {
  const id = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
  return cgroupsOf(vm.task).includes(id) ? cgroupAddress(vm, id) : 0;
}

function cgroupAncestor(vm: Vm, cgroup = 0, level = 0): number {
  const ids = cgroupsOf(vm.task);
  const own = ids.findIndex((id) => cgroupPlace(vm, id) === cgroup);
  const found = level <= own ? ids[level] : undefined;
  return found === undefined ? 0 : cgroupAddress(vm, found);
}

function taskUnderCgroup(vm: Vm, _task = 0, cgroup = 0): number {
  return cgroupsOf(vm.task).some((id) => cgroupPlace(vm, id) === cgroup) ? 1 : 0;
}

function systemKey(vm: Vm, lo = 0, hi = 0): number {
  return hi === 0 && lo >= 0 && lo <= SYSTEM_KEY_MAX ? vm.ksym(`bpf_key:${lo}`) : 0;
}

function cryptoCreate(vm: Vm, _params = 0, _size = 0, error = 0): number {
  vm.env.arena.i32[error >> 2] = -EINVAL;
  return 0;
}

export const TASK_KFUNCS: readonly HelperImpl[] = [
  { name: 'bpf_task_acquire', doc: 'The task itself.', args: 'i', ret: 'ptr', fn: itself },
  { name: 'bpf_task_release', doc: 'Nothing: the task stays.', args: 'i', ret: 'void', fn: nothing },
  { name: 'bpf_task_from_pid', doc: 'The current task, or NULL.', args: 'i', ret: 'ptr', fn: taskFromPid },
  { name: 'bpf_task_from_vpid', doc: 'The current task, or NULL.', args: 'i', ret: 'ptr', fn: taskFromPid },
  {
    name: 'bpf_task_under_cgroup',
    doc: 'Whether the task is in the cgroup or below it.',
    args: 'ii',
    ret: 'int',
    fn: taskUnderCgroup,
  },
  { name: 'bpf_task_get_cgroup1', doc: 'No cgroups of version 1: NULL.', args: 'ii', ret: 'ptr', fn: nothing },
  {
    name: 'bpf_send_signal_task',
    doc: 'No other tasks to signal: -EINVAL.',
    args: 'iiil',
    ret: 'int',
    fn: () => -EINVAL,
  },
  { name: 'bpf_cgroup_acquire', doc: 'The cgroup itself.', args: 'i', ret: 'ptr', fn: itself },
  { name: 'bpf_cgroup_release', doc: 'Nothing: the cgroup stays.', args: 'i', ret: 'void', fn: nothing },
  { name: 'bpf_cgroup_ancestor', doc: 'The cgroup above, at a level.', args: 'ii', ret: 'ptr', fn: cgroupAncestor },
  {
    name: 'bpf_cgroup_from_id',
    doc: 'The root or the cgroup of the task, or NULL.',
    args: 'l',
    ret: 'ptr',
    fn: cgroupFromId,
  },
  {
    name: 'bpf_cgroup_read_xattr',
    doc: 'No extended attributes: -EOPNOTSUPP.',
    args: 'iii',
    ret: 'int',
    fn: () => -ENOTSUP,
  },
  { name: 'bpf_lookup_user_key', doc: 'No user keys: NULL.', args: 'il', ret: 'ptr', fn: nothing },
  { name: 'bpf_lookup_system_key', doc: 'A key of the kernel, by number.', args: 'l', ret: 'ptr', fn: systemKey },
  { name: 'bpf_key_put', doc: 'Nothing: keys stay.', args: 'i', ret: 'void', fn: nothing },
  {
    name: 'bpf_crypto_ctx_create',
    doc: 'No ciphers: NULL, and -EINVAL in *err.',
    args: 'iii',
    ret: 'ptr',
    fn: cryptoCreate,
  },
  { name: 'bpf_crypto_ctx_acquire', doc: 'The context itself.', args: 'i', ret: 'ptr', fn: itself },
  { name: 'bpf_crypto_ctx_release', doc: 'Nothing.', args: 'i', ret: 'void', fn: nothing },
  { name: 'bpf_crypto_encrypt', doc: 'No ciphers: -EINVAL.', args: 'iiii', ret: 'int', fn: () => -EINVAL },
  { name: 'bpf_crypto_decrypt', doc: 'No ciphers: -EINVAL.', args: 'iiii', ret: 'int', fn: () => -EINVAL },
];
