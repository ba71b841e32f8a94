/**
 * CO-RE: what one relocation comes to with a kernel's types, and the instruction changed
 * accordingly (tools/lib/bpf/relo_core.c, which libbpf and the kernel both use: so do the
 * loader of objects and PROG_LOAD here). An instruction whose field or type the kernel
 * does not have is poisoned: a call that the verifier refuses when it can be reached.
 */
import { E2BIG, EINVAL, ENOTSUP, ERANGE, EUCLEAN } from '../uapi/errno.ts';
import { BTF_KIND, type Btf, type BtfType } from './btf.ts';
import { formatSpec, kindText, relocText } from './core_format.ts';
import {
  CORE,
  type CoreSpec,
  isEnumKind,
  isFieldKind,
  isTypeKind,
  type MatchLimits,
  matchSpec,
  parseSpec,
  plainType,
  type Say,
  sizeOf,
} from './core_spec.ts';
import { BTF_INT_SIGNED } from './kinds.ts';

/** One relocation, with its instruction as an index in the program or function. */
export interface CoreRelo {
  readonly insn: number;
  readonly typeId: number;
  /** The path; undefined: there is no such string. */
  readonly access: string | undefined;
  readonly kind: number;
}

/** Instructions that can be changed. */
export interface CoreInsns {
  readonly length: number;
  op(insn: number): number;
  dst(insn: number): number;
  src(insn: number): number;
  off(insn: number): number;
  imm(insn: number): number;
  setOp(insn: number, op: number): void;
  setOff(insn: number, off: number): void;
  setImm(insn: number, imm: number): void;
  poison(insn: number, imm: number): void;
}

/** Who relocates: for messages, and how deep whole types are compared. */
export interface CoreSide {
  /** Name of the program in messages. */
  readonly prog: string;
  readonly limits: MatchLimits;
  readonly say: Say;
}

/** What the kernel and the loader go down into. */
export const KERNEL_LIMITS: MatchLimits = { compatible: 2, matches: 2 };
export const LOADER_LIMITS: MatchLimits = { compatible: 32, matches: 32 };

/** A call of a helper that does not exist. */
export const POISON_IMM = 0xbad2310;

const OP_LDDW = 0x18;
const SIZE_CODE: ReadonlyMap<number, number> = new Map([
  [1, 0x10],
  [2, 0x08],
  [4, 0x00],
  [8, 0x18],
]);
const SIZE_OF_CODE: Readonly<Record<number, number>> = { 16: 1, 8: 2, 0: 4, 24: 8 };

/** What one side of a relocation comes to. */
class Value {
  value = 0n;
  /** The instruction must hold the local value before it is changed. */
  validate = true;
  /** Of a plain field's offset: size and type of the field, so that the access can be made wider or narrower. */
  size = 0;
  fieldType: BtfType | undefined = undefined;
}

/** What a relocation does. */
interface Decision {
  readonly before: bigint;
  readonly after: bigint;
  readonly validate: boolean;
  readonly poison: boolean;
  readonly badSize: boolean;
  readonly oldSize: number;
  readonly newSize: number;
}

/**
 * Applies relocation number `index` with the candidates `ids` of the kernel's types:
 * 0 or -errno, the reason said.
 */
export function applyCoreRelo(
  side: CoreSide,
  relo: CoreRelo,
  index: number,
  local: Btf,
  target: Btf | undefined,
  ids: readonly number[],
  code: CoreInsns,
): number {
  const relocator = new Relocator(side, relo, index);
  const decision = relocator.decide(local, target, ids);
  return typeof decision === 'number' ? decision : relocator.patch(code, decision);
}

class Relocator {
  readonly #side: CoreSide;
  readonly #relo: CoreRelo;
  readonly #index: number;

  constructor(side: CoreSide, relo: CoreRelo, index: number) {
    this.#side = side;
    this.#relo = relo;
    this.#index = index;
  }

