/**
 * Watches a program run and compares each step with what the verifier said may be: the
 * registers, stack slots and linked values of some state it had at that instruction,
 * and memory accesses within what the program was given.
 */
import { BASE_HI } from '../../../mm/arena.ts';
import { BPF_LDX, BPF_PSEUDO_CALL, OP_CALL, OP_EXIT, OP_LDDW, SIZE_BYTES } from '../../../vm/insn.ts';
import {
  baseType,
  PTR_TO_CTX,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_PACKET,
  PTR_TO_PACKET_END,
  PTR_TO_PACKET_META,
  PTR_TO_STACK,
  SCALAR_VALUE,
  typeMayBeNull,
} from '../../../vm/verifier/flags.ts';
import { type Range, zextRange } from '../../../vm/verifier/range.ts';
import {
  BPF_ADD_CONST,
  BPF_ADD_CONST64,
  type FuncState,
  type Reg,
  STACK_SPILL,
  STACK_ZERO,
  VState,
} from '../../../vm/verifier/state.ts';
import { ProgramAborted } from '../../../vm/vm.ts';
import type { Word } from './program.ts';

/** Bytes of context a program may see: the context and the extension of it that holds its pointers. */
const CONTEXT = 512;
const STACK = 512;
/** States kept of a program; one that has more is watched for its memory alone. */
/** Steps of a run that are watched. */
const MOST_STEPS = 4000;
const MOST_STATES = 3000;

/** Pointers whose memory is known. */
const WATCHED = new Set([
  PTR_TO_STACK,
  PTR_TO_CTX,
  PTR_TO_MAP_VALUE,
  PTR_TO_MAP_KEY,
  PTR_TO_MEM,
  PTR_TO_PACKET,
  PTR_TO_PACKET_META,
]);

interface Seen {
  readonly state: VState;
  readonly live: number;
}

/** The states the verifier had at each instruction. */
export class Recording {
  readonly at = new Map<number, Seen[]>();
  /** There were more than could be kept. */
  overflow = false;
  #count = 0;
  /** All paths were walked: what happens is like one of the states. Otherwise they only tell pointers from numbers. */
  readonly exhaustive: boolean;

  constructor(exhaustive: boolean) {
    this.exhaustive = exhaustive;
  }

  get whole(): boolean {
    return this.exhaustive && !this.overflow;
  }

  /** To be given to the verifier as `observe`. */
  readonly observe = (state: VState, insnIdx: number, live: number): void => {
    if (++this.#count > MOST_STATES) {
      this.overflow = true;
      return;
    }
    const copy = new VState();
    copy.copyFrom(state);
    const list = this.at.get(insnIdx);
    if (list === undefined) this.at.set(insnIdx, [{ state: copy, live }]);
    else list.push({ state: copy, live });
  };
}

/** Whether a number is one of a range's. */
function holds(range: Range, value: bigint): boolean {
  const { bits } = range;
  const signed = BigInt.asIntN(64, value);
  const low = Number(value & 0xffffffffn);
  return (
    (value & ~bits.mask & 0xffffffffffffffffn) === bits.value &&
    value >= range.umin &&
    value <= range.umax &&
    signed >= range.smin &&
    signed <= range.smax &&
    low >= range.u32min &&
    low <= range.u32max &&
    (low | 0) >= range.s32min &&
    (low | 0) <= range.s32max
  );
}

/** A span of memory the program may touch. */
type Span = readonly [from: number, to: number];

/** One run of one program. */
export class Watch {
  readonly #words: readonly Word[];
  readonly #recording: Recording;
  readonly #memory: () => DataView;
  readonly #spans: Span[] = [];
  readonly #context: Span;
  /** r10 of the frames, the outermost first. */
  #frames: number[] = [];
  /** Where the functions that were called go back to. */
  #returns: number[] = [];
  #data = 0;
  #dataEnd = 0;
  #meta = 0;
  /** Frames around those of the state that is compared. */
  #base = 0;
  #steps = 0;
  #last = -1;
  /** Steps that were compared with a state. */
  compared = 0;
  /** What was wrong first. */
  fault: string | undefined;

  constructor(words: readonly Word[], recording: Recording, context: number, memory: () => DataView) {
    this.#words = words;
    this.#recording = recording;
    this.#memory = memory;
    this.#context = [context, context + CONTEXT];
    this.#spans.push(this.#context);
  }

