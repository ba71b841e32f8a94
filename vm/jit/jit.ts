/**
 * The compiler: one WebAssembly module a program, its functions as WebAssembly
 * functions over the arena.
 *
 * Limits first. A 64-bit value never crosses to JavaScript. Memory is not shared, so
 * atomics are plain operations. WebAssembly loops are not replaced while they run: a
 * single very long run stays in the engine's first tier. Where compiling fails (a
 * function above the engine's size limit) the program is interpreted.
 *
 * The pieces: cfg.ts (graph), flow.ts (structure), func.ts (instructions), alu.ts,
 * memory.ts, lookup.ts (maps in place), wasm.ts and buffer.ts (bytes).
 */
import type { ArenaMap } from '../../maps/arena_map.ts';
import { FdArrayMap } from '../../maps/array_fd.ts';
import type { BpfMap } from '../../maps/map.ts';
import { BASE_HI, PAGE_SIZE } from '../../mm/arena.ts';
import type { Engine } from '../engine.ts';
import { argCount, type HelperImpl } from '../helper.ts';
import { INSN_TABLE } from '../insn.ts';
import { arenaUserHi, type LinkedProgram, type MapSite } from '../link.ts';
import { SCRATCH, type Vm } from '../vm.ts';
import { Code, FUNC_PARAMS } from './code.ts';
import { compileFunction, type ModuleContext } from './func.ts';
import { hashLookupFunction, lookupPlan } from './lookup.ts';
import type { ArenaWindow } from './memory.ts';
import { F64, I32, I64, ModuleBuilder, VOID, W, type WasmImport } from './wasm.ts';

/** Bytes below this are not mapped: a NULL pointer with a small offset. */
const FIRST_MAPPED = 65536;

/** A compiled module before it is given its imports. */
export interface CompiledProgram {
  readonly bytes: Uint8Array;
  readonly imports: readonly WasmImport[];
  /** Subprograms that have an entry of their own (`call0`, …). */
  readonly entries: readonly number[];
}

/** The import of an implementation: a function of its arguments alone. */
function helperImport(vm: Vm, impl: HelperImpl): WasmImport['fn'] {
  const fn = impl.fn;
  switch (argCount(impl)) {
    case 0:
      return () => fn(vm);
    case 1:
      return (a: number) => fn(vm, a);
    case 2:
      return (a: number, b: number) => fn(vm, a, b);
    case 3:
      return (a: number, b: number, c: number) => fn(vm, a, b, c);
    case 4:
      return (a: number, b: number, c: number, d: number) => fn(vm, a, b, c, d);
    case 5:
      return (a: number, b: number, c: number, d: number, e: number) => fn(vm, a, b, c, d, e);
    default:
      return (...args: number[]) => fn(vm, ...args);
  }
}

/** The pages of the program's BPF arena. */
function arenaWindow(map: ArenaMap | undefined): ArenaWindow | undefined {
  if (map === undefined) return undefined;
  return {
    offset: map.pages,
    length: map.nrPages * PAGE_SIZE,
    inUse: map.inUse,
    userLo: Number(BigInt.asIntN(32, map.userVmStart)),
    userHi: arenaUserHi(map),
  };
}

