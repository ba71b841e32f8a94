/**
 * The abstract machine state: registers, stack slots, call frames, references, locks
 * (`struct bpf_reg_state`, `bpf_stack_state`, `bpf_func_state`, `bpf_verifier_state`).
 */
import type { Btf } from '../../btf/btf.ts';
import { MAX_BPF_REG } from '../insn.ts';
import { NOT_INIT, SCALAR_VALUE } from './flags.ts';
import { type Range, UNKNOWN, ZERO } from './range.ts';
import type { MapDesc } from './types.ts';

/** Set in a scalar's id: the register is the id's value plus `off`, added in 64 or in 32 bits. */
export const BPF_ADD_CONST64 = 1 << 30;
export const BPF_ADD_CONST32 = 1 << 29;
export const BPF_ADD_CONST = BPF_ADD_CONST64 | BPF_ADD_CONST32;

/** What is in a byte of the stack. */
export const STACK_INVALID = 0;
export const STACK_SPILL = 1;
export const STACK_MISC = 2;
export const STACK_ZERO = 3;
export const STACK_DYNPTR = 4;
export const STACK_ITER = 5;
export const STACK_IRQ_FLAG = 6;

/** Characters of the stack bytes in the log. */
export const SLOT_CHARS = '?rm0dif';

/** States of an open-coded iterator. */
export const ITER_ACTIVE = 1;
export const ITER_DRAINED = 2;

/** Packet ranges that are not lengths: the pointer is at, or one beyond, the end. */
export const AT_PKT_END = -1;
export const BEYOND_PKT_END = -2;

/** A dynptr's kind. */
export const DYNPTR_INVALID = 0;
export const DYNPTR_LOCAL = 1;
export const DYNPTR_RINGBUF = 2;
export const DYNPTR_SKB = 3;
export const DYNPTR_XDP = 4;
export const DYNPTR_SKB_META = 5;
export const DYNPTR_NAMES = ['', 'local', 'ringbuf', 'skb', 'xdp', 'skb_meta'] as const;

/** A register, or a value spilled to the stack. */
export class Reg {
  type = NOT_INIT;
  /** Fixed offset of a pointer; of a linked scalar, what is added to its id's value. */
  off = 0;
  id = 0;
  refObjId = 0;
  /** The variable offset of a pointer, or the value of a scalar. */
  range: Range = ZERO;
  precise = false;
  /** One more than the index of the instruction that defined the low half alone; 0: none. */
  subregDef = 0;
  /** PTR_TO_STACK: frame it points into. */
  frameno = 0;
  /** Packet range, memory size, subprogram, kind of dynptr, kind of irq kfuncs: by type. */
  num = 0;
  map: MapDesc | undefined = undefined;
  mapUid = 0;
  btf: Btf | undefined = undefined;
  btfId = 0;
  /** Iterator slots: state and depth. */
  iterState = 0;
  iterDepth = 0;
  /** First slot of a dynptr or iterator. */
  firstSlot = false;
  /** Of a slice: the id of the dynptr it is from. */
  dynptrId = 0;

  copyFrom(other: Reg): void {
    this.type = other.type;
    this.off = other.off;
    this.id = other.id;
    this.refObjId = other.refObjId;
    this.range = other.range;
    this.precise = other.precise;
    this.subregDef = other.subregDef;
    this.frameno = other.frameno;
    this.num = other.num;
    this.map = other.map;
    this.mapUid = other.mapUid;
    this.btf = other.btf;
    this.btfId = other.btfId;
    this.iterState = other.iterState;
    this.iterDepth = other.iterDepth;
    this.firstSlot = other.firstSlot;
    this.dynptrId = other.dynptrId;
  }

  clone(): Reg {
    const copy = new Reg();
    copy.copyFrom(this);
    return copy;
  }

