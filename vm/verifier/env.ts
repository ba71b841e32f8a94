/**
 * Everything one verification holds (`struct bpf_verifier_env`): the program, what was
 * found out about it, the current state, the states to visit, the log.
 */
import { BPF_LOG_LEVEL1, BPF_LOG_LEVEL2, type BpfLog } from '../../base/bpf_log.ts';
import type { Btf } from '../../btf/btf.ts';
import { type DisasmNames, disasmInsn } from '../disasm.ts';
import {
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
  decodeInsns,
  type Insns,
  OP_LDDW,
} from '../insn.ts';
import type { StructOpsRules } from '../progtypes/struct_ops.ts';
import { IdMap } from './idmap.ts';
import type { KfuncFacts } from './kfuncfacts.ts';
import type { Liveness } from './liveness.ts';
import { frameStr } from './print.ts';
import type { JmpEntry, VState } from './state.ts';
import { InsnAux, type MapDesc, type ProgContext, type ProgTypeRules, type VerifierInput } from './types.ts';

/** What the verifier itself remembers of an instruction (`struct bpf_insn_aux_data`). */
export class Aux extends InsnAux {
  prunePoint = false;
  jmpPoint = false;
  forceCheckpoint = false;
  callsCallback = false;
  /** Base pointer type seen by the memory access, for "same insn cannot be used with different pointers". */
  ptrType = 0;
  /** Registers that may be read after (bit set). */
  liveRegs = 0x3ff;
  scc = 0;
  /** lddw of a BTF variable. */
  btfVar: { type: number; btf: Btf; btfId: number; memSize: number } | undefined = undefined;
  nospec = false;
  nospecResult = false;
  /** bits of alu sanitation state. */
  aluState = 0;
  aluLimit = 0;
  storageGetFuncAtomic = false;
  fastcallPattern = false;
  fastcallSpills = 0;
  isIterNext = false;
  argProg = 0;
}

/** One function (`struct bpf_subprog_info`). */
export class Subprog {
  start: number;
  linfoIdx = 0;
  postorderStart = 0;
  exitIdx = 0;
  stackDepth = 0;
  /** As {@link stackDepth}, of the instructions as given: before fastcall slots are taken out. */
  runDepth = 0;
  hasTailCall = false;
  tailCallReachable = false;
  hasLdAbs = false;
  isCb = false;
  isAsyncCb = false;
  isExceptionCb = false;
  argsCached = false;
  changesPktData = false;
  mightSleep = false;
  fastcallStackOff = 0;
  keepFastcallStack = false;
  called = false;
  global = false;
  unreliable = false;
  name = '';
  funcId = 0;
  args: SubprogArg[] = [];
  verified = false;

  constructor(start: number) {
    this.start = start;
  }
}

/** An argument of a global function. */
export interface SubprogArg {
  readonly type: number;
  readonly memSize: number;
  readonly btf?: Btf;
  readonly btfId?: number;
}

/** A context argument that is more than its prototype says (`struct bpf_ctx_arg_aux`). */
export interface CtxArg {
  readonly off: number;
  readonly regType: number;
  /** For kernel objects; the id is 0 when the kernel's BTF does not have the struct. */
  readonly btf?: Btf | undefined;
  readonly btfId: number;
  /** The program owns a reference to it (`__ref`). */
  readonly refcounted?: boolean;
  /** The reference the program holds from its start; 0: none. */
  refObjId: number;
}

/** One walk of a loop (`struct bpf_scc_visit`). */
export interface SccVisit {
  entry: VState | undefined;
  /** States found equal to one of the loop's: precision has to flow back along them. */
  backedges: VState[];
}

/** A path that waits (`struct bpf_verifier_stack_elem`). */
export interface StackElem {
  state: VState;
  insnIdx: number;
  prevInsnIdx: number;
  logPos: number;
}

/** A checkpoint at an instruction. */
export interface StateListEntry {
  state: VState;
  missCnt: number;
  hitCnt: number;
  inFreeList: boolean;
}

export interface LineInfo {
  readonly insnOff: number;
  readonly file: string;
  readonly line: string;
  readonly lineCol: number;
  readonly fileNameOff: number;
  readonly lineOff: number;
}

