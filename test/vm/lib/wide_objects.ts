/** Locks, timers, and objects in lists, trees and kptrs, in the wide fuzzer. */
import { HEAD, LOCKED, NODE, TIMED, TYPE_IDS } from './wide_btf.ts';
import { FP, KEPT, KEY, refill, type Wide } from './wide_emit.ts';
import { HEADS, LOCKS, TIMERS, WIDE_MAPS } from './wide_maps.ts';

/** Where an object and what was found are kept while helpers take the registers. */
const OBJECT = -160;

/** A value of a map in r0 and r9's slot; the jump that is taken where there is none. */
function value(e: Wide, number: number): number {
  e.put(0x62, FP, 0, KEY, e.below(WIDE_MAPS[number]!.keys));
  e.stack(2, KEY);
  e.map(1, number);
  e.helper(1);
  return e.jump(0x15, 0);
}

/** A value is changed under its lock. */
function locked(e: Wide): void {
  const none = value(e, LOCKS);
  e.put(0x7b, FP, 0, OBJECT);
  e.mov(1, 0);
  e.helper(93);
  e.put(0x79, 4, FP, OBJECT);
  for (let i = 1 + e.below(3); i > 0; i--) {
    const off = e.pick([LOCKED.a, LOCKED.b]);
    const kind = e.below(4);
    if (kind < 2) e.put(0x79, e.pick(KEPT), 4, off);
    else if (kind === 2) e.put(0x7b, 4, e.pick(KEPT), off);
    else e.put(0xdb, 4, e.pick(KEPT), off, e.pick([0, 1, 0x40, 0xe1]));
  }
  e.mov(1, 4);
  e.helper(94);
  e.land(none);
}

/** A timer is made, set for a time that does not come, and taken back. */
function timer(e: Wide): void {
  if (e.chance(2)) {
    e.put(0x62, FP, 0, KEY, e.below(4));
    e.stack(2, KEY);
    e.map(1, TIMERS);
    e.stack(3, -64);
    e.movImm(4, e.below(3));
    e.helper(2);
    e.result();
  }
  const none = value(e, TIMERS);
  e.put(0x7b, FP, 0, OBJECT);
  for (let i = 2 + e.below(4); i > 0; i--) {
    e.put(0x79, 1, FP, OBJECT);
    switch (e.below(4)) {
      case 0:
        e.map(2, TIMERS);
        e.movImm(3, e.pick([0, 1, 7, 1, 2]));
        e.helper(169);
        break;
      case 1:
        e.use('timer', 2, 0);
        e.helper(170);
        break;
      case 2:
        e.put(0x18, 2, 0, 0, 0);
        e.put(0, 0, 0, 0, 0x10000);
        e.movImm(3, e.pick([0, 0, 2, 8]));
        e.helper(171);
        break;
      default:
        e.helper(172);
    }
    e.result();
    e.put(0x27, 8, 0, 0, 31);
  }
  e.put(0x79, 1, FP, OBJECT);
  e.put(0x7b, 1, 8, TIMED.a);
  e.land(none);
}

/** A new object in r0 and its slot, with numbers in it; the jump that is taken where there is none. */
function create(e: Wide): number {
  e.movImm(1, TYPE_IDS.node);
  e.movImm(2, 0);
  e.kfunc('bpf_obj_new_impl');
  const none = e.jump(0x15, 0);
  const reg = e.pick(KEPT);
  e.mov(1, reg);
  e.put(0x57, 1, 0, 0, 7);
  e.put(0x7b, 0, 1, NODE.key);
  e.put(0x7b, 0, e.pick(KEPT), NODE.value);
  return none;
}

/** Gives the object in r0 back, once its numbers have been read. */
function drop(e: Wide): void {
  e.mov(1, 0);
  e.put(0x79, 7, 1, NODE.key);
  e.put(0x79, 2, 1, NODE.value);
  e.put(0x0f, 8, 2);
  e.movImm(2, 0);
  e.kfunc('bpf_obj_drop_impl');
}

/** Takes the lock of the heads in the slot; r1 is the address at an offset in them. */
function lockHeads(e: Wide, off: number): void {
  e.put(0x79, 1, FP, KEY - 8);
  e.helper(93);
  e.put(0x79, 1, FP, KEY - 8);
  e.addImm(1, off);
}

function unlockHeads(e: Wide): void {
  e.put(0x79, 1, FP, KEY - 8);
  e.helper(94);
}

