/**
 * The virtual machine of one emulated kernel: what is shared by all its programs
 * while they run (stack, tail-call counter, function handles, time budget, hooks).
 */
import type { Doors } from '../base/doors.ts';
import type { KernelEnv } from '../base/env.ts';
import type { Grace } from '../base/grace.ts';
import type { Btf } from '../btf/btf.ts';
import { progArrayGet } from '../maps/array_fd.ts';
import type { BpfMap } from '../maps/map.ts';
import { BASE_HI, PAGE_SIZE } from '../mm/arena.ts';
import { BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { ENOMEM, Errno } from '../uapi/errno.ts';
import { type HelperImpl, SLOW_TURNS } from './helper.ts';
import type { Machine, MachineCgroup, MachineTask } from './machine.ts';
import type { BpfProg, EngineName } from './prog.ts';
import { reportMayGoto } from './reports.ts';
import {
  type CurrentTask,
  INIT_TASK,
  type PacketAccess,
  type PerfRecord,
  type SeqFile,
  type TraceLine,
  type UserMemory,
} from './task.ts';
import { Timers } from './timers.ts';
import type { Attached, Trampoline } from './trampoline.ts';

/** What the machine needs of the kernel around it. */
export interface VmHost extends KernelEnv {
  readonly maps: { find(id: number): BpfMap | undefined };
  /** The kernel's own types, where there are any. */
  readonly vmlinux?: Btf | undefined;
  /** The processes and cgroups around, where a door tells of them. */
  readonly machine?: Machine | undefined;
  /** Who is served while a program runs. Left out: nobody. */
  readonly doors?: Doors;
  /** What is freed when no program runs. Left out: everything is freed at once. */
  readonly grace?: Grace;
}

/** What stands behind a structure a program was given, by its address. */
export interface KernelObject {
  /** Name of a task or cgroup in storage maps (maps/fd_object.ts). */
  readonly key?: string;
  readonly task?: MachineTask;
  readonly cgroup?: MachineCgroup;
  /** Path of a `struct path`. */
  readonly path?: string;
}

/** The implementations programs can call. */
export interface VmTables {
  helper(id: number): HelperImpl | undefined;
  kfunc(name: string): HelperImpl | undefined;
}

/**
 * Where the pointers of a context are: a program's context has the layout of its
 * uapi structure; the 64-bit pointers that its 32-bit fields (`data`, `data_end`) and
 * the pointer fields stand for lie at {@link InsnAux.ctxPtr} from `ctx + CTX_EXT`.
 */
export const CTX_EXT = 256;

/** High half of the value of a lddw of a function; the low half is the handle ({@link Vm.funcs}). */
export const FUNC_HI = 0xffffffff | 0;

/** Layout of the machine's scratch block in the arena, byte offsets. */
export const SCRATCH = {
  /** High half of a 64-bit result (helpers, callbacks, programs). */
  R0_HI: 0,
  /** Where the stack of a nested program or callback begins (grows down). */
  SP: 4,
  /** Turns of unbounded loops left until the clock is read. */
  BUDGET: 8,
  /** CPU the program runs on. */
  CPU: 12,
  /** Registers r1 to r5 of a callback or entry, 8 bytes each. */
  ARGS: 16,
  /** Tail calls made so far. */
  TAIL_CALLS: 56,
  /** Which main program runs: the number of tail calls made when a function's tail call began it, 0 for the first. */
  MAIN: 60,
  /** A zero key, for the address of an array's first value. */
  ZERO: 64,
  /** Turns of a `may_goto` until it asks again ({@link Vm.mayGoto}). */
  MAY_GOTO: 72,
  SIZE: 128,
} as const;

/** Bytes of program stack: programs nest (callbacks, programs run by helpers) on it. */
const STACK_PAGES = 32;
/** A program or callback is not entered with less stack than this left: 33 tail calls of functions leave up to 256 bytes each. */
const STACK_RESERVE = 10240;
/** Pages of a kernel variable, a CPU: a per-CPU variable has this many for each. */
const KSYM_PAGES = 2;
/** Bytes from one CPU's copy of per-CPU memory to the next. */
export const PERCPU_STRIDE = KSYM_PAGES * PAGE_SIZE;
/** Most loop turns between two looks at the clock, and how they change with the time they take. */
const BUDGET_TURNS_MAX = 16384;
const LOOK_MS_MIN = 0.5;
const LOOK_MS_MAX = 2;
/** Milliseconds a run may take where nothing else is said. */
export const RUN_BUDGET_MS = 1000;
/**
 * Milliseconds a run takes before others are served in its middle, the least time it has
 * between two such pauses, and the longest pause: others get half of the time at the most.
 */
export const ALONE_MS = 10;
export const SERVE_EVERY_MS = 2;
const SERVE_MS_MAX = 4;
/** Values from this size on take long to copy. */
export const SLOW_VALUE = 512;
/** Turns of `may_goto` between two looks at its clock (`BPF_MAX_TIMED_LOOPS`). */
const MAY_GOTO_TURNS = 0xffff;
const MAY_GOTO_LOG_MAX = 14;
/** Time a run of loops guarded by `may_goto` has, in milliseconds (a quarter of a second in the kernel). */
export const MAY_GOTO_MS = 250;

/** A program was ended from outside: the time budget, a hook, a fault. r0 has no value. */
export class ProgramAborted extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProgramAborted';
  }
}

