/**
 * A program as a list of instructions that can be removed and replaced while jumps
 * keep their targets (`bpf_patch_insn_data`, `bpf_remove_insns`).
 */

const INSN_SIZE = 8;
const LDDW = 0x18;
const CALL = 0x85;
const EXIT = 0x95;
const GOTOL = 0x06;
const PSEUDO_CALL = 1;

/** One instruction as bytes. */
export function raw(op: number, dst: number, src: number, off: number, imm: number): Uint8Array {
  const bytes = new Uint8Array(INSN_SIZE);
  const view = new DataView(bytes.buffer);
  bytes[0] = op;
  bytes[1] = (src << 4) | dst;
  view.setInt16(2, off, true);
  view.setInt32(4, imm, true);
  return bytes;
}

/** An instruction of a replacement that leads to an original one. */
export function leading(bytes: Uint8Array, target: number): Xinsn {
  const insn = new Xinsn(bytes, -1, false);
  insn.target = target;
  return insn;
}

/** One instruction of the list. */
export class Xinsn {
  bytes: Uint8Array;
  /** Number in the original program; -1: put in by a replacement. */
  readonly index: number;
  readonly isSecondHalf: boolean;
  /** Original number of the instruction a jump, call or address leads to; -1 when it leads nowhere. */
  target = -1;
  /** Original numbers of instructions that begin here now. */
  readonly labels: number[] = [];

  constructor(bytes: Uint8Array, index: number, isSecondHalf: boolean) {
    this.bytes = bytes;
    this.index = index;
    this.isSecondHalf = isSecondHalf;
    if (index < 0 || isSecondHalf) return;
    if (this.isJump) this.target = index + 1 + (this.op === GOTOL ? this.imm : this.off);
    else if (this.op === CALL && this.src === PSEUDO_CALL) this.target = index + 1 + this.imm;
  }

  get op(): number {
    return this.bytes[0] as number;
  }
  get dst(): number {
    return (this.bytes[1] as number) & 15;
  }
  get src(): number {
    return (this.bytes[1] as number) >> 4;
  }
  get off(): number {
    return this.#view.getInt16(2, true);
  }
  get imm(): number {
    return this.#view.getInt32(4, true);
  }
  /** A jump with a target: conditional, or not. */
  get isJump(): boolean {
    const cls = this.op & 7;
    return (cls === 5 || cls === 6) && this.op !== CALL && this.op !== EXIT;
  }
  get isCondJump(): boolean {
    return this.isJump && (this.op & 0xf0) !== 0 && this.op !== 0xe5;
  }
  /** Whether an original instruction begins here. */
  holds(index: number): boolean {
    return this.labels.includes(index);
  }

  set(op: number, dst: number, src: number, imm: number): void {
    this.bytes = raw(op, dst, src, 0, imm);
  }
  setSrc(src: number): void {
    this.bytes[1] = ((this.bytes[1] as number) & 15) | (src << 4);
  }
  setOff(off: number): void {
    this.#view.setInt16(2, off, true);
  }
  setImm(imm: number): void {
    this.#view.setInt32(4, imm, true);
  }

  get #view(): DataView {
    return new DataView(this.bytes.buffer, this.bytes.byteOffset, INSN_SIZE);
  }
}

/** The list. */
export class Patcher {
  list: Xinsn[] = [];
  readonly #count: number;
  readonly #patches = new Map<Xinsn, Xinsn[]>();
  readonly #prologues = new Map<number, Xinsn[]>();

  constructor(insns: Uint8Array) {
    this.#count = insns.length / INSN_SIZE;
    for (let i = 0; i < this.#count; i++) {
      const second = i > 0 && this.list[i - 1]?.op === LDDW && this.list[i - 1]?.isSecondHalf === false;
      const insn = new Xinsn(insns.slice(i * INSN_SIZE, (i + 1) * INSN_SIZE), i, second);
      insn.labels.push(i);
      this.list.push(insn);
    }
  }

  /** Takes out instructions; jumps to them lead to the next one that stays. */
  remove(goes: (insn: Xinsn, next: Xinsn | undefined) => boolean): void {
    const kept: Xinsn[] = [];
    for (let i = this.list.length - 1; i >= 0; i--) {
      const insn = this.list[i] as Xinsn;
      const next = kept.at(-1);
      if (next !== undefined && goes(insn, next)) next.labels.push(...insn.labels);
      else if (next === undefined && goes(insn, next)) continue;
      else kept.push(insn);
    }
    this.list = kept.reverse();
  }

  /** Puts instructions in the place of one; those with a target of their own as {@link Xinsn}. */
  replace(insn: Xinsn, by: readonly (Uint8Array | Xinsn)[]): void {
    this.#patches.set(
      insn,
      by.map((item) => (item instanceof Xinsn ? item : new Xinsn(item, -1, false))),
    );
  }

  /** The second half of a lddw. */
  secondHalf(insn: Xinsn): Xinsn | undefined {
    return this.list[this.list.indexOf(insn) + 1];
  }

  /** Puts instructions before a function's first: calls lead to them, jumps behind them (`adjust_jmp_off`). */
  prologue(index: number, bytes: readonly Uint8Array[]): void {
    const more = bytes.map((item) => new Xinsn(item, -1, false));
    this.#prologues.set(index, [...more, ...(this.#prologues.get(index) ?? [])]);
  }

  /** All bytes, with the distances of jumps as they are now, and where each original instruction is (-1: nowhere). */
  finish(): { readonly bytes: Uint8Array; readonly position: Int32Array } {
    const position = new Int32Array(this.#count).fill(-1);
    const jumps = new Int32Array(this.#count).fill(-1);
    const out: Xinsn[] = [];
    for (const insn of this.list) {
      for (const label of insn.labels) position[label] = out.length;
      for (const label of insn.labels) out.push(...(this.#prologues.get(label) ?? []));
      for (const label of insn.labels) jumps[label] = out.length;
      out.push(...(this.#patches.get(insn) ?? [insn]));
    }
    const bytes = new Uint8Array(out.length * INSN_SIZE);
    out.forEach((insn, at) => {
      if (insn.target >= 0) {
        const isJump = insn.op !== CALL && insn.op !== LDDW;
        const to = (isJump ? jumps : position)[insn.target] ?? -1;
        const distance = to < 0 ? 0 : to - at - 1;
        if (insn.op === GOTOL || insn.op === LDDW) insn.setImm(distance);
        else insn.setOff(distance);
      }
      bytes.set(insn.bytes, at * INSN_SIZE);
    });
    return { bytes, position };
  }
}