/** Puts the object at {@link OBJECT} into the list or the tree. */
function insert(e: Wide, tree: boolean): void {
  lockHeads(e, tree ? HEAD.tree : HEAD.list);
  e.put(0x79, 2, FP, OBJECT);
  e.addImm(2, tree ? NODE.tree : NODE.list);
  if (tree) {
    e.use('less', 3, 0);
    e.movImm(4, 0);
    e.movImm(5, 0);
    e.kfunc('bpf_rbtree_add_impl');
  } else {
    e.movImm(3, 0);
    e.movImm(4, 0);
    e.kfunc(e.pick(['bpf_list_push_front_impl', 'bpf_list_push_back_impl']));
  }
  e.result();
  unlockHeads(e);
}

/** Takes the first or last one out of the list. */
function pop(e: Wide): void {
  lockHeads(e, HEAD.list);
  e.kfunc(e.pick(['bpf_list_pop_front', 'bpf_list_pop_back']));
  e.put(0x7b, FP, 0, OBJECT);
  unlockHeads(e);
  e.put(0x79, 0, FP, OBJECT);
  const none = e.jump(0x15, 0);
  drop(e);
  e.land(none);
}

/** Takes the first one out of the tree. */
function removeFirst(e: Wide): void {
  lockHeads(e, HEAD.tree);
  e.kfunc('bpf_rbtree_first');
  const empty = e.jump(0x15, 0);
  e.put(0x79, 1, FP, KEY - 8);
  e.addImm(1, HEAD.tree);
  e.mov(2, 0);
  e.kfunc('bpf_rbtree_remove');
  e.put(0x7b, FP, 0, OBJECT);
  unlockHeads(e);
  e.put(0x79, 0, FP, OBJECT);
  const none = e.jump(0x15, 0);
  e.addImm(0, -NODE.tree);
  drop(e);
  const over = e.jump(0x05);
  e.land(empty);
  unlockHeads(e);
  e.land(none);
  e.land(over);
}

/** Goes down the tree from its root, to the left or the right. */
function walk(e: Wide): void {
  lockHeads(e, HEAD.tree);
  e.kfunc('bpf_rbtree_root');
  const ends = [e.jump(0x15, 0)];
  for (let depth = e.below(4); ; depth--) {
    e.put(0x79, 7, 0, NODE.key - NODE.tree);
    e.put(0x27, 8, 0, 0, 33);
    e.put(0x0f, 8, 7);
    if (depth === 0) break;
    e.put(0x79, 1, FP, KEY - 8);
    e.addImm(1, HEAD.tree);
    e.mov(2, 0);
    e.kfunc(e.pick(['bpf_rbtree_left', 'bpf_rbtree_right']));
    ends.push(e.jump(0x15, 0));
  }
  for (const end of ends) e.land(end);
  unlockHeads(e);
}

function objects(e: Wide): void {
  const none = value(e, HEADS);
  e.put(0x7b, FP, 0, KEY - 8);
  let none2 = -1;
  switch (e.below(6)) {
    case 0:
    case 1:
      none2 = create(e);
      e.put(0x7b, FP, 0, OBJECT);
      insert(e, e.chance(2));
      break;
    case 2: {
      // Two references, one for each.
      none2 = create(e);
      e.put(0x7b, FP, 0, OBJECT);
      e.mov(1, 0);
      e.movImm(2, 0);
      e.kfunc('bpf_refcount_acquire_impl');
      e.put(0x7b, FP, 0, OBJECT - 8);
      insert(e, true);
      e.put(0x79, 0, FP, OBJECT - 8);
      e.put(0x7b, FP, 0, OBJECT);
      insert(e, false);
      break;
    }
    case 3:
      pop(e);
      break;
    case 4:
      if (e.chance(2)) walk(e);
      else removeFirst(e);
      break;
    default: {
      if (e.chance(3)) e.movImm(2, 0);
      else {
        none2 = create(e);
        e.mov(2, 0);
      }
      e.put(0x79, 1, FP, KEY - 8);
      e.addImm(1, HEAD.kptr);
      e.helper(194);
      const was = e.jump(0x15, 0);
      drop(e);
      e.land(was);
    }
  }
  if (none2 >= 0) e.land(none2);
  e.land(none);
}

/** One of them. */
export function special(e: Wide): void {
  const kind = e.below(6);
  if (kind === 0) locked(e);
  else if (kind === 1) timer(e);
  else objects(e);
  e.movImm(0, e.imm());
  refill(e);
}
