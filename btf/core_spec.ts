/**
 * CO-RE: what a relocation says of the program's own types, and the same thing found in
 * the kernel's (source: Documentation/bpf/llvm_reloc.rst, "CO-RE Relocations").
 *
 * An access is a path: an index of the base type, then members and array indices. It
 * is looked up in another BTF object by the names of the members; offsets, sizes and
 * the order of members may differ.
 */

import { E2BIG, EINVAL } from '../uapi/errno.ts';
import type { Btf, BtfType } from './btf.ts';
import { BTF_INT_SIGNED, BTF_KIND, BTF_KIND_NAME, inSet, kindSet } from './kinds.ts';

/** `enum bpf_core_relo_kind`. */
export const CORE = {
  FIELD_BYTE_OFFSET: 0,
  FIELD_BYTE_SIZE: 1,
  FIELD_EXISTS: 2,
  FIELD_SIGNED: 3,
  FIELD_LSHIFT_U64: 4,
  FIELD_RSHIFT_U64: 5,
  TYPE_ID_LOCAL: 6,
  TYPE_ID_TARGET: 7,
  TYPE_EXISTS: 8,
  TYPE_SIZE: 9,
  ENUMVAL_EXISTS: 10,
  ENUMVAL_VALUE: 11,
  TYPE_MATCHES: 12,
} as const;

/** Longest path (`BPF_CORE_SPEC_MAX_LEN`). */
const MAX_STEPS = 64;
/** Longest chain of pointers and arrays that is followed in a comparison. */
const MAX_CHAIN = 32;

const COMPOSITE = kindSet(BTF_KIND.STRUCT, BTF_KIND.UNION);
const ENUMS = kindSet(BTF_KIND.ENUM, BTF_KIND.ENUM64);

/** One step of a path: a member by name, or an index. */
export interface Step {
  /** The struct the member is in, or the type that is indexed. */
  readonly typeId: number;
  readonly index: number;
  /** Empty: an index. */
  readonly name: string;
}

/** A path, found in one BTF object, as far as it was found. */
export interface CoreSpec {
  readonly btf: Btf;
  /** The type that the path starts at, as the relocation names it. */
  readonly rootId: number;
  readonly kind: number;
  readonly steps: Step[];
  /** All indices of the path, those of nameless members too. */
  readonly indices: number[];
  bitOffset: number;
}

/** Where messages go. */
export type Say = (text: string) => void;

/** Whether a relocation is about a type as a whole, or about an enumerator; else it is about a field. */
export function isTypeKind(kind: number): boolean {
  return (kind >= CORE.TYPE_ID_LOCAL && kind <= CORE.TYPE_SIZE) || kind === CORE.TYPE_MATCHES;
}
export function isEnumKind(kind: number): boolean {
  return kind === CORE.ENUMVAL_EXISTS || kind === CORE.ENUMVAL_VALUE;
}

/** A name without its flavour: `task_struct___old` stands for `task_struct`. */
export function essentialName(name: string): string {
  const at = name.lastIndexOf('___');
  return at > 0 && name[at + 3] !== undefined && name[at - 1] !== '_' && name[at + 3] !== '_'
    ? name.slice(0, at)
    : name;
}

/** The type behind modifiers. */
export function plainType(btf: Btf, id: number): BtfType | undefined {
  return btf.type(btf.skipModifiers(id));
}

function isComposite(type: BtfType): boolean {
  return inSet(COMPOSITE, type.kind);
}

/** Kinds that stand for one another: themselves, and the two kinds of enums. */
export function sameKind(a: number, b: number): boolean {
  return a === b || (inSet(ENUMS, a) && inSet(ENUMS, b));
}

function newSpec(btf: Btf, rootId: number, kind: number): CoreSpec {
  return { btf, rootId, kind, steps: [], indices: [], bitOffset: 0 };
}

/** Whether a relocation is about a field. */
export function isFieldKind(kind: number): boolean {
  return kind >= CORE.FIELD_BYTE_OFFSET && kind <= CORE.FIELD_RSHIFT_U64;
}

/** The numbers of an access string: `0:1:2`; -errno when it is none. */
function parseAccess(access: string): number[] | number {
  const indices: number[] = [];
  let rest = access;
  while (rest !== '') {
    const match = /^:?[ \t]*([+-]?[0-9]+)/.exec(rest);
    const index = Number(match?.[1] ?? -1);
    if (match === null || index < 0 || index > 0x7fffffff) return -EINVAL;
    if (indices.length === MAX_STEPS) return -E2BIG;
    indices.push(index);
    rest = rest.slice(match[0].length);
  }
  return indices;
}

