/**
 * CO-RE: what a relocation says of the program's own types, and the same thing found in
 * the kernel's (source: Documentation/bpf/llvm_reloc.rst, "CO-RE Relocations").
 *
 * An access is a path: an index of the base type, then members and array indices. It
 * is looked up in another BTF object by the names of the members; offsets, sizes and
 * the order of members may differ.
 */
import type { Btf, BtfType } from '../btf/btf.ts';
import { BTF_INT_SIGNED, BTF_KIND, inSet, kindSet } from '../btf/kinds.ts';

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

/** Longest path. */
const MAX_STEPS = 64;
/** Deepest nesting of types that are compared. */
const MAX_DEPTH = 32;

const COMPOSITE = kindSet(BTF_KIND.STRUCT, BTF_KIND.UNION);
const ENUMS = kindSet(BTF_KIND.ENUM, BTF_KIND.ENUM64);

/** One step of a path: a member by name, or an index. */
export interface Step {
  /** The struct the member is in, or the type that is indexed. */
  readonly typeId: number;
  readonly index: number;
  readonly name: string;
}

/** A path, found in one BTF object. */
export interface CoreSpec {
  readonly btf: Btf;
  /** The type that the path starts at, as the relocation names it. */
  readonly rootId: number;
  readonly kind: number;
  readonly steps: readonly Step[];
  readonly bitOffset: number;
  /** ENUMVAL_*: the enumerator. */
  readonly value: bigint;
}

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

/** The path of a relocation in the program's own BTF; a sentence when it makes no sense. */
export function parseSpec(btf: Btf, rootId: number, access: string, kind: number): CoreSpec | string {
  const indices = access.split(':').map((part) => (/^[0-9]{1,9}$/.test(part) ? Number(part) : -1));
  if (indices.length > MAX_STEPS || indices.some((index) => index < 0))
    return `the access string "${access}" is malformed`;
  const base = { btf, rootId, kind, value: 0n, bitOffset: 0, steps: [] };
  if (btf.type(rootId) === undefined) return `type ${rootId} does not exist`;
  if (isTypeKind(kind)) return access === '0' ? base : `the access string "${access}" of a type is not "0"`;
  const first = indices[0] as number;
  if (isEnumKind(kind)) {
    const type = plainType(btf, rootId);
    const one = type !== undefined && inSet(ENUMS, type.kind) ? type.enumerators[first] : undefined;
    if (one === undefined || indices.length !== 1) return `there is no enumerator ${access}`;
    return { ...base, value: one.value, steps: [{ typeId: btf.skipModifiers(rootId), index: first, name: one.name }] };
  }
  return parseField(btf, rootId, indices, kind);
}

function parseField(btf: Btf, rootId: number, indices: readonly number[], kind: number): CoreSpec | string {
  let id = btf.skipModifiers(rootId);
  const size = sizeOf(btf, id);
  const first = indices[0] as number;
  if (size === undefined) return `type ${rootId} has no size`;
  const steps: Step[] = [{ typeId: id, index: first, name: '' }];
  let bitOffset = first * size * 8;
  for (const index of indices.slice(1)) {
    const type = plainType(btf, id);
    if (type !== undefined && isComposite(type)) {
      const member = type.members[index];
      if (member === undefined) return `${type.name} has no member ${index}`;
      bitOffset += member.bitOffset;
      if (member.name !== '') steps.push({ typeId: type.id, index, name: member.name });
      id = member.type;
    } else if (type?.kind === BTF_KIND.ARRAY) {
      const element = btf.skipModifiers(type.type);
      const elementSize = sizeOf(btf, element);
      if (elementSize === undefined) return `an array has elements without a size`;
      steps.push({ typeId: element, index, name: '' });
      bitOffset += index * elementSize * 8;
      id = element;
    } else return `type ${id} has neither members nor elements`;
  }
  return { btf, rootId, kind, steps, bitOffset, value: 0n };
}

/** Size of a value of a type, or undefined for those without. */
export function sizeOf(btf: Btf, id: number): number | undefined {
  return btf.typeIdSize(id)?.size;
}

