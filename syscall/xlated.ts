/**
 * The instructions of a loaded program as OBJ_GET_INFO_BY_FD shows them: what the
 * kernel's rewriting leaves (`opt_remove_dead_code`, `convert_ctx_accesses`,
 * `do_misc_fixups`), with ids for the descriptors of maps (`bpf_insn_prepare_dump`).
 *
 * The engines run the original instructions; this is for the eyes of tools. Accesses
 * of a context whose kernel structure is not known here are shown as loaded.
 */
import type { Btf } from '../btf/btf.ts';
import type { BpfMap } from '../maps/map.ts';
import { type InsnAux, PTR_KIND, type SubprogInfo } from '../vm/verifier/types.ts';
import { callReplacement, mayGoto, timedLoopHead, uncloneHead } from './xlated_calls.ts';
import { contextLoad, contextStore, sockLoad } from './xlated_ctx.ts';
import { Patcher, raw, type Xinsn } from './xlated_patch.ts';

const LDDW = 0x18;
const CALL = 0x85;
const JA = 0x05;
const MAY_GOTO = 0xe5;
const MOV64_REG = 0xbf;
const MOV32_REG = 0xbc;
const PSEUDO_MAP_FD = 1;
const PSEUDO_MAP_VALUE = 2;
const PSEUDO_FUNC = 4;
const PSEUDO_MAP_IDX = 5;
const PSEUDO_MAP_IDX_VALUE = 6;
const PSEUDO_CALL = 1;

/** What the rewriting looks at. */
export interface XlateInput {
  readonly insns: Uint8Array;
  readonly progType: number;
  readonly aux: readonly InsnAux[];
  readonly subprogs: readonly SubprogInfo[];
  readonly sleepable: boolean;
  /** The program stores to packets. */
  readonly directWrite: boolean;
  /** With CAP_BPF dead code is removed, without it stays as jumps to themselves. */
  readonly privileged: boolean;
  /** With CAP_PERFMON array accesses need no mask against speculation. */
  readonly bypassSpec: boolean;
  readonly vmlinux: Btf | undefined;
}

/** Functions that are left, by number: with dead code a function goes that is never reached (`adjust_subprog_starts_after_remove`). */
export function liveSubprogs({ subprogs, aux, privileged }: XlateInput): number[] {
  const numbers = subprogs.map((_, s) => s);
  if (!privileged) return numbers;
  return numbers.filter((s) => {
    const sub = subprogs[s];
    if (s === 0 || sub === undefined) return s === 0;
    for (let i = sub.start; i < sub.end; i++) if (aux[i]?.seen === true) return true;
    return false;
  });
}

/** The instructions to show, and where each original one begins (-1: removed). */
export function xlate(input: XlateInput): { readonly bytes: Uint8Array; readonly position: Int32Array } {
  const patcher = new Patcher(input.insns);
  for (const insn of patcher.list) {
    if (input.aux[insn.index]?.isNop !== true) continue;
    insn.set(JA, 0, 0, 0);
    insn.target = insn.index + 1;
  }
  if (input.privileged) removeDeadCode(patcher, input.aux);
  if (input.directWrite) patcher.prologue(0, uncloneHead(input.progType));
  const frames = new Frames(input.subprogs, liveSubprogs(input));
  for (const insn of [...patcher.list]) {
    const aux = input.aux[insn.index];
    if (aux !== undefined) rewrite(patcher, insn, aux, input, frames);
  }
  for (const [start, depth] of frames.timed) patcher.prologue(start, timedLoopHead(depth));
  return patcher.finish();
}

/**
 * Takes out jumps to the next instruction, in one pass forward: a jump that becomes one
 * by it stays, but for one right before a `may_goto` (`opt_remove_nops`).
 */
function withoutNops(list: Xinsn[]): Xinsn[] {
  const kept: Xinsn[] = [];
  for (let i = 0; i < list.length; i++) {
    const insn = list[i] as Xinsn;
    const next = list[i + 1];
    const isNop = (insn.op === JA || insn.op === MAY_GOTO) && next?.holds(insn.target) === true;
    if (!isNop || next === undefined) {
      kept.push(insn);
      continue;
    }
    next.labels.push(...insn.labels);
    if (insn.op !== MAY_GOTO) continue;
    const before = kept.pop();
    if (before === undefined) continue;
    list[i] = before;
    i--;
  }
  return kept;
}

