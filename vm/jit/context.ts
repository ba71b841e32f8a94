/** What the functions of a module share: where things are, and the indexes of what they call. */
import type { ArenaMap } from '../../maps/arena_map.ts';
import { FdArrayMap } from '../../maps/array_fd.ts';
import type { BpfMap } from '../../maps/map.ts';
import { PAGE_SIZE } from '../../mm/arena.ts';
import { argCount, type HelperImpl, isSlow } from '../helper.ts';
import { INSN_TABLE, OP_MAY_GOTO } from '../insn.ts';
import { arenaUserHi, type CallSite, type LinkedProgram, type MapSite, type TailSite } from '../link.ts';
import { reportArena } from '../reports.ts';
import { SCRATCH, SLOW_VALUE, type Vm } from '../vm.ts';
import { Code, FUNC_PARAMS } from './code.ts';
import { arrayInPlace, lookupFunc } from './lookup.ts';
import type { MapFunc } from './map_func.ts';
import type { ArenaWindow, MemoryLimits } from './memory.ts';
import { updateFunc } from './update.ts';
import { F64, I32, I64, type ModuleBuilder, type WasmImport } from './wasm.ts';

/** Bytes below this are not mapped: a NULL pointer with a small offset. */
const FIRST_MAPPED = 65536;

/** Opcodes of BPF_LD_ABS and BPF_LD_IND. */
const LDABS_OPCODES = INSN_TABLE.filter((def) => def?.kind === 'ldabs').map((def) => def!.opcode);

/** Calls whose time counts, not only their number. */
function mayTakeLong(site: CallSite): boolean {
  return site.kind === 'helper' ? isSlow(site.impl) : site.kind === 'update' && site.map.valueSize >= SLOW_VALUE;
}

/**
 * A module while it is written. Function indexes follow the imports, so all imports are
 * asked for ({@link requestImports}) before the first function is written.
 */
export class ModuleContext {
  readonly linked: LinkedProgram;
  readonly module: ModuleBuilder;
  /** Address of the machine's scratch block. */
  readonly scratch: number;
  readonly limits: MemoryLimits;
  readonly window: ArenaWindow | undefined;
  /** Type of a program's function. */
  readonly funcType: number;
  readonly #vm: Vm;
  readonly #helperNames = new Map<HelperImpl, string>();
  /** Functions on maps that belong to the module; they come after the program's, when all imports are known. */
  readonly #mapFuncs: { readonly site: MapSite; readonly func: MapFunc }[] = [];
  /** Maps are numbered in the names of imports, so that equal programs give equal bytes. */
  readonly #numbers = new Map<BpfMap, number>();
  readonly #tailCallers: ReadonlySet<number>;
  #importCount = -1;

  constructor(vm: Vm, linked: LinkedProgram, module: ModuleBuilder) {
    this.#vm = vm;
    this.linked = linked;
    this.module = module;
    this.scratch = vm.scratch;
    this.limits = { start: FIRST_MAPPED, end: vm.env.arena.size };
    this.funcType = module.type(FUNC_PARAMS, [I64]);
    this.window = this.#arenaWindow(linked.arena);
    this.#tailCallers = tailCallingSubprogs(linked);
  }

