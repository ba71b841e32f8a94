/**
 * Second pass of BTF_LOAD: what types refer to. Every chain must end in something
 * concrete; pointers may form loops through structs, nothing else may (`btf_check_all_types`).
 *
 * A depth-first walk with a stack of its own, at most 32 deep. In each visit a kind's
 * resolver either names a type that must be resolved first, or is done.
 */
import { E2BIG, EEXIST, EINVAL } from '../uapi/errno.ts';
import { type CheckLog, MEMBER_WORDS, PARAM_WORDS, VSI_WORDS } from './check_log.ts';
import {
  BTF_KIND,
  DECL_TAG_TARGETS,
  inSet,
  kindSet,
  MODIFIERS,
  NEEDS_RESOLVE,
  SOURCE_ONLY,
  STRUCTS,
  UNSIZED,
} from './kinds.ts';
import { checkMember, isRegularInt } from './members.ts';
import { validIdentifier, validOffset } from './names.ts';
import { BtfSizes } from './sizes.ts';

/** Deepest chain of types that wait for one another (`MAX_RESOLVE_DEPTH`). */
const MAX_DEPTH = 32;

/** State of a type in the walk. */
const NOT_VISITED = 0;
const VISITED = 1;
const RESOLVED = 2;

/**
 * How far to follow: a pointer's walk ends at anything that is no pointer, a
 * struct's at a pointer, so that a struct may point at itself.
 */
const MODE_TBD = 0;
const MODE_PTR = 1;
const MODE_STRUCT = 2;

/** The kinds that must be followed in each mode (the inverse of `env_type_is_resolve_sink`). */
const FOLLOWED = [
  NEEDS_RESOLVE,
  MODIFIERS | kindSet(BTF_KIND.PTR),
  MODIFIERS | STRUCTS | kindSet(BTF_KIND.ARRAY),
] as const;

/** What may have no size and yet be pointed at or renamed: void, forward, prototype. */
const INCOMPLETE = kindSet(BTF_KIND.UNKN, BTF_KIND.FWD, BTF_KIND.FUNC_PROTO);

/** One walk over all types. */
export class Resolver {
  readonly sizes: BtfSizes;
  readonly #c: CheckLog;
  readonly #state: Uint8Array;
  readonly #stack = new Uint32Array(MAX_DEPTH);
  /** Where a struct or section goes on when its member is resolved. */
  readonly #next = new Uint32Array(MAX_DEPTH);
  #top = 0;
  #mode = MODE_TBD;

  constructor(c: CheckLog) {
    this.#c = c;
    this.sizes = new BtfSizes(c.table);
    this.#state = new Uint8Array(c.table.count);
  }

  /** Checks all types: 0 or -errno. */
  run(): number {
    const { table } = this.#c;
    this.#c.inMeta = false;
    for (let id = 1; id < table.count; id++) {
      this.#c.typeId = id;
      let err = this.#resolve(id);
      if (err === 0 && table.kind(id) === BTF_KIND.FUNC_PROTO) err = this.#proto(id);
      if (err !== 0) return err;
    }
    return 0;
  }

