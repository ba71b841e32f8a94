/** The compiler's pass over the instructions of one function. */
import { FdArrayMap } from '../../maps/array_fd.ts';
import { argCount, type HelperImpl } from '../helper.ts';
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
  MAX_TAIL_CALL_CNT,
} from '../insn.ts';
import type { CallSite, LinkedProgram, MapSite, TailSite } from '../link.ts';
import { type InsnAux, PTR_KIND } from '../verifier/types.ts';
import { CTX_EXT, SCRATCH } from '../vm.ts';
import { emitAlu, emitEnd, emitMov, emitNeg } from './alu.ts';
import { analyse, buildBlocks, DEAD_END, type FlowGraph } from './cfg.ts';
import { Code, LOCAL } from './code.ts';
import { type BlockEmitter, emitDispatcher, emitStructured } from './flow.ts';
import { emitArrayLookup, type LookupPlan } from './lookup.ts';
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
  type MemoryLimits,
} from './memory.ts';
import { I32, I64, VOID, W } from './wasm.ts';

/** bpf_loop goes round this often at most (`BPF_MAX_LOOPS`). */
const MAX_LOOPS = 8 * 1024 * 1024;
const E2BIG = 7;
/** Turns of may_goto between two looks at the clock (`BPF_MAX_TIMED_LOOPS`). */
const MAY_GOTO_TURNS = 0xffff;

/** Opcodes of comparisons: [64 bits, 32 bits]. */
const COMPARE: Readonly<Record<number, readonly [number, number]>> = {
  [BPF_JEQ]: [0x51, 0x46],
  [BPF_JNE]: [0x52, 0x47],
  [BPF_JGT]: [0x56, 0x4b],
  [BPF_JGE]: [0x5a, 0x4f],
  [BPF_JLT]: [0x54, 0x49],
  [BPF_JLE]: [0x58, 0x4d],
  [BPF_JSGT]: [0x55, 0x4a],
  [BPF_JSGE]: [0x59, 0x4e],
  [BPF_JSLT]: [0x53, 0x48],
  [BPF_JSLE]: [0x57, 0x4c],
};

/** What the functions of a module share. */
export interface ModuleContext {
  readonly linked: LinkedProgram;
  /** Address of the machine's scratch block. */
  readonly scratch: number;
  readonly limits: MemoryLimits;
  readonly window: ArenaWindow | undefined;
  /** Type of a program's function. */
  readonly funcType: number;
  /** Index of a subprogram's function. */
  subprogFunc(subprog: number): number;
  /** Index of the import of an implementation. */
  helper(impl: HelperImpl): number;
  /** How a map is looked up in place, or the function that does it. */
  lookup(site: MapSite): LookupPlan | undefined;
  lookupFunc(site: MapSite): number;
  update(site: MapSite): number;
  remove(site: MapSite): number;
  /** `(i32 map, i32 index) -> i32`: table slot of a tail call's target, 0: none. */
  tail(site: TailSite): number;
  /** `(i32 ctx, i32 offset, i32 size) -> f64`. */
  loadAbs(): number;
  /** `(f64 start) -> f64`. */
  mayGoto(): number;
  /** Whether a function, or one that it calls, makes a tail call. */
  mayTailCall(subprog: number): boolean;
  /** `(i32 serial) -> i32`: whether an exception ends at a call, see `Vm.caughtBelow`. */
  caughtBelow(): number;
  /** `()`: the loop budget is used up. */
  budgetSpent(): number;
}

/** Offset of the table slot in an element of a prog array (maps/array_fd.ts). */
const PROG_SLOT = 4;

/** Bytes of code to make room for, an instruction. */
const BYTES_PER_INSN = 16;

