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
import { BPF_F_MAP, BPF_MAP_TYPE } from '../uapi/bpf.ts';
import { type InsnAux, PTR_KIND } from '../vm/verifier/types.ts';
import { contextLoad, contextStore } from './xlated_ctx.ts';
import { Patcher, raw, type Xinsn } from './xlated_patch.ts';

const LDDW = 0x18;
const CALL = 0x85;
const JA = 0x05;
const MAY_GOTO = 0xe5;
const PSEUDO_MAP_FD = 1;
const PSEUDO_MAP_VALUE = 2;
const PSEUDO_MAP_IDX = 5;
const PSEUDO_MAP_IDX_VALUE = 6;
const PSEUDO_CALL = 1;
const HELPER_LOOKUP = 1;
const T = BPF_MAP_TYPE;
/** Offsets in `struct bpf_array` and in the elements of a hash table, as in the kernel recorded. */
const ARRAY_VALUE = 312;
const HTAB_KEY = 48;
const LRU_REF = 35;

/** What the rewriting looks at. */
export interface XlateInput {
  readonly insns: Uint8Array;
  readonly progType: number;
  readonly aux: readonly InsnAux[];
  /** With CAP_BPF dead code is removed, without it stays as jumps to themselves. */
  readonly privileged: boolean;
  /** With CAP_PERFMON array accesses need no mask against speculation. */
  readonly bypassSpec: boolean;
  readonly vmlinux: Btf | undefined;
}

/** The instructions to show, and where each original one begins (-1: removed). */
export function xlate(input: XlateInput): { readonly bytes: Uint8Array; readonly position: Int32Array } {
  const patcher = new Patcher(input.insns);
  if (input.privileged) removeDeadCode(patcher, input.aux);
  for (const insn of [...patcher.list]) {
    const aux = input.aux[insn.index];
    if (aux !== undefined) rewrite(patcher, insn, aux, input);
  }
  return patcher.finish();
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
  patcher.remove((insn, next) => {
    const isNop = insn.op === JA || insn.op === MAY_GOTO;
    return isNop && next?.holds(insn.target) === true;
  });
}

function rewrite(patcher: Patcher, insn: Xinsn, aux: InsnAux, input: XlateInput): void {
  if (insn.isSecondHalf) return;
  const replacement = replacementOf(insn, aux, input);
  if (replacement !== undefined) {
    patcher.replace(insn, replacement);
    return;
  }
  if (insn.op === LDDW) showMap(insn, aux);
  // A call of a subprogram has its distance in the offset field, and which one it is in the other.
  else if (insn.op === CALL && insn.src === PSEUDO_CALL) insn.setImm(aux.subprog);
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
function replacementOf(insn: Xinsn, aux: InsnAux, input: XlateInput): Uint8Array[] | undefined {
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
  if (insn.op === CALL && insn.src === 0 && insn.imm === HELPER_LOOKUP) return lookup(aux, input);
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

/** Lookups that the kernel has inline (`map_gen_lookup` of arrays and hash tables). */
function lookup(aux: InsnAux, input: XlateInput): Uint8Array[] | undefined {
  const map = aux.mapPoison ? undefined : (aux.map as BpfMap | undefined);
  if (map === undefined) return undefined;
  switch (map.mapType) {
    case T.ARRAY:
    case T.PERCPU_ARRAY:
      return (map.mapFlags & BPF_F_MAP.INNER_MAP) !== 0 ? undefined : arrayLookup(map, input.bypassSpec);
    case T.HASH:
      return hashLookup(map, [], []);
    case T.PERCPU_HASH:
      return hashLookup(map, [], [raw(0x79, 0, 0, 0, 0), raw(0xbf, 0, 0, -1, 0)]);
    case T.LRU_HASH:
      // The reference bit of the element is set when it is not.
      return hashLookup(map, [raw(0x71, 1, 0, LRU_REF, 0), raw(0x55, 1, 0, 1, 0), raw(0x72, 0, 0, LRU_REF, 1)], []);
    default:
      return undefined;
  }
}

function arrayLookup(map: BpfMap, bypassSpec: boolean): Uint8Array[] {
  const isPercpu = map.mapType === T.PERCPU_ARRAY;
  const size = isPercpu ? 8 : Math.ceil(map.valueSize / 8) * 8;
  const mask = 2 ** Math.ceil(Math.log2(map.maxEntries)) - 1;
  const shift = Math.log2(size);
  const scale = Number.isInteger(shift) ? raw(0x67, 0, 0, 0, shift) : raw(0x27, 0, 0, 0, size);
  const body = [
    ...(bypassSpec ? [] : [raw(0x54, 0, 0, 0, mask)]),
    scale,
    raw(0x0f, 0, 1, 0, 0),
    ...(isPercpu ? [raw(0x79, 0, 0, 0, 0), raw(0xbf, 0, 0, -1, 0)] : []),
  ];
  return [
    raw(0x07, 1, 0, 0, ARRAY_VALUE),
    raw(0x61, 0, 2, 0, 0),
    raw(0x35, 0, 0, body.length + 1, map.maxEntries),
    ...body,
    raw(JA, 0, 0, 1, 0),
    raw(0xb7, 0, 0, 0, 0),
  ];
}

function hashLookup(map: BpfMap, before: readonly Uint8Array[], after: readonly Uint8Array[]): Uint8Array[] {
  const value = HTAB_KEY + Math.ceil(map.keySize / 8) * 8;
  return [
    raw(CALL, 0, 0, 0, 0),
    raw(0x15, 0, 0, before.length + after.length + 1, 0),
    ...before,
    raw(0x07, 0, 0, 0, value),
    ...after,
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