  #say(text: string): void {
    this.#side.say(`prog '${this.#side.prog}': relo #${this.#index}: ${text}\n`);
  }

  /** `bpf_core_calc_relo_insn`. */
  decide(local: Btf, target: Btf | undefined, ids: readonly number[]): Decision | number {
    const { typeId, access, kind } = this.#relo;
    const name = local.type(typeId)?.name ?? '';
    const spec = parseSpec(local, typeId, access ?? '', kind, (text) =>
      this.#side.say(`prog '${this.#side.prog}': ${text}\n`),
    );
    if (typeof spec === 'number') {
      const shown = `[${typeId}] ${kindText(local, typeId)} ${name === '' ? '<anon>' : name}`;
      this.#say(`parsing ${shown} + ${access ?? '<?>'} failed: ${spec}`);
      return -EINVAL;
    }
    this.#say(formatSpec(spec));
    if (kind === CORE.TYPE_ID_LOCAL) {
      const id = BigInt(typeId);
      return { before: id, after: id, validate: false, poison: false, badSize: false, oldSize: 0, newSize: 0 };
    }
    if (name === '') {
      this.#say(`<${relocText(kind)}> (${kind}) relocation doesn't support anonymous types`);
      return -ENOTSUP;
    }
    return this.#choose(spec, target, ids);
  }

  /** What all the candidates that have the field agree on. */
  #choose(local: CoreSpec, target: Btf | undefined, ids: readonly number[]): Decision | number {
    let chosen: { readonly decision: Decision; readonly spec: CoreSpec } | undefined;
    for (const [i, id] of ids.entries()) {
      const { result, spec } = matchSpec(local, target as Btf, id, this.#side.limits);
      if (result < 0) {
        this.#say(`error matching candidate #${i} ${formatSpec(spec)}: ${result}`);
        this.#side.say(' ');
        return result;
      }
      this.#say(`${result === 0 ? 'non-matching' : 'matching'} candidate #${i} ${formatSpec(spec)}`);
      if (result === 0) continue;
      const decision = this.#calc(local, spec);
      if (typeof decision === 'number') return decision;
      if (chosen === undefined) {
        chosen = { decision, spec };
        continue;
      }
      if (spec.bitOffset !== chosen.spec.bitOffset) {
        this.#say(`field offset ambiguity: ${spec.bitOffset} != ${chosen.spec.bitOffset}`);
        return -EINVAL;
      }
      if (decision.poison !== chosen.decision.poison || decision.after !== chosen.decision.after) {
        const show = ({ poison, after }: Decision): string => `${poison ? 'failure' : 'success'} ${after}`;
        this.#say(`relocation decision ambiguity: ${show(decision)} != ${show(chosen.decision)}`);
        return -EINVAL;
      }
    }
    if (chosen !== undefined) return chosen.decision;
    this.#say('no matching targets found');
    return this.#calc(local, undefined);
  }

  /** `bpf_core_calc_relo`. */
  #calc(local: CoreSpec, found: CoreSpec | undefined): Decision | number {
    const before = new Value();
    const after = new Value();
    const { kind } = this.#relo;
    let err = -ENOTSUP;
    if (isFieldKind(kind)) err = this.#field(local, before) || this.#field(found, after);
    else if (isTypeKind(kind)) err = typeValue(kind, local, before) || typeValue(kind, found, after);
    else if (isEnumKind(kind)) err = enumValue(kind, local, before) || enumValue(kind, found, after);
    if (err === -ENOTSUP)
      this.#say(`unrecognized CO-RE relocation ${relocText(kind)} (${kind | 0}) at insn #${this.#relo.insn}`);
    if (err !== 0 && err !== -EUCLEAN) return err;
    return {
      before: before.value,
      after: after.value,
      validate: before.validate,
      poison: err === -EUCLEAN,
      badSize: err === 0 && isFieldKind(kind) && !resizable(before, after),
      oldSize: before.size,
      newSize: after.size,
    };
  }

  /** `bpf_core_calc_field_relo`; -EUCLEAN asks for poison. */
  #field(spec: CoreSpec | undefined, out: Value): number {
    const { kind, insn } = this.#relo;
    const warn = (text: string): void => {
      this.#side.say(`prog '${this.#side.prog}': relo ${kind} at insn #${insn} ${text}\n`);
    };
    if (kind === CORE.FIELD_EXISTS) {
      out.value = spec === undefined ? 0n : 1n;
      return 0;
    }
    if (spec === undefined) return -EUCLEAN;
    const { btf } = spec;
    const last = spec.steps[spec.steps.length - 1]!;
    if (last.name === '') {
      const size = sizeOf(btf, last.typeId);
      if (kind !== CORE.FIELD_BYTE_OFFSET && kind !== CORE.FIELD_BYTE_SIZE) {
        warn("can't be applied to array access");
        return -EINVAL;
      }
      if (size === undefined) return -EINVAL;
      out.value = BigInt(kind === CORE.FIELD_BYTE_SIZE ? size : Math.floor(spec.bitOffset / 8));
      if (kind === CORE.FIELD_BYTE_OFFSET) {
        out.size = size;
        out.fieldType = btf.type(last.typeId);
      }
      return 0;
    }
    const member = btf.type(last.typeId)!.members[last.index]!;
    const type = plainType(btf, member.type);
    if (type === undefined) return -EINVAL;
    const isBits = member.bitfieldSize > 0;
    const place = isBits
      ? bitfieldPlace(spec.bitOffset, member.bitfieldSize, type.size)
      : bytesPlace(spec, member.type);
    if (place === undefined) {
      if (!isBits) return -EINVAL;
      warn("can't be satisfied for bitfield");
      return -E2BIG;
    }
    out.validate = !isBits;
    const end = spec.bitOffset + place.bits - place.byte * 8;
    switch (kind) {
      case CORE.FIELD_BYTE_OFFSET:
        out.value = BigInt(place.byte);
        if (isBits) return 0;
        out.size = place.size;
        out.fieldType = type;
        return 0;
      case CORE.FIELD_BYTE_SIZE:
        out.value = BigInt(place.size);
        return 0;
      case CORE.FIELD_SIGNED:
        out.value = isSigned(type) ? 1n : 0n;
        out.validate = true;
        return 0;
      case CORE.FIELD_LSHIFT_U64:
        out.value = BigInt.asUintN(32, BigInt(64 - end));
        return 0;
      default:
        out.value = BigInt.asUintN(32, BigInt(64 - place.bits));
        out.validate = true;
        return 0;
    }
  }

  /** `bpf_core_patch_insn`. */
  patch(code: CoreInsns, d: Decision): number {
    const { insn } = this.#relo;
    const op = code.op(insn);
    if (d.poison) return this.#poison(code);
    const cls = op & 7;
    const after = d.after;
    const differs = (what: string, got: bigint, shown: bigint): boolean => {
      if (!d.validate || BigInt.asUintN(64, got) === d.before) return false;
      this.#say(`unexpected insn #${insn} (${what}) value: got ${shown}, exp ${d.before} -> ${after}`);
      return true;
    };
    if (cls === 4 || cls === 7) {
      if ((op & 8) !== 0) return -EINVAL;
      const held = BigInt(code.imm(insn));
      if (differs('ALU/ALU64', held, BigInt.asUintN(32, held))) return -EINVAL;
      code.setImm(insn, Number(BigInt.asIntN(32, after)));
      this.#say(`patched insn #${insn} (ALU/ALU64) imm ${BigInt.asUintN(64, held)} -> ${after}`);
      return 0;
    }
    if (cls === 1 || cls === 2 || cls === 3) return this.#patchAccess(code, d, differs);
    if (op !== OP_LDDW) {
      const [dst, src, off, imm] = [code.dst(insn), code.src(insn), code.off(insn), code.imm(insn)];
      const hex = (value: number): string => (value >>> 0).toString(16);
      this.#say(
        `trying to relocate unrecognized insn #${insn}, code:0x${hex(op)}, src:0x${hex(src)}, dst:0x${hex(dst)}, off:0x${hex(off)}, imm:0x${hex(imm)}`,
      );
      return -EINVAL;
    }
    const second = insn + 1;
    const whole =
      second < code.length &&
      code.src(insn) === 0 &&
      code.off(insn) === 0 &&
      code.op(second) === 0 &&
      code.dst(second) === 0 &&
      code.src(second) === 0 &&
      code.off(second) === 0;
    if (!whole) {
      this.#say(`insn #${insn} (LDIMM64) has unexpected form`);
      return -EINVAL;
    }
    const held = (BigInt(code.imm(second) >>> 0) << 32n) | BigInt(code.imm(insn) >>> 0);
    if (differs('LDIMM64', held, held)) return -EINVAL;
    code.setImm(insn, Number(BigInt.asIntN(32, after)));
    code.setImm(second, Number(BigInt.asIntN(32, after >> 32n)));
    this.#say(`patched insn #${insn} (LDIMM64) imm64 ${held} -> ${after}`);
    return 0;
  }

  #patchAccess(code: CoreInsns, d: Decision, differs: (what: string, got: bigint, shown: bigint) => boolean): number {
    const { insn } = this.#relo;
    const what = 'LDX/ST/STX';
    const held = BigInt(code.off(insn));
    if (differs(what, held, BigInt.asUintN(32, held))) return -EINVAL;
    if (d.after > 0x7fffn) {
      this.#say(`insn #${insn} (${what}) value too big: ${d.after}`);
      return -ERANGE;
    }
    if (d.badSize) {
      this.#say(
        `insn #${insn} (${what}) accesses field incorrectly. Make sure you are accessing pointers, unsigned integers, or fields of matching type and size.`,
      );
      return this.#poison(code);
    }
    code.setOff(insn, Number(d.after));
    this.#say(`patched insn #${insn} (${what}) off ${BigInt.asUintN(64, held)} -> ${d.after}`);
    if (d.newSize === d.oldSize) return 0;
    const op = code.op(insn);
    const bytes = SIZE_OF_CODE[op & 0x18] ?? 0;
    if (bytes !== d.oldSize) {
      this.#say(`insn #${insn} (${what}) unexpected mem size: got ${bytes}, exp ${d.oldSize}`);
      return -EINVAL;
    }
    const size = SIZE_CODE.get(d.newSize);
    if (size === undefined) {
      this.#say(`insn #${insn} (${what}) invalid new mem size: ${d.newSize}`);
      return -EINVAL;
    }
    code.setOp(insn, (op & ~0x18) | size);
    this.#say(`patched insn #${insn} (${what}) mem_sz ${d.oldSize} -> ${d.newSize}`);
    return 0;
  }

  #poison(code: CoreInsns): number {
    const { insn } = this.#relo;
    const one = (at: number): void => {
      this.#say(`substituting insn #${at} w/ invalid insn`);
      code.poison(at, POISON_IMM);
    };
    if (code.op(insn) === OP_LDDW && insn + 1 < code.length) one(insn + 1);
    one(insn);
    return 0;
  }
}