  /** Before instruction `at`. */
  step(at: number, regs: Int32Array): void {
    if (this.fault !== undefined) return;
    if (++this.#steps > MOST_STEPS) throw new ProgramAborted('enough was seen of it');
    const entered = this.#enter(at, regs[20]! >>> 0);
    const states = this.#recording.at.get(at) ?? [];
    const all = this.#recording.whole;
    if (states.length === 0 && all) {
      this.fault = `instruction ${at} is reached, the verifier never was there`;
      return;
    }
    this.#learn(regs, states, entered);
    if (all) this.#compare(at, regs, states);
    if (this.fault === undefined) this.#access(at, regs, states);
    this.#last = at;
  }

  /** Follows calls, callbacks and returns; whether a function begins here. */
  #enter(at: number, end: number): boolean {
    const last = this.#words[this.#last];
    if (last === undefined) {
      this.#frames.push(end);
      return true;
    }
    if (last[0] === OP_EXIT) {
      // Back in the caller, or a callback is called once more.
      if (this.#returns.at(-1) !== at) return true;
      this.#frames.pop();
      this.#returns.pop();
      return false;
    }
    if (last[0] !== OP_CALL || (last[2] !== BPF_PSEUDO_CALL && at === this.#last + 1)) return false;
    this.#frames.push(end);
    this.#returns.push(this.#last + 1);
    return true;
  }

  /**
   * How many frames are around those of a state: a global function is checked on its own,
   * wherever it is called from. Negative: the state is of another depth.
   */
  #outer(state: VState): number {
    const outer = this.#frames.length - 1 - state.curframe;
    return outer === 0 || state.frames[0]!.subprogno !== 0 ? outer : -1;
  }

  #value(regs: Int32Array, reg: number): bigint {
    return (BigInt(regs[2 * reg + 1]! >>> 0) << 32n) | BigInt(regs[2 * reg]! >>> 0);
  }

  /** Memory that came with the last instruction: a helper's result, arguments of a callback, packet pointers. */
  #learn(regs: Int32Array, states: readonly Seen[], entered: boolean): void {
    const last = this.#words[this.#last];
    if (last === undefined) return;
    const called = last[0] === OP_CALL;
    const packet = (last[0] & 7) === BPF_LDX;
    if (!called && !entered && !packet && last[0] !== OP_LDDW) return;
    for (const { state } of states) {
      if (this.#outer(state) < 0) continue;
      if (packet) this.#learnPacket(state.cur.regs[last[1]]!, regs, last[1]);
      else if (last[0] === OP_LDDW) this.#learnReg(state.cur.regs[last[1]]!, regs, last[1]);
      else if (called && !entered) this.#learnReg(state.cur.regs[0]!, regs, 0);
      if (entered) for (let reg = 1; reg <= 5; reg++) this.#learnReg(state.cur.regs[reg]!, regs, reg);
    }
  }

  #learnPacket(reg: Reg, regs: Int32Array, number: number): void {
    const addr = regs[2 * number]! >>> 0;
    // The state may be that of another path, where the register holds a pointer and here a number.
    if (regs[2 * number + 1]! >>> 0 !== BASE_HI >>> 0) return;
    if (reg.type === PTR_TO_PACKET && reg.off === 0 && reg.id === 0) this.#data = addr;
    else if (reg.type === PTR_TO_PACKET_END) this.#dataEnd = addr;
    else if (reg.type === PTR_TO_PACKET_META) this.#meta = addr;
  }

  #learnReg(reg: Reg, regs: Int32Array, number: number): void {
    const addr = regs[2 * number]! >>> 0;
    const isPointer = regs[2 * number + 1]! >>> 0 === BASE_HI >>> 0;
    if (!isPointer || !reg.range.isConst) return;
    const base = baseType(reg.type);
    const [size, off] =
      base === PTR_TO_MEM
        ? [reg.num, 0]
        : base === PTR_TO_MAP_VALUE
          ? [reg.map?.valueSize ?? 0, reg.off]
          : base === PTR_TO_MAP_KEY
            ? [reg.map?.keySize ?? 0, 0]
            : [0, 0];
    const from = addr - off - Number(reg.range.bits.value);
    if (size === 0 || this.#spans.some((span) => span[0] === from && span[1] === from + size)) return;
    this.#spans.push([from, from + size]);
  }

  #compare(at: number, regs: Int32Array, states: readonly Seen[]): void {
    let why: string | undefined;
    let tried = false;
    for (let i = states.length - 1; i >= 0; i--) {
      const { state, live } = states[i]!;
      if (this.#outer(state) < 0) continue;
      tried = true;
      const wrong = this.#unlike(state, live, regs);
      if (wrong === undefined) {
        this.compared++;
        return;
      }
      why ??= wrong;
    }
    this.fault = tried
      ? `instruction ${at}: ${why}`
      : `instruction ${at} is reached in frame ${this.#frames.length - 1}`;
  }