  /** Everything but the subregister definition as after `mark_reg_not_init`. */
  reset(): void {
    this.type = NOT_INIT;
    this.off = 0;
    this.id = 0;
    this.refObjId = 0;
    this.range = UNKNOWN;
    this.precise = false;
    this.frameno = 0;
    this.num = 0;
    this.map = undefined;
    this.mapUid = 0;
    this.btf = undefined;
    this.btfId = 0;
    this.iterState = 0;
    this.iterDepth = 0;
    this.firstSlot = false;
    this.dynptrId = 0;
  }

  setUnknown(): void {
    this.reset();
    this.type = SCALAR_VALUE;
  }

  /** The scalar `range`; forgets ids and offsets, keeps nothing. */
  setScalar(range: Range): void {
    this.reset();
    this.type = SCALAR_VALUE;
    this.range = range;
  }
}

/** Shared content of slots that hold no register; never changed. */
export const NO_REG: Reg = Object.freeze(new Reg()) as Reg;

/** Eight bytes of stack. */
export class StackSlot {
  /** Kinds of the eight bytes, a nibble each; byte i is the one at the slot's highest address minus i. */
  kinds = 0;
  reg: Reg = NO_REG;

  kind(i: number): number {
    return (this.kinds >>> (i * 4)) & 15;
  }

  setKind(i: number, kind: number): void {
    this.kinds = (this.kinds & ~(15 << (i * 4))) | (kind << (i * 4));
  }

  setAll(kind: number): void {
    this.kinds = (kind * 0x11111111) | 0;
  }

  isAll(kind: number): boolean {
    return this.kinds === ((kind * 0x11111111) | 0);
  }

  clone(): StackSlot {
    const copy = new StackSlot();
    copy.kinds = this.kinds;
    copy.reg = this.reg === NO_REG ? NO_REG : this.reg.clone();
    return copy;
  }

  /** The register of the slot, one of its own. */
  own(): Reg {
    if (this.reg === NO_REG) this.reg = new Reg();
    return this.reg;
  }

  /** The whole slot is a spilled register (`is_spilled_reg`). */
  get isSpilled(): boolean {
    return this.kinds >>> 28 === STACK_SPILL;
  }

  /** A spilled scalar (`is_spilled_scalar_reg`). */
  get isSpilledScalar(): boolean {
    return this.isSpilled && this.reg.type === SCALAR_VALUE;
  }

  /** All eight bytes are one spilled scalar (`is_spilled_scalar_reg64`). */
  get isSpilledScalar64(): boolean {
    return (this.kinds & 15) === STACK_SPILL && this.reg.type === SCALAR_VALUE;
  }
}

/** One call frame. */
export class FuncState {
  readonly regs: Reg[] = [];
  /** Index of the call instruction; -1 for the main program. */
  callsite: number;
  frameno: number;
  subprogno: number;
  asyncEntryCnt = 0;
  /** Range the callback's return value must be in; undefined: no callback. */
  callbackRet: { min: number; max: number } | undefined = undefined;
  inCallback = false;
  inAsyncCallback = false;
  inException = false;
  /** Iterations of the callback simulated so far. */
  callbackDepth = 0;
  stack: StackSlot[] = [];

  constructor(callsite: number, frameno: number, subprogno: number) {
    this.callsite = callsite;
    this.frameno = frameno;
    this.subprogno = subprogno;
  }

  clone(): FuncState {
    const copy = new FuncState(this.callsite, this.frameno, this.subprogno);
    copy.asyncEntryCnt = this.asyncEntryCnt;
    copy.callbackRet = this.callbackRet;
    copy.inCallback = this.inCallback;
    copy.inAsyncCallback = this.inAsyncCallback;
    copy.inException = this.inException;
    copy.callbackDepth = this.callbackDepth;
    for (let i = 0; i < MAX_BPF_REG; i++) copy.regs.push(this.regs[i]!.clone());
    for (const slot of this.stack) copy.stack.push(slot.clone());
    return copy;
  }
}