/** What bpf_throw unwinds with: the result of the exception callback, or the cookie where there is none. */
export class BpfException {
  readonly lo: number;
  readonly hi: number;
  constructor(lo: number, hi: number) {
    this.lo = lo;
    this.hi = hi;
  }
}

/** Called before each instruction while hooks are on; see {@link Vm.hook}. */
export type StepHook = (prog: BpfProg, insn: number, regs: Int32Array) => void;

/** A function of a program that may be called from outside it. */
export interface FuncHandle {
  readonly prog: BpfProg;
  readonly subprog: number;
}

/** An object a program allocated. */
export interface ObjectInfo {
  readonly size: number;
  /** Offset of its bpf_refcount, or -1. */
  readonly refcountOff: number;
}

/** State shared by the programs of one kernel. */
export class Vm {
  readonly env: VmHost;
  readonly tables: VmTables;
  /** Address of the {@link SCRATCH} block. */
  readonly scratch: number;
  /** Main functions of compiled programs, for tail calls; slot 0 stays empty. */
  readonly table = new WebAssembly.Table({ element: 'anyfunc', initial: 64 });
  /** Functions by handle; handle 0 is none. */
  readonly funcs: (FuncHandle | undefined)[] = [undefined];
  readonly #freeFuncs: number[] = [];
  readonly #freeSlots: number[] = [];
  #nextSlot = 1;

