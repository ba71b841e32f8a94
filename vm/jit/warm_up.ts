/**
 * Compiling for nobody: the first program of a process is compiled by a compiler that the
 * engine has not compiled itself, in several times the time (measured: 5 ms instead of
 * 1 for 1,000 instructions). A server has idle moments in which that can be made good.
 */
import type { KernelEnv } from '../../base/env.ts';
import { mapOps } from '../../maps/index.ts';
import type { BpfMap, MapCreateAttr } from '../../maps/map.ts';
import { Arena } from '../../mm/arena.ts';
import { BPF_F_MAP, BPF_MAP_TYPE } from '../../uapi/bpf.ts';
import { BPF_REG_FP, INSN_TABLE, Insns, OP_CALL, OP_EXIT } from '../insn.ts';
import { type LinkedProgram, link } from '../link.ts';
import { InsnAux, type SubprogInfo } from '../verifier/types.ts';
import type { Vm } from '../vm.ts';
import { Jit } from './jit.ts';

/** Kinds of instructions in the program that is compiled. */
const KINDS: ReadonlySet<string> = new Set(['alu', 'mov', 'neg', 'end', 'load', 'loadsx', 'store', 'atomic', 'jcond']);

/** Times it is compiled: after that it takes no less. */
const TIMES = 3;

/** Map helpers that the program calls: lookup, update and delete. */
const MAP_HELPERS = [1, 2, 3];

/**
 * A map in memory of its own: what is in the machine's memory later does not depend on idle
 * moments. Undefined: the host has no address space for a second one.
 */
function scratchMap(vm: Vm): BpfMap | undefined {
  let arena: Arena;
  try {
    arena = new Arena({ size: 0 });
  } catch {
    return undefined;
  }
  const env: KernelEnv = { ...vm.env, arena };
  const attr: MapCreateAttr = {
    mapType: BPF_MAP_TYPE.HASH,
    keySize: 16,
    valueSize: 8,
    maxEntries: 1,
    mapFlags: BPF_F_MAP.ZERO_SEED,
    numaNode: 0,
    mapExtra: 0n,
    innerMap: 0,
  };
  const map = mapOps(attr.mapType)?.alloc(attr, env, { hasCap: () => true });
  return typeof map === 'number' ? undefined : map;
}

/** A program with each of these instructions and the map helpers, and two ends for its last jump. */
function specimen(vm: Vm, map: BpfMap | undefined): LinkedProgram {
  const defs = INSN_TABLE.filter((def) => def !== undefined && KINDS.has(def.kind));
  const calls = map === undefined ? [] : MAP_HELPERS;
  const count = calls.length + defs.length + 2;
  const insns = new Insns(count);
  insns.op.fill(OP_EXIT);
  const aux = Array.from(insns.op, () => Object.assign(new InsnAux(), { seen: true }));
  calls.forEach((id, i) => {
    insns.op[i] = OP_CALL;
    insns.imm[i] = id;
    Object.assign(aux[i]!, { helperId: id, map });
  });
  defs.forEach((def, at) => {
    const i = calls.length + at;
    insns.op[i] = def!.opcode;
    insns.dst[i] = i % 6;
    insns.src[i] = def!.kind === 'load' ? BPF_REG_FP : 6 + (i & 3);
    insns.off[i] = def!.kind === 'jcond' ? 1 : def!.size === 0 ? 0 : -8;
    insns.imm[i] = def!.kind === 'end' ? 32 : i;
  });
  const main: SubprogInfo = {
    start: 0,
    end: count,
    stackDepth: 8,
    name: '',
    hasTailCall: false,
    hasLdAbs: false,
    isCb: false,
    isAsyncCb: false,
    isExceptionCb: false,
    isGlobal: false,
  };
  return link({ vm, insns, aux, subprogs: [main], usedMaps: [], handle: () => 0 });
}

/** Compiles a program that is thrown away (some 8 ms in all). */
export function warmUp(vm: Vm): void {
  const map = scratchMap(vm);
  for (let i = 0; i < TIMES; i++) new Jit(vm, specimen(vm, map));
}
