/**
 * Control flow of one function: basic blocks, reverse postorder, dominators, and
 * whether every loop has one entry (is reducible). The structured code is made from
 * the dominator tree (N. Ramsey, "Beyond Relooper", ICFP 2022).
 */
import { INSN_TABLE, type Insns, jumpTarget, OP_LDDW } from '../insn.ts';
import type { InsnAux } from '../verifier/types.ts';

/** A basic block: instructions `[start, end)`, then the jump at `end` if there is one. */
export interface Block {
  readonly start: number;
  readonly end: number;
  /** Index of the jump or exit that ends the block, -1: falls through; -2: the verifier never got here. */
  readonly term: number;
  /** Successors; with two, the second one is the taken branch. */
  readonly succ: readonly number[];
}

export const FALL_THROUGH = -1;
export const DEAD_END = -2;

/** Blocks of the instructions `[entry, end)`. */
export function buildBlocks(insns: Insns, aux: readonly InsnAux[], entry: number, end: number): Block[] {
  const leader = new Uint8Array(end - entry + 1);
  leader[0] = 1;
  for (let i = entry; i < end; i++) {
    const kind = INSN_TABLE[insns.op[i]!]?.kind;
    if (kind === 'lddw') i++;
    else if (kind === 'ja' || kind === 'jcond' || kind === 'may_goto') {
      const target = jumpTarget(insns, i);
      if (target >= entry && target < end) leader[target - entry] = 1;
      leader[i + 1 - entry] = 1;
    } else if (kind === 'exit') leader[i + 1 - entry] = 1;
  }
  const starts: number[] = [];
  const blockAt = new Int32Array(end - entry + 1).fill(-1);
  for (let i = entry; i < end; i++) {
    if (leader[i - entry] === 0) continue;
    blockAt[i - entry] = starts.length;
    starts.push(i);
  }
  return starts.map((start, index) => {
    const stop = starts[index + 1] ?? end;
    for (let i = start; i < stop; i++) {
      if (!aux[i]!.seen) return { start, end: i, term: DEAD_END, succ: [] };
      const op = insns.op[i]!;
      const kind = INSN_TABLE[op]?.kind;
      if (op === OP_LDDW) i++;
      else if (kind === 'exit') return { start, end: i, term: i, succ: [] };
      else if (kind === 'ja') return { start, end: i, term: i, succ: [blockAt[jumpTarget(insns, i) - entry]!] };
      else if (kind === 'jcond' || kind === 'may_goto') {
        const taken = blockAt[jumpTarget(insns, i) - entry]!;
        const next = blockAt[i + 1 - entry]!;
        return { start, end: i, term: i, succ: kind === 'jcond' && taken === next ? [next] : [next, taken] };
      }
    }
    const next = blockAt[stop - entry]!;
    return next < 0
      ? { start, end: stop, term: DEAD_END, succ: [] }
      : { start, end: stop, term: FALL_THROUGH, succ: [next] };
  });
}

/** What the code generator wants to know of the graph. */
export interface FlowGraph {
  readonly blocks: readonly Block[];
  /** Blocks that can be reached, in reverse postorder. */
  readonly order: readonly number[];
  /** Position in `order`, -1: cannot be reached. */
  readonly rpo: Int32Array;
  /** Blocks that each block dominates immediately, in reverse postorder. */
  readonly children: readonly (readonly number[])[];
  /** Entered by a backward edge. */
  readonly isLoop: Uint8Array;
  /** Entered by more than one forward edge. */
  readonly isMerge: Uint8Array;
  readonly reducible: boolean;
}

/** Reverse postorder of the blocks that can be reached, by depth-first search without recursion. */
function reversePostorder(blocks: readonly Block[]): number[] {
  const seen = new Uint8Array(blocks.length);
  const post: number[] = [];
  const stack: number[] = [0];
  const next = new Uint8Array(blocks.length);
  seen[0] = 1;
  while (stack.length > 0) {
    const block = stack[stack.length - 1]!;
    const succ = blocks[block]!.succ;
    const at = next[block]!;
    if (at === succ.length) {
      post.push(block);
      stack.pop();
      continue;
    }
    next[block] = at + 1;
    const target = succ[at]!;
    if (seen[target] === 0) {
      seen[target] = 1;
      stack.push(target);
    }
  }
  return post.reverse();
}

/** Analyses the graph of a function (dominators after Cooper, Harvey and Kennedy). */
export function analyse(blocks: readonly Block[]): FlowGraph {
  const order = reversePostorder(blocks);
  const rpo = new Int32Array(blocks.length).fill(-1);
  order.forEach((block, position) => {
    rpo[block] = position;
  });
  const preds: number[][] = blocks.map(() => []);
  for (const block of order) for (const target of blocks[block]!.succ) preds[target]!.push(block);
  const idom = dominators(order, rpo, preds);
  const isLoop = new Uint8Array(blocks.length);
  const isMerge = new Uint8Array(blocks.length);
  let reducible = true;
  for (const block of order) {
    let forward = 0;
    for (const pred of preds[block]!) {
      if (rpo[pred]! < rpo[block]!) forward++;
      else {
        isLoop[block] = 1;
        let above = pred;
        while (rpo[above]! > rpo[block]!) above = idom[above]!;
        if (above !== block) reducible = false;
      }
    }
    if (forward > 1) isMerge[block] = 1;
  }
  const children: number[][] = blocks.map(() => []);
  for (const block of order) if (block !== 0) children[idom[block]!]!.push(block);
  return { blocks, order, rpo, children, isLoop, isMerge, reducible };
}

function dominators(order: readonly number[], rpo: Int32Array, preds: readonly (readonly number[])[]): Int32Array {
  const idom = new Int32Array(rpo.length).fill(-1);
  idom[0] = 0;
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of order) {
      if (block === 0) continue;
      let common = -1;
      for (const pred of preds[block]!) {
        if (idom[pred]! < 0) continue;
        if (common < 0) {
          common = pred;
          continue;
        }
        let other = pred;
        while (other !== common) {
          while (rpo[other]! > rpo[common]!) other = idom[other]!;
          while (rpo[common]! > rpo[other]!) common = idom[common]!;
        }
      }
      if (idom[block] !== common) {
        idom[block] = common;
        changed = true;
      }
    }
  }
  return idom;
}
