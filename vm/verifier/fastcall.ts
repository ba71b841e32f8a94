/**
 * The `bpf_fastcall` contract: compilers put spills before and fills behind calls of
 * helpers that a kernel may have inline, in slots that serve nothing else. Where the
 * kernel has the helper inline it takes them out, and the stack shrinks by their slots.
 */
import { BPF_DW, BPF_LDX, BPF_MEM, BPF_PSEUDO_KFUNC_CALL, BPF_REG_FP, BPF_STX, OP_CALL } from '../insn.ts';
import type { Env, Subprog } from './env.ts';
import { ARG_DONTCARE, RET_VOID } from './flags.ts';
import { kfuncFacts } from './kfuncfacts.ts';
import { KF_FASTCALL } from './types.ts';

const SPILL = BPF_STX | BPF_MEM | BPF_DW;
const FILL = BPF_LDX | BPF_MEM | BPF_DW;
const CALLER_SAVED = 0x3f;
const SLOT = 8;
/** No offset of the stack is as low. */
const NOWHERE = -0x8000;
/** Helpers that are inline where the processor has per-CPU instructions (`verifier_inlines_helper_call`, x86-64). */
const INLINE_HELPERS: ReadonlySet<number> = new Set([8]);

/** What a call is as a fastcall (`get_call_summary`). */
interface CallSummary {
  readonly params: number;
  readonly isVoid: boolean;
  readonly fastcall: boolean;
}

function summary(env: Env, i: number): CallSummary | undefined {
  const { insns } = env;
  const id = insns.imm[i]!;
  if (insns.src[i] === 0) {
    const proto = env.rules.helper(id, env.prog);
    if (proto === undefined) return undefined;
    let params = 0;
    while (params < 5 && (proto.args[params] ?? ARG_DONTCARE) !== ARG_DONTCARE) params++;
    return { params, isVoid: proto.ret === RET_VOID, fastcall: proto.allowFastcall === true && INLINE_HELPERS.has(id) };
  }
  if (insns.src[i] !== BPF_PSEUDO_KFUNC_CALL) return undefined;
  const facts = kfuncFacts(env, i);
  if (facts === undefined || !facts.allowed) return undefined;
  const { params, type } = facts.proto;
  return { params: params.length, isVoid: type === 0, fastcall: (facts.flags & KF_FASTCALL) !== 0 };
}

/** Pairs of spill and fill around a call, from the lowest slot of the function up (`mark_fastcall_pattern_for_call`). */
function markCall(env: Env, subprog: Subprog, i: number, lowest: number): void {
  const call = summary(env, i);
  if (call === undefined) return;
  const { insns } = env;
  // Registers that a fastcall leaves alone: neither its result nor its arguments.
  const clobbered = ((1 << (call.params + 1)) - 1) & (call.isVoid ? ~1 : ~0);
  let wanted = ~clobbered & CALLER_SAVED;
  let off = lowest;
  let pairs = 0;
  for (; pairs < 6; pairs++, off += SLOT) {
    const stx = i - pairs - 1;
    const ldx = i + pairs + 1;
    if (stx < 0 || ldx >= insns.count) break;
    if (insns.op[stx] !== SPILL || insns.op[ldx] !== FILL) break;
    if (insns.dst[stx] !== BPF_REG_FP || insns.src[ldx] !== BPF_REG_FP) break;
    const reg = insns.src[stx]!;
    if (reg !== insns.dst[ldx] || (wanted & (1 << reg)) === 0) break;
    if (insns.off[stx] !== off || insns.off[ldx] !== off) break;
    wanted &= ~(1 << reg);
    env.aux[stx]!.fastcallPattern = true;
    env.aux[ldx]!.fastcallPattern = true;
  }
  if (pairs === 0) return;
  if (call.fastcall) env.aux[i]!.fastcallSpills = pairs;
  else subprog.keepFastcallStack = true;
  subprog.fastcallStackOff = Math.min(subprog.fastcallStackOff, off);
}

/** Finds the pairs of every function (`mark_fastcall_patterns`). */
export function markFastcallPatterns(env: Env): number {
  const { insns } = env;
  for (let s = 0; s < env.subprogCnt; s++) {
    const subprog = env.subprogs[s]!;
    const end = env.subprogs[s + 1]!.start;
    let lowest = 0;
    for (let i = subprog.start; i < end; i++) {
      if (insns.op[i] === SPILL && insns.dst[i] === BPF_REG_FP) lowest = Math.min(lowest, insns.off[i]!);
    }
    if (lowest === 0) continue;
    for (let i = subprog.start; i < end; i++) if (insns.op[i] === OP_CALL) markCall(env, subprog, i, lowest);
  }
  return 0;
}

/** An access of the slots that is no part of a pair: the function's pairs stay (`check_fastcall_stack_contract`). */
export function checkFastcallContract(env: Env, subprogno: number, i: number, off: number): void {
  const subprog = env.subprogs[subprogno]!;
  if (subprog.fastcallStackOff <= off || env.aux[i]!.fastcallPattern) return;
  subprog.fastcallStackOff = NOWHERE;
  const end = env.subprogs[subprogno + 1]!.start;
  for (let at = subprog.start; at < end; at++) {
    env.aux[at]!.fastcallSpills = 0;
    env.aux[at]!.fastcallPattern = false;
  }
}

/** Takes the pairs around inlined calls out, and their slots (`remove_fastcall_spills_fills`). */
export function removeFastcallPairs(env: Env): number {
  for (let s = 0; s < env.subprogCnt; s++) {
    const subprog = env.subprogs[s]!;
    const end = env.subprogs[s + 1]!.start;
    let removed = false;
    subprog.runDepth = subprog.stackDepth;
    for (let i = subprog.start; i < end; i++) {
      const pairs = env.aux[i]!.fastcallSpills;
      if (pairs > 0) removed = true;
      for (let j = 1; j <= pairs; j++) {
        env.aux[i - j]!.isNop = true;
        env.aux[i + j]!.isNop = true;
      }
    }
    if (removed && !subprog.keepFastcallStack) subprog.stackDepth = -subprog.fastcallStackOff;
  }
  return 0;
}
