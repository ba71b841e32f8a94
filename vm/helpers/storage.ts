/**
 * Helpers on storage that belongs to the current task or its cgroup, and stack traces
 * (man bpf-helpers). Sockets are the business of the program types that have them.
 */
import { localStorageDelete, localStorageGet } from '../../maps/bpf_local_storage.ts';
import { stackMapStore } from '../../maps/stackmap.ts';
import { EFAULT, EINVAL, ENOENT, ENOMEM } from '../../uapi/errno.ts';
import type { HelperRecord } from '../helper.ts';
import type { Vm } from '../vm.ts';

/** Name of the task and cgroup as maps/bpf_local_storage.ts calls objects (maps/fd_object.ts). */
function taskKey(vm: Vm): string {
  return `pid:${vm.task.pid}`;
}

function cgroupKey(vm: Vm): string {
  return `0:${vm.task.cgroupId}`;
}

/** Inodes are told apart by their address: it is all there is of them. */
function inodeKey(_vm: Vm, object: number): string {
  return `inode:${object}`;
}

const get =
  (key: (vm: Vm, object: number) => string) =>
  (vm: Vm, mapAddr = 0, object = 0, value = 0, lo = 0, hi = 0): number => {
    const map = vm.mapAt(mapAddr);
    if (map === undefined || object === 0 || hi !== 0 || (lo & ~1) !== 0) return 0;
    return localStorageGet(map, key(vm, object), value, lo);
  };

const remove =
  (key: (vm: Vm, object: number) => string) =>
  (vm: Vm, mapAddr = 0, object = 0): number => {
    const map = vm.mapAt(mapAddr);
    if (map === undefined || object === 0) return -EINVAL;
    return localStorageDelete(map, key(vm, object)) === 0 ? 0 : -ENOENT;
  };

/** Flags of bpf_get_stackid: frames to skip, user stack, compare by hash alone, overwrite. */
const SKIP_MASK = 0xff;
const USER_STACK = 1 << 8;
const STACKID_FLAGS = SKIP_MASK | USER_STACK | (1 << 9) | (1 << 10);

/** bpf_get_stackid: stores the task's stack in a map of stacks; its id, or -errno. */
function getStackid(vm: Vm, _ctx = 0, mapAddr = 0, lo = 0, hi = 0): number {
  const map = vm.mapAt(mapAddr);
  if (map === undefined || hi !== 0 || (lo & ~STACKID_FLAGS) !== 0) return -EINVAL;
  const whole = (lo & USER_STACK) !== 0 ? vm.task.userStack : vm.task.kernelStack;
  const stack = whole.slice(lo & SKIP_MASK, (lo & SKIP_MASK) + map.valueSize / 8);
  if (stack.length === 0) return -EFAULT;
  const { arena } = vm.env;
  const trace = arena.alloc(stack.length * 8);
  if (trace === 0) return -ENOMEM;
  stack.forEach((address, i) => {
    arena.view.setBigUint64(trace + i * 8, address, true);
  });
  const id = stackMapStore(map, trace, stack.length * 8, lo);
  arena.free(trace, stack.length * 8);
  return id;
}

export const STORAGE_HELPERS: readonly HelperRecord[] = [
  { id: 27, name: 'get_stackid', doc: 'Id of the task’s stack in a map.', args: 'iil', ret: 'int', fn: getStackid },
  {
    id: 145,
    name: 'inode_storage_get',
    doc: 'The inode’s value, or NULL.',
    args: 'iiil',
    ret: 'ptr',
    fn: get(inodeKey),
  },
  {
    id: 146,
    name: 'inode_storage_delete',
    doc: 'Drops the inode’s value.',
    args: 'ii',
    ret: 'int',
    fn: remove(inodeKey),
  },
  { id: 156, name: 'task_storage_get', doc: 'The task’s value, or NULL.', args: 'iiil', ret: 'ptr', fn: get(taskKey) },
  { id: 157, name: 'task_storage_delete', doc: 'Drops the task’s value.', args: 'ii', ret: 'int', fn: remove(taskKey) },
  {
    id: 210,
    name: 'cgrp_storage_get',
    doc: 'The cgroup’s value, or NULL.',
    args: 'iiil',
    ret: 'ptr',
    fn: get(cgroupKey),
  },
  {
    id: 211,
    name: 'cgrp_storage_delete',
    doc: 'Drops the cgroup’s value.',
    args: 'ii',
    ret: 'int',
    fn: remove(cgroupKey),
  },
];
