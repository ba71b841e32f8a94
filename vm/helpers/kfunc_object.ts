/**
 * Kernel functions on objects that programs allocate: bpf_obj_new, references, linked
 * lists, red-black trees (Documentation/bpf/graph_ds_impl.rst).
 *
 * Nodes link by 64-bit pointers in the arena, so that a program's own loads see what
 * they would. A list head or node of zeros is empty.
 */
import { BTF_KIND, type Btf } from '../../btf/btf.ts';
import type { Arena } from '../../mm/arena.ts';
import { EINVAL } from '../../uapi/errno.ts';
import type { HelperImpl } from '../helper.ts';
import type { Vm } from '../vm.ts';
import { getPtr, setPtr } from './pointers.ts';
import { RB, rbErase, rbFirst, rbInsert } from './rbtree.ts';

/** Offset of the first member of this struct type, or -1. */
function memberOffset(btf: Btf | undefined, typeId: number, struct: string): number {
  for (const member of btf?.type(typeId)?.members ?? []) {
    const type = btf?.type(member.type);
    if (type?.kind === BTF_KIND.STRUCT && type.name === struct) return member.bitOffset >> 3;
  }
  return -1;
}

function objNew(vm: Vm, typeId = 0): number {
  const btf = vm.current?.btf;
  const size = btf?.type(typeId)?.size ?? 0;
  if (size === 0) return 0;
  const address = vm.env.arena.alloc(size);
  if (address === 0) return 0;
  const refcountOff = memberOffset(btf, typeId, 'bpf_refcount');
  if (refcountOff >= 0) vm.env.arena.view.setInt32(address + refcountOff, 1, true);
  vm.objects.set(address, { size, refcountOff });
  return address;
}

/** Drops a reference; the last one frees. */
export function objDrop(vm: Vm, address: number): void {
  const object = vm.objects.get(address);
  if (object === undefined) return;
  if (object.refcountOff >= 0) {
    const view = vm.env.arena.view;
    const count = view.getInt32(address + object.refcountOff, true) - 1;
    view.setInt32(address + object.refcountOff, count, true);
    if (count > 0) return;
  }
  vm.objects.delete(address);
  // A program that runs may have found what others drop in its middle.
  const { grace, doors } = vm.env;
  if (doors?.isServing === true) grace?.free(() => vm.env.arena.free(address, object.size));
  else vm.env.arena.free(address, object.size);
}

function refcountAcquire(vm: Vm, address = 0): number {
  const object = vm.objects.get(address);
  if (object === undefined || object.refcountOff < 0) return 0;
  const view = vm.env.arena.view;
  const count = view.getInt32(address + object.refcountOff, true);
  if (count === 0) return 0;
  view.setInt32(address + object.refcountOff, count + 1, true);
  return address;
}

/** bpf_percpu_obj_new: a copy for each CPU. */
function percpuObjNew(vm: Vm, typeId = 0): number {
  const size = vm.current?.btf?.type(typeId)?.size ?? 0;
  if (size === 0) return 0;
  const bytes = vm.percpuBytes();
  const address = vm.env.arena.alloc(bytes);
  if (address !== 0) vm.objects.set(address, { size: bytes, refcountOff: -1 });
  return address;
}

// Lists: head { next, prev }, node { next, prev, owner }.
const NEXT = 0;
const PREV = 8;
const OWNER = 16;

function initHead(arena: Arena, head: number): void {
  if (getPtr(arena, head) !== 0) return;
  setPtr(arena, head + NEXT, head);
  setPtr(arena, head + PREV, head);
}

/** Adds after `before`: 0, or -EINVAL (and the node is dropped) when it is in a list or tree already. */
function listInsert(vm: Vm, head: number, node: number, off: number, front: boolean): number {
  const { arena } = vm.env;
  if (getPtr(arena, node + OWNER) !== 0) {
    objDrop(vm, node - off);
    return -EINVAL;
  }
  initHead(arena, head);
  const before = front ? head : getPtr(arena, head + PREV);
  const after = front ? getPtr(arena, head + NEXT) : head;
  setPtr(arena, node + NEXT, after);
  setPtr(arena, node + PREV, before);
  setPtr(arena, before + NEXT, node);
  setPtr(arena, after + PREV, node);
  setPtr(arena, node + OWNER, head);
  return 0;
}

function listPop(arena: Arena, head: number, link: number): number {
  initHead(arena, head);
  const node = getPtr(arena, head + link);
  if (node === head) return 0;
  const next = getPtr(arena, node + NEXT);
  const prev = getPtr(arena, node + PREV);
  setPtr(arena, prev + NEXT, next);
  setPtr(arena, next + PREV, prev);
  arena.u8.fill(0, node, node + 24);
  return node;
}

function listPeek(arena: Arena, head: number, link: number): number {
  initHead(arena, head);
  const node = getPtr(arena, head + link);
  return node === head ? 0 : node;
}

// Trees: root { node, first }, node of rbtree.ts with its owner.
const RB_OWNER = 24;

