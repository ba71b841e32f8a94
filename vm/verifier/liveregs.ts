/**
 * Which registers may still be read before each instruction, found without looking
 * at values (`compute_live_registers`), and its table in the log.
 */
import {
  BPF_ALU,
  BPF_ALU64,
  BPF_ATOMIC,
  BPF_CALL,
  BPF_CMPXCHG,
  BPF_END,
  BPF_EXIT,
  BPF_FETCH,
  BPF_IMM,
  BPF_JA,
  BPF_JCOND,
  BPF_JMP,
  BPF_JMP32,
  BPF_LD,
  BPF_LDX,
  BPF_LOAD_ACQ,
  BPF_MEM,
  BPF_MEMSX,
  BPF_MOV,
  BPF_NEG,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_ST,
  BPF_STORE_REL,
  BPF_STX,
  BPF_X,
} from '../insn.ts';
import { successors } from './cfg.ts';
import type { Env } from './env.ts';
import { ARG_DONTCARE } from './flags.ts';
import { kfuncFacts } from './kfuncfacts.ts';

const CALLER_SAVED = 0x3f;

/** Number of arguments a call reads, or -1 when that is not known. */
function callParams(env: Env, i: number): number {
  const { insns } = env;
  if (insns.src[i] === 0) {
    const proto = env.rules.helper(insns.imm[i]!, env.prog);
    if (proto === undefined) return -1;
    let n = 0;
    while (n < 5 && (proto.args[n] ?? ARG_DONTCARE) !== ARG_DONTCARE) n++;
    return n;
  }
  if (insns.src[i] === BPF_PSEUDO_KFUNC_CALL) {
    const facts = kfuncFacts(env, i);
    return facts?.allowed === true ? facts.proto.params.length : -1;
  }
  return -1;
}

/** Registers an instruction reads (low half) and writes (high half), as bits. */
function useDef(env: Env, i: number): number {
  const { insns } = env;
  const op = insns.op[i]!;
  const src = 1 << insns.src[i]!;
  const dst = 1 << insns.dst[i]!;
  const mode = op & 0xe0;
  const code = op & 0xf0;
  let use = 0xffff;
  let def = 0;
  switch (op & 7) {
    case BPF_LD:
      if (mode === BPF_IMM && env.isLddw(i)) {
        def = dst;
        use = 0;
      }
      break;
    case BPF_LDX:
      if (mode === BPF_MEM || mode === BPF_MEMSX) {
        def = dst;
        use = src;
      }
      break;
    case BPF_ST:
      if (mode === BPF_MEM) use = dst;
      break;
    case BPF_STX:
      if (mode === BPF_MEM) use = dst | src;
      else if (mode === BPF_ATOMIC) {
        const imm = insns.imm[i]!;
        if (imm === BPF_CMPXCHG) {
          use = 1 | dst | src;
          def = 1;
        } else if (imm === BPF_LOAD_ACQ) {
          use = src;
          def = dst;
        } else if (imm === BPF_STORE_REL) {
          use = dst | src;
        } else {
          use = dst | src;
          if ((imm & BPF_FETCH) !== 0) def = src;
        }
      }
      break;
    case BPF_ALU:
    case BPF_ALU64:
      def = dst;
      if (code === BPF_END || code === BPF_NEG) use = dst;
      else if (code === BPF_MOV) use = (op & BPF_X) !== 0 ? src : 0;
      else use = (op & BPF_X) !== 0 ? dst | src : dst;
      break;
    case BPF_JMP:
    case BPF_JMP32:
      if (code === BPF_JA || code === BPF_JCOND) use = 0;
      else if (code === BPF_EXIT) use = 1;
      else if (code === BPF_CALL) {
        def = CALLER_SAVED;
        use = CALLER_SAVED & ~1;
        const n = callParams(env, i);
        if (n >= 0) use = ((1 << (n + 1)) - 1) & ~1;
      } else use = (op & BPF_X) !== 0 ? dst | src : dst;
      break;
  }
  return use | (def << 16);
}

/** Finds the live registers and prints them at level 2. */
export function computeLiveRegs(env: Env): void {
  const count = env.insns.count;
  const facts = new Int32Array(count);
  const before = new Int32Array(count);
  for (let i = 0; i < count; i++) facts[i] = useDef(env, i);
  const succ: number[] = [0, 0];
  let changed = true;
  while (changed) {
    changed = false;
    for (const i of env.postorder) {
      let out = 0;
      const n = successors(env, i, succ);
      for (let j = 0; j < n; j++) out |= before[succ[j]!] ?? 0;
      const fact = facts[i]!;
      const live = (out & ~(fact >>> 16)) | (fact & 0xffff);
      if (live !== before[i]) {
        before[i] = live;
        changed = true;
      }
    }
  }
  for (let i = 0; i < count; i++) env.aux[i]!.liveRegs = before[i]!;
  if (!env.logLevel2) return;
  env.verbose('Live regs before insn:\n');
  for (let i = 0; i < count; i++) {
    const { scc } = env.aux[i]!;
    let text = scc !== 0 ? `${String(scc).padStart(3)} ` : '    ';
    text += `${String(i).padStart(3)}: `;
    for (let r = 0; r < 10; r++) text += (before[i]! >>> r) & 1 ? String(r) : '.';
    env.verbose(`${text} ${env.insnText(i)}\n`);
    if (env.isLddw(i)) i++;
  }
}