/** The same path from type `id` of another BTF object, or undefined when it is not there. */
export function matchSpec(local: CoreSpec, btf: Btf, id: number): CoreSpec | undefined {
  const base = { btf, rootId: id, kind: local.kind, value: 0n, bitOffset: 0, steps: [] };
  if (isTypeKind(local.kind)) {
    const matches =
      local.kind === CORE.TYPE_MATCHES
        ? typesMatch(local.btf, local.rootId, btf, id, false, MAX_DEPTH)
        : typesCompatible(local.btf, local.rootId, btf, id, MAX_DEPTH);
    return matches ? base : undefined;
  }
  if (isEnumKind(local.kind)) {
    const wanted = essentialName(local.steps[0]?.name ?? '');
    const type = plainType(btf, id);
    if (type === undefined || !inSet(ENUMS, type.kind)) return undefined;
    const index = type.enumerators.findIndex((one) => essentialName(one.name) === wanted);
    const one = type.enumerators[index];
    return one === undefined
      ? undefined
      : { ...base, value: one.value, steps: [{ typeId: type.id, index, name: one.name }] };
  }
  return matchField(local, btf, id);
}

function matchField(local: CoreSpec, btf: Btf, rootId: number): CoreSpec | undefined {
  let id = btf.skipModifiers(rootId);
  let bitOffset = 0;
  const steps: Step[] = [];
  for (const [position, step] of local.steps.entries()) {
    const type = plainType(btf, id);
    if (step.name !== '') {
      const found = findMember(local, step, btf, type, MAX_DEPTH);
      if (found === undefined) return undefined;
      bitOffset += found.bitOffset;
      steps.push(found.step);
      id = found.type;
      continue;
    }
    if (position > 0) {
      // A flexible array, at the end of its struct, may be indexed beyond its elements.
      if (type?.kind !== BTF_KIND.ARRAY || (step.index >= type.nelems && type.nelems !== 0)) return undefined;
      id = btf.skipModifiers(type.type);
    }
    const size = sizeOf(btf, id);
    if (size === undefined) return undefined;
    steps.push({ typeId: id, index: step.index, name: '' });
    bitOffset += step.index * size * 8;
  }
  return { btf, rootId, kind: local.kind, steps, bitOffset, value: 0n };
}

interface FoundMember {
  readonly step: Step;
  readonly bitOffset: number;
  readonly type: number;
}

/** A member of the same name and a compatible type, in the struct or in its nameless members. */
function findMember(
  local: CoreSpec,
  step: Step,
  btf: Btf,
  type: BtfType | undefined,
  depth: number,
): FoundMember | undefined {
  if (type === undefined || !isComposite(type) || depth === 0) return undefined;
  for (const [index, member] of type.members.entries()) {
    if (member.name === '') {
      const inner = findMember(local, step, btf, plainType(btf, member.type), depth - 1);
      if (inner !== undefined) return { ...inner, bitOffset: inner.bitOffset + member.bitOffset };
      continue;
    }
    if (member.name !== step.name) continue;
    const localMember = plainType(local.btf, step.typeId)?.members[step.index];
    if (localMember === undefined || !fieldsCompatible(local.btf, localMember.type, btf, member.type, MAX_DEPTH))
      return undefined;
    return { step: { typeId: type.id, index, name: member.name }, bitOffset: member.bitOffset, type: member.type };
  }
  return undefined;
}

/** Whether a field of one type may stand for one of the other. */
function fieldsCompatible(a: Btf, aId: number, b: Btf, bId: number, depth: number): boolean {
  const x = plainType(a, aId);
  const y = plainType(b, bId);
  if (x === undefined || y === undefined || depth === 0) return false;
  if (isComposite(x) && isComposite(y)) return true;
  if (!sameKind(x.kind, y.kind)) return false;
  if (x.kind === BTF_KIND.PTR || x.kind === BTF_KIND.FLOAT) return true;
  if (x.kind === BTF_KIND.FWD || inSet(ENUMS, x.kind)) {
    const names = [essentialName(x.name), essentialName(y.name)];
    return names[0] === names[1] || names.includes('');
  }
  if (x.kind === BTF_KIND.INT) return x.bitOffset === 0 && y.bitOffset === 0;
  return x.kind === BTF_KIND.ARRAY && fieldsCompatible(a, x.type, b, y.type, depth - 1);
}

