/**
 * A machine of ours for the benchmark: maps, programs on either engine, an XDP
 * context with a packet. The programs are known to be right, so their facts are made
 * here by a walk over the straight-line code instead of by the verifier.
 */
import { seededRandom } from '../../base/env.ts';
import { BpfFile, FMODE_READ, FMODE_WRITE } from '../../base/object.ts';
import { LINUX_6_18 } from '../../base/profile.ts';
import { mapOps } from '../../maps/index.ts';
import { BpfMap } from '../../maps/map.ts';
import { Arena, BASE_HI } from '../../mm/arena.ts';
import { BPF_MAP_TYPE, BPF_PROG_TYPE } from '../../uapi/bpf.ts';
import { createVm } from '../../vm/helpers/index.ts';
import {
  BPF_PSEUDO_MAP_FD,
  decodeInsns,
  INSN_TABLE,
  type Insns,
  isPseudoCall,
  OP_CALL,
  OP_LDDW,
} from '../../vm/insn.ts';
import { BpfProg, type EngineName } from '../../vm/prog.ts';
import { InsnAux, PTR_KIND, type SubprogInfo } from '../../vm/verifier/types.ts';
import { CTX_EXT, type Vm } from '../../vm/vm.ts';
import type { BenchObject } from './object.ts';

/** Offsets of the pointers of an XDP context in its extension, by their offset in struct xdp_md. */
const XDP_POINTERS: Readonly<Record<number, number>> = { 0: 0, 4: 8, 8: 16 };

/** One object loaded into a machine of its own. */
export interface Machine {
  readonly vm: Vm;
  readonly prog: BpfProg;
  /** All programs of the object by name. */
  readonly progs: ReadonlyMap<string, BpfProg>;
  readonly ctx: number;
  readonly packet: number;
}

/** Which registers hold what, along straight code. */
interface Walk {
  ctx: Set<number>;
  maps: Map<number, BpfMap>;
}

function facts(insns: Insns, maps: readonly BpfMap[]): { aux: InsnAux[]; subprogs: SubprogInfo[] } {
  const starts = new Set([0]);
  for (let i = 0; i < insns.count; i++) if (isPseudoCall(insns, i)) starts.add(i + 1 + insns.imm[i]!);
  const order = [...starts].sort((a, b) => a - b);
  const aux = Array.from({ length: insns.count }, () => new InsnAux());
  const depths = order.map(() => 0);
  const walk: Walk = { ctx: new Set([1]), maps: new Map() };
  let current = 0;
  for (let i = 0; i < insns.count; i++) {
    const fact = aux[i]!;
    const def = INSN_TABLE[insns.op[i]!];
    fact.seen = true;
    if (order[current + 1] === i) {
      current++;
      walk.ctx.clear();
    }
    const dst = insns.dst[i]!;
    const src = insns.src[i]!;
    const off = insns.off[i]!;
    if ((def?.kind === 'store' && dst === 10) || (def?.kind === 'load' && src === 10)) {
      depths[current] = Math.max(depths[current]!, -off);
    }
    if (insns.op[i] === 0x07 && insns.imm[i]! < 0) depths[current] = Math.max(depths[current]!, -insns.imm[i]! & 511);
    if (def?.kind === 'load' && walk.ctx.has(src)) {
      fact.ptrKind = PTR_KIND.CTX;
      fact.ctxPtr = XDP_POINTERS[off] ?? -1;
    }
    if (insns.op[i] === OP_LDDW && src === BPF_PSEUDO_MAP_FD) {
      fact.map = maps[insns.imm[i]!] as InsnAux['map'];
      walk.maps.set(dst, maps[insns.imm[i]!]!);
    } else if (insns.op[i] === OP_CALL) {
      fact.helperId = src === 0 ? insns.imm[i]! : 0;
      fact.map = walk.maps.get(insns.imm[i] === 12 ? 2 : 1) as InsnAux['map'];
      if (src === 1) fact.subprog = order.indexOf(i + 1 + insns.imm[i]!);
      for (let reg = 0; reg <= 5; reg++) walk.ctx.delete(reg);
    } else if (insns.op[i] === 0xbf && off === 0) {
      if (walk.ctx.has(src)) walk.ctx.add(dst);
      else walk.ctx.delete(dst);
      const map = walk.maps.get(src);
      if (map !== undefined) walk.maps.set(dst, map);
    } else if (def !== undefined && def.kind !== 'store' && def.kind !== 'jcond') walk.ctx.delete(dst);
  }
  const subprogs = order.map((start, index) => ({
    start,
    end: order[index + 1] ?? insns.count,
    stackDepth: (depths[index]! + 7) & ~7,
    name: `f${index}`,
    hasTailCall: false,
    hasLdAbs: false,
    isCb: false,
    isAsyncCb: false,
    isExceptionCb: false,
    isGlobal: false,
  }));
  return { aux, subprogs };
}