/** The path of a relocation in the program's own BTF, or -errno (`bpf_core_parse_spec`). */
export function parseSpec(btf: Btf, rootId: number, access: string, kind: number, say: Say): CoreSpec | number {
  if (access === '' || access.startsWith(':')) return -EINVAL;
  const spec = newSpec(btf, rootId, kind);
  if (isTypeKind(kind)) return access === '0' ? spec : -EINVAL;
  const indices = parseAccess(access);
  if (typeof indices === 'number') return indices;
  spec.indices.push(...indices);
  const first = indices[0]!;
  const id = btf.skipModifiers(rootId);
  const type = btf.type(id);
  if (type === undefined) return -EINVAL;
  if (isEnumKind(kind)) {
    const one = inSet(ENUMS, type.kind) ? type.enumerators[first] : undefined;
    if (one === undefined || indices.length !== 1) return -EINVAL;
    spec.steps.push({ typeId: id, index: first, name: one.name });
    return spec;
  }
  if (!isFieldKind(kind)) return -EINVAL;
  const size = sizeOf(btf, id);
  if (size === undefined) return -EINVAL;
  spec.steps.push({ typeId: id, index: first, name: '' });
  spec.bitOffset = first * size * 8;
  return parseField(spec, id, say);
}

function parseField(spec: CoreSpec, rootId: number, say: Say): CoreSpec | number {
  const { btf, steps, indices } = spec;
  let id = rootId;
  for (const [at, index] of indices.entries()) {
    if (at === 0) continue;
    id = btf.skipModifiers(id);
    const type = btf.type(id);
    if (type === undefined) return -EINVAL;
    if (isComposite(type)) {
      const member = type.members[index];
      if (member === undefined) return -EINVAL;
      spec.bitOffset += member.bitOffset;
      if (member.name !== '') steps.push({ typeId: id, index, name: member.name });
      id = member.type;
    } else if (type.kind === BTF_KIND.ARRAY) {
      if (index >= type.nelems && !isFlexible(btf, steps[steps.length - 1], type)) return -EINVAL;
      id = btf.skipModifiers(type.type);
      const size = sizeOf(btf, id);
      if (size === undefined) return -EINVAL;
      steps.push({ typeId: id, index, name: '' });
      spec.bitOffset += index * size * 8;
    } else {
      say(
        `relo for [${spec.rootId}]  (at idx ${at}) captures type [${id}] of unexpected kind ${BTF_KIND_NAME[type.kind]}`,
      );
      return -EINVAL;
    }
  }
  return spec;
}

/** An array without a length at the end of its struct: `step` is the member it is. */
function isFlexible(btf: Btf, step: Step | undefined, array: BtfType): boolean {
  if (step === undefined || step.name === '' || array.nelems > 0) return false;
  return step.index === (btf.type(step.typeId)?.vlen ?? 0) - 1;
}

/** Size of a value of a type, or undefined for those without. */
export function sizeOf(btf: Btf, id: number): number | undefined {
  return btf.typeIdSize(id)?.size;
}

/** Levels of members and parameters that comparisons of whole types go down. */
export interface MatchLimits {
  readonly compatible: number;
  readonly matches: number;
}

/**
 * The same path from type `id` of another BTF object (`bpf_core_spec_match`): 1 when it is
 * there, 0 when not, or -errno; with the path as far as it was found.
 */
export function matchSpec(
  local: CoreSpec,
  btf: Btf,
  id: number,
  limits: MatchLimits,
): { readonly result: number; readonly spec: CoreSpec } {
  const spec = newSpec(btf, id, local.kind);
  const { kind } = local;
  if (isTypeKind(kind)) {
    const result =
      kind === CORE.TYPE_MATCHES
        ? typesMatch(local.btf, local.rootId, btf, id, false, limits.matches)
        : typesCompatible(local.btf, local.rootId, btf, id, limits.compatible);
    return { result, spec };
  }
  return { result: isEnumKind(kind) ? matchEnumerator(local, spec) : matchField(local, spec), spec };
}

