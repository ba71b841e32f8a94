/**
 * Control flow of the compiler: structured code from the dominator tree, or, for
 * graphs with a loop of more than one entry, a dispatcher (a loop around br_table).
 * Work lists instead of recursion: a dominator tree may be as deep as the program is long.
 */
import type { FlowGraph } from './cfg.ts';
import { type Code, LOCAL } from './code.ts';
import { VOID, W } from './wasm.ts';

/** What writes the straight code of a block. */
export interface BlockEmitter {
  /** Everything before the jump. Returns false when the code cannot go on (a trap was written). */
  body(block: number): boolean;
  /** Pushes the condition under which the block that is `taken` is next. */
  condition(block: number): void;
  /** Writes the return of a block without successors, `depth` labels below the function's outermost. */
  leave(depth: number): void;
}

/** What is left to write, as (block << 2 | one of these); a jump has the block it comes from below it. */
const TREE = 0;
const END = 1;
const ELSE = 2;
const JUMP = 3;

/** Writes a reducible graph as nested blocks, loops and ifs. */
export function emitStructured(code: Code, graph: FlowGraph, emitter: BlockEmitter): void {
  const { next, taken, rpo, isLoop, isMerge, lastMerge, prevMerge } = graph;
  /** Depth at which a block's label was opened, by block; loops and merge blocks apart. */
  const loopDepth = new Int32Array(rpo.length);
  const mergeDepth = new Int32Array(rpo.length);
  let depth = 0;
  // The stack is last in, first out: what is written last is pushed first.
  const tasks: number[] = [TREE];

  /** Label of a jump to a block that has one, or -1: its code follows in place. */
  const label = (from: number, to: number): number => {
    if (rpo[to]! <= rpo[from]!) return depth - loopDepth[to]!;
    return isMerge[to] === 1 ? depth - mergeDepth[to]! : -1;
  };
  /** Jumps to a block that has a label: -1; else the block, to be written in place. */
  const jump = (from: number, to: number): number => {
    const target = label(from, to);
    if (target < 0) return to;
    code.local(W.br, target);
    return -1;
  };
  /** Writes a block, in the labels of what it dominates and can be jumped to: the block to write next in place, or -1. */
  const tree = (block: number): number => {
    if (isLoop[block] === 1) {
      code.local(W.loop, VOID);
      loopDepth[block] = ++depth;
      tasks.push(END);
    }
    for (let merge = lastMerge[block]!; merge >= 0; merge = prevMerge[merge]!) {
      code.local(W.block, VOID);
      mergeDepth[merge] = ++depth;
      tasks.push((merge << 2) | TREE, END);
    }
    if (!emitter.body(block)) return -1;
    const after = next[block]!;
    const branch = taken[block]!;
    if (after < 0) {
      emitter.leave(depth);
      return -1;
    }
    if (branch < 0) return jump(block, after);
    emitter.condition(block);
    const takenLabel = label(block, branch);
    if (takenLabel >= 0) {
      code.local(W.br_if, takenLabel);
      return jump(block, after);
    }
    const nextLabel = label(block, after);
    if (nextLabel >= 0) {
      code.op(W.i32_eqz);
      code.local(W.br_if, nextLabel);
      return branch;
    }
    code.local(W.if, VOID);
    depth++;
    tasks.push(END, block, (after << 2) | JUMP, ELSE);
    return branch;
  };

  while (tasks.length > 0) {
    const task = tasks.pop()!;
    let block = task >> 2;
    switch (task & 3) {
      case END:
        code.op(W.end);
        depth--;
        continue;
      case ELSE:
        code.op(W.else);
        continue;
      case JUMP:
        block = jump(tasks.pop()!, block);
        break;
    }
    while (block >= 0) block = tree(block);
  }
}

/** Writes any graph as a loop that jumps to the block in PC. */
export function emitDispatcher(code: Code, graph: FlowGraph, emitter: BlockEmitter): void {
  const { order, rpo, next, taken } = graph;
  const count = order.length;
  code.local(W.loop, VOID);
  for (let i = 0; i < count; i++) code.local(W.block, VOID);
  code.local(W.local_get, LOCAL.PC);
  code.local(W.br_table, count - 1);
  for (let i = 0; i < count; i++) code.uleb(i);
  order.forEach((block, position) => {
    code.op(W.end);
    /** Enclosing blocks that are still open; the loop is the label beyond them. */
    const loop = count - 1 - position;
    const jump = (target: number, nesting: number): void => {
      code.i32(rpo[target]!);
      code.local(W.local_set, LOCAL.PC);
      code.local(W.br, loop + nesting);
    };
    if (!emitter.body(block)) return;
    const after = next[block]!;
    if (after < 0) {
      emitter.leave(loop + 1);
      return;
    }
    if (taken[block]! >= 0) {
      emitter.condition(block);
      code.local(W.if, VOID);
      jump(taken[block]!, 1);
      code.op(W.end);
    }
    if (rpo[after] !== position + 1) jump(after, 0);
  });
  code.op(W.end);
}