/** Kinds of acquired references. */
export const REF_PTR = 1;
export const REF_IRQ = 2;
export const REF_LOCK = 4;
export const REF_RES_LOCK = 8;
export const REF_RES_LOCK_IRQ = 16;
export const REF_LOCK_MASK = REF_LOCK | REF_RES_LOCK | REF_RES_LOCK_IRQ;

/** One acquired reference; immutable. */
export interface Ref {
  readonly kind: number;
  readonly id: number;
  readonly insnIdx: number;
  /** Locks: the map or BTF object the lock lives in. */
  readonly ptr: unknown;
}

/** One step of the history between two checkpoints; what precision backtracking follows. */
export interface JmpEntry {
  readonly idx: number;
  readonly prevIdx: number;
  /** `INSN_F_*`. */
  flags: number;
  /** Registers and slots linked by id, packed (see precision.ts). */
  linked: number[] | undefined;
}

/** A step's flags: a stack access with the frame and slot, a jump's operands were scalars. */
export const INSN_F_FRAMENO_MASK = 0x7;
export const INSN_F_SPI_MASK = 0x3f;
export const INSN_F_SPI_SHIFT = 3;
export const INSN_F_STACK_ACCESS = 1 << 9;
export const INSN_F_DST_REG_STACK = 1 << 10;
export const INSN_F_SRC_REG_STACK = 1 << 11;

/** The whole state at one point of one path. */
export class VState {
  frames: FuncState[] = [];
  parent: VState | undefined = undefined;
  /** Number of paths from here that are not finished. */
  branches = 0;
  insnIdx = 0;
  curframe = 0;
  refs: Ref[] = [];
  activeLocks = 0;
  activePreemptLocks = 0;
  activeIrqId = 0;
  activeLockId = 0;
  activeLockPtr: unknown = undefined;
  activeRcuLock = 0;
  speculative = false;
  inSleepable = false;
  cleaned = false;
  firstInsnIdx = 0;
  lastInsnIdx = 0;
  /** Checkpoint it is equal to, for loops (see scc.ts). */
  equalState: VState | undefined = undefined;
  jmpHistory: JmpEntry[] = [];
  dfsDepth = 0;
  callbackUnrollDepth = 0;
  mayGotoDepth = 0;
  /** Removed from the checkpoints while paths from it are unfinished. */
  onFreeList = false;

  get cur(): FuncState {
    return this.frames[this.curframe]!;
  }

  get regs(): Reg[] {
    return this.frames[this.curframe]!.regs;
  }

  copyFrom(other: VState): void {
    this.frames = [];
    for (let i = 0; i <= other.curframe; i++) this.frames.push(other.frames[i]!.clone());
    this.parent = other.parent;
    this.branches = other.branches;
    this.insnIdx = other.insnIdx;
    this.curframe = other.curframe;
    this.refs = other.refs.slice();
    this.activeLocks = other.activeLocks;
    this.activePreemptLocks = other.activePreemptLocks;
    this.activeIrqId = other.activeIrqId;
    this.activeLockId = other.activeLockId;
    this.activeLockPtr = other.activeLockPtr;
    this.activeRcuLock = other.activeRcuLock;
    this.speculative = other.speculative;
    this.inSleepable = other.inSleepable;
    this.cleaned = other.cleaned;
    this.firstInsnIdx = other.firstInsnIdx;
    this.lastInsnIdx = other.lastInsnIdx;
    this.equalState = other.equalState;
    this.jmpHistory = other.jmpHistory.slice();
    this.dfsDepth = other.dfsDepth;
    this.callbackUnrollDepth = other.callbackUnrollDepth;
    this.mayGotoDepth = other.mayGotoDepth;
  }
}

/** Visits every register of the state and every spilled one (`bpf_for_each_reg_in_vstate`). */
export function forEachReg(state: VState, visit: (reg: Reg, frame: FuncState) => void): void {
  for (let f = 0; f <= state.curframe; f++) {
    const frame = state.frames[f]!;
    for (const reg of frame.regs) visit(reg, frame);
    for (const slot of frame.stack) if (slot.isSpilled) visit(slot.reg, frame);
  }
}
