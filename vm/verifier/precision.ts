/**
 * Precision: where an exact value mattered, every register and slot it came from is
 * marked, back through the states of the path (`mark_chain_precision`).
 */
import { EFAULT, ENOENT, ENOTSUPP } from '../../uapi/errno.ts';
import {
  BPF_ABS,
  BPF_ALU,
  BPF_ALU64,
  BPF_ATOMIC,
  BPF_CALL,
  BPF_END,
  BPF_EXIT,
  BPF_IND,
  BPF_JMP,
  BPF_JMP32,
  BPF_LD,
  BPF_LDX,
  BPF_LOAD_ACQ,
  BPF_MOV,
  BPF_NEG,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_REG_FP,
  BPF_ST,
  BPF_STX,
  BPF_X,
  isPseudoCall,
} from '../insn.ts';
import type { Env } from './env.ts';
import { SCALAR_VALUE } from './flags.ts';
import {
  INSN_F_DST_REG_STACK,
  INSN_F_FRAMENO_MASK,
  INSN_F_SPI_MASK,
  INSN_F_SPI_SHIFT,
  INSN_F_SRC_REG_STACK,
  INSN_F_STACK_ACCESS,
  type JmpEntry,
  type VState,
} from './state.ts';

const ARGS = 0x3e;
const MAX_FRAMES = 8;
const HELPER_TAIL_CALL = 12;

/** Linked registers and slots are packed: frame in bits 0-2, register or slot in 3-9, bit 10 for registers. */
export function packLinked(frameno: number, index: number, isReg: boolean): number {
  return frameno | (index << 3) | (isReg ? 1 << 10 : 0);
}

export function linkedFrame(packed: number): number {
  return packed & 7;
}

export function linkedIndex(packed: number): number {
  return (packed >> 3) & 0x7f;
}

export function linkedIsReg(packed: number): boolean {
  return (packed & (1 << 10)) !== 0;
}

/** Names of sets of registers, of which there are few. */
const REGS_TEXT = new Map<number, string>();

/** What is looked for: registers and slots of each frame. */
class Backtrack {
  frame = 0;
  readonly regs = new Int32Array(MAX_FRAMES);
  /** 64 slots a frame: low and high half. */
  readonly slotsLow = new Int32Array(MAX_FRAMES);
  readonly slotsHigh = new Int32Array(MAX_FRAMES);

  reset(frame: number): void {
    this.frame = frame;
    this.regs.fill(0);
    this.slotsLow.fill(0);
    this.slotsHigh.fill(0);
  }

  get empty(): boolean {
    for (let f = 0; f <= this.frame; f++) {
      if (this.regs[f] !== 0 || this.slotsLow[f] !== 0 || this.slotsHigh[f] !== 0) return false;
    }
    return true;
  }

  hasReg(r: number): boolean {
    return (this.regs[this.frame]! & (1 << r)) !== 0;
  }

  setReg(r: number, frame = this.frame): void {
    this.regs[frame]! |= 1 << r;
  }

  clearReg(r: number, frame = this.frame): void {
    this.regs[frame]! &= ~(1 << r);
  }

  hasSlot(frame: number, spi: number): boolean {
    return ((spi < 32 ? this.slotsLow[frame]! : this.slotsHigh[frame]!) & (1 << (spi & 31))) !== 0;
  }

  setSlot(frame: number, spi: number): void {
    if (spi < 32) this.slotsLow[frame]! |= 1 << spi;
    else this.slotsHigh[frame]! |= 1 << (spi & 31);
  }

  clearSlot(frame: number, spi: number): void {
    if (spi < 32) this.slotsLow[frame]! &= ~(1 << spi);
    else this.slotsHigh[frame]! &= ~(1 << (spi & 31));
  }

  get noSlots(): boolean {
    return this.slotsLow[this.frame] === 0 && this.slotsHigh[this.frame] === 0;
  }

  regsText(frame: number): string {
    const regs = this.regs[frame]!;
    let text = REGS_TEXT.get(regs);
    if (text === undefined) {
      const names: string[] = [];
      for (let r = 0; r < 32; r++) if ((regs & (1 << r)) !== 0) names.push(`r${r}`);
      text = names.join(',');
      REGS_TEXT.set(regs, text);
    }
    return text;
  }

  slotsText(frame: number): string {
    if (this.slotsLow[frame] === 0 && this.slotsHigh[frame] === 0) return '';
    const names: string[] = [];
    for (let s = 0; s < 64; s++) if (this.hasSlot(frame, s)) names.push(`${-(s + 1) * 8}`);
    return names.join(',');
  }
}

