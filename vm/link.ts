/**
 * Linking: what the constants and calls of a verified program stand for. Both
 * engines run the original instructions with the verifier's facts; this turns the
 * facts into addresses, implementations and targets once (`bpf_misc_fixup`'s part of the work).
 */
import { ArenaMap } from '../maps/arena_map.ts';
import { BpfMap, type MapOps } from '../maps/map.ts';
import { BASE_HI } from '../mm/arena.ts';
import { ENOMEM, ENOTSUPP, Errno } from '../uapi/errno.ts';
import type { HelperImpl } from './helper.ts';
import {
  BPF_ALU,
  BPF_ALU64,
  BPF_JA,
  BPF_JMP,
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_IDX,
  BPF_PSEUDO_MAP_IDX_VALUE,
  BPF_PSEUDO_MAP_VALUE,
  INSN_TABLE,
  type Insns,
  jumpTarget,
  OP_CALL,
  OP_LDDW,
} from './insn.ts';
import type { InsnAux, SubprogInfo } from './verifier/types.ts';
import { FUNC_HI, SCRATCH, type Vm } from './vm.ts';

/** Helper numbers the engines know by themselves. */
const HELPER_MAP_LOOKUP = 1;
const HELPER_MAP_UPDATE = 2;
const HELPER_MAP_DELETE = 3;
const HELPER_TAIL_CALL = 12;
export const HELPER_LOOP = 181;

/** A map helper on a map that is the same each time. */
export interface MapSite {
  readonly kind: 'lookup' | 'update' | 'remove';
  readonly map: BpfMap;
  /** The map's own functions; only called for the kind, which has been looked at. */
  readonly ops: Required<Pick<MapOps, 'lookup' | 'update' | 'remove'>>;
}

/** A tail call; `map` undefined: not the same each time. */
export interface TailSite {
  readonly kind: 'tail';
  readonly map: BpfMap | undefined;
}

/** What a call instruction calls. */
export type CallSite =
  | MapSite
  | TailSite
  | { readonly kind: 'sub' | 'loop'; readonly subprog: number }
  | { readonly kind: 'helper'; readonly impl: HelperImpl };

/** A program ready for an engine. */
export interface LinkedProgram {
  readonly insns: Insns;
  readonly aux: readonly InsnAux[];
  readonly subprogs: readonly SubprogInfo[];
  /** Index of the subprogram each instruction belongs to. */
  readonly subprogOf: Uint16Array;
  /** Both halves of every lddw, by instruction index: `values[2 * i]` low. */
  readonly lddw: ReadonlyMap<number, readonly [number, number]>;
  readonly calls: ReadonlyMap<number, CallSite>;
  /** The arena map of the program (`BPF_MAP_TYPE_ARENA`), when it has one. */
  readonly arena: ArenaMap | undefined;
  /** Handle of each subprogram whose address is taken, by subprogram. */
  readonly handles: ReadonlyMap<number, number>;
  /** Turns of its loops before the first look at the clock, as a power of two: fewer the longer a turn may be. */
  readonly turnsLog: number;
}

/** What linking needs of the program. */
export interface LinkInput {
  readonly vm: Vm;
  readonly insns: Insns;
  readonly aux: readonly InsnAux[];
  readonly subprogs: readonly SubprogInfo[];
  readonly usedMaps: readonly BpfMap[];
  /** Instructions the verifier processed: no turn of a loop it has no bound for takes more. */
  readonly verifiedInsns?: number | undefined;
  /** Gives a subprogram a handle (see {@link Vm.addFunc}). */
  handle(subprog: number): number;
}

/** Most turns before the first look at the clock, as a power of two, and instructions they may have all in all. */
const TURNS_LOG_MAX = 8;
const FIRST_INSNS = 2_000_000;

function firstTurns(verifiedInsns: number): number {
  return Math.max(Math.min(31 - Math.clz32(FIRST_INSNS / Math.max(verifiedInsns, 1)), TURNS_LOG_MAX), 0);
}

/** Turns facts into targets. */
export function link(input: LinkInput): LinkedProgram {
  const { vm, aux, subprogs } = input;
  const insns = patched(input.insns, aux);
  const subprogOf = new Uint16Array(insns.count);
  subprogs.forEach((subprog, index) => {
    subprogOf.fill(index, subprog.start, subprog.end);
  });
  const lddw = new Map<number, readonly [number, number]>();
  const calls = new Map<number, CallSite>();
  const handles = new Map<number, number>();
  const handle = (subprog: number): number => {
    const known = handles.get(subprog);
    if (known !== undefined) return known;
    const made = input.handle(subprog);
    handles.set(subprog, made);
    return made;
  };
  for (let i = 0; i < insns.count; i++) {
    const fact = aux[i]!;
    if (insns.op[i] === OP_LDDW) {
      const target =
        insns.src[i] === BPF_PSEUDO_FUNC ? [handle(fact.subprog), FUNC_HI] : constantOf(vm, insns, fact, i);
      lddw.set(i, target as [number, number]);
      i++;
    } else if (insns.op[i] === OP_CALL && fact.seen) {
      calls.set(i, callSite(vm, insns, fact, i));
    }
  }
  const exceptionCb = subprogs.findIndex((subprog) => subprog.isExceptionCb);
  if (exceptionCb >= 0) catchExceptions(calls, handle(exceptionCb));
  const arena = input.usedMaps.find((map) => map instanceof ArenaMap);
  if (arena?.prepare() === false) throw new Errno(ENOMEM, 'No memory for the pages of the arena');
  const turnsLog = firstTurns(input.verifiedInsns ?? insns.count);
  return { insns, aux, subprogs, subprogOf, lddw, calls, arena, handles, turnsLog };
}

