/**
 * Control flow of one function: basic blocks, reverse postorder, dominators, and
 * whether every loop has one entry (is reducible). The structured code is made from
 * the dominator tree (N. Ramsey, "Beyond Relooper", ICFP 2022).
 *
 * Blocks are numbers and their facts are arrays: a compiler that is itself still
 * interpreted spends its time on objects.
 */
import { INSN_TABLE, type Insns, jumpTarget } from '../insn.ts';
import type { InsnAux } from '../verifier/types.ts';

/** {@link FlowGraph.term} of a block that falls through, and of one the verifier never got to the end of. */
const FALL_THROUGH = -1;
export const DEAD_END = -2;

/** The graph of a function. Arrays have an entry a block; -1 stands for no block. */
export interface FlowGraph {
  /** Instructions `[start, end)`, then the jump or exit at `term` if there is one. */
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly term: Int32Array;
  /** Where the block goes on, and where it goes when its condition holds. */
  readonly next: Int32Array;
  readonly taken: Int32Array;
  /** Blocks that can be reached, in reverse postorder. */
  readonly order: Int32Array;
  /** Position in `order`, -1: cannot be reached. */
  readonly rpo: Int32Array;
  /** Entered by a backward edge. */
  readonly isLoop: Uint8Array;
  /** Entered by more than one forward edge. */
  readonly isMerge: Uint8Array;
  /** Merge blocks that a block dominates immediately: the last one in reverse postorder, and from each the one before. */
  readonly lastMerge: Int32Array;
  readonly prevMerge: Int32Array;
  readonly reducible: boolean;
}

/** What an opcode does to the flow. */
const STRAIGHT = 0;
const WIDE = 1;
const EXIT = 2;
const JUMP = 3;
const BRANCH = 4;
const MAY_GOTO = 5;
const FLOW_OF_KIND: Readonly<Record<string, number>> = {
  lddw: WIDE,
  exit: EXIT,
  ja: JUMP,
  jcond: BRANCH,
  may_goto: MAY_GOTO,
};
const FLOW = Uint8Array.from(INSN_TABLE, (def) => FLOW_OF_KIND[def?.kind ?? ''] ?? STRAIGHT);

/** The graph of the instructions `[entry, stop)`. */
export function flowGraph(insns: Insns, aux: readonly InsnAux[], entry: number, stop: number): FlowGraph {
  const starts = blockStarts(insns, aux, entry, stop);
  const count = starts.length;
  const start = Int32Array.from(starts);
  const end = new Int32Array(count);
  const term = new Int32Array(count);
  const next = new Int32Array(count).fill(-1);
  const taken = new Int32Array(count).fill(-1);
  const blockAt = new Int32Array(stop - entry + 1).fill(-1);
  for (let block = 0; block < count; block++) blockAt[starts[block]! - entry] = block;
  for (let block = 0; block < count; block++) {
    const begin = starts[block]!;
    if (!aux[begin]!.seen) {
      end[block] = begin;
      term[block] = DEAD_END;
      continue;
    }
    const after = block + 1 < count ? starts[block + 1]! : stop;
    const last = after - 1;
    const flow = FLOW[insns.op[last]!]!;
    if (flow < EXIT) {
      end[block] = after;
      next[block] = blockAt[after - entry]!;
      term[block] = after < stop ? FALL_THROUGH : DEAD_END;
      continue;
    }
    end[block] = last;
    term[block] = last;
    if (flow === EXIT) continue;
    const target = blockAt[jumpTarget(insns, last) - entry]!;
    const following = blockAt[after - entry]!;
    if (flow === JUMP || (flow === BRANCH && target === following)) next[block] = target;
    else {
      next[block] = following;
      taken[block] = target;
    }
  }
  return { start, end, term, next, taken, ...analyse(count, next, taken) };
}