  /** The engine of programs loaded from now on. */
  engine: EngineName = 'jit';
  /** BPF_ENABLE_STATS is on: programs count runs and time. */
  statsEnabled = 0;
  /** Milliseconds a run may take before it is ended (loops of helpers, `may_goto`, calls of global functions are where it can be). */
  budgetMs = RUN_BUDGET_MS;
  /** Told when a run has been ended by its budget. */
  onBudget: ((message: string) => void) | undefined = undefined;
  /** Why the last run that was ended by force was, for whoever tells its caller. */
  ended = '';
  /** Told what its owner may want to know and nobody has to act on: a program that cannot be compiled. */
  onNote: ((message: string) => void) | undefined = undefined;
  /** Told when engines that run a program both do not agree (`BothEngines`). */
  onMismatch: ((error: Error) => void) | undefined = undefined;
  /** Single step and trace: called before each instruction by the interpreter while set. */
  hook: StepHook | undefined = undefined;
  /** Milliseconds that do not go backwards, of the machine, not of the emulated clock. They stand still while others are served in the middle of a run. */
  now: () => number = () => performanceNow() - this.#away;
  /** Locks that the program which runs holds. */
  locks = 0;
  /** Addresses of the resilient ones among them, in the order they were taken. */
  readonly resLocks: number[] = [];
  /** The program that runs, innermost; undefined outside. */
  current: BpfProg | undefined = undefined;
  /** Context of the program that runs. */
  currentCtx = 0;
  /** What the context blocks in use stand for (packets and the like; `contexts/`), by address. */
  readonly contexts = new Map<number, object>();
  /** Who runs a syscall program: what its helpers call bpf(2) as (a `Caller` of syscall/). */
  caller: object | undefined = undefined;
  /** Key of the hashes programs are given (flows, SYN cookies), random for each machine. */
  readonly hashSeed: number;
  /** Programs on functions of the emulated kernel, by the function's name; functions without any are not here. */
  readonly functions = new Map<string, Trampoline>();
  /** Programs on its tracepoints, by name, in the order they came; tracepoints without any are not here. */
  readonly tracepoints = new Map<string, Attached[]>();
  /** Values of cgroup storage maps, for bpf_get_local_storage, by map id. */
  localStorage = new Map<number, { readonly addr: number; readonly size: number }>();
  /** Cookie of the next socket that is asked for one. */
  nextCookie = 1n;
  /** Nesting of runs, and the number of the outermost one. */
  depth = 0;
  runId = 0;
  /** Load of packet bytes by BPF_LD_ABS and BPF_LD_IND: an unsigned number, or -1 when out of bounds. */
  loadAbs: (vm: Vm, ctx: number, offset: number, size: number) => number = () => -1;
  /** The task programs run in. */
  task: CurrentTask = INIT_TASK;
  /** Takes the lines of bpf_trace_printk. */
  onTrace: ((line: TraceLine) => void) | undefined = undefined;
  /** Takes the records of bpf_perf_event_output. */
  onPerfEvent: ((record: PerfRecord) => void) | undefined = undefined;
  /** Memory of the process that runs the program, for bpf_probe_read_user and its like; undefined: there is none. */
  userMemory: UserMemory | undefined = undefined;
  /** bpf(2) for programs of type SYSCALL (`bpf_sys_bpf`): command, address and size of the attribute: the result. */
  sysBpf: ((cmd: number, attr: number, size: number) => number) | undefined = undefined;
  /** Id of a type of the kernel's own BTF, 0 for none. */
  findKernelType: ((name: string, kind: number) => number) | undefined = undefined;
  /** close(2) for programs of type SYSCALL. */
  sysClose: ((fd: number) => number) | undefined = undefined;
  /** `seq_file`s of iterators that run, by address. */
  readonly seqFiles = new Map<number, SeqFile>();
  /** What the structures stand for that a running program was given, by address. */
  readonly kernelObjects = new Map<number, KernelObject>();
  /** What helpers keep for the machine from one call to the next, by a name of theirs. */
  readonly helperState = new Map<string, object>();
  /** Return value of the hook a cgroup or LSM program runs for (bpf_get_retval). */
  retval = 0;
  /** A context as programs that trace its program see it. */
  kernelContext: (vm: Vm, ctx: number) => number = (_vm, ctx) => ctx;
  /** Packets of contexts. */
  packet: PacketAccess | undefined = undefined;
  readonly timers: Timers;
  /** Objects of bpf_obj_new by address. */
  readonly objects = new Map<number, ObjectInfo>();
  #deadline = 0;
  #looked = 0;
  #turns = 1;
  /** When others are served next, and milliseconds that went by while they were. */
  #serveAt = 0;
  #away = 0;
  /** When a may_goto asked last. */
  #asked = 0;
  readonly #words: Int32Array;
  /** Index of the scratch block in {@link #words}. */
  readonly #scratchWord: number;
  readonly #ksyms = new Map<string, number>();

  constructor(env: VmHost, tables: VmTables) {
    this.env = env;
    this.tables = tables;
    this.hashSeed = env.random.u32();
    this.scratch = env.arena.alloc(SCRATCH.SIZE);
    const stack = env.arena.allocPages(STACK_PAGES);
    this.#words = env.arena.i32;
    this.#scratchWord = this.scratch >> 2;
    if (this.scratch === 0 || stack === 0) throw new Errno(ENOMEM, 'No arena memory for the program stack');
    this.stackBottom = stack;
    this.stackTop = stack + STACK_PAGES * PAGE_SIZE;
    this.sp = this.stackTop;
    this.timers = new Timers(this);
  }

  readonly stackBottom: number;
  readonly stackTop: number;

