/** CO-RE relocations of an object's functions, against the kernel's types. */
import type { Btf } from '../btf/btf.ts';
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
  const ids = [
    ...target.findAll(name),
    ...flavours(target).filter((id) => essentialName(target.type(id)?.name ?? '') === name),
  ];
  return ids.filter((id) => sameKind(target.table.kind(id), type.kind));
}

const FLAVOURS = new WeakMap<Btf, number[]>();

/** The types of a BTF object whose names have a flavour: few, if any. */
function flavours(btf: Btf): number[] {
  let ids = FLAVOURS.get(btf);
  if (ids === undefined) {
    ids = [];
    for (let id = 1; id < btf.nrTypes; id++) {
      const name = btf.table.name(id);
      if (name.includes('___') && essentialName(name) !== name) ids.push(id);
    }
    FLAVOURS.set(btf, ids);
  }
  return ids;
}