const EMPTY_SLOTS = new Set<number>();

/** One verification. */
export class Env {
  readonly input: VerifierInput;
  readonly insns: Insns;
  /** The instructions are not those that were given: CO-RE records changed them. */
  patched = false;
  readonly log: BpfLog;
  /** The rules of the program's type; an extension gets its target's. */
  rules: ProgTypeRules;
  /** What the tables are asked with; a target found later is put in with {@link Env.attachTo}. */
  prog: ProgContext;
  readonly aux: Aux[] = [];
  readonly progFlags: number;
  /** allow_ptr_leaks, bypass_spec_v1/v4 follow CAP_PERFMON; bpf_capable CAP_BPF. */
  readonly bpfCapable: boolean;
  readonly allowPtrLeaks: boolean;
  readonly bypassSpecV1: boolean;
  readonly bypassSpecV4: boolean;
  readonly allowUninitStack: boolean;
  readonly strictAlignment: boolean;
  readonly testStateFreq: boolean;

  subprogs: Subprog[] = [];
  subprogCnt = 0;
  /** An access was allowed that no conversion is there for. */
  unconvertible = false;
  exceptionCallbackSubprog = 0;
  usedMaps: MapDesc[] = [];
  arena: MapDesc | undefined = undefined;
  /** 64-bit immediates of lddw after resolution, by instruction. */
  readonly imm64 = new Map<number, bigint>();
  /** kfuncs called: by id and offset. */
  readonly kfuncNames = new Map<number, string>();
  lines: LineInfo[] = [];
  /** Records of func_info: type id by subprogram. */
  funcInfo: { insnOff: number; typeId: number }[] = [];
  postorder: number[] = [];
  sccCnt = 0;
  /** Program has a target: what `btf_ctx_access` looks at. */
  attachFuncProto: { btf: Btf; protoId: number; name: string } | undefined = undefined;
  attachBtfTrace = false;
  /** Arguments of the context with a type of their own (`ctx_arg_info`). */
  ctxArgs: readonly CtxArg[] = [];
  /** The structure of operations that the program is a member of. */
  structOps: StructOpsRules | undefined = undefined;
  sleepable: boolean;

  cur: VState | undefined = undefined;
  insnIdx = 0;
  prevInsnIdx = 0;
  /** The instruction before the next one on the path. */
  lastIdx = -1;
  stack: StackElem[] = [];
  explored: (StateListEntry[] | undefined)[] = [];
  curHist: JmpEntry | undefined = undefined;
  curSubprog = 0;
  idGen = 0;

  insnProcessed = 0;
  totalStates = 0;
  peakStates = 0;
  liveStates = 0;
  maxStatesPerInsn = 0;
  prevInsnProcessed = 0;
  prevJmpsProcessed = 0;
  jmpsProcessed = 0;

  maxCtxOffset = 0;
  maxPktOffset = 0;
  maxTpAccess = 0;
  maxRdonlyAccess = 0;
  maxRdwrAccess = 0;
  cbAccess = false;
  dstNeeded = false;
  seenDirectWrite = false;
  seenException = false;
  exploreAluLimits = false;
  doPrintState = false;
  changesPktData = false;
  mightSleep = false;

  scratchedRegs = 0;
  scratchedSlots: Set<number> = EMPTY_SLOTS;
  scratchedAllSlots = false;
  prevLogPos = 0;
  prevInsnPrintPos = 0;
  prevLine: LineInfo | undefined = undefined;
  readonly names: DisasmNames;
  callDepthWarn = false;
  readonly kfuncs = new Map<number, KfuncFacts>();
  readonly #kfuncBtfs = new Map<number, Btf>();
  vmlinuxBtf: Btf | undefined = undefined;
  /** Stack slots that may still be read (liveness.ts). */
  liveness!: Liveness;
  /** Loops being walked, by call chain and number (scc.ts). */
  readonly sccVisits = new Map<string, SccVisit>();
  numBackedges = 0;
  exploredSize = 0;
  freeListSize = 0;
  readonly idMap = new IdMap();
  /** Texts of instructions that were printed. */
  readonly #texts: string[] = [];

