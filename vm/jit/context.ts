/** What the functions of a module share: where things are, and the indexes of what they call. */
import type { ArenaMap } from '../../maps/arena_map.ts';
import { FdArrayMap } from '../../maps/array_fd.ts';
import type { BpfMap } from '../../maps/map.ts';
import { PAGE_SIZE } from '../../mm/arena.ts';
import { argCount, type HelperImpl } from '../helper.ts';
import { INSN_TABLE, OP_MAY_GOTO } from '../insn.ts';
import { arenaUserHi, type LinkedProgram, type MapSite, type TailSite } from '../link.ts';
import { SCRATCH, type Vm } from '../vm.ts';
import { FUNC_PARAMS } from './code.ts';
import { hashLookupFunction, type LookupPlan, lookupPlan } from './lookup.ts';
import type { ArenaWindow, MemoryLimits } from './memory.ts';
import { F64, I32, I64, type ModuleBuilder, type WasmImport } from './wasm.ts';

/** Bytes below this are not mapped: a NULL pointer with a small offset. */
const FIRST_MAPPED = 65536;

/** Opcodes of BPF_LD_ABS and BPF_LD_IND. */
const LDABS_OPCODES = INSN_TABLE.filter((def) => def?.kind === 'ldabs').map((def) => def!.opcode);

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
  /** Hash lookups are functions of the module; they come after the program's, when all imports are known. */
  readonly #lookups: MapSite[] = [];
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
    this.window = arenaWindow(linked.arena);
    this.funcType = module.type(FUNC_PARAMS, [I64]);
    this.#tailCallers = tailCallingSubprogs(linked);
  }

  /** Asks for every import the program's functions may need. */
  requestImports(): void {
    const { calls, insns, subprogs } = this.linked;
    for (const site of calls.values()) {
      if (site.kind === 'sub' && this.mayTailCall(site.subprog)) this.caughtBelow();
      if (site.kind === 'helper') this.helper(site.impl);
      else if (site.kind === 'update') this.update(site);
      else if (site.kind === 'remove') this.remove(site);
      else if (site.kind === 'tail' && !(site.map instanceof FdArrayMap)) this.tail(site);
      else if (site.kind === 'loop' || (site.kind === 'sub' && subprogs[site.subprog]!.isGlobal)) this.budgetSpent();
      else if (site.kind === 'lookup' && this.lookup(site) === undefined) this.lookupFunc(site);
    }
    if (insns.op.includes(OP_MAY_GOTO)) this.mayGoto();
    if (LDABS_OPCODES.some((opcode) => insns.op.includes(opcode))) this.loadAbs();
    this.#importCount = this.module.imports.length;
  }

  /** Writes the functions that the program's call, after those. */
  writeLookups(): void {
    if (this.module.imports.length !== this.#importCount) {
      throw new Error('An import was asked for while functions were written');
    }
    for (const site of this.#lookups) {
      const plan = lookupPlan(site.map);
      if (plan?.kind === 'hash') hashLookupFunction(this.module, plan.map, this.scratch + SCRATCH.CPU);
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

  /** How a map is looked up in place, or undefined: by {@link lookupFunc}. */
  lookup(site: MapSite): LookupPlan | undefined {
    return lookupPlan(site.map);
  }

  /** `(i32 key) -> i32 value`. */
  lookupFunc(site: MapSite): number {
    if (lookupPlan(site.map)?.kind === 'hash') {
      let index = this.#lookups.findIndex((other) => other.map === site.map);
      if (index < 0) index = this.#lookups.push(site) - 1;
      return this.#importCount + this.linked.subprogs.length + index;
    }
    const { ops, map } = site;
    return this.module.import(this.#nameOf(site), [I32], [I32], (key: number) => ops.lookup(map, key));
  }

  /** `(i32 key, i32 value, i32 flags) -> i32`. */
  update(site: MapSite): number {
    const { ops, map } = site;
    const fn = (key: number, value: number, flags: number) => ops.update(map, key, value, flags);
    return this.module.import(this.#nameOf(site), [I32, I32, I32], [I32], fn);
  }

  /** `(i32 key) -> i32`. */
  remove(site: MapSite): number {
    const { ops, map } = site;
    return this.module.import(this.#nameOf(site), [I32], [I32], (key: number) => ops.remove(map, key));
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

  #nameOf(site: MapSite): string {
    return `${site.kind}_${this.#numberOf(site.map)}`;
  }
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