/** Whether an access of the one may be made one of the other. */
function resizable(before: Value, after: Value): boolean {
  if (before.size === after.size) return true;
  const [a, b] = [before.fieldType, after.fieldType];
  if (a?.kind === BTF_KIND.PTR && b?.kind === BTF_KIND.PTR) return true;
  const unsigned = (type: BtfType | undefined): boolean =>
    type?.kind === BTF_KIND.INT && type.encoding !== BTF_INT_SIGNED;
  return unsigned(a) && unsigned(b);
}

function isSigned(type: BtfType): boolean {
  const isEnum = type.kind === BTF_KIND.ENUM || type.kind === BTF_KIND.ENUM64;
  return isEnum ? type.kindFlag : type.kind === BTF_KIND.INT && (type.encoding & BTF_INT_SIGNED) !== 0;
}

/** `bpf_core_calc_type_relo`. */
function typeValue(kind: number, spec: CoreSpec | undefined, out: Value): number {
  if (spec === undefined) return 0;
  if (kind === CORE.TYPE_SIZE) {
    const size = sizeOf(spec.btf, spec.rootId);
    if (size === undefined) return -EINVAL;
    out.value = BigInt(size);
  } else if (kind === CORE.TYPE_ID_TARGET) {
    out.value = BigInt(spec.rootId);
    out.validate = false;
  } else {
    out.value = 1n;
  }
  return 0;
}

/** `bpf_core_calc_enumval_relo`. */
function enumValue(kind: number, spec: CoreSpec | undefined, out: Value): number {
  if (kind === CORE.ENUMVAL_EXISTS) {
    out.value = spec === undefined ? 0n : 1n;
    return 0;
  }
  if (spec === undefined) return -EUCLEAN;
  const step = spec.steps[0]!;
  out.value = BigInt.asUintN(64, spec.btf.type(step.typeId)!.enumerators[step.index]!.value);
  return 0;
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
