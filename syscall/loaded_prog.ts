/**
 * A program as PROG_LOAD leaves it: what runs ({@link BpfProg}), and what
 * OBJ_GET_INFO_BY_FD tells of it (`struct bpf_prog_aux`).
 */
import type { BpfProgBase } from '../base/prog.ts';
import type { Btf } from '../btf/btf.ts';
import type { BpfMap } from '../maps/map.ts';
import { BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { BpfProg, type ProgInit } from '../vm/prog.ts';
import type { TargetProg } from '../vm/verifier/types.ts';
import { sha256 } from './sha.ts';
import { liveSubprogs, moveRecords, type XlateInput, xlate } from './xlated.ts';

const TRACING = BPF_PROG_TYPE.TRACING;
const INSN_SIZE = 8;
const FUNC_INFO_SIZE = 8;
const LINE_INFO_SIZE = 16;
/** `BPF_LD | BPF_IMM | BPF_DW`. */
const LDDW = 0x18;
const PSEUDO_MAP_FD = 1;
const PSEUDO_MAP_VALUE = 2;

/** What is known of a program beyond what runs. */
export interface ProgFacts {
  readonly gplCompatible: boolean;
  /** CLOCK_BOOTTIME at load, in nanoseconds. */
  readonly loadTime: bigint;
  readonly createdByUid: number;
  /** Instructions as given. */
  readonly insns: Uint8Array;
  /** What the instructions are shown from. */
  readonly xlate: XlateInput;
  readonly verifiedInsns: number;
  readonly flags: number;
  readonly btf: Btf | undefined;
  /** Records of 8 bytes, records of 16 bytes, as loaded. */
  readonly funcInfo: Uint8Array;
  readonly lineInfo: Uint8Array;
  readonly attachBtf: Btf | undefined;
  readonly attachBtfId: number;
  readonly dstProg: BpfProgBase | undefined;
  /** Most bytes of a raw tracepoint's arguments it reads. */
  readonly maxCtxOffset: number;
  readonly maxTpAccess: number;
  /** Most bytes of an iterator's buffers it touches: key (read only), value. */
  readonly maxRdonlyAccess: number;
  readonly maxRdwrAccess: number;
}

/** What tools see of a program. */
export interface ShownProg {
  readonly insns: Uint8Array;
  readonly funcInfo: Uint8Array;
  readonly lineInfo: Uint8Array;
}

/** A loaded program. It holds its maps, its BTF and what it attaches to. */
export class LoadedProg extends BpfProg {
  readonly facts: ProgFacts;
  /** An extension or tracing program of a program was attached where it was loaded for: not a second time. */
  targetTaken = false;
  #shown: ShownProg | undefined;
  #tag: Uint8Array | undefined;

  constructor(init: ProgInit, facts: ProgFacts) {
    // The program that runs has a reference of its own.
    facts.btf?.get();
    super({ ...init, btf: facts.btf });
    this.facts = facts;
    facts.btf?.get();
    facts.attachBtf?.get();
    facts.dstProg?.get();
  }

  /** First 8 bytes of the digest (`prog->tag`); made when first asked for. */
  get tag(): Uint8Array {
    this.#tag ??= progDigest(this.facts.insns).subarray(0, 8);
    return this.#tag;
  }

  /** Instructions, functions and lines as the kernel would show them after its rewriting; made when first asked for. */
  get shown(): ShownProg {
    if (this.#shown === undefined) {
      const { bytes, position } = xlate(this.facts.xlate);
      this.#shown = {
        insns: bytes,
        funcInfo: moveRecords(this.facts.funcInfo, FUNC_INFO_SIZE, position),
        lineInfo: moveRecords(this.facts.lineInfo, LINE_INFO_SIZE, position),
      };
    }
    return this.#shown;
  }

  /** Functions of the program, main included; the kernel counts them only when there are others (`func_cnt`). */
  get funcCount(): number {
    return Math.max(liveSubprogs(this.facts.xlate).length, 1);
  }

  /** The program as one that others are put on. */
  asTarget(): TargetProg {
    const { btf, funcInfo, dstProg } = this.facts;
    const view = new DataView(funcInfo.buffer, funcInfo.byteOffset, funcInfo.byteLength);
    return {
      type: this.type,
      expectedAttachType: this.expectedAttachType,
      btf,
      funcs: this.subprogs.slice(0, funcInfo.length / FUNC_INFO_SIZE).map((subprog, i) => ({
        typeId: view.getUint32(i * FUNC_INFO_SIZE + 4, true),
        unreliable: subprog.unreliable === true,
        isExceptionCb: subprog.isExceptionCb,
        changesPktData: subprog.changesPktData === true,
        mightSleep: subprog.mightSleep === true,
      })),
      attachTracingProg: this.type === TRACING && dstProg?.type === TRACING,
      savedDstProgType: this.dstProgType,
    };
  }

  /** Index of the function whose type has this id in the program's BTF, or -1. */
  subprogOfType(btfId: number): number {
    const { funcInfo } = this.facts;
    const view = new DataView(funcInfo.buffer, funcInfo.byteOffset, funcInfo.byteLength);
    for (let i = 0; i * FUNC_INFO_SIZE < funcInfo.length; i++)
      if (view.getUint32(i * FUNC_INFO_SIZE + 4, true) === btfId) return i;
    return -1;
  }

  /** Keeps a map for as long as the program lives (PROG_BIND_MAP). */
  bindMap(map: BpfMap): void {
    if (this.usedMaps.includes(map)) return;
    map.get();
    this.usedMaps.push(map);
  }

  protected override release(): void {
    super.release();
    this.facts.btf?.put();
    this.facts.attachBtf?.put();
    this.facts.dstProg?.put();
  }
}

/**
 * SHA-256 of the instructions, with the descriptors of maps zeroed so that equal
 * programs have equal tags (`bpf_prog_calc_tag`).
 */
export function progDigest(insns: Uint8Array): Uint8Array {
  const clean = insns.slice();
  for (let at = 0; at + 2 * INSN_SIZE <= clean.length; at += INSN_SIZE) {
    if (clean[at] !== LDDW) continue;
    const src = (clean[at + 1] as number) >> 4;
    if (src === PSEUDO_MAP_FD || src === PSEUDO_MAP_VALUE) {
      clean.fill(0, at + 4, at + 8);
      clean.fill(0, at + 12, at + 16);
    }
    at += INSN_SIZE;
  }
  return sha256(clean);
}
