/**
 * CO-RE: what each relocation comes to with a kernel's types, and the instruction
 * changed accordingly. An instruction whose field or type the kernel does not have is
 * poisoned: it becomes a call that the verifier refuses when it can be reached.
 */
import { BTF_KIND, type Btf, type BtfType } from '../btf/btf.ts';
import { BTF_INT_SIGNED } from '../btf/kinds.ts';
import { EINVAL, Errno } from '../uapi/errno.ts';
import { type Code, POISON_IMM } from './code.ts';
import {
  CORE,
  type CoreSpec,
  essentialName,
  isEnumKind,
  isTypeKind,
  matchSpec,
  parseSpec,
  plainType,
  sameKind,
  sizeOf,
} from './core_spec.ts';

/** One relocation of .BTF.ext, with its instruction as an index in its function. */
export interface CoreRelo {
  readonly insn: number;
  readonly typeId: number;
  readonly access: string;
  readonly kind: number;
}

/** What one side of a relocation comes to; undefined: there is no such field. */
interface Value {
  readonly value: bigint;
  /** Whether the instruction must hold the local value before it is changed. */
  readonly validate: boolean;
  /** Of a plain field's offset: size and type of the field, so that the access can be made wider or narrower. */
  readonly size?: number;
  readonly fieldType?: BtfType | undefined;
}

/** Size codes of loads and stores by bytes. */
const SIZE_CODE: Readonly<Record<number, number>> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 };
const SIZE_OF_CODE: Readonly<Record<number, number>> = { 16: 1, 8: 2, 0: 4, 24: 8 };

/** Applies the relocations of one function. `target` is the kernel's BTF. */
export function applyCoreRelos(code: Code, relos: readonly CoreRelo[], local: Btf, target: Btf | undefined): void {
  for (const relo of relos) {
    const spec = parseSpec(local, relo.typeId, relo.access, relo.kind);
    if (typeof spec === 'string') bad(relo, spec);
    if (relo.insn >= code.length) bad(relo, 'its instruction does not exist');
    const localValue = relocValue(spec as CoreSpec, spec as CoreSpec);
    const found = relo.kind === CORE.TYPE_ID_LOCAL ? localValue : resolve(relo, spec as CoreSpec, target);
    patch(code, relo, localValue, found);
  }
}

function bad(relo: CoreRelo, reason: string): never {
  throw new Errno(EINVAL, `Cannot apply the CO-RE relocation of instruction ${relo.insn}: ${reason}`);
}

/** What the relocation comes to in the kernel: all types of the name that have the field must agree. */
function resolve(relo: CoreRelo, spec: CoreSpec, target: Btf | undefined): Value | undefined {
  let found: { readonly spec: CoreSpec; readonly value: Value | undefined } | undefined;
  for (const id of target === undefined ? [] : candidates(spec, target)) {
    const match = matchSpec(spec, target as Btf, id);
    if (match === undefined) continue;
    const value = relocValue(match, spec);
    if (found === undefined) found = { spec: match, value };
    else if (found.spec.bitOffset !== match.bitOffset || found.value?.value !== value?.value)
      bad(relo, `types ${found.spec.rootId} and ${id} of the kernel disagree`);
  }
  return found === undefined ? relocValue(undefined, spec) : found.value;
}