  /** Where the stack of the next program or callback begins. */
  get sp(): number {
    return this.#words[this.#scratchWord + SCRATCH.SP / 4]!;
  }
  set sp(address: number) {
    this.#words[this.#scratchWord + SCRATCH.SP / 4] = address;
  }

  /** Whether another program or callback may be entered: the kernel has its own nesting limits, this is ours. */
  get mayNest(): boolean {
    return this.sp - this.stackBottom >= STACK_RESERVE;
  }

  /** An exception on its way, until somebody caught it. */
  exception: BpfException | undefined = undefined;

  /** Which main program runs, see {@link SCRATCH}. */
  get mainSerial(): number {
    return this.#words[this.#scratchWord + SCRATCH.MAIN / 4]!;
  }
  set mainSerial(serial: number) {
    this.#words[this.#scratchWord + SCRATCH.MAIN / 4] = serial;
  }

  /**
   * For compiled code that called a function which may have made a tail call: whether what
   * it was left by is an exception of the program that call began. An exception ends the
   * main program it is thrown in; r0 is its result, left as the first argument of a callback is.
   */
  caughtBelow(serial: number): boolean {
    const { exception } = this;
    if (exception === undefined || this.mainSerial === serial) return false;
    this.exception = undefined;
    this.mainSerial = serial;
    this.setArg(0, exception.lo, exception.hi);
    return true;
  }

  /** Tail calls made by the program that runs (`MAX_TAIL_CALL_CNT`). */
  get tailCalls(): number {
    return this.#words[this.#scratchWord + SCRATCH.TAIL_CALLS / 4]!;
  }
  set tailCalls(count: number) {
    this.#words[this.#scratchWord + SCRATCH.TAIL_CALLS / 4] = count;
  }

  /** One more tail call, which is also a turn of a loop without bound. */
  countTailCall(): void {
    this.#words[this.#scratchWord + SCRATCH.TAIL_CALLS / 4]!++;
    this.loopTurn();
  }

  /** High half of the last 64-bit result. */
  get r0Hi(): number {
    return this.#words[this.#scratchWord + SCRATCH.R0_HI / 4]!;
  }
  set r0Hi(hi: number) {
    this.#words[this.#scratchWord + SCRATCH.R0_HI / 4] = hi;
  }

  /** For a helper that returns `long`: leaves the high half, gives the low one back. */
  ret64(lo: number, hi: number): number {
    this.r0Hi = hi;
    return lo;
  }

  /** As {@link ret64} of a BigInt, for helpers off the hot path. */
  retBig(value: bigint): number {
    this.r0Hi = Number(BigInt.asIntN(32, value >> 32n));
    return Number(BigInt.asIntN(32, value));
  }

  /** Sets argument `index` (0 to 4) of the next callback to a 64-bit value given as halves. */
  setArg(index: number, lo: number, hi: number): void {
    const at = (this.scratch + SCRATCH.ARGS + index * 8) >> 2;
    this.env.arena.i32[at] = lo;
    this.env.arena.i32[at + 1] = hi;
  }

  /** The first arguments in the scratch block, as 64-bit values. */
  argBits(count: number): bigint[] {
    const { view } = this.env.arena;
    return Array.from({ length: count }, (_, i) => view.getBigUint64(this.scratch + SCRATCH.ARGS + i * 8, true));
  }

  /** Sets argument `index` of the next callback to a pointer (0: NULL). */
  setArgPtr(index: number, address: number): void {
    this.setArg(index, address, address === 0 ? 0 : BASE_HI);
  }

  /**
   * Calls a function of a program by its handle, with the arguments set before: the
   * low half of r0 as an int32 ({@link r0Hi} has the other).
   */
  callback(handle: number): number {
    const func = this.funcs[handle];
    if (func === undefined) throw new ProgramAborted(`Cannot call function ${handle}: there is none`);
    if (!this.mayNest) throw new ProgramAborted('Stack of nested programs is used up');
    return func.prog.callFunc(func.subprog);
  }

  /** The map whose header is at this address, or undefined. */
  mapAt(address: number): BpfMap | undefined {
    return this.env.maps.find(this.env.arena.i32[address >> 2]!);
  }

  /** A handle for a function of a program; released with the program. */
  addFunc(prog: BpfProg, subprog: number): number {
    const handle = this.#freeFuncs.pop() ?? this.funcs.length;
    this.funcs[handle] = { prog, subprog };
    return handle;
  }

