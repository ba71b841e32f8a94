/**
 * A program as PROG_LOAD leaves it: what runs ({@link BpfProg}), and what
 * OBJ_GET_INFO_BY_FD tells of it (`struct bpf_prog_aux`).
 */
import type { BpfProgBase } from '../base/prog.ts';
import type { Btf } from '../btf/btf.ts';
import type { BpfMap } from '../maps/map.ts';
import { BPF_PROG_TYPE } from '../uapi/bpf.ts';
import { OP_CALL, OP_LDDW } from '../vm/insn.ts';
import { BpfProg, type ProgInit } from '../vm/prog.ts';
import type { TargetProg } from '../vm/verifier/types.ts';
import { hex } from './ctl_json/text.ts';
import { sha256 } from './sha.ts';
import { liveSubprogs, moveRecords, type XlateInput, xlate } from './xlated.ts';

const TRACING = BPF_PROG_TYPE.TRACING;
const INSN_SIZE = 8;
const FUNC_INFO_SIZE = 8;
const LINE_INFO_SIZE = 16;
const PSEUDO_MAP_FD = 1;
const PSEUDO_MAP_VALUE = 2;
const PSEUDO_CALL = 1;
const TAG_SIZE = 8;

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
  /** First instruction of each function that is left. */
  readonly starts: readonly number[];
}

/** A loaded program. It holds its maps, its BTF and what it attaches to. */
export class LoadedProg extends BpfProg {
  readonly facts: ProgFacts;
  /** An extension or tracing program of a program was attached where it was loaded for: not a second time. */
  targetTaken = false;
  #shown: ShownProg | undefined;
  #tag: Uint8Array | undefined;
  #symbol: string | undefined;

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
        starts: this.#starts(position),
      };
    }
    return this.#shown;
  }

  /** Functions of the program, main included; the kernel counts them only when there are others (`func_cnt`). */
  get funcCount(): number {
    return Math.max(liveSubprogs(this.facts.xlate).length, 1);
  }

  #starts(position: Int32Array): number[] {
    const { xlate } = this.facts;
    return liveSubprogs(xlate).map((s) => {
      const { start, end } = xlate.subprogs[s] ?? { start: 0, end: 0 };
      // What a function begins with may have been taken out.
      let at = start;
      while (at < end && (position[at] ?? -1) < 0) at++;
      return s === 0 ? 0 : Math.max(position[at] ?? 0, 0);
    });
  }

  /** Tag of each function, one after the other: they are compiled, and told apart, by themselves (`jit_subprogs`). */
  get funcTags(): Uint8Array {
    const { insns, starts } = this.shown;
    if (starts.length <= 1) return this.tag;
    const tags = new Uint8Array(starts.length * TAG_SIZE);
    starts.forEach((start, i) => {
      const body = insns.slice(start * INSN_SIZE, (starts[i + 1] ?? insns.length / INSN_SIZE) * INSN_SIZE);
      tags.set(progDigest(callsByNumber(body)).subarray(0, TAG_SIZE), i * TAG_SIZE);
    });
    return tags;
  }

  /** `bpf_prog_TAG_NAME`: the name of its main function where the types tell, else its own. */
  override get symbol(): string {
    this.#symbol ??= this.#makeSymbol();
    return this.#symbol;
  }

  #makeSymbol(): string {
    const tag = hex(this.funcTags.subarray(0, TAG_SIZE));
    const main = this.facts.btf?.type(this.#funcTypeIds()[0] ?? 0);
    const name = main?.name || this.name;
    return name === '' ? `bpf_prog_${tag}` : `bpf_prog_${tag}_${name}`;
  }

  /** The program as one that others are put on. */
  asTarget(): TargetProg {
    const { btf, dstProg } = this.facts;
    const typeIds = this.#funcTypeIds();
    return {
      type: this.type,
      expectedAttachType: this.expectedAttachType,
      btf,
      funcs: this.subprogs.slice(0, typeIds.length).map((subprog, i) => ({
        typeId: typeIds[i]!,
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
    return this.#funcTypeIds().indexOf(btfId);
  }

  /** Types of its functions, as func_info tells them. */
  #funcTypeIds(): number[] {
    const { funcInfo } = this.facts;
    const view = new DataView(funcInfo.buffer, funcInfo.byteOffset, funcInfo.byteLength);
    return Array.from({ length: Math.floor(funcInfo.length / FUNC_INFO_SIZE) }, (_, i) =>
      view.getUint32(i * FUNC_INFO_SIZE + 4, true),
    );
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

/** Calls of functions as they are when a function's tag is made: the number of the function for the distance, and 1. */
function callsByNumber(insns: Uint8Array): Uint8Array {
  const view = new DataView(insns.buffer);
  for (let at = 0; at < insns.length; at += INSN_SIZE) {
    if (insns[at] === OP_LDDW) at += INSN_SIZE;
    else if (insns[at] === OP_CALL && (insns[at + 1] as number) >> 4 === PSEUDO_CALL) {
      view.setUint16(at + 2, view.getUint32(at + 4, true) & 0xffff, true);
      view.setUint32(at + 4, 1, true);
    }
  }
  return insns;
}

/**
 * SHA-256 of the instructions, with the descriptors of maps zeroed so that equal
 * programs have equal tags (`bpf_prog_calc_tag`).
 */
export function progDigest(insns: Uint8Array): Uint8Array {
  const clean = insns.slice();
  for (let at = 0; at + 2 * INSN_SIZE <= clean.length; at += INSN_SIZE) {
    if (clean[at] !== OP_LDDW) continue;
    const src = (clean[at + 1] as number) >> 4;
    if (src === PSEUDO_MAP_FD || src === PSEUDO_MAP_VALUE) {
      clean.fill(0, at + 4, at + 8);
      clean.fill(0, at + 12, at + 16);
    }
    at += INSN_SIZE;
  }
  return sha256(clean);
}