/** First instructions of the blocks: jump targets, what follows a jump, and where the verifier's reach begins or ends. */
function blockStarts(insns: Insns, aux: readonly InsnAux[], entry: number, stop: number): number[] {
  const { op } = insns;
  const length = stop - entry;
  const leader = new Uint8Array(length + 1);
  let seen = true;
  for (let i = entry; i < stop; i++) {
    if (aux[i]!.seen !== seen) {
      seen = !seen;
      leader[i - entry] = 1;
    }
    const flow = FLOW[op[i]!]!;
    if (flow === STRAIGHT) continue;
    if (flow === WIDE) {
      i++;
      continue;
    }
    leader[i + 1 - entry] = 1;
    if (flow === EXIT) continue;
    const target = jumpTarget(insns, i) - entry;
    if (target >= 0 && target < length) leader[target] = 1;
  }
  const starts: number[] = [];
  for (let at = 0; at >= 0 && at < length; at = leader.indexOf(1, at + 1)) starts.push(entry + at);
  return starts;
}

/** Reverse postorder of the blocks that can be reached, by depth-first search without recursion. */
function reversePostorder(count: number, next: Int32Array, taken: Int32Array): Int32Array {
  /** Edges of a block that have been followed. */
  const followed = new Uint8Array(count);
  const seen = new Uint8Array(count);
  const order = new Int32Array(count);
  const stack = new Int32Array(count);
  let depth = 1;
  let at = count;
  seen[0] = 1;
  while (depth > 0) {
    const block = stack[depth - 1]!;
    const edge = followed[block]!;
    const target = edge === 0 ? next[block]! : edge === 1 ? taken[block]! : -1;
    if (target < 0) {
      order[--at] = block;
      depth--;
      continue;
    }
    followed[block] = edge + 1;
    if (seen[target] === 0) {
      seen[target] = 1;
      stack[depth++] = target;
    }
  }
  return order.subarray(at);
}

type Analysis = Pick<FlowGraph, 'order' | 'rpo' | 'isLoop' | 'isMerge' | 'lastMerge' | 'prevMerge' | 'reducible'>;

/**
 * Orders the blocks and finds their dominators, in one pass over the forward edges: all
 * of a block's come before it. Backward edges change no dominator while each goes to a
 * block that dominates its source, and where one does not, the graph is not reducible.
 */
function analyse(count: number, next: Int32Array, taken: Int32Array): Analysis {
  const order = reversePostorder(count, next, taken);
  const reached = order.length;
  const rpo = new Int32Array(count).fill(-1);
  for (let i = 0; i < reached; i++) rpo[order[i]!] = i;
  /** Immediate dominators and forward edges, by position. */
  const idom = new Int32Array(reached).fill(-1);
  const isLoop = new Uint8Array(count);
  const isMerge = new Uint8Array(count);
  let reducible = true;
  for (let from = 0; from < reached; from++) {
    const block = order[from]!;
    for (let target = next[block]!, edge = 0; edge < 2; target = taken[block]!, edge++) {
      if (target < 0) continue;
      const to = rpo[target]!;
      if (to <= from) {
        isLoop[target] = 1;
        let above = from;
        while (above > to) above = idom[above]!;
        if (above !== to) reducible = false;
        continue;
      }
      let common = idom[to]!;
      if (common < 0) idom[to] = from;
      else {
        isMerge[target] = 1;
        let other = from;
        while (other !== common) {
          if (other > common) other = idom[other]!;
          else common = idom[common]!;
        }
        idom[to] = common;
      }
    }
  }
  const lastMerge = new Int32Array(count).fill(-1);
  const prevMerge = new Int32Array(count).fill(-1);
  for (let i = 1; i < reached; i++) {
    const block = order[i]!;
    if (isMerge[block] === 0) continue;
    const dominator = order[idom[i]!]!;
    prevMerge[block] = lastMerge[dominator]!;
    lastMerge[dominator] = block;
  }
  return { order, rpo, isLoop, isMerge, lastMerge, prevMerge, reducible };
}