  constructor(input: VerifierInput, rules: ProgTypeRules) {
    this.input = input;
    this.rules = rules;
    this.insns = decodeInsns(input.insns);
    this.log = input.log;
    this.progFlags = input.progFlags;
    const { caps } = input;
    this.bpfCapable = caps.bpf;
    this.allowPtrLeaks = caps.perfmon;
    this.bypassSpecV1 = caps.perfmon;
    this.bypassSpecV4 = caps.perfmon;
    this.allowUninitStack = caps.perfmon;
    // BPF_F_STRICT_ALIGNMENT 1, BPF_F_ANY_ALIGNMENT 2, BPF_F_TEST_STATE_FREQ 8 (include/uapi/linux/bpf.h).
    this.strictAlignment = (input.progFlags & 1) !== 0 && (input.progFlags & 2) === 0;
    this.testStateFreq = caps.bpf && (input.progFlags & 8) !== 0;
    this.sleepable = (input.progFlags & 16) !== 0;
    this.vmlinuxBtf = input.vmlinux();
    this.prog = {
      type: input.progType,
      expectedAttachType: input.expectedAttachType,
      sleepable: this.sleepable,
      caps,
      gplCompatible: input.gplCompatible,
      attachFuncName: input.attach?.btf?.type(input.attach.btfId)?.name ?? '',
      devBound: false,
    };
    this.names = {
      call: (i) => this.callName(i),
      imm64: (i) => this.lddwImm(i),
    };
  }

  /** The program's target is known: its prototype (0: any five numbers), and its name in messages and tables. */
  attachTo(btf: Btf, protoId: number, name: string, attachStruct = ''): void {
    this.attachFuncProto = { btf, protoId, name };
    this.prog = { ...this.prog, attachFuncName: name, attachStruct };
  }

  /** The type the rules go by: an extension has its target's. */
  get progType(): number {
    return this.rules.type;
  }

  private callName(i: number): string {
    const imm = this.insns.imm[i]!;
    if (this.insns.src[i] === BPF_PSEUDO_KFUNC_CALL) {
      const type = this.kfuncBtf(this.insns.off[i]!)?.type(imm);
      return `${type?.name ?? 'kernel-function'}#${imm}`;
    }
    const name = this.insns.src[i] === 0 ? this.input.tables.helperName(imm) : undefined;
    return `${name === undefined ? 'unknown' : `bpf_${name}`}#${imm}`;
  }

  /** BTF that a kfunc call's offset names: vmlinux for 0. */
  kfuncBtf(off: number): Btf | undefined {
    if (off === 0) return this.vmlinuxBtf;
    // Once only: the caller's memory and descriptors may change while the verification goes on.
    let btf = this.#kfuncBtfs.get(off);
    if (btf === undefined) {
      btf = this.#findKfuncBtf(off);
      if (btf !== undefined) this.#kfuncBtfs.set(off, btf);
    }
    return btf;
  }