  /** What a state does not allow of what is; undefined: it allows all. */
  #unlike(state: VState, live: number, regs: Int32Array): string | undefined {
    const ids = new Map<number, bigint>();
    this.#base = this.#outer(state);
    for (let r = 0; r < 10; r++) {
      if (((live >>> r) & 1) === 0) continue;
      const wrong = this.#unlikeReg(state.cur.regs[r]!, this.#value(regs, r), ids);
      if (wrong !== undefined) return `r${r} ${wrong}`;
    }
    for (let f = 0; f <= state.curframe; f++) {
      const wrong = this.#unlikeStack(state.frames[f]!, this.#frames[this.#base + f]!, ids);
      if (wrong !== undefined) return `frame ${f} ${wrong}`;
    }
    return undefined;
  }

  #unlikeReg(reg: Reg, value: bigint, ids: Map<number, bigint>): string | undefined {
    const text = (): string => `is 0x${value.toString(16)}`;
    if (typeMayBeNull(reg.type) && value === 0n) return undefined;
    const high = value >> 32n;
    const pointer = Number(value & 0xffffffffn);
    const isPointer = high === BigInt(BASE_HI >>> 0);
    const offset = (base: number): bigint => BigInt.asUintN(64, BigInt(pointer - reg.off - base));
    switch (baseType(reg.type)) {
      case SCALAR_VALUE: {
        if (!holds(reg.range, value)) return `${text()}, not within ${describe(reg.range)}`;
        if (reg.id === 0 || ((reg.id & BPF_ADD_CONST) !== 0 && (reg.id & BPF_ADD_CONST) !== BPF_ADD_CONST64))
          return undefined;
        const id = reg.id & ~BPF_ADD_CONST;
        const plain = BigInt.asUintN(64, value - ((reg.id & BPF_ADD_CONST) !== 0 ? BigInt(reg.off) : 0n));
        const known = ids.get(id);
        if (known !== undefined && known !== plain) return `${text()}, id ${id} stands for another value`;
        ids.set(id, plain);
        return undefined;
      }
      case PTR_TO_STACK:
        if (isPointer && holds(reg.range, offset(this.#frames[this.#base + reg.frameno]!))) return undefined;
        return `${text()}, no such stack pointer`;
      case PTR_TO_CTX:
        if (isPointer && pointer - reg.off === this.#context[0]) return undefined;
        return `${text()}, not the context`;
      case PTR_TO_PACKET:
        if (!isPointer) return `${text()}, no packet pointer`;
        if (this.#dataEnd !== 0 && reg.num > 0 && pointer - reg.off + reg.num > this.#dataEnd)
          return `${text()}, fewer than ${reg.num} bytes before the packet's end`;
        return undefined;
      case PTR_TO_MAP_VALUE:
        // It may point outside the value, as long as nobody looks there.
        return isPointer ? undefined : `${text()}, no map value`;
      default:
        return undefined;
    }
  }

  #unlikeStack(frame: FuncState, end: number, ids: Map<number, bigint>): string | undefined {
    const view = this.#memory();
    for (let s = 0; s < frame.stack.length; s++) {
      const slot = frame.stack[s]!;
      const base = end - 8 * (s + 1);
      for (let i = 0; i < 8; i++) {
        // Kind 7 is of the byte at the lowest address.
        if (slot.kind(i) === STACK_ZERO && view.getUint8(base + 7 - i) !== 0)
          return `fp-${8 * (s + 1)} byte ${7 - i} is not 0`;
      }
      if (slot.kind(7) !== STACK_SPILL) continue;
      let size = 8;
      while (size > 0 && slot.kind(8 - size) !== STACK_SPILL) size--;
      const whole = view.getBigUint64(base, true);
      const value = size === 8 ? whole : whole & ((1n << BigInt(8 * size)) - 1n);
      // Of a short spill the low bytes count: that is what a load gives.
      const short = size < 8 && !holds(zextRange(slot.reg.range, size), value);
      const wrong = size < 8 ? (short ? 'is not what was spilled' : undefined) : this.#unlikeReg(slot.reg, value, ids);
      if (wrong !== undefined) return `fp-${8 * (s + 1)} ${wrong}`;
    }
    return undefined;
  }

  /** A load or store must be within what the program was given. */
  #access(at: number, regs: Int32Array, states: readonly Seen[]): void {
    const word = this.#words[at];
    if (word === undefined || word[0] === OP_LDDW) return;
    const [op, dst, src, off, imm] = word;
    const cls = op & 7;
    const isLoad = cls === 1 || ((op & 0xe7) === 0xc3 && imm === 0x100);
    if (!isLoad && cls !== 2 && cls !== 3) return;
    const base = isLoad ? src : dst;
    // What objects of the kernel and arenas are, the watch does not know.
    if (!states.some(({ state }) => WATCHED.has(baseType(state.cur.regs[base]!.type)))) return;
    const addr = (regs[2 * base]! >>> 0) + off;
    const size = SIZE_BYTES[op & 0x18] ?? 8;
    const isKernel = regs[2 * base + 1]! >>> 0 === BASE_HI >>> 0;
    const inside = ([from, to]: Span): boolean => addr >= from && addr + size <= to;
    if (
      isKernel &&
      (this.#frames.some((end) => inside([end - STACK, end])) ||
        this.#spans.some(inside) ||
        (this.#data !== 0 && inside([this.#data, this.#dataEnd])) ||
        (this.#meta !== 0 && inside([this.#meta, this.#data])))
    )
      return;
    this.fault = `instruction ${at} touches ${size} bytes at 0x${(regs[2 * base + 1]! >>> 0).toString(16)}:${addr.toString(16)}`;
  }
}

function describe(range: Range): string {
  const hex = (x: bigint): string => `0x${x.toString(16)}`;
  return (
    `u64 [${hex(range.umin)}, ${hex(range.umax)}] s64 [${range.smin}, ${range.smax}] u32 [${range.u32min}, ${range.u32max}] ` +
    `s32 [${range.s32min}, ${range.s32max}] bits ${range.bits}`
  );
}