  /** Resolves one type, unless there is nothing to do (`btf_resolve`). */
  #resolve(id: number): number {
    const c = this.#c;
    if (!inSet(NEEDS_RESOLVE, c.table.kind(id)) || this.#state[id] === RESOLVED) return 0;
    const saved = c.typeId;
    this.#mode = MODE_TBD;
    this.#top = 0;
    let err = this.#push(id);
    while (err === 0 && this.#top > 0) {
      const top = this.#stack[this.#top - 1]!;
      c.typeId = top;
      err = RESOLVE[c.table.kind(top)]!(this, top);
    }
    c.typeId = id;
    if (err === -E2BIG) c.type(id, `Exceeded max resolving depth:${MAX_DEPTH}`);
    else if (err === -EEXIST) c.type(id, 'Loop detected');
    else if (err === 0 && !this.#settled(id)) err = this.#refuse(id, 'Invalid resolve state');
    c.typeId = saved;
    return err;
  }

  #push(id: number): number {
    if (this.#top === MAX_DEPTH) return -E2BIG;
    if (this.#state[id] !== NOT_VISITED) return -EEXIST;
    this.#state[id] = VISITED;
    this.#stack[this.#top] = id;
    this.#next[this.#top++] = 0;
    if (this.#mode === MODE_TBD) {
      const kind = this.#c.table.kind(id);
      if (kind === BTF_KIND.PTR) this.#mode = MODE_PTR;
      else if (inSet(STRUCTS, kind) || kind === BTF_KIND.ARRAY) this.#mode = MODE_STRUCT;
    }
    return 0;
  }

  #pop(resolvedId: number, resolvedSize: number): number {
    const id = this.#stack[--this.#top]!;
    this.sizes.ids[id] = resolvedId;
    this.sizes.sizes[id] = resolvedSize;
    this.#state[id] = RESOLVED;
    return 0;
  }

  /** Whether a type has to be resolved before the one on top of the stack. */
  #waitsFor(id: number): boolean {
    return inSet(FOLLOWED[this.#mode]!, this.#c.table.kind(id)) && this.#state[id] !== RESOLVED;
  }

  #refuse(id: number, reason: string): number {
    this.#c.type(id, reason);
    return -EINVAL;
  }

  /** Whether the type exists and may be referred to by others. */
  #usable(id: number): boolean {
    const { table } = this.#c;
    return table.has(id) && !inSet(SOURCE_ONLY, table.kind(id));
  }

