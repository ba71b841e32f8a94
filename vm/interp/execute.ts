/**
 * What the loop of the interpreter leaves: operations that call something, or that are too
 * rare for a place in it.
 */
import { LRU_NODE, NODE_REF } from '../../maps/bpf_lru_list.ts';
import { htabLookupElem } from '../../maps/hashtab.ts';
import { htabFind1, htabFind2, htabFind4 } from '../../maps/htab_find.ts';
import { BASE_HI } from '../../mm/arena.ts';
import { BPF_LOAD_ACQ } from '../insn.ts';
import { arenaUserHi, type CallSite, type MapSite, type TailSite } from '../link.ts';
import { reportArena } from '../reports.ts';
import { ProgramAborted, SCRATCH, SLOW_VALUE, type StepHook, type Vm } from '../vm.ts';
import { div64, mod64, sdiv64, smod64 } from './arith.ts';
import { callHelper, tailTarget } from './calls.ts';
import { dispatch } from './dispatch.ts';
import { beginLoop, enterMain, leaveSpecial, nextTurn, RUN, timedCall, topSpecial } from './frames.ts';
import type { Interpreter } from './interp.ts';
import {
  accessSize,
  arenaAccess,
  arenaAddress,
  arenaPointerInSource,
  arenaWrites,
  atomic,
  load,
  probeOk,
  store,
} from './memory.ts';
import { IOP, WORDS } from './ops.ts';
import { BOTTOM, FRAME_TOP, FRAME_WORD, FRAMES, MAY_GOTO_LEFT, REGS_HI, REGS_LO, TEMP } from './registers.ts';

const RL = REGS_LO;
const RH = REGS_HI;
const F = FRAMES;

/** bpf_loop that is written as a loop. */
type LoopSite = Extract<CallSite, { subprog: number }>;

/** Bytes of stores by their number in the group. */
const STORE_SIZE = [4, 2, 1, 8] as const;

/** Registers as hooks see them: pairs of int32 words. */
const HOOK_REGS = new Int32Array(22);

function callHook(hook: StepHook, engine: Interpreter, at: number): void {
  for (let reg = 0; reg < 11; reg++) {
    HOOK_REGS[2 * reg] = RL[reg]!;
    HOOK_REGS[2 * reg + 1] = RH[reg]!;
  }
  hook(engine.prog, at / WORDS, HOOK_REGS);
}

/** may_goto with its turns used up: whether it jumps. */
function mayGotoExpired(vm: Vm): boolean {
  if (F[MAY_GOTO_LEFT] === 0) return true;
  RUN.mayGoto = vm.mayGoto(RUN.mayGoto);
  F[MAY_GOTO_LEFT] = RUN.mayGoto >= 0 ? vm.mayGotoTurns : 0;
  return false;
}

/**
 * Operations that only work on registers and memory, but are rare; false: there is no such
 * operation. `word` and `imm`: the instruction.
 */
