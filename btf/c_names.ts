/** Names in C: what BTF has twice gets a number, `cgroup___2`, as dumping tools do it. */
import type { Btf, BtfType } from './btf.ts';
import { BTF_KIND } from './kinds.ts';

/** Names given so far. Structs, unions and enums share one space, typedefs and enumerators the other. */
export class CNames {
  readonly #btf: Btf;
  readonly #tags = new Map<string, number>();
  readonly #identifiers = new Map<string, number>();
  readonly #given = new Map<number, string>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** Name of a struct, union, enum, forward or typedef. */
  of(id: number): string {
    const given = this.#given.get(id);
    if (given !== undefined) return given;
    const type = this.#btf.type(id) as BtfType;
    // A declaration does not claim the name.
    const declares = type.kind === BTF_KIND.FWD || (isEnum(type) && type.vlen === 0);
    const space = type.kind === BTF_KIND.TYPEDEF ? this.#identifiers : this.#tags;
    const name = type.name === '' || declares ? type.name : claim(space, type.name);
    this.#given.set(id, name);
    return name;
  }

  /** Name of an enumerator; each is asked for once. */
  enumerator(name: string): string {
    return claim(this.#identifiers, name);
  }
}

function claim(space: Map<string, number>, name: string): string {
  const count = (space.get(name) ?? 0) + 1;
  space.set(name, count);
  return count > 1 ? `${name}___${count}` : name;
}

/** Either kind of enum. */
export function isEnum(type: BtfType): boolean {
  return type.kind === BTF_KIND.ENUM || type.kind === BTF_KIND.ENUM64;
}