/** Types of the kernel that have the local type's name, whatever the flavour. */
function candidates(spec: CoreSpec, target: Btf): number[] {
  const local = spec.btf.type(spec.rootId);
  const name = essentialName(local?.name ?? '');
  if (local === undefined || name === '') return [];
  const ids = [
    ...target.findAll(name),
    ...flavours(target).filter((id) => essentialName(target.type(id)?.name ?? '') === name),
  ];
  return ids.filter((id) => sameKind(target.table.kind(id), local.kind));
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

/** The value for a path that was found, or for one that was not. */
function relocValue(found: CoreSpec | undefined, local: CoreSpec): Value | undefined {
  const { kind } = local;
  if (isTypeKind(kind)) return { value: BigInt(typeValue(found, kind)), validate: kind !== CORE.TYPE_ID_LOCAL };
  if (isEnumKind(kind)) {
    if (kind === CORE.ENUMVAL_EXISTS) return { value: found === undefined ? 0n : 1n, validate: true };
    return found === undefined ? undefined : { value: found.value, validate: true };
  }
  if (kind === CORE.FIELD_EXISTS) return { value: found === undefined ? 0n : 1n, validate: true };
  return found === undefined ? undefined : fieldValue(found, kind);
}

function typeValue(found: CoreSpec | undefined, kind: number): number {
  if (found === undefined) return 0;
  if (kind === CORE.TYPE_ID_LOCAL || kind === CORE.TYPE_ID_TARGET) return found.rootId;
  return kind === CORE.TYPE_SIZE ? (sizeOf(found.btf, found.rootId) ?? 0) : 1;
}

function fieldValue(spec: CoreSpec, kind: number): Value | undefined {
  const { btf } = spec;
  const last = spec.steps[spec.steps.length - 1];
  if (last === undefined) return undefined;
  if (last.name === '') {
    const size = sizeOf(btf, last.typeId) ?? 0;
    if (kind === CORE.FIELD_BYTE_SIZE) return { value: BigInt(size), validate: true };
    if (kind !== CORE.FIELD_BYTE_OFFSET) return undefined;
    return {
      value: BigInt(Math.floor(spec.bitOffset / 8)),
      validate: true,
      size,
      fieldType: plainType(btf, last.typeId),
    };
  }
  const member = btf.type(last.typeId)?.members[last.index];
  const type = member === undefined ? undefined : plainType(btf, member.type);
  if (member === undefined || type === undefined) return undefined;
  const place =
    member.bitfieldSize > 0
      ? bitfieldPlace(spec.bitOffset, member.bitfieldSize, type.size)
      : bytesPlace(spec, member.type);
  if (place === undefined) return undefined;
  const validate = member.bitfieldSize === 0;
  if (kind === CORE.FIELD_BYTE_OFFSET) {
    const value = BigInt(place.byte);
    return validate ? { value, validate, size: place.size, fieldType: type } : { value, validate };
  }
  if (kind === CORE.FIELD_BYTE_SIZE) return { value: BigInt(place.size), validate };
  if (kind === CORE.FIELD_SIGNED) {
    const isEnum = type.kind === BTF_KIND.ENUM || type.kind === BTF_KIND.ENUM64;
    return { value: isEnum || (type.encoding & BTF_INT_SIGNED) !== 0 ? 1n : 0n, validate: true };
  }
  const end = spec.bitOffset + place.bits - place.byte * 8;
  if (kind === CORE.FIELD_LSHIFT_U64) return { value: BigInt(64 - end), validate };
  return { value: BigInt(64 - place.bits), validate: true };
}

interface Place {
  readonly byte: number;
  readonly size: number;
  readonly bits: number;
}

function bytesPlace(spec: CoreSpec, typeId: number): Place | undefined {
  const size = sizeOf(spec.btf, typeId);
  return size === undefined ? undefined : { byte: Math.floor(spec.bitOffset / 8), size, bits: size * 8 };
}

/** The smallest aligned word that has a whole bitfield; undefined when 8 bytes are too few. */
function bitfieldPlace(bitOffset: number, bits: number, typeSize: number): Place | undefined {
  for (let size = typeSize; size > 0 && size <= 8; size *= 2) {
    const byte = Math.floor(bitOffset / 8 / size) * size;
    if (bitOffset + bits - byte * 8 <= size * 8) return { byte, size, bits };
  }
  return undefined;
}

/** Changes the instruction from the local value to the one found, or poisons it. */
function patch(code: Code, relo: CoreRelo, local: Value | undefined, found: Value | undefined): void {
  const { insn } = relo;
  const op = code.op(insn);
  if (local === undefined) bad(relo, 'the field cannot be accessed this way');
  if (found === undefined) {
    if (code.isLddw(insn)) code.poison(insn + 1, POISON_IMM);
    code.poison(insn, POISON_IMM);
    return;
  }
  const before = (local as Value).value;
  const validate = (local as Value).validate;
  const cls = op & 7;
  if (cls === 4 || cls === 7) {
    if (validate && BigInt.asIntN(32, before) !== BigInt(code.imm(insn)))
      bad(relo, `it holds ${code.imm(insn)}, not ${before}`);
    code.setImm(insn, Number(BigInt.asIntN(32, found.value)));
  } else if (cls === 1 || cls === 2 || cls === 3) {
    if (validate && before !== BigInt(code.off(insn))) bad(relo, `its offset is ${code.off(insn)}, not ${before}`);
    if (found.value > 0x7fffn) bad(relo, `offset ${found.value} is too large`);
    if (!resize(code, insn, local as Value, found)) {
      code.poison(insn, POISON_IMM);
      return;
    }
    code.setOff(insn, Number(found.value));
  } else if (code.isLddw(insn)) {
    const held = (BigInt(code.imm(insn + 1) >>> 0) << 32n) | BigInt(code.imm(insn) >>> 0);
    if (validate && BigInt.asUintN(64, before) !== held) bad(relo, `it holds ${held}, not ${before}`);
    code.setImm(insn, Number(BigInt.asIntN(32, found.value)));
    code.setImm(insn + 1, Number(BigInt.asIntN(32, found.value >> 32n)));
  } else bad(relo, `opcode 0x${op.toString(16)} has nothing to change`);
}

/** Makes a load or store as wide as the kernel's field; false when that would change what it means. */
function resize(code: Code, insn: number, local: Value, found: Value): boolean {
  if (local.size === undefined || found.size === undefined || local.size === found.size) return true;
  const op = code.op(insn);
  if (SIZE_OF_CODE[op & 0x18] !== local.size) return true;
  const [a, b] = [local.fieldType, found.fieldType];
  const pointers = a?.kind === BTF_KIND.PTR && b?.kind === BTF_KIND.PTR;
  const unsigned = (type: BtfType | undefined): boolean =>
    type?.kind === BTF_KIND.INT && (type.encoding & BTF_INT_SIGNED) === 0;
  const size = SIZE_CODE[found.size];
  if (size === undefined || !(pointers || (unsigned(a) && unsigned(b)))) return false;
  code.bytes[insn * 8] = (op & ~0x18) | size;
  return true;
}
