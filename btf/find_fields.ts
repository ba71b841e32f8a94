/**
 * Finds the special fields of a struct or section, through nested structs and arrays
 * (`btf_find_field` of kernel/bpf/btf.c).
 *
 * Results are counts or -errno, as the kernel has them: what merely looks like a
 * field (wrong size, wrong alignment, no struct) is passed over, what is one but
 * cannot be used is refused.
 */
import { E2BIG, EINVAL, ENOENT } from '../uapi/errno.ts';
import type { Btf } from './btf.ts';
import { MEMBER_WORDS, VSI_WORDS } from './check_log.ts';
import { type FieldType, GRAPH_ROOTS, POINTER_FIELDS, POINTERS, STRUCT_FIELDS } from './fields.ts';
import { BTF_KIND } from './kinds.ts';
import { skipModifiers } from './sizes.ts';

/** Most fields a value may have (`BTF_FIELDS_MAX`). */
const FIELDS_MAX = 11;
/** Deepest nesting of structs and arrays (`MAX_RESOLVE_DEPTH`). */
const MAX_DEPTH = 32;
/** Fields that may be in an array. */
const REPEATABLE = POINTERS | GRAPH_ROOTS;

/** A field that was found. */
export interface FoundField {
  readonly type: FieldType;
  readonly offset: number;
  /** Pointers: the struct pointed at. Lists and trees: the struct contained. */
  readonly typeId: number;
  /** Lists and trees: name of the member by which a struct hangs in them. */
  readonly nodeName: string;
}

/** A field, `undefined` when this is none, or -errno. */
type Found = FoundField | undefined | number;

/**
 * What structs turned out to hold, by id: so that one which is nested in many is looked
 * through once, and structs of structs of structs take no exponential time. Valid for
 * one BTF object and one mask.
 */
export type FieldCache = Map<number, Finder>;

/** Looks for the fields of `mask` in the struct, union or section: in the order of members, or -errno. */
export function findFields(btf: Btf, id: number, mask: number, cache: FieldCache = new Map()): FoundField[] | number {
  const kind = btf.table.kind(id);
  const finder = new Finder(btf, mask, cache);
  const found =
    kind === BTF_KIND.STRUCT ? finder.struct(id, 0) : kind === BTF_KIND.DATASEC ? finder.section(id) : -EINVAL;
  return found < 0 ? found : finder.fields;
}

/** The pointer field that a type is, without its offset; used to find which types of a BTF object are some. */
export function findPointer(btf: Btf, id: number, mask: number): Found {
  return new Finder(btf, mask, new Map()).pointer(id, 0);
}

class Finder {
  readonly fields: FoundField[] = [];
  readonly #btf: Btf;
  readonly #mask: number;
  readonly #cache: FieldCache;
  /** The unique kinds met so far, in this struct alone: 6.18 does not count those of structs inside. */
  #seen = 0;
  /** Levels of structs inside. */
  #height = 0;

  constructor(btf: Btf, mask: number, cache: FieldCache) {
    this.#btf = btf;
    this.#mask = mask;
    this.#cache = cache;
  }

  /** Adds the fields of a struct: how many, or -errno. `level` is how deep it is nested. */
  struct(id: number, level: number): number {
    const { table } = this.#btf;
    const flag = table.kindFlag(id);
    let count = 0;
    for (let i = 0, members = table.vlen(id); i < members; i++) {
      const word = table.word(id, i * MEMBER_WORDS + 2);
      const bits = flag ? word & 0xffffff : word;
      if (bits % 8 !== 0) return -EINVAL;
      const found = this.#one(id, table.word(id, i * MEMBER_WORDS + 1), i, bits / 8, 0, level);
      if (found < 0) return found;
      count += found;
    }
    return count;
  }

  /** Adds the fields of the variables of a section. */
  section(id: number): number {
    const { table } = this.#btf;
    for (let i = 0, vars = table.vlen(id); i < vars; i++) {
      const variable = table.word(id, i * VSI_WORDS);
      const offset = table.word(id, i * VSI_WORDS + 1);
      const size = table.word(id, i * VSI_WORDS + 2);
      const found = this.#one(variable, table.sizeOrType(variable), -1, offset, size, 0);
      if (found < 0) return found;
    }
    return this.fields.length;
  }