function matchEnumerator(local: CoreSpec, spec: CoreSpec): number {
  const wanted = essentialName(local.steps[0]?.name ?? '');
  const typeId = spec.btf.skipModifiers(spec.rootId);
  const type = spec.btf.type(typeId);
  if (type === undefined || !inSet(ENUMS, type.kind)) return 0;
  const index = type.enumerators.findIndex((one) => essentialName(one.name) === wanted);
  if (index < 0) return 0;
  spec.steps.push({ typeId, index, name: type.enumerators[index]!.name });
  spec.indices.push(index);
  return 1;
}

function matchField(local: CoreSpec, spec: CoreSpec): number {
  const { btf, steps, indices } = spec;
  const place = { typeId: spec.rootId };
  for (const [at, step] of local.steps.entries()) {
    place.typeId = btf.skipModifiers(place.typeId);
    const type = btf.type(place.typeId);
    if (type === undefined) return -EINVAL;
    if (step.name !== '') {
      const found = matchMember(local.btf, step, spec, place, MAX_STEPS);
      if (found <= 0) return found;
      continue;
    }
    if (at > 0) {
      if (type.kind !== BTF_KIND.ARRAY) return 0;
      if (step.index >= type.nelems && !isFlexible(btf, steps[steps.length - 1], type)) return 0;
      place.typeId = btf.skipModifiers(type.type);
    }
    if (indices.length === MAX_STEPS) return -E2BIG;
    steps.push({ typeId: place.typeId, index: step.index, name: '' });
    indices.push(step.index);
    const size = sizeOf(btf, place.typeId);
    if (size === undefined) return -EINVAL;
    spec.bitOffset += step.index * size * 8;
  }
  return 1;
}

/** A member of the same name, in the struct at `place` or in its nameless members; `place` moves to its type. */
function matchMember(local: Btf, step: Step, spec: CoreSpec, place: { typeId: number }, depth: number): number {
  const { btf, indices } = spec;
  const id = btf.skipModifiers(place.typeId);
  const type = btf.type(id);
  if (type === undefined) return -EINVAL;
  if (!isComposite(type)) return 0;
  const wanted = local.type(step.typeId)?.members[step.index];
  for (const [index, member] of type.members.entries()) {
    if (indices.length === MAX_STEPS || depth === 0) return -E2BIG;
    spec.bitOffset += member.bitOffset;
    indices.push(index);
    if (member.name === '') {
      const inner = { typeId: member.type };
      const found = matchMember(local, step, spec, inner, depth - 1);
      if (found !== 0) {
        place.typeId = inner.typeId;
        return found;
      }
    } else if (member.name === step.name) {
      place.typeId = member.type;
      const fits = fieldsCompatible(local, wanted?.type ?? 0, btf, member.type);
      if (fits !== 0) spec.steps.push({ typeId: id, index, name: member.name });
      return fits;
    }
    spec.bitOffset -= member.bitOffset;
    indices.pop();
  }
  return 0;
}

/** Whether a field of one type may stand for one of the other: 1, 0 or -errno. */
function fieldsCompatible(a: Btf, aId: number, b: Btf, bId: number): number {
  for (let chain = 0; chain < MAX_STEPS; chain++) {
    const x = plainType(a, aId);
    const y = plainType(b, bId);
    if (x === undefined || y === undefined) return -EINVAL;
    if (isComposite(x) && isComposite(y)) return 1;
    if (!sameKind(x.kind, y.kind)) return 0;
    if (x.kind === BTF_KIND.PTR || x.kind === BTF_KIND.FLOAT) return 1;
    if (x.kind === BTF_KIND.FWD || inSet(ENUMS, x.kind)) {
      const names = [essentialName(x.name), essentialName(y.name)];
      return names[0] === names[1] || names.includes('') ? 1 : 0;
    }
    if (x.kind === BTF_KIND.INT) return x.bitOffset === 0 && y.bitOffset === 0 ? 1 : 0;
    if (x.kind !== BTF_KIND.ARRAY) return 0;
    aId = x.type;
    bId = y.type;
  }
  return -EINVAL;
}