const bt = new Backtrack();

/** When one of a linked set is wanted, all of them are (`bt_sync_linked_regs`). */
function syncLinked(hist: JmpEntry | undefined): void {
  const linked = hist?.linked;
  if (linked === undefined) return;
  let wanted = false;
  for (const entry of linked) {
    const frame = linkedFrame(entry);
    if (frame > bt.frame) continue;
    const index = linkedIndex(entry);
    if (linkedIsReg(entry) ? (bt.regs[frame]! & (1 << index)) !== 0 : bt.hasSlot(frame, index)) wanted = true;
  }
  if (!wanted) return;
  for (const entry of linked) {
    const frame = linkedFrame(entry);
    if (linkedIsReg(entry)) bt.setReg(linkedIndex(entry), frame);
    else bt.setSlot(frame, linkedIndex(entry));
  }
}

function bug(env: Env, text: string): number {
  env.verbose(`verifier bug: ${text}\n`);
  return -EFAULT;
}

function backtrackCall(env: Env, idx: number, subseq: number): number {
  const { insns } = env;
  if (isPseudoCall(insns, idx)) {
    const subprog = env.findSubprog(idx + insns.imm[idx]! + 1);
    if (subprog < 0) return -EFAULT;
    if (env.subprogs[subprog]!.global) {
      if (bt.regs[bt.frame]! & ARGS) return bug(env, 'global subprog unexpected regs');
      bt.clearReg(0);
      return 0;
    }
    if ((bt.regs[bt.frame]! & ~ARGS) !== 0) return bug(env, 'static subprog unexpected regs');
    if (!bt.noSlots) return bug(env, 'static subprog leftover stack slots');
    if (bt.frame === 0) return bug(env, 'subprog exit from frame 0');
    for (let r = 1; r <= 5; r++) {
      if (!bt.hasReg(r)) continue;
      bt.clearReg(r);
      bt.setReg(r, bt.frame - 1);
    }
    bt.frame--;
    return 0;
  }
  if (env.aux[idx]!.callsCallback && idx !== subseq - 1) {
    if ((bt.regs[bt.frame]! & ~ARGS) !== 0) return bug(env, 'callback unexpected regs');
    if (!bt.noSlots) return bug(env, 'callback leftover stack slots');
    if (bt.frame === 0) return bug(env, 'subprog exit from frame 0');
    bt.regs[bt.frame]! &= ~ARGS;
    bt.frame--;
    return 0;
  }
  if (insns.src[idx] === BPF_PSEUDO_KFUNC_CALL && insns.imm[idx] === 0) return -ENOTSUPP;
  bt.clearReg(0);
  if ((bt.regs[bt.frame]! & ARGS) !== 0) return bug(env, 'backtracking call unexpected regs');
  // A tail call that was made is the end of its function.
  if (insns.src[idx] === 0 && insns.imm[idx] === HELPER_TAIL_CALL && subseq - idx !== 1) {
    if (bt.frame === MAX_FRAMES - 1) return bug(env, 'subprog enter from frame 7');
    bt.frame++;
  }
  return 0;
}

function backtrackExit(env: Env, subseq: number): number {
  if (subseq >= 0 && env.aux[subseq]!.callsCallback) bt.regs[bt.frame]! &= ~ARGS;
  if ((bt.regs[bt.frame]! & ARGS) !== 0) return bug(env, 'backtracking exit unexpected regs');
  const r0 = subseq - 1 >= 0 && isPseudoCall(env.insns, subseq - 1) && bt.hasReg(0);
  bt.clearReg(0);
  if (bt.frame === MAX_FRAMES - 1) return bug(env, 'subprog enter from frame 7');
  bt.frame++;
  if (r0) bt.setReg(0);
  return 0;
}

