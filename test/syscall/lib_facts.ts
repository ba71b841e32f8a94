/**
 * Facts of straight-line programs, for tests of what happens around a run: which loads
 * are of the context, and what they stand for, by the tables of the program types. It
 * refuses a context access the tables refuse, and knows nothing else.
 */
import { EACCES } from '../../uapi/errno.ts';
import { decodeInsns, OP_CALL } from '../../vm/insn.ts';
import { InsnAux, PTR_KIND, type VerifierInput, type VerifierResult } from '../../vm/verifier/types.ts';

const LDX = 1;
const SIZES = [4, 2, 1, 8];
const MOV_X = 0xbf;
/** Classes that write their destination register: LD, LDX, ALU, ALU64. */
const WRITES_DST: ReadonlySet<number> = new Set([0, 1, 4, 7]);

/** Facts instead of a verdict. */
export function factsOf(input: VerifierInput): VerifierResult {
  const insns = decodeInsns(input.insns);
  const rules = input.tables.progType(input.progType);
  const prog = {
    type: input.progType,
    expectedAttachType: input.expectedAttachType,
    sleepable: false,
    caps: input.caps,
    gplCompatible: input.gplCompatible,
    attachFuncName: '',
    devBound: false,
  };
  const aux = Array.from({ length: insns.count }, () => new InsnAux());
  const ctx = new Set([1]);
  let errno = 0;
  let maxCtxOffset = 0;
  for (let i = 0; i < insns.count; i++) {
    const fact = aux[i]!;
    const op = insns.op[i]!;
    const dst = insns.dst[i]!;
    const src = insns.src[i]!;
    fact.seen = true;
    if ((op & 7) === LDX && ctx.has(src)) {
      const size = SIZES[(op >> 3) & 3]!;
      const access = rules?.ctxAccess(insns.off[i]!, size, false, prog);
      if (access === undefined && rules?.ctxKind === 'table') errno = -EACCES;
      fact.ptrKind = PTR_KIND.CTX;
      fact.ctxPtr = access?.ptrOff ?? -1;
      fact.ctxOff = access?.loadOff ?? -1;
      maxCtxOffset = Math.max(maxCtxOffset, insns.off[i]! + size);
      ctx.delete(dst);
    } else if (op === MOV_X && ctx.has(src)) ctx.add(dst);
    else if (op === OP_CALL) {
      fact.helperId = insns.imm[i]!;
      for (let reg = 0; reg < 6; reg++) ctx.delete(reg);
    } else if (WRITES_DST.has(op & 7)) ctx.delete(dst);
  }
  return {
    errno,
    aux,
    subprogs: [
      {
        start: 0,
        end: insns.count,
        stackDepth: 512,
        name: 'main',
        hasTailCall: false,
        hasLdAbs: false,
        isCb: false,
        isAsyncCb: false,
        isExceptionCb: false,
        isGlobal: false,
      },
    ],
    usedMaps: [],
    verifiedInsns: insns.count,
    maxCtxOffset,
    maxPktOffset: 0,
    maxTpAccess: 0,
    maxRdonlyAccess: 0,
    maxRdwrAccess: 0,
    changesPktData: false,
    mightSleep: false,
    cbAccess: false,
    dstNeeded: false,
  };
}