/** Whether two types are of the same shape as far as TYPE_EXISTS and TYPE_SIZE ask: 1, 0 or -errno. */
function typesCompatible(a: Btf, aId: number, b: Btf, bId: number, level: number): number {
  if (!sameKind(a.table.kind(aId), b.table.kind(bId))) return 0;
  for (let chain = 0; chain < MAX_CHAIN; chain++) {
    const x = plainType(a, aId);
    const y = plainType(b, bId);
    if (x === undefined || y === undefined) return -EINVAL;
    if (!sameKind(x.kind, y.kind)) return 0;
    if (isComposite(x) || inSet(ENUMS | kindSet(BTF_KIND.UNKN, BTF_KIND.FWD), x.kind)) return 1;
    if (x.kind === BTF_KIND.INT) return x.bitOffset === 0 && y.bitOffset === 0 ? 1 : 0;
    if (x.kind === BTF_KIND.FUNC_PROTO) {
      if (x.params.length !== y.params.length) return 0;
      for (const [i, param] of x.params.entries()) {
        if (level <= 0) return -EINVAL;
        const [p, q] = [a.skipModifiers(param.type), b.skipModifiers(y.params[i]!.type)];
        const fits = typesCompatible(a, p, b, q, level - 1);
        if (fits <= 0) return fits;
      }
    } else if (x.kind !== BTF_KIND.PTR && x.kind !== BTF_KIND.ARRAY) {
      return 0;
    }
    aId = x.type;
    bId = y.type;
  }
  return -EINVAL;
}

/** Whether the local type is a part of the other: same names, members and kinds (TYPE_MATCHES): 1, 0 or -errno. */
function typesMatch(a: Btf, aId: number, b: Btf, bId: number, behindPointer: boolean, level: number): number {
  if (level <= 0) return -EINVAL;
  for (let chain = 0; chain < MAX_CHAIN; chain++) {
    const x = plainType(a, aId);
    const y = plainType(b, bId);
    if (x === undefined || y === undefined) return -EINVAL;
    if (essentialName(x.name) !== essentialName(y.name)) return 0;
    if (x.kind === BTF_KIND.FWD || isComposite(x) || inSet(ENUMS, x.kind) || x.kind === BTF_KIND.UNKN) {
      return namedMatch(a, x, b, y, behindPointer, level);
    }
    if (x.kind !== y.kind) return 0;
    if (x.kind === BTF_KIND.INT) {
      const sign = (type: BtfType): number => type.encoding & BTF_INT_SIGNED;
      return x.size === y.size && sign(x) === sign(y) ? 1 : 0;
    }
    if (x.kind === BTF_KIND.PTR) behindPointer = true;
    else if (x.kind === BTF_KIND.ARRAY) {
      if (x.nelems !== y.nelems) return 0;
    } else if (x.kind === BTF_KIND.FUNC_PROTO) {
      if (x.params.length !== y.params.length) return 0;
      for (const [i, param] of x.params.entries()) {
        const fits = typesMatch(a, param.type, b, y.params[i]!.type, behindPointer, level - 1);
        if (fits <= 0) return fits;
      }
    } else return 0;
    aId = x.type;
    bId = y.type;
  }
  return -EINVAL;
}

/** The end of a comparison: forward declarations, enums, structs and unions. */
function namedMatch(a: Btf, x: BtfType, b: Btf, y: BtfType, behindPointer: boolean, level: number): number {
  const same = x.kind === y.kind;
  if (x.kind === BTF_KIND.UNKN) return same ? 1 : 0;
  if (x.kind === BTF_KIND.FWD) {
    if (same) return x.kindFlag === y.kindFlag ? 1 : 0;
    return behindPointer && isForwardOf(x, y) ? 1 : 0;
  }
  if (inSet(ENUMS, x.kind)) {
    if (!inSet(ENUMS, y.kind) || x.size !== y.size) return 0;
    const has = (name: string): boolean =>
      y.enumerators.some((other) => essentialName(other.name) === essentialName(name));
    return x.enumerators.every((one) => has(one.name)) ? 1 : 0;
  }
  if (behindPointer) return same || isForwardOf(y, x) ? 1 : 0;
  if (!same || x.members.length > y.members.length) return 0;
  for (const member of x.members) {
    let found = false;
    for (const other of y.members) {
      if (essentialName(other.name) !== essentialName(member.name)) continue;
      const fits = typesMatch(a, member.type, b, other.type, behindPointer, level - 1);
      if (fits < 0) return fits;
      found = fits > 0;
      if (found) break;
    }
    if (!found) return 0;
  }
  return 1;
}

/** Whether one is a forward declaration of the other. */
function isForwardOf(forward: BtfType, full: BtfType): boolean {
  return forward.kind === BTF_KIND.FWD && full.kind === (forward.kindFlag ? BTF_KIND.UNION : BTF_KIND.STRUCT);
}