/** A machine with an object's maps and programs; `main` is the one that runs. */
export function load(object: BenchObject, engine: EngineName, packet: Uint8Array, mebibytes = 64): Machine {
  const byId = new Map<number, BpfMap>();
  const arena = new Arena({ size: mebibytes << 20 });
  const clock = { monotonic: () => 0n, boottime: () => 0n, realtime: () => 0n };
  const env = {
    arena,
    nrCpus: 1,
    cpu: 0,
    clock,
    random: seededRandom(1),
    profile: LINUX_6_18,
    maps: { find: (id: number) => byId.get(id) },
  };
  const vm = createVm(env);
  const maps = object.maps.map((spec, index) => {
    const attr = { ...spec, mapType: spec.type, mapFlags: 0, numaNode: 0, mapExtra: 0n, innerMap: -9 };
    const map = mapOps(spec.type)?.alloc(attr, env, { hasCap: () => true });
    if (!(map instanceof BpfMap)) throw new Error(`Cannot create map ${spec.name}: ${map}`);
    map.id = index + 1;
    arena.i32[map.addr >> 2] = map.id;
    byId.set(map.id, map);
    return map;
  });
  const progs = new Map<string, BpfProg>();
  for (const [name, bytes] of object.progs) {
    const init = { vm, type: BPF_PROG_TYPE.XDP, name, insns: bytes, usedMaps: maps, engine };
    progs.set(name, new BpfProg({ ...init, ...facts(decodeInsns(bytes), maps) }));
  }
  const step = progs.get('step');
  const progArray = maps.find((map) => map.mapType === BPF_MAP_TYPE.PROG_ARRAY);
  if (step !== undefined && progArray !== undefined) putProgram(vm, progArray, step);
  const [main] = [...progs].filter(([name]) => name.startsWith('prog_')).map(([, prog]) => prog);
  const ctx = arena.alloc(512);
  const at = arena.alloc(4096);
  arena.u8.set(packet, at);
  for (const [offset, pointer] of [
    [0, at],
    [8, at + packet.length],
    [16, at],
  ] as const) {
    arena.i32[(ctx + CTX_EXT + offset) >> 2] = pointer;
    arena.i32[(ctx + CTX_EXT + offset + 4) >> 2] = BASE_HI;
  }
  return { vm, prog: main!, progs, ctx, packet: at };
}

/** Puts a program into slot 0, as MAP_UPDATE_ELEM does with a descriptor. */
function putProgram(vm: Vm, map: BpfMap, prog: BpfProg): void {
  const arena = vm.env.arena;
  const key = arena.alloc(8);
  const value = arena.alloc(8);
  arena.i32[value >> 2] = 3;
  prog.id = 1;
  const error = map.ops.sysUpdate?.(map, key, value, 0, { fdget: () => new BpfFile(prog, FMODE_READ | FMODE_WRITE) });
  if (error !== 0) throw new Error(`Cannot put ${prog.name} into the prog array: ${error}`);
}
