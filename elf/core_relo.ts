/** CO-RE relocations of an object's functions, against the kernel's types. */
import type { Btf } from '../btf/btf.ts';
import { typesOfName } from '../btf/core_candidates.ts';
import { applyCoreRelo, type CoreRelo, LOADER_LIMITS } from '../btf/core_relo.ts';
import { CORE, essentialName, sameKind } from '../btf/core_spec.ts';
import { EINVAL, Errno } from '../uapi/errno.ts';
import type { Code } from './code.ts';

export type { CoreRelo } from '../btf/core_relo.ts';

/** Applies the relocations of one function. `target` is the kernel's BTF. */
export function applyCoreRelos(code: Code, relos: readonly CoreRelo[], local: Btf, target: Btf | undefined): void {
  for (const [index, relo] of relos.entries()) {
    let reason = 'it does not fit';
    const side = {
      prog: '',
      limits: LOADER_LIMITS,
      say: (text: string) => {
        reason = text.replace(/^prog '': (relo #\d+: )?/, '').trimEnd();
      },
    };
    if (local.type(relo.typeId) === undefined) bad(relo, `type ${relo.typeId} does not exist`);
    if (relo.insn >= code.length) bad(relo, 'its instruction does not exist');
    const ids = target === undefined || relo.kind === CORE.TYPE_ID_LOCAL ? [] : candidates(local, relo.typeId, target);
    if (applyCoreRelo(side, relo, index, local, target, ids, code) < 0) bad(relo, reason);
  }
}

function bad(relo: CoreRelo, reason: string): never {
  throw new Errno(EINVAL, `Cannot apply the CO-RE relocation of instruction ${relo.insn}: ${reason}`);
}

/** Types of the kernel that have the local type's name, whatever the flavour. */
function candidates(local: Btf, typeId: number, target: Btf): number[] {
  const type = local.type(typeId);
  const name = essentialName(type?.name ?? '');
  if (type === undefined || name === '') return [];
  return typesOfName(target, name).filter((id) => sameKind(target.table.kind(id), type.kind));
}
