/**
 * Stands in for the verifier in tests of what comes before and after it: looks up the
 * maps of lddw instructions and trusts the rest.
 */
import { InsnAux, type MapDesc, type VerifierInput, type VerifierResult } from '../../vm/verifier/types.ts';

const LDDW = 0x18;

/** Facts for a program without helper calls. */
export function trustingVerifier(input: VerifierInput): VerifierResult {
  const count = input.insns.length / 8;
  const aux = Array.from({ length: count }, () => Object.assign(new InsnAux(), { seen: true }));
  const usedMaps: MapDesc[] = [];
  const records = (input.funcInfoCnt ?? 0) + (input.lineInfoCnt ?? 0) > 0;
  let errno = input.fdArrayErrno ?? 0;
  if (errno === 0 && records) errno = input.btfErrno ?? 0;
  const view = new DataView(input.insns.buffer);
  for (let i = 0; i < count && errno === 0; i++) {
    if (input.insns[i * 8] !== LDDW) continue;
    const src = (input.insns[i * 8 + 1] as number) >> 4;
    if (src === 1 || src === 2) {
      const map = input.mapByFd(view.getInt32(i * 8 + 4, true));
      if (typeof map === 'number') errno = map;
      else {
        (aux[i] as InsnAux).map = map;
        if (!usedMaps.includes(map)) usedMaps.push(map);
      }
    }
    i++;
  }
  return {
    errno,
    aux,
    subprogs: [
      {
        start: 0,
        end: count,
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
    usedMaps,
    verifiedInsns: count,
    maxCtxOffset: 0,
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
