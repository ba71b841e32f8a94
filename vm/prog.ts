/**
 * A loaded program: its instructions with the verifier's facts, the engine that runs
 * it, and its statistics.
 */
import { BpfProgBase } from '../base/prog.ts';
import type { Btf } from '../btf/btf.ts';
import type { BpfMap } from '../maps/map.ts';
import { BASE_HI } from '../mm/arena.ts';
import type { Engine } from './engine.ts';
import { decodeInsns, type Insns } from './insn.ts';
import { Interpreter } from './interp/interp.ts';
import { Jit } from './jit/jit.ts';
import { type LinkedProgram, link } from './link.ts';
import { freeMapField } from './map_fields.ts';
import type { InsnAux, SubprogInfo } from './verifier/types.ts';
import { BpfException, ProgramAborted, type Vm } from './vm.ts';

/** Which engine runs a program; `both` runs it twice on copied state and compares (tests). */
export type EngineName = 'jit' | 'interp';

/** What a program is made of. */
export interface ProgInit {
  readonly vm: Vm;
  readonly type: number;
  readonly expectedAttachType?: number;
  readonly name?: string;
  /** The instructions as loaded, 8 bytes each. */
  readonly insns: Uint8Array;
  /** Facts of the verifier, one an instruction, and its functions. */
  readonly aux: readonly InsnAux[];
  readonly subprogs: readonly SubprogInfo[];
  /** Maps the program holds; it takes over a reference of each. */
  readonly usedMaps: readonly BpfMap[];
  readonly sleepable?: boolean;
  readonly xdpHasFrags?: boolean;
  readonly dstProgType?: number;
  readonly attachFuncProto?: number;
  readonly engine?: EngineName;
  /** The program's own types; it takes over a reference. */
  readonly btf?: Btf | undefined;
}

/** A loaded program. */
export class BpfProg extends BpfProgBase {
  readonly vm: Vm;
  readonly type: number;
  readonly expectedAttachType: number;
  readonly jited: boolean;
  readonly xdpHasFrags: boolean;
  readonly sleepable: boolean;
  readonly dstProgType: number;
  readonly attachFuncProto: number;
  readonly insns: Insns;
  readonly aux: readonly InsnAux[];
  readonly subprogs: readonly SubprogInfo[];
  usedMaps: BpfMap[];
  readonly btf: Btf | undefined;
  readonly linked: LinkedProgram;
  /** Runs and nanoseconds while BPF_ENABLE_STATS was on. */
  runCnt = 0;
  runTimeNs = 0;
  /** Runs that were refused because the program (or too many others) ran already. */
  recursionMisses = 0;
  /** Slot of the main function in {@link Vm.table}; compiled when first needed, see {@link tailSlot}. */
  #tailSlot = 0;
  #engine: Engine | undefined;
  #interp: Interpreter | undefined;
  #jit: Jit | undefined;

  constructor(init: ProgInit) {
    super();
    this.vm = init.vm;
    this.type = init.type;
    this.expectedAttachType = init.expectedAttachType ?? 0;
    this.name = init.name ?? '';
    this.jited = (init.engine ?? init.vm.engine) === 'jit';
    this.xdpHasFrags = init.xdpHasFrags ?? false;
    this.sleepable = init.sleepable ?? false;
    this.dstProgType = init.dstProgType ?? 0;
    this.attachFuncProto = init.attachFuncProto ?? 0;
    this.insns = decodeInsns(init.insns);
    this.aux = init.aux;
    this.subprogs = init.subprogs;
    this.usedMaps = [...init.usedMaps];
    this.btf = init.btf;
    for (const map of this.usedMaps) if (map.record !== undefined) map.freeField ??= freeMapField(this.vm);
    this.linked = link({ ...init, insns: this.insns, handle: (subprog) => this.vm.addFunc(this, subprog) });
  }

  /** The interpreter's form of the program, made when first needed. */
  get interp(): Interpreter {
    this.#interp ??= new Interpreter(this.vm, this, this.linked);
    return this.#interp;
  }

  /** The compiled form, made when first needed. */
  get jit(): Jit {
    this.#jit ??= new Jit(this.vm, this.linked);
    return this.#jit;
  }