  /** Typedefs, qualifiers and type tags. */
  modifier(id: number): number {
    const target = this.#c.table.sizeOrType(id);
    if (!this.#usable(target)) return this.#refuse(id, 'Invalid type_id');
    return this.#waitsFor(target) ? this.#push(target) : this.#reference(id, target);
  }

  pointer(id: number): number {
    const target = this.#c.table.sizeOrType(id);
    if (!this.#usable(target)) return this.#refuse(id, 'Invalid type_id');
    if (this.#waitsFor(target)) return this.#push(target);
    const beyond = this.#pointerBehind(target);
    return beyond !== 0 ? this.#push(beyond) : this.#reference(id, target);
  }

  variable(id: number): number {
    const target = this.#c.table.sizeOrType(id);
    if (!this.#usable(target)) return this.#refuse(id, 'Invalid type_id');
    if (this.#waitsFor(target)) return this.#push(target);
    const beyond = this.#pointerBehind(target);
    if (beyond !== 0) return this.#push(beyond);
    if (!this.sizes.find(target)) return this.#refuse(id, 'Invalid type_id');
    return this.#pop(this.sizes.foundId, 0);
  }

  /**
   * A modifier resolved while a struct was walked stops at a pointer; a pointer's
   * walk has to go on from there, or it would not see itself again. 0: nothing to do.
   */
  #pointerBehind(target: number): number {
    const { table } = this.#c;
    if (!inSet(MODIFIERS, table.kind(target))) return 0;
    const resolved = this.sizes.ids[target]!;
    return table.kind(resolved) === BTF_KIND.PTR && this.#waitsFor(resolved) ? resolved : 0;
  }

  /** Ends a modifier or pointer: its target has a size, or is one of those that need none. */
  #reference(id: number, target: number): number {
    const { table } = this.#c;
    if (this.sizes.find(target)) return this.#pop(this.sizes.foundId, 0);
    const resolved = this.#state[target] === RESOLVED ? this.sizes.ids[target]! : target;
    if (!inSet(INCOMPLETE, table.kind(resolved))) return this.#refuse(id, 'Invalid type_id');
    return this.#pop(resolved, 0);
  }

  array(id: number): number {
    const { table } = this.#c;
    const index = table.word(id, 1);
    if (!this.#valueType(index)) return this.#refuse(id, 'Invalid index');
    if (this.#waitsFor(index)) return this.#push(index);
    if (!this.sizes.find(index) || !this.#isInt(this.sizes.foundId) || !isRegularInt(table, this.sizes.foundId))
      return this.#refuse(id, 'Invalid index');
    const element = table.word(id, 0);
    if (!this.#valueType(element)) return this.#refuse(id, 'Invalid elem');
    if (this.#waitsFor(element)) return this.#push(element);
    if (!this.sizes.find(element)) return this.#refuse(id, 'Invalid elem');
    const { foundId, foundSize } = this.sizes;
    if (this.#isInt(foundId) && !isRegularInt(table, foundId)) return this.#refuse(id, 'Invalid array of int');
    const size = foundSize * table.word(id, 2);
    if (size > 0xffffffff) return this.#refuse(id, 'Array size overflows U32_MAX');
    return this.#pop(foundId, size);
  }

  #isInt(id: number): boolean {
    return this.#c.table.kind(id) === BTF_KIND.INT;
  }

  /** Whether values of this type can be an element or a member. */
  #valueType(id: number): boolean {
    return this.#usable(id) && !inSet(UNSIZED, this.#c.table.kind(id));
  }

  struct(id: number): number {
    const c = this.#c;
    const frame = this.#top - 1;
    const first = this.#next[frame]!;
    if (first > 0) {
      const err = checkMember(c, this.sizes, id, first - 1);
      if (err !== 0) return err;
    }
    for (let i = first, count = c.table.vlen(id); i < count; i++) {
      const type = c.table.word(id, i * MEMBER_WORDS + 1);
      if (!this.#valueType(type)) {
        c.member(id, i, 'Invalid member');
        return -EINVAL;
      }
      if (this.#waitsFor(type)) {
        this.#next[frame] = i + 1;
        return this.#push(type);
      }
      const err = checkMember(c, this.sizes, id, i);
      if (err !== 0) return err;
    }
    return this.#pop(0, 0);
  }

  section(id: number): number {
    const c = this.#c;
    const { table } = c;
    const frame = this.#top - 1;
    this.#mode = MODE_TBD;
    for (let i = this.#next[frame]!, count = table.vlen(id); i < count; i++) {
      const variable = table.word(id, i * VSI_WORDS);
      if (!table.has(variable) || table.kind(variable) !== BTF_KIND.VAR)
        return this.#refuseVsi(id, i, 'Not a VAR kind member');
      if (this.#waitsFor(variable)) {
        this.#next[frame] = i + 1;
        return this.#push(variable);
      }
      if (!this.sizes.find(table.sizeOrType(variable))) return this.#refuseVsi(id, i, 'Invalid type');
      if (table.word(id, i * VSI_WORDS + 2) < this.sizes.foundSize) return this.#refuseVsi(id, i, 'Invalid size');
    }
    return this.#pop(0, 0);
  }

  #refuseVsi(id: number, index: number, reason: string): number {
    this.#c.vsi(id, index, reason);
    return -EINVAL;
  }

  /** A function: its prototype's parameters must have names. */
  func(id: number): number {
    const { table } = this.#c;
    const proto = table.sizeOrType(id);
    if (!table.has(proto) || table.kind(proto) !== BTF_KIND.FUNC_PROTO) return this.#refuse(id, 'Invalid type_id');
    for (let i = 0, count = table.vlen(proto); i < count; i++) {
      if (table.word(proto, i * PARAM_WORDS) === 0 && table.word(proto, i * PARAM_WORDS + 1) !== 0)
        return this.#refuse(id, `Invalid arg#${i + 1}`);
    }
    return this.#pop(proto, 0);
  }

  declTag(id: number): number {
    const { table } = this.#c;
    const target = table.sizeOrType(id);
    if (!table.has(target) || !inSet(DECL_TAG_TARGETS, table.kind(target))) return this.#refuse(id, 'Invalid type_id');
    if (this.#waitsFor(target)) return this.#push(target);
    const component = table.word(id, 0) | 0;
    if (component !== -1) {
      const kind = table.kind(target);
      const parts = kind === BTF_KIND.FUNC ? table.vlen(table.sizeOrType(target)) : table.vlen(target);
      if (kind === BTF_KIND.VAR || kind === BTF_KIND.TYPEDEF || component >= parts)
        return this.#refuse(id, 'Invalid component_idx');
    }
    return this.#pop(target, 0);
  }

  /** A prototype: what it returns and takes has a size (`btf_func_proto_check`). */
  #proto(id: number): number {
    const { table } = this.#c;
    const returns = table.sizeOrType(id);
    if (returns !== 0) {
      const err = this.#argument(id, returns, true, 'Invalid return type');
      if (err !== 0) return err;
    }
    let count = table.vlen(id);
    if (count > 0 && table.word(id, (count - 1) * PARAM_WORDS + 1) === 0) {
      if (table.word(id, (count - 1) * PARAM_WORDS) !== 0) return this.#refuse(id, `Invalid arg#${count}`);
      count--;
    }
    for (let i = 0; i < count; i++) {
      const name = table.word(id, i * PARAM_WORDS);
      const nameOk = name === 0 || (validOffset(table, name) && validIdentifier(table, name));
      const err = this.#argument(id, table.word(id, i * PARAM_WORDS + 1), nameOk, `Invalid arg#${i + 1}`);
      if (err !== 0) return err;
    }
    return 0;
  }

  #argument(id: number, type: number, nameOk: boolean, reason: string): number {
    if (!this.#usable(type) || !nameOk) return this.#refuse(id, reason);
    const err = this.#resolve(type);
    if (err !== 0) return err;
    return this.sizes.find(type) ? 0 : this.#refuse(id, reason);
  }

  /** Whether the walk left a type as it should be (`btf_resolve_valid`). */
  #settled(id: number): boolean {
    const { table } = this.#c;
    const { ids, sizes } = this.sizes;
    const kind = table.kind(id);
    if (this.#state[id] !== RESOLVED) return false;
    if (inSet(STRUCTS, kind) || kind === BTF_KIND.DATASEC) return ids[id] === 0 && sizes[id] === 0;
    if (kind === BTF_KIND.DECL_TAG || kind === BTF_KIND.FUNC) return ids[id] !== 0 && sizes[id] === 0;
    if (kind === BTF_KIND.ARRAY) {
      return (
        this.sizes.find(table.word(id, 0)) &&
        !inSet(MODIFIERS, table.kind(this.sizes.foundId)) &&
        this.sizes.foundSize * table.word(id, 2) === sizes[id]
      );
    }
    const end = table.kind(ids[id]!);
    return !inSet(MODIFIERS, end) && end !== BTF_KIND.VAR && end !== BTF_KIND.DATASEC;
  }
}

type Resolve = (r: Resolver, id: number) => number;

const resolveModifier: Resolve = (r, id) => r.modifier(id);
const resolveStruct: Resolve = (r, id) => r.struct(id);

/** The resolvers by kind. */
const RESOLVE: Readonly<Record<number, Resolve>> = {
  [BTF_KIND.PTR]: (r, id) => r.pointer(id),
  [BTF_KIND.ARRAY]: (r, id) => r.array(id),
  [BTF_KIND.STRUCT]: resolveStruct,
  [BTF_KIND.UNION]: resolveStruct,
  [BTF_KIND.TYPEDEF]: resolveModifier,
  [BTF_KIND.VOLATILE]: resolveModifier,
  [BTF_KIND.CONST]: resolveModifier,
  [BTF_KIND.RESTRICT]: resolveModifier,
  [BTF_KIND.TYPE_TAG]: resolveModifier,
  [BTF_KIND.FUNC]: (r, id) => r.func(id),
  [BTF_KIND.VAR]: (r, id) => r.variable(id),
  [BTF_KIND.DATASEC]: (r, id) => r.section(id),
  [BTF_KIND.DECL_TAG]: (r, id) => r.declTag(id),
};