function rareOperation(vm: Vm, engine: Interpreter, word: number, imm: number): boolean {
  const { arena } = vm.env;
  const { view } = arena;
  const d = (word >> 8) & 15;
  const s = (word >> 12) & 15;
  const off = word >> 16;
  const op = word & 255;
  switch (op) {
    case IOP.DIV64:
      div64(d, s);
      return true;
    case IOP.MOD64:
      mod64(d, s);
      return true;
    case IOP.SDIV64:
      sdiv64(d, s);
      return true;
    case IOP.SMOD64:
      smod64(d, s);
      return true;
    case IOP.DIV64_K:
    case IOP.MOD64_K:
      RL[TEMP] = imm;
      RH[TEMP] = imm >> 31;
      if (op === IOP.DIV64_K) div64(d, TEMP);
      else mod64(d, TEMP);
      return true;
    case IOP.STXW:
    case IOP.STXH:
    case IOP.STXDW:
      store(view, RL[s]!, RH[s]!, RL[d]! + off, STORE_SIZE[op - IOP.STXW]!);
      return true;
    case IOP.STW:
    case IOP.STH:
    case IOP.STDW:
      store(view, imm, imm >> 31, RL[d]! + off, STORE_SIZE[op - IOP.STW]!);
      return true;
    case IOP.ATOMIC_ADD32:
    case IOP.ATOMIC_ADD64:
    case IOP.ATOMIC: {
      const what = imm & 0xffff;
      atomic(view, d, s, RL[what === BPF_LOAD_ACQ ? s : d]! + off, accessSize(imm >> 16), what);
      return true;
    }
    case IOP.PROBE:
      if (probeOk(arena, RL[s]!, RH[s]!, off, accessSize(imm)))
        load(view, d, RL[s]! + off, accessSize(imm), (imm & 0xe0) === 0x80);
      else {
        RL[d] = 0;
        RH[d] = 0;
      }
      return true;
    case IOP.ARENA: {
      const pointer = RL[arenaPointerInSource(imm) ? s : d]!;
      const { arena: map } = engine.linked;
      const address = arenaAddress(map, pointer, off, accessSize(imm & 255));
      if (address === 0 && map !== undefined) reportArena(vm, map, pointer, off, arenaWrites(imm));
      arenaAccess(view, imm, d, s, address);
      return true;
    }
    case IOP.ARENA_ST: {
      const size = accessSize(s << 3);
      const { arena: map } = engine.linked;
      const address = arenaAddress(map, RL[d]!, off, size);
      if (address === 0 && map !== undefined) reportArena(vm, map, RL[d]!, off, true);
      if (address !== 0) store(view, imm, imm >> 31, address, size);
      return true;
    }
    case IOP.CAST_USER: {
      const lo = RL[s]!;
      RL[d] = lo;
      RH[d] = lo === 0 || imm === 0 ? 0 : arenaUserHi(engine.linked.arena!);
      return true;
    }
    case IOP.STORE_BELOW:
      if (RH[s] === 0 && RL[s]! >>> 0 < imm) view.setInt16(RL[d]! + off, RL[s]!, true);
      return true;
    default:
      return false;
  }
}

/** BPF_LD_ABS and BPF_LD_IND: r6 is the context; false: out of bounds, which ends the function with 0. */
function loadPacket(vm: Vm, word: number, imm: number): boolean {
  const offset = (word & 255) === IOP.LD_ABS ? imm : (RL[(word >> 12) & 15]! + imm) | 0;
  const value = vm.loadAbs(vm, RL[6]!, offset, word >> 16);
  RL[0] = Math.max(value, 0);
  RH[0] = 0;
  return value >= 0;
}