/** Takes what is looked for to before instruction `idx` (`backtrack_insn`). */
function backtrackInsn(env: Env, idx: number, subseq: number, hist: JmpEntry | undefined): number {
  const { insns } = env;
  const op = insns.op[idx]!;
  if (op === 0) return 0;
  if (env.logLevel2) {
    env.verbose(
      `mark_precise: frame${bt.frame}: regs=${bt.regsText(bt.frame)} stack=${bt.slotsText(bt.frame)} before ${idx}: ${env.insnText(idx)}\n`,
    );
  }
  syncLinked(hist);
  const cls = op & 7;
  const code = op & 0xf0;
  const dreg = insns.dst[idx]!;
  const sreg = insns.src[idx]!;
  const access = hist !== undefined && (hist.flags & INSN_F_STACK_ACCESS) !== 0;
  const spi = access ? (hist.flags >> INSN_F_SPI_SHIFT) & INSN_F_SPI_MASK : 0;
  const frame = access ? hist.flags & INSN_F_FRAMENO_MASK : 0;
  const acquire = cls === BPF_STX && (op & 0xe0) === BPF_ATOMIC && insns.imm[idx] === BPF_LOAD_ACQ;
  if (cls === BPF_ALU || cls === BPF_ALU64) {
    if (!bt.hasReg(dreg)) return 0;
    if (code === BPF_END || code === BPF_NEG) return 0;
    if (code === BPF_MOV) {
      bt.clearReg(dreg);
      if ((op & BPF_X) !== 0 && sreg !== BPF_REG_FP) bt.setReg(sreg);
    } else if ((op & BPF_X) !== 0 && sreg !== BPF_REG_FP) {
      bt.setReg(sreg);
    }
  } else if (cls === BPF_LDX || acquire) {
    if (!bt.hasReg(dreg)) return 0;
    bt.clearReg(dreg);
    if (!access) return 0;
    bt.setSlot(frame, spi);
  } else if (cls === BPF_STX || cls === BPF_ST) {
    if (bt.hasReg(dreg)) return -ENOTSUPP;
    if (!access || !bt.hasSlot(frame, spi)) return 0;
    bt.clearSlot(frame, spi);
    if (cls === BPF_STX) bt.setReg(sreg);
  } else if (cls === BPF_JMP || cls === BPF_JMP32) {
    if (code === BPF_CALL) {
      const err = backtrackCall(env, idx, subseq);
      if (err !== 0 || isPseudoCall(insns, idx)) return err;
    } else if (code === BPF_EXIT) {
      return backtrackExit(env, subseq);
    } else if ((op & BPF_X) !== 0) {
      if (!bt.hasReg(dreg) && !bt.hasReg(sreg)) return 0;
      const flags = hist?.flags ?? 0;
      if ((flags & INSN_F_SRC_REG_STACK) === 0) bt.setReg(sreg);
      if ((flags & INSN_F_DST_REG_STACK) === 0) bt.setReg(dreg);
    }
  } else if (cls === BPF_LD) {
    if (!bt.hasReg(dreg)) return 0;
    bt.clearReg(dreg);
    const mode = op & 0xe0;
    if (mode === BPF_IND || mode === BPF_ABS) return -ENOTSUPP;
  }
  syncLinked(hist);
  return 0;
}

/** When backtracking is lost: every scalar of the path is precise (`mark_all_scalars_precise`). */
function markAllPrecise(env: Env, from: VState): void {
  if (env.logLevel2) env.verbose(`mark_precise: frame${from.curframe}: falling back to forcing all scalars precise\n`);
  for (let st: VState | undefined = from.parent; st !== undefined; st = st.parent) {
    for (const frame of st.frames) {
      for (let r = 0; r < BPF_REG_FP; r++) {
        const reg = frame.regs[r]!;
        if (reg.type !== SCALAR_VALUE || reg.precise) continue;
        reg.precise = true;
        if (env.logLevel2) env.verbose(`force_precise: frame${frame.frameno}: forcing r${r} to be precise\n`);
      }
      for (let s = 0; s < frame.stack.length; s++) {
        const slot = frame.stack[s]!;
        if (!slot.isSpilled || slot.reg.type !== SCALAR_VALUE || slot.reg.precise) continue;
        slot.reg.precise = true;
        if (env.logLevel2)
          env.verbose(`force_precise: frame${frame.frameno}: forcing fp${-(s + 1) * 8} to be precise\n`);
      }
    }
  }
}

/** Index of the instruction before `i` on the path, with the history that is left; -ENOENT at the state's first. */
function prevInsn(st: VState, i: number, cnt: number): { idx: number; cnt: number } {
  const last = cnt > 0 ? st.jmpHistory[cnt - 1]! : undefined;
  if (i === st.firstInsnIdx) {
    if (cnt === 0 || (cnt === 1 && st.jmpHistory[0]!.idx === i)) return { idx: -ENOENT, cnt };
  }
  if (last !== undefined && last.idx === i) return { idx: last.prevIdx, cnt: cnt - 1 };
  return { idx: i - 1, cnt };
}