/** Translates a linked program. */
export function compile(vm: Vm, linked: LinkedProgram): CompiledProgram {
  const module = new ModuleBuilder();
  const funcType = module.type(FUNC_PARAMS, [I64]);
  const scratch = vm.scratch;
  const helperNames = new Map<HelperImpl, string>();
  /** Hash lookups are functions of the module; they come after the program's, when all imports are known. */
  const lookups: MapSite[] = [];
  /** Maps are numbered in the names of imports, so that equal programs give equal bytes. */
  const numbers = new Map<BpfMap, number>();
  const numberOf = (map: BpfMap): number => {
    const number = numbers.get(map) ?? numbers.size;
    numbers.set(map, number);
    return number;
  };
  const nameOf = (site: MapSite): string => `${site.kind}_${numberOf(site.map)}`;

  const tailCallers = tailCallingSubprogs(linked);
  const context: ModuleContext = {
    linked,
    scratch,
    limits: { start: FIRST_MAPPED, end: vm.env.arena.size },
    window: arenaWindow(linked.arena),
    funcType,
    subprogFunc: (subprog) => importCount + subprog,
    helper(impl) {
      let name = helperNames.get(impl);
      if (name === undefined) {
        name = `h${helperNames.size}_${impl.name}`;
        helperNames.set(impl, name);
      }
      const params = new Array<number>(argCount(impl)).fill(I32);
      return module.import(name, params, [I32], helperImport(vm, impl));
    },
    lookup: (site) => lookupPlan(site.map),
    lookupFunc(site) {
      if (lookupPlan(site.map)?.kind === 'hash') {
        let index = lookups.findIndex((other) => other.map === site.map);
        if (index < 0) index = lookups.push(site) - 1;
        return importCount + linked.subprogs.length + index;
      }
      const { ops, map } = site;
      return module.import(nameOf(site), [I32], [I32], (key: number) => ops.lookup(map, key));
    },
    update(site) {
      const { ops, map } = site;
      const fn = (key: number, value: number, flags: number) => ops.update(map, key, value, flags);
      return module.import(nameOf(site), [I32, I32, I32], [I32], fn);
    },
    remove(site) {
      const { ops, map } = site;
      return module.import(nameOf(site), [I32], [I32], (key: number) => ops.remove(map, key));
    },
    tail(site) {
      const name = site.map === undefined ? 'tail' : `tail_${numberOf(site.map)}`;
      return module.import(name, [I32, I32], [I32], (map: number, index: number) => {
        const array = site.map ?? vm.mapAt(map);
        return (array === undefined ? undefined : vm.tailProgram(array, index))?.tailSlot ?? 0;
      });
    },
    loadAbs: () =>
      module.import('load_abs', [I32, I32, I32], [F64], (ctx: number, offset: number, size: number) =>
        vm.loadAbs(vm, ctx, offset, size),
      ),
    mayGoto: () => module.import('may_goto', [F64], [F64], (start: number) => vm.mayGoto(start)),
    mayTailCall: (subprog) => tailCallers.has(subprog),
    caughtBelow: () => module.import('caught', [I32], [I32], (serial: number) => (vm.caughtBelow(serial) ? 1 : 0)),
    budgetSpent: () =>
      module.import('budget', [], [], () => {
        vm.budgetSpent();
        return undefined;
      }),
  };

  // Function indexes follow the imports, so all imports are asked for before the first function is written.
  requestImports(context);
  const importCount = module.imports.length;
  const codes = linked.subprogs.map((_, subprog) => compileFunction(context, subprog));
  if (module.imports.length !== importCount) throw new Error('An import was asked for while functions were written');
  for (const code of codes) module.func(funcType, code.locals, code.out);
  for (const site of lookups) {
    const plan = lookupPlan(site.map);
    if (plan?.kind === 'hash') hashLookupFunction(module, plan.map, scratch + SCRATCH.CPU);
  }
  const entries = linked.subprogs
    .map((_, subprog) => subprog)
    .filter((subprog) => subprog === 0 || linked.handles.has(subprog) || isEntered(linked, subprog));
  module.export('main', importCount);
  const run = runEntry(module, scratch, importCount);
  module.export('run', run);
  module.export('repeat', repeatEntry(module, scratch, run));
  for (const subprog of entries) module.export(`call${subprog}`, callEntry(module, scratch, importCount + subprog));
  return { bytes: module.build(), imports: module.imports, entries };
}

/** Functions that make a tail call, or call one that does. */
function tailCallingSubprogs({ calls, subprogOf }: LinkedProgram): Set<number> {
  const found = new Set<number>();
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const [insn, site] of calls) {
      if (site.kind === 'tail' || (site.kind === 'sub' && found.has(site.subprog))) found.add(subprogOf[insn]!);
    }
  }
  return found;
}

/** Asks for every import the program's functions may need. */
function requestImports(context: ModuleContext): void {
  const { calls, insns } = context.linked;
  for (const site of calls.values()) {
    if (site.kind === 'sub' && context.mayTailCall(site.subprog)) context.caughtBelow();
    if (site.kind === 'helper') context.helper(site.impl);
    else if (site.kind === 'update') context.update(site);
    else if (site.kind === 'remove') context.remove(site);
    else if (site.kind === 'tail' && !(site.map instanceof FdArrayMap)) context.tail(site);
    else if (site.kind === 'loop' || (site.kind === 'sub' && context.linked.subprogs[site.subprog]!.isGlobal)) {
      context.budgetSpent();
    } else if (site.kind === 'lookup' && context.lookup(site) === undefined) context.lookupFunc(site);
  }
  for (let i = 0; i < insns.count; i++) {
    const kind = INSN_TABLE[insns.op[i]!]?.kind;
    if (kind === 'may_goto') context.mayGoto();
    else if (kind === 'ldabs') context.loadAbs();
    else if (kind === 'lddw') i++;
  }
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
  code.i64(0, BASE_HI_BITS);
  code.op(W.i64_or);
  code.i64(0, 0);
  code.local(W.local_get, 0);
  code.op(W.select);
  for (let reg = 2; reg <= 5; reg++) code.i64(0, 0);
  code.i32(scratch);
  code.memory(W.i32_load, SCRATCH.SP);
  code.call(main);
  splitResult(code, scratch);
  return module.func(module.type([I32], [I32]), [[1, I64]], code.out);
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
  return module.func(module.type([I32, I32], [I32]), [[1, I32]], code.out);
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
  return module.func(module.type([I32], [I32]), [[1, I64]], code.out);
}

const BASE_HI_BITS = BASE_HI | 0;

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
