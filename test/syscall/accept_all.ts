import { EINVAL } from '../../uapi/errno.ts';
import { InsnAux, type MapDesc, type VerifierInput, type VerifierResult } from '../../vm/verifier/types.ts';
export function acceptAll(input: VerifierInput): VerifierResult {
  const n = input.insns.length / 8;
  const aux = Array.from({ length: n }, () => {
    const a = new InsnAux();
    a.seen = true;
    return a;
  });
  const used: MapDesc[] = [];
  let errno =
    (input.fdArrayErrno ?? 0) || ((input.funcInfoCnt ?? 0) + (input.lineInfoCnt ?? 0) > 0 ? (input.btfErrno ?? 0) : 0);
  const v = new DataView(input.insns.buffer);
  for (let i = 0; i < n && !errno; i++)
    if (input.insns[i * 8] === 0x18) {
      const src = input.insns[i * 8 + 1]! >> 4;
      if (src === 1 || src === 2) {
        const m = input.mapByFd(v.getInt32(i * 8 + 4, true));
        if (typeof m === 'number') errno = m;
        else {
          aux[i]!.map = m;
          if (!used.includes(m)) used.push(m);
        }
      }
      i++;
    }
  if (n === 1 && !errno) errno = -EINVAL;
  return {
    errno,
    log: '',
    logTrueSize: 0,
    aux,
    subprogs: [
      {
        start: 0,
        end: n,
        stackDepth: 0,
        name: '',
        hasTailCall: false,
        hasLdAbs: false,
        isCb: false,
        isAsyncCb: false,
        isExceptionCb: false,
        isGlobal: false,
      },
    ],
    usedMaps: used,
    verifiedInsns: n,
    maxCtxOffset: 0,
    maxPktOffset: 0,
    maxTpAccess: 0,
    changesPktData: false,
    mightSleep: false,
    cbAccess: false,
    dstNeeded: false,
  };
}
