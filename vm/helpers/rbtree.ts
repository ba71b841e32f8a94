/**
 * Red-black trees in the arena, balanced as those of Linux (lib/rbtree.c) are, so that
 * programs that walk down from the root meet the same nodes. A root is a pointer; a node
 * is three: left, right, and parent with its colour in the lowest bit (1: black).
 */
import { type Arena, BASE_HI } from '../../mm/arena.ts';
import { getPtr, setPtr } from './pointers.ts';

export const RB = { left: 0, right: 8, parent: 16 } as const;
const BLACK = 1;

type Side = typeof RB.left | typeof RB.right;

const other = (side: Side): Side => (side === RB.left ? RB.right : RB.left);

function parentOf(arena: Arena, node: number): number {
  return getPtr(arena, node + RB.parent) & ~BLACK;
}

function isRed(arena: Arena, node: number): boolean {
  return node !== 0 && (getPtr(arena, node + RB.parent) & BLACK) === 0;
}

/** Parent and colour at once. */
function setParent({ view }: Arena, node: number, parent: number, colour: number): void {
  view.setInt32(node + RB.parent, parent | colour, true);
  view.setInt32(node + RB.parent + 4, parent === 0 ? 0 : BASE_HI, true);
}

function colourOf(arena: Arena, node: number): number {
  return getPtr(arena, node + RB.parent) & BLACK;
}

function paint(arena: Arena, node: number, colour: number): void {
  setParent(arena, node, parentOf(arena, node), colour);
}

/** Hangs `by` where `node` hangs, below `parent` or at the root. */
function replaceChild(arena: Arena, root: number, parent: number, node: number, by: number): void {
  if (parent === 0) setPtr(arena, root, by);
  else setPtr(arena, parent + (getPtr(arena, parent + RB.left) === node ? RB.left : RB.right), by);
}

/** The child on the other side of `side` comes up; the node goes down on `side`. Colours stay with their nodes. */
function rotate(arena: Arena, root: number, node: number, side: Side): void {
  const up = getPtr(arena, node + other(side));
  const inner = getPtr(arena, up + side);
  const parent = parentOf(arena, node);
  setPtr(arena, node + other(side), inner);
  if (inner !== 0) setParent(arena, inner, node, colourOf(arena, inner));
  replaceChild(arena, root, parent, node, up);
  setParent(arena, up, parent, colourOf(arena, up));
  setPtr(arena, up + side, node);
  setParent(arena, node, up, colourOf(arena, node));
}

/** Hangs a new node below `parent` (0: it is the root) at `link`, and balances the tree. */
export function rbInsert(arena: Arena, root: number, parent: number, link: number, node: number): void {
  setPtr(arena, node + RB.left, 0);
  setPtr(arena, node + RB.right, 0);
  setParent(arena, node, parent, 0);
  setPtr(arena, link, node);
  let at = node;
  for (let up = parent; isRed(arena, up); up = parentOf(arena, at)) {
    const grand = parentOf(arena, up);
    const side: Side = getPtr(arena, grand + RB.left) === up ? RB.left : RB.right;
    const uncle = getPtr(arena, grand + other(side));
    if (isRed(arena, uncle)) {
      paint(arena, up, BLACK);
      paint(arena, uncle, BLACK);
      paint(arena, grand, 0);
      at = grand;
      continue;
    }
    if (getPtr(arena, up + other(side)) === at) {
      rotate(arena, root, up, side);
      [at, up] = [up, at];
    }
    paint(arena, up, BLACK);
    paint(arena, grand, 0);
    rotate(arena, root, grand, other(side));
  }
  const top = getPtr(arena, root);
  if (isRed(arena, top)) paint(arena, top, BLACK);
}

/** The least node at or below one. */
export function rbFirst(arena: Arena, node: number): number {
  let at = node;
  for (let left = node; left !== 0; left = getPtr(arena, left + RB.left)) at = left;
  return at;
}

/** Takes a node out and balances the tree. */
export function rbErase(arena: Arena, root: number, node: number): void {
  const left = getPtr(arena, node + RB.left);
  const right = getPtr(arena, node + RB.right);
  const above = parentOf(arena, node);
  const colour = colourOf(arena, node);
  if (left === 0 || right === 0) {
    const child = left === 0 ? right : left;
    replaceChild(arena, root, above, node, child);
    // An only child is red: it takes the place with its colour.
    if (child !== 0) setParent(arena, child, above, colour);
    else if (colour === BLACK && above !== 0) rebalance(arena, root, above);
    return;
  }
  const next = rbFirst(arena, right);
  const orphan = getPtr(arena, next + RB.right);
  let parent = parentOf(arena, next);
  if (parent === node) parent = next;
  else {
    setPtr(arena, parent + RB.left, orphan);
    setPtr(arena, next + RB.right, right);
    setParent(arena, right, next, colourOf(arena, right));
  }
  const gone = colourOf(arena, next);
  setPtr(arena, next + RB.left, left);
  setParent(arena, left, next, colourOf(arena, left));
  replaceChild(arena, root, above, node, next);
  setParent(arena, next, above, colour);
  if (orphan !== 0) setParent(arena, orphan, parent, BLACK);
  else if (gone === BLACK) rebalance(arena, root, parent);
}

/** Paths through a child of `parent` have one black node too few: at first through the child that is missing. */
function rebalance(arena: Arena, root: number, parent: number): void {
  let node = 0;
  for (let up = parent; up !== 0; up = parentOf(arena, node)) {
    const side: Side = getPtr(arena, up + RB.right) !== node ? RB.left : RB.right;
    let sibling = getPtr(arena, up + other(side));
    if (isRed(arena, sibling)) {
      rotate(arena, root, up, side);
      paint(arena, sibling, BLACK);
      paint(arena, up, 0);
      sibling = getPtr(arena, up + other(side));
    }
    const near = getPtr(arena, sibling + side);
    if (!isRed(arena, getPtr(arena, sibling + other(side)))) {
      if (!isRed(arena, near)) {
        paint(arena, sibling, 0);
        node = up;
        if (!isRed(arena, up)) continue;
        paint(arena, up, BLACK);
        return;
      }
      rotate(arena, root, sibling, other(side));
      paint(arena, near, BLACK);
      paint(arena, sibling, 0);
      sibling = near;
    }
    const colour = colourOf(arena, up);
    rotate(arena, root, up, side);
    paint(arena, sibling, colour);
    paint(arena, up, BLACK);
    paint(arena, getPtr(arena, sibling + other(side)), BLACK);
    return;
  }
}
