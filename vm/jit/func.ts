/** The compiler's pass over the instructions of one function. */
import {
  BPF_ADDR_SPACE_CAST,
  BPF_IND,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JLE,
  BPF_JLT,
  BPF_JNE,
  BPF_JSET,
  BPF_JSGE,
  BPF_JSGT,
  BPF_JSLE,
  BPF_JSLT,
  INSN_TABLE,
  type InsnDef,
  type InsnKind,
  type Insns,
  OP_LDDW,
  OP_MAY_GOTO,
} from '../insn.ts';
import { PTR_KIND } from '../verifier/types.ts';
import { CTX_EXT, SCRATCH } from '../vm.ts';
import { emitAlu, emitEnd, emitMov, emitNeg } from './alu.ts';
import { type Caller, emitCall } from './calls.ts';
import { DEAD_END, type FlowGraph, flowGraph } from './cfg.ts';
import { Code, LOCAL, NO_LOCAL } from './code.ts';
import type { ModuleContext } from './context.ts';
import { type BlockEmitter, emitDispatcher, emitStructured } from './flow.ts';
import {
  type ArenaWindow,
  emitArenaAtomic,
  emitArenaLoad,
  emitArenaStore,
  emitAtomic,
  emitCtxStore,
  emitLoad,
  emitProbe,
  emitStore,
} from './memory.ts';
import { I32, I64, VOID, W } from './wasm.ts';

/** Opcodes of comparisons by the upper four bits of the opcode: of 64 and of 32 bits. */
const COMPARE64 = new Uint8Array(16);
const COMPARE32 = new Uint8Array(16);
for (const [op, wide, narrow] of [
  [BPF_JEQ, W.i64_eq, W.i32_eq],
  [BPF_JNE, W.i64_ne, W.i32_ne],
  [BPF_JGT, W.i64_gt_u, W.i32_gt_u],
  [BPF_JGE, W.i64_ge_u, W.i32_ge_u],
  [BPF_JLT, W.i64_lt_u, W.i32_lt_u],
  [BPF_JLE, W.i64_le_u, W.i32_le_u],
  [BPF_JSGT, W.i64_gt_s, W.i32_gt_s],
  [BPF_JSGE, W.i64_ge_s, W.i32_ge_s],
  [BPF_JSLT, W.i64_lt_s, W.i32_lt_s],
  [BPF_JSLE, W.i64_le_s, W.i32_le_s],
  [BPF_JSET, W.i64_and, W.i32_and],
] as const) {
  COMPARE64[op >> 4] = wide;
  COMPARE32[op >> 4] = narrow;
}

/** Bytes of code to make room for, an instruction. */
const BYTES_PER_INSN = 16;

/** Compiles a subprogram: its code. */
export function compileFunction(context: ModuleContext, subprog: number): Code {
  const { insns, aux, subprogs } = context.linked;
  const { start, end, stackDepth } = subprogs[subprog]!;
  const code = new Code((stackDepth + 7) & ~7, (end - start) * BYTES_PER_INSN + 256);
  code.isSubprog = subprog !== 0;
  const graph = flowGraph(insns, aux, start, end);
  const emitter = new FunctionEmitter(context, code, graph, 0);
  emitter.prologue();
  if (graph.reducible) emitStructured(code, graph, emitter);
  else emitDispatcher(code, graph, emitter);
  code.op(W.unreachable);
  code.op(W.end);
  return code;
}

/** Functions up to this many instructions are written in place of their calls (engines up to V8 12 do not inline). */
const INLINE_INSNS = 48;
/** Functions in functions in place, and instructions all in all that a function may grow by. */
const INLINE_DEPTH = 4;
const INLINE_TOTAL = 4000;

/** Writes the blocks of one function; `nesting` above 0: in place of a call. */
class FunctionEmitter implements BlockEmitter, Caller {
  readonly context: ModuleContext;
  readonly code: Code;
  readonly insns: Insns;
  readonly #graph: FlowGraph;
  readonly #nesting: number;

