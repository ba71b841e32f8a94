/**
 * Programs for tests of the engines without the verifier: facts made by hand for
 * simple programs, and a machine to run them on.
 */
import { seededRandom } from '../../../base/env.ts';
import { LINUX_6_18 } from '../../../base/profile.ts';
import type { BpfMap } from '../../../maps/map.ts';
import { Arena } from '../../../mm/arena.ts';
import {
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
  decodeInsns,
  isPseudoCall,
  isPseudoFunc,
  OP_CALL,
  OP_LDDW,
} from '../../../vm/insn.ts';
import { BpfProg, type EngineName, type ProgInit } from '../../../vm/prog.ts';
import { InsnAux, type SubprogInfo } from '../../../vm/verifier/types.ts';
import { Vm, type VmTables } from '../../../vm/vm.ts';

/** A clock that stands still unless told to go on. */
function fixedClock(now = 1_000_000_000n) {
  return { monotonic: () => now, boottime: () => now, realtime: () => now };
}

/** Tables without helpers. */
const NO_HELPERS: VmTables = { helper: () => undefined, kfunc: () => undefined };

/** A machine with maps by id. */
export function testVm(tables: VmTables = NO_HELPERS, maps: ReadonlyMap<number, BpfMap> = new Map()): Vm {
  const env = {
    arena: new Arena({ size: 16 << 20, poison: true }),
    nrCpus: 2,
    cpu: 0,
    clock: fixedClock(),
    random: seededRandom(1),
    profile: LINUX_6_18,
    maps: { find: (id: number) => maps.get(id) },
  };
  return new Vm(env, tables);
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

/**
 * Facts of a program that is taken to be right: everything is reached, each function
 * has a stack of 512 bytes (64 when `depth` says so), lddw of a map names `maps[imm]`,
 * and a call after it in the same straight line works on that map.
 */
export function trustedFacts(bytes: Uint8Array, maps: readonly BpfMap[] = [], depth = 64) {
  const insns = decodeInsns(bytes);
  const starts = new Set([0]);
  for (let i = 0; i < insns.count; i++) {
    if (isPseudoCall(insns, i) || isPseudoFunc(insns, i)) starts.add(i + 1 + insns.imm[i]!);
  }
  const order = [...starts].sort((a, b) => a - b);
  const aux = Array.from({ length: insns.count }, () => new InsnAux());
  let callback = -1;
  let map: BpfMap | undefined;
  for (let i = 0; i < insns.count; i++) {
    const fact = aux[i]!;
    fact.seen = true;
    const target = order.indexOf(i + 1 + insns.imm[i]!);
    if (isPseudoCall(insns, i)) fact.subprog = target;
    if (insns.op[i] === OP_LDDW && insns.src[i] === BPF_PSEUDO_MAP_VALUE) {
      fact.map = maps[insns.imm[i]!] as InsnAux['map'];
      fact.mapValueOff = insns.imm[i + 1]!;
    } else if (insns.op[i] === OP_LDDW && insns.src[i] === BPF_PSEUDO_MAP_FD) {
      map = maps[insns.imm[i]!];
      fact.map = map as never;
    } else if (isPseudoFunc(insns, i)) {
      fact.subprog = target;
      callback = target;
    } else if (insns.op[i] === OP_CALL && insns.src[i] === 0) {
      fact.helperId = insns.imm[i]!;
      fact.map = map as never;
      fact.callback = callback;
      // `r4 = 0` just before: flags that are always 0.
      if (insns.op[i - 1] === 0xb7 && insns.dst[i - 1] === 4 && insns.imm[i - 1] === 0) fact.loopCallback = callback;
    }
  }
  const subprogs: SubprogInfo[] = order.map((start, index) => ({
    start,
    end: order[index + 1] ?? insns.count,
    stackDepth: depth,
    name: index === 0 ? 'main' : `f${index}`,
    hasTailCall: false,
    hasLdAbs: false,
    isCb: false,
    isAsyncCb: false,
    isExceptionCb: false,
    isGlobal: false,
  }));
  return { aux, subprogs, usedMaps: maps };
}

/** A program from bytes with trusted facts. */
export function trustedProg(
  vm: Vm,
  bytes: Uint8Array,
  engine: EngineName,
  options: { maps?: readonly BpfMap[]; depth?: number } & Partial<ProgInit> = {},
): BpfProg {
  const facts = trustedFacts(bytes, options.maps, options.depth);
  return new BpfProg({ vm, type: 6, insns: bytes, engine, ...facts, ...options });
}
