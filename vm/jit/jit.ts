/**
 * The compiler: one WebAssembly module a program, its functions as WebAssembly
 * functions over the arena.
 *
 * Limits first. A 64-bit value never crosses to JavaScript. Memory is not shared, so
 * atomics are plain operations. WebAssembly loops are not replaced while they run: a
 * single very long run stays in the engine's first tier. Where compiling fails (a
 * function above the engine's size limit) the program is interpreted.
 *
 * The pieces: context.ts (what a module's functions share), cfg.ts (graph), flow.ts
 * (structure), func.ts (instructions), alu.ts, memory.ts, calls.ts, lookup.ts, update.ts,
 * update_lru.ts, hash.ts, map_func.ts (maps in place), code.ts, wasm.ts and buffer.ts (bytes).
 */
import type { Engine } from '../engine.ts';
import type { LinkedProgram } from '../link.ts';
import { SCRATCH, type Vm } from '../vm.ts';
import { Code } from './code.ts';
import { ModuleContext } from './context.ts';
import { compileFunction } from './func.ts';
import { I32, I64, ModuleBuilder, VOID, W, type WasmImport } from './wasm.ts';

/** A compiled module before it is given its imports. */
export interface CompiledProgram {
  readonly bytes: Uint8Array;
  readonly imports: readonly WasmImport[];
  /** Subprograms that have an entry of their own (`call0`, …). */
  readonly entries: readonly number[];
}

/** Translates a linked program. */
export function compile(vm: Vm, linked: LinkedProgram): CompiledProgram {
  const module = new ModuleBuilder();
  const context = new ModuleContext(vm, linked, module);
  context.requestImports();
  const { scratch, funcType } = context;
  const entries: number[] = [];
  linked.subprogs.forEach((_, subprog) => {
    const code = compileFunction(context, subprog);
    module.func(funcType, code.locals, code);
    if (subprog === 0 || linked.handles.has(subprog) || isEntered(linked, subprog)) entries.push(subprog);
  });
  context.writeMapFuncs();
  const main = context.subprogFunc(0);
  const run = runEntry(module, scratch, main);
  module.export('main', main);
  module.export('run', run);
  module.export('repeat', repeatEntry(module, scratch, run));
  for (const subprog of entries) {
    module.export(`call${subprog}`, callEntry(module, scratch, context.subprogFunc(subprog)));
  }
  return { bytes: module.build(), imports: module.imports, entries };
}

/** Functions that are called from outside without their address having been taken. */
function isEntered(linked: LinkedProgram, subprog: number): boolean {
  const { isCb, isAsyncCb, isExceptionCb } = linked.subprogs[subprog]!;
  return isCb || isAsyncCb || isExceptionCb;
}

/** r0 on the stack: its high half to the scratch block, its low half is the result. */
function splitResult(code: Code, scratch: number): void {
  const result = 1;
  code.local(W.local_set, result);
  code.i32(scratch);
  code.local(W.local_get, result);
  code.i64(32, 0);
  code.op(W.i64_shr_u);
  code.memory(W.i64_store32, SCRATCH.R0_HI);
  code.local(W.local_get, result);
  code.op(W.i32_wrap_i64);
  code.op(W.end);
}

/** `run(i32 ctx) -> i32`: the main function with r1 = ctx on the machine's stack. */
function runEntry(module: ModuleBuilder, scratch: number, main: number): number {
  const code = new Code(0, 64);
  code.local(W.local_get, 0);
  code.op(W.i64_extend_i32_u);
  code.base();
  code.i64(0, 0);
  code.local(W.local_get, 0);
  code.op(W.select);
  for (let reg = 2; reg <= 5; reg++) code.i64(0, 0);
  code.i32(scratch);
  code.memory(W.i32_load, SCRATCH.SP);
  code.call(main);
  splitResult(code, scratch);
  return module.func(module.type([I32], [I32]), [[1, I64]], code);
}

/** `repeat(i32 ctx, i32 count) -> i32`: as run, `count` times; each with its own tail calls. */
function repeatEntry(module: ModuleBuilder, scratch: number, run: number): number {
  const code = new Code(0, 64);
  const result = 2;
  code.local(W.loop, VOID);
  code.i32(scratch);
  code.i32(0);
  code.memory(W.i32_store, SCRATCH.TAIL_CALLS);
  code.local(W.local_get, 0);
  code.call(run);
  code.local(W.local_set, result);
  code.local(W.local_get, 1);
  code.i32(1);
  code.op(W.i32_sub);
  code.local(W.local_tee, 1);
  code.branch(W.br_if, 0);
  code.op(W.end);
  code.local(W.local_get, result);
  code.op(W.end);
  return module.func(module.type([I32, I32], [I32]), [[1, I32]], code);
}

/** `callN(i32) -> i32`: a function with r1 to r5 from the scratch block. */
function callEntry(module: ModuleBuilder, scratch: number, func: number): number {
  const code = new Code(0, 64);
  for (let reg = 0; reg < 5; reg++) {
    code.i32(scratch);
    code.memory(W.i64_load, SCRATCH.ARGS + reg * 8);
  }
  code.i32(scratch);
  code.memory(W.i32_load, SCRATCH.SP);
  code.call(func);
  splitResult(code, scratch);
  return module.func(module.type([I32], [I32]), [[1, I64]], code);
}

type Entry = (argument: number) => number;

/** One compiled program. */
export class Jit implements Engine {
  readonly name = 'jit';
  /** The main function, for {@link Vm.table}. */
  readonly main: (...args: never[]) => unknown;
  /** Bytes of the module (`jited_prog_len`). */
  readonly size: number;
  readonly #vm: Vm;
  readonly #run: Entry;
  readonly #repeat: (ctx: number, count: number) => number;
  readonly #calls: (Entry | undefined)[] = [];

  constructor(vm: Vm, linked: LinkedProgram) {
    this.#vm = vm;
    const { bytes, imports, entries } = compile(vm, linked);
    this.size = bytes.length;
    const e: Record<string, WasmImport['fn'] | WebAssembly.Memory | WebAssembly.Table> = {
      memory: vm.env.arena.memory,
      table: vm.table,
    };
    for (const { name, fn } of imports) e[name] = fn;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { e });
    this.main = exports['main'] as Jit['main'];
    this.#run = exports['run'] as Entry;
    this.#repeat = exports['repeat'] as (ctx: number, count: number) => number;
    for (const subprog of entries) this.#calls[subprog] = exports[`call${subprog}`] as Entry;
  }

  run(ctx: number): number {
    return this.#run(ctx);
  }

  repeat(ctx: number, count: number): number {
    return this.#repeat(ctx, count);
  }

  call(subprog: number): number {
    const entry = this.#calls[subprog];
    if (entry === undefined) throw new Error(`Function ${subprog} has no entry of its own`);
    const vm = this.#vm;
    const stack = vm.sp;
    const result = entry(0);
    vm.sp = stack;
    return result;
  }

  release(): void {}
}