  /**
   * Adds the fields of one member (`component` of `owner`, -1 for a variable).
   * `expected` is the size a variable must have, 0 for any.
   */
  #one(owner: number, declared: number, component: number, offset: number, expected: number, level: number): number {
    const { table } = this.#btf;
    let id = declared;
    let nelems = 1;
    let depth = 0;
    for (; depth < MAX_DEPTH && table.kind(id) === BTF_KIND.ARRAY; depth++) {
      nelems = Math.imul(nelems, table.word(id, 2)) >>> 0;
      id = table.word(id, 0);
    }
    if (depth === MAX_DEPTH) return -E2BIG;
    if (nelems === 0) return 0;
    const type = this.#fieldType(id);
    if (typeof type === 'number') return type;
    if (type === undefined) {
      if (table.kind(id) !== BTF_KIND.STRUCT || !fits(expected, table.sizeOrType(id), nelems)) return 0;
      return this.#nested(id, offset, nelems, level + 1);
    }
    if (!fits(expected, type.size, nelems) || offset % type.align !== 0) return 0;
    const found = this.#found(type, id, owner, component, offset);
    if (found === undefined) return 0;
    if (typeof found === 'number') return found;
    if (this.fields.length >= FIELDS_MAX) return -E2BIG;
    const first = this.fields.length;
    this.fields.push(found);
    if (nelems > 1) {
      const err = this.#repeat(first, nelems, type.size);
      if (err < 0) return err;
    }
    return nelems;
  }

  /** A struct inside: its own fields, as often as it is repeated. */
  #nested(id: number, at: number, nelems: number, level: number): number {
    if (level >= MAX_DEPTH) return -E2BIG;
    let inner = this.#cache.get(id);
    if (inner === undefined) {
      inner = new Finder(this.#btf, this.#mask, this.#cache);
      const err = inner.struct(id, level);
      if (err < 0) return err;
      this.#cache.set(id, inner);
    }
    if (level + inner.#height >= MAX_DEPTH) return -E2BIG;
    this.#height = Math.max(this.#height, inner.#height + 1);
    const first = this.fields.length;
    const count = inner.fields.length;
    if (first + count > FIELDS_MAX) return -E2BIG;
    for (const field of inner.fields) this.fields.push({ ...field, offset: field.offset + at });
    if (count <= 0 || nelems === 1) return count;
    const err = this.#repeat(first, nelems, this.#btf.table.sizeOrType(id));
    return err < 0 ? err : count * nelems;
  }

  /** Repeats the fields from index `first` on for the other elements of an array. */
  #repeat(first: number, nelems: number, size: number): number {
    const count = this.fields.length - first;
    for (let i = first; i < first + count; i++) {
      if ((this.fields[i]!.type.bit & REPEATABLE) === 0) return -EINVAL;
    }
    if (first + count * nelems > FIELDS_MAX) return -E2BIG;
    for (let element = 1; element < nelems; element++) {
      for (let i = 0; i < count; i++) {
        const field = this.fields[first + i]!;
        this.fields.push({ ...field, offset: field.offset + element * size });
      }
    }
    return 0;
  }

  /** The kind of field that a type may be by its name, or any pointer; -E2BIG for a second unique one. */
  #fieldType(id: number): FieldType | undefined | number {
    const { table } = this.#btf;
    if (table.nameOffset(id) !== 0) {
      for (const type of STRUCT_FIELDS) {
        if ((this.#mask & type.bit) === 0 || !table.nameIs(id, type.kind)) continue;
        if (type.unique && (this.#seen & type.bit) !== 0) return -E2BIG;
        this.#seen |= type.unique ? type.bit : 0;
        return type;
      }
    }
    const mayPoint = (this.#mask & POINTERS) !== 0 && table.kind(id) !== BTF_KIND.STRUCT;
    return mayPoint ? POINTER_FIELDS['kptr'] : undefined;
  }

  #found(type: FieldType, id: number, owner: number, component: number, offset: number): Found {
    if ((type.bit & POINTERS) !== 0) return this.pointer(id, offset);
    const { table } = this.#btf;
    if (table.kind(id) !== BTF_KIND.STRUCT || table.sizeOrType(id) !== type.size) return undefined;
    if ((type.bit & GRAPH_ROOTS) !== 0) return this.#graphRoot(type, owner, component, offset);
    return { type, offset, typeId: 0, nodeName: '' };
  }

  /** A pointer whose target carries exactly one of the tags, and is a struct (`btf_find_kptr`). */
  pointer(declared: number, offset: number): Found {
    const { table } = this.#btf;
    let id = declared;
    if (table.kind(id) === BTF_KIND.VOLATILE) id = table.sizeOrType(id);
    if (table.kind(id) !== BTF_KIND.PTR) return undefined;
    const tag = table.sizeOrType(id);
    if (table.kind(tag) !== BTF_KIND.TYPE_TAG || table.kindFlag(tag)) return undefined;
    const target = table.sizeOrType(tag);
    if (table.kind(target) === BTF_KIND.TYPE_TAG) return -EINVAL;
    const type = POINTER_FIELDS[table.name(tag)];
    if (type === undefined) return -EINVAL;
    if ((type.bit & this.#mask) === 0) return undefined;
    const typeId = skipModifiers(table, target);
    if (table.kind(typeId) !== BTF_KIND.STRUCT) return -EINVAL;
    return { type, offset, typeId, nodeName: '' };
  }

  /** A list head or tree root: its declaration tag says `contains:STRUCT:MEMBER`. */
  #graphRoot(type: FieldType, owner: number, component: number, offset: number): Found {
    const value = this.#declTag(owner, component, 'contains:');
    if (value === undefined) return -EINVAL;
    const colon = value.indexOf(':');
    if (colon < 0) return -EINVAL;
    const typeId = this.#btf.find(value.slice(0, colon), BTF_KIND.STRUCT);
    if (typeId === 0) return -ENOENT;
    const nodeName = value.slice(colon + 1);
    return nodeName === '' ? -EINVAL : { type, offset, typeId, nodeName };
  }

  /** What follows `key` in the only declaration tag of a member that starts with it; undefined for none or several. */
  #declTag(owner: number, component: number, key: string): string | undefined {
    const { table } = this.#btf;
    let value: string | undefined;
    for (const id of this.#btf.declTags(owner)) {
      if ((table.word(id, 0) | 0) !== component) continue;
      const name = table.name(id);
      if (!name.startsWith(key)) continue;
      if (value !== undefined) return undefined;
      value = name.slice(key.length);
    }
    return value;
  }
}

/** Whether a variable of `nelems` elements has the size its section gives it (0: no section). */
function fits(expected: number, size: number, nelems: number): boolean {
  return expected === 0 || expected === Math.imul(size, nelems) >>> 0;
}