  /** The compiled form, or undefined when it cannot be had: the host has a limit on the size of a function. */
  #compiled(): Jit | undefined {
    try {
      return this.jit;
    } catch {
      return undefined;
    }
  }

  /** The engine for the first run: most programs that are loaded by a probe are never run, so none is made before. */
  #ready(): Engine {
    this.#engine ??= this.jited ? (this.#compiled() ?? this.interp) : this.interp;
    return this.#engine;
  }

  /** The engine runs go to. */
  get engine(): EngineName {
    return this.#ready() === this.#jit ? 'jit' : 'interp';
  }

  /** Sends later runs to an engine. */
  useEngine(name: EngineName): void {
    this.#engine = name === 'jit' ? this.jit : this.interp;
  }

  /** Slot of the compiled main function in {@link Vm.table}, for a tail call of compiled code. */
  override get tailSlot(): number {
    if (this.#tailSlot === 0) {
      const compiled = this.#compiled();
      if (compiled === undefined) return 0;
      this.#tailSlot = this.vm.takeSlot();
      this.vm.table.set(this.#tailSlot, compiled.main);
    }
    return this.#tailSlot;
  }

  /**
   * Runs the program on the context at `ctx`: r0's low half as an unsigned number; the
   * high half is `vm.r0Hi`. Throws {@link ProgramAborted} when it had to be ended.
   */
  run(ctx: number): number {
    const vm = this.vm;
    if (vm.depth !== 0 || vm.statsEnabled !== 0 || vm.hook !== undefined) return this.#enter(-1, ctx) >>> 0;
    // The common case, an outermost run that nobody watches, in as few steps as it takes.
    vm.begin(this, ctx);
    try {
      return (this.#engine ?? this.#ready()).run(ctx) >>> 0;
    } catch (error) {
      return this.#unwound(error, vm.stackTop) >>> 0;
    } finally {
      vm.end();
    }
  }

  /**
   * As {@link run}, `count` times on the same context (the loop of BPF_PROG_TEST_RUN): the
   * last r0. Each run has its own tail calls; the time budget is for all of them.
   */
  runRepeat(ctx: number, count: number): number {
    const vm = this.vm;
    if (vm.depth !== 0 || vm.statsEnabled !== 0 || vm.hook !== undefined) {
      let result = 0;
      for (let i = 0; i < count; i++) result = this.run(ctx);
      return result;
    }
    vm.begin(this, ctx);
    try {
      return (this.#engine ?? this.#ready()).repeat(ctx, Math.max(count, 1)) >>> 0;
    } catch (error) {
      return this.#unwound(error, vm.stackTop) >>> 0;
    } finally {
      vm.end();
    }
  }

  /** As {@link run}: all 64 bits of r0, unsigned. */
  run64(ctx: number): bigint {
    const lo = BigInt(this.run(ctx));
    return (BigInt(this.vm.r0Hi >>> 0) << 32n) | lo;
  }

  /** Runs one of the program's functions with the arguments left in the scratch block (a callback). */
  callFunc(subprog: number): number {
    if (this.vm.depth > 0 && this.vm.current !== undefined) return this.#activeEngine().call(subprog);
    return this.#enter(subprog, 0);
  }

  #activeEngine(): Engine {
    return this.vm.hook === undefined ? (this.#engine ?? this.#ready()) : this.interp;
  }

  /** One run from outside: statistics, nesting, the budget, exceptions and faults. */
  #enter(subprog: number, ctx: number): number {
    const vm = this.vm;
    if (!vm.mayNest) {
      this.recursionMisses++;
      return 0;
    }
    const stack = vm.sp;
    const outer = vm.current;
    const outerCtx = vm.currentCtx;
    const tailCalls = vm.tailCalls;
    const begin = vm.statsEnabled > 0 ? vm.now() : 0;
    vm.current = this;
    vm.currentCtx = ctx;
    if (vm.depth++ === 0) vm.startBudget();
    try {
      vm.tailCalls = 0;
      const engine = this.#activeEngine();
      return subprog < 0 ? engine.run(ctx) : engine.call(subprog);
    } catch (error) {
      return this.#unwound(error, stack);
    } finally {
      vm.depth--;
      vm.current = outer;
      vm.currentCtx = outerCtx;
      vm.tailCalls = tailCalls;
      vm.sp = stack;
      if (vm.statsEnabled > 0) {
        this.runCnt++;
        this.runTimeNs += Math.max(0, Math.round((vm.now() - begin) * 1e6));
      }
    }
  }

  /** A program left by an exception: bpf_throw goes to the exception callback, whose r0 (default: the cookie) is the result. */
  #unwound(error: unknown, stack: number): number {
    if (error instanceof BpfException) {
      const handler = this.subprogs.findIndex((subprog) => subprog.isExceptionCb);
      if (handler < 0) return this.vm.ret64(error.lo, error.hi);
      this.vm.sp = stack;
      this.vm.setArg(0, error.lo, error.hi);
      return this.#activeEngine().call(handler);
    }
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) {
      throw new ProgramAborted(`Program '${this.name}' was ended by a fault: ${error.message}`);
    }
    throw error;
  }

  protected override release(): void {
    this.#interp?.release();
    this.#jit?.release();
    for (const handle of this.linked.handles.values()) this.vm.removeFunc(handle);
    if (this.#tailSlot !== 0) this.vm.freeSlot(this.#tailSlot);
    for (const map of this.usedMaps) map.put();
    this.btf?.put();
  }
}

/** The pointer a program sees for an arena address, as 64 bits. */
export function pointerBits(address: number): bigint {
  return address === 0 ? 0n : (BigInt(BASE_HI) << 32n) | BigInt(address);
}