/**
 * What throws calls the program's exception callback (by its handle) first: what that returns
 * is what the program is left with, whichever program began it by a tail call.
 */
function catchExceptions(calls: Map<number, CallSite>, handle: number): void {
  for (const [i, site] of calls) {
    if (site.kind !== 'helper' || site.impl.throws !== true) continue;
    const { impl } = site;
    const fn: HelperImpl['fn'] = (vm, lo = 0, hi = 0) => {
      vm.setArg(0, lo, hi);
      const result = vm.callback(handle);
      return impl.fn(vm, result, vm.r0Hi);
    };
    calls.set(i, { kind: 'helper', impl: { ...impl, callsBack: true, fn } });
  }
}

/**
 * The two things that the kernel changes in the instructions and that a run can tell.
 * Branches of which the verifier saw only one side are made to take it always
 * (`opt_hard_wire_dead_code_branches`): even where the verifier took a branch that can
 * be taken for dead. Arithmetic with addresses of an arena becomes that of 32 bits
 * (`do_misc_fixups`).
 */
function patched(insns: Insns, aux: readonly InsnAux[]): Insns {
  let copy: Insns | undefined;
  for (let i = 0; i < insns.count; i++) {
    const fact = aux[i]!;
    if (!fact.seen) continue;
    if (fact.needsZext) {
      copy ??= insns.clone();
      copy.op[i] = insns.op[i]! - BPF_ALU64 + BPF_ALU;
      continue;
    }
    if (INSN_TABLE[insns.op[i]!]?.kind !== 'jcond') continue;
    const isTaken = aux[i + 1]?.seen === false;
    if (!isTaken && aux[jumpTarget(insns, i)]?.seen !== false) continue;
    copy ??= insns.clone();
    copy.op[i] = BPF_JMP | BPF_JA;
    if (!isTaken) copy.off[i] = 0;
  }
  return copy ?? insns;
}

/** The value of a lddw that is not a function. */
function constantOf(vm: Vm, insns: Insns, fact: InsnAux, i: number): [number, number] {
  const map = fact.map as BpfMap | undefined;
  switch (insns.src[i]) {
    case BPF_PSEUDO_MAP_FD:
    case BPF_PSEUDO_MAP_IDX:
      return map === undefined ? [0, 0] : [map.addr, BASE_HI];
    case BPF_PSEUDO_MAP_VALUE:
    case BPF_PSEUDO_MAP_IDX_VALUE:
      return map === undefined ? [0, 0] : valueAddress(vm, map, Math.max(fact.mapValueOff, 0));
    case BPF_PSEUDO_BTF_ID:
      return fact.ksym === undefined ? [0, 0] : [vm.ksym(fact.ksym), BASE_HI];
    default:
      return [insns.imm[i]!, insns.imm[i + 1]!];
  }
}

/** High half of an arena's user addresses. */
export function arenaUserHi(map: ArenaMap): number {
  return Number(BigInt.asIntN(32, map.userVmStart >> 32n));
}

/** Address of a byte in the first value of a map (`map_direct_value_addr`). */
function valueAddress(vm: Vm, map: BpfMap, offset: number): [number, number] {
  if (map instanceof ArenaMap) {
    const address = map.userVmStart + BigInt(offset);
    return [Number(BigInt.asIntN(32, address)), Number(BigInt.asIntN(32, address >> 32n))];
  }
  const value = map.ops.lookup?.(map, vm.scratch + SCRATCH.ZERO) ?? 0;
  return value === 0 ? [0, 0] : [value + offset, BASE_HI];
}

function callSite(vm: Vm, insns: Insns, fact: InsnAux, i: number): CallSite {
  const src = insns.src[i];
  if (src === BPF_PSEUDO_CALL) return { kind: 'sub', subprog: fact.subprog };
  if (src === BPF_PSEUDO_KFUNC_CALL) {
    const name = fact.kfunc ?? '';
    return { kind: 'helper', impl: vm.tables.kfunc(name) ?? unsupported(name) };
  }
  const id = insns.imm[i]!;
  // What is looked up in a map of maps is known by its template only: the map comes with the call.
  const map = !fact.mapPoison && fact.map instanceof BpfMap ? fact.map : undefined;
  if (id === HELPER_TAIL_CALL) return { kind: 'tail', map };
  if (map !== undefined) {
    const ops = map.ops as MapSite['ops'];
    if (id === HELPER_MAP_LOOKUP && map.ops.lookup) return { kind: 'lookup', map, ops };
    if (id === HELPER_MAP_UPDATE && map.ops.update) return { kind: 'update', map, ops };
    if (id === HELPER_MAP_DELETE && map.ops.remove) return { kind: 'remove', map, ops };
  }
  if (id === HELPER_LOOP && fact.loopCallback >= 0) return { kind: 'loop', subprog: fact.loopCallback };
  return { kind: 'helper', impl: vm.tables.helper(id) ?? unsupported(`helper ${id}`) };
}

/** Stands in for a function that has no implementation here: -ENOTSUPP. */
function unsupported(name: string): HelperImpl {
  return { name, doc: 'Not implemented', args: '', ret: 'int', fn: () => -ENOTSUPP };
}
