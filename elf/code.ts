/** Instructions of an ELF object: 8 bytes each, read and changed in place. */

export const INSN_SIZE = 8;
/** `lddw` and a call. */
export const OP_LDDW = 0x18;
export const OP_CALL = 0x85;
/** A poisoned call of a kernel function that is not there. */
export const POISON_KFUNC_IMM = 0x77dead;

/** A view of instructions. */
export class Code {
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length / INSN_SIZE;
  }

  op(insn: number): number {
    return this.bytes[insn * INSN_SIZE]!;
  }

  setOp(insn: number, op: number): void {
    this.bytes[insn * INSN_SIZE] = op;
  }

  dst(insn: number): number {
    return this.bytes[insn * INSN_SIZE + 1]! & 0xf;
  }

  src(insn: number): number {
    return this.bytes[insn * INSN_SIZE + 1]! >> 4;
  }

  setSrc(insn: number, src: number): void {
    this.bytes[insn * INSN_SIZE + 1] = this.dst(insn) | (src << 4);
  }

  off(insn: number): number {
    return this.view.getInt16(insn * INSN_SIZE + 2, true);
  }

  setOff(insn: number, off: number): void {
    this.view.setInt16(insn * INSN_SIZE + 2, off, true);
  }

  imm(insn: number): number {
    return this.view.getInt32(insn * INSN_SIZE + 4, true);
  }

  setImm(insn: number, imm: number): void {
    this.view.setInt32(insn * INSN_SIZE + 4, imm | 0, true);
  }

  /** Whether an instruction is the first half of an `lddw` that is all there. */
  isLddw(insn: number): boolean {
    return this.op(insn) === OP_LDDW && insn + 1 < this.length;
  }

  /** Makes an instruction a call of a helper there is not, so that the verifier refuses it if it can be reached. */
  poison(insn: number, imm: number): void {
    const at = insn * INSN_SIZE;
    this.bytes.fill(0, at, at + INSN_SIZE);
    this.bytes[at] = OP_CALL;
    this.setImm(insn, imm);
  }
}
