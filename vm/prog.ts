/**
 * A loaded program: its instructions with the verifier's facts, the engine that runs
 * it, and its statistics.
 */
import { BpfProgBase } from '../base/prog.ts';
import type { Btf } from '../btf/btf.ts';
import type { BpfMap } from '../maps/map.ts';
import { BPF_STREAM } from '../uapi/bpf.ts';
import { BothEngines } from './both.ts';
import type { Engine } from './engine.ts';
import type { HelperImpl } from './helper.ts';
import { decodeInsns, type Insns } from './insn.ts';
import { Interpreter } from './interp/interp.ts';
import { Jit } from './jit/jit.ts';
import { HELPER_LOOP, type LinkedProgram, link } from './link.ts';
import { freeMapField } from './map_fields.ts';
import { Stream } from './streams.ts';
import { Trampoline } from './trampoline.ts';
import type { InsnAux, SubprogInfo } from './verifier/types.ts';
import { BpfException, ProgramAborted, pointerBits, type Vm } from './vm.ts';

const { STDOUT, STDERR } = BPF_STREAM;

/** Which engine runs a program; `both` runs it twice on copied state and compares (tests). */
export type EngineName = 'jit' | 'interp' | 'both';

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
  /** Instructions the verifier processed. */
  readonly verifiedInsns?: number;
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
  /** What the engines run; other while something is attached to its functions. */
  linked: LinkedProgram;
  readonly #plain: LinkedProgram;
  /** Runs and nanoseconds while BPF_ENABLE_STATS was on. */
  runCnt = 0;
  runTimeNs = 0;
  /** Runs that were refused because the program (or too many others) ran already. */
  recursionMisses = 0;
  /** Slot of the main function in {@link Vm.table}; compiled when first needed, see {@link tailSlot}. */
  #tailSlot = 0;
  #engine: Engine | undefined;
  /** The engine that was asked for. */
  #wanted: EngineName;
  /** What can be attached to its functions, by their index; and of those with something attached. */
  readonly #trampolines = new Map<number, Trampoline>();
  #hooked: ReadonlyMap<number, Trampoline> | undefined;
  /** Engines that were replaced while they may have been running. */
  readonly #retired: Engine[] = [];
  #streams: readonly [Stream, Stream] | undefined;
  /** It runs for an event ({@link runTraced}). */
  #active = false;
  #interp: Interpreter | undefined;
  #jit: Jit | undefined;

  constructor(init: ProgInit) {
    super();
    this.vm = init.vm;
    this.type = init.type;
    this.expectedAttachType = init.expectedAttachType ?? 0;
    this.name = init.name ?? '';
    this.#wanted = init.engine ?? init.vm.engine;
    this.jited = this.#wanted !== 'interp';
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
    this.#plain = link({ ...init, insns: this.insns, handle: (subprog) => this.vm.addFunc(this, subprog) });
    this.linked = this.#plain;
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
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.vm.onNote?.(`Program '${this.name}' of ${this.insns.count} instructions is interpreted: ${why}`);
      return undefined;
    }
  }

  /** The engine for the first run: most programs that are loaded by a probe are never run, so none is made before. */
  #ready(): Engine {
    this.#engine ??= this.#make(this.#wanted);
    return this.#engine;
  }

  /** An engine; where compiling fails, the interpreter is all there is. */
  #make(name: EngineName): Engine {
    const compiled = name === 'interp' ? undefined : this.#compiled();
    if (compiled === undefined) return this.interp;
    return name === 'jit' ? compiled : new BothEngines(this.vm, this, this.interp, compiled);
  }

  /** Makes what the first run would have to make. */
  makeReady(): void {
    this.#ready();
  }

  /** The engine runs go to. */
  get engine(): EngineName {
    return this.#ready().name;
  }

  /** Sends later runs to an engine. */
  useEngine(name: EngineName): void {
    this.#wanted = name;
    this.#engine = this.#make(name);
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
    if (vm.depth !== 0 || vm.statsEnabled !== 0 || vm.hook !== undefined || this.#hooked !== undefined)
      return this.#enter(-1, ctx) >>> 0;
    // The common case, an outermost run that nobody watches, in as few steps as it takes.
    vm.begin(this, ctx);
    try {
      return (this.#engine ?? this.#ready()).run(ctx) >>> 0;
    } catch (error) {
      return this.#unwound(error) >>> 0;
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
    if (vm.depth !== 0 || vm.statsEnabled !== 0 || vm.hook !== undefined || this.#hooked !== undefined) {
      let result = 0;
      for (let i = 0; i < count; i++) result = this.run(ctx);
      return result;
    }
    vm.begin(this, ctx);
    try {
      return (this.#engine ?? this.#ready()).repeat(ctx, Math.max(count, 1)) >>> 0;
    } catch (error) {
      return this.#unwound(error) >>> 0;
    } finally {
      vm.end();
    }
  }

  /**
   * A run because something happened that the program is attached to: not while it runs
   * already (`__bpf_prog_enter_recur`), which counts as a miss and gives 0. All 64 bits of r0.
   */
  runTraced(ctx: number): bigint {
    if (this.#active) {
      this.recursionMisses++;
      return 0n;
    }
    this.#active = true;
    try {
      return wide(this.#enter(-1, ctx), this.vm.r0Hi);
    } finally {
      this.#active = false;
    }
  }

  /** As {@link run}: all 64 bits of r0, unsigned. */
  run64(ctx: number): bigint {
    return wide(this.run(ctx), this.vm.r0Hi);
  }

  /** The main function, with what is attached to it. */
  #runMain(engine: Engine, ctx: number): number {
    const tramp = this.#hooked?.get(0);
    if (tramp === undefined) return engine.run(ctx);
    if (tramp.extension !== undefined) return tramp.extension.#enter(-1, ctx);
    const { vm } = this;
    const target = (): bigint => wide(engine.run(ctx), vm.r0Hi);
    return vm.retBig(tramp.call(vm, [pointerBits(vm.kernelContext(vm, ctx))], target));
  }

  /** What it is called in stack traces (`bpf_get_prog_name`). */
  get symbol(): string {
    return `bpf_prog_${this.name}`;
  }

  /** A stream of the program (`BPF_STREAM`), or undefined: there is none of the number. */
  stream(id: number): Stream | undefined {
    if (id !== STDOUT && id !== STDERR) return undefined;
    this.#streams ??= [new Stream(), new Stream()];
    return this.#streams[id - STDOUT];
  }

  /** Statistics and streams, for `Saves`. */
  saveState(): () => void {
    const { runCnt, runTimeNs, recursionMisses } = this;
    const streams = this.#streams;
    const restore = streams?.map((stream) => stream.saveState());
    return () => {
      Object.assign(this, { runCnt, runTimeNs, recursionMisses });
      this.#streams = streams;
      for (const step of restore ?? []) step();
    };
  }

  /**
   * What can be attached to a function of the program: `args` is how many arguments it
   * takes. While nothing is, the program runs as if this was never asked for.
   */
  trampoline(subprog: number, args: number): Trampoline {
    let tramp = this.#trampolines.get(subprog);
    if (tramp === undefined) {
      tramp = new Trampoline(() => this.#rehook());
      tramp.args = args;
      this.#trampolines.set(subprog, tramp);
    }
    return tramp;
  }

  /** The first program was attached to a function, or the last one taken off: calls go another way from now on. */
  #rehook(): void {
    const hooked = new Map([...this.#trampolines].filter(([, tramp]) => tramp.inUse));
    this.#hooked = hooked.size === 0 ? undefined : hooked;
    this.linked = this.#hooked === undefined ? this.#plain : this.#withHooks(hooked);
    const { jited } = this;
    const interpreted = this.#engine !== undefined && this.#engine === this.#interp;
    for (const engine of [this.#interp, this.#jit]) if (engine !== undefined) this.#retired.push(engine);
    this.#engine = undefined;
    this.#interp = undefined;
    this.#jit = undefined;
    if (this.vm.depth === 0) this.#releaseRetired();
    if (interpreted) this.useEngine('interp');
    const compiled = this.#tailSlot !== 0 && jited ? this.#compiled() : undefined;
    if (compiled !== undefined) this.vm.table.set(this.#tailSlot, compiled.main);
  }

  /** The program with calls of hooked functions made into calls that come back to {@link Trampoline.call}. */
  #withHooks(hooked: ReadonlyMap<number, Trampoline>): LinkedProgram {
    const calls = new Map(this.#plain.calls);
    for (const [i, site] of calls) {
      if (site.kind !== 'sub' && site.kind !== 'loop') continue;
      const tramp = hooked.get(site.subprog);
      if (tramp === undefined) continue;
      const loop = site.kind === 'loop' ? this.vm.tables.helper(HELPER_LOOP) : undefined;
      calls.set(i, { kind: 'helper', impl: loop ?? this.#hookedCall(site.subprog, tramp) });
    }
    // The compiler makes entries for functions that have a handle.
    const handles = new Map(this.#plain.handles);
    for (const subprog of hooked.keys()) if (subprog > 0 && !handles.has(subprog)) handles.set(subprog, 0);
    return { ...this.#plain, calls, handles };
  }

  #hookedCall(subprog: number, tramp: Trampoline): HelperImpl {
    return {
      name: `function ${subprog}`,
      doc: 'A function that something is attached to.',
      args: 'lllll',
      ret: 'long',
      callsBack: true,
      fn: (vm, ...halves) => {
        for (let i = 0; i < 5; i++) vm.setArg(i, halves[2 * i]!, halves[2 * i + 1]!);
        return this.#callHooked(subprog, tramp);
      },
    };
  }

  /** A hooked function with the arguments left in the scratch block: the low half of r0, the high one in the machine. */
  #callHooked(subprog: number, tramp: Trampoline): number {
    const { vm } = this;
    if (!vm.mayNest) throw new ProgramAborted('Stack of nested programs is used up');
    if (tramp.extension !== undefined) return tramp.extension.#enter(0, 0);
    const args = vm.argBits(tramp.args);
    const target = (): bigint => {
      args.forEach((arg, i) => {
        vm.setArg(i, Number(BigInt.asIntN(32, arg)), Number(BigInt.asIntN(32, arg >> 32n)));
      });
      return wide(this.#activeEngine().call(subprog), vm.r0Hi);
    };
    // Programs around it see packets as the kernel's structures.
    return vm.retBig(
      tramp.call(
        vm,
        args.map((arg) => kernelArgument(vm, arg)),
        target,
      ),
    );
  }

  #releaseRetired(): void {
    for (const engine of this.#retired.splice(0)) engine.release();
  }

  /** Runs one of the program's functions with the arguments left in the scratch block (a callback). */
  callFunc(subprog: number): number {
    const tramp = this.#hooked?.get(subprog);
    if (tramp !== undefined && this.vm.depth > 0) return this.#callHooked(subprog, tramp);
    if (this.vm.depth > 0 && this.vm.current !== undefined) return this.#activeEngine().call(subprog);
    return this.#enter(subprog, 0);
  }

  #activeEngine(): Engine {
    return this.vm.hook === undefined ? (this.#engine ?? this.#ready()) : this.interp;
  }

  /** One run from outside: statistics, nesting, the budget, exceptions and faults. */
  #enter(subprog: number, ctx: number): number {
    const vm = this.vm;
    if (vm.env.doors?.isServing === true && vm.depth > 0)
      throw new Error('A program was started in the middle of another');
    if (!vm.mayNest) {
      this.recursionMisses++;
      return this.vm.ret64(0, 0);
    }
    const stack = vm.sp;
    const outer = vm.current;
    const outerCtx = vm.currentCtx;
    const { tailCalls, mainSerial } = vm;
    const begin = vm.statsEnabled > 0 ? vm.now() : 0;
    vm.current = this;
    vm.currentCtx = ctx;
    if (vm.depth++ === 0) vm.startBudget(this);
    try {
      vm.tailCalls = 0;
      vm.mainSerial = 0;
      const engine = this.#activeEngine();
      return subprog < 0 ? this.#runMain(engine, ctx) : engine.call(subprog);
    } catch (error) {
      return this.#unwound(error);
    } finally {
      vm.depth--;
      vm.current = outer;
      vm.currentCtx = outerCtx;
      vm.tailCalls = tailCalls;
      vm.mainSerial = mainSerial;
      vm.sp = stack;
      if (vm.statsEnabled > 0) {
        this.runCnt++;
        this.runTimeNs += Math.max(0, Math.round((vm.now() - begin) * 1e6));
      }
      if (vm.depth === 0 && vm.env.grace?.isPending === true) vm.env.grace.end();
    }
  }

  /** A program left by an exception: r0 is what the exception carries (see `catchExceptions` in link.ts). */
  #unwound(error: unknown): number {
    if (error instanceof BpfException) {
      this.vm.exception = undefined;
      return this.vm.ret64(error.lo, error.hi);
    }
    this.vm.locks = 0;
    this.vm.resLocks.length = 0;
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) {
      throw new ProgramAborted(`Program '${this.name}' was ended by a fault: ${error.message}`);
    }
    throw error;
  }

  protected override release(): void {
    this.#releaseRetired();
    this.#interp?.release();
    this.#jit?.release();
    for (const handle of this.#plain.handles.values()) this.vm.removeFunc(handle);
    if (this.#tailSlot !== 0) this.vm.freeSlot(this.#tailSlot);
    for (const map of this.usedMaps) map.put();
    this.btf?.put();
  }
}

/** 64 bits from their halves, unsigned. */
function wide(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/** An argument of a function as programs around it see it: a context as the kernel has it. */
function kernelArgument(vm: Vm, arg: bigint): bigint {
  const address = Number(BigInt.asUintN(32, arg));
  const isContext = vm.contexts.has(address) && pointerBits(address) === BigInt.asUintN(64, arg);
  return isContext ? pointerBits(vm.kernelContext(vm, address)) : arg;
}