  /** The pages of the program's BPF arena, and who is told of accesses outside. */
  #arenaWindow(map: ArenaMap | undefined): ArenaWindow | undefined {
    if (map === undefined) return undefined;
    const vm = this.#vm;
    const fault = (pointer: number, off: number, isWrite: number): undefined =>
      reportArena(vm, map, pointer, off, isWrite !== 0);
    return {
      offset: map.pages,
      length: map.nrPages * PAGE_SIZE,
      inUse: map.inUse,
      userLo: Number(BigInt.asIntN(32, map.userVmStart)),
      userHi: arenaUserHi(map),
      fault: this.module.import('arena_fault', [I32, I32, I32], [], fault),
    };
  }

  /** Asks for every import the program's functions may need. */
  requestImports(): void {
    const { calls, insns, subprogs } = this.linked;
    for (const site of calls.values()) {
      if (site.kind === 'sub' && this.mayTailCall(site.subprog)) this.caughtBelow();
      if (mayTakeLong(site)) this.budgetSpent();
      if (site.kind === 'helper') this.helper(site.impl);
      else if (site.kind === 'tail' && !(site.map instanceof FdArrayMap)) this.tail(site);
      else if (site.kind === 'loop' || (site.kind === 'sub' && subprogs[site.subprog]!.isGlobal)) this.budgetSpent();
      else if (site.kind === 'update' || site.kind === 'remove' || site.kind === 'lookup') this.#requestMap(site);
    }
    if (insns.op.includes(OP_MAY_GOTO)) this.mayGoto();
    if (LDABS_OPCODES.some((opcode) => insns.op.includes(opcode))) this.loadAbs();
    this.#importCount = this.module.imports.length;
  }

  /** Writes the functions on maps that the program's call, after those. */
  writeMapFuncs(): void {
    const { module } = this;
    if (module.imports.length !== this.#importCount) {
      throw new Error('An import was asked for while functions were written');
    }
    for (const { site, func } of this.#mapFuncs) {
      const code = new Code(0, 512);
      const fallback = func.fallback === true ? this.#import(site) : -1;
      func.write({ code, cpuAt: this.scratch + SCRATCH.CPU, fallback });
      module.func(module.type(new Array<number>(func.params).fill(I32), [I32]), [[func.locals, I32]], code);
    }
  }

  /** Index of a subprogram's function. */
  subprogFunc(subprog: number): number {
    return this.#importCount + subprog;
  }

  /** Whether a function, or one that it calls, makes a tail call. */
  mayTailCall(subprog: number): boolean {
    return this.#tailCallers.has(subprog);
  }

  /** Index of the import of an implementation. */
  helper(impl: HelperImpl): number {
    let name = this.#helperNames.get(impl);
    if (name === undefined) {
      name = `h${this.#helperNames.size}_${impl.name}`;
      this.#helperNames.set(impl, name);
    }
    const params = new Array<number>(argCount(impl)).fill(I32);
    return this.module.import(name, params, [I32], helperImport(this.#vm, impl));
  }

  /** The function of a map for a site: `(i32 key) -> i32` for lookup (the value) and delete, `(i32 key, i32 value, i32 flags) -> i32` for update. */
  mapFunc(site: MapSite): number {
    const first = this.#importCount + this.linked.subprogs.length;
    const known = this.#mapFuncs.findIndex(({ site: other }) => other.map === site.map && other.kind === site.kind);
    if (known >= 0) return first + known;
    const func = funcOf(site);
    return func === undefined ? this.#import(site) : first + this.#mapFuncs.push({ site, func }) - 1;
  }

  /** What a site may call beside functions of the module. */
  #requestMap(site: MapSite): void {
    if (site.kind === 'lookup' && arrayInPlace(site.map) !== undefined) return;
    const func = funcOf(site);
    if (func === undefined || func.fallback === true) this.#import(site);
  }

  /** The import that does what a site wants, where the module has no function of its own or that leaves it to it. */
  #import(site: MapSite): number {
    const { kind, map, ops } = site;
    const name = `${kind}_${this.#numberOf(map)}`;
    if (kind === 'lookup') return this.module.import(name, [I32], [I32], (key: number) => ops.lookup(map, key));
    if (kind === 'remove') return this.module.import(name, [I32], [I32], (key: number) => ops.remove(map, key));
    const fn = (key: number, value: number, flags: number) => ops.update(map, key, value, flags);
    return this.module.import(name, [I32, I32, I32], [I32], fn);
  }

  /** `(i32 map, i32 index) -> i32`: table slot of a tail call's target, 0: none. */
  tail(site: TailSite): number {
    const vm = this.#vm;
    const name = site.map === undefined ? 'tail' : `tail_${this.#numberOf(site.map)}`;
    return this.module.import(name, [I32, I32], [I32], (map: number, index: number) => {
      const array = site.map ?? vm.mapAt(map);
      return (array === undefined ? undefined : vm.tailProgram(array, index))?.tailSlot ?? 0;
    });
  }

  /** `(i32 ctx, i32 offset, i32 size) -> f64`. */
  loadAbs(): number {
    const vm = this.#vm;
    const fn = (ctx: number, offset: number, size: number) => vm.loadAbs(vm, ctx, offset, size);
    return this.module.import('load_abs', [I32, I32, I32], [F64], fn);
  }

  /** `(f64 start) -> f64`. */
  mayGoto(): number {
    const vm = this.#vm;
    return this.module.import('may_goto', [F64], [F64], (start: number) => vm.mayGoto(start));
  }

  /** `(i32 serial) -> i32`: whether an exception ends at a call, see `Vm.caughtBelow`. */
  caughtBelow(): number {
    const vm = this.#vm;
    return this.module.import('caught', [I32], [I32], (serial: number) => (vm.caughtBelow(serial) ? 1 : 0));
  }

  /** `()`: the loop budget is used up. */
  budgetSpent(): number {
    const vm = this.#vm;
    return this.module.import('budget', [], [], () => {
      vm.budgetSpent();
      return undefined;
    });
  }

  #numberOf(map: BpfMap): number {
    const number = this.#numbers.get(map) ?? this.#numbers.size;
    this.#numbers.set(map, number);
    return number;
  }
}

/** The module's own function for a site, or undefined: it has none. */
function funcOf(site: MapSite): MapFunc | undefined {
  return site.kind === 'lookup' ? lookupFunc(site.map) : updateFunc(site);
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