/** Marks in a parent state what is looked for; true when something new was marked. */
function markParent(env: Env, st: VState): boolean {
  let changed = false;
  for (let f = bt.frame; f >= 0; f--) {
    const frame = st.frames[f]!;
    for (let r = 0; r < 11; r++) {
      if ((bt.regs[f]! & (1 << r)) === 0) continue;
      const reg = frame.regs[r]!;
      if (reg.type !== SCALAR_VALUE || reg.precise) bt.clearReg(r, f);
      else {
        reg.precise = true;
        changed = true;
      }
    }
    if (bt.slotsLow[f] !== 0 || bt.slotsHigh[f] !== 0) {
      for (let s = 0; s < 64; s++) {
        if (!bt.hasSlot(f, s)) continue;
        const slot = frame.stack[s];
        if (slot === undefined || !slot.isSpilled || slot.reg.type !== SCALAR_VALUE || slot.reg.precise)
          bt.clearSlot(f, s);
        else {
          slot.reg.precise = true;
          changed = true;
        }
      }
    }
    if (env.logLevel2) {
      env.verbose(`mark_precise: frame${f}: parent state regs=${bt.regsText(f)} stack=${bt.slotsText(f)}: `);
      env.printState(st, f, true);
    }
  }
  return changed;
}

/** What a walk changed. */
export interface Changed {
  changed: boolean;
}

function walk(env: Env, start: VState, out: Changed | undefined, skip: boolean): number {
  let st = start;
  let first = st.firstInsnIdx;
  let last = st.insnIdx;
  let subseq = -1;
  let skipFirst = skip;
  if (bt.empty) return 0;
  for (;;) {
    let history = st.jmpHistory.length;
    if (env.logLevel2) {
      env.verbose(`mark_precise: frame${bt.frame}: last_idx ${last} first_idx ${first} subseq_idx ${subseq} \n`);
    }
    if (last < 0) {
      if (st.curframe === 0 && st.frames[0]!.subprogno > 0 && bt.noSlots && (bt.regs[0]! & ~ARGS) === 0) {
        for (let r = 1; r <= 5; r++) {
          if (!bt.hasReg(r)) continue;
          bt.clearReg(r);
          const reg = st.frames[0]!.regs[r]!;
          if (reg.type === SCALAR_VALUE) {
            reg.precise = true;
            if (out !== undefined) out.changed = true;
          }
        }
        return 0;
      }
      return bug(env, `backtracking func entry subprog ${st.frames[0]!.subprogno}`);
    }
    for (let i = last; ; ) {
      if (skipFirst) {
        skipFirst = false;
      } else {
        const top = history > 0 ? st.jmpHistory[history - 1]! : undefined;
        const err = backtrackInsn(env, i, subseq, top !== undefined && top.idx === i ? top : undefined);
        if (err === -ENOTSUPP) {
          markAllPrecise(env, start);
          return 0;
        }
        if (err < 0) return err;
      }
      if (bt.empty) return 0;
      subseq = i;
      const previous = prevInsn(st, i, history);
      if (previous.idx === -ENOENT) break;
      i = previous.idx;
      history = previous.cnt;
      if (i < 0 || i >= env.insns.count) return bug(env, `backtracking idx ${i}`);
    }
    if (st.parent === undefined) break;
    st = st.parent;
    if (markParent(env, st) && out !== undefined) out.changed = true;
    if (bt.empty) return 0;
    subseq = first;
    last = st.lastInsnIdx;
    first = st.firstInsnIdx;
  }
  if (!bt.empty) markAllPrecise(env, start);
  return 0;
}

/** The exact value of the register matters here. */
export function markChainPrecision(env: Env, regno: number): number {
  if (!env.bpfCapable) return 0;
  const state = env.cur!;
  bt.reset(state.curframe);
  const reg = state.regs[regno]!;
  if (reg.type !== SCALAR_VALUE) return bug(env, `backtracking misuse`);
  bt.setReg(regno);
  return walk(env, state, undefined, true);
}

/** Marks what `bt` was prepared with by {@link prepareBatch} (`mark_chain_precision_batch`). */
export function markBatch(env: Env, state: VState, out: Changed | undefined): number {
  return walk(env, state, out, true);
}

/** Starts a set of registers and slots to mark together. */
export function prepareBatch(frame: number): {
  setReg(frame: number, r: number): void;
  setSlot(frame: number, s: number): void;
} {
  bt.reset(frame);
  return { setReg: (f, r) => bt.setReg(r, f), setSlot: (f, s) => bt.setSlot(f, s) };
}
