/** Types that a CO-RE relocation may mean: those of its name, whatever the flavour (`NAME___FLAVOUR`). */
import type { Btf } from './btf.ts';
import { essentialName } from './core_spec.ts';

const FLAVOURS = new WeakMap<Btf, ReadonlyMap<string, readonly number[]>>();

/** The types whose names have a flavour, by their names without it. */
function flavours(btf: Btf): ReadonlyMap<string, readonly number[]> {
  const known = FLAVOURS.get(btf);
  if (known !== undefined) return known;
  const made = new Map<string, number[]>();
  for (let id = 1; id < btf.nrTypes; id++) {
    const name = btf.table.name(id);
    if (!name.includes('___')) continue;
    const plain = essentialName(name);
    if (plain === name) continue;
    const ids = made.get(plain);
    if (ids === undefined) made.set(plain, [id]);
    else ids.push(id);
  }
  FLAVOURS.set(btf, made);
  return made;
}

/** Ids of all types with this name, which has no flavour itself: those without one first. */
export function typesOfName(btf: Btf, plain: string): number[] {
  return [...btf.findAll(plain), ...(flavours(btf).get(plain) ?? [])];
}