/** Compiles a subprogram: its code. */
export function compileFunction(context: ModuleContext, subprog: number): Code {
  const { insns, aux, subprogs } = context.linked;
  const { start, end, stackDepth } = subprogs[subprog]!;
  const code = new Code((stackDepth + 7) & ~7, (end - start) * BYTES_PER_INSN + 256);
  code.isSubprog = subprog !== 0;
  const graph = analyse(buildBlocks(insns, aux, start, end));
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
class FunctionEmitter implements BlockEmitter {
  readonly #context: ModuleContext;
  readonly #code: Code;
  readonly #graph: FlowGraph;
  readonly #nesting: number;

  constructor(context: ModuleContext, code: Code, graph: FlowGraph, nesting: number) {
    this.#context = context;
    this.#code = code;
    this.#graph = graph;
    this.#nesting = nesting;
  }

  prologue(): void {
    const code = this.#code;
    code.local(W.local_get, code.frame.fp);
    code.i32(code.frame.depth);
    code.op(W.i32_sub);
    code.local(W.local_set, code.frame.fb);
    const { insns } = this.#context.linked;
    const usesMayGoto = this.#graph.blocks.some(
      (block) => block.term >= 0 && INSN_TABLE[insns.op[block.term]!]!.kind === 'may_goto',
    );
    if (!usesMayGoto) return;
    code.i32(MAY_GOTO_TURNS);
    code.local(W.local_set, LOCAL.MAY_GOTO_LEFT);
  }

  body(block: number): boolean {
    const { start, end, term } = this.#graph.blocks[block]!;
    const { insns } = this.#context.linked;
    for (let i = start; i < end; i++) {
      const def = INSN_TABLE[insns.op[i]!]!;
      this.#insn(def, i);
      if (def.kind === 'lddw') i++;
    }
    if (term !== DEAD_END) return true;
    this.#code.op(W.unreachable);
    return false;
  }

  leave(depth: number): void {
    this.#code.get(0);
    if (this.#nesting === 0) this.#code.op(W.return);
    else this.#code.branch(W.br, depth);
  }

  condition(block: number): void {
    const i = this.#graph.blocks[block]!.term;
    const { insns } = this.#context.linked;
    const def = INSN_TABLE[insns.op[i]!]!;
    if (def.kind === 'may_goto') {
      this.#mayGoto();
      return;
    }
    const code = this.#code;
    if (def.is64) code.get(insns.dst[i]!);
    else code.get32(insns.dst[i]!);
    if (def.x) {
      if (def.is64) code.get(insns.src[i]!);
      else code.get32(insns.src[i]!);
    } else if (def.is64) code.i64(insns.imm[i]!, insns.imm[i]! >> 31);
    else code.i32(insns.imm[i]!);
    if (def.op !== BPF_JSET) {
      code.op(COMPARE[def.op]![def.is64 ? 0 : 1]!);
      return;
    }
    code.op(def.is64 ? W.i64_and : W.i32_and);
    if (!def.is64) return;
    code.i64(0, 0);
    code.op(W.i64_ne);
  }

  /** Pushes whether the turns are over; else counts one, and asks the clock when they run out. */
  #mayGoto(): void {
    const code = this.#code;
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
    code.call(this.#context.mayGoto());
    code.local(W.local_tee, LOCAL.MAY_GOTO_START);
    this.#f64Zero();
    code.op(W.f64_ge);
    code.local(W.if, VOID);
    code.i32(MAY_GOTO_TURNS);
    code.local(W.local_set, LOCAL.MAY_GOTO_LEFT);
    code.op(W.end);
    code.op(W.end);
    code.op(W.end);
    code.local(W.local_get, LOCAL.T32);
  }

  #f64Zero(): void {
    this.#code.op(W.f64_const);
    for (let i = 0; i < 8; i++) this.#code.op(0);
  }

  #insn(def: InsnDef, i: number): void {
    const { insns, aux, lddw } = this.#context.linked;
    const code = this.#code;
    const dst = insns.dst[i]!;
    const src = insns.src[i]!;
    const off = insns.off[i]!;
    const imm = insns.imm[i]!;
    const operand = { x: def.x, src, imm };
    switch (def.kind) {
      case 'alu':
        emitAlu(code, def.op, def.is64, dst, operand, off === 1);
        return;
      case 'mov':
        if (def.x && def.is64 && off === BPF_ADDR_SPACE_CAST) this.#addrSpaceCast(dst, src, imm);
        else emitMov(code, def.is64, dst, operand, off);
        return;
      case 'neg':
        emitNeg(code, def.is64, dst);
        return;
      case 'end':
        emitEnd(code, def.mnemonic !== 'le', imm, dst);
        return;
      case 'lddw': {
        const [lo, hi] = lddw.get(i)!;
        code.i64(lo, hi);
        code.set(dst);
        return;
      }
      case 'load':
      case 'loadsx':
        this.#load(aux[i]!, dst, src, off, def.size, def.kind === 'loadsx');
        return;
      case 'store': {
        const value = def.x ? src : -1;
        const fact = aux[i]!;
        const window = this.#window(fact.ptrKind);
        if (fact.ctxSize !== 0) emitCtxStore(code, dst, value, imm, off, fact.ctxSize, fact.ctxBelow);
        else if (window !== undefined) emitArenaStore(code, window, dst, value, imm, off, def.size);
        else emitStore(code, dst, value, imm, off, def.size);
        return;
      }
      case 'atomic': {
        const window = this.#window(aux[i]!.ptrKind);
        if (window !== undefined) emitArenaAtomic(code, window, imm, dst, src, off, def.size);
        else emitAtomic(code, imm, dst, src, off, def.size);
        return;
      }
      case 'ldabs':
        this.#loadAbs(def.op === BPF_IND ? src : -1, imm, def.size);
        return;
      case 'call':
        this.#call(this.#context.linked.calls.get(i)!, i);
        return;
      default:
        throw new Error(`Instruction ${i}: ${def.mnemonic} inside a block`);
    }
  }

  #window(ptrKind: number): ArenaWindow | undefined {
    return ptrKind === PTR_KIND.ARENA ? this.#context.window : undefined;
  }

  #load(fact: InsnAux, dst: number, src: number, off: number, size: number, signed: boolean): void {
    const { ptrKind, ctxPtr, ctxOff } = fact;
    const window = this.#window(ptrKind);
    if (ptrKind === PTR_KIND.CTX && ctxPtr >= 0) emitLoad(this.#code, dst, src, CTX_EXT + ctxPtr, 8, false);
    else if (fact.ctxSize !== 0) emitLoad(this.#code, dst, src, off, fact.ctxSize, true);
    else if (ptrKind === PTR_KIND.CTX && ctxOff >= 0) emitLoad(this.#code, dst, src, ctxOff, size, signed);
    else if (window !== undefined) emitArenaLoad(this.#code, window, dst, src, off, size, signed);
    else if (ptrKind === PTR_KIND.BTF_PROBE || ptrKind === PTR_KIND.MIXED)
      emitProbe(this.#code, this.#context.limits, dst, src, off, size, signed);
    else emitLoad(this.#code, dst, src, off, size, signed);
  }

  /** Arena pointers: to the kernel's form only the low half counts; to the user's the high half of the arena's address. */
  #addrSpaceCast(dst: number, src: number, imm: number): void {
    const code = this.#code;
    const window = this.#context.window;
    code.get32(src);
    if (imm === 1 || window === undefined) {
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
  #loadAbs(src: number, imm: number, size: number): void {
    const code = this.#code;
    code.get32(6);
    code.i32(imm);
    if (src >= 0) {
      code.get32(src);
      code.op(W.i32_add);
    }
    code.i32(size);
    code.call(this.#context.loadAbs());
    code.local(W.local_tee, LOCAL.TF64);
    this.#f64Zero();
    code.op(W.f64_lt);
    code.local(W.if, VOID);
    code.i64(0, 0);
    code.op(W.return);
    code.op(W.end);
    code.local(W.local_get, LOCAL.TF64);
    code.op(W.i64_trunc_f64_u);
    code.set(0);
  }

  #call(site: CallSite, i: number): void {
    const code = this.#code;
    switch (site.kind) {
      case 'sub':
        if (this.#context.linked.subprogs[site.subprog]!.isGlobal) this.#spendTurn();
        if (this.#context.mayTailCall(site.subprog)) {
          this.#guardedCall(site.subprog);
          return;
        }
        for (let reg = 1; reg <= 5; reg++) code.get(reg);
        this.#callSubprog(site.subprog);
        code.set(0);
        return;
      case 'lookup':
        this.#lookup(site, i);
        return;
      case 'update':
        code.get32(2);
        code.get32(3);
        code.get32(4);
        code.i32(-1);
        code.getHi(4);
        code.op(W.i32_eqz);
        code.op(W.select);
        code.call(this.#context.update(site));
        code.op(W.i64_extend_i32_s);
        code.set(0);
        return;
      case 'remove':
        code.get32(2);
        code.call(this.#context.remove(site));
        code.op(W.i64_extend_i32_s);
        code.set(0);
        return;
      case 'tail':
        this.#tailCall(site);
        return;
      case 'loop':
        this.#loop(site.subprog);
        return;
      case 'helper':
        this.#helper(site.impl);
        return;
    }
  }

  /** One turn of what the verifier has no bound for: loops of helpers, calls of global functions. */
  #spendTurn(): void {
    const code = this.#code;
    const { scratch } = this.#context;
    code.i32(scratch);
    code.i32(scratch);
    code.memory(W.i32_load, SCRATCH.BUDGET);
    code.i32(1);
    code.op(W.i32_sub);
    code.local(W.local_tee, LOCAL.T32);
    code.memory(W.i32_store, SCRATCH.BUDGET);
    code.local(W.local_get, LOCAL.T32);
    code.i32(0);
    code.op(W.i32_lt_s);
    code.local(W.if, VOID);
    code.call(this.#context.budgetSpent());
    code.op(W.end);
  }

  /**
   * A call of a function that may make a tail call: an exception of the program which that
   * begins ends here, since it ends no other main program.
   */
  #guardedCall(subprog: number): void {
    const code = this.#code;
    const { scratch } = this.#context;
    const serial = code.newLocal(I32);
    code.i32(scratch);
    code.memory(W.i32_load, SCRATCH.MAIN);
    code.local(W.local_set, serial);
    code.local(W.try, I64);
    for (let reg = 1; reg <= 5; reg++) code.get(reg);
    code.local(W.local_get, code.frame.fb);
    code.call(this.#context.subprogFunc(subprog));
    code.i32(scratch);
    code.local(W.local_get, serial);
    code.memory(W.i32_store, SCRATCH.MAIN);
    code.op(W.catch_all);
    code.local(W.local_get, serial);
    code.call(this.#context.caughtBelow());
    code.op(W.i32_eqz);
    code.local(W.if, VOID);
    code.branch(W.rethrow, 1);
    code.op(W.end);
    code.i32(scratch);
    code.memory(W.i64_load, SCRATCH.ARGS);
    code.op(W.end);
    code.set(0);
  }

  /** Calls a function with r1 to r5 on the stack, or writes it here; leaves its r0 on the stack. */
  #callSubprog(subprog: number): void {
    const code = this.#code;
    const graph = this.#inlinable(subprog);
    if (graph === undefined) {
      code.local(W.local_get, code.frame.fb);
      code.call(this.#context.subprogFunc(subprog));
      return;
    }
    const { start, end, stackDepth } = this.#context.linked.subprogs[subprog]!;
    code.inlined += end - start;
    const caller = code.frame;
    const regs = Array.from({ length: 10 }, () => code.newLocal(I64));
    const fb = code.newLocal(I32);
    for (let reg = 5; reg >= 1; reg--) code.local(W.local_set, regs[reg]!);
    code.frame = { regs, fp: caller.fb, fb, depth: (stackDepth + 7) & ~7 };
    const emitter = new FunctionEmitter(this.#context, code, graph, this.#nesting + 1);
    emitter.prologue();
    code.local(W.block, I64);
    emitStructured(code, graph, emitter);
    code.op(W.unreachable);
    code.op(W.end);
    code.frame = caller;
  }

  /** The graph of a function that may be written in place of a call: small, and nothing in it that leaves it otherwise. */
  #inlinable(subprog: number): FlowGraph | undefined {
    const { insns, aux, subprogs, calls } = this.#context.linked;
    const { start, end } = subprogs[subprog]!;
    if (end - start > INLINE_INSNS || this.#nesting >= INLINE_DEPTH) return undefined;
    if (this.#code.inlined + end - start > INLINE_TOTAL) return undefined;
    for (let i = start; i < end; i++) {
      const kind = INSN_TABLE[insns.op[i]!]?.kind;
      if (kind === 'may_goto' || kind === 'ldabs') return undefined;
      const site = kind === 'call' ? calls.get(i) : undefined;
      if (site?.kind === 'tail') return undefined;
      if (kind === 'lddw') i++;
    }
    const graph = analyse(buildBlocks(insns, aux, start, end));
    return graph.reducible ? graph : undefined;
  }

  #lookup(site: MapSite, i: number): void {
    const code = this.#code;
    const plan = this.#context.lookup(site);
    if (plan?.kind === 'array') {
      const constKey = this.#context.linked.aux[i]!.mapKeyConst;
      emitArrayLookup(code, plan.map, plan.percpu, constKey, this.#context.scratch + SCRATCH.CPU);
      return;
    }
    code.get32(2);
    code.call(this.#context.lookupFunc(site));
    code.setPointer(0);
  }

  #helper(impl: HelperImpl): void {
    const code = this.#code;
    const scratch = this.#context.scratch;
    if (impl.callsBack === true) this.#leaveStack();
    let reg = 1;
    for (const letter of impl.args) {
      code.get32(reg);
      if (letter === 'l') code.getHi(reg);
      reg++;
    }
    if (reg - 1 > 5 || argCount(impl) < reg - 1)
      throw new Error(`Helper ${impl.name}: argument letters '${impl.args}'`);
    code.call(this.#context.helper(impl));
    switch (impl.ret) {
      case 'int':
        code.op(W.i64_extend_i32_s);
        code.set(0);
        return;
      case 'uint':
        code.set32(0);
        return;
      case 'ptr':
        code.setPointer(0);
        return;
      case 'long':
        code.op(W.i64_extend_i32_u);
        code.i32(scratch);
        code.memory(W.i64_load32_u, SCRATCH.R0_HI);
        code.i64(32, 0);
        code.op(W.i64_shl);
        code.op(W.i64_or);
        code.set(0);
        return;
      case 'void':
        code.op(W.drop);
        code.i64(0, 0);
        code.set(0);
        return;
    }
  }

  /** Tells the machine where the stack of a callback or nested program begins. */
  #leaveStack(): void {
    const code = this.#code;
    code.i32(this.#context.scratch);
    code.local(W.local_get, code.frame.fb);
    code.memory(W.i32_store, SCRATCH.SP);
  }

  /** bpf_tail_call: falls through when the slot is empty, the index too large or the limit reached. */
  #tailCall(site: TailSite): void {
    const code = this.#code;
    const scratch = this.#context.scratch;
    code.i32(scratch);
    code.memory(W.i32_load, SCRATCH.TAIL_CALLS);
    code.i32(MAX_TAIL_CALL_CNT);
    code.op(W.i32_lt_u);
    const array = site.map;
    if (array instanceof FdArrayMap) {
      code.get32(3);
      code.i32(array.maxEntries);
      code.op(W.i32_lt_u);
      code.op(W.i32_and);
      code.local(W.if, VOID);
      code.get32(3);
      code.i32(3);
      code.op(W.i32_shl);
      code.memory(W.i32_load, array.values + PROG_SLOT);
    } else {
      code.local(W.if, VOID);
      code.get32(2);
      code.get32(3);
      code.call(this.#context.tail(site));
    }
    code.local(W.local_tee, LOCAL.T32);
    code.local(W.if, VOID);
    code.i32(scratch);
    code.i32(scratch);
    code.memory(W.i32_load, SCRATCH.TAIL_CALLS);
    code.i32(1);
    code.op(W.i32_add);
    code.memory(W.i32_store, SCRATCH.TAIL_CALLS);
    if (code.isSubprog) {
      code.i32(scratch);
      code.i32(scratch);
      code.memory(W.i32_load, SCRATCH.TAIL_CALLS);
      code.memory(W.i32_store, SCRATCH.MAIN);
    }
    code.get(1);
    for (let reg = 2; reg <= 5; reg++) code.i64(0, 0);
    code.local(W.local_get, code.frame.fp);
    code.local(W.local_get, LOCAL.T32);
    code.op(W.return_call_indirect);
    code.out.uleb(this.#context.funcType);
    code.out.uleb(0);
    code.op(W.end);
    code.op(W.end);
  }

  /** bpf_loop as a loop (`inline_bpf_loop`): r1 turns of a function of (index, r3), until it returns non-zero. Its flags are 0. */
  #loop(subprog: number): void {
    const code = this.#code;
    const turn = code.newLocal(I32);
    code.get(1);
    code.i64(MAX_LOOPS, 0);
    code.op(W.i64_gt_u);
    code.local(W.if, VOID);
    code.i64(-E2BIG, 0);
    code.set(0);
    code.op(W.else);
    code.i32(0);
    code.local(W.local_set, turn);
    code.local(W.block, VOID);
    code.local(W.loop, VOID);
    code.local(W.local_get, turn);
    code.get32(1);
    code.op(W.i32_ge_u);
    code.branch(W.br_if, 1);
    this.#spendTurn();
    code.local(W.local_get, turn);
    code.op(W.i64_extend_i32_u);
    code.get(3);
    for (let reg = 3; reg <= 5; reg++) code.i64(0, 0);
    this.#callSubprog(subprog);
    code.local(W.local_get, turn);
    code.i32(1);
    code.op(W.i32_add);
    code.local(W.local_set, turn);
    code.op(W.i64_eqz);
    code.branch(W.br_if, 0);
    code.op(W.end);
    code.op(W.end);
    code.local(W.local_get, turn);
    code.set32(0);
    code.op(W.end);
  }
}