  #findKfuncBtf(off: number): Btf | undefined {
    const fd = this.input.fdArray?.(off);
    const btf = fd === undefined ? undefined : this.input.btfByFd?.(fd);
    return typeof btf === 'object' ? btf : undefined;
  }

  private lddwImm(i: number): bigint {
    const src = this.insns.src[i]!;
    // Addresses of maps are not told to those who may not know them.
    if (!this.allowPtrLeaks && (src === BPF_PSEUDO_MAP_FD || src === BPF_PSEUDO_MAP_VALUE)) return 0n;
    const known = this.imm64.get(i);
    if (known !== undefined) return known;
    const high = BigInt((this.insns.imm[i + 1] ?? 0) >>> 0);
    return (high << 32n) | BigInt(this.insns.imm[i]! >>> 0);
  }

  /** Writes to the log at any level (`verbose`). */
  verbose(text: string): void {
    if (this.log.level === 0) return;
    if (text.length <= 1000) {
      this.log.write(text);
      return;
    }
    // The kernel prints long lines in small pieces, each far below its limit of 1024 bytes.
    for (let at = 0; at < text.length; at += 1000) this.log.write(text.slice(at, at + 1000));
  }

  get logging(): boolean {
    return (this.log.level & (BPF_LOG_LEVEL1 | BPF_LOG_LEVEL2)) !== 0;
  }

  get logLevel2(): boolean {
    return (this.log.level & BPF_LOG_LEVEL2) !== 0;
  }

  /** The instruction's text, without newline. */
  insnText(i: number): string {
    const known = this.#texts[i];
    if (known !== undefined) return known;
    const text = disasmInsn(this.insns, i, this.names);
    this.#texts[i] = text;
    return text;
  }

  isLddw(i: number): boolean {
    return this.insns.op[i] === OP_LDDW;
  }

  /** The subprogram an instruction is in (`bpf_find_containing_subprog`). */
  containingSubprog(i: number): number {
    let low = 0;
    let high = this.subprogCnt - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.subprogs[middle]!.start <= i) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The subprogram that starts here, or -1 (`find_subprog`). */
  findSubprog(start: number): number {
    const i = this.containingSubprog(start);
    return this.subprogs[i]?.start === start ? i : -1;
  }

  nextId(): number {
    return ++this.idGen;
  }

  // What changed since the state was printed last.

  scratchReg(regno: number): void {
    this.scratchedRegs |= 1 << regno;
  }

  scratchSlot(spi: number): void {
    if (this.scratchedSlots === EMPTY_SLOTS) this.scratchedSlots = new Set();
    this.scratchedSlots.add(spi);
  }

  scratchAll(): void {
    this.scratchedRegs = 0xffff;
    this.scratchedAllSlots = true;
  }

  cleanScratch(): void {
    this.scratchedRegs = 0;
    this.scratchedAllSlots = false;
    this.scratchedSlots = EMPTY_SLOTS;
  }

  get scratched(): boolean {
    return this.scratchedRegs !== 0 || this.scratchedAllSlots || this.scratchedSlots.size > 0;
  }

  /** State of a frame with what changed, or all of it; ends the line (`print_verifier_state`). */
  printState(state: VState, frameno: number, all: boolean): void {
    const frame = state.frames[frameno]!;
    if (this.log.level !== 0) {
      const slots = (spi: number): boolean => this.scratchedAllSlots || this.scratchedSlots.has(spi);
      this.verbose(`${frameStr(state, frame, this.scratchedRegs, slots, all)}\n`);
    }
    if (!all) this.cleanScratch();
  }

  /** The same behind the instruction just printed, aligned (`print_insn_state`). */
  printInsnState(state: VState, frameno: number): void {
    if (this.prevLogPos !== 0 && this.prevLogPos === this.log.position) {
      this.log.reset(this.prevLogPos - 1);
      const pos = this.prevInsnPrintPos;
      const width = Math.ceil(Math.max(pos + 4, 40) / 8) * 8 - pos - 1;
      this.verbose(`${' '.repeat(width)};`);
    } else {
      this.verbose(`${this.insnIdx}:`);
    }
    this.printState(state, frameno, false);
  }

  /** The source line of an instruction, when it differs from the one printed last (`verbose_linfo`). */
  verboseLine(i: number, prefix: string): void {
    if (this.log.level === 0) return;
    const line = this.findLine(i);
    if (line === undefined || line === this.prevLine) return;
    const previous = this.prevLine;
    if (
      previous !== undefined &&
      previous.fileNameOff === line.fileNameOff &&
      previous.lineOff === line.lineOff &&
      previous.lineCol >>> 10 === line.lineCol >>> 10
    ) {
      return;
    }
    this.prevLine = line;
    const slash = line.file.lastIndexOf('/');
    const base = slash >= 0 ? line.file.slice(slash + 1) : line.file;
    this.verbose(`${prefix}${line.line.trimStart()} @ ${base}:${line.lineCol >>> 10}\n`);
  }

  private findLine(i: number): LineInfo | undefined {
    const lines = this.lines;
    if (lines.length === 0 || i >= this.insns.count) return undefined;
    let low = 0;
    let high = lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (lines[middle]!.insnOff <= i) low = middle;
      else high = middle - 1;
    }
    return lines[low];
  }

  /** Name of the BTF function of a subprogram, or empty. */
  subprogName(subprog: number): string {
    const info = this.funcInfo[subprog];
    if (info === undefined) return '';
    return this.input.btf?.type(info.typeId)?.name ?? '';
  }
}