  removeFunc(handle: number): void {
    this.funcs[handle] = undefined;
    this.#freeFuncs.push(handle);
  }

  /** A slot of the table of compiled programs. */
  takeSlot(): number {
    const free = this.#freeSlots.pop();
    if (free !== undefined) return free;
    if (this.#nextSlot === this.table.length) this.table.grow(this.table.length);
    return this.#nextSlot++;
  }

  freeSlot(slot: number): void {
    this.table.set(slot, null);
    this.#freeSlots.push(slot);
  }

  /** Address of a kernel variable that programs name (`__ksym`): zeroed memory of its own, made when first asked for. */
  ksym(name: string): number {
    let address = this.#ksyms.get(name);
    if (address === undefined) {
      address = this.env.arena.allocPages(KSYM_PAGES * this.env.nrCpus);
      if (address === 0) throw new Errno(ENOMEM, `No arena memory for kernel variable ${name}`);
      this.#ksyms.set(name, address);
    }
    return address;
  }

  /** Its own fields that a run may change, for `Saves`: not what stands in the arena, nor the objects it holds. */
  saveState(): () => void {
    const { retval, nextCookie, exception } = this;
    const ksyms = [...this.#ksyms];
    return () => {
      this.retval = retval;
      this.nextCookie = nextCookie;
      this.exception = exception;
      this.#ksyms.clear();
      for (const [name, address] of ksyms) this.#ksyms.set(name, address);
    };
  }

  /** Bytes of a block of per-CPU memory. */
  percpuBytes(): number {
    return PERCPU_STRIDE * this.env.nrCpus;
  }

  /** The program in a slot of a prog array, or undefined: empty, or beyond the end. `index` is taken as unsigned. */
  tailProgram(map: BpfMap, index: number): BpfProg | undefined {
    return map.mapType === BPF_MAP_TYPE.PROG_ARRAY
      ? (progArrayGet(map, index >>> 0) as BpfProg | undefined)
      : undefined;
  }

  /** An outermost run begins: the whole stack, no tail calls, a new budget. */
  begin(prog: BpfProg, ctx: number): void {
    const words = this.#words;
    const at = this.#scratchWord;
    this.depth = 1;
    this.current = prog;
    this.currentCtx = ctx;
    this.startBudget(prog);
    words[at + SCRATCH.SP / 4] = this.stackTop;
    words[at + SCRATCH.TAIL_CALLS / 4] = 0;
    words[at + SCRATCH.MAIN / 4] = 0;
  }

  /** The end of a run that {@link begin} began. */
  end(): void {
    this.depth = 0;
    this.current = undefined;
    this.currentCtx = 0;
    this.#words[this.#scratchWord + SCRATCH.SP / 4] = this.stackTop;
    if (this.env.grace?.isPending === true) this.env.grace.end();
  }

  /** Starts the time budget of an outermost run. */
  startBudget(prog: BpfProg): void {
    const words = this.#words;
    const at = this.#scratchWord;
    const turns = 1 << prog.linked.turnsLog;
    this.runId++;
    this.#deadline = 0;
    this.#turns = turns;
    words[at + SCRATCH.BUDGET / 4] = turns;
    words[at + SCRATCH.CPU / 4] = this.env.cpu;
  }

  /** Time that is not the program's own does not count. */
  notCounted<T>(body: () => T): T {
    const begin = this.now();
    try {
      return body();
    } finally {
      if (this.#deadline !== 0) this.#deadline += this.now() - begin;
    }
  }

  /** One turn of a loop the verifier has no bound for; ends the program when its time is over. */
  loopTurn(): void {
    const at = this.#scratchWord + SCRATCH.BUDGET / 4;
    if (--this.#words[at]! < 0) this.budgetSpent();
  }

  /** The turns are used up: looks at the clock, ends the program or gives it more turns. */
  budgetSpent(): void {
    const now = this.now();
    if (this.#deadline !== 0) {
      const took = now - this.#looked;
      if (took < LOOK_MS_MIN) this.#turns = Math.min(this.#turns * 2, BUDGET_TURNS_MAX);
      else if (took > LOOK_MS_MAX) this.#turns = Math.max(Math.floor(this.#turns / took), 1);
    }
    this.#looked = now;
    this.#checkBudget(now);
    this.env.arena.i32[(this.scratch + SCRATCH.BUDGET) >> 2] = this.#turns;
  }

  /** The budget begins with the first look at the clock. */
  #checkBudget(now: number): void {
    if (this.#deadline === 0) {
      this.#deadline = now + this.budgetMs;
      this.#serveAt = now + ALONE_MS;
    }
    if (now >= this.#serveAt) this.serveOthers();
    if (now < this.#deadline) return;
    const name = this.current?.name ?? '';
    const message = `Program '${name}' was ended: it ran for more than ${this.budgetMs} ms (budget)`;
    this.onBudget?.(message);
    throw new ProgramAborted(message);
  }

  /**
   * Lets others have their turn, here where the program is between two instructions or two
   * pieces of a long command: what is the program's own stays as it is. Not while it holds a
   * lock, for which they would wait.
   */
  serveOthers(): void {
    const { doors } = this.env;
    if (doors === undefined || !doors.isOpen || this.locks > 0) return;
    const { cpu, arena } = this.env;
    const scratch = arena.i32.slice(this.scratch >> 2, (this.scratch + SCRATCH.SIZE) >> 2);
    const start = performanceNow();
    const end = start + SERVE_MS_MAX;
    doors.serve(() => performanceNow() >= end);
    const took = performanceNow() - start;
    this.#away += took;
    arena.i32.set(scratch, this.scratch >> 2);
    this.env.cpu = cpu;
    this.#serveAt = this.now() + Math.max(SERVE_EVERY_MS, took);
  }

  /**
   * A call that may take long ({@link isSlow}): the verifier bounds how many there are, but not the time of each.
   */
  slowTurn(): void {
    const at = this.#scratchWord + SCRATCH.BUDGET / 4;
    const left = this.#words[at]! - SLOW_TURNS;
    this.#words[at] = left;
    if (left < 0) this.budgetSpent();
  }

  /**
   * The turns of a frame's may_goto ran out (`bpf_check_timed_may_goto`). The state of its
   * loops goes in, the next one comes out, or -1 when they had their time; how many turns come
   * next is left in {@link SCRATCH}. The clock that ends them is looked at every 65,535 turns,
   * as in the kernel; the budget and others who wait more often.
   *
   * The state at first is {@link LinkedProgram.turnsLog}. Its parts, from the low end: 5 bits,
   * the turns now over as a power of two; 16 bits, turns before them; the rest, when its time
   * began, in milliseconds plus 1.
   */
  mayGoto(state: number): number {
    let log = state % 32;
    let turns = (Math.floor(state / 2 ** 5) % 2 ** 16) + 2 ** log;
    let since = Math.floor(state / 2 ** 21);
    const now = this.now();
    this.#checkBudget(now);
    if (turns >= MAY_GOTO_TURNS) {
      if (since > 0 && now - since + 1 >= MAY_GOTO_MS) {
        reportMayGoto(this);
        return -1;
      }
      if (since === 0) since = Math.floor(now) + 1;
      turns = 0;
    }
    const took = now - this.#asked;
    this.#asked = now;
    if (took < LOOK_MS_MIN) log = Math.min(log + 1, MAY_GOTO_LOG_MAX);
    else if (took > LOOK_MS_MAX && log > 0) log--;
    this.#words[this.#scratchWord + SCRATCH.MAY_GOTO / 4] = 2 ** log;
    return since * 2 ** 21 + turns * 2 ** 5 + log;
  }

  /** Turns of a may_goto until it asks again. */
  get mayGotoTurns(): number {
    return this.#words[this.#scratchWord + SCRATCH.MAY_GOTO / 4]!;
  }
}

/** The monotonic clock every JavaScript host has. */
function performanceNow(): number {
  return (globalThis as { performance?: { now(): number } }).performance?.now() ?? Date.now();
}

/** The pointer a program sees for an arena address, as 64 bits. */
export function pointerBits(address: number): bigint {
  return address === 0 ? 0n : (BigInt(BASE_HI) << 32n) | BigInt(address);
}