/** Whether two types are of the same shape as far as TYPE_EXISTS and TYPE_SIZE ask. */
function typesCompatible(a: Btf, aId: number, b: Btf, bId: number, depth: number): boolean {
  const x = plainType(a, aId);
  const y = plainType(b, bId);
  if (x === undefined || y === undefined || depth === 0 || !sameKind(x.kind, y.kind)) return false;
  if (x.kind === BTF_KIND.INT) return x.bitOffset === 0 && y.bitOffset === 0;
  if (x.kind === BTF_KIND.PTR || x.kind === BTF_KIND.ARRAY) return typesCompatible(a, x.type, b, y.type, depth - 1);
  if (x.kind !== BTF_KIND.FUNC_PROTO)
    return isComposite(x) || inSet(ENUMS | kindSet(BTF_KIND.UNKN, BTF_KIND.FWD), x.kind);
  return (
    x.params.length === y.params.length &&
    x.params.every((param, index) => typesCompatible(a, param.type, b, y.params[index]?.type ?? 0, depth - 1)) &&
    typesCompatible(a, x.type, b, y.type, depth - 1)
  );
}

/** Whether the local type is a part of the other: same names, members and kinds (TYPE_MATCHES). */
function typesMatch(a: Btf, aId: number, b: Btf, bId: number, behindPointer: boolean, depth: number): boolean {
  const x = plainType(a, aId);
  const y = plainType(b, bId);
  if (x === undefined || y === undefined || depth === 0) return false;
  if (essentialName(x.name) !== essentialName(y.name)) return false;
  if (!sameKind(x.kind, y.kind)) return behindPointer && forwardOf(x, y);
  if (x.kind === BTF_KIND.UNKN) return true;
  if (x.kind === BTF_KIND.FWD) return x.kindFlag === y.kindFlag;
  if (inSet(ENUMS, x.kind))
    return (
      x.size === y.size &&
      x.enumerators.every((one) => y.enumerators.some((other) => essentialName(other.name) === essentialName(one.name)))
    );
  if (isComposite(x)) {
    if (behindPointer) return true;
    return x.members.every((member) => {
      const other = y.members.find((candidate) => candidate.name === member.name);
      return other !== undefined && typesMatch(a, member.type, b, other.type, false, depth - 1);
    });
  }
  if (x.kind === BTF_KIND.INT) {
    const sign = (type: BtfType): number => type.encoding & BTF_INT_SIGNED;
    return x.bitOffset === 0 && y.bitOffset === 0 && x.size === y.size && sign(x) === sign(y);
  }
  if (x.kind === BTF_KIND.PTR) return typesMatch(a, x.type, b, y.type, true, depth - 1);
  if (x.kind === BTF_KIND.ARRAY)
    return x.nelems === y.nelems && typesMatch(a, x.type, b, y.type, behindPointer, depth - 1);
  if (x.kind !== BTF_KIND.FUNC_PROTO || x.params.length !== y.params.length) return false;
  return (
    x.params.every((param, index) =>
      typesMatch(a, param.type, b, y.params[index]?.type ?? 0, behindPointer, depth - 1),
    ) && typesMatch(a, x.type, b, y.type, behindPointer, depth - 1)
  );
}

/** Whether one is a forward declaration of the other. */
function forwardOf(x: BtfType, y: BtfType): boolean {
  const [forward, full] = x.kind === BTF_KIND.FWD ? [x, y] : [y, x];
  return forward.kind === BTF_KIND.FWD && full.kind === (forward.kindFlag ? BTF_KIND.UNION : BTF_KIND.STRUCT);
}