/** Makes the function below. Constants of a function are constants for V8's compiler; what is imported is not, nor are those of a module in a bundle. */
function makeExecute() {
  const RL = REGS_LO;
  const RH = REGS_HI;
  const F = FRAMES;
  const BASE_HI_I32 = BASE_HI | 0;
  const TOP = FRAME_TOP;
  const WORD = FRAME_WORD;
  const END = BOTTOM;
  const R0_HI = SCRATCH.R0_HI;
  const STEP = WORDS;
  const SLOW = SLOW_VALUE;
  const NODE = LRU_NODE;
  const REF = NODE_REF;

  return function execute(vm: Vm, first: Interpreter, at: number): number {
    const { i32, u16, u8, view } = vm.env.arena;
    const hooked = vm.hook !== undefined;
    let self = first;
    let code = hooked ? self.trapped : self.code;
    let p = at;
    let word = -1;
    for (;;) {
      p = dispatch(p, word, code, i32, u16, u8, view);
      word = F[WORD]!;
      const imm = code[p + 1]!;
      if ((word & 255) === 73) {
        // EXIT: of the run, or to a caller the loop does not know.
        if (F[F[TOP]! - 1] === END) {
          i32[(vm.scratch + R0_HI) >> 2] = RH[0]!;
          return RL[0]!;
        }
        const frame = topSpecial();
        self = frame.engine!;
        if (frame.turns !== 0 && nextTurn(frame)) {
          vm.loopTurn();
          p = frame.entry;
          word = -1;
        } else leaveSpecial();
        code = hooked ? self.trapped : self.code;
        continue;
      }
      switch (word & 255) {
        case 229: {
          // HELPER
          const call = self.ready[imm]!;
          if (call.callsBack) vm.sp = RL[10]! - (word >> 16);
          callHelper(vm, call);
          break;
        }
        case 230: {
          // LOOKUP
          const site = self.sites[imm] as MapSite;
          const value = site.ops.lookup(site.map, RL[2]!);
          RL[0] = value;
          RH[0] = value === 0 ? 0 : BASE_HI_I32;
          break;
        }
        case 231: {
          // UPDATE: flags are 64 bits; a set upper half is invalid like any unknown flag.
          const site = self.sites[imm] as MapSite;
          if (site.map.valueSize >= SLOW) vm.slowTurn();
          const r = site.ops.update(site.map, RL[2]!, RL[3]!, RH[4] === 0 ? RL[4]! : -1);
          RL[0] = r;
          RH[0] = r >> 31;
          break;
        }
        case 232: {
          // REMOVE
          const site = self.sites[imm] as MapSite;
          const r = site.ops.remove(site.map, RL[2]!);
          RL[0] = r;
          RH[0] = r >> 31;
          break;
        }
        case 233: {
          // TAIL_CALL
          const target = tailTarget(vm, self.sites[imm] as TailSite);
          if (target === undefined) break;
          vm.countTailCall();
          const next = target.interp;
          enterMain(self, next);
          self = next;
          code = hooked ? self.trapped : self.code;
          p = -STEP;
          break;
        }
        case 234: // LOOP
          if (!beginLoop(self, p, word, self.entries[(self.sites[imm] as LoopSite).subprog]!)) break;
          vm.loopTurn();
          p = topSpecial().entry;
          word = -1;
          continue;
        case 235: // CALL_GLOBAL
          vm.loopTurn();
          if (!self.timed) {
            word = (word & ~255) | 72;
            continue;
          }
          timedCall(self, p, word);
          p += imm;
          break;
        case 236: // CALL_TIMED
          timedCall(self, p, word);
          p += imm;
          break;
        case 237:
        case 238: // LD_ABS, LD_IND
          if (loadPacket(vm, word, imm)) break;
          word = 73;
          continue;
        case 245: // TRAP
          if (vm.hook !== undefined) callHook(vm.hook, self, p);
          word = self.plain[p]!;
          continue;
        case 247: // CONST
          RL[TEMP] = imm;
          RH[TEMP] = imm >> 31;
          word = ((word >> 16) + ((word >> 12) & 15)) | (word & 0xf00) | (TEMP << 12);
          continue;
        case 248:
        case 249:
        case 250: {
          // HASH_LOOKUP4, HASH_LOOKUP8, HASH_LOOKUP16
          const site = self.hashes[imm]!;
          const { map } = site;
          const key = RL[2]!;
          let element: number;
          if ((key & 3) !== 0) element = htabLookupElem(map, key);
          else if ((word & 255) === 248) element = htabFind1(map, key >> 2);
          else if ((word & 255) === 249) element = htabFind2(map, key >> 2);
          else element = htabFind4(map, key >> 2);
          RL[0] = 0;
          RH[0] = 0;
          p += site.none;
          if (element !== 0) {
            if (site.isLru) i32[(i32[(element >> 2) + NODE]! >> 2) + REF] = 1;
            RL[0] = element + map.valueOffset;
            RH[0] = BASE_HI_I32;
            p += site.found - site.none;
          }
          break;
        }
        default:
          if ((word & 255) === 78) {
            if (mayGotoExpired(vm)) p += (word >> 16) * STEP;
            break;
          }
          if (rareOperation(vm, self, word, imm)) break;
          throw new ProgramAborted(`Instruction ${p / STEP} cannot be executed: the verifier never reached it`);
      }
      p += STEP;
      word = -1;
    }
  };
}

/**
 * Runs from word `at` of a program on. Returns r0's low half, its high half is left in the
 * scratch block.
 */
export const execute = makeExecute();