  constructor(context: ModuleContext, code: Code, graph: FlowGraph, nesting: number) {
    this.context = context;
    this.code = code;
    this.insns = context.linked.insns;
    this.#graph = graph;
    this.#nesting = nesting;
  }

  prologue(): void {
    const { code } = this;
    code.local(W.local_get, code.frame.fp);
    code.i32(code.frame.depth);
    code.op(W.i32_sub);
    code.local(W.local_set, code.frame.fb);
    const { op } = this.insns;
    if (!this.#graph.term.some((at) => at >= 0 && op[at] === OP_MAY_GOTO)) return;
    const { turnsLog } = this.context.linked;
    code.i32(1 << turnsLog);
    code.local(W.local_set, LOCAL.MAY_GOTO_LEFT);
    code.i32(turnsLog);
    code.op(W.f64_convert_i32_u);
    code.local(W.local_set, LOCAL.MAY_GOTO_START);
  }

  body(block: number): boolean {
    const { op } = this.insns;
    const end = this.#graph.end[block]!;
    for (let i = this.#graph.start[block]!; i < end; i++) {
      const opcode = op[i]!;
      EMIT[opcode]!(this, i, INSN_TABLE[opcode]!);
      if (opcode === OP_LDDW) i++;
    }
    if (this.#graph.term[block] !== DEAD_END) return true;
    this.code.op(W.unreachable);
    return false;
  }

  leave(depth: number): void {
    this.code.get(0);
    if (this.#nesting === 0) this.code.op(W.return);
    else this.code.branch(W.br, depth);
  }

  condition(block: number): void {
    const i = this.#graph.term[block]!;
    const { code, insns } = this;
    const def = INSN_TABLE[insns.op[i]!]!;
    if (def.opcode === OP_MAY_GOTO) {
      emitMayGoto(this);
      return;
    }
    const src = def.x ? insns.src[i]! : -1;
    if (!def.is64) {
      code.get32(insns.dst[i]!);
      code.second32(src, insns.imm[i]!);
      code.op(COMPARE32[def.op >> 4]!);
      return;
    }
    code.compare64(COMPARE64[def.op >> 4]!, insns.dst[i]!, src, insns.imm[i]!);
    if (def.op !== BPF_JSET) return;
    code.i64(0, 0);
    code.op(W.i64_ne);
  }

  /** Calls a function with r1 to r5 on the stack, or writes it here; leaves its r0 on the stack. */
  callSubprog(subprog: number): void {
    const code = this.code;
    const graph = this.#inlinable(subprog);
    if (graph === undefined) {
      code.local(W.local_get, code.frame.fb);
      code.call(this.context.subprogFunc(subprog));
      return;
    }
    const { start, end, stackDepth } = this.context.linked.subprogs[subprog]!;
    code.inlined += end - start;
    const caller = code.frame;
    const regs = [...Array.from({ length: 10 }, () => code.newLocal(I64)), NO_LOCAL];
    const fb = code.newLocal(I32);
    for (let reg = 5; reg >= 1; reg--) code.local(W.local_set, regs[reg]!);
    code.frame = { regs, fp: caller.fb, fb, depth: (stackDepth + 7) & ~7 };
    const emitter = new FunctionEmitter(this.context, code, graph, this.#nesting + 1);
    emitter.prologue();
    code.local(W.block, I64);
    emitStructured(code, graph, emitter);
    code.op(W.unreachable);
    code.op(W.end);
    code.frame = caller;
  }

  /** The graph of a function that may be written in place of a call: small, and nothing in it that leaves it otherwise. */
  #inlinable(subprog: number): FlowGraph | undefined {
    const { insns, aux, subprogs, calls } = this.context.linked;
    const { start, end } = subprogs[subprog]!;
    if (end - start > INLINE_INSNS || this.#nesting >= INLINE_DEPTH) return undefined;
    if (this.code.inlined + end - start > INLINE_TOTAL) return undefined;
    for (let i = start; i < end; i++) {
      const kind = INSN_TABLE[insns.op[i]!]?.kind;
      if (kind === 'may_goto' || kind === 'ldabs') return undefined;
      const site = kind === 'call' ? calls.get(i) : undefined;
      if (site?.kind === 'tail') return undefined;
      if (kind === 'lddw') i++;
    }
    const graph = flowGraph(insns, aux, start, end);
    return graph.reducible ? graph : undefined;
  }
}

/** The part of a BPF arena's memory an access may go to, when it goes through a pointer of one. */
function windowOf(fn: FunctionEmitter, ptrKind: number): ArenaWindow | undefined {
  return ptrKind === PTR_KIND.ARENA ? fn.context.window : undefined;
}

type Emit = (fn: FunctionEmitter, i: number, def: InsnDef) => void;

/** The writer of each kind of instruction; jumps and exits end blocks and have none. */
const EMITTERS: Partial<Readonly<Record<InsnKind, Emit>>> = {
  alu({ code, insns }, i, def) {
    emitAlu(code, def, insns.dst[i]!, def.x ? insns.src[i]! : -1, insns.imm[i]!, insns.off[i] === 1);
  },
  mov(fn, i, def) {
    const { code, insns } = fn;
    const off = insns.off[i]!;
    if (off === BPF_ADDR_SPACE_CAST && def.x && def.is64) emitAddrSpaceCast(fn, i);
    else emitMov(code, def.is64, insns.dst[i]!, def.x ? insns.src[i]! : -1, insns.imm[i]!, off);
  },
  neg({ code, insns }, i, def) {
    emitNeg(code, def.is64, insns.dst[i]!);
  },
  end({ code, insns }, i, def) {
    emitEnd(code, def.mnemonic !== 'le', insns.imm[i]!, insns.dst[i]!);
  },
  lddw({ code, context, insns }, i) {
    const [lo, hi] = context.linked.lddw.get(i)!;
    code.i64(lo, hi);
    code.set(insns.dst[i]!);
  },
  load(fn, i, def) {
    emitAnyLoad(fn, i, def.size, false);
  },
  loadsx(fn, i, def) {
    emitAnyLoad(fn, i, def.size, true);
  },
  store(fn, i, def) {
    const { code, insns } = fn;
    const dst = insns.dst[i]!;
    const value = def.x ? insns.src[i]! : -1;
    const imm = insns.imm[i]!;
    const off = insns.off[i]!;
    const { ptrKind, ctxSize, ctxBelow } = fn.context.linked.aux[i]!;
    const window = windowOf(fn, ptrKind);
    if (ctxSize !== 0) emitCtxStore(code, dst, value, imm, off, ctxSize, ctxBelow);
    else if (window !== undefined) emitArenaStore(code, window, dst, value, imm, off, def.size);
    else emitStore(code, dst, value, imm, off, def.size);
  },
  atomic(fn, i, def) {
    const { code, insns } = fn;
    const dst = insns.dst[i]!;
    const src = insns.src[i]!;
    const window = windowOf(fn, fn.context.linked.aux[i]!.ptrKind);
    if (window !== undefined) emitArenaAtomic(code, window, insns.imm[i]!, dst, src, insns.off[i]!, def.size);
    else emitAtomic(code, insns.imm[i]!, dst, src, insns.off[i]!, def.size);
  },
  ldabs(fn, i, def) {
    emitLoadAbs(fn, def.op === BPF_IND ? fn.insns.src[i]! : -1, fn.insns.imm[i]!, def.size);
  },
  call(fn, i) {
    emitCall(fn, fn.context.linked.calls.get(i)!, i);
  },
};

/** {@link EMITTERS} by opcode. */
const EMIT: readonly (Emit | undefined)[] = INSN_TABLE.map((def) => def && EMITTERS[def.kind]);

function emitAnyLoad(fn: FunctionEmitter, i: number, size: number, signed: boolean): void {
  const { code, insns } = fn;
  const dst = insns.dst[i]!;
  const src = insns.src[i]!;
  const off = insns.off[i]!;
  const { ptrKind, ctxPtr, ctxOff, ctxSize } = fn.context.linked.aux[i]!;
  if (ctxSize !== 0 && !(ptrKind === PTR_KIND.CTX && ctxPtr >= 0)) {
    emitLoad(code, dst, src, off, ctxSize, true);
    return;
  }
  switch (ptrKind) {
    case PTR_KIND.CTX:
      if (ctxPtr >= 0) emitLoad(code, dst, src, CTX_EXT + ctxPtr, 8, false);
      else emitLoad(code, dst, src, ctxOff >= 0 ? ctxOff : off, size, signed);
      return;
    case PTR_KIND.ARENA: {
      const window = windowOf(fn, ptrKind);
      if (window !== undefined) emitArenaLoad(code, window, dst, src, off, size, signed);
      else emitLoad(code, dst, src, off, size, signed);
      return;
    }
    case PTR_KIND.BTF_PROBE:
    case PTR_KIND.MIXED:
      emitProbe(code, fn.context.limits, dst, src, off, size, signed);
      return;
    default:
      emitLoad(code, dst, src, off, size, signed);
  }
}

/** Arena pointers: to the kernel's form only the low half counts; to the user's the high half of the arena's address. */
function emitAddrSpaceCast({ code, context, insns }: FunctionEmitter, i: number): void {
  const { window } = context;
  const dst = insns.dst[i]!;
  code.get32(insns.src[i]!);
  if (insns.imm[i] === 1 || window === undefined) {
    code.set32(dst);
    return;
  }
  code.local(W.local_tee, LOCAL.T32);
  code.op(W.i64_extend_i32_u);
  code.i64(0, window.userHi);
  code.op(W.i64_or);
  code.i64(0, 0);
  code.local(W.local_get, LOCAL.T32);
  code.op(W.select);
  code.set(dst);
}

/** Packet bytes of classic BPF: out of bounds ends the function with 0. */
function emitLoadAbs({ code, context }: FunctionEmitter, src: number, imm: number, size: number): void {
  code.get32(6);
  code.i32(imm);
  if (src >= 0) {
    code.get32(src);
    code.op(W.i32_add);
  }
  code.i32(size);
  code.call(context.loadAbs());
  code.local(W.local_tee, LOCAL.TF64);
  f64Zero(code);
  code.op(W.f64_lt);
  code.local(W.if, VOID);
  code.i64(0, 0);
  code.op(W.return);
  code.op(W.end);
  code.local(W.local_get, LOCAL.TF64);
  code.op(W.i64_trunc_f64_u);
  code.set(0);
}

/** Pushes whether the turns are over; else counts one, and asks the clock when they run out. */
function emitMayGoto({ code, context }: FunctionEmitter): void {
  code.local(W.local_get, LOCAL.MAY_GOTO_LEFT);
  code.op(W.i32_eqz);
  code.local(W.local_tee, LOCAL.T32);
  code.op(W.i32_eqz);
  code.local(W.if, VOID);
  code.local(W.local_get, LOCAL.MAY_GOTO_LEFT);
  code.i32(1);
  code.op(W.i32_sub);
  code.local(W.local_tee, LOCAL.MAY_GOTO_LEFT);
  code.op(W.i32_eqz);
  code.local(W.if, VOID);
  code.local(W.local_get, LOCAL.MAY_GOTO_START);
  code.call(context.mayGoto());
  code.local(W.local_tee, LOCAL.MAY_GOTO_START);
  f64Zero(code);
  code.op(W.f64_ge);
  code.local(W.if, VOID);
  code.i32(context.scratch);
  code.memory(W.i32_load, SCRATCH.MAY_GOTO);
  code.local(W.local_set, LOCAL.MAY_GOTO_LEFT);
  code.op(W.end);
  code.op(W.end);
  code.op(W.end);
  code.local(W.local_get, LOCAL.T32);
}

function f64Zero(code: Code): void {
  code.op(W.f64_const);
  for (let i = 0; i < 8; i++) code.op(0);
}