/** Branches never taken become jumps, what is never reached goes, and so do jumps to the next instruction. */
function removeDeadCode(patcher: Patcher, aux: readonly InsnAux[]): void {
  const seen = (index: number): boolean => aux[index]?.seen !== false;
  for (const insn of patcher.list) {
    if (!insn.isCondJump || !seen(insn.index)) continue;
    if (!seen(insn.index + 1)) insn.set(JA, 0, 0, 0);
    else if (!seen(insn.target)) {
      insn.set(JA, 0, 0, 0);
      insn.target = insn.index + 1;
    }
  }
  patcher.remove((insn) => !seen(insn.isSecondHalf ? insn.index - 1 : insn.index));
  patcher.list = withoutNops(patcher.list);
}

function rewrite(patcher: Patcher, insn: Xinsn, aux: InsnAux, input: XlateInput, frames: Frames): void {
  if (insn.isSecondHalf) return;
  const replacement = replacementOf(insn, aux, input, frames);
  if (replacement !== undefined) {
    patcher.replace(insn, replacement);
    return;
  }
  if (insn.op === LDDW && insn.src === PSEUDO_FUNC) {
    insn.target = frames.start(aux.subprog);
    patcher.secondHalf(insn)?.setImm(frames.number(aux.subprog));
  } else if (insn.op === LDDW) showMap(insn, aux);
  // A call of a subprogram has its distance in the offset field, and which one it is in the other.
  else if (insn.op === CALL && insn.src === PSEUDO_CALL) insn.setImm(frames.number(aux.subprog));
}

/** The stack of each function, with what the rewriting takes of it. */
export class Frames {
  readonly #subprogs: readonly SubprogInfo[];
  readonly #live: readonly number[];
  /** Functions with a loop that is timed: first instruction, and the bytes their stack has with the loop's counters. */
  readonly timed = new Map<number, number>();

  constructor(subprogs: readonly SubprogInfo[], live: readonly number[]) {
    this.#subprogs = subprogs;
    this.#live = live;
  }

  /** The number of a function among those that are left. */
  number(subprog: number): number {
    return this.#live.indexOf(subprog);
  }

  of(index: number): SubprogInfo | undefined {
    return this.#subprogs.find(({ start, end }) => index >= start && index < end);
  }

  /** First instruction of a function. */
  start(subprog: number): number {
    return this.#subprogs[subprog]?.start ?? 0;
  }

  /** Bytes of stack below which an inlined bpf_loop keeps its registers. */
  depth(index: number): number {
    const sub = this.of(index);
    return Math.ceil((sub?.keptDepth ?? sub?.stackDepth ?? 0) / 8) * 8;
  }

  /** As {@link depth}, with the place for the counters of a timed loop. */
  enterTimed(index: number): number {
    const sub = this.of(index);
    const depth = this.depth(index) + (this.inlined.has(sub?.start ?? 0) ? 24 : 0) + 16;
    this.timed.set(sub?.start ?? 0, depth);
    return depth;
  }

  /** Functions that have an inlined bpf_loop. */
  readonly inlined = new Set<number>();
}

function showMap(insn: Xinsn, aux: InsnAux): void {
  const map = aux.map as BpfMap | undefined;
  if (map === undefined) return;
  const { src } = insn;
  const isValue = src === PSEUDO_MAP_VALUE || src === PSEUDO_MAP_IDX_VALUE;
  if (!isValue && src !== PSEUDO_MAP_FD && src !== PSEUDO_MAP_IDX) return;
  insn.setSrc(isValue ? PSEUDO_MAP_VALUE : PSEUDO_MAP_FD);
  insn.setImm(map.id);
}

/** What an instruction is replaced by; undefined: it stays. */
function replacementOf(
  insn: Xinsn,
  aux: InsnAux,
  input: XlateInput,
  frames: Frames,
): (Uint8Array | Xinsn)[] | undefined {
  const cls = insn.op & 7;
  const operation = insn.op & 0xf0;
  const isReg = (insn.op & 8) !== 0;
  if ((cls === 4 || cls === 7) && (operation === 0x30 || operation === 0x90))
    return isReg ? divide(insn) : divideByMinusOne(insn);
  if (cls === 0 && ((insn.op & 0xe0) === 0x20 || (insn.op & 0xe0) === 0x40)) return loadPacket(insn);
  if (cls === 1 && aux.ptrKind === PTR_KIND.CTX)
    return contextLoad(insn, input.progType, aux.ctxFieldSize, input.vmlinux);
  if ((cls === 2 || cls === 3) && aux.ptrKind === PTR_KIND.CTX)
    return contextStore(insn, input.progType, input.vmlinux);
  if (cls === 1 && aux.ptrKind === PTR_KIND.SOCK) return sockLoad(insn, aux.sockType, aux.ctxFieldSize, input.vmlinux);
  // An address of the arena is its low half.
  if (insn.op === MOV64_REG && insn.off === 1 && insn.imm === 1) return [raw(MOV32_REG, insn.dst, insn.src, 0, 0)];
  if (aux.needsZext) return [raw(insn.op - 3, insn.dst, insn.src, insn.off, insn.imm)];
  if (insn.op === MAY_GOTO) return mayGoto(insn, frames.enterTimed(insn.index));
  if (insn.op === CALL && insn.src === 0) return callReplacement(insn, aux, input, frames);
  return undefined;
}

