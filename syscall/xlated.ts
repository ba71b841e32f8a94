/**
 * The instructions of a loaded program as OBJ_GET_INFO_BY_FD shows them
 * (`bpf_insn_prepare_dump`): ids for the descriptors and addresses of maps.
 */
import type { BpfMap } from '../maps/map.ts';
import type { VerifierResult } from '../vm/verifier/types.ts';
import type { ProgRequest } from './prog_attrs.ts';

const INSN_SIZE = 8;
const LDDW = 0x18;
const CALL = 0x85;
const PSEUDO_MAP_FD = 1;
const PSEUDO_MAP_VALUE = 2;
const PSEUDO_MAP_IDX = 5;
const PSEUDO_MAP_IDX_VALUE = 6;
const PSEUDO_CALL = 1;

/** The instructions to show. */
export function xlate(request: ProgRequest, result: VerifierResult): Uint8Array {
  const bytes = request.insns.slice();
  const view = new DataView(bytes.buffer);
  for (let i = 0, at = 0; at < bytes.length; i++, at += INSN_SIZE) {
    const src = (bytes[at + 1] as number) >> 4;
    if (bytes[at] === CALL && src === PSEUDO_CALL) {
      // A call of a subprogram shows which one it is in its offset field.
      view.setInt16(at + 2, result.aux[i]?.subprog ?? 0, true);
      continue;
    }
    if (bytes[at] !== LDDW) continue;
    const map = result.aux[i]?.map as BpfMap | undefined;
    if (map !== undefined && src !== 0) {
      const value = src === PSEUDO_MAP_VALUE || src === PSEUDO_MAP_IDX_VALUE;
      if (value || src === PSEUDO_MAP_FD || src === PSEUDO_MAP_IDX) {
        bytes[at + 1] = ((bytes[at + 1] as number) & 0x0f) | ((value ? PSEUDO_MAP_VALUE : PSEUDO_MAP_FD) << 4);
        view.setUint32(at + 4, map.id, true);
      }
    }
    i++;
    at += INSN_SIZE;
  }
  return bytes;
}