/** bpf_rbtree_add: (root, node, less, meta, off). */
function treeAdd(vm: Vm, root = 0, node = 0, less = 0, _meta = 0, off = 0): number {
  const { arena } = vm.env;
  if (getPtr(arena, node + RB_OWNER) !== 0) {
    objDrop(vm, node - off);
    return -EINVAL;
  }
  let parent = 0;
  let link = root;
  for (let at = getPtr(arena, root); at !== 0; at = getPtr(arena, link)) {
    vm.setArgPtr(0, node);
    vm.setArgPtr(1, at);
    parent = at;
    link = at + (vm.callback(less) !== 0 ? RB.left : RB.right);
    vm.loopTurn();
  }
  rbInsert(arena, root, parent, link, node);
  setPtr(arena, node + RB_OWNER, root);
  return 0;
}

/** bpf_rbtree_remove: the node, or NULL when it is not in this tree. */
function treeRemove(vm: Vm, root = 0, node = 0): number {
  const { arena } = vm.env;
  if (getPtr(arena, node + RB_OWNER) !== root) return 0;
  rbErase(arena, root, node);
  arena.u8.fill(0, node, node + 32);
  return node;
}

const treeFirst = (vm: Vm, root = 0): number => rbFirst(vm.env.arena, getPtr(vm.env.arena, root));

/** The node below on a side, or NULL, also when the node is not in this tree. */
function treeChild(side: number) {
  return (vm: Vm, root = 0, node = 0): number => {
    const { arena } = vm.env;
    return getPtr(arena, node + RB_OWNER) === root ? getPtr(arena, node + side) : 0;
  };
}

/** Frees what hangs on a list head or tree root of a map value that goes away. `off`: of the node in the object. */
export function drainList(vm: Vm, head: number, off: number): void {
  const { arena } = vm.env;
  for (let node = listPop(arena, head, NEXT); node !== 0; node = listPop(arena, head, NEXT)) objDrop(vm, node - off);
}
export function drainTree(vm: Vm, root: number, off: number): void {
  for (let node = treeFirst(vm, root); node !== 0; node = treeFirst(vm, root)) {
    treeRemove(vm, root, node);
    objDrop(vm, node - off);
  }
}

const drop = (vm: Vm, address = 0): number => {
  objDrop(vm, address);
  return 0;
};

export const OBJECT_KFUNCS: readonly HelperImpl[] = [
  { name: 'bpf_obj_new_impl', doc: 'A new object of a type of the program.', args: 'i', ret: 'ptr', fn: objNew },
  { name: 'bpf_obj_drop_impl', doc: 'Drops an object.', args: 'i', ret: 'void', fn: drop },
  { name: 'bpf_percpu_obj_new_impl', doc: 'A new object a CPU.', args: 'i', ret: 'ptr', fn: percpuObjNew },
  { name: 'bpf_percpu_obj_drop_impl', doc: 'Drops per-CPU objects.', args: 'i', ret: 'void', fn: drop },
  { name: 'bpf_refcount_acquire_impl', doc: 'One more reference.', args: 'i', ret: 'ptr', fn: refcountAcquire },
  {
    name: 'bpf_list_push_front_impl',
    doc: 'Puts a node at the front.',
    args: 'iiii',
    ret: 'int',
    fn: (vm, head = 0, node = 0, _meta = 0, off = 0) => listInsert(vm, head, node, off, true),
  },
  {
    name: 'bpf_list_push_back_impl',
    doc: 'Puts a node at the back.',
    args: 'iiii',
    ret: 'int',
    fn: (vm, head = 0, node = 0, _meta = 0, off = 0) => listInsert(vm, head, node, off, false),
  },
  {
    name: 'bpf_list_pop_front',
    doc: 'Takes the first node.',
    args: 'i',
    ret: 'ptr',
    fn: (vm, head = 0) => listPop(vm.env.arena, head, NEXT),
  },
  {
    name: 'bpf_list_pop_back',
    doc: 'Takes the last node.',
    args: 'i',
    ret: 'ptr',
    fn: (vm, head = 0) => listPop(vm.env.arena, head, PREV),
  },
  {
    name: 'bpf_list_front',
    doc: 'The first node.',
    args: 'i',
    ret: 'ptr',
    fn: (vm, head = 0) => listPeek(vm.env.arena, head, NEXT),
  },
  {
    name: 'bpf_list_back',
    doc: 'The last node.',
    args: 'i',
    ret: 'ptr',
    fn: (vm, head = 0) => listPeek(vm.env.arena, head, PREV),
  },
  {
    name: 'bpf_rbtree_add_impl',
    doc: 'Adds a node in order.',
    args: 'iiiii',
    ret: 'int',
    callsBack: true,
    fn: treeAdd,
  },
  { name: 'bpf_rbtree_remove', doc: 'Takes a node out.', args: 'ii', ret: 'ptr', fn: treeRemove },
  {
    name: 'bpf_rbtree_first',
    doc: 'The least node.',
    args: 'i',
    ret: 'ptr',
    fn: treeFirst,
  },
  {
    name: 'bpf_rbtree_root',
    doc: 'The topmost node.',
    args: 'i',
    ret: 'ptr',
    fn: (vm, root = 0) => getPtr(vm.env.arena, root),
  },
  {
    name: 'bpf_rbtree_left',
    doc: 'The node below to the left.',
    args: 'ii',
    ret: 'ptr',
    fn: treeChild(RB.left),
  },
  {
    name: 'bpf_rbtree_right',
    doc: 'The node below to the right.',
    args: 'ii',
    ret: 'ptr',
    fn: treeChild(RB.right),
  },
];
