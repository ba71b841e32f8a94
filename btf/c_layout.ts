/** Where C would put things: alignment, packed structs, and the padding that says otherwise. */
import type { Btf, BtfType } from './btf.ts';
import { BTF_KIND } from './kinds.ts';

/** Deepest nesting that is looked into. */
const MAX_DEPTH = 64;

/** Alignment and sizes of the types of one BTF object. */
export class CLayout {
  readonly #btf: Btf;
  readonly #align = new Map<number, number>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** Alignment of a type in bytes; 1 for what has none. */
  align(id: number, depth = 0): number {
    const known = this.#align.get(id);
    if (known !== undefined) return known;
    const type = this.#btf.type(this.#btf.skipModifiers(id));
    const align = type === undefined || depth > MAX_DEPTH ? 1 : this.#alignOf(type, depth + 1);
    this.#align.set(id, align);
    return align;
  }

  #alignOf(type: BtfType, depth: number): number {
    if (type.kind === BTF_KIND.PTR) return 8;
    if (type.kind === BTF_KIND.ARRAY) return this.align(type.type, depth);
    if (type.kind !== BTF_KIND.STRUCT && type.kind !== BTF_KIND.UNION) return Math.min(8, Math.max(1, type.size));
    let most = 1;
    for (const member of type.members) {
      const align = this.align(member.type, depth);
      if (member.bitfieldSize === 0 && member.bitOffset % (8 * align) !== 0) return 1;
      most = Math.max(most, align);
    }
    return type.size % most === 0 ? most : 1;
  }

  /** Whether a struct has members where C would not put them, so that it must be packed. */
  packed(type: BtfType): boolean {
    let most = 1;
    for (const member of type.members) {
      const align = this.align(member.type);
      if (member.bitfieldSize === 0 && member.bitOffset % (8 * align) !== 0) return true;
      most = Math.max(most, align);
    }
    return type.size % most !== 0;
  }

  /** Size of a type in bits; 0 for what has none. */
  bits(id: number): number {
    return (this.#btf.typeIdSize(id)?.size ?? 0) * 8;
  }
}

const PADS = [
  ['long', 64],
  ['int', 32],
  ['short', 16],
  ['char', 8],
] as const;

/** Most bitfields of one gap: a struct may claim to be 4 GiB. */
const PADS_MAX = 4096;

/**
 * The nameless bitfields that fill a struct from bit `from` to bit `to`, where the
 * next member starts, which C would align to `align` bytes. None when C leaves the same gap.
 */
export function padding(from: number, to: number, align: number, inBitfield: boolean): string[] {
  if (from >= to) return [];
  const lines: string[] = [];
  // The largest type whose alignment is reached on the way.
  const found = PADS.find(([, bits]) => roundUp(from, bits) <= to) ?? (['char', 8] as const);
  const [name, bits] = found;
  const aligned = roundUp(from, bits);
  let at = from;
  if (aligned > at && aligned <= to) {
    // A mark is needed where C would not align by itself, or where what follows would fit into the hole.
    const explicit =
      inBitfield ||
      (aligned === to && roundUp(at, align * 8) !== aligned) ||
      (aligned !== to && to - aligned <= aligned - at);
    if (explicit) lines.push(`${name}: ${inBitfield ? aligned - at : 0};`);
    at = aligned;
  }
  const whole = Math.floor((to - at) / bits);
  for (let i = 0; i < Math.min(whole, PADS_MAX); i++) lines.push(`${name}: ${bits};`);
  if (whole > PADS_MAX) lines.push(`/* ${whole - PADS_MAX} more of these */`);
  at += whole * bits;
  if (at < to) {
    const rest = to - at;
    const smallest = [...PADS].reverse().find((pad) => pad[1] >= rest) ?? PADS[0];
    lines.push(`${smallest[0]}: ${rest};`);
  }
  return lines;
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