/** Signed division by -1 is a negation, its remainder 0: the processor would trap on the smallest number. */
function divideByMinusOne(insn: Xinsn): Uint8Array[] | undefined {
  if (insn.off !== 1 || insn.imm !== -1) return undefined;
  const alu = insn.op & 7;
  return (insn.op & 0xf0) === 0x30 ? [raw(alu | 0x80, insn.dst, 0, 0, 0)] : [raw(0xb4, insn.dst, 0, 0, 0)];
}

/** Division and remainder by a register that may be 0 (unsigned, and signed by -1). */
function divide(insn: Xinsn): Uint8Array[] {
  const is64 = (insn.op & 7) === 7;
  const jump = is64 ? 5 : 6;
  const alu = is64 ? 7 : 4;
  const isDiv = (insn.op & 0xf0) === 0x30;
  const { src, dst } = insn;
  const AX = 11;
  const skip = raw(JA, 0, 0, 1, 0);
  const xor32 = raw(0xac, dst, dst, 0, 0);
  const mov32 = raw(0xbc, dst, dst, 0, 0);
  if (insn.off === 1) {
    const head = [raw(0xbf, AX, src, 0, 0), raw(alu | 0x00, AX, 0, 0, 1), raw(jump | 0x20, AX, 0, isDiv ? 4 : 3, 1)];
    const isZero = raw(jump | 0x10, AX, 0, isDiv ? 1 : 3 + (is64 ? 0 : 1), isDiv ? 0 : 1);
    if (isDiv)
      return [...head, isZero, raw(alu | 0xb0, dst, 0, 0, 0), raw(alu | 0x80, dst, 0, 0, 0), skip, insn.bytes.slice()];
    return [
      ...head,
      isZero,
      raw(0xb4, dst, 0, 0, 0),
      skip,
      insn.bytes.slice(),
      ...(is64 ? [] : [raw(JA, 0, 0, 1, 0), mov32]),
    ];
  }
  if (isDiv) return [raw(jump | 0x50, src, 0, 2, 0), xor32, skip, insn.bytes.slice()];
  const zero = raw(jump | 0x10, src, 0, is64 ? 1 : 2, 0);
  return is64 ? [zero, insn.bytes.slice()] : [zero, insn.bytes.slice(), skip, mov32];
}

/** BPF_LD_ABS and BPF_LD_IND (`bpf_gen_ld_abs`). */
function loadPacket(insn: Xinsn): Uint8Array[] {
  const isIndirect = (insn.op & 0xe0) === 0x40;
  const offset = isIndirect
    ? [raw(0xbf, 2, insn.src, 0, 0), ...(insn.imm === 0 ? [] : [raw(0x07, 2, 0, 0, insn.imm)])]
    : [raw(0xb7, 2, 0, 0, insn.imm)];
  return [
    ...offset,
    raw(0xbf, 1, 6, 0, 0),
    raw(CALL, 0, 0, 0, 0),
    raw(0x75, 0, 0, 2, 0),
    raw(0xac, 0, 0, 0, 0),
    raw(0x95, 0, 0, 0, 0),
  ];
}

/**
 * Records that begin with an instruction's number, with the numbers the instructions
 * have now; of several that come to lie on one instruction the last stays (`bpf_adj_linfo`).
 */
export function moveRecords(records: Uint8Array, size: number, position: Int32Array): Uint8Array {
  const moved = records.slice();
  const view = new DataView(moved.buffer);
  let count = 0;
  for (let at = 0; at + size <= records.length; at += size) {
    const to = position[view.getUint32(at, true)] ?? -1;
    if (to < 0) continue;
    if (count > 0 && view.getUint32((count - 1) * size, true) === to) count--;
    moved.copyWithin(count * size, at, at + size);
    view.setUint32(count * size, to, true);
    count++;
  }
  return moved.slice(0, count * size);
}
