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
  /** Pushes the condition under which the last successor is next (two successors). */
  condition(block: number): void;
  /** Writes the return of a block without successors, `depth` labels below the function's outermost. */
  leave(depth: number): void;
}

type Task =
  | { readonly kind: 'tree' | 'code'; readonly block: number }
  | { readonly kind: 'open'; readonly opcode: number; readonly block: number }
  | { readonly kind: 'branch'; readonly from: number; readonly to: number }
  | { readonly kind: 'else' | 'end' };

/** Writes a reducible graph as nested blocks, loops and ifs. */
export function emitStructured(code: Code, graph: FlowGraph, emitter: BlockEmitter): void {
  const { blocks, rpo, children, isLoop, isMerge } = graph;
  /** Depth at which a block's label was opened, by block; loops and merge blocks apart. */
  const loopDepth = new Int32Array(blocks.length);
  const mergeDepth = new Int32Array(blocks.length);
  let depth = 0;
  const tasks: Task[] = [{ kind: 'tree', block: 0 }];

  /** Label of a jump to a block that has one, or -1: its code follows in place. */
  const label = (from: number, to: number): number => {
    if (rpo[to]! <= rpo[from]!) return depth - loopDepth[to]!;
    return isMerge[to] === 1 ? depth - mergeDepth[to]! : -1;
  };
  const branch = (from: number, to: number): void => {
    const target = label(from, to);
    if (target < 0) tasks.push({ kind: 'tree', block: to });
    else code.branch(W.br, target);
  };
  const tree = (block: number): void => {
    const merges = children[block]!.filter((child) => isMerge[child] === 1);
    if (isLoop[block] === 1) tasks.push({ kind: 'end' });
    // The stack is last in, first out: what is written last is pushed first.
    for (const merge of [...merges].reverse()) tasks.push({ kind: 'tree', block: merge }, { kind: 'end' });
    tasks.push({ kind: 'code', block });
    for (const merge of merges) tasks.push({ kind: 'open', opcode: W.block, block: merge });
    if (isLoop[block] === 1) tasks.push({ kind: 'open', opcode: W.loop, block });
  };
  const blockCode = (block: number): void => {
    if (!emitter.body(block)) return;
    const succ = blocks[block]!.succ;
    if (succ.length === 0) emitter.leave(depth);
    else if (succ.length === 1) branch(block, succ[0]!);
    else {
      emitter.condition(block);
      const [next, taken] = succ as [number, number];
      const takenLabel = label(block, taken);
      const nextLabel = label(block, next);
      if (takenLabel >= 0) {
        code.branch(W.br_if, takenLabel);
        branch(block, next);
      } else if (nextLabel >= 0) {
        code.op(W.i32_eqz);
        code.branch(W.br_if, nextLabel);
        branch(block, taken);
      } else {
        code.local(W.if, VOID);
        depth++;
        tasks.push(
          { kind: 'end' },
          { kind: 'branch', from: block, to: next },
          { kind: 'else' },
          { kind: 'branch', from: block, to: taken },
        );
      }
    }
  };

  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    switch (task.kind) {
      case 'tree':
        tree(task.block);
        break;
      case 'open':
        code.local(task.opcode, VOID);
        depth++;
        if (task.opcode === W.loop) loopDepth[task.block] = depth;
        else mergeDepth[task.block] = depth;
        break;
      case 'code':
        blockCode(task.block);
        break;
      case 'branch':
        branch(task.from, task.to);
        break;
      case 'else':
        code.op(W.else);
        break;
      case 'end':
        code.op(W.end);
        depth--;
        break;
    }
  }
}

/** Writes any graph as a loop that jumps to the block in PC. */
export function emitDispatcher(code: Code, graph: FlowGraph, emitter: BlockEmitter): void {
  const { order, rpo, blocks } = graph;
  const count = order.length;
  code.local(W.loop, VOID);
  for (let i = 0; i < count; i++) code.local(W.block, VOID);
  code.local(W.local_get, LOCAL.PC);
  code.op(W.br_table);
  code.out.uleb(count - 1);
  for (let i = 0; i < count; i++) code.out.uleb(i);
  order.forEach((block, position) => {
    code.op(W.end);
    /** Enclosing blocks that are still open; the loop is the label beyond them. */
    const loop = count - 1 - position;
    const jump = (target: number, nesting: number): void => {
      code.i32(rpo[target]!);
      code.local(W.local_set, LOCAL.PC);
      code.branch(W.br, loop + nesting);
    };
    if (!emitter.body(block)) return;
    const succ = blocks[block]!.succ;
    if (succ.length === 0) {
      emitter.leave(loop + 1);
      return;
    }
    if (succ.length === 2) {
      emitter.condition(block);
      code.local(W.if, VOID);
      jump(succ[1]!, 1);
      code.op(W.end);
    }
    if (rpo[succ[0]!] !== position + 1) jump(succ[0]!, 0);
  });
  code.op(W.end);
}
